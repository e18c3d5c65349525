"""Everybody else: what the last measurement says, and what is missing."""

from __future__ import annotations

from care.pathway.conditions import (
    NEVER,
    Facts,
    Mask,
    Numbers,
    birth_date_unsure,
    classifiable,
    height_doubted,
    holds,
    logical_not,
    longer_than,
    mam,
    underweight,
    within,
)
from care.pathway.rule import PathwayRule
from care.pathway.rules.at_risk import infant_watched


def too_old(facts: Facts, protocol: Numbers) -> Mask:
    return logical_not(classifiable(facts, protocol))


def height_doubtful(facts: Facts, protocol: Numbers) -> Mask:
    return (
        height_doubted(facts) & holds(facts, "height_on", protocol) & classifiable(facts, protocol)
    )


def mam_high_risk(facts: Facts, protocol: Numbers) -> Mask:
    thin_arm = (facts["arm_mm"] < protocol["mam_high_risk_arm_mm"]) & holds(
        facts, "arm_on", protocol
    )
    young = (facts["age_days"] >= 0) & (facts["age_days"] < protocol["mam_high_risk_under_days"])
    before = (facts["sam_before"] == 1) | (facts["stays_before"] > 0)
    failing = longer_than(facts, "mam_since", protocol["mam_failing_days"])
    return mam(facts, protocol) & (thin_arm | young | before | failing | (facts["suw"] == 1))


def birth_date_unjudged(facts: Facts, protocol: Numbers) -> Mask:
    """By one birth date the child may be SAM, by another well: measuring again says no more."""
    judged = (facts["judged_on"] != NEVER) & (facts["judged_on"] >= facts["age_unsure_on"])
    return birth_date_unsure(facts, protocol) & logical_not(judged)


def birth_date_due(facts: Facts, protocol: Numbers) -> Mask:
    return birth_date_unsure(facts, protocol) & well(facts, protocol)


def status_old(facts: Facts, protocol: Numbers) -> Mask:
    watched = (facts["mam"] == 1) | (facts["suw"] == 1)
    now = mam(facts, protocol) | underweight(facts, protocol)
    return (
        watched
        & classifiable(facts, protocol)
        & logical_not(now)
        & logical_not(well(facts, protocol))
    )


def well(facts: Facts, protocol: Numbers) -> Mask:
    return (facts["sam"] == 0) & holds(facts, "judged_on", protocol)


def well_height_due(facts: Facts, protocol: Numbers) -> Mask:
    limit = protocol["screen_every_days"]
    return (
        well(facts, protocol)
        & longer_than(facts, "judged_on", limit)
        & within(facts, "weighed_on", limit)
    )


def unjudged(facts: Facts, protocol: Numbers) -> Mask:
    return holds(facts, "measured_on", protocol)


def anyone(facts: Facts, protocol: Numbers) -> Mask:
    return facts["day"] == facts["day"]


SCREENING = (
    PathwayRule(
        "too_old",
        too_old,
        "not_classifiable",
        "weigh_monthly",
        "awc_worker",
        "Over five years: SAM cannot be judged by weight for height.",
        ("measured_on",),
        "screen_every_days",
    ),
    PathwayRule(
        "infant_watched",
        infant_watched,
        "infant_at_risk",
        "weigh_fortnightly",
        "awc_worker",
        "An infant at risk that was examined: weighed every two weeks.",
        ("weighed_on", "checked_on"),
        "infant_weigh_every_days",
        cites=("infant_waz", "infant_birth_weight_kg"),
    ),
    PathwayRule(
        "height_doubtful",
        height_doubtful,
        "remeasure",
        "measure_height",
        "awc_worker",
        "The height was copied for months or is shorter than before: it is measured again.",
        ("height_on",),
        "remeasure_within_days",
    ),
    PathwayRule(
        "mam_high_risk",
        mam_high_risk,
        "mam_high_risk",
        "weigh_fortnightly",
        "awc_worker",
        "Moderately wasted at high risk: weighed every two weeks.",
        ("weighed_on", "judged_on"),
        "mam_high_risk_every_days",
        cites=("mam_high_risk_arm_mm", "mam_high_risk_under_days", "mam_failing_days"),
    ),
    PathwayRule(
        "mam",
        mam,
        "mam_follow_up",
        "weigh_monthly",
        "awc_worker",
        "Moderately wasted: weighed every month.",
        ("weighed_on", "judged_on"),
        "screen_every_days",
    ),
    PathwayRule(
        "birth_date_unjudged",
        birth_date_unjudged,
        "remeasure",
        "ask_birth_date",
        "awc_worker",
        (
            "Wasted or not by what the birth date is, which is known to the month, the year or an "
            "age alone: it is asked."
        ),
        ("age_unsure_on",),
        "ask_birth_date_within_days",
    ),
    PathwayRule(
        "birth_date_due",
        birth_date_due,
        "screened_well",
        "ask_birth_date",
        "awc_worker",
        (
            "Not wasted; how underweight depends on the birth date, which is known to the month, "
            "the year or an age alone: it is asked."
        ),
        ("age_unsure_on",),
        "ask_birth_date_within_days",
    ),
    PathwayRule(
        "status_old",
        status_old,
        "remeasure",
        "remeasure",
        "awc_worker",
        (
            "Moderately wasted or severely underweight when last measured, too long ago to say "
            "how the child is now."
        ),
        ("judged_on", "mam_on", "suw_on"),
        "finding_holds_days",
    ),
    PathwayRule(
        "well_height_due",
        well_height_due,
        "screened_well",
        "measure_height",
        "awc_worker",
        "Weighed lately, but without a height that can be used: it is measured.",
        ("judged_on",),
        "screen_every_days",
    ),
    PathwayRule(
        "well",
        well,
        "screened_well",
        "weigh_monthly",
        "awc_worker",
        "Not wasted: weighed every month.",
        ("judged_on",),
        "screen_every_days",
    ),
    PathwayRule(
        "unjudged",
        unjudged,
        "remeasure",
        "remeasure",
        "awc_worker",
        "The last measurement cannot be judged: it is repeated, with height.",
        ("measured_on",),
        "remeasure_within_days",
    ),
    PathwayRule(
        "unscreened",
        anyone,
        "not_screened",
        "measure",
        "awc_worker",
        "No recent measurement: the child is weighed and measured.",
        ("registered_on", "judged_on", "measured_on"),
        "screen_every_days",
        cites=("finding_holds_days",),
    ),
)
