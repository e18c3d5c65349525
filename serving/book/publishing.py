"""A run that is written turns complete: from then on readers see it, and what it changes is told
and followed up, all in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from models.visits.listed_child import Candidate
from registry.store.connections.many_rows import insert_many
from registry.store.forgetting import forgotten_of
from registry.store.schema import FORGOTTEN, IDS
from serving.book import events
from serving.book.escalation.escalation_counts import keep_counts
from serving.book.escalation.escalation_records import Held, follow, held_of, marked_in
from serving.book.events import CHILD_IN_DANGER, RUN_PUBLISHED, BookEvent
from serving.book.scorebook import AREAS, CHUNKS, ROWS, RUNS, TARGET_SCORES, Run


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
    _erase_forgotten(engine, run)
    happened, held = _what_holds(engine, run)
    with engine.begin() as connection:
        connection.execute(sa.delete(AREAS).where(AREAS.c.run == run.run))
        insert_many(connection, AREAS, pages)
        changed = sa.update(RUNS).where(RUNS.c.run == run.run)
        connection.execute(changed.values(complete=True, facts=orjson.dumps(facts).decode()))
        connection.execute(sa.delete(CHUNKS).where(CHUNKS.c.run == run.run))
        published = BookEvent(RUN_PUBLISHED, told={"as_of": run.as_of, "run": run.run})
        there = _still_there(connection, run, [of.child_id for of in happened])
        told = (of for of in happened if of.child_id in there)
        events.append(connection, [published, *told])
        events.remove_old(connection)
        if held is not None:
            there = _still_there(connection, run, [of.child.child_id for of in held])
            follow(connection, run, [of for of in held if of.child.child_id in there])
            keep_counts(connection, run)


CHILDREN_AT_ONCE = 500
_TOLD_OF_DANGER = ("state", "rule", "next_step", "who", "by_when")


def _what_holds(engine: sa.Engine, run: Run) -> tuple[list[BookEvent], list[Held] | None]:
    """(an event for each child in danger in this run and not in the newest one before it, the
    children of whom something holds); nothing and None where a later day is scored already:
    nothing is new in the past."""
    with engine.connect() as connection:
        former = _newest_before(connection, run)
        if former is not None and former.as_of > run.as_of:
            return [], None
        # The pages of a whole state are read once.
        marked = list(marked_in(connection, run))
        found = [child for child in marked if child.danger]
        known: set[str] = set()
        for part in _parts([child.child_id for child in found]):
            if former is not None:
                known |= _in_danger(connection, former.run, part)
    new = [_event(run, child) for child in found if child.child_id not in known]
    return new, held_of(marked)


def _event(run: Run, child: Candidate) -> BookEvent:
    told = {"as_of": run.as_of} | {name: getattr(child, name) for name in _TOLD_OF_DANGER}
    return BookEvent(CHILD_IN_DANGER, child.sector_id, child.child_id, told)


def _newest_before(connection: sa.Connection, run: Run) -> Any:
    """Number and day of the newest complete run but this one; None without one."""
    newest = sa.select(RUNS.c.run, RUNS.c.as_of).where(RUNS.c.complete, RUNS.c.run != run.run)
    newest = newest.order_by(RUNS.c.as_of.desc(), RUNS.c.run.desc()).limit(1)
    return connection.execute(newest).first()


def _in_danger(connection: sa.Connection, run: int, among: Sequence[str | None]) -> set[str]:
    """Which of some children are in danger in a run. Only their pages are read as JSON."""
    wanted = sa.select(ROWS.c.page).where(ROWS.c.run == run, ROWS.c.child_id.in_(among))
    pages = (page for page in connection.scalars(wanted) if b'"danger":true' in page)
    candidates = (orjson.loads(page)["candidate"] for page in pages)
    return {child["child_id"] for child in candidates if child["danger"]}


def _erase_forgotten(engine: sa.Engine, run: Run) -> None:
    """Take out the children who were forgotten after their part was read and before their rows were
    written. Who is forgotten from now on is erased from this run by `registry.store.forgetting`."""
    with engine.begin() as connection:
        if not sa.inspect(connection).has_table(FORGOTTEN.name):
            return
        if not connection.scalar(sa.select(sa.func.count()).select_from(FORGOTTEN)):
            return
        known = sa.exists().where(IDS.c.kind == "child", IDS.c.text == ROWS.c.child_id)
        unknown = sa.select(ROWS.c.child_id).where(ROWS.c.run == run.run, ~known)
        gone = forgotten_of(connection, engine.url, connection.scalars(unknown))
        for part in _parts(gone):
            for table in (ROWS, TARGET_SCORES):
                theirs = table.c.run == run.run, table.c.child_id.in_(part)
                connection.execute(sa.delete(table).where(*theirs))


def _still_there(
    connection: sa.Connection, run: Run, children: Sequence[str | None]
) -> set[str | None]:
    """Those of some children who were not forgotten meanwhile."""
    there: set[str | None] = set()
    for part in _parts(children):
        wanted = sa.select(ROWS.c.child_id).where(ROWS.c.run == run.run, ROWS.c.child_id.in_(part))
        there |= set(connection.scalars(wanted))
    return there


def _parts(children: Sequence[str | None]) -> Iterator[Sequence[str | None]]:
    for start in range(0, len(children), CHILDREN_AT_ONCE):
        yield children[start : start + CHILDREN_AT_ONCE]
