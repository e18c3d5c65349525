"""Exports as other people write them: oedema in words, ages in years and weeks, codes that Excel
took for dates, months without a year, two header rows in a CSV file. Each with its right answer."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path

import numpy as np
import pytest

from registry.checks.ages import birth_window
from registry.contract.days import day_date, day_number
from registry.contract.errors import BadInput
from registry.mapping.map_file import read_map
from registry.mapping.propose import propose_map
from registry.store.store import open_store
from sanket.app import main
from tests.support.registry_samples import folder

PLACE = {"centre_id": "A1", "sector_id": "S", "project_id": "P", "district_id": "D"}
CENTRES = {"rows": [PLACE | {"setting": "rural"}]}
CHILDREN = {
    "distinct": True,
    "columns": {
        "child_id": "id",
        "sex": "sex",
        "birth_date": "dob",
        "centre_id": {"value": "A1"},
    },
}


def imported(tmp_path: Path, text: str, columns: dict, *, children: dict = CHILDREN, **more):
    """(report, registry) of one file of children and measurements through a map."""
    path = tmp_path / "export.csv"
    path.write_text(text, encoding="utf-8")
    tables = {
        "centres": CENTRES,
        "children": children,
        "measurements": {"columns": {"child_id": "id"} | columns} | more,
    }
    store = open_store(tmp_path / "x.db")
    try:
        return store.import_source(path, map={"tables": tables}, imported_on="2026-04-30"), (
            store.load()
        )
    finally:
        store.close()


def proposed(tmp_path: Path, text: str, *, name: str = "export.csv") -> tuple[dict, str]:
    """A proposed map's tables, and the whole text with its remarks."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    told = propose_map(path)
    return tomllib.loads(told).get("tables", {}), told


def column(tmp_path: Path, header: str, cells: tuple[str, ...]) -> object:
    """What is proposed of one column of a file of weighings."""
    rows = "".join(f'c{at};2026-01-10;{8 + at / 10};"{cell}"\n' for at, cell in enumerate(cells))
    tables, _ = proposed(tmp_path, f"Child ID;Visit date;Weight;{header}\n{rows}")
    return tables["measurements"]["columns"].get(
        {"Oedema": "oedema", "Height": "height_cm", "MUAC (mm)": "muac_mm"}[header]
    )


def surveyed(tmp_path: Path, capsys, text: str) -> tuple[int, str, list[dict[str, str]]]:
    """(exit code, what was said, the rows) of `sanket zscores`."""
    path, out = tmp_path / "survey.csv", tmp_path / "out.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["zscores", str(path), "-o", str(out)])
    code = int(ended.value.code or 0)
    told = capsys.readouterr()
    if not out.exists():
        return code, told.out + told.err, []
    header, *lines = out.read_text(encoding="utf-8-sig").splitlines()
    rows = [dict(zip(header.split(","), line.split(","), strict=False)) for line in lines if line]
    return code, told.out + told.err, rows


# Oedema in words and marks.


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        (("pos", "neg", "neg"), {"pos": "1", "neg": "0"}),
        (("होय", "नाही", "नाही"), {"होय": "1", "नाही": "0"}),
        (("है", "नहीं है"), {"है": "1", "नहीं है": "0"}),
        (("1 - Yes", "2 - No", "2 - No"), {"1 - Yes": "1", "2 - No": "0"}),
        (("Grade 0", "Grade 2"), {"Grade 0": "0", "Grade 2": "2"}),
        (("mild", "severe", "no"), {"mild": "1", "severe": "3", "no": "0"}),
        (("1+", "3+", "0"), {"1+": "1", "3+": "3"}),
        (
            ("+", "nil", "+++"),
            {"+": "1", "++": "2", "+++": "3", "-": "0", "nil": "0", "none": "0"},
        ),
    ],
)
def test_words_and_marks_of_oedema_are_proposed_as_grades_and_refused_until_then(
    tmp_path, cells, codes
):
    assert column(tmp_path, "Oedema", cells) == {"from": "Oedema", "codes": codes}
    rows = "".join(f"c{at},F,2024-01-10,2026-01-10,9,{cell}\n" for at, cell in enumerate(cells))
    text = "id,sex,dob,date,weight,swelling\n" + rows
    columns = {"measured_on": "date", "weight_kg": "weight", "oedema": "swelling"}
    with pytest.raises(BadInput, match="oedema"):
        imported(tmp_path, text, columns)
    columns["oedema"] = {"from": "swelling", "codes": codes}
    _, registry = imported(tmp_path, text, columns)
    right = [float(codes.get(cell, "0")) for cell in cells]
    assert sorted(registry.measurements["oedema"]) == sorted(right)


