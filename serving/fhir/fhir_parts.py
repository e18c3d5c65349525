"""What FHIR resources are put together from: codings, references, quantities, extensions; ids that
name nobody."""

from __future__ import annotations

import hashlib
import math
from typing import Any

from registry.contract.arrays import AnyArray
from registry.contract.registry import NEVER, day_date
from registry.fhir.fhir_codes import EXERCISE, EXTENSIONS, LOINC, SYNTHETIC, TEST_DATA, UCUM
from registry.machine.today import midnight

Resource = dict[str, Any]
_MADE_UP = [{"system": system, "code": code} for system, code in (SYNTHETIC, TEST_DATA)]
_EXERCISE = [dict(zip(("system", "code"), EXERCISE, strict=True))]


def concept(system: str, code: str, display: str = "") -> Resource:
    """A CodeableConcept of one coding; its text is the display."""
    coding = {"system": system, "code": code}
    named = {"text": display} if display else {}
    return {"coding": [coding | ({"display": display} if display else {})]} | named


def loinc(*codes: str, text: str) -> Resource:
    """A CodeableConcept of LOINC codes, the general one first."""
    return {"coding": [{"system": LOINC, "code": code} for code in codes], "text": text}


def quantity(value: float, code: str, unit: str = "") -> Resource:
    """A value in a UCUM unit."""
    return {"value": value, "unit": unit or code, "system": UCUM, "code": code}


def reference(kind: str, name: str) -> Resource:
    """A reference within the same server or export."""
    return {"reference": f"{kind}/{name}"}


def extension(name: str, kind: str, value: Any) -> list[Resource]:
    """An extension of ours with a value of a type (`Code`, `Date`); none where there is no
    value."""
    return [] if value is None else [{"url": EXTENSIONS[name], f"value{kind}": value}]


def filled(resource: Resource) -> Resource:
    """The resource without what is empty: FHIR knows no null and no empty list."""
    return {name: part for name, part in resource.items() if part not in (None, [], {}, "")}


def meta(*, synthetic: bool, source: str = "", exercise: bool = False) -> Resource:
    """The meta of a resource: made-up records carry our tag and HL7's of test data; exercise: a
    risk that a model of made-up records gives to real ones."""
    tags = (_MADE_UP if synthetic else []) + (_EXERCISE if exercise else [])
    return filled({"tag": tags, "source": source})


def area_id(level: str, code: str) -> str:
    """The id of an area's Organization: a programme's code may hold signs that a FHIR id may
    not."""
    return f"{level}-{hashlib.sha256(code.encode()).hexdigest()[:40]}"


def day_or_none(day: AnyArray | int) -> str | None:
    """A day number as a FHIR date; None where it is missing."""
    return None if int(day) == NEVER else day_date(int(day)).isoformat()


def instant(day: AnyArray | int) -> str:
    """The beginning of a day in the programme's zone as a FHIR instant."""
    return midnight(day_date(int(day))).isoformat()


def known(value: AnyArray | float) -> float | None:
    """A plain number, whole ones without a point; None for NaN."""
    plain = float(value)
    if math.isnan(plain):
        return None
    return int(plain) if plain.is_integer() else plain
