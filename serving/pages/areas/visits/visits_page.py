"""For officers: sectors side by side, what is expected next month, visits made against planned, who
is visited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from models.expected_events import Expected
from models.targets import TARGETS
from registry.small_counts import SMALLEST_CELL, is_small
from serving.access.permissions import Person
from serving.book.disclosure import (
    IN_PROGRAMME,
    ShownFigures,
    decided,
    shares,
    withheld_of,
)
from serving.book.reader import Sector, day_of_reading
from serving.book.scoring.area_rows import FIGURES, PARTS
from serving.book.sector_figures import GROUPS, sector_figures, summed
from serving.language.words import Words
from serving.pages.areas.attention import AT_ONCE, page_asked
from serving.pages.templates import html
from serving.process.service_state import ServiceState
from serving.visits.capacity import DEFAULT_CAPACITY
from serving.visits.sheet_lines import TICK_BOXES, level_notes, practice_key


@dataclass(frozen=True)
class SectorLine:
    """One sector's figures; None stands for a number under the smallest cell, which is not
    shown."""

    sector_id: str
    in_treatment: int | None
    in_danger: int | None
    overdue: int | None
    expected: dict[str, Expected | None]
    visits_done: int | None
    visits_planned: int


@dataclass(frozen=True)
class VisitedShare:
    """Of a group of children on watch, how many were visited in the last month."""

    group: str
    children: int
    visited: int


def show(state: ServiceState, request: Request, person: Person, words: Words) -> Response:
    """The page; it names no child."""
    reader = state.reader(person)
    run = reader.run()
    kept = reader.area_pages(run, PARTS, [FIGURES, "sector"])
    sectors = reader.sectors(run)
    stored = _stored(sectors, kept)
    day = day_of_reading(run.as_of)
    by_sector = sector_figures(reader, run, stored, day=day, sectors=sectors)
    shown = decided(
        by_sector,
        whole_is_told=reader.sees_all,
        beside=_withheld(kept.get("sector")),
        states_are_told=False,
    )
    visits = summed(found["visits"] for found in by_sector.values())
    pages = max(1, -(-len(by_sector) // AT_ONCE))
    page = min(page_asked(request.query_params), pages)
    named = list(by_sector)[(page - 1) * AT_ONCE : page * AT_ONCE]
    return html(
        "visits_made.html",
        request,
        words,
        title=words("ui", "sectors"),
        person=person,
        scored_on=run.as_of,
        as_of=words.day(run.as_of),
        lines=[sector_line(name, by_sector[name], shown.sectors[name]) for name in named],
        page=page,
        pages=pages,
        targets=targets_of(by_sector.values()),
        shares=equity(visits, words),
        found=findings(visits),
        written=lambda cell: written(cell, words),
        interval=lambda value: interval(value, words),
        percent=lambda share: percent(share, words),
        practice=practice_key(run.facts),
        levels=level_notes(run.facts, words),
    )


def _stored(
    sectors: Iterable[Sector], kept: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, Any]] | None:
    """The figures that the run keeps of all sectors together; None for a run of an earlier
    version. Of those out of scope none is used."""
    if FIGURES not in kept:
        return None
    own = {sector.sector_id for sector in sectors}
    return {name: {"figures": figures} for name, figures in kept[FIGURES].items() if name in own}


def _withheld(lines: Mapping[str, Any] | None) -> dict[str, frozenset[str]]:
    """By sector, what the programme's line of its last month withholds; none for a run of an
    earlier version, which keeps no lines."""
    if lines is None:
        return {}
    columns = [lines["columns"][name] for name in IN_PROGRAMME.values()]
    months = (
        dict(zip(IN_PROGRAMME.values(), row, strict=True)) for row in zip(*columns, strict=True)
    )
    return {place: withheld_of(month) for place, month in zip(lines["places"], months, strict=True)}


def targets_of(figures: Iterable[dict[str, Any]]) -> list[str]:
    """The targets that a run has figures of, in the order in which they are told."""
    counted = {target for found in figures for target in found["month"]}
    return [target for target in TARGETS if target in counted]


def sector_line(sector_id: str, found: dict[str, Any], told: ShownFigures) -> SectorLine:
    """A sector's line from its figures, as far as they may be shown."""
    planned = DEFAULT_CAPACITY if told.children is None else min(DEFAULT_CAPACITY, told.children)
    return SectorLine(
        sector_id,
        told.in_treatment,
        told.in_danger,
        told.overdue,
        {target: _expected(found, target, told) for target in found["month"]},
        told.visited_lately,
        planned,
    )


def _expected(found: dict[str, Any], target: str, told: ShownFigures) -> Expected | None:
    """The events expected next month; None where the children scored, or those of the month, are
    too few to tell."""
    value = Expected(**found["month"][target])
    few = is_small(value.children) or told.scored.get(target) is None
    return None if few and value.children else value


def equity(visits: dict[str, Any], words: Words) -> list[VisitedShare]:
    """The share visited by setting, sex and distance, in this order; groups that would tell of few
    are left out."""
    groups, told = visits.get("groups", {}), []
    for kind in dict.fromkeys(name.partition(":")[0] for name in GROUPS):
        named = [name for name in GROUPS if name in groups and name.startswith(f"{kind}:")]
        children, visited = (
            shares({name: groups[name][of] for name in named}) for of in ("children", "visited")
        )
        told += [
            VisitedShare(_named(name, words), many, done)
            for name in named
            if (many := children[name]) and (done := visited[name]) is not None
        ]
    return told


def _named(group: str, words: Words) -> str:
    kind, code = group.split(":")
    return words("ui", f"distance_{code}") if kind == "distance" else words(kind, code)


def findings(visits: dict[str, Any]) -> dict[str, int | None]:
    """What the last month's visits found, by finding; None where so few could be told."""
    found = shares({code: count for code, count in visits.get("found", {}).items() if count})
    return {code: found[code] for code in TICK_BOXES if code in found}


def written(cell: int | None, words: Words) -> str:
    """A count, or that it is under the smallest cell."""
    return f"< {SMALLEST_CELL}" if cell is None else words.number(cell)


def interval(value: Expected | None, words: Words) -> str:
    """`3.2 (1.1 to 5.3)`; a dash where no child is scored, or so few that they are not told."""
    if value is None or not value.children:
        return "\u2013"
    events, low, high = (
        words.number(number, 1) for number in (value.events, value.low, value.high)
    )
    return words.say("ui", "interval", value=events, low=low, high=high)


def percent(share: VisitedShare, words: Words) -> str:
    """`12 of 60 (20%)`."""
    done = words.say("ui", "visits_of", done=share.visited, planned=share.children)
    part = 100 * share.visited / share.children
    return f"{done} ({words.number(part, 1 if 0 < part < 1 else 0)}%)"
