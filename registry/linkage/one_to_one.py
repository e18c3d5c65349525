"""One child has one row in each register: the best pairing as a whole, and how contested each pair
of it is."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from registry.contract.arrays import Flags, Floats, Ints


def one_to_one(left: Ints, right: Ints, gain: Floats) -> tuple[Flags, Floats]:
    """Which pairs the best pairing takes, and by how much the best without each would be worse.

    `gain` is what a pair adds, above 0; a row may stay alone at 0. A pair that is not taken has
    margin 0. Twins A, B against A', B' with gains 30, 28, 28, 30: A-A' and B-B' are taken, each
    with margin 60 - 56 = 4.
    """
    taken, margin = np.zeros(len(left), np.bool_), np.zeros(len(left))
    group = _components(left, right)
    order = np.argsort(group, kind="stable")
    bounds = np.append(np.flatnonzero(np.diff(group[order], prepend=-1)), len(order))
    alone = np.diff(bounds) == 1
    single = order[bounds[:-1][alone]]
    taken[single], margin[single] = True, gain[single]
    for start, end in zip(bounds[:-1][~alone], bounds[1:][~alone], strict=True):
        rows = order[start:end]
        taken[rows], margin[rows] = _best(left[rows], right[rows], gain[rows])
    return taken, margin


def _components(left: Ints, right: Ints) -> Ints:
    """The number of the group of each pair: pairs that share a row, directly or through others."""
    if not len(left):
        return np.empty(0, np.int64)
    lefts, at = np.unique(left, return_inverse=True)
    rights, to = np.unique(right, return_inverse=True)
    size = len(lefts) + len(rights)
    graph = coo_array((np.ones(len(left), np.int8), (at, to + len(lefts))), shape=(size, size))
    groups = connected_components(graph, directed=False)[1]
    found: Ints = groups[at].astype(np.int64)
    return found


def _best(left: Ints, right: Ints, gain: Floats) -> tuple[Flags, Floats]:
    """The best pairing of one group, and the margin of each pair it takes."""
    lefts, at = np.unique(left, return_inverse=True)
    rights, to = np.unique(right, return_inverse=True)
    table = np.zeros((len(lefts), len(rights)))
    table[at, to] = gain
    chosen, best = _pairing(table)
    taken = chosen[at, to] & (gain > 0)
    margin = np.zeros(len(left))
    for pair in np.flatnonzero(taken):
        kept, table[at[pair], to[pair]] = table[at[pair], to[pair]], 0.0
        margin[pair] = best - _pairing(table)[1]
        table[at[pair], to[pair]] = kept
    return taken, margin


def _pairing(table: Floats) -> tuple[Flags, float]:
    rows, columns = linear_sum_assignment(table, maximize=True)
    chosen = np.zeros(table.shape, np.bool_)
    chosen[rows, columns] = True
    return chosen, float(table[rows, columns].sum())
