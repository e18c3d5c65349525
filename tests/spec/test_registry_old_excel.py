"""Errors in the cells of an old workbook (.xls): named and refused, never blanks or numbers.

`tests/data/errors.xls` was written by xlwt 1.3.0 (BIFF8): a sheet `measurements` with one error a
row and a formula that answers with an empty text, and a sheet whose name and place are unusual.
"""

from __future__ import annotations

import shutil
import struct
from contextlib import closing
from pathlib import Path

import pytest

from registry.sources.excel import read_workbook
from registry.sources.excel_97 import SIGNATURE, error_cells
from registry.store.store import open_store
from tests.support.registry_samples import folder

OLD = Path(__file__).parents[1] / "data" / "errors.xls"


def test_the_errors_of_an_old_workbook_stand_in_their_cells():
    measured, notes = read_workbook(OLD)
    rows = measured.data.to_pydict()
    assert rows["weight_kg"] == ["7.1", "#DIV/0!", "8", "6.2", "6.3", "6.4"]
    assert rows["height_cm"] == ["70", "71", "#REF!", "66", "#N/A", "67"]
    assert rows["muac_mm"] == ["121", None, "130", "#VALUE!", "112", None]
    assert notes.data.column("only a note").to_pylist() == ["#NUM!"]


def test_they_are_refused_by_name_and_counted(tmp_path):
    source = folder(tmp_path / "in")
    (source / "measurements.csv").unlink()
    shutil.copy(OLD, source / "measurements.xls")
    with closing(open_store(tmp_path / "x.db")) as store:
        report = store.import_source(source, imported_on="2026-01-01")
    counts = report.tables["measurements"]
    # #N/A is how a spreadsheet looks up nothing: that height is empty, and the row stands.
    assert (counts["rows"], counts["kept"], counts["codes"]) == (6, 3, {"REG026": 3})


EMPTY_TEXT = bytes.fromhex("060004001100030000000000ffff")
"""The formula at E7, whose stored answer is an empty text."""


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ("020007000000ffff", "#DIV/0!"),
        ("02002a000000ffff", "#N/A"),
        ("020099000000ffff", "#NO VALUE!"),
        ("000000000000ffff", "#NO VALUE!"),
        ("010001000000ffff", None),
        ("030000000000ffff", None),
        ("0000000000001440", None),
    ],
)
def test_what_a_formula_answered_is_told_from_its_record(answer: str, named: str | None):
    """An error, a text that was not stored with it; a truth, an empty text and 5.0 are none."""
    whole = OLD.read_bytes()
    assert whole.count(EMPTY_TEXT) == 1
    found = error_cells(whole.replace(EMPTY_TEXT, EMPTY_TEXT[:6] + bytes.fromhex(answer)))
    assert {(row, column): text for row, column, text in found["measurements"]}.get((6, 4)) == named


def test_a_file_cut_short_or_of_another_kind_ends_in_no_loop_and_no_error_of_ours():
    whole = OLD.read_bytes()
    assert error_cells(b"PK\x03\x04 a new workbook") == {}
    for length in range(0, len(whole), 97):
        try:
            error_cells(whole[:length])
        except (struct.error, IndexError, KeyError):
            continue


@pytest.mark.parametrize("sectors", [{0: 0}, {0: 1, 1: 0}])
def test_sectors_that_go_in_a_circle_come_to_an_end(sectors: dict[int, int]):
    table = [sectors.get(at, 0xFFFFFFFE) for at in range(128)]
    head = SIGNATURE + bytes(22) + struct.pack("<HH", 9, 6) + bytes(14)
    head += struct.pack("<4I", 0, 0, 4096, 0xFFFFFFFE) + struct.pack("<2I", 0xFFFFFFFE, 0)
    head += struct.pack("<109I", 2, *[0xFFFFFFFF] * 108)
    file = head.ljust(512, b"\0") + bytes(1024) + struct.pack("<128I", *table)
    with pytest.raises((struct.error, IndexError, KeyError)):
        error_cells(file)
