"""Ranks of missed events: where, below the capacity, the children with the event stand on their
lists."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import rankdata

QUARTERS = (25, 50, 75)
LEAST_MISSED = 5
"""Fewer places of missed children are not described: they could tell of single ones."""


def places(by: np.ndarray) -> np.ndarray:
    """The place of each row in its list, 1 the highest; rows that an order cannot tell apart share
    their middle place.

    Example: orders 0.9 0.5 0.5 0.1 stand on places 1, 2.5, 2.5 and 4.
    """
    found: np.ndarray = rankdata(-by)
    return found


def missed_places(
    lists: list[np.ndarray], by: np.ndarray, happened: np.ndarray, *, capacity: int
) -> dict[str, Any] | None:
    """Of the rows with the event that stand below the visits, over lists with more rows than
    visits:

    `missed` (how many), the quarters of their places (`p25`, `p50`, `p75`), `within_twice` (share
    that twice the visits would have reached), `lowest_half` (share in the list's lower half), and
    `length`, the median list. None with fewer than `LEAST_MISSED`.
    """
    place, length = [np.zeros(0)], [np.zeros(0)]
    for rows in (rows for rows in lists if len(rows) > capacity):
        here = places(by[rows])
        out = (happened[rows] == 1) & (here > capacity)
        place.append(here[out])
        length.append(np.full(int(out.sum()), float(len(rows))))
    at, of = np.concatenate(place), np.concatenate(length)
    if len(at) < LEAST_MISSED:
        return None
    told = {f"p{share}": float(np.percentile(at, share)) for share in QUARTERS}
    return {
        "missed": len(at),
        **told,
        "within_twice": float(np.mean(at <= 2 * capacity)),
        "lowest_half": float(np.mean(at > of / 2)),
        "length": float(np.median(of)),
    }
