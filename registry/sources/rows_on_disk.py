"""Files that are too large for memory, read again and again in chunks of rows."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from weakref import finalize

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from registry.contract.arrays import Ints
from registry.contract.errors import BadInput

BUFFER = 1 << 20
"""Bytes of a column that are read at a time: a row group may be as large as the file."""
PIECES = 4
"""A chunk is read in so many pieces: the one after it waits beside it."""
LOOKED_AT, OFTEN = 20_000, 20
"""Of so many first rows a text stands in so many on average, where the different ones are few."""


@dataclass(frozen=True)
class ParquetRows:
    """A Parquet file's rows; the texts of columns in which the same ones stand again and again
    (`repeated`) come as different ones and positions, as they lie there. Of the others the reader
    would gather all that a row group has, of a state's children all ids."""

    path: Path
    rows: int
    kinds: pa.Schema
    repeated: tuple[str, ...]

    def chunks(self, at_once: int, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """All rows in their order, at most so many at a time. Raises BadInput REG003 for a file
        that cannot be read to its end."""
        texts = list(self.repeated)
        try:
            with pq.ParquetFile(self.path, read_dictionary=texts, buffer_size=BUFFER) as file:
                yield from together(map(_table, _pieces(file, at_once, columns)), at_once)
        except (pa.ArrowException, OSError) as error:
            raise no_parquet(self.path) from error

    def numbers_of(self, rows: Ints) -> Ints:
        """The numbers of these rows, counted from 0: 1 is the first."""
        return rows + 1


class SpooledRows:
    """Rows of texts that came in batches from a file that is slow to read (CSV), set down in a
    file without a name, which is gone when its process is.

    folder: where that file is made. gaps: the numbers of rows that never became cells.
    """

    def __init__(self, batches: Iterable[pa.RecordBatch], kinds: pa.Schema, folder: Path | None):
        self.kinds, self.rows = kinds, 0
        self.gaps: Ints = np.empty(0, np.int64)
        self.empty = set(kinds.names)
        """Columns without any cell."""
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        finalize(self, self._file.close)
        with pa.ipc.new_stream(self._file, kinds) as stream:
            for batch in batches:
                stream.write_batch(batch)
                self.rows += batch.num_rows
                self.empty -= {
                    name for name in self.empty if batch[name].null_count < batch.num_rows
                }
        self._file.flush()

    def chunks(self, at_once: int, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """All rows in their order, at most so many at a time."""
        names = self.kinds.names if columns is None else list(columns)
        wanted = pa.ipc.IpcReadOptions(
            included_fields=[self.kinds.get_field_index(name) for name in names]
        )
        file = io.BufferedReader(_FromItsStart(self._file.fileno()), BUFFER)
        with pa.ipc.open_stream(pa.PythonFile(file), options=wanted) as stream:
            pieces = (
                _table(batch.slice(start, at_once))
                for batch in stream
                for start in range(0, batch.num_rows, at_once)
            )
            yield from map(partial(_select, names), together(pieces, at_once))
        if not self.rows:
            yield self.kinds.empty_table().select(names)

    def numbers_of(self, rows: Ints) -> Ints:
        """The numbers of these rows, counted from 0: 1 is the first below the header, and rows
        that never became cells have one too."""
        before = self.gaps - np.arange(len(self.gaps))
        return rows + 1 + np.searchsorted(before, rows + 1, side="right")


class _FromItsStart(io.RawIOBase):
    """An open file from its start, whoever else reads it."""

    def __init__(self, handle: int):
        self._handle, self._at = handle, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        read = os.preadv(self._handle, [buffer], self._at)
        self._at += read
        return read


def _pieces(
    file: pq.ParquetFile, at_once: int, columns: Sequence[str] | None
) -> Iterator[pa.RecordBatch]:
    """All rows in pieces of a chunk. Row group by row group: the reader keeps what it has read of a
    file until it is asked for another."""
    rows = max(at_once // PIECES, 1)
    for group in range(file.num_row_groups):
        yield from file.iter_batches(rows, row_groups=[group], columns=columns)


def parquet_rows(path: Path) -> ParquetRows:
    """What a Parquet file holds, without its rows. Raises BadInput REG003 for no whole one."""
    try:
        with pq.ParquetFile(path, buffer_size=BUFFER) as file:
            rows, kinds = file.metadata.num_rows, file.schema_arrow
            return ParquetRows(path, rows, kinds, _repeated(file))
    except (pa.ArrowException, OSError) as error:
        raise no_parquet(path) from error


def _repeated(file: pq.ParquetFile) -> tuple[str, ...]:
    """The columns of texts that are few and stand again and again in the first rows."""
    texts = [kind.name for kind in file.schema_arrow if pa.types.is_string(kind.type)]
    first = next(file.iter_batches(LOOKED_AT, columns=texts), None) if texts else None
    if first is None:
        return tuple(texts)
    few = max(first.num_rows // OFTEN, 1)
    return tuple(name for name in texts if len(first[name].unique()) <= few)


def no_parquet(path: Path) -> BadInput:
    """The error of a file that is no Parquet, or half of one."""
    return BadInput("REG003", f"{path.name} is no whole Parquet file (cut short?); export it again")


def together(tables: Iterable[pa.Table], at_once: int) -> Iterator[pa.Table]:
    """Small pieces (a file's row groups, its blocks) as chunks of up to so many rows; at least
    one."""
    waiting: list[pa.Table] = []
    rows = 0
    for table in tables:
        if waiting and rows + table.num_rows > at_once:
            yield _one(waiting)
            rows = 0
        waiting.append(table)
        rows += table.num_rows
    if waiting:
        yield _one(waiting)


def _one(waiting: list[pa.Table]) -> pa.Table:
    """What waited as one table. Nothing else holds on to it: two chunks would take twice the
    room."""
    tables = waiting[:]
    waiting.clear()
    return pa.concat_tables(tables).unify_dictionaries() if len(tables) > 1 else tables[0]


def _select(names: list[str], data: pa.Table) -> pa.Table:
    return data.select(names)


def _table(batch: pa.RecordBatch) -> pa.Table:
    return pa.Table.from_batches([batch])
