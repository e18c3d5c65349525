"""Tables of Shapley values by pattern: the part of path-dependent TreeSHAP that does not depend on the row.

A leaf's share in a row's explanation depends only on *which* features of its path the row misses: with M distinct
features on the path there are 2^M patterns. The same holds for a small subtree (its own decisions are further bits
of the pattern), so each tree is cut into subtrees ("pieces") of few bits, and a piece becomes one table: pattern →
log-odds per feature. A row is then explained by one look-up per piece instead of a walk over all paths. A leaf
with a long path has two small tables, one per half of its features (SPLIT); a longer one none (LOOSE).

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

from models.trees import Trees

WHOLE, SPLIT, LOOSE = 0, 1, 2
"""How a piece is explained: by its table; by two tables of half its path; row by row (a leaf with a long path)."""

LIMITS = [(bits, split) for split in (20, 16, 12, 0) for bits in range(10, 5 if split else -1, -1)]
"""Most bits of a WHOLE piece and of a SPLIT leaf: the first pair whose tables fit into the memory is taken."""

PER_PIECE, PER_TERM, PER_COLUMN, PER_KILOBYTE = 8.0, 1.0, 1.5, 0.5
"""Costs of a look-up, in units of one addition, as measured by `benchmarks/explain.py` (a table costs cache)."""


@dataclass(frozen=True)
class Plan:
    """How the trees are cut into pieces, as flat arrays.

    Per tree: `piece_start`. Per piece: `kind`, `root` (node, or ~leaf), `size` (its nodes), `term_start`,
    `column_start`, `table_start` (where its table begins among all tables' float64). A term (`term_node`,
    `term_left`, `term_bit`) says: this bit of the pattern is set where the node does not go as `term_left` says. A
    column is a feature of the piece (`column_feature`); path features come first, in the order of their bits.
    """

    piece_start: np.ndarray
    kind: np.ndarray
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
            self.piece_start, self.kind, self.term_start, self.term_node, self.term_left, self.term_bit,
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

    Leaves beyond the limits that fit are loose: they cost time, not memory.
    """
    shape = _Shape(trees)
    for limits in LIMITS:
        pieces = [list(_pieces(shape, tree, limits)) for tree in range(len(trees.node_start) - 1)]
        numbers = sum(_numbers(shape, root, limits) for tree in pieces for root in tree)
        if 8 * numbers <= table_bytes:
            break
    return _flat(shape, pieces, limits)


def _kind(bits: int, limits: tuple[int, int]) -> int:
    """WHOLE, SPLIT or LOOSE for a leaf (or subtree) of so many bits."""
    return WHOLE if bits <= limits[0] else SPLIT if bits <= limits[1] else LOOSE


def _numbers(shape: _Shape, root: int, limits: tuple[int, int]) -> int:
    """Size of a piece's table; 0 for a loose leaf."""
    over, under, size = shape.masks(root)
    bits = over.bit_count() + size
    kind = _kind(bits, limits)
    if kind == WHOLE:
        return (over | under).bit_count() << bits
    half, points = bits // 2, (bits + 1) // 2
    return (points * (half + 1) << half) + (points * (bits - half + 1) << bits - half) if kind == SPLIT else 0


def _cost(shape: _Shape, root: int, limits: tuple[int, int]) -> float:
    """Cost of the subtree at `root` as one piece; infinite where its pattern has too many bits."""
    over, under, size = shape.masks(root)
    bits = over.bit_count() + size
    if bits > limits[0]:
        return np.inf if size else bits * bits * (1.0 if bits <= limits[1] else 20.0)
    width = (over | under).bit_count()
    return PER_PIECE + PER_TERM * bits + PER_COLUMN * width + PER_KILOBYTE * (width << bits) / 128


def _pieces(shape: _Shape, tree: int, limits: tuple[int, int]) -> Iterator[int]:
    """The cheapest cut of one tree: roots of its pieces, in preorder. A tree of one leaf has none."""
    first, last = shape.node_start[tree], shape.node_start[tree + 1]
    whole, best = {}, {}
    for node in range(last - 1, first - 1, -1):
        parts = 0.0
        for child in (shape.left[node], shape.right[node]):
            parts += best[child] if child >= 0 else _cost(shape, child, limits)
        together = _cost(shape, node, limits)
        whole[node], best[node] = together <= parts, min(together, parts)
    waiting = [first] if last > first else []
    while waiting:
        root = waiting.pop()
        if root < 0 or whole[root]:
            yield root
        else:
            waiting += [shape.right[root], shape.left[root]]


def _flat(shape: _Shape, pieces: list[list[int]], limits: tuple[int, int]) -> Plan:
    terms, columns, term_start, column_start, table_start = [], [], [0], [0], [0]
    for root in (root for tree in pieces for root in tree):
        piece_terms, piece_columns = _terms(shape, root)
        terms += piece_terms
        columns += piece_columns
        term_start.append(len(terms))
        column_start.append(len(columns))
        table_start.append(table_start[-1] + _numbers(shape, root, limits))
    roots = [root for tree in pieces for root in tree]
    node, left, bit = np.array(terms, np.int32).reshape(-1, 3).T
    return Plan(
        piece_start=np.cumsum([0, *map(len, pieces)], dtype=np.int32),
        kind=np.array([_kind(shape.bits(root), limits) for root in roots], np.int8),
        root=np.array(roots, np.int32),
        size=np.array([shape.masks(root)[2] for root in roots], np.int32),
        term_start=np.array(term_start, np.int32),
        term_node=np.ascontiguousarray(node),
        term_left=left.astype(np.uint8),
        term_bit=np.ascontiguousarray(bit),
        column_start=np.array(column_start, np.int32),
        column_feature=np.array(columns, np.int32),
        table_start=np.array(table_start[:-1], np.int64),
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
