"""What arrives in real life and worse: each kind of file has its named outcome, and no row is
unaccounted for."""

from __future__ import annotations

import io
import random
import tempfile
import zipfile
from pathlib import Path

import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.contract.errors import BadInput
from registry.store.store import open_store
from tests.support.registry_samples import CENTRES, CHILDREN, MEASUREMENTS, folder

FULL = {"rows": 4, "kept": 4, "quarantined": 0, "codes": {}}


def imported(tmp_path: Path, content: bytes, ending: str = "csv") -> dict[str, object]:
    """The counts of measurements after importing a folder with these bytes as its measurements."""
    source = folder(tmp_path / "in")
    (source / "measurements.csv").unlink()
    (source / f"measurements.{ending}").write_bytes(content)
    opened = open_store(tmp_path / "x.db")
    try:
        counts = opened.import_source(source, imported_on="2026-01-01").tables["measurements"]
        assert counts["rows"] == counts["kept"] + counts["quarantined"]
        assert opened.load().measurements.rows == counts["kept"]
        return counts
    finally:
        opened.close()


@pytest.mark.parametrize(
    "content",
    [
        MEASUREMENTS.encode("utf-8-sig"),
        MEASUREMENTS.encode("utf-16"),
        MEASUREMENTS.replace("\n", "\r\n").encode(),
        MEASUREMENTS.replace(",", ";").encode(),
        MEASUREMENTS.replace(",", "\t").encode(),
        MEASUREMENTS.replace("muac_mm", "muac_mm,remark")
        .replace(",121", ",121,Médecin")
        .replace("71,", "71,,")
        .replace("130", "130,")
        .replace("112", "112,")
        .encode("cp1252"),
        MEASUREMENTS.replace("c1,2025-02-10,7.4,71,", '"c1","2025-02-10","7.4","71",NaN').encode(),
        MEASUREMENTS.replace("7.1", "७.१").encode(),
        MEASUREMENTS.replace("child_id", " Child_ID ").encode(),
        ("\n" + MEASUREMENTS).encode().lstrip(),
        MEASUREMENTS.encode() + b"\n\n",
        b"\n\n" + MEASUREMENTS.replace(",", ";").encode(),
        MEASUREMENTS.replace("weight_kg", '"weight_kg\n"')
        .replace("muac_mm", '"\nmuac_mm"')
        .encode(),
    ],
    ids=[
        "bom",
        "utf-16",
        "crlf",
        "semicolons",
        "tabs",
        "cp1252",
        "quotes and NaN",
        "devanagari",
        "header case",
        "plain",
        "blank lines at the end",
        "blank lines above",
        "line breaks in the header",
    ],
)
def test_all_that_excel_writes_is_read(tmp_path, content):
    assert imported(tmp_path, content) == FULL


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (b"c1,2025-03-10,=1+1,70,\n", "REG020"),
        (b"c1,2025-03-10,7.4\x00,70,\n", "REG020"),
        (b"c1\x00,2025-03-10,7.4,70,\n", "REG025"),
        (b"c1,45731,7.4,70,\n", "REG021"),
        (b"c1,1900-01-00,7.4,70,\n", "REG021"),
        (b"c1,2025-03-10,7.4,70\n", "REG005"),
        (b"c1,2025-03-10,7.4,70,,,,\n", "REG005"),
        (b"c1," + b"x" * 10_000_000 + b",7.4,70,\n", "REG021"),
        (b"child_id,measured_on,weight_kg,height_cm,muac_mm\n", "REG021"),
        (b"c1,2025-03-10,'; DROP TABLE children; --,70,\n", "REG020"),
    ],
    ids=[
        "formula",
        "null byte in a number",
        "null byte in an id",
        "1900-based date",
        "1900",
        "too few cells",
        "too many cells",
        "10 MB cell",
        "header again",
        "injection",
    ],
)
def test_a_hostile_row_is_refused_and_the_others_get_through(tmp_path, row, code):
    found = imported(tmp_path, MEASUREMENTS.encode() + row)
    assert found == {"rows": 5, "kept": 4, "quarantined": 1, "codes": {code: 1}}


