"""For the district: sectors side by side, what is expected next month, visits made against planned, who is visited."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from models.outlook import Expected
from serving.access import Person
from serving.desk import Desk
from serving.figures import GROUPS, SMALLEST_CELL, cell, sector_figures, summed
from serving.lists import DEFAULT_CAPACITY
from serving.pages.templates import html
from serving.sheets import TICK_BOXES, practice_key
from serving.words import Words


@dataclass(frozen=True)
class SectorLine:
    """One sector's figures; None stands for a number under the smallest cell, which is not shown."""

    sector_id: str
    in_treatment: int | None
    in_danger: int | None
    overdue: int | None
    relapse: Expected
    non_response: Expected
    visits_done: int
    visits_planned: int


@dataclass(frozen=True)
class Share:
    """Of a group of children on watch, how many were visited in the last month."""

    group: str
    children: int
    visited: int


def show(desk: Desk, request: Request, person: Person, words: Words) -> Response:
    """The page; it names no child."""
    reader = desk.reader(person)
    run = reader.run()
    by_sector = sector_figures(reader, run)
    visits = summed(found["visits"] for found in by_sector.values())
    return html(
        "district.html",
        request,
        words,
        title=words("ui", "sectors"),
        person=person,
        scored_on=run.as_of,
        as_of=words.day(run.as_of),
        lines=[sector_line(name, found) for name, found in by_sector.items()],
        shares=equity(visits, words),
        found=findings(visits),
        written=lambda cell: written(cell, words),
        interval=lambda value: interval(value, words),
        percent=lambda share: percent(share, words),
        practice=practice_key(run.facts),
    )


def sector_line(sector_id: str, found: dict) -> SectorLine:
    """A sector's line from its figures."""
    return SectorLine(
        sector_id,
        cell(found["in_treatment"]),
        cell(found["in_danger"]),
        cell(found["overdue"]),
        Expected(**found["month"]["relapse"]),
        Expected(**found["month"]["non_response"]),
        found["visits"]["lately"],
        min(DEFAULT_CAPACITY, found["children"]),
    )


def equity(visits: dict, words: Words) -> list[Share]:
    """The share visited by setting, sex and distance, in this order; groups under the smallest cell are left out."""
    groups = visits.get("groups", {})
    return [
        Share(_named(name, words), groups[name]["children"], groups[name]["visited"])
        for name in GROUPS if name in groups and groups[name]["children"] >= SMALLEST_CELL
    ]


def _named(group: str, words: Words) -> str:
    kind, code = group.split(":")
    return words("ui", f"distance_{code}") if kind == "distance" else words(kind, code)


def findings(visits: dict) -> dict[str, int]:
    """What the last month's visits found, by finding."""
    found = visits.get("found", {})
    return {code: found[code] for code in TICK_BOXES if found.get(code)}


def written(cell: int | None, words: Words) -> str:
    """A count, or that it is under the smallest cell."""
    return f"< {SMALLEST_CELL}" if cell is None else words.number(cell)


def interval(value: Expected, words: Words) -> str:
    """`3.2 (1.1 to 5.3)`; a dash where no child is scored."""
    if not value.children:
        return "\u2013"
    events, low, high = (words.number(number, 1) for number in (value.events, value.low, value.high))
    return words.say("ui", "interval", value=events, low=low, high=high)


def percent(share: Share, words: Words) -> str:
    """`12 of 60 (20%)`."""
    done = words.say("ui", "visits_of", done=share.visited, planned=share.children)
    part = 100 * share.visited / share.children
    return f"{done} ({words.number(part, 1 if 0 < part < 1 else 0)}%)"