@pytest.mark.parametrize(
    ("word", "status"), [("होय", "SAM"), ("pos", "SAM"), ("++", "SAM"), ("नहीं", "normal")]
)
def test_a_survey_reads_oedema_in_words(tmp_path, capsys, word, status):
    _, _, (row,) = surveyed(
        tmp_path, capsys, f"sex,age_months,weight,height,oedema\nF,24,9.6,80,{word}\n"
    )
    assert row["nutrition_status"] == status and "oedema_not_read" not in row["suspicion"]


# Missing values.


@pytest.mark.parametrize("word", ["NM", "दर्ज नहीं", "नोंद नाही", "n.m."])
def test_words_for_not_measured_are_blanks(tmp_path, word):
    report, registry = imported(
        tmp_path,
        "id,sex,dob,date,weight,height\nc1,F,2024-01-10,2026-01-10,7.5,70\n"
        f"c1,F,2024-01-10,2026-02-10,{word},{word}\nc1,F,2024-01-10,2026-03-10,7.7,{word}\n",
        {"measured_on": "date", "weight_kg": "weight", "height_cm": "height"},
    )
    assert report.tables["measurements"]["codes"] == {"REG036": 1}
    assert registry.measurements["weight_kg"].tolist() == [7.5, 7.7]


def test_other_words_and_zeros_among_measures_are_proposed_as_missing(tmp_path):
    said = column(tmp_path, "Height", ("70", "71.5", "Absent", "0", "72", "अनुपस्थित"))
    assert said["missing"] == ["0", "Absent", "अनुपस्थित"]


def test_a_missing_code_with_a_fraction_among_whole_arms_is_proposed(tmp_path):
    cells = ("125", "131", "88.8", "142", "138", "127")
    assert column(tmp_path, "MUAC (mm)", cells) == {"from": "MUAC (mm)", "missing": ["88.8"]}


def test_an_import_and_a_survey_say_what_may_be_missing(tmp_path, capsys):
    arms = ["125", "131", "142", "138", "127", "129", "88.8", "88.8"]
    rows = "".join(f"c{at},F,2024-01-10,2026-01-10,{arm}\n" for at, arm in enumerate(arms))
    report, _ = imported(
        tmp_path, "id,sex,dob,date,arm\n" + rows, {"measured_on": "date", "muac_mm": "arm"}
    )
    assert [line for line in report.warnings if "88.8 in 2 rows" in line]
    rows = "".join(f"F,24,{arm}\n" for arm in arms)
    _, told, _ = surveyed(tmp_path, capsys, "sex,age_months,muac_mm\n" + rows)
    assert "muac_mm is 88.8 in 2 rows" in told


# Codes that a spreadsheet spoiled.


@pytest.mark.parametrize("code", ["2025-03-05", "2025-03-05T00:00:00", "5-Mar", "Mar-05", "######"])
def test_a_code_that_became_a_date_or_marks_is_refused_with_what_happened(tmp_path, code):
    report, registry = imported(
        tmp_path,
        "id,sex,dob,date,weight\n3-40,F,2024-01-10,2026-01-10,9\n"
        f"{code},F,2024-01-10,2026-01-10,9\n",
        {"measured_on": "date", "weight_kg": "weight"},
    )
    assert report.tables["children"]["codes"] == {"REG027": 1}
    assert registry.child_ids.tolist() == ["3-40"]


def test_a_date_may_be_a_part_of_a_code_where_all_rows_have_one(tmp_path):
    children = CHILDREN | {
        "columns": CHILDREN["columns"] | {"child_id": {"from": ["id", "date"], "join": "/"}}
    }
    _, registry = imported(
        tmp_path,
        "id,sex,dob,date,weight\n7,F,2024-01-10,2026-01-10,9\n8,M,2024-01-10,2026-01-11,9\n",
        {
            "child_id": {"from": ["id", "date"], "join": "/"},
            "measured_on": "date",
            "weight_kg": "weight",
        },
        children=children,
    )
    assert registry.child_ids.tolist() == ["7/2026-01-10", "8/2026-01-11"]


