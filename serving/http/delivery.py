"""How a made answer is delivered: without its body to HEAD, as 304 where the asker has it already,
packed for who takes gzip."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

T = TypeVar("T", str, bytes)
LEAST_PACKED = {"GET": 1_000, "POST": 32_768}
"""Under so many bytes an answer goes out as it is. Packing one child's scores would cost a tenth of
making them."""
IN_A_THREAD = 262_144
"""Larger ones are packed beside the event loop."""
LEVEL = 6
TAGGED = ("/v1/", "/fhir/")
"""Where answers carry an ETag."""
_TEXT = (
    b"text/",
    b"application/json",
    b"application/problem+json",
    b"application/jsonl",
    b"application/fhir+",
)
_OF_BODY = frozenset({b"content-length", b"content-type", b"content-disposition"})


def tag_of(content: bytes) -> str:
    """The ETag of a content: weak, since the same content may go out packed and plain."""
    return f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'


def is_unchanged(if_none_match: str | None, etag: str) -> bool:
    """Whether the asker has what this ETag is of."""
    if not if_none_match:
        return False
    bare = etag.removeprefix("W/")
    kept = (one.strip() for one in if_none_match.split(","))
    return any(one == "*" or one.removeprefix("W/") == bare for one in kept)


def takes_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header allows gzip."""
    for part in accept_encoding.split(","):
        name, _, quality = part.strip().partition(";")
        if name.strip().lower() in ("gzip", "*"):
            return quality.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


class Delivery:
    """The application with its answers delivered so."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, headers = scope["method"], scope["plain_headers"]
        packs = takes_gzip(headers.get("accept-encoding", ""))
        if method == "POST" and not packs:
            await self._app(scope, receive, send)
            return
        if method == "HEAD":
            scope["method"], scope["head_only"] = "GET", True
        answer = _Answer(scope, send, method=method, packs=packs)
        try:
            await self._app(scope, receive, answer.send)
        finally:
            scope["method"] = method


class _Answer:
    """One answer on its way out. Its start waits for its first piece, which says whether it comes
    whole."""

    def __init__(self, scope: Scope, send: Send, *, method: str, packs: bool):
        self._scope, self._send, self._method, self._packs = scope, send, method, packs
        self._start: Message | None = None
        self._packer: Callable[[bytes, bool], bytes] | None = None
        self._ended = False

    async def send(self, message: Message) -> None:
        """The ASGI `send` for the application."""
        # The server counts what it is sent by the method that it was asked with.
        self._scope["method"] = self._method
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] != "http.response.body":
            await self._send(message)
        elif self._start is not None:
            await self._begin(self._start, message)
        elif not self._ended:
            await self._go_on(message.get("body", b""), more=message.get("more_body", False))

    async def _begin(self, start: Message, first: Message) -> None:
        self._start = None
        body, more = first.get("body", b""), first.get("more_body", False)
        headers = dict(start["headers"])
        if self._tags(start) and not more and b"etag" not in headers:
            headers[b"etag"] = (await _beside(tag_of, body)).encode()
        if start["status"] == 200 and b"etag" in headers and self._has(headers[b"etag"]):
            start = {**start, "status": 304}
            headers = {name: value for name, value in headers.items() if name not in _OF_BODY}
            body, more = b"", False
        elif self._is_packed(start, headers, len(body), more):
            body = await self._pack(headers, body, more)
        # Set-Cookie may stand more than once: what is not ours to change stays as it came.
        kept = [one for one in start["headers"] if one[0] == b"set-cookie"]
        kept += [one for one in headers.items() if one[0] != b"set-cookie"]
        await self._send({**start, "headers": kept})
        await self._last_or_next(body, more=more)

    def _tags(self, start: Message) -> bool:
        read = self._method in ("GET", "HEAD")
        return start["status"] == 200 and read and self._scope["path"].startswith(TAGGED)

    def _has(self, etag: bytes) -> bool:
        asked = self._scope["plain_headers"].get("if-none-match")
        return self._method in ("GET", "HEAD") and is_unchanged(asked, etag.decode("latin-1"))

    def _is_packed(
        self, start: Message, headers: dict[bytes, bytes], size: int, more: bool
    ) -> bool:
        """Whether this answer goes out packed; says so to caches where it might."""
        if b"content-encoding" in headers or start["status"] in (204, 304):
            return False
        if not headers.get(b"content-type", b"").startswith(_TEXT):
            return False
        varies = headers.get(b"vary")
        headers[b"vary"] = (varies + b", " if varies else b"") + b"Accept-Encoding"
        least = LEAST_PACKED.get(self._method, LEAST_PACKED["GET"])
        return self._packs and (more or size >= least)

    async def _pack(self, headers: dict[bytes, bytes], body: bytes, more: bool) -> bytes:
        headers[b"content-encoding"] = b"gzip"
        headers.pop(b"content-length", None)
        if not more:
            packed = await _beside(lambda content: gzip.compress(content, LEVEL, mtime=0), body)
            headers[b"content-length"] = str(len(packed)).encode()
            return packed
        self._packer = _packer()
        return await _beside(lambda content: self._packed(content, more=True), body)

    def _packed(self, piece: bytes, *, more: bool) -> bytes:
        return self._packer(piece, more) if self._packer else piece

    async def _go_on(self, body: bytes, *, more: bool) -> None:
        if self._packer:
            body = await _beside(lambda content: self._packed(content, more=more), body)
        await self._last_or_next(body, more=more)

    async def _last_or_next(self, body: bytes, *, more: bool) -> None:
        if self._method == "HEAD":
            body, more = b"", False
        self._ended = not more
        await self._send({"type": "http.response.body", "body": body, "more_body": more})


def _packer() -> Callable[[bytes, bool], bytes]:
    """Packs pieces into one gzip file; each is out as soon as it is in."""
    stream = zlib.compressobj(LEVEL, zlib.DEFLATED, 31)

    def packed(piece: bytes, more: bool) -> bytes:
        ending = zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH
        return stream.compress(piece) + stream.flush(ending)

    return packed


async def _beside(work: Callable[[bytes], T], content: bytes) -> T:
    """The work on a content; a large one beside the event loop."""
    if len(content) < IN_A_THREAD:
        return work(content)
    return await run_in_threadpool(work, content)
