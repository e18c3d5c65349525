"""The rules of the pathway, in the order in which they are asked: the first that applies decides.

Each rule is one small pure function over the table of facts (`care.facts.COLUMNS`) and the protocol, giving one
boolean per row, and beside it, as data, what follows: state, next step, who, and from which fact's day and which
value of the protocol the time limit counts.

"UCDC" in a state's name is the centre at the anganwadi (UCDC in towns, VCDC in villages); "NRC" is the facility
(NRC or CTC). The order puts death and leaving first, then what endangers, then treatment, then the rest, so that
no milder rule can hide a graver one.
"""

from __future__ import annotations

from dataclasses import dataclass

from care.evidence import (
    COMPLICATION,
    CTC,
    CURED,
    DEFAULTED,
    FAIL,
    LEFT_BY_DEATH,
    NEVER,
    NO_GAIN,
    NOT_DONE,
    NOT_RECOVERED,
    NRC,
    STEP_DOWN,
    TRANSFERRED,
    UCDC,
    VCDC,
    Condition,
    Facts,
    Mask,
    appetite_passed,
    classifiable,
    examined_since,
    height_doubted,
    holds,
    ill_now,
    in_current_stay,
    in_ucdc,
    infant,
    judged_since_close,
    last_found_sam,
    longer_than,
    mam,
    no,
    on_or_after,
    out_of_treatment,
    recently_cured,
    sam,
    sam_examined,
    sam_found_on,
    seen_by_officer,
    sick_or_wasted,
    underweight,
    well_since_close,
    within,
)
from care.protocol import Protocol


@dataclass(frozen=True)
class Rule:
    """If `when` holds: the child is in `state`, and `who` does `step` within `limit` days of the latest of `since`.

    `limit` names a value of the protocol; `cites` the values whose source is the rule's own. `danger` puts the
    child before every score.
    """

    name: str
    when: Condition
    state: str
    step: str
    who: str
    says: str
    since: tuple[str, ...] = ()
    limit: str | None = None
    danger: bool = False
    cites: tuple[str, ...] = ()


# Gone


def died(facts: Facts, protocol: Protocol) -> Mask:
    return (facts["died"] == 1) | (facts["left_reason"] == LEFT_BY_DEATH)


def left(facts: Facts, protocol: Protocol) -> Mask:
    return (facts["left_reason"] >= 0) | (facts["moved"] == 1)


def grown_out(facts: Facts, protocol: Protocol) -> Mask:
    return facts["age_days"] >= protocol["programme_until_days"]


# To a facility


def oedema(facts: Facts, protocol: Protocol) -> Mask:
    swollen = facts["oedema_grade"] >= protocol["oedema_to_nrc_from_grade"]
    recent = holds(facts, "oedema_seen_on", protocol) | holds(facts, "oedema_on", protocol)
    return swollen & (recent | in_current_stay(facts, protocol))


def complication(facts: Facts, protocol: Protocol) -> Mask:
    recent = holds(facts, "assessed_on", protocol) | in_current_stay(facts, protocol)
    return (facts["complication"] == 1) & recent & sick_or_wasted(facts, protocol)


def appetite_failed(facts: Facts, protocol: Protocol) -> Mask:
    recent = holds(facts, "tested_on", protocol) & (in_ucdc(facts, protocol) | last_found_sam(facts))
    return (facts["appetite_test"] == FAIL) & (recent | in_current_stay(facts, protocol))


def under_six_months(facts: Facts, protocol: Protocol) -> Mask:
    return infant(facts, protocol) & (sam(facts, protocol) | in_ucdc(facts, protocol))


def small_sam(facts: Facts, protocol: Protocol) -> Mask:
    light = (facts["weight_kg"] < protocol["facility_under_kg"]) & holds(facts, "weighed_on", protocol)
    return (facts["age_days"] >= protocol["nrc_under_days"]) & light & sam(facts, protocol)


def sent_on(facts: Facts) -> Mask:
    """The last stay at the anganwadi ended with a transfer to a facility."""
    reason = facts["transfer_reason"]
    sent = (facts["outcome"] == TRANSFERRED) & ((reason == NO_GAIN) | (reason == COMPLICATION))
    return sent & at_anganwadi(facts)


