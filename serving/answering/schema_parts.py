"""Pieces that the API's JSON Schemas are put together from, and its codes as named enums."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from care.pathway.decide import RULES, STATES, STEPS, WHO
from features.status import CRITERION, WASTING
from features.who.growth import INDICATORS
from models.reasons import KEYS
from models.scoring import NOT_SCORED, SCORED, WHY_NOT
from models.targets import TARGETS
from registry.contract.codes import Setting, Sex, VisitFinding

Schema = dict[str, Any]
NULL: Schema = {"type": "null"}
TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
INTEGER: Schema = {"type": "integer"}
INTEGER_OR_NULL: Schema = {"type": ["integer", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
TRUTH: Schema = {"type": "boolean"}
DAY: Schema = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
DAY_OR_NULL: Schema = {"type": ["string", "null"], "format": "date"}
TIME: Schema = {"type": "string", "format": "date-time"}
MONTH: Schema = {"type": "string", "pattern": r"^\d{4}-\d{2}$"}
RISK: Schema = {"type": ["number", "null"], "minimum": 0, "maximum": 1}

CODES: dict[str, Schema] = {
    name: {"type": "string", "enum": list(codes), "description": meaning}
    for name, codes, meaning in (
        ("State", STATES, "where the protocol places a child"),
        ("Step", STEPS, "what the protocol asks for"),
        ("Who", WHO, "who does it"),
        ("Rule", RULES, "the protocol's rule that decided"),
        ("Target", TARGETS, "the event that a risk is of"),
        ("ScoreStatus", (SCORED, NOT_SCORED), "whether there is a risk"),
        ("WhyNot", [why for why in WHY_NOT if why], "why there is no risk"),
        ("ReasonKey", KEYS, "what of the child's records speaks"),
        ("Finding", VisitFinding.texts(), "what a home visit found"),
        ("Setting", Setting.texts(), "of a centre"),
        ("Sex", Sex.texts(), "as recorded"),
        ("NutritionStatus", WASTING, "the gravest that holds"),
        ("Criterion", [one for one in CRITERION if one], "which criteria said so"),
        ("Indicator", INDICATORS[:5], "a z-score: waz weight, haz height, baz BMI for age, ..."),
    )
}
"""The codes that answers hold, each a named schema."""


def told(schema: Schema, meaning: str) -> Schema:
    """A schema with what it holds in words."""
    return schema | {"description": meaning}


def ref(name: str, meaning: str = "") -> Schema:
    """A reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"} | ({"description": meaning} if meaning else {})


def or_null(name: str, meaning: str = "") -> Schema:
    """A named schema or null."""
    found: Schema = {"anyOf": [ref(name), NULL]}
    return told(found, meaning) if meaning else found


def many(name: str, meaning: str = "") -> Schema:
    """A list of a named schema."""
    found: Schema = {"type": "array", "items": ref(name)}
    return told(found, meaning) if meaning else found


def obj(*, optional: Iterable[str] = (), **properties: Schema) -> Schema:
    """An object in which every property stands but the optional ones."""
    left_out = set(optional)
    required = [name for name in properties if name not in left_out]
    return {"type": "object", "required": required, "properties": properties}
