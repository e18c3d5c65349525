"""How much a distribution of risks has moved: the population stability index."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BINS = 10
SMALLEST_SHARE = 1e-4
"""An empty bin counts as this share, so that the index stays finite."""


def stability_index(before: Sequence[float], now: Sequence[float]) -> float:
    """Population stability index over tenths of `before`.

    Under 0.1 steady, over 0.25 moved: a rule of thumb of credit scoring, not of this field.
    """
    before, now = np.asarray(before, np.float64), np.asarray(now, np.float64)
    edges = np.unique(np.quantile(before, np.linspace(0, 1, BINS + 1)[1:-1]))
    shares = [_shares(sample, edges) for sample in (before, now)]
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))


def _shares(sample: np.ndarray, edges: np.ndarray) -> np.ndarray:
    counts = np.bincount(np.searchsorted(edges, sample, side="right"), minlength=len(edges) + 1)
    return np.maximum(counts / len(sample), SMALLEST_SHARE)
