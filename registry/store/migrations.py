"""The numbered schema changes of a store: one list for all of its tables, whichever room reads
them.

The registry, the score book, the audit log and the tokens stand in one database and are changed in
one transaction, so they share one version. A step is written once and stays: it says in SQL of its
own what the tables were like on its day, and imports no table of today. Why a list of our own:
`docs/decisions/schema-changes.md`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import sqlalchemy as sa
from sqlalchemy import Connection

PAGES_AT_ONCE = 2_000
"""Pages of the score book that are read in one step; each is some kilobytes."""


def _examiner(connection: Connection) -> None:
    """2: who examined, the appetite test and the finding of a medical check."""
    if "examiner" in _columns(connection, "checks"):
        return
    for column in ("examiner SMALLINT", "appetite_test SMALLINT", "sam_confirmed FLOAT"):
        connection.exec_driver_sql(f"ALTER TABLE checks ADD COLUMN {column}")


def _scores_by_target(connection: Connection) -> None:
    """3: the score book keeps a row for each run, child and target, read from the children's
    pages; the columns that held the risks of two targets go."""
    columns = _columns(connection, "sanket_scores")
    if "relapse" not in columns:
        return
    kept = sa.Table(
        "sanket_target_scores",
        sa.MetaData(),
        sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("child_id", sa.String(500), primary_key=True),
        sa.Column("target", sa.String(40), primary_key=True),
        sa.Column("why_not", sa.String(60)),
        sa.Column("risk", sa.Float),
        sa.Column("risk_low", sa.Float),
        sa.Column("risk_high", sa.Float),
        sa.Index("sanket_target_scores_by_child", "child_id"),
        sqlite_with_rowid=False,
    )
    kept.create(connection)
    for rows in _pages(connection):
        if found := [score for row in rows for score in _scores_of(row)]:
            connection.execute(sa.insert(kept), found)
    for column in ("relapse", "non_response"):
        connection.exec_driver_sql(f"ALTER TABLE sanket_scores DROP COLUMN {column}")


def _stocks_and_births(connection: Connection) -> None:
    """4: what is in the centres' store rooms, and by how many days a birth date is uncertain."""
    children = _columns(connection, "children")
    if children and "birth_date_uncertain_days" not in children:
        connection.exec_driver_sql(
            "ALTER TABLE children ADD COLUMN birth_date_uncertain_days FLOAT"
        )
    if _columns(connection, "stocks"):
        return
    whole = ("centre", "counted_on", "recorded_on", "import_no", "known_from", "known_until")
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    sa.Table(
        "stocks",
        sa.MetaData(),
        sa.Column("no", number, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Integer) for name in whole),
        sa.Column("item", sa.SmallInteger),
        sa.Column("quantity", sa.Float),
        sa.Index("stocks_by_centre", "centre", "counted_on"),
    ).create(connection)


def _boundaries(connection: Connection) -> None:
    """5: boundaries of sectors, projects and districts, for maps."""
    if _columns(connection, "area_boundaries"):
        return
    sa.Table(
        "area_boundaries",
        sa.MetaData(),
        sa.Column("level", sa.Text, primary_key=True),
        sa.Column("area_id", sa.Text, primary_key=True),
        sa.Column("polygons", sa.Text, nullable=False),
    ).create(connection)


def _links(connection: Connection) -> None:
    """6: which ids are of one child, and the children that another register brought."""
    if _columns(connection, "links"):
        return
    tables = sa.MetaData()
    sa.Table(
        "links",
        tables,
        sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("child", sa.Integer, nullable=False),
        sa.Column("other", sa.Integer, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("bits", sa.Float),
        sa.Column("why", sa.Text),
        sa.Column("because", sa.Text),
        sa.Column("decided_on", sa.Integer, nullable=False),
        sa.Column("decided_at", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Index("links_by_child", "child"),
        sa.Index("links_by_other", "other"),
    )
    sa.Table(
        "other_children",
        tables,
        sa.Column("child", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("register", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("centre_id", sa.Text),
        sa.UniqueConstraint("register", "code"),
    )
    tables.create_all(connection)


def _pages(connection: Connection) -> Iterator[list[sa.Row[int, str, bytes]]]:
    """All pages of the score book as version 2 kept them, some at a time, by run and child."""
    book = sa.table(
        "sanket_scores",
        sa.column("run", sa.Integer),
        sa.column("child_id", sa.String),
        sa.column("page", sa.LargeBinary),
    )
    key = sa.tuple_(book.c.run, book.c.child_id)
    wanted = sa.select(book.c.run, book.c.child_id, book.c.page)
    wanted = wanted.order_by(book.c.run, book.c.child_id).limit(PAGES_AT_ONCE)
    rows = list(connection.execute(wanted))
    while rows:
        yield rows
        last = sa.tuple_(sa.literal(rows[-1].run), sa.literal(rows[-1].child_id))
        rows = list(connection.execute(wanted.where(key > last)))


def _scores_of(row: sa.Row[int, str, bytes]) -> Iterator[dict[str, object]]:
    for target, score in json.loads(row.page)["scores"].items():
        said = {name: score[name] for name in ("why_not", "risk", "risk_low", "risk_high")}
        yield said | {"run": row.run, "child_id": row.child_id, "target": target}


def _columns(connection: Connection, table: str) -> set[str]:
    """The names of a table's columns; none where there is no such table."""
    found = sa.inspect(connection)
    if not found.has_table(table):
        return set()
    return {column["name"] for column in found.get_columns(table)}


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (
    _examiner,
    _scores_by_target,
    _stocks_and_births,
    _boundaries,
    _links,
)
"""The n-th step takes a store from version n to n + 1. A step whose change is there already does
nothing, so that all of them may run over a database of which only a part was made."""
VERSION = len(MIGRATIONS) + 1
"""The version that this Sanket reads and writes."""