def test_zeros_in_front_that_were_lost_are_named(tmp_path):
    centres = "centre_id,sector_id,project_id,district_id,setting\n00123,S,P,D,rural\n"
    children = "child_id,sex,birth_date,centre_id\nc1,F,2024-01-10,123\nc2,F,2024-01-10,00123\n"
    source = folder(
        tmp_path / "in",
        centres=centres,
        children=children,
        measurements="child_id,measured_on,weight_kg\nc2,2026-01-10,9\n",
    )
    store = open_store(tmp_path / "x.db")
    report = store.import_source(source, imported_on="2026-04-30")
    store.close()
    assert report.tables["children"]["codes"] == {"REG051": 1}
    assert [line for line in report.warnings if "1 rows of children" in line and "zeros" in line]


@pytest.mark.parametrize(("last", "lines"), [("0", 1), ("1", 0)])
def test_long_codes_whose_last_digits_are_gone_are_named(tmp_path, last, lines):
    rows = "".join(f"12345678901234{at}{last},F,2024-01-10,2026-01-10,9\n" for at in range(3))
    report, _ = imported(
        tmp_path, "id,sex,dob,date,weight\n" + rows, {"measured_on": "date", "weight_kg": "weight"}
    )
    assert len([line for line in report.warnings if "15 digits" in line]) == lines


# Dates.


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (("2026-3-4", "2026-3-14"), "%Y-%m-%d"),
        (("14th March 2026", "2nd April 2026"), "%d-%b-%Y"),
        (("Saturday, March 14, 2026", "Thu, April 2, 2026"), "%b %d, %Y"),
        (("14-Mar'26", "02-Apr'26"), "%d-%b-%y"),
        (("14 - 03 - 2026", "2 - 4 - 2026"), "%d-%m-%Y"),
        (("14-03-2026 (Sat)", "02-04-2026 (Thu)"), "%d-%m-%Y"),
        (("14-MAR-26 09.15.00.000000 AM", "02-APR-26 09.15.00.000000 AM"), "%d-%b-%y"),
        (("14.3.2026.", "2.4.2026."), "%d.%m.%Y"),
        (("૧૪/૦૩/૨૦૨૬", "೦೨/೦೪/೨೦೨೬"), "%d/%m/%Y"),
        (("2026/14/03", "2026/02/04"), "%Y/%d/%m"),
        (("2026-14-03", "2026-02-04"), "%Y-%d-%m"),
    ],
)
def test_dates_in_more_spellings_are_proposed_and_read(tmp_path, cells, form):
    rows = "".join(f"c{at};F;2024-01-10;{cell};9\n" for at, cell in enumerate(cells))
    tables, _ = proposed(tmp_path, "child id;sex;dob;visit date;weight\n" + rows)
    assert tables["measurements"]["columns"]["measured_on"]["date"] == form
    _, registry = imported(
        tmp_path,
        "id;sex;dob;date;weight\n" + rows,
        {"measured_on": {"from": "date", "date": form}, "weight_kg": "weight"},
    )
    read = {str(day_date(day)) for day in registry.measurements["measured_on"]}
    assert read == (
        {"2026-03-04", "2026-03-14"} if "2026-3-4" in cells else {"2026-03-14", "2026-04-02"}
    )


def test_the_year_first_says_nothing_of_another_columns_order(tmp_path):
    tables, told = proposed(
        tmp_path,
        "child id,sex,dob,visit date,weight\nc1,F,04/03/2024,2026-3-14,9\nc2,M,05/04/2024,2026-3-15,9\n",
    )
    assert tables["children"]["columns"]["birth_date"]["date"] == "ask", told


def test_one_date_with_its_day_before_the_month_turns_no_others_round(tmp_path):
    rows = (
        "c1,F,2024-01-10,2026-14-03,9\nc2,F,2024-01-10,2026-03-05,9\nc3,F,2024-01-10,2026-03-25,9\n"
    )
    tables, told = proposed(tmp_path, "child id,sex,dob,visit date,weight\n" + rows)
    assert tables["measurements"]["columns"]["measured_on"] == "visit date"
    assert "1 of its different cells are no dates" in told
    columns = {"measured_on": "date", "weight_kg": "weight"}
    report, _ = imported(tmp_path, "id,sex,dob,date,weight\n" + rows, columns)
    assert report.tables["measurements"]["codes"] == {"REG021": 1}


