"""Pairs of records that may be one child, as the store has them: both sides, the last decision, and
which pairs a reader may see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from registry.contract.codes import Sex
from registry.contract.days import NEVER, day_date
from registry.store import schema
from registry.store.links.decisions import LINKAGE, UNDECIDED, newest_decisions
from serving.access.scope import Scope
from serving.book.reader import Reader
from serving.book.scorebook import Run

MOST_READINGS = 8
"""Readings of each side that are shown, the newest."""
IDS, BROUGHT = schema.IDS.c, schema.OTHER_CHILDREN.c


@dataclass(frozen=True)
class Side:
    """One record of a pair. `register` "": this one; `code`: the child's there; `readings` by day:
    weight_kg, height_cm, muac_mm."""

    child_id: str
    code: str
    register: str
    centre_id: str
    sex: str
    born_on: dt.date | None
    birth_weight_kg: float | None
    readings: dict[dt.date, tuple[float | None, float | None, float | None]]


@dataclass(frozen=True)
class Pair:
    """Two records and the last decision about them, of number `no`."""

    no: int
    child: Side
    other: Side
    verdict: str
    why: str
    because: str
    decided_by: str
    decided_on: dt.date

    @property
    def by_person(self) -> bool:
        """Whether a person decided."""
        return self.decided_by != LINKAGE


@dataclass(frozen=True)
class _Named:
    """A decision with the ids of both children, before the records are read."""

    row: Any
    child_id: str
    other_id: str
    register: str


class PairBook:
    """The pairs within a reader's scope. Of a pair within this register both children must be in
    the scope; of another register's child, the child here decides."""

    def __init__(self, engine: sa.Engine, reader: Reader, run: Run):
        self._engine, self._run = engine, run
        self._seen = self._visible(reader)

    def undecided(self) -> list[_Named]:
        """Pairs that wait for a person, the likeliest first; those that somebody left open last."""
        waiting = [one for one in self._seen if one.row.verdict in UNDECIDED]
        return sorted(waiting, key=lambda one: (one.row.verdict, -(one.row.bits or 0), one.row.no))

    def decided(self) -> list[_Named]:
        """Pairs that a person decided, the newest first."""
        return [
            one
            for one in reversed(self._seen)
            if one.row.verdict not in UNDECIDED and one.row.decided_by != LINKAGE
        ]

    def numbered(self, no: int) -> _Named | None:
        """The pair whose last decision is this one."""
        return next((one for one in self._seen if one.row.no == no), None)

    def read(self, pairs: Sequence[_Named]) -> list[Pair]:
        """These pairs with both records."""
        numbers = [number for one in pairs for number in (one.row.child, one.row.other)]
        with self._engine.connect() as connection:
            sides = _sides(connection, numbers)
        return [
            Pair(
                one.row.no,
                sides[one.row.child],
                sides[one.row.other],
                one.row.verdict,
                one.row.why or "",
                one.row.because or "",
                one.row.decided_by,
                day_date(one.row.decided_on),
            )
            for one in pairs
        ]

    def _visible(self, reader: Reader) -> list[_Named]:
        with self._engine.connect() as connection:
            if not sa.inspect(connection).has_table(schema.LINKS.name):
                return []
            named = _named(connection)
        ids = {name for one in named for name in (one.child_id, one.other_id)}
        mine = reader.among(self._run, ids)
        every = Reader(self._engine, Scope.of(["state:*"])).among(self._run, ids)
        return [
            one
            for one in named
            if one.child_id in mine
            and (one.register or one.other_id in mine or one.other_id not in every)
        ]


def _named(connection: sa.Connection) -> list[_Named]:
    """The last decision of each pair, in the order in which they were made."""
    rows = newest_decisions(connection)
    numbers = {number for row in rows for number in (row.child, row.other)}
    ids = sa.select(IDS.number, IDS.text).where(IDS.kind == "child")
    texts = dict(_of_children(connection, ids, IDS.number, numbers))
    of_registers = sa.select(BROUGHT.child, BROUGHT.register)
    registers = dict(_of_children(connection, of_registers, BROUGHT.child, numbers))
    return [
        _Named(row, texts[row.child], texts[row.other], registers.get(row.other, ""))
        for row in rows
        if row.child in texts and row.other in texts
    ]


def _of_children(
    connection: sa.Connection,
    wanted: sa.Select[Any],
    column: sa.ColumnElement[int],
    numbers: Iterable[int],
) -> Iterator[Any]:
    """The rows of these children, some hundred at a time."""
    every = sorted(numbers)
    for start in range(0, len(every), 500):
        part = wanted.where(column.in_(every[start : start + 500]))
        yield from (tuple(row) for row in connection.execute(part))


def _sides(connection: sa.Connection, numbers: Iterable[int]) -> dict[int, Side]:
    wanted = sorted(set(numbers))
    children, centre = schema.TABLES["children"].c, schema.IDS.alias("centre")
    rows = (
        sa.select(
            IDS.number,
            IDS.text,
            children.sex,
            children.birth_date,
            children.birth_weight_kg,
            centre.c.text.label("centre_id"),
            BROUGHT.register,
            BROUGHT.code,
            BROUGHT.centre_id.label("centre_there"),
        )
        .select_from(schema.IDS)
        .join(schema.TABLES["children"], children.child == IDS.number)
        .outerjoin(centre, (centre.c.kind == "centre") & (centre.c.number == children.centre))
        .outerjoin(schema.OTHER_CHILDREN, BROUGHT.child == IDS.number)
        .where(IDS.kind == "child", IDS.number.in_(wanted), children.known_until.is_(None))
    )
    found = connection.execute(rows).all()
    return {row.number: _side(row, _readings(connection, row.number)) for row in found}


def _side(row: Any, readings: dict[dt.date, Any]) -> Side:
    return Side(
        row.text,
        row.code or row.text,
        row.register or "",
        (row.centre_there if row.register else row.centre_id) or "",
        Sex.text_of(row.sex) if row.sex is not None and row.sex >= 0 else "",
        day_date(row.birth_date) if row.birth_date not in (None, int(NEVER)) else None,
        row.birth_weight_kg,
        readings,
    )


def _readings(connection: sa.Connection, number: int) -> dict[dt.date, Any]:
    rows = schema.TABLES["measurements"].c
    wanted = (
        sa.select(rows.measured_on, rows.weight_kg, rows.height_cm, rows.muac_mm)
        .where(rows.child == number, rows.known_until.is_(None))
        .order_by(rows.measured_on.desc(), rows.no)
        .limit(MOST_READINGS)
    )
    return {
        day_date(day): (weight, height, arm)
        for day, weight, height, arm in connection.execute(wanted)
    }
