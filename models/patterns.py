"""Tables of Shapley values by pattern: the part of path-dependent TreeSHAP that does not depend on the row.

A leaf's share in a row's explanation depends only on *which* features of its path the row misses: with M distinct
features on the path there are 2^M patterns. The same holds for a small subtree (its own decisions are further bits
of the pattern), so each tree is cut into subtrees ("pieces") of few bits, and a piece becomes one table: pattern →
log-odds per feature. A row is then explained by one look-up per piece instead of a walk over all paths.

The Shapley value itself is the integral, over the share t of features that are known, of the multilinear extension
of the leaf's game: for a leaf of value v, with z_j the share of training rows that pass at feature j's decisions
and o_j = 1 where the row passes,

    phi_i = v (o_i - z_i) ∫₀¹ ∏_{j≠i} ((1-t) z_j + t o_j) dt,

a polynomial in t that Gauss-Legendre quadrature integrates exactly. All factors are positive: nothing cancels.
Source: Lundberg et al. 2020, "From local explanations to global understanding with explainable AI for trees",
Nature Machine Intelligence 2, algorithm 2 (the game); Owen 1972, "Multilinear extensions of games" (the integral).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit

from models.trees import Trees

MOST_BITS = 10
"""A table of one piece holds at most 2^10 patterns; a leaf with more distinct features on its path gets none."""

LOOSE = -1
PER_PIECE, PER_TERM, PER_COLUMN, PER_KILOBYTE = 8.0, 1.0, 1.5, 0.5
"""Costs of a look-up, in units of one addition, as measured by `benchmarks/explain.py` (a table costs cache)."""


@dataclass(frozen=True)
class Plan:
    """How the trees are cut into pieces, as flat arrays.

    Per tree: `piece_start`. Per piece: `root` (node, or ~leaf), `size` (its nodes), `term_start`, `column_start`,
    `table_start` (where its table begins in the float64 tables, -1: a loose leaf, computed row by row). A term
    (`term_node`, `term_left`, `term_bit`) says: this bit of the pattern is set where the node does not go as
    `term_left` says. A column is a feature of the piece (`column_feature`); columns of path features come first,
    in the order of their bits.
    """

    piece_start: np.ndarray
    root: np.ndarray
    size: np.ndarray
    term_start: np.ndarray
    term_node: np.ndarray
    term_left: np.ndarray
    term_bit: np.ndarray
    column_start: np.ndarray
    column_feature: np.ndarray
    table_start: np.ndarray
    numbers: int
    """Numbers in all tables together."""

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """What the kernels read, in their order."""
        return (
            self.piece_start, self.term_start, self.term_node, self.term_left, self.term_bit,
            self.column_start, self.column_feature, self.table_start,
        )  # fmt: skip


class _Shape:
    """One forest's nodes as Python lists, with the sets of features above and below each node as bit masks."""

    def __init__(self, trees: Trees):
        self.feature, self.left, self.right = trees.feature.tolist(), trees.left.tolist(), trees.right.tolist()
        self.above, self.leaf_above = trees.above.tolist(), trees.leaf_above.tolist()
        self.node_start, self.leaf_start = trees.node_start.tolist(), trees.leaf_start.tolist()
        nodes = len(self.feature)
        self.over, self.under, self.size = [0] * nodes, [0] * nodes, [1] * nodes
        for node, parent in enumerate(self.above):
            if parent >= 0:
                self.over[node] = self.over[parent] | 1 << self.feature[parent]
        for node in range(nodes - 1, -1, -1):
            self.under[node] = 1 << self.feature[node]
            for child in (self.left[node], self.right[node]):
                if child >= 0:
                    self.under[node] |= self.under[child]
                    self.size[node] += self.size[child]

    def masks(self, root: int) -> tuple[int, int, int]:
        """Features above the root, features in its subtree, nodes in its subtree."""
        if root >= 0:
            return self.over[root], self.under[root], self.size[root]
        parent = self.leaf_above[~root]
        return (self.over[parent] | 1 << self.feature[parent], 0, 0) if parent >= 0 else (0, 0, 0)

    def bits(self, root: int) -> int:
        over, _, size = self.masks(root)
        return over.bit_count() + size

    def path(self, root: int) -> list[tuple[int, int]]:
        """(node, went left) from the tree's root down to this one."""
        steps, child = [], root
        parent = self.above[root] if root >= 0 else self.leaf_above[~root]
        while parent >= 0:
            steps.append((parent, int(self.left[parent] == child)))
            parent, child = self.above[parent], parent
        return steps[::-1]


def plan(trees: Trees, *, table_bytes: int) -> Plan:
    """Cut the trees so that a row costs least, with tables of at most `table_bytes` together.

    The bound on bits is lowered until the tables fit; leaves beyond it are loose and cost time, not memory.
    """
    shape = _Shape(trees)
    for most_bits in range(MOST_BITS, -1, -1):
        pieces = [list(_pieces(shape, tree, most_bits)) for tree in range(len(trees.node_start) - 1)]
        numbers = sum(_numbers(shape, root, most_bits) for tree in pieces for root in tree)
        if 8 * numbers <= table_bytes:
            return _flat(shape, pieces, most_bits)
    raise AssertionError("a plan without tables always fits")


