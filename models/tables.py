"""Kernels that fill the tables of `models.patterns` and read them back: Shapley values of one leaf or one piece."""

from __future__ import annotations

import numpy as np
from numba import njit

from models.patterns import SPLIT


def quadrature(features: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre points and weights on [0, 1], one row per count of points, exact for `features` factors."""
    most = max(1, (features + 1) // 2)
    points, weights = np.zeros((most + 1, most)), np.zeros((most + 1, most))
    for count in range(1, most + 1):
        at, weight = np.polynomial.legendre.leggauss(count)
        points[count, :count], weights[count, :count] = (at + 1) / 2, weight / 2
    return points, weights


@njit(cache=True, nogil=True)
def leaf_effects(value, share, missed, points, weights, work, effects):
    """Shapley values of one leaf into `effects[: len(share)]`.

    `share`: per feature, the share of training rows that pass; `missed`: 1 where the row does not pass; `work`:
    float64[2, features] of scratch space.
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
def path_of_leaf(
    leaf, feature, left, above, count, leaf_count, leaf_above, path_feature, share,
    step_node, step_column,
):  # fmt: skip
    """One leaf's distinct features with their shares, and its steps upwards; returns (features, steps)."""
    features, steps = 0, 0
    child, passed, node = ~leaf, leaf_count[leaf], leaf_above[leaf]
    while node >= 0:
        column = 0
        while column < features and path_feature[column] != feature[node]:
            column += 1
        if column == features:
            path_feature[column], share[column] = feature[node], 1.0
            features += 1
        share[column] *= passed / count[node]
        step_node[steps], step_column[steps] = (node if left[node] == child else ~node), column
        steps += 1
        child, passed, node = node, count[node], above[node]
    return features, steps


@njit(cache=True, nogil=True)
def fill_tables(
    tables, column_share, points, weights, longest, kind, root, size, term_start, column_start, column_feature, table_start,
    feature, left, right, above, count, value, leaf_count, leaf_above,
):  # fmt: skip
    """Fill every piece's table, the sum of its leaves' tables; a loose leaf gets its columns' shares instead."""
    path_feature, share = np.empty(longest, np.int32), np.empty(longest)
    step_node, step_column = np.empty(longest, np.int32), np.empty(longest, np.int32)
    missed, work, effects = np.zeros(longest, np.uint8), np.empty((2, longest)), np.empty(longest)
    for piece in range(len(root)):
        columns = column_feature[column_start[piece] : column_start[piece + 1]]
        nodes = size[piece]
        leaves = max(1, nodes + 1)
        for number in range(leaves):
            leaf = ~root[piece] if nodes == 0 else leaf_of_piece(number, root[piece], nodes, left, right)
            features, steps = path_of_leaf(
                leaf, feature, left, above, count, leaf_count, leaf_above, path_feature, share, step_node, step_column
            )
            if kind[piece] >= SPLIT:
                ordered = column_share[column_start[piece] : column_start[piece + 1]]
                for j in range(features):
                    ordered[np.flatnonzero(columns == path_feature[j])[0]] = share[j]
                if kind[piece] == SPLIT:
                    fill_split(tables[table_start[piece] :], value[leaf], ordered, points, weights)
                continue
            own = np.empty((1 << features, features))
            for pattern in range(1 << features):
                for j in range(features):
                    missed[j] = pattern >> j & 1
                leaf_effects(value[leaf], share[:features], missed, points, weights, work, effects)
                own[pattern] = effects[:features]
            add_leaf(
                tables, table_start[piece], own, features, steps, step_node, step_column, path_feature,
                columns, root[piece], nodes, feature,
            )  # fmt: skip


@njit(cache=True, nogil=True)
def leaf_of_piece(number, root, nodes, left, right):
    """The piece's leaf of this number, counted over its nodes in preorder."""
    seen = 0
    for node in range(root, root + nodes):
        for child in (left[node], right[node]):
            if child < 0:
                if seen == number:
                    return ~child
                seen += 1
    return -1


@njit(cache=True, nogil=True)
def add_leaf(
    tables, start, own, features, steps, step_node, step_column, path_feature, columns, root, nodes, feature
):  # fmt: skip
    """Add a leaf's own table to its piece's, pattern by pattern."""
    width = len(columns)
    bit, flip, target = np.empty(steps, np.int64), np.empty(steps, np.int64), np.empty(features, np.int64)
    above = path_width(columns, root, nodes, steps, step_node, feature)
    for j in range(features):
        target[j] = np.flatnonzero(columns == path_feature[j])[0]
    for step in range(steps):
        node, went_left = (step_node[step], 1) if step_node[step] >= 0 else (~step_node[step], 0)
        inside = nodes > 0 and root <= node < root + nodes
        bit[step] = above + node - root if inside else target[step_column[step]]
        flip[step] = 1 - went_left if inside else 0
    for pattern in range(1 << (above + nodes)):
        mine = 0
        for step in range(steps):
            mine |= (pattern >> bit[step] & 1 ^ flip[step]) << step_column[step]
        for j in range(features):
            tables[start + pattern * width + target[j]] += own[mine, j]


@njit(cache=True, nogil=True)
def path_width(columns, root, nodes, steps, step_node, feature):
    """How many distinct features lie above the piece: they are its first columns."""
    width = 0
    for step in range(steps):
        node = step_node[step] if step_node[step] >= 0 else ~step_node[step]
        if nodes == 0 or node < root:
            width = max(width, np.flatnonzero(columns == feature[node])[0] + 1)
    return width


@njit(cache=True, nogil=True)
def fill_split(table, value, share, points, weights):
    """Both half tables of one leaf, the first half's with the weights and the value in them."""
    features = len(share)
    half, count = features // 2, (features + 1) // 2
    ones = np.ones(count)
    fill_half(table, share[:half], points[count, :count], weights[count, :count] * value)
    fill_half(table[count * (half + 1) << half :], share[half:], points[count, :count], ones)


@njit(cache=True, nogil=True)
def fill_half(table, share, points, weights):
    """Per pattern and point: the product of the half's factors, and for each feature that product without it."""
    features = len(share)
    place = 0
    for pattern in range(1 << features):
        for q in range(len(weights)):
            t = points[q]
            for skipped in range(-1, features):
                product = weights[q]
                for j in range(features):
                    passes = 0.0 if pattern >> j & 1 else 1.0
                    product *= passes - share[j] if j == skipped else (1.0 - t) * share[j] + passes * t
                table[place] = product
                place += 1


@njit(cache=True, nogil=True)
def split_effects(table, features, pattern, effects):
    """Shapley values of one leaf from its two half tables into `effects[:features]`."""
    half, count = features // 2, (features + 1) // 2
    rest = features - half
    mine = table[(pattern & (1 << half) - 1) * count * (half + 1) :]
    other = table[(count * (half + 1) << half) + (pattern >> half) * count * (rest + 1) :]
    effects[:features] = 0.0
    a = b = 0
    for _ in range(count):
        for j in range(half):
            effects[j] += mine[a + 1 + j] * other[b]
        for j in range(rest):
            effects[half + j] += other[b + 1 + j] * mine[a]
        a += half + 1
        b += rest + 1
