"""Sampling of training rows where there are too many: all with the event, and a draw of the others
(case-cohort)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.targets import HAPPENED
from training.cohorts import censoring
from training.cohorts.landmarks import Cohort

MOST_ROWS = 150_000
"""Rows learnt from at most: a state has tens of millions of child-quarters, and few events among
them."""
OTHERS_PER_EVENT, FEWEST_ROWS = 25, 20_000
"""Nor more than so many rows without the event for one with it, from `FEWEST_ROWS` on: the variance
of an estimate is (1 + 1/25) times that of endlessly many, and the time is that of the rows."""


def drawn(rows: Cohort, *, seed: int, most: int = MOST_ROWS) -> tuple[np.ndarray, Cohort]:
    """(positions, rows) of all rows where they are few enough; else of all with the event and, by
    lot, so many of those known to be without it, each standing for as many as were there for one
    drawn. Weights of censoring are found before the draw, over all rows.

    Example: 2,000 events and 600,000 others: 50,000 others (25 for one event), each weighed 12
    times.
    """
    everything = np.arange(len(rows.index))
    if len(rows.index) <= min(most, FEWEST_ROWS):
        return everything, rows
    weight = censoring.weights(rows)
    events = everything[(weight > 0) & (rows.outcome == HAPPENED)]
    most = min(most, max(FEWEST_ROWS, (1 + OTHERS_PER_EVENT) * len(events)))
    if len(rows.index) <= most:
        return everything, rows
    others = everything[(weight > 0) & (rows.outcome != HAPPENED)]
    few = min(max(most - len(events), len(events)), len(others))
    lot = np.random.default_rng(seed).choice(others, few, replace=False)
    weight[lot] *= len(others) / max(few, 1)
    kept = np.sort(np.concatenate([events, lot]))
    return kept, replace(rows.take(kept), weight=weight[kept])
