"""`GET /children`: the children of the scope, filtered, page by page, and what changed since."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator, AwareDatetime
from starlette.requests import Request
from starlette.responses import Response

from care.pathway.decide import STATES, STEPS
from models.targets import TARGETS
from serving.access.permissions import Person
from serving.api.book_routes import Name, child_document, json_answer
from serving.api.shared_parts import answers
from serving.export.child_list import ChildFilter, child_page
from serving.http.delivery import tag_of
from serving.process.service_state import ServiceState

MOST_AT_ONCE = 1000
EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def known_codes(codes: Sequence[str]) -> AfterValidator:
    """That a text of a query is one of these, or left out."""

    def checked(text: str | None) -> str | None:
        if text is not None and text not in codes:
            raise ValueError(f"must be one of {', '.join(codes)}")
        return text

    return AfterValidator(checked)


def told_codes(codes: Sequence[str], meaning: str, *, alias: str | None = None) -> Any:
    return Query(alias=alias, description=meaning, json_schema_extra={"enum": list(codes)})


TARGET_NAMES = tuple(TARGETS)
State = Annotated[
    str | None,
    known_codes(STATES),
    told_codes(STATES, "where the protocol places the child", alias="state"),
]
Step = Annotated[str | None, known_codes(STEPS), told_codes(STEPS, "what the protocol asks for")]
TargetName = Annotated[
    str | None,
    known_codes(TARGET_NAMES),
    told_codes(TARGET_NAMES, "only children scored for this event"),
]
MinRisk = Annotated[
    float | None,
    Query(ge=0, le=1, description="at least this risk, of `target` or else of any event"),
]
Since = Annotated[
    AwareDatetime | None,
    Query(description="only what changed since: `told_at` of the first page of the last time"),
]
CursorText = Annotated[
    str | None, Query(min_length=1, max_length=2000, description="`next` of the page before")
]
Limit = Annotated[int, Query(ge=1, le=MOST_AT_ONCE)]


def router(state: ServiceState) -> APIRouter:
    """The route of the list of children."""
    routes = APIRouter()

    async def viewer(request: Request) -> Person:
        return await state.person(request, "see_children")

    @routes.get(
        "/children",
        tags=["Children"],
        operation_id="list_children",
        **answers("one page", "ChildPage", "API033"),
        response_class=Response,
    )
    def children(
        request: Request,
        person: Annotated[Person, Depends(viewer)],
        state_is: State = None,
        danger: bool | None = None,
        step: Step = None,
        target: TargetName = None,
        min_risk: MinRisk = None,
        centre: Name = None,
        sector: Name = None,
        changed_since: Since = None,
        cursor: CursorText = None,
        limit: Limit = 200,
    ) -> Response:
        """The children of the token's scope, by sector.

        Go on with `cursor=` the answer's `next` until it is null; a page may hold fewer than
        `limit`, even none. All pages are of one run, whatever is scored meanwhile. `child_key` is a
        keyed hash that stays the same: with `changed_since`, the last page names by it who is gone
        from the book or the scope (`left`) and who was erased (`forgotten`: erase them too). A
        change may be told twice, and is never left out; days late alone are no change.
        """
        asked = ChildFilter(
            state=state_is,
            danger=danger,
            step=step,
            centre=centre,
            sector=sector,
            target=target,
            min_risk=min_risk,
            changed_since=None if changed_since is None else max(changed_since, EARLIEST),
        )
        page = child_page(
            state.reader(person), state.book_engine, asked, cursor=cursor, limit=limit
        )
        state.noted(
            request, person, "children", [row.candidate.child_id for _, row in page.children]
        )
        children = [
            {"child_key": key} | child_document(page.run, row) for key, row in page.children
        ]
        told = {
            "as_of": page.run.as_of.isoformat(),
            "counted_to": page.counted_to,
            "children": children,
            "left": page.left,
            "forgotten": page.forgotten,
        }
        # A page told at another time, with a cursor that says so, is the same page.
        same = orjson.dumps(told | {"run": page.run.run, "more": page.next is not None})
        answer = json_answer(told | {"told_at": page.told_at, "next": page.next})
        answer.headers["etag"] = tag_of(same)
        return answer

    return routes
