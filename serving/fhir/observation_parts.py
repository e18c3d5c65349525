"""A stored child's Observations: what was measured, and WHO's z-scores of each measurement's own
readings, derived from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from features.clock import Known
from features.who.growth import PLAUSIBLE, round_z, zscores
from registry.contract.arrays import AnyArray
from registry.contract.codes import HeightPosition
from registry.contract.registry import day_date
from registry.fhir.fhir_codes import (
    BIRTH_WEIGHT,
    CATEGORIES,
    HEIGHT,
    MUAC,
    OURS,
    POSITIONS,
    READINGS,
    WEIGHT,
)
from serving.fhir.fhir_parts import (
    Resource,
    concept,
    filled,
    instant,
    known,
    loinc,
    meta,
    quantity,
    reference,
)

Z_OF = {"whz": ("weight", "height"), "waz": ("weight",), "haz": ("height",)}
"""The z-scores that are told, and the readings from which each is derived."""
_Z_NAMES = {
    "whz": "Weight-for-length/height z-score (WHO 2006)",
    "waz": "Weight-for-age z-score (WHO 2006)",
    "haz": "Length/height-for-age z-score (WHO 2006)",
}
_WHO = "WHO Child Growth Standards 2006, from this day's readings, rounded to two decimals"
_HEIGHT_CODES = {position: code for code, position in POSITIONS.items()}


@dataclass(frozen=True)
class MeasuredDay:
    """Whose Observations, of which measurement: the part that all of its Observations share."""

    key: str
    name: str
    """Of the measurement: its day, and its place among those of the day."""
    day: str
    source: str
    issued: str | None
    synthetic: bool

    def observation(self, what: str, code: Resource, value: Resource) -> Resource:
        """One Observation of a value (`{"valueQuantity": …}`)."""
        category = concept(CATEGORIES, "exam" if what == "oedema" else "vital-signs")
        return filled(
            {
                "resourceType": "Observation",
                "id": self.id_of(what),
                "meta": meta(synthetic=self.synthetic, source=self.source),
                "status": "final",
                "category": [category],
                "code": code,
                "subject": reference("Patient", self.key),
                "effectiveDateTime": self.day,
                "issued": self.issued,
            }
            | value
        )

    def id_of(self, what: str) -> str:
        """The id of one of its Observations."""
        return f"{self.key}-{self.name}-{what}"


def observations(view: Known, key: str, *, synthetic: bool) -> list[Resource]:
    """All Observations of a view of one child, the oldest first."""
    rows = view.measurements.rows
    columns = {name: rows[name] for name in rows}
    z = _own_z(view, columns)
    made = _birth_weight(view, key, synthetic=synthetic)
    seen: dict[str, int] = {}
    for i in range(rows.rows):
        row = {name: column[i] for name, column in columns.items()}
        day = day_date(int(row["measured_on"])).isoformat()
        place = seen[day] = seen.get(day, 0) + 1
        measured = MeasuredDay(
            key,
            f"{day.replace('-', '')}-{place}",
            day,
            f"{OURS}:source:{place}" if place > 1 else "",
            None if row["known_from"] == row["measured_on"] else instant(row["known_from"]),
            synthetic,
        )
        readings = _readings(measured, row)
        made += [*readings.values(), *_derived(measured, readings, {n: z[n][i] for n in z})]
    return made


def _birth_weight(view: Known, key: str, *, synthetic: bool) -> list[Resource]:
    child = view.children
    weight = known(child["birth_weight_kg"][0])
    if weight is None:
        return []
    born = day_date(int(child["birth_date"][0])).isoformat()
    measured = MeasuredDay(key, "birth", born, "", None, synthetic)
    value = {"valueQuantity": quantity(weight, "kg")}
    code = loinc(BIRTH_WEIGHT, text="Birth weight")
    return [measured.observation("weight", code, value)]


def _readings(measured: MeasuredDay, row: dict[str, Any]) -> dict[str, Resource]:
    """By name, what was measured."""
    weight, height = known(row["weight_kg"]), known(row["height_cm"])
    muac, oedema = known(row["muac_mm"]), known(row["oedema"])
    made = {}
    if weight is not None:
        code, value = loinc(WEIGHT, text="Body weight"), quantity(weight, "kg")
        made["weight"] = measured.observation("weight", code, {"valueQuantity": value})
    if height is not None:
        code = _height_code(int(row["height_position"]))
        value = quantity(height, "cm")
        made["height"] = measured.observation("height", code, {"valueQuantity": value})
    if muac is not None:
        code, value = loinc(MUAC, text="Mid-upper-arm circumference"), quantity(muac, "mm")
        made["muac"] = measured.observation("muac", code, {"valueQuantity": value})
    if oedema is not None:
        code = concept(READINGS, "oedema", "Bilateral pitting oedema, grade 0 to 3")
        made["oedema"] = measured.observation("oedema", code, {"valueInteger": int(oedema)})
    return made


def _height_code(position: int) -> Resource:
    """Body height, and how it was taken where that is known."""
    if position < 0:
        return loinc(HEIGHT, text="Body height")
    how = HeightPosition.text_of(position)
    return loinc(HEIGHT, _HEIGHT_CODES[how], text=f"Body height, {how}")


def _own_z(view: Known, columns: dict[str, AnyArray]) -> dict[str, AnyArray]:
    child, count = view.children, len(columns["measured_on"])
    sex, born = int(child["sex"][0]), int(child["birth_date"][0])
    return zscores(
        sex=np.full(count, sex),
        age_days=columns["measured_on"].astype(np.float64) - born,
        weight_kg=columns["weight_kg"],
        height_cm=columns["height_cm"],
        height_position=columns["height_position"],
        muac_mm=columns["muac_mm"],
        oedema=columns["oedema"],
    )


def _derived(
    measured: MeasuredDay, readings: dict[str, Resource], z: dict[str, AnyArray]
) -> list[Resource]:
    made = []
    for name, needed in Z_OF.items():
        value = known(round_z(float(z[name])))
        if value is None:
            continue
        low, high = PLAUSIBLE[name]
        odd = [] if low <= value <= high else [concept(READINGS, "implausible")]
        told = {
            "valueQuantity": quantity(value, "1", "z"),
            "interpretation": odd,
            "method": {"text": _WHO},
            "derivedFrom": [reference("Observation", readings[one]["id"]) for one in needed],
        }
        code = concept(READINGS, name, _Z_NAMES[name])
        made.append(filled(measured.observation(name, code, told)))
    return made
