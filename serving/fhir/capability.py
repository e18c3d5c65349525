"""What /fhir can, as a CapabilityStatement."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from serving.fhir.fhir_parts import Resource

AREA = {"organization": "token"}
OF_CHILD = {"patient": "reference", "organization": "token", "date": "date"}
SEARCHES: dict[str, dict[str, str]] = {
    "Patient": {"_id": "token", **AREA},
    "Observation": OF_CHILD | {"subject": "reference"},
    "Condition": OF_CHILD | {"subject": "reference"},
    "EpisodeOfCare": OF_CHILD,
    "RiskAssessment": OF_CHILD | {"subject": "reference"},
}
"""By type, the parameters of a search and FHIR's types of these."""
READABLE = frozenset(SEARCHES) - {"EpisodeOfCare"}
"""Types that are read by id: a stay's id does not tell whose it is."""
SINCE = "2026-11-29"
"""The day on which this statement was changed last."""


def capability_statement() -> Resource:
    """The statement of this software; the same for every token."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": SINCE,
        "kind": "capability",
        "software": {"name": "Sanket", "version": _version()},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "documentation": "Read only. Every child is named by a key. An organization is its "
                "Organization's id or `urn:sanket:fhir:id:sector|S1` (also centre, project, "
                "district); `as-of` is the newest run by a day; `_count` counts children.",
                "security": {"description": "a bearer token of `sanket token`, with its scope"},
                "resource": [_resource(kind) for kind in SEARCHES],
                "operation": [
                    {
                        "name": "export",
                        "definition": "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export",
                        "documentation": "Answered at once as NDJSON of all types, or of `_type`; "
                        "not the asynchronous pattern.",
                    }
                ],
            }
        ],
    }


def _resource(kind: str) -> Resource:
    everything = {
        "name": "everything",
        "definition": "http://hl7.org/fhir/OperationDefinition/Patient-everything",
    }
    reads = [{"code": "read"}] if kind in READABLE else []
    told: Resource = {
        "type": kind,
        "interaction": [*reads, {"code": "search-type"}],
        "searchParam": [
            {"name": name, "type": how} for name, how in sorted(SEARCHES[kind].items())
        ],
    }
    return told | ({"operation": [everything]} if kind == "Patient" else {})


def _version() -> str:
    try:
        return version("sanket")
    except PackageNotFoundError:
        return "unknown"
