"""A LightGBM model's text as flat arrays, and its raw score, without LightGBM.

What a prediction needs of `Booster.model_to_string()` is small: thresholds, children, leaf values
and the counts that weigh a missing decision. Reading it here keeps the service free of `lightgbm`
(0.4 s and an OpenMP pool) and gives the explanation kernels of `models.forest.explain` arrays that
they can walk.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from registry.contract.arrays import AnyArray, Floats
from registry.contract.errors import BadInput
from registry.machine.numba_kernels import njit

ZERO = float(np.float32(1e-35))
"""LightGBM's `kZeroThreshold` (include/LightGBM/meta.h): what is nearer to zero than this is zero.
"""

CATEGORICAL, DEFAULT_LEFT = 1, 2
MISSING_NONE, MISSING_ZERO, MISSING_NAN = 0, 1, 2
INT_LIMIT = 2.0**31


@dataclass(frozen=True)
class Trees:
    """All trees of one model; nodes of a tree are in preorder, so a subtree is one slice of them.

    `node_start`, `leaf_start`: int32[trees + 1], where each tree's nodes and leaves begin. Per
    node: `feature`, `threshold`, `categorical`, `nan_left` and `zero_left` (where NaN and zero go),
    `left` and `right` (a node's number over all trees, or ~leaf), `above` (the node over it, -1 at
    a root), `count` (training rows), and `category_start`, `category_words` (its slice of the
    bitset `categories`). Per leaf: `value`, `leaf_count`, `leaf_above`.
    """

    feature_names: tuple[str, ...]
    node_start: np.ndarray
    leaf_start: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    categorical: np.ndarray
    nan_left: np.ndarray
    zero_left: np.ndarray
    left: np.ndarray
    right: np.ndarray
    above: np.ndarray
    count: np.ndarray
    category_start: np.ndarray
    category_words: np.ndarray
    categories: np.ndarray
    value: np.ndarray
    leaf_count: np.ndarray
    leaf_above: np.ndarray

    @property
    def decisions(self) -> tuple[np.ndarray, ...]:
        """The columns that `goes_left` reads, in the order in which kernels take them."""
        return (
            self.feature, self.threshold, self.categorical, self.nan_left, self.zero_left,
            self.category_start, self.category_words, self.categories,
        )  # fmt: skip


def parse(text: str) -> Trees:
    """The trees of a LightGBM model text (`model_to_string`, `save_model`); no code in it is run.

    Raises `BadInput` TREE001 where the text is not a whole model, TREE002 where it is a kind that
    is not explained here: linear leaves, several classes, averaged outputs (random forests).
    """
    head, *blocks = _blocks(text)
    names = _feature_names(head)
    if len(blocks) != len(head.get("tree_sizes", "").split()):
        raise BadInput(
            "TREE001",
            f"the model text holds {len(blocks)} trees, its header says otherwise: cut short?",
        )
    try:
        trees = [_tree(block, len(names)) for block in blocks]
    except (KeyError, ValueError, IndexError) as error:
        raise BadInput("TREE001", f"a tree of the model text cannot be read: {error!r}") from error
    return _joined(names, trees)


def _blocks(text: str) -> list[dict[str, str]]:
    """Header first, then one dict of lines per tree."""
    body, end, _ = text.partition("end of trees")
    if not body.startswith("tree") or not end:
        raise BadInput(
            "TREE001", "this is not a whole LightGBM model text (no `tree` … `end of trees`)"
        )
    parts = body.split("\nTree=")
    return [dict(_field(line) for line in part.splitlines() if line) for part in parts]


def _field(line: str) -> tuple[str, str]:
    key, _, value = line.partition("=")
    return key, value


def _feature_names(head: dict[str, str]) -> tuple[str, ...]:
    if head.get("num_class", "1") != "1" or head.get("num_tree_per_iteration", "1") != "1":
        raise BadInput(
            "TREE002", "a model of several classes is not explained: train one model per outcome"
        )
    if "average_output" in head:
        raise BadInput(
            "TREE002",
            "a model that averages its trees (boosting=rf) is not explained: use boosting=gbdt",
        )
    names = tuple(head.get("feature_names", "").split())
    if not names or len(names) != int(head.get("max_feature_idx", "-1")) + 1:
        raise BadInput("TREE001", "the header's feature_names do not fit its max_feature_idx")
    return names


def _tree(block: dict[str, str], features: int) -> dict[str, np.ndarray]:
    """One tree's columns, renumbered in preorder, children local to the tree."""
    if block.get("is_linear", "0") != "0":
        raise BadInput(
            "TREE002", "a model with linear leaves is not explained: train with linear_tree=false"
        )
    leaves = int(block["num_leaves"])
    columns = {
        "value": _numbers(block, "leaf_value", leaves),
        "leaf_count": _numbers(block, "leaf_count", leaves) if leaves > 1 else np.ones(1),
    }
    nodes = leaves - 1
    rule = _numbers(block, "decision_type", nodes).astype(np.int64)
    raw = {
        "feature": _numbers(block, "split_feature", nodes).astype(np.int32),
        "threshold": _numbers(block, "threshold", nodes),
        "count": _numbers(block, "internal_count", nodes),
    }
    if nodes and not (
        raw["feature"].min() >= 0 and raw["feature"].max() < features and raw["count"].min() > 0
    ):
        raise ValueError("split_feature or internal_count out of range")
    raw |= _rules(rule, raw["threshold"]) | _category_slices(block, rule, raw["threshold"])
    order, children = _preorder(block, nodes)
    columns |= {name: column[order] for name, column in raw.items()} | children
    columns["categories"] = _numbers(block, "cat_threshold", None).astype(np.uint32)
    return columns


