"""At risk though not named SAM: under six months, over five years, or ill."""

from __future__ import annotations

from care.pathway.conditions import (
    Facts,
    Mask,
    Numbers,
    classifiable,
    examined_and_settled,
    holds,
    ill_unseen,
    infant,
    last_found_sam,
    logical_not,
    on_or_after,
    out_of_treatment,
    seen_by_officer,
    within,
)
from care.pathway.rule import PathwayRule


def _young_on(facts: Facts, column: str, protocol: Numbers) -> Mask:
    """Under six months on the day of that fact, which is recent: a finding does not end with a
    birthday."""
    age_then = facts["age_days"] - (facts["day"] - facts[column])
    return holds(facts, column, protocol) & (age_then < protocol["nrc_under_days"])


def _infant_lost(facts: Facts, protocol: Numbers) -> Mask:
    lost = (facts["last_change_kg"] < 0.0) | (facts["month_gain_kg"] <= 0.0)
    return lost & _young_on(facts, "weighed_on", protocol)


def _infant_thin(facts: Facts, protocol: Numbers) -> Mask:
    from_days = (
        facts["age_days"] - (facts["day"] - facts["arm_on"]) >= protocol["infant_arm_from_days"]
    )
    return (
        (facts["arm_mm"] < protocol["infant_arm_mm"])
        & _young_on(facts, "arm_on", protocol)
        & from_days
    )


def _infant_signs(facts: Facts, protocol: Numbers) -> Mask:
    falling = (facts["waz"] < protocol["infant_waz"]) & (facts["waz_change"] < 0.0)
    small = (facts["birth_weight_kg"] < protocol["infant_birth_weight_kg"]) & infant(
        facts, protocol
    )
    return (falling & _young_on(facts, "weighed_on", protocol)) | small


def infant_losing(facts: Facts, protocol: Numbers) -> Mask:
    thin = _infant_thin(facts, protocol) & logical_not(
        examined_and_settled(facts, "arm_on", protocol)
    )
    lost = _infant_lost(facts, protocol) & logical_not(
        examined_and_settled(facts, "weighed_on", protocol)
    )
    return out_of_treatment(facts) & (thin | lost)


def infant_at_risk(facts: Facts, protocol: Numbers) -> Mask:
    unexamined = logical_not(
        within(facts, "checked_on", protocol["follow_up_every_days"])
    ) | ill_unseen(facts, protocol)
    return out_of_treatment(facts) & _infant_signs(facts, protocol) & unexamined


def infant_watched(facts: Facts, protocol: Numbers) -> Mask:
    found = (
        _infant_signs(facts, protocol)
        | _infant_lost(facts, protocol)
        | _infant_thin(facts, protocol)
    )
    return out_of_treatment(facts) & found


def sam_old_ill(facts: Facts, protocol: Numbers) -> Mask:
    cured_since = on_or_after(facts["discharged_on"], facts["sam_on"])
    unanswered = (
        last_found_sam(facts)
        & classifiable(facts, protocol)
        & out_of_treatment(facts)
        & logical_not(cured_since)
    )
    return unanswered & ill_unseen(facts, protocol)


def _over_five(facts: Facts, protocol: Numbers) -> Mask:
    return logical_not(classifiable(facts, protocol)) & out_of_treatment(facts)


def older_at_risk(facts: Facts, protocol: Numbers) -> Mask:
    arm = (facts["arm_mm"] < protocol["older_arm_mm"]) & holds(facts, "arm_on", protocol)
    thin = (facts["bmi"] < protocol["older_bmi"]) & holds(facts, "weighed_on", protocol)
    was_sam = (
        (facts["sam"] == 1)
        & holds(facts, "sam_on", protocol)
        & logical_not(seen_by_officer(facts, "sam_on"))
    )
    found = (
        (arm & logical_not(seen_by_officer(facts, "arm_on")))
        | (thin & logical_not(seen_by_officer(facts, "weighed_on")))
        | was_sam
    )
    return _over_five(facts, protocol) & found


def older_losing(facts: Facts, protocol: Numbers) -> Mask:
    lost = (facts["recent_loss_share"] > protocol["older_loss_share"]) & holds(
        facts, "weighed_on", protocol
    )
    return _over_five(facts, protocol) & lost & logical_not(seen_by_officer(facts, "weighed_on"))


def found_ill(facts: Facts, protocol: Numbers) -> Mask:
    return within(facts, "found_ill_on", protocol["illness_holds_days"]) & out_of_treatment(facts)


AT_RISK = (
    PathwayRule(
        "infant_losing",
        infant_losing,
        "infant_at_risk",
        "examine",
        "anm_or_mo",
        (
            "Under six months and losing weight, not gaining for a month, or thin in the arm: "
            "examined at once."
        ),
        ("weighed_on", "arm_on"),
        "refer_within_days",
        danger=True,
        cites=("infant_arm_mm", "infant_arm_from_days", "finding_holds_days"),
    ),
    PathwayRule(
        "infant_at_risk",
        infant_at_risk,
        "infant_at_risk",
        "examine",
        "anm_or_mo",
        "Under six months, and light and falling behind or born small: examined.",
        ("weighed_on", "registered_on"),
        "examine_within_days",
        cites=("infant_waz", "infant_birth_weight_kg", "follow_up_every_days"),
    ),
    PathwayRule(
        "sam_old_ill",
        sam_old_ill,
        "sam_suspected",
        "examine",
        "medical_officer",
        (
            "SAM when last asked, however long ago, and ill now: the medical officer examines "
            "the child today."
        ),
        ("ill_on", "poor_on"),
        "same_day",
        danger=True,
        cites=("illness_holds_days",),
    ),
    PathwayRule(
        "older_at_risk",
        older_at_risk,
        "not_classifiable",
        "examine",
        "medical_officer",
        "Over five years, and thin in the arm or body, or SAM at the last reading: SAM "
        "cannot be named, the medical "
        "officer examines.",
        ("weighed_on", "arm_on"),
        "examine_within_days",
        danger=True,
        cites=("older_arm_mm", "older_bmi", "finding_holds_days"),
    ),
    PathwayRule(
        "older_losing",
        older_losing,
        "not_classifiable",
        "examine",
        "medical_officer",
        "Over five years and losing weight: the medical officer examines the child.",
        ("weighed_on",),
        "examine_within_days",
        cites=("older_loss_share",),
    ),
    PathwayRule(
        "found_ill",
        found_ill,
        "found_ill",
        "examine",
        "anm_or_mo",
        "A home visit found the child ill: it is examined.",
        ("found_ill_on",),
        "refer_within_days",
        cites=("illness_holds_days",),
    ),
)
