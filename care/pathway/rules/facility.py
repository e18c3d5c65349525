"""To a facility: what the anganwadi may not treat."""

from __future__ import annotations

from care.pathway.conditions import (
    COMPLICATION,
    CTC,
    DEFAULTED,
    FAIL,
    NO_GAIN,
    NRC,
    TRANSFERRED,
    UCDC,
    VCDC,
    Facts,
    Mask,
    Numbers,
    holds,
    in_current_stay,
    in_nrc,
    in_ucdc,
    infant,
    last_found_sam,
    logical_not,
    out_of_treatment,
    sam,
    sick_or_wasted,
    well_since_close,
)
from care.pathway.rule import SAM_DAYS, PathwayRule


def oedema(facts: Facts, protocol: Numbers) -> Mask:
    swollen = facts["oedema_grade"] >= protocol["oedema_to_nrc_from_grade"]
    recent = holds(facts, "oedema_seen_on", protocol) | holds(facts, "oedema_on", protocol)
    return swollen & (recent | in_current_stay(facts, protocol))


def complication(facts: Facts, protocol: Numbers) -> Mask:
    recent = holds(facts, "assessed_on", protocol) | in_current_stay(facts, protocol)
    return (facts["complication"] == 1) & recent & sick_or_wasted(facts, protocol)


def appetite_failed(facts: Facts, protocol: Numbers) -> Mask:
    recent = holds(facts, "tested_on", protocol) & (
        in_ucdc(facts, protocol) | last_found_sam(facts)
    )
    return (facts["appetite_test"] == FAIL) & (recent | in_current_stay(facts, protocol))


def under_six_months(facts: Facts, protocol: Numbers) -> Mask:
    return infant(facts, protocol) & (sam(facts, protocol) | in_ucdc(facts, protocol))


def small_sam(facts: Facts, protocol: Numbers) -> Mask:
    light = (facts["weight_kg"] < protocol["facility_under_kg"]) & holds(
        facts, "weighed_on", protocol
    )
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


def ended_lately(facts: Facts, protocol: Numbers) -> Mask:
    """A stay ended not long ago, no other has begun, and nothing since says that the child is
    well."""
    return (
        out_of_treatment(facts)
        & holds(facts, "closed_on", protocol)
        & logical_not(well_since_close(facts))
    )


def not_arrived(facts: Facts, protocol: Numbers) -> Mask:
    return sent_on(facts) & ended_lately(facts, protocol)


def left_nrc(facts: Facts, protocol: Numbers) -> Mask:
    return (facts["outcome"] == DEFAULTED) & at_facility(facts) & ended_lately(facts, protocol)


FACILITY = (
    PathwayRule(
        "in_nrc",
        in_nrc,
        "in_nrc",
        "review_at_nrc",
        "nrc",
        "The child is under treatment at the NRC or CTC.",
        ("admitted_on",),
        "nrc_review_days",
    ),
    PathwayRule(
        "oedema",
        oedema,
        "to_nrc",
        "admit_nrc",
        "medical_officer",
        "Both feet are swollen (bilateral pitting oedema): treatment is at the NRC.",
        ("oedema_on", "closed_on"),
        "refer_within_days",
        danger=True,
        cites=("oedema_to_nrc_from_grade", "finding_holds_days"),
    ),
    PathwayRule(
        "complication",
        complication,
        "to_nrc",
        "admit_nrc",
        "medical_officer",
        "There is a medical complication: treatment is at the NRC.",
        ("assessed_on", "closed_on"),
        "refer_within_days",
        danger=True,
        cites=("finding_holds_days",),
    ),
    PathwayRule(
        "appetite_failed",
        appetite_failed,
        "to_nrc",
        "admit_nrc",
        "medical_officer",
        "The appetite test was failed: treatment is at the NRC.",
        ("tested_on", "closed_on"),
        "refer_within_days",
        danger=True,
        cites=("finding_holds_days",),
    ),
    PathwayRule(
        "under_six_months",
        under_six_months,
        "to_nrc",
        "admit_nrc",
        "medical_officer",
        "SAM under six months of age: treatment is at the NRC.",
        SAM_DAYS,
        "refer_within_days",
        danger=True,
        cites=("nrc_under_days", "finding_holds_days"),
    ),
    PathwayRule(
        "small_sam",
        small_sam,
        "to_nrc",
        "admit_nrc",
        "medical_officer",
        "SAM with a weight under 4 kg at six months or more: treatment is at the NRC.",
        ("weighed_on", *SAM_DAYS),
        "refer_within_days",
        danger=True,
        cites=("facility_under_kg", "finding_holds_days"),
    ),
    PathwayRule(
        "not_arrived",
        not_arrived,
        "to_nrc",
        "admit_nrc",
        "medical_officer",
        "The child was sent on to the NRC and has not been admitted there.",
        ("closed_on",),
        "refer_within_days",
        danger=True,
        cites=("finding_holds_days",),
    ),
    PathwayRule(
        "left_nrc",
        left_nrc,
        "left_nrc",
        "trace",
        "awc_worker",
        (
            "The child left the NRC before treatment was over: the family is found today and "
            "brought back."
        ),
        ("closed_on",),
        "same_day",
        danger=True,
        cites=("finding_holds_days",),
    ),
)
