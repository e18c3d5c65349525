"""What is checked: a table as it came, what a store knows already, and how much of it is in memory
at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.checks.cells import is_whole
from registry.checks.rejected import RejectedRows
from registry.contract.arrays import Days, Flags, Ints, Texts
from registry.contract.tables import TableSpec

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

    def numbers_of(self, rows: Ints) -> Ints:
        """The numbers in the source of these rows, counted from 0."""
        return rows + 1 if self.numbers is None else np.asarray(self.numbers, np.int64)[rows]


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


def settled_chunks(spec: TableSpec, raw: Raw, at_once: int) -> Iterator[pa.Table]:
    """The rows in chunks that are read as the whole would be.

    Codes with gaps are often floats, and lose their `.0` where all of a column are whole: that is
    decided here, once for all chunks.
    """
    if raw.rows <= at_once:
        yield from raw.chunks(at_once)
        return
    whole = _whole_floats(spec, raw, at_once)
    for data in raw.chunks(at_once):
        for name, without_gaps in whole.items():
            column = data[name]
            cells = pc.if_else(pc.is_nan(column), None, column)
            cells = cells.cast(pa.int64()) if without_gaps else cells.cast(pa.string())
            data = data.set_column(data.column_names.index(name), name, cells)
        yield data


def _whole_floats(spec: TableSpec, raw: Raw, at_once: int) -> dict[str, bool]:
    """Of each column of floats that is none of numbers: are all of them whole?"""
    kinds = raw.data.schema
    floats = [
        column.name
        for column in spec.columns
        if column.kind != "number"
        and column.name in kinds.names
        and pa.types.is_floating(kinds.field(column.name).type)
    ]
    whole = dict.fromkeys(floats, True)
    if floats:
        for data in raw.chunks(at_once, floats):
            for name in floats:
                whole[name] &= is_whole(data[name])
    return whole
