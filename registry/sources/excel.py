"""The one reader of workbooks (XLSX, XLS): typed and text cells, titles above the header, two
header rows with merged cells."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pyarrow as pa

from registry.contract.arrays import Ints
from registry.contract.errors import BadInput
from registry.contract.tables import SPECS
from registry.sources.excel_parts import broken, mark_errors, refuse_too_large
from registry.sources.header_rows import Row, header_of, is_filled, label, text_of
from registry.sources.raw_sheet import HEADER_WITHIN, RawSheet, different_names, row_with


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
        if any(is_filled(cell) for row in rows for cell in row)
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
    names, above = _header_named(rows, header) if header else header_of(rows)
    different, twice = different_names(names)
    body = [
        (number, row)
        for number, row in enumerate(rows[above:], 1)
        if any(is_filled(cell) for cell in row)
    ]
    columns = {
        name: pa.array(
            [text_of(row[place]) if place < len(row) else None for _, row in body], pa.string()
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
    labels = [[label(cell) for cell in row] for row in rows[:HEADER_WITHIN]]
    at = row_with(header, labels)
    return ([""] * max(map(len, rows)), 0) if at is None else (labels[at], at + 1)
