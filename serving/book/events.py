"""Events: what happened that another system may want to act upon, in the order in which it was
committed. They are read (`GET /v1/events`), never pushed.

An event is written in the transaction of what it tells, so that neither is there without the other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa

from registry.store.schema import make_missing

RUN_PUBLISHED, CHILD_IN_DANGER = "run_published", "child_in_danger"
FINDING_ENTERED, MODEL_PROMOTED = "finding_entered", "model_promoted"
KINDS = (RUN_PUBLISHED, CHILD_IN_DANGER, FINDING_ENTERED, MODEL_PROMOTED)
KEPT_DAYS = 366
TABLES = sa.MetaData()
EVENTS = sa.Table(
    "sanket_events",
    TABLES,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("sector_id", sa.String(500)),
    sa.Column("child_id", sa.String(500)),
    sa.Column("told", sa.Text, nullable=False),
    sa.Column("once", sa.String(200), unique=True),
    sa.Index("sanket_events_by_child", "child_id"),
    # Without it SQLite gives the number of a last row that was erased to the next event, and who
    # has read up to it would miss that.
    sqlite_autoincrement=True,
)
"""sector_id: NULL of what concerns no child; '' where a child's sector is not known. A child's rows
go when the child is forgotten."""


@dataclass(frozen=True)
class BookEvent:
    """One event; `told` holds its own facts, `number` and `at` are given when it is written."""

    kind: str
    sector_id: str | None = None
    child_id: str | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
    once: str | None = None
    number: int = 0
    at: str = ""


@dataclass(frozen=True)
class EventBatch:
    """Some events; up to which number all were looked at; and whether older ones are gone that
    nobody has read from there."""

    events: list[BookEvent]
    read_to: int
    gap: bool


def make_tables(engine: sa.Engine) -> None:
    """Make the table where it is missing. Raises Refused REG061 for a newer store."""
    make_missing(engine, TABLES)


def append(connection: sa.Connection, events: Sequence[BookEvent]) -> None:
    """Write events within a transaction of the caller's.

    Numbers must be seen in their order: on PostgreSQL whoever writes events waits for the former
    writer's commit; SQLite has one writer anyway.
    """
    if not events:
        return
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE sanket_events IN SHARE ROW EXCLUSIVE MODE")
    at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    rows = [
        {
            "at": at,
            "kind": one.kind,
            "sector_id": one.sector_id,
            "child_id": one.child_id,
            "told": orjson.dumps(one.told).decode(),
            "once": one.once,
        }
        for one in events
    ]
    connection.execute(sa.insert(EVENTS), rows)


def remove_old(connection: sa.Connection) -> None:
    """Events older than a year go."""
    before = dt.datetime.now(dt.UTC) - dt.timedelta(KEPT_DAYS)
    old = EVENTS.c.at < before.isoformat(timespec="milliseconds")
    connection.execute(sa.delete(EVENTS).where(old))


def event_of(row: sa.Row[Any]) -> BookEvent:
    """An event from its row."""
    return BookEvent(
        row.kind,
        row.sector_id,
        row.child_id,
        orjson.loads(row.told),
        number=row.number,
        at=row.at,
    )


def note_promotion(engine: sa.Engine, target: str, version: str, mark: str) -> bool:
    """Tell once that a model was promoted; whether it is told. `mark` is the pointer's own: of
    several processes that notice it, one tells.

    False where that cannot be written now: the store was never scored, or does not answer.
    """
    try:
        if not sa.inspect(engine).has_table("sanket_runs"):
            return False
        make_tables(engine)
        told = {"target": target, "version": version}
        event = BookEvent(MODEL_PROMOTED, told=told, once=f"model:{target}:{version}:{mark}"[:200])
        with engine.begin() as connection:
            if _last_promoted(connection, target) != version:
                append(connection, [event])
    except sa.exc.IntegrityError:
        return True
    except sa.exc.SQLAlchemyError:
        return False
    return True


def _last_promoted(connection: sa.Connection, target: str) -> str | None:
    """The version that was told last of a target."""
    wanted = sa.select(EVENTS.c.told).where(EVENTS.c.kind == MODEL_PROMOTED)
    for text in connection.scalars(wanted.order_by(EVENTS.c.number.desc())):
        told = orjson.loads(text)
        if told["target"] == target:
            return str(told["version"])
    return None
