"""Workbooks (XLSX, XLS): typed and text cells, titles above the header, two header rows with merged
cells, errors."""

from __future__ import annotations

import datetime as dt
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from registry.checks.months import MONTH
from registry.contract.errors import BadInput
from registry.contract.tables import SPECS
from registry.sources.excel_errors import mark_errors
from registry.sources.headings import named

LARGEST = 1 << 30
"""Bytes that a workbook may unpack to; a zip bomb says more."""
HEADER_WITHIN, ALMOST = 15, 0.75
"""Rows from the top in which the header is looked for; a row of values may have a few more words
than the header."""
EXACT = 2**53
"""Whole numbers up to this are what they seem; a longer code has lost its last digits to the
spreadsheet."""


@dataclass(frozen=True)
class Page:
    """One sheet: the name it answers to and its own, a table of texts, row numbers below its
    header, names that stand twice, hidden or not."""

    name: str
    title: str
    data: pa.Table
    numbers: np.ndarray
    twice: frozenset[str]
    hidden: bool


def read_workbook(path: Path) -> list[Page]:
    """Every sheet with cells. A workbook's only sheet answers to the file's name, unless its own is
    the contract's.

    Raises BadInput where it is no workbook, or too large inside.
    """
    _check_size(path)
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_path(str(path))
        hidden = {
            one.name for one in book.sheets_metadata if one.visible != SheetVisibleEnum.Visible
        }
        sheets = [
            (name, book.get_sheet_by_name(name).to_python(skip_empty_area=False))
            for name in book.sheet_names
        ]
    except (CalamineError, OSError, ValueError) as error:
        raise _broken(path) from error
    mark_errors(path, dict(sheets))
    filled = [
        (name, rows)
        for name, rows in sheets
        if any(_is_filled(cell) for row in rows for cell in row)
    ]
    if not filled:
        raise BadInput("REG004", f"{path.name} is empty: export it again")
    shown = [name for name, _ in filled if name not in hidden]
    only = shown[0] if len(shown) == 1 else filled[0][0] if len(filled) == 1 else None
    titles = {name: name.strip().lower() for name, _ in filled}
    names = titles | (
        {only: path.stem.strip().lower()} if only and titles[only] not in SPECS else {}
    )
    return [Page(names[name], titles[name], *_table(rows), name in hidden) for name, rows in filled]


def _broken(path: Path) -> BadInput:
    return BadInput("REG003", f"{path.name} is no whole workbook; save it again as .xlsx or .csv")


def _check_size(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, UnicodeError, RuntimeError) as error:
        raise _broken(path) from error
    if unpacked > LARGEST:
        raise BadInput(
            "REG007",
            f"{path.name} unpacks to {unpacked >> 20} MB, more than {LARGEST >> 20}: "
            "export it as CSV",
        )


def _table(rows: list[list]) -> tuple[pa.Table, np.ndarray, frozenset[str]]:
    """The rows below the header that hold a cell, as texts."""
    names, below = _header(rows)
    different, twice = named(names)
    body = [
        (number, row)
        for number, row in enumerate(rows[below:], 1)
        if any(_is_filled(cell) for cell in row)
    ]
    columns = {
        name: pa.array(
            [_text(row[place]) if place < len(row) else None for _, row in body], pa.string()
        )
        for place, name in enumerate(different)
    }
    kept = {
        name: column
        for name, column in columns.items()
        if not name.startswith("unnamed_") or column.null_count < len(column)
    }
    return pa.table(kept), np.array([number for number, _ in body], np.int64), twice


def _header(rows: list[list]) -> tuple[list[str], int]:
    """Column names, and where the rows below them start.

    The header is the first row near the top with about as many different words as any: titles above
    it are one merged cell, values are below. Two rows of names (`Mar-26` merged over Weight and
    Height) become one: `Mar-26 Weight`, `Mar-26 Height`.
    """
    counts = np.array(
        [len({cell for cell in row if _is_word(cell)}) for row in rows[:HEADER_WITHIN]]
    )
    at = int(np.argmax(counts >= ALMOST * counts.max()))
    if at + 1 < len(rows) and _goes_on(rows[at], rows[at + 1]):
        return _joined(rows[at], rows[at + 1], always=True), at + 2
    if at:
        return _joined(rows[at - 1], rows[at], always=False), at + 1
    return [_label(cell) for cell in rows[at]], at + 1


def _goes_on(upper: list, lower: list) -> bool:
    """Is the lower row a second row of names? It then stands below merged cells, and nowhere
    else."""
    spans = _spans(upper, len(lower))
    under = [cell for cell, wide in zip(lower, spans, strict=True) if wide and _is_filled(cell)]
    beside = [
        cell for cell, wide in zip(lower, spans, strict=True) if not wide and _is_filled(cell)
    ]
    return bool(under) and not beside and all(map(_is_word, under))


def _spans(upper: list, width: int) -> list[bool]:
    """For each column: does a cell of this row reach over it and another one?"""
    cells = [*upper, *[None] * (width - len(upper))][:width]
    start = np.cumsum([_is_filled(cell) for cell in cells])
    return [bool(group) and int((start == group).sum()) > 1 for group in start]


def _joined(upper: list, lower: list, *, always: bool) -> list[str]:
    """The lower row's names, with what stands above: always, or where a name alone would be there
    twice or a month."""
    names, last, joined = [_label(cell) for cell in lower], "", []
    spans = _spans(upper, len(lower)) if always else [True] * len(lower)
    for place, name in enumerate(names):
        above = _label(upper[place]) if place < len(upper) else ""
        last = above or last
        wanted = always or names.count(name) > 1 or MONTH.fullmatch(last)
        joined.append(
            f"{last} {name}".strip() if name and wanted and spans[place] else name or above * always
        )
    return joined


def _label(cell: object) -> str:
    """A header's text; a date there stands for its month."""
    if isinstance(cell, dt.date):
        return f"{cell:%Y-%m}"
    return " ".join((_text(cell) or "").split())


def _is_word(cell: object) -> bool:
    return isinstance(cell, str) and any(sign.isalpha() for sign in cell)


def _is_filled(cell: object) -> bool:
    return cell is not None and cell != ""


def _text(cell: object) -> str | None:
    if not _is_filled(cell):
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) <= EXACT else repr(cell)
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)
