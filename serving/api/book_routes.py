"""What the score book and the models say: children, lists, indicators, the models' cards, and
outcomes of visits."""

import datetime as dt
from dataclasses import asdict, replace
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from models.visits.listed_child import counted_to
from registry.contract.tables import LONGEST_TEXT
from serving.access.permissions import Person
from serving.answering.answers import chosen_language
from serving.api.score_routes import BODY_REFUSALS, read_json
from serving.api.shared_parts import answers
from serving.book import area_indicators
from serving.book.reader import day_of_reading
from serving.book.scorebook import BookRow, Run, Score
from serving.http.problems import HttpProblem
from serving.process.service_state import ServiceState
from serving.visits import keyed_outcomes, visit_outcomes
from serving.visits.capacity import DEFAULT_CAPACITY, MOST_VISITS
from serving.visits.keyed_outcomes import KeyedAnswer, answered_once
from serving.visits.lists import list_document, seen_of, told_of, visit_list
from serving.visits.visit_outcomes import VisitOutcome

Id = Annotated[str, Path(min_length=1, max_length=LONGEST_TEXT)]
Name = Annotated[str | None, Query(min_length=1, max_length=LONGEST_TEXT)]
AsOf = Annotated[
    dt.date | None,
    Query(description="the newest list made on or before this day; default: the newest"),
]
Capacity = Annotated[int, Query(ge=1, le=MOST_VISITS, description="visits that can be made")]


def router(state: ServiceState) -> APIRouter:
    """The routes over the score book."""
    routes = APIRouter()
    _children(routes, state)
    _lists(routes, state)
    _models(routes, state)
    return routes


def _asking(state: ServiceState, act: str) -> Any:
    """Gives a route the person who asks, whose role allows the act."""

    async def person(request: Request) -> Person:
        return await state.person(request, act)

    return Depends(person)


def json_answer(document: dict[str, Any], status: int = 200) -> Response:
    """A document as JSON."""
    return Response(orjson.dumps(document), status, media_type="application/json")


def _children(routes: APIRouter, state: ServiceState) -> None:
    viewer, visitor = _asking(state, "see_children"), _asking(state, "record_visits")

    @routes.get(
        "/children/{child_id:path}",
        tags=["Children"],
        operation_id="get_child",
        **answers("the child in the score book", "StoredChildAnswer", "API033"),
        response_class=Response,
    )
    def child(
        request: Request,
        person: Annotated[Person, viewer],
        child_id: Id,
        as_of: AsOf = None,
        history: bool = False,
    ) -> Response:
        """What the newest run (or that of a day) said of one child: state, step, both risks with
        all their reasons.

        `overdue_days` is counted to `counted_to`: today, or the day asked for; in the history, to
        each run's own day. With `history=true` also what earlier runs said, each with the models
        that said it.
        """
        reader = state.reader(person)
        run, row = reader.child(child_id, as_of)
        day = day_of_reading(run.as_of, as_of)
        now = replace(row, candidate=counted_to(row.candidate, day, as_of=run.as_of))
        document = child_document(run, now) | {"counted_to": day.isoformat()}
        if history:
            document["history"] = [child_document(*then) for then in reader.history(child_id)]
        state.noted(request, person, "child", [child_id])
        return json_answer(document)

    @routes.post(
        "/visits/{child_id:path}/outcome",
        tags=["Visits"],
        operation_id="record_outcome",
        status_code=201,
        openapi_extra=visit_outcomes.REQUEST_BODY,
        **answers(
            "noted",
            "OutcomeAnswer",
            *BODY_REFUSALS,
            "API017",
            "API018",
            "API033",
            status=201,
        ),
        response_class=Response,
    )
    async def outcome(
        request: Request, person: Annotated[Person, visitor], child_id: Id
    ) -> Response:
        """What a home visit found. It goes into the registry's visits, and the child leaves the
        list.

        A weight or an arm that was measured goes into the registry's measurements (source
        `home_visit`). The same visit sent again changes nothing; with an `Idempotency-Key` it also
        gets the same answer, for seven days. The body may come with `Content-Encoding: gzip`.
        """
        key = keyed_outcomes.key_given(request.scope["plain_headers"])
        asked = visit_outcomes.asked(
            await read_json(request), child_id=child_id, today=state.today()
        )
        if key is None:
            return json_answer(await visit_outcomes.record(state, request, person, asked), 201)
        told = await run_in_threadpool(_recorded_once, state, request, person, asked, key)
        answer = json_answer(told.document, 201)
        if told.replayed:
            answer.headers["Idempotent-Replayed"] = "true"
        return answer


