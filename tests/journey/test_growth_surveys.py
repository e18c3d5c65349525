"""`sanket zscores` on files of survey tools: the same readers and maps as import, and what cannot
be sure is said."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

from features.survey import score_file
from registry.contract.errors import BadInput
from tests.reference.test_growth_zscores import ends


def scored(
    tmp_path: Path, text: str, *, plan: str = "", name: str = "in.csv", **options
) -> tuple[pd.DataFrame, dict]:
    """The answered rows and the summary, through a map (its text) where there is one."""
    source = tmp_path / name
    source.write_text(text, encoding="utf-8")
    if plan:
        (tmp_path / "map.toml").write_text(plan, encoding="utf-8")
        options["map"] = tmp_path / "map.toml"
    facts = score_file(source, tmp_path / "out.csv", **options)
    return pd.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False), facts


PLAIN = "sex,age_days,weight_kg,height_cm\nF,412,7.4,71.2\nM,700,9.1,80\n"


def test_ena_for_smart_is_read_with_its_own_names(tmp_path):
    text = (
        "SURVDATE,CLUSTER,TEAM,ID,SEX,BIRTHDAT,MONTHS,WEIGHT,HEIGHT,EDEMA,MUAC\n"
        "16/03/2026,1,1,1,f,28/01/2025,13,7.4,71.2,n,128\n16/03/2026,1,1,2,m,,22.998,9.1,80,n,131\n"
    )
    found, facts = scored(tmp_path, text)
    expected, _ = scored(tmp_path, PLAIN)
    assert (
        found.waz.tolist() == expected.waz.tolist() and found.whz.tolist() == expected.whz.tolist()
    )
    assert facts["columns"]["muac_mm"] == "MUAC" and facts["columns"]["measured_on"] == "SURVDATE"
    assert found.BIRTHDAT.tolist() == ["28/01/2025", ""], "a cell stays as it was written"


@pytest.mark.parametrize(
    "header",
    [
        "Gender,Age in days,Weight (kg),Height (cm)",
        "Sex,age_days,wt,ht",
        "लिंग,age_days,वजन (कि.ग्रा.),ऊंचाई (से.मी.)",
        "sex,age_days,group/anthro/weight,group/anthro/height",
    ],
)
def test_headers_as_people_write_them(tmp_path, header):
    found, _ = scored(tmp_path, header + "\n" + PLAIN.split("\n", 1)[1])
    expected, _ = scored(tmp_path, PLAIN)
    assert found.whz.tolist() == expected.whz.tolist() == ["-1.44", "-1.7"]


@pytest.mark.parametrize(
    ("birth", "visit"),
    [
        ("28/01/2025", "16/03/2026"),
        ("2025-01-28", "16-Mar-2026"),
        ("२८/०१/२०२५", "१६/०३/२०२६"),
        ("01/28/2025", "03/16/2026"),
        ("28.01.2025", "2026-03-16T10:00:00"),
    ],
)
def test_indian_dates_are_read_where_they_say_which_comes_first(tmp_path, birth, visit):
    found, _ = scored(tmp_path, f"sex,dob,date,weight,height\nF,{birth},{visit},7.4,71.2\n")
    expected, _ = scored(tmp_path, PLAIN)
    assert found.waz[0] == expected.waz[0]


def test_dates_that_may_be_either_are_not_read_and_said(tmp_path):
    found, facts = scored(
        tmp_path, "sex,dob,date,weight,height\nF,01/02/2025,03/04/2026,7.4,71.2\n"
    )
    assert found.waz[0] == "" and "age_not_read" in found.suspicion[0]
    assert any(line.startswith("LOOK") and "--map" in line for line in facts["warnings"])


def test_a_row_classified_without_an_age_says_so(tmp_path):
    found, facts = scored(
        tmp_path, "sex,age_days,weight_kg,height_cm\nF,,7.4,71.2\nF,412,7.4,71.2\n"
    )
    assert found.suspicion.tolist() == ["classified_without_age", ""]
    assert any(
        line.startswith("LOOK: 1 rows are classified without an age") for line in facts["warnings"]
    )


SURVEY = "sex,age_days,weight_kg,height_cm,swelling\n" + "".join(
    f"F,{400 + at},8.4,72,{1 if at == 3 else 2}\n" for at in range(60)
)


def test_oedema_of_1_and_2_is_refused_until_a_map_says(tmp_path):
    with pytest.raises(BadInput, match="GRO106.*1 and 2"):
        scored(tmp_path, SURVEY)
    plan = """
