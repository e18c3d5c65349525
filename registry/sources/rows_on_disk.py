"""Files that are too large for memory, read again and again in chunks of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from registry.contract.errors import BadInput

BUFFER = 1 << 20
"""Bytes of a column that are read at a time: a row group may be as large as the file."""


@dataclass(frozen=True)
class ParquetRows:
    """A Parquet file's rows; its texts come as different ones and positions, as they lie there."""

    path: Path
    rows: int
    kinds: pa.Schema

    def chunks(self, at_once: int, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """All rows in their order, at most so many at a time. Raises BadInput REG003 for a file
        that cannot be read to its end."""
        texts = [kind.name for kind in self.kinds if pa.types.is_string(kind.type)]
        try:
            with pq.ParquetFile(self.path, read_dictionary=texts, buffer_size=BUFFER) as file:
                batches = file.iter_batches(at_once, columns=columns)
                yield from together(map(_table, batches), at_once)
        except (pa.ArrowException, OSError) as error:
            raise no_parquet(self.path) from error


def parquet_rows(path: Path) -> ParquetRows:
    """What a Parquet file holds, without its rows. Raises BadInput REG003 for no whole one."""
    try:
        with pq.ParquetFile(path) as file:
            return ParquetRows(path, file.metadata.num_rows, file.schema_arrow)
    except (pa.ArrowException, OSError) as error:
        raise no_parquet(path) from error


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
            waiting, rows = [], 0
        waiting.append(table)
        rows += table.num_rows
    if waiting:
        yield _one(waiting)


def _one(tables: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables).unify_dictionaries() if len(tables) > 1 else tables[0]


def _table(batch: pa.RecordBatch) -> pa.Table:
    return pa.Table.from_batches([batch])
