"""What the operations of the OpenAPI document share: how an answer is documented, the headers of
requests and answers, and examples that a test asks of a running service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from serving.http.problems import PROBLEM_SCHEMA, documented
from serving.language.languages import LANGUAGES

REFUSALS = (
    "API002",
    "API003",
    "API010",
    "API011",
    "API020",
    "API021",
    "API022",
    "API031",
    "API032",
    "API034",
    "API099",
)
"""What every route over the score book may refuse with."""
EXAMPLES = Path(__file__).with_name("examples.json")
"""Answers of a small made-up store, by operation (`tests/parity/test_api_examples.py` makes and
checks them)."""
SPOKEN = frozenset(
    {"score_children", "classify_children", "list_visits", "export_rows", "get_growth"}
)
"""Operations that answer in the language of Accept-Language."""
HEADERS: dict[str, Any] = {
    "RequestId": {
        "description": "quote this when you report a fault",
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "changes with the answer; send it back as If-None-Match",
        "schema": {"type": "string"},
    },
    "ContentLanguage": {
        "description": "the language of the words",
        "schema": {"type": "string", "enum": list(LANGUAGES)},
    },
    "RetryAfter": {"description": "seconds to wait", "schema": {"type": "integer"}},
    "WwwAuthenticate": {"description": "Bearer", "schema": {"type": "string"}},
    "IdempotentReplayed": {
        "description": "true: this is the answer of the first time that the key came",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
PARAMETERS: dict[str, Any] = {
    "AcceptLanguage": {
        "name": "Accept-Language",
        "in": "header",
        "description": f"{', '.join(LANGUAGES)}; the first where it names none of these",
        "schema": {"type": "string"},
        "example": "mr, en;q=0.5",
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "an ETag kept from before: 304 without a body where nothing has changed",
        "schema": {"type": "string"},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "any text of your own for one outcome, the same at each try: kept for seven "
        "days from its first use, by the token's name",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
        "example": "7f9c24e8-3b1a-4c5d-9e2f-0a1b2c3d4e5f",
    },
}
LINKS: dict[str, dict[str, tuple[str, dict[str, str]]]] = {
    "list_children": {
        "Child": ("get_child", {"child_id": "$response.body#/children/0/child_id"}),
        "Growth": ("get_growth", {"child_id": "$response.body#/children/0/child_id"}),
        "NextPage": ("list_children", {"cursor": "$response.body#/next"}),
        "Changed": ("list_children", {"changed_since": "$response.body#/told_at"}),
    },
    "list_visits": {
        "Child": ("get_child", {"child_id": "$response.body#/rows/0/child_id"}),
        "Outcome": ("record_outcome", {"child_id": "$response.body#/rows/0/child_id"}),
    },
    "list_areas": {"NextPage": ("list_areas", {"cursor": "$response.body#/next"})},
    "list_events": {"After": ("list_events", {"after": "$response.body#/next"})},
}
"""What of an answer another operation takes, by operation: a link's name, the other operation, its
parameters."""
_OF_STATUS = {
    "401": {"WWW-Authenticate": "WwwAuthenticate"},
    "409": {"Retry-After": "RetryAfter"},
    "429": {"Retry-After": "RetryAfter"},
    "503": {"Retry-After": "RetryAfter"},
}


def answers(description: str, schema: str, *codes: str, status: int = 200) -> dict[str, Any]:
    """A route's documented answers: a named schema, and the refusals of these codes."""
    named = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"responses": {status: {"description": description, "content": named}} | refused(*codes)}


def refused(*codes: str) -> dict[int | str, dict[str, object]]:
    """The refusals of a route over the score book, and these."""
    return documented(*dict.fromkeys((*REFUSALS, *codes)))


def share(document: dict[str, Any]) -> None:
    """Write into an OpenAPI document what its operations share."""
    parts = document["components"]
    parts["schemas"]["Problem"] = PROBLEM_SCHEMA
    parts["headers"], parts["parameters"] = HEADERS, PARAMETERS
    shown = orjson.loads(EXAMPLES.read_bytes())
    for methods in document["paths"].values():
        for method, operation in methods.items():
            _describe(method, operation)
            _link(operation)
            if example := shown.get(operation["operationId"]):
                _show(operation, example)


def _describe(method: str, operation: dict[str, Any]) -> None:
    """The headers of one operation, and for a GET its 304."""
    found, parameters = operation["responses"], operation.setdefault("parameters", [])
    if spoken := operation["operationId"] in SPOKEN:
        parameters.append({"$ref": "#/components/parameters/AcceptLanguage"})
    if method == "get":
        parameters.append({"$ref": "#/components/parameters/IfNoneMatch"})
        found["304"] = {"description": "nothing has changed since the ETag that was sent"}
    if keyed := operation["operationId"] == "record_outcome":
        parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
    for status, answer in found.items():
        named = {"X-Request-Id": "RequestId"} | _OF_STATUS.get(status, {})
        if status == "200" and spoken:
            named["Content-Language"] = "ContentLanguage"
        if status == "201" and keyed:
            named["Idempotent-Replayed"] = "IdempotentReplayed"
        if method == "get" and status in ("200", "304"):
            named["ETag"] = "ETag"
        refs = {name: {"$ref": f"#/components/headers/{header}"} for name, header in named.items()}
        answer["headers"] = answer.get("headers", {}) | refs


def _link(operation: dict[str, Any]) -> None:
    """The links of an operation's whole answer."""
    if links := LINKS.get(operation["operationId"]):
        operation["responses"]["200"]["links"] = {
            name: {"operationId": other, "parameters": parameters}
            for name, (other, parameters) in links.items()
        }


def _show(operation: dict[str, Any], example: object) -> None:
    """The example of an operation's whole answer."""
    for status, answer in operation["responses"].items():
        if status.startswith("2") and "application/json" in answer.get("content", {}):
            answer["content"]["application/json"]["example"] = example
