"""What exports of real tools say, read right or named: blanks, codings, dates, months,
spreadsheets, missing codes."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path

import numpy as np
import pytest
from openpyxl import Workbook

from registry.contract.errors import BadInput, Refused
from registry.contract.registry import day_date
from registry.mapping.map_file import read_map
from registry.mapping.propose import propose_map
from registry.store.store import open_store
from sanket.app import main
from tests.support.registry_samples import CENTRES, MEASUREMENTS, folder

CENTRE_MAP = {
    "file": "centres.csv",
    "columns": {
        name: name for name in ("centre_id", "sector_id", "project_id", "district_id", "setting")
    },
}
CHILD_MAP = {
    "file": "children.csv",
    "columns": {name: name for name in ("child_id", "sex", "birth_date", "centre_id")},
}
DAY = "2026-04-30"


def imported(
    tmp_path: Path, *, map: object = None, day: str = DAY, zscores=None, past: bool = False, **files
):
    """(report, registry) after importing a folder with these tables (texts) and other files
    (name__csv=text)."""
    source = folder(
        tmp_path / "in", **{name: text for name, text in files.items() if "__" not in name}
    )
    for name, text in files.items():
        if "__" in name:
            (source / name.replace("__", ".")).write_text(text, encoding="utf-8")
    opened = open_store(tmp_path / "x.db")
    try:
        report = opened.import_source(source, map=map, imported_on=day, zscores=zscores, past=past)
        return report, opened.load()
    finally:
        opened.close()


def mapped(tmp_path: Path, text: str, columns: dict, **settings):
    """The same for a file of measurements through a map."""
    (tmp_path / "in").mkdir(exist_ok=True)
    plan = {
        "tables": {
            "centres": CENTRE_MAP,
            "children": CHILD_MAP,
            "measurements": {"file": "export.csv", "columns": columns} | settings,
        }
    }
    return imported(tmp_path, map=plan, export__csv=text)


def days(registry) -> list[str]:
    return [str(day_date(day)) for day in registry.measurements["measured_on"]]


def workbook(path: Path, **sheets: list[list]) -> Path:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    book.save(path)
    return path


# 1. A row with no value is no measurement.


@pytest.mark.parametrize("blank", [",,", "-,N/A,", "--,,NaN", "–,Not measured,"])
def test_blank_months_are_counted_apart_and_nobody_counts_as_seen(tmp_path, blank):
    rows = [
        f"c{child},2026-0{month}-10,{'7.5,70,' if month == 1 else blank}"
        for child in (1, 2, 3)
        for month in (1, 2, 3)
    ]
    header = "child_id,measured_on,weight_kg,height_cm,muac_mm"
    report, registry = imported(tmp_path, measurements="\n".join([header, *rows]) + "\n")
    assert report.tables["measurements"] == {
        "rows": 9,
        "kept": 3,
        "quarantined": 6,
        "codes": {"REG036": 6},
    }
    assert days(registry) == ["2026-01-10"] * 3


def test_a_colour_or_a_look_for_oedema_is_a_measurement(tmp_path):
    _, registry = imported(
        tmp_path,
        measurements="child_id,measured_on,reported_status,oedema\nc1,2026-01-10,red,\n"
        "c2,2026-01-10,,0\nc3,2026-01-10,,\n",
    )
    assert registry.measurements.rows == 2


def test_a_wide_month_with_a_dash_is_no_row(tmp_path):
    report, registry = mapped(
        tmp_path,
        "id,Jan-26 Weight,Feb-26 Weight,Mar-26 Weight\nc1,7,-,N/A\nc2,8, ,8.4\n",
        {"child_id": "id"},
        wide={"day": 15, "columns": {"weight_kg": "{Mon}-{YY} Weight"}},
    )
    assert report.tables["measurements"]["rows"] == 3
    assert sorted(registry.measurements["weight_kg"].tolist()) == [7.0, 8.0, 8.4]


def test_a_blank_month_beside_a_weighed_one_is_no_conflict(tmp_path):
    more = MEASUREMENTS + "c1,2025-01-10,,,\n"
    report, _ = imported(tmp_path, measurements=more)
    assert report.tables["measurements"]["codes"] == {"REG036": 1}


# 2. Oedema 1/2, yes/no; shares that no place has seen.


@pytest.mark.parametrize(
    "cells",
    [
        ("1", "2"),
        ("2", "2"),
        ("2.0", "1.0"),
        ("y", "n"),
        ("Yes", "No"),
        ("TRUE", "FALSE"),
        ("no", "no"),
        ("हाँ", "नहीं"),
        ("होय", "नाही"),
    ],
)
def test_oedema_that_may_be_yes_and_no_is_refused_until_a_map_says(tmp_path, cells):
    text = f"child_id,measured_on,oedema\nc1,2026-01-10,{cells[0]}\nc2,2026-01-10,{cells[1]}\n"
    with pytest.raises(BadInput, match="REG008.*oedema"):
        imported(tmp_path, measurements=text)
    codes = {cells[0]: "1", cells[1]: "0"} if cells[0] != "2.0" else {"1": "1", "2": "0"}
    _, registry = mapped(
        tmp_path,
        text,
        {
            "child_id": "child_id",
            "measured_on": "measured_on",
            "oedema": {"from": "oedema", "codes": codes},
        },
    )
    assert registry.measurements["oedema"].tolist() == (
        [0.0, 1.0] if cells[0] == "2.0" else [1.0, 0.0] if cells[0] != cells[1] else [0.0, 0.0]
    )


@pytest.mark.parametrize("cells", [("0", "1"), ("0", "2"), ("3", "1"), ("1", ""), ("0", "0")])
def test_grades_are_read_as_grades(tmp_path, cells):
    _, registry = imported(
        tmp_path,
        measurements="child_id,measured_on,weight_kg,oedema\n"
        f"c1,2026-01-10,7,{cells[0]}\nc2,2026-01-10,8,{cells[1]}\n",
    )
    found = registry.measurements["oedema"].tolist()
    assert found[0] == float(cells[0]) and (
        found[1] == float(cells[1]) if cells[1] else np.isnan(found[1])
    )


def test_a_register_that_notes_the_few_swollen_children_alone_is_one_of_grades(tmp_path):
    rows = [
        f"c{at % 3 + 1},2025-{at % 12 + 1:02}-{at // 12 + 1:02},7.{at % 10},{2 if at == 5 else ''}"
        for at in range(60)
    ]
    _, registry = imported(
        tmp_path, measurements="child_id,measured_on,weight_kg,oedema\n" + "\n".join(rows) + "\n"
    )
    assert np.nansum(registry.measurements["oedema"]) == 2


@pytest.mark.parametrize(
    ("cells", "proposed"),
    [
        (("1", "2"), {"1": "1", "2": "0"}),
        (("y", "n"), {"y": "1", "n": "0"}),
        (("Yes", "No"), {"Yes": "1", "No": "0"}),
        (("हाँ", "नहीं"), {"हाँ": "1", "नहीं": "0"}),
    ],
)
def test_map_proposes_what_yes_and_no_of_oedema_mean(tmp_path, cells, proposed):
    path = tmp_path / "survey.csv"
    rows = "".join(f"c{at},2026-01-10,7,{cells[at % 2]}\n" for at in range(8))
    path.write_text("Child ID,Date,Weight,Oedema\n" + rows, encoding="utf-8")
    assert (
        tomllib.loads(propose_map(path))["tables"]["measurements"]["columns"]["oedema"]["codes"]
        == proposed
    )


def many(**cells: str) -> str:
    """Forty rows of measurements, each cell the same."""
    rows = [
        f"c{at % 3 + 1},2025-{at % 10 + 3:02}-{at // 10 + 1:02},{','.join(cells.values())}"
        for at in range(40)
    ]
    return f"child_id,measured_on,{','.join(cells)}\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (many(oedema="1"), "oedema in 100%"),
        (many(muac_mm="110"), "SAM in 100%"),
        (many(reported_status="red", weight_kg="8"), "reported_status is red in 100%"),
    ],
)
def test_a_share_that_no_place_has_seen_is_said_aloud(tmp_path, table, said):
    report, _ = imported(tmp_path, measurements=table)
    assert any(said in line for line in report.warnings)
    assert report.as_json()["warnings"] == list(report.warnings)


def test_an_ordinary_registry_is_imported_without_a_warning(tmp_path):
    from features.who.growth import zscores

    report, _ = imported(tmp_path, zscores=zscores, day="2025-02-20")
    assert report.warnings == ()


# 3. Dates.


def dated(tmp_path, *cells: str) -> str:
    path = tmp_path / "dates.csv"
    path.write_text(
        "Child ID,Date,Weight\n" + "".join(f"c{at},{cell},7\n" for at, cell in enumerate(cells)),
        encoding="utf-8",
    )
    return propose_map(path)


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["1/15/2026", "02/03/2026", "12/31/2025"], "%m/%d/%Y"),
        (["15/1/2026", "02/03/2026", "31/12/2025"], "%d/%m/%Y"),
        (["15-01-26", "31-12-25"], "%d-%m-%y"),
        (["15.01.2026", "02.03.2026"], "%d.%m.%Y"),
        (["15-Jan-2026", "02-Sept-2025"], "%d-%b-%Y"),
        (["१५/०१/२०२६", "०२/०३/२०२६"], "%d/%m/%Y"),
        (["15/01/2026 10:30", "02/03/2026 11:00 AM"], "%d/%m/%Y"),
        (["2026/01/15", "2026/03/02"], "%Y/%m/%d"),
        (["45667", "45700"], "excel_1900"),
    ],
)
def test_the_form_that_explains_all_dates_is_proposed(tmp_path, cells, form):
    text = dated(tmp_path, *cells)
    assert tomllib.loads(text)["tables"]["measurements"]["columns"]["measured_on"]["date"] == form


def test_month_first_is_found_where_most_dates_cannot_be_day_first_even_beyond_the_first_thousand(
    tmp_path,
):
    cells = [f"0{at % 9 + 1}/0{at % 9 + 1}/2025" for at in range(1200)] + [
        "03/14/2025",
        "12/25/2025",
    ]
    text = dated(tmp_path, *cells)
    assert (
        tomllib.loads(text)["tables"]["measurements"]["columns"]["measured_on"]["date"]
        == "%m/%d/%Y"
    )
    assert "all 11 dates" in text, "it says how many each form explains"


def test_dates_that_fit_both_orders_are_asked_for_and_not_guessed(tmp_path):
    text = dated(tmp_path, "01/02/2026", "03/04/2026")
    plan = tomllib.loads(text)
    assert plan["tables"]["measurements"]["columns"]["measured_on"]["date"] == "ask"
    assert "%d/%m/%Y" in text and "%m/%d/%Y" in text
    with pytest.raises(BadInput, match="REG006.*ask.*day first"):
        read_map(plan)


def test_another_column_of_the_file_shows_which_comes_first(tmp_path):
    path = tmp_path / "two.csv"
    path.write_text(
        "Child ID,DOB,Date,Weight\nc1,25/03/2024,01/02/2026,7\nc2,03/04/2024,03/02/2026,8\n"
    )
    plan = tomllib.loads(propose_map(path))["tables"]
    assert plan["measurements"]["columns"]["measured_on"]["date"] == "%d/%m/%Y"


HALF = ["2026-05-03", "2026-06-03", "2026-07-04", "14/03/2026", "25/03/2026", "16/04/2026"]


def test_excels_half_swap_is_named_refused_and_turned_back_where_declared(tmp_path):
    text = "child_id,measured_on,weight_kg\n" + "".join(
        f"c1,{cell},7.{at}\n" for at, cell in enumerate(HALF)
    )
    with pytest.raises(BadInput, match="REG008.*day for the month"):
        imported(tmp_path, measurements=text)
    columns = {"child_id": "child_id", "weight_kg": "weight_kg"}
    with pytest.raises(BadInput, match="REG008"):
        mapped(
            tmp_path, text, columns | {"measured_on": {"from": "measured_on", "date": "%d/%m/%Y"}}
        )
    _, registry = mapped(
        tmp_path,
        text,
        columns
        | {"measured_on": {"from": "measured_on", "date": ["iso_day_month_swapped", "%d/%m/%Y"]}},
    )
    assert days(registry) == [
        "2026-03-05",
        "2026-03-06",
        "2026-03-14",
        "2026-03-25",
        "2026-04-07",
        "2026-04-16",
    ]
    assert "iso_day_month_swapped" in dated(tmp_path, *HALF)


@pytest.mark.parametrize(
    "form", ["%d/%Y", "%m/%Y", "%Y", "%d/%m", "dd/mm/yyyy", "%d/%m/%Q", "%H:%M", "%d/%m/%Y %m"]
)
def test_a_form_that_loses_a_part_of_the_date_is_refused(form):
    with pytest.raises(BadInput, match="REG006.*date"):
        read_map(
            {
                "tables": {
                    "measurements": {
                        "columns": {"child_id": "c", "measured_on": {"from": "d", "date": form}}
                    }
                }
            }
        )


def test_digits_of_devanagari_are_read_in_dates_numbers_codes_and_months(tmp_path):
    text = "id,लिंग,मार्च २०२६ वजन\nc1,२,७.१\n"
    _, registry = mapped(
        tmp_path,
        text,
        {"child_id": "id"},
        wide={"day": 15, "columns": {"weight_kg": "{Month} {YYYY} वजन"}},
    )
    assert days(registry) == ["2026-03-15"] and registry.measurements["weight_kg"].tolist() == [7.1]
    _, again = mapped(
        tmp_path,
        "id,d,w\nc2,१४/०३/२०२६,७१००\n",
        {
            "child_id": "id",
            "measured_on": {"from": "d", "date": "%d/%m/%Y"},
            "weight_kg": {"from": "w", "unit": "g"},
        },
    )
    assert "2026-03-14" in days(again) and 7.1 in again.measurements["weight_kg"]


# 4. Months.

SERIES = [
    "April-25 Weight",
    "May-25 Weight",
    "Sept-25 Weight",
    "Mar-26 Weight",
    "Weight Jul 2025",
    "एप्रिल 2026 Weight",
]


def test_one_series_of_months_in_any_spelling_is_proposed_and_read_whole(tmp_path):
    path = tmp_path / "months.csv"
    path.write_text(f"Child ID,{','.join(SERIES)}\nc1,7.1,7.2,7.6,8.2,7.4,8.4\n", encoding="utf-8")
    plan = tomllib.loads(propose_map(path))["tables"]["measurements"]
    (tmp_path / "in").mkdir()
    _, registry = mapped(
        tmp_path, path.read_text(encoding="utf-8"), plan["columns"], wide=plan["wide"]
    )
    assert days(registry) == [
        "2025-04-15",
        "2025-05-15",
        "2025-07-15",
        "2025-09-15",
        "2026-03-15",
        "2026-04-15",
    ]
    assert registry.measurements["weight_kg"].tolist() == [7.1, 7.2, 7.4, 7.6, 8.2, 8.4]


def test_two_columns_of_one_month_are_a_conflict(tmp_path):
    with pytest.raises(BadInput, match="REG006.*two columns.*April-25 Weight.*Apr-25 Weight"):
        mapped(
            tmp_path,
            "id,April-25 Weight,Apr-25 Weight\nc1,7,8\n",
            {"child_id": "id"},
            wide={"day": 15, "columns": {"weight_kg": "{Month}-{YY} Weight"}},
        )


# 5. Excel.


def spoiled(path: Path) -> Path:
    """A workbook with an error, a formula without a stored value, and long codes."""
    book = Workbook()
    page = book.active
    for row in (
        ["child_id", "measured_on", "weight_kg", "height_cm"],
        ["c1", dt.date(2026, 1, 10), "#REF!", 70],
        ["c1", dt.date(2026, 2, 10), "=6+1", 70],
        ["c1", dt.date(2026, 3, 10), 7.2, 71],
    ):
        page.append(row)
    page["C2"].data_type = "e"
    book.save(path)
    return path


def test_errors_and_formulas_without_a_value_are_codes_and_not_blanks(tmp_path):
    source = folder(tmp_path / "in")
    (source / "measurements.csv").unlink()
    spoiled(source / "measurements.xlsx")
    opened = open_store(tmp_path / "x.db")
    report = opened.import_source(source, imported_on=DAY)
    opened.close()
    assert report.tables["measurements"] == {
        "rows": 3,
        "kept": 1,
        "quarantined": 2,
        "codes": {"REG026": 2},
    }


def test_codes_that_a_spreadsheet_cut_short_are_refused_with_what_happened(tmp_path):
    report, _ = imported(
        tmp_path, centres=CENTRES + "2.7501E+10,,S1,P,D,rural\n2.7501E+10,,S2,P,D,rural\n"
    )
    assert report.tables["centres"]["codes"] == {"REG027": 2}


@pytest.mark.parametrize("code", ["27501123456", "1234567890123456", "0012", "27E5"])
def test_long_codes_go_in_and_out_as_digits(tmp_path, code):
    report, registry = imported(tmp_path, centres=CENTRES + f"{code},,S1,P,D,rural\n")
    assert report.tables["centres"]["quarantined"] == (1 if code == "27E5" else 0) or code == "27E5"
    assert code in registry.centre_ids or code == "27E5"


def test_long_codes_typed_as_numbers_in_a_workbook_stay_whole(tmp_path):
    source = folder(tmp_path / "in")
    (source / "centres.csv").unlink()
    header, *rows = [line.split(",") for line in CENTRES.strip().split("\n")]
    more = [
        [27501123456, "", "S1", "P", "D", "rural"],
        [1234567890123456, "", "S1", "P", "D", "rural"],
    ]
    workbook(source / "centres.xlsx", centres=[header, *rows, *more])
    opened = open_store(tmp_path / "x.db")
    opened.import_source(source, imported_on=DAY)
    assert {"27501123456", "1234567890123456"} <= set(opened.load().centre_ids)
    opened.close()


# 6. Missing codes and units.


def test_missing_codes_are_declared_and_never_become_measures(tmp_path):
    text = "id,d,w,h\nc1,2026-01-10,7100,700\nc2,2026-01-10,9999,720\nc3,2026-01-10,9998,9999\n"
    columns = {
        "child_id": "id",
        "measured_on": "d",
        "height_cm": {"from": "h", "unit": "mm", "missing": [9999]},
    }
    with pytest.raises(BadInput, match="REG008.*9999"):
        mapped(tmp_path, text, columns | {"weight_kg": {"from": "w", "unit": "g"}})
    report, registry = mapped(
        tmp_path,
        text,
        columns | {"weight_kg": {"from": "w", "unit": "g", "missing": [9998, "9999"]}},
    )
    assert report.tables["measurements"]["codes"] == {"REG036": 1}
    assert registry.measurements["weight_kg"][0] == 7.1 and np.isnan(
        registry.measurements["weight_kg"][1]
    )
    assert registry.measurements["height_cm"].tolist() == [70.0, 72.0]


def test_a_child_of_9990_grams_is_no_missing_code(tmp_path):
    _, registry = mapped(
        tmp_path,
        "id,d,w\nc1,2026-01-10,9990\nc2,2026-01-10,8120\n",
        {"child_id": "id", "measured_on": "d", "weight_kg": {"from": "w", "unit": "g"}},
    )
    assert registry.measurements["weight_kg"].tolist() == [9.99, 8.12]


def test_units_of_dhs_are_declared(tmp_path):
    _, registry = mapped(
        tmp_path,
        "id,d,hw2,hw3\nc1,2026-01-10,71,702\n",
        {
            "child_id": "id",
            "measured_on": "d",
            "weight_kg": {"from": "hw2", "unit": "100 g"},
            "height_cm": {"from": "hw3", "unit": "mm"},
        },
    )
    assert registry.measurements["weight_kg"].tolist() == [7.1]
    assert registry.measurements["height_cm"].tolist() == [70.2]


@pytest.mark.parametrize(
    ("weights", "missing"),
    [
        (["7.1", "8.2", "99.9"], ["99.9"]),
        (["7.1", "8.2", "9999"], ["9999"]),
        (["7.1", "8.2", "-9"], ["-9"]),
        (["7.1", "8.2", "999"], ["999"]),
    ],
)
def test_map_proposes_missing_codes(tmp_path, weights, missing):
    path = tmp_path / "mics.csv"
    path.write_text(
        "Child ID,Date,Weight\n"
        + "".join(f"c{at},2026-01-10,{cell}\n" for at, cell in enumerate(weights))
    )
    assert (
        tomllib.loads(propose_map(path))["tables"]["measurements"]["columns"]["weight_kg"][
            "missing"
        ]
        == missing
    )


# 8. The past in parts; what is left out.


def test_a_later_import_of_the_past_is_said_and_past_declares_it(tmp_path):
    january = "child_id,measured_on,weight_kg\nc1,2025-01-10,7.1\n"
    february = "child_id,measured_on,weight_kg\nc1,2025-02-10,7.3\n"
    imported(tmp_path, measurements=january, day="2026-04-01")
    report, registry = imported(tmp_path, measurements=february, day="2026-04-02", past=True)
    assert days(registry) == [str(day_date(day)) for day in registry.measurements["known_from"]]
    assert report.warnings == ()
    march = february.replace("02-10", "03-10")
    report, registry = imported(tmp_path, measurements=march, day="2026-04-03")
    assert str(day_date(registry.measurements["known_from"][-1])) == "2026-04-03"
    assert any("known from 2026-04-03" in line and "--past" in line for line in report.warnings)


def test_past_corrects_nothing_and_is_refused_where_a_day_was_asked(tmp_path):
    january = "child_id,measured_on,weight_kg\nc1,2025-01-10,7.1\n"
    imported(tmp_path, measurements=january, day="2026-04-01")
    with pytest.raises(Refused, match="REG068.*corrects nothing"):
        imported(tmp_path, measurements=january.replace("7.1", "7.2"), day="2026-04-02", past=True)
    from serving.book.scorebook import RUNS, make_tables

    opened = open_store(tmp_path / "x.db")
    make_tables(opened.engine)
    with opened.engine.begin() as connection:
        made = {"made_at": "", "complete": True, "made_from": "", "facts": ""}
        connection.execute(RUNS.insert().values(run=1, as_of=dt.date(2026, 3, 1), **made))
    opened.close()
    with pytest.raises(Refused, match="REG068.*2026-03-01"):
        imported(
            tmp_path, measurements=january.replace("01-10", "02-10"), day="2026-04-02", past=True
        )
    imported(
        tmp_path,
        measurements=january.replace("2025-01-10", "2026-03-10"),
        day="2026-04-02",
        past=True,
    )


def test_files_and_sheets_that_nobody_reads_are_named(tmp_path):
    report, _ = imported(tmp_path, **{"measurements (1)__csv": MEASUREMENTS})
    assert any("measurements (1).csv" in line for line in report.notes)
    report, _ = (
        mapped(
            tmp_path / "m",
            "id,d,w,remark\nc1,2026-01-10,7,x\n",
            {"child_id": "id", "measured_on": "d", "weight_kg": "w"},
        )
        if (tmp_path / "m").mkdir() is None
        else (None, None)
    )
    assert any("remark" in line for line in report.notes) and any(
        "measurements.csv" in line for line in report.notes
    )


def test_twelve_monthly_files_are_one_import(tmp_path):
    months = {
        f"{name}-2025": number
        for number, name in enumerate(
            (
                "Jan",
                "Feb",
                "March",
                "April",
                "May",
                "June",
                "July",
                "Aug",
                "Sept",
                "Oct",
                "Nov",
                "Dec",
            ),
            1,
        )
    }
    files = {
        f"W {name}__csv": f"id,w\nc1,{6 + number / 10}\nc2,80\n" for name, number in months.items()
    }
    source = {
        "file": "W *.csv",
        "columns": {
            "child_id": "id",
            "weight_kg": "w",
            "measured_on": {"month_of": "file", "day": 10},
        },
    }
    report, registry = imported(
        tmp_path,
        map={"tables": {"centres": CENTRE_MAP, "children": CHILD_MAP, "measurements": source}},
        **files,
    )
    assert report.tables["measurements"] == {
        "rows": 24,
        "kept": 12,
        "quarantined": 12,
        "codes": {"REG012": 12},
    }
    assert days(registry) == [f"2025-{month:02}-10" for month in range(1, 13)]
    assert registry.measurements["weight_kg"].tolist() == [
        round(6 + month / 10, 1) for month in range(1, 13)
    ]


def test_twelve_sheets_are_one_import_and_the_summary_is_named(tmp_path):
    source = folder(tmp_path / "in")
    (source / "measurements.csv").unlink()
    pages = {
        f"{name} 2025": [["id", "w"], ["c1", 7 + at / 10]]
        for at, name in enumerate(("Jan", "Feb", "Mar"))
    }
    workbook(source / "year.xlsx", **pages, Summary=[["Total", "Total"], [3, 4]])
    plan = {
        "tables": {
            "centres": CENTRE_MAP,
            "children": CHILD_MAP,
            "measurements": {
                "file": "year.xlsx",
                "sheet": "* 2025",
                "columns": {
                    "child_id": "id",
                    "weight_kg": "w",
                    "measured_on": {"month_of": "sheet", "day": 10},
                },
            },
        }
    }
    opened = open_store(tmp_path / "x.db")
    report = opened.import_source(source, map=plan, imported_on=DAY)
    assert days(opened.load()) == ["2025-01-10", "2025-02-10", "2025-03-10"]
    opened.close()
    assert any("summary" in line for line in report.notes)


# 9. What stands around a table.


@pytest.mark.parametrize(
    "content",
    [
        "Register of weights\nBlock Dharni,,,,\n\n" + MEASUREMENTS,
        "sep=;\n" + MEASUREMENTS.replace(",", ";"),
        '"sep=,"\n' + MEASUREMENTS,
        MEASUREMENTS.replace("\n", ",\n"),
        MEASUREMENTS.replace("\n", ",\n").replace("muac_mm,", "muac_mm"),
        "Register; Amba, 2025\n\n" + MEASUREMENTS.replace(",", ";"),
    ],
    ids=[
        "titles",
        "sep",
        "quoted sep",
        "trailing commas",
        "trailing commas in the rows",
        "a title with signs",
    ],
)
def test_what_stands_around_a_table_is_read_past(tmp_path, content):
    report, registry = imported(tmp_path, measurements=content)
    assert report.tables["measurements"] == {"rows": 4, "kept": 4, "quarantined": 0, "codes": {}}
    assert registry.measurements["weight_kg"].tolist() == [7.1, 7.4, 8.0, 6.2]


def test_columns_that_nobody_needs_may_stand_twice(tmp_path):
    header, *rows = MEASUREMENTS.strip().split("\n")
    text = (
        "\n".join([f'{header},"Other, specify","Other, specify"', *(f"{row},a,b" for row in rows)])
        + "\n"
    )
    report, _ = imported(tmp_path, measurements=text)
    assert report.tables["measurements"]["kept"] == 4
    assert any("Other, specify (2)" in line for line in report.notes)


def test_a_needed_column_that_stands_twice_is_told_with_its_place(tmp_path):
    with pytest.raises(BadInput, match=r"export.csv names the column w twice"):
        mapped(
            tmp_path,
            "id,d,w,w\nc1,2026-01-10,7,8\n",
            {"child_id": "id", "measured_on": "d", "weight_kg": "w"},
        )


def test_a_line_break_in_a_centres_cell_refuses_the_cell_alone(tmp_path):
    report, registry = imported(
        tmp_path, centres=CENTRES.replace("A,Amba,S1", 'A,"Amba\nwadi","S\n1"')
    )
    assert report.tables["centres"]["quarantined"] == report.tables["children"]["quarantined"] == 0
    assert registry.facts["centre_names"] == {} and "S 1" in registry.sector_ids
    assert any("name" in line and "REG025" in line for line in report.notes)


def test_a_place_that_cannot_be_refuses_the_cell_and_not_the_centres_children(tmp_path):
    report, registry = imported(
        tmp_path,
        centres="centre_id,sector_id,project_id,district_id,setting,latitude\n"
        "A,S,P,D,rural,91\nB,S,P,D,urban,19.5\n",
    )
    assert report.tables["centres"]["kept"] == 2 and report.tables["children"]["kept"] == 3
    np.testing.assert_array_equal(registry.centres["latitude"], [np.nan, 19.5])
    assert (
        "centres: 1 cells of latitude refused, their rows kept without: REG019 latitude or "
        "longitude out of range"
    ) in report.notes


def test_a_hidden_sheet_is_read_past(tmp_path):
    path = tmp_path / "book.xlsx"
    book = Workbook()
    book.active.title = "Data"
    for row in (["id", "d", "w"], ["c1", "2026-01-10", 7]):
        book.active.append(row)
    page = book.create_sheet("lists")
    page.sheet_state = "hidden"
    page.append(["F", "F"])
    book.save(path)
    source = folder(tmp_path / "in")
    path.rename(source / "book.xlsx")
    plan = {
        "tables": {
            "centres": CENTRE_MAP,
            "children": CHILD_MAP,
            "measurements": {
                "file": "book.xlsx",
                "columns": {"child_id": "id", "measured_on": "d", "weight_kg": "w"},
            },
        }
    }
    opened = open_store(tmp_path / "x.db")
    report = opened.import_source(source, map=plan, imported_on=DAY)
    opened.close()
    assert report.tables["measurements"]["kept"] == 1
    assert any("hidden sheet book.xlsx [lists]" in line for line in report.notes)


# 13. Ages.


def test_months_read_as_days_are_said_aloud_and_months_can_be_declared(tmp_path):
    from features.who.growth import zscores

    rows = [f"k{at},{'FM'[at % 2]},{12 + at},{8.5 + at / 5:.1f},{73 + at}" for at in range(40)]
    plan = {
        "made_up_epoch": dt.date(2020, 1, 1),
        "tables": {
            "centres": CENTRE_MAP,
            "children": {
                "file": "e.csv",
                "columns": {
                    "child_id": "id",
                    "sex": "sex",
                    "centre_id": {"value": "A"},
                    "birth_date": {"date": "made_up_epoch"},
                },
            },
            "measurements": {
                "file": "e.csv",
                "columns": {
                    "child_id": "id",
                    "weight_kg": "w",
                    "height_cm": "h",
                    "measured_on": {"from": "age", "date": "days_after_made_up_epoch"},
                },
            },
        },
    }
    text = "id,sex,age,w,h\n" + "\n".join(rows) + "\n"
    report, _ = imported(tmp_path, map=plan, e__csv=text, zscores=zscores)
    assert any("months read as days?" in line for line in report.warnings)
    (tmp_path / "x.db").unlink()
    report, _ = imported(tmp_path, map=plan, e__csv=text)
    assert any("months read as days?" in line for line in report.warnings), "without z-scores too"
    plan["tables"]["measurements"]["columns"]["measured_on"]["date"] = "months_after_made_up_epoch"
    (tmp_path / "x.db").unlink()
    report, registry = imported(tmp_path, map=plan, e__csv=text, zscores=zscores)
    assert report.warnings == ()
    born = registry.children["birth_date"][registry.measurements["child"]]
    assert (registry.measurements["measured_on"] - born)[0] == round(12 * 30.4375)


def test_a_birth_date_is_found_from_ages_at_visits_and_carries_how_sure_it_is(tmp_path):
    text = "id,sex,d,months,w\nk1,F,20/03/2026,14,8\nk1,F,22/04/2026,15,8.2\nk2,M,20/03/2026,3,5\n"
    date = {"date": "%d/%m/%Y"}
    report, registry = imported(
        tmp_path,
        e__csv=text,
        map={
            "tables": {
                "centres": CENTRE_MAP,
                "children": {
                    "file": "e.csv",
                    "distinct": True,
                    "columns": {
                        "child_id": "id",
                        "sex": "sex",
                        "centre_id": {"value": "A"},
                        "birth_date": {"from": "months", "age": "months", "on": "d"} | date,
                    },
                },
                "measurements": {
                    "file": "e.csv",
                    "columns": {
                        "child_id": "id",
                        "weight_kg": "w",
                        "measured_on": {"from": "d"} | date,
                    },
                },
            }
        },
    )
    # 14 months on 20 March: 21 December to 20 January; 15 on 22 April: 23 December to 22 January;
    # both: 6 January.
    assert [str(day_date(day)) for day in registry.children["birth_date"]] == [
        "2025-01-06",
        "2025-12-05",
    ]
    assert any("birth_date" in line and "days off" in line for line in report.notes)


# 14. Several rows out of one; composite codes; nothing left of a failed import.


def test_one_row_of_an_otp_register_gives_two_measurements_and_an_episode(tmp_path):
    text = "reg,adm,adm_w,adm_muac,dis,dis_w,dis_muac,result\nc1,2026-01-05,6.4,110,2026-03-02,7.6,126,cured\n"
    row = {"file": "otp.csv"}
    plan = {
        "tables": {
            "centres": CENTRE_MAP,
            "children": CHILD_MAP,
            "measurements": [
                row
                | {
                    "columns": {
                        "child_id": "reg",
                        "measured_on": when,
                        "weight_kg": f"{when}_w",
                        "muac_mm": f"{when}_muac",
                    }
                }
                for when in ("adm", "dis")
            ],
            "episodes": row
            | {
                "columns": {
                    "episode_id": {"from": ["reg", "adm"], "join": "/"},
                    "child_id": "reg",
                    "programme": {"value": "UCDC"},
                    "admitted_on": "adm",
                    "closed_on": "dis",
                    "outcome": "result",
                }
            },
        }
    }
    _, registry = imported(tmp_path, map=plan, otp__csv=text)
    assert days(registry) == ["2026-01-05", "2026-03-02"] and registry.measurements[
        "weight_kg"
    ].tolist() == [6.4, 7.6]
    assert registry.episode_ids.tolist() == ["c1/2026-01-05"]


def test_a_composite_code_is_whole_or_empty(tmp_path):
    text = "place,facility,sector,pr,di,kind\nAmba,AWC1,S1,P,D,rural\nBela,,S1,P,D,rural\n"
    plan = {
        "tables": {
            "centres": {
                "file": "c.csv",
                "columns": {
                    "centre_id": {"from": ["place", "facility"], "join": " + "},
                    "sector_id": "sector",
                    "project_id": "pr",
                    "district_id": "di",
                    "setting": "kind",
                },
            },
            "children": CHILD_MAP,
            "measurements": {
                "file": "measurements.csv",
                "columns": {name: name for name in MEASUREMENTS.split("\n")[0].split(",")},
            },
        }
    }
    report, registry = imported(tmp_path, map=plan, c__csv=text)
    assert (
        report.tables["centres"]["codes"] == {"REG010": 1} and "Amba + AWC1" in registry.centre_ids
    )


def test_a_failed_import_leaves_no_empty_store(tmp_path, capsys):
    source = folder(tmp_path / "in", measurements="child_id\nc1\n")
    with pytest.raises(SystemExit) as ended:
        main(["import", str(source), "--to", str(tmp_path / "new.db")])
    assert ended.value.code == 3 and not list(tmp_path.glob("new*"))
    assert "REG002" in capsys.readouterr().err


@pytest.mark.parametrize(
    "fault",
    [
        {"columns": {"child_id": 5}},
        {"columns": ["child_id"]},
        {"columns": {"child_id": {"from": ["a", 2]}}},
        {"file": 7},
        {"wide": {"day": "x", "columns": []}},
        {"columns": {"weight_kg": {"from": "w", "codes": ["a"]}}},
        {"rows": [1]},
        {"columns": {"weight_kg": {"from": "w", "decimal": 3}}},
        {"parent": "x"},
        {"values": {"name": 1}},
        {"columns": {"weight_kg": {"from": "w", "unit": ["g"]}}},
        {"distinct": "yes"},
        {"sheet": []},
        5,
        "x",
    ],
)
def test_an_ill_typed_map_is_told_with_all_its_faults(fault):
    with pytest.raises(BadInput, match="REG006") as refused:
        read_map({"tables": {"measurements": fault, "shoes": {}}, "made_up_epoch": "soon"})
    assert len(refused.value.facts["faults"]) >= 3


# 7 and 10. Headers and tables.


def test_the_proposal_is_right_on_the_corpus_of_header_rows():
    from benchmarks.headers import judged, rows

    counts, unlike = judged()
    assert len(rows()) == 160
    assert counts["right"] >= 0.95 * (counts["right"] + counts["open"] + counts["wrong"]), unlike
    assert counts["wrong"] == 0, unlike


EPISODES = (
    "episode_id,child_id,programme,admitted_on,closed_on,outcome,recorded_on\n"
    "e1,c1,UCDC,2025-01-05,,,2025-01-06\n"
)


def test_each_table_of_the_contract_is_proposed_from_its_own_names(tmp_path):
    from registry.contract.tables import SPECS

    for name, spec in SPECS.items():
        path = tmp_path / f"{name}.csv"
        path.write_text(",".join(column.name for column in spec.columns) + "\n")
        plan = tomllib.loads(propose_map(path))["tables"]
        assert set(plan) == {name}
        assert plan[name]["columns"] == {column.name: column.name for column in spec.columns}


def test_a_folder_is_proposed_as_a_whole_and_imports_as_proposed(tmp_path):
    source = folder(tmp_path / "in", episodes=EPISODES)
    plan = tomllib.loads(propose_map(source))
    report, registry = imported(tmp_path, map=plan, episodes=EPISODES)
    assert {name: counts["kept"] for name, counts in report.tables.items()} == {
        "centres": 2,
        "children": 3,
        "measurements": 4,
        "episodes": 1,
    }
    assert str(day_date(registry.episodes["known_from"][0])) == "2025-01-06"


def test_monthly_files_are_proposed_as_one_table_and_their_month_from_the_name(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for month in ("Jan", "Feb"):
        (source / f"W {month}-2025.csv").write_text("Child ID,Weight\nc1,7.1\n")
    plan = tomllib.loads(propose_map(source))["tables"]["measurements"]
    assert sorted(plan["file"]) == ["W Feb-2025.csv", "W Jan-2025.csv"]
    assert plan["columns"]["measured_on"] == {"month_of": "file", "day": 15}


def test_a_column_called_like_ours_with_other_cells_is_left_out_and_said(tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text(
        "Child ID,Date,Weight,Status\nc1,2026-01-10,7.1,Active\nc2,2026-01-10,7.2,Migrated\n"
    )
    text = propose_map(path)
    assert "reported_status" not in tomllib.loads(text)["tables"]["measurements"]["columns"]
    assert "# Status is called like reported_status" in text


@pytest.mark.parametrize(
    ("header", "cells", "unit"),
    [
        ("MUAC", ("9.2", "13.4", "16.0"), "cm"),
        ("MUAC", ("92", "134", "160"), None),
        ("Weight", ("7100", "8200", "9050"), "g"),
        ("Weight", ("71", "82", "90"), "100 g"),
        ("Height", ("0.71", "0.82", "0.9"), "m"),
        ("Height", ("71.2", "82"), None),
        ("Height", ("712", "820", "905"), "mm"),
        ("MUAC (mm)", ("9.2", "13.4", "16.0"), None),
    ],
)
def test_a_unit_that_the_cells_show_is_proposed_for_a_person_to_see(tmp_path, header, cells, unit):
    path = tmp_path / "units.csv"
    rows = "".join(f"c{at},2026-01-10,{cell}\n" for at, cell in enumerate(cells))
    path.write_text(f"Child ID,Date,{header}\n{rows}")
    text = propose_map(path)
    column = {
        "MUAC": "muac_mm",
        "Weight": "weight_kg",
        "Height": "height_cm",
        "MUAC (mm)": "muac_mm",
    }[header]
    said = tomllib.loads(text)["tables"]["measurements"]["columns"][column]
    assert (said.get("unit") if isinstance(said, dict) else None) == unit


# 12. Other shapes, each with an example in docs/examples.

EXAMPLES = Path("docs/examples")


def example(tmp_path: Path, name: str):
    """(report, registry) of an example's file or folder through its map."""
    opened = open_store(tmp_path / "x.db")
    try:
        found = [path for path in (EXAMPLES / name, EXAMPLES / f"{name}.csv") if path.exists()]
        report = opened.import_source(found[0], map=EXAMPLES / f"{name}.toml", imported_on=DAY)
        return report, opened.load()
    finally:
        opened.close()


