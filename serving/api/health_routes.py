"""The probes: is the process alive, is it ready and with what, and its figures."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from models.targets import TARGETS
from serving.access.permissions import Scope
from serving.book.accepted import quarantined
from serving.book.reader import Reader
from serving.errors import BookUnreadable, NothingScored
from serving.http.problems import http_problem
from serving.process.service_state import ServiceState

STATE = Scope.of(["state:*"])


def routes(state: ServiceState) -> list[Route]:
    """`/livez`, `/healthz`, `/readyz`, `/metrics`."""

    async def alive(request: Request) -> Response:
        return _json({"status": "alive"})

    async def ready(request: Request) -> Response:
        document = await run_in_threadpool(readiness, state)
        return _json(document, 503 if document["status"] == "not_ready" else 200)

    async def figures(request: Request) -> Response:
        await run_in_threadpool(_look_at_book, state)
        state.metrics.in_flight.set(state.load.in_flight)
        state.metrics.loop_lag.set(state.load.lag)
        state.metrics.audit_held.set(state.audit.held if state.audit else 0)
        return Response(state.metrics.text(), media_type=state.metrics.content_type)

    named = {"/livez": alive, "/healthz": alive, "/readyz": ready, "/metrics": figures}
    return [Route(path, endpoint, methods=["GET"]) for path, endpoint in named.items()]


def readiness(state: ServiceState) -> dict[str, Any]:
    """What answers and what does not. `ready`; `degraded`: some part is missing; `not_ready`: no
    champion at all, where a store or a folder of models was named."""
    champions = {target: _champion(state, target) for target in TARGETS}
    book = _look_at_book(state)
    handing = state.handing_on.fault if state.handing_on else None
    audit = _audit_log(state)
    waiting = _quarantined(state)
    faults = (waiting, state.champions.faults, book["fault"], handing, audit and audit["fault"])
    whole = not any(faults)
    answers = bool(state.champions.now) or state.rules_alone
    status = "not_ready" if not answers else ("ready" if whole else "degraded")
    return {
        "status": status,
        "champions": champions,
        "score_book": book,
        "audit_log": audit,
        "outcomes_fault": handing,
        "outcomes_quarantined": waiting,
    }


def _audit_log(state: ServiceState) -> dict[str, Any] | None:
    """The audit log's writer: its fault, the entries it holds in memory, how often it had to be
    started again."""
    if state.audit is None:
        return None
    state.audit.keep_alive()
    return {"fault": state.audit.fault, "held": state.audit.held, "restarts": state.audit.restarts}


def _quarantined(state: ServiceState) -> int | None:
    """How many accepted outcomes the registry refused afterwards; None where it cannot be asked."""
    if state.engine is None:
        return None
    try:
        return len(quarantined(state.engine))
    except SQLAlchemyError:
        return None


def _champion(state: ServiceState, target: str) -> dict[str, Any]:
    champion = state.champions.now.get(target)
    return {"version": champion and champion.version, "fault": state.champions.faults.get(target)}


def _look_at_book(state: ServiceState) -> dict[str, Any]:
    """The newest run, or why there is none; sets the figures that come from it."""
    if state.engine is None:
        return {"as_of": None, "fault": "this service has no store"}
    reader = Reader(state.engine, STATE)
    try:
        run = reader.run()
    except (BookUnreadable, NothingScored) as error:
        state.metrics.book_faults.inc()
        return {"as_of": None, "fault": http_problem(error).title}
    state.metrics.list_age.set((state.today() - run.as_of).days)
    for target, index in run.facts.get("drift_psi", {}).items():
        state.metrics.drift.labels(target).set(index)
    return {"as_of": run.as_of.isoformat(), "made_at": run.made_at, "fault": None}


def _json(document: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")
