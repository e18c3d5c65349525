"""FHIR Bundles and NDJSON into the registry: units by their UCUM codes alone, the same quarantine
and counts as of any import, and no name."""

from __future__ import annotations

import json
from contextlib import closing

import numpy as np
import pytest

from registry.contract.errors import BadInput
from registry.contract.registry import day_date
from registry.fhir.ucum import UNITS
from registry.read import read
from registry.store import quarantine
from registry.store.store import open_store
from tests.support.fhir_samples import (
    organizations,
    patient,
    quantity,
    reading,
    write_bundle,
    write_ndjson,
)

ON = "2026-03-20"


def imported(tmp_path, *resources, source=None):
    """The report, the registry and the quarantined rows of a store after one import."""
    source = source or write_bundle(tmp_path / "bundle.json", *organizations(), *resources)
    with closing(open_store(tmp_path / "x.db")) as store:
        report = store.import_source(source, imported_on=ON)
        for counts in report.tables.values():
            assert counts["rows"] == counts["kept"] + counts["quarantined"]
            assert counts["quarantined"] == sum(counts["codes"].values())
        return report, store.load(), list(quarantine.refused(store))


def measured(registry) -> list[tuple]:
    """Day, weight, height, arm and grade of each measurement; None where not taken."""
    rows = registry.measurements
    names = ("weight_kg", "height_cm", "muac_mm", "oedema")
    values = zip(*(rows[name] for name in names), strict=True)
    plain = [tuple(None if np.isnan(one) else float(one) for one in row) for row in values]
    days = [str(day_date(int(day))) for day in rows["measured_on"]]
    return [(day, *row) for day, row in zip(days, plain, strict=True)]


READ = [
    ("29463-7", 7.3, "kg", (7.3, None, None)),
    ("29463-7", 7300, "g", (7.3, None, None)),
    ("3141-9", 16, "[lb_av]", (7.25747792, None, None)),
    ("8302-2", 74.1, "cm", (None, 74.1, None)),
    ("8306-3", 741, "mm", (None, 74.1, None)),
    ("8308-9", 0.741, "m", (None, 74.1, None)),
    ("56072-2", 121, "mm", (None, None, 121.0)),
    ("56072-2", 12.1, "cm", (None, None, 121.0)),
    ("56072-2", 0.121, "m", (None, None, 121.0)),
]
REFUSED = [
    (quantity(16, "[stone_av]"), "REG028"),
    (quantity(7.3, None), "REG028"),
    (quantity(7.3, "kg", None), "REG028"),
    (quantity(7.3, "kg", "http://example.org/units"), "REG028"),
    (quantity(7.3, "KG"), "REG028"),
    (quantity(7.3, "cm"), "REG028"),
    (quantity(7.3, "kg") | {"comparator": "<"}, "REG020"),
    (quantity("heavy", "kg"), "REG020"),
    (quantity(730, "kg"), "REG012"),
]


def test_a_declared_unit_is_converted_exactly(tmp_path):
    """Each on a day of its own."""
    taken = [
        reading(code, value, unit, f"2026-03-0{day}")
        for day, (code, value, unit, _) in enumerate(READ, 1)
    ]
    _, registry, refused = imported(tmp_path, patient(), *taken)
    expected = [(f"2026-03-0{day}", *case[3], None) for day, case in enumerate(READ, 1)]
    assert measured(registry) == expected and not refused


def test_any_other_unit_is_quarantined_and_never_guessed(tmp_path):
    taken = [
        reading("29463-7", 1, "kg", f"2026-03-0{day}", valueQuantity=said)
        for day, (said, _) in enumerate(REFUSED, 1)
    ]
    report, registry, refused = imported(tmp_path, patient(), *taken)
    of_day = {json.loads(row["raw"])["measured_on"]: row["code"] for row in refused}
    assert of_day == {f"2026-03-0{day}": why for day, (_, why) in enumerate(REFUSED, 1)}
    assert report.tables["measurements"]["rows"] == len(REFUSED) and measured(registry) == []


