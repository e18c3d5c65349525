"""What the API tells of children of the score book, and of visits to them, as named JSON Schemas
with units and codes."""

from __future__ import annotations

from typing import Any

from models.targets import TARGETS
from serving.answering.schema_parts import (
    COUNT,
    DAY,
    DAY_OR_NULL,
    INTEGER,
    INTEGER_OR_NULL,
    NUMBER_OR_NULL,
    RISK,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    TRUTH,
    Schema,
    many,
    obj,
    or_null,
    ref,
    told,
)
from serving.language.languages import LANGUAGES

_CHILD: dict[str, Schema] = {
    "child_id": told(TEXT, "the programme's own code"),
    "centre_id": TEXT,
    "centre_name": TEXT_OR_NULL,
    "sector_id": TEXT,
    "setting": or_null("Setting"),
    "latitude": told(NUMBER_OR_NULL, "of the centre, degrees"),
    "longitude": told(NUMBER_OR_NULL, "of the centre, degrees"),
    "sex": or_null("Sex"),
    "age_months": told(INTEGER_OR_NULL, "completed months on the scoring day"),
    "state": ref("State"),
    "rule": or_null("Rule"),
    "next_step": ref("Step"),
    "who": ref("Who"),
    "by_when": told(DAY_OR_NULL, "when the step is due"),
    "overdue_days": told(INTEGER_OR_NULL, "days that the step is late; null or 0: it is not"),
    "danger": told(TRUTH, "before everything else"),
    "target": or_null("Target", "the event whose risk the list ranks by"),
    "risk": told(RISK, "calibrated probability of that event, 0 to 1"),
    "risk_low": told(RISK, "lower end of its 90 % interval"),
    "risk_high": told(RISK, "upper end of its 90 % interval"),
    "reasons": many("StoredReason", "of that risk, strongest first"),
    "facts": ref("ChildFacts"),
    "last_visited_on": told(DAY_OR_NULL, "last home visit, ticked ones too"),
    "last_finding": or_null("Finding", "what that visit found"),
    "listed_for": told(TEXT_OR_NULL, "why a list asked for the last visit: a rule or a reason"),
    "why_not": or_null("WhyNot", "why there is no risk, where the child's records say so"),
}
"""What a list and a child's own page tell of a child."""
_STORED: dict[str, Schema] = {
    "as_of": told(DAY, "the scoring day: what was known by then"),
    "made_at": told(TIME, "when the run was begun, UTC"),
    **_CHILD,
    "scores": told(
        obj(optional=TARGETS, **{target: ref("StoredScore") for target in TARGETS}), "by target"
    ),
    "protocol_version": TEXT_OR_NULL,
}
_COUNTED_TO = told(DAY, "the day to which overdue_days are counted")
_LINE: dict[str, Schema] = {
    "why": told(TEXT, "one line why, in the language asked for"),
    "what_to_do": told(TEXT, "what to do, in the language asked for"),
    **_CHILD,
}
_KEYS: Schema = {"type": "array", "items": told(TEXT, "a child_key")}
_WAITING = ("danger", "overdue", "risk", "prevention")

