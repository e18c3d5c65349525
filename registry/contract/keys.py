"""Keys as single integers, and rows that share one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from registry.contract.arrays import AnyArray, Flags, Ints


def key_numbers(columns: Sequence[AnyArray]) -> Ints:
    """One int64 per row from integer columns, ordered as the columns are; equal where all columns
    are equal."""
    key = np.zeros(len(columns[0]), np.int64)
    span = 1
    for column in columns:
        column = column.astype(np.int64)
        low = column.min() if len(column) else 0
        width = int(column.max()) - int(low) + 1 if len(column) else 1
        if width > 2**40 or span * width >= 2**62:
            column, low = np.unique(column, return_inverse=True)[1], 0
            width = int(column.max()) + 1
        if span * width >= 2**62:
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
            span = int(key.max()) + 1
        key = key * width + (column - low)
        span *= width
    return key


def sort_order(columns: Sequence[AnyArray]) -> Ints | None:
    """The order that sorts rows by these columns, ties as they came; None when they are sorted
    already."""
    key = key_numbers(columns)
    if len(key) < 2 or (key[1:] >= key[:-1]).all():
        return None
    return np.argsort(key, kind="stable")


def repeats(key: Ints, contents: Iterable[AnyArray], *, among: Flags) -> tuple[Flags, Flags]:
    """Masks of exact repeats (all but the first of equal rows) and of conflicts (different rows
    with one key).

    `among` masks the rows that are still in the running; `contents` are taken only where two of
    these share a key. Two rows A, A and one B with the same key:
    the second A is a repeat, the first A and B are a conflict.
    """
    duplicate, conflict = np.zeros(len(key), bool), np.zeros(len(key), bool)
    rows = _rows_with_shared_key(key, among)
    if not len(rows):
        return duplicate, conflict
    columns = [np.nan_to_num(content[rows].astype(np.float64), nan=-1e300) for content in contents]
    order = np.lexsort([rows, *columns[::-1], key[rows]])
    rows, columns = rows[order], [column[order] for column in columns]
    new_key = np.append(True, key[rows[1:]] != key[rows[:-1]])
    same = ~new_key
    for column in columns:
        same &= np.append(False, column[1:] == column[:-1])
    duplicate[rows[same]] = True
    group = np.cumsum(new_key) - 1
    versions = np.bincount(group, weights=~same)
    conflict[rows[~same & (versions[group] > 1)]] = True
    return duplicate, conflict


def _rows_with_shared_key(key: Ints, among: Flags) -> Ints:
    ordered = key[among]
    if len(ordered) < 2 or (ordered[1:] > ordered[:-1]).all():
        return np.empty(0, np.int64)
    ordered = np.sort(ordered)
    shared = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    return np.flatnonzero(among & np.isin(key, shared)) if len(shared) else np.empty(0, np.int64)
