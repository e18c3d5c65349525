"""The other children of a child's family, by code: only whom the reader may see, with state and the
day of the last measurement. Nobody else is named or counted."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from models.visits.listed_child import Candidate
from registry.contract.errors import SanketError
from registry.contract.registry import day_date, day_number
from registry.store import schema
from registry.store.single_sqlite import open_beside_the_book
from serving.book.reader import Reader
from serving.book.scorebook import Run

MOST_OF_A_FAMILY = 20
"""A code that more children share is a mistake of the register, not a family. Ours. verified:
false."""


@dataclass(frozen=True)
class Sibling:
    """A brother or sister within the reader's scope; `measured_on` None: never."""

    child: Candidate
    measured_on: dt.date | None


def siblings_of(
    store_address: str | None, reader: Reader, run: Run, child_id: str
) -> tuple[Sibling, ...]:
    """The others of the family as known on the run's day, by code; empty where the family is not
    known or the registry not at hand."""
    measured = _family(store_address, child_id, run.as_of) if store_address else {}
    seen = reader.children(run, measured) if measured else {}
    return tuple(Sibling(seen[name], measured[name]) for name in sorted(seen))


def _family(store_address: str, child_id: str, as_of: dt.date) -> dict[str, dt.date | None]:
    """The other children's ids, in whatever area, each with the day of its last measurement."""
    try:
        store = open_beside_the_book(store_address)
        try:
            with store.engine.connect() as connection:
                return _read(connection, child_id, day_number(as_of))
        finally:
            store.close()
    except (SanketError, SQLAlchemyError, sqlite3.Error, OSError):
        return {}


def _read(connection: sa.Connection, child_id: str, day: int) -> dict[str, dt.date | None]:
    ids, children = schema.IDS.c, schema.TABLES["children"].c
    number = sa.select(ids.number).where(ids.kind == "child", ids.text == child_id)
    own = sa.select(children.family).where(children.child.in_(number), *_known(children, day))
    family = connection.scalar(own)
    if family is None or family < 0:
        return {}
    others = sa.select(children.child).where(
        children.family == family, children.child.not_in(number), *_known(children, day)
    )
    numbers = connection.scalars(others.limit(MOST_OF_A_FAMILY)).all()
    if not numbers or len(numbers) == MOST_OF_A_FAMILY:
        return {}
    named = sa.select(ids.number, ids.text).where(ids.kind == "child", ids.number.in_(numbers))
    days = _measured(connection, numbers, day)
    return {text: days.get(number) for number, text in connection.execute(named)}


def _measured(connection: sa.Connection, numbers: Iterable[int], day: int) -> dict[int, dt.date]:
    """The day of each child's last measurement, as known on a day."""
    rows = schema.TABLES["measurements"].c
    wanted = sa.select(rows.child, sa.func.max(rows.measured_on)).where(
        rows.child.in_(numbers), rows.measured_on <= day, *_known(rows, day)
    )
    found = connection.execute(wanted.group_by(rows.child))
    return {child: day_date(int(last)) for child, last in found}


def _known(columns: Any, day: int) -> tuple[sa.ColumnElement[bool], ...]:
    """The versions of rows that were known by the end of a day."""
    still = sa.or_(columns.known_until.is_(None), columns.known_until > day)
    return columns.known_from <= day, still
