"""`sanket growth-chart`: one child of a store, drawn; and tables written whatever their cells
are."""

import pandas as pd
import pyarrow as pa
import pytest

from features.survey.write_table import write
from registry.store.store import open_store
from sanket.app import main


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("growth")
    tables = folder / "tables"
    tables.mkdir()
    place = {
        "centre_id": ["A1"],
        "sector_id": "S1",
        "project_id": "P1",
        "district_id": "D1",
        "setting": "urban",
    }
    days = pd.date_range("2026-01-05", periods=8, freq="14D").strftime("%Y-%m-%d")
    measured = {
        "child_id": "C1",
        "measured_on": days,
        "weight_kg": [6.4, 6.5, 6.7, 6.9, 7.0, 7.3, 7.5, 7.6],
        "height_cm": [72.0, None, 72.5, None, 73.0, None, 73.6, None],
        "muac_mm": 118,
    }
    episode = {
        "episode_id": ["E1"],
        "child_id": ["C1"],
        "programme": ["UCDC"],
        "admitted_on": ["2026-01-05"],
        "closed_on": ["2026-03-02"],
        "outcome": ["cured"],
    }
    child = {"child_id": ["C1"], "sex": ["F"], "birth_date": ["2025-01-10"], "centre_id": ["A1"]}
    for name, table in (
        ("centres", place),
        ("children", child),
        ("measurements", measured),
        ("episodes", episode),
    ):
        pd.DataFrame(table).to_csv(tables / f"{name}.csv", index=False)
    address = str(folder / "store.db")
    open_store(address).import_source(str(tables))
    return address


def ends(arguments):
    with pytest.raises(SystemExit) as ended:
        main(["growth-chart", *arguments])
    return ended.value.code


def test_a_child_is_drawn_as_svg_and_png(store, tmp_path):
    assert ends([store, "C1", "-o", str(tmp_path / "c.svg")]) == 0
    svg = (tmp_path / "c.svg").read_text()
    assert "UCDC" in svg and "hollow" in svg and len(svg) < 25_000
    assert ends([store, "C1", "-o", str(tmp_path / "c.png")]) == 0
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "child, out, code", [("C9", "c.svg", 3), ("C1", "c.gif", 2), ("C1", "absent/c.svg", 2)]
)
def test_what_cannot_be_drawn_is_refused(store, tmp_path, capsys, child, out, code):
    assert ends([store, child, "-o", str(tmp_path / out)]) == code
    assert "GRO" in capsys.readouterr().err
    assert not (tmp_path / out).exists()


def test_cells_that_arrow_has_no_text_for_are_written_as_python_spells_them(tmp_path):
    table = pa.table(
        {
            "list": pa.array([[1, 2], None]),
            "bytes": pa.array([b"\xff", b"a"]),
            "record": [{"a": 1}, None],
        }
    )
    write(table, tmp_path / "out.csv")
    told = pd.read_csv(tmp_path / "out.csv", keep_default_na=False).to_dict("list")
    assert told == {
        "list": ["[1, 2]", ""],
        "bytes": ["b'\\xff'", "b'a'"],
        "record": ["{'a': 1}", ""],
    }


def test_a_child_of_a_later_import_is_drawn_as_it_is_known_now_and_not_called_unknown(tmp_path):
    from features.charts.child_chart import chart_of
    from registry.contract.errors import BadInput
    from registry.contract.registry import day_number
    from tests.support.registry_samples import folder

    opened = open_store(tmp_path / "x.db")
    opened.import_source(folder(tmp_path / "first"), imported_on="2025-03-01")
    later = folder(
        tmp_path / "later",
        children="child_id,sex,birth_date,centre_id\nc9,F,2024-05-01,A\n",
        measurements="child_id,measured_on,weight_kg\nc9,2025-01-20,7\n",
    )
    opened.import_source(later, imported_on="2025-06-01")
    registry = opened.load()
    opened.close()
    assert "7 (age in months" in chart_of(registry, "c9").svg()
    with pytest.raises(BadInput, match="GRO202.*knows it from 2025-06-01"):
        chart_of(registry, "c9", day=day_number("2025-04-01"))
