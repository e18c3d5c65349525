"""The parts of an area as a map: coloured by a chosen figure, a click leads down. The same figures
stand in the table below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from care.programme.published_forecast import Publication
from features.charts.area_map import MapFigures, area_map, breaks_of, grey_of
from serving.access.permissions import Person
from serving.book.areas import area_forecasts
from serving.book.areas.area_outlines import outlines
from serving.language.words import Words
from serving.pages.areas import area_page, area_shown
from serving.pages.areas.area_figures import cell, value_of
from serving.pages.areas.area_parts import AreaPart
from serving.pages.areas.area_shown import Link
from serving.pages.areas.forecast_told import expected_told
from serving.pages.templates import html
from serving.process.service_state import ServiceState
from serving.visits.sheet_lines import level_notes, practice_key

EXPECTED, EXPECTED_PER_1000 = "expected", "expected_per_1000"
SHARES = ("coverage", "sam_share", "mam_share")
FIGURES = (
    EXPECTED,
    EXPECTED_PER_1000,
    "sam_share",
    "mam_share",
    "coverage",
    "sam_untreated",
    "danger",
    "overdue",
    "in_treatment",
)


@dataclass(frozen=True)
class MappedPart:
    """A part's figure: as it is written, and as a number (None: not told)."""

    link: Link
    area: str
    told: str
    value: float | None


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
    """The page. OutOfScope where the scope does not hold the area."""
    reader, run, area, levels, below = area_page.area_asked(state, person, level, area_id, query)
    parts = area_page.parts_below(reader, run, area, below)
    of = area_forecasts.standing(state.book_engine)
    figures = [one for one in FIGURES if of or one not in (EXPECTED, EXPECTED_PER_1000)]
    figure = query.get("figure", "")
    figure = figure if figure in figures else figures[0]
    mapped = _mapped(state, of, figure, below, parts, words)
    drawn = outlines(state.book_engine, run.run, below, [one.area for one in mapped])
    said = name_of(figure, of, words)
    return html(
        "map.html",
        request,
        words,
        title=words.say("map", "title", area=area_shown.link(level, area_id, words).name),
        person=person,
        scored_on=run.as_of,
        as_of=words.day(run.as_of),
        crumbs=area_page.crumbs_of(reader, run, area, words),
        own_address=f"/map/{level}/{quote(area_id, safe='')}",
        figures=[(one, name_of(one, of, words)) for one in figures],
        figure=figure,
        said=said,
        levels=levels,
        below=below,
        picture=_picture(said, figure, mapped, drawn.shapes, words) if drawn.shapes else None,
        around=len(drawn.around),
        left_out=len(mapped) - len(drawn.shapes),
        mapped=sorted(mapped, key=lambda one: (-(one.value or 0.0), one.area)),
        practice=practice_key(run.facts),
        levels_said=level_notes(run.facts, words),
    )


def name_of(figure: str, of: Publication | None, words: Words) -> str:
    """What a figure is called."""
    if figure in (EXPECTED, EXPECTED_PER_1000):
        return words.say("map", figure, n=of.horizon if of else 0)
    return words("areas", f"figure_{figure}")


def _mapped(
    state: ServiceState,
    of: Publication | None,
    figure: str,
    below: str,
    parts: Sequence[AreaPart],
    words: Words,
) -> list[MappedPart]:
    found: dict[str, float] = {}
    if of and figure in (EXPECTED, EXPECTED_PER_1000):
        places = [part.place for part in parts]
        found = area_forecasts.totals(state.book_engine, of, below, places)
    return [_part(part, figure, found, words) for part in parts]


def _part(part: AreaPart, figure: str, found: Mapping[str, float], words: Words) -> MappedPart:
    area, link = part.place.place, area_shown.link(part.level, part.place.place, words)
    if figure in (EXPECTED, EXPECTED_PER_1000):
        value = _expected(part, figure, found.get(area))
        told = words("areas", "withheld") if value is None else expected_told(value, words)
        return MappedPart(link, area, told, value)
    value = value_of(part.figures, figure)
    if value is not None:
        value = 100 * float(value) if figure in SHARES else float(value)
    return MappedPart(link, area, cell(part.figures, figure, words), value)


def _expected(part: AreaPart, figure: str, total: float | None) -> float | None:
    if total is None or figure == EXPECTED:
        return total
    children = part.figures.get("children")
    return 1000 * total / children if children else None


def _picture(
    said: str,
    figure: str,
    mapped: Sequence[MappedPart],
    shapes: Mapping[str, object],
    words: Words,
) -> Markup:
    known = [one for one in mapped if one.area in shapes]
    values = np.array([np.nan if one.value is None else one.value for one in known])
    breaks = breaks_of(values, 1)
    figures = MapFigures(
        {one.area: None if one.value is None else grey_of(one.value, breaks) for one in known},
        {one.area: "–" if one.value is None else one.told for one in known},
        _legend(breaks, words, "%" if figure in SHARES else ""),
        {one.area: one.link.name for one in known},
        {one.area: one.link.address for one in known},
    )
    return Markup(area_map(said, shapes, figures).svg())  # type: ignore[arg-type]


def _legend(breaks: Sequence[int], words: Words, unit: str) -> list[str]:
    """`0 to 7`, `8`, `9 or more`."""
    found = []
    for low, following in zip([0, *breaks], [*breaks, None], strict=True):
        least = f"{words.number(low)}{unit}"
        if following is None:
            found.append(words.say("map", "or_more", low=least))
        elif following - 1 > low:
            high = f"{words.number(following - 1)}{unit}"
            found.append(words.say("funnel", "between", low=least, high=high))
        else:
            found.append(least)
    return found
