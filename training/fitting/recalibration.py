"""A straight line through log-odds: the slope and intercept by which a model is recalibrated, or
judged."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize


def slope_and_intercept(
    log_odds: np.ndarray, happened: np.ndarray, weight: np.ndarray, *, prior_sd: float = np.inf
) -> tuple[float, float]:
    """Weighted logistic recalibration: logit(risk) = intercept + slope * log_odds, each array of
    length n.

    `prior_sd`: how far from 1 the slope may be expected (a normal prior; none by default).
    """
    weight = weight * np.sum(weight > 0) / max(weight.sum(), 1e-12)

    def cost(line: np.ndarray) -> tuple[float, np.ndarray]:
        margin = line[0] * log_odds + line[1]
        risk = 1.0 / (1.0 + np.exp(-margin))
        away = line[0] - 1.0
        loss = (
            np.sum(weight * (np.logaddexp(0.0, margin) - happened * margin))
            + 0.5 * (away / prior_sd) ** 2
        )
        off = weight * (risk - happened)
        return loss, np.array([off @ log_odds + away / prior_sd**2, off.sum()])

    best = minimize(
        cost, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0.05, 5.0), (None, None)]
    )
    return float(best.x[0]), float(best.x[1])