def test_days_before_months_throughout_are_refused_until_a_map_says(tmp_path):
    text = "id,sex,dob,date,weight\nc1,F,2024-01-10,2026-14-03,9\nc2,F,2024-01-10,2026-02-04,9\n"
    with pytest.raises(BadInput, match="the day before the month"):
        imported(tmp_path, text, {"measured_on": "date", "weight_kg": "weight"})


def test_serial_dates_of_an_old_macs_workbook_are_declared(tmp_path):
    _, registry = imported(
        tmp_path,
        "id,sex,dob,date,weight\nc1,F,43839,44570,9\n",
        {"measured_on": {"from": "date", "date": "excel_1904"}, "weight_kg": "weight"},
        children=CHILDREN
        | {"columns": CHILDREN["columns"] | {"birth_date": {"from": "dob", "date": "excel_1904"}}},
    )
    assert str(day_date(registry.measurements["measured_on"][0])) == "2026-01-10"
    assert str(day_date(registry.children["birth_date"][0])) == "2024-01-10"


# Months.


@pytest.mark.parametrize(
    ("headers", "pattern"),
    [
        (("Weight 04/25", "Weight 03/26"), "Weight {MM}/{YY}"),
        (("25-Apr Weight", "26-Mar Weight"), "{YY}-{Mon} Weight"),
        (("Weight in month of April 2025", "Weight in month of March 2026"), None),
        (("Apr'25 Wt", "Mar'26 Wt"), "{Mon}'{YY} Wt"),
    ],
)
def test_months_in_more_spellings_are_proposed_and_read(tmp_path, headers, pattern):
    pattern = pattern or "Weight in month of {Month} {YYYY}"
    body = "c1,F,2024-01-10,7.5,8.5\n"
    tables, _ = proposed(tmp_path, f"child id,sex,dob,{','.join(headers)}\n{body}")
    assert tables["measurements"]["wide"]["columns"] == {"weight_kg": pattern}
    _, registry = imported(
        tmp_path,
        f"id,sex,dob,{','.join(headers)}\n{body}",
        {},
        wide=tables["measurements"]["wide"],
    )
    days = [str(day_date(day)) for day in registry.measurements["measured_on"]]
    assert days == ["2025-04-15", "2026-03-15"]


def test_months_without_a_year_take_it_from_the_first(tmp_path):
    header = "sex,dob,Apr weight,Dec weight,Jan weight,Mar weight"
    _, told = proposed(tmp_path, f"child id,{header}\nc1,F,2024-01-10,7,8,8.1,8.3\n")
    assert 'first_month = "2025-04", columns = { weight_kg = "{Month} weight" }' in told
    wide = {"day": 15, "first_month": "2025-04", "columns": {"weight_kg": "{Month} weight"}}
    _, registry = imported(tmp_path, f"id,{header}\nc1,F,2024-01-10,7,8,8.1,8.3\n", {}, wide=wide)
    days = [str(day_date(day))[:7] for day in registry.measurements["measured_on"]]
    assert dict(zip(days, registry.measurements["weight_kg"], strict=True)) == {
        "2025-04": 7.0,
        "2025-12": 8.0,
        "2026-01": 8.1,
        "2026-03": 8.3,
    }


@pytest.mark.parametrize("said", ["April", "2025", "2025-13", 2025])
def test_a_first_month_that_is_none_is_told(said):
    wide = {"day": 15, "first_month": said, "columns": {"weight_kg": "{Month} weight"}}
    columns = {"child_id": "id"}
    with pytest.raises(BadInput, match="first_month must be a month"):
        read_map({"tables": {"measurements": {"columns": columns, "wide": wide}}})


