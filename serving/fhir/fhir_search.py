"""What is asked of /fhir: a child by its key, or resources of one type by area and date, page by
page in one run."""

from __future__ import annotations

import base64
import calendar
import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import orjson

from registry.fhir.fhir_codes import IDS, LEVELS
from serving.book.areas.area_rollups import no_cursor
from serving.book.reader import Reader, Sector
from serving.book.scorebook import BookRow, Run
from serving.errors import OutOfScope
from serving.fhir.fhir_parts import Resource, area_id
from serving.fhir.stored_children import FhirChild, FhirSource

KEY = re.compile(r"[0-9a-f]{32}")
DATED: dict[str, Callable[[Resource], tuple[str | None, str | None]]] = {
    "Observation": lambda one: (one["effectiveDateTime"],) * 2,
    "RiskAssessment": lambda one: (one["occurrenceDateTime"],) * 2,
    "Condition": lambda one: (one["recordedDate"],) * 2,
    "EpisodeOfCare": lambda one: (one["period"].get("start"), one["period"].get("end")),
}
"""By type, the first and the last day of a resource: None is open."""
SECTORS_A_PAGE = 200
"""So many sectors are looked through for one page, however few children it finds there."""
_DATE = re.compile(r"(eq|ge|le|gt|lt)?(\d{4}(?:-\d{2}(?:-\d{2})?)?)")


@dataclass(frozen=True)
class Dates:
    """One `date=` of a search: `ge2026-01` is on or after 1 January 2026."""

    prefix: str
    first: str
    last: str

    @classmethod
    def of(cls, said: str) -> Dates:
        """From its text: a day, a month or a year behind eq, ge, le, gt or lt. ValueError."""
        found = _DATE.fullmatch(said)
        if found is None:
            raise ValueError("is eq, ge, le, gt or lt, and a date such as 2026-03-14 or 2026-03")
        year, *rest = map(int, found[2].split("-"))
        month, day = (*rest, None, None)[:2]
        first = dt.date(year, 1 if month is None else month, 1 if day is None else day)
        month = 12 if month is None else month
        last = dt.date(year, month, calendar.monthrange(year, month)[1] if day is None else day)
        return cls(found[1] or "eq", first.isoformat(), last.isoformat())

    def holds(self, start: str | None, end: str | None) -> bool:
        """Whether what lasts from a day to a day (None: open) has a day that is asked for; for eq
        all of them."""
        start, end = start or "0000", end or "9999"
        return {
            "eq": self.first <= start and end <= self.last,
            "ge": end >= self.first,
            "gt": end > self.last,
            "le": start <= self.last,
            "lt": start < self.first,
        }[self.prefix]


@dataclass(frozen=True)
class Search:
    """Resources of a type: of one child, or of an area (an Organization's id; None: all of the
    scope), on days that every one of `dates` holds."""

    kind: str
    child_key: str | None = None
    area: str | None = None
    dates: tuple[Dates, ...] = ()
    count: int = 50
    """Children, not resources, that one page looks at."""

    @property
    def digest(self) -> str:
        """Which search this is: a cursor goes on with the one it began with."""
        return hashlib.sha256(orjson.dumps(asdict(self))).hexdigest()[:16]

    def found_in(self, child: FhirChild) -> list[Resource]:
        """A child's resources that are asked for."""
        days = DATED.get(self.kind)
        return [
            one
            for one in child.resources
            if one["resourceType"] == self.kind
            and (days is None or all(asked.holds(*days(one)) for asked in self.dates))
        ]


@dataclass(frozen=True)
class SearchCursor:
    """Where a page begins: after a child's key in a sector of a run."""

    run: int
    sector: str
    key: str
    search: str

    @property
    def text(self) -> str:
        """As a client keeps it."""
        plain = orjson.dumps(list(asdict(self).values()))
        return base64.urlsafe_b64encode(plain).decode().rstrip("=")

    @classmethod
    def of(cls, text: str, asked: Search) -> SearchCursor:
        """From its text. UsageError EXP004 for one that is none, or of another search."""
        try:
            run, *texts = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            if type(run) is not int or abs(run) > 2**31 or not all(type(t) is str for t in texts):
                raise TypeError
            cursor = cls(run, *texts)
        except (ValueError, TypeError):
            raise no_cursor() from None
        if cursor.search != asked.digest:
            raise no_cursor()
        return cursor


