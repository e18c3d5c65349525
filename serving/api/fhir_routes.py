"""The routes of /fhir: what the service can (CapabilityStatement), a child with all that is known
of it, search by area and date, and all children as NDJSON; with the tokens, scopes and audit of
/v1."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Sequence

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from registry.contract.errors import SanketError
from serving.access.permissions import Person
from serving.answering.answers import chosen_language
from serving.errors import OutOfScope
from serving.export.child_list import child_keys
from serving.fhir.capability import READABLE, SEARCHES, capability_statement
from serving.fhir.fhir_export import TYPES, ndjson, resource_batches
from serving.fhir.fhir_parts import Resource, filled
from serving.fhir.fhir_search import Dates, Search, SearchCursor, area_of, child_of_key, found
from serving.fhir.stored_children import FhirChild, FhirSource
from serving.http.problems import HttpProblem, told_to_clients
from serving.language.words import words
from serving.process.service_state import ServiceState

MEDIA_TYPE, NDJSON = "application/fhir+json", "application/fhir+ndjson"
MOST_CHILDREN = 200
ISSUES = {401: "login", 403: "forbidden", 404: "not-found", 422: "invalid", 429: "throttled"}
"""By status, FHIR's type of what is wrong; of others `exception`."""
Asked = Callable[[ServiceState, Request, Person], Response]


def routes(state: ServiceState) -> list[Route]:
    """The routes of /fhir, each a GET."""

    async def metadata(request: Request) -> Response:
        return _answer(capability_statement())

    named: dict[str, Asked] = {
        "/fhir/$export": _export,
        "/fhir/Patient/{key}/$everything": _everything,
        "/fhir/{kind}/{name}": _read,
        "/fhir/{kind}": _search,
    }
    guarded = [
        Route(path, _guarded(state, asked), methods=["GET"]) for path, asked in named.items()
    ]
    return [Route("/fhir/metadata", metadata, methods=["GET"]), *guarded]


def _guarded(state: ServiceState, asked: Asked) -> Callable[..., object]:
    """An endpoint for who may see children; a refusal is an OperationOutcome."""

    async def endpoint(request: Request) -> Response:
        try:
            person = await state.person(request, "see_children")
            return await run_in_threadpool(asked, state, request, person)
        except (HttpProblem, SanketError) as error:
            problem = error if isinstance(error, HttpProblem) else told_to_clients(error)
            if problem is None:
                raise
            return _outcome(problem, request)

    return endpoint


def _outcome(problem: HttpProblem, request: Request) -> Response:
    said = [f"{one['field']}: {one['problem']}" for one in problem.errors]
    issue = {
        "severity": "error",
        "code": ISSUES.get(problem.status, "exception"),
        "details": {"coding": [{"system": "urn:sanket:problem", "code": problem.code}]},
        "diagnostics": "; ".join([str(problem.document()["detail"]), *said]),
    }
    document = {"resourceType": "OperationOutcome", "issue": [issue]}
    return _answer(document, problem.status, problem.headers)


