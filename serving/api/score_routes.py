"""`POST /score` and `POST /classify`: children come with their records, nothing is stored."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, Protocol

import orjson
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from registry.contract.registry import day_number
from registry.contract.tables import EARLIEST
from serving.answering.answers import AnswerRequest, chosen_language
from serving.answering.schemas import EXAMPLE
from serving.http.problems import HttpProblem, documented
from serving.process.service_state import ServiceState

INLINE_CHILDREN = 8
"""Up to so many children are answered in the event loop: about 10 ms, less than a thread's detour
costs others."""
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
BODY_REFUSALS = ("API001", "API005", "API006", "API007", "API014", "API015")
"""What may be wrong with a body as it arrives."""
REFUSALS = (
    *BODY_REFUSALS,
    "API002",
    "API010",
    "API011",
    "API020",
    "API021",
    "API022",
    "API099",
)


class ReadRequest(Protocol):
    """Finds in a request's document what it asks; `most`: children in one request."""

    def __call__(self, document: object, *, most: int) -> AskedChildren: ...


class UnparsedRoute(APIRoute):
    """A route whose endpoint reads the request itself: nothing for FastAPI to gather or check
    before it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint as it stands."""
        return self.endpoint


def router(state: ServiceState) -> APIRouter:
    """The two stateless routes."""
    routes = APIRouter(tags=["Stateless answers"], route_class=UnparsedRoute)

    @routes.post(
        "/score", operation_id="score_children", **_documents("ScoreAnswer", "API030", "API034")
    )
    async def score(request: Request) -> Response:
        """Growth points, classification, the protocol's step, and each target's calibrated risk
        with its reasons.

        Children are answered in the order of the request. A child whose records cannot be used gets
        its `problems` with status 200; the others are answered. Sentences are in the language of
        Accept-Language (en, hi, mr).
        """
        return await answer(state, request, "score", asked)

    @routes.post(
        "/classify", operation_id="classify_children", **_documents("ClassifyAnswer", "API034")
    )
    async def classify(request: Request) -> Response:
        """Growth points, classification and the protocol's step: rules only, works without any
        model.
        """
        return await answer(state, request, "classify", asked)

    return routes


def _documents(answer: str, *more: str) -> dict[str, Any]:
    body = {"schema": {"$ref": "#/components/schemas/ChildrenRequest"}, "example": EXAMPLE}
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{answer}"}}}
    return {
        "responses": {200: {"description": "one answer for each child", "content": content}}
        | documented(*REFUSALS, *more),
        "openapi_extra": {"requestBody": {"required": True, "content": {"application/json": body}}},
        "response_class": Response,
    }


async def answer(state: ServiceState, request: Request, act: str, read: ReadRequest) -> Response:
    """Answer `act` ("score", "classify") for the children of a request, as `read` finds them in its
    document. The one way to an answer: token, bounds and audit are here."""
    if act == "score":
        needs_champion(state)
    person = await state.person(request, "score")
    document = await read_json(request)
    as_of, children, language = read(document, most=state.limits.children)
    language = language or chosen_language(request.scope["plain_headers"].get("accept-language"))
    deadline = time.monotonic() + state.limits.seconds
    question = AnswerRequest(as_of, language, scored=act == "score")
    if len(children) <= INLINE_CHILDREN:
        body = state.answerer.answer(children, question)
    else:
        body = await run_in_threadpool(state.answerer.answer, children, question, deadline=deadline)
    state.note_soon(request, person, act)
    return Response(body, media_type="application/json", headers={"content-language": language})


def needs_champion(state: ServiceState) -> None:
    """API030 where no model is ready."""
    if not state.champions.now:
        raise HttpProblem("API030", headers={"Retry-After": "60"})


async def read_json(request: Request) -> object:
    """The body as JSON. API006 for another kind, API001 where it is not JSON."""
    kind = request.scope["plain_headers"].get("content-type", "application/json")
    if kind.partition(";")[0].strip().lower() != "application/json":
        raise HttpProblem("API006")
    body = await request.body()
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise HttpProblem("API001") from None


class AskedChildren(NamedTuple):
    """What a request asks: as of which day, of which children, in which language (None: as
    Accept-Language says)."""

    as_of: dt.date
    children: list[Any]
    language: str | None = None


def asked(document: object, *, most: int) -> AskedChildren:
    """What a request asks. API002 names every field that is not as documented."""
    if not isinstance(document, dict):
        raise HttpProblem(
            "API002", errors=[{"field": "", "problem": "must be an object with as_of and children"}]
        )
    errors: list[dict[str, object]] = []
    if document.keys() - EXAMPLE.keys():
        errors.append({"field": "", "problem": "holds a field that is not documented"})
    as_of = _day(document.get("as_of"))
    children: Any = document.get("children")
    if as_of is None:
        errors.append(
            {"field": "as_of", "problem": "must be a date, YYYY-MM-DD, not before 1950-01-01"}
        )
    if not isinstance(children, list) or not 1 <= len(children) <= most:
        errors.append({"field": "children", "problem": f"must be a list of 1 to {most} children"})
    if errors or as_of is None:
        raise HttpProblem("API002", errors=errors)
    return AskedChildren(as_of, children)


def _day(text: object) -> dt.date | None:
    if not isinstance(text, str) or not DAY.fullmatch(text):
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if day_number(day) >= EARLIEST else None
