"""Which other sites' pages may read the API from a browser (CORS): those of
SANKET_ALLOWED_ORIGINS, none by default."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from registry.contract.errors import BadInput

RawHeaders = list[tuple[bytes, bytes]]
API = ("/v1/", "/fhir/")
"""The API alone: pages are carried by a cookie, and no other site's business."""
ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-fA-F:]+\](:\d{1,5})?")
_PREFLIGHT: RawHeaders = [
    (b"access-control-allow-methods", b"GET, HEAD, POST"),
    (
        b"access-control-allow-headers",
        b"Authorization, Content-Type, Content-Encoding, Accept-Language, If-None-Match, "
        b"Idempotency-Key, X-Request-Id",
    ),
    (b"access-control-max-age", b"600"),
]
_EXPOSED = (
    b"access-control-expose-headers",
    b"ETag, Content-Language, Retry-After, X-Request-Id, Idempotent-Replayed, Content-Disposition",
)
_VARY = (b"vary", b"Origin")


@dataclass(frozen=True)
class Origins:
    """The origins that may read answers. No credentials are allowed with them: a token is sent by
    the page's own script, never by a cookie."""

    allowed: frozenset[str] = frozenset()

    @classmethod
    def configured(cls) -> Origins:
        """From SANKET_ALLOWED_ORIGINS: origins (https://dashboard.example.org) separated by commas.
        BadInput LIM001 for one that is none, and for `*`."""
        texts = os.environ.get("SANKET_ALLOWED_ORIGINS", "").split(",")
        named = [text.strip().rstrip("/") for text in texts if text.strip()]
        if not all(map(ORIGIN.fullmatch, named)):
            raise BadInput(
                "LIM001",
                "SANKET_ALLOWED_ORIGINS must be origins separated by commas, such as "
                "https://dashboard.example.org, each with http:// or https:// and without a path",
            )
        return cls(frozenset(name.lower() for name in named))

    def told(self, path: str, origin: str | None) -> RawHeaders:
        """The headers by which a browser lets a page of this origin read an answer."""
        if not self.allowed or not path.startswith(API):
            return []
        if origin is None or origin not in self.allowed:
            return [_VARY]
        return [_VARY, (b"access-control-allow-origin", origin.encode("latin-1")), _EXPOSED]

    def preflight(self, path: str, headers: dict[str, str]) -> RawHeaders | None:
        """The answer to a browser that asks before it sends; None where this is no such question
        or there is nobody to allow, and an empty one for an origin that is not allowed."""
        asked = "access-control-request-method" in headers and path.startswith(API)
        if not (asked and self.allowed):
            return None
        return _PREFLIGHT if headers.get("origin") in self.allowed else []