def test_a_card_with_a_date_for_each_visit(tmp_path):
    _, registry = example(tmp_path, "visit_card")
    assert days(registry) == ["2026-01-05", "2026-02-09", "2026-03-10", "2026-01-07", "2026-03-12"]
    assert registry.measurements["weight_kg"].tolist() == [6.4, 6.9, 7.3, 7.9, 8.4]


def test_kobos_repeats_take_the_date_of_their_form(tmp_path):
    report, registry = example(tmp_path, "kobo")
    assert days(registry) == ["2026-03-14", "2026-03-14", "2026-03-16"]
    assert registry.measurements["weight_kg"].tolist() == [7.4, 9.1, 8.2]
    assert report.tables["measurements"]["codes"] == {"REG011": 1}, (
        "a repeat without its form has no date"
    )


def test_one_value_a_row_of_dhis2(tmp_path):
    report, registry = example(tmp_path, "dhis2")
    assert registry.measurements["weight_kg"].tolist() == [7.4, 7.7, 9.1]
    assert registry.measurements["muac_mm"].tolist()[:2] == [128.0, 130.0]
    assert report.tables["measurements"]["codes"] == {"REG041": 2}, (
        "two weights of one visit are a conflict"
    )


def test_birth_dates_of_a_month_alone(tmp_path):
    report, registry = example(tmp_path, "month_of_birth")
    assert [str(day_date(day)) for day in registry.children["birth_date"]] == [
        "2025-01-15",
        "2024-04-15",
        "2024-11-23",
    ]
    assert any("birth_date" in line and "16 days" in line for line in report.notes)


