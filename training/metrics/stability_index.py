"""The population stability index of a column against the deciles that a bundle keeps."""

from __future__ import annotations

import numpy as np

LEAST_SHARE = 1e-3
BINS = 10


def index(deciles: np.ndarray, values: np.ndarray) -> float:
    """Sum over bins of (share now - share then) * log(share now / share then), 0 where nothing
    changed.

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
    return _index(then, now)


def index_of_missing(then: float, now: float) -> float:
    """The same over two bins, missing and there."""
    return _index(np.array([then, 1 - then]), np.array([now, 1 - now]))


def noise(rows: int, reference_rows: int) -> float:
    """What chance alone gives for ten bins: about (bins - 1) * (1 / rows + 1 / reference rows),
    doubled to be sure."""
    return 2.0 * (BINS - 1) * (1.0 / rows + 1.0 / reference_rows)


def _index(then: np.ndarray, now: np.ndarray) -> float:
    then, now = np.maximum(then, LEAST_SHARE), np.maximum(now, LEAST_SHARE)
    return float(np.sum((now - then) * np.log(now / then)))
