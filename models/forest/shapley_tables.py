"""Kernels that fill the tables of `models.forest.cut` and read them back: Shapley values of one
leaf or one piece."""

from __future__ import annotations

import numpy as np

from models.forest.cut import SPLIT, WHOLE
from registry.contract.arrays import AnyArray, Floats
from registry.machine.numba_kernels import njit


def quadrature(features: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre points and weights on [0, 1], one row per count of points, exact for
    `features` factors."""
    most = max(1, (features + 1) // 2)
    points, weights = np.zeros((most + 1, most)), np.zeros((most + 1, most))
    for count in range(1, most + 1):
        at, weight = np.polynomial.legendre.leggauss(count)
        points[count, :count], weights[count, :count] = (at + 1) / 2, weight / 2
    return points, weights


@njit(cache=True, nogil=True)
def leaf_effects(
    value: float,
    share: AnyArray,
    missed: AnyArray,
    points: AnyArray,
    weights: AnyArray,
    work: AnyArray,
    effects: AnyArray,
) -> None:
    """Shapley values of one leaf into `effects[: len(share)]`.

    `share`: per feature, the share of training rows that pass; `missed`: 1 where the row does not
    pass; `work`: float64[2, features] of scratch space.
    """
    features = len(share)
    for j in range(features):
        effects[j] = 0.0
    count = max(1, (features + 1) // 2)
    for q in range(count):
        t = points[count, q]
        product = 1.0
        for j in range(features):
            work[0, j] = product
            work[1, j] = (1.0 - t) * share[j] + (0.0 if missed[j] else t)
            product *= work[1, j]
        product = weights[count, q] * value
        for j in range(features - 1, -1, -1):
            effects[j] += product * work[0, j] * ((0.0 if missed[j] else 1.0) - share[j])
            product *= work[1, j]


@njit(cache=True, nogil=True)
def leaf_path(
    leaf: int,
    left: AnyArray,
    above: AnyArray,
    leaf_above: AnyArray,
    nodes: AnyArray,
    went_left: AnyArray,
) -> int:
    """A leaf's decisions from the top down into `nodes` and `went_left`; returns how many."""
    steps, child, node = 0, ~leaf, leaf_above[leaf]
    while node >= 0:
        nodes[steps], went_left[steps] = node, left[node] == child
        steps += 1
        child, node = node, above[node]
    nodes[:steps] = nodes[:steps][::-1].copy()
    went_left[:steps] = went_left[:steps][::-1].copy()
    return steps


@njit(cache=True, nogil=True)
def leaf_shares(
    nodes: AnyArray,
    passing: AnyArray,
    feature: AnyArray,
    count: AnyArray,
    slot: AnyArray,
    features: AnyArray,
    share: AnyArray,
) -> int:
    """Distinct features of a path in its order, each with the share of training rows that pass its
    decisions.

    `passing`: training rows under each step; `slot`: each step's place among the features. Returns
    how many.
    """
    distinct = 0
    for step in range(len(nodes)):
        place = 0
        while place < distinct and features[place] != feature[nodes[step]]:
            place += 1
        if place == distinct:
            features[place], share[place] = feature[nodes[step]], 1.0
            distinct += 1
        share[place] *= passing[step] / count[nodes[step]]
        slot[step] = place
    return distinct


@njit(cache=True, nogil=True)
def fill_tables(
    tables: AnyArray,
    column_share: AnyArray,
    points: AnyArray,
    weights: AnyArray,
    kind: AnyArray,
    root: AnyArray,
    size: AnyArray,
    path_bits: AnyArray,
    column_start: AnyArray,
    column_feature: AnyArray,
    table_start: AnyArray,
    feature: AnyArray,
    left: AnyArray,
    right: AnyArray,
    above: AnyArray,
    count: AnyArray,
    value: AnyArray,
    leaf_count: AnyArray,
    leaf_above: AnyArray,
) -> None:
    """Fill every piece's tables (a WHOLE piece's is the sum of its leaves'); leaves on their own
    get their shares."""
    longest = len(feature) + 1
    nodes, went_left, slot = (
        np.empty(longest, np.int32),
        np.empty(longest, np.uint8),
        np.empty(longest, np.int32),
    )
    features, share, passing = np.empty(longest, np.int32), np.empty(longest), np.empty(longest)
    for piece in range(len(root)):
        first, last = column_start[piece], column_start[piece + 1]
        table = tables[table_start[piece] :]
        for number in range(size[piece] + 1):
            leaf = leaf_of_piece(number, root[piece], size[piece], left, right)
            steps = leaf_path(leaf, left, above, leaf_above, nodes, went_left)
            passing[: steps - 1] = count[nodes[1:steps]]
            passing[steps - 1] = leaf_count[leaf]
            distinct = leaf_shares(nodes[:steps], passing, feature, count, slot, features, share)
            if size[piece] == 0:
                column_share[first:last] = share[:distinct]
            if kind[piece] == SPLIT:
                fill_split(table, value[leaf], share[:distinct], points, weights)
            if kind[piece] == WHOLE:
                add_leaf(
                    table,
                    leaf_table(value[leaf], share[:distinct], points, weights),
                    column_feature[first:last],
                    features[:distinct],
                    nodes[:steps],
                    went_left,
                    slot,
                    root[piece],
                    size[piece],
                    path_bits[piece],
                )


@njit(cache=True, nogil=True)
def leaf_of_piece(number: int, root: int, size: int, left: AnyArray, right: AnyArray) -> int:
    """The piece's leaf of this number, counted over its nodes in preorder."""
    if size == 0:
        return ~root
    seen = 0
    for node in range(root, root + size):
        for child in (left[node], right[node]):
            if child < 0:
                if seen == number:
                    return int(~child)
                seen += 1
    return -1


@njit(cache=True, nogil=True)
def leaf_table(value: float, share: AnyArray, points: AnyArray, weights: AnyArray) -> Floats:
    """float64 (2^features, features): one leaf's Shapley values by what is missed (bit j: feature
    j)."""
    features = len(share)
    table, missed, work = (
        np.empty((1 << features, features)),
        np.empty(features, np.uint8),
        np.empty((2, features)),
    )
    for pattern in range(1 << features):
        for j in range(features):
            missed[j] = pattern >> j & 1
        leaf_effects(value, share, missed, points, weights, work, table[pattern])
    return table


@njit(cache=True, nogil=True)
def add_leaf(
    table: AnyArray,
    own: AnyArray,
    columns: AnyArray,
    features: AnyArray,
    nodes: AnyArray,
    went_left: AnyArray,
    slot: AnyArray,
    root: int,
    size: int,
    path_bits: int,
) -> None:
    """Add a leaf's own table to its piece's, for each pattern of the piece."""
    width, steps = len(columns), len(nodes)
    bit, flip, column = (
        np.empty(steps, np.int64),
        np.zeros(steps, np.int64),
        np.empty(len(features), np.int64),
    )
    for j in range(len(features)):
        column[j] = np.argmax(columns == features[j])
    for step in range(steps):
        bit[step] = slot[step]
        if root <= nodes[step] < root + size:
            bit[step], flip[step] = path_bits + nodes[step] - root, 1 - went_left[step]
    for pattern in range(1 << (path_bits + size)):
        missed = 0
        for step in range(steps):
            missed |= (pattern >> bit[step] & 1 ^ flip[step]) << slot[step]
        for j in range(len(features)):
            table[pattern * width + column[j]] += own[missed, j]


@njit(cache=True, nogil=True)
def fill_split(
    table: AnyArray, value: float, share: AnyArray, points: AnyArray, weights: AnyArray
) -> None:
    """Both half tables of one leaf, the first half's with the weights and the value in them."""
    features = len(share)
    half, count = features // 2, (features + 1) // 2
    ones = np.ones(count)
    fill_half(table, share[:half], points[count, :count], weights[count, :count] * value)
    fill_half(table[count * (half + 1) << half :], share[half:], points[count, :count], ones)


@njit(cache=True, nogil=True)
def fill_half(table: AnyArray, share: AnyArray, points: AnyArray, weights: AnyArray) -> None:
    """Per pattern and point: the product of the half's factors, and for each feature that product
    without it."""
    features = len(share)
    place = 0
    for pattern in range(1 << features):
        for q in range(len(weights)):
            t = points[q]
            for skipped in range(-1, features):
                product = weights[q]
                for j in range(features):
                    passes = 0.0 if pattern >> j & 1 else 1.0
                    product *= (
                        passes - share[j] if j == skipped else (1.0 - t) * share[j] + passes * t
                    )
                table[place] = product
                place += 1


@njit(cache=True, nogil=True)
def split_effects(
    tables: AnyArray, start: int, features: int, pattern: int, effects: AnyArray
) -> None:
    """Shapley values of one leaf from its two half tables, which begin at `start`, into
    `effects[:features]`."""
    half, count = features // 2, (features + 1) // 2
    rest = features - half
    mine = start + (pattern & (1 << half) - 1) * count * (half + 1)
    other = start + (count * (half + 1) << half) + (pattern >> half) * count * (rest + 1)
    for j in range(half):
        effect = 0.0
        for q in range(count):
            effect += tables[mine + q * (half + 1) + 1 + j] * tables[other + q * (rest + 1)]
        effects[j] = effect
    for j in range(rest):
        effect = 0.0
        for q in range(count):
            effect += tables[other + q * (rest + 1) + 1 + j] * tables[mine + q * (half + 1)]
        effects[half + j] = effect
