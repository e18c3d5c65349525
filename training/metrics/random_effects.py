"""A figure of several areas put together: what it is on average, and what to expect of the next
area."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import t as student

from registry.contract.arrays import Floats
from training.metrics.discrimination import Estimate

LEAST_FOR_A_NEXT = 3
"""Areas that an interval for the next one needs: it has two degrees of freedom fewer than
areas."""


@dataclass(frozen=True)
class Together:
    """`mean`: the average over areas with its 95 % interval (Hartung and Knapp); `next_low`,
    `next_high`: where the figure of another area is to be expected, 95 in 100 (NaN with fewer than
    three areas); `between`: the standard deviation between areas; `areas`: how many."""

    mean: Estimate
    next_low: float
    next_high: float
    between: float
    areas: int


def together(value: Floats, error: Floats) -> Together:
    """Random-effects summary of figures (k,) with their standard errors (k,), by restricted maximum
    likelihood.

    NaN without two areas. Sources: Viechtbauer 2005 (REML); Hartung and Knapp 2001 (the mean's
    interval); Higgins, Thompson and Spiegelhalter 2009 (the interval of the next area); Riley et
    al. 2016, BMJ 353:i3140 (all of it, for a prediction model's AUC and calibration).
    """
    known = np.isfinite(value) & np.isfinite(error) & (error > 0)
    value, variance = value[known], error[known] ** 2
    areas = len(value)
    if areas < 2:
        lone = float(value[0]) if areas else np.nan
        return Together(Estimate(lone, np.nan, np.nan), np.nan, np.nan, np.nan, areas)
    between = between_areas(value, variance)
    weight = 1.0 / (variance + between)
    mean = float(np.average(value, weights=weight))
    spread = float((weight * (value - mean) ** 2).sum()) / (areas - 1)
    # With areas more alike than chance the factor would narrow the plain interval: never so.
    own = float(np.sqrt(max(spread, 1.0) / weight.sum()))
    reach = own * float(student.ppf(0.975, areas - 1))
    low, high = np.nan, np.nan
    if areas >= LEAST_FOR_A_NEXT:
        wide = float(student.ppf(0.975, areas - 2)) * float(np.sqrt(between + own**2))
        low, high = mean - wide, mean + wide
    return Together(
        Estimate(mean, mean - reach, mean + reach), low, high, float(np.sqrt(between)), areas
    )


def between_areas(value: Floats, variance: Floats) -> float:
    """The variance between areas (REML) of figures with these variances, both (k,); 0 where chance
    alone explains their differences."""

    def less_likely(between: float) -> float:
        weight = 1.0 / (variance + between)
        mean = np.average(value, weights=weight)
        squares = (weight * (value - mean) ** 2).sum()
        return float((squares - np.log(weight).sum() + np.log(weight.sum())) / 2)

    most = 10.0 * float(np.var(value) + variance.mean())
    found = minimize_scalar(less_likely, bounds=(0.0, most), method="bounded")
    return 0.0 if less_likely(0.0) <= found.fun else float(found.x)
