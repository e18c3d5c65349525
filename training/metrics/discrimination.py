"""Discrimination (AUC), Brier score and IPCW weights, with bootstrap intervals by child.

All take `risk` (float64[n], a probability), `happened` (float64[n], 0 or 1) and `weight`
(float64[n], of `known_weights`). Rows of weight 0, whose outcome is not known, count for nothing in
any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from features.kaplan_meier import kaplan_meier
from models.targets import CENSORED
from registry.contract.arrays import Flags, Floats, Ints


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval; NaN where it cannot be had (for instance no event)."""

    value: float
    low: float
    high: float


def followed_before(time: Ints, lost: Flags) -> Floats:
    """Share of rows still followed just before each row's own `time` (float64[n], Kaplan-Meier);
    `lost` ends the following.

    On one day losses come after everything else, so that a row known on a day was at risk of being
    lost on it.
    """
    return just_before(time, *kaplan_meier(time, lost))


def just_before(time: Ints, day: Ints, share: Floats) -> Floats:
    """The value of a curve (the share beyond each day) just before each time."""
    found: Floats = np.concatenate([[1.0], share])[np.searchsorted(day, time)]
    return found


def known_weights(
    *,
    outcome: np.ndarray,
    days: np.ndarray,
    competing: np.ndarray,
    landmark: np.ndarray,
    horizon: np.ndarray,
) -> np.ndarray:
    """float64[n]: 1 / (share still followed just before it was known) where the outcome is known,
    else 0.

    `outcome`: int8 (1, 0, -1 censored); `days`: from the prediction to the event, the competing
    death or the last day the child was followed; `competing`: True where a death came first;
    `horizon`: days from the prediction to the end of the target's time. What did not happen is
    known at the horizon. One curve a landmark. Source: Graf et al. 1999; Uno et al. 2007 (inverse
    probability of censoring weights).

    Example: of four children one is lost on day 10: an event on day 5 weighs 1, one on day 20
    weighs 3/2.
    """
    lost = outcome == CENSORED
    time = time_followed(outcome, days, competing, horizon)
    still = np.ones(len(outcome))
    for day in np.unique(landmark):
        rows = landmark == day
        still[rows] = followed_before(time[rows], lost[rows])
    return weights_of_known(lost, still)


def time_followed(
    outcome: np.ndarray, days: np.ndarray, competing: np.ndarray, horizon: np.ndarray
) -> np.ndarray:
    """Days (n,) to the one on which each outcome was known, or to the last day followed; see
    `known_weights`."""
    return np.where((outcome == 0) & ~competing, horizon, np.minimum(days, horizon))


def weights_of_known(lost: Flags, still: Floats) -> Floats:
    """1 / share still followed of those not lost; 0 of the lost."""
    return np.where(lost, 0.0, 1.0 / np.where(lost, 1.0, still))


def auc(risk: np.ndarray, happened: np.ndarray, weight: np.ndarray) -> float:
    """Probability that a child with the event has the higher risk; a tie counts one half. NaN
    without both kinds.

    Risks that are integers are taken for ranks from 0 on (`ranked`) and not sorted again.
    """
    place = risk if risk.dtype.kind == "i" else ranked(risk)
    levels = int(place.max(initial=-1)) + 1
    cases = np.bincount(place, weights=weight * happened, minlength=levels)
    controls = np.bincount(place, weights=weight * (1 - happened), minlength=levels)
    total = cases.sum() * controls.sum()
    below = controls.cumsum() - controls
    return float((cases * (below + controls / 2)).sum() / total) if total > 0 else np.nan


def ranked(risk: np.ndarray) -> np.ndarray:
    """The rank of each risk among those that occur, 0 the lowest (int64): all that an AUC needs,
    made once."""
    found: np.ndarray = rankdata(risk, method="dense").astype(np.int64) - 1
    return found


def brier(risk: np.ndarray, happened: np.ndarray, weight: np.ndarray) -> float:
    """Mean squared distance of risk and outcome, weighted."""
    # As sklearn.metrics.brier_score_loss (a test holds it to that), whose checks of each argument
    # take milliseconds: the bootstrap calls this hundreds of times a figure.
    return float(np.average((risk - happened) ** 2, weights=weight)) if weight.sum() > 0 else np.nan


def scaled_brier(risk: np.ndarray, happened: np.ndarray, weight: np.ndarray) -> float:
    """Share of the Brier score of the plain prevalence that is saved: 1 is perfect, 0 no better
    than the mean."""
    if weight.sum() <= 0:
        return np.nan
    prevalence = np.average(happened, weights=weight)
    plain = brier(np.full(len(risk), prevalence), happened, weight)
    return 1.0 - brier(risk, happened, weight) / plain if plain > 0 else np.nan


def bootstrap(
    figure: Callable[..., float],
    *columns: np.ndarray,
    cluster: np.ndarray,
    repeats: int = 200,
    seed: int = 0,
) -> Estimate:
    """A figure of columns with its 95 % percentile interval; whole clusters (children) are drawn,
    not rows.

    Draws in which the figure is not defined are left out; with fewer than half defined the interval
    is NaN.
    """
    return bootstraps(
        lambda *drawn: (figure(*drawn),), *columns, cluster=cluster, repeats=repeats, seed=seed
    )[0]


def bootstraps(
    figures: Callable[..., Sequence[float] | Floats],
    *columns: np.ndarray,
    cluster: np.ndarray,
    repeats: int = 200,
    seed: int = 0,
) -> list[Estimate]:
    """`bootstrap` of several figures that one function gives: each draw is made once for all of
    them."""
    random = np.random.default_rng(seed)
    _, place = np.unique(cluster, return_inverse=True)
    order, starts = (
        np.argsort(place, kind="stable"),
        np.concatenate([[0], np.bincount(place).cumsum()]),
    )
    draws = []
    for _ in range(repeats):
        rows = _drawn_rows(random, order, starts)
        draws.append(figures(*(column[rows] for column in columns)))
    own = figures(*columns)
    return [
        _estimate(value, of) for value, of in zip(own, np.array(draws, np.float64).T, strict=True)
    ]


def _estimate(value: float, draws: np.ndarray) -> Estimate:
    known = draws[~np.isnan(draws)]
    enough = len(known) * 2 >= len(draws) and len(known)
    low, high = np.percentile(known, [2.5, 97.5]) if enough else (np.nan, np.nan)
    return Estimate(value, float(low), float(high))


def _drawn_rows(random: np.random.Generator, order: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Rows of as many clusters as there are, drawn with replacement."""
    clusters = random.integers(0, len(starts) - 1, len(starts) - 1)
    sizes = np.diff(starts)[clusters]
    first = np.repeat(starts[clusters] - (sizes.cumsum() - sizes), sizes)
    found: np.ndarray = order[first + np.arange(sizes.sum())]
    return found


def by_landmark(
    figure: Callable[..., float],
    *columns: np.ndarray,
    landmark: np.ndarray,
    cluster: np.ndarray,
    repeats: int = 200,
) -> dict[int, Estimate]:
    """The figure with its interval on each landmark day by itself."""
    found = {}
    for day in np.unique(landmark):
        rows = landmark == day
        parts = (column[rows] for column in columns)
        found[int(day)] = bootstrap(
            figure, *parts, cluster=cluster[rows], repeats=repeats, seed=int(day)
        )
    return found