def _answer(
    document: Resource, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    return Response(orjson.dumps(document), status, headers=headers, media_type=MEDIA_TYPE)


def _source(
    state: ServiceState, request: Request, person: Person, run: int | None = None
) -> FhirSource:
    """The run that is asked for (`as-of`, or a cursor's), in the language of Accept-Language."""
    said = request.query_params.get("as-of")
    reader = state.reader(person)
    found_run = reader.run(_day(said)) if run is None else reader.run_numbered(run)
    language = chosen_language(request.scope["plain_headers"].get("accept-language"))
    engine = state.book_engine
    return FhirSource(str(state.store_address), found_run, child_keys(engine), words(language))


def _day(said: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(said) if said is not None else None
    except ValueError:
        raise _refused("as-of", "is a day, YYYY-MM-DD") from None


def _refused(field: str, problem: str) -> HttpProblem:
    return HttpProblem("API002", errors=[{"field": field, "problem": problem}])


def _only(request: Request, *known: str) -> None:
    """Refuse a parameter that nobody would read: left out silently it would widen the search."""
    for name in request.query_params:
        if name not in (*known, "as-of", "_format"):
            raise _refused("parameter", f"is not known here; known are {', '.join(known)}, as-of")


def _everything(state: ServiceState, request: Request, person: Person) -> Response:
    _only(request)
    source = _source(state, request, person)
    child = child_of_key(source, state.reader(person), request.path_params["key"])
    state.noted(request, person, "fhir_child", [child.child_id])
    return _answer(_bundle(request, [(child, child.resources)], None))


def _read(state: ServiceState, request: Request, person: Person) -> Response:
    kind, name = request.path_params["kind"], request.path_params["name"]
    _only(request)
    if kind not in READABLE:
        raise HttpProblem("API003")
    source = _source(state, request, person)
    # An id begins with its child's key.
    child = child_of_key(source, state.reader(person), name[:32])
    for one in child.resources:
        if (one["resourceType"], one["id"]) == (kind, name):
            state.noted(request, person, "fhir_child", [child.child_id])
            return _answer(one)
    raise OutOfScope("there is no such resource")


def _search(state: ServiceState, request: Request, person: Person) -> Response:
    asked = _asked(request)
    text = request.query_params.get("_cursor")
    cursor = None if text is None else SearchCursor.of(text, asked)
    source = _source(state, request, person, None if cursor is None else cursor.run)
    page = found(source, state.reader(person), asked, cursor)
    state.noted(request, person, "fhir_search", [child.child_id for child, _ in page.children])
    return _answer(_bundle(request, page.children, page.next))


def _asked(request: Request) -> Search:
    """The search of a request. HttpProblem API002, API003 for a type that is not served."""
    kind, params = request.path_params["kind"], request.query_params
    if kind not in SEARCHES:
        raise HttpProblem("API003")
    _only(request, *SEARCHES[kind], "_count", "_cursor")
    try:
        dates = tuple(Dates.of(said) for said in params.getlist("date"))
    except ValueError as error:
        raise _refused("date", str(error)) from None
    try:
        area = area_of(params["organization"]) if "organization" in params else None
    except ValueError as error:
        raise _refused("organization", str(error)) from None
    child = next((params[name] for name in ("patient", "subject", "_id") if name in params), None)
    key = child.removeprefix("Patient/") if child is not None else None
    return Search(kind, key, area, dates, _count(params.get("_count", "50")))


def _count(said: str) -> int:
    if not (said.isascii() and said.isdigit() and 1 <= int(said[:9]) <= MOST_CHILDREN):
        raise _refused("_count", f"is a whole number from 1 to {MOST_CHILDREN}")
    return int(said)


def _bundle(
    request: Request, children: Sequence[tuple[FhirChild, list[Resource]]], after: str | None
) -> Resource:
    """A searchset: what was found, then the Organizations that Patients refer to."""
    base = f"{request.base_url}fhir"
    links = [{"relation": "self", "url": str(request.url)}]
    if after is not None:
        # The run of the pages before goes on, whatever is scored meanwhile.
        url = request.url.remove_query_params(["as-of"]).include_query_params(_cursor=after)
        links.append({"relation": "next", "url": str(url)})
    told = [("match", one) for _, resources in children for one in resources]
    if any(one["resourceType"] == "Patient" for _, one in told):
        areas = {one["id"]: one for child, _ in children for one in child.area}
        told += [("include", one) for one in areas.values()]
    entries = [
        {
            "fullUrl": f"{base}/{one['resourceType']}/{one['id']}",
            "resource": one,
            "search": {"mode": mode},
        }
        for mode, one in told
    ]
    return filled({"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries})


def _export(state: ServiceState, request: Request, person: Person) -> Response:
    _only(request, "_type", "_outputFormat")
    wanted = request.query_params.get("_type")
    kinds = TYPES if wanted is None else tuple(wanted.split(","))
    if unknown := set(kinds) - set(TYPES):
        raise _refused("_type", f"is one or more of {', '.join(TYPES)}, not {len(unknown)} others")
    source = _source(state, request, person)
    if request.scope.get("head_only"):
        return StreamingResponse(iter(()), media_type=NDJSON)

    def noted(child_ids: list[str]) -> None:
        state.noted(request, person, "export_fhir", child_ids)

    parts = (
        ndjson([one for one in batch if one["resourceType"] in kinds])
        for batch in resource_batches(source, state.reader(person), noted)
    )
    # The first part is made now: what refuses it is answered as a refusal, not by a broken file.
    first = next(parts, b"")
    return StreamingResponse(itertools.chain([first], parts), media_type=NDJSON)
