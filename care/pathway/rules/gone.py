"""Died, left the area, or too old for the programme: no step follows."""

from __future__ import annotations

from care.pathway.conditions import LEFT_BY_DEATH, NEVER, Facts, Mask, Numbers, logical_not
from care.pathway.rule import PathwayRule


def seen_since_left(facts: Facts) -> Mask:
    """Measured or examined here after the day on which the register says that the child died or
    left: it is here."""
    measured = (facts["measured_on"] != NEVER) & (facts["measured_on"] > facts["left_on"])
    return measured | ((facts["checked_on"] != NEVER) & (facts["checked_on"] > facts["left_on"]))


def died(facts: Facts, protocol: Numbers) -> Mask:
    return (facts["died"] == 1) | (
        (facts["left_reason"] == LEFT_BY_DEATH) & logical_not(seen_since_left(facts))
    )


def left(facts: Facts, protocol: Numbers) -> Mask:
    return ((facts["left_reason"] >= 0) & logical_not(seen_since_left(facts))) | (
        facts["moved"] == 1
    )


def grown_out(facts: Facts, protocol: Numbers) -> Mask:
    return facts["age_days"] >= protocol["programme_until_days"]


GONE = (
    PathwayRule("died", died, "died", "none", "nobody", "The child has died."),
    PathwayRule(
        "left",
        left,
        "left",
        "none",
        "nobody",
        "The child has left this centre's area or the programme.",
    ),
    PathwayRule(
        "grown_out", grown_out, "left", "none", "nobody", "The child is six years old or more."
    ),
)
