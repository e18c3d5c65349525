"""The pages' addresses: sign-in, the list and its paper, a child, the sector, the areas."""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from serving.access.permissions import Person
from serving.access.tokens import exchange
from serving.errors import AccessError, NotKept, ServingError
from serving.http.problems import HttpProblem, http_problem
from serving.language.languages import LANGUAGES
from serving.language.words import words as words_of
from serving.pages import (
    child_page,
    given_back_page,
    growth_page,
    outcome_page,
    sector_page,
    sheet_page,
)
from serving.pages.officer_routes import OFFICERS_PAGES, Endpoint
from serving.pages.session import (
    LANGUAGE_COOKIE,
    YEAR_SECONDS,
    end_session,
    form_of,
    from_our_pages,
    keep_session,
    own_path,
    reader_of_page,
    see_other,
    spoken,
)
from serving.pages.templates import html
from serving.pages.today import find_page, list_page, plan_page
from serving.pages.today.list_asked import ListAsked
from serving.process.service_state import ServiceState
from serving.visits.paper.formats import FORMATS, SHEET_FORMATS, render
from serving.visits.sheet_lines import file_name

STATIC, FONTS = Path(__file__).with_name("static"), Path(__file__).parents[1] / "language" / "fonts"
STATIC_TYPES = {".css": "text/css", ".js": "text/javascript", ".woff2": "font/woff2"}
OPEN_FILES = (
    STATIC / "sanket.css",
    STATIC / "sanket.js",
    *FONTS.glob("*.css"),
    *FONTS.glob("*.woff2"),
)
"""What anybody may read, under `/static/` and its own name."""


def routes(state: ServiceState) -> list[Route]:
    """Every page over this state, each answering its own refusals as a page."""
    pages: list[tuple[str, Endpoint, list[str]]] = [
        ("/", _home, ["GET"]),
        ("/sign-in", _sign_in, ["GET", "POST"]),
        ("/sign-out", _sign_out, ["POST"]),
        ("/language/{code}", _language, ["GET"]),
        ("/visits", _visits, ["GET"]),
        ("/visits.{form}", _paper, ["GET"]),
        ("/visits/plan", _plan, ["GET"]),
        ("/visits/find", _find, ["POST"]),
        ("/visits/given-back", given_back_page.answer, ["GET", "POST"]),
        ("/visits/centres/{centre_id:path}/sheet", _sheet, ["GET"]),
        ("/visits/centres/{centre_id:path}/sheet.{form}", _sheet, ["GET"]),
        ("/visits/{child_id:path}/outcome", _outcome, ["POST"]),
        ("/children/{child_id:path}/slip.pdf", _slip, ["GET"]),
        ("/children/{child_id:path}/growth", _growth, ["GET"]),
        ("/children/{child_id:path}", _child, ["GET"]),
        ("/sector", _sector, ["GET"]),
        *OFFICERS_PAGES,
        ("/offline/{code}", _offline, ["GET"]),
    ]
    fixed = [Route("/sw.js", _worker), Route("/static/{name}", _static)]
    return [
        *fixed,
        *(
            Route(path, _page(state, endpoint), methods=methods)
            for path, endpoint, methods in pages
        ),
    ]