def at_anganwadi(facts: Facts) -> Mask:
    """The last stay that ended was one at the anganwadi."""
    return (facts["closed_programme"] == UCDC) | (facts["closed_programme"] == VCDC)


def at_facility(facts: Facts) -> Mask:
    """The last stay that ended was one at a facility."""
    return (facts["closed_programme"] == NRC) | (facts["closed_programme"] == CTC)


def ended_lately(facts: Facts, protocol: Protocol) -> Mask:
    """A stay ended not long ago, no other has begun, and nothing since says that the child is well."""
    return out_of_treatment(facts) & holds(facts, "closed_on", protocol) & no(well_since_close(facts))


def not_arrived(facts: Facts, protocol: Protocol) -> Mask:
    return sent_on(facts) & ended_lately(facts, protocol)


def left_nrc(facts: Facts, protocol: Protocol) -> Mask:
    return (facts["outcome"] == DEFAULTED) & at_facility(facts) & ended_lately(facts, protocol)


# In treatment at the anganwadi


def stay_silent(facts: Facts, protocol: Protocol) -> Mask:
    return in_ucdc(facts, protocol) & no(in_current_stay(facts, protocol))


def weight_lost(facts: Facts, protocol: Protocol) -> Mask:
    lost = facts["weight_loss_share"] > protocol["weight_loss_share"]
    return in_ucdc(facts, protocol) & lost & holds(facts, "weighed_on", protocol)


def loses_weight(facts: Facts, protocol: Protocol) -> Mask:
    lost = facts["loss_kg"] >= protocol["scale_precision_kg"] - SCALE_ROUNDING_KG
    return in_ucdc(facts, protocol) & lost & holds(facts, "weighed_on", protocol)


SCALE_ROUNDING_KG = 1e-6
"""8.0 - 7.9 is a little less than 0.1 in a computer's numbers."""


def exit_met(facts: Facts, protocol: Protocol) -> Mask:
    met = facts["exit_visits_met"] >= protocol["exit_visits"]
    return in_ucdc(facts, protocol) & met & no(sam(facts, protocol)) & (facts["sam"] != 1)


def no_gain(facts: Facts, protocol: Protocol) -> Mask:
    none = facts["gain_kg"] <= protocol["no_gain_kg"]
    return in_ucdc(facts, protocol) & none & holds(facts, "weighed_on", protocol)


def very_low_z_in_stay(facts: Facts, protocol: Protocol) -> Mask:
    return in_ucdc(facts, protocol) & holds(facts, "open_low_on", protocol) & classifiable(facts, protocol)


def not_yet_well(facts: Facts) -> Mask:
    """A child whose WHZ is back at -2 has no weight to catch up."""
    return (facts["sam"] != 0) | (facts["mam"] != 0)


def failing_gain(facts: Facts, protocol: Protocol) -> Mask:
    gain_kg = facts["rate_g_kg_day"] * facts["weight_kg"] * protocol["rate_over_days"] / 1000.0
    none = (gain_kg < protocol["scale_precision_kg"]) & longer_than(
        facts, "admitted_on", protocol["failing_after_days"] - 1
    )
    return in_ucdc(facts, protocol) & none & not_yet_well(facts) & holds(facts, "weighed_on", protocol)


def slow_gain(facts: Facts, protocol: Protocol) -> Mask:
    slow = facts["rate_g_kg_day"] < protocol["slow_gain_g_kg_day"]
    return in_ucdc(facts, protocol) & slow & not_yet_well(facts) & holds(facts, "weighed_on", protocol)


def ill_in_treatment(facts: Facts, protocol: Protocol) -> Mask:
    ill = (facts["ill"] == 1) & within(facts, "ill_on", protocol["illness_holds_days"])
    in_stay = on_or_after(facts["ill_on"], facts["admitted_on"])
    return in_ucdc(facts, protocol) & ill & in_stay & no(seen_by_officer(facts, "ill_on"))


def too_long(facts: Facts, protocol: Protocol) -> Mask:
    return in_ucdc(facts, protocol) & longer_than(facts, "admitted_on", protocol["longest_stay_days"])


