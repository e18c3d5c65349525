"""Pages from templates: every value is escaped, every page knows its language and its reader."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from serving.access import COOKIE, Person
from serving.arm import input_pattern
from serving.words import LANGUAGES, Words, words


@cache
def _environment() -> Environment:
    folder = Path(__file__).with_name("templates")
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["arm_pattern"] = input_pattern()
    made.filters["begun"] = lambda text: text[:1].upper() + text[1:]  # Jinja's capitalize would write "Sam again"
    return made


def html(
    name: str, request: Request, spoken: Words, *, title: str, person: Person | None = None, **values: object
) -> HTMLResponse:
    """A page. Templates have `say(word, **facts)` for words of the interface and `w` for all others."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    text = (
        _environment()
        .get_template(name)
        .render(
            title=title,
            w=spoken,
            say=lambda word, **facts: spoken.say("ui", word, **facts),
            person=person,
            here=here,
            path=request.url.path,
            signed_in=COOKIE in request.cookies,
            languages=[(code, words(code)("name")) for code in LANGUAGES],
            **values,
        )
    )
    return _squeezed(request, text)


def _squeezed(request: Request, text: str) -> HTMLResponse:
    """The page, gzipped for a browser that takes it: a list of twenty in Marathi is 50 kB plain and 5 kB so."""
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return HTMLResponse(text, headers={"Vary": "Accept-Encoding"})
    squeezed = gzip.compress(text.encode(), 6)
    return HTMLResponse(squeezed, headers={"Vary": "Accept-Encoding", "Content-Encoding": "gzip"})
