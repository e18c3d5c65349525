"""The one reader of workbooks (XLSX, XLS): typed and text cells, titles above the header, two
header rows with merged cells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from registry.checks.months import MONTH
from registry.contract.arrays import Ints
from registry.contract.errors import BadInput
from registry.contract.tables import SPECS
from registry.sources.excel_parts import broken, mark_errors, refuse_too_large
from registry.sources.raw_sheet import HEADER_WITHIN, RawSheet, different_names, row_with

Row = list[Any]
"""The cells of one row, as the workbook's reader gives them: texts, numbers, days, None or ""."""

ALMOST = 0.75
"""A row of values may have a few more words than the header."""
EXACT = 2**53
"""Whole numbers up to this are what they seem; a longer code has lost its last digits to the
spreadsheet."""


def read_workbook(path: Path, *, header: Collection[str] = ()) -> list[RawSheet]:
    """Every sheet with cells. A workbook's only sheet answers to the file's name, unless its own is
    the contract's.

    header: names by which a sheet's header is known; a sheet without them is read as having none,
    its columns `unnamed_0`, `unnamed_1`, … Without `header` it is told from its looks. Raises
    BadInput: REG003 (no workbook), REG004 (empty), REG007 (too large inside).
    """
    refuse_too_large(path)
    sheets, hidden = _sheets(path)
    filled = [
        (name, rows)
        for name, rows in sheets.items()
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
    found = []
    for name, rows in filled:
        data, numbers, twice, above = _table(rows, header)
        found.append(
            RawSheet(
                names[name],
                data,
                numbers,
                file=path.name,
                twice=twice,
                hidden=name in hidden,
                title=titles[name],
                above=above,
            )
        )
    return found


def _sheets(path: Path) -> tuple[dict[str, list[Row]], set[str]]:
    """The rows of every sheet by the sheet's name, errors named in them, and which are hidden."""
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_path(str(path))
        hidden = {
            one.name for one in book.sheets_metadata if one.visible != SheetVisibleEnum.Visible
        }
        sheets = {
            name: book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for name in book.sheet_names
        }
    except (CalamineError, OSError, ValueError) as error:
        raise broken(path) from error
    mark_errors(path, sheets)
    return sheets, hidden


def _table(rows: list[Row], header: Collection[str]) -> tuple[pa.Table, Ints, frozenset[str], int]:
    """The rows below the header that hold a cell, as texts; their numbers, the names that stand
    twice, and how many rows are above."""
    names, above = _header_named(rows, header) if header else _header(rows)
    different, twice = different_names(names)
    body = [
        (number, row)
        for number, row in enumerate(rows[above:], 1)
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
    return pa.table(kept), np.array([number for number, _ in body], np.int64), twice, above


def _header_named(rows: list[Row], header: Collection[str]) -> tuple[list[str], int]:
    """The row that holds these names, and where the rows below it start; where none does, no names
    and all rows."""
    labels = [[_label(cell) for cell in row] for row in rows[:HEADER_WITHIN]]
    at = row_with(header, labels)
    return ([""] * max(map(len, rows)), 0) if at is None else (labels[at], at + 1)


def _header(rows: list[Row]) -> tuple[list[str], int]:
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


def _goes_on(upper: Row, lower: Row) -> bool:
    """Is the lower row a second row of names? It then stands below merged cells, and nowhere
    else."""
    spans = _spans(upper, len(lower))
    under = [cell for cell, wide in zip(lower, spans, strict=True) if wide and _is_filled(cell)]
    beside = [
        cell for cell, wide in zip(lower, spans, strict=True) if not wide and _is_filled(cell)
    ]
    return bool(under) and not beside and all(map(_is_word, under))


def _spans(upper: Row, width: int) -> list[bool]:
    """For each column: does a cell of this row reach over it and another one?"""
    cells = [*upper, *[None] * (width - len(upper))][:width]
    start = np.cumsum([_is_filled(cell) for cell in cells])
    return [bool(group) and int((start == group).sum()) > 1 for group in start]


def _joined(upper: Row, lower: Row, *, always: bool) -> list[str]:
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
