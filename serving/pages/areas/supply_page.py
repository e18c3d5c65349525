"""Food and money of an area as a page: all that must be sent to its parts, and the Resolution's
table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from serving.access.permissions import Person
from serving.language.words import Words
from serving.pages.areas import area_page, area_shown
from serving.pages.areas.attention import AT_ONCE, page_asked
from serving.pages.areas.supplies import supply_told
from serving.pages.areas.supplies.supply_shown import address_of, projects_of, shown
from serving.pages.templates import html
from serving.process.service_state import ServiceState
from serving.visits.sheet_lines import level_notes, practice_key


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
    reader, run, area, levels, below = area_page.area_asked(
        state, person, level, area_id, query, usual=lambda levels: next(iter(levels), "")
    )
    parts = area_page.parts_below(reader, run, area, below)
    found = shown(reader, run, area, parts, person, words)
    orders = list(found.orders) if found else []
    pages = max(1, -(-len(orders) // AT_ONCE))
    page = min(page_asked(query), pages)
    month: Mapping[str, Any] = area.records[-2] if len(area.records) > 1 else {}
    projects = projects_of(reader, run, area)

    def address(**changes: object) -> str:
        told = {"parts": below, "page": page} | changes
        return "?" + urlencode({name: value for name, value in told.items() if value})

    return html(
        "supply.html",
        request,
        words,
        title=words.say("supply", "title_of", area=area_shown.link(level, area_id, words).name),
        person=person,
        scored_on=run.as_of,
        crumbs=area_page.crumbs_of(reader, run, area, words),
        own_address=address_of(level, area_id),
        supply=found,
        orders=orders[(page - 1) * AT_ONCE : page * AT_ONCE],
        levels=levels,
        below=below,
        page=page,
        pages=pages,
        address=address,
        known=supply_told.known_sam(month) if found else None,
        projects=projects,
        planned=supply_told.share_of_plan(projects).children,
        lines=supply_told.money_lines(month, projects, words) if found else [],
        practice=practice_key(run.facts),
        levels_said=level_notes(run.facts, words),
    )
