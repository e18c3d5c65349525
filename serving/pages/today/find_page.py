"""Finding a child by its code, or by a part of it as people read it from a register."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from models.visits.listed_child import Candidate
from serving.access.permissions import Person
from serving.book.reader import Reader
from serving.book.scorebook import Run
from serving.book.scoring.child_asked import child_asked
from serving.errors import OutOfScope
from serving.language.languages import DEVANAGARI_DIGITS
from serving.language.words import Words, whom
from serving.pages.areas.area_search import LONGEST_CODE, MOST_FOUND
from serving.pages.session import see_other
from serving.pages.templates import html
from serving.process.service_state import ServiceState
from serving.visits.lists import the_sector
from serving.visits.sheet_lines import centre_name

LATIN_DIGITS = str.maketrans(DEVANAGARI_DIGITS, "0123456789")
"""A code is looked for as it was written, then with its Devanagari digits in Latin ones."""


def show(
    state: ServiceState, request: Request, person: Person, words: Words, form: Mapping[str, str]
) -> Response:
    """The child's page, where one child bears the code; else those of the sector whose code holds
    it, who saw them written down first; 404 where there is none."""
    reader = state.reader(person)
    run = reader.run()
    code = form.get("code", "").strip()[:LONGEST_CODE]
    sector_id = the_sector(reader, run, form.get("sector") or None)
    written = tuple(dict.fromkeys((code, code.translate(LATIN_DIGITS))))
    address = state.store_address
    found = next((some for one in written if (some := _exactly(address, reader, run, one))), [])
    if len(found) == 1:
        return see_other(f"/children/{quote(found[0], safe='')}")
    among = [row.candidate for row in reader.rows(run, sector_id)]
    held = next((those for one in written if (those := _holding(one, among))), [])
    children = held[: MOST_FOUND + 1]
    shown = children[:MOST_FOUND]
    state.noted(request, person, "list", [child.child_id for child in shown])
    response = html(
        "find.html",
        request,
        words,
        title=words("today", "found_title"),
        person=person,
        sector_id=sector_id,
        children=[(one.child_id, whom(one, words), centre_name(one, words)) for one in shown],
        more=len(children) > MOST_FOUND,
        most=MOST_FOUND,
    )
    response.status_code = 200 if shown else 404
    return response


def _exactly(address: str | None, reader: Reader, run: Run, code: str) -> list[str]:
    """The children of the scope who bear this very code, as their own (in the score book or not) or
    a linked record's."""
    if not code:
        return []
    try:
        return [child_asked(address, reader, code).row.candidate.child_id]
    except OutOfScope:
        return reader.children_of_code(run, code)


def _holding(code: str, children: list[Candidate]) -> list[Candidate]:
    """Those whose code holds the signs given, whatever the capitals; the nearest to its end first,
    since people read out the last digits."""
    part = code.casefold()
    found = [child for child in children if part and part in child.child_id.casefold()]
    return sorted(found, key=lambda one: (not one.child_id.casefold().endswith(part), one.child_id))
