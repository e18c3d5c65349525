"""Tables from and to files: CSV of any delimiter and encoding, XLSX, Parquet. Every cell of a CSV stays as written."""

from __future__ import annotations

import codecs
import csv
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from registry.errors import BadInput, UsageError
from registry.grouping import grouped

DELIMITERS = ",;\t|"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
EXCEL_ROWS = 1_048_575


@dataclass(frozen=True)
class Source:
    """A table as it was read, and whether its numbers may be written with a decimal comma."""

    table: pa.Table
    decimal_comma: bool = False


def read(path: Path) -> Source:
    """The table of a file, by what the file holds, not by its name."""
    if not path.is_file():
        raise BadInput("GRO110", f"{path.name}: no such file")
    with path.open("rb") as file:
        start = file.read(65536)
    if not start.strip(b"\x00\r\n\t ,;"):
        raise BadInput("GRO111", f"{path.name} is empty: nothing to answer")
    if start.startswith(b"PAR1"):
        return Source(_read_parquet(path))
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return Source(_read_sheet(path))
    return _read_text(path, start)


def _read_parquet(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (pa.ArrowException, OSError):
        raise BadInput("GRO112", f"{path.name} is a damaged or cut-off Parquet file: get it again") from None


def _read_sheet(path: Path) -> pa.Table:
    """The first sheet of a workbook; its first row is the header."""
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        rows = book.get_sheet_by_index(0).to_python(skip_empty_area=True)
    except Exception:
        message = f"{path.name} is a damaged, locked or foreign workbook: save it as XLSX again"
        raise BadInput("GRO113", message) from None
    if not rows:
        raise BadInput("GRO111", f"{path.name}: its first sheet is empty")
    header = [str(cell) for cell in rows[0]]
    return pa.Table.from_arrays([_typed(list(cells)) for cells in zip(*rows[1:], strict=True)] if len(rows) > 1 else
                                [pa.array([], pa.string()) for _ in header], names=header)


def _typed(cells: list) -> pa.Array:
    """One column of a sheet: of its one type, or else as text, whole numbers without `.0`."""
    cells = [None if cell == "" else cell for cell in cells]
    try:
        return pa.array(cells)
    except (pa.ArrowException, TypeError):
        return pa.array([None if cell is None else _text(cell) for cell in cells])


def _text(cell: object) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _read_text(path: Path, start: bytes) -> Source:
    encoding = _encoding(path, start)
    try:
        header = start.decode(encoding, errors="ignore").splitlines()[0]
    except IndexError:
        raise BadInput("GRO111", f"{path.name} is empty: nothing to answer") from None
    delimiter = max(DELIMITERS, key=header.count)
    try:
        table = _parse(path, encoding, delimiter)
    except pa.ArrowInvalid:
        table = _parse_uneven(path, encoding, delimiter)
    except UnicodeError:
        raise BadInput("GRO114", f"{path.name} is no table: CSV, XLSX or Parquet is needed") from None
    return Source(table, decimal_comma=delimiter != ",")


def _encoding(path: Path, start: bytes) -> str:
    """The encoding by its mark, else UTF-8 where the whole file is that, else Windows' western one."""
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    if b"\x00" in start:
        raise BadInput("GRO114", f"{path.name} is no table: CSV, XLSX or Parquet is needed")
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 24):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _parse(path: Path, encoding: str, delimiter: str) -> pa.Table:
    """All columns as text. Raises ArrowInvalid where rows differ in length."""
    plain = pacsv.ReadOptions(encoding="utf8" if encoding.startswith("utf-8") else encoding, block_size=1 << 24)
    parse = pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    with pacsv.open_csv(path, read_options=plain, parse_options=parse) as first:
        names = first.schema.names
    text = pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    return pacsv.read_csv(path, read_options=plain, parse_options=parse, convert_options=text)


