"""The session of a page: who reads it, in which language, and whether a form came from our own
pages (against cross-site request forgery)."""

from __future__ import annotations

import hashlib
import time
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from serving.access.permissions import COOKIE, Person, same_site
from serving.errors import UnknownToken
from serving.http.problems import HttpProblem
from serving.language.languages import LANGUAGES
from serving.language.words import Words, preferred, words
from serving.process.service_state import ServiceState

LANGUAGE_COOKIE = "sanket_language"
MARK_COOKIE = "sanket_mark"
YEAR_SECONDS = 366 * 86_400
SESSION_SECONDS = 31 * 86_400
LONGEST_FORM = 16_384
FORM_TYPE = "application/x-www-form-urlencoded"


async def reader_of_page(state: ServiceState, request: Request, act: str) -> Person:
    """The person behind the session's cookie, if their role allows the act. UnknownToken without a
    session, NotPermitted."""
    token = request.cookies.get(COOKIE)
    if not token:
        raise UnknownToken("nobody is signed in")
    return await state.person(request, act, token=token)


def spoken(request: Request) -> Words:
    """The words of the language that this person chose, else of the browser's wish."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    return words(
        chosen if chosen in LANGUAGES else preferred(request.headers.get("accept-language"))
    )


def from_our_pages(request: Request) -> None:
    """OtherSite where a form was sent from another site."""
    headers = request.headers
    same_site(
        host=headers.get("host", ""),
        origin=headers.get("origin"),
        fetch_site=headers.get("sec-fetch-site"),
    )


def see_other(address: str) -> RedirectResponse:
    """Go on there, by GET."""
    return RedirectResponse(address, status_code=303)


def own_path(address: str | None, *, otherwise: str = "/visits") -> str:
    """The path of an address if it is one of ours, so that no link of another can send people
    elsewhere."""
    parts = urlsplit(address or "")
    path = parts.path
    if not path.startswith("/") or path.startswith("//") or "\\" in path:
        return otherwise
    return f"{path}?{parts.query}" if parts.query else path


def keep_session(request: Request, response: Response, token: str, person: Person) -> None:
    """Keep the token in a cookie that no script can read, as long as it holds."""
    left = max(0, min(SESSION_SECONDS, int(person.expires - time.time())))
    by_tls = request.url.scheme == "https"
    response.set_cookie(COOKIE, token, max_age=left, httponly=True, samesite="lax", secure=by_tls)
    keep_mark(request, response, token, left)


def mark_of(token: str) -> str:
    """What tells one session from another, and nothing else: pages kept on a phone open only in
    their own."""
    return hashlib.sha256(b"session:" + token.encode()).hexdigest()[:16]


def keep_mark(request: Request, response: Response, token: str, seconds: int) -> None:
    """Keep the session's mark in a cookie that the pages' worker can read."""
    response.set_cookie(
        MARK_COOKIE,
        mark_of(token),
        max_age=seconds,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def end_session(response: Response, *, keep_waiting: bool = False) -> None:
    """Forget the token and what the browser kept of our pages; `keep_waiting`: but not findings
    never sent."""
    response.delete_cookie(COOKIE)
    response.delete_cookie(MARK_COOKIE)
    response.headers["Clear-Site-Data"] = '"cache"' if keep_waiting else '"cache", "storage"'


async def form_of(request: Request) -> dict[str, str]:
    """A form's fields. API005 where it is longer than any form of ours, API006 where it is of
    another kind."""
    kind = request.headers.get("content-type", FORM_TYPE).partition(";")[0].strip().lower()
    if kind != FORM_TYPE:
        raise HttpProblem("API006", f"Set Content-Type: {FORM_TYPE}.")
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_FORM:
            raise HttpProblem("API005", f"At most {LONGEST_FORM} bytes are read.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        said = "must be a form of at most 20 fields in UTF-8"
        raise HttpProblem("API002", errors=[{"field": "", "problem": said}]) from None
