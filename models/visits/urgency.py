"""What the order of a list knows of a child beside what is told of it: illness now, the arm that
holds, weight lost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import median
from typing import Any

from care.pathway.conditions import NEVER, holds, ill_now, within
from care.pathway.gain_shown import weights_of_stay
from care.pathway.weights import LOOK_BACK_DAYS
from care.protocol import Protocol
from features.trajectory.trace import Trace
from registry.contract.registry import Table, day_date

LOSS_FROM_DAYS, LOSS_TO_DAYS = 14, 60
"""A loss is judged against the latest weight of so many days before the last: under two weeks it is
mostly the scale's and the day's. verified: false."""


def urgency_facts(
    traced: Trace, facts: Table, question: int, protocol: Protocol
) -> dict[str, object]:
    """`ill_now`, with the days of illness and of poor appetite that still hold; `fell_from_kg` with
    its day; `newest_muac_mm` (the last arm that holds, weighed since or not), as the pathway's
    facts (`care.pathway.facts.of`) have them; `lost_share` of weight, negative for a gain.

    What is not known is None or left out. Example: 6.0 kg on 1 March 2026, 5.2 kg on 29
    March: `lost_share` 0.133.
    """
    own = {name: facts[name][question].item() for name in _OWN}
    arm = own["arm_mm"] if holds(own, "arm_on", protocol) else None
    growth = traced.growth
    rows = slice(int(growth.offsets[question]), int(growth.offsets[question + 1]))
    on, weights = (growth[name][rows].tolist() for name in ("measured_on", "weight_kg"))
    weighed = [(when, kg) for when, kg in zip(on, weights, strict=True) if not math.isnan(kg)]
    return {
        "ill_now": bool(ill_now(own, protocol)),
        **_ill_on(own, protocol),
        "newest_muac_mm": None if arm is None else int(arm),
        "lost_share": _lost_share(weighed),
        **_fell_from(weighed),
        **_highest_of_stay(traced, question, int(facts["admitted_on"][question])),
    }


_OWN = ("day", "arm_on", "arm_mm", "ill", "ill_on", "poor_appetite", "poor_on")


def _ill_on(own: Mapping[str, Any], protocol: Protocol) -> dict[str, object]:
    """`now_ill_on`: fever or diarrhoea where last assessed, or an ill child at a home visit;
    `poor_appetite_on`: the same of appetite. Each only while it holds."""
    days = protocol["illness_holds_days"]
    found = (("ill", "ill_on", "now_ill_on"), ("poor_appetite", "poor_on", "poor_appetite_on"))
    return {
        name: day_date(int(own[on]))
        for code, on, name in found
        if own[code] == 1 and within(own, on, days)
    }


def _fell_from(weighed: list[tuple[int, float]]) -> dict[str, object]:
    """The newest weight of the season before the last weight that is not under their median: what a
    sentence compares the last one with, where that is lower.

    Example: 14.3, 14.7 kg and 62 days later 12.5 kg: 14.7 kg. Empty where nothing was lost."""
    before = [one for one in weighed[:-1] if weighed[-1][0] - one[0] <= LOOK_BACK_DAYS]
    if not before:
        return {}
    usual = median(kg for _, kg in before)
    on, kg = next(one for one in reversed(before) if one[1] >= usual)
    lost = kg > weighed[-1][1]
    return {"fell_from_kg": round(kg, 2), "fell_from_on": day_date(on)} if lost else {}


def _highest_of_stay(traced: Trace, question: int, admitted_on: int) -> dict[str, object]:
    """The highest weight of the open stay, from which the rule counts a loss; the latest of
    equals."""
    if admitted_on == NEVER:
        return {}
    on, kg = weights_of_stay(traced.growth, question, admitted_on)
    if not len(kg):
        return {}
    at = len(kg) - 1 - int(kg[::-1].argmax())
    return {"stay_high_kg": round(float(kg[at]), 2), "stay_high_on": day_date(int(on[at]))}


def _lost_share(weighed: list[tuple[int, float]]) -> float | None:
    """The share of weight lost since the latest weight of 14 to 60 days before the last; None
    without such a one."""
    if not weighed:
        return None
    last_on, last_kg = weighed[-1]
    before = [kg for when, kg in weighed if LOSS_FROM_DAYS <= last_on - when <= LOSS_TO_DAYS]
    return round(1 - last_kg / before[-1], 3) if before else None
