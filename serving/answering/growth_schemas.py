"""What the API tells of a stored child's growth, as named JSON Schemas with units."""

from __future__ import annotations

from typing import Any

from registry.contract.codes import HeightPosition, Programme
from serving.answering.child_growth import NOT_KNOWN, UNITS, Z
from serving.answering.schema_parts import (
    DAY,
    DAY_OR_NULL,
    INTEGER,
    INTEGER_OR_NULL,
    NULL,
    NUMBER_OR_NULL,
    TEXT,
    TRUTH,
    Schema,
    many,
    obj,
    or_null,
    ref,
    told,
)
from serving.language.languages import LANGUAGES

_PANEL: Schema = {"type": "string", "enum": list(UNITS)}
_NUMBERS: Schema = {"type": "array", "items": {"type": "number"}}
_AGES: Schema = told({"type": "array", "items": INTEGER}, "days of age")


def _code_or_null(codes: Any) -> Schema:
    return {"type": ["string", "null"], "enum": [*codes, None]}


GROWTH_SCHEMAS: dict[str, Any] = {
    "ChartPoint": obj(
        **{
            name: told(NUMBER_OR_NULL, f"{unit}; null where this chart has no point")
            for name, unit in UNITS.items()
        }
    ),
    "StoredMeasurement": obj(
        measured_on=DAY,
        age_days=INTEGER,
        weight_kg=NUMBER_OR_NULL,
        height_cm=told(NUMBER_OR_NULL, "as measured"),
        height_position=_code_or_null(HeightPosition.texts()),
        muac_mm=NUMBER_OR_NULL,
        oedema=told(INTEGER_OR_NULL, "grade, 0 to 3; null: nobody looked"),
        **{name: told(NUMBER_OR_NULL, "z of the day's own readings, two decimals") for name in Z},
        chart=told(
            ref("ChartPoint"),
            "where a chart draws it: heights by the way of measuring of the age's curve, whz also "
            "by a height that was carried forward",
        ),
        height_carried_forward=told(TRUTH, "whz of the chart stands on an earlier height: hollow"),
        implausible={
            "type": "array",
            "items": _PANEL,
            "description": "charts on which WHO calls it implausible: a cross, joined to no line",
        },
    ),
    "StayOnChart": obj(
        programme=_code_or_null(Programme.texts()),
        from_age_days=INTEGER,
        to_age_days=told(INTEGER_OR_NULL, "null while it is open"),
    ),
    "Curve": obj(age_days=_AGES, values=told(_NUMBERS, "in the panel's unit, one for each age")),
    "ReferenceLine": obj(
        line=told({"type": "number"}, "z; on the arm's panel cm"),
        curves=many("Curve", "one; of height two, which do not meet where length turns to height"),
    ),
    "GrowthBand": obj(
        band={"type": "string", "enum": ["severe", "moderate", "normal"]},
        label=told(TEXT, "in the language asked for"),
        from_line={
            "anyOf": [{"type": "array", "items": ref("Curve")}, NULL],
            "description": "its lower edge; null: the chart's",
        },
        to_line={
            "anyOf": [{"type": "array", "items": ref("Curve")}, NULL],
            "description": "its upper edge; null: the chart's",
        },
    ),
    "ChartPanel": obj(
        panel=_PANEL,
        title=told(TEXT, "in the language asked for"),
        unit={"type": "string", "enum": list(dict.fromkeys(UNITS.values()))},
        from_age_days=told(INTEGER, "the ages that a chart shows"),
        to_age_days=INTEGER,
        lines=many("ReferenceLine", "WHO 2006"),
        bands=many("GrowthBand"),
    ),
    "ProjectedPanel": obj(panel=_PANEL, low=_NUMBERS, middle=_NUMBERS, high=_NUMBERS),
    "Projected": told(
        obj(age_days=_AGES, panels=many("ProjectedPanel")),
        "where 9 in 10 readings of the next 8 weeks would lie if nothing changed; no forecast",
    ),
    "GrowthAnswer": obj(
        child_id=TEXT,
        as_of=told(DAY, "the scoring day: what was known by then"),
        language={"type": "string", "enum": list(LANGUAGES)},
        words=told(
            {"type": "object", "additionalProperties": TEXT},
            "a chart's words in the language asked for",
        ),
        why_not={
            "type": ["string", "null"],
            "enum": [*NOT_KNOWN, None],
            "description": "why there is nothing to draw",
        },
        sex=or_null("Sex"),
        birth_date=DAY_OR_NULL,
        points=many("StoredMeasurement", "by day"),
        treatments=many("StayOnChart"),
        panels=many("ChartPanel"),
        projection=or_null("Projected"),
    ),
}
"""The named schemas of a growth history."""
