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


def index(deciles: Floats, values: Floats) -> float:
    """The index of values against the deciles of a reference, as a bundle keeps them.

    `deciles` (11,): quantiles 0, 0.1 … 1 of the reference; equal ones (a count that is mostly 0)
    share a bin. Example: a reference of 1 to 100 and values of 51 to 150: over 2; of 1 to 100
    again: about 0.
    """
    edges, level = np.unique(deciles[::-1], return_index=True)
    upto = 1.0 - level / (len(deciles) - 1)
    # A bin that the reference does not fill (below its lowest value) joins the one above.
    edges, upto = edges[upto > 1e-9], upto[upto > 1e-9]
    then = np.diff(np.concatenate([[0.0], upto]))
    place = np.minimum(np.searchsorted(edges, values, side="left"), len(edges) - 1)
    now = np.bincount(place, minlength=len(edges)) / max(len(values), 1)
    return of_shares(then, now)


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


def index_of_missing(then: float, now: float) -> float:
    """The index over two bins, missing and not missing; shares from 0 to 1."""
    return of_shares(np.array([then, 1 - then]), np.array([now, 1 - now]))


def noise(rows: int, reference_rows: float) -> float:
    """What chance alone gives for ten bins: about (bins - 1) * (1 / rows + 1 / reference rows),
    doubled to be sure."""
    return 2.0 * (BINS - 1) * (1.0 / rows + 1.0 / reference_rows)


def of_shares(then: Floats, now: Floats) -> float:
    """Sum over bins of (share now - share then) * log(share now / share then)."""
    then, now = np.maximum(then, LEAST_SHARE), np.maximum(now, LEAST_SHARE)
    return float(np.sum((now - then) * np.log(now / then)))
