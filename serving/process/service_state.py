"""What every request of one service needs, opened once: champions, score book, audit log, tokens,
limits, figures."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from models.champion import models_folder
from registry.machine.today import today
from serving.access.permissions import Issuer, Person, TokenReader, bearer, local_key, unknown
from serving.access.tokens import TokenWatch
from serving.answering.answers import Answerer
from serving.answering.champions import Champions
from serving.audit.audit_key import anchor_path, own_audit_key
from serving.audit.recorder import AuditLog, audit_key
from serving.book.events import note_promotion
from serving.book.outbox import HandingOn
from serving.book.reader import Reader
from serving.database import engine_of
from serving.errors import NoScoreBook, NotKept
from serving.http.bounds import Limits
from serving.http.guard import Load
from serving.http.observe import Log, Metrics
from serving.http.origins import Origins
from serving.http.proxies import Proxies

AUDIT_WAIT_SECONDS = 10
KEPT_UNSEEN = "sanket-keep"
"""The header of a request by which a phone keeps a page for later, not seen yet
(`pages/static/sw.js`)."""


@dataclass
class ServiceState:
    """The parts of one running service. `engine` is None where it serves stateless answers only."""

    store_address: str | None
    engine: sa.Engine | None
    champions: Champions
    answerer: Answerer
    token_reader: TokenReader
    audit: AuditLog | None
    handing_on: HandingOn | None
    tokens: TokenWatch | None
    metrics: Metrics
    limits: Limits
    log: Log
    proxies: Proxies
    origins: Origins
    rules_alone: bool
    """Neither a store nor a models folder was named: without a champion it is whole all the same.
    """
    load: Load = field(init=False)

    @classmethod
    def open(
        cls,
        store_address: str | None,
        models_dir: Path | str | None = None,
        *,
        key: bytes | None = None,
        limits: Limits | None = None,
        log: Log | None = None,
        follow: bool = True,
    ) -> ServiceState:
        """The state of a store. Nothing here needs the database to be there, or a champion.

        key: signs local tokens, and one made from it the audit log (default: the store's own two
        keys). follow: notice a promoted champion.
        """
        metrics, log, limits = Metrics(), log or Log(), limits or Limits.configured()
        engine = engine_of(store_address) if store_address else None
        audit = _audit_log(store_address, engine, key) if store_address and engine else None
        key = key or local_key(store_address or "sanket.db")
        folder = Path(models_dir) if models_dir else models_folder(store_address or "sanket.db")
        promoted = functools.partial(note_promotion, engine) if engine else lambda *_: True
        champions = Champions(folder, metrics=metrics, log=log, promoted=promoted)
        champions.follow() if follow else champions.look()
        door = TokenReader(key=key, issuer=Issuer.configured())
        return cls(
            store_address,
            engine,
            champions,
            Answerer(champions, metrics),
            door,
            audit,
            HandingOn(store_address, log) if store_address else None,
            TokenWatch(engine, door) if engine else None,
            metrics,
            limits,
            log,
            Proxies.configured(),
            Origins.configured(),
            rules_alone=not store_address and not models_dir,
        )

    def close(self) -> None:
        """Write what waits; let go of threads and connections."""
        self.champions.stop()
        if self.handing_on:
            self.handing_on.stop()
        if self.tokens:
            self.tokens.stop()
        if self.audit:
            self.audit.close()
        if self.engine:
            self.engine.dispose()

    async def person(self, request: Request, act: str, *, token: str | None = None) -> Person:
        """Who asks, from the Authorization header (or this token), if their role allows the act.
        UnknownToken,
        NotPermitted."""
        token = token or bearer(request.scope["plain_headers"])
        if not token:
            raise unknown()
        person = self.token_reader.remembered(token)
        if person is None and self.token_reader.asks_elsewhere:
            person = await run_in_threadpool(self.token_reader.person, token)
        person = person or self.token_reader.person(token)
        request.scope["role"] = person.role
        person.must(act)
        return person

    def reader(self, person: Person) -> Reader:
        """The score book as this person may see it. NoScoreBook where this service has none."""
        return Reader(self.book_engine, person.scope)

    @property
    def book_engine(self) -> sa.Engine:
        """The engine of the score book. NoScoreBook where this service has none."""
        if self.engine is None:
            raise NoScoreBook("this service has no store")
        return self.engine

    def note_soon(self, request: Request, person: Person, act: str) -> None:
        """Hand an act that shows nobody a stored child to the audit log, or without a store to the
        log of requests; its answer does not wait."""
        if self.audit:
            self.audit.note_soon(**_who(request, person, act))
        else:
            self.log.line("act", **_who(request, person, act))

    def noted(self, request: Request, person: Person, act: str, child_ids: Iterable[str]) -> None:
        """Write an act into the audit log before its answer is given. NotKept where that is not
        possible."""
        if self.audit is None:
            return
        try:
            self.audit.note(child_ids=child_ids, **_who(request, person, act)).result(
                timeout=AUDIT_WAIT_SECONDS
            )
        except TimeoutError:
            raise NotKept("the audit log did not answer in time") from None

    def today(self) -> dt.date:
        """The programme's calendar day (`registry.machine.today`)."""
        return today()


def _audit_log(store_address: str, engine: sa.Engine, key: bytes | None) -> AuditLog:
    if key is not None:
        return AuditLog(engine, audit_key(key))
    return AuditLog(
        engine, own_audit_key(store_address, engine), anchor_path=anchor_path(store_address)
    )


def _who(request: Request, person: Person, act: str) -> dict[str, str]:
    """Who does what, from where, in which request: what the audit log writes down beside the
    children."""
    came_from = request.client.host if request.client else ""
    request_id = request.scope.get("request_id", "")
    if request.method == "GET" and request.headers.get(KEPT_UNSEEN) == "1":
        act = f"{act}_prefetched"
    if request.scope.get("head_only"):
        act = f"{act}_headers_only"
    return {
        "act": act,
        "who": person.name,
        "role": person.role,
        "came_from": came_from,
        "request_id": request_id,
    }