def _recorded_once(
    state: ServiceState, request: Request, person: Person, asked: VisitOutcome, key: str
) -> KeyedAnswer:
    """An outcome with a key, noted once. A child that the person may see no more is answered as one
    that is not there."""
    state.reader(person).child(asked.child_id)
    told = answered_once(
        state.book_engine,
        person.name,
        key,
        asked,
        lambda: visit_outcomes.recorded(state, request, person, asked),
    )
    if told.replayed:
        state.noted(request, person, "outcome_repeated", [asked.child_id])
    return told


def child_document(run: Run, row: BookRow) -> dict[str, Any]:
    """One child of a run, as the API gives it."""
    candidate = seen_of(row.candidate)
    reasons = candidate.pop("reasons")
    return {
        "as_of": run.as_of.isoformat(),
        "made_at": run.made_at,
        **candidate,
        "reasons": reasons,
        "scores": {target: _score_document(score) for target, score in row.scores.items()},
        "protocol_version": run.facts.get("protocol_version"),
    }


def _score_document(score: Score) -> dict[str, Any]:
    said = asdict(score)
    return {"score_status": said.pop("status"), **said}


def _lists(routes: APIRouter, state: ServiceState) -> None:
    viewer, officer = _asking(state, "see_children"), _asking(state, "see_indicators")

    @routes.get(
        "/visits",
        tags=["Visits"],
        operation_id="list_visits",
        **answers("the list", "VisitListAnswer", "API033"),
        response_class=Response,
    )
    def visits(
        request: Request,
        person: Annotated[Person, viewer],
        sector: Name = None,
        as_of: AsOf = None,
        capacity: Capacity = DEFAULT_CAPACITY,
    ) -> Response:
        """Whom to visit first in a sector: who may die first, then what is late, then risk x what a
        visit can change.

        `rank` is the order of urgency. `for_the_anm` is work at the centres, outside the capacity;
        `beyond` has the children in danger for whom no visit is left.

        `sector` may be left out where the token is for one sector alone. Days late are counted to
        `counted_to`: today, or the day asked for.
        """
        reader = state.reader(person)
        listed = visit_list(reader, sector_id=sector, as_of=as_of, capacity=capacity)
        language = chosen_language(request.scope["plain_headers"].get("accept-language"))
        document = list_document(listed, language)
        state.noted(request, person, "list", told_of(listed))
        answer = json_answer(document)
        answer.headers["content-language"] = language
        return answer

    @routes.get(
        "/indicators",
        tags=["Area"],
        operation_id="get_indicators",
        **answers("figures by sector", "IndicatorsAnswer"),
        response_class=Response,
    )
    def indicators(
        person: Annotated[Person, officer], as_of: AsOf = None, months: bool = False
    ) -> Response:
        """Sectors side by side: children of the score book by state, danger, overdue (counted to
        `counted_to`, as on the sector's page and list), and how many events the risks add up to.

        `programme` has the care indicators (coverage, SAM, cured, defaulted, relapse, stay, gain,
        food) of each sector, project and district that the token holds whole: of the last month and
        of twelve months together, or of each month with `months=true`, over all children on the
        rolls. Figures under the smallest
        cell are given as null, so that no child can be told from them. All are counted by the
        scoring run, from the records of its day.
        """
        return json_answer(area_indicators.indicators(state.reader(person), as_of, months=months))


def _models(routes: APIRouter, state: ServiceState) -> None:
    reviewer = _asking(state, "see_model")

    @routes.get(
        "/models/champion",
        tags=["Models"],
        operation_id="get_champions",
        **answers("the models that answer now", "ChampionsAnswer", "API030"),
        response_class=Response,
    )
    async def champion(person: Annotated[Person, reviewer]) -> Response:
        """The card of each champion: version, what it was trained on, its figures, and what it must
        not be used for."""
        if not state.champions.now:
            raise HttpProblem("API030", headers={"Retry-After": "60"})
        return json_answer(
            {target: champion.card for target, champion in state.champions.now.items()}
        )
