"""What went wrong, in one shape for everything: RFC 9457 problem details, with a code that
docs/serving.md and docs/errors.md explain.

A problem never repeats a value that was sent: the value may be a child's, and answers end up in
other systems' logs. It names the field, the bound and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.types import Send

from registry.contract.error_codes import codes_of
from registry.contract.errors import SanketError
from serving.errors import (
    AnsweringStill,
    BookUnreadable,
    IssuerUnreachable,
    KeyTaken,
    NeverKept,
    NoScoreBook,
    NothingScored,
    NotKept,
    NotPermitted,
    OtherSite,
    OutcomeRefused,
    OutOfScope,
    PastDeadline,
    SectorNotNamed,
    ServingError,
    UnknownToken,
)

MEDIA_TYPE = "application/problem+json"
PROBLEM_ROOT = "urn:sanket:problem:"


@dataclass(frozen=True)
class Kind:
    """One documented problem: its HTTP status and a title that never changes."""

    status: int
    title: str
    meaning: str


STATUS: dict[str, int] = {
    "API001": 400,
    "API002": 422,
    "API003": 404,
    "API004": 405,
    "API005": 413,
    "API006": 415,
    "API007": 408,
    "API008": 431,
    "API009": 408,
    "API010": 401,
    "API011": 403,
    "API012": 403,
    "API013": 400,
    "API014": 415,
    "API015": 400,
    "API016": 403,
    "API017": 422,
    "API018": 409,
    "API020": 429,
    "API021": 503,
    "API022": 504,
    "API030": 503,
    "API031": 503,
    "API032": 404,
    "API033": 503,
    "API034": 503,
    "API099": 500,
}
"""The HTTP status of each code."""
KINDS: dict[str, Kind] = {
    code: Kind(STATUS[code], said.title, said.advice) for code, said in codes_of("API").items()
}
"""Every problem that the service may answer with. The codes are public and stay."""


@dataclass
class HttpProblem(Exception):
    """A request that cannot be answered. `errors` are `{"field", "problem"}` pairs without the
    values sent."""

    code: str
    detail: str = ""
    errors: list[dict[str, object]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status of this problem's kind."""
        return KINDS[self.code].status

    @property
    def title(self) -> str:
        """The title of this problem's kind."""
        return KINDS[self.code].title

    def document(self, request_id: str = "") -> dict[str, object]:
        """The problem details (RFC 9457) with our `code`, `request_id` and, where fields are at
        fault, `errors`."""
        kind = KINDS[self.code]
        document: dict[str, object] = {
            "type": PROBLEM_ROOT + self.code,
            "title": kind.title,
            "status": kind.status,
            "code": self.code,
            "detail": self.detail or kind.meaning,
        }
        if request_id:
            document["request_id"] = request_id
        if self.errors:
            document["errors"] = self.errors
        return document

    def encoded(self, request_id: str = "") -> bytes:
        """The document as UTF-8 JSON."""
        return orjson.dumps(self.document(request_id))


TOLD_AS: dict[type[ServingError], tuple[str, dict[str, str]]] = {
    BookUnreadable: ("API031", {"Retry-After": "5"}),
    NoScoreBook: ("API031", {}),
    NothingScored: ("API032", {}),
    OutOfScope: ("API003", {}),
    SectorNotNamed: ("API002", {}),
    OutcomeRefused: ("API002", {}),
    NotKept: ("API033", {"Retry-After": "30"}),
    NeverKept: ("API033", {}),
    KeyTaken: ("API017", {}),
    AnsweringStill: ("API018", {"Retry-After": "1"}),
    UnknownToken: ("API010", {"WWW-Authenticate": 'Bearer realm="sanket"'}),
    NotPermitted: ("API011", {}),
    OtherSite: ("API012", {}),
    IssuerUnreachable: ("API034", {"Retry-After": "5"}),
    PastDeadline: ("API022", {}),
}
"""What an HTTP client is told of each refusal of the rooms below: the code, and the headers."""


def http_problem(error: ServingError) -> HttpProblem:
    """What an HTTP client is told of a refusal: what its code says. Its message is for the command
    line."""
    code, headers = TOLD_AS[type(error)]
    return HttpProblem(code, errors=error.errors, headers=dict(headers))


def told_to_clients(error: SanketError) -> HttpProblem | None:
    """The problem that stands for an error from below HTTP; None where it is none of the
    asker's."""
    if isinstance(error, ServingError):
        return http_problem(error)
    return HttpProblem("API002", error.message) if error.exit_code in (2, 3) else None


async def send_problem(send: Send, problem: HttpProblem, request_id: str = "") -> None:
    """Answer a plain ASGI request with a problem."""
    body = problem.encoded(request_id)
    headers = {"content-type": MEDIA_TYPE, "content-length": str(len(body)), **problem.headers}
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "why a request is refused (RFC 9457)",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "description": "`urn:sanket:problem:` and the code"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {
            "type": "string",
            "enum": list(KINDS),
            "description": "stable; explained in docs/serving.md",
        },
        "detail": {"type": "string", "description": "what to do"},
        "request_id": {"type": "string", "description": "quote this when you report a fault"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "problem"],
                "properties": {"field": {"type": "string"}, "problem": {"type": "string"}},
            },
        },
    },
}


def documented(*codes: str) -> dict[int | str, dict[str, object]]:
    """OpenAPI responses for these codes, one per status."""
    told: dict[int, list[str]] = {}
    for code in codes:
        told.setdefault(KINDS[code].status, []).append(f"{code}: {KINDS[code].title}")
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": "; ".join(titles), "content": content}
        for status, titles in told.items()
    }
