"""Cells of an XLSX workbook that hold an error, or a formula whose value was not stored: named,
where readers see nothing. A blank is no measurement; `#REF!` is a measurement that was lost."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.etree.ElementTree import ParseError, XMLPullParser

from registry.contract.tables import NO_VALUE

_CELL = re.compile(r"([A-Z]+)(\d+)")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
PIECE = 1 << 20


def mark_errors(path: Path, sheets: dict[str, list[list]]) -> None:
    """Write the errors' own texts into the cells (lists of rows from A1) in which the reader found
    nothing."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for name, part in _parts(archive).items():
                if name in sheets and _may_hold_errors(archive, part):
                    for row, column, text in _errors(archive, part):
                        if (
                            row < len(sheets[name])
                            and column < len(sheets[name][row])
                            and sheets[name][row][column] in (None, "")
                        ):
                            sheets[name][row][column] = text
    except (KeyError, ParseError, zipfile.BadZipFile):
        # The workbook was read; its errors are told where its parts are where a workbook's should
        # be.
        return


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The part of each sheet by the sheet's name."""
    from xml.etree.ElementTree import fromstring

    targets = {
        one.get("Id"): one.get("Target")
        for one in fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    }
    book = fromstring(archive.read("xl/workbook.xml"))
    found = {
        one.get("name"): targets.get(one.get(_RELATION))
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


def _errors(archive: zipfile.ZipFile, part: str):
    """(row, column, text) of the cells with an error or a formula without a value, counted from
    0."""
    parser = XMLPullParser(["end"])
    with archive.open(part) as file:
        while piece := file.read(PIECE):
            parser.feed(piece)
            for _, cell in parser.read_events():
                if (
                    cell.tag.endswith("}c")
                    and (text := _error_of(cell))
                    and (at := _CELL.fullmatch(cell.get("r", "")))
                ):
                    yield int(at[2]) - 1, _column(at[1]), text
                if cell.tag.endswith(("}c", "}row")):
                    cell.clear()


def _error_of(cell) -> str:
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
