"""XLSX workbooks: typed and text cells, titles above the header, two header rows with merged cells."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa

from registry.errors import BadInput

LARGEST = 1 << 30
"""Bytes that a workbook may unpack to; a zip bomb says more."""
HEADER_WITHIN = 15
"""Rows from the top in which the header is looked for."""


def read_workbook(path: Path) -> list[tuple[str, pa.Table, np.ndarray]]:
    """Every sheet with cells as (name, table of texts, row numbers below its header).

    A workbook's only sheet also answers to the file's name. Raises BadInput where it is none, or too large inside.
    """
    _check_size(path)
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = [(name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)) for name in book.sheet_names]
    except (CalamineError, OSError, ValueError) as error:
        raise BadInput("REG003", f"{path.name} is no whole workbook; save it again as .xlsx or .csv") from error
    filled = [(name, rows) for name, rows in sheets if any(_is_filled(cell) for row in rows for cell in row)]
    if not filled:
        raise BadInput("REG004", f"{path.name} is empty: export it again")
    named = [(path.stem if len(filled) == 1 else name, rows) for name, rows in filled]
    return [(name.strip().lower(), *_table(path, rows)) for name, rows in named]


def _check_size(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > LARGEST:
        raise BadInput("REG007", f"{path.name} unpacks to {unpacked >> 20} MB, more than {LARGEST >> 20}: "
                                 "export it as CSV")


def _table(path: Path, rows: list[list]) -> tuple[pa.Table, np.ndarray]:
    at = _header_row(rows)
    names = _names(rows, at)
    if len(set(names)) < len(names):
        raise BadInput("REG002", f"{path.name} names a column twice: rename one of them")
    body = [(number, row) for number, row in enumerate(rows[at + 1 :], 1) if any(_is_filled(cell) for cell in row)]
    columns = {
        name: pa.array([_text(row[place]) if place < len(row) else None for _, row in body], pa.string())
        for place, name in enumerate(names)
    }
    kept = {name: column for name, column in columns.items() if not name.startswith("unnamed_") or column.null_count
            < len(column)}
    return pa.table(kept), np.array([number for number, _ in body], np.int64)


def _header_row(rows: list[list]) -> int:
    """The row near the top with the most different texts: titles above it are one merged cell, values are below."""
    counts = [len({cell for cell in row if isinstance(cell, str) and cell.strip()}) for row in rows[:HEADER_WITHIN]]
    return int(np.argmax(counts)) if counts else 0


def _names(rows: list[list], at: int) -> list[str]:
    """Column names; under a merged upper row (`Mar-26` over Weight, Height) joined with it: `Mar-26 Weight`."""
    names = [_text(cell) or "" for cell in rows[at]]
    if at and len({name for name in names if name}) < len([name for name in names if name]):
        above, last = [], ""
        for place in range(len(names)):
            last = (_text(rows[at - 1][place]) if place < len(rows[at - 1]) else None) or last
            above.append(last)
        twice = {name for name in names if names.count(name) > 1}
        names = [f"{upper} {name}".strip() if name in twice else name for upper, name in zip(above, names, strict=True)]
    return [name.strip() or f"unnamed_{place}" for place, name in enumerate(names)]


def _is_filled(cell: object) -> bool:
    return cell is not None and cell != ""


def _text(cell: object) -> str | None:
    if not _is_filled(cell):
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)