made_up_epoch = 2000-01-01
[tables.children.columns]
child_id = { value = "x" }
centre_id = { value = "x" }
sex = "sex"
birth_date = { date = "made_up_epoch" }
[tables.measurements.columns]
child_id = { value = "x" }
measured_on = { from = "age_days", date = "days_after_made_up_epoch" }
weight_kg = "weight_kg"
height_cm = "height_cm"
oedema = { from = "swelling", codes = { 1 = "1", 2 = "0" } }
"""
    found, facts = scored(tmp_path, SURVEY, plan=plan)
    assert (found.nutrition_status == "SAM").sum() == 1 and facts["prevalence"]["oedema"][
        "cases"
    ] == 1
    assert found.swelling.tolist()[:4] == ["2", "2", "2", "1"]
    grades, facts = scored(tmp_path, SURVEY, plan=plan.replace('2 = "0"', '2 = "2"'))
    assert (grades.nutrition_status == "SAM").all()
    assert any(line.startswith("LOOK: bilateral oedema in 100%") for line in facts["warnings"])


DHS = """
[tables.children.columns]
child_id = { value = "x" }
centre_id = { value = "x" }
sex = { from = "b4", codes = { 1 = "M", 2 = "F" } }
birth_date = { from = "b3", date = "%m/%Y", day = 15 }
[tables.measurements.columns]
child_id = { value = "x" }
measured_on = { from = "day", date = "%d/%m/%Y" }
weight_kg = { from = "hw2", unit = "100 g", missing = [9994, 9999] }
height_cm = { from = "hw3", unit = "mm", missing = [9994, 9999] }
"""


def test_a_map_declares_units_missing_codes_and_months_of_birth(tmp_path):
    text = "b4,b3,day,hw2,hw3\n2,01/2025,16/03/2026,73,735\n1,04/2024,16/03/2026,9994,9999\n"
    found, _ = scored(tmp_path, text, plan=DHS)
    assert found.whz.tolist() == ["-2.23", ""]
    assert found.waz[0] == "" and found.suspicion[0] == "age_uncertain", (
        "WAZ is -1.99 to -2.19 within January 2025"
    )
    assert -1.3 < float(found.haz[0]) < -0.8, (
        "HAZ lies on one side of every cut-off on all days of the month"
    )


def test_spreadsheet_errors_are_named(tmp_path):
    book = Workbook()
    for row in (
        ["sex", "age_days", "weight_kg", "height_cm"],
        ["F", 412, "#REF!", 71.2],
        ["M", 700, "=9+0.1", 80],
    ):
        book.active.append(row)
    book.active["C2"].data_type = "e"
    book.save(tmp_path / "in.xlsx")
    score_file(tmp_path / "in.xlsx", tmp_path / "out.csv")
    found = pd.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False)
    assert found.suspicion.tolist() == ["weight_not_read", "weight_not_read"]


def test_titles_and_other_sheets_are_read_past_and_said(tmp_path):
    book = Workbook()
    for row in (
        ["Survey of Dharni"],
        ["sex", "age_days", "weight_kg", "height_cm"],
        ["F", 412, 7.4, 71.2],
    ):
        book.active.append(row)
    book.create_sheet("Summary").append(["n", 1])
    book.save(tmp_path / "in.xlsx")
    facts = score_file(tmp_path / "in.xlsx", tmp_path / "out.csv")
    assert facts["rows"] == 1 and any("summary" in line for line in facts["warnings"])


def test_codes_of_a_workbook_go_out_as_they_came(tmp_path):
    book = Workbook()
    for row in (
        ["id", "sex", "age_days", "weight_kg"],
        [27501123456, "F", 412, 7.4],
        ["0012", "F", 412, 7.4],
    ):
        book.active.append(row)
    book.save(tmp_path / "in.xlsx")
    for out in ("out.csv", "out.xlsx"):
        score_file(tmp_path / "in.xlsx", tmp_path / out)
        path = tmp_path / out
        read = pd.read_csv if out.endswith("csv") else partial(pd.read_excel, engine="openpyxl")
        found = read(path, dtype=str)
        assert found.id.tolist() == ["27501123456", "0012"]


def test_months_read_as_days_are_said_aloud(tmp_path):
    rows = "".join(f"{'FM'[at % 2]},{12 + at},{8.5 + at / 5:.1f},{73 + at}\n" for at in range(40))
    _, facts = scored(tmp_path, "sex,age_days,weight_kg,height_cm\n" + rows)
    assert any("months read as days?" in line for line in facts["warnings"])


def test_a_map_that_reshapes_rows_is_refused_with_what_to_do(tmp_path):
    plan = DHS + (
        "[tables.measurements.wide]\nday = 15\n[tables.measurements.wide.columns]\nmuac_mm "
        '= "{Mon}-{YY}"\n'
    )
    with pytest.raises(BadInput, match="GRO107.*row for row"):
        scored(tmp_path, "b4,b3,day,hw2,hw3\n2,01/2025,16/03/2026,74,712\n", plan=plan)


def test_the_command_takes_a_map(tmp_path, capsys):
    (tmp_path / "in.csv").write_text("b4,b3,day,hw2,hw3\n2,01/2025,16/03/2026,74,712\n")
    (tmp_path / "map.toml").write_text(DHS)
    assert (
        ends(
            [
                "zscores",
                str(tmp_path / "in.csv"),
                "-o",
                str(tmp_path / "out.csv"),
                "--map",
                str(tmp_path / "map.toml"),
                "--json",
            ]
        )
        == 0
    )
    assert json.loads(capsys.readouterr().out)["columns"]["weight_kg"] == "hw2"


def test_dates_that_excel_swapped_by_half_are_refused(tmp_path):
    cells = ["2026-05-03", "2026-06-03", "2026-07-04", "14/03/2026", "25/03/2026", "16/04/2026"]
    rows = "".join(f"F,2025-01-28,{cell},7.4,71.2\n" for cell in cells)
    with pytest.raises(BadInput, match="GRO106.*day for the month"):
        scored(tmp_path, "sex,dob,date,weight,height\n" + rows)


@pytest.mark.parametrize("name", ["in.dat", "in.txt", "in"])
def test_a_text_is_read_whatever_its_ending(tmp_path, name):
    found, _ = scored(tmp_path, PLAIN.replace(",", "\t"), name=name)
    assert found.whz.tolist() == ["-1.44", "-1.7"]
