"""Tables of Shapley values by pattern: the part of path-dependent TreeSHAP that does not depend on
the row.

A leaf's share in a row's explanation depends only on *which* features of its path the row misses:
with M distinct features on the path there are 2^M patterns. The same holds for a small subtree (its
own decisions are further bits of the pattern), so each tree is cut into subtrees ("pieces") of few
bits, and a piece becomes one table: pattern → log-odds per feature. A row is then explained by one
look-up per piece instead of a walk over all paths. A leaf with a long path has two small tables,
one per half of its features (SPLIT); a longer one none (LOOSE).

The Shapley value itself is the integral, over the share t of features that are known, of the
multilinear extension of the leaf's game: for a leaf of value v, with z_j the share of training rows
that pass at feature j's decisions and o_j = 1 where the row passes,

    phi_i = v (o_i - z_i) ∫₀¹ ∏_{j≠i} ((1-t) z_j + t o_j) dt,

a polynomial in t that Gauss-Legendre quadrature integrates exactly. All factors are positive:
nothing cancels. Source: Lundberg et al. 2020, "From local explanations to global understanding with
explainable AI for trees", Nature Machine Intelligence 2, algorithm 2 (the game); Owen 1972,
"Multilinear extensions of games" (the integral).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.forest.lightgbm_text import Trees
from registry.contract.errors import BadInput

WHOLE, SPLIT, LOOSE = 0, 1, 2
"""How a piece is explained: by its table; by two tables of half its path; row by row (a leaf with a
long path)."""

LIMITS = [(bits, split) for split in (20, 16, 12, 0) for bits in range(10, 5 if split else -1, -1)]
"""Most bits of a WHOLE piece and of a SPLIT leaf: the first pair whose tables fit into the memory
is taken."""

MOST_FEATURES = 62
"""Distinct features on one path: a pattern is one 64-bit word."""

PER_PIECE, PER_TERM, PER_COLUMN, PER_KILOBYTE = 8.0, 1.0, 1.5, 0.5
"""Costs of a look-up, in units of one addition, as measured by `benchmarks/explain.py` (a table
costs cache)."""


@dataclass(frozen=True)
class Plan:
    """How the trees are cut into pieces, as flat arrays.

    A pattern's bits say what the row misses: first one bit per distinct feature on the path to the
    piece, in the order of the path (set where the row leaves the path at a node of that feature),
    then one bit per node inside the piece (set where the row goes right). Nodes over the pieces are
    the spine; patterns grow down along it.

    Per tree: `spine_start`, `piece_start`. Per node of the spine: `spine` (its number),
    `spine_left` (1 where it is the left child of the node over it). Per node: `node_bit`, the path
    bit of its feature. Per piece: `kind`, `root` (node, or ~leaf), `size` (its nodes), `above` (the
    node over it, -1: none), `left` (1: it is that node's left child), `path_bits`, `column_start`
    (its features in `column_feature`, path features first) and `table_start`.
    """

    spine_start: np.ndarray
    spine: np.ndarray
    spine_left: np.ndarray
    node_bit: np.ndarray
    piece_start: np.ndarray
    kind: np.ndarray
    root: np.ndarray
    size: np.ndarray
    above: np.ndarray
    left: np.ndarray
    path_bits: np.ndarray
    column_start: np.ndarray
    column_feature: np.ndarray
    table_start: np.ndarray
    numbers: int
    """Numbers in all tables together."""

    @property
    def spines(self) -> tuple[np.ndarray, ...]:
        """What the kernels read of the spine, in their order."""
        return self.spine_start, self.spine, self.spine_left, self.node_bit

    @property
    def pieces(self) -> tuple[np.ndarray, ...]:
        """What the kernels read of the pieces, in their order."""
        return (
            self.piece_start,
            self.kind,
            self.root,
            self.size,
            self.above,
            self.left,
            self.path_bits,
            self.column_start,
            self.column_feature,
            self.table_start,
        )


class _Shape:
    """One forest's nodes as Python lists, with the sets of features above and below each node as
    bit masks."""

    def __init__(self, trees: Trees):
        self.feature, self.left, self.right = (
            trees.feature.tolist(),
            trees.left.tolist(),
            trees.right.tolist(),
        )
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

    def over_of(self, root: int) -> int:
        """The node over a root, -1 at the top."""
        return int(self.above[root] if root >= 0 else self.leaf_above[~root])

    def path(self, root: int) -> list[int]:
        """The distinct features from the tree's top down to (not with) this root, in order."""
        features, node = [], self.over_of(root)
        while node >= 0:
            features.append(self.feature[node])
            node = self.above[node]
        return list(dict.fromkeys(reversed(features)))


def plan(trees: Trees, *, table_bytes: int) -> Plan:
    """Cut the trees so that a row costs least, with tables of at most `table_bytes` together.

    Leaves beyond the limits that fit are loose: they cost time, not memory.
    """
    shape = _Shape(trees)
    longest = max(
        (shape.masks(root)[0].bit_count() for root in range(-len(trees.value), 0)), default=0
    )
    if longest > MOST_FEATURES:
        raise BadInput(
            "TREE002",
            f"a path asks for {longest} features, at most {MOST_FEATURES}: bound max_depth",
        )
    for limits in LIMITS:
        cuts = [_cut(shape, tree, limits) for tree in range(len(trees.node_start) - 1)]
        if (
            8 * sum(_numbers(shape, root, limits) for _, roots in cuts for root in roots)
            <= table_bytes
        ):
            break
    return _flat(shape, cuts, limits)


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
    return (
        (points * (half + 1) << half) + (points * (bits - half + 1) << bits - half)
        if kind == SPLIT
        else 0
    )


def _cost(shape: _Shape, root: int, limits: tuple[int, int]) -> float:
    """Cost of the subtree at `root` as one piece; infinite where its pattern has too many bits."""
    over, under, size = shape.masks(root)
    bits = over.bit_count() + size
    if bits > limits[0]:
        return np.inf if size else bits * bits * (1.0 if bits <= limits[1] else 20.0)
    width = (over | under).bit_count()
    return PER_PIECE + PER_TERM * bits + PER_COLUMN * width + PER_KILOBYTE * (width << bits) / 128


def _cut(shape: _Shape, tree: int, limits: tuple[int, int]) -> tuple[list[int], list[int]]:
    """The cheapest cut of one tree: its spine's nodes and its pieces' roots, in preorder. One leaf
    alone has none."""
    first, last = shape.node_start[tree], shape.node_start[tree + 1]
    whole: dict[int, bool] = {}
    best: dict[int, float] = {}
    for node in range(last - 1, first - 1, -1):
        parts = 0.0
        for child in (shape.left[node], shape.right[node]):
            parts += best[child] if child >= 0 else _cost(shape, child, limits)
        together = _cost(shape, node, limits)
        whole[node], best[node] = together <= parts, min(together, parts)
    spine, roots, waiting = [], [], [first] if last > first else []
    while waiting:
        root = waiting.pop()
        if root < 0 or whole[root]:
            roots.append(root)
        else:
            spine.append(root)
            waiting += [shape.right[root], shape.left[root]]
    return spine, roots


def _flat(shape: _Shape, cuts: list[tuple[list[int], list[int]]], limits: tuple[int, int]) -> Plan:
    spine = [node for nodes, _ in cuts for node in nodes]
    roots = [root for _, pieces in cuts for root in pieces]
    paths = [shape.path(root) for root in roots]
    sizes = [shape.masks(root)[2] for root in roots]
    columns = [_columns(shape, *piece) for piece in zip(roots, paths, sizes, strict=True)]
    node_bit = np.zeros(len(shape.feature), np.uint8)
    for node in spine:
        path = shape.path(node)
        node_bit[node] = (
            path.index(shape.feature[node]) if shape.feature[node] in path else len(path)
        )
    table_start = np.cumsum([0, *(_numbers(shape, root, limits) for root in roots)], dtype=np.int64)
    return Plan(
        spine_start=_starts(nodes for nodes, _ in cuts),
        spine=np.array(spine, np.int32),
        spine_left=_is_left(shape, spine),
        node_bit=node_bit,
        piece_start=_starts(pieces for _, pieces in cuts),
        kind=np.array(
            [_kind(len(path) + size, limits) for path, size in zip(paths, sizes, strict=True)],
            np.int8,
        ),
        root=np.array(roots, np.int32),
        size=np.array(sizes, np.int32),
        above=np.array([shape.over_of(root) for root in roots], np.int32),
        left=_is_left(shape, roots),
        path_bits=np.array([len(path) for path in paths], np.int32),
        column_start=_starts(columns),
        column_feature=np.array([feature for piece in columns for feature in piece], np.int32),
        table_start=table_start[:-1],
        numbers=int(table_start[-1]),
    )


def _starts(parts: Iterable[list[Any]]) -> np.ndarray:
    return np.cumsum([0, *(len(part) for part in parts)], dtype=np.int32)


def _is_left(shape: _Shape, roots: list[int]) -> np.ndarray:
    """uint8: 1 where a root is the left child of the node over it."""
    over = (shape.over_of(root) for root in roots)
    return np.array(
        [node >= 0 and shape.left[node] == root for node, root in zip(over, roots, strict=True)],
        np.uint8,
    )


def _columns(shape: _Shape, root: int, path: list[int], size: int) -> list[int]:
    """A piece's features: those of its path, then those that only its own nodes ask for."""
    return list(dict.fromkeys(path + shape.feature[root : root + size])) if size else path
