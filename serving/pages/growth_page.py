"""A child's growth chart to print on A4, by code: WHO's curves with its readings, and every
measurement as a table."""

from __future__ import annotations

import datetime as dt
from urllib.parse import quote

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from serving.access.permissions import Person
from serving.book.scoring.child_asked import child_asked
from serving.language.words import Words, whom
from serving.pages.templates import html
from serving.process.service_state import ServiceState
from serving.visits.child.growth_told import GrowthSheet, growth_sheet
from serving.visits.sheet_lines import centre_name, practice_key
from serving.visits.standing_findings import known_of, records_of

COLUMNS = ("day", "age", "weight", "waz", "height", "haz", "whz", "arm", "notes")
"""Of the table, by their words."""


def address_of_chart(child_id: str) -> str:
    """The address of a child's chart."""
    return f"/children/{quote(child_id, safe='')}/growth"


def show(
    state: ServiceState, request: Request, person: Person, words: Words, *, child_id: str
) -> Response:
    """The page; who saw the child is written down first."""
    asked = child_asked(state.store_address, state.reader(person), child_id)
    run, row = asked.run, asked.row
    state.noted(request, person, "child", [child_id])
    child = row.candidate
    told = f"{child_id}, {whom(child, words)}"
    sheet = _sheet(state.store_address, child_id, run.as_of, words, title=told)
    return html(
        "growth.html",
        request,
        words,
        title=f"{words('ui', 'growth_chart')} {child_id}",
        person=person,
        told=told,
        centre=centre_name(child, words),
        as_of=words.day(run.as_of),
        scored_on=run.as_of,
        practice=practice_key(run.facts),
        sheet=sheet,
        # Markup: a drawing escapes its own texts, and every other part of it is ours.
        pictures=[Markup(figure.picture.svg()) for figure in sheet.figures] if sheet else [],
        columns=[words("growth", name) for name in COLUMNS],
        back=f"/children/{quote(child_id, safe='')}",
    )


def _sheet(
    store_address: str | None, child_id: str, as_of: dt.date, words: Words, *, title: str
) -> GrowthSheet | None:
    """What was known on the scoring day; None where the registry is not at hand."""
    registry = records_of(store_address, child_id)
    if registry is None:
        return None
    return growth_sheet(known_of(registry, child_id, as_of), words, title=title)
