"""Rows of several parts of a store, put together as the whole registry has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from registry.contract.arrays import AnyArray, Days, Floats, Ints
from training.cohorts.landmarks import Cohort
from training.rows.kept_rows import as_columns

MOST_INDEXES = 1 << 20
"""No child has so many indexes of one target."""


def columns_of(rows: Cohort, position: Days) -> dict[str, AnyArray]:
    """A part's rows as columns; `position`: of each of its children in the whole registry, as which
    `child` is told. An index is numbered by its child and its place among the child's, alike in
    every part that reads the child."""
    first, child = np.searchsorted(rows.outcomes.child, rows.child), position[rows.child]
    number = child.astype(np.int64) * MOST_INDEXES + (rows.index - first)
    return as_columns(rows) | {"child": child, "index": number}


def end_to_end(parts: Sequence[Mapping[str, AnyArray]]) -> dict[str, AnyArray]:
    """The same columns of several parts, one after the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def in_order(pieces: Sequence[Floats], place: Ints) -> Floats:
    """The rows of several matrices, one after the other, as the one whose rows stand at these
    places among them."""
    whole = np.empty((len(place), pieces[0].shape[1]))
    into = np.empty(len(place), np.int64)
    into[place] = np.arange(len(place))
    start = 0
    for piece in pieces:
        whole[into[start : start + len(piece)]] = piece
        start += len(piece)
    return whole
