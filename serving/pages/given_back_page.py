"""The page at which a filled-in list is given back: the form, and what became of each row."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from registry.contract.errors import BadInput
from registry.machine.today import today
from serving.access.permissions import Person
from serving.book.ticks import NEEDS_SOMEBODY
from serving.http.problems import HttpProblem
from serving.language.arm import arm_cm
from serving.language.words import Words
from serving.pages.session import from_our_pages, reader_of_page, spoken
from serving.pages.templates import html
from serving.process.service_state import ServiceState
from serving.visits.filled_lists import (
    LARGEST_UNPACKED,
    FileFault,
    NotAVisitList,
    written_day,
)
from serving.visits.given_back import MOST_ROWS, Became, GivenBack, RowAnswer, give_back

LARGEST_MB = 1
"""An empty workbook of 500 children has some 60 kB."""
FORM_KIND = "multipart/form-data"
OTHER_REGISTRY, WRONG_DAY = "other_registry", "wrong_day"
BOUNDS = {"mb": LARGEST_MB, "unpacked_mb": LARGEST_UNPACKED // 1_000_000, "rows": MOST_ROWS}
"""What the sentences on refused files may name."""
SAID_AS = {
    "arm": ("ui", "fault_muac_mm"),
    "muac_mm": ("ui", "fault_muac_mm"),
    "weight_kg": ("ui", "fault_weight_kg"),
    "future": ("ui", "fault_visited_on"),
    "before_birth": ("ui", "fault_before_birth"),
}
"""Why a row is refused, where the form of one visit has the words for it."""


async def answer(state: ServiceState, request: Request) -> Response:
    """The form; what became of a file that it sends."""
    if request.method != "POST":
        person = await reader_of_page(state, request, "record_visits")
        return _page(request, person, spoken(request))
    from_our_pages(request)
    person = await reader_of_page(state, request, "record_visits")
    words = spoken(request)
    try:
        name, content, day = await _sent(request)
        visited_on = written_day(day)
        if day and (visited_on is None or visited_on > state.today()):
            return _page(request, person, words, fault=WRONG_DAY)
        given = await run_in_threadpool(_taken, state, request, person, name, content, visited_on)
    except NotAVisitList as why:
        return _page(request, person, words, fault=why.fault, code=why.code)
    except BadInput as why:
        return _page(request, person, words, fault=OTHER_REGISTRY, code=why.code)
    return _page(request, person, words, given=given)


async def _sent(request: Request) -> tuple[str, bytes, str]:
    """The name and the content of the form's file, and its day. API006 for another kind of
    form, API002 where it cannot be read, NotAVisitList where there is no file or it is too large.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM_KIND:
        raise HttpProblem("API006", f"Set Content-Type: {FORM_KIND}.")
    body = await _body(request)

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await MultiPartParser(request.headers, pieces(), max_files=1, max_fields=4).parse()
    except (MultiPartException, UnicodeError, ValueError):
        said = "must be a form of one file and at most 4 fields"
        raise HttpProblem("API002", errors=[{"field": "", "problem": said}]) from None
    try:
        file, day = form.get("list"), form.get("visited_on")
        if not isinstance(file, UploadFile) or not file.filename:
            raise NotAVisitList(FileFault.NO_FILE, "no file was chosen")
        return file.filename, await file.read(), day.strip() if isinstance(day, str) else ""
    finally:
        await form.close()


async def _body(request: Request) -> bytes:
    """The whole body. NotAVisitList for one above the bound, once the rest has been thrown away, so
    that the sender reads the answer."""
    most, body, read = LARGEST_MB * 1_000_000, bytearray(), 0
    try:
        async for piece in request.stream():
            read += len(piece)
            if read <= most:
                body += piece
    except HttpProblem as problem:
        if problem.code != "API005":
            raise
        read = most + 1
    if read > most:
        raise NotAVisitList(FileFault.TOO_LARGE, f"at most {LARGEST_MB} MB are read")
    return bytes(body)


def _taken(
    state: ServiceState,
    request: Request,
    person: Person,
    name: str,
    content: bytes,
    visited_on: dt.date | None,
) -> GivenBack:
    """What became of the file, which lies on the disk only meanwhile, under a name of ours."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"list{_ending(name)}")
        path.write_bytes(content)
        return give_back(state, request, person, path, visited_on=visited_on)


def _ending(name: str) -> str:
    """The ending of a file's name where it is a plain one; other names are refused as no list."""
    ending = Path(name.replace("\\", "/")).suffix.lower()
    return ending if ending.isascii() and ending[1:].isalnum() else ""


def _page(
    request: Request,
    person: Person,
    words: Words,
    *,
    given: GivenBack | None = None,
    fault: str | None = None,
    code: str = "",
) -> Response:
    """The page. fault: why the file as a whole was not used (words of `[given_back]`)."""
    response = html(
        "given_back.html",
        request,
        words,
        title=words("given_back", "became" if given or fault else "title"),
        person=person,
        given=given,
        parts=_parts(given, words) if given else [],
        fault=words.say("given_back", f"file_{fault}", **BOUNDS) if fault else "",
        code=code,
        most_mb=LARGEST_MB,
        today=today().isoformat(),
        needs_somebody=NEEDS_SOMEBODY,
    )
    if fault:
        response.status_code = 413 if fault == FileFault.TOO_LARGE else 422
    return response


def _parts(given: GivenBack, words: Words) -> list[tuple[Became, list[tuple[RowAnswer, str]]]]:
    """(what became, its rows each with its sentence) of each kind that there is, the refused
    first."""
    return [
        (became, [(row, _told(row, words)) for row in given.of(became)])
        for became in Became
        if given.of(became)
    ]


def _told(row: RowAnswer, words: Words) -> str:
    """What became of a row, in words: what was kept, and why what was not."""
    why = " ".join(_why(name, words) for name in row.why)
    if row.outcome is None:
        return why
    outcome = row.outcome
    said = [words.day(outcome.visited_on)]
    if outcome.finding:
        said.append(words("findings", outcome.finding))
    if outcome.weight_kg is not None:
        said.append(f"{words('ui', 'weight_found')} {words.kilograms(outcome.weight_kg)}")
    if outcome.muac_mm is not None:
        said.append(words.say("ui", "muac_line", cm=arm_cm(outcome.muac_mm)))
    kept = words.sentence(", ".join(said))
    return f"{kept} {words('given_back', 'left_out')} {why}" if why else kept


def _why(name: str, words: Words) -> str:
    """Why a row, or a part of it, was not kept, and what to do."""
    if name in SAID_AS:
        return words(*SAID_AS[name])
    known = f"row_{name}" in words.tree["given_back"]
    return words.say(
        "given_back",
        f"row_{name}" if known else "row_other",
        findings=", ".join(words.tree["findings"].values()),
    )
