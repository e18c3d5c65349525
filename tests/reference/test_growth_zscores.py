"""Journey: a table as people have it goes in, the same rows with answers come out; what cannot be
is named."""

import datetime as dt
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.survey import score_file
from registry.contract.errors import BadInput, UsageError
from sanket.app import main

GRID = Path(__file__).parents[1] / "data/who_anthro_grid.csv"
WHO_NAMES = {"waz": "wei", "haz": "len", "whz": "wfl", "baz": "bmi", "muacz": "ac", "hcz": "hc"}
ADDED = [
    *WHO_NAMES,
    *(f"{name}_flag" for name in WHO_NAMES),
    "nutrition_status",
    "criterion",
    "underweight",
    "stunting",
    "suspicion",
]


def run(
    tmp_path: Path, text: str | bytes, *, out: str = "out.csv", name: str = "in.csv", **options
) -> pd.DataFrame:
    source = tmp_path / name
    source.write_bytes(text if isinstance(text, bytes) else text.encode())
    score_file(source, tmp_path / out, **options)
    return pd.read_csv(tmp_path / out, dtype={"suspicion": str}, keep_default_na=True)


def one(tmp_path: Path, header: str, *rows: str, **options) -> pd.DataFrame:
    return run(tmp_path, "\n".join([header, *rows]) + "\n", **options)


