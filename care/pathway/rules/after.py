"""Out of treatment: back from the NRC, underweight, followed up, or too long ago to say."""

from __future__ import annotations

from care.pathway.conditions import (
    DEFAULTED,
    NEVER,
    NOT_RECOVERED,
    Facts,
    Mask,
    Numbers,
    birth_date_unsure,
    classifiable,
    examined_and_settled,
    judged_since_close,
    last_found_sam,
    logical_not,
    longer_than,
    mam,
    on_or_after,
    out_of_treatment,
    recently_cured,
    sam,
    underweight,
    weight_fell,
    well_since_close,
    within,
)
from care.pathway.rule import PathwayRule
from care.pathway.rules.ended import stepped_down
from care.pathway.rules.facility import sent_on


def back_from_nrc(facts: Facts, protocol: Numbers) -> Mask:
    recent = within(facts, "closed_on", protocol["follow_up_days"])
    return stepped_down(facts) & recent & logical_not(well_since_close(facts))


def underweight_unexamined(facts: Facts, protocol: Numbers) -> Mask:
    return underweight(facts, protocol) & logical_not(
        examined_and_settled(facts, "suw_since", protocol)
    )


def arm_open(facts: Facts, protocol: Numbers) -> Mask:
    return (
        recently_cured(facts, protocol)
        & (facts["arm_unasked_on"] != NEVER)
        & classifiable(facts, protocol)
    )


def follow_up_mam(facts: Facts, protocol: Numbers) -> Mask:
    return recently_cured(facts, protocol) & mam(facts, protocol)


def follow_up_height(facts: Facts, protocol: Numbers) -> Mask:
    limit = protocol["follow_up_every_days"]
    unjudged_since = logical_not(within(facts, "judged_on", limit)) & logical_not(
        within(facts, "discharged_on", limit)
    )
    return recently_cured(facts, protocol) & within(facts, "weighed_on", limit) & unjudged_since


def follow_up_birth_date(facts: Facts, protocol: Numbers) -> Mask:
    return follow_up_height(facts, protocol) & birth_date_unsure(facts, protocol)


def sam_old(facts: Facts, protocol: Numbers) -> Mask:
    cured_since = on_or_after(facts["discharged_on"], facts["sam_on"])
    return (
        last_found_sam(facts)
        & classifiable(facts, protocol)
        & logical_not(sam(facts, protocol))
        & logical_not(cured_since)
    )


def arm_old(facts: Facts, protocol: Numbers) -> Mask:
    only_arm = (facts["open_arm_on"] == facts["sam_on"]) & (facts["open_arm_on"] != NEVER)
    return (
        sam_old(facts, protocol)
        & only_arm
        & (facts["judged_on"] != NEVER)
        & (facts["judged_on"] > facts["sam_on"])
    )


def follow_up_losing(facts: Facts, protocol: Numbers) -> Mask:
    return recently_cured(facts, protocol) & weight_fell(
        facts, protocol, protocol["weight_loss_share"]
    )


def mam_losing(facts: Facts, protocol: Numbers) -> Mask:
    return mam(facts, protocol) & weight_fell(facts, protocol, protocol["weight_loss_share"])


def losing_weight(facts: Facts, protocol: Numbers) -> Mask:
    return weight_fell(facts, protocol, protocol["weight_falls_share"])


def ended_old(facts: Facts, protocol: Numbers) -> Mask:
    unhelped = (
        (facts["outcome"] == DEFAULTED) | (facts["outcome"] == NOT_RECOVERED) | sent_on(facts)
    )
    unseen = (
        out_of_treatment(facts)
        & logical_not(judged_since_close(facts))
        & classifiable(facts, protocol)
    )
    return unhelped & unseen & longer_than(facts, "closed_on", protocol["finding_holds_days"])


