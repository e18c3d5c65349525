"""What went wrong, in one shape for everything: RFC 9457 problem details, with a code that
docs/serving.md explains.

A problem never repeats a value that was sent: the value may be a child's, and answers end up in
other systems' logs. It names the field, the bound and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson

MEDIA_TYPE = "application/problem+json"
PROBLEM_ROOT = "urn:sanket:problem:"


@dataclass(frozen=True)
class Kind:
    """One documented problem: its HTTP status and a title that never changes."""

    status: int
    title: str
    meaning: str


KINDS: dict[str, Kind] = {
    "API001": Kind(400, "The body is not JSON", "Send UTF-8 JSON, at most 64 levels deep."),
    "API002": Kind(
        422,
        "The request does not have the documented form",
        "`errors` names each field and its bound.",
    ),
    "API003": Kind(404, "Not found", "No such address, or nothing that this token may see."),
    "API004": Kind(
        405, "Method not allowed", "The header Allow names the methods of this address."
    ),
    "API005": Kind(413, "The body is too large", "Send fewer children in one request."),
    "API006": Kind(415, "The body must be application/json", "Set Content-Type: application/json."),
    "API007": Kind(
        408, "The body did not arrive in time", "Send the whole body within the time limit."
    ),
    "API008": Kind(431, "The headers are too large", "Send fewer or shorter headers and cookies."),
    "API009": Kind(408, "The headers did not arrive in time", "Send a request's headers at once."),
    "API010": Kind(
        401, "A valid token is needed", "Send Authorization: Bearer TOKEN; see `sanket token`."
    ),
    "API011": Kind(403, "This token may not do this", "Ask for a token of another role."),
    "API012": Kind(
        403, "This form was sent from another site", "Open the page from the service's own address."
    ),
    "API013": Kind(
        400, "This is no HTTP request", "Send HTTP/1.1, with a valid request line and headers."
    ),
    "API020": Kind(429, "Too many requests", "Wait for the seconds that Retry-After names."),
    "API021": Kind(503, "The service is too busy", "Wait for the seconds that Retry-After names."),
    "API022": Kind(504, "The request took too long", "Send fewer children in one request."),
    "API030": Kind(
        503,
        "No model is ready for this",
        "Train or promote a model; `/readyz` says which is missing.",
    ),
    "API031": Kind(
        503, "The score book cannot be read", "Its database is not reachable; scoring still works."
    ),
    "API032": Kind(
        404, "Nothing is scored yet", "Ask for a later day; the programme scores by `sanket score`."
    ),
    "API033": Kind(
        503,
        "This cannot be written down",
        "The database is full or not reachable; try again later.",
    ),
    "API034": Kind(
        503,
        "The token's issuer cannot be reached",
        "Its signing keys could not be fetched; try later.",
    ),
    "API099": Kind(500, "Our fault", "Report the request id; nothing of the request was kept."),
}
"""Every problem that the service may answer with. The codes are public and stay."""


@dataclass
class Problem(Exception):
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


async def send_problem(send, problem: Problem, request_id: str = "") -> None:
    """Answer a plain ASGI request with a problem."""
    body = problem.encoded(request_id)
    headers = {"content-type": MEDIA_TYPE, "content-length": str(len(body)), **problem.headers}
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "description": "`urn:sanket:problem:` and the code"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable; explained in docs/serving.md"},
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
    answers: dict[int | str, dict[str, object]] = {}
    for code in codes:
        kind = KINDS[code]
        content = {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}
        known = answers.setdefault(kind.status, {"description": "", "content": content})
        known["description"] = "; ".join(
            filter(None, (known["description"], f"{code}: {kind.title}"))
        )
    return answers