@pytest.mark.parametrize(
    "head",
    [
        ",,,Apr-25,,May-25,\nid,sex,dob,Weight,Height,Weight,Height",
        "id,sex,dob,Apr-25,,May-25,\n,,,Weight,Height,Weight,Height",
        "id,sex,dob,Apr-25,Apr-25,May-25,May-25\n,,,Weight,Height,Weight,Height",
        "Growth register 2025-26\n,,,Apr-25,,May-25,\nid,sex,dob,Weight,Height,Weight,Height",
    ],
)
def test_two_header_rows_of_a_csv_file_become_one(tmp_path, head):
    wide = {
        "day": 15,
        "columns": {"weight_kg": "{Mon}-{YY} Weight", "height_cm": "{Mon}-{YY} Height"},
    }
    report, registry = imported(
        tmp_path,
        f"{head}\nc1,F,2024-01-10,7,70,7.2,71\nc2,M,2024-01-10,8,72,8.2,73\n",
        {},
        wide=wide,
    )
    assert report.tables["measurements"]["kept"] == 4
    rows = registry.measurements
    assert sorted(zip(rows["weight_kg"], rows["height_cm"], strict=True)) == [
        (7.0, 70.0),
        (7.2, 71.0),
        (8.0, 72.0),
        (8.2, 73.0),
    ]


# Ages.


@pytest.mark.parametrize(
    ("age", "unit", "window"),
    [
        ("14", "months", ("2024-12-21", "2025-01-20")),
        ("२७", "months", ("2023-11-21", "2023-12-20")),
        ("2Y 3M", "months", ("2023-11-21", "2023-12-20")),
        ("2 yr 3", "years", ("2023-11-21", "2023-12-20")),
        ("२ वर्ष ३ माह", "months", ("2023-11-21", "2023-12-20")),
        ("2", "years", ("2023-03-21", "2024-03-20")),
        ("2 years", "months", ("2023-03-21", "2024-03-20")),
        ("100", "weeks", ("2024-04-13", "2024-04-19")),
        ("45", "days", ("2026-02-03", "2026-02-03")),
        ("2.5", "years", None),
        ("2 y 27 m", "months", None),
        ("-3", "months", None),
        ("999", "months", None),
        ("two", "months", None),
        ("00027 months", "years", ("2023-11-21", "2023-12-20")),
        # No child's, however it is written: without an end, or longer than a number may be.
        ("1E310", "days", None),
        ("inf", "years", None),
        ("9" * 400 + " y", "years", None),
        ("9" * 5000, "weeks", None),
        ("9" * 5000 + " days", "weeks", None),
    ],
)
def test_an_age_allows_these_days_of_birth(age, unit, window):
    found = birth_window(age, unit, day_date(day_number("2026-03-20")))
    assert (found and tuple(map(str, found))) == window


@pytest.mark.parametrize("unit", ["days", "weeks", "months", "years"])
@pytest.mark.parametrize("age", ["0", "1", "20"])
def test_a_visit_in_a_mistyped_year_allows_no_birth(age, unit):
    """The calendar begins in the year 1."""
    for year in (1, 20, 21):
        assert birth_window(age, unit, dt.date(year, 1, 1)) is None
    assert birth_window(age, unit, dt.date(22, 1, 1)) is not None


@pytest.mark.parametrize(
    ("header", "cell", "settings", "uncertain"),
    [
        ("Age (years)", "2", {"from": "Age (years)", "age": "years"}, 183),
        ("Age in weeks", "100", {"from": "Age in weeks", "age": "weeks"}, 3),
        ("Age", "2Y 3M", {"from": "Age", "age": "months"}, 15),
        (
            "Age Years,Age Months",
            "2,3",
            {"from": ["Age Years", "Age Months"], "join": "y ", "age": "months"},
            15,
        ),
    ],
)
def test_ages_in_other_units_are_offered_and_read_with_how_far_off_they_are(
    tmp_path, header, cell, settings, uncertain
):
    from registry.mapping.sheet_proposal import setting_table

    body = f"c1,F,2026-03-20,9,{cell}\n"
    _, told = proposed(tmp_path, f"child id,sex,visit date,weight,{header}\n{body}")
    assert (
        "birth_date = "
        + setting_table(
            [settings["from"]] if isinstance(settings["from"], str) else settings["from"],
            {name: value for name, value in settings.items() if name != "from"}
            | {"on": "visit date"},
        )
        in told
    )
    children = CHILDREN | {
        "columns": CHILDREN["columns"] | {"birth_date": settings | {"on": "date"}}
    }
    _, registry = imported(
        tmp_path,
        f"id,sex,date,weight,{header}\n{body}",
        {"measured_on": "date", "weight_kg": "weight"},
        children=children,
    )
    assert registry.children["birth_date_uncertain_days"].tolist() == [uncertain]


