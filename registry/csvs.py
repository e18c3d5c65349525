"""CSV as Excel and others write it: any of its encodings and delimiters, read as different texts and positions."""

from __future__ import annotations

import csv
import io
import mmap
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from registry.errors import BadInput

DELIMITERS = ",;\t|"
BLOCK, WIDEST_ROW = 4 << 20, 128 << 20
"""Bytes read at a time; one row may be as long as the second."""


def read_csv(path: Path) -> tuple[pa.Table, np.ndarray | None, list[tuple[int, str]]]:
    """A file as a table of texts, its rows' numbers where some are missing, and the rows with too many or few cells.

    All texts are kept as written; nothing is taken for a number. Raises BadInput for what is no table at all.
    """
    with path.open("rb") as file:
        start = file.read(1 << 16)
    encoding = _encoding(path, start)
    head = start.decode(encoding, errors="replace").lstrip("\ufeff")
    if not head.strip():
        raise BadInput("REG004", f"{path.name} is empty: export it again; its first line must name the columns")
    delimiter = _delimiter(head)
    names, lines = _header(path, head, delimiter)
    quotes = b'"' in start or _holds_quotes(path)
    if not _has_rows(path, encoding, lines):
        return pa.table({name: pa.array([], pa.string()) for name in names}), None, []
    table, refused = _read(path, encoding, delimiter, names, lines=lines, quotes=quotes, threads=True)
    if refused:
        # Only a single thread knows the numbers of the rows that it refuses.
        table, refused = _read(path, encoding, delimiter, names, lines=lines, quotes=quotes, threads=False)
    return table, _numbers(table.num_rows, refused), refused


def _encoding(path: Path, start: bytes) -> str:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        # Checked in pieces: a state's export does not fit twice into memory.
        with path.open("r", encoding="utf-8", newline="") as file:
            while file.read(1 << 24):
                pass
    except UnicodeDecodeError as error:
        if start.startswith(b"\xef\xbb\xbf"):
            raise BadInput("REG003", f"{path.name} is marked as UTF-8 and holds bytes that are none; export it again") \
                from error
        return "cp1252"
    return "utf-8"


def _delimiter(head: str) -> str:
    first = head.strip("\r\n").splitlines()[0]
    counts = {sign: first.count(sign) for sign in DELIMITERS}
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] else ","


def _header(path: Path, head: str, delimiter: str) -> tuple[list[str], int]:
    """The names, and the lines that they take: Excel breaks lines within a cell."""
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    try:
        names = [" ".join(name.split()) for name in next(filter(None, reader))]
    except (csv.Error, StopIteration) as error:
        raise BadInput("REG003", f"{path.name} is not a CSV file: its first line cannot be read") from error
    if not all(name.isprintable() for name in names):
        raise BadInput("REG003", f"{path.name} is not a CSV file: its first line holds no names; export it again")
    if len(set(filter(None, names))) < len([name for name in names if name]):
        raise BadInput("REG002", f"{path.name} names a column twice: rename one of them")
    return [name or f"unnamed_{at}" for at, name in enumerate(names)], reader.line_num


def _read(path: Path, encoding: str, delimiter: str, names: list[str], *, lines: int, quotes: bool,
          threads: bool, block: int = BLOCK) -> tuple[pa.Table, list[tuple[int, str]]]:
    refused: list[tuple[int, str]] = []

    def refuse(row: pacsv.InvalidRow) -> str:
        refused.append(((row.number or lines) - lines, row.text))
        return "skip"

    texts = pa.dictionary(pa.int32(), pa.string())
    try:
        table = pacsv.read_csv(
            path,
            read_options=pacsv.ReadOptions(column_names=names, skip_rows=lines, encoding=encoding, block_size=block,
                                           use_threads=threads),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=quotes,
                                             invalid_row_handler=refuse),
            convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, texts), null_values=[""],
                                                 strings_can_be_null=True, check_utf8=False),
        )
    except (pa.ArrowInvalid, UnicodeError) as error:
        if "straddl" in str(error) and block < WIDEST_ROW:
            return _read(path, encoding, delimiter, names, lines=lines, quotes=quotes, threads=threads,
                         block=WIDEST_ROW)
        raise BadInput("REG003", f"{path.name} cannot be read as CSV; export it again") from error
    return table.unify_dictionaries(), refused


def _has_rows(path: Path, encoding: str, lines: int) -> bool:
    with path.open("r", encoding=encoding, errors="replace") as file:
        for _ in range(lines):
            file.readline()
        return any(line.strip() for line in iter(lambda: file.readline(1 << 16), ""))


def _holds_quotes(path: Path) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        return whole.find(b'"') >= 0


def _numbers(rows: int, refused: list[tuple[int, str]]) -> np.ndarray | None:
    """Row numbers (1 is the first below the header) of the rows that were read, where some were not."""
    if not refused:
        return None
    gaps = np.array(sorted(number for number, _ in refused))
    return np.setdiff1d(np.arange(1, rows + len(gaps) + 1), gaps)[:rows]