def ends(arguments: list[str]) -> int:
    """The exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


@pytest.mark.parametrize("kind", ["csv", "tsv", "xlsx", "parquet"])
def test_who_grid_row_for_row_in_every_format(tmp_path, kind):
    grid = pd.read_csv(GRID)
    source = tmp_path / f"in.{kind}"
    if kind == "xlsx":
        grid = grid.iloc[::25]
        grid.to_excel(source, index=False)
    elif kind == "parquet":
        grid.to_parquet(source)
    else:
        grid.to_csv(source, index=False, sep="\t" if kind == "tsv" else ",")
    out = tmp_path / f"out.{kind}"
    score_file(source, out)
    readers = {
        "csv": pd.read_csv,
        "tsv": lambda path: pd.read_csv(path, sep="\t"),
        "xlsx": lambda path: pd.read_excel(path, engine="calamine"),
        "parquet": pd.read_parquet,
    }
    answered = readers[kind](out)
    assert list(answered.columns) == [*grid.columns, *ADDED]
    assert (answered.row_id.to_numpy() == grid.row_id.to_numpy()).all()
    rows = answered[answered.quirk.isna()]
    for ours, theirs in WHO_NAMES.items():
        np.testing.assert_array_equal(
            rows[ours].astype(float), rows[f"who_z{theirs}"].astype(float)
        )
        np.testing.assert_array_equal(
            rows[f"{ours}_flag"].astype(float), rows[f"who_f{theirs}"].astype(float)
        )


def test_every_cell_of_the_input_stays_as_it_was_written(tmp_path):
    text = (
        'id,note,sex,age_days,weight_kg,height_cm\n007,"a ""b"", '
        'c",F,400,07.50,75.0\n008,"two\nlines",m,NA,9,\n'
    )
    run(tmp_path, text)
    kept = pd.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False)
    assert kept[["id", "note", "weight_kg", "age_days", "height_cm"]].to_numpy().tolist() == [
        ["007", 'a "b", c', "07.50", "400", "75.0"],
        ["008", "two\nlines", "9", "NA", ""],
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_any_delimiter_and_encoding(tmp_path, delimiter, encoding):
    text = "name,sex,age_days,weight_kg,height_cm\nRenée,2,400,7.5,72\n".replace(",", delimiter)
    answered = run(tmp_path, text.encode(encoding))
    assert answered.name[0] == "Renée"
    assert answered.waz.notna().all() and answered.whz.notna().all()


def test_a_decimal_comma_is_read_where_the_delimiter_is_another(tmp_path):
    comma = one(tmp_path, "sex;age_days;weight_kg;height_cm", "f;400;7,5;72,4")
    point = one(tmp_path, "sex;age_days;weight_kg;height_cm", "f;400;7.5;72.4")
    assert comma.waz[0] == point.waz[0] and comma.whz[0] == point.whz[0]


@pytest.mark.parametrize(
    "spellings, sex",
    [
        (["F", "f", "female", "Girl", "2", "2.0", "लड़की", "मुलगी"], "f"),
        (["M", "m", "Male", "boy", "1", "लड़का", "मुलगा"], "m"),
    ],
)
def test_sex_in_its_spellings(tmp_path, spellings, sex):
    answered = one(tmp_path, "sex,age_days,weight_kg", *(f"{word},400,7.5" for word in spellings))
    expected = one(tmp_path, "sex,age_days,weight_kg", f"{sex},400,7.5")
    assert answered.waz.tolist() == [expected.waz[0]] * len(spellings)


def test_ages_in_days_months_and_dates_agree(tmp_path):
    day = one(tmp_path, "sex,age_days,weight_kg,height_cm", "m,883,11.4,88")
    month = one(tmp_path, "sex,age_months,weight_kg,height_cm", f"m,{883 / 30.4375:.6f},11.4,88")
    date = one(
        tmp_path,
        "sex,birth_date,measured_on,weight_kg,height_cm",
        "m,2023-10-01,2026-03-02,11.4,88",
    )
    assert (dt.date(2026, 3, 2) - dt.date(2023, 10, 1)).days == 883
    for answered in (month, date):
        assert answered[list(WHO_NAMES)].equals(day[list(WHO_NAMES)])


def test_an_empty_age_in_days_is_filled_from_the_months(tmp_path):
    answered = one(tmp_path, "sex,age_days,age_months,weight_kg", "m,,12,9", "m,365,99,9", "m,,,9")
    assert answered.waz[0] == answered.waz[1]
    assert math.isnan(answered.waz[2])


def test_sixty_completed_months_are_not_answered_and_named(tmp_path):
    rows = ("m,59.99,16,105", "m,60,16,105", "m,60.9,16,105", "m,61,16,105")
    answered = one(tmp_path, "sex,age_months,weight_kg,height_cm", *rows)
    assert answered.waz.notna().tolist() == [True, False, False, False]
    assert answered.nutrition_status.tolist() == ["normal"] + 3 * ["not_classifiable"]
    older = one(tmp_path, "sex,age_months,weight_kg,height_cm", *rows, older="who2007")
    assert older.reference.fillna("").tolist() == ["who2006", "", "", "who2007"]
    assert older.waz.notna().tolist() == [True, False, False, True]
    assert older.whz.isna().tolist() == [False, True, True, True]


@pytest.mark.parametrize(
    "row, code, missing, answered",
    [
        ("m,400,9500,75,140,46,n", "weight_grams", "waz whz baz", "haz muacz hcz"),
        ("m,400,9.5,0.75,140,46,n", "height_metres", "haz whz baz", "waz muacz"),
        ("m,400,9.5,750,140,46,n", "height_millimetres", "haz whz baz", "waz muacz"),
        ("m,400,75,9.5,140,46,n", "weight_height_swapped", "waz haz whz baz", "muacz"),
        ("m,400,9.5,75,14.0,46,n", "muac_centimetres", "muacz", "waz whz"),
        ("m,400,9.5,75,140,460,n", "head_millimetres", "hcz", "waz whz"),
        ("m,-3,9.5,75,140,46,n", "age_negative", "waz haz whz baz muacz hcz", ""),
        ("m,400,0,75,140,46,n", "weight_not_positive", "waz whz baz", "haz"),
        ("m,400,9.5,-1,140,46,n", "height_not_positive", "haz whz baz", "waz"),
        ("m,400,nine,75,140,46,n", "weight_not_read", "waz whz baz", "haz"),
        ("m,400,9.5,tall,140,46,n", "height_not_read", "haz whz baz", "waz"),
        ("m,400,9.5,75,inf,46,n", "muac_not_read", "muacz", "waz"),
        ("x,400,9.5,75,140,46,n", "sex_not_read", "waz haz whz baz muacz hcz", ""),
        ("m,one year,9.5,75,140,46,n", "age_not_read", "waz haz baz muacz hcz", "whz"),
        ("m,400,9.5,75,140,46,maybe", "oedema_not_read", "", "waz haz whz baz muacz hcz"),
        ("m,400,1_0,75,140,46,n", "weight_not_read", "waz", "haz"),
    ],
)
def test_what_cannot_be_is_answered_with_nothing_and_a_code(tmp_path, row, code, missing, answered):
    result = one(tmp_path, "sex,age_days,weight_kg,height_cm,muac_mm,head_cm,oedema", row).iloc[0]
    assert result.suspicion == code
    assert result[missing.split()].isna().all()
    assert result[answered.split()].notna().all()


def test_pounds_are_answered_as_who_does_flagged_and_named(tmp_path):
    result = one(tmp_path, "sex,age_days,weight_kg,height_cm", "m,365,21.2,75").iloc[0]
    assert (result.suspicion, result.waz_flag) == ("weight_pounds", 1)


def test_arm_and_head_by_who_anthros_names_are_centimetres(tmp_path):
    ours = one(tmp_path, "sex,age_days,muac_mm,head_cm", "f,400,135,45")
    theirs = one(tmp_path, "SEX,AGE_DAYS,ARMC,HEADC", "2,400,13.5,45")
    assert (ours.muacz[0], ours.hcz[0]) == (theirs.muacz[0], theirs.hcz[0])
    wrong = one(tmp_path, "sex,age_days,armc", "2,400,135")
    assert wrong.suspicion[0] == "muac_millimetres" and math.isnan(wrong.muacz[0])


def test_oedema_as_letters_and_as_grades(tmp_path):
    rows = [f"f,400,7.5,72,{word}" for word in ("y", "Y", "yes", "1", "3", "n", "0", "", "false")]
    answered = one(tmp_path, "sex,age_days,weight_kg,height_cm,oedema", *rows)
    assert answered.whz.isna().tolist() == [True] * 5 + [False] * 4
    assert answered.nutrition_status.tolist() == ["SAM"] * 5 + ["normal"] * 4
    assert answered.criterion.fillna("").tolist() == ["oedema"] * 5 + [""] * 4


def test_position_moves_the_height_and_an_unknown_one_does_not(tmp_path):
    rows = [f"f,800,10,85,{word}" for word in ("l", "Lying", "h", "STANDING", "", "sideways")]
    answered = one(tmp_path, "sex,age_days,weight_kg,height_cm,height_position", *rows)
    lying, standing = answered.haz[0], answered.haz[2]
    assert lying < standing
    assert answered.haz.tolist() == [lying, lying, standing, standing, standing, standing]
    assert answered.suspicion.fillna("").tolist() == ["", "", "", "", "", "position_not_read"]


def test_empty_columns_are_just_missing(tmp_path):
    answered = one(
        tmp_path,
        "sex,age_days,weight_kg,height_cm,measure,oedema,armc",
        "f,400,7.5,72,,,",
        "m,500,9,78,,,",
    )
    assert answered.waz.notna().all() and answered.muacz.isna().all()
    assert answered.suspicion.isna().all()


def test_a_column_with_our_name_is_kept_beside_ours(tmp_path):
    answered = one(tmp_path, "sex,age_days,weight_kg,waz", "f,400,7.5,9.99")
    assert answered.input_waz[0] == 9.99
    assert answered.waz[0] < 0


def test_all_digits_on_request(tmp_path):
    two = one(tmp_path, "sex,age_days,weight_kg", "f,400,7.53")
    full = one(tmp_path, "sex,age_days,weight_kg", "f,400,7.53", unrounded=True)
    assert round(full.waz[0], 2) == two.waz[0] != full.waz[0]


def test_short_rows_are_filled_and_long_ones_refused_by_number(tmp_path):
    answered = one(tmp_path, "sex,age_days,weight_kg,height_cm", "f,400,7.5,72", "m,400,9")
    assert answered.waz.notna().all() and answered.whz.notna().tolist() == [True, False]
    with pytest.raises(BadInput, match="first rows 3") as error:
        one(tmp_path, "sex,age_days,weight_kg", "f,400,7.5", "f,400,7.5,72")
    assert "7.5" not in str(error.value)


@pytest.mark.parametrize(
    "content, code",
    [
        (b"", "GRO111"),
        (b"\n\n  \n", "GRO111"),
        (b"sex,age_days,weight_kg\n", "GRO111"),
        (b"weight_kg,height_cm\n7,70\n", "GRO102"),
        (b"sex,age_days,colour\nf,400,red\n", "GRO102"),
        (b"sex,age,weight_kg\nf,12,8\n", "GRO103"),
        (b"sex,weight,weight,age_days\nf,8,8,12\n", "GRO104"),
        (b"PAR1 cut off", "GRO112"),
        (b"PK\x03\x04 no workbook", "GRO113"),
        (bytes(range(256)) * 40, "GRO114"),
        (b"id,sex,weight\n" + bytes(range(1, 256)) * 40, "GRO114"),
    ],
)
def test_a_file_that_cannot_be_answered_is_refused_and_nothing_is_written(tmp_path, content, code):
    with pytest.raises(BadInput) as error:
        run(tmp_path, content)
    assert error.value.code == code
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv"]


@pytest.mark.parametrize("out", ["out.csv", "out.xlsx", "out.parquet"])
def test_columns_of_any_type_in_and_out(tmp_path, out):
    table = pd.DataFrame(
        {
            "sex": pd.Categorical(["f", "m", "m"]),
            "oedema": [True, False, None],
            "armc": [None, None, None],
            "birth_date": pd.to_datetime(["2025-01-01", "2025-01-01", None]),
            "weight_kg": [7, 8, 9],
            "measured_on": [dt.date(2026, 1, 1)] * 3,
            "tags": [["a", "b"], [], None],
            "sent": pd.to_datetime(["2026-01-01"] * 3).tz_localize("Asia/Kolkata"),
        }
    )
    table.to_parquet(tmp_path / "in.parquet")
    score_file(tmp_path / "in.parquet", tmp_path / out)
    sheet = lambda path: pd.read_excel(path, engine="calamine")  # noqa: E731
    readers = {"csv": pd.read_csv, "parquet": pd.read_parquet, "xlsx": sheet}
    answered = readers[out.split(".")[1]](tmp_path / out)
    assert answered.waz.isna().tolist() == [True, False, True]
    assert answered.nutrition_status.tolist() == ["SAM", "cannot_say", "cannot_say"]


def test_a_cut_off_parquet_is_refused(tmp_path):
    pd.DataFrame({"sex": ["f"] * 99, "weight_kg": 8.0}).to_parquet(tmp_path / "whole.parquet")
    content = (tmp_path / "whole.parquet").read_bytes()
    with pytest.raises(BadInput, match="Parquet"):
        run(tmp_path, content[: len(content) // 2], name="in.parquet")


def test_the_source_is_never_written_over(tmp_path):
    with pytest.raises(UsageError, match="another name"):
        run(tmp_path, "sex,weight_kg\nf,7\n", out="in.csv")
    with pytest.raises(UsageError, match="ending"):
        run(tmp_path, "sex,weight_kg\nf,7\n", out="out.docx")


def test_the_command_prints_one_json_document(tmp_path, capsys):
    out, report = str(tmp_path / "out.csv"), str(tmp_path / "r.html")
    assert ends(["zscores", str(GRID), "-o", out, "--report", report, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["rows"] == 5253
    wasting = facts["prevalence"]["wasting"]
    assert (
        wasting["low"]
        < wasting["percent"]
        == 100 * wasting["cases"] / wasting["n"]
        < wasting["high"]
    )
    page = (tmp_path / "r.html").read_text()
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "") and "src=" not in page


def test_the_command_sums_up_in_words(tmp_path, capsys):
    assert ends(["zscores", str(GRID), "-o", str(tmp_path / "out.csv")]) == 0
    text = capsys.readouterr().out
    assert "severe wasting" in text and "digit preference" in text


@pytest.mark.parametrize("arguments, code", [(["--older", "cdc"], 2), ([], 3)])
def test_exit_codes(tmp_path, arguments, code, capsys):
    assert (
        ends(["zscores", str(tmp_path / "absent.csv"), "-o", str(tmp_path / "out.csv"), *arguments])
        == code
    )
    assert capsys.readouterr().err.startswith("sanket: GRO")
