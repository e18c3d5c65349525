"""What the address of a list asks for: sector, day, number of visits, centre, order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from models.visits.centre_due import AHEAD_DAYS
from models.visits.listed_child import Candidate
from models.visits.month_plan import USUAL_PER_DAY
from serving.book.reader import day_of_reading
from serving.book.scorebook import Run
from serving.http.problems import HttpProblem
from serving.visits.capacity import DEFAULT_CAPACITY, MOST_VISITS

BY_ROUTE, BY_URGENCY = ORDERS = ("route", "urgency")
MOST_PER_DAY = 30


@dataclass(frozen=True)
class ListAsked:
    """`sector_id`, `day`: None where none was named; `centre_ids`: all centres where none is."""

    sector_id: str | None
    capacity: int
    day: dt.date | None = None
    centre_ids: tuple[str, ...] = ()
    order: str = BY_ROUTE
    per_day: int = USUAL_PER_DAY

    @classmethod
    def of(cls, query: QueryParams) -> ListAsked:
        """What an address asks for. API002 for a number or a day that is none."""
        order = query.get("order", BY_ROUTE)
        return cls(
            query.get("sector") or None,
            _number(query, "capacity", DEFAULT_CAPACITY, MOST_VISITS),
            _day(query.get("day", "")),
            tuple(dict.fromkeys(filter(None, query.getlist("centre")))),
            order if order in ORDERS else BY_ROUTE,
            _number(query, "per_day", USUAL_PER_DAY, MOST_PER_DAY),
        )

    def day_of(self, run: Run) -> dt.date:
        """The day of the list: the one asked for, else that of reading. API002 for a day before it,
        since the book knows what was ticked until then, or more than a month after it."""
        first, last = days_of(run)
        if self.day is not None and not first <= self.day <= last:
            raise _wrong("day", f"must be from {first} to {last}")
        return self.day or first

    def query(self, sector_id: str, **more: object) -> str:
        """The query of an address that asks for the same of this sector, and for more."""
        named = {"sector": sector_id, "capacity": self.capacity, "day": self.day}
        named |= {"centre": self.centre_ids} | more
        return urlencode({name: value for name, value in named.items() if value}, doseq=True)

    def of_centres(self, children: Iterable[Candidate]) -> list[Candidate]:
        """The children of the centres that were chosen; all where none was."""
        chosen = self.centre_ids
        return [child for child in children if not chosen or child.centre_id in chosen]


def days_of(run: Run) -> tuple[dt.date, dt.date]:
    """The first and the last day for which a list of a run can be asked on a page."""
    first = day_of_reading(run.as_of)
    return first, first + dt.timedelta(days=AHEAD_DAYS)


def _number(query: Mapping[str, str], name: str, usual: int, most: int) -> int:
    text = query.get(name) or str(usual)
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise _wrong(name, f"must be 1 to {most}")
    return int(text)


def _day(text: str) -> dt.date | None:
    if not text:
        return None
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise _wrong("day", "must be a day such as 2026-03-16") from None


def _wrong(field: str, problem: str) -> HttpProblem:
    return HttpProblem("API002", errors=[{"field": field, "problem": problem}])
