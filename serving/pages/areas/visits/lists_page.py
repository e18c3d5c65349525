"""What came of the lists of an area, by month and part: how the visited, the others and those held
out by lot stood eight weeks later, with the caution that the visited were chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from serving.access.permissions import Person
from serving.book.reader import Reader
from serving.book.scorebook import Run
from serving.book.scoring.list_outcomes import FATES, GROUPS, LEVELS, level_of_lists
from serving.language.words import Words
from serving.pages.areas import area_page, area_shown
from serving.pages.areas.area_figures import month_name
from serving.pages.areas.area_shown import AreaShown, Link
from serving.pages.areas.attention import AT_ONCE, page_asked
from serving.pages.templates import html
from serving.process.service_state import ServiceState
from serving.visits.sheet_lines import practice_key

ASKED = ("rule", "risk")
"""Why a list named a child: a rule, or its risk alone."""


@dataclass(frozen=True)
class FateLine:
    """A group of a month or a part: how many were listed, and what became of them, as texts."""

    of: Link
    group: str
    cells: list[str]


@dataclass(frozen=True)
class FateTable:
    """The lines of those listed for one reason."""

    asked: str
    lines: list[FateLine]


def show(
    state: ServiceState,
    request: Request,
    person: Person,
    words: Words,
    *,
    level: str,
    area_id: str,
    query: Mapping[str, str],
) -> Response:
    """The page; it names no child. OutOfScope where the scope does not hold the area; of a centre
    nothing is counted, and its sector's page is told."""
    reader = state.reader(person)
    run = reader.run()
    area = area_page.area_of(reader, run, level, area_id)
    if area.sector is not None:
        level, area_id = "sector", area.sector.place
        area = area_page.area_of(reader, run, level, area_id)
    page = reader.area_pages(run, level_of_lists(level), [area_id]).get(area_id)
    below = next((one for one in area_page.levels_below(level) if one in LEVELS), "")
    parts, pages = _parts(reader, run, area, below, page_asked(query), words) if page else ([], 1)
    return html(
        "lists.html",
        request,
        words,
        title=words.say("lists", "title", area=area_shown.link(level, area_id, words).name),
        person=person,
        scored_on=run.as_of,
        as_of=words.day(run.as_of),
        crumbs=area_page.crumbs_of(reader, run, area, words),
        tables=_tables(_months(page, words), words) if page else [],
        parts=parts,
        page=min(page_asked(query), pages),
        pages=pages,
        fates=FATES,
        own=f"/lists/{level}/{quote(area_id, safe='')}",
        practice=practice_key(run.facts),
    )


Columns = Sequence[tuple[Link, Mapping[str, Mapping[str, int | None]]]]
"""What a table has lines of, each with its counts by group and fate."""


def _months(page: Mapping[str, Any], words: Words) -> Columns:
    """All months, then the single ones, the newest first."""
    names = [month_name({"month": month}, words) for month in page["months"]]
    links = [Link(name, "") for name in (*names, words("lists", "all_months"))]
    made = [(link, _at(page, at)) for at, link in enumerate(links)]
    return made[::-1]


def _at(page: Mapping[str, Any], at: int) -> dict[str, dict[str, int | None]]:
    groups: Mapping[str, Mapping[str, Sequence[int | None]]] = page["groups"]
    return {group: {fate: cells[at] for fate, cells in of.items()} for group, of in groups.items()}


def _parts(
    reader: Reader, run: Run, area: AreaShown, below: str, page: int, words: Words
) -> tuple[list[FateTable], int]:
    """All months of each part of a page, by code; and how many pages there are."""
    if not below:
        return [], 1
    places = sorted(part.place.place for part in area_page.parts_below(reader, run, area, below))
    pages = max(1, -(-len(places) // AT_ONCE))
    start = (min(page, pages) - 1) * AT_ONCE
    shown = places[start : start + AT_ONCE]
    kept = reader.area_pages(run, level_of_lists(below), shown)
    columns = [
        (
            Link(
                area_shown.link(below, place, words).name, f"/lists/{below}/{quote(place, safe='')}"
            ),
            _at(kept[place], -1),
        )
        for place in shown
        if place in kept
    ]
    return _tables(columns, words), pages


def of_all_months(reader: Reader, run: Run, area: AreaShown, words: Words) -> list[list[str]]:
    """For each group of an area's listed children its name and its cells over all months; empty
    where no list is old enough."""
    page = reader.area_pages(run, level_of_lists(area.level), [area.place.place]).get(
        area.place.place
    )
    if not page:
        return []
    whole = [(Link("", ""), _at(page, -1))]
    return [
        [f"{words('lists', f'asked_{table.asked}')}: {line.group}", *line.cells]
        for table in _tables(whole, words)
        for line in table.lines
    ]


def _tables(columns: Columns, words: Words) -> list[FateTable]:
    return [
        FateTable(
            asked,
            [
                FateLine(of, words("lists", group.removeprefix(f"{asked}_")), _cells(told, words))
                for of, counts in columns
                for group in GROUPS
                if group.startswith(asked) and _anybody(told := counts[group], group)
            ],
        )
        for asked in ASKED
    ]


def _anybody(told: Mapping[str, int | None], group: str) -> bool:
    """Whether the group is told of: a lot that nobody drew is not."""
    return not group.endswith("held_out") or any(count != 0 for count in told.values())


def _cells(told: Mapping[str, int | None], words: Words) -> list[str]:
    """How many were listed, where nothing of them is withheld, and each fate."""
    counts = [told[fate] for fate in FATES]
    known = [count for count in counts if count is not None]
    whole = sum(known) if len(known) == len(counts) else None
    withheld = words("areas", "withheld")
    return [withheld if one is None else words.number(one) for one in (whole, *counts)]
