"""How much a distribution of risks has moved: the population stability index."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from registry.contract.arrays import Floats

BINS = 10
SMALLEST_SHARE = 1e-4
"""An empty bin counts as this share, so that the index stays finite."""


def stability_index(before: Sequence[float], now: Sequence[float]) -> float:
    """Population stability index over tenths of `before`.

    Under 0.1 steady, over 0.25 moved: a rule of thumb of credit scoring, not of this field.
    """
    edges = np.unique(
        np.quantile(np.asarray(before, np.float64), np.linspace(0, 1, BINS + 1)[1:-1])
    )
    shares = [_shares(np.asarray(sample, np.float64), edges) for sample in (before, now)]
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))


def _shares(sample: Floats, edges: Floats) -> Floats:
    counts = np.bincount(np.searchsorted(edges, sample, side="right"), minlength=len(edges) + 1)
    return np.maximum(counts / len(sample), SMALLEST_SHARE)
