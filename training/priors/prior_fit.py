"""The smoother's prior of one measure, as the records of the training window make it likeliest
(maximum a posteriori: the readings' likelihood given the ones before, and a weak prior of the
parameters themselves).

The weak prior, within a factor of some seven of the defaults, is what mends a flat likelihood: a
parameter of which the records say nothing stays near its default, instead of running to a bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from features.trajectory.smoother import OUTLIER_SD, Prior, Readings, one_step
from registry.contract.arrays import Floats, Ints
from registry.machine.numba_kernels import njit

FEWEST_READINGS = 500
"""Successive readings below which the default prior is kept."""
POSITIVE = ("noise", "drift", "steady_drift", "slope_variance", "reverting")
"""What is estimated on a logarithmic scale, beside `trend`."""
LOG_SD = 2.0
"""Of the weak prior: a parameter lies within a factor of e² of its default, two in three times."""
TREND_SD = 0.003
"""Of the weak prior of the trend: spreads between children for each day of growth time."""
BOUND = 4.0
"""Search ends this many of the weak prior's SDs from the default: a factor of 3,000 is no property
of children but a wrong unit."""
MOST_EVALUATIONS, RESTARTS = 400, 3


@dataclass(frozen=True)
class FittedPrior:
    """A prior, and how the search for it ended: successive `readings` used, `evaluations` of their
    likelihood, whether it `converged`, and which parameters lie `at_bound`."""

    prior: Prior
    readings: int
    evaluations: int = 0
    converged: bool = True
    at_bound: tuple[str, ...] = ()

    def note(self, name: str) -> str | None:
        """What training has to say of it; None where all went well."""
        if self.readings < FEWEST_READINGS:
            return (
                f"prior of {name}: {self.readings} successive readings, {FEWEST_READINGS} are "
                "needed: the default is kept"
            )
        if self.at_bound:
            return (
                f"prior of {name}: {', '.join(self.at_bound)} ended on the bound of the search: "
                "the default prior is kept"
            )
        if not self.converged:
            return (
                f"prior of {name}: the search did not converge in {self.evaluations} evaluations: "
                "the best found is kept"
            )
        return None


@njit(cache=True, nogil=True)
def _loss(error: Floats, sd: Floats) -> tuple[float, int]:
    """(sum, count) of the negative log likelihoods, less a constant, of errors of these SDs.

    Beyond OUTLIER_SD the square grows as its logarithm alone: a typing error must not teach the
    filter that children jump, and still pulls a little, so that the loss is continuous.
    """
    total, count, far = 0.0, 0, OUTLIER_SD * OUTLIER_SD
    for row in range(len(error)):
        if np.isnan(error[row]):
            continue
        square = (error[row] / sd[row]) ** 2
        if square > far:
            square = far * (1.0 + np.log(square / far))
        total += np.log(sd[row]) + 0.5 * square
        count += 1
    return total, count


def loss(offsets: Ints, of: Readings, prior: Prior) -> tuple[float, int]:
    """(mean negative log likelihood of a reading given the child's before it, how many)."""
    total, count = _loss(*one_step(offsets, of, prior))
    return total / max(count, 1), count


def _at(u: Floats, default: Prior, mean: float, variance: float) -> Prior:
    """The prior at a point of the search: `u` in SDs of the weak prior from the default."""
    found = {
        name: float(getattr(default, name) * np.exp(LOG_SD * by))
        for name, by in zip(POSITIVE, u[:-1], strict=True)
    }
    trend = default.trend + float(u[-1]) * TREND_SD * float(np.sqrt(default.variance))
    return Prior(mean=mean, variance=variance, trend=trend, **found)


def fitted_prior(offsets: Ints, of: Readings, *, default: Prior) -> FittedPrior:
    """The prior under which these readings, and the weak prior of its parameters, are likeliest.

    Give one view a child, or a child counts many times. Fewer than 500 successive readings leave
    the default, and so does a search that ends on its bound; one that does not converge is begun
    again from where it stopped.
    """
    readings = of.value[~np.isnan(of.value)]
    count = loss(offsets, of, default)[1]
    if count < FEWEST_READINGS:
        return FittedPrior(default, count)
    mean, variance = float(np.median(readings)), float(readings.var())

    def cost(u: Floats) -> float:
        from_data = loss(offsets, of, _at(u, default, mean, variance))[0]
        return from_data + 0.5 * float(u @ u) / count

    width = len(POSITIVE) + 1
    u, evaluations, converged = np.zeros(width), 0, False
    for attempt in range(RESTARTS):
        # The next attempt looks the other way along each axis.
        around = np.vstack([u, u + np.eye(width) * (-0.75 if attempt % 2 == 0 else 0.5)])
        best = minimize(
            cost,
            u,
            method="Nelder-Mead",
            bounds=[(-BOUND, BOUND)] * width,
            options={
                "maxfev": MOST_EVALUATIONS,
                "xatol": 0.05,
                "fatol": 1e-5,
                "initial_simplex": np.clip(around, -BOUND, BOUND),
            },
        )
        u, evaluations, converged = best.x, evaluations + best.nfev, bool(best.success)
        if converged:
            break
    at_bound = tuple(
        name for name, by in zip((*POSITIVE, "trend"), u, strict=True) if abs(by) > 0.99 * BOUND
    )
    found = default if at_bound else _at(u, default, mean, variance)
    return FittedPrior(found, count, evaluations, converged, at_bound)
