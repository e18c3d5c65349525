"""A later import against what the store has: what is new, what is changed and supersedes, what says
nothing new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from registry.contract.arrays import AnyArray, Days, Flags, Ints
from registry.contract.keys import key_numbers
from registry.contract.registry import NUMBER
from registry.contract.tables import SPECS, TEXTS

KNOWN_WHEN = frozenset(
    {
        "no",
        "import_no",
        "recorded_on",
        "known_from",
        "known_until",
        "closed_known_from",
        "left_known_from",
    }
)
"""Columns that say when a row was known, not what it says."""


@dataclass(frozen=True)
class Merge:
    """`fresh` masks the new rows to write, `changed` are positions of those among them that
    supersede; `superseded` are positions among the present rows, and until when known."""

    fresh: Flags
    changed: Ints
    superseded: Ints
    known_until: Days


def merge(name: str, new: Mapping[str, AnyArray], present: Mapping[str, AnyArray]) -> Merge:
    """Compare checked rows (unique by key) with the present versions (unique by key) of a table.

    A row whose key is absent is fresh; one whose content differs is fresh and supersedes; an equal
    one is neither.
    """
    keys = [TEXTS.get(column, column) for column in SPECS[name].key]
    present_rows = len(present["no"])
    both = key_numbers([np.concatenate([present[column], new[column]]) for column in keys])
    order = np.argsort(both[:present_rows], kind="stable")
    present_keys, new_keys = both[:present_rows][order], both[present_rows:]
    at = np.minimum(np.searchsorted(present_keys, new_keys), max(present_rows - 1, 0))
    found = present_keys[at] == new_keys if present_rows else np.zeros(len(new_keys), bool)
    rows = np.flatnonzero(found)
    matched = order[at[rows]] if present_rows else np.empty(0, np.int64)
    changed = ~_same(new, rows, present, matched)
    fresh = ~found
    fresh[rows[changed]] = True
    return Merge(fresh, rows[changed], matched[changed], new["known_from"][rows[changed]])


def _same(
    new: Mapping[str, AnyArray],
    rows: Ints,
    present: Mapping[str, AnyArray],
    matched: Ints,
) -> Flags:
    same = np.ones(len(rows), bool)
    for column, values in present.items():
        if column not in KNOWN_WHEN:
            ours, theirs = new[column][rows], values[matched]
            equal = ours == theirs
            if values.dtype == NUMBER:
                equal |= np.isnan(ours) & np.isnan(theirs)
            same &= equal
    return same
