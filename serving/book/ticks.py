"""Outcomes of visits as they are ticked: into the score book at once, and those that need somebody
into a record that stays until it is closed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from care.protocol import standard
from models.visits.found_at_home import SAM_FOUND, HomeMeasures, with_measures, with_sam_found
from registry.machine.today import today
from serving.book import events
from serving.book.escalation.escalation_records import CORRECTED, correct_visit, open_by_visit
from serving.book.events import FINDING_ENTERED, BookEvent
from serving.book.scorebook import MEASURED, ROWS, TICKS, TOLD, BookRow, Run, make_tables

NEEDS_SOMEBODY = frozenset({"sam_again", "ill", "died"})
"""Findings after which somebody else must act the same day: asked for once more before they are
kept, and recorded."""
_TICKED = ("child_id", "visited_on", "finding", "listed_on", "listed_for")


@dataclass(frozen=True)
class Teller:
    """Who told what a visit found: the name and the role of the sign-in, or the way in which a list
    came back."""

    name: str
    role: str


FROM_A_LIST = Teller("", "returned_list")
"""A filled-in list says which child and what, not who wrote it."""


@dataclass(frozen=True)
class Told:
    """One finding that needs somebody: who told it and when, and how it was closed, if it was."""

    number: int
    child_id: str
    sector_id: str
    finding: str
    visited_on: dt.date
    told_on: dt.date
    told_at: str
    told_by: str
    told_as: str
    closed_at: str | None
    closed_by: str | None
    closed_as: str | None


def tick(
    engine: sa.Engine, outcomes: Iterable[dict[str, Any]], *, teller: Teller = FROM_A_LIST
) -> None:
    """Note outcomes of visits so that the list shows them at once.

    outcomes: `child_id, visited_on (date), finding, listed_on (date or None), listed_for (text or
    None)`, `sector_id` where it is known, and `weight_kg`, `muac_mm` where they were taken; with a
    finding of None only these are noted. `found_by_arm`: the arm says SAM of a child who was in no
    danger, which is told as the finding would be. A second outcome of one child and day replaces
    the first.
    """
    make_tables(engine)
    at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    with engine.begin() as connection:
        happened: list[BookEvent] = []
        for outcome in outcomes:
            taken = {name: outcome.get(name) for name in ("weight_kg", "muac_mm")}
            if outcome["finding"] is not None:
                happened += _entered(connection, outcome)
                _replace(connection, TICKS, {name: outcome[name] for name in _TICKED}, at)
            if (needs := _to_tell(outcome)) is not None:
                _tell(connection, outcome | {"finding": needs}, teller, at)
            if any(value is not None for value in taken.values()):
                named = {name: outcome[name] for name in ("child_id", "visited_on")}
                _replace(connection, MEASURED, named | taken, at)
        events.append(connection, happened)


def said_before(
    engine: sa.Engine, child_ids: Iterable[str]
) -> dict[tuple[str, dt.date], dict[str, Any]]:
    """What is noted of visits to these children, by child and day: `finding`, and `weight_kg` and
    `muac_mm` where they were taken."""
    make_tables(engine)
    wanted = sorted(child_ids)
    known: dict[tuple[str, dt.date], dict[str, Any]] = {}
    with engine.connect() as connection:
        for table, names in ((TICKS, ("finding",)), (MEASURED, ("weight_kg", "muac_mm"))):
            for row in connection.execute(sa.select(table).where(table.c.child_id.in_(wanted))):
                said = {name: getattr(row, name) for name in names}
                known.setdefault((row.child_id, row.visited_on), {}).update(said)
    return known


def _entered(connection: sa.Connection, outcome: dict[str, Any]) -> list[BookEvent]:
    """The event of a finding; none where the same was told of the same visit before."""
    known = sa.select(TICKS.c.finding).where(*_same_visit(TICKS, outcome))
    if connection.scalar(known) == outcome["finding"]:
        return []
    sector = outcome.get("sector_id") or _sector_of(connection, outcome)
    told = {name: outcome[name] for name in ("finding", "visited_on")}
    return [BookEvent(FINDING_ENTERED, sector, outcome["child_id"], told)]


def _sector_of(connection: sa.Connection, outcome: dict[str, Any]) -> str:
    """The child's sector in the newest run that knows it; "" without one."""
    newest = sa.select(ROWS.c.sector_id).where(ROWS.c.child_id == outcome["child_id"])
    return connection.scalar(newest.order_by(ROWS.c.run.desc()).limit(1)) or ""


def _replace(connection: sa.Connection, table: sa.Table, row: dict[str, Any], at: str) -> None:
    connection.execute(sa.delete(table).where(*_same_visit(table, row)))
    connection.execute(sa.insert(table), row | {"ticked_at": at})