def test_years_and_months_of_one_age_are_no_age_in_months(tmp_path, capsys):
    code, told, rows = surveyed(
        tmp_path, capsys, "Sex,Age Years,Age Months,Wt,Ht\nF,2,3,9,80\nM,1,11,9,80\n"
    )
    assert code == 3 and "GRO103" in told and not rows
    _, _, rows = surveyed(
        tmp_path, capsys, "Sex,Age (years),Age (months),Wt,Ht\nF,2,27,9,80\nM,0,8,7,68\n"
    )
    assert [row["waz"] for row in rows] == ["-2.48", "-1.89"]


def test_infants_whose_years_are_all_0_have_their_age_in_months(tmp_path, capsys):
    code, _, _ = surveyed(tmp_path, capsys, "Sex,Age Years,Age Months,Wt,Ht\nF,0,3,5,58\n")
    assert code == 0


def test_a_column_called_month_is_no_age(tmp_path, capsys):
    _, told, _ = surveyed(tmp_path, capsys, "Sex,Month,Year,Wt,Ht\nF,3,2026,9,80\n")
    assert "no age" in told


@pytest.mark.parametrize("header", ["Age (months)", "आयु (माह)", "child age in months"])
def test_a_survey_knows_an_age_by_its_words(tmp_path, capsys, header):
    _, _, (row,) = surveyed(tmp_path, capsys, f"sex,{header},weight,height\nF,24,9,80\n")
    assert (row["waz"], row["haz"]) == ("-2.04", "-1.78")


# Shapes.


def test_a_discharge_that_has_not_come_is_no_measurement_and_no_fault(tmp_path):
    path = tmp_path / "otp.csv"
    path.write_text(
        "reg,sex,dob,adm_date,adm_weight,exit_date,exit_weight\n"
        "1,F,2024-01-10,2026-01-05,6.9,2026-02-20,8.1\n2,M,2024-02-10,2026-01-06,7.0,,\n"
    )
    child = {"child_id": "reg", "sex": "sex", "birth_date": "dob", "centre_id": {"value": "A1"}}
    plan = {
        "tables": {
            "centres": CENTRES,
            "children": {"columns": child},
            "measurements": [
                {
                    "columns": {
                        "child_id": "reg",
                        "measured_on": f"{at}_date",
                        "weight_kg": f"{at}_weight",
                    }
                }
                for at in ("adm", "exit")
            ],
        }
    }
    store = open_store(tmp_path / "x.db")
    report = store.import_source(path, map=plan, imported_on="2026-04-30")
    store.close()
    assert report.tables["measurements"] == {"rows": 3, "kept": 3, "quarantined": 0, "codes": {}}
    assert [line for line in report.notes if "1 rows of otp.csv have neither a day nor" in line]


def test_an_exit_beside_an_admission_is_the_stays_and_not_the_registrys(tmp_path):
    tables, told = proposed(
        tmp_path,
        "Child ID,Sex,DOB,Adm Date,Adm Wt,Exit Date,Exit Outcome\n"
        "c1,F,2024-01-10,2026-01-05,6.9,2026-02-20,Cured\n",
    )
    assert "left_on" not in tables["children"]["columns"]
    assert tables["episodes"]["columns"]["closed_on"] == "Exit Date"
    assert "of admission or discharge: Adm Wt" in told


