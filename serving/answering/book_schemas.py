"""What the API tells of children of the score book, as named JSON Schemas with units and codes."""

from __future__ import annotations

from typing import Any

from care.pathway.decide import RULES, STATES, STEPS, WHO
from models.scoring import NOT_SCORED, SCORED, WHY_NOT
from models.targets import TARGETS
from registry.contract.codes import Setting, Sex, VisitFinding
from serving.answering.schemas import DAY, NUMBER_OR_NULL, TEXT_OR_NULL

DAY_OR_NULL = {"type": ["string", "null"], "format": "date"}
INTEGER_OR_NULL = {"type": ["integer", "null"]}
RISK = {**NUMBER_OR_NULL, "minimum": 0, "maximum": 1}


def _code(known: Any, meaning: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(known), "description": meaning}


def _code_or_null(known: Any, meaning: str) -> dict[str, Any]:
    return {"type": ["string", "null"], "enum": [*known, None], "description": meaning}


def _object(**properties: Any) -> dict[str, Any]:
    """An object in which every property stands."""
    return {"type": "object", "required": list(properties), "properties": properties}


STORED_REASON = _object(
    key={"type": "string", "description": "what of the child's record speaks"},
    log_odds={"type": "number", "description": "what it adds to the risk's log-odds"},
    usual={"type": "number", "description": "what it usually adds in the child's sector"},
)
REASONS = {"type": "array", "items": {"$ref": "#/components/schemas/StoredReason"}}
STORED_SCORE = _object(
    status=_code((SCORED, NOT_SCORED), "whether there is a risk"),
    why_not=_code_or_null([why for why in WHY_NOT if why], "why there is none"),
    landmark_day=INTEGER_OR_NULL | {"description": "days since admission or discharge"},
    risk=RISK | {"description": "calibrated probability of the event, 0 to 1"},
    risk_low=RISK | {"description": "lower end of its 90 % interval"},
    risk_high=RISK | {"description": "upper end of its 90 % interval"},
    base_log_odds=NUMBER_OR_NULL | {"description": "log-odds before any fact of this child"},
    reasons=REASONS,
    model_version=TEXT_OR_NULL,
)
STORED_CHILD = _object(
    as_of=DAY | {"description": "the scoring day"},
    made_at={"type": "string", "format": "date-time", "description": "when the run was begun, UTC"},
    child_id={"type": "string"},
    centre_id={"type": "string"},
    centre_name=TEXT_OR_NULL,
    sector_id={"type": "string"},
    setting=_code_or_null(Setting.texts(), "of the centre"),
    latitude=NUMBER_OR_NULL | {"description": "of the centre, degrees"},
    longitude=NUMBER_OR_NULL | {"description": "of the centre, degrees"},
    sex=_code_or_null(Sex.texts(), "as recorded"),
    age_months=INTEGER_OR_NULL | {"description": "completed months on the scoring day"},
    state=_code(STATES, "where the protocol places the child"),
    rule=_code_or_null(RULES, "the rule that says so"),
    next_step=_code(STEPS, "what the protocol asks for"),
    who=_code(WHO, "who does it"),
    by_when=DAY_OR_NULL | {"description": "when the step is due"},
    overdue_days=INTEGER_OR_NULL | {"description": "days that the step is late"},
    danger={"type": "boolean", "description": "before everything else"},
    target=_code_or_null(TARGETS, "the event whose risk the list ranks by"),
    risk=RISK | {"description": "of that event, 0 to 1"},
    risk_low=RISK,
    risk_high=RISK,
    reasons=REASONS,
    facts={"type": "object", "description": "what sentences use; units are in the names"},
    last_visited_on=DAY_OR_NULL | {"description": "ticked visits too"},
    last_finding=_code_or_null(VisitFinding.texts(), "what that visit found"),
    listed_for=TEXT_OR_NULL | {"description": "why a list asked for the last visit"},
    scores={
        "type": "object",
        "description": "by target",
        "properties": {target: {"$ref": "#/components/schemas/StoredScore"} for target in TARGETS},
    },
    protocol_version=TEXT_OR_NULL,
)
_KEYS = {"type": "array", "items": {"type": "string", "description": "a child_key"}}
CHILD_PAGE = _object(
    as_of=DAY | {"description": "the scoring day of the run that all pages are of"},
    counted_to=DAY | {"description": "the day to which overdue_days are counted"},
    told_at={
        "type": "string",
        "format": "date-time",
        "description": "when the first page was made, UTC: the next time's changed_since",
    },
    children={
        "type": "array",
        "items": {
            "allOf": [
                {"$ref": "#/components/schemas/StoredChild"},
                _object(child_key={"type": "string", "description": "stays the same"}),
            ]
        },
    },
    next=TEXT_OR_NULL | {"description": "cursor of the next page; null on the last one"},
    left=_KEYS | {"description": "keys of children who left the book or the scope"},
    forgotten=_KEYS | {"description": "keys of children who were erased: erase them too"},
)
BOOK_SCHEMAS: dict[str, Any] = {
    "StoredReason": STORED_REASON,
    "StoredScore": STORED_SCORE,
    "StoredChild": STORED_CHILD,
    "StoredChildAnswer": {
        "allOf": [
            {"$ref": "#/components/schemas/StoredChild"},
            {
                "type": "object",
                "required": ["counted_to"],
                "properties": {
                    "counted_to": DAY | {"description": "the day to which overdue_days is counted"},
                    "history": {
                        "type": "array",
                        "description": "with history=true: what each run said, oldest first",
                        "items": {"$ref": "#/components/schemas/StoredChild"},
                    },
                },
            },
        ]
    },
    "ChildPage": CHILD_PAGE,
}
"""The named schemas of the score book's children."""
