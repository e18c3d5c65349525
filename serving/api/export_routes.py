"""`GET /export/{what}.{form}`: visit lists, children and indicators in bulk, for tools."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from serving.access.permissions import Person
from serving.answering.answers import chosen_language
from serving.api.book_routes import AsOf, Capacity
from serving.api.shared_parts import refused
from serving.export.export_formats import EXPORT_FORMATS
from serving.export.export_rows import ExportBatch, ExportQuestion, export_of
from serving.export.export_tag import export_tag
from serving.http.delivery import is_unchanged
from serving.process.service_state import ServiceState
from serving.visits.capacity import DEFAULT_CAPACITY

ACTS = {"visits": "see_children", "children": "see_children", "indicators": "see_indicators"}
"""What a role must be allowed for each export."""


def router(state: ServiceState) -> APIRouter:
    """The route of exports."""
    routes = APIRouter()

    @routes.get("/export/{what}.{form}", tags=["Bulk"], operation_id="export_rows", **_documents())
    async def export(
        request: Request,
        what: Annotated[Literal["visits", "children", "indicators"], Path()],
        form: Annotated[Literal["csv", "parquet", "jsonl"], Path()],
        as_of: AsOf = None,
        capacity: Capacity = DEFAULT_CAPACITY,
    ) -> Response:
        """Everything that the token's scope holds of one run, as one file: `visits` (the lists of
        every sector), `children` (each child's step and what each model said), `indicators` (each
        place and month).

        Columns have stable names with units; `docs/connect.md` says what each holds. The file
        comes as it is made, and each child is in the audit log before its row is sent; where that
        fails half way, the connection is broken off. In CSV a cell that a spreadsheet would run has
        an apostrophe before it.
        """
        person = await state.person(request, ACTS[what])
        language = chosen_language(request.scope["plain_headers"].get("accept-language"))
        question = ExportQuestion(what, as_of, capacity, language)
        return await run_in_threadpool(_answer, state, request, person, question, form)

    return routes


def _answer(
    state: ServiceState, request: Request, person: Person, question: ExportQuestion, form: str
) -> Response:
    reader = state.reader(person)
    run, batches = export_of(reader, question)
    etag = export_tag(reader, state.book_engine, run, question, form)
    if is_unchanged(request.scope["plain_headers"].get("if-none-match"), etag):
        # Nothing is made, and nobody is shown to anybody.
        return Response(status_code=304, headers={"etag": etag})
    made = EXPORT_FORMATS[form]
    name = f"sanket-{question.what}-{run.as_of.isoformat()}.{form}"
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "content-language": question.language,
        "etag": etag,
    }
    if request.scope.get("head_only"):
        return StreamingResponse(iter(()), media_type=made.media_type, headers=headers)
    parts = made.encoded(
        question.what,
        (batch.rows for batch in _audited(state, request, person, question.what, batches)),
    )
    # The first part is made now: what refuses it is answered as a problem, not by a broken file.
    first = next(parts, b"")
    return StreamingResponse(
        itertools.chain([first], parts), media_type=made.media_type, headers=headers
    )


def _audited(
    state: ServiceState,
    request: Request,
    person: Person,
    what: str,
    batches: Iterator[ExportBatch],
) -> Iterator[ExportBatch]:
    """The batches, each after its children were written into the audit log."""
    for batch in batches:
        state.noted(request, person, f"export_{what}", batch.child_ids)
        yield batch


def _documents() -> dict[str, Any]:
    rows = {
        "oneOf": [{"$ref": f"#/components/schemas/Export{what.title()}"} for what in sorted(ACTS)]
    }
    content: dict[str, Any] = {
        "text/csv": {"schema": {"type": "string"}},
        "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
        "application/jsonl": {"schema": {"type": "string", "format": "binary"}, "x-row": rows},
    }
    return {
        "responses": {200: {"description": "the file", "content": content}} | refused("API033"),
        "response_class": Response,
    }