def test_an_otp_register_of_one_row_a_stay(tmp_path):
    _, registry = example(tmp_path, "otp")
    assert registry.measurements.rows == 4 and registry.episodes.rows == 2


def test_monthly_sheets_of_a_year(tmp_path):
    report, registry = example(tmp_path, "monthly")
    assert days(registry) == ["2026-01-10", "2026-02-10", "2026-03-10"]
    assert report.tables["measurements"]["rows"] == 3


def test_what_a_proposal_does_not_take_is_named(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(
        "Month,Child ID,Weight,Age (months),Visit Remark\n2026-01,c1,7,14,x\n2026-02,c1,7.2,15,y\n"
    )
    text = propose_map(path)
    assert tomllib.loads(text)["tables"]["measurements"]["columns"]["measured_on"] == {
        "from": "Month",
        "date": "%Y-%m",
        "day": 15,
    }
    assert "Visit Remark" in text and "Age (months)" in text


def test_months_without_a_measure_and_ages_without_a_birth_date_are_offered(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("Child ID,Apr-25,May-25\nc1,7,7.2\n")
    assert "# months that do not say what was measured: Apr-25, May-25" in propose_map(path)
    path.write_text("Child ID,Visit Date,Weight,Age (months)\nc1,20/03/2026,7,14\n")
    assert 'age = "months", on = "Visit Date", date = "%d/%m/%Y"' in propose_map(path)


def test_a_workbooks_sheet_answers_to_its_own_name_too(tmp_path):
    source = folder(tmp_path / "in")
    (source / "measurements.csv").unlink()
    workbook(
        source / "January.xlsx",
        measurements=[["child_id", "measured_on", "weight_kg"], ["c1", "2026-01-10", 7]],
    )
    opened = open_store(tmp_path / "x.db")
    assert opened.import_source(source, imported_on=DAY).tables["measurements"]["kept"] == 1
    plan = {
        "tables": {
            "measurements": {
                "file": "January.xlsx",
                "sheet": "Measurements",
                "columns": {name: name for name in ("child_id", "measured_on", "weight_kg")},
            }
        }
    }
    assert (
        opened.import_source(source, map=plan, imported_on=DAY).tables["measurements"]["kept"] == 1
    )
    opened.close()


def test_a_code_of_several_columns_is_refused_where_one_part_is_spoiled(tmp_path):
    text = "place,reg,sex,dob\nAmba,2.75E+10,F,2024-01-01\nAmba,#REF!,F,2024-01-01\nAmba,27500000001,M,2024-01-01\n"
    plan = {
        "tables": {
            "centres": CENTRE_MAP,
            "measurements": {
                "file": "measurements.csv",
                "columns": {name: name for name in ("child_id", "measured_on", "weight_kg")},
            },
            "children": {
                "file": "k.csv",
                "columns": {
                    "child_id": {"from": ["place", "reg"], "join": "/"},
                    "sex": "sex",
                    "birth_date": "dob",
                    "centre_id": {"value": "A"},
                },
            },
        }
    }
    report, registry = imported(tmp_path, map=plan, k__csv=text)
    assert report.tables["children"]["codes"] == {"REG026": 1, "REG027": 1}
    assert registry.child_ids.tolist() == ["Amba/27500000001"]


def test_family_codes_cut_short_make_no_family_of_many(tmp_path):
    children = (
        "child_id,family_id,sex,birth_date,centre_id\nc1,2.75E+10,F,2024-01-01,A\nc2,2.75E+10,M,2024-02-01,B\n"
        "c3,22222222,F,2024-03-01,A\n"
    )
    report, registry = imported(tmp_path, children=children)
    assert (
        report.tables["children"]["kept"] == 3
        and registry.children["family"].tolist().count(-1) == 2
    )
    assert any("2 cells of family_id" in line and "REG027" in line for line in report.notes)


def test_months_of_attendance_in_any_spelling_are_proposed_and_read(tmp_path):
    text = "Child ID,Month,Open Days,Attended Days\nc1,Mar-2026,20,12\nc1,April-2026,22,15\n"
    path = tmp_path / "att.csv"
    path.write_text(text)
    said = tomllib.loads(propose_map(path))["tables"]["attendance"]
    plan = {
        "tables": {
            "centres": CENTRE_MAP,
            "children": CHILD_MAP,
            "attendance": said,
            "measurements": {
                "file": "measurements.csv",
                "columns": {name: name for name in ("child_id", "measured_on", "weight_kg")},
            },
        }
    }
    report, registry = imported(tmp_path, map=plan, att__csv=text, day="2026-06-01")
    assert report.tables["attendance"]["kept"] == 2
    assert [str(day_date(day)) for day in registry.attendance["month"]] == [
        "2026-03-01",
        "2026-04-01",
    ]


def test_a_forms_repeat_is_recognised_and_how_to_join_it_is_said():
    assert 'parent = { file = "form.csv", key = "_index", by = "_parent_index" }' in propose_map(
        EXAMPLES / "kobo"
    )


@pytest.mark.parametrize(
    "fault",
    [
        {"columns": {"weight_kg": {"from": "w", "date": "%d/%m/%Y"}}},
        {"columns": {"sex": "s"}},
        {"rows": [{"shoe": 1}]},
        {"columns": {"weight_kg": "w"}, "wide": {"day": 5, "columns": {"weight_kg": "{Mon}-{YY}"}}},
    ],
)
def test_a_setting_that_means_nothing_is_told(fault):
    with pytest.raises(BadInput, match="REG006"):
        read_map({"tables": {"measurements": fault}})


def test_blank_rows_fill_no_quarantine_and_are_no_share_of_it(tmp_path):
    header = "child_id,measured_on,weight_kg\n"
    blank = "c1,2026-02-10,\nc2,2026-02-10,-\n"
    report, _ = imported(tmp_path, measurements=header + "c1,2026-01-10,7\n" + blank)
    assert report.tables["measurements"]["codes"] == {"REG036": 2} and report.share_quarantined == 0
    from registry.store import quarantine

    opened = open_store(tmp_path / "x.db")
    assert quarantine.summary(opened) == []
    opened.close()


def test_a_header_that_stands_twice_in_a_series_of_months_is_a_conflict(tmp_path):
    with pytest.raises(BadInput, match="REG006.*two columns called Apr-25 Weight"):
        mapped(
            tmp_path,
            "id,Apr-25 Weight,Apr-25 Weight\nc1,7,8\n",
            {"child_id": "id"},
            wide={"day": 15, "columns": {"weight_kg": "{Mon}-{YY} Weight"}},
        )


def test_a_child_that_moved_between_two_parts_of_the_past_was_where_each_part_had_it(tmp_path):
    imported(tmp_path, day="2026-04-01")
    moved = "child_id,sex,birth_date,centre_id\nc1,F,2024-01-01,B\n"
    february = "child_id,measured_on,weight_kg\nc1,2025-03-10,7.6\n"
    _, registry = imported(
        tmp_path, children=moved, measurements=february, day="2026-04-02", past=True
    )
    rows = registry.children.take(np.flatnonzero(registry.children["child"] == 0))
    assert [registry.centre_ids[at] for at in rows["centre"]] == ["A", "B"]
    assert [str(day_date(day)) for day in rows["known_from"]] == ["2024-01-01", "2026-04-02"]
    assert str(day_date(registry.measurements["known_from"][2])) == "2025-03-10"


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("form.child.id", "child_id"),
        ("form/child/name", "!"),
        ("group_child/anthro/weight_kg", "weight_kg"),
        ("mother/weight", "-"),
        ("form.mother.dob", "-"),
        ("weight/height", "-"),
        ("data:anthro:ht", "height_cm"),
        ("Weight2", "-"),
        ("wt_for_ht", "-"),
        ("Weight (lbs)", "-"),
        ("What is the child's weight?", "weight_kg"),
    ],
)
def test_a_way_to_a_question_is_read_to_its_end_and_whose_it_is(header, column):
    from registry.mapping.headers import header_meanings

    answer = header_meanings([header])[header]
    assert ("!" if answer.get("personal") else answer.get("column", "-")) == column


