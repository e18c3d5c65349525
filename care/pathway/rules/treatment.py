"""In treatment at the anganwadi: what endangers, then what helps too little, then what is late."""

from __future__ import annotations

from care.pathway.conditions import (
    NEVER,
    NOT_DONE,
    VCDC,
    Facts,
    Mask,
    Numbers,
    classifiable,
    height_doubted,
    holds,
    in_current_stay,
    in_ucdc,
    logical_not,
    longer_than,
    on_or_after,
    sam,
    seen_by_officer,
    within,
)
from care.pathway.rule import PathwayRule

SCALE_ROUNDING_KG = 1e-6
"""8.0 - 7.9 is a little less than 0.1 in a computer's numbers."""


def stay_silent(facts: Facts, protocol: Numbers) -> Mask:
    return in_ucdc(facts, protocol) & logical_not(in_current_stay(facts, protocol))


def weight_lost(facts: Facts, protocol: Numbers) -> Mask:
    lost = facts["weight_loss_share"] > protocol["weight_loss_share"]
    return in_ucdc(facts, protocol) & lost & holds(facts, "weighed_on", protocol)


def loses_weight(facts: Facts, protocol: Numbers) -> Mask:
    lost = facts["loss_kg"] >= protocol["scale_precision_kg"] - SCALE_ROUNDING_KG
    return in_ucdc(facts, protocol) & lost & holds(facts, "weighed_on", protocol)


def exit_met(facts: Facts, protocol: Numbers) -> Mask:
    met = facts["exit_visits_met"] >= protocol["exit_visits"]
    met = met & within(facts, "judged_on", protocol["missed_weighings_days"] - 1)
    return in_ucdc(facts, protocol) & met & logical_not(sam(facts, protocol)) & (facts["sam"] != 1)


def no_gain(facts: Facts, protocol: Numbers) -> Mask:
    none = facts["gain_kg"] <= protocol["no_gain_kg"]
    return (
        in_ucdc(facts, protocol) & none & not_yet_well(facts) & holds(facts, "weighed_on", protocol)
    )


def very_low_z_in_stay(facts: Facts, protocol: Numbers) -> Mask:
    return (
        in_ucdc(facts, protocol)
        & holds(facts, "open_low_on", protocol)
        & classifiable(facts, protocol)
    )


def not_yet_well(facts: Facts) -> Mask:
    """A child whose WHZ is back at -2 has no weight to catch up."""
    return (facts["sam"] != 0) | (facts["mam"] != 0)


def failing_gain(facts: Facts, protocol: Numbers) -> Mask:
    gain_kg = facts["rate_g_kg_day"] * facts["weight_kg"] * protocol["rate_over_days"] / 1000.0
    none = (gain_kg < protocol["scale_precision_kg"]) & longer_than(
        facts, "admitted_on", protocol["failing_after_days"] - 1
    )
    return (
        in_ucdc(facts, protocol) & none & not_yet_well(facts) & holds(facts, "weighed_on", protocol)
    )


def slow_gain(facts: Facts, protocol: Numbers) -> Mask:
    slow = facts["rate_g_kg_day"] < protocol["slow_gain_g_kg_day"]
    return (
        in_ucdc(facts, protocol) & slow & not_yet_well(facts) & holds(facts, "weighed_on", protocol)
    )


def ill_in_treatment(facts: Facts, protocol: Numbers) -> Mask:
    ill = (facts["ill"] == 1) & within(facts, "ill_on", protocol["illness_holds_days"])
    in_stay = on_or_after(facts["ill_on"], facts["admitted_on"])
    return in_ucdc(facts, protocol) & ill & in_stay & logical_not(seen_by_officer(facts, "ill_on"))


def too_long(facts: Facts, protocol: Numbers) -> Mask:
    return in_ucdc(facts, protocol) & longer_than(
        facts, "admitted_on", protocol["longest_stay_days"]
    )


def admitted_untested(facts: Facts, protocol: Numbers) -> Mask:
    return (
        in_ucdc(facts, protocol)
        & (facts["appetite_test"] == NOT_DONE)
        & holds(facts, "admitted_on", protocol)
    )


def eats_poorly(facts: Facts, protocol: Numbers) -> Mask:
    poor = (facts["poor_appetite"] == 1) & within(facts, "poor_on", protocol["illness_holds_days"])
    in_stay = on_or_after(facts["poor_on"], facts["admitted_on"])
    return (
        in_ucdc(facts, protocol)
        & poor
        & in_stay
        & logical_not(on_or_after(facts["tested_on"], facts["poor_on"]))
    )


def absent(facts: Facts, protocol: Numbers) -> Mask:
    limit = protocol["missed_weighings_days"]
    unseen = logical_not(within(facts, "weighed_on", limit - 1))
    return in_ucdc(facts, protocol) & unseen & logical_not(within(facts, "admitted_on", limit - 1))