def _parse_uneven(path: Path, encoding: str, delimiter: str) -> pa.Table:
    """Rows of differing length: short ones are filled with empty cells, longer ones refused by their number."""
    try:
        with path.open(encoding=encoding, newline="") as file:
            rows = [row for row in csv.reader(file, delimiter=delimiter) if row]
    except (csv.Error, UnicodeError):
        raise BadInput("GRO114", f"{path.name} is no table: CSV, XLSX or Parquet is needed") from None
    width = len(rows[0])
    long = [at for at, row in enumerate(rows, 1) if len(row) > width and any(row[width:])]
    if long:
        some = ", ".join(str(at) for at in long[:5])
        raise BadInput("GRO115", f"{path.name}: {len(long)} rows have more cells than the header, first rows {some}")
    columns = zip(*((row + [""] * (width - len(row)))[:width] for row in rows[1:]), strict=True)
    filled = [pa.array(column, pa.string()) for column in columns] or [pa.array([], pa.string())] * width
    return pa.Table.from_arrays(filled, names=rows[0])


def writer(path: Path) -> Callable[[pa.Table, Path], None]:
    """How to write a file of this name; other endings than .csv, .tsv, .parquet, .xlsx are refused."""
    writers = {".csv": _write_csv, ".tsv": _write_tsv, ".parquet": _write_parquet, ".xlsx": _write_sheet}
    if path.suffix.lower() not in writers:
        raise UsageError("GRO120", f"cannot write {path.name}: its ending must be one of {', '.join(writers)}")
    if not path.absolute().parent.is_dir():
        raise UsageError("GRO121", f"cannot write {path.name}: its folder is not there")
    return writers[path.suffix.lower()]


def write(table: pa.Table, path: Path) -> None:
    """Write the table whole or not at all."""
    put = writer(path)
    handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=".sanket-", suffix=path.suffix)
    os.close(handle)
    try:
        put(table, Path(name))
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _write_csv(table: pa.Table, path: Path, delimiter: str = ",") -> None:
    """UTF-8, line feeds, and quotes only around cells that need them, so that a cell stays as it was written."""
    special = f'\r\n"{delimiter}'
    quoting = [_holds(column, special) for column in table.columns]
    header = pa.table([[name] for name in table.column_names], names=[str(at) for at in range(table.num_columns)])
    with path.open("wb") as file:
        _write_lines(header, [True] * len(quoting), special, file)
        for at in range(0, table.num_rows, 65536):
            _write_lines(table.slice(at, 65536), quoting, special, file)


def _write_lines(table: pa.Table, quoting: list[bool], special: str, file: BinaryIO) -> None:
    """Append the rows as lines: all cells of a row joined, and the text of all rows written at once."""
    texts = [pc.fill_null(_spelled(column.combine_chunks()), "") for column in table.columns]
    cells = [_quoted(text, special) if may else text for text, may in zip(texts, quoting, strict=True)]
    lines = _joined(_joined(*cells, by=special[-1]), _as_text(""), by="\n")
    file.write(lines.buffers()[2])


def _spelled(column: pa.Array) -> pa.Array:
    """Any column as text; lists and the like, which Arrow has no text for, as Python writes them."""
    try:
        return column.cast(pa.large_string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return pa.array([None if cell is None else str(cell) for cell in column.to_pylist()], pa.large_string())


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
        raise UsageError("GRO122", f"a sheet holds {grouped(EXCEL_ROWS)} rows: write .csv or .parquet")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("zscores")
    sheet.append(table.column_names)
    columns = [_cells(column) for column in table.columns]
    for row in zip(*columns, strict=True):
        sheet.append(row)
    book.save(path)


def _cells(column: pa.ChunkedArray) -> list:
    """A column as cells of a sheet, which knows numbers, texts, truths and times without a zone."""
    kind = column.type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or (pa.types.is_timestamp(kind) and kind.tz):
        return _spelled(column.combine_chunks()).to_pylist()
    return column.to_pylist()


def as_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A text column as float64 where every cell is a plain number or empty; else as it is."""
    if not pa.types.is_string(column.type):
        return column
    try:
        return pc.if_else(pc.equal(column, ""), None, column).cast(pa.float64())
    except pa.ArrowInvalid:
        return column