def test_a_file_that_changes_its_columns_half_way_loses_only_those_rows(tmp_path):
    more = "child_id,measured_on,weight_kg\nc2,2025-03-01,8.1\nc3,2025-03-01,6.4\n"
    assert imported(tmp_path, (MEASUREMENTS + more).encode()) == {
        "rows": 7,
        "kept": 4,
        "quarantined": 3,
        "codes": {"REG005": 3},
    }


def parquet(truncate: int = 0) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pacsv.read_csv(io.BytesIO(MEASUREMENTS.encode())), buffer)
    return buffer.getvalue()[: -truncate or None]


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(1 << 20))
        # The directory says what it would unpack to; writing a real gigabyte would take the test
        # ten seconds.
        archive.infolist()[0].file_size = 2 << 30
    return buffer.getvalue()


def far_cell(*, places: bool = True) -> bytes:
    """A small workbook whose cells span seventeen billion: the last cell that Excel has is filled,
    or (cells that do not say their places) a row of 16,384 stands beside 60,000 rows."""
    if places:
        from openpyxl import Workbook

        book, buffer = Workbook(), io.BytesIO()
        book.active["A1"], book.active["XFD1048576"] = "child_id", "x"
        book.save(buffer)
        return buffer.getvalue()
    row, cell = b"<row>", b"<c><v>1</v></c>"
    sheet = row + cell * 16_384 + b"</row>" + (row + cell + b"</row>") * 60_000
    buffer = io.BytesIO(workbook([["child_id"]]))
    with (
        zipfile.ZipFile(buffer) as former,
        zipfile.ZipFile(out := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in former.namelist():
            text = former.read(name)
            if name.startswith("xl/worksheets/"):
                start, rest = text.split(b"<sheetData>")
                text = (
                    start
                    + b"<sheetData>"
                    + sheet
                    + b"</sheetData>"
                    + rest.split(b"</sheetData>")[1]
                )
            archive.writestr(name, text)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "ending", "code"),
    [
        (lambda: b"", "csv", "REG004"),
        (lambda: b"  \n", "csv", "REG004"),
        (lambda: random.Random(1).randbytes(2_000_000), "csv", "REG00"),
        (lambda: bytes(1_000_000), "csv", "REG00"),
        (lambda: b"x" * 20_000_000, "csv", "REG002"),
        (
            lambda: b"child_id,measured_on\nc1,2025-01-01\n".replace(b"measured_on", b"day"),
            "csv",
            "REG002",
        ),
        (lambda: b"child_id,measured_on,child_id\n", "csv", "REG002"),
        (lambda: MEASUREMENTS.encode("utf-8-sig") + b"c1,2025-03-10,\x90,70,\n", "csv", "REG003"),
        (lambda: MEASUREMENTS.encode("utf-8-sig") + b"c1,\x90\n", "csv", "REG003"),
        (lambda: parquet(truncate=40), "parquet", "REG003"),
        (lambda: workbook([["child_id"]]).replace(b"PK\x01\x02", b"PK\x01\x03"), "xlsx", "REG003"),
        (lambda: b"PK\x03\x04 no workbook", "xlsx", "REG003"),
        (bomb, "xlsx", "REG007"),
        (far_cell, "xlsx", "REG007"),
        (lambda: far_cell(places=False), "xlsx", "REG007"),
    ],
    ids=[
        "empty",
        "blank",
        "random bytes",
        "zeros",
        "20 MB of one line",
        "missing column",
        "column twice",
        "broken UTF-8",
        "broken UTF-8 in a broken line",
        "truncated parquet",
        "broken directory",
        "no workbook",
        "zip bomb",
        "a cell at XFD1048576",
        "cells without places",
    ],
)
def test_a_file_that_is_no_table_changes_nothing(tmp_path, content, ending, code):
    with pytest.raises(BadInput, match=code) as refused:
        imported(tmp_path, content(), ending)
    assert "measurements" in refused.value.message
    opened = open_store(tmp_path / "x.db")
    assert opened.load().children.rows == 0
    opened.close()


@pytest.mark.soak
def test_two_hundred_megabytes_of_junk(tmp_path):
    with pytest.raises(BadInput):
        imported(tmp_path, random.Random(2).randbytes(1 << 20) * 200)


