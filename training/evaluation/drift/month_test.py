"""Whether a month differs from those before it by more than chance and season: one test over many
measures, with a stated rate of false alarms.

Each measure of a month is compared with what the months before it foretell for its season. How much
months differ among themselves, beyond the children drawn, is estimated from the same months and
shared between measures, since a dozen months tell it badly for one. Source for the shared variance:
Smyth 2004, "Linear models and empirical Bayes methods", Stat Appl Genet Mol Biol 3:3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from registry.contract.arrays import Flags, Floats
from training.evaluation.drift.month_views import MonthProfile

FALSE_ALARM_RATE = 0.01
"""Of steady months, the share in which one test of all measures may cry wolf (Bonferroni over
them). A target-month has two, of the target's predictions and of all children; with outcomes and
quality beside them it stays under one in twenty (`benchmarks/drift.py`)."""
LEAST_MONTHS = 6
"""Fewer months before it foretell nothing (chosen)."""
SEASON_FROM_MONTHS = 15
"""From so many months on a yearly wave is fitted; with fewer a season counts as chance."""
LEAST_CHILDREN = 30
"""A month with fewer children, or a measure that fewer children have, tells nothing (chosen)."""
LEAST_SHIFT = 0.05
"""A shift by less than a twentieth of the places is nothing to train again for, however sure
(chosen)."""


@dataclass(frozen=True)
class Shift:
    """One measure that moved: its value `now`, what was `expected` of the month with its 95 %
    interval (`low`, `high`), and `p` after Bonferroni."""

    now: float
    expected: float
    low: float
    high: float
    p: float


def shifts(
    before: Sequence[MonthProfile], now: MonthProfile, names: Sequence[str]
) -> dict[str, Shift]:
    """The measures that moved, the surest first; `names`: of the profiles' measures."""
    found, enough = _foretold_of(before, now)
    tested = int(enough.sum())
    away = (now.mean[enough] - found.expected) / found.error
    p = np.minimum(2.0 * student.sf(np.abs(away), found.freedom) * tested, 1.0)
    reach = student.ppf(0.975, found.freedom) * found.error
    places, told = np.flatnonzero(enough), {}
    for at in np.argsort(p, kind="stable"):
        value, expected = float(now.mean[places[at]]), float(found.expected[at])
        if p[at] < FALSE_ALARM_RATE and abs(value - expected) >= LEAST_SHIFT:
            low, high = expected - float(reach[at]), expected + float(reach[at])
            told[names[places[at]]] = Shift(value, expected, low, high, float(p[at]))
    return told


def told_from(before: Sequence[MonthProfile], now: MonthProfile) -> float:
    """By how much (of the places) the middle one of the measures must move to be told: what so many
    children and months can see; NaN where none is tested."""
    found, enough = _foretold_of(before, now)
    if not enough.any():
        return float("nan")
    surely = student.isf(FALSE_ALARM_RATE / enough.sum() / 2.0, found.freedom) * found.error
    return max(float(np.median(surely)), LEAST_SHIFT)


def _foretold_of(before: Sequence[MonthProfile], now: MonthProfile) -> tuple[_Foretold, Flags]:
    """(what the months foretell of the tested measures, which measures (mask) are tested)."""
    mean = np.array([month.mean for month in before])
    variance = np.array([month.variance for month in before])
    seen = np.array([month.seen for month in [*before, now]])
    enough: Flags = np.all(seen >= LEAST_CHILDREN, axis=0)
    # A share that nobody has this month may have been one child's in another.
    floor = 0.25 / np.maximum(seen, 1) ** 2
    variance = np.maximum(variance, floor[:-1])
    now_variance = np.maximum(now.variance, floor[-1])
    design = _season(np.array([month.month for month in [*before, now]]))
    return _foretold(design, mean[:, enough], variance[:, enough], now_variance[enough]), enough


@dataclass(frozen=True)
class _Foretold:
    """What months foretell of one more: `expected` (m,), its standard `error` (m,), and the
    `freedom` of its t distribution."""

    expected: Floats
    error: Floats
    freedom: float


def _season(month: np.ndarray) -> Floats:
    """(months, 1 or 3): a constant, and a yearly wave where there are months enough for one."""
    angle = 2.0 * np.pi * (month % 12) / 12.0
    if len(month) - 1 < SEASON_FROM_MONTHS:
        return np.ones((len(month), 1))
    return np.column_stack([np.ones(len(month)), np.cos(angle), np.sin(angle)])


def _foretold(design: Floats, mean: Floats, variance: Floats, now_variance: Floats) -> _Foretold:
    """By weighted least squares, column by column; `design` has the month that is foretold last."""
    rows, asked = design[:-1], design[-1]
    freedom = len(rows) - design.shape[1]
    expected, spread, leverage = (np.empty(mean.shape[1]) for _ in range(3))
    for at in range(mean.shape[1]):
        weight = 1.0 / variance[:, at]
        inverse = np.linalg.inv((rows * weight[:, None]).T @ rows)
        line = inverse @ (rows * weight[:, None]).T @ mean[:, at]
        expected[at] = asked @ line
        spread[at] = np.sum(weight * (mean[:, at] - rows @ line) ** 2) / freedom
        leverage[at] = asked @ inverse @ asked
    shared = max(float(np.median(spread)), 1.0)
    spread = np.maximum((spread + shared) / 2.0, 1.0)
    return _Foretold(expected, np.sqrt(spread * (now_variance + leverage)), 2.0 * freedom)
