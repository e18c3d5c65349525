"""Bodies that come packed (`Content-Encoding: gzip`), unpacked piece by piece within the bound of
plain ones."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from typing import NoReturn

from starlette.types import Message, Receive

from serving.http.problems import HttpProblem

GZIP = frozenset({"gzip", "x-gzip"})
PLAIN = frozenset({"", "identity"})
PIECE = 65_536
_GZIP_ALONE = 31
"""zlib's word for a gzip file with its header and its checksum."""

Refusal = Callable[[], Awaitable[NoReturn]]


def unpacked(receive: Receive, encoding: str, *, most: int, too_large: Refusal) -> Receive:
    """The ASGI `receive` of a body with this Content-Encoding, plain; `too_large` is awaited where
    it unpacks to more than `most` bytes. API014 for another encoding, API015 for what is no gzip.
    """
    named = encoding.strip().lower()
    if named in PLAIN:
        return receive
    return GzipBody(receive, most, too_large).receive if named in GZIP else _unread


async def _unread() -> Message:
    raise HttpProblem("API014")


class GzipBody:
    """One gzip body (several files one after the other are one, as RFC 1952 has it)."""

    def __init__(self, receive: Receive, most: int, too_large: Refusal):
        self._given, self._most, self._too_large = receive, most, too_large
        self._file = zlib.decompressobj(_GZIP_ALONE)
        self._packed, self._whole, self._full, self._read = b"", False, False, 0

    async def receive(self) -> Message:
        """The next piece, plain."""
        while True:
            if piece := self._next():
                self._read += len(piece)
                if self._read > self._most:
                    await self._too_large()
                # A small body may unpack for long: others are answered between its pieces.
                await asyncio.sleep(0)
                return {"type": "http.request", "body": piece, "more_body": True}
            if self._whole:
                if not self._file.eof:
                    raise HttpProblem("API015")
                return {"type": "http.request", "body": b"", "more_body": False}
            message = await self._given()
            if message["type"] != "http.request":
                return message
            self._packed += message.get("body", b"")
            self._whole = not message.get("more_body", False)

    def _next(self) -> bytes:
        """Up to PIECE bytes of what has come; none where more must come first."""
        while self._packed or self._full:
            if self._file.eof:
                self._file = zlib.decompressobj(_GZIP_ALONE)
            try:
                piece = self._file.decompress(self._packed, PIECE)
            except zlib.error:
                raise HttpProblem("API015") from None
            ended = self._file.eof
            self._packed = self._file.unused_data if ended else self._file.unconsumed_tail
            # A full piece may leave more in zlib's own memory.
            self._full = len(piece) == PIECE and not ended
            if piece:
                return piece
        return b""
