"""Two forests as one under a new root: rows up to a value of one column are answered by the first,
all others by the second.

Each tree of the first stands with a tree of the second under one new root node, so that the result
is an ordinary forest: whatever reads LightGBM's text reads it, and its reasons are exact. The
trees' counts are scaled to how many rows pass on each side, so that the base stays a mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from training.fitting.bag import joined, parted

MISSING_GOES_LEFT = 10
"""LightGBM's decision type of a number whose NaN goes left."""
OF_NODES = (
    "split_feature",
    "split_gain",
    "threshold",
    "decision_type",
    "internal_value",
    "internal_weight",
)
OF_LEAVES = ("leaf_value", "leaf_weight")
SIDES = ("left_child", "right_child")
_END_OF_TREE: dict[str, list[object]] = {"is_linear": [0], "shrinkage": [1]}


@dataclass(frozen=True)
class RootSplit:
    """The new root: rows with at most `threshold` of a column (by number), or without it, go to the
    first forest; of the training rows so many: `passing` (first, second)."""

    column: int
    threshold: float
    passing: tuple[int, int]


def split_at_root(first: str, second: str, split: RootSplit) -> str:
    """One model text of two on the same columns; where one has fewer trees, its rows get nothing
    from the others'.

    Example: a margin of 0.4 by the first and 0.9 by the second: a row with the column at the
    threshold gets 0.4, one above it 0.9.
    """
    (head, trees, tail), (_, others, _) = parted(first), parted(second)
    pairs = zip_longest(map(_Tree.read, trees), map(_Tree.read, others), fillvalue=_Tree.leaf(0.0))
    made = [_under(split, *pair) for pair in pairs]
    return joined(head, made, tail)


def with_constant(text: str, constant: float) -> str:
    """The model text with a constant in its margin: one more tree, of one leaf."""
    head, trees, tail = parted(text)
    return joined(head, [*trees, _Tree.leaf(constant).text()], tail)


@dataclass(frozen=True)
class _Tree:
    """A tree's lines by name, as words; leaves are numbered ~0, ~1 ... where a node names its
    children."""

    lines: dict[str, list[str]]
    leaves: int

    @classmethod
    def read(cls, text: str) -> _Tree:
        """Of a tree's text. Raises ValueError where it splits on categories."""
        fields = (line.partition("=") for line in text.split("\n") if "=" in line)
        lines = {name: words.split() for name, _, words in fields}
        if lines["num_cat"] != ["0"]:
            raise ValueError("trees that split on categories cannot stand under one root")
        return cls(lines, len(lines["leaf_value"]))

    @classmethod
    def leaf(cls, value: float) -> _Tree:
        """A tree of one leaf."""
        return cls({"leaf_value": [repr(value)]}, 1)

    @property
    def nodes(self) -> int:
        """How many nodes; none where the tree is one leaf."""
        return self.leaves - 1

    def words(self, name: str) -> list[str]:
        """A line's words; zeros where LightGBM leaves it empty."""
        return self.lines.get(name) or ["0"] * (self.leaves if name in OF_LEAVES else self.nodes)

    def root(self, nodes: int, leaves: int) -> int:
        """The root's number after so many other nodes and leaves."""
        return nodes if self.nodes else ~leaves

    def moved(self, side: str, nodes: int, leaves: int) -> list[int]:
        """The nodes' children on one side, numbered after so many other nodes and leaves."""
        return [of + nodes if of >= 0 else of - leaves for of in map(int, self.words(side))]

    def counts(self, rows: int) -> tuple[list[int], list[int]]:
        """Rows of each node and leaf, as if so many had passed at the root: none is under 1, and a
        node's are those of its children."""
        counted = [int(word) for word in self.lines.get("leaf_count") or ["1"]]
        leaf = [max(round(count * rows / sum(counted)), 1) for count in counted]
        node = [0] * self.nodes
        below = [[int(of) for of in self.words(side)] for side in SIDES]
        # LightGBM numbers a node before those under it.
        for at in reversed(range(self.nodes)):
            node[at] = sum(leaf[~of[at]] if of[at] < 0 else node[of[at]] for of in below)
        return node, leaf

    def text(self) -> str:
        """As LightGBM writes it; of one leaf."""
        return _text({"num_leaves": [1], "num_cat": [0], **self.lines, **_END_OF_TREE})


def _under(split: RootSplit, left: _Tree, right: _Tree) -> str:
    """The text of one tree: the root over both."""
    (left_nodes, left_leaves), (right_nodes, right_leaves) = (
        tree.counts(rows) for tree, rows in zip((left, right), split.passing, strict=True)
    )
    of_root: dict[str, object] = {
        "split_feature": split.column,
        "threshold": repr(split.threshold),
        "decision_type": MISSING_GOES_LEFT,
    }
    lines: dict[str, list[object]] = {"num_leaves": [left.leaves + right.leaves], "num_cat": [0]}
    for name in OF_NODES:
        lines[name] = [of_root.get(name, 0), *left.words(name), *right.words(name)]
    for name in OF_LEAVES:
        lines[name] = [*left.words(name), *right.words(name)]
    places = (1, 0), (1 + left.nodes, left.leaves)
    for side, tree, place in zip(SIDES, (left, right), places, strict=True):
        under = left.moved(side, *places[0]) + right.moved(side, *places[1])
        lines[side] = [tree.root(*place), *under]
    passing = sum(left_leaves) + sum(right_leaves)
    lines["leaf_count"] = [*left_leaves, *right_leaves]
    lines["internal_count"] = [passing, *left_nodes, *right_nodes]
    return _text(lines | _END_OF_TREE)


def _text(lines: Mapping[str, Iterable[object]]) -> str:
    told = "\n".join(f"{name}={' '.join(map(str, words))}" for name, words in lines.items())
    return f"Tree=0\n{told}\n\n\n"
