"""BentoML's endpoints, `POST /score` and `POST /classify`, as its clients ask for them, and the
documents by which a client knows them.

`serving/service.py` declares them to BentoML; a request is answered here, behind the same guard,
token, bounds and audit as `/v1/score`, and never reaches BentoML's own parsing (which would write
a child's values into its error log, and reads more media types than JSON).
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving.answering.answers import AnswerRequest
from serving.api.score_routes import AskedChildren, answer, asked, needs_champion
from serving.http.problems import HttpProblem
from serving.language.languages import DEFAULT_LANGUAGE, LANGUAGES
from serving.process.service_state import ServiceState

ACTS = ("score", "classify")


def routes(state: ServiceState, described: Mapping[str, Any]) -> list[Route]:
    """The two endpoints, and each document of `described` at its path."""
    endpoints = [Route(f"/{act}", _endpoint(state, act), methods=["POST"]) for act in ACTS]
    # BentoML's documents have numbers as keys (statuses), which only this library writes as text.
    documents = [
        Route(path, _document(json.dumps(document).encode()), methods=["GET"])
        for path, document in described.items()
    ]
    return endpoints + documents


def _endpoint(state: ServiceState, act: str) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await answer(state, request, act, functools.partial(arguments, today=state.today()))

    return endpoint


def _document(content: bytes) -> Callable[[Request], Awaitable[Response]]:
    async def document(request: Request) -> Response:
        return Response(content, media_type="application/json")

    return document


def arguments(document: object, *, most: int, today: dt.date) -> AskedChildren:
    """What a client's arguments ask: one that is null counts as left out, `as_of` is then today.
    API002 names every one that is not as documented."""
    if not isinstance(document, dict):
        return asked(document, most=most)
    given = {name: value for name, value in document.items() if value is not None}
    language = given.pop("language", None)
    if language is not None and language not in tuple(LANGUAGES):
        said = f"must be one of {', '.join(LANGUAGES)}"
        raise HttpProblem("API002", errors=[{"field": "language", "problem": said}])
    found = asked({"as_of": today.isoformat()} | given, most=most)
    return found._replace(language=language)


def answer_here(state: ServiceState, act: str, document: dict[str, Any]) -> dict[str, Any]:
    """The answer for a program in this process, which holds the service's key itself: without a
    token, within the same bounds. HttpProblem as over HTTP."""
    if act == "score":
        needs_champion(state)
    found = arguments(document, most=state.limits.children, today=state.today())
    question = AnswerRequest(found.as_of, found.language or DEFAULT_LANGUAGE, scored=act == "score")
    answered: dict[str, Any] = orjson.loads(state.answerer.answer(found.children, question))
    return answered
