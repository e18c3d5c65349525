"""What the parts of an XLSX file say that its reader does not: how large the sheets would be in
memory, and which cells hold an error.

A blank is no measurement; `#REF!`, or a formula whose value was not stored, is a measurement that
was lost, and is named.
"""

from __future__ import annotations

import re
import string
import struct
import zipfile
import zlib
from collections.abc import Container, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from registry.contract.errors import BadInput
from registry.contract.tables import NO_VALUE
from registry.indian_digits import grouped
from registry.sources.excel_97 import error_cells
from registry.sources.far_cells import ODS_CONTENT, ods_extents, xlsb_extent

LARGEST = 1 << 30
"""Bytes that a workbook may unpack to; a zip bomb says more."""
LARGEST_AREA = 50_000_000
"""Cells of all sheets from A1 to the last filled row and column, each of which the reader holds in
memory, filled or not (32 bytes and more): one cell at XFD1048576 makes it 17,179,869,184, and ends
the program."""
_PLACE = re.compile(r"([A-Z]+)(\d+)")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
PIECE = 1 << 22
"""Bytes of a part that are looked at together."""
_FILLED_CELL = re.compile(
    rb"<(?:[\w.-]+:)?c(?=[\s>])"
    rb"(?:[^<>]*?\sr\s*=\s*[\"']([A-Za-z]{1,4}\d{1,10})[\"'])?[^<>]*(?<!/)>"
)
"""The tag of a cell that is not empty, with its place (`B12`) where it says it."""
_DIGITS, _LETTERS = string.digits.encode(), string.ascii_letters.encode()
_ROW = re.compile(rb"<(?:[\w.-]+:)?row(?=[\s/>])(?:[^<>]*?\sr\s*=\s*[\"'](\d{1,10})[\"'])?")


def refuse_too_large(path: Path) -> None:
    """REG007 for an XLSX file that would not fit into memory, told before it is opened; REG003 for
    a broken one."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            unpacked = sum(part.file_size for part in parts)
            if unpacked > LARGEST:
                raise BadInput(
                    "REG007",
                    f"{path.name} unpacks to {unpacked >> 20} MB, more than {LARGEST >> 20}: "
                    "export it as CSV",
                )
            area = 0
            for rows, columns in (one for part in parts for one in _extents(archive, part)):
                area += rows * columns
                if area > LARGEST_AREA:
                    raise BadInput(
                        "REG007",
                        f"{path.name} has cells as far out as row {grouped(rows)} and column "
                        f"{grouped(columns)}: remove what stands far outside of the table, or "
                        "export it as CSV",
                    )
    except (
        zipfile.BadZipFile,
        zlib.error,
        UnicodeError,
        RuntimeError,
        EOFError,
        ParseError,
        struct.error,
    ) as error:
        raise broken(path) from error


def broken(path: Path) -> BadInput:
    """The refusal of a file that cannot be opened as a workbook."""
    return BadInput("REG003", f"{path.name} is no whole workbook; save it again as .xlsx or .csv")


def _extents(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[tuple[int, int]]:
    """The extent of each sheet that a part holds."""
    if part.filename == ODS_CONTENT:
        yield from ods_extents(archive, part)
    elif part.filename.endswith(".bin"):
        yield xlsb_extent(archive, part)
    else:
        yield _extent(archive, part)


def _extent(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> tuple[int, int]:
    """The last row and column of a sheet's part that hold a filled cell; (0, 0) of other parts.

    Where a program leaves out the place of a cell, it follows the one before it: the column is then
    at most the last one named and all such cells of one row.
    """
    last_row = last_column = rows = in_row = longest = 0
    for piece in _whole_tags(archive, part):
        found = _FILLED_CELL.findall(piece)
        rows += piece.count(b"<row") + piece.count(b":row")
        # All places as one text: half the time of taking each apart.
        places = b" ".join(found)
        last_row = max([last_row, *map(int, set(places.translate(None, _LETTERS).split()))])
        letters = set(places.translate(None, _DIGITS).decode().upper().split())
        last_column = max([last_column, *(_column(one) + 1 for one in letters)])
        if b"" in found:
            starts = [0, *(row.start() for row in _ROW.finditer(piece)), len(piece)]
            cells = [len(_FILLED_CELL.findall(piece[start:end])) for start, end in pairwise(starts)]
            cells[0] += in_row
            in_row, longest = cells[-1], max(longest, *cells, 0)
            last_row = max([last_row, rows, *(int(row[1] or 0) for row in _ROW.finditer(piece))])
    return last_row, last_column + longest


def _whole_tags(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """A part's bytes in pieces that end where a tag begins."""
    rest = b""
    with archive.open(part) as file:
        while piece := file.read(PIECE):
            rest += piece
            at = rest.rfind(b"<")
            # No tag of a sheet is as long as a piece; a longer one is no tag of ours.
            at = len(rest) if len(rest) - max(at, 0) > PIECE else max(at, 0)
            yield rest[:at]
            rest = rest[at:]
    yield rest


