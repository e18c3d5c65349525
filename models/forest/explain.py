"""Reasons for a score: exact path-dependent TreeSHAP of a LightGBM text model, from one row to a
whole state.

`Forest.contributions` answers what `Booster.predict(pred_contrib=True)` answers, at many times its
speed and without `lightgbm`. A row gets the same bits alone and in a crowd: both kernels add the
same numbers in the same order.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.forest.cut import plan
from models.forest.kernels import explain_few, explain_many
from models.forest.lightgbm_text import Trees, parse, raw_scores
from models.forest.shapley_tables import fill_tables, quadrature
from registry.contract.errors import BadInput

TABLE_BYTES = 120_000_000
"""The tables of one model take at most this much memory."""

FEW = 4
"""Up to this many rows are explained one by one."""


@dataclass(frozen=True)
class Forest:
    """A model that can say why. Immutable and safe to share between threads; its tables are made at
    first use."""

    trees: Trees
    table_bytes: int = TABLE_BYTES
    _made: list[_Tables] = field(default_factory=list, init=False, repr=False, compare=False)
    _lock: threading.Lock = field(
        default_factory=threading.Lock, init=False, repr=False, compare=False
    )

    def __reduce__(self) -> tuple[type[Forest], tuple[Trees, int]]:
        """To another process goes what it is made from: a lock cannot go, tables are made there."""
        return Forest, (self.trees, self.table_bytes)

    @classmethod
    def from_text(cls, text: str, *, table_bytes: int = TABLE_BYTES) -> Forest:
        """The forest of `Booster.model_to_string()` (or what `save_model` wrote); see
        `models.forest.lightgbm_text.parse`."""
        return cls(parse(text), table_bytes)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The model's columns, in the order that rows must have."""
        return self.trees.feature_names

    def margin(self, rows: np.ndarray) -> np.ndarray:
        """float64[n]: the raw score (log-odds) of float64 rows (n, features); NaN is missing."""
        rows, trees = self._checked(rows), self.trees
        return raw_scores(
            rows,
            trees.node_start,
            trees.leaf_start,
            trees.left,
            trees.right,
            trees.value,
            *trees.decisions,
        )

    def contributions(self, rows: np.ndarray) -> tuple[np.ndarray, float]:
        """Each feature's share in the raw score, float64 (n, features), and the base: base + sum =
        `margin`.

        The base is the mean raw score of the training rows. Equal to LightGBM's `pred_contrib` to
        about 1e-15.
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
        return int(self._tables().arguments[0].nbytes)

    def _checked(self, rows: np.ndarray) -> np.ndarray:
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != len(self.feature_names):
            raise BadInput(
                "TREE003",
                f"rows of shape {rows.shape}: the model has {len(self.feature_names)} columns",
            )
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
    arguments: tuple[Any, ...]

    @classmethod
    def of(cls, trees: Trees, table_bytes: int) -> _Tables:
        cut = plan(trees, table_bytes=table_bytes)
        rule = quadrature(int(np.diff(cut.column_start).max(initial=1)))
        tables, column_share = np.zeros(cut.numbers), np.zeros(len(cut.column_feature))
        fill_tables(
            tables,
            column_share,
            *rule,
            cut.kind,
            cut.root,
            cut.size,
            cut.path_bits,
            cut.column_start,
            cut.column_feature,
            cut.table_start,
            trees.feature,
            trees.left,
            trees.right,
            trees.above,
            trees.count,
            trees.value,
            trees.leaf_count,
            trees.leaf_above,
        )
        leaves = (column_share, trees.value[np.where(cut.root < 0, ~cut.root, 0)], *rule)
        shape = (trees.node_start, trees.above)
        return cls(_base(trees), (tables, cut.spines, cut.pieces, leaves, shape, trees.decisions))


def _base(trees: Trees) -> float:
    """The mean raw score of the training rows: leaf values weighed by their counts, tree by
    tree."""
    base = 0.0
    for tree in range(len(trees.leaf_start) - 1):
        leaves = slice(trees.leaf_start[tree], trees.leaf_start[tree + 1])
        node = trees.node_start[tree]
        total = (
            trees.count[node] if trees.node_start[tree + 1] > node else trees.leaf_count[leaves][0]
        )
        base += float((trees.leaf_count[leaves] / total * trees.value[leaves]).sum())
    return base