def test_a_summary_among_the_sheets_of_months_is_not_one_of_them(tmp_path):
    from tests.spec.test_registry_exports import workbook

    rows = [["child id", "sex", "dob", "weight"], ["c1", "F", "2024-01-10", 9]]
    names = ("Apr-25", "मई 25", "Aug_2025", "Summary")
    path = workbook(tmp_path / "year.xlsx", **dict.fromkeys(names, rows))
    told = propose_map(path)
    table = tomllib.loads(told)["tables"]["measurements"]
    assert table["sheet"] == ["apr-25", "मई 25", "aug_2025"]
    assert table["columns"]["measured_on"] == {"month_of": "sheet", "day": 15}
    assert "summary seems to hold measurements too" in told


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters_change_nothing(tmp_path, encoding, delimiter):
    text = "Child ID,Sex,जन्म तारीख,Visit date,Weight\nc1,F,2024-01-10,2026-01-10,9.1\n"
    path = tmp_path / "export.csv"
    path.write_bytes(text.replace(",", delimiter).encode(encoding))
    if encoding in ("utf-16-le", "utf-16-be"):
        path.write_bytes(text.replace(",", delimiter).replace("जन्म तारीख", "DOB").encode(encoding))
    tables = tomllib.loads(propose_map(path))["tables"]
    assert set(tables["children"]["columns"]) == {"child_id", "sex", "birth_date"}
    assert set(tables["measurements"]["columns"]) == {"child_id", "measured_on", "weight_kg"}


def test_a_parent_that_is_no_text_is_told_and_not_our_fault():
    parent = {"file": 3, "key": 4, "by": 5}
    with pytest.raises(BadInput, match="parent needs"):
        read_map({"tables": {"measurements": {"columns": {"child_id": "id"}, "parent": parent}}})


def test_no_z_where_an_age_in_years_leaves_it_open(tmp_path):
    """A girl of 2 completed years and 9.0 kg: -1.97 at 24 months, -3.30 at 36: WAZ is not said."""
    from features.clock import Clock
    from features.trajectory.points import growth_points

    children = CHILDREN | {
        "columns": CHILDREN["columns"]
        | {"birth_date": {"from": "age", "age": "years", "on": "date"}}
    }
    _, registry = imported(
        tmp_path,
        "id,sex,date,weight,age\nc1,F,2026-03-20,9,2\n",
        {"measured_on": "date", "weight_kg": "weight"},
        children=children,
    )
    known = Clock(registry).known_by(np.array([0]), np.array([day_number("2026-04-30")]))
    points = growth_points(known)
    assert np.isnan(points["waz"]).all() and points["age_uncertain"].all()


# Codes and units in cells.


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        (("B", "G"), {"B": "M", "G": "F"}),
        (("नर", "मादा"), {"नर": "M", "मादा": "F"}),
        (("1 - Male", "2 - Female"), {"1 - Male": "M", "2 - Female": "F"}),
        (("Boy child", "Girl child"), {"Boy child": "M", "Girl child": "F"}),
        (("છોકરો", "છોકરી"), {"છોકરો": "M", "છોકરી": "F"}),
    ],
)
def test_boys_and_girls_in_other_words(tmp_path, capsys, cells, codes):
    body = "".join(f"c{at},{cell},2024-01-10,2026-01-10,9,80\n" for at, cell in enumerate(cells))
    tables, _ = proposed(tmp_path, f"child id,gender,dob,visit date,weight,height\n{body}")
    assert tables["children"]["columns"]["sex"] == {"from": "gender", "codes": codes}
    _, _, rows = surveyed(tmp_path, capsys, f"id,gender,dob,visit date,weight,height\n{body}")
    boy, girl = ("-2.64", "-2.04")
    assert [row["waz"] for row in rows] == [boy if codes[cell] == "M" else girl for cell in cells]


def test_sexes_of_0_and_1_are_asked_for(tmp_path, capsys):
    body = "c1,0,2024-01-10,2026-01-10,9,80\nc2,1,2024-01-10,2026-01-10,9,80\n"
    tables, told = proposed(tmp_path, f"child id,gender,dob,visit date,weight,height\n{body}")
    assert "sex" not in tables["children"]["columns"]
    assert "gender is called like sex, and its cells are not" in told
    code, told, _ = surveyed(tmp_path, capsys, f"id,gender,dob,visit date,weight,height\n{body}")
    assert code == 3 and "GRO106" in told


def test_words_that_are_no_code_of_ours_are_counted_in_the_proposal(tmp_path):
    rows = "".join(
        f"c{at},F,2024-01-10,2026-01-10,9,{word}\n"
        for at, word in enumerate(("अति कुपोषित", "कुपोषित", "सामान्य"))
    )
    _, told = proposed(tmp_path, "child id,sex,dob,visit date,weight,Nutrition status\n" + rows)
    assert "2 other words: rows with them are refused until their codes are said" in told