@dataclass(frozen=True)
class SearchPage:
    """A page: the children of whom something was found, with it, and the cursor of the next one."""

    children: list[tuple[FhirChild, list[Resource]]]
    next: str | None


def area_of(said: str) -> str:
    """The id of an Organization from how a search names it: its id, a reference to it, or
    `system|code` of ours. ValueError."""
    system, bar, code = said.partition("|")
    if not bar:
        return said.removeprefix("Organization/")
    level = next((level for level in LEVELS if IDS[level] == system), None)
    if level is None or not code:
        raise ValueError(
            f"is an Organization's id, or one of {', '.join(IDS[l] for l in LEVELS)}|code"
        )
    return area_id(level, code)


def child_of_key(source: FhirSource, reader: Reader, key: str) -> FhirChild:
    """A child of the scope by its key. OutOfScope where there is none."""
    if KEY.fullmatch(key):
        for child_id in reader.child_ids(source.run):
            if source.keyed(child_id) == key:
                _, row = reader.child(child_id, source.run.as_of)
                return source.children([row])[0]
    raise OutOfScope("there is no such child in this list")


def found(
    source: FhirSource, reader: Reader, asked: Search, cursor: SearchCursor | None
) -> SearchPage:
    """One page of a search. OutOfScope where it names a child that the scope has not."""
    if asked.child_key is not None:
        child = child_of_key(source, reader, asked.child_key)
        elsewhere = asked.area not in (None, *(area["id"] for area in child.area))
        told = [] if elsewhere else asked.found_in(child)
        return SearchPage([(child, told)] if told else [], None)
    at = cursor or SearchCursor(source.run.run, "", "", asked.digest)
    rows: list[BookRow] = []
    for sector, keyed_rows in _sectors(source, reader, asked, at):
        left = asked.count - len(rows)
        rows += [row for _, row in keyed_rows[:left]]
        if len(keyed_rows) > left:
            at = replace(at, sector=sector, key=keyed_rows[left - 1][0])
            break
        at = replace(at, sector=sector, key=_LAST)
        if len(rows) == asked.count:
            break
    else:
        return SearchPage(_with_resources(source, asked, rows), _rest(source, reader, asked, at))
    return SearchPage(_with_resources(source, asked, rows), at.text)


_LAST = "~"
"""Sorts after every key."""


def _with_resources(
    source: FhirSource, asked: Search, rows: Sequence[BookRow]
) -> list[tuple[FhirChild, list[Resource]]]:
    made = ((child, asked.found_in(child)) for child in source.children(rows))
    return [(child, resources) for child, resources in made if resources]


def _sectors(
    source: FhirSource, reader: Reader, asked: Search, at: SearchCursor
) -> Iterator[tuple[str, list[tuple[str, BookRow]]]]:
    """From the cursor on, the children of each sector that are asked for, by key."""
    for sector in _named(reader, source.run, at)[:SECTORS_A_PAGE]:
        whole = asked.area is None or asked.area in _areas_of(sector)
        rows = [
            (source.keyed(row.candidate.child_id), row)
            for row in reader.rows(source.run, sector.sector_id)
            if whole or area_id("centre", row.candidate.centre_id) == asked.area
        ]
        after = at.key if sector.sector_id == at.sector else ""
        yield (
            sector.sector_id,
            sorted((one for one in rows if one[0] > after), key=lambda one: one[0]),
        )


def _named(reader: Reader, run: Run, at: SearchCursor) -> list[Sector]:
    """The sectors of the scope from the cursor on. Sorted here: databases do not agree on how texts
    are sorted."""
    named = sorted(reader.sectors(run), key=lambda one: one.sector_id)
    return [one for one in named if one.sector_id >= at.sector]


def _rest(source: FhirSource, reader: Reader, asked: Search, at: SearchCursor) -> str | None:
    """The cursor of what was not looked through; None where all was."""
    return at.text if len(_named(reader, source.run, at)) > SECTORS_A_PAGE else None


def _areas_of(sector: Sector) -> set[str]:
    return {
        area_id("sector", sector.sector_id),
        area_id("project", sector.project_id),
        area_id("district", sector.district_id),
    }