def _to_tell(outcome: dict[str, Any]) -> str | None:
    """The finding that goes on record: what was ticked, or SAM where the arm says so and the box
    does not need somebody by itself."""
    finding: str | None = outcome["finding"]
    if outcome.get("found_by_arm") and finding not in NEEDS_SOMEBODY:
        return SAM_FOUND
    return finding


def _same_visit(table: sa.Table, row: dict[str, Any]) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.child_id == row["child_id"], table.c.visited_on == row["visited_on"]


def _tell(connection: sa.Connection, outcome: dict[str, Any], teller: Teller, at: str) -> None:
    """Open a record for a finding that needs somebody; close what the same visit was said to have
    found before.

    Ravi is ticked "died" on 16 March 2026 by mistake and then "not at home": the record of the
    death is closed as corrected, and stays. The same finding sent again by a phone opens no second
    record, and none once it is closed.
    """
    visit, same = _same_visit(TOLD, outcome), TOLD.c.finding == outcome["finding"]
    corrected = sa.update(TOLD).where(*visit, TOLD.c.closed_at.is_(None), ~same)
    connection.execute(corrected.values(closed_at=at, closed_by=teller.name, closed_as=CORRECTED))
    correct_visit(
        connection,
        outcome["child_id"],
        outcome["visited_on"],
        finding=outcome["finding"],
        by=teller.name,
    )
    stands = sa.or_(TOLD.c.closed_as.is_(None), TOLD.c.closed_as != CORRECTED)
    known = connection.scalar(sa.select(TOLD.c.number).where(*visit, same, stands).limit(1))
    if outcome["finding"] not in NEEDS_SOMEBODY or known is not None:
        return
    named = {name: outcome[name] for name in ("child_id", "visited_on", "finding")}
    by = {"told_on": today(), "told_at": at, "told_by": teller.name, "told_as": teller.role}
    told = named | by | {"sector_id": outcome.get("sector_id") or _sector_of(connection, outcome)}
    connection.execute(sa.insert(TOLD), told)
    open_by_visit(connection, told)


def _unknown_to(run: Run, table: sa.Table) -> sa.ColumnElement[bool]:
    """Rows of which a run could not know: ticked since it was made, or on a day after its own (an
    earlier day scored anew), or of such a day."""
    after = (run.as_of + dt.timedelta(1)).isoformat()
    since = sa.or_(table.c.ticked_at >= run.made_at, table.c.ticked_at >= after)
    return sa.or_(since, table.c.visited_on > run.as_of)


def with_visits(connection: sa.Connection, run: Run, rows: list[BookRow]) -> list[BookRow]:
    """The rows with the newest outcome ticked, and what was measured at home, since the run was
    made."""
    children = [row.candidate.child_id for row in rows]
    newest: dict[str, sa.Row[Any]] = {}
    measured: dict[str, sa.Row[Any]] = {}
    since = _unknown_to(run, MEASURED)
    for start in range(0, len(children), 500):
        part = children[start : start + 500]
        wanted = sa.select(TICKS).where(TICKS.c.child_id.in_(part))
        for tick in connection.execute(wanted.order_by(TICKS.c.visited_on)):
            newest[tick.child_id] = tick
        taken = sa.select(MEASURED).where(MEASURED.c.child_id.in_(part), since)
        for one in connection.execute(taken.order_by(MEASURED.c.visited_on)):
            measured[one.child_id] = one
    return [
        _with_visit(row, run, newest.get(name), measured.get(name))
        for row, name in zip(rows, children, strict=True)
    ]


def _with_visit(
    row: BookRow, run: Run, tick: sa.Row[Any] | None, measured: sa.Row[Any] | None
) -> BookRow:
    """A row of a run with the newest outcome ticked, and what was measured at home since the run;
    SAM found or measured since stands at once (`models.visits.found_at_home`)."""
    told = _with_tick(row, tick)
    child, protocol = told.candidate, standard()
    if (
        tick is not None
        and tick.finding == SAM_FOUND
        and child.facts.get("sam_at_home_on") != tick.visited_on
    ):
        child = with_sam_found(child, tick.visited_on, protocol)
    if measured is not None:
        taken = HomeMeasures(measured.visited_on, measured.weight_kg, measured.muac_mm)
        child = with_measures(child, taken, protocol)
    return told if child is told.candidate else replace(told, candidate=child)


def _with_tick(row: BookRow, tick: sa.Row[Any] | None) -> BookRow:
    """A row of a run with the newest outcome ticked since; as it is where it knows a later one."""
    known = row.candidate.last_visited_on
    if tick is None or (known is not None and known > tick.visited_on):
        return row
    newer = {
        "last_visited_on": tick.visited_on,
        "last_finding": tick.finding,
        "listed_for": tick.listed_for,
    }
    return replace(row, candidate=replace(row.candidate, **newer))
