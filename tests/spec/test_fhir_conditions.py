"""What a FHIR Condition says of a child: SAM by each criterion that no later reading has answered,
else MAM; with the Observation that says so."""

from __future__ import annotations

import datetime as dt

import pytest

from registry.checks.table import build
from serving.book.scorebook import Run
from serving.fhir.assessment_parts import risk_assessments
from serving.fhir.stored_children import FhirSource
from serving.language.words import words
from tests.support.fhir_validation import faults_of
from tests.support.service_cases import row

AS_OF = dt.date(2026, 3, 14)
WELL = {"weight_kg": 9.4, "height_cm": 76.0}


def told(*readings: tuple[str, dict]) -> list[tuple[str, str, str, str, list[str]]]:
    """Status, criterion, day, verification and evidence of each Condition of a girl of 14 months."""
    columns = ("weight_kg", "height_cm", "muac_mm", "oedema")
    tables = {
        "centres": {
            "centre_id": ["A1"],
            "sector_id": ["S1"],
            "project_id": ["P1"],
            "district_id": ["D1"],
            "setting": ["rural"],
        },
        "children": {
            "child_id": ["C1"],
            "sex": ["F"],
            "birth_date": ["2025-01-10"],
            "centre_id": ["A1"],
        },
        "measurements": {
            "child_id": ["C1"] * len(readings),
            "measured_on": [day for day, _ in readings],
            **{name: [said.get(name) for _, said in readings] for name in columns},
        },
    }
    registry, refused = build(tables, imported_on=AS_OF)
    assert not len(refused)
    source = FhirSource("", Run(1, AS_OF, "", True, {}, {}), lambda _: "k" * 32, words("en"))
    (child,) = source.children_of(registry, [row("C1")])
    found = [one for one in child.resources if one["resourceType"] == "Condition"]
    assert [fault for one in child.resources for fault in faults_of(one)] == []
    assert "tag" not in child.resources[0].get("meta", {})
    return [
        (
            one["code"]["coding"][0]["code"],
            evidence["code"][0]["coding"][0]["code"],
            one["recordedDate"],
            one["verificationStatus"]["coding"][0]["code"],
            [part["reference"].rpartition("-")[2] for part in evidence["detail"]],
        )
        for one in found
        for evidence in one["evidence"]
    ]


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        ([("2026-03-02", WELL | {"muac_mm": 140})], []),
        (
            [("2026-03-02", WELL | {"muac_mm": 108})],
            [("SAM", "muac", "2026-03-02", "provisional", ["muac"])],
        ),
        # A weighing without an arm says nothing of an arm of 108 mm.
        (
            [("2026-02-02", WELL | {"muac_mm": 108}), ("2026-03-02", WELL)],
            [("SAM", "muac", "2026-02-02", "provisional", ["muac"])],
        ),
        ([("2026-02-02", WELL | {"muac_mm": 108}), ("2026-03-02", WELL | {"muac_mm": 140})], []),
        (
            [("2026-03-02", WELL | {"muac_mm": 120})],
            [("MAM", "muac", "2026-03-02", "provisional", ["muac"])],
        ),
        (
            [("2026-03-02", {"weight_kg": 6.9, "height_cm": 76.0, "muac_mm": 110})],
            [
                ("SAM", "whz", "2026-03-02", "provisional", ["whz"]),
                ("SAM", "muac", "2026-03-02", "provisional", ["muac"]),
            ],
        ),
        # WHO gives no WHZ of a swollen child.
        (
            [("2026-03-02", {"weight_kg": 6.9, "height_cm": 76.0, "muac_mm": 140, "oedema": 2})],
            [("SAM", "oedema", "2026-03-02", "provisional", ["oedema"])],
        ),
        # A weight too low to believe is a mistake or the sickest child: never left out.
        (
            [("2026-03-02", {"weight_kg": 4.1, "height_cm": 76.0})],
            [("SAM", "too-low", "2026-03-02", "unconfirmed", ["weight"])],
        ),
    ],
)
def test_a_condition_is_what_stands_by_its_criterion(story, expected):
    assert told(*story) == expected


@pytest.mark.parametrize("exercise", [True, False])
def test_a_risk_of_a_model_of_made_up_records_says_so_and_the_records_do_not(exercise):
    run = Run(1, AS_OF, "", True, {}, {"exercise": exercise})
    risks = risk_assessments(run, row("C1"), "k" * 32, words("en"), synthetic=False)
    codes = [tag["code"] for one in risks for tag in one.get("meta", {}).get("tag", [])]
    assert len(risks) == 1 and codes == ["exercise"] * exercise
