"""The outermost middleware: a request id; limits on body size, rate, time and load; security
headers; one log line for each request.

Plain ASGI, so that it costs microseconds and guards pages, API and probes alike, under BentoML or
any other server.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, NoReturn

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registry.contract.errors import SanketError
from serving.http.bounds import Limits
from serving.http.observe import Log, Metrics, place_of, request_id
from serving.http.origins import Origins
from serving.http.packed_body import unpacked
from serving.http.problems import HttpProblem, send_problem, told_to_clients
from serving.http.proxies import Proxies

PROBES = frozenset({"/livez", "/readyz", "/healthz", "/metrics"})
SAFE_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=()",
    b"cache-control": b"no-store",
    b"content-security-policy": (
        b"default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        b"font-src 'self'; "
        b"script-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
        b"form-action 'self'; "
        b"base-uri 'none'; frame-ancestors 'none'"
    ),
}
"""Set on every answer that does not set them itself."""
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")


class Rates:
    """Token buckets by name, forgotten when full again; at most `names` of them."""

    def __init__(self, *, per_second: float, burst: float, names: int = 100_000):
        self._per_second, self._burst, self._names = per_second, burst, names
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait(self, name: str, now: float) -> float:
        """0 where a request may go on; else the seconds after which one may."""
        left, seen = self._buckets.get(name, (self._burst, now))
        left = min(self._burst, left + (now - seen) * self._per_second)
        if left < 1:
            self._buckets[name] = (left, now)
            return (1 - left) / self._per_second
        if len(self._buckets) >= self._names:
            self._buckets.clear()
        self._buckets[name] = (left - 1, now)
        return 0.0


class Load:
    """How many requests are being answered, and how late the event loop runs."""

    TICK_SECONDS = 0.05

    def __init__(self, limits: Limits):
        self._limits = limits
        self._loop: asyncio.AbstractEventLoop | None = None
        self.in_flight = 0
        self.arriving = 0
        self.lag = 0.0

    def watch(self) -> None:
        """Start measuring in the running event loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self.lag = loop, 0.0
            loop.call_later(self.TICK_SECONDS, self._tick, loop, loop.time() + self.TICK_SECONDS)

    def _tick(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self.lag = loop.time() - due
        if self._loop is loop:
            loop.call_later(self.TICK_SECONDS, self._tick, loop, loop.time() + self.TICK_SECONDS)

    @property
    def too_much(self) -> bool:
        """Whether new work would only lengthen the queue."""
        limits = self._limits
        return (
            self.in_flight >= limits.in_flight
            or self.arriving >= limits.arriving
            or self.lag > limits.lag_seconds
        )


class Body:
    """The body of one request as it arrives, within its bound."""

    def __init__(self, receive: Receive, limits: Limits, load: Load, declared: str | None):
        self._given, self._limits, self._load = receive, limits, load
        self._declared = (
            int(declared) if declared and declared.isascii() and declared.isdigit() else 0
        )
        self.read = 0
        self.whole = False

    async def receive(self) -> Message:
        """The ASGI `receive` for the application. API005 where the body is too large, API007 where
        it stops coming."""
        if self._declared > self._limits.body_bytes:
            await self.too_large()
        message = await self._receive()
        self._count(message)
        if self.read > self._limits.body_bytes:
            await self.too_large()
        return message

    async def _receive(self) -> Message:
        """The next piece. Whoever waits for it is not being worked on, so that slow senders keep
        nobody out."""
        if self.whole:
            return await self._given()
        load = self._load
        load.in_flight -= 1
        load.arriving += 1
        try:
            async with asyncio.timeout(self._limits.idle_seconds):
                return await self._given()
        except TimeoutError:
            raise HttpProblem("API007") from None
        finally:
            load.in_flight += 1
            load.arriving -= 1

    def _count(self, message: Message) -> None:
        self.read += len(message.get("body", b""))
        self.whole = (
            self.whole or message["type"] != "http.request" or not message.get("more_body", False)
        )

    async def too_large(self) -> NoReturn:
        """Refuse with API005. The rest is thrown away first, so that the sender reads the answer
        and not a broken connection."""
        while not self.whole and max(self.read, self._declared) < self._limits.drained_bytes:
            self._count(await self._receive())
        raise HttpProblem("API005", f"At most {self._limits.body_bytes} bytes are read.")


class Guard:
    """The outermost ASGI application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Limits,
        metrics: Metrics,
        log: Log,
        proxies: Proxies | None = None,
        origins: Origins | None = None,
    ):
        self._app, self._limits, self._metrics, self._log = app, limits, metrics, log
        self.proxies, self.origins = proxies or Proxies(), origins or Origins()
        self._rates = Rates(per_second=limits.rate_per_second, burst=limits.rate_burst)
        self.load = Load(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await _Exchange(self, scope, receive, send).run()
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            await self._app(scope, receive, send)

    def refusal(self, scope: Scope) -> HttpProblem | None:
        """Why this request is not begun, if so. Probes are always answered."""
        if scope["path"] in PROBES:
            return None
        self.load.watch()
        if self.load.too_much:
            return HttpProblem("API021", headers={"Retry-After": "1"})
        address = (scope.get("client") or ("",))[0]
        if wait := self._rates.wait(address, time.monotonic()):
            return HttpProblem("API020", headers={"Retry-After": str(int(wait) + 1)})
        return None


class _Exchange:
    """One request and its answer."""

    def __init__(self, guard: Guard, scope: Scope, receive: Receive, send: Send):
        self._guard, self._scope, self._send = guard, scope, send
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        self._id = scope["request_id"] = request_id(headers.get("x-request-id"))
        scope["plain_headers"] = headers
        if guard.proxies.networks:
            self._behind_a_proxy(guard.proxies, headers)
        self._body = Body(receive, guard._limits, guard.load, headers.get("content-length"))
        self._receive: Receive = self._body.receive
        if encoding := headers.get("content-encoding"):
            self._receive = unpacked(
                self._body.receive,
                encoding,
                most=guard._limits.body_bytes,
                too_large=self._body.too_large,
            )
        self._status = 0
        self._timer: asyncio.Timeout | None = None

    def _behind_a_proxy(self, proxies: Proxies, headers: dict[str, str]) -> None:
        """Put the address and the scheme of who asks in place of a trusted proxy's own."""
        peer, port = self._scope.get("client") or ("", 0)
        address, by_tls = proxies.client(peer, headers)
        self._scope["client"] = (address, port)
        if by_tls:
            self._scope["scheme"] = "https"

    async def run(self) -> None:
        """Answer; whatever happens, the caller gets a documented problem and the log gets one
        line."""
        began = time.perf_counter()
        guard = self._guard
        guard.load.in_flight += 1
        try:
            if refusal := guard.refusal(self._scope):
                guard._metrics.refused.labels(refusal.code).inc()
                raise refusal
            asked_first = guard.origins.allowed and self._scope["method"] == "OPTIONS"
            if asked_first and await self._told_beforehand():
                return
            async with asyncio.timeout(guard._limits.seconds) as self._timer:
                await guard._app(self._scope, self._receive, self.send)
        except Exception as error:
            await self._say(error)
        finally:
            guard.load.in_flight -= 1
            self._write_down(time.perf_counter() - began)

    async def _told_beforehand(self) -> bool:
        """Answer a browser that asks whether another site's page may ask (a preflight); whether it
        did. API016 for a site that may not."""
        headers = self._scope["plain_headers"]
        told = self._guard.origins.preflight(self._scope["path"], headers)
        if told is None:
            return False
        if not told:
            raise HttpProblem("API016")
        await self.send({"type": "http.response.start", "status": 204, "headers": told})
        await self.send({"type": "http.response.body", "body": b""})
        return True

    async def send(self, message: Message) -> None:
        """The ASGI `send` for the application: adds the safe headers and the request id."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            given = {name.lower() for name, _ in message["headers"]}
            added = [(name, value) for name, value in SAFE_HEADERS.items() if name not in given]
            if self._scope.get("scheme") == "https":
                added.append(STRICT_TRANSPORT)
            if self._guard.origins.allowed:
                origin = self._scope["plain_headers"].get("origin")
                added += self._guard.origins.told(self._scope["path"], origin)
            message = {
                **message,
                "headers": [*message["headers"], *added, (b"x-request-id", self._id.encode())],
            }
        elif message.get("more_body") and self._timer:
            # A long file may take long in all, but no part of it.
            now = asyncio.get_running_loop().time()
            self._timer.reschedule(now + self._guard._limits.seconds)
        await self._send(message)

    async def _say(self, error: Exception) -> None:
        problem = self._as_problem(error)
        if self._status:
            # The answer has begun: the connection is broken off, which the sender can tell from a
            # whole answer.
            raise error
        await send_problem(self.send, problem, self._id)

    def _as_problem(self, error: Exception) -> HttpProblem:
        if isinstance(error, HttpProblem):
            return error
        if isinstance(error, TimeoutError):
            return HttpProblem("API022" if self._body.whole else "API007")
        if isinstance(error, SanketError) and (told := told_to_clients(error)):
            return told
        self._guard._log.line("fault", request_id=self._id, fault=place_of(error))
        return HttpProblem("API099")

    def _write_down(self, seconds: float) -> None:
        scope, metrics = self._scope, self._guard._metrics
        route = scope.get("route_name") or route_of(scope)
        method = (
            scope["method"]
            if scope["method"] in ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS")
            else "other"
        )
        metrics.requests.labels(route, method, str(self._status)).inc()
        metrics.seconds.labels(route).observe(seconds)
        if route not in PROBES:
            facts = {
                "route": route,
                "method": method,
                "status": self._status,
                "ms": round(seconds * 1000, 2),
            }
            self._guard._log.line("request", request_id=self._id, role=scope.get("role"), **facts)


def route_of(scope: Scope) -> str:
    """The template of the route that answered. Never the path itself: it may hold a child's id."""
    if scope["path"] in PROBES:
        return str(scope["path"])
    route: Any = scope.get("route")
    if not hasattr(route, "endpoint"):
        return "unmatched"
    return f"{scope.get('root_path', '')}{route.path}"
