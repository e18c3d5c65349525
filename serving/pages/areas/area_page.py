"""One page for an area of any level, from the state to the centre: the programme at a glance, its
parts by what needs attention, the way up and down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from care.programme.areas import UPWARDS
from models.visits.listed_child import Candidate, counted_to
from serving.access.permissions import Person
from serving.book.areas import area_forecasts
from serving.book.areas.area_rollups import DOWNWARDS
from serving.book.reader import Place, Reader, day_of_reading
from serving.book.scorebook import Run
from serving.errors import OutOfScope
from serving.language.centre_names import name_in_words
from serving.language.telling import what_to_do
from serving.language.words import Words, whom
from serving.pages.areas import area_figures, area_parts, area_search
from serving.pages.areas.area_figures import cell, name_of
from serving.pages.areas.area_parts import AreaPart
from serving.pages.areas.area_shown import AreaShown, Link, address, link
from serving.pages.areas.attention import FILTERS, SORTS, PartsAsked, chosen, poor_records, reasons
from serving.pages.areas.forecast_told import alert_told, months_told
from serving.pages.areas.supplies import supply_shown
from serving.pages.areas.supplies.supply_shown import SupplyShown
from serving.pages.session import see_other
from serving.pages.templates import html
from serving.process.service_state import ServiceState
from serving.visits.quality_told import quality_words
from serving.visits.sheet_lines import level_notes, practice_key

NO_SUCH_AREA = "there is no such area in the list"
AHEAD_MONTHS = 3
COLUMNS = (
    "danger",
    "sam_untreated",
    "overdue",
    "in_treatment",
    "coverage",
    "sam_share",
    "mam_share",
    "cured_share",
    "defaulted_share",
    "died_share",
)
"""The figures of a part that stand beside its reasons."""


@dataclass(frozen=True)
class PartLine:
    """A part in words. `list`: the address of its visit list ("" where it has none, or the reader
    may not see it)."""

    rank: int
    link: Link
    why: str
    cells: list[str]
    records: str
    list: str


@dataclass(frozen=True)
class ChildLine:
    """A child of a centre: who, how it stands, what is to be done by when."""

    child_id: str
    whom: str
    state: str
    do: str
    due: str
    danger: bool


def home(
    state: ServiceState, request: Request, person: Person, words: Words, query: Mapping[str, str]
) -> Response:
    """What is searched by its code; without one the uppermost area of the scope, or, where it has
    several, these side by side."""
    reader = state.reader(person)
    run = reader.run()
    if code := query.get("code", "").strip():
        return _searched(request, reader, run, person, words, code)
    tops = area_parts.uppermost(reader, run)
    if len(tops) == 1:
        level, place = tops[0]
        return see_other(address(level, place.place))
    parts = [
        part
        for level in dict.fromkeys(level for level, _ in tops)
        for part in area_parts.parts_of(
            reader, run, level, [place for of, place in tops if of == level]
        )
    ]
    return _page(request, person, words, run, None, parts, PartsAsked.of(query), [], [])


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
    """The page of an area. OutOfScope where there is none, or none that the scope holds whole; of a
    centre its children are told to who may see them, and that is written down first."""
    reader = state.reader(person)
    run = reader.run()
    asked, area = PartsAsked.of(query), area_of(reader, run, level, area_id)
    levels = levels_below(level)
    below = asked.parts if asked.parts in levels else next(iter(levels), "")
    children = _children(state, request, reader, run, person, area)
    parts = parts_below(reader, run, area, below)
    ahead = _ahead(state, area, run, words)
    own_parts = (
        parts if below == next(iter(levels), "") else parts_below(reader, run, area, levels[0])
    )
    supply = supply_shown.shown(reader, run, area, own_parts, person, words)
    return _page(
        request,
        person,
        words,
        run,
        area,
        parts,
        asked,
        levels,
        children,
        reader=reader,
        ahead=ahead,
        supply=supply,
    )


def _ahead(state: ServiceState, area: AreaShown, run: Run, words: Words) -> list[str]:
    """What the published forecast says of the area, in short: the months ahead, then its alerts;
    empty without one, and where all its months are past."""
    of = area_forecasts.standing(state.book_engine)
    if of is None:
        return []
    level, place = area.level, area.place
    known = area_forecasts.forecasts(state.book_engine, of, level, [place])
    own = known.get(place.place)
    if own is None:
        return []
    since = f"{run.as_of:%Y-%m}"
    months = months_told(of, own, words, since=since, many=AHEAD_MONTHS)
    if not months:
        return []
    alerts = area_forecasts.alerts(state.book_engine, of, level, [place])
    told = words.say("forecast", "ahead", months="; ".join(months))
    return [told, *(alert_told(alert, own, words) for alert in alerts)]


def area_of(reader: Reader, run: Run, level: str, area_id: str) -> AreaShown:
    """An area of the scope. OutOfScope where there is none."""
    if level not in UPWARDS:
        raise OutOfScope(NO_SUCH_AREA)
    if level == "centre":
        sector = area_parts.sector_of_centre(reader, run, area_id)
        if sector is None:
            raise OutOfScope(NO_SUCH_AREA)
        found = next(
            one for one in area_parts.centres_of(reader, run, sector) if one.place.place == area_id
        )
        records = area_parts.centre_records(reader, run, sector.place)[area_id]
        return AreaShown(level, found.place, sector, records, found.figures)
    places = reader.whole_places(run, level, named=area_id)
    if not places:
        raise OutOfScope(NO_SUCH_AREA)
    (own,) = area_parts.parts_of(reader, run, level, places[:1])
    records = area_parts.records_of(reader, run, level, area_id)
    before = area_parts.year_before(reader, run, level, area_id)
    spoiled = area_parts.spoiled_of(reader, run, level, area_id)
    return AreaShown(level, places[0], None, records, own.figures, before, spoiled)


def levels_below(level: str) -> list[str]:
    """The levels of which an area's parts may be, its own parts' first; centres under sectors
    alone."""
    at = DOWNWARDS.index(level)
    return [one for one in DOWNWARDS[at + 1 :] if one != "centre" or level == "sector"]


def usual_level(levels: Sequence[str]) -> str:
    """Sectors, where there are any below; else the only level there is."""
    return "sector" if "sector" in levels else next(iter(levels), "")


class AreaAsked(NamedTuple):
    """An area as a person asks for it: `levels` of which its parts may be, and the one `below` that
    was asked for."""

    reader: Reader
    run: Run
    area: AreaShown
    levels: Sequence[str]
    below: str


def area_asked(
    state: ServiceState,
    person: Person,
    level: str,
    area_id: str,
    query: Mapping[str, str],
    *,
    usual: Callable[[Sequence[str]], str] = usual_level,
) -> AreaAsked:
    """OutOfScope where the scope does not hold the area; `usual`: which parts, where no level that
    it has was asked for."""
    reader = state.reader(person)
    run = reader.run()
    area, levels = area_of(reader, run, level, area_id), levels_below(level)
    asked = query.get("parts", "")
    return AreaAsked(reader, run, area, levels, asked if asked in levels else usual(levels))


def parts_below(reader: Reader, run: Run, area: AreaShown, below: str) -> list[AreaPart]:
    """The parts of an area of one of `levels_below`, with their lines."""
    if not below:
        return []
    if below == "centre":
        return area_parts.centres_of(reader, run, area.place)
    return area_parts.parts_of(reader, run, below, places_below(reader, run, area, below))


def places_below(reader: Reader, run: Run, area: AreaShown, below: str) -> list[Place]:
    """The places of these parts."""
    if not below:
        return []
    if below == "centre":
        return [part.place for part in area_parts.centres_of(reader, run, area.place)]
    own = area.place.place
    return [
        place
        for place in reader.whole_places(run, below)
        if own
        == {"state": own, "district": place.district_id, "project": place.project_id}[area.level]
    ]


def _children(
    state: ServiceState, request: Request, reader: Reader, run: Run, person: Person, area: AreaShown
) -> list[Candidate]:
    """The children of a centre on the list's book, those in danger first, then the latest; none of
    other areas."""
    if area.sector is None or not person.may("see_children"):
        return []
    day = day_of_reading(run.as_of)
    own = [
        counted_to(row.candidate, day, as_of=run.as_of)
        for row in reader.rows(run, area.sector.place)
        if row.candidate.centre_id == area.place.place
    ]
    state.noted(request, person, "list", [child.child_id for child in own])
    return sorted(own, key=lambda one: (not one.danger, -(one.overdue_days or 0), one.child_id))


def _searched(
    request: Request, reader: Reader, run: Run, person: Person, words: Words, code: str
) -> Response:
    """The one that bears the code, or those that may be meant."""
    found = area_search.found(reader, run, code, children=person.may("see_children"))
    links = [link(level, area_id, words) for level, area_id in found]
    if len(links) == 1:
        return see_other(links[0].address)
    response = html(
        "area_search.html",
        request,
        words,
        title=words("areas", "search"),
        person=person,
        code=code,
        links=links,
        most=area_search.MOST_FOUND,
    )
    response.status_code = 200 if links else 404
    return response


def _page(
    request: Request,
    person: Person,
    words: Words,
    run: Run,
    area: AreaShown | None,
    parts: Sequence[AreaPart],
    asked: PartsAsked,
    levels: Sequence[str],
    children: Sequence[Candidate],
    *,
    reader: Reader | None = None,
    ahead: Sequence[str] = (),
    supply: SupplyShown | None = None,
) -> Response:
    shown = chosen(parts, asked)
    months = list(area.records[:-1]) if area else []
    before = area_figures.records_before(area.year_before) if area else []
    crumbs = crumbs_of(reader, run, area, words) if area and reader else []
    sector = area and (area.sector or (area.place if area.level == "sector" else None))
    return html(
        "area.html",
        request,
        words,
        title=link(area.level, area.place.place, words).name if area else words("areas", "yours"),
        person=person,
        scored_on=run.as_of,
        as_of=words.day(run.as_of),
        crumbs=crumbs,
        area=area,
        of_centre=_centre_named(area, children, words),
        month=area_figures.month_name(months[-1], words) if months else "",
        period=_period(months, words),
        now=area_figures.now(months[-1], words) if months else [],
        treatment=area_figures.treatment(area.records[-1], words) if months and area else [],
        charts=area_figures.charts(months, before, words),
        before=[_before_row(record, words) for record in before[::-1]],
        before_heads=[name_of(name, words) for name in area_figures.CHARTED],
        by_month=[_month_row(record, words) for record in months[::-1]],
        month_heads=[name_of(name, words) for name in area_figures.BY_MONTH],
        ahead=ahead,
        supply=supply,
        believed=area_figures.believed(area.figures, words) if area and area.figures else None,
        spoiled=area_figures.spoiled(area, parts, words) if area else [],
        lines=[part_line(rank, part, person, words) for rank, part in shown.parts],
        heads=[(name, name_of(name, words)) for name in COLUMNS],
        shown=shown,
        asked=asked,
        levels=levels,
        sorts=SORTS,
        filters=list(FILTERS),
        children=[child_line(child, words) for child in children],
        sector=sector.place if sector and person.may("see_children") else None,
        practice=practice_key(run.facts),
        levels_said=level_notes(run.facts, words),
    )


def crumbs_of(reader: Reader, run: Run, area: AreaShown, words: Words) -> list[Link]:
    """The way up from an area, as far as the scope reaches, and last the area itself."""
    held = area_parts.above(reader, run, area.level, area.place)
    if area.sector is not None:
        held.append(("sector", area.sector))
    several = len(area_parts.uppermost(reader, run)) > 1
    start = [Link(words("areas", "yours"), "/areas")] if several else []
    return [
        *start,
        *(link(level, place.place, words) for level, place in held),
        link(area.level, area.place.place, words),
    ]


def _centre_named(area: AreaShown | None, children: Sequence[Candidate], words: Words) -> str:
    """What a centre is called beside its code; "" where that is not known."""
    names = [child.centre_name for child in children if child.centre_name]
    named = bool(names) and area is not None and names[0] != area.place.place
    return name_in_words(names[0], words) if named else ""


def _period(months: Sequence[Mapping[str, Any]], words: Words) -> str:
    if not months:
        return ""
    first, last = (area_figures.month_name(months[at], words) for at in (0, -1))
    return words.say("areas", "period", first=first, last=last)


def _month_row(record: Mapping[str, Any], words: Words) -> tuple[str, list[str]]:
    return area_figures.month_name(record, words), [
        cell(record, name, words) for name in area_figures.BY_MONTH
    ]


def _before_row(record: Mapping[str, Any], words: Words) -> tuple[str, list[str]]:
    return area_figures.month_name(record, words), [
        cell(record, name, words) for name in area_figures.CHARTED
    ]


def part_line(rank: int, part: AreaPart, person: Person, words: Words) -> PartLine:
    """A part in words."""
    listed = part.level == "sector" and person.may("see_children")
    return PartLine(
        rank,
        link(part.level, part.place.place, words),
        words("areas", "and").join(reasons(part.figures, words)),
        [cell(part.figures, name, words) for name in COLUMNS],
        _records_of(part, words),
        f"/visits?sector={quote(part.place.place, safe='')}" if listed else "",
    )


def _records_of(part: AreaPart, words: Words) -> str:
    """How good a part's records are: of a centre its score, of others the share of poor centres."""
    if part.level == "centre":
        found = part.figures["quality"]
        if found is None:
            return words("ui", "quality_unknown")
        return quality_words(found, words)
    share = poor_records(part.figures)
    return (
        words("ui", "quality_unknown")
        if share is None
        else words.say("areas", "poor_of", share=f"{words.number(100 * share)}%")
    )


def child_line(child: Candidate, words: Words) -> ChildLine:
    """A child in words."""
    due = ""
    if child.by_when is not None:
        said = "due_since" if child.overdue_days else "by_when"
        due = words.say("ui", said, date=words.day(child.by_when, short=True))
    return ChildLine(
        child.child_id,
        whom(child, words),
        words("states", child.state),
        what_to_do(child, words),
        due,
        child.danger,
    )