def admitted_untested(facts: Facts, protocol: Protocol) -> Mask:
    return in_ucdc(facts, protocol) & (facts["appetite_test"] == NOT_DONE) & holds(facts, "admitted_on", protocol)


def eats_poorly(facts: Facts, protocol: Protocol) -> Mask:
    poor = (facts["poor_appetite"] == 1) & within(facts, "poor_on", protocol["illness_holds_days"])
    in_stay = on_or_after(facts["poor_on"], facts["admitted_on"])
    return in_ucdc(facts, protocol) & poor & in_stay & no(on_or_after(facts["tested_on"], facts["poor_on"]))


def absent(facts: Facts, protocol: Protocol) -> Mask:
    limit = protocol["missed_weighings_days"]
    unseen = no(within(facts, "weighed_on", limit - 1))
    return in_ucdc(facts, protocol) & unseen & no(within(facts, "admitted_on", limit - 1))


def weighing_late(facts: Facts, protocol: Protocol) -> Mask:
    limit = protocol["weigh_every_days"]
    unseen = no(within(facts, "weighed_on", limit)) & no(within(facts, "admitted_on", limit))
    return in_ucdc(facts, protocol) & unseen


def in_vcdc(facts: Facts) -> Mask:
    """Under treatment at a village's centre, which has its own rhythm of checks and reviews."""
    return facts["programme"] == VCDC


def stay_unreviewed(facts: Facts, protocol: Protocol) -> Mask:
    stay = protocol["usual_stay_days"]
    reviewed = (facts["reviewed_on"] != NEVER) & (facts["reviewed_on"] - facts["admitted_on"] >= stay)
    unreviewed = (facts["checked_on"] != NEVER) & no(reviewed)
    long = no(within(facts, "admitted_on", stay - 1))
    return in_ucdc(facts, protocol) & no(in_vcdc(facts)) & long & unreviewed


def vcdc_review_late(facts: Facts, protocol: Protocol) -> Mask:
    limit = protocol["vcdc_review_every_days"]
    unseen = no(within(facts, "reviewed_on", limit)) & no(within(facts, "admitted_on", limit))
    return in_vcdc(facts) & unseen & (facts["checked_on"] != NEVER)


def height_due(facts: Facts, protocol: Protocol) -> Mask:
    limit = protocol["measure_height_every_days"]
    return in_ucdc(facts, protocol) & no(within(facts, "height_on", limit - 1))


def height_doubtful_in_stay(facts: Facts, protocol: Protocol) -> Mask:
    return in_ucdc(facts, protocol) & height_doubted(facts) & holds(facts, "height_on", protocol)


def _check_late(facts: Facts, limit: float) -> Mask:
    return longer_than(facts, "checked_on", limit) & no(within(facts, "admitted_on", limit))


def check_late(facts: Facts, protocol: Protocol) -> Mask:
    late = _check_late(facts, protocol["check_every_days"])
    return in_ucdc(facts, protocol) & no(in_vcdc(facts)) & late


def vcdc_check_late(facts: Facts, protocol: Protocol) -> Mask:
    return in_vcdc(facts) & _check_late(facts, protocol["vcdc_check_every_days"])


# A stay that ended: before what was due at its admission


def defaulted(facts: Facts, protocol: Protocol) -> Mask:
    return (facts["outcome"] == DEFAULTED) & at_anganwadi(facts) & ended_lately(facts, protocol)


def examined_after_close(facts: Facts) -> Mask:
    """A medical check later than the day on which the last stay was closed."""
    return examined_since(facts, "closed_on") & (facts["checked_on"] != facts["closed_on"])


def not_recovered(facts: Facts, protocol: Protocol) -> Mask:
    ended = (facts["outcome"] == NOT_RECOVERED) & ended_lately(facts, protocol)
    return ended & no(examined_after_close(facts))


def transferred(facts: Facts, protocol: Protocol) -> Mask:
    elsewhere = (facts["outcome"] == TRANSFERRED) & no(sent_on(facts)) & (facts["transfer_reason"] != STEP_DOWN)
    return elsewhere & ended_lately(facts, protocol) & no(judged_since_close(facts))


