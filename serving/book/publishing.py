"""A run that is written turns complete: from then on readers see it, and what it changes is told
and followed up, all in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from registry.store.connections.many_rows import insert_many
from serving.book import events
from serving.book.escalation.escalation_counts import keep_counts
from serving.book.escalation.escalation_records import follow, held_in
from serving.book.events import CHILD_IN_DANGER, RUN_PUBLISHED, BookEvent
from serving.book.scorebook import AREAS, CHUNKS, ROWS, RUNS, Run


def publish(
    engine: sa.Engine,
    run: Run,
    *,
    facts: dict[str, Any],
    areas: Iterable[tuple[str, str, dict[str, Any] | bytes]] = (),
) -> None:
    """Turn the run complete: from here on readers see it. `facts` are what a reader of the list
    must know.

    areas: (level, place, page) with what was counted of each area, as it is or packed.
    """
    pages = [
        {
            "run": run.run,
            "level": level,
            "place": place,
            "page": page if isinstance(page, bytes) else orjson.dumps(page),
        }
        for level, place, page in areas
    ]
    happened = _newly_in_danger(engine, run)
    with engine.connect() as connection:
        newest = _newest_before(connection, run)
        held = None if newest and newest.as_of > run.as_of else list(held_in(connection, run))
    with engine.begin() as connection:
        connection.execute(sa.delete(AREAS).where(AREAS.c.run == run.run))
        insert_many(connection, AREAS, pages)
        changed = sa.update(RUNS).where(RUNS.c.run == run.run)
        connection.execute(changed.values(complete=True, facts=orjson.dumps(facts).decode()))
        connection.execute(sa.delete(CHUNKS).where(CHUNKS.c.run == run.run))
        published = BookEvent(RUN_PUBLISHED, told={"as_of": run.as_of, "run": run.run})
        events.append(connection, [published, *_still_there(connection, run, happened)])
        events.remove_old(connection)
        if held is not None:
            follow(connection, run, held)
            keep_counts(connection, run)


CHILDREN_AT_ONCE = 500
_WHOSE = ("child_id", "sector_id")
_TOLD_OF_DANGER = ("state", "rule", "next_step", "who", "by_when")


def _newly_in_danger(engine: sa.Engine, run: Run) -> list[BookEvent]:
    """An event for each child in danger in this run and not in the newest one before it; none where
    a later day is scored already: nothing is new in the past."""
    with engine.connect() as connection:
        former = _newest_before(connection, run)
        if former is not None and former.as_of > run.as_of:
            return []
        found = list(_in_danger(connection, run.run))
        known: set[str] = set()
        for part in _parts([child["child_id"] for child in found]):
            if former is not None:
                then = _in_danger(connection, former.run, ROWS.c.child_id.in_(part))
                known |= {child["child_id"] for child in then}
    return [
        BookEvent(
            CHILD_IN_DANGER,
            child["sector_id"],
            child["child_id"],
            {"as_of": run.as_of} | {name: child[name] for name in _TOLD_OF_DANGER},
        )
        for child in found
        if child["child_id"] not in known
    ]


def _newest_before(connection: sa.Connection, run: Run) -> Any:
    """Number and day of the newest complete run but this one; None without one."""
    newest = sa.select(RUNS.c.run, RUNS.c.as_of).where(RUNS.c.complete, RUNS.c.run != run.run)
    newest = newest.order_by(RUNS.c.as_of.desc(), RUNS.c.run.desc()).limit(1)
    return connection.execute(newest).first()


def _in_danger(
    connection: sa.Connection, run: int, *among: sa.ColumnElement[bool]
) -> Iterator[dict[str, Any]]:
    """Of some rows of a run the children in danger. Only theirs are read as JSON."""
    wanted = sa.select(ROWS.c.page).where(ROWS.c.run == run, *among)
    for page in connection.execution_options(yield_per=2_000).scalars(wanted):
        if b'"danger":true' in page:
            candidate = orjson.loads(page)["candidate"]
            if candidate["danger"]:
                yield {name: candidate[name] for name in (*_WHOSE, *_TOLD_OF_DANGER)}


def _still_there(connection: sa.Connection, run: Run, told: list[BookEvent]) -> Iterator[BookEvent]:
    """The events of children who were not forgotten meanwhile."""
    there: set[str] = set()
    for part in _parts([event.child_id for event in told]):
        wanted = sa.select(ROWS.c.child_id).where(ROWS.c.run == run.run, ROWS.c.child_id.in_(part))
        there |= set(connection.scalars(wanted))
    return (event for event in told if event.child_id in there)


def _parts(children: Sequence[str | None]) -> Iterator[Sequence[str | None]]:
    for start in range(0, len(children), CHILDREN_AT_ONCE):
        yield children[start : start + CHILDREN_AT_ONCE]
