"""The API's documents as JSON Schema, made from the registry contract: names, units, codes and
bounds are said once."""

from __future__ import annotations

from typing import Any

from models.targets import TARGETS
from registry.contract.tables import SPECS, ColumnSpec, bound
from serving.answering.field_names import NESTED
from serving.answering.schema_parts import (
    CODES,
    DAY,
    DAY_OR_NULL,
    INTEGER_OR_NULL,
    NUMBER_OR_NULL,
    RISK,
    TEXT,
    TEXT_OR_NULL,
    TRUTH,
    Schema,
    many,
    obj,
    or_null,
    ref,
    told,
)
from serving.language.languages import LANGUAGES

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
    nested = {table: {"type": ["array", "null"], "items": ref(table)} for table in NESTED}
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
            "as_of": told(DAY, "the day that is asked about; nothing known later is used"),
            "children": {
                "type": "array",
                "minItems": 1,
                "maxItems": most,
                "items": ref("Child"),
            },
        },
        "additionalProperties": False,
    }


def _score(reason: str, **more: Schema) -> Schema:
    """What one model says of one child, with reasons of this named schema."""
    return obj(
        score_status=ref("ScoreStatus"),
        why_not=or_null("WhyNot", "why there is no risk; null where there is one"),
        landmark_day=told(INTEGER_OR_NULL, "days since the index (discharge or admission)"),
        risk=told(
            RISK, "calibrated probability of the event in what remains of its time at risk, 0 to 1"
        ),
        risk_low=told(
            RISK,
            "lower end of the 90 % interval of the risk, in which nine in ten models taught on "
            "other children would lie: the uncertainty of the estimate, not of the child",
        ),
        risk_high=told(RISK, "upper end of the 90 % interval of the risk"),
        base_log_odds=told(NUMBER_OR_NULL, "log-odds before any fact of this child"),
        reasons=many(
            reason,
            "strongest first; base_log_odds and all log_odds add up to the log-odds of risk",
        ),
        model_version=told(TEXT_OR_NULL, "of the model that said it; null without a model"),
        **more,
    )


_LOG_ODDS = told({"type": "number"}, "what it adds to the risk's log-odds")
_Z = {
    "waz": "weight for age",
    "haz": "height for age",
    "whz": "weight for height",
    "baz": "BMI for age",
    "muacz": "MUAC for age",
}
SCORES: dict[str, Schema] = {
    "Reason": obj(
        key=ref("ReasonKey"),
        log_odds=_LOG_ODDS,
        sentence=told(TEXT_OR_NULL, "in words; null where the records bear none"),
    ),
    "StoredReason": obj(
        key=ref("ReasonKey"),
        log_odds=_LOG_ODDS,
        usual=told({"type": "number"}, "what it usually adds in the child's sector, log-odds"),
    ),
    "LevelOff": obj(
        by=told({"type": "string", "enum": ["sex", "age", "setting"]}, "what groups the children"),
        group=told(TEXT, "for example girls, under 12 months, tribal"),
        observed_over_expected=told(
            {"type": "number"},
            "how often the event came in this group for once that was told, when the model was "
            "trained: over 1.25 its risks are told too low, under 0.8 too high",
        ),
        low=told({"type": "number"}, "lower end of its 95 % interval"),
        high=told({"type": "number"}, "upper end of its 95 % interval"),
    ),
    "Score": _score(
        "Reason",
        level_off=or_null(
            "LevelOff",
            "a warning: the child is of a group whose risks were surely off and were not moved; "
            "go by the order, not by the percentage. null where none is known",
        ),
    ),
    "StoredScore": _score("StoredReason"),
}
"""What a model says of a child that comes with its records, and of one of the score book."""
ANSWERS: dict[str, Schema] = {
    "ChildProblem": obj(
        code=told(TEXT, "a code of docs/rules.md"),
        field=told(TEXT, "for example measurements[3].weight_kg"),
        problem=told(TEXT, "what is wrong, the bound, and what to do; never the value"),
    ),
    "GrowthPoint": obj(
        measured_on=DAY,
        **{
            name: told(NUMBER_OR_NULL, f"{meaning}, z, two decimals; null where WHO gives none")
            for name, meaning in _Z.items()
        },
        implausible=many("Indicator", "z-scores that WHO calls implausible"),
    ),
    "Classification": told(
        obj(
            measured_on=DAY,
            nutrition_status=ref("NutritionStatus"),
            criterion=or_null("Criterion"),
            valid=told(TRUTH, "whether the measurement can be judged"),
            severely_underweight=told({"type": ["boolean", "null"]}, "null: cannot be said"),
            severely_stunted=told({"type": ["boolean", "null"]}, "null: cannot be said"),
            age_uncertain=told(TRUTH, "whether it hangs on an uncertain birth date"),
        ),
        "by the newest valid measurement (WHO 2006; z rounded to two decimals first)",
    ),
    "StandingFinding": obj(
        optional=["height_cm"],
        criterion={
            "type": "string",
            "enum": ["whz", "muac_mm", "oedema", "too_low_kg"],
            "description": "too_low_kg: a weight whose WHZ or WAZ is too low to believe",
        },
        value=told({"type": "number"}, "a z, mm, a grade, or kg"),
        measured_on=DAY,
        height_cm=told({"type": "number"}, "of a weight too low for it: either may be wrong"),
    ),
    "ProtocolValue": obj(value={"type": "number"}, source=TEXT, verified=TRUTH),
    "Care": told(
        obj(
            state=ref("State"),
            rule=ref("Rule"),
            next_step=ref("Step"),
            who=ref("Who"),
            by_when=told(DAY_OR_NULL, "when the step is due"),
            overdue_days=told(INTEGER_OR_NULL, "days that the step is late; null: it is not"),
            danger=told(TRUTH, "before everything else"),
            findings=many(
                "StandingFinding",
                "what was found of SAM and not answered since by the same question, each with its "
                "last day",
            ),
            protocol_version=TEXT,
            verified=told(TRUTH, "whether every text behind the rule's numbers was read by us"),
            sources={
                "type": "object",
                "description": "the protocol's values that the rule uses, by name",
                "additionalProperties": ref("ProtocolValue"),
            },
        ),
        "what the protocol asks for; it comes before any score",
    ),
}
"""The parts of an answer to `POST /v1/score` and `POST /v1/classify`."""


def answer_schema(*, scored: bool) -> Schema:
    """The answer: children in the order of the request."""
    return obj(
        as_of=DAY,
        language={"type": "string", "enum": list(LANGUAGES)},
        protocol_version=TEXT,
        children=many("ScoredChild" if scored else "ClassifiedChild"),
    )


def _answered_child(*, scored: bool) -> Schema:
    """One child's answer; with `status` problem only what stands before `growth_points`."""
    answered = {
        "growth_points": many("GrowthPoint"),
        "classification": or_null("Classification"),
        "care": ref("Care"),
        **({target: ref("Score") for target in TARGETS} if scored else {}),
    }
    return obj(
        optional=answered,
        child_id=told(TEXT_OR_NULL, "null where none could be read"),
        status={"type": "string", "enum": ["answered", "problem"]},
        problems=many("ChildProblem", "of this child's records; what they name was left out"),
        **answered,
    )


def components(most: int) -> dict[str, Any]:
    """The named schemas of the stateless routes; `most`: children in one request."""
    return {
        "Child": child_schema(),
        "ChildrenRequest": request_schema(most),
        **{table: record_schema(table) for table in NESTED},
        **CODES,
        **SCORES,
        **ANSWERS,
        "ScoredChild": _answered_child(scored=True),
        "ClassifiedChild": _answered_child(scored=False),
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
