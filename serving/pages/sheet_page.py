"""A centre's due list as a page, with its paper and its message: what the supervisor hands to the
worker."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from models.visits.centre_due import CentreDue
from serving.access.permissions import Person
from serving.language.words import Words
from serving.pages.templates import html
from serving.process.service_state import ServiceState
from serving.visits.centre_sheet import (
    centre_sheet,
    sheet_count,
    sheet_file_name,
    sheet_parts,
    sheet_title,
    told_of_sheet,
)
from serving.visits.paper.centre_text import message
from serving.visits.paper.formats import SHEET_FORMATS, render_sheet
from serving.visits.quality_told import quality_told
from serving.visits.sheet_lines import practice_key


def show(
    state: ServiceState,
    request: Request,
    person: Person,
    words: Words,
    *,
    centre_id: str,
    sector_id: str | None,
) -> Response:
    """The page; who saw which children is written down first."""
    due = _sheet(state, request, person, centre_id, sector_id)
    reader = state.reader(person)
    of_sector = reader.areas(reader.run(), "sector").get(due.sector_id, {})
    return html(
        "centre_sheet.html",
        request,
        words,
        title=sheet_title(due, words),
        person=person,
        due=due,
        scored_on=due.as_of,
        practice=practice_key(due.facts),
        count=sheet_count(due, words),
        parts=sheet_parts(due, words),
        message=message(due, words),
        quality=quality_told(of_sector.get("quality", {}).get(due.centre_id), due, words),
        pdf=f"{address_of(due.centre_id)}.pdf?{urlencode({'sector': due.sector_id})}",
        back=f"/visits?{urlencode({'sector': due.sector_id})}",
    )


def paper(
    state: ServiceState,
    request: Request,
    person: Person,
    words: Words,
    *,
    centre_id: str,
    sector_id: str | None,
    form: str,
) -> Response:
    """The same to print or to send."""
    due = _sheet(state, request, person, centre_id, sector_id)
    content = render_sheet(due, words, form=form)
    download = {"Content-Disposition": f'attachment; filename="{sheet_file_name(due, form)}"'}
    return Response(content, media_type=SHEET_FORMATS[form].media_type, headers=download)


def address_of(centre_id: str) -> str:
    """The address of a centre's sheet."""
    return f"/visits/centres/{quote(centre_id, safe='')}/sheet"


def _sheet(
    state: ServiceState, request: Request, person: Person, centre_id: str, sector_id: str | None
) -> CentreDue:
    due = centre_sheet(state.reader(person), centre_id, sector_id=sector_id)
    state.noted(request, person, "list", told_of_sheet(due))
    return due
