"""FHIR resources as other systems write them, for tests of the import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
Resource = dict[str, Any]

AREAS = (
    ("A1", "centre", "S1"),
    ("S1", "sector", "P1"),
    ("P1", "project", "D1"),
    ("D1", "district", ""),
)


def organizations() -> list[Resource]:
    """A centre, with the areas that it is part of."""
    return [
        {
            "resourceType": "Organization",
            "id": name,
            "type": [{"coding": [{"system": "urn:sanket:fhir:area-level", "code": level}]}],
            **({"partOf": {"reference": f"Organization/{above}"}} if above else {}),
            "extension": [{"url": "urn:sanket:fhir:extension:setting", "valueCode": "rural"}],
        }
        for name, level, above in AREAS
    ]


def patient(child: str = "C1", **more: Any) -> Resource:
    return {
        "resourceType": "Patient",
        "id": child,
        "gender": "female",
        "birthDate": "2024-09-02",
        "managingOrganization": {"reference": "Organization/A1"},
    } | more


def quantity(value: Any, code: str | None, system: str | None = UCUM) -> Resource:
    said = {"value": value, "code": code, "system": system, "unit": code}
    return {name: one for name, one in said.items() if one is not None}


def reading(
    code: str, value: Any, unit: str | None, day: str = "2026-03-02", **more: Any
) -> Resource:
    """An Observation of one LOINC code."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": "Patient/C1"},
        "effectiveDateTime": day,
        "valueQuantity": quantity(value, unit),
    } | more


def bundle(*resources: Resource) -> Resource:
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": one} for one in resources],
    }


def write_bundle(path: Path, *resources: Resource) -> Path:
    path.write_text(json.dumps(bundle(*resources)), encoding="utf-8")
    return path


def write_ndjson(path: Path, *resources: Resource) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in resources), encoding="utf-8")
    return path
