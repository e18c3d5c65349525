"""Takes the outcome of a home visit: the child leaves the list at once, and the outcome goes on
into the registry."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from care.protocol import standard
from models.visits.found_at_home import HomeMeasures, with_measures
from models.visits.listed_child import Candidate, counted_to
from models.visits.ranking import main_reason
from registry.contract.codes import VisitFinding
from registry.contract.rules import RULES
from serving.access.permissions import Person
from serving.book.accepted import refusals
from serving.book.outbox import registry_rows
from serving.book.scoring.child_asked import child_asked
from serving.book.ticks import Teller, tick
from serving.errors import NoScoreBook, NotKept, OutcomeRefused
from serving.language.arm import MUAC_MM
from serving.process.service_state import ServiceState

EARLIEST = dt.date(2000, 1, 1)
BOUNDS = {"weight_kg": (0.5, 40.0), "muac_mm": MUAC_MM}
"""What a visit may have measured: bounds for a weight and an arm under six; an arm is in mm here,
never in cm."""
REFUSED = "the outcome is not as documented, or the registry would refuse it"
OUTCOME_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["visited_on"],
    "additionalProperties": False,
    "properties": {
        "visited_on": {"type": "string", "format": "date", "description": "not in the future"},
        "finding": {
            "type": ["string", "null"],
            "enum": [*VisitFinding.texts(), None],
            "description": "may only be missing or null beside a weight_kg or muac_mm: none of the "
            "findings fits, and the child stays on the list",
        },
        **{
            name: {
                "type": ["number", "null"],
                "minimum": low,
                "maximum": high,
                "description": "measured at the visit; kept with the source home_visit",
            }
            for name, (low, high) in BOUNDS.items()
        },
    },
}
REQUEST_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Outcome"},
                "example": {
                    "visited_on": "2026-03-16",
                    "finding": "well",
                    "weight_kg": 7.4,
                    "muac_mm": 121,
                },
            }
        },
    }
}


@dataclass(frozen=True)
class VisitOutcome:
    """What one visit found and measured. A finding of None: none fits, only what was measured is
    kept."""

    child_id: str
    visited_on: dt.date
    finding: str | None
    weight_kg: float | None = None
    muac_mm: float | None = None


@dataclass(frozen=True)
class ListedOutcome(VisitOutcome):
    """An outcome with the day of the list that asked for the visit."""

    listed_on: dt.date | None = None

    @property
    def measured(self) -> bool:
        """Whether the visit took a weight or an arm."""
        return self.weight_kg is not None or self.muac_mm is not None


def asked(document: object, *, child_id: str, today: dt.date) -> VisitOutcome:
    """The outcome that a body states. OutcomeRefused names each field that is not as documented."""
    if not isinstance(document, dict):
        raise OutcomeRefused(
            REFUSED,
            errors=[{"field": "", "problem": "must be an object with visited_on and finding"}],
        )
    known = {"visited_on", "finding", *BOUNDS}
    errors: list[dict[str, object]] = []
    if document.keys() - known:
        errors.append({"field": "", "problem": "holds a field that is not documented"})
    visited_on = _day(document.get("visited_on"), today)
    if visited_on is None:
        errors.append(
            {
                "field": "visited_on",
                "problem": "must be a date, YYYY-MM-DD, from 2000-01-01 to today",
            }
        )
    taken = {name: document[name] for name in BOUNDS if document.get(name) is not None}
    if not (
        document.get("finding") in VisitFinding.texts()
        or (document.get("finding") is None and taken)
    ):
        errors.append(
            {"field": "finding", "problem": f"must be one of {', '.join(VisitFinding.texts())}"}
        )
    for name, value in taken.items():
        low, high = BOUNDS[name]
        if (
            not isinstance(value, int | float)
            or isinstance(value, bool)
            or not low <= value <= high
        ):
            errors.append({"field": name, "problem": f"must be a number from {low:g} to {high:g}"})
    if errors or visited_on is None:
        raise OutcomeRefused(REFUSED, errors=errors)
    return VisitOutcome(
        child_id,
        visited_on,
        document.get("finding"),
        **{name: float(taken[name]) for name in taken},
    )


def written_number(written: str) -> float | str:
    """A number as a person writes it, with a point or a comma; what is none goes on as it is, to be
    refused."""
    try:
        return written if "_" in written else float(written.strip().replace(",", "."))
    except ValueError:
        return written


def _day(text: object, today: dt.date) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(text) if isinstance(text, str) and len(text) == 10 else None
    except ValueError:
        return None
    return day if day and EARLIEST <= day <= today else None


async def record(
    state: ServiceState, request: Request, person: Person, outcome: VisitOutcome
) -> dict[str, Any]:
    """Note an outcome for a child of the person's scope, beside the event loop; see `recorded`."""
    return await run_in_threadpool(recorded, state, request, person, outcome)


def recorded(
    state: ServiceState, request: Request, person: Person, outcome: VisitOutcome
) -> dict[str, Any]:
    """Note an outcome for a child of the person's scope; the answer. OutOfScope for any other
    child, OutcomeRefused, NotKept where it cannot be kept."""
    asked_of = child_asked(state.store_address, state.reader(person), outcome.child_id)
    run, row = asked_of.run, asked_of.row
    engine, handing_on = state.engine, state.handing_on
    if engine is None or handing_on is None:
        raise NoScoreBook("this service has no store")
    child = counted_to(row.candidate, outcome.visited_on, as_of=run.as_of)
    # A list of a day to come (an exercise) asked for no visit yet: the registry would refuse its
    # date.
    whole = ListedOutcome(**asdict(outcome), listed_on=min(run.as_of, state.today()))
    must_be_kept(engine, whole)
    state.noted(request, person, "outcome", [outcome.child_id])
    try:
        more: dict[str, object] = {"sector_id": child.sector_id}
        more |= {"listed_for": main_reason(child), "found_by_arm": _sam_by_arm(child, whole)}
        tick(engine, [asdict(whole) | more], teller=Teller(person.name, person.role))
    except (sa.exc.SQLAlchemyError, OSError):
        raise NotKept("the outcome cannot be written down: try again later") from None
    handing_on.soon()
    stated = {"visited_on": outcome.visited_on.isoformat(), "finding": outcome.finding}
    taken = {name: value for name in BOUNDS if (value := getattr(outcome, name)) is not None}
    return {"child_id": outcome.child_id, **stated, **taken, "listed_on": run.as_of.isoformat()}


def _sam_by_arm(child: Candidate, outcome: VisitOutcome) -> bool:
    """Whether the arm that was measured puts a child in danger who was in none, whatever box was
    ticked: somebody must hear of it today."""
    measures = HomeMeasures(outcome.visited_on, outcome.weight_kg, outcome.muac_mm)
    return with_measures(child, measures, standard()).danger and not child.danger


def must_be_kept(engine: sa.Engine, whole: ListedOutcome) -> None:
    """OutcomeRefused with the field and the registry's rule where an import would refuse the
    outcome; NotKept where the registry cannot be asked."""
    tables = {
        "visits": [whole] * (whole.finding is not None),
        "measurements": [whole] * whole.measured,
    }
    try:
        rows = registry_rows({name: part for name, part in tables.items() if part})
        found = refusals(engine, whole.child_id, rows)
    except (sa.exc.SQLAlchemyError, OSError):
        raise NotKept("the outcome cannot be written down: try again later") from None
    if found:
        said = {field: f"{code} {RULES[code].title}. {RULES[code].advice}" for field, code in found}
        raise OutcomeRefused(
            REFUSED,
            errors=[{"field": field, "problem": problem} for field, problem in said.items()],
        )