@pytest.mark.parametrize(
    ("header", "cells", "settings"),
    [
        (
            "Outcome",
            ("Cured", "Defaulter", "Death"),
            {"codes": {"Defaulter": "defaulted", "Death": "died"}},
        ),
        ("hw15", ("1", "2", "9"), {"missing": ["9"], "codes": {"1": "lying", "2": "standing"}}),
        ("Oedema", ("+", "++", "0"), {"codes": {"+": "1", "++": "2", "+++": "3"}}),
        ("Appetite Test", ("Pass", "Failed"), {"codes": {"Failed": "fail"}}),
    ],
)
def test_codes_of_registers_are_proposed(tmp_path, header, cells, settings):
    path = tmp_path / "codes.csv"
    rows = "".join(f"c{at},2026-01-10,2026-01-10,UCDC,7,{cell}\n" for at, cell in enumerate(cells))
    path.write_text(f"Child ID,Date,Admission Date,Programme,Weight,{header}\n{rows}")
    columns = [
        column
        for table in tomllib.loads(propose_map(path))["tables"].values()
        for column in table["columns"].values()
    ]
    assert {"from": header} | settings in columns


def test_a_commcare_export_is_imported_as_proposed(tmp_path):
    text = (
        "form.child.id,form.child.sex,form.child.dob,form.visit_date,form.anthro.weight,form.anthro.edema\n"
        "K1,female,2025-01-28,2026-03-14,7.4,---\nK2,male,2024-01-28,2026-03-14,---,---\n"
    )
    path = tmp_path / "forms.csv"
    path.write_text(text)
    plan = tomllib.loads(propose_map(path))
    plan["tables"]["children"]["columns"]["centre_id"] = {"value": "A"}
    plan["tables"]["centres"] = CENTRE_MAP
    report, registry = imported(tmp_path, map=plan, forms__csv=text)
    assert report.tables["measurements"] == {
        "rows": 2,
        "kept": 1,
        "quarantined": 1,
        "codes": {"REG036": 1},
    }
    assert registry.measurements["weight_kg"].tolist() == [7.4]
