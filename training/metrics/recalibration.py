"""Logistic recalibration: the slope and intercept that a straight line through the log-odds needs.

The one fit of it: it calibrates a model on out-of-fold predictions, updates one for another place,
and measures calibration on held-out rows (`training.metrics.calibration`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import expit

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
"""For a published figure: by Newton's method, and within 1e-7 of it where that does not settle."""
MOST_STEPS = 30
"""Newton's method settles in five or six steps, or on a flat likelihood never."""


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
    if stop is EXACT and slopes in (ANY_SLOPE, FIXED_SLOPE):
        settled = _by_newton(log_odds, happened, weight, fixed=slopes == FIXED_SLOPE)
        if settled is not None:
            return settled

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


def _by_newton(
    log_odds: Floats, happened: Floats, weight: Floats, *, fixed: bool
) -> tuple[float, float] | None:
    """Slope (1 where it is `fixed`) and intercept at which the likelihood's gradient is 0, its one
    maximum; None where the steps do not settle."""
    slope, intercept = 1.0, 0.0
    for _ in range(MOST_STEPS):
        risk = expit(slope * log_odds + intercept)
        off, curved = weight * (happened - risk), weight * risk * (1.0 - risk)
        tilted = curved * log_odds
        level, turn, spread = curved.sum(), tilted.sum(), tilted @ log_odds
        room = level * spread - turn * turn
        if not (level > 0.0 and (fixed or room > 1e-12 * level * spread)):
            return None
        pull = off.sum()
        tilt = 0.0 if fixed else float((level * (off @ log_odds) - turn * pull) / room)
        lift = float((pull - turn * tilt) / level)
        slope, intercept = slope + tilt, intercept + lift
        if abs(tilt) + abs(lift) < 1e-10:
            return slope, intercept
    return None


LEVEL_SPREAD = 1.0
"""Standard deviation (log-odds) of how far a model's level is off elsewhere, before any outcome is
known. Leave one country out it was 0.53 to 1.47 times what was observed; 1 leaves room for 0.4 to
2.7, and twenty outcomes without an event do not send every risk to 0."""


def level_shift(
    log_odds: Floats,
    happened: Floats,
    weight: Floats,
    *,
    outcomes: int,
    spread: float = LEVEL_SPREAD,
) -> float:
    """What to add to all log-odds so that the mean risk is the observed share: the most likely
    shift, held back towards 0 as a normal prior of standard deviation `spread` does.

    Rows have weight (n,); together they count as so many `outcomes`, since the rows of one child
    are no news of each other. Defined where nobody, or everybody, has the event.

    Example: 20 children of risk 0.10 and no event: -0.88, so that all are told 0.044; 2,000 of them
    with 400 events: +0.81, 0.20.
    """
    share = weight * (outcomes / max(weight.sum(), 1e-12))

    def pull(shift: float) -> float:
        return float(share @ (happened - expit(log_odds + shift))) - shift / spread**2

    # No log-likelihood of so many outcomes pulls further than their number.
    furthest = outcomes * spread**2 + 1.0
    return float(brentq(pull, -furthest, furthest))


def level_error(log_odds: Floats, weight: Floats, *, outcomes: int) -> float:
    """Standard error of `level_shift`, from the curvature of what it maximises at the shifted
    log-odds (n,): `LEVEL_SPREAD` where nothing is known, the smaller the more outcomes are."""
    share = weight * (outcomes / max(weight.sum(), 1e-12))
    risk = expit(log_odds)
    return float(1.0 / np.sqrt(share @ (risk * (1.0 - risk)) + 1.0 / LEVEL_SPREAD**2))


def separated(log_odds: Floats, happened: Floats) -> bool:
    """Whether some cut of the log-odds parts the events from the rest, so that no slope is the most
    likely one."""
    events, others = log_odds[happened == 1], log_odds[happened == 0]
    return bool(others.max() <= events.min() or events.max() <= others.min())