def stepped_down(facts: Facts) -> Mask:
    """The last stay that ended was one at a facility, and it ended as it should: treatment goes on below."""
    stepped = (facts["outcome"] == CURED) | (facts["transfer_reason"] == STEP_DOWN)
    return at_facility(facts) & stepped & out_of_treatment(facts)


def back_with_sam(facts: Facts, protocol: Protocol) -> Mask:
    return stepped_down(facts) & holds(facts, "closed_on", protocol) & sam(facts, protocol)


# SAM, not in treatment


def very_low_z(facts: Facts, protocol: Protocol) -> Mask:
    low = holds(facts, "open_low_on", protocol) & classifiable(facts, protocol)
    return low & sam(facts, protocol) & (facts["low_days"] < 2)


def very_low_twice(facts: Facts, protocol: Protocol) -> Mask:
    low = holds(facts, "open_low_on", protocol) & classifiable(facts, protocol)
    return low & sam(facts, protocol) & (facts["low_days"] >= 2)


def sam_ill(facts: Facts, protocol: Protocol) -> Mask:
    days = protocol["illness_holds_days"]
    ill = (facts["ill"] == 1) & within(facts, "ill_on", days) & no(seen_by_officer(facts, "ill_on"))
    poor = (facts["poor_appetite"] == 1) & within(facts, "poor_on", days) & no(seen_by_officer(facts, "poor_on"))
    return sam(facts, protocol) & ill_now(facts, protocol) & (ill | poor)


def again_ill(facts: Facts, protocol: Protocol) -> Mask:
    return again(facts, protocol) & sam_ill(facts, protocol)


def sam_denied(facts: Facts, protocol: Protocol) -> Mask:
    return sam(facts, protocol) & on_or_after(facts["denied_on"], facts["sam_on"])


def again(facts: Facts, protocol: Protocol) -> Mask:
    later = sam_found_on(facts, protocol) > facts["discharged_on"]
    return sam(facts, protocol) & recently_cured(facts, protocol) & later


def again_passed(facts: Facts, protocol: Protocol) -> Mask:
    return again(facts, protocol) & appetite_passed(facts, protocol)


def again_examined(facts: Facts, protocol: Protocol) -> Mask:
    return again(facts, protocol) & sam_examined(facts, protocol)


def sam_passed(facts: Facts, protocol: Protocol) -> Mask:
    return sam(facts, protocol) & appetite_passed(facts, protocol)


def sam_confirmed(facts: Facts, protocol: Protocol) -> Mask:
    return sam(facts, protocol) & sam_examined(facts, protocol)


# Too young or too old to be named SAM, and at risk all the same


def _infant_untreated(facts: Facts, protocol: Protocol) -> Mask:
    return infant(facts, protocol) & out_of_treatment(facts)


def _infant_signs(facts: Facts, protocol: Protocol) -> Mask:
    falling = (facts["waz"] < protocol["infant_waz"]) & (facts["waz_change"] < 0.0)
    recent = holds(facts, "weighed_on", protocol)
    return (falling & recent) | (facts["birth_weight_kg"] < protocol["infant_birth_weight_kg"])


def _infant_lost(facts: Facts, protocol: Protocol) -> Mask:
    lost = (facts["last_change_kg"] < 0.0) | (facts["month_gain_kg"] <= 0.0)
    return lost & holds(facts, "weighed_on", protocol)


def _infant_thin(facts: Facts, protocol: Protocol) -> Mask:
    arm = (facts["arm_mm"] < protocol["infant_arm_mm"]) & holds(facts, "arm_on", protocol)
    return arm & (facts["age_days"] >= protocol["infant_arm_from_days"])


def infant_losing(facts: Facts, protocol: Protocol) -> Mask:
    thin = _infant_thin(facts, protocol) & no(examined_since(facts, "arm_on"))
    lost = _infant_lost(facts, protocol) & no(examined_since(facts, "weighed_on"))
    return _infant_untreated(facts, protocol) & (thin | lost)


def infant_at_risk(facts: Facts, protocol: Protocol) -> Mask:
    unexamined = no(within(facts, "checked_on", protocol["follow_up_every_days"]))
    return _infant_untreated(facts, protocol) & _infant_signs(facts, protocol) & unexamined


