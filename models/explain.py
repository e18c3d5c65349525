"""Reasons for a score: exact path-dependent TreeSHAP of a LightGBM text model, from one row to a whole state.

`Forest.contributions` answers what `Booster.predict(pred_contrib=True)` answers, at many times its speed and without
`lightgbm`. A row gets the same bits alone and in a crowd: both kernels add the same numbers in the same order.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np
from numba import njit

from models.patterns import LOOSE, SPLIT, WHOLE, plan
from models.tables import fill_tables, leaf_effects, quadrature, split_effects
from models.trees import ZERO, Trees, in_categories, parse, raw_scores
from registry.errors import BadInput

TABLE_BYTES = 100_000_000
"""The tables of one model take at most this much memory."""

BLOCK = 256
"""Rows that are explained together in bulk, so that a piece's table stays in cache."""

FEW = 4
"""Up to this many rows are explained one by one."""


@dataclass(frozen=True)
class Forest:
    """A model that can say why. Immutable and safe to share between threads; its tables are made at first use."""

    trees: Trees
    table_bytes: int = TABLE_BYTES
    _made: list[_Tables] = field(default_factory=list, init=False, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    @classmethod
    def from_text(cls, text: str, *, table_bytes: int = TABLE_BYTES) -> Forest:
        """The forest of `Booster.model_to_string()` (or what `save_model` wrote); see `models.trees.parse`."""
        return cls(parse(text), table_bytes)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The model's columns, in the order that rows must have."""
        return self.trees.feature_names

    def margin(self, rows: np.ndarray) -> np.ndarray:
        """float64[n]: the raw score (log-odds) of float64 rows (n, features); NaN is missing."""
        rows, trees = self._checked(rows), self.trees
        return raw_scores(
            rows, trees.node_start, trees.leaf_start, trees.left, trees.right, trees.value, *trees.decisions
        )

    def contributions(self, rows: np.ndarray) -> tuple[np.ndarray, float]:
        """Each feature's share in the raw score, float64 (n, features), and the base: base + sum = `margin`.

        The base is the mean raw score of the training rows. Equal to LightGBM's `pred_contrib` to about 1e-15.
        """
        rows, made = self._checked(rows), self._tables()
        kernel = explain_few if len(rows) <= FEW else explain_many
        return kernel(rows, *made.arguments), made.base

    def prepare(self) -> Forest:
        """Make the tables now (a service does so before its first request)."""
        self._tables()
        return self

    @property
    def table_bytes_used(self) -> int:
        """Memory that the tables take."""
        return self._tables().arguments[0].nbytes

    def _checked(self, rows: np.ndarray) -> np.ndarray:
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != len(self.feature_names):
            raise BadInput("TREE003", f"rows of shape {rows.shape}: the model has {len(self.feature_names)} columns")
        return rows

    def _tables(self) -> _Tables:
        if not self._made:
            with self._lock:
                if not self._made:
                    self._made.append(_Tables.of(self.trees, self.table_bytes))
        return self._made[0]


@dataclass(frozen=True)
class _Tables:
    """What the kernels read besides the rows."""

    base: float
    arguments: tuple

    @classmethod
    def of(cls, trees: Trees, table_bytes: int) -> _Tables:
        cut = plan(trees, table_bytes=table_bytes)
        longest = int(np.diff(cut.term_start).max(initial=0)) + 1
        rule = quadrature(min(longest, len(trees.feature_names)))
        tables, column_share = np.zeros(cut.numbers), np.zeros(len(cut.column_feature))
        fill_tables(
            tables, column_share, *rule, longest, cut.kind, cut.root, cut.size, cut.term_start, cut.column_start,
            cut.column_feature, cut.table_start, trees.feature, trees.left, trees.right, trees.above, trees.count,
            trees.value, trees.leaf_count, trees.leaf_above,
        )  # fmt: skip
        leaf_value = trees.value[np.where(cut.root < 0, ~cut.root, 0)]
        leaves = (column_share, leaf_value, *rule, longest)
        return cls(_base(trees), (tables, cut.arrays, leaves, (trees.node_start, *trees.decisions)))


def _base(trees: Trees) -> float:
    """The mean raw score of the training rows: leaf values weighed by their counts, tree by tree."""
    base = 0.0
    for tree in range(len(trees.leaf_start) - 1):
        leaves = slice(trees.leaf_start[tree], trees.leaf_start[tree + 1])
        node = trees.node_start[tree]
        total = trees.count[node] if trees.node_start[tree + 1] > node else trees.leaf_count[leaves][0]
        base += float((trees.leaf_count[leaves] / total * trees.value[leaves]).sum())
    return base


@njit(cache=True, nogil=True)
def decide_row(
    row, goes, feature, threshold, categorical, nan_left, zero_left, category_start, category_words, categories
):  # fmt: skip
    """`goes[node]`: 1 where the row goes left; without branches, which would be mispredicted."""
    for node in range(len(feature)):
        x = row[feature[node]]
        left = np.uint8(x <= threshold[node])
        left = zero_left[node] if abs(x) <= ZERO else left
        left = nan_left[node] if x != x else left
        if categorical[node]:
            left = np.uint8(in_categories(x, category_start[node], category_words[node], categories))
        goes[node] = left


@njit(cache=True, nogil=True)
def explain_few(rows, tables, pieces, leaves, decisions):
    """float64 (n, features), row by row: all decisions, then one look-up per piece."""
    (
        piece_start, kind, term_start, term_node, term_left, term_bit, column_start, column_feature, table_start
    ) = pieces  # fmt: skip
    column_share, leaf_value, points, weights, longest = leaves
    (
        node_start, feature, threshold, categorical, nan_left, zero_left, category_start, category_words, categories
    ) = decisions  # fmt: skip
    shares, goes = np.zeros(rows.shape), np.empty(len(feature), np.uint8)
    missed, effects, work = np.empty(longest, np.uint8), np.empty(longest), np.empty((2, longest))
    for i in range(len(rows)):
        sums = shares[i]
        decide_row(
            rows[i], goes, feature, threshold, categorical, nan_left, zero_left,
            category_start, category_words, categories,
        )  # fmt: skip
        for piece in range(len(kind)):
            first, last = column_start[piece], column_start[piece + 1]
            if kind[piece] == LOOSE:
                missed[: last - first] = 0
                for term in range(term_start[piece], term_start[piece + 1]):
                    missed[term_bit[term]] |= goes[term_node[term]] ^ term_left[term]
                leaf_effects(leaf_value[piece], column_share[first:last], missed, points, weights, work, effects)
            else:
                pattern = np.uint32(0)
                for term in range(term_start[piece], term_start[piece + 1]):
                    pattern |= np.uint32(goes[term_node[term]] ^ term_left[term]) << np.uint32(term_bit[term])
                if kind[piece] == WHOLE:
                    entry = tables[table_start[piece] + np.int64(pattern) * (last - first) :]
                    for column in range(last - first):
                        sums[column_feature[first + column]] += entry[column]
                    continue
                split_effects(tables[table_start[piece] :], last - first, np.int64(pattern), effects)
            for column in range(last - first):
                sums[column_feature[first + column]] += effects[column]
    return shares


@njit(cache=True, nogil=True)
def decide_block(
    x, goes, size, first, last, feature, threshold, categorical, nan_left, zero_left,
    category_start, category_words, categories,
):  # fmt: skip
    """`goes[node - first, r]`: 1 where row r of the block goes left at the node."""
    for node in range(first, last):
        values, left = x[feature[node]], goes[node - first]
        if categorical[node]:
            for r in range(size):
                left[r] = in_categories(values[r], category_start[node], category_words[node], categories)
            continue
        bound, on_zero, on_nan = threshold[node], np.uint8(zero_left[node]), np.uint8(nan_left[node])
        for r in range(size):
            value = values[r]
            goes_left = np.uint8(value <= bound)
            goes_left = on_zero if abs(value) <= ZERO else goes_left
            left[r] = on_nan if value != value else goes_left


@njit(cache=True, nogil=True)
def explain_many(rows, tables, pieces, leaves, decisions):
    """float64 (n, features), a block of rows at a time, tree by tree; adds in the order of `explain_few`."""
    (
        piece_start, kind, term_start, term_node, term_left, term_bit, column_start, column_feature, table_start
    ) = pieces  # fmt: skip
    column_share, leaf_value, points, weights, longest = leaves
    (
        node_start, feature, threshold, categorical, nan_left, zero_left, category_start, category_words, categories
    ) = decisions  # fmt: skip
    n, width = rows.shape
    shares, most = np.empty(rows.shape), 1
    for tree in range(len(node_start) - 1):
        most = max(most, node_start[tree + 1] - node_start[tree])
    x, sums, goes = np.empty((width, BLOCK)), np.empty((width, BLOCK)), np.empty((most, BLOCK), np.uint8)
    pattern, offset, missed = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.uint64), np.empty(longest, np.uint8)
    effects, work = np.empty(longest), np.empty((2, longest))
    for begin in range(0, n, BLOCK):
        size = min(BLOCK, n - begin)
        x[:, :size] = rows[begin : begin + size].T
        sums[:, :size] = 0.0
        for tree in range(len(node_start) - 1):
            start = node_start[tree]
            decide_block(
                x, goes, size, start, node_start[tree + 1], feature, threshold, categorical, nan_left, zero_left,
                category_start, category_words, categories,
            )  # fmt: skip
            for piece in range(piece_start[tree], piece_start[tree + 1]):
                first, last = column_start[piece], column_start[piece + 1]
                features = column_feature[first:last]
                if kind[piece] == LOOSE:
                    for r in range(size):
                        missed[: last - first] = 0
                        for term in range(term_start[piece], term_start[piece + 1]):
                            missed[term_bit[term]] |= goes[term_node[term] - start, r] ^ term_left[term]
                        leaf_effects(
                            leaf_value[piece], column_share[first:last], missed, points, weights, work, effects
                        )
                        for column in range(last - first):
                            sums[features[column], r] += effects[column]
                    continue
                pattern[:size] = 0
                for term in range(term_start[piece], term_start[piece + 1]):
                    left, wanted, bit = goes[term_node[term] - start], term_left[term], np.int32(term_bit[term])
                    for r in range(size):
                        pattern[r] |= np.int32(left[r] ^ wanted) << bit
                if kind[piece] == SPLIT:
                    for r in range(size):
                        split_effects(tables[table_start[piece] :], last - first, np.int64(pattern[r]), effects)
                        for column in range(last - first):
                            sums[features[column], r] += effects[column]
                    continue
                for r in range(size):
                    offset[r] = np.uint64(pattern[r] * (last - first))
                for column in range(last - first):
                    total, entries = sums[features[column]], tables[table_start[piece] + column :]
                    for r in range(size):
                        total[r] += entries[offset[r]]
        shares[begin : begin + size] = sums[:, :size].T
    return shares
