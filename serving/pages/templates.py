"""Pages from templates: every value is escaped, every page knows its language and its reader."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from serving.access import COOKIE, Person
from serving.words import LANGUAGES, Words, words


@cache
def _environment() -> Environment:
    folder = Path(__file__).with_name("templates")
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


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
    return HTMLResponse(text)
