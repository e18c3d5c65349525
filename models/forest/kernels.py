"""The two kernels that explain rows from the tables: one for a few rows, one for many.

Both add, for each row and feature, the same numbers in the same order (the order of the pieces), so
a row has the same bits in either. Bulk works on blocks of rows, so that a piece's table is fetched
once a block, and its inner loops run over rows, so that they become vector instructions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from models.forest.cut import SPLIT, WHOLE
from models.forest.lightgbm_text import ZERO, in_categories
from models.forest.shapley_tables import leaf_effects, split_effects
from registry.contract.arrays import AnyArray, Floats
from registry.machine.numba_kernels import njit

Arrays = tuple[Any, ...]
"""Arrays that belong together, as `models.forest.explain` packs them."""
BLOCK = 256
"""Rows that are explained together in bulk."""


@njit(cache=True, nogil=True)
def decide_row(
    row: AnyArray,
    x: AnyArray,
    goes: AnyArray,
    feature: AnyArray,
    threshold: AnyArray,
    categorical: AnyArray,
    nan_left: AnyArray,
    zero_left: AnyArray,
    category_start: AnyArray,
    category_words: AnyArray,
    categories: AnyArray,
) -> None:
    """`goes[node]`: 1 where the row goes left. Gathered first: the comparisons then become vector
    instructions."""
    for node in range(len(feature)):
        x[node] = row[feature[node]]
    for node in range(len(feature)):
        left = np.uint8(x[node] <= threshold[node])
        left = np.uint8(zero_left[node]) if abs(x[node]) <= ZERO else left
        goes[node] = np.uint8(nan_left[node]) if x[node] != x[node] else left
    if len(categories):
        for node in range(len(feature)):
            if categorical[node]:
                goes[node] = in_categories(
                    x[node], category_start[node], category_words[node], categories
                )


@njit(cache=True, nogil=True)
def row_patterns(
    goes: AnyArray,
    reached: AnyArray,
    patterns: AnyArray,
    spines: Arrays,
    pieces: Arrays,
    above: AnyArray,
) -> None:
    """One row's pattern at every piece: what it misses on the path, then its decisions inside the
    piece."""
    _, spine, spine_left, node_bit = spines
    _, _, root, size, over, left, path_bits, _, _, _ = pieces
    for step in range(len(spine)):
        node, parent = spine[step], above[spine[step]]
        if parent >= 0:
            reached[node] = reached[parent] | np.int64(goes[parent] ^ spine_left[step]) << np.int64(
                node_bit[parent]
            )
    for piece in range(len(root)):
        pattern, node, first, bit = np.int64(0), over[piece], root[piece], path_bits[piece]
        if node >= 0:
            pattern = reached[node] | np.int64(goes[node] ^ left[piece]) << np.int64(node_bit[node])
        for step in range(size[piece]):
            pattern |= np.int64(goes[first + step] ^ 1) << np.int64(bit + step)
        patterns[piece] = pattern


@njit(cache=True, nogil=True)
def first_numbers(tables: AnyArray, patterns: AnyArray, pieces: Arrays, heads: AnyArray) -> None:
    """The first number of each WHOLE piece's entry: they lie far apart in memory, and asked for
    together they come together, the rest of each entry with them."""
    _, kind, _, _, _, _, _, column_start, _, table_start = pieces
    for piece in range(len(kind)):
        width = column_start[piece + 1] - column_start[piece]
        if kind[piece] == WHOLE and width > 0:
            heads[piece] = tables[table_start[piece] + patterns[piece] * width]


@njit(cache=True, nogil=True)
def explain_few(
    rows: AnyArray,
    tables: AnyArray,
    spines: Arrays,
    pieces: Arrays,
    leaves: Arrays,
    shape: Arrays,
    decisions: Arrays,
) -> Floats:
    """float64 (n, features), row by row: all decisions, the patterns, then one look-up per
    piece."""
    _, kind, _, _, _, _, _, column_start, column_feature, table_start = pieces
    column_share, leaf_value, points, weights = leaves
    nodes, above, shares = len(shape[1]), shape[1], np.zeros(rows.shape)
    x, goes, reached = np.empty(nodes), np.empty(nodes, np.uint8), np.zeros(nodes, np.int64)
    patterns, heads = np.empty(len(kind), np.int64), np.empty(len(kind))
    work, effects, missed = np.empty((2, 64)), np.empty(64), np.empty(64, np.uint8)
    for i in range(len(rows)):
        decide_row(rows[i], x, goes, *decisions)
        row_patterns(goes, reached, patterns, spines, pieces, above)
        first_numbers(tables, patterns, pieces, heads)
        sums = shares[i]
        for piece in range(len(kind)):
            first, width, start = (
                column_start[piece],
                column_start[piece + 1] - column_start[piece],
                table_start[piece],
            )
            if kind[piece] == WHOLE:
                entry = start + patterns[piece] * width
                for column in range(width):
                    sums[column_feature[first + column]] += (
                        heads[piece] if column == 0 else tables[entry + column]
                    )
                continue
            if kind[piece] == SPLIT:
                split_effects(tables, start, width, patterns[piece], effects)
            else:
                for j in range(width):
                    missed[j] = patterns[piece] >> j & 1
                share = column_share[first : first + width]
                leaf_effects(leaf_value[piece], share, missed, points, weights, work, effects)
            for column in range(width):
                sums[column_feature[first + column]] += effects[column]
    return shares


@njit(cache=True, nogil=True)
def decide_block(
    x: AnyArray,
    goes: AnyArray,
    size: int,
    first: int,
    last: int,
    feature: AnyArray,
    threshold: AnyArray,
    categorical: AnyArray,
    nan_left: AnyArray,
    zero_left: AnyArray,
    category_start: AnyArray,
    category_words: AnyArray,
    categories: AnyArray,
) -> None:
    """`goes[node - first, r]`: 1 where row r of the block goes left at the node."""
    for node in range(first, last):
        values, left = x[feature[node]], goes[node - first]
        if categorical[node]:
            for r in range(size):
                left[r] = in_categories(
                    values[r], category_start[node], category_words[node], categories
                )
            continue
        bound, on_zero, on_nan = (
            threshold[node],
            np.uint8(zero_left[node]),
            np.uint8(nan_left[node]),
        )
        for r in range(size):
            value = values[r]
            goes_left = np.uint8(value <= bound)
            goes_left = on_zero if abs(value) <= ZERO else goes_left
            left[r] = on_nan if value != value else goes_left


@njit(cache=True, nogil=True)
def step_block(
    pattern: AnyArray, before: AnyArray, goes: AnyArray, size: int, wanted: int, bit: int
) -> None:
    """One step down for a block: `pattern` = `before`, and this bit where a row does not go as
    `wanted`."""
    for r in range(size):
        pattern[r] = before[r] | np.uint64(goes[r] ^ wanted) << np.uint64(bit)


@njit(cache=True, nogil=True)
def whole_block(
    sums: AnyArray, features: AnyArray, table: AnyArray, pattern: AnyArray, size: int
) -> None:
    """Add a WHOLE piece's entries to a block's sums."""
    width = np.uint64(len(features))
    for column in range(len(features)):
        total, entries = sums[features[column]], table[column:]
        for r in range(size):
            total[r] += entries[pattern[r] * width]


@njit(cache=True, nogil=True)
def split_block(
    sums: AnyArray,
    features: AnyArray,
    tables: AnyArray,
    start: int,
    pattern: AnyArray,
    size: int,
    effects: AnyArray,
    places: AnyArray,
) -> None:
    """Add a SPLIT leaf's values to a block's sums: `split_effects`, its loops turned so that rows
    are innermost."""
    half, count = len(features) // 2, (len(features) + 1) // 2
    rest = len(features) - half
    second = start + (count * (half + 1) << half)
    mine, other = places[0], places[1]
    for r in range(size):
        own = np.int64(pattern[r])
        mine[r] = np.uint64(start + (own & (1 << half) - 1) * count * (half + 1))
        other[r] = np.uint64(second + (own >> half) * count * (rest + 1))
    for column in range(len(features)):
        first = column < half
        here, there = (mine, other) if first else (other, mine)
        place = np.uint64(1 + column if first else 1 + column - half)
        step_here, step_there = (half + 1, rest + 1) if first else (rest + 1, half + 1)
        for r in range(size):
            effects[r] = 0.0
        for q in range(count):
            a, b = place + np.uint64(q * step_here), np.uint64(q * step_there)
            for r in range(size):
                effects[r] += tables[here[r] + a] * tables[there[r] + b]
        total = sums[features[column]]
        for r in range(size):
            total[r] += effects[r]


@njit(cache=True, nogil=True)
def loose_block(
    sums: AnyArray,
    features: AnyArray,
    value: float,
    share: AnyArray,
    points: AnyArray,
    weights: AnyArray,
    pattern: AnyArray,
    size: int,
    missed: AnyArray,
    scratch: AnyArray,
) -> None:
    """Add a LOOSE leaf's values to a block's sums."""
    for r in range(size):
        for j in range(len(features)):
            missed[j] = np.int64(pattern[r]) >> j & 1
        leaf_effects(value, share, missed, points, weights, scratch[:2], scratch[2])
        for column in range(len(features)):
            sums[features[column], r] += scratch[2, column]


@njit(cache=True, nogil=True)
def explain_many(
    rows: AnyArray,
    tables: AnyArray,
    spines: Arrays,
    pieces: Arrays,
    leaves: Arrays,
    shape: Arrays,
    decisions: Arrays,
) -> Floats:
    """float64 (n, features), a block of rows at a time, tree by tree; adds in the order of
    `explain_few`."""
    spine_start, spine, spine_left, node_bit = spines
    (
        piece_start,
        kind,
        root,
        inside,
        over,
        left,
        path_bits,
        column_start,
        column_feature,
        table_start,
    ) = pieces
    column_share, leaf_value, points, weights = leaves
    node_start, above = shape
    n, width = rows.shape
    shares, most = np.empty(rows.shape), max(1, np.diff(node_start).max())
    x, sums, goes = (
        np.empty((width, BLOCK)),
        np.empty((width, BLOCK)),
        np.empty((most, BLOCK), np.uint8),
    )
    reached, pattern = np.zeros((most, BLOCK), np.uint64), np.empty(BLOCK, np.uint64)
    scratch, missed = np.empty((3, 64)), np.empty(64, np.uint8)
    effects, places = np.empty(BLOCK), np.empty((2, BLOCK), np.uint64)
    for begin in range(0, n, BLOCK):
        size = min(BLOCK, n - begin)
        x[:, :size] = rows[begin : begin + size].T
        sums[:, :size] = 0.0
        for tree in range(len(node_start) - 1):
            start = node_start[tree]
            decide_block(x, goes, size, start, node_start[tree + 1], *decisions)
            reached[0] = 0
            for step in range(spine_start[tree], spine_start[tree + 1]):
                node, parent = spine[step] - start, above[spine[step]] - start
                if node > 0:
                    bit = node_bit[parent + start]
                    step_block(
                        reached[node], reached[parent], goes[parent], size, spine_left[step], bit
                    )
            for piece in range(piece_start[tree], piece_start[tree + 1]):
                pattern[:] = 0
                if over[piece] >= 0:
                    parent = over[piece] - start
                    step_block(
                        pattern,
                        reached[parent],
                        goes[parent],
                        size,
                        left[piece],
                        node_bit[over[piece]],
                    )
                for step in range(inside[piece]):
                    step_block(
                        pattern,
                        pattern,
                        goes[root[piece] - start + step],
                        size,
                        1,
                        path_bits[piece] + step,
                    )
                first, last = column_start[piece], column_start[piece + 1]
                features, table = column_feature[first:last], tables[table_start[piece] :]
                if kind[piece] == WHOLE:
                    whole_block(sums, features, table, pattern, size)
                elif kind[piece] == SPLIT:
                    split_block(
                        sums, features, tables, table_start[piece], pattern, size, effects, places
                    )
                else:
                    share, value = column_share[first:last], leaf_value[piece]
                    loose_block(
                        sums,
                        features,
                        value,
                        share,
                        points,
                        weights,
                        pattern,
                        size,
                        missed,
                        scratch,
                    )
        shares[begin : begin + size] = sums[:, :size].T
    return shares