def test_the_units_of_a_column_are_mass_or_length():
    for column, units in UNITS.items():
        assert set(units) <= ({"kg", "g", "[lb_av]"} if "weight" in column else {"mm", "cm", "m"})


def test_the_readings_of_a_day_are_one_measurement(tmp_path):
    taken = [
        reading("29463-7", 7.3, "kg"),
        reading("8306-3", 74.1, "cm"),
        reading("56072-2", 12.1, "cm", "2026-03-02T20:00:00+05:30"),
        reading("29463-7", 7.4, "kg", "2026-03-09"),
    ]
    report, registry, _ = imported(tmp_path, patient(), *taken)
    first, second = measured(registry)
    assert first == ("2026-03-02", 7.3, 74.1, 121.0, None)
    assert second == ("2026-03-09", 7.4, None, None, None)
    assert registry.measurements["height_position"].tolist() == [0, -1]
    assert report.tables["measurements"] == {"rows": 2, "kept": 2, "quarantined": 0, "codes": {}}


def test_a_refused_reading_does_not_take_the_arm_with_it_and_its_correction_loses_nothing(tmp_path):
    """An arm of 108 mm must not be lost to a weight in stones, nor to the corrected weight, nor the
    corrected weight to the same Bundle imported again."""
    bad = reading("29463-7", 1.15, "[stone_av]")
    arm = reading("56072-2", 108, "mm")
    report, registry, refused = imported(tmp_path, patient(), bad, arm)
    assert measured(registry) == [("2026-03-02", None, None, 108.0, None)]
    codes = {"rows": 2, "kept": 1, "quarantined": 1, "codes": {"REG028": 1}}
    assert report.tables["measurements"] == codes
    assert json.loads(refused[0]["raw"])["weight_kg"] == "1.15 [stone_av]"
    mended = tmp_path / "mended.csv"
    with closing(open_store(tmp_path / "x.db")) as store:
        quarantine.export(store, mended, table="measurements")
        mended.write_text(mended.read_text().replace("1.15 [stone_av]", "7.3"))
        quarantine.retry(store, corrected=mended, imported_on=ON)
    _, registry, _ = imported(tmp_path, patient(), bad, arm)
    assert sorted(row[1:4] for row in measured(registry) if row[1]) == [(7.3, None, None)]
    assert [row[3] for row in measured(registry) if row[3]] == [108.0]


def test_a_time_is_a_day_in_the_programmes_zone(tmp_path):
    late = reading("29463-7", 7.3, "kg", "2026-03-01T20:00:00Z")
    _, registry, _ = imported(tmp_path, patient(), late)
    assert measured(registry)[0][0] == "2026-03-02"


def test_two_weights_of_one_day_are_a_conflict_and_the_same_twice_a_repeat(tmp_path):
    twice = [reading("29463-7", 7.3, "kg"), reading("29463-7", 7300, "g")]
    report, registry, _ = imported(tmp_path, patient(), *twice)
    assert report.tables["measurements"]["codes"] == {"REG040": 1} and len(measured(registry)) == 1


def test_two_weights_that_differ_are_both_refused_and_the_arm_is_kept(tmp_path):
    twice = [reading("29463-7", 7.3, "kg"), reading("29463-7", 8.3, "kg")]
    report, registry, _ = imported(tmp_path, patient(), *twice, reading("56072-2", 108, "mm"))
    assert report.tables["measurements"]["codes"] == {"REG041": 2}
    assert measured(registry) == [("2026-03-02", None, None, 108.0, None)]


def test_two_sources_of_one_day_are_two_measurements(tmp_path):
    taken = [
        reading("29463-7", weight, "kg", meta={"source": f"urn:system:{weight}"})
        for weight in (7.3, 8.3)
    ]
    _, registry, refused = imported(tmp_path, patient(), *taken)
    assert [row[1] for row in measured(registry)] == [7.3, 8.3] and not refused


GRADES = [
    ({"valueInteger": 2}, 2.0),
    ({"valueBoolean": False}, 0.0),
    ({"valueString": "3"}, 3.0),
    ({"valueCodeableConcept": {"text": "absent"}}, 0.0),
    ({"valueCodeableConcept": {"text": "Grade 2"}}, 2.0),
]


