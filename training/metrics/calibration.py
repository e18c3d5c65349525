"""How true risks are: calibration in the large, slope, intercept and curve, weighted for censoring.

Arguments as in `training.metrics.discrimination`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.wilson import wilson
from training.metrics.discrimination import Estimate


@dataclass(frozen=True)
class Calibration:
    """`in_the_large`: log-odds to add so that the mean is right; `slope`, `intercept`: of a refit
    on the log-odds.

    Perfect: 0, 1, 0. A slope under 1: risks too extreme (overfitting). `observed_over_expected`:
    ratio of means.
    """

    in_the_large: float
    slope: float
    intercept: float
    observed_over_expected: float


def calibration(risk: np.ndarray, happened: np.ndarray, weight: np.ndarray) -> Calibration:
    """Weighted logistic recalibration (Cox 1958; Van Calster et al. 2019, "Calibration: the
    Achilles heel")."""
    known = weight > 0
    happened, weight = happened[known].astype(float), weight[known]
    if not 0 < (happened * weight).sum() < weight.sum():
        return Calibration(np.nan, np.nan, np.nan, np.nan)
    log_odds = _log_odds(risk[known])
    large = _logistic(np.ones((len(log_odds), 1)), happened, weight, offset=log_odds)[0]
    refit = np.column_stack([np.ones(len(log_odds)), log_odds])
    one_risk = np.ptp(log_odds) == 0
    intercept, slope = (
        (np.nan, np.nan) if one_risk else _logistic(refit, happened, weight, offset=0.0)
    )
    ratio = np.average(happened, weights=weight) / np.average(risk[known], weights=weight)
    return Calibration(float(large), float(slope), float(intercept), float(ratio))


def _log_odds(risk: np.ndarray) -> np.ndarray:
    bounded = np.clip(risk, 1e-6, 1 - 1e-6)
    return np.log(bounded / (1 - bounded))


def _logistic(
    design: np.ndarray, happened: np.ndarray, weight: np.ndarray, *, offset: np.ndarray | float
) -> np.ndarray:
    """Coefficients by Newton's method, steps halved while they do not help; NaN where they run away
    (separation)."""
    beta = np.zeros(design.shape[1])
    for _ in range(100):
        fitted = 1 / (1 + np.exp(-np.clip(offset + design @ beta, -500, 500)))
        slope = design.T @ (weight * (happened - fitted))
        curve = (design * (weight * fitted * (1 - fitted))[:, None]).T @ design
        if np.linalg.cond(curve) > 1e14:
            return np.full(len(beta), np.nan)
        step = np.linalg.solve(curve, slope)
        while (
            _loss(design, happened, weight, offset, beta + step)
            > _loss(design, happened, weight, offset, beta) + 1e-9
        ):
            step = step / 2
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            return beta
    return np.full(len(beta), np.nan)


def _loss(design, happened, weight, offset, beta) -> float:
    log_odds = offset + design @ beta
    return float((weight * (np.logaddexp(0, log_odds) - happened * log_odds)).sum())


@dataclass(frozen=True)
class CurvePoint:
    """One group of a calibration curve: children, mean risk, observed share with a 95 %
    interval."""

    children: int
    expected: float
    observed: Estimate


def calibration_curve(
    risk: np.ndarray, happened: np.ndarray, weight: np.ndarray, *, groups: int = 10
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


def _curve_point(risk: np.ndarray, happened: np.ndarray, weight: np.ndarray) -> CurvePoint:
    observed = float(np.average(happened, weights=weight))
    size = weight.sum() ** 2 / (weight**2).sum()
    return CurvePoint(
        len(risk),
        float(np.average(risk, weights=weight)),
        Estimate(observed, *wilson(observed, size)),
    )
