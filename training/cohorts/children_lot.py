"""A lot of whole children, where there are more rows than a figure needs: the same children however
a store is divided, and no row weighs more than another."""

from __future__ import annotations

import numpy as np

from registry.contract.arrays import Days, Flags, Ints

MOST_JUDGED_ROWS = 150_000
"""Rows of a target that are judged: a state has tens of millions (onset is asked of everybody), and
figures of so many have intervals narrow enough."""


def by_lot(child: Days | Ints, *, rows: int, most: int) -> Flags:
    """Which rows (mask) are looked at, of those whose `child` (position in the whole registry) is
    given: all where there are at most `most` `rows` in the whole registry; else those of children
    drawn by lot, so many that about `most` remain.

    Example: 600,000 rows and at most 150,000: those of about every fourth child.
    """
    if rows <= most:
        return np.ones(len(child), bool)
    lot = np.random.default_rng(0).random(int(child.max(initial=-1)) + 1)
    found: Flags = lot[child] < most / rows
    return found
