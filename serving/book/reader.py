"""Reading the score book: always within a scope. There is no other way to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import orjson
import sqlalchemy as sa

from care.programme.areas import STATE_ID
from models.visits.listed_child import Candidate
from registry.contract.errors import Refused
from registry.machine.today import today
from serving.access.permissions import Scope
from serving.book import linked_codes
from serving.book.disclosure import facts_for
from serving.book.escalation.escalation_records import CORRECTED, Escalation
from serving.book.events import EVENTS, EventBatch, event_of
from serving.book.scorebook import (
    AREAS,
    ESCALATIONS,
    PLACES,
    ROWS,
    RUNS,
    TARGET_SCORES,
    TICKS,
    TOLD,
    BookRow,
    Run,
    area_of,
    complete_tables,
    row_of,
    run_of,
)
from serving.book.ticks import Told, with_visits
from serving.book.usual import compared_rows
from serving.errors import BookUnreadable, NothingScored, OutOfScope

BEFORE_A_RUN = dt.timedelta(days=1)
"""Ticks from so long before a run are looked at again: what it already knew changes nothing."""


NOTHING_SCORED = "there is no list yet: run `sanket score STORE --as-of DATE` first"


def day_of_reading(scored_on: dt.date, asked: dt.date | None = None) -> dt.date:
    """To which day days late are counted: the day asked for, else today; never before the scoring
    day.

    Example: scored on 16 March 2026. Read on 20 March: to the 20th. The list of 17 March, asked for
    on the 20th: to the 17th, as it read on that day.
    """
    return max(scored_on, asked or today())


@dataclass(frozen=True)
class Sector:
    """A sector of a run, and where it lies."""

    sector_id: str
    project_id: str
    district_id: str


@dataclass(frozen=True)
class Place:
    """A place of a level, and those that hold it (None: it is one of these itself, or above)."""

    place: str
    project_id: str | None
    district_id: str | None


class Reader:
    """The score book as one person may see it. Every query is limited by `_within`."""

    def __init__(self, engine: sa.Engine, scope: Scope):
        if not isinstance(scope, Scope) or not scope.texts:
            raise TypeError("a reader of the score book needs a scope")
        self._engine, self._scope = engine, scope

    def run(self, as_of: dt.date | None = None) -> Run:
        """The newest complete run, or that of the day asked for (or the newest before it).
        NothingScored without one."""
        run = self._newest(sa.true() if as_of is None else RUNS.c.as_of <= as_of)
        if run is None:
            raise NothingScored(NOTHING_SCORED)
        return run

    def run_numbered(self, number: int) -> Run:
        """A complete run by its number. OutOfScope where there is none."""
        run = self._newest(RUNS.c.run == number)
        if run is None:
            raise OutOfScope("there is no such run")
        return run

    def run_begun_by(self, made_at: str) -> Run | None:
        """The newest complete run that was begun by a time (as `Run.made_at`); None without one."""
        return self._newest(RUNS.c.made_at <= made_at)

    def _newest(self, wanted: sa.ColumnElement[bool]) -> Run | None:
        """The newest complete run of these, as this scope may be told of it."""
        found = sa.select(RUNS).where(RUNS.c.complete, wanted)
        with self._connection() as connection:
            row = connection.execute(
                found.order_by(RUNS.c.as_of.desc(), RUNS.c.run.desc()).limit(1)
            ).first()
        if row is None:
            return None
        run = run_of(row)
        return replace(run, facts=facts_for(run.facts, state=self.sees_all))

    @property
    def sees_all(self) -> bool:
        """Whether the scope is the whole state: only then are totals of the whole registry told."""
        return self._scope.state

    @property
    def scope_texts(self) -> list[str]:
        """The areas of the scope, sorted."""
        return self._scope.texts

    def sectors(self, run: Run, *, named: str | None = None) -> list[Sector]:
        """The sectors of a run within the scope, by id; `named`: that one alone, if the scope has
        it."""
        wanted = sa.select(PLACES.c.sector_id, PLACES.c.project_id, PLACES.c.district_id)
        wanted = wanted.where(PLACES.c.run == run.run, self._within).order_by(PLACES.c.sector_id)
        if named is not None:
            wanted = wanted.where(PLACES.c.sector_id == named)
        with self._connection() as connection:
            return [Sector(*row) for row in connection.execute(wanted)]

    def areas(self, run: Run, level: str) -> dict[str, dict[str, Any]]:
        """What a run counted of each place of a level (sector, project, district) that lies whole
        in the scope."""
        place = {
            "sector": PLACES.c.sector_id,
            "project": PLACES.c.project_id,
            "district": PLACES.c.district_id,
        }[level]
        whole = sa.select(place).where(PLACES.c.run == run.run, self._whole(level))
        wanted = sa.select(AREAS.c.place, AREAS.c.page).where(
            AREAS.c.run == run.run, AREAS.c.level == level
        )
        with self._connection() as connection:
            found = connection.execute(
                wanted.where(AREAS.c.place.in_(whole)).order_by(AREAS.c.place)
            )
            return {row.place: orjson.loads(row.page) for row in found}

    def whole_places(self, run: Run, level: str, *, named: str | None = None) -> list[Place]:
        """The places of a level (project, district, state; of sector and centre the sectors) that
        lie whole in the scope, by id; `named`: that one alone, if the scope holds it."""
        if level == "state":
            told = self.sees_all and named in (None, STATE_ID)
            return [Place(STATE_ID, None, None)] if told else []
        columns = {
            "sector": (PLACES.c.sector_id, PLACES.c.project_id, PLACES.c.district_id),
            "project": (PLACES.c.project_id, sa.null(), PLACES.c.district_id),
            "district": (PLACES.c.district_id, sa.null(), sa.null()),
        }[level]
        wanted = sa.select(*columns).distinct().where(PLACES.c.run == run.run, self._whole(level))
        if named is not None:
            wanted = wanted.where(columns[0] == named)
        found: dict[str, Place] = {}
        with self._connection() as connection:
            # Sorted here: databases do not agree on how texts are sorted.
            for row in sorted(connection.execute(wanted), key=lambda row: tuple(map(str, row))):
                found.setdefault(row[0], Place(*row))
        return [place for place in found.values() if place.place]

    def area_pages(self, run: Run, level: str, named: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What a run counted of these places of a level, whom `whole_places` has named."""
        found: dict[str, dict[str, Any]] = {}
        of_level = AREAS.c.run == run.run, AREAS.c.level == level
        with self._connection() as connection:
            for start in range(0, len(named), 500):
                part = AREAS.c.place.in_(named[start : start + 500])
                wanted = sa.select(AREAS.c.place, AREAS.c.page).where(*of_level, part)
                found |= {row.place: area_of(row.page) for row in connection.execute(wanted)}
        return found

    def ticked_since(self, run: Run) -> list[tuple[BookRow, BookRow]]:
        """The children of the scope ticked since a run: as the run has them, and as they are."""
        since = dt.datetime.fromisoformat(run.made_at) - BEFORE_A_RUN
        ticks = sa.select(TICKS.c.child_id).where(
            TICKS.c.ticked_at >= since.isoformat(timespec="milliseconds")
        )
        with self._connection() as connection:
            pages = connection.execute(
                self._rows(run).where(ROWS.c.child_id.in_(ticks)).order_by(ROWS.c.child_id)
            )
            before = compared_rows(connection, run, [row_of(row.page) for row in pages])
            return list(zip(before, with_visits(connection, run, before), strict=True))

    def told(self, run: Run, sector_id: str | None = None, *, since: dt.date) -> list[Told]:
        """Findings that need somebody, told since a day, the newest first, none corrected since."""
        sectors = self._sector_ids(run)
        kept = sa.or_(TOLD.c.closed_as.is_(None), TOLD.c.closed_as != CORRECTED)
        wanted = sa.select(TOLD).where(TOLD.c.sector_id.in_(sectors), TOLD.c.told_on >= since, kept)
        if sector_id is not None:
            wanted = wanted.where(TOLD.c.sector_id == sector_id)
        with self._connection() as connection:
            return [Told(*row) for row in connection.execute(wanted.order_by(TOLD.c.number.desc()))]

    def escalations(self, run: Run, *among: sa.ColumnElement[bool]) -> list[Escalation]:
        """The escalations of the scope of which these conditions hold, by number."""
        wanted = sa.select(ESCALATIONS).where(*among).order_by(ESCALATIONS.c.number)
        return [Escalation(*row) for row in self.of_escalations(run, wanted)]

    def of_escalations(
        self, run: Run, wanted: sa.Select[Any], area: Mapping[str, str] | None = None
    ) -> Sequence[Any]:
        """What is asked of `ESCALATIONS`, within the scope and, where one is named, an area."""
        if area or not self._scope.state:
            inside = (PLACES.c[name] == place for name, place in (area or {}).items())
            sectors = self._sector_ids(run).where(*inside)
            wanted = wanted.where(ESCALATIONS.c.sector_id.in_(sectors))
        with self._connection() as connection:
            return connection.execute(wanted).all()

    def candidates(
        self, sector_id: str | None = None, as_of: dt.date | None = None
    ) -> list[Candidate]:
        """The children of a sector (or of the whole scope) as the list ranks them, with ticks."""
        run = self.run(as_of)
        return [row.candidate for row in self.rows(run, sector_id)]

    def rows(self, run: Run, sector_id: str | None = None, *, ticked: bool = True) -> list[BookRow]:
        """The children of a run in a sector (or in the whole scope), by id; `ticked`: with outcomes
        ticked since."""
        wanted = self._rows(run)
        if sector_id is not None:
            wanted = wanted.where(ROWS.c.sector_id == sector_id)
        with self._connection() as connection:
            # Sorted here: asked to sort, SQLite walks the whole run by child instead of one sector
            # by its index.
            pages = sorted(connection.execute(wanted), key=lambda row: row.child_id)
            rows = compared_rows(connection, run, [row_of(row.page) for row in pages])
            return with_visits(connection, run, rows) if ticked else rows

    def children(self, run: Run, ids: Collection[str]) -> dict[str, Candidate]:
        """These children of a run within the scope, by id, with outcomes ticked since."""
        with self._connection() as connection:
            found = connection.execute(self._rows(run).where(ROWS.c.child_id.in_(ids))).all()
            rows = with_visits(connection, run, [row_of(row.page) for row in found])
            return {row.candidate.child_id: row.candidate for row in rows}

    def child(self, child_id: str, as_of: dt.date | None = None) -> tuple[Run, BookRow]:
        """One child in the run of a day. OutOfScope where there is none, or none that the scope
        may see."""
        run = self.run(as_of)
        with self._connection() as connection:
            row = connection.execute(self._rows(run).where(ROWS.c.child_id == child_id)).first()
            if row is None:
                raise OutOfScope("there is no such child in this list")
            return run, with_visits(
                connection, run, compared_rows(connection, run, [row_of(row.page)])
            )[0]

    def ticked(self, run: Run, rows: list[BookRow]) -> list[BookRow]:
        """Rows that a run did not keep, with what visits found and measured since it."""
        with self._connection() as connection:
            return with_visits(connection, run, rows)

    def history(self, child_id: str) -> list[tuple[Run, BookRow]]:
        """What every complete run said of a child that the scope may see now, oldest first.
        OutOfScope without any."""
        self.child(child_id)
        wanted = sa.select(RUNS, ROWS.c.page).join(ROWS, ROWS.c.run == RUNS.c.run)
        wanted = wanted.where(RUNS.c.complete, ROWS.c.child_id == child_id).order_by(
            RUNS.c.as_of, RUNS.c.run
        )
        with self._connection() as connection:
            found = [(run_of(row), row_of(row.page)) for row in connection.execute(wanted).all()]
            return [(run, compared_rows(connection, run, [row])[0]) for run, row in found]

    def pages(self, run: Run, sector_id: str) -> dict[str, bytes]:
        """The stored rows of a sector within the scope, by child: equal where nothing is new."""
        wanted = self._rows(run).where(ROWS.c.sector_id == sector_id)
        with self._connection() as connection:
            return {row.child_id: row.page for row in connection.execute(wanted)}

    def ticked_after(self, run: Run, at: str) -> set[str]:
        """Children of a run, within the scope, of whom an outcome was ticked at a time or later."""
        wanted = sa.select(TICKS.c.child_id).where(TICKS.c.ticked_at >= at)
        wanted = wanted.where(TICKS.c.child_id.in_(self._child_ids(run)))
        with self._connection() as connection:
            return set(connection.scalars(wanted))

    def tick_state(self) -> tuple[str | None, int]:
        """When an outcome was ticked last, and how many are kept."""
        wanted = sa.select(sa.func.max(TICKS.c.ticked_at), sa.func.count()).select_from(TICKS)
        with self._connection() as connection:
            newest, count = connection.execute(wanted).one()
            return newest, count

    def events(self, after: int, limit: int) -> EventBatch:
        """The events after a number that the scope may see, at most so many, in their order."""
        run = self._newest(sa.true())
        sectors = self._sector_ids(run)
        seen = sa.true() if self.sees_all else EVENTS.c.sector_id.in_(sectors)
        with self._connection() as connection:
            bounds = sa.select(sa.func.min(EVENTS.c.number), sa.func.max(EVENTS.c.number))
            first, last = connection.execute(bounds).one()
            if last is None:
                return EventBatch([], after, gap=False)
            # Up to the last that was there when this was asked: no later one is stepped over.
            wanted = sa.select(EVENTS).where(
                EVENTS.c.number > after,
                EVENTS.c.number <= last,
                sa.or_(EVENTS.c.sector_id.is_(None), seen),
            )
            rows = connection.execute(wanted.order_by(EVENTS.c.number).limit(limit)).all()
        found = [event_of(row) for row in rows]
        read_to = found[-1].number if len(found) == limit else max(after, last)
        return EventBatch(found, read_to, gap=0 < after < first - 1)

    def left_between(self, former: Run, run: Run) -> list[str]:
        """Children whom the former run shows within the scope and this one does not, by id."""
        wanted = self._child_ids(former).where(ROWS.c.child_id.not_in(self._child_ids(run)))
        with self._connection() as connection:
            return list(connection.scalars(wanted.order_by(ROWS.c.child_id)))

    def every_other_code(self) -> Mapping[str, str]:
        """By child, of any scope, the codes of its linked records."""
        with self._connection():
            return linked_codes.every_other_code(self._engine)

    def children_of_code(self, run: Run, code: str) -> list[str]:
        """The children of a run within the scope who have this code beside their own."""
        with self._connection():
            return sorted(self.among(run, linked_codes.children_of_code(self._engine, code)))

    def among(self, run: Run, ids: Collection[str]) -> set[str]:
        """Which of these children a run has within the scope."""
        every, found = sorted(ids), set[str]()
        with self._connection() as connection:
            for start in range(0, len(every), 500):
                part = ROWS.c.child_id.in_(every[start : start + 500])
                found.update(connection.scalars(self._child_ids(run).where(part)))
        return found

    def child_ids(self, run: Run, sector_id: str | None = None) -> list[str]:
        """The children of a run within the scope (or in one sector of it), by id."""
        wanted = self._child_ids(run)
        if sector_id is not None:
            wanted = wanted.where(ROWS.c.sector_id == sector_id)
        with self._connection() as connection:
            # Sorted here, as in `rows`.
            return sorted(connection.scalars(wanted))

    def _child_ids(self, run: Run) -> sa.Select[Any]:
        return self._rows(run).with_only_columns(ROWS.c.child_id)

    def risks(self, run: Run, target: str) -> list[float]:
        """The risks that a run gave for a target within the scope."""
        scores = TARGET_SCORES.c
        wanted = sa.select(scores.risk).where(
            scores.run == run.run, scores.target == target, scores.risk.is_not(None)
        )
        if not self._scope.state:
            seen = self._rows(run).with_only_columns(ROWS.c.child_id)
            wanted = wanted.where(scores.child_id.in_(seen))
        with self._connection() as connection:
            return list(connection.scalars(wanted))

    def _whole(self, level: str) -> sa.ColumnElement[bool]:
        """Places of a level that the scope holds whole: a project's sums are for whoever may see
        all of its sectors."""
        scope = self._scope
        if scope.state or level == "sector":
            return self._within
        districts = PLACES.c.district_id.in_(scope.districts)
        return (
            districts
            if level == "district"
            else PLACES.c.project_id.in_(scope.projects) | districts
        )

    @property
    def _within(self) -> sa.ColumnElement[bool]:
        """The one place that limits what is read: the sectors of the scope."""
        scope = self._scope
        if scope.state:
            return sa.true()
        areas = (
            (PLACES.c.sector_id, scope.sectors),
            (PLACES.c.project_id, scope.projects),
            (PLACES.c.district_id, scope.districts),
        )
        return sa.or_(*(column.in_(named) for column, named in areas if named))

    def _rows(self, run: Run) -> sa.Select[Any]:
        """The rows of a run within the scope."""
        wanted = sa.select(ROWS).where(ROWS.c.run == run.run)
        if self._scope.state:
            return wanted
        return wanted.where(ROWS.c.sector_id.in_(self._sector_ids(run)))

    def _sector_ids(self, run: Run | None) -> sa.Select[Any]:
        """The ids of a run's sectors within the scope."""
        of_run = PLACES.c.run == (run.run if run else None)
        return sa.select(PLACES.c.sector_id).where(of_run, self._within)

    @contextmanager
    def _connection(self) -> Iterator[sa.Connection]:
        """A connection; BookUnreadable where the database does not answer, is broken or belongs to
        a newer Sanket."""
        try:
            complete_tables(self._engine)
            with self._engine.connect() as connection:
                yield connection
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            if self._unwritten():
                raise NothingScored(NOTHING_SCORED) from None
            raise BookUnreadable.of(error) from None
        except Refused as newer:
            raise BookUnreadable(newer.message) from None

    def _unwritten(self) -> bool:
        """Whether the database answers, and nobody has scored into it yet."""
        try:
            return not sa.inspect(self._engine).has_table(RUNS.name)
        except sa.exc.SQLAlchemyError:
            return False
