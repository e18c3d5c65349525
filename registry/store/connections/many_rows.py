"""Many rows into a table of any room at once, within a transaction of SQLAlchemy's: PostgreSQL's
binary COPY where there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

# The first kind that a column's type is an instance of counts: a Text is a String too.
_POSTGRES: tuple[tuple[type[sa.types.TypeEngine[Any]], str], ...] = (
    (sa.SmallInteger, "int2"),
    (sa.BigInteger, "int8"),
    (sa.Integer, "int4"),
    (sa.Float, "float8"),
    (sa.Boolean, "bool"),
    (sa.Date, "date"),
    (sa.LargeBinary, "bytea"),
    (sa.String, "text"),
)


def insert_many(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Append rows that all have the first one's columns; the others become NULL, not a default of
    Python's.

    Statement by statement PostgreSQL takes a book's rows at three times the cost, and whoever sends
    them at ten times (`docs/state.md`).
    """
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        connection.execute(sa.insert(table), list(rows))
        return
    named = list(rows[0])
    quoted = ", ".join(map(connection.dialect.identifier_preparer.quote, named))
    target = connection.dialect.identifier_preparer.format_table(table)
    raw: Any = connection.connection.driver_connection
    with (
        raw.cursor() as cursor,
        cursor.copy(f"COPY {target} ({quoted}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types([_kind(table.columns[name]) for name in named])
        for row in rows:
            copy.write_row([row[name] for name in named])


def _kind(column: sa.Column[Any]) -> str:
    return next(name for kind, name in _POSTGRES if isinstance(column.type, kind))
