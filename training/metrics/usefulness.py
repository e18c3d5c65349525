"""Clinical usefulness: net benefit, and precision and recall at a capacity, with bounds for ties.

Arguments as in `training.metrics.discrimination`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def net_benefit(
    risk: np.ndarray, happened: np.ndarray, weight: np.ndarray, *, thresholds: np.ndarray
) -> dict[str, np.ndarray]:
    """Decision curve: true cases found per child, less false alarms at the threshold's odds
    (Vickers & Elkin 2006).

    Keys `model`, `visit_all`, `visit_none`; a child is visited where risk >= threshold.
    """
    total = weight.sum()
    thresholds = np.asarray(thresholds, float)
    if total <= 0:
        return {
            key: np.full(len(thresholds), np.nan) for key in ("model", "visit_all", "visit_none")
        }
    order = np.argsort(risk, kind="stable")
    case, other = (
        np.concatenate([[0.0], (weight * side)[order].cumsum()])
        for side in (happened, 1 - happened)
    )
    below = np.searchsorted(risk[order], thresholds, side="left")
    odds = thresholds / (1 - thresholds)
    return {
        "model": (case[-1] - case[below] - odds * (other[-1] - other[below])) / total,
        "visit_all": (case[-1] - odds * other[-1]) / total,
        "visit_none": np.zeros(len(thresholds)),
    }


def standardised_net_benefit(
    risk: np.ndarray, happened: np.ndarray, weight: np.ndarray, *, threshold: float
) -> float:
    """Net benefit of visiting from a threshold on, over the share with the event: 1 where exactly
    those with the event are visited, 0 for nobody. NaN without an event (Kerr et al. 2016).

    Example: half of the events lie at or over a threshold of 0.1, and a fifth of the others; of 100
    children 10 have the event: (5 - 18 * 0.1 / 0.9) / 10 = 0.3.
    """
    with_event = float((happened * weight).sum())
    if not with_event > 0 or not 0 < threshold < 1:
        return float("nan")
    visited = risk >= threshold
    found = float((happened * weight)[visited].sum())
    false = float(((1 - happened) * weight)[visited].sum())
    return (found - threshold / (1 - threshold) * false) / with_event


@dataclass(frozen=True)
class AtCapacity:
    """What `capacity` visits find. `worst` and `best`: had the ties at the cut fallen out so;
    plain: by chance."""

    capacity: int
    precision: float
    precision_worst: float
    precision_best: float
    recall: float
    recall_worst: float
    recall_best: float


def at_capacity(
    risk: np.ndarray, happened: np.ndarray, weight: np.ndarray, *, capacity: int
) -> AtCapacity:
    """Precision and recall of the `capacity` highest risks, among children whose outcome is known.

    Example: risks 0.9 0.5 0.5 0.1 with the event in the second only, capacity 2: precision 0.25 by
    chance (0 to 0.5), recall 0.5 (0 to 1). With uneven weights the bounds take the tied children in
    order of their cases' weight.
    """
    known = weight > 0
    risk, case, weight = risk[known], (happened * weight)[known], weight[known]
    visits = min(capacity, len(risk))
    if visits == 0:
        return AtCapacity(capacity, *[np.nan] * 6)
    cut = np.partition(risk, len(risk) - visits)[len(risk) - visits]
    sure, tied = risk > cut, np.flatnonzero(risk == cut)
    seats = visits - int(sure.sum())
    tied = tied[np.argsort(case[tied], kind="stable")]
    found = case[sure].sum() + _seated(case[tied], seats)
    visited = weight[sure].sum() + _seated(weight[tied], seats)
    recall = found / case.sum() if case.sum() > 0 else np.full(3, np.nan)
    return AtCapacity(capacity, *(found / visited), *recall)


def _seated(tied: np.ndarray, seats: int) -> np.ndarray:
    """What the tied children add by chance, at worst and at best; they are sorted with the best
    last."""
    return np.array([tied.mean() * seats, tied[:seats].sum(), tied[len(tied) - seats :].sum()])
