"""Maps: other headers, units, date forms and shapes, as declared and not otherwise; and proposals
for them."""

from __future__ import annotations

import csv
import datetime as dt
import tomllib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from registry.contract.codes import ReportedStatus
from registry.contract.errors import BadInput
from registry.contract.registry import day_date
from registry.mapping.headers import header_meanings
from registry.mapping.map_file import read_map
from registry.mapping.propose import propose_map, try_map
from registry.store.store import open_store
from tests.support.registry_samples import folder

SPOON_MAP = Path("docs/examples/spoon.toml")
CHILD = {"child_id": "child_id", "sex": "sex", "birth_date": "birth_date", "centre_id": "centre_id"}
BASE = {
    "centres": {
        "file": "centres.csv",
        "columns": {
            name: name
            for name in ("centre_id", "sector_id", "project_id", "district_id", "setting")
        },
    },
    "children": {"file": "children.csv", "columns": CHILD},
}


def imported(tmp_path: Path, text: str, columns: dict, **settings: object):
    """The registry and counts after importing this file of measurements through a map."""
    source = folder(tmp_path / "in")
    (source / "measurements.csv").unlink()
    (source / "export.csv").write_text(text, encoding="utf-8")
    plan = {
        "tables": BASE | {"measurements": {"file": "export.csv", "columns": columns} | settings}
    }
    opened = open_store(tmp_path / "x.db")
    report = opened.import_source(source, map=plan, imported_on="2026-04-30")
    registry = opened.load()
    opened.close()
    return registry, report.tables["measurements"]


def test_declared_units_dates_codes_and_commas_are_read(tmp_path):
    text = "Kind;Datum;Gewicht;Laenge;Arm;Status\nc1;10/01/2025;7100;0,70;12,1;Normal\nc2;11/01/2025;x;0,72;13;SAM\n"
    registry, counts = imported(
        tmp_path,
        text,
        {
            "child_id": "Kind",
            "measured_on": {"from": "Datum", "date": "%d/%m/%Y"},
            "weight_kg": {"from": "Gewicht", "unit": "g"},
            "height_cm": {"from": "Laenge", "unit": "m", "decimal": ","},
            "muac_mm": {"from": "Arm", "unit": "cm", "decimal": ","},
            "reported_status": {"from": "Status", "codes": {"Normal": "green", "SAM": "red"}},
        },
    )
    assert counts == {"rows": 2, "kept": 1, "quarantined": 1, "codes": {"REG020": 1}}
    row = registry.measurements
    assert (row["weight_kg"][0], row["height_cm"][0], row["muac_mm"][0]) == (7.1, 70.0, 121.0)
    assert day_date(row["measured_on"][0]) == dt.date(2025, 1, 10)
    assert ReportedStatus.text_of(row["reported_status"][0]) == "green"


def test_no_unit_is_converted_that_the_map_does_not_declare(tmp_path):
    columns = {"child_id": "c", "measured_on": "d", "weight_kg": "w"}
    _, counts = imported(tmp_path, "c,d,w\nc1,2025-01-10,7100\n", columns)
    assert counts["codes"] == {"REG012": 1}


def test_excel_serial_dates_where_declared(tmp_path):
    registry, _ = imported(
        tmp_path,
        "c,d,w\nc1,45667,7.1\n",
        {"child_id": "c", "measured_on": {"from": "d", "date": "excel_1900"}, "weight_kg": "w"},
    )
    assert day_date(registry.measurements["measured_on"][0]) == dt.date(2025, 1, 10)


def test_a_column_for_each_month_becomes_a_row_for_each_filled_month(tmp_path):
    text = (
        "child,weight_2026_03,weight_2026_04,height_2026_03,Mar-26 Colour,Apr-26 Colour\n"
        "c1,9.1,,80,Green,RED\nc2,,,,,\nc3,8.2,88,,,\n"
    )
    registry, counts = imported(
        tmp_path,
        text,
        {"child_id": "child"},
        wide={
            "day": 15,
            "columns": {
                "weight_kg": "weight_{YYYY}_{MM}",
                "height_cm": "height_{YYYY}_{MM}",
                "reported_status": "{Mon}-{YY} Colour",
            },
        },
    )
    assert counts == {"rows": 4, "kept": 3, "quarantined": 1, "codes": {"REG012": 1}}
    row = registry.measurements
    assert [str(day_date(day)) for day in row["measured_on"]] == [
        "2026-03-15",
        "2026-04-15",
        "2026-03-15",
    ]
    np.testing.assert_array_equal(row["weight_kg"], [9.1, np.nan, 8.2])
    assert list(row["reported_status"]) == [0, 2, -1], (
        "a colour is kept as a colour, never as a weight"
    )


