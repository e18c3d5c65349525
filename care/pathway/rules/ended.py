"""A stay that ended without cure, or at a facility: what is due now, asked before what was due at
the stay's admission."""

from __future__ import annotations

from care.pathway.conditions import (
    CURED,
    DEFAULTED,
    NOT_RECOVERED,
    STEP_DOWN,
    TRANSFERRED,
    Facts,
    Mask,
    Numbers,
    examined_since,
    holds,
    judged_since_close,
    logical_not,
    out_of_treatment,
    sam,
)
from care.pathway.rule import PathwayRule
from care.pathway.rules.facility import at_anganwadi, at_facility, ended_lately, sent_on


def defaulted(facts: Facts, protocol: Numbers) -> Mask:
    return (facts["outcome"] == DEFAULTED) & at_anganwadi(facts) & ended_lately(facts, protocol)


def examined_after_close(facts: Facts) -> Mask:
    """A medical check later than the day on which the last stay was closed."""
    return examined_since(facts, "closed_on") & (facts["checked_on"] != facts["closed_on"])


def not_recovered(facts: Facts, protocol: Numbers) -> Mask:
    ended = (facts["outcome"] == NOT_RECOVERED) & ended_lately(facts, protocol)
    return ended & logical_not(examined_after_close(facts))


def transferred(facts: Facts, protocol: Numbers) -> Mask:
    elsewhere = (
        (facts["outcome"] == TRANSFERRED)
        & logical_not(sent_on(facts))
        & (facts["transfer_reason"] != STEP_DOWN)
    )
    return elsewhere & ended_lately(facts, protocol) & logical_not(judged_since_close(facts))


def stepped_down(facts: Facts) -> Mask:
    """The last stay that ended was one at a facility, and it ended as it should: treatment goes on
    below."""
    stepped = (facts["outcome"] == CURED) | (facts["transfer_reason"] == STEP_DOWN)
    return at_facility(facts) & stepped & out_of_treatment(facts)


def back_with_sam(facts: Facts, protocol: Numbers) -> Mask:
    return stepped_down(facts) & holds(facts, "closed_on", protocol) & sam(facts, protocol)


ENDED = (
    PathwayRule(
        "defaulted",
        defaulted,
        "defaulted",
        "bring_back",
        "awc_worker",
        "Treatment was broken off: the family is visited, the child weighed and brought back.",
        ("closed_on",),
        "bring_back_within_days",
        danger=True,
        cites=("finding_holds_days",),
    ),
    PathwayRule(
        "not_recovered",
        not_recovered,
        "not_recovered",
        "examine",
        "anm_or_mo",
        "Treatment ended without recovery: a medical officer or ANM examines the child.",
        ("closed_on",),
        "examine_within_days",
        danger=True,
        cites=("finding_holds_days",),
    ),
    PathwayRule(
        "transferred",
        transferred,
        "transferred",
        "trace",
        "awc_worker",
        (
            "The child was sent to another centre or facility, and no admission is recorded "
            "there: the family is found."
        ),
        ("closed_on",),
        "arrival_within_days",
        danger=True,
        cites=("finding_holds_days",),
    ),
    PathwayRule(
        "back_with_sam",
        back_with_sam,
        "back_from_nrc",
        "admit_ucdc",
        "awc_worker",
        "The child is back from the NRC and still SAM: treatment goes on at the anganwadi.",
        ("closed_on",),
        "step_down_within_days",
        danger=True,
        cites=("finding_holds_days",),
    ),
)