def mark_errors(path: Path, sheets: dict[str, list[list[Any]]]) -> None:
    """Write the errors' own texts into the cells (lists of rows from A1) in which the reader found
    nothing."""
    try:
        for name, row, column, text in _named_errors(path, sheets):
            rows = sheets[name]
            if row < len(rows) and column < len(rows[row]) and rows[row][column] in (None, ""):
                rows[row][column] = text
    except (KeyError, IndexError, struct.error, ParseError, zipfile.BadZipFile):
        # The workbook was read; its errors are told where its parts are where a workbook's should
        # be.
        return


def _named_errors(path: Path, sheets: Container[str]) -> Iterator[tuple[str, int, int, str]]:
    """(sheet, row, column, text) of each error of these sheets, in a new workbook or an old one."""
    if not zipfile.is_zipfile(path):
        for name, places in error_cells(path.read_bytes()).items():
            if name in sheets:
                yield from ((name, *place) for place in places)
        return
    with zipfile.ZipFile(path) as archive:
        for name, part in _parts(archive).items():
            if name in sheets and _may_hold_errors(archive, part):
                yield from ((name, *place) for place in _errors(archive, part))


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The part of each sheet by the sheet's name."""
    from xml.etree.ElementTree import fromstring

    targets = {
        one.get("Id"): one.get("Target")
        for one in fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    }
    book = fromstring(archive.read("xl/workbook.xml"))
    found = {
        one.get("name", ""): targets.get(one.get(_RELATION))
        for one in book.iter()
        if one.tag.endswith("}sheet")
    }
    return {
        name: part.lstrip("/") if part.startswith("/") else f"xl/{part}"
        for name, part in found.items()
        if part
    }


def _may_hold_errors(archive: zipfile.ZipFile, part: str) -> bool:
    with archive.open(part) as file:
        last = b""
        while piece := file.read(PIECE):
            if b't="e"' in last + piece or b"<f" in last + piece or b":f>" in last + piece:
                return True
            last = piece[-8:]
    return False


def _errors(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[int, int, str]]:
    """(row, column, text) of the cells with an error or a formula without a value, counted from
    0."""
    parser: XMLPullParser[Element] = XMLPullParser(["end"])
    with archive.open(part) as file:
        while piece := file.read(PIECE):
            parser.feed(piece)
            for event in parser.read_events():
                cell = event[-1]
                if not isinstance(cell, Element):
                    continue
                if (
                    cell.tag.endswith("}c")
                    and (text := _error_of(cell))
                    and (at := _PLACE.fullmatch(cell.get("r", "")))
                ):
                    yield int(at[2]) - 1, _column(at[1]), text
                if cell.tag.endswith(("}c", "}row")):
                    cell.clear()


def _error_of(cell: Element) -> str:
    value = next((part.text for part in cell if part.tag.endswith("}v")), None)
    if cell.get("t") == "e":
        return value or NO_VALUE
    # A formula that answers with an empty text has t="str": its value is that text.
    formula = any(part.tag.endswith("}f") for part in cell)
    return NO_VALUE if formula and not value and cell.get("t") != "str" else ""


def _column(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1
