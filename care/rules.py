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
    holds,
    in_current_stay,
    in_ucdc,
    judged_since_close,
    last_found_sam,
    longer_than,
    mam,
    no,
    on_or_after,
    recently_cured,
    sam,
    sam_examined,
    sam_found_on,
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
    recent = holds(facts, "assessed_on", protocol) & (in_ucdc(facts, protocol) | last_found_sam(facts))
    return (facts["appetite_test"] == FAIL) & (recent | in_current_stay(facts, protocol))


def under_six_months(facts: Facts, protocol: Protocol) -> Mask:
    young = (facts["age_days"] >= 0) & (facts["age_days"] < protocol["nrc_under_days"])
    return young & (sam(facts, protocol) | in_ucdc(facts, protocol))


def sent_on(facts: Facts) -> Mask:
    """The last stay at the anganwadi ended with a transfer to a facility."""
    reason = facts["transfer_reason"]
    sent = (facts["outcome"] == TRANSFERRED) & ((reason == NO_GAIN) | (reason == COMPLICATION))
    return sent & ((facts["closed_programme"] == UCDC) | (facts["closed_programme"] == VCDC))


def not_arrived(facts: Facts, protocol: Protocol) -> Mask:
    away = (facts["programme"] < 0) & holds(facts, "closed_on", protocol)
    return sent_on(facts) & away & no(well_since_close(facts))


# In treatment at the anganwadi


def stay_silent(facts: Facts, protocol: Protocol) -> Mask:
    return in_ucdc(facts, protocol) & no(in_current_stay(facts, protocol))


def weight_lost(facts: Facts, protocol: Protocol) -> Mask:
    lost = facts["weight_loss_share"] > protocol["weight_loss_share"]
    return in_ucdc(facts, protocol) & lost & holds(facts, "weighed_on", protocol)


def exit_met(facts: Facts, protocol: Protocol) -> Mask:
    met = facts["exit_visits_met"] >= protocol["exit_visits"]
    return in_ucdc(facts, protocol) & met & no(sam(facts, protocol))


def no_gain(facts: Facts, protocol: Protocol) -> Mask:
    none = facts["gain_kg"] <= protocol["no_gain_kg"]
    return in_ucdc(facts, protocol) & none & holds(facts, "weighed_on", protocol)


def too_long(facts: Facts, protocol: Protocol) -> Mask:
    return in_ucdc(facts, protocol) & longer_than(facts, "admitted_on", protocol["longest_stay_days"])


def admitted_untested(facts: Facts, protocol: Protocol) -> Mask:
    return in_ucdc(facts, protocol) & (facts["appetite_test"] == NOT_DONE) & holds(facts, "admitted_on", protocol)


def eats_poorly(facts: Facts, protocol: Protocol) -> Mask:
    seen = examined_since(facts, "admitted_on") & holds(facts, "checked_on", protocol)
    return in_ucdc(facts, protocol) & (facts["poor_appetite"] == 1) & seen


def absent(facts: Facts, protocol: Protocol) -> Mask:
    limit = protocol["missed_weighings_days"]
    unseen = no(within(facts, "weighed_on", limit - 1))
    return in_ucdc(facts, protocol) & unseen & no(within(facts, "admitted_on", limit - 1))


def weighing_late(facts: Facts, protocol: Protocol) -> Mask:
    limit = protocol["weigh_every_days"]
    unseen = no(within(facts, "weighed_on", limit)) & no(within(facts, "admitted_on", limit))
    return in_ucdc(facts, protocol) & unseen


def stay_unreviewed(facts: Facts, protocol: Protocol) -> Mask:
    stay = protocol["usual_stay_days"]
    unreviewed = (facts["checked_on"] != NEVER) & (facts["checked_on"] - facts["admitted_on"] < stay)
    return in_ucdc(facts, protocol) & no(within(facts, "admitted_on", stay - 1)) & unreviewed


def height_due(facts: Facts, protocol: Protocol) -> Mask:
    limit = protocol["measure_height_every_days"]
    return in_ucdc(facts, protocol) & no(within(facts, "height_on", limit - 1))


def check_late(facts: Facts, protocol: Protocol) -> Mask:
    limit = protocol["check_every_days"]
    return in_ucdc(facts, protocol) & longer_than(facts, "checked_on", limit) & no(within(facts, "admitted_on", limit))


# SAM, not in treatment


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


# Out of treatment


def broke_off(facts: Facts) -> Mask:
    """Defaulted, and in no treatment now."""
    return (facts["outcome"] == DEFAULTED) & (facts["programme"] < 0)


def defaulted(facts: Facts, protocol: Protocol) -> Mask:
    return broke_off(facts) & no(judged_since_close(facts)) & holds(facts, "closed_on", protocol)


def examined_after_close(facts: Facts) -> Mask:
    """A medical check later than the day on which the last episode was closed."""
    return examined_since(facts, "closed_on") & (facts["checked_on"] != facts["closed_on"])


def not_recovered(facts: Facts, protocol: Protocol) -> Mask:
    ended = (facts["outcome"] == NOT_RECOVERED) & (facts["programme"] < 0) & holds(facts, "closed_on", protocol)
    return ended & no(well_since_close(facts)) & no(examined_after_close(facts))


def back_from_nrc(facts: Facts, protocol: Protocol) -> Mask:
    from_nrc = (facts["closed_programme"] == NRC) | (facts["closed_programme"] == CTC)
    stepped = (facts["outcome"] == CURED) | (facts["transfer_reason"] == STEP_DOWN)
    recent = within(facts, "closed_on", protocol["follow_up_days"])
    return from_nrc & stepped & recent & (facts["programme"] < 0) & no(well_since_close(facts))


def underweight_unexamined(facts: Facts, protocol: Protocol) -> Mask:
    return underweight(facts, protocol) & no(examined_since(facts, "suw_since"))


def too_old(facts: Facts, protocol: Protocol) -> Mask:
    return no(classifiable(facts, protocol))


# Too long ago to say


def sam_old(facts: Facts, protocol: Protocol) -> Mask:
    cured_since = on_or_after(facts["discharged_on"], facts["judged_on"])
    return last_found_sam(facts) & classifiable(facts, protocol) & no(sam(facts, protocol)) & no(cured_since)


def ended_old(facts: Facts, protocol: Protocol) -> Mask:
    unhelped = (facts["outcome"] == DEFAULTED) | (facts["outcome"] == NOT_RECOVERED) | sent_on(facts)
    unseen = (facts["programme"] < 0) & no(judged_since_close(facts)) & classifiable(facts, protocol)
    return unhelped & unseen & longer_than(facts, "closed_on", protocol["finding_holds_days"])


def status_old(facts: Facts, protocol: Protocol) -> Mask:
    watched = (facts["mam"] == 1) | (facts["suw"] == 1)
    now = mam(facts, protocol) | underweight(facts, protocol)
    return watched & classifiable(facts, protocol) & no(now) & no(well(facts, protocol))


def well(facts: Facts, protocol: Protocol) -> Mask:
    return (facts["sam"] == 0) & holds(facts, "judged_on", protocol)


def unjudged(facts: Facts, protocol: Protocol) -> Mask:
    return holds(facts, "measured_on", protocol)


def anyone(facts: Facts, protocol: Protocol) -> Mask:
    return facts["day"] == facts["day"]
