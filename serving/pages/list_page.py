"""The list as a page: by section, then by centre, each child with its line why and a form for what was found."""

from __future__ import annotations

from itertools import groupby
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from models.candidate import Candidate
from models.ranking import VisitList, VisitRow
from serving.access import Person
from serving.desk import Desk
from serving.lists import visit_list
from serving.outcomes import BOUNDS
from serving.pages.templates import html
from serving.sheets import TICK_BOXES, Line, beyond_lines, beyond_note, centre_name, line_of, notes, stale_note
from serving.ticks import NEEDS_SOMEBODY
from serving.words import Words

SHOWN_DAYS = 31
"""Visits made in the last month stay in sight below the list."""


def listed(desk: Desk, request: Request, person: Person, *, sector_id: str | None, capacity: int) -> VisitList:
    """The list of a sector of the person's scope; who saw it is written down first."""
    reader = desk.reader(person)
    found = visit_list(reader, sector_id=sector_id or _first_sector(reader), capacity=capacity)
    desk.noted(request, person, "list", [row.candidate.child_id for row in found.rows])
    return found


def _first_sector(reader) -> str | None:
    """The first sector by id of a scope with several: an officer's page opens with one of them."""
    sectors = reader.sectors(reader.run())
    return sectors[0].sector_id if sectors else None


def show(
    desk: Desk, request: Request, person: Person, words: Words, *, sector_id: str | None, capacity: int
) -> Response:
    """The page."""
    found = listed(desk, request, person, sector_id=sector_id, capacity=capacity)
    reader = desk.reader(person)
    sectors = [sector.sector_id for sector in reader.sectors(reader.run())]
    beyond = beyond_note(found, words)
    said_above = (beyond, words("ui", "synthetic"), stale_note(found, words))
    return html(
        "list.html",
        request,
        words,
        title=words("ui", "visit_list"),
        person=person,
        listed=found,
        sections=by_section(found, words),
        sectors=sectors,
        scored_on=found.as_of,
        told=reader.told(reader.run(), found.sector_id, since=desk.today()),
        findings=TICK_BOXES,
        needs_somebody=sorted(NEEDS_SOMEBODY),
        weight_kg=BOUNDS["weight_kg"],
        today=desk.today().isoformat(),
        may_record=person.may("record_visits"),
        saved=next((said for said in ("saved", "kept") if said in request.query_params), None),
        synthetic=bool(found.facts.get("synthetic")),
        unverified=found.facts.get("protocol_version"),
        beyond=beyond,
        beyond_lines=beyond_lines(found, words),
        centre_of=lambda line: centre_name(line.row.candidate, words),
        notes=[note for note in notes(found, words) if note not in said_above],
        query=urlencode({"sector": found.sector_id, "capacity": capacity}),
        visited=_visited(reader, found),
    )


def by_section(found: VisitList, words: Words) -> list[tuple[str, list[tuple[str, list[Line]]]]]:
    """(section, [(centre, lines)]) in the order of the list."""

    def centre(row: VisitRow) -> str:
        return row.candidate.centre_id

    return [
        (section, [_lines(list(rows), words) for _, rows in groupby(group, key=centre)])
        for section, group in groupby(found.rows, key=lambda row: row.section)
    ]


def _lines(rows: list[VisitRow], words: Words) -> tuple[str, list[Line]]:
    return centre_name(rows[0].candidate, words), [line_of(row, words) for row in rows]


def _visited(reader, found: VisitList) -> list[Candidate]:
    """Children of the sector who were visited in the last month, the newest visit first."""
    children = reader.candidates(found.sector_id)
    lately = [
        child
        for child in children
        if child.last_visited_on and child.last_finding and (found.as_of - child.last_visited_on).days <= SHOWN_DAYS
    ]
    return sorted(lately, key=lambda child: (-child.last_visited_on.toordinal(), child.child_id))