def weighing_late(facts: Facts, protocol: Numbers) -> Mask:
    limit = protocol["weigh_every_days"]
    unseen = logical_not(within(facts, "weighed_on", limit)) & logical_not(
        within(facts, "admitted_on", limit)
    )
    return in_ucdc(facts, protocol) & unseen


def in_vcdc(facts: Facts) -> Mask:
    """Under treatment at a village's centre, which has its own rhythm of checks and reviews."""
    return facts["programme"] == VCDC


def stay_unreviewed(facts: Facts, protocol: Numbers) -> Mask:
    stay = protocol["usual_stay_days"]
    from_day = stay - protocol["review_within_days"]
    reviewed = (facts["reviewed_on"] != NEVER) & (
        facts["reviewed_on"] - facts["admitted_on"] >= from_day
    )
    unreviewed = (facts["checked_on"] != NEVER) & logical_not(reviewed)
    long = logical_not(within(facts, "admitted_on", stay - 1))
    return in_ucdc(facts, protocol) & logical_not(in_vcdc(facts)) & long & unreviewed


def vcdc_review_late(facts: Facts, protocol: Numbers) -> Mask:
    limit = protocol["vcdc_review_every_days"]
    unseen = logical_not(within(facts, "reviewed_on", limit)) & logical_not(
        within(facts, "admitted_on", limit)
    )
    return in_vcdc(facts) & unseen & (facts["checked_on"] != NEVER)


def arm_due(facts: Facts, protocol: Numbers) -> Mask:
    stands = longer_than(facts, "open_arm_on", protocol["missed_weighings_days"] - 1)
    return in_ucdc(facts, protocol) & stands & classifiable(facts, protocol)


def height_due(facts: Facts, protocol: Numbers) -> Mask:
    limit = protocol["measure_height_every_days"]
    return in_ucdc(facts, protocol) & logical_not(within(facts, "height_on", limit - 1))


def height_doubtful_in_stay(facts: Facts, protocol: Numbers) -> Mask:
    return in_ucdc(facts, protocol) & height_doubted(facts) & holds(facts, "height_on", protocol)


def _check_late(facts: Facts, limit: float) -> Mask:
    return longer_than(facts, "checked_on", limit) & logical_not(
        within(facts, "admitted_on", limit)
    )


def check_late(facts: Facts, protocol: Numbers) -> Mask:
    late = _check_late(facts, protocol["check_every_days"])
    return in_ucdc(facts, protocol) & logical_not(in_vcdc(facts)) & late


def vcdc_check_late(facts: Facts, protocol: Numbers) -> Mask:
    return in_vcdc(facts) & _check_late(facts, protocol["vcdc_check_every_days"])