BOOK_SCHEMAS: dict[str, Any] = {
    "ChildFacts": {
        "type": "object",
        "description": "what sentences use, read from the records; units are in the names, days "
        "end in _on; what is not known is left out or null",
        "additionalProperties": {"type": ["number", "string", "boolean", "null"]},
    },
    "RunFacts": {
        **obj(
            optional=[
                "synthetic",
                "exercise",
                "registry_id",
                "share_assumed_dates",
                "made_up_epoch",
                "protocol_version",
                "model_versions",
                "children_in_registry",
                "children",
                "in_danger",
                "scored",
                "drift_psi",
            ],
            synthetic=told(TRUTH, "made-up records that mean nothing clinically"),
            exercise=told(TRUTH, "real children, risks from a model of synthetic records"),
            registry_id=TEXT_OR_NULL,
            share_assumed_dates=told(NUMBER_OR_NULL, "of measurements, 0 to 1"),
            made_up_epoch=told(DAY_OR_NULL, "set where the dates stand for ages alone"),
            protocol_version=TEXT_OR_NULL,
            model_versions={"type": "object", "additionalProperties": TEXT_OR_NULL},
            children_in_registry=told(INTEGER_OR_NULL, "of the whole state, listed or not"),
            children=told(INTEGER_OR_NULL, "of the score book of the whole state"),
            in_danger=told(INTEGER_OR_NULL, "of the score book of the whole state"),
            scored={"type": "object", "additionalProperties": INTEGER_OR_NULL},
            drift_psi={"type": "object", "additionalProperties": {"type": "number"}},
        ),
        "description": "of one scoring run; what is of the whole state is told to its scope alone",
    },
    "StoredChild": obj(**_STORED),
    "StoredChildAnswer": obj(
        optional=["history"],
        **_STORED,
        counted_to=_COUNTED_TO,
        history=many("StoredChild", "with history=true: what each run said, oldest first"),
    ),
    "KeyedChild": obj(child_key=told(TEXT, "stays the same from run to run"), **_STORED),
    "ChildPage": obj(
        as_of=told(DAY, "the scoring day of the run that all pages are of"),
        counted_to=_COUNTED_TO,
        told_at=told(TIME, "when the first page was made, UTC: the next time's changed_since"),
        children=many("KeyedChild"),
        next=told(TEXT_OR_NULL, "cursor of the next page; null on the last one"),
        left=told(_KEYS, "keys of children who left the book or the scope"),
        forgotten=told(_KEYS, "keys of children who were erased: erase them too"),
    ),
    "ListedChild": obj(**_LINE),
    "VisitRow": obj(
        rank=told(INTEGER, "order of urgency, from 1"),
        section={"type": "string", "enum": list(_WAITING)},
        **_LINE,
    ),
    "ListCounts": told(
        obj(
            children=told(COUNT, "of the sector's score book"),
            in_treatment=COUNT,
            in_danger=COUNT,
            overdue=told(
                COUNT, "whose step is late on counted_to, whoever is to do it, visited or not"
            ),
            waiting=told(
                obj(**dict.fromkeys(_WAITING, COUNT)),
                "by section, those whom the list looks at: one section each, none visited lately",
            ),
            lately_visited=told(COUNT, "who rest after a visit"),
            not_scored=told(COUNT, "of whom no model says anything"),
            no_cure=told(COUNT, "of these, discharged as cured, and that not seen to last"),
        ),
        "of all children of the sector, listed or not",
    ),
    "VisitListAnswer": obj(
        optional=["watch"],
        sector_id=TEXT,
        as_of=told(DAY, "the scoring day"),
        counted_to=_COUNTED_TO,
        capacity=told(INTEGER, "visits that can be made"),
        language={"type": "string", "enum": list(LANGUAGES)},
        rows=many("VisitRow", "visits, the most urgent first"),
        for_the_anm=many("ListedChild", "work at the centres, outside the capacity"),
        beyond=many("ListedChild", "in danger, and no visit is left"),
        in_danger_beyond_capacity=COUNT,
        counts=ref("ListCounts"),
        facts=ref("RunFacts"),
        watch={
            "type": "object",
            "description": "by centre, ids of children who may soon be SAM; with a model of onset",
            "additionalProperties": {"type": "array", "items": TEXT},
        },
    ),
    "OutcomeAnswer": obj(
        optional=["weight_kg", "muac_mm"],
        child_id=TEXT,
        visited_on=DAY,
        finding=or_null("Finding"),
        weight_kg=told({"type": "number"}, "where it was measured"),
        muac_mm=told({"type": "number"}, "where it was measured"),
        listed_on=told(DAY, "the scoring day of the list that asked for the visit"),
    ),
    "Champion": obj(
        version=told(TEXT, "as model_version names it"),
        target=ref("Target"),
        facts=told({"type": "object", "additionalProperties": True}, "what it was trained on"),
        card=told(
            {"type": "object", "additionalProperties": True},
            "its figures, and what it must not be used for (docs/models.md)",
        ),
    ),
    "ChampionsAnswer": told(
        obj(optional=TARGETS, **{target: ref("Champion") for target in TARGETS}),
        "by target; one without a champion is left out",
    ),
}
"""The named schemas of the score book's children, of lists, outcomes and models."""