def test_numbers_too_large_for_a_float_are_refused_as_rows(tmp_path):
    import pyarrow as pa

    buffer = io.BytesIO()
    pq.write_table(
        pa.table(
            {
                "child_id": [1e300, 1.0],
                "measured_on": ["2025-01-10"] * 2,
                "weight_kg": pa.array([2**62 + 1, 7]),
            }
        ),
        buffer,
    )
    assert imported(tmp_path, buffer.getvalue(), "parquet")["codes"] == {"REG012": 1, "REG050": 1}


def test_parquet_is_read_with_its_types(tmp_path):
    assert imported(tmp_path, parquet(), "parquet") == FULL


def workbook(rows: list[list], merged: str | None = None) -> bytes:
    from openpyxl import Workbook

    book, buffer = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    if merged:
        book.active.merge_cells(merged)
    book.save(buffer)
    return buffer.getvalue()


def test_a_workbook_with_a_title_typed_dates_and_text_numbers(tmp_path):
    import datetime as dt

    rows = [
        ["Register of weights, Amba"],
        ["child_id", "measured_on", "weight_kg", "height_cm"],
        ["c1", dt.datetime(2025, 1, 10), 7.1, "70"],
        ["c1", "2025-02-10", "7.4", 71],
        [None, None, None, None],
        ["c2", dt.date(2025, 1, 11), 78, 72],
    ]
    assert imported(tmp_path, workbook(rows, "A1:D1"), "xlsx") == {
        "rows": 4 - 1,
        "kept": 2,
        "quarantined": 1,
        "codes": {"REG012": 1},
    }


def test_a_database_as_source(tmp_path):
    import sqlite3

    with sqlite3.connect(tmp_path / "source.sqlite") as connection:
        for name, text in (
            ("centres", CENTRES),
            ("children", CHILDREN),
            ("measurements", MEASUREMENTS),
        ):
            header, *rows = text.strip().split("\n")
            connection.execute(f"CREATE TABLE {name} ({header})")
            marks = ",".join("?" * len(header.split(",")))
            connection.executemany(
                f"INSERT INTO {name} VALUES ({marks})", [row.split(",") for row in rows]
            )
    connection.close()
    opened = open_store(tmp_path / "x.db")
    report = opened.import_source(
        f"sqlite:///{tmp_path / 'source.sqlite'}", imported_on="2026-01-01"
    )
    assert report.tables["measurements"] == FULL
    opened.close()


def test_mixed_types_in_memory_do_no_harm():
    from registry.checks.table import build

    _, quarantine = build(
        {
            "measurements": {
                "child_id": ["c1", 2, None],
                "measured_on": ["2025-01-01", 3.5, b"x"],
                "weight_kg": [7.1, "7,1", True],
            }
        },
        imported_on="2026-01-01",
    )
    assert quarantine.counts()["measurements"]["rows"] == 3 == len(quarantine)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=7), max_size=8), st.booleans())
def test_whatever_the_cells_no_row_is_unaccounted_for(rows, quoted):
    import csv

    with tempfile.TemporaryDirectory() as home:
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
        writer.writerows(rows)
        source = folder(Path(home) / "in")
        content = (MEASUREMENTS + text.getvalue()).encode("utf-8", "surrogatepass")
        (source / "measurements.csv").write_bytes(content)
        opened = open_store(Path(home) / "x.db")
        try:
            counts = opened.import_source(source, imported_on="2026-01-01").tables["measurements"]
        except BadInput:
            assert opened.load().children.rows == 0
        else:
            assert counts["rows"] == counts["kept"] + counts["quarantined"]
            assert counts["kept"] == opened.load().measurements.rows == 4
        finally:
            opened.close()


def test_raw_rows_of_other_columns_never_enter_the_quarantine(tmp_path):
    header, *rows = MEASUREMENTS.strip().split("\n")
    text = "\n".join(
        [
            header + ",phone",
            *(row + ",9876543210" for row in rows),
            "c1,2025-03-01,78,70,,9876543210",
        ]
    )
    imported(tmp_path, text.encode())
    assert b"9876543210" not in (tmp_path / "x.db").read_bytes()