def _numbers(block: dict[str, str], key: str, size: int | None) -> np.ndarray:
    """A line's numbers as float64; it must hold `size` of them (None: any; 0: the line may be
    absent)."""
    words = block[key].split() if size else block.get(key, "").split()
    if size is not None and len(words) != size:
        raise ValueError(f"{key} holds {len(words)} numbers, not {size}")
    return np.array(words, dtype=np.float64)


def _rules(rule: np.ndarray, threshold: np.ndarray) -> dict[str, np.ndarray]:
    """Where NaN and zero go at each node (LightGBM's `Tree::NumericalDecision`,
    `CategoricalDecision`)."""
    missing, by_default = (rule >> 2) & 3, (rule & DEFAULT_LEFT) > 0
    categorical = (rule & CATEGORICAL) > 0
    as_number = threshold >= 0.0
    nan_left = np.where(missing == MISSING_NONE, as_number, by_default) & ~categorical
    zero_left = np.where(missing == MISSING_ZERO, by_default, as_number)
    return {
        "categorical": categorical.astype(np.uint8),
        "nan_left": nan_left.astype(np.uint8),
        "zero_left": zero_left.astype(np.uint8),
    }


def _category_slices(
    block: dict[str, str], rule: np.ndarray, threshold: np.ndarray
) -> dict[str, np.ndarray]:
    """Each categorical node's slice (start, words) of the tree's bitset; its threshold is a number
    of a slice."""
    start, words = np.zeros(len(rule), np.int32), np.zeros(len(rule), np.int32)
    chosen = np.flatnonzero(rule & CATEGORICAL)
    if len(chosen):
        bounds = _numbers(block, "cat_boundaries", int(block["num_cat"]) + 1).astype(np.int32)
        which = threshold[chosen].astype(np.int64)
        start[chosen], words[chosen] = bounds[which], bounds[which + 1] - bounds[which]
    return {"category_start": start, "category_words": words}


