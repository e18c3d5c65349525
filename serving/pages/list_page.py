"""The list as a page: the first three, then all by centre, each child with its number, its line why
and a form for what was found; then what the ANM does at the centres.
"""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from models.visits.listed_child import Candidate
from models.visits.ranking import BY_SCORE, VisitList, VisitRow
from serving.access.permissions import Person
from serving.book.accepted import Quarantined, of_children, quarantined
from serving.book.reader import Reader
from serving.book.ticks import NEEDS_SOMEBODY
from serving.language.words import Words
from serving.pages.given_back_page import LARGEST_MB
from serving.pages.sheet_page import address_of
from serving.pages.templates import html
from serving.process.service_state import ServiceState
from serving.visits.lists import told_of, visit_list
from serving.visits.paper.formats import FORMATS
from serving.visits.sheet_lines import (
    TICK_BOXES,
    ListLine,
    beyond_lines,
    beyond_note,
    centre_name,
    line_of,
    notes,
    practice_key,
    sheets,
    stale_note,
)
from serving.visits.visit_outcomes import BOUNDS

FIRST = 3
"""So many of the most urgent stand above the centres: where to go today."""
SHOWN_DAYS = 31
"""Visits made in the last month stay in sight below the list."""


def listed(
    state: ServiceState, request: Request, person: Person, *, sector_id: str | None, capacity: int
) -> VisitList:
    """The list of a sector of the person's scope; who saw it is written down first."""
    found = _list_of(state.reader(person), sector_id, capacity)
    state.noted(request, person, "list", told_of(found))
    return found


def _list_of(reader: Reader, sector_id: str | None, capacity: int) -> VisitList:
    return visit_list(reader, sector_id=sector_id or _first_sector(reader), capacity=capacity)


def _first_sector(reader: Reader) -> str | None:
    """The first sector by id of a scope with several: an officer's page opens with one of them."""
    sectors = reader.sectors(reader.run())
    return sectors[0].sector_id if sectors else None


def show(
    state: ServiceState,
    request: Request,
    person: Person,
    words: Words,
    *,
    sector_id: str | None,
    capacity: int,
) -> Response:
    """The page; who saw which children, those visited and told of too, is written down first."""
    reader = state.reader(person)
    found = _list_of(reader, sector_id, capacity)
    children = reader.candidates(found.sector_id)
    visited, told = (
        _visited(children, found),
        reader.told(reader.run(), found.sector_id, since=state.today()),
    )
    refused = _quarantined(state, children)
    beside = ([child.child_id for child in part] for part in (visited, told, refused))
    state.noted(request, person, "list", told_of(found, *beside))
    sectors = [sector.sector_id for sector in reader.sectors(reader.run())]
    beyond = beyond_note(found, words)
    said_above = (
        beyond,
        words("ui", "synthetic"),
        words("ui", "exercise"),
        stale_note(found, words),
    )
    return html(
        "list.html",
        request,
        words,
        title=words("ui", "visit_list"),
        person=person,
        listed=found,
        first=[line_of(row, words) for row in found.rows[:FIRST]],
        centres=by_centre(found, words),
        by_score=BY_SCORE,
        watch=[sheet for sheet in sheets(found, words) if sheet.watch],
        for_the_anm=anm_lines(found, words),
        sectors=sectors,
        scored_on=found.as_of,
        told=told,
        refused=refused,
        findings=TICK_BOXES,
        needs_somebody=sorted(NEEDS_SOMEBODY),
        weight_kg=BOUNDS["weight_kg"],
        today=state.today().isoformat(),
        may_record=person.may("record_visits"),
        most_mb=LARGEST_MB,
        saved=next((said for said in ("saved", "kept") if said in request.query_params), None),
        practice=practice_key(found.facts),
        unverified=found.facts.get("protocol_version"),
        beyond=beyond,
        beyond_lines=beyond_lines(found, words),
        centre_of=lambda line: centre_name(line.row.candidate, words),
        notes=[note for note in notes(found, words) if note not in said_above],
        downloads=[one for one in FORMATS.values() if one.link],
        query=urlencode({"sector": found.sector_id, "capacity": capacity}),
        worker_sheets=_worker_sheets(children, found, words),
        visited=visited,
    )


def _worker_sheets(
    children: list[Candidate], found: VisitList, words: Words
) -> list[tuple[str, str]]:
    """(centre, address of its due list) of every centre of the sector with a child in the book, by
    name."""
    centres = {child.centre_id: child for child in children}
    asked = urlencode({"sector": found.sector_id})
    return sorted(
        (centre_name(child, words), f"{address_of(centre)}?{asked}")
        for centre, child in centres.items()
    )


def by_centre(found: VisitList, words: Words) -> list[tuple[str, list[ListLine]]]:
    """(centre, its lines by urgency) in the order of the route."""
    return [
        (centre_name(rows[0].candidate, words), [line_of(row, words) for row in rows])
        for _, rows in found.by_centre()
    ]


def anm_lines(found: VisitList, words: Words) -> dict[str, list[ListLine]]:
    """The ANM's work, each part numbered from 1: `danger`, and `overdue` for the others, due or
    late."""
    parts = {"danger": [child for child in found.anm if child.danger]}
    parts["overdue"] = [child for child in found.anm if not child.danger]
    return {
        name: [
            line_of(VisitRow(name, number, child), words)
            for number, child in enumerate(children, 1)
        ]
        for name, children in parts.items()
    }


def _quarantined(state: ServiceState, children: list[Candidate]) -> list[Quarantined]:
    """Findings of these children that were accepted and that the registry refused afterwards."""
    waiting = quarantined(state.engine) if state.engine else []
    return of_children(waiting, {child.child_id for child in children})


def _visited(children: list[Candidate], found: VisitList) -> list[Candidate]:
    """Children of the sector who were visited in the last month, the newest visit first."""
    lately = [
        (-day.toordinal(), child.child_id, child)
        for child in children
        if (day := child.last_visited_on)
        and child.last_finding
        and (found.as_of - day).days <= SHOWN_DAYS
    ]
    return [child for *_, child in sorted(lately, key=lambda visit: visit[:2])]
