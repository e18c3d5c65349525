"""The API's documents as JSON Schema, made from the registry contract: names, units, codes and
bounds are said once."""

from __future__ import annotations

from typing import Any

from models.targets import TARGETS
from registry.contract.tables import SPECS, ColumnSpec, bound
from serving.answering.field_names import NESTED
from serving.language.languages import LANGUAGES

NUMBER_OR_NULL = {"type": ["number", "null"]}
TEXT_OR_NULL = {"type": ["string", "null"]}
DAY = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}

MEANINGS = {
    "child_id": "the programme's own code; passes through unchanged",
    "weight_kg": "body weight",
    "height_cm": "recumbent length or standing height",
    "height_position": "how it was measured; WHO adds or takes 0.7 cm where it does not fit the age",  # noqa: E501
    "muac_mm": "mid-upper-arm circumference",
    "oedema": "bilateral pitting oedema",
    "reported_status": "as the source showed it; never used as a measurement",
    "recorded_on": "the date the system came to know the row; its own date where empty",
}


def column_schema(column: ColumnSpec) -> dict[str, Any]:
    """One column of the contract: type, unit, bound, codes."""
    kinds = {"number": "number", "truth": "boolean"}
    kind = "integer" if column.whole else kinds.get(column.kind, "string")
    schema: dict[str, Any] = {"type": kind if column.required else [kind, "null"]}
    if column.low is not None:
        schema |= {"minimum": column.low, "maximum": column.high}
    if column.codes:
        schema["enum"] = [*column.codes] if column.required else [*column.codes, None]
    if column.kind == "day":
        schema |= {"format": "date"}
    words = [
        MEANINGS.get(column.name, ""),
        f"unit and bound: {bound(column)}" if column.low is not None else "",
    ]
    if column.kind in ("day", "month"):
        words.append(bound(column))
    if description := "; ".join(filter(None, words)):
        schema["description"] = description
    return schema


def record_schema(table: str) -> dict[str, Any]:
    """A row of a nested table: the contract's columns without the child's id."""
    columns = [column for column in SPECS[table].columns if column.name != "child_id"]
    required = [column.name for column in columns if column.required and column.kind != "id"]
    return {
        "type": "object",
        "required": required,
        "properties": {column.name: column_schema(column) for column in columns},
    }


def child_schema() -> dict[str, Any]:
    """A child with its records, as `POST /v1/score` takes it."""
    columns = {column.name: column_schema(column) for column in SPECS["children"].columns}
    columns["centre_id"] = {
        **TEXT_OR_NULL,
        "description": "may be left out: what needs a centre is then missing",
    }
    nested = {
        table: {"type": ["array", "null"], "items": {"$ref": f"#/components/schemas/{table}"}}
        for table in NESTED
    }
    return {
        "type": "object",
        "required": ["child_id", "sex", "birth_date"],
        "properties": columns | nested,
        "description": "One child and all that its registers hold. A record that cannot be right is left "  # noqa: E501
        "out, and "
        "`problems` of the answer names it; the child is answered from the others.",
    }


def request_schema(most: int) -> dict[str, Any]:
    """The body of `POST /v1/score` and `POST /v1/classify`."""
    return {
        "type": "object",
        "required": ["as_of", "children"],
        "properties": {
            "as_of": DAY
            | {"description": "the day that is asked about; nothing known later is used"},
            "children": {
                "type": "array",
                "minItems": 1,
                "maxItems": most,
                "items": {"$ref": "#/components/schemas/Child"},
            },
        },
        "additionalProperties": False,
    }


def _risk(meaning: str) -> dict[str, Any]:
    return {**NUMBER_OR_NULL, "minimum": 0, "maximum": 1, "description": meaning}