def _numbers(shape: _Shape, root: int, most_bits: int) -> int:
    """Size of a piece's table; 0 for a loose leaf."""
    over, under, size = shape.masks(root)
    bits = over.bit_count() + size
    return (over | under).bit_count() << bits if bits <= most_bits else 0


def _cost(shape: _Shape, root: int, most_bits: int) -> float:
    """Cost of the subtree at `root` as one piece; infinite where its pattern has too many bits."""
    over, under, size = shape.masks(root)
    distinct = over.bit_count()
    if distinct + size > most_bits:
        return np.inf if size else 20.0 * distinct * distinct
    width = (over | under).bit_count()
    table = (width << (distinct + size)) * 8 / 1024
    return PER_PIECE + PER_TERM * (distinct + size) + PER_COLUMN * width + PER_KILOBYTE * table


def _pieces(shape: _Shape, tree: int, most_bits: int) -> Iterator[int]:
    """The cheapest cut of one tree: roots of its pieces, in preorder. A tree of one leaf has none."""
    first, last = shape.node_start[tree], shape.node_start[tree + 1]
    whole, best = {}, {}
    for node in range(last - 1, first - 1, -1):
        parts = 0.0
        for child in (shape.left[node], shape.right[node]):
            parts += best[child] if child >= 0 else _cost(shape, child, most_bits)
        together = _cost(shape, node, most_bits)
        whole[node], best[node] = together <= parts, min(together, parts)
    waiting = [first] if last > first else []
    while waiting:
        root = waiting.pop()
        if root < 0 or whole[root]:
            yield root
        else:
            waiting += [shape.right[root], shape.left[root]]


def _flat(shape: _Shape, pieces: list[list[int]], most_bits: int) -> Plan:
    terms, columns, term_start, column_start, table_start = [], [], [0], [0], [0]
    for root in (root for tree in pieces for root in tree):
        piece_terms, piece_columns = _terms(shape, root)
        terms += piece_terms
        columns += piece_columns
        term_start.append(len(terms))
        column_start.append(len(columns))
        table_start.append(table_start[-1] + _numbers(shape, root, most_bits))
    roots = [root for tree in pieces for root in tree]
    loose = np.array([shape.bits(root) > most_bits for root in roots], bool)
    node, left, bit = np.array(terms, np.int32).reshape(-1, 3).T
    return Plan(
        piece_start=np.cumsum([0, *map(len, pieces)], dtype=np.int32),
        root=np.array(roots, np.int32),
        size=np.array([shape.masks(root)[2] for root in roots], np.int32),
        term_start=np.array(term_start, np.int32),
        term_node=np.ascontiguousarray(node),
        term_left=left.astype(np.uint8),
        term_bit=np.ascontiguousarray(bit),
        column_start=np.array(column_start, np.int32),
        column_feature=np.array(columns, np.int32),
        table_start=np.where(loose, LOOSE, np.array(table_start[:-1], np.int64)),
        numbers=table_start[-1],
    )


def _terms(shape: _Shape, root: int) -> tuple[list[tuple[int, int, int]], list[int]]:
    """(node, went left, bit) of each decision that a piece's pattern looks at, and the piece's features."""
    columns: dict[int, int] = {}
    terms = []
    for node, went_left in shape.path(root):
        bit = columns.setdefault(shape.feature[node], len(columns))
        terms.append((node, went_left, bit))
    above = len(columns)
    for step in range(shape.masks(root)[2]):
        columns.setdefault(shape.feature[root + step], len(columns))
        terms.append((root + step, 1, above + step))
    return terms, list(columns)


def quadrature(features: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre points and weights on [0, 1], one row per count of points, exact for `features` factors."""
    most = max(1, (features + 1) // 2)
    points, weights = np.zeros((most + 1, most)), np.zeros((most + 1, most))
    for count in range(1, most + 1):
        at, weight = np.polynomial.legendre.leggauss(count)
        points[count, :count], weights[count, :count] = (at + 1) / 2, weight / 2
    return points, weights


@njit(cache=True, nogil=True)
def leaf_effects(value, share, missed, features, points, weights, work, effects):
    """Shapley values of one leaf into `effects[:features]`.

    `share`: per feature, the share of training rows that pass; `missed`: 1 where the row does not pass; `work`:
    float64[2, features] of scratch space.
    """
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
def path_of_leaf(leaf, feature, left, above, count, leaf_count, leaf_above, path_feature, share, step_node, step_column):
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
    tables, column_share, points, weights, longest, root, size, term_start, column_start, column_feature, table_start,
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
            if table_start[piece] < 0:
                for j in range(features):
                    column_share[column_start[piece] + np.flatnonzero(columns == path_feature[j])[0]] = share[j]
                continue
            own = np.empty((1 << features, features))
            for pattern in range(1 << features):
                for j in range(features):
                    missed[j] = pattern >> j & 1
                leaf_effects(value[leaf], share, missed, features, points, weights, work, effects)
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
