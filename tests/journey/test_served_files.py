"""Files of the service: for their owner alone, bounded when they come back, no formula for a
spreadsheet in them."""

import csv
import io
import os
import stat
import zipfile

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.survey.write_table import write
from registry.contract.errors import BadInput
from registry.machine.today import today
from registry.sources.formula_guard import harmless, harmless_table, unharmed
from registry.store.store import open_store
from serving.audit import recorder
from serving.database import engine_of
from serving.visits.filled_lists import LARGEST_UNPACKED, read_back

RUN = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "=", "-", "＝1"]


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
@pytest.mark.parametrize("make", ["store", "engine"])
def test_a_stores_files_are_for_their_owner_alone(tmp_path, mask, make):
    former = os.umask(mask)
    try:
        address = str(tmp_path / "x.db")
        store = open_store(address) if make == "store" else None
        engine = store.engine if store else engine_of(address)
        recorder.make_tables(engine)
        engine_of(address).connect().close()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(former)
    assert "x.db" in modes and set(modes.values()) == {0o600}, modes
    engine.dispose()


@pytest.mark.parametrize("bomb", ["one part", "many parts"])
def test_a_workbook_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path, bomb):
    path = tmp_path / "list.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        if bomb == "one part":
            with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as part:
                for _ in range(LARGEST_UNPACKED // 1_000_000 + 1):
                    part.write(b"<si><t>x</t></si>" * 58_824)
        else:
            for number in range(2000):
                archive.writestr(f"xl/worksheets/sheet{number}.xml", b"<x/>")
    assert path.stat().st_size < 1_000_000
    with pytest.raises(BadInput) as refused:
        read_back(path, today=today())
    assert refused.value.code == "LST004" and "MB" in refused.value.message


@pytest.mark.parametrize("cell", RUN)
def test_no_cell_of_an_export_is_a_formula(tmp_path, cell):
    assert harmless(cell)[0] == "'" and unharmed(harmless(cell)) == cell
    table = pa.table(
        {"name": [cell, "plain", None], cell: ["a", "b", "c"], "weight_kg": [-1.5, 2.0, None]}
    )
    write(table, tmp_path / "out.csv")
    rows = list(
        csv.reader(io.StringIO((tmp_path / "out.csv").read_text(encoding="utf-8"), newline=""))
    )
    begun = [text[:1] for line in rows for text in line if text not in ("-1.5",)]
    assert not {"=", "+", "-", "@", "\t", "\r", "＝"} & set(begun)
    assert harmless_table(table)["weight_kg"].to_pylist() == [-1.5, 2.0, None]


@given(st.text(max_size=12))
def test_what_is_made_harmless_comes_back_as_it_was(cell):
    assert unharmed(harmless(cell)) == cell or (cell[:1] == "'" and harmless(cell[1:]) != cell[1:])


@pytest.mark.parametrize("number", ["-5", "+5.5", "-1e3", "5"])
def test_a_number_stays_a_number(number):
    assert harmless(number) == number
