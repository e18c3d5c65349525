"""The month's visits as a calendar: which children on which day, and what is due at the centres on
fixed days; to read and to print."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import chain
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from models.visits.month_plan import MonthPlan, PlanDay, by_centre, month_plan
from models.visits.ranking import VisitRow, by_trips
from serving.access.permissions import Person
from serving.language.words import Words
from serving.pages.sheet_page import address_of
from serving.pages.templates import html
from serving.pages.today.list_asked import MOST_PER_DAY, ListAsked, days_of
from serving.pages.today.list_page import centres_of, sector_of
from serving.process.service_state import ServiceState
from serving.visits.capacity import MOST_VISITS
from serving.visits.lists import list_among
from serving.visits.sheet_lines import centre_name, practice_key, why_short

WEEK = 7


@dataclass(frozen=True)
class PlannedVisit:
    """A visit in few words. `by_day`: the day by which its step is due, where that is still
    ahead."""

    number: int
    child_id: str
    why: str
    danger: bool
    by_day: str


@dataclass(frozen=True)
class DayShown:
    """A day of the calendar: its visits by centre; and of each centre where a step is due its name,
    the address of its due list and the children's codes."""

    day: dt.date
    name: str
    visits: list[tuple[str, list[PlannedVisit]]]
    anm: list[tuple[str, list[PlannedVisit]]]
    due: list[tuple[str, str, list[str]]]
    sunday: bool

    @property
    def empty(self) -> bool:
        """Whether nothing is to be done."""
        return not (self.visits or self.anm or self.due)


def show(
    state: ServiceState, request: Request, person: Person, words: Words, asked: ListAsked
) -> Response:
    """The page; who saw which children is written down first."""
    reader = state.reader(person)
    run = reader.run()
    sector_id, start = sector_of(reader, run, asked), asked.day_of(run)
    every = [row.candidate for row in reader.rows(run, sector_id)]
    children = asked.of_centres(every)
    found = list_among(children, run, sector_id, asked=start, capacity=asked.capacity)
    plan = month_plan(found.rows, children, start=start, per_day=asked.per_day, anm=found.anm)
    state.noted(request, person, "list", _told_of(plan))
    first_day, last_day = days_of(run)
    return html(
        "plan.html",
        request,
        words,
        title=words.say("today", "plan_title", sector=sector_id),
        person=person,
        scored_on=run.as_of,
        practice=practice_key(run.facts),
        listed=found,
        sectors=[sector.sector_id for sector in reader.sectors(run)],
        asked=asked,
        day=start,
        first_day=first_day,
        last_day=last_day,
        most_visits=MOST_VISITS,
        most_per_day=MOST_PER_DAY,
        blanks=start.weekday(),
        days=[_day_shown(day, start, words) for day in plan.days],
        planned=sum(len(day.rows) for day in plan.days),
        no_day=[
            (_visit(row, start, words), _centre(row, words))
            for row in (*plan.too_late, *plan.no_day)
        ],
        for_the_anm=len(found.anm),
        centre_names=centres_of(every, words),
        back=f"/visits?{asked.query(sector_id)}",
    )


def _told_of(plan: MonthPlan) -> list[str]:
    """The ids of all children whom a plan tells of, each once: for the audit."""
    rows = chain(plan.no_day, *(day.rows for day in plan.days))
    due = chain.from_iterable((*day.anm, *day.due) for day in plan.days)
    return list(
        dict.fromkeys([*(row.candidate.child_id for row in rows), *(c.child_id for c in due)])
    )


def _day_shown(day: PlanDay, start: dt.date, words: Words) -> DayShown:
    return DayShown(
        day.on,
        f"{words.day_of_week(day.on)} {words.day(day.on, short=True)}",
        [
            (_centre(rows[0], words), [_visit(row, start, words) for row in rows])
            for _, rows in by_trips(sorted(day.rows, key=lambda row: row.rank))
        ],
        [
            (
                centre_name(those[0], words),
                [_visit(VisitRow("anm", 0, child), start, words) for child in those],
            )
            for those in by_centre(day.anm).values()
        ],
        [
            (
                centre_name(those[0], words),
                f"{address_of(centre)}?{urlencode({'sector': those[0].sector_id})}",
                [child.child_id for child in those],
            )
            for centre, those in by_centre(day.due).items()
        ],
        day.on.weekday() == WEEK - 1,
    )


def _centre(row: VisitRow, words: Words) -> str:
    return centre_name(row.candidate, words)


def _visit(row: VisitRow, start: dt.date, words: Words) -> PlannedVisit:
    child = row.candidate
    ahead = child.by_when is not None and child.by_when >= start
    return PlannedVisit(
        row.rank,
        child.child_id,
        why_short(row, words),
        child.danger,
        words.say("ui", "by_when", date=words.day(child.by_when, short=True)) if ahead else "",
    )