def test_oedema_is_a_grade(tmp_path):
    code = {"coding": [{"system": "urn:sanket:fhir:reading", "code": "oedema"}]}
    seen = []
    for day, (value, _) in enumerate(GRADES, 1):
        one = reading("", 1, "kg", f"2026-03-0{day}") | {"code": code} | value
        del one["valueQuantity"]
        seen.append(one)
    _, registry, refused = imported(tmp_path, patient(), *seen)
    assert [row[4] for row in measured(registry)] == [grade for _, grade in GRADES]
    assert not refused


def test_components_are_readings_too(tmp_path):
    panel = reading("85353-1", 1, "kg")
    panel.pop("valueQuantity")
    panel["component"] = [
        {"code": one["code"], "valueQuantity": one["valueQuantity"]}
        for one in (reading("29463-7", 7.3, "kg"), reading("8302-2", 74.1, "cm"))
    ]
    _, registry, _ = imported(tmp_path, patient(), panel)
    assert measured(registry) == [("2026-03-02", 7.3, 74.1, None, None)]


def test_a_withdrawn_record_is_left_out_and_one_that_is_not_final_is_quarantined(tmp_path):
    """Both are told."""
    taken = [
        reading("29463-7", 7.3, "kg", status="entered-in-error"),
        reading("56072-2", 121, "mm", status="registered"),
        reading("8867-4", 110, "/min"),
    ]
    report, registry, refused = imported(tmp_path, patient(), *taken)
    assert measured(registry) == [] and [row["code"] for row in refused] == ["REG039"]
    assert "not read: 1 Observation that was entered-in-error" in report.notes
    assert "not read: 1 Observation of other codes (8867-4)" in report.notes


def test_nothing_that_names_a_person_is_kept(tmp_path):
    """Neither in the registry nor in quarantine nor in a note."""
    named = patient(
        name=[{"family": "Pawar-Secret", "given": ["Sunita-Secret"]}],
        telecom=[{"system": "phone", "value": "98220-Secret"}],
        address=[{"text": "Baramati-Secret"}],
        contact=[{"name": {"text": "Mother-Secret"}}],
        identifier=[{"system": "https://uidai.gov.in", "value": "Aadhaar-Secret"}],
    )
    wrong = named | {"id": "C2", "gender": "other"}
    display = reading(
        "29463-7", 7.3, "kg", subject={"reference": "Patient/C1", "display": "x-Secret"}
    )
    report, registry, refused = imported(tmp_path, named, wrong, display)
    assert report.tables["children"] == {
        "rows": 2,
        "kept": 1,
        "quarantined": 1,
        "codes": {"REG023": 1},
    }
    whole = (tmp_path / "x.db").read_bytes() + repr((report, refused)).encode()
    assert b"Secret" not in whole and list(registry.child_ids) == ["C1"]


def test_a_child_has_its_centre_areas_death_and_birth_weight(tmp_path):
    dead = patient(deceasedDateTime="2026-03-10", birthDate="2024-09")
    _, registry, _ = imported(tmp_path, dead, reading("8339-4", 2400, "g", "2024-09-02"))
    child = registry.children
    assert registry.sector_ids.tolist() == ["S1"] and registry.centre_ids.tolist() == ["A1"]
    assert child["birth_weight_kg"].tolist() == [2.4]
    assert str(day_date(int(child["left_on"][0]))) == "2026-03-10"
    assert child["left_reason"].tolist() == [1]
    born, off = int(child["birth_date"][0]), int(child["birth_date_uncertain_days"][0])
    assert (str(day_date(born)), off) == ("2024-09-15", 15)


@pytest.mark.parametrize("gone", [{"deceasedBoolean": True}, {"active": False}])
def test_a_leaving_without_its_day_is_told(tmp_path, gone):
    """The registry cannot keep it without a day: a person has to."""
    report, registry, _ = imported(tmp_path, patient(**gone), reading("29463-7", 7.3, "kg"))
    told = "not read: 1 leaving or death without its day (Patient): enter it in left_on"
    assert told in report.notes and registry.child_ids.tolist() == ["C1"]
    report, _, _ = imported(tmp_path, patient(active=True), reading("29463-7", 7.3, "kg"))
    assert told not in report.notes


