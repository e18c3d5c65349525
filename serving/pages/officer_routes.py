"""The addresses of the officers' pages: areas, what came of lists, forecasts and maps, escalations,
pairs of records."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from serving.http.problems import HttpProblem
from serving.pages.areas import (
    area_page,
    expected_page,
    lists_page,
    map_page,
    supply_page,
    visits_page,
)
from serving.pages.areas.funnels import funnel_page
from serving.pages.areas.report import report_formats
from serving.pages.areas.report.report_formats import REPORT_FORMS
from serving.pages.escalation import escalation_page
from serving.pages.links import links_page
from serving.pages.session import form_of, from_our_pages, reader_of_page, see_other, spoken
from serving.process.service_state import ServiceState

Endpoint = Callable[[ServiceState, Request], Awaitable[Response]]


async def _areas(state: ServiceState, request: Request) -> Response:
    person = await reader_of_page(state, request, "see_areas")
    query = dict(request.query_params)
    return await run_in_threadpool(area_page.home, state, request, person, spoken(request), query)


async def _area(state: ServiceState, request: Request) -> Response:
    return await _of_area(state, request, area_page.show)


async def _compare(state: ServiceState, request: Request) -> Response:
    return await _of_area(state, request, funnel_page.show)


async def _forecast(state: ServiceState, request: Request) -> Response:
    return await _of_area(state, request, expected_page.show)


async def _map(state: ServiceState, request: Request) -> Response:
    return await _of_area(state, request, map_page.show)


async def _supply(state: ServiceState, request: Request) -> Response:
    return await _of_area(state, request, supply_page.show)


async def _lists(state: ServiceState, request: Request) -> Response:
    return await _of_area(state, request, lists_page.show)


async def _report(state: ServiceState, request: Request) -> Response:
    """An area's monthly report, as a file."""
    form = request.path_params["form"]
    if form not in REPORT_FORMS:
        raise HttpProblem("API003")
    person = await reader_of_page(state, request, "see_areas")
    return await run_in_threadpool(
        report_formats.answer,
        state,
        request,
        person,
        spoken(request),
        level=request.path_params["level"],
        area_id=request.path_params["area_id"],
        form=form,
    )


async def _of_area(
    state: ServiceState, request: Request, show: Callable[..., Response]
) -> Response:
    """A page of the area that the address names."""
    person = await reader_of_page(state, request, "see_areas")
    return await run_in_threadpool(
        show,
        state,
        request,
        person,
        spoken(request),
        level=request.path_params["level"],
        area_id=request.path_params["area_id"],
        query=dict(request.query_params),
    )


async def _visits_made(state: ServiceState, request: Request) -> Response:
    person = await reader_of_page(state, request, "see_indicators")
    return await run_in_threadpool(visits_page.show, state, request, person, spoken(request))


async def _escalations(state: ServiceState, request: Request) -> Response:
    person = await reader_of_page(state, request, "see_areas")
    query = dict(request.query_params)
    return await run_in_threadpool(
        escalation_page.show, state, request, person, spoken(request), query
    )


async def _escalation(state: ServiceState, request: Request) -> Response:
    """One escalation; closing it, or opening it again, is a form."""
    closes, number = request.method == "POST", request.path_params["number"]
    if closes:
        from_our_pages(request)
    act = "close_escalations" if closes else "see_children"
    person = await reader_of_page(state, request, act)
    if not closes:
        return await run_in_threadpool(
            escalation_page.one, state, request, person, spoken(request), number=number
        )
    form = await form_of(request)
    return await run_in_threadpool(
        escalation_page.close, state, request, person, spoken(request), form, number=number
    )


async def _links(state: ServiceState, request: Request) -> Response:
    """Pairs of records that may be one child."""
    person = await reader_of_page(state, request, "see_children")
    query = dict(request.query_params)
    return await run_in_threadpool(links_page.show, state, request, person, spoken(request), query)


async def _link(state: ServiceState, request: Request) -> Response:
    """An officer's decision about one pair is a form."""
    from_our_pages(request)
    person = await reader_of_page(state, request, "decide_links")
    form, number = await form_of(request), request.path_params["number"]
    return await run_in_threadpool(links_page.take, state, request, person, form, number=number)


async def _district(state: ServiceState, request: Request) -> Response:
    """Where the areas' pages were before."""
    return see_other("/areas")


OFFICERS_PAGES: list[tuple[str, Endpoint, list[str]]] = [
    ("/areas", _areas, ["GET"]),
    ("/areas/visits", _visits_made, ["GET"]),
    ("/areas/{level}/{area_id:path}", _area, ["GET"]),
    ("/report/{form}/{level}/{area_id:path}", _report, ["GET"]),
    ("/lists/{level}/{area_id:path}", _lists, ["GET"]),
    ("/compare/{level}/{area_id:path}", _compare, ["GET"]),
    ("/forecast/{level}/{area_id:path}", _forecast, ["GET"]),
    ("/supply/{level}/{area_id:path}", _supply, ["GET"]),
    ("/map/{level}/{area_id:path}", _map, ["GET"]),
    ("/escalations", _escalations, ["GET"]),
    ("/escalations/{number:int}", _escalation, ["GET", "POST"]),
    ("/links", _links, ["GET"]),
    ("/links/{number:int}", _link, ["POST"]),
    ("/district", _district, ["GET"]),
]
"""Address, what answers, and by which methods."""
