"""What a visit found, as a form sends it: kept, asked for once more, or given back with its values
and why."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from serving.access.permissions import Person
from serving.book.scoring.child_asked import child_asked
from serving.book.ticks import NEEDS_SOMEBODY
from serving.errors import OutcomeRefused
from serving.http.problems import http_problem
from serving.language.arm import arm_mm
from serving.language.words import Words
from serving.pages.session import own_path, see_other
from serving.pages.templates import html
from serving.process.service_state import ServiceState
from serving.visits import visit_outcomes
from serving.visits.sheet_lines import TICK_BOXES

NONE_FITS = "none"
"""On a form, the choice beside the findings: nothing but what was measured is kept, and the child
stays listed."""
FIELDS = ("finding", "visited_on", "weight_kg", "muac_mm")
MUST_BE_CONFIRMED = 428
"""The status of the page that asks once more: no success, so that a script never takes it for one.
"""


async def take(
    state: ServiceState,
    request: Request,
    person: Person,
    words: Words,
    form: Mapping[str, str],
    *,
    child_id: str,
) -> Response:
    """Keep what the form says of the child, and go back where it came from.

    A finding that needs somebody is asked for once more; what cannot be kept is given back to be
    corrected. OutOfScope for a child outside the person's scope, before anything is said of it.
    """
    given = {name: form[name] for name in FIELDS if form.get(name)}
    given.setdefault("visited_on", state.today().isoformat())
    back = own_path(form.get("back"))
    try:
        outcome = visit_outcomes.asked(_stated(given), child_id=child_id, today=state.today())
    except OutcomeRefused as why:
        await _seen(state, person, child_id)
        return refused(
            state, request, person, words, why, given=given, child_id=child_id, back=back
        )
    if outcome.finding in NEEDS_SOMEBODY and not form.get("confirmed"):
        await _seen(state, person, child_id)
        return confirmed(request, person, words, given=given, child_id=child_id, back=back)
    try:
        await visit_outcomes.record(state, request, person, outcome)
    except OutcomeRefused as why:
        return refused(
            state, request, person, words, why, given=given, child_id=child_id, back=back
        )
    return see_other(
        f"{back}{'&' if '?' in back else '?'}{'saved' if outcome.finding else 'kept'}=1"
    )


async def _seen(state: ServiceState, person: Person, child_id: str) -> None:
    """OutOfScope where the person may not see the child."""
    await run_in_threadpool(child_asked, state.store_address, state.reader(person), child_id)


def _stated(given: Mapping[str, str]) -> dict[str, object]:
    """The form's fields as `visit_outcomes.asked` reads them."""
    measured = {name: read(given[name]) for name, read in MEASURED.items() if name in given}
    finding = given.get("finding")
    return {
        "finding": None if finding == NONE_FITS else finding,
        "visited_on": given["visited_on"],
        **measured,
    }


def _arm(written: str) -> float | str:
    """The mm of an arm written in cm or mm; what is no arm goes on as it is, to be refused."""
    try:
        return arm_mm(written)
    except ValueError:
        return written


MEASURED = {"weight_kg": visit_outcomes.written_number, "muac_mm": _arm}
"""Fields of the form for what was measured, and how each is read: the arm in either unit, whatever
its name says."""


def confirmed(
    request: Request,
    person: Person,
    words: Words,
    *,
    given: Mapping[str, str],
    child_id: str,
    back: str,
) -> Response:
    """The page that asks once more, with what is to be done then."""
    response = html(
        "confirm.html",
        request,
        words,
        title=words("ui", "confirm_title"),
        person=person,
        child_id=child_id,
        given=dict(given) | {"back": back},
        entered=entered(given, words),
        back=back,
    )
    response.status_code = MUST_BE_CONFIRMED
    return response


def refused(
    state: ServiceState,
    request: Request,
    person: Person,
    words: Words,
    why: OutcomeRefused,
    *,
    given: Mapping[str, str],
    child_id: str,
    back: str,
) -> Response:
    """The page that gives it back: why it was not kept, what was entered, and the form to correct
    it in."""
    problem = http_problem(why)
    faults = [_fault(error, words) for error in problem.errors]
    response = html(
        "outcome_refused.html",
        request,
        words,
        title=words("ui", "not_saved"),
        person=person,
        child_id=child_id,
        faults=faults,
        code=problem.code,
        entered=entered(given, words),
        given=given,
        back=back,
        findings=TICK_BOXES,
        needs_somebody=sorted(NEEDS_SOMEBODY),
        weight_kg=visit_outcomes.BOUNDS["weight_kg"],
        today=state.today().isoformat(),
    )
    response.status_code = problem.status
    return response


def _fault(error: Mapping[str, object], words: Words) -> str:
    """What is wrong with a field; of a day that the registry would refuse, that it lies before the
    child's birth."""
    before_birth = str(error["problem"]).startswith("REG031")
    return words("ui", "fault_before_birth" if before_birth else f"fault_{error['field']}")


def entered(given: Mapping[str, str], words: Words) -> list[tuple[str, str]]:
    """(label, value) of what a form held, as its reader wrote it."""
    labels = {
        "finding": "finding",
        "visited_on": "visited_on",
        "weight_kg": "weight_found",
        "muac_mm": "muac_found",
    }
    return [
        (words("ui", labels[name]), _shown(name, given[name], words))
        for name in FIELDS
        if name in given
    ]


def _shown(name: str, value: str, words: Words) -> str:
    if name != "finding":
        return value
    return (
        words("ui", "none_fits") if value == NONE_FITS else words.tree["findings"].get(value, value)
    )
