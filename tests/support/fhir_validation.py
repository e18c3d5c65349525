"""Whether a FHIR resource is one: by the models of `fhir.resources` (R4B; it has none of R4), and by
a table of ours of what R4 requires."""

from __future__ import annotations

import importlib
from typing import Any

from pydantic import ValidationError

REQUIRED: dict[str, tuple[str, ...]] = {
    "Bundle": ("type",),
    "CapabilityStatement": ("status", "date", "kind", "fhirVersion", "format"),
    "Condition": ("subject", "code"),
    "EpisodeOfCare": ("status", "patient"),
    "Observation": ("status", "code", "subject"),
    "OperationOutcome": ("issue",),
    "Organization": ("identifier",),
    "Patient": ("id",),
    "RiskAssessment": ("status", "subject"),
}
"""Elements with a least cardinality of one in R4 (hl7.org/fhir/R4), and for ours what a reader
cannot do without."""


def faults_of(resource: dict[str, Any]) -> list[str]:
    """What is wrong with a resource; empty where nothing is."""
    kind = resource["resourceType"]
    missing = [f"{kind}.{name} is missing" for name in REQUIRED[kind] if name not in resource]
    # R4B differs from R4 in none of these types.
    model = getattr(importlib.import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
    try:
        model.model_validate(resource)
    except ValidationError as error:
        return [*missing, *(f"{kind}: {one['loc']} {one['msg']}" for one in error.errors())]
    return missing