def test_who_is_meant_by_a_reference(tmp_path):
    """By a Bundle's own address, an absolute address with a version, and our identifier."""
    ours = [{"system": "urn:sanket:fhir:id:child", "value": "C1"}]
    child = patient("p-77", identifier=ours)
    days = ("2026-03-02", "2026-03-03", "2026-03-04")
    means = (
        {"reference": "urn:uuid:1"},
        {"reference": "https://ehr.example.org/fhir/Patient/p-77/_history/3"},
        {"identifier": ours[0]},
    )
    taken = [
        reading("29463-7", 7.3, "kg", day, subject=who)
        for day, who in zip(days, means, strict=True)
    ]
    source = write_bundle(tmp_path / "x.json", *organizations(), *taken)
    document = json.loads(source.read_text())
    document["entry"].append({"fullUrl": "urn:uuid:1", "resource": child})
    source.write_text(json.dumps(document))
    _, registry, refused = imported(tmp_path, source=source)
    assert len(measured(registry)) == 3 and not refused and registry.child_ids.tolist() == ["C1"]


def test_a_stay_is_an_episode_of_ours_alone(tmp_path):
    ours = {
        "resourceType": "EpisodeOfCare",
        "id": "E1",
        "status": "finished",
        "type": [{"coding": [{"system": "urn:sanket:fhir:programme", "code": "UCDC"}]}],
        "patient": {"reference": "Patient/C1"},
        "period": {"start": "2026-01-05", "end": "2026-03-02"},
        "extension": [
            {"url": "urn:sanket:fhir:extension:outcome", "valueCode": "cured"},
            {"url": "urn:sanket:fhir:extension:complications", "valueBoolean": False},
        ],
    }
    other = ours | {"id": "E2", "type": [{"text": "antenatal care"}]}
    report, registry, _ = imported(tmp_path, patient(), reading("29463-7", 7.3, "kg"), ours, other)
    assert report.tables["episodes"]["kept"] == 1
    assert "not read: 1 EpisodeOfCare of no programme of ours" in report.notes
    assert registry.episodes["outcome"].tolist() == [0]
    assert registry.episodes["complications"].tolist() == [0.0]


def test_a_folder_of_ndjson_with_centres_as_a_table_and_again_changes_nothing(tmp_path):
    folder = tmp_path / "export"
    folder.mkdir()
    write_ndjson(folder / "Patient.ndjson", patient())
    write_ndjson(folder / "Observation.ndjson", reading("29463-7", 7.3, "kg"))
    (folder / "centres.csv").write_text(
        "centre_id,sector_id,project_id,district_id,setting\nA1,S1,P1,D1,rural\n"
    )
    report, registry, _ = imported(tmp_path, source=folder)
    assert report.changed and len(measured(registry)) == 1
    again, registry, _ = imported(tmp_path, source=folder)
    assert not again.changed and again.tables == report.tables and len(measured(registry)) == 1


def test_a_tag_of_test_data_makes_the_store_synthetic(tmp_path):
    tag = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
    _, registry, _ = imported(tmp_path, patient(meta={"tag": [tag]}), reading("29463-7", 7.3, "kg"))
    assert registry.facts["synthetic"] is True


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("x.json", "{", "REG003"),
        ("x.json", "[1]", "REG003"),
        ("x.json", '{"resourceType": "Bundle"}', "REG004"),
        ("x.json", '{"resourceType": "Device"}', "REG001"),
        ("x.ndjson", '{"resourceType": "Patient", "id": "C1"}\nnonsense\n', "REG003"),
        ("x.ndjson", "", "REG004"),
    ],
)
def test_what_is_no_fhir_is_refused_whole(tmp_path, name, text, code):
    source = tmp_path / name
    source.write_text(text)
    with pytest.raises(BadInput) as error:
        read(source)
    assert error.value.code == code and "C1" not in error.value.message
