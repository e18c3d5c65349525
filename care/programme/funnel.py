"""Funnel limits: how far the rates of areas lie apart by chance alone, at each size.

Source: Spiegelhalter 2005, "Funnel plots for comparing institutional performance", Statistics in
Medicine 24, 1185-1202: limits of the exact binomial, interpolated (appendix A.1), and the
over-dispersion of winsorised scores (section 4). An area is compared with the rate of all, at its
own size, and never ranked among the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import binom

from registry.contract.arrays import Floats, Ints

NEAR, FAR = 0.95, 0.998
"""The two limits: of 100 areas that differ by chance alone, 5 lie beyond the near one, and of 1,000
two beyond the far one."""
WINSORISED = 0.1
"""This share of the scores at either end is drawn in before the spread is measured, so that a few
outlying areas do not make it."""
_CUT = -float(ndtri(WINSORISED))
BY_CHANCE = 1 - 2 * WINSORISED - 2 * _CUT * math.exp(-(_CUT**2) / 2) / math.sqrt(2 * math.pi)
BY_CHANCE += 2 * WINSORISED * _CUT**2
"""The variance of a standard normal score that is so drawn in (0.679)."""
FEWEST_AREAS = 10
"""With fewer areas nothing is said of their spread. verified: false (ours)."""
FAR_BELOW, BELOW, WITHIN, ABOVE, FAR_ABOVE = range(-2, 3)
"""Where an area lies: beyond the far limit, between both, within the near one."""


@dataclass(frozen=True)
class AreaRate:
    """`events` of `size` children in an area."""

    area: str
    events: int
    size: int

    @property
    def rate(self) -> float:
        """The share, 0 to 1."""
        return self.events / self.size


def limits(rate: float, size: Ints, cover: float) -> tuple[Floats, Floats]:
    """Between which shares areas of these sizes lie with this probability if their rate is that of
    all: the exact binomial, interpolated, so that the lines are smooth.

    Example: a rate of 2 % among 250 children: 0.0023 to 0.0372 at 95 %.
    """
    tail = (1 - cover) / 2
    own, back = np.unique(size, return_inverse=True)
    low, high = (_limit(rate, own, quantile)[back] for quantile in (tail, 1 - tail))
    return low, high


def _limit(rate: float, size: Ints, quantile: float) -> Floats:
    count = binom.ppf(quantile, size, rate)
    reached, step = binom.cdf(count, size, rate), binom.pmf(count, size, rate)
    part = np.divide(reached - quantile, step, out=np.zeros(len(size)), where=step > 0)
    share: Floats = np.clip((count - part) / size, 0.0, 1.0)
    return share


def places_of(rates: Sequence[AreaRate], rate: float) -> list[int]:
    """Where each area lies between the limits of its own size: `FAR_BELOW` to `FAR_ABOVE`.

    Example: no child with SAM among 250 measured, where 2 % have it: `BELOW` (by chance 1 in 156).
    Among 100: `WITHIN` (1 in 8).
    """
    size = np.array([one.size for one in rates], np.int64)
    share = np.array([one.rate for one in rates], float)
    found = np.zeros(len(rates), np.int64)
    for cover in (NEAR, FAR):
        low, high = limits(rate, size, cover)
        found += (share > high).astype(np.int64) - (share < low)
    return [int(place) for place in found]


def over_dispersion(rates: Sequence[AreaRate], rate: float) -> float | None:
    """How many times as far the areas lie apart as chance alone would set them (the variance of
    their scores; 1: as chance has it). None with fewer than ten areas, or where all or none have
    it."""
    if len(rates) < FEWEST_AREAS or not 0 < rate < 1:
        return None
    size = np.array([one.size for one in rates], float)
    share = np.array([one.rate for one in rates])
    # Of the square roots' arcsine the variance is the same at every rate.
    scores = 2 * np.sqrt(size) * (np.arcsin(np.sqrt(share)) - math.asin(math.sqrt(rate)))
    low, high = np.quantile(scores, [WINSORISED, 1 - WINSORISED])
    return float(np.mean(np.clip(scores, low, high) ** 2)) / BY_CHANCE


def spread_by_chance(areas: int) -> float:
    """Up to which over-dispersion chance alone leads with so many areas, 39 times in 40.

    1 + 4 / sqrt(areas): within 0.15 of what 4,000 simulated funnels of 10 to 3,000 areas gave.
    """
    return float(1 + 4 / math.sqrt(areas))
