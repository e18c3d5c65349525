"""Whole columns through Python's own SQLite, for a process that has the same file open through it
already.

The bulk driver (ADBC) brings a second copy of SQLite. Two copies in one process undo each other's
file locks: both may write at once, and one that closes a database in WAL mode takes the log away
from under the other (SQLite, "How To Corrupt", 2.2.1). So connections of Python's own copy are
counted, and while there is one, imports go through that copy too.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from sqlalchemy import URL, Engine, event

from registry.contract.arrays import AnyArray
from registry.store.bulk import EMPTY_AS, Bulk, connect

_OPEN: Counter[Path] = Counter()
_COUNTING = threading.Lock()


def count_connections(engine: Engine) -> None:
    """Count the connections of an engine over a SQLite file while they are open."""
    file = _file(engine.url)

    def more(by: int) -> None:
        with _COUNTING:
            _OPEN[file] += by

    event.listen(engine, "connect", lambda *_: more(1))
    event.listen(engine, "close", lambda *_: more(-1))


def connect_alone(url: URL) -> Bulk:
    """A bulk connection through the faster driver, or through Python's own SQLite where this
    process has the file open already."""
    if url.get_backend_name() == "sqlite" and _OPEN[_file(url)] > 0:
        return PlainBulk(_file(url))
    return connect(url)


def _file(url: URL) -> Path:
    return Path(url.database or "").resolve()


class PlainBulk(Bulk):
    """A bulk connection through Python's own SQLite: slower by half, alone in its process."""

    def __init__(self, path: str | Path):
        connection = sqlite3.connect(path, timeout=30, isolation_level=None)
        super().__init__(connection, "sqlite")
        connection.execute("BEGIN")

    def commit(self) -> None:
        """Make everything since the start visible at once."""
        self._connection.execute("COMMIT")
        self._connection.execute("BEGIN")

    def execute(self, statement: str) -> None:
        """Run one statement for its effect."""
        self._connection.execute(statement)

    def query(
        self,
        statement: str,
        kinds: Mapping[str, type] | None = None,
        *,
        most_rows: int | None = None,
    ) -> dict[str, AnyArray]:
        """The answer's columns by name, as the base class gives them."""
        cursor = self._connection.execute(statement)
        names = [column[0] for column in cursor.description]
        rows = cursor.fetchall()
        columns = zip(*rows, strict=True) if rows else [()] * len(names)
        return {
            name: _column(cells, (kinds or {}).get(name))
            for name, cells in zip(names, columns, strict=True)
        }

    def ingest(self, table: str, columns: Mapping[str, pa.Array]) -> None:
        """Append rows to a table."""
        named = ", ".join(columns)
        marks = ", ".join("?" * len(columns))
        cells = (values.to_pylist() for values in columns.values())
        self._connection.executemany(
            f"INSERT INTO {table} ({named}) VALUES ({marks})", zip(*cells, strict=True)
        )

    def ingest_temporary(self, table: str, columns: Mapping[str, pa.Array]) -> None:
        """Append rows to a temporary table that this connection made."""
        self.ingest(table, columns)


def _column(cells: Sequence[object], kind: type | None) -> AnyArray:
    if kind is None:
        return np.array(cells, object)
    nothing = EMPTY_AS.get(kind, -1)
    return np.array([nothing if cell is None else cell for cell in cells], kind)
