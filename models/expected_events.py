"""How many events to expect in the next 30 days, from the calibrated risks of the children on
watch, with an interval.

A risk is of what remains of a target's time at risk; only a share of it falls into the next month.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

RELAPSES_BY_DAY = ((14, 0.0), (30, 0.22), (60, 0.55), (90, 0.75), (183, 1.0))
"""Share of the six months' relapses that have happened by a day after discharge: Alier 2026 (20 %
and 55 % at one and two months) and OptiMA's median of 42 days; domain report, section 3.2.
verified: false."""
DECIDED_ON_DAY = 91
"""Non-response is decided when the treatment's twelve weeks and a week's grace are over (registry
contract)."""
MONTH_DAYS = 30
Z_90 = 1.645
COMMON = 0.3
"""Which share of the variance of a risk's error is common to all children (the model's level):
0.32 for relapse and 0.03 for non-response between models taught on children drawn anew
(`benchmarks/truth.py`, "common"); the wider is taken."""


@dataclass(frozen=True)
class Expected:
    """An expected number of events with a 90 % interval, and the children it comes from."""

    events: float
    low: float
    high: float
    children: int


@dataclass(frozen=True)
class AtRisk:
    """One child's risk with its interval, and the share of it that falls into the next month."""

    risk: float
    low: float
    high: float
    share: float


def relapse_share(days_since_discharge: float, *, ahead: int = MONTH_DAYS) -> float:
    """Share of the remaining relapse risk that falls into the next `ahead` days.

    Example: 30 days after discharge 22 % have happened, by day 60 it is 55 %: (0.55 - 0.22) / (1 -
    0.22) = 0.42.
    """
    done, then = _happened_by(days_since_discharge), _happened_by(days_since_discharge + ahead)
    return 1.0 if done >= 1 else (then - done) / (1 - done)


def _happened_by(day: float) -> float:
    if day <= RELAPSES_BY_DAY[0][0]:
        return 0.0
    for (start, below), (end, above) in zip(RELAPSES_BY_DAY, RELAPSES_BY_DAY[1:], strict=False):
        if day <= end:
            return below + (above - below) * (day - start) / (end - start)
    return 1.0


def non_response_share(days_in_treatment: float, *, ahead: int = MONTH_DAYS) -> float:
    """1 where the child's treatment is decided within the next `ahead` days, else 0."""
    return float(days_in_treatment + ahead >= DECIDED_ON_DAY)


def onset_share(days_since_measured: float, *, ahead: int = MONTH_DAYS) -> float:
    """A first SAM may come on any of the 91 days alike: 30 of the days that are left."""
    left = DECIDED_ON_DAY - days_since_measured
    return 1.0 if left <= ahead else ahead / left


def expected(children: Iterable[AtRisk]) -> Expected:
    """The expected events of these children.

    The interval holds both what chance leaves open (the variance of independent events) and how far
    the risks themselves are uncertain: a share of that (`COMMON`) errs for all children alike and
    adds up; the rest is each child's own, and grows with the square root.
    """
    rows = list(children)
    mean = sum(row.risk * row.share for row in rows)
    chance = sum(row.risk * row.share * (1 - row.risk * row.share) for row in rows)
    below = _together((row.risk - row.low) * row.share for row in rows)
    above = _together((row.high - row.risk) * row.share for row in rows)
    return Expected(
        mean,
        max(0.0, mean - math.hypot(Z_90 * math.sqrt(chance), below)),
        min(float(len(rows)), mean + math.hypot(Z_90 * math.sqrt(chance), above)),
        len(rows),
    )


def _together(widths: Iterable[float]) -> float:
    """The half-width of a sum whose parts have these, with a correlation of `COMMON` between any
    two."""
    every = list(widths)
    own = sum(width * width for width in every)
    return math.sqrt(COMMON * sum(every) ** 2 + (1.0 - COMMON) * own)
