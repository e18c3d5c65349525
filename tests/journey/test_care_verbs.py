"""`sanket budget` and `sanket indicators` as people and programs call them."""

import json

import pandas as pd
import pyarrow.parquet
import pytest

from registry.contract.errors import BadInput, UsageError
from registry.store.store import open_store
from sanket.app import app, main

TOTALS = ("Rs 4,18,66,028.80", "Rs 11,51,98,086.40")


def said(capsys, *arguments):
    try:
        main([*map(str, arguments)])
    except SystemExit as end:
        assert end.code in (0, None)
    return capsys.readouterr().out


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("care")
    source = folder / "source"
    source.mkdir()
    rows = {
        "centres": [
            {
                "centre_id": "A",
                "sector_id": "S",
                "project_id": "P",
                "district_id": "D",
                "setting": "tribal",
            }
        ],
        "children": [
            {"child_id": f"c{i}", "sex": "F", "birth_date": "2025-01-10", "centre_id": "A"}
            for i in range(8)
        ],
        "measurements": [
            {
                "child_id": f"c{i}",
                "measured_on": day,
                "weight_kg": 6.5 if i < 6 else 8.8,
                "height_cm": 74.0,
                "height_position": "lying",
            }
            for i in range(8)
            for day in ("2026-03-02", "2026-04-02")
        ],
        "episodes": [
            {"episode_id": "e1", "child_id": "c0", "programme": "VCDC", "admitted_on": "2026-03-10"}
        ],
        "stocks": [
            {"centre_id": "A", "counted_on": day, "item": "EDNF", "quantity": quantity}
            for day, quantity in (("2026-02-28", 7), ("2026-03-31", 42))
        ],
    }
    for name, table in rows.items():
        pd.DataFrame(table).to_csv(source / f"{name}.csv", index=False)
    address = folder / "care.db"
    held = open_store(str(address))
    held.import_source(str(source))
    held.close()
    return address


def test_the_budget_says_the_resolutions_sums(capsys):
    text = said(capsys, "budget")
    assert all(total in text for total in TOTALS)


def test_the_budget_as_one_document(capsys):
    found = json.loads(said(capsys, "budget", "--json"))
    assert (found["round"], found["year"]) == TOTALS and found["intensive_children"] == 2143
    assert found["registry"] is None


def test_each_option_changes_its_parameter(capsys):
    changed = said(
        capsys,
        "budget",
        "--children",
        10,
        "--days",
        1,
        "--sachet-price",
        "1.05",
        "--intensive-share",
        "0.39",
        "--projects",
        0,
        "--rounds",
        2,
        "--json",
    )
    lines = json.loads(changed)["lines"]
    assert lines["food"]["round"] == "Rs 10.50" and lines["extra_food"]["round"] == "Rs 6.30"
    assert lines["total"]["year"] == "Rs 233.60" and lines["administration"]["year"] == "Rs 0.00"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--sachet-price", "dear"),
        ("--intensive-share", "20"),
        ("--plan", "ours"),
        ("--children", "-1"),
    ],
)
def test_a_wrong_budget_is_a_usage_error(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(["budget", *arguments])
    assert end.value.code == 2 and capsys.readouterr().out == ""


def test_the_budget_of_a_store(store, capsys):
    text = said(capsys, "budget", store)
    assert "The same from the forecast" in text and TOTALS[1] in text and "12 weeks" in text
    found = json.loads(said(capsys, "budget", store, "--json"))["registry"]
    assert found["caseload"]["children"] == 6 and found["in_treatment"] == 1
    assert found["sachets"]["project"][0]["place"] == "P"


def test_the_budget_says_when_a_store_room_runs_out_and_what_to_send(store, capsys):
    text = said(capsys, "budget", store)
    assert "P, EDNF: 42 in 1 of 1 centres; runs out in" in text and "no season in it" in text
    found = json.loads(said(capsys, "budget", store, "--json", "--send-months", 1))["registry"]
    (line,) = found["store_rooms"]["centres"]
    assert (line["counted_on"], line["left"], line["look"]) == ("2026-03-31", 42.0, "")
    weeks = line["weeks"]
    assert weeks["earliest"] < weeks["expected"] < weeks["latest"]
    assert found["store_rooms"]["send_days"] == 30 and found["season"] is None
    then = json.loads(said(capsys, "budget", store, "--json", "--as-of", "2026-03-30"))["registry"]
    (line,) = then["store_rooms"]["centres"]
    assert (line["counted_on"], line["left"]) == ("2026-02-28", 7.0), "the later one is not known"
    with pytest.raises(SystemExit):
        main(["budget", str(store), "--as-of", "March"])
    assert "CARE017" in capsys.readouterr().err


def test_indicators_as_text_and_document(store, capsys):
    assert "2026-04" in said(capsys, "indicators", store, "--by", "centre", "--months", 2)
    found = json.loads(said(capsys, "indicators", store, "--json", "--months", 2))
    april, both = found["rows"][-2:]
    assert (
        both["month"] == "2026-03/2026-04" and both["children"] == 8 and both["sam_share"] == 0.75
    )
    assert (april["district"], april["month"], april["children"]) == ("D", "2026-04", 8)
    assert april["sam"] == 6 and april["sam_share"] == 0.75 and april["in_treatment"] is None


def test_indicators_as_files(store, capsys, tmp_path):
    assert (
        said(capsys, "indicators", store, "--format", "parquet", "-o", tmp_path / "i.parquet") == ""
    )
    said(capsys, "indicators", store, "--format", "csv", "-o", tmp_path / "i.csv")
    parquet, csv = (
        pyarrow.parquet.read_table(tmp_path / "i.parquet"),
        pd.read_csv(tmp_path / "i.csv"),
    )
    assert parquet.num_rows == len(csv) == 13 and list(csv) == parquet.column_names
    assert parquet.schema.metadata[b"protocol_version"]
    assert said(capsys, "indicators", store, "--format", "csv", "--months", 1).startswith(
        '"district","month"'
    )


@pytest.mark.parametrize(
    "arguments", [("--by", "village"), ("--format", "pdf"), ("--format", "parquet")]
)
def test_wrong_words_are_usage_errors(store, arguments):
    with pytest.raises(UsageError):
        app(args=["indicators", str(store), *arguments], standalone_mode=False)


def test_a_store_that_is_none_and_a_wrong_protocol_are_bad_input(store, tmp_path):
    with pytest.raises(BadInput):
        app(args=["indicators", str(tmp_path / "none.db")], standalone_mode=False)
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[values]\n", encoding="utf-8")
    with pytest.raises(BadInput, match="CARE001"):
        app(args=["budget", "--protocol", str(wrong)], standalone_mode=False)
