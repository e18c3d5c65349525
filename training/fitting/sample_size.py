"""How many children, and events, a model of so many parameters needs (Riley et al.), and how many
parameters a fitted model spends in effect.

Source: Riley, Ensor, Snell et al. 2020, "Calculating the sample size required for developing a
clinical prediction model", BMJ 368:m441 (binary outcome: shrinkage, optimism in R², precision of
the overall risk).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from registry.contract.arrays import Floats
from training.metrics.recalibration import slope_and_intercept

SHRINKAGE, OPTIMISM, MARGIN = 0.9, 0.05, 0.05
"""Least shrinkage factor, most optimism in Nagelkerke's R², widest error of the overall risk: the
paper's advice."""


@dataclass(frozen=True)
class SampleSize:
    """Children needed by each criterion, the greatest of them, and the events among that many."""

    for_shrinkage: int
    for_optimism: int
    for_overall_risk: int
    children: int
    events: int
    events_per_parameter: float


def cox_snell_limit(prevalence: float) -> float:
    """The greatest Cox-Snell R² that an outcome of this prevalence allows: 1 - (p^p
    (1-p)^(1-p))²."""
    log_likelihood = prevalence * math.log(prevalence) + (1 - prevalence) * math.log(1 - prevalence)
    return 1.0 - math.exp(2.0 * log_likelihood)


def needed(*, prevalence: float, parameters: int, nagelkerke: float = 0.15) -> SampleSize:
    """Children needed for `parameters` predictor parameters and an expected Nagelkerke R².

    0.15 is the paper's cautious choice where nothing better is known. Raises ValueError outside (0,
    1).

    Example: prevalence 0.3, 20 parameters, R² 0.15: shrinkage asks for 1,600 children, 480 of them
    with the event.
    """
    if not (0 < prevalence < 1 and 0 < nagelkerke < 1 and parameters >= 1):
        raise ValueError("prevalence and nagelkerke lie between 0 and 1, parameters from 1")
    limit = cox_snell_limit(prevalence)
    r2 = nagelkerke * limit
    by_shrinkage = _for_shrinkage(parameters, r2, SHRINKAGE)
    by_optimism = _for_shrinkage(parameters, r2, r2 / (r2 + OPTIMISM * limit))
    by_risk = math.ceil((1.96 / MARGIN) ** 2 * prevalence * (1 - prevalence))
    children = max(by_shrinkage, by_optimism, by_risk)
    events = math.ceil(children * prevalence)
    return SampleSize(by_shrinkage, by_optimism, by_risk, children, events, events / parameters)


def effective_parameters(
    seen: Floats,
    unseen: Floats,
    *,
    happened: np.ndarray,
    weight: np.ndarray,
    child: np.ndarray,
    folds: int,
) -> float:
    """Parameters that a fitted model spends in effect (at least 1), by its optimism: how much
    likelier it makes the outcomes that it learnt from than those of children it had not seen.

    `seen`, `unseen`: log-odds (n,) of the fitted model, and out-of-fold by as many `folds`; each is
    recalibrated by its own straight line, as a model is before it is used, so that shrinkage of all
    risks alike does not count as less. A child's rows count as one together. For a plain logistic
    regression this is the number of its coefficients (Akaike: the log likelihood of new outcomes is
    lower by one a parameter). A fold's model learns from fewer children, which adds K/(K-1) in
    place of 1 to half of the optimism. Source: Efron 2004, "The estimation of prediction error:
    covariance penalties and cross-validation", JASA 99:619.
    """
    seen, unseen = (_recalibrated(margin, happened, weight) for margin in (seen, unseen))
    sign = np.where(happened == 1, -1.0, 1.0)
    optimism = np.logaddexp(0.0, sign * unseen) - np.logaddexp(0.0, sign * seen)
    _, of, rows = np.unique(child, return_inverse=True, return_counts=True)
    by_child = np.bincount(of, weights=weight * optimism) / rows
    mean_weight = np.mean(np.bincount(of, weights=weight) / rows)
    return max(1.0, float(by_child.sum() / mean_weight / ((1.0 + folds / (folds - 1)) / 2.0)))


def _recalibrated(margin: Floats, happened: np.ndarray, weight: np.ndarray) -> Floats:
    slope, intercept = slope_and_intercept(margin, happened, weight)
    return intercept + slope * margin


def _for_shrinkage(parameters: int, r2: float, shrinkage: float) -> int:
    return math.ceil(parameters / ((shrinkage - 1.0) * math.log(1.0 - r2 / shrinkage)))