TREATMENT = (
    PathwayRule(
        "stay_silent",
        stay_silent,
        "over_long_stay",
        "remeasure",
        "awc_worker",
        "The stay was never closed and nothing was recorded for long: the child is measured.",
        ("measured_on", "weighed_on", "checked_on", "admitted_on"),
        "finding_holds_days",
        cites=("longest_stay_days",),
    ),
    PathwayRule(
        "weight_lost",
        weight_lost,
        "no_gain_refer",
        "admit_nrc",
        "medical_officer",
        (
            "The child has lost too much weight under treatment: the medical officer sends it "
            "to the CTC or NRC."
        ),
        ("weighed_on",),
        "refer_within_days",
        danger=True,
        cites=("weight_loss_share",),
    ),
    PathwayRule(
        "loses_weight",
        loses_weight,
        "no_gain_refer",
        "admit_nrc",
        "medical_officer",
        (
            "The child weighed less at two weighings running: the medical officer sends it to "
            "the CTC or NRC."
        ),
        ("weighed_on",),
        "refer_within_days",
        danger=True,
        cites=("scale_precision_kg",),
    ),
    PathwayRule(
        "no_gain",
        no_gain,
        "no_gain_refer",
        "admit_nrc",
        "medical_officer",
        (
            "The child does not gain weight under treatment: the medical officer sends it to "
            "the CTC or NRC."
        ),
        ("weighed_on",),
        "refer_within_days",
        danger=True,
        cites=("no_gain_days", "no_gain_kg"),
    ),
    PathwayRule(
        "very_low_z_in_stay",
        very_low_z_in_stay,
        "in_ucdc",
        "remeasure",
        "anm_or_mo",
        "The last weight is too low to believe: a mistake, or the sickest child. It is "
        "measured again today, and "
        "examined.",
        ("open_low_on",),
        "same_day",
        danger=True,
        cites=("finding_holds_days",),
    ),
    PathwayRule(
        "ill_in_treatment",
        ill_in_treatment,
        "in_ucdc",
        "examine",
        "medical_officer",
        (
            "Fever or diarrhoea at the last check in treatment: the medical officer examines "
            "the child today."
        ),
        ("ill_on",),
        "same_day",
        danger=True,
        cites=("illness_holds_days",),
    ),
    PathwayRule(
        "eats_poorly",
        eats_poorly,
        "in_ucdc",
        "appetite_test",
        "anm_or_mo",
        "Poor appetite was seen at the last check: the appetite test is repeated.",
        ("poor_on",),
        "test_appetite_within_days",
        danger=True,
        cites=("illness_holds_days",),
    ),
    PathwayRule(
        "exit_met",
        exit_met,
        "discharge_due",
        "discharge",
        "medical_officer",
        "The exit criteria are met: the child is discharged and followed up.",
        ("judged_on",),
        "discharge_within_days",
        cites=("exit_whz", "exit_muac_mm", "exit_visits", "exit_visits_apart_days"),
    ),
    PathwayRule(
        "failing_gain",
        failing_gain,
        "failing",
        "review_gain",
        "medical_officer",
        "Three weeks of treatment without a gain that the scale can show: feeding and "
        "illness are looked into at "
        "home, and the medical officer decides.",
        ("weighed_on",),
        "examine_within_days",
        danger=True,
        cites=("scale_precision_kg", "rate_over_days", "failing_after_days"),
    ),
    PathwayRule(
        "too_long",
        too_long,
        "over_long_stay",
        "review_long_stay",
        "medical_officer",
        "The longest stay has passed without recovery: the medical officer decides on the NRC.",
        ("admitted_on",),
        "longest_stay_days",
        danger=True,
    ),
    PathwayRule(
        "admitted_untested",
        admitted_untested,
        "in_ucdc",
        "appetite_test",
        "anm_or_mo",
        "The child was admitted without an appetite test.",
        ("admitted_on",),
        "test_appetite_within_days",
        danger=True,
    ),
    PathwayRule(
        "absent",
        absent,
        "in_ucdc",
        "bring_back",
        "awc_worker",
        "Two weekly weighings in a row were missed: the family is visited.",
        ("weighed_on", "admitted_on"),
        "missed_weighings_days",
    ),
    PathwayRule(
        "weighing_late",
        weighing_late,
        "in_ucdc",
        "weigh_weekly",
        "awc_worker",
        "The weekly weighing is overdue.",
        ("weighed_on", "admitted_on"),
        "weigh_every_days",
    ),
    PathwayRule(
        "slow_gain",
        slow_gain,
        "slow_response",
        "check_feeding",
        "anm_or_mo",
        "The child gains too slowly: feeding, sharing of the food and illness are looked into.",
        ("weighed_on",),
        "weigh_every_days",
        cites=("slow_gain_g_kg_day", "rate_over_days"),
    ),
    PathwayRule(
        "stay_unreviewed",
        stay_unreviewed,
        "in_ucdc",
        "review_stay",
        "medical_officer",
        "The usual stay has passed: staying on needs the medical officer's advice.",
        ("admitted_on",),
        "usual_stay_days",
    ),
    PathwayRule(
        "vcdc_review_late",
        vcdc_review_late,
        "in_ucdc",
        "review_stay",
        "medical_officer",
        "The medical officer's fortnightly visit is overdue.",
        ("reviewed_on", "admitted_on"),
        "vcdc_review_every_days",
    ),
    PathwayRule(
        "check_late",
        check_late,
        "in_ucdc",
        "medical_check",
        "anm_or_mo",
        "The twice-weekly medical check is overdue.",
        ("checked_on", "admitted_on"),
        "check_every_days",
    ),
    PathwayRule(
        "vcdc_check_late",
        vcdc_check_late,
        "in_ucdc",
        "medical_check",
        "anm_or_mo",
        "The ANM's weekly check is overdue.",
        ("checked_on", "admitted_on"),
        "vcdc_check_every_days",
    ),
    PathwayRule(
        "arm_due",
        arm_due,
        "in_ucdc",
        "measure_arm",
        "awc_worker",
        (
            "The arm that was severe has not been measured again: it is measured; no discharge "
            "without it."
        ),
        ("open_arm_on",),
        "missed_weighings_days",
    ),
    PathwayRule(
        "height_doubtful_in_stay",
        height_doubtful_in_stay,
        "in_ucdc",
        "measure_height",
        "awc_worker",
        (
            "The height was copied for months or is shorter than before: it is measured again; "
            "no discharge on it."
        ),
        ("height_on",),
        "remeasure_within_days",
    ),
    PathwayRule(
        "height_due",
        height_due,
        "in_ucdc",
        "measure_height",
        "awc_worker",
        "The monthly height is due.",
        ("height_on",),
        "measure_height_every_days",
    ),
    PathwayRule(
        "in_treatment",
        in_ucdc,
        "in_ucdc",
        "weigh_weekly",
        "awc_worker",
        "In treatment: weighed every week.",
        ("weighed_on", "admitted_on"),
        "weigh_every_days",
    ),
)
