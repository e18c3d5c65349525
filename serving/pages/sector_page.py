"""The sector at a glance: its centres on a map and in a table, with caseload, danger, overdue
weighings, visits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from models.visits.caseload import caseload
from models.visits.listed_child import Candidate, counted_to
from models.visits.ranking import VisitList
from serving.access.permissions import Person
from serving.language.words import Words
from serving.pages.pictures import MapPlace, centre_map
from serving.pages.templates import html
from serving.pages.today import list_page
from serving.pages.today.list_asked import ListAsked
from serving.process.service_state import ServiceState
from serving.visits.quality_told import quality_words
from serving.visits.sheet_lines import centre_name, level_notes, practice_key

ON_WATCH = frozenset({"follow_up", "discharge_due", "sam_again", "back_from_nrc"})


@dataclass(frozen=True)
class CentreLine:
    """One centre's figures; `number` is its number on the map."""

    number: int
    name: str
    children: int
    in_treatment: int
    in_follow_up: int
    in_danger: int
    overdue: int
    listed: int
    quality: str
    latitude: float | None
    longitude: float | None


def show(
    state: ServiceState,
    request: Request,
    person: Person,
    words: Words,
    asked: ListAsked,
) -> Response:
    """The page."""
    found = list_page.listed(state, request, person, asked)
    reader = state.reader(person)
    run = reader.run()
    quality = reader.areas(run, "sector").get(found.sector_id, {}).get("quality", {})
    children = [
        counted_to(row.candidate, found.day or found.as_of, as_of=run.as_of)
        for row in reader.rows(run, found.sector_id)
    ]
    lines = centre_lines(children, found, quality, words)
    places = [
        MapPlace(
            line.number, line.name, line.latitude, line.longitude, line.children, line.in_danger
        )
        for line in lines
        if line.latitude is not None and line.longitude is not None
    ]
    return html(
        "sector.html",
        request,
        words,
        title=words("ui", "sector_at_a_glance"),
        person=person,
        scored_on=found.as_of,
        listed=found,
        lines=lines,
        map=centre_map(places, words),
        unplaced=len(lines) - len(places),
        totals=totals(lines),
        practice=practice_key(found.facts),
        levels=level_notes(found.facts, words),
    )


def centre_lines(
    children: Sequence[Candidate],
    found: VisitList,
    quality: Mapping[str, dict[str, Any]],
    words: Words,
) -> list[CentreLine]:
    """The centres by id, numbered; quality: by centre, the score of its records."""
    by_centre: dict[str, list[Candidate]] = {}
    for child in sorted(children, key=lambda child: child.centre_id):
        by_centre.setdefault(child.centre_id, []).append(child)
    listed = [row.candidate.centre_id for row in found.rows]
    return [
        _line(
            number,
            group,
            listed.count(centre_id),
            quality_words(quality.get(centre_id), words),
            words,
        )
        for number, (centre_id, group) in enumerate(by_centre.items(), 1)
    ]


def _line(
    number: int, children: list[Candidate], listed: int, quality: str, words: Words
) -> CentreLine:
    one, counts = children[0], caseload(children)
    latitude, longitude = (
        None if at is None or math.isnan(at) else at for at in (one.latitude, one.longitude)
    )
    return CentreLine(
        number,
        centre_name(one, words),
        counts.children,
        counts.in_treatment,
        sum(child.state in ON_WATCH for child in children),
        counts.in_danger,
        counts.overdue,
        listed,
        quality,
        latitude,
        longitude,
    )


def totals(lines: Sequence[CentreLine]) -> dict[str, int]:
    """The sector's own figures."""
    names = ("children", "in_treatment", "in_follow_up", "in_danger", "overdue", "listed")
    return {name: sum(getattr(line, name) for line in lines) for name in names}
