"""The systems, codes and addresses of FHIR resources, said once for who reads and who writes them.

LOINC 56072-2 is "Circumference Mid upper arm - right" in the value set of India's own profiles
(NRCeS, `ndhm-body-measurement`). No LOINC code of a z-score was found (77606-2 is a percentile):
z-scores, oedema's grade and the protocol's own words have a system of ours.
"""

from __future__ import annotations

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
IDENTIFIER_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
TEST_DATA = ("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST")
"""HL7's tag of test health data."""

OURS = "urn:sanket:fhir"
READINGS = f"{OURS}:reading"
"""System of readings that LOINC has no code for: `oedema`, `whz`, `waz`, `haz`."""
PROGRAMMES = f"{OURS}:programme"
AREA_LEVELS = f"{OURS}:area-level"
TAGS = f"{OURS}:tag"
SYNTHETIC = (TAGS, "synthetic")
EXERCISE = (TAGS, "exercise")
"""Of a risk whose model learnt from made-up records, told of real ones for practice."""
IDS = {name: f"{OURS}:id:{name}" for name in ("child", "centre", "sector", "project", "district")}
"""Systems of identifiers."""
EXTENSIONS = {
    name: f"{OURS}:extension:{name}"
    for name in (
        "appetite-test",
        "birth-date-uncertain-days",
        "complications",
        "height-position",
        "left-on",
        "left-reason",
        "model-card",
        "outcome",
        "reason",
        "recorded-on",
        "registered-on",
        "risk-interval",
        "setting",
        "transfer-reason",
    )
}
"""Addresses of what FHIR has no element for."""
LEVELS = ("centre", "sector", "project", "district")
"""From the smallest to the largest; each Organization is part of one of the next."""

WEIGHT, BIRTH_WEIGHT, MUAC = "29463-7", "8339-4", "56072-2"
HEIGHT, LYING, STANDING = "8302-2", "8306-3", "8308-9"
LOINC_COLUMNS = {
    WEIGHT: "weight_kg",
    "3141-9": "weight_kg",
    BIRTH_WEIGHT: "birth_weight_kg",
    MUAC: "muac_mm",
    HEIGHT: "height_cm",
    "3137-7": "height_cm",
    LYING: "height_cm",
    STANDING: "height_cm",
}
"""Codes that are read, and the contract's column of each."""
POSITIONS = {LYING: "lying", STANDING: "standing"}

READ_STATUSES = ("final", "amended", "corrected", "preliminary")
WITHDRAWN_STATUSES = ("entered-in-error", "cancelled")
GENDERS = {"female": "F", "male": "M"}
