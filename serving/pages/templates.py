"""Pages from templates: every value is escaped, every page knows its language and its reader."""

from __future__ import annotations

import datetime as dt
import time
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from registry.machine.today import today
from serving.access.permissions import COOKIE, Person
from serving.language.arm import input_pattern
from serving.language.languages import LANGUAGES
from serving.language.words import Words
from serving.pages.session import MARK_COOKIE, keep_mark, mark_of
from serving.visits.sheet_lines import STALE_DAYS

SCRIPT_WORDS = (
    "kept_offline",
    "slow",
    "confirm_line",
    "waiting_title",
    "waiting_where",
    "waiting_count",
    "waiting_others",
    "refused_title",
    "send_others",
    "send_others_asks",
    "correct_again",
    "remove_kept",
    "remove_asks",
    "sign_out_asks",
    "signing_out_later",
    "stale_kept",
    "muac_written",
)
"""Words of the interface that the pages' script says: they lie on every page."""


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
    made.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    made.filters["begun"] = lambda text: (
        text[:1].upper() + text[1:]
    )  # Jinja's capitalize would write "Sam again"
    return made


def html(
    name: str,
    request: Request,
    spoken: Words,
    *,
    title: str,
    person: Person | None = None,
    scored_on: dt.date | None = None,
    **values: object,
) -> Response:
    """A page. Templates have `say(word, **facts)` for words of the interface and `w` for all
    others.

    scored_on: the day from whose records the page tells; from the third day after it the page says
    that it is old.
    """
    day, session = today(), request.cookies.get(COOKIE, "")
    mark = mark_of(session)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    text = (
        _environment()
        .get_template(name)
        .render(
            title=title,
            w=spoken,
            say=lambda word, **facts: spoken.say("ui", word, **facts),
            person=person,
            session=mark if person else "",
            until=int(person.expires) if person else 0,
            scored_on=scored_on,
            read_on=day,
            age_days=(day - scored_on).days if scored_on else 0,
            stale_days=STALE_DAYS,
            script_words={word: spoken("ui", word) for word in SCRIPT_WORDS},
            here=here,
            path=request.url.path,
            signed_in=COOKIE in request.cookies,
            languages=LANGUAGES.values(),
            **values,
        )
    )
    response = Response(text, media_type="text/html")
    if person and request.cookies.get(MARK_COOKIE) != mark:
        keep_mark(request, response, session, max(0, int(person.expires - time.time())))
    return response
