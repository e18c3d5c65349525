"""Calibration of risks: in-the-large, slope, intercept and curve, weighted for censoring.

Arguments as in `training.metrics.discrimination`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from features.wilson import wilson
from registry.contract.arrays import Floats, Ints
from training.metrics.discrimination import Estimate
from training.metrics.recalibration import (
    ANY_SLOPE,
    EXACT,
    FIXED_SLOPE,
    separated,
    slope_and_intercept,
)


@dataclass(frozen=True)
class Calibration:
    """Figures of calibration; perfect are 0, 1, 0 and 1.

    `in_the_large`: log-odds to add so that the mean risk is the observed share; `slope` and
    `intercept`: of a refit on the log-odds, a slope under 1 saying that risks are too extreme
    (overfitting); `observed_over_expected`: observed share over mean risk.
    """

    in_the_large: float
    slope: float
    intercept: float
    observed_over_expected: float


def calibration(risk: Floats, happened: Floats, weight: Floats) -> Calibration:
    """Calibration of risks by weighted logistic recalibration, over the rows with a known outcome.

    NaN without both events and non-events; slope and intercept also NaN where all risks are equal
    or one cut parts events from the rest. Source: Cox 1958; Van Calster et al. 2019, "Calibration:
    the Achilles heel".
    """
    known = weight > 0
    happened, weight = happened[known].astype(float), weight[known]
    if not 0 < (happened * weight).sum() < weight.sum():
        return Calibration(np.nan, np.nan, np.nan, np.nan)
    log_odds = _log_odds(risk[known])
    ratio = np.average(happened, weights=weight) / np.average(risk[known], weights=weight)
    _, large = slope_and_intercept(log_odds, happened, weight, slopes=FIXED_SLOPE, stop=EXACT)
    slope, intercept = (
        (np.nan, np.nan)
        if separated(log_odds, happened)
        else slope_and_intercept(log_odds, happened, weight, slopes=ANY_SLOPE, stop=EXACT)
    )
    return Calibration(large, slope, intercept, float(ratio))


def _log_odds(risk: Floats) -> Floats:
    found: Floats = logit(np.clip(risk, 1e-6, 1 - 1e-6))
    return found


def observed_over_expected(risk: Floats, happened: Floats, weight: Floats) -> float:
    """Weighted events over weighted risks; NaN without either."""
    expected = float(np.sum(risk * weight))
    return float(np.sum(happened * weight)) / expected if expected > 0 else float("nan")


LEVEL_LOW, LEVEL_HIGH = 0.8, 1.25
"""Between which bounds observed over expected holds (chosen)."""


def surely_off(ratio: Estimate) -> bool:
    """Whether the whole interval of an observed over expected lies outside its bounds."""
    return ratio.low > LEVEL_HIGH or ratio.high < LEVEL_LOW


@dataclass(frozen=True)
class CurvePoint:
    """One group of a calibration curve: how many children, mean risk, observed share with a 95 %
    interval."""

    children: int
    expected: float
    observed: Estimate


def calibration_curve(
    risk: Floats, happened: Floats, weight: Floats, *, child: Ints, groups: int = 10
) -> list[CurvePoint]:
    """Groups of about equal weight by risk; equal risks stay together. Intervals are Wilson's on
    the effective number of children: a child's rows share its outcome."""
    known = weight > 0
    risk, happened, weight = risk[known], happened[known].astype(float), weight[known]
    child = child[known]
    levels, place = np.unique(risk, return_inverse=True)
    if not len(levels):
        return []
    heavy = np.bincount(place, weights=weight)
    middle = (heavy.cumsum() - heavy / 2) / heavy.sum()
    group = np.minimum((middle * groups).astype(int), groups - 1)[place]
    return [
        _curve_point(risk[group == g], happened[group == g], weight[group == g], child[group == g])
        for g in np.unique(group)
    ]


def _curve_point(risk: Floats, happened: Floats, weight: Floats, child: Ints) -> CurvePoint:
    children, of = np.unique(child, return_inverse=True)
    share = share_by_cluster(happened, weight, of)
    return CurvePoint(len(children), float(np.average(risk, weights=weight)), share)


def share_by_cluster(happened: Floats, weight: Floats, cluster: Ints) -> Estimate:
    """A weighted share of rows with its 95 % interval, of which whole clusters (children, numbered
    from 0) are independent.

    Wilson's interval on the size that a simple sample of the same variance would have; the variance
    is the linearised one between clusters. Where every row has the same outcome that variance is 0,
    and each cluster counts as one. Source: Korn and Graubard 1998, "Confidence intervals for
    proportions with small expected number of positive counts estimated from survey data", Survey
    Methodology 24:193. Example: 40 children with three rows alike each have the interval of 40
    rows, not of 120.
    """
    observed = float(np.average(happened, weights=weight))
    heavy = np.bincount(cluster, weights=weight)
    off = np.bincount(cluster, weights=weight * (happened - observed))
    clusters = len(heavy)
    variance = clusters / max(clusters - 1, 1) * float((off**2).sum()) / heavy.sum() ** 2
    most = float(weight.sum() ** 2 / (weight**2).sum())
    size = (
        min(observed * (1.0 - observed) / variance, most)
        if variance > 0
        else float(heavy.sum() ** 2 / (heavy**2).sum())
    )
    return Estimate(observed, *wilson(observed, size))
