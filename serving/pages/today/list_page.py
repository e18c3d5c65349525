"""A supervisor's today: how far the list has got, the first three, then all by the route or by
urgency, each child with its number, its line why and a form for what was found; then what the ANM
does at the centres.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from models.visits.list_progress import progress_of
from models.visits.listed_child import Candidate
from models.visits.ranking import BY_SCORE, VisitList, VisitRow
from serving.access.permissions import Person
from serving.book.accepted import Quarantined, of_children, quarantined
from serving.book.reader import Reader
from serving.book.scorebook import Run
from serving.book.ticks import NEEDS_SOMEBODY
from serving.language.home_told import home_told
from serving.language.words import Words
from serving.pages.given_back_page import LARGEST_MB
from serving.pages.sheet_page import address_of
from serving.pages.templates import html
from serving.pages.today.list_asked import BY_ROUTE, BY_URGENCY, ORDERS, ListAsked, days_of
from serving.process.service_state import ServiceState
from serving.visits.capacity import MOST_VISITS
from serving.visits.lists import list_among, the_sector, told_of
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
    ranked_lines,
    sheets,
    stale_note,
)
from serving.visits.visit_outcomes import BOUNDS

FIRST = 3
"""So many of the most urgent stand above the centres: where to go today."""
SHOWN_DAYS = 31
"""Visits made in the last month stay in sight below the list."""


def listed(state: ServiceState, request: Request, person: Person, asked: ListAsked) -> VisitList:
    """The list of a sector of the person's scope; who saw it is written down first."""
    reader = state.reader(person)
    run = reader.run()
    sector_id = sector_of(reader, run, asked)
    children = asked.of_centres(row.candidate for row in reader.rows(run, sector_id))
    found = list_among(children, run, sector_id, asked=asked.day_of(run), capacity=asked.capacity)
    state.noted(request, person, "list", told_of(found))
    return found


def sector_of(reader: Reader, run: Run, asked: ListAsked) -> str:
    """The sector asked for; else the first by id of the scope: an officer's page opens with one of
    them. OutOfScope where the scope does not hold it."""
    sectors = [] if asked.sector_id else reader.sectors(run)
    return the_sector(reader, run, asked.sector_id or (sectors[0].sector_id if sectors else None))


def show(
    state: ServiceState, request: Request, person: Person, words: Words, asked: ListAsked
) -> Response:
    """The page; who saw which children, those visited and told of too, is written down first."""
    reader = state.reader(person)
    run = reader.run()
    sector_id, day = sector_of(reader, run, asked), asked.day_of(run)
    before = [row.candidate for row in reader.rows(run, sector_id, ticked=False)]
    children = [row.candidate for row in reader.rows(run, sector_id)]
    whole = list_among(children, run, sector_id, asked=day, capacity=asked.capacity)
    here = asked.of_centres(children)
    found = list_among(here, run, sector_id, asked=day, capacity=asked.capacity)
    visited = _visited(children, found)
    told = reader.told(run, sector_id, since=state.today())
    refused = _quarantined(state, children)
    beside = ([child.child_id for child in part] for part in (visited, told, refused))
    state.noted(request, person, "list", told_of(found, *beside))
    first_day, last_day = days_of(run)
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
        asked=asked,
        day=day,
        first_day=first_day,
        last_day=last_day,
        most_visits=MOST_VISITS,
        orders=ORDERS,
        progress=progress_of(
            before, children, as_of=run.as_of, sector_id=sector_id, capacity=asked.capacity
        ),
        elsewhere=_in_danger(whole) - _in_danger(found),
        first=[line_of(row, words) for row in found.rows[:FIRST]],
        centres=by_centre(found, words) if asked.order == BY_ROUTE else [],
        by_urgency=ranked_lines(found, words) if asked.order == BY_URGENCY else [],
        by_score=BY_SCORE,
        watch=[sheet for sheet in sheets(found, words) if sheet.watch],
        for_the_anm=anm_lines(found, words),
        sectors=[sector.sector_id for sector in reader.sectors(run)],
        centre_names=centres_of(children, words),
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
        home_of=lambda child: " ".join(home_told(child, words)),
        centre_of=lambda line: centre_name(line.row.candidate, words),
        notes=[note for note in notes(found, words) if note not in said_above],
        downloads=[one for one in FORMATS.values() if one.link],
        query=asked.query(sector_id),
        all_centres=asked.query(sector_id, centre=()),
        worker_sheets=_worker_sheets(children, found, words),
        visited=visited,
    )


def _in_danger(found: VisitList) -> int:
    """How many children in danger a list names, in whatever part of it."""
    listed = sum(row.candidate.danger for row in found.rows)
    return listed + sum(child.danger for child in (*found.anm, *found.beyond))


def centres_of(children: Iterable[Candidate], words: Words) -> dict[str, str]:
    """The names of the centres of these children by id, sorted by name."""
    names = {child.centre_id: centre_name(child, words) for child in children}
    return dict(sorted(names.items(), key=lambda centre: (centre[1], centre[0])))


def _worker_sheets(
    children: list[Candidate], found: VisitList, words: Words
) -> list[tuple[str, str]]:
    """(centre, address of its due list) of every centre of the sector with a child in the book, by
    name."""
    asked = urlencode({"sector": found.sector_id})
    centres = centres_of(children, words)
    return [(name, f"{address_of(centre)}?{asked}") for centre, name in centres.items()]


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
