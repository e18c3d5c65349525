"""Files that are too large for memory, read again and again in chunks of rows."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO
from weakref import finalize

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from registry.checks.raw import Raw, RawOnDisk
from registry.checks.rejected import RejectedRows
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


NUMBER = "number of the row in its source"
"""The column of `GatheredRows` beside those of the rows, where rows are not simply counted."""
_PACKED = pa.ipc.IpcWriteOptions(compression="lz4")


@dataclass
class _Block:
    """Some rows as they came: in memory (`held`), or where they lie in the file."""

    turn: int
    kinds: pa.Schema
    rows: int
    held: pa.Table | None
    begin: int = 0
    size: int = 0


class GatheredRows:
    """Rows that come piece by piece, from a source that is slow to read again (CSV, a database) or
    through a map: in memory while they are few, in a file without a name beyond that, which is
    gone when its process is.

    in_memory: so many rows at most are kept there. folder: where that file is made. Pieces may have
    different columns; what one of them lacks is empty in it.
    """

    def __init__(self, in_memory: int, folder: Path | None):
        self._in_memory, self._folder = in_memory, folder
        self._blocks: list[_Block] = []
        self._held: list[_Block] = []
        self._file: IO[bytes] | None = None
        self._is_ordered = True
        self.rows = 0
        self.kinds = pa.schema([])
        self.gaps: Ints = np.empty(0, np.int64)
        """Where rows are counted: the numbers of those that never became cells."""

    @property
    def are_few(self) -> bool:
        """Are all of them in memory?"""
        return self._file is None

    def add(self, data: pa.Table, numbers: Ints | None = None, *, turn: int = 0) -> None:
        """Some rows more, with their numbers in the source; those of a lower `turn` come before all
        of a higher one."""
        if numbers is not None:
            data = data.append_column(NUMBER, pa.array(numbers, pa.int64()))
        if data.schema != self.kinds:
            self.kinds = pa.unify_schemas([self.kinds, data.schema])
        if self._blocks and not data.num_rows:
            return
        self._is_ordered &= not self._blocks or self._blocks[-1].turn <= turn
        self._held.append(_Block(turn, data.schema, data.num_rows, data))
        self._blocks.append(self._held[-1])
        self.rows += data.num_rows
        if self.rows > self._in_memory:
            self._set_down()

    def chunks(self, at_once: int, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """All rows in their order, at most so many at a time; without `NUMBER` unless asked."""
        names = [name for name in self.kinds.names if name != NUMBER]
        names = names if columns is None else list(columns)
        if not self.rows:
            yield self.kinds.empty_table().select(names)
            return
        pieces = (
            data.slice(start, at_once)
            for data in map(partial(self._read, names), self._ordered())
            for start in range(0, data.num_rows, at_once)
        )
        yield from together(pieces, at_once)

    def whole(self) -> tuple[pa.Table, Ints | None]:
        """All rows, and their numbers where they have some; for rows that are few."""
        (data,) = self.chunks(max(self.rows, 1), self.kinds.names)
        if NUMBER not in self.kinds.names:
            return data, None
        return data.drop_columns(NUMBER), data[NUMBER].to_numpy()

    def raw(self, refused: RejectedRows | None, declared: frozenset[str]) -> Raw:
        """The rows (numbered, under the contract's names) as a raw table."""
        if self.are_few:
            data, numbers = self.whole()
            return Raw(data, numbers, refused, declared=declared)
        data = self.kinds.remove(self.kinds.get_field_index(NUMBER)).empty_table()
        names = {name: name for name in data.column_names}
        return RawOnDisk(data, None, refused, declared=declared, on_disk=self, names=names)

    def changed(self, change: Callable[[pa.Table, Ints], tuple[pa.Table, Ints]]) -> GatheredRows:
        """Other rows in the place of these, made of them (and of their numbers) chunk by chunk."""
        changed = GatheredRows(self._in_memory, self._folder)
        for data, numbers in self.numbered_chunks():
            changed.add(*change(data, numbers))
        return changed

    def numbered_chunks(self) -> Iterator[tuple[pa.Table, Ints]]:
        """All rows in their order with their numbers, as many at a time as may be in memory."""
        for data in self.chunks(self._in_memory, self.kinds.names):
            yield data.drop_columns(NUMBER), data[NUMBER].to_numpy()

    def numbers_of(self, rows: Ints) -> Ints:
        """The numbers in the source of these rows, counted from 0 (ascending): 1 is the first below
        the header, and rows that never became cells have one too."""
        if NUMBER not in self.kinds.names:
            before = self.gaps - np.arange(len(self.gaps))
            return rows + 1 + np.searchsorted(before, rows + 1, side="right")
        numbers, start = [], 0
        for block in self._ordered():
            stop = start + block.rows
            mine = rows[slice(*np.searchsorted(rows, (start, stop)))]
            if len(mine):
                numbers.append(self._read([NUMBER], block)[NUMBER].to_numpy()[mine - start])
            start = stop
        return np.concatenate(numbers) if numbers else np.empty(0, np.int64)

    def _ordered(self) -> list[_Block]:
        if not self._is_ordered:
            self._blocks.sort(key=lambda block: block.turn)
            self._is_ordered = True
        return self._blocks

    def _set_down(self) -> None:
        """Into the file with what is in memory."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
            finalize(self, self._file.close)
        for block in self._held:
            if block.held is not None:
                block.begin = self._file.tell()
                with pa.ipc.new_stream(self._file, block.kinds, options=_PACKED) as stream:
                    stream.write_table(block.held.unify_dictionaries())
                block.size, block.held = self._file.tell() - block.begin, None
        self._held.clear()
        self._file.flush()

    def _read(self, names: list[str], block: _Block) -> pa.Table:
        data = block.held if block.held is not None else self._from_file(names, block)
        for name in names:
            if name not in block.kinds.names:
                data = data.append_column(name, pa.nulls(block.rows, self.kinds.field(name).type))
        return data.select(names)

    def _from_file(self, names: list[str], block: _Block) -> pa.Table:
        if self._file is None:
            raise ValueError("these rows were never set down")
        here = [block.kinds.get_field_index(name) for name in names if name in block.kinds.names]
        if not here:
            return pa.table({"": pa.nulls(block.rows)})
        # Whoever else reads or writes the file: its own place is not used.
        packed = os.pread(self._file.fileno(), block.size, block.begin)
        if len(packed) < block.size:
            raise OSError("a file of rows is shorter than what was written")
        wanted = pa.ipc.IpcReadOptions(included_fields=here)
        with pa.ipc.open_stream(packed, options=wanted) as stream:
            return stream.read_all()


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


def _table(batch: pa.RecordBatch) -> pa.Table:
    return pa.Table.from_batches([batch])
