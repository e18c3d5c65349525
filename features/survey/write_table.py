"""The table that `sanket zscores` writes: CSV, TSV, XLSX or Parquet. Cells that were read stay as
they were written."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from registry.contract.errors import UsageError
from registry.indian_digits import grouped
from registry.sources.formula_guard import harmless_table

EXCEL_ROWS = 1_048_575


def writer(path: Path) -> Callable[[pa.Table, Path], None]:
    """How to write a file of this name; other endings than .csv, .tsv, .parquet, .xlsx are
    refused."""
    writers = {
        ".csv": _write_csv,
        ".tsv": _write_tsv,
        ".parquet": _write_parquet,
        ".xlsx": _write_sheet,
    }
    if path.suffix.lower() not in writers:
        raise UsageError(
            "GRO120", f"cannot write {path.name}: its ending must be one of {', '.join(writers)}"
        )
    if not path.absolute().parent.is_dir():
        raise UsageError("GRO121", f"cannot write {path.name}: its folder is not there")
    return writers[path.suffix.lower()]


def write(table: pa.Table, path: Path) -> None:
    """Write the table whole or not at all."""
    put = writer(path)
    handle, name = tempfile.mkstemp(
        dir=path.absolute().parent, prefix=".sanket-", suffix=path.suffix
    )
    os.close(handle)
    try:
        put(table, Path(name))
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _write_csv(table: pa.Table, path: Path, delimiter: str = ",") -> None:
    """UTF-8, line feeds, and quotes only around cells that need them: a cell stays as it was
    written, but for what a spreadsheet would run as a formula."""
    table = harmless_table(table)
    special = f'\r\n"{delimiter}'
    quoting = [_holds(column, special) for column in table.columns]
    header = pa.table(
        [[name] for name in table.column_names], names=[str(at) for at in range(table.num_columns)]
    )
    with path.open("wb") as file:
        _write_lines(header, [True] * len(quoting), special, file)
        for at in range(0, table.num_rows, 65536):
            _write_lines(table.slice(at, 65536), quoting, special, file)


def _write_lines(table: pa.Table, quoting: list[bool], special: str, file: BinaryIO) -> None:
    """Append the rows as lines: all cells of a row joined, and the text of all rows written at
    once."""
    texts = [pc.fill_null(_spelled(column.combine_chunks()), "") for column in table.columns]
    cells = [
        _quoted(text, special) if may else text for text, may in zip(texts, quoting, strict=True)
    ]
    lines = _joined(_joined(*cells, by=special[-1]), _as_text(""), by="\n")
    file.write(lines.buffers()[2])


def _spelled(column: pa.Array) -> pa.Array:
    """Any column as text; lists and the like, which Arrow has no text for, as Python writes
    them."""
    try:
        return column.cast(pa.large_string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return pa.array(
            [None if cell is None else str(cell) for cell in column.to_pylist()], pa.large_string()
        )


def _holds(column: pa.ChunkedArray, special: str) -> bool:
    """May some cell of the column hold one of these characters? Numbers never do."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type))
    letters = [bytes(chunk.buffers()[2] or b"") for chunk in column.chunks]
    return any(character.encode() in text for text in letters for character in special)


def _quoted(text: pa.Array, special: str) -> pa.Array:
    """Quotes around the cells that hold a special character, and quotes in them doubled."""
    where = pc.match_substring_regex(text, f"[{re.escape(special)}]")
    doubled = pc.replace_substring(text, pattern='"', replacement='""')
    return pc.if_else(where, _joined(_as_text('"'), doubled, _as_text('"'), by=""), text)


def _as_text(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def _joined(*columns: pa.Array | pa.Scalar, by: str) -> pa.Array:
    return pc.binary_join_element_wise(*columns, _as_text(by))


def _write_tsv(table: pa.Table, path: Path) -> None:
    _write_csv(table, path, "\t")


def _write_parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path)


def _write_sheet(table: pa.Table, path: Path) -> None:
    import openpyxl

    if table.num_rows > EXCEL_ROWS:
        raise UsageError(
            "GRO122", f"a sheet holds {grouped(EXCEL_ROWS)} rows: write .csv or .parquet"
        )
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("zscores")
    sheet.append(table.column_names)
    columns = [_cells(column) for column in table.columns]
    for row in zip(*columns, strict=True):
        sheet.append(row)
    book.save(path)


def _cells(column: pa.ChunkedArray) -> list[Any]:
    """A column as cells of a sheet, which knows numbers, texts, truths and times without a zone."""
    kind = column.type
    if (
        pa.types.is_nested(kind)
        or pa.types.is_binary(kind)
        or (pa.types.is_timestamp(kind) and kind.tz)
    ):
        column = _spelled(column.combine_chunks())
    cells: list[Any] = column.to_pylist()
    return cells


def as_numbers(column: pa.ChunkedArray, *, codes: bool = False) -> pa.ChunkedArray:
    """A text column as float64 where every cell is a plain number or empty; else as it is.

    codes: the column may hold codes: a zero in front or more than 15 digits keep it text.
    """
    if not pa.types.is_string(column.type):
        return column
    if codes and pc.any(pc.match_substring_regex(column, r"^[+-]?0\d|\d{16}|[eE]")).as_py():
        return column
    try:
        return pc.if_else(pc.equal(column, ""), None, column).cast(pa.float64())
    except pa.ArrowInvalid:
        return column
