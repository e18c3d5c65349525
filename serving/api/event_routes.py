"""`GET /events`: what happened since, for a system that asks again and again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from serving.access.permissions import Person
from serving.api.book_routes import json_answer
from serving.api.child_list_routes import Limit
from serving.api.shared_parts import answers
from serving.export.event_pages import event_page
from serving.process.service_state import ServiceState

After = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=200,
        description="`next` of the answer before; left out: the oldest",
    ),
]


def router(state: ServiceState) -> APIRouter:
    """The route of events."""
    routes = APIRouter()

    async def viewer(request: Request) -> Person:
        return await state.person(request, "see_children")

    @routes.get(
        "/events",
        tags=["Events"],
        operation_id="list_events",
        **answers("events in their order", "EventPage", "API033"),
        response_class=Response,
    )
    def events(
        request: Request,
        person: Annotated[Person, Depends(viewer)],
        after: After = None,
        limit: Limit = 200,
    ) -> Response:
        """What happened in the token's scope, in the order in which it was written down: a run was
        published, a child is newly in danger, a visit's finding was entered, a model was promoted.

        Ask again with `after=` the answer's `next`, at once where `more` is true. Children are
        named by `child_key`, as in `/children`. Nothing is pushed; events are kept for a year, and
        `gap` says that some were removed before they were read: read `/children` anew.
        """
        page = event_page(state.reader(person), state.book_engine, after=after, limit=limit)
        if page.child_ids:
            state.noted(request, person, "events", page.child_ids)
        told = {"events": page.events, "next": page.next, "more": page.more, "gap": page.gap}
        return json_answer(told)

    return routes