def test_units_in_the_cells_are_proposed_and_read(tmp_path):
    body = "c1,F,2024-01-10,2026-01-10,9 kg,0.75 m,12.5cm\nc1,F,2024-01-10,2026-02-10,9.5kg,0.76 m,13 cm.\n"
    tables, _ = proposed(
        tmp_path, f"child id,sex,dob,visit date,weight,height,arm circumference\n{body}"
    )
    columns = tables["measurements"]["columns"]
    assert [columns[name]["unit"] for name in ("weight_kg", "height_cm", "muac_mm")] == [
        "kg",
        "m",
        "cm",
    ]
    _, registry = imported(
        tmp_path,
        f"id,sex,dob,date,weight,height,arm circumference\n{body}",
        {name: columns[name] for name in ("weight_kg", "height_cm", "muac_mm")}
        | {"measured_on": "date"},
    )
    rows = registry.measurements
    assert rows["weight_kg"].tolist() == [9.0, 9.5]
    assert rows["height_cm"].tolist() == [75.0, 76.0]
    assert rows["muac_mm"].tolist() == [125.0, 130.0]


def test_a_cell_in_another_unit_than_the_declared_one_is_refused(tmp_path):
    report, _ = imported(
        tmp_path,
        "id,sex,dob,date,weight\nc1,F,2024-01-10,2026-01-10,9 kg\nc1,F,2024-01-10,2026-02-10,9500 g\n",
        {"measured_on": "date", "weight_kg": {"from": "weight", "unit": "kg"}},
    )
    assert report.tables["measurements"]["codes"] == {"REG020": 1}


def test_a_year_of_birth_alone_is_its_middle_and_half_a_year_off(tmp_path, capsys):
    body = "c1,F,2024,2026-01-10,9.1,80\nc2,M,२०२३,2026-01-10,11,84\n"
    tables, told = proposed(tmp_path, f"child id,sex,dob,visit date,weight,height\n{body}")
    said = {"from": "dob", "date": "%Y", "day": 15}
    assert tables["children"]["columns"]["birth_date"] == said and "the year alone" in told
    children = CHILDREN | {"columns": CHILDREN["columns"] | {"birth_date": said}}
    report, registry = imported(
        tmp_path,
        f"id,sex,dob,date,weight,height\n{body}",
        {"measured_on": "date", "weight_kg": "weight"},
        children=children,
    )
    assert [str(day_date(day)) for day in registry.children["birth_date"]] == [
        "2024-07-02",
        "2023-07-02",
    ]
    assert registry.children["birth_date_uncertain_days"].tolist() == [183.0, 183.0]
    assert [line for line in report.notes if "2 rows is a year alone" in line]
    _, told, rows = surveyed(tmp_path, capsys, f"id,sex,dob,date,weight,height\n{body}")
    assert "LOOK: birth_date cannot be read for sure" in told and rows[0]["waz"] == ""


def test_a_survey_with_a_map_of_birth_years_answers_only_what_the_year_leaves_standing(
    tmp_path, capsys
):
    """A girl of 8.9 kg on 2026-01-10: WAZ -2.1 born on 2024-01-01, -0.1 on 2024-12-31."""
    path, plan, out = tmp_path / "s.csv", tmp_path / "map.toml", tmp_path / "out.csv"
    path.write_text("sex,born,date,weight\nF,2024,2026-01-10,8.9\nF,2024,2026-01-10,10.9\n")
    plan.write_text(
        '[tables.children.columns]\nsex = "sex"\nbirth_date = { from = "born", date = "%Y", day = 15 }\n'
        '[tables.measurements.columns]\nmeasured_on = "date"\nweight_kg = "weight"\n'
    )
    with pytest.raises(SystemExit):
        main(["zscores", str(path), "-o", str(out), "--map", str(plan)])
    header, *lines = out.read_text(encoding="utf-8-sig").splitlines()
    rows = [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]
    assert [(row["waz"] == "", "age_uncertain" in row["suspicion"]) for row in rows] == [
        (True, True),
        (False, False),
    ]


def test_a_visit_in_a_year_alone_is_no_date():
    columns = {"child_id": "id", "measured_on": {"from": "date", "date": "%Y", "day": 15}}
    with pytest.raises(BadInput, match="a year alone is a date of birth"):
        read_map({"tables": {"measurements": {"columns": columns}}})
