"""Calibration of risks: in-the-large, slope, intercept and curve, weighted for censoring.

Arguments as in `training.metrics.discrimination`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from features.wilson import wilson
from registry.contract.arrays import Floats
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


@dataclass(frozen=True)
class CurvePoint:
    """One group of a calibration curve: children, mean risk, observed share with a 95 %
    interval."""

    children: int
    expected: float
    observed: Estimate


def calibration_curve(
    risk: Floats, happened: Floats, weight: Floats, *, groups: int = 10
) -> list[CurvePoint]:
    """Groups of about equal weight by risk; equal risks stay together. Intervals are Wilson's on
    the effective size."""
    known = weight > 0
    risk, happened, weight = risk[known], happened[known].astype(float), weight[known]
    levels, place = np.unique(risk, return_inverse=True)
    if not len(levels):
        return []
    heavy = np.bincount(place, weights=weight)
    middle = (heavy.cumsum() - heavy / 2) / heavy.sum()
    group = np.minimum((middle * groups).astype(int), groups - 1)[place]
    return [
        _curve_point(risk[group == g], happened[group == g], weight[group == g])
        for g in np.unique(group)
    ]


def _curve_point(risk: Floats, happened: Floats, weight: Floats) -> CurvePoint:
    observed = float(np.average(happened, weights=weight))
    size = weight.sum() ** 2 / (weight**2).sum()
    return CurvePoint(
        len(risk),
        float(np.average(risk, weights=weight)),
        Estimate(observed, *wilson(observed, size)),
    )