def _page(state: ServiceState, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    @functools.wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(state, request)
        except HttpProblem as problem:
            return _refusal(request, problem)
        except ServingError as error:
            return _refusal(request, http_problem(error))

    return answer


def _refusal(request: Request, problem: HttpProblem) -> Response:
    """A refusal as a page; without a session, the way to sign in."""
    if problem.code == "API010":
        return see_other("/sign-in")
    words = spoken(request)
    said = {"API032": "no_scores_yet", "API003": "not_found", "API011": "not_found"}.get(
        problem.code, "not_understood" if problem.status in (400, 422) else "page_failed"
    )
    response = html(
        "message.html",
        request,
        words,
        title=words("ui", "visit_list" if said == "no_scores_yet" else "product"),
        message=words("ui", said),
        code=problem.code,
    )
    response.status_code = problem.status
    response.headers.update(problem.headers)
    return response


async def _home(state: ServiceState, request: Request) -> Response:
    """Where a person's work begins: with the list, or without the right to see children with the
    areas."""
    person = await reader_of_page(state, request, "see_areas")
    return see_other(_first_page(person))


def _first_page(person: Person) -> str:
    return "/visits" if person.may("see_children") else "/areas"


async def _sign_in(state: ServiceState, request: Request) -> Response:
    """By a link with a code that is good once, by pasting a token, or, without a proxy, by a link
    with it."""
    if request.method == "POST":
        from_our_pages(request)
    given = await form_of(request) if request.method == "POST" else dict(request.query_params)
    code, token = given.get("code"), given.get("token")
    if request.method == "GET" and (code is not None or token is None):
        # A code is used by the button alone: programs that look at a link before it is opened must
        # not use it up.
        return _sign_in_page(request, code=code)
    if request.method == "GET" and state.proxies.networks:
        return _sign_in_page(request, wrong=True)
    if code is not None:
        token = await run_in_threadpool(_exchanged, state, code)
    token = (token or "").strip()
    try:
        person = await state.person(request, "score", token=token)
    except AccessError:
        return _sign_in_page(request, wrong=True)
    response = see_other(_first_page(person))
    keep_session(request, response, token, person)
    return response


def _sign_in_page(request: Request, *, code: str | None = None, wrong: bool = False) -> Response:
    words = spoken(request)
    response = html(
        "sign_in.html", request, words, title=words("ui", "sign_in"), wrong=wrong, code=code
    )
    response.status_code = 401 if wrong else 200
    return response


def _exchanged(state: ServiceState, code: str) -> str:
    """The token that a code stands for; nothing where it is good no more."""
    if state.engine is None or state.token_reader.key is None:
        return ""
    try:
        made = exchange(state.engine, state.token_reader.key, code)
    except SQLAlchemyError:
        raise NotKept("the sign-in code cannot be read: try again later") from None
    return made.token if made else ""


async def _sign_out(state: ServiceState, request: Request) -> Response:
    """Findings that wait on a phone stay there where its script asks for it, having told the
    person."""
    from_our_pages(request)
    response = see_other("/sign-in")
    end_session(response, keep_waiting="keep" in await form_of(request))
    return response


async def _language(state: ServiceState, request: Request) -> Response:
    code = request.path_params["code"]
    if code not in LANGUAGES:
        raise HttpProblem("API003")
    response = see_other(own_path(request.query_params.get("to") or request.headers.get("referer")))
    response.set_cookie(LANGUAGE_COOKIE, code, max_age=YEAR_SECONDS, samesite="lax", httponly=True)
    return response


async def _visits(state: ServiceState, request: Request) -> Response:
    person = await reader_of_page(state, request, "see_children")
    return await run_in_threadpool(
        list_page.show, state, request, person, spoken(request), ListAsked.of(request.query_params)
    )


async def _plan(state: ServiceState, request: Request) -> Response:
    """The month's visits, day by day."""
    person = await reader_of_page(state, request, "see_children")
    return await run_in_threadpool(
        plan_page.show, state, request, person, spoken(request), ListAsked.of(request.query_params)
    )


async def _find(state: ServiceState, request: Request) -> Response:
    """A child by its code. The code comes in a form: an address would be kept by whatever the
    request passes through."""
    from_our_pages(request)
    person = await reader_of_page(state, request, "see_children")
    form = await form_of(request)
    return await run_in_threadpool(find_page.show, state, request, person, spoken(request), form)


async def _paper(state: ServiceState, request: Request) -> Response:
    """The same list to print or to fill in."""
    form = request.path_params["form"]
    if form not in FORMATS:
        raise HttpProblem("API003")
    person = await reader_of_page(state, request, "see_children")
    asked = ListAsked.of(request.query_params)
    listed = await run_in_threadpool(list_page.listed, state, request, person, asked)
    content = await run_in_threadpool(render, listed, spoken(request), form=form)
    download = {"Content-Disposition": f'attachment; filename="{file_name(listed, form)}"'}
    return Response(content, media_type=FORMATS[form].media_type, headers=download)


async def _sheet(state: ServiceState, request: Request) -> Response:
    """A centre's due list for its worker, as a page or in a format."""
    form = request.path_params.get("form")
    if form not in {None, *SHEET_FORMATS}:
        raise HttpProblem("API003")
    person = await reader_of_page(state, request, "see_children")
    show = functools.partial(sheet_page.paper, form=form) if form else sheet_page.show
    return await run_in_threadpool(
        show,
        state,
        request,
        person,
        spoken(request),
        centre_id=request.path_params["centre_id"],
        sector_id=request.query_params.get("sector") or None,
    )


async def _outcome(state: ServiceState, request: Request) -> Response:
    """What a visit found, ticked on the page."""
    from_our_pages(request)
    person = await reader_of_page(state, request, "record_visits")
    form, child_id = await form_of(request), request.path_params["child_id"]
    return await outcome_page.take(state, request, person, spoken(request), form, child_id=child_id)


async def _child(state: ServiceState, request: Request) -> Response:
    person = await reader_of_page(state, request, "see_children")
    child_id = request.path_params["child_id"]
    return await run_in_threadpool(
        child_page.show, state, request, person, spoken(request), child_id=child_id
    )


async def _slip(state: ServiceState, request: Request) -> Response:
    """The child's referral slip, to print."""
    person = await reader_of_page(state, request, "see_children")
    child_id = request.path_params["child_id"]
    return await run_in_threadpool(
        child_page.slip, state, request, person, spoken(request), child_id=child_id
    )


async def _growth(state: ServiceState, request: Request) -> Response:
    """The child's growth chart, to print."""
    person = await reader_of_page(state, request, "see_children")
    child_id = request.path_params["child_id"]
    return await run_in_threadpool(
        growth_page.show, state, request, person, spoken(request), child_id=child_id
    )


async def _sector(state: ServiceState, request: Request) -> Response:
    person = await reader_of_page(state, request, "see_children")
    return await run_in_threadpool(
        sector_page.show,
        state,
        request,
        person,
        spoken(request),
        ListAsked.of(request.query_params),
    )


async def _offline(state: ServiceState, request: Request) -> Response:
    """What a browser keeps to show without a network instead of a page that it does not have; one
    in each language."""
    code = request.path_params["code"]
    if code not in LANGUAGES:
        raise HttpProblem("API003")
    return html(
        "offline.html", request, words_of(code), title=words_of(code)("ui", "offline_title")
    )


async def _worker(request: Request) -> Response:
    """The service worker, which keeps a page without a network in each language."""
    languages = f"const LANGUAGES = {json.dumps(list(LANGUAGES))};"
    script = (STATIC / "sw.js").read_text(encoding="utf-8")
    script = script.replace("const LANGUAGES = [];", languages, 1)
    return Response(script, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


async def _static(request: Request) -> Response:
    path = next((path for path in OPEN_FILES if path.name == request.path_params["name"]), None)
    if not path:
        raise HttpProblem("API003")
    # A font's name carries its content's hash: what has this name never changes. It is packed
    # already.
    if path.suffix == ".woff2":
        kept = f"max-age={YEAR_SECONDS}, immutable"
        return FileResponse(
            path, media_type=STATIC_TYPES[path.suffix], headers={"Cache-Control": kept}
        )
    return Response(
        path.read_bytes(),
        media_type=STATIC_TYPES[path.suffix],
        headers={"Cache-Control": "max-age=3600"},
    )
