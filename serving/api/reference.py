"""What a dashboard's programmer reads: the OpenAPI document, and a page made from it that needs no
network."""

from __future__ import annotations

import html
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response

from serving.answering.area_schemas import AREA_SCHEMAS
from serving.answering.book_schemas import BOOK_SCHEMAS
from serving.answering.growth_schemas import GROWTH_SCHEMAS
from serving.answering.schemas import components
from serving.api.shared_parts import PARAMETERS, share
from serving.export.event_pages import EVENT_SCHEMAS
from serving.export.export_formats import export_schemas
from serving.visits.visit_outcomes import OUTCOME_SCHEMA

SECURITY = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": (
            "`sanket token --role dashboard --scope district:ID`, or a token of the configured "
            "issuer"
        ),
    }
}


def openapi(api: FastAPI, most: int) -> dict[str, Any]:
    """The OpenAPI document, made once: FastAPI's routes, our schemas, the token that every route
    needs."""
    if api.openapi_schema is None:
        document = get_openapi(
            title=api.title,
            version=api.version,
            description=api.description,
            routes=api.routes,
            servers=[{"url": "/v1"}],
        )
        parts = document.setdefault("components", {})
        parts["schemas"] = {
            **components(most),
            **export_schemas(),
            **BOOK_SCHEMAS,
            **AREA_SCHEMAS,
            **GROWTH_SCHEMAS,
            **EVENT_SCHEMAS,
            "Outcome": OUTCOME_SCHEMA,
        }
        parts["securitySchemes"] = SECURITY
        document["security"] = [{"bearer": []}]
        share(document)
        api.openapi_schema = document
    return api.openapi_schema


def add_page(api: FastAPI) -> None:
    """Serve the page at `/docs`."""

    @api.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        return Response(page(api.openapi()), media_type="text/html; charset=utf-8")


STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
code,pre{font:14px/1.4 ui-monospace,monospace;background:#f3f3f0}pre{padding:1rem;overflow:auto}
h2{border-top:1px solid #bbb;padding-top:1.5rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #ddd}"""  # noqa: E501


def page(document: dict[str, Any]) -> str:
    """One HTML page: every route with its parameters, an example to paste, its answers; then the
    schemas."""
    routes = [
        _route(method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = [
        _schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items())
    ]
    info = document["info"]
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' "
        "content='width=device-width'>"
        f"<title>{_text(info['title'])} "
        f"API</title><style>{STYLE}</style><h1>{_text(info['title'])} API</h1>"
        f"<p>{_text(info['description'])}</p><p>Every route needs <code>Authorization: "
        "Bearer TOKEN</code>. "
        f"The same as a document: <a href='/v1/openapi.json'>openapi.json</a></p>{''.join(routes)}"
        f"<h2>Schemas</h2>{''.join(schemas)}</html>"
    )


def _route(method: str, path: str, operation: dict[str, Any]) -> str:
    answers = "".join(
        f"<tr><td>{_text(status)}<td>{_text(answer.get('description', ''))}"
        for status, answer in sorted(operation["responses"].items(), key=lambda item: str(item[0]))
    )
    parameters = "".join(
        (
            f"<tr><td><code>{_text(part['name'])}</code> "
            f"({_text(part['in'])})<td>{_text(part.get('description', ''))}"
        )
        for part in map(_parameter, operation.get("parameters", []))
    )
    example = _example(method, path, operation)
    return (
        f"<h2><code>{method} "
        f"/v1{_text(path)}</code></h2><p>{_text(operation.get('description', ''))}</p>"
        f"<table>{parameters}</table>{example}<table>{answers}</table>"
    )


def _parameter(part: dict[str, Any]) -> dict[str, Any]:
    """A parameter, or the shared one that it stands for."""
    shared: dict[str, Any] = PARAMETERS[part["$ref"].rpartition("/")[2]] if "$ref" in part else part
    return shared


def _example(method: str, path: str, operation: dict[str, Any]) -> str:
    command = f'curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:3000/v1{path}'
    body = (
        operation.get("requestBody", {})
        .get("content", {})
        .get("application/json", {})
        .get("example")
    )
    if body:
        text = orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()
        command += f" -X {method} -H 'Content-Type: application/json' -d '{text}'"
    return f"<pre>{_text(command)}</pre>"


def _schema(name: str, schema: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{_text(field)}</code><td>{_text(_kind(part))}<td>{_text(part.get('description', ''))}"  # noqa: E501
        for field, part in schema.get("properties", {}).items()
    )
    return f"<h3 id='{_text(name)}'>{_text(name)}</h3><table>{rows}</table>"


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    kind = schema.get("type", "")
    text = " or ".join(kind) if isinstance(kind, list) else kind
    if "items" in schema:
        text = f"list of {_kind(schema['items'])}"
    return (
        f"{text}: {', '.join(map(str, filter(None, schema['enum'])))}" if "enum" in schema else text
    )


def _text(value: object) -> str:
    return html.escape(str(value))