def _preorder(block: dict[str, str], nodes: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The nodes' old numbers in preorder, and both children and the node above in new numbers."""
    old = {
        side: _numbers(block, f"{side}_child", nodes).astype(np.int64).tolist()
        for side in ("left", "right")
    }
    order: list[int] = []
    child = {"left": [0] * nodes, "right": [0] * nodes}
    above, leaf_above = [-1] * nodes, [-1] * (nodes + 1)
    waiting = [(0, -1, "left")] if nodes else []
    while waiting:
        node, parent, side = waiting.pop()
        new = len(order) if node >= 0 else node
        if parent >= 0:
            child[side][parent] = new
        if node < 0:
            leaf_above[~node] = parent
            continue
        above[new] = parent
        order.append(node)
        waiting += [(old["right"][node], new, "right"), (old["left"][node], new, "left")]
    if len(order) != nodes or nodes and min(leaf_above) < 0:
        raise ValueError("the children do not make a tree")
    columns = child | {"above": above, "leaf_above": leaf_above}
    return np.array(order, np.int64), {
        name: np.array(column, np.int32) for name, column in columns.items()
    }


def _joined(names: tuple[str, ...], trees: list[dict[str, np.ndarray]]) -> Trees:
    """One array per column over all trees; node, leaf and bitset numbers become numbers over all
    trees."""
    node_start, leaf_start, bit_start = (
        _starts(trees, name) for name in ("feature", "value", "categories")
    )
    for tree, node, leaf, bit in zip(trees, node_start, leaf_start, bit_start, strict=False):
        for side in ("left", "right"):
            tree[side] = np.where(tree[side] >= 0, tree[side] + node, tree[side] - leaf)
        for name in ("above", "leaf_above"):
            tree[name] = np.where(tree[name] >= 0, tree[name] + node, -1)
        tree["category_start"] = tree["category_start"] + bit
    joined = {
        name: _read_only(np.concatenate([tree[name] for tree in trees]))
        for name in (trees[0] if trees else ())
    }
    if not trees:
        raise BadInput("TREE001", "the model text holds no tree")
    return Trees(names, node_start, leaf_start, **joined)


def _starts(trees: list[dict[str, np.ndarray]], name: str) -> np.ndarray:
    return np.cumsum([0, *(len(tree[name]) for tree in trees)], dtype=np.int32)


def _read_only(column: np.ndarray) -> np.ndarray:
    column.setflags(write=False)
    return column


@njit(cache=True, nogil=True)
def in_categories(value: float, start: int, words: int, categories: AnyArray) -> bool:
    """Whether a value's whole number is in a bitset of uint32 words; beyond an int32 or negative:
    not."""
    if not (-1.0 < value < INT_LIMIT):
        return False
    number = int(value)
    word = number >> 5
    return word < words and (categories[start + word] >> np.uint32(number & 31)) & np.uint32(1) == 1


@njit(cache=True, nogil=True)
def number_goes_left(value: float, threshold: float, nan_left: int, zero_left: int) -> bool:
    """Whether a number goes left at a node `<= threshold`, as `Tree::NumericalDecision` of LightGBM
    has it."""
    if value != value:
        return nan_left != 0
    if abs(value) <= ZERO:
        return zero_left != 0
    return value <= threshold


@njit(cache=True, nogil=True)
def raw_scores(
    rows: AnyArray,
    node_start: AnyArray,
    leaf_start: AnyArray,
    left: AnyArray,
    right: AnyArray,
    value: AnyArray,
    feature: AnyArray,
    threshold: AnyArray,
    categorical: AnyArray,
    nan_left: AnyArray,
    zero_left: AnyArray,
    category_start: AnyArray,
    category_words: AnyArray,
    categories: AnyArray,
) -> Floats:
    """float64[n]: leaf values summed in the order of the trees, as LightGBM sums them."""
    scores = np.zeros(len(rows))
    for i in range(len(rows)):
        total = 0.0
        for tree in range(len(node_start) - 1):
            node = node_start[tree]
            if node == node_start[tree + 1]:
                node = ~leaf_start[tree]
            while node >= 0:
                x = rows[i, feature[node]]
                if categorical[node]:
                    goes = in_categories(x, category_start[node], category_words[node], categories)
                else:
                    goes = number_goes_left(x, threshold[node], nan_left[node], zero_left[node])
                node = left[node] if goes else right[node]
            total += value[~node]
        scores[i] = total
    return scores