AFTER = (
    PathwayRule(
        "back_from_nrc",
        back_from_nrc,
        "back_from_nrc",
        "admit_ucdc",
        "awc_worker",
        "The child is back from the NRC: treatment goes on at the anganwadi.",
        ("closed_on",),
        "step_down_within_days",
    ),
    PathwayRule(
        "underweight_unexamined",
        underweight_unexamined,
        "severely_underweight",
        "examine",
        "anm_or_mo",
        "Severely underweight: the medical officer examines the child.",
        ("suw_since",),
        "examine_within_days",
        cites=("finding_holds_days",),
    ),
    PathwayRule(
        "arm_old",
        arm_old,
        "remeasure",
        "measure_arm",
        "awc_worker",
        "The arm was severe, and it was not measured again although the child was: it is measured.",
        ("open_arm_on",),
        "finding_holds_days",
    ),
    PathwayRule(
        "sam_old",
        sam_old,
        "remeasure",
        "remeasure",
        "awc_worker",
        "SAM when last asked, too long ago to say how the child is now: measured again.",
        ("sam_on", "found_sam_on"),
        "finding_holds_days",
    ),
    PathwayRule(
        "ended_old",
        ended_old,
        "remeasure",
        "remeasure",
        "awc_worker",
        (
            "Treatment ended without recovery, and the child was not measured for long: "
            "measured again."
        ),
        ("closed_on",),
        "finding_holds_days",
    ),
    PathwayRule(
        "arm_open",
        arm_open,
        "follow_up",
        "measure_arm",
        "awc_worker",
        (
            "Discharged as cured, and the arm that was severe was never measured again: it is "
            "measured."
        ),
        ("discharged_on",),
        "remeasure_within_days",
        cites=("follow_up_days",),
    ),
    PathwayRule(
        "follow_up_losing",
        follow_up_losing,
        "follow_up",
        "examine",
        "anm_or_mo",
        "Discharged as cured, and over 5 % of the weight lost: weighed again and examined.",
        ("weighed_on",),
        "examine_within_days",
        cites=("weight_loss_share", "follow_up_days"),
    ),
    PathwayRule(
        "follow_up_birth_date",
        follow_up_birth_date,
        "follow_up",
        "ask_birth_date",
        "awc_worker",
        (
            "Followed up and measured; what that says depends on the birth date, which is not "
            "known to the day: it is asked."
        ),
        ("age_unsure_on",),
        "ask_birth_date_within_days",
        cites=("follow_up_days",),
    ),
    PathwayRule(
        "follow_up_height",
        follow_up_height,
        "follow_up",
        "measure_height",
        "awc_worker",
        "Followed up and weighed, but without a height that can be used: it is measured.",
        ("discharged_on", "judged_on"),
        "follow_up_every_days",
        cites=("follow_up_days",),
    ),
    PathwayRule(
        "follow_up_mam",
        follow_up_mam,
        "follow_up",
        "weigh_fortnightly",
        "awc_worker",
        "Discharged as cured and moderately wasted now: weighed every two weeks.",
        ("weighed_on", "judged_on"),
        "mam_high_risk_every_days",
        cites=("follow_up_days",),
    ),
    PathwayRule(
        "follow_up",
        recently_cured,
        "follow_up",
        "follow_up_weighing",
        "awc_worker",
        "Discharged as cured: followed up.",
        ("discharged_on", "judged_on"),
        "follow_up_every_days",
        cites=("follow_up_days",),
    ),
    PathwayRule(
        "mam_losing",
        mam_losing,
        "mam_high_risk",
        "examine",
        "anm_or_mo",
        "Moderately wasted, and over 5 % of the weight lost: weighed again and examined.",
        ("weighed_on",),
        "examine_within_days",
        cites=("weight_loss_share",),
    ),
    PathwayRule(
        "losing_weight",
        losing_weight,
        "losing_weight",
        "examine",
        "anm_or_mo",
        "Over 10 % of the weight lost, wasted or not: weighed again and examined.",
        ("weighed_on",),
        "examine_within_days",
        cites=("weight_falls_share",),
    ),
    PathwayRule(
        "underweight",
        underweight,
        "severely_underweight",
        "weigh_monthly",
        "awc_worker",
        "Severely underweight and examined: weighed every month.",
        ("weighed_on", "judged_on"),
        "screen_every_days",
    ),
)
