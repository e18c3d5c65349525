"""The probes: is the process alive, is it ready and with what, and its figures."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from models.targets import trained_targets
from serving.access.permissions import Scope
from serving.book.accepted import quarantined
from serving.book.reader import Reader
from serving.errors import BookUnreadable, NothingScored
from serving.http.problems import http_problem
from serving.process.state import Desk

STATE = Scope.of(["state:*"])


def routes(desk: Desk) -> list[Route]:
    """`/livez`, `/healthz`, `/readyz`, `/metrics`."""

    async def alive(request: Request) -> Response:
        return _json({"status": "alive"})

    async def ready(request: Request) -> Response:
        document = await run_in_threadpool(readiness, desk)
        return _json(document, 503 if document["status"] == "not_ready" else 200)

    async def figures(request: Request) -> Response:
        await run_in_threadpool(_look_at_book, desk)
        desk.metrics.in_flight.set(desk.load.in_flight)
        desk.metrics.loop_lag.set(desk.load.lag)
        desk.metrics.audit_held.set(desk.audit.held if desk.audit else 0)
        return Response(desk.metrics.text(), media_type=desk.metrics.content_type)

    named = {"/livez": alive, "/healthz": alive, "/readyz": ready, "/metrics": figures}
    return [Route(path, endpoint, methods=["GET"]) for path, endpoint in named.items()]


def readiness(desk: Desk) -> dict[str, Any]:
    """What answers and what does not. `ready`; `degraded`: some part is missing; `not_ready`: no
    champion at all."""
    champions = {target: _champion(desk, target) for target in trained_targets()}
    book = _look_at_book(desk)
    handing = desk.handing_on.fault if desk.handing_on else None
    audit = _audit_log(desk)
    waiting = _quarantined(desk)
    faults = (waiting, desk.champions.faults, book["fault"], handing, audit and audit["fault"])
    whole = not any(faults)
    status = "not_ready" if not desk.champions.now else ("ready" if whole else "degraded")
    return {
        "status": status,
        "champions": champions,
        "score_book": book,
        "audit_log": audit,
        "outcomes_fault": handing,
        "outcomes_quarantined": waiting,
    }


def _audit_log(desk: Desk) -> dict[str, Any] | None:
    """The audit log's writer: its fault, the entries it holds in memory, how often it had to be
    started again."""
    if desk.audit is None:
        return None
    desk.audit.keep_alive()
    return {"fault": desk.audit.fault, "held": desk.audit.held, "restarts": desk.audit.restarts}


def _quarantined(desk: Desk) -> int | None:
    """How many accepted outcomes the registry refused afterwards; None where it cannot be asked."""
    if desk.engine is None:
        return None
    try:
        return len(quarantined(desk.engine))
    except SQLAlchemyError:
        return None


def _champion(desk: Desk, target: str) -> dict[str, Any]:
    champion = desk.champions.now.get(target)
    return {"version": champion and champion.version, "fault": desk.champions.faults.get(target)}


def _look_at_book(desk: Desk) -> dict[str, Any]:
    """The newest run, or why there is none; sets the figures that come from it."""
    if desk.engine is None:
        return {"as_of": None, "fault": "this service has no store"}
    reader = Reader(desk.engine, STATE)
    try:
        run = reader.run()
    except (BookUnreadable, NothingScored) as error:
        desk.metrics.book_faults.inc()
        return {"as_of": None, "fault": http_problem(error).title}
    desk.metrics.list_age.set((desk.today() - run.as_of).days)
    for target, index in run.facts.get("drift_psi", {}).items():
        desk.metrics.drift.labels(target).set(index)
    return {"as_of": run.as_of.isoformat(), "made_at": run.made_at, "fault": None}


def _json(document: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")
