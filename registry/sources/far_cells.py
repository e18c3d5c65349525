"""How far out the filled cells of an OpenDocument sheet (.ods) or a binary workbook (.xlsb) lie,
told before a reader makes room for all cells in between.

Formats: OASIS, OpenDocument 1.3 part 3, section 9.1 (table:number-rows-repeated and
table:number-columns-repeated); Microsoft, [MS-XLSB] 2.1.4 (records) and 2.2.1 (BrtRowHdr, cells).
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element, XMLPullParser

ODS_CONTENT = "content.xml"
XLSB_SHEET = b"\x81\x01"
"""The record that a binary sheet begins with (BrtBeginSheet)."""
PIECE = 1 << 20
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
_ROW_HEADER, _FILLED = 0, range(2, 12)


class Extent(NamedTuple):
    """The last row and column that hold a filled cell, counted from 1."""

    rows: int = 0
    columns: int = 0


def ods_extents(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[Extent]:
    """The extent of each sheet of an OpenDocument file; repeated cells and rows count as often as
    they are repeated, empty ones after the last filled one not at all. Raises ParseError."""
    sheet = Extent()
    row = width = place = 0
    for event, element in _elements(archive, part):
        if event == "start":
            if element.tag == f"{_TABLE}table":
                row, sheet = 0, Extent()
            elif element.tag == f"{_TABLE}table-row":
                width = place = 0
            continue
        if element.tag in _CELLS:
            place += _repeated(element, "columns")
            if len(element) or any(name.endswith("}value-type") for name in element.attrib):
                width = place
            element.clear()
        elif element.tag == f"{_TABLE}table-row":
            row += _repeated(element, "rows")
            if width:
                sheet = Extent(row, max(sheet.columns, width))
            element.clear()
        elif element.tag == f"{_TABLE}table":
            yield sheet


def _elements(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[tuple[str, Element]]:
    parser: XMLPullParser[Element] = XMLPullParser(["start", "end"])
    with archive.open(part) as file:
        while piece := file.read(PIECE):
            parser.feed(piece)
            for event in parser.read_events():
                if isinstance(event[-1], Element):
                    yield str(event[0]), event[-1]


def _repeated(element: Element, what: str) -> int:
    times = element.get(f"{_TABLE}number-{what}-repeated", "1")
    return int(times) if times.isascii() and times.isdecimal() and len(times) < 12 else 1


def xlsb_extent(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Extent:
    """The extent of a part that is a binary workbook's sheet; nothing of other parts. Raises
    struct.error where it is cut short."""
    with archive.open(part) as file:
        if file.read(2) != XLSB_SHEET:
            return Extent()
    content = archive.read(part)
    at, last_row, rows, columns = 0, 0, 0, 0
    while at < len(content):
        kind, at = _variable(content, at, most=2)
        length, at = _variable(content, at, most=4)
        if kind == _ROW_HEADER:
            (last_row,) = struct.unpack_from("<I", content, at)
        elif kind in _FILLED:
            (column,) = struct.unpack_from("<I", content, at)
            rows, columns = max(rows, last_row + 1), max(columns, column + 1)
        at += length
    return Extent(rows, columns)


def _variable(content: bytes, at: int, *, most: int) -> tuple[int, int]:
    """A number of seven bits a byte, the low ones first, and where the next begins."""
    value = 0
    for turn in range(most):
        if at >= len(content):
            raise struct.error("a record is cut short")
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << 7 * turn
        if byte < 0x80:
            break
    return value, at