def infant_watched(facts: Facts, protocol: Protocol) -> Mask:
    found = _infant_signs(facts, protocol) | _infant_lost(facts, protocol) | _infant_thin(facts, protocol)
    return _infant_untreated(facts, protocol) & found


def older_at_risk(facts: Facts, protocol: Protocol) -> Mask:
    arm = (facts["arm_mm"] < protocol["older_arm_mm"]) & holds(facts, "arm_on", protocol)
    thin = arm & no(examined_since(facts, "arm_on"))
    loss = (facts["recent_loss_share"] > protocol["weight_loss_share"]) & holds(facts, "weighed_on", protocol)
    lost = loss & no(examined_since(facts, "weighed_on"))
    return no(classifiable(facts, protocol)) & out_of_treatment(facts) & (thin | lost)


# Out of treatment


def back_from_nrc(facts: Facts, protocol: Protocol) -> Mask:
    recent = within(facts, "closed_on", protocol["follow_up_days"])
    return stepped_down(facts) & recent & no(well_since_close(facts))


def underweight_unexamined(facts: Facts, protocol: Protocol) -> Mask:
    return underweight(facts, protocol) & no(examined_since(facts, "suw_since"))


def too_old(facts: Facts, protocol: Protocol) -> Mask:
    return no(classifiable(facts, protocol))


def arm_open(facts: Facts, protocol: Protocol) -> Mask:
    return recently_cured(facts, protocol) & (facts["arm_unasked_on"] != NEVER) & classifiable(facts, protocol)


def follow_up_height(facts: Facts, protocol: Protocol) -> Mask:
    limit = protocol["follow_up_every_days"]
    unjudged_since = no(within(facts, "judged_on", limit)) & no(within(facts, "discharged_on", limit))
    return recently_cured(facts, protocol) & within(facts, "weighed_on", limit) & unjudged_since


# Too long ago to say


def sam_old(facts: Facts, protocol: Protocol) -> Mask:
    cured_since = on_or_after(facts["discharged_on"], facts["sam_on"])
    return last_found_sam(facts) & classifiable(facts, protocol) & no(sam(facts, protocol)) & no(cured_since)


def ended_old(facts: Facts, protocol: Protocol) -> Mask:
    unhelped = (facts["outcome"] == DEFAULTED) | (facts["outcome"] == NOT_RECOVERED) | sent_on(facts)
    unseen = out_of_treatment(facts) & no(judged_since_close(facts)) & classifiable(facts, protocol)
    return unhelped & unseen & longer_than(facts, "closed_on", protocol["finding_holds_days"])


def height_doubtful(facts: Facts, protocol: Protocol) -> Mask:
    return height_doubted(facts) & holds(facts, "height_on", protocol) & classifiable(facts, protocol)


def mam_high_risk(facts: Facts, protocol: Protocol) -> Mask:
    thin_arm = (facts["arm_mm"] < protocol["mam_high_risk_arm_mm"]) & holds(facts, "arm_on", protocol)
    young = (facts["age_days"] >= 0) & (facts["age_days"] < protocol["mam_high_risk_under_days"])
    before = (facts["sam_before"] == 1) | (facts["stays_before"] > 0)
    failing = longer_than(facts, "mam_since", protocol["mam_failing_days"])
    return mam(facts, protocol) & (thin_arm | young | before | failing | (facts["suw"] == 1))


def status_old(facts: Facts, protocol: Protocol) -> Mask:
    watched = (facts["mam"] == 1) | (facts["suw"] == 1)
    now = mam(facts, protocol) | underweight(facts, protocol)
    return watched & classifiable(facts, protocol) & no(now) & no(well(facts, protocol))


def well(facts: Facts, protocol: Protocol) -> Mask:
    return (facts["sam"] == 0) & holds(facts, "judged_on", protocol)


def well_height_due(facts: Facts, protocol: Protocol) -> Mask:
    limit = protocol["screen_every_days"]
    return well(facts, protocol) & longer_than(facts, "judged_on", limit) & within(facts, "weighed_on", limit)


def unjudged(facts: Facts, protocol: Protocol) -> Mask:
    return holds(facts, "measured_on", protocol)


def anyone(facts: Facts, protocol: Protocol) -> Mask:
    return facts["day"] == facts["day"]
