"""Logistic recalibration: the slope and intercept that a straight line through the log-odds needs.

The one fit of it: it calibrates a model on out-of-fold predictions, updates one for another place,
and measures calibration on held-out rows (`training.metrics.calibration`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.optimize import minimize

from registry.contract.arrays import Floats

Bounds = tuple[float | None, float | None]
USABLE_SLOPES: Bounds = (0.05, 5.0)
"""A model that is used keeps the order of its risks, so its slope stays above 0."""
ANY_SLOPE: Bounds = (None, None)
FIXED_SLOPE: Bounds = (1.0, 1.0)
"""Only the intercept is fitted: calibration-in-the-large."""
QUICK: Mapping[str, float] = {"ftol": 2.220446049250313e-09, "gtol": 1e-5}
"""SciPy's own limits, good to about five digits; bundles were fitted with them."""
EXACT: Mapping[str, float] = {"ftol": 0.0, "gtol": 1e-9}
"""For a published figure: within 1e-7 of Newton's method."""


def slope_and_intercept(
    log_odds: Floats,
    happened: Floats,
    weight: Floats,
    *,
    slopes: Bounds = USABLE_SLOPES,
    stop: Mapping[str, float] = QUICK,
) -> tuple[float, float]:
    """Weighted maximum likelihood of logit(risk) = intercept + slope * log_odds; arrays (n,).

    `slopes`: lower and upper bound of the slope. `stop`: when the search ends, as
    `scipy.optimize.minimize` takes it. The likelihood must have a maximum within the bounds: see
    `separated`.
    """
    weight = weight * np.sum(weight > 0) / max(weight.sum(), 1e-12)

    def cost(line: Floats) -> tuple[float, Floats]:
        margin = line[0] * log_odds + line[1]
        risk = 1.0 / (1.0 + np.exp(-margin))
        loss = np.sum(weight * (np.logaddexp(0.0, margin) - happened * margin))
        off = weight * (risk - happened)
        return loss, np.array([off @ log_odds, off.sum()])

    best = minimize(
        cost,
        np.array([1.0, 0.0]),
        jac=True,
        method="L-BFGS-B",
        bounds=[slopes, (None, None)],
        options=dict(stop),
    )
    return float(best.x[0]), float(best.x[1])


def separated(log_odds: Floats, happened: Floats) -> bool:
    """Whether some cut of the log-odds parts the events from the rest, so that no slope is the most
    likely one."""
    events, others = log_odds[happened == 1], log_odds[happened == 0]
    return bool(others.max() <= events.min() or events.max() <= others.min())
