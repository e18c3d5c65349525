"""`GET /areas`: the programme from the state down to each centre, all levels in one shape."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from serving.access.permissions import Person
from serving.api.book_routes import AsOf, Name, json_answer
from serving.api.child_list_routes import CursorText, Limit, known_codes, told_codes
from serving.api.shared_parts import answers
from serving.book.areas.area_rollups import DOWNWARDS, AreaQuestion, area_page
from serving.book.scoring.area_rows import MONTHS
from serving.process.service_state import ServiceState

Level = Annotated[
    str | None,
    known_codes(DOWNWARDS),
    told_codes(DOWNWARDS, "one level; left out: all above the centres"),
]
Months = Annotated[
    int, Query(ge=0, le=MONTHS, description="so many of the last months, beside the period of all")
]


def router(state: ServiceState) -> APIRouter:
    """The route of areas."""
    routes = APIRouter()

    async def officer(request: Request) -> Person:
        return await state.person(request, "see_indicators")

    @routes.get(
        "/areas",
        tags=["Area"],
        operation_id="list_areas",
        **answers("one page of areas", "AreaPage"),
        response_class=Response,
    )
    def areas(
        person: Annotated[Person, Depends(officer)],
        level: Level = None,
        district: Name = None,
        project: Name = None,
        sector: Name = None,
        months: Months = 1,
        as_of: AsOf = None,
        cursor: CursorText = None,
        limit: Limit = 200,
    ) -> Response:
        """The care programme's indicators of each area that the token holds whole, from the state
        down to centres, with the areas that hold it: by month, and of the period of all months.

        Of all children on the rolls, counted by the scoring run. What is withheld was decided then,
        over all levels and months together. Go on with `cursor=` the answer's `next` until it is
        null; a sector's centres come together, so a page of centres may hold more than `limit`.
        """
        asked = AreaQuestion(level, district, project, sector, months)
        page = area_page(state.reader(person), asked, as_of=as_of, cursor=cursor, limit=limit)
        facts = page.run.facts
        return json_answer(
            {
                "as_of": page.run.as_of.isoformat(),
                "synthetic": bool(facts.get("synthetic")),
                "protocol_version": facts.get("protocol_version"),
                "areas": page.areas,
                "next": page.next,
            }
        )

    return routes
