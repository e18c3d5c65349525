"""Limits on a connection before its request is complete: time and size of the headers, number of
open connections.

uvicorn has none of these limits; this is its HTTP protocol with them, and with a problem document
(RFC 9457) for what is no HTTP. `install` puts it in its place before the server starts: BentoML
starts uvicorn itself and leaves no other way to choose the protocol.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any

from uvicorn.protocols.http import auto
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from serving.http.bounds import Limits
from serving.http.guard import SAFE_HEADERS
from serving.http.problems import MEDIA_TYPE, HttpProblem

SPARE_FILES = 200
"""Open files of a process that are not connections: the database, models, logs."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. While its headers are on their way it stands in `_waiting`, the longest
    waiting first."""

    limits = Limits()
    _waiting: dict[BoundedProtocol, None] = {}

    def __init__(self, *given: Any, **more: Any):
        super().__init__(*given, **more)
        self._late: asyncio.TimerHandle | None = None
        self._header_bytes = 0

    def connection_made(  # type: ignore[override]  # as uvicorn's own: a stream has a Transport
        self, transport: asyncio.Transport
    ) -> None:
        """Its first headers are waited for; where there are too many connections, the longest
        waiting one goes."""
        super().connection_made(transport)
        self._await_headers()
        if len(self.connections) > self.limits.connections:
            next(iter(self._waiting))._turn_away(
                HttpProblem("API021", headers={"Retry-After": "1"})
            )

    def connection_lost(self, exc: Exception | None) -> None:
        """It waits for nothing any more."""
        self._headers_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some bytes; too many without the end of the headers are refused."""
        super().data_received(data)
        if self._late is not None and not self.transport.is_closing():
            self._header_bytes += len(data)
            if self._header_bytes > self.limits.header_bytes:
                self._turn_away(
                    HttpProblem(
                        "API008", f"At most {self.limits.header_bytes} bytes of headers are read."
                    )
                )

    def on_message_begin(self) -> None:
        """The next request of a connection that is kept begins."""
        super().on_message_begin()
        if self._late is None:
            self._await_headers()

    def on_headers_complete(self) -> None:
        """What follows is the guard's (`serving/http/guard.py`)."""
        self._headers_came()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP request, in the one shape of all refusals."""
        self._turn_away(HttpProblem("API013"))

    def _await_headers(self) -> None:
        self._header_bytes = 0
        self._waiting[self] = None
        self._late = self.loop.call_later(
            self.limits.header_seconds, self._turn_away, HttpProblem("API009")
        )

    def _headers_came(self) -> None:
        self._waiting.pop(self, None)
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _turn_away(self, problem: HttpProblem) -> None:
        """Answer with a problem, if nothing is being answered, and close."""
        self._headers_came()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_answer(problem))
        self.transport.close()


def _answer(problem: HttpProblem) -> bytes:
    body = problem.encoded()
    headers = {b"content-type": MEDIA_TYPE.encode(), b"content-length": str(len(body)).encode()}
    headers |= {b"connection": b"close"} | SAFE_HEADERS
    headers |= {name.encode(): value.encode() for name, value in problem.headers.items()}
    lines = [
        STATUS_LINE[problem.status],
        *(name + b": " + value + b"\r\n" for name, value in headers.items()),
    ]
    return b"".join([*lines, b"\r\n", body])


def install(limits: Limits) -> None:
    """Let every uvicorn server of this process take this protocol, and as many connections as it
    may open files for."""
    BoundedProtocol.limits = limits
    BoundedProtocol._waiting = {}
    auto.AutoHTTPProtocol = BoundedProtocol
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
