"""What is checked: a table as it came, what a store knows already, and how much of it is in memory
at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.checks.cells import is_whole
from registry.checks.rejected import RejectedRows
from registry.contract.arrays import Days, Flags, Ints, Texts
from registry.contract.tables import TableSpec

Change = Callable[[pa.ChunkedArray], pa.ChunkedArray | pa.Array]
"""A column to another one of as many cells."""
EVERYTHING = 2**62
"""As many rows as there are."""


@dataclass(frozen=True)
class Raw:
    """One table as it came, under the contract's column names.

    `numbers` are the rows' numbers in the source (1 is the first below the header) where rows are
    not simply counted; `refused` are rows that never became cells (too many, too few); `extra` are
    columns that were kept out; `declared` are columns of which a map says what their codes mean;
    `windows` those that hold days `earliest/latest` as yet.
    """

    data: pa.Table
    numbers: Ints | None = None
    refused: RejectedRows | None = None
    extra: tuple[str, ...] = ()
    declared: frozenset[str] = frozenset()
    windows: frozenset[str] = frozenset()

    @property
    def rows(self) -> int:
        """How many rows became cells."""
        return int(self.data.num_rows)

    def chunks(self, at_once: int, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """All rows in their order, at most so many at a time, as often as asked; of some columns
        only, where these are given."""
        data = self.data if columns is None else self.data.select(columns)
        for start in range(0, max(self.rows, 1), at_once):
            yield data.slice(start, at_once)

    def some(self, wanted: Flags, at_once: int) -> Iterator[tuple[Ints, pa.Table]]:
        """The rows of a mask, chunk by chunk: their numbers from 0, and their cells."""
        start = 0
        for data in self._pieces(at_once):
            many = data.num_rows
            rows = np.flatnonzero(wanted[start : start + many])
            taken = data.take(pa.array(rows))
            # Two chunks would take twice the room.
            del data
            if len(rows):
                yield start + rows, self._cells(_plain(taken))
            start += many

    def _pieces(self, at_once: int) -> Iterator[pa.Table]:
        return self.chunks(at_once)

    def _cells(self, data: pa.Table) -> pa.Table:
        return data

    def without(self, column: str) -> Raw:
        """The table without a column."""
        return replace(self, data=self.data.drop_columns(column))

    def mapped(self, column: str, change: Change) -> Raw:
        """The table with a column changed."""
        at = self.data.column_names.index(column)
        return replace(self, data=self.data.set_column(at, column, change(self.data[column])))

    def numbers_of(self, rows: Ints) -> Ints:
        """The numbers in the source of these rows, counted from 0."""
        return rows + 1 if self.numbers is None else np.asarray(self.numbers, np.int64)[rows]


def _named(names: list[str], data: pa.Table) -> pa.Table:
    return data.rename_columns(names)


def _plain(data: pa.Table) -> pa.Table:
    """A few rows out of many without the different texts of all of them."""
    return pa.table(
        {
            name: column.cast(column.type.value_type)
            if pa.types.is_dictionary(column.type)
            else column
            for name, column in zip(data.column_names, data.columns, strict=True)
        }
    )


class RowsOnDisk(Protocol):
    """A file's rows under its own names of columns, read as often as asked."""

    @property
    def rows(self) -> int:
        """How many."""

    def chunks(self, at_once: int, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """All in their order, at most so many at a time; of some columns only, where given."""

    def numbers_of(self, rows: Ints) -> Ints:
        """The numbers in the file of these rows, counted from 0."""


@dataclass(frozen=True)
class RawOnDisk(Raw):
    """A table that is too large for memory: `data` has its columns and none of its rows.

    `names` are the file's names of the contract's columns.
    """

    on_disk: RowsOnDisk = field(kw_only=True)
    names: Mapping[str, str] = field(kw_only=True)
    changes: Mapping[str, Change] = field(kw_only=True, default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows became cells."""
        return self.on_disk.rows

    def chunks(self, at_once: int, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """All rows in their order, at most so many at a time, as often as asked; of some columns
        only, where these are given."""
        names = self.data.column_names if columns is None else columns
        yield from map(self._cells, self._pieces(at_once, names))

    def numbers_of(self, rows: Ints) -> Ints:
        """The numbers in the source of these rows, counted from 0."""
        return self.on_disk.numbers_of(rows)

    def without(self, column: str) -> RawOnDisk:
        """The table without a column."""
        return replace(self, data=self.data.drop_columns(column))

    def mapped(self, column: str, change: Change) -> RawOnDisk:
        """The table with a column changed, whenever it is read."""
        return replace(self, changes={**self.changes, column: change})

    def _pieces(self, at_once: int, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        names = self.data.column_names if columns is None else list(columns)
        found = self.on_disk.chunks(at_once, [self.names[name] for name in names])
        yield from map(partial(_named, names), found)

    def _cells(self, data: pa.Table) -> pa.Table:
        for name in self.changes.keys() & set(data.column_names):
            at = data.column_names.index(name)
            data = data.set_column(at, name, self.changes[name](data[name]))
        return data


@dataclass(frozen=True)
class StoredIds:
    """Children and centres that a store already has (ids as Arrow texts), and who asked to be
    forgotten."""

    child_ids: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
    born_from: Days = field(default_factory=lambda: np.empty(0, np.int32))
    """The earliest day on which each of these children may have been born."""
    centre_ids: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
    is_forgotten: Callable[[Texts], Flags] | None = None
    """Which of these ids are of children who were forgotten; None where nobody was."""


@dataclass(frozen=True)
class Sizes:
    """How many rows are in memory at once: of a chunk of the source, and of a part of a checked
    table; `folder` is for the file without a name that holds the rows of a table of several
    chunks."""

    chunk: int = EVERYTHING
    part: int = EVERYTHING
    folder: Path | None = None


ALL_AT_ONCE = Sizes()


def settled_chunks(spec: TableSpec, raw: Raw, at_once: int) -> Iterator[pa.Table]:
    """The rows in chunks that are read as the whole would be.

    Codes with gaps are often floats, and lose their `.0` where all of a column are whole: that is
    decided here, once for all chunks.
    """
    if raw.rows <= at_once:
        yield from raw.chunks(at_once)
        return
    codes = [column.name for column in spec.columns if column.kind != "number"]
    whole = whole_floats(raw, codes, at_once)
    # Nothing here holds on to a chunk: two would take twice the room.
    yield from map(partial(_with_codes, whole), raw.chunks(at_once))


def _with_codes(whole: Mapping[str, bool], data: pa.Table) -> pa.Table:
    for name, are_whole in whole.items():
        cells = as_codes(data[name], are_whole=are_whole)
        data = data.set_column(data.column_names.index(name), name, cells)
    return data


def whole_floats(raw: Raw, names: Sequence[str], at_once: int) -> dict[str, bool]:
    """Of those of these columns that are floats: are all of them whole?"""
    kinds = raw.data.schema
    floats = [
        name
        for name in names
        if name in kinds.names and pa.types.is_floating(kinds.field(name).type)
    ]
    whole = dict.fromkeys(floats, True)
    if floats:
        for data in raw.chunks(at_once, floats):
            for name in floats:
                whole[name] &= is_whole(data[name])
    return whole


def as_codes(floats: pa.ChunkedArray, *, are_whole: bool) -> pa.ChunkedArray:
    """A chunk of such a column, where it is known whether all of the column are whole."""
    if not pa.types.is_floating(floats.type):
        return floats
    cells = pc.if_else(pc.is_nan(floats), None, floats)
    return cells.cast(pa.int64() if are_whole else pa.string())