def test_all_faults_of_a_map_are_told_at_once():
    with pytest.raises(BadInput) as refused:
        read_map(
            {
                "tables": {
                    "weights": {},
                    "measurements": {
                        "columns": {
                            "weight_kg": {"from": "w", "unit": "stone"},
                            "shoe": "s",
                            "measured_on": {"from": "d", "date": "dd/mm"},
                        }
                    },
                }
            }
        )
    message = refused.value.message
    assert all(word in message for word in ("weights", "stone", "shoe", "measured_on"))
    assert refused.value.code == "REG006"


def test_a_personal_column_becomes_a_keyed_hash(tmp_path, monkeypatch):
    text = "phone,d,w\n9876543210,2025-01-10,7.1\n"
    columns = {
        "child_id": {"value": "c1"},
        "measured_on": "d",
        "weight_kg": "w",
        "source": {"from": "phone", "personal": "hash"},
    }
    monkeypatch.setenv("SANKET_IDENTITY_KEY", "a key of the test, long enough")
    imported(tmp_path, text, columns)
    assert b"9876543210" not in (tmp_path / "x.db").read_bytes()


@pytest.fixture(scope="module")
def spoon(tmp_path_factory) -> Path:
    """SPOON's screenings out of the package that ships them, their dates reduced to ages in
    days."""
    path = tmp_path_factory.mktemp("spoon") / "spoon_screenings.csv"
    shipped = Path(find_spec("pygrowup").origin).parent / "test_datasets" / "test_dataset.csv"
    with (
        shipped.open(encoding="utf-8") as source,
        path.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["child_id", "sex", "age_days", "weight", "lenhei", "headc"])
        for row in csv.DictReader(source):
            born, seen = (
                dt.datetime.strptime(row[name], "%m/%d/%Y") for name in ("dob", "screen_date")
            )
            writer.writerow(
                [
                    row["id"],
                    row["gender"][0].lower(),
                    (seen - born).days,
                    row["weight"],
                    row["height"],
                    row["head"],
                ]
            )
    return path


def test_spoons_real_records_import_through_the_example_map(tmp_path, spoon):
    opened = open_store(tmp_path / "spoon.db")
    report = opened.import_source(spoon, map=SPOON_MAP)
    again = opened.import_source(spoon, map=SPOON_MAP)
    registry = opened.load()
    opened.close()
    assert (
        report.tables["measurements"]["rows"] == 5704
        and report.tables["measurements"]["kept"] == 5637
    )
    assert report.tables["children"] == {
        "rows": 1087,
        "kept": 1079,
        "quarantined": 8,
        "codes": {"REG041": 8},
    }
    assert again.changed is False and again.tables == report.tables
    assert registry.facts["made_up_epoch"] == "2000-01-01"
    born = registry.children["birth_date"][registry.measurements["child"]]
    ages = registry.measurements["measured_on"] - born
    assert ages.min() >= 0 and ((ages < 1827).sum() > 3000)


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("Weight (Kg)", "weight_kg"),
        ("वजन", "weight_kg"),
        ("ऊंचाई", "height_cm"),
        ("उंची", "height_cm"),
        ("DOB", "birth_date"),
        ("जन्म तिथि", "birth_date"),
        ("जन्मतारीख", "birth_date"),
        ("Gender", "sex"),
        ("लिंग", "sex"),
        ("AWC Code", "centre_id"),
        ("Beneficiary ID", "child_id"),
        ("MUAC", "muac_mm"),
        ("Hight", "height_cm"),
        ("weight_2026_03", "weight_kg"),
    ],
)
def test_headers_are_recognised_in_three_languages(header, column):
    assert header_meanings([header])[header]["column"] == column


def test_names_and_phones_are_seen_as_personal_and_the_unknown_stays_open():
    found = header_meanings(["Child Name", "Mobile", "आईचे नाव", "Aadhaar", "flag_7"])
    assert [found[name] for name in ("Child Name", "Mobile", "आईचे नाव", "Aadhaar")] == [
        {"personal": True}
    ] * 4
    assert found["flag_7"] == {}


def test_a_proposal_is_toml_and_names_months_as_patterns(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text("Child ID,Mother Name,Mar-26 Weight,Apr-26 Weight\nc1,x,7,8\n")
    proposed = tomllib.loads(propose_map(path))
    assert proposed["tables"]["measurements"]["wide"]["columns"] == {
        "weight_kg": "{Mon}-{YY} Weight"
    }
    assert "Mother Name" not in str(proposed)


def test_a_trial_counts_and_keeps_nothing(spoon):
    assert try_map(spoon, SPOON_MAP)["measurements"] == {
        "rows": 1000,
        "kept": 999,
        "quarantined": 1,
        "codes": {"REG013": 1},
    }
