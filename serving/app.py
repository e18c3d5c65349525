"""The whole service as one ASGI application: the API (FastAPI, at /v1), the pages, the probes,
behind one guard.

Any ASGI server can run it; `serving/service.py` mounts it in BentoML. Whatever of its parts is
missing (no champion, no database, a full disk), the others go on answering, and `/readyz` says
which is missing.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from registry.contract.errors import SanketError
from serving.answering.answers import AnswerRequest
from serving.answering.schemas import EXAMPLE
from serving.api import (
    area_routes,
    bentoml_routes,
    book_routes,
    child_list_routes,
    event_routes,
    export_routes,
    fhir_routes,
    growth_routes,
    health_routes,
    reference,
    score_routes,
)
from serving.http.delivery import Delivery
from serving.http.guard import Guard
from serving.http.problems import MEDIA_TYPE, HttpProblem, told_to_clients
from serving.process.service_state import ServiceState

HTTP_CODES = {404: "API003", 405: "API004", 413: "API005", 415: "API006"}


class Application:
    """The service of one store. Call it as ASGI; `close` it when done."""

    def __init__(
        self,
        state: ServiceState,
        *,
        pages: bool = True,
        described: Mapping[str, Any] | None = None,
    ):
        self.state = state
        answering = score_routes.router(state)
        self.api = _api(state, answering)
        endpoints = bentoml_routes.routes(state, described) if described is not None else []
        routes = [
            *health_routes.routes(state),
            Mount("/v1", self.api),
            *fhir_routes.routes(state),
            *endpoints,
            *(_pages(state) if pages else ()),
        ]
        router = Router(routes=routes, default=_nothing_here, redirect_slashes=False)
        app = _straight(answering, _with_app(router, self.api))
        self._guard = Guard(
            Delivery(app),
            limits=state.limits,
            metrics=state.metrics,
            log=state.log,
            proxies=state.proxies,
            origins=state.origins,
        )
        state.load = self._guard.load

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send, self.close)
        else:
            await self._guard(scope, receive, send)

    def warm_up(self) -> None:
        """Do once what the first request would wait for: compiled kernels, words, the OpenAPI
        document."""
        for scored in (True, False):
            question = AnswerRequest(dt.date.fromisoformat(EXAMPLE["as_of"]), "en", scored)
            for count in (1, 9):
                children = [
                    EXAMPLE["children"][0] | {"child_id": f"C-{number}"} for number in range(count)
                ]
                self.state.answerer.answer(children, question)
        self.api.openapi()

    def close(self) -> None:
        """Write what waits, let go of the database and the models' folder."""
        self.state.close()


def create_app(
    store_address: str | None,
    models_dir: Path | str | None = None,
    *,
    pages: bool = True,
    described: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Application:
    """The application over a store (None: stateless answers only) and a folder of champions.

    pages: serve the pages for people too. described: BentoML's description of its endpoints, by
    path, where they are served. settings: see `ServiceState.open`.
    """
    state = ServiceState.open(store_address, models_dir, **settings)
    return Application(state, pages=pages, described=described)


def _api(state: ServiceState, answering: APIRouter) -> FastAPI:
    api = FastAPI(
        title="Sanket",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        description="Which child in or just out of treatment for severe acute malnutrition to visit "  # noqa: E501
        "first, and why. "
        "Figures of a demo registry are synthetic and mean nothing clinically.",
        servers=[{"url": "/v1"}],
        root_path_in_servers=False,
    )
    for kind in (HttpProblem, HTTPException, RequestValidationError, SanketError):
        api.add_exception_handler(kind, answer_problem)
    # Not by `include_router`: that makes the routes' parts at the first request, with the warning
    # filters of the whole process changed meanwhile, which no two threads may do at once.
    for routes in (
        answering,
        area_routes.router(state),
        book_routes.router(state),
        child_list_routes.router(state),
        event_routes.router(state),
        export_routes.router(state),
        growth_routes.router(state),
    ):
        api.router.routes += routes.routes
    reference.add_page(api)
    # FastAPI's own way to a document of one's own.
    made = functools.partial(reference.openapi, api, state.limits.children)
    api.openapi = made  # type: ignore[method-assign]
    return api


def answer_problem(request: Request, error: Exception) -> Response:
    """Any refusal, as a problem document."""
    problem = as_problem(error)
    body = problem.encoded(request.scope.get("request_id", ""))
    return Response(body, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def as_problem(error: Exception) -> HttpProblem:
    """The documented problem that stands for an error of the framework or of a room below."""
    if isinstance(error, HttpProblem):
        return error
    if isinstance(error, RequestValidationError):
        errors = [
            {"field": ".".join(map(str, part["loc"][1:])), "problem": part["msg"]}
            for part in error.errors()
        ]
        return HttpProblem("API002", errors=errors)
    if isinstance(error, HTTPException):
        headers = {name.title(): value for name, value in (error.headers or {}).items()}
        if headers.get("Allow") == "GET":
            # As everywhere (`serving.http.delivery`).
            headers["Allow"] = "GET, HEAD"
        return HttpProblem(HTTP_CODES.get(error.status_code, "API002"), headers=headers)
    if isinstance(error, SanketError) and (told := told_to_clients(error)):
        return told
    raise error


def _pages(state: ServiceState) -> list[Route]:
    from serving.pages.routes import routes

    return routes(state)


def _straight(answering: APIRouter, otherwise: ASGIApp) -> ASGIApp:
    """Sends a POST to an answering route straight to its endpoint, and all else to `otherwise`.

    The way through two routers and FastAPI's layers costs a tenth of one child's answer, and does
    nothing for these.
    """
    endpoints = {
        f"/v1{route.path}": route.endpoint for route in answering.routes if isinstance(route, Route)
    }

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = (
            endpoints.get(scope["path"])
            if scope["method"] == "POST" and not scope.get("root_path")
            else None
        )
        if endpoint is None:
            await otherwise(scope, receive, send)
            return
        scope["route_name"] = scope["path"]
        response = await endpoint(Request(scope, receive))
        await response(scope, receive, send)

    return answer


def _with_app(router: Router, api: FastAPI) -> ASGIApp:
    """Lets the router raise what it cannot answer, so that the guard says it in the one shape."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = api
        try:
            await router(scope, receive, send)
        except HTTPException as error:
            raise as_problem(error) from None

    return answer


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    raise HttpProblem("API003")


async def _lifespan(receive: Receive, send: Send, close: Callable[[], None]) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            close()
            await send({"type": "lifespan.shutdown.complete"})
            return
