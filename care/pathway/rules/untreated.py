"""SAM, not in treatment: what may cost a life today, then the steps to admission."""

from __future__ import annotations

from care.pathway.conditions import (
    Facts,
    Mask,
    Numbers,
    appetite_passed,
    classifiable,
    holds,
    ill_unseen,
    on_or_after,
    recently_cured,
    sam,
    sam_examined,
    sam_found_on,
)
from care.pathway.rule import SAM_DAYS, PathwayRule


def very_low_z(facts: Facts, protocol: Numbers) -> Mask:
    low = holds(facts, "open_low_on", protocol) & classifiable(facts, protocol)
    return low & sam(facts, protocol) & (facts["low_days"] < 2)


def very_low_twice(facts: Facts, protocol: Numbers) -> Mask:
    low = holds(facts, "open_low_on", protocol) & classifiable(facts, protocol)
    return low & sam(facts, protocol) & (facts["low_days"] >= 2)


def sam_ill(facts: Facts, protocol: Numbers) -> Mask:
    return sam(facts, protocol) & ill_unseen(facts, protocol)


def again_ill(facts: Facts, protocol: Numbers) -> Mask:
    return again(facts, protocol) & sam_ill(facts, protocol)


def sam_denied(facts: Facts, protocol: Numbers) -> Mask:
    return sam(facts, protocol) & on_or_after(facts["denied_on"], facts["sam_on"])


def again(facts: Facts, protocol: Numbers) -> Mask:
    later = sam_found_on(facts, protocol) > facts["discharged_on"]
    return sam(facts, protocol) & recently_cured(facts, protocol) & later


def again_passed(facts: Facts, protocol: Numbers) -> Mask:
    return again(facts, protocol) & appetite_passed(facts, protocol)


def again_examined(facts: Facts, protocol: Numbers) -> Mask:
    return again(facts, protocol) & sam_examined(facts, protocol)


def sam_passed(facts: Facts, protocol: Numbers) -> Mask:
    return sam(facts, protocol) & appetite_passed(facts, protocol)


def sam_confirmed(facts: Facts, protocol: Numbers) -> Mask:
    return sam(facts, protocol) & sam_examined(facts, protocol)


UNTREATED = (
    PathwayRule(
        "very_low_z",
        very_low_z,
        "sam_suspected",
        "remeasure",
        "anm_or_mo",
        "The last reading is too low to believe: a mistake, or the sickest child. It is "
        "measured again today, and "
        "examined.",
        ("open_low_on",),
        "same_day",
        danger=True,
        cites=("finding_holds_days",),
    ),
    PathwayRule(
        "very_low_twice",
        very_low_twice,
        "sam_suspected",
        "examine",
        "medical_officer",
        "Two readings too low to believe agree: the medical officer examines the child today.",
        ("open_low_on",),
        "same_day",
        danger=True,
        cites=("finding_holds_days",),
    ),
    PathwayRule(
        "again_ill",
        again_ill,
        "sam_again",
        "examine",
        "medical_officer",
        "SAM again after discharge, and ill: the medical officer examines the child today.",
        ("ill_on", "poor_on", *SAM_DAYS),
        "same_day",
        danger=True,
        cites=("illness_holds_days", "finding_holds_days"),
    ),
    PathwayRule(
        "sam_ill",
        sam_ill,
        "sam_suspected",
        "examine",
        "medical_officer",
        "SAM, and ill: the medical officer examines the child today and tests the appetite.",
        ("ill_on", "poor_on", *SAM_DAYS),
        "same_day",
        danger=True,
        cites=("illness_holds_days", "finding_holds_days"),
    ),
    PathwayRule(
        "sam_denied",
        sam_denied,
        "sam_suspected",
        "remeasure",
        "awc_worker",
        "The examiner found no SAM, and no measurement says so yet: measured again.",
        ("denied_on",),
        "remeasure_within_days",
        danger=True,
        cites=("finding_holds_days",),
    ),
    PathwayRule(
        "again_passed",
        again_passed,
        "sam_again",
        "admit_ucdc",
        "anm_or_mo",
        "SAM again after discharge, appetite passed: the child is admitted again.",
        ("tested_on",),
        "admit_within_days",
        danger=True,
        cites=("finding_holds_days",),
    ),
    PathwayRule(
        "again_examined",
        again_examined,
        "sam_again",
        "appetite_test",
        "anm_or_mo",
        "SAM again after discharge, confirmed: the appetite test is due.",
        ("checked_on",),
        "test_appetite_within_days",
        danger=True,
        cites=("finding_holds_days",),
    ),
    PathwayRule(
        "again",
        again,
        "sam_again",
        "examine",
        "anm_or_mo",
        "SAM again after discharge: a medical officer or ANM examines the child.",
        SAM_DAYS,
        "examine_within_days",
        danger=True,
        cites=("finding_holds_days",),
    ),
    PathwayRule(
        "sam_passed",
        sam_passed,
        "to_ucdc",
        "admit_ucdc",
        "anm_or_mo",
        "SAM with appetite and without complication: the child is admitted at the anganwadi.",
        ("tested_on",),
        "admit_within_days",
        danger=True,
        cites=("finding_holds_days",),
    ),
    PathwayRule(
        "sam_confirmed",
        sam_confirmed,
        "appetite_test_due",
        "appetite_test",
        "anm_or_mo",
        "SAM is confirmed: the appetite test is due.",
        ("checked_on",),
        "test_appetite_within_days",
        danger=True,
        cites=("finding_holds_days",),
    ),
    PathwayRule(
        "sam_suspected",
        sam,
        "sam_suspected",
        "examine",
        "anm_or_mo",
        "The measurement says SAM: a medical officer or ANM confirms it.",
        SAM_DAYS,
        "examine_within_days",
        danger=True,
        cites=("finding_holds_days",),
    ),
)
