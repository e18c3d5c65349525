"""The population stability index (PSI): how far a distribution has moved.

Under 0.1 steady, over 0.25 moved: a rule of thumb of credit scoring, not of this field.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from registry.contract.arrays import Floats

BINS = 10
LEAST_SHARE = 1e-3
"""An empty bin counts as this share, so that the index stays finite. One in a thousand, because a
month or a sector has hundreds to a few thousand rows: a smaller floor would make more of an empty
bin than so few rows can show (0.69 for one empty tenth at 1e-4, 0.46 here)."""


def index_of_samples(before: Sequence[float], now: Sequence[float]) -> float:
    """The index of one sample against another, over tenths of `before`.

    Both samples' shares are counted: a tenth of a few tied values holds more or less than a tenth.
    """
    samples = np.asarray(before, np.float64), np.asarray(now, np.float64)
    edges = np.unique(np.quantile(samples[0], np.linspace(0, 1, BINS + 1)[1:-1]))
    then, since = (
        np.bincount(np.searchsorted(edges, sample, side="right"), minlength=len(edges) + 1)
        / len(sample)
        for sample in samples
    )
    return of_shares(then, since)


def of_shares(then: Floats, now: Floats) -> float:
    """Sum over bins of (share now - share then) * log(share now / share then)."""
    then, now = np.maximum(then, LEAST_SHARE), np.maximum(now, LEAST_SHARE)
    return float(np.sum((now - then) * np.log(now / then)))
