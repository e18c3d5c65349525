"""A cell far outside of the table, in an OpenDocument sheet or a binary workbook of a kilobyte, is
refused before a reader makes room for all cells in between."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from registry.contract.errors import BadInput
from registry.sources.sheets import sheets_of

SPACES = "urn:oasis:names:tc:opendocument:xmlns:"
NAMES, CHILD = ("child_id", "measured_on", "weight_kg"), ("c1", "2026-01-10", "9.1")


def cell(text: str, times: int = 1) -> str:
    repeated = f' table:number-columns-repeated="{times}"' if times > 1 else ""
    return f'<table:table-cell office:value-type="string"{repeated}><text:p>{text}</text:p></table:table-cell>'


def blank(times: int) -> str:
    return f'<table:table-cell table:number-columns-repeated="{times}"/>'


def row(cells: str, times: int = 1) -> str:
    return f'<table:table-row table:number-rows-repeated="{times}">{cells}</table:table-row>'


TABLE = row("".join(map(cell, NAMES))) + row("".join(map(cell, CHILD)))


def opendocument(path: Path, *sheets: str) -> Path:
    """An .ods file whose sheets have these rows."""
    tables = "".join(
        f'<table:table table:name="sheet{at}">{rows}</table:table>'
        for at, rows in enumerate(sheets)
    )
    spaces = " ".join(f'xmlns:{name}="{SPACES}{name}:1.0"' for name in ("office", "table", "text"))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{SPACES}manifest:1.0"/>',
        )
        archive.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body><office:spreadsheet>{tables}"
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return path


def record(kind: int, content: bytes = b"") -> bytes:
    """One record of a binary workbook: its kind and length in seven bits a byte."""
    said = b""
    for number in (kind, len(content)):
        while number > 0x7F:
            said += bytes([number & 0x7F | 0x80])
            number >>= 7
        said += bytes([number])
    return said + content


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def binary(path: Path, cells: dict[int, dict[int, str]]) -> Path:
    """An .xlsb file of one sheet with these texts, by row and column from 0."""
    rows = b"".join(
        record(0, struct.pack("<I", at) + bytes(13))
        + b"".join(
            record(6, struct.pack("<II", place, 0) + wide(text)) for place, text in by.items()
        )
        for at, by in cells.items()
    )
    sheet = record(129) + record(148, bytes(16)) + record(145) + rows + record(146) + record(130)
    named = struct.pack("<II", 0, 1) + wide("rId1") + wide("sheet0")
    book = record(131) + record(143) + record(156, named) + record(144) + record(132)
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/{kind}" Target="{target}"/></Relationships>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        )
        archive.writestr(
            "_rels/.rels", relations.format(kind="officeDocument", target="xl/workbook.bin")
        )
        archive.writestr("xl/workbook.bin", book)
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            relations.format(kind="worksheet", target="worksheets/sheet1.bin"),
        )
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
    return path


SMALL = {0: dict(enumerate(NAMES)), 1: dict(enumerate(CHILD))}


def read(path: Path) -> tuple[list[str], list[list[str]]]:
    data = sheets_of(path)[0].data
    return data.column_names, [list(line.values()) for line in data.to_pylist()]


@pytest.mark.parametrize(
    "rows",
    [
        TABLE,
        TABLE + row(blank(16_384), 1_048_574),
        row("".join(map(cell, NAMES)) + blank(16_381))
        + row("".join(map(cell, CHILD)) + blank(16_381))
        + row(blank(16_384), 1_048_574),
    ],
    ids=["as it is", "blank to the last row", "blank to the last column"],
)
def test_a_sheet_as_libreoffice_writes_it_is_read(tmp_path, rows):
    assert read(opendocument(tmp_path / "x.ods", rows)) == (list(NAMES), [list(CHILD)])


@pytest.mark.parametrize(
    "sheets",
    [
        (TABLE + row(blank(16_384), 1_048_573) + row(blank(16_383) + cell("x")),),
        (TABLE + row(cell("x", 16_384), 1_048_574),),
        (TABLE + row(cell("x", 1_000_000_000), 1_000_000_000),),
        (row(cell("x", 1_000), 30_000), row(cell("x", 1_000), 30_000)),
    ],
    ids=["a far cell", "repeated to the corner", "repeated beyond any sheet", "two large sheets"],
)
@pytest.mark.parametrize("name", ["x.ods", "x.xlsx"])
def test_a_far_or_repeated_cell_of_an_opendocument_is_refused(tmp_path, sheets, name):
    path = opendocument(tmp_path / name, *sheets)
    assert path.stat().st_size < 2_000
    with pytest.raises(BadInput) as refused:
        sheets_of(path)
    assert refused.value.code == "REG007"


def test_a_binary_workbook_is_read_and_a_far_cell_in_it_refused(tmp_path):
    assert read(binary(tmp_path / "x.xlsb", SMALL)) == (list(NAMES), [list(CHILD)])
    far = binary(tmp_path / "far.xlsb", SMALL | {1_048_575: {16_383: "x"}})
    with pytest.raises(BadInput, match="row 10,48,576 and column 16,384"):
        sheets_of(far)


def test_a_cut_binary_sheet_is_no_whole_workbook(tmp_path):
    path = tmp_path / "cut.xlsb"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.bin", record(129) + record(0, bytes(2)))
    with pytest.raises(BadInput) as refused:
        sheets_of(path)
    assert refused.value.code == "REG003"