SCORE = {
    "type": "object",
    "required": ["score_status", "why_not", "risk", "risk_low", "risk_high", "reasons"],
    "properties": {
        "score_status": {"type": "string", "enum": ["scored", "not_scored"]},
        "why_not": {
            **TEXT_OR_NULL,
            "description": "why there is no score; empty where there is one",
        },
        "landmark_day": {
            "type": ["integer", "null"],
            "description": "days since the index (discharge or admission)",
        },
        "risk": _risk(
            "calibrated probability of the event in what remains of its time at risk, 0 to 1"
        ),
        "risk_low": _risk("lower end of the 90 % interval of the risk"),
        "risk_high": _risk("upper end of the 90 % interval of the risk"),
        "base_log_odds": {
            **NUMBER_OR_NULL,
            "description": "log-odds before any fact of this child",
        },
        "reasons": {
            "type": "array",
            "description": "strongest first; base_log_odds and all log_odds add up to the log-odds of risk",  # noqa: E501
            "items": {
                "type": "object",
                "required": ["key", "log_odds"],
                "properties": {
                    "key": {"type": "string"},
                    "log_odds": {"type": "number"},
                    "sentence": {
                        **TEXT_OR_NULL,
                        "description": "in words; null where the records bear none",
                    },
                },
            },
        },
        "model_version": TEXT_OR_NULL,
    },
}
PROBLEM_OF_CHILD = {
    "type": "object",
    "required": ["code", "field", "problem"],
    "properties": {
        "code": {"type": "string", "description": "a code of docs/rules.md"},
        "field": {"type": "string", "description": "for example measurements[3].weight_kg"},
        "problem": {
            "type": "string",
            "description": "what is wrong, the bound, and what to do; never the value",
        },
    },
}
GROWTH_POINT = {
    "type": "object",
    "properties": {
        "measured_on": DAY,
        **{
            name: {
                **NUMBER_OR_NULL,
                "description": f"{meaning}, z, two decimals; null where WHO gives none",
            }
            for name, meaning in {
                "waz": "weight for age",
                "haz": "height for age",
                "whz": "weight for height",
                "baz": "BMI for age",
                "muacz": "MUAC for age",
            }.items()
        },
    },
}
CLASSIFICATION = {
    "type": ["object", "null"],
    "description": "by the newest valid measurement (WHO 2006; z rounded to two decimals first)",
    "properties": {
        "measured_on": {**TEXT_OR_NULL, "format": "date"},
        "nutrition_status": {**TEXT_OR_NULL, "description": "the gravest that holds"},
        "criterion": {**TEXT_OR_NULL, "description": "which criterion said so"},
    },
}
CARE = {
    "type": ["object", "null"],
    "description": "what the protocol asks for; it comes before any score",
    "properties": {
        "state": {"type": "string"},
        "rule": TEXT_OR_NULL,
        "next_step": {"type": "string"},
        "who": {"type": "string"},
        "by_when": {**TEXT_OR_NULL, "format": "date"},
        "overdue_days": {"type": ["integer", "null"]},
        "danger": {"type": "boolean"},
        "findings": {
            "type": "array",
            "description": (
                "what was found of SAM and not answered since by the same question, each with "
                "its last day"
            ),
            "items": {
                "type": "object",
                "required": ["criterion", "value", "measured_on"],
                "properties": {
                    "criterion": {
                        "type": "string",
                        "enum": ["whz", "muac_mm", "oedema", "too_low_kg"],
                        "description": "too_low_kg: a weight whose WHZ or WAZ is too low to believe",  # noqa: E501
                    },
                    "value": {"type": "number", "description": "a z, mm, a grade, or kg"},
                    "measured_on": {"type": "string", "format": "date"},
                    "height_cm": {
                        "type": "number",
                        "description": "of a weight too low for it: either may be wrong",
                    },
                },
            },
        },
        "protocol_version": {"type": "string"},
        "verified": {
            "type": "boolean",
            "description": "whether every text behind the rule's numbers was read by us",
        },
        "sources": {
            "type": "object",
            "description": "the protocol's values that the rule uses, by name",
            "additionalProperties": {
                "type": "object",
                "required": ["value", "source", "verified"],
                "properties": {
                    "value": {"type": "number"},
                    "source": {"type": "string"},
                    "verified": {"type": "boolean"},
                },
            },
        },
    },
}


def answer_schema(*, scored: bool) -> dict[str, Any]:
    """The answer: children in the order of the request."""
    child = {
        "child_id": TEXT_OR_NULL,
        "status": {"type": "string", "enum": ["answered", "problem"]},
        "problems": {"type": "array", "items": PROBLEM_OF_CHILD},
        "growth_points": {"type": "array", "items": GROWTH_POINT},
        "classification": CLASSIFICATION,
        "care": CARE,
    }
    if scored:
        child |= {target: {"$ref": "#/components/schemas/Score"} for target in TARGETS}
    return {
        "type": "object",
        "required": ["as_of", "children"],
        "properties": {
            "as_of": DAY,
            "language": {"type": "string", "enum": list(LANGUAGES)},
            "protocol_version": {"type": "string"},
            "children": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["child_id", "status", "problems"],
                    "properties": child,
                },
            },
        },
    }


def components(most: int) -> dict[str, Any]:
    """All named schemas of the OpenAPI document."""
    named = {"Child": child_schema(), "Request": request_schema(most), "Score": SCORE}
    named |= {table: record_schema(table) for table in NESTED}
    return named | {
        "ScoreAnswer": answer_schema(scored=True),
        "ClassifyAnswer": answer_schema(scored=False),
    }


EXAMPLE: dict[str, Any] = {
    "as_of": "2026-03-14",
    "children": [
        {
            "child_id": "C-104",
            "sex": "F",
            "birth_date": "2024-09-02",
            "birth_weight_kg": 2.3,
            "measurements": [
                {
                    "measured_on": "2025-12-01",
                    "weight_kg": 6.4,
                    "height_cm": 72.0,
                    "height_position": "lying",
                    "muac_mm": 113,
                    "oedema": 0,
                },
                {
                    "measured_on": "2025-12-29",
                    "weight_kg": 7.2,
                    "height_cm": 72.6,
                    "height_position": "lying",
                    "muac_mm": 121,
                },
                {
                    "measured_on": "2026-01-26",
                    "weight_kg": 7.9,
                    "height_cm": 73.4,
                    "height_position": "lying",
                    "muac_mm": 127,
                },
                {
                    "measured_on": "2026-03-02",
                    "weight_kg": 7.3,
                    "height_cm": 74.1,
                    "height_position": "lying",
                    "muac_mm": 121,
                },
            ],
            "episodes": [
                {
                    "episode_id": "E-7",
                    "programme": "UCDC",
                    "admitted_on": "2025-12-01",
                    "appetite_test": "pass",
                    "complications": False,
                    "closed_on": "2026-01-26",
                    "outcome": "cured",
                },
            ],
            "checks": [
                {
                    "checked_on": "2026-03-05",
                    "diarrhoea": True,
                    "fever": False,
                    "poor_appetite": True,
                }
            ],
        }
    ],
}
"""A child that works when it is pasted."""
