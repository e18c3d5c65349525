"""Inverse probability of censoring weights (IPCW) of landmark rows."""

from __future__ import annotations

import numpy as np

from features.clock import Clock
from models.targets import DID_NOT_HAPPEN, Target
from training.cohorts.known_until import known_until
from training.cohorts.landmarks import Cohort, cohort
from training.metrics.discrimination import known_weights

MOST_WEIGHT = 20.0
"""No row stands for more than twenty: where fewer are still followed, weighting further only adds
noise."""


def weights(rows: Cohort) -> np.ndarray:
    """IPCW of each landmark row (float64): 0 where censored, else 1 / share still followed at its
    outcome.

    One curve a landmark, over the rows given. A row of a child who grows past 1,826 days within the
    horizon has no part in it: its event could be known and its absence could not. Rows drawn by lot
    bring their weights with them.
    """
    if rows.weight is not None:
        return rows.weight
    weight, room = np.zeros(len(rows.index)), np.flatnonzero(rows.outcomes.room[rows.index])
    weight[room] = _with_room(rows.take(room))
    return weight


def _with_room(rows: Cohort) -> np.ndarray:
    # A death, or a cure that ends the stay, answers the question on its day: nothing could be lost
    # after it.
    ended = (rows.outcome == DID_NOT_HAPPEN) & (rows.time < rows.remaining)
    weight = known_weights(
        outcome=rows.outcome,
        days=rows.time,
        competing=ended,
        landmark=rows.landmark,
        horizon=rows.remaining,
    )
    found: np.ndarray = np.minimum(weight, MOST_WEIGHT)
    return found


def known_outcomes(clock: Clock, target: Target, *, by: int) -> int:
    """How many outcomes of a target (indexes, not rows) are known in a registry by a day.

    Example: two discharges 300 days ago, one child seen on day 160 without SAM, the other never
    again: 1.
    """
    rows = cohort(clock, target, cutoff=min(by, known_until(clock.registry)))
    return len(np.unique(rows.index[weights(rows) > 0]))
