"""`GET /growth/{child_id}`: a stored child's growth history with a chart's coordinates."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from models.visits.ranking import IN_TREATMENT
from serving.access.permissions import Person
from serving.answering.answers import chosen_language
from serving.answering.child_growth import growth_document
from serving.api.book_routes import AsOf, Id, json_answer
from serving.api.shared_parts import answers
from serving.book.scorebook import BookRow
from serving.errors import NoScoreBook
from serving.language.words import words
from serving.process.service_state import ServiceState


def router(state: ServiceState) -> APIRouter:
    """The route of growth histories."""
    routes = APIRouter()

    async def viewer(request: Request) -> Person:
        return await state.person(request, "see_children")

    @routes.get(
        "/growth/{child_id:path}",
        tags=["Children"],
        operation_id="get_growth",
        **answers("the child's growth", "GrowthAnswer", "API033"),
        response_class=Response,
    )
    def growth(
        request: Request,
        person: Annotated[Person, Depends(viewer)],
        child_id: Id,
        as_of: AsOf = None,
    ) -> Response:
        """A child's measurements as known on the scoring day, each with its z-scores and where a
        chart draws it; WHO's lines and bands; stays in treatment; and, for a child who is scored
        and not in treatment, where the next eight weeks' readings would lie.

        All coordinates are days of age and the panel's unit. `words` are a chart's words in the
        language of Accept-Language.
        """
        if state.store_address is None:
            raise NoScoreBook("this service has no store")
        run, row = state.reader(person).child(child_id, as_of)
        language = chosen_language(request.scope["plain_headers"].get("accept-language"))
        state.noted(request, person, "growth", [child_id])
        document = growth_document(
            state.store_address, child_id, run.as_of, words(language), projected=_goes_on(row)
        )
        answer = json_answer(document)
        answer.headers["content-language"] = language
        return answer

    return routes


def _goes_on(row: BookRow) -> bool:
    """Whether what was may be carried on, as on the child's page: treatment lifts a child above
    it."""
    scored = any(score.risk is not None for score in row.scores.values())
    return scored and row.candidate.state not in IN_TREATMENT
