"""Who a run's lists name, and who would be named but is held out by lot: kept in the score book, so
that later the ones can be compared with the others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import sqlalchemy as sa

from models.visits.hold_out import USUAL_PLACES
from models.visits.listed_child import Candidate
from models.visits.ranking import rank
from registry.store.connections.many_rows import insert_many
from registry.store.store import open_store
from serving.book.scorebook import LISTED, ROWS, RUNS, BookRow, Run

BY_RISK = ("risk", "prevention")
"""The sections of a list from which the lot holds children out."""


@dataclass(frozen=True)
class ListedMark:
    """A child whom the list of a day names (a sector's first USUAL_PLACES visits) or would name:
    `held_out` where it does not, by lot. `target`: whose risk it was listed for, if any."""

    child_id: str
    as_of: dt.date
    section: str
    target: str | None
    held_out: bool


def marks_of_list(
    children: list[Candidate], *, sector_id: str, as_of: dt.date
) -> Iterator[ListedMark]:
    """The marks of one sector's list.

    Compared are the list without a lot and what the lot makes of it: held out is who has a place on
    the first. Who takes a place that a lot left free is listed as well (and was not drawn: no
    `target`, so that nobody compares it with those who were).
    """
    listed = partial(rank, sector_id=sector_id, capacity=USUAL_PLACES, as_of=as_of)
    without_lot = listed([replace(child, held_out=False) for child in children])
    by_lot = {child.child_id for child in children if child.held_out}
    named = set()
    for row in without_lot.rows:
        child = row.candidate
        named.add(child.child_id)
        by_risk = row.section in BY_RISK
        yield ListedMark(
            child.child_id,
            as_of,
            row.section,
            child.target if by_risk else None,
            by_risk and child.child_id in by_lot,
        )
    for row in listed(children).rows if by_lot else ():
        if row.candidate.child_id not in named:
            yield ListedMark(row.candidate.child_id, as_of, row.section, None, False)


def keep_marks(engine: sa.Engine, run: Run, sector: str, rows: Iterable[BookRow]) -> None:
    """Keep the marks of a sector of a run that is not published yet, from all its rows."""
    children = [row.candidate for row in rows]
    kept = [_row(run, of) for of in marks_of_list(children, sector_id=sector, as_of=run.as_of)]
    theirs = sa.select(ROWS.c.child_id).where(ROWS.c.run == run.run, ROWS.c.sector_id == sector)
    with engine.begin() as connection:
        # A part that was broken off kept some of them already.
        connection.execute(
            sa.delete(LISTED).where(LISTED.c.run == run.run, LISTED.c.child_id.in_(theirs))
        )
        insert_many(connection, LISTED, kept)


def _row(run: Run, mark: ListedMark) -> dict[str, object]:
    return {
        "run": run.run,
        "child_id": mark.child_id,
        "section": mark.section,
        "target": mark.target,
        "held_out": mark.held_out,
    }


def held_out_of(engine: sa.Engine, run: Run) -> int:
    """How many children a run holds out of its lists."""
    counted = sa.select(sa.func.count()).where(LISTED.c.run == run.run, LISTED.c.held_out)
    with engine.connect() as connection:
        return connection.scalar(counted) or 0


def marks_of(address: str) -> list[ListedMark]:
    """All marks of a store's complete runs, the earliest first; none where it was never scored.

    Of several runs of one day the newest counts.
    """
    store = open_store(address, must_exist=True)
    engine = store.engine
    try:
        if not sa.inspect(engine).has_table(LISTED.name):
            return []
        newest = sa.select(sa.func.max(RUNS.c.run)).where(RUNS.c.complete).group_by(RUNS.c.as_of)
        wanted = (
            sa.select(LISTED, RUNS.c.as_of)
            .join(RUNS, RUNS.c.run == LISTED.c.run)
            .where(LISTED.c.run.in_(newest))
            .order_by(RUNS.c.as_of, LISTED.c.child_id)
        )
        with engine.connect() as connection:
            return [
                ListedMark(row.child_id, row.as_of, row.section, row.target, row.held_out)
                for row in connection.execute(wanted)
            ]
    finally:
        store.close()
