"""The registry's SQL tables, and how a store is made or brought to this version: one schema for
SQLite and PostgreSQL. What changed from version to version: `registry/store/migrations.py`.

Ids are kept once, in `ids`, and stand as integers everywhere else; days are integers since
1970-01-01, codes are the numbers of `registry.contract.codes`, and NULL is missing.
Every version of a row is a row.
"""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.types import TypeEngine

from registry.contract import registry
from registry.contract.errors import Refused
from registry.store.migrations import MIGRATIONS, VERSION

METADATA = MetaData()

SQL_TYPES: dict[type, type[TypeEngine[Any]]] = {
    registry.DAY: Integer,
    registry.CODE: SmallInteger,
    registry.NUMBER: Float,
}
OWN_COLUMNS = {"centres": {"name": registry.REF}, "measurements": {"source": registry.REF}}
"""Columns that the store keeps and the registry in memory does not need."""

FACTS = Table(
    "store_facts", METADATA, Column("name", Text, primary_key=True), Column("value", Text)
)
IMPORTS = Table(
    "imports",
    METADATA,
    Column("import_no", Integer, primary_key=True, autoincrement=False),
    Column("import_id", Text, unique=True),
    Column("checksum", Text),
    Column("source", Text),
    Column("imported_on", Integer),
    Column("imported_at", Text),
    Column("imported_by", Text),
    Column("report", Text),
)
IDS = Table(
    "ids",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    UniqueConstraint("kind", "text"),
)
QUARANTINE = Table(
    "quarantine",
    METADATA,
    Column("no", Integer, primary_key=True, autoincrement=False),
    Column("import_no", Integer),
    Column("table_name", Text),
    Column("row_number", BigInteger),
    Column("code", Text),
    Column("column_name", Text),
    Column("value", Text),
    Column("bound", Text),
    Column("raw", Text),
    Column("fingerprint", Text, unique=True),
    Column("state", Text),
)
SUPERSEDED = Table(
    "superseded",
    METADATA,
    Column("no", BigInteger, primary_key=True, autoincrement=False),
    Column("known_until", Integer),
)
"""Only used within an import's transaction; empty outside it."""
FORGOTTEN = Table(
    "forgotten",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("forgotten_on", Integer),
)


BOUNDARIES = Table(
    "area_boundaries",
    METADATA,
    Column("level", Text, primary_key=True),
    Column("area_id", Text, primary_key=True),
    Column("polygons", Text, nullable=False),
)
"""Of each area its parts as JSON: of each part the rings, of each ring longitude and latitude."""


LINKS = Table(
    "links",
    METADATA,
    Column("no", Integer, primary_key=True, autoincrement=False),
    Column("child", Integer, nullable=False),
    Column("other", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("bits", Float),
    Column("why", Text),
    Column("because", Text),
    Column("decided_on", Integer, nullable=False),
    Column("decided_at", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Index("links_by_child", "child"),
    Index("links_by_other", "other"),
)
"""What was decided, and when, of two ids (`registry/store/links/`); rows are only ever added."""
OTHER_CHILDREN = Table(
    "other_children",
    METADATA,
    Column("child", Integer, primary_key=True, autoincrement=False),
    Column("register", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("centre_id", Text),
    UniqueConstraint("register", "code"),
)
"""The children whose records a link brought from another register: their code and centre there."""


def store_columns(name: str) -> dict[str, type]:
    """The columns of a table in the store and their kinds, in order; first `no`, the number of the
    version."""
    extra = OWN_COLUMNS.get(name, {})
    return (
        registry.COLUMNS[name]
        | extra
        | {
            "recorded_on": registry.DAY,
            "import_no": registry.REF,
            "known_from": registry.DAY,
            "known_until": registry.DAY,
        }
    )


def _table(name: str) -> Table:
    columns: list[Column[Any]] = [
        Column(column, SQL_TYPES.get(kind, Integer)) for column, kind in store_columns(name).items()
    ]
    first = "centre" if name in registry.OF_CENTRES else "child"
    own = [registry.ANY_OWN_DAY[name]] if name in registry.ANY_OWN_DAY else []
    return Table(
        name,
        METADATA,
        Column(
            "no",
            BigInteger().with_variant(Integer, "sqlite"),
            primary_key=True,
            autoincrement=False,
        ),
        *columns,
        Index(f"{name}_by_{first}", first, *own),
    )


TABLES = {name: _table(name) for name in registry.COLUMNS}


TURNS = 20080218
"""The number of PostgreSQL's advisory lock under which tables are made and changed."""


def make(engine: Engine) -> None:
    """Make what is missing of the registry, and bring all tables of an older store to this version.

    All of it or nothing: killed half-way, the next one starts anew; of two at once, the second
    waits for the first. Raises Refused REG061 for a newer store.
    """
    with engine.connect() as connection:
        if _version(connection) == VERSION:
            return
        connection.rollback()
        take_turns(connection)
        _bring_up(connection, _version(connection))
        connection.commit()


def make_missing(engine: Engine, tables: MetaData) -> None:
    """Make the tables of another room that are missing, in a store of this version: an older one is
    brought up, whole. Raises Refused REG061 for a newer one.

    Those that begin together over one new database take turns. Without that both look, both make,
    and one of them fails.
    """
    make(engine)
    if tables.tables.keys() <= set(inspect(engine).get_table_names()):
        return
    with engine.begin() as connection:
        take_turns(connection)
        tables.create_all(connection)


def take_turns(connection: Connection) -> None:
    """Begin a transaction that makes or changes tables: of several at once, one after the other.

    SQLite's driver would otherwise commit every table by itself.
    """
    connection.exec_driver_sql(
        "BEGIN IMMEDIATE"
        if connection.dialect.name == "sqlite"
        else f"SELECT pg_advisory_xact_lock({TURNS})"
    )


def refuse_newer(engine: Engine) -> None:
    """Raise Refused REG061 for a store that a newer Sanket has changed; nothing is made."""
    with engine.connect() as connection:
        _version(connection)


def _version(connection: Connection) -> int:
    """The schema's version of this store; 0 where there is none yet. Refused REG061: a newer
    one."""
    if not inspect(connection).has_table("store_facts"):
        return 0
    fact = select(FACTS.c.value).where(FACTS.c.name == "schema_version")
    at = int(connection.scalar(fact) or 0)
    if at > VERSION:
        raise Refused(
            "REG061",
            f"this store has schema {at}; this Sanket knows {VERSION}: use the newer Sanket",
        )
    return at


def _bring_up(connection: Connection, at: int) -> None:
    if at == VERSION:
        return
    if at == 0:
        METADATA.create_all(connection)
        facts = {"schema_version": str(VERSION), "registry_id": secrets.token_hex(8)}
        connection.execute(
            insert(FACTS), [{"name": name, "value": value} for name, value in facts.items()]
        )
    # A database without a version may hold tables of an earlier service: every step looks.
    for step in MIGRATIONS[max(at - 1, 0) :]:
        step(connection)
    connection.execute(
        update(FACTS).where(FACTS.c.name == "schema_version").values(value=str(VERSION))
    )
