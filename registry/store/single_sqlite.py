"""The store as the service's own process may open it: one SQLite library for everything.

The bulk driver (ADBC) brings a second copy of SQLite. Two copies in one process undo each other's
file locks: when the second closes a database in WAL mode it takes the log away from under the
first, which from then on answers "disk I/O error" (SQLite, "How To Corrupt", 2.2.1). So the process
that holds the score book open reads and imports through Python's own library; PostgreSQL is a
server and knows no such trouble.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from registry.contract.arrays import AnyArray
from registry.contract.errors import BadInput
from registry.store.bulk import EMPTY_AS, Bulk, connect
from registry.store.store import Store, database_file, store_url


class PlainBulk(Bulk):
    """A bulk connection through Python's own SQLite: slower by half, alone in its process."""

    def __init__(self, path: str):
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

    def query(self, statement: str, kinds: Mapping[str, type] | None = None) -> dict[str, AnyArray]:
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


def _column(cells: Sequence[object], kind: type | None) -> AnyArray:
    if kind is None:
        return np.array(cells, object)
    nothing = EMPTY_AS.get(kind, -1)
    return np.array([nothing if cell is None else cell for cell in cells], kind)


class PlainStore(Store):
    """A store whose bulk connections share the process with an open score book."""

    def bulk(self) -> Bulk:
        """A connection for whole columns; a transaction of its own."""
        path = database_file(self.url)
        return connect(self.url) if path is None else PlainBulk(str(path))


def open_beside_the_book(address: str) -> PlainStore:
    """Open a store that is there already. Raises BadInput (REG060) where it is not."""
    url = store_url(address)
    path = database_file(url)
    if path is not None and not path.exists():
        raise BadInput(
            "REG060",
            "there is no store at this address: `sanket import SOURCE --to STORE` makes one",
        )
    return PlainStore(url)
