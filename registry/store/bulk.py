"""Whole columns into and out of the store's database: Arrow through ADBC, one transaction for all
of an import.

ADBC brings a SQLite of its own, and two copies of SQLite in one process do not see each other's
file locks. So a store stays in rollback-journal mode (an idle connection then holds no lock), and
while a `Bulk` is at work nothing of the same thread uses the SQLAlchemy engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import URL, BigInteger, Float, Integer, SmallInteger, Text

from registry.contract.arrays import AnyArray, Texts
from registry.contract.days import NEVER
from registry.contract.errors import BadInput
from registry.contract.registry import CODE, DAY, NUMBER
from registry.store.schema import METADATA

_ARROW = {
    Integer: pa.int32(),
    BigInteger: pa.int64(),
    SmallInteger: pa.int16(),
    Float: pa.float64(),
    Text: pa.string(),
}
CACHE_KB = 64 << 10
"""Pages that SQLite keeps while an import writes; with its own 2 MB it would write many of them
twice."""
EMPTY_AS: dict[type, float] = {DAY: int(NEVER), CODE: -1, NUMBER: np.nan}
"""What stands for NULL in memory, by kind of column; -1 for ids."""


def connect(url: URL) -> Bulk:
    """A bulk connection to the database that a SQLAlchemy address names."""
    if url.get_backend_name() == "sqlite":
        from adbc_driver_sqlite import dbapi as sqlite

        bulk = Bulk(sqlite.connect(url.database), "sqlite")
        bulk.execute("PRAGMA busy_timeout = 30000")
        bulk.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        return bulk
    from adbc_driver_postgresql import dbapi as postgresql

    return Bulk(
        postgresql.connect(url.set(drivername="postgresql").render_as_string(hide_password=False)),
        "postgresql",
    )


class Bulk(AbstractContextManager["Bulk"]):
    """One transaction: `commit` makes all of it visible; leaving without it, or dying, leaves no
    trace."""

    def __init__(self, connection: Any, backend: str):
        self._connection, self.backend = connection, backend

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def commit(self) -> None:
        """Make everything since the start visible at once."""
        self._connection.commit()

    def write_alone(self) -> None:
        """Wait until no other import writes, and keep the others waiting until this transaction
        ends: what is read from now on is still true when it is written upon. Readers go on.

        PostgreSQL does not keep a row locked that another transaction has replaced meanwhile, so
        there it is the table `imports` that is locked.
        """
        self.execute(
            "LOCK TABLE imports IN SHARE ROW EXCLUSIVE MODE"
            if self.backend == "postgresql"
            else "UPDATE store_facts SET value = value WHERE name = 'registry_id'"
        )

    def execute(self, statement: str) -> None:
        """Run one statement for its effect. Raises BadInput REG073 where a replica is asked to."""
        with self._connection.cursor() as cursor, by_a_replica():
            cursor.execute(statement)

    def query(
        self,
        statement: str,
        kinds: Mapping[str, type] | None = None,
        *,
        most_rows: int | None = None,
    ) -> dict[str, AnyArray]:
        """The answer's columns by name: as in memory where their kinds are given, Python objects
        otherwise. `most_rows`: that the answer can have (None: they are counted first, which asks a
        sum over a table twice). Raises BadInput REG072 where a replica broke the reading off."""
        with self._connection.cursor() as cursor, by_a_replica():
            if self.backend == "sqlite":
                # One batch: the driver settles a column's type on the first, and would stumble over
                # a later float. It reserves that many rows of every column at once, so that the
                # batch is as large as the answer and not as any could be: 2**27 rows were 31 GB of
                # address space, and a process that has so much can start no other one.
                rows = most_rows
                if rows is None:
                    cursor.execute(f"SELECT COUNT(*) FROM ({statement})")
                    rows = cursor.fetchone()[0]
                cursor.adbc_statement.set_options(
                    **{"adbc.sqlite.query.batch_rows": str(max(rows, 1))}
                )
            cursor.execute(statement)
            answer = cursor.fetch_arrow_table()
        kinds = kinds or {}
        return {name: from_arrow(answer[name], kinds.get(name)) for name in answer.column_names}

    def ingest(self, table: str, columns: Mapping[str, pa.Array]) -> None:
        """Append rows to a table, cast to the widths of its columns, as binary COPY wants them."""
        kinds = METADATA.tables[table].columns
        rows = pa.table(
            {name: values.cast(_ARROW[type(kinds[name].type)]) for name, values in columns.items()}
        )
        with self._connection.cursor() as cursor:
            cursor.adbc_ingest(table, rows, mode="append")

    def ingest_temporary(self, table: str, columns: Mapping[str, pa.Array]) -> None:
        """Append rows to a temporary table that this connection made."""
        with self._connection.cursor() as cursor:
            cursor.adbc_ingest(table, pa.table(dict(columns)), mode="append", temporary=True)

    def count_anew(self, table: str) -> None:
        """Let PostgreSQL look at a table that has many new rows, before somebody asks for them: by
        itself it does so a minute later, or ten, and until then plans for a table without any."""
        if self.backend == "postgresql":
            self.execute(f"ANALYZE {table}")

    def drop_indexes(self, table: str) -> None:
        """Of an empty table that many rows come into: made once, when they are there, an index
        takes a fifth less time."""
        for index in METADATA.tables[table].indexes:
            self.execute(f"DROP INDEX {index.name}")

    def make_indexes(self, table: str) -> None:
        """The indexes that `drop_indexes` took away."""
        for index in METADATA.tables[table].indexes:
            self.execute(
                f"CREATE INDEX {index.name} ON {table} "
                f"({', '.join(column.name for column in index.columns)})"
            )


READ_ONLY = "25006"
"""PostgreSQL's code of a write that a hot standby (or a role that may only read) is asked for."""


@contextmanager
def by_a_replica() -> Iterator[None]:
    """What a hot standby does otherwise than the server that takes writes: it refuses them, and
    breaks a reading off to replay a change that it stands in the way of."""
    try:
        yield
    except Exception as error:
        if getattr(error, "sqlstate", None) == READ_ONLY:
            raise writes_refused() from error
        if "conflict with recovery" not in str(error):
            raise
        raise BadInput(
            "REG072",
            "the replica broke a reading off, to replay a change of the store: set "
            "hot_standby_feedback = on or a longer max_standby_streaming_delay there, and give "
            "the command again",
        ) from error


def writes_refused() -> BadInput:
    """Why nothing can be written to a store that is a replica."""
    return BadInput(
        "REG073",
        "STORE is a replica, which takes no writes, and this command writes (or has to bring an "
        "older store up to date): give it the store that the replica follows",
    )


def to_arrow(values: AnyArray, kind: type) -> pa.Array:
    """A column in memory as Arrow, missing as null."""
    values = np.ascontiguousarray(values, kind)
    missing = np.isnan(values) if kind is NUMBER else values == NEVER if kind is DAY else values < 0
    return pa.array(values, mask=missing if missing.any() else None)


def from_arrow(column: pa.ChunkedArray, kind: type | None) -> AnyArray:
    """Inverse of `to_arrow`; Python objects where no kind is given."""
    if kind is None:
        objects: Texts = column.to_numpy(zero_copy_only=False).astype(object)
        return objects
    if pa.types.is_null(column.type) or not len(column):
        return np.full(len(column), EMPTY_AS.get(kind, -1), kind)
    column = column.cast(pa.from_numpy_dtype(kind))
    if column.null_count:
        column = column.fill_null(EMPTY_AS.get(kind, -1))
    values: AnyArray = column.to_numpy(zero_copy_only=False)
    return values
