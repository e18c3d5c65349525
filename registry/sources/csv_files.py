"""The one reader of CSV files, for `sanket import`, `sanket zscores` and visit lists that come
back: in the encodings and with the delimiters that Excel and survey tools write."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from registry.checks.months import MONTH, composed
from registry.checks.raw import ALL_AT_ONCE, Sizes
from registry.contract.arrays import Ints
from registry.contract.errors import BadInput
from registry.sources.header_rows import goes_on, joined_names
from registry.sources.raw_sheet import (
    RawSheet,
    ShortRows,
    different_names,
    row_with,
    titles_above,
)
from registry.sources.rows_on_disk import GatheredRows

DELIMITERS = ",;\t|"
BLOCK, WIDEST_ROW = 4 << 20, 128 << 20
"""Bytes read at a time; one row may be as long as the second."""
ROW_BYTES = 60
"""Of a row of measurements, to tell from its size whether a file has more than a chunk of them."""
_SEP = re.compile(r'"?sep=(.)"?[,;]*')
"""The line with which Excel is told the delimiter."""


@dataclass(frozen=True)
class _CsvHead:
    """What the first bytes say: how cells are parted, the names, and the lines down to them."""

    delimiter: str
    names: list[str]
    lines: int
    titles: int
    twice: frozenset[str]


def read_csv(
    path: Path,
    *,
    short_rows: ShortRows = ShortRows.REFUSE,
    header: Collection[str] = (),
    sizes: Sizes = ALL_AT_ONCE,
) -> RawSheet:
    """Read a file as one sheet; all texts are kept as written, nothing is taken for a number.

    header: names by which the header is known; without them it is told from its looks. sizes: a
    file of more rows than one of its chunks is left on disk, where short rows are refused. Raises
    BadInput: REG003 (no table, or none with this header), REG004 (empty).
    """
    with path.open("rb") as file:
        start = file.read(1 << 16)
    encoding = _encoding(path, start)
    text = start.decode(encoding, errors="replace").lstrip("\ufeff")
    if not text.strip():
        raise BadInput(
            "REG004", f"{path.name} is empty: export it again; its first line must name the columns"
        )
    head = _head(path, text, whole=len(start) < 1 << 16, header=header)
    quotes = b'"' in start or _holds_quotes(path)
    past = f"{path.name}: {head.titles} lines above the header were read past"
    notes = (past,) if head.titles else ()
    large = path.stat().st_size > sizes.chunk * ROW_BYTES
    if large and short_rows is ShortRows.REFUSE and _has_rows(path, encoding, head.lines):
        return _sheet_on_disk(path, encoding, head, sizes, quotes=quotes, notes=notes)
    table, refused = _table(path, encoding, head, quotes=quotes)
    if short_rows is ShortRows.FILL and refused:
        table, refused = _filled_up(table, refused, head)
    return RawSheet(
        path.stem.lower(),
        _without_empty(table),
        _numbers(table.num_rows, refused),
        refused,
        path.name,
        head.twice,
        notes=notes,
        comma=head.delimiter == ",",
        above=head.lines,
    )


def _encoding(path: Path, start: bytes) -> str:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    # Without its mark UTF-16 has a null beside each letter of the header.
    for first, encoding in ((0, "utf-16-be"), (1, "utf-16-le")):
        half = start[first:512:2]
        if half.count(0) > len(half) / 2 and start[1 - first : 512 : 2].count(0) == 0:
            return encoding
    try:
        # Checked in pieces: a state's export does not fit twice into memory.
        with path.open("r", encoding="utf-8", newline="") as file:
            while file.read(1 << 24):
                pass
    except UnicodeDecodeError as error:
        if start.startswith(b"\xef\xbb\xbf"):
            raise BadInput(
                "REG003",
                f"{path.name} is marked as UTF-8 and holds bytes that are none; export it again",
            ) from error
        return "cp1252"
    return "utf-8"


def _head(path: Path, text: str, *, whole: bool, header: Collection[str]) -> _CsvHead:
    """The header, below what stands above it: Excel's `sep=;`, titles, blank lines."""
    first, _, rest = text.partition("\n")
    told = _SEP.fullmatch(first.strip(" \r"))
    said = rest if told else text
    delimiters = [told[1]] if told else DELIMITERS
    tried = {sign: _rows_of(path, said, sign, whole=whole) for sign in delimiters}
    if header:
        return _head_with(header, path, tried, told=bool(told))
    delimiter = max(tried, key=lambda sign: _words_and_order(tried[sign][0]))
    rows, ends = tried[delimiter]
    names, below = _names_of_rows(rows, titles_above(rows))
    if not all(name.isprintable() for name in names):
        raise BadInput(
            "REG003",
            f"{path.name} is not a CSV file: its first line holds no names; export it again",
        )
    different, twice = different_names(names)
    at = titles_above(rows)
    # A row of months above the names is read, and no title.
    titles = at - (at > 0 and below == at + 1 and names != _names(rows, at))
    return _CsvHead(delimiter, different, ends[below - 1] + bool(told), titles, twice)


def _names_of_rows(rows: list[list[str]], at: int) -> tuple[list[str], int]:
    """The names in the header's row, with those of a second row of names (`Apr-25` over Weight and
    Height), and the row below them."""
    if at + 1 < len(rows) and goes_on(rows[at], rows[at + 1]):
        joined = joined_names(rows[at], rows[at + 1], always=True)
        return joined + _names(rows, at + 1)[len(joined) :], at + 2
    names = _names(rows, at)
    above = [cell for cell in rows[at - 1] if cell.strip()] if at else []
    if len(above) > 1 or any(MONTH.fullmatch(composed(cell.strip())) for cell in above):
        joined = joined_names(rows[at - 1], rows[at], always=False)
        return joined + names[len(joined) :], at + 1
    return names, at + 1


def _head_with(
    header: Collection[str],
    path: Path,
    tried: dict[str, tuple[list[list[str]], list[int]]],
    *,
    told: bool,
) -> _CsvHead:
    """The line that holds these names, by whichever delimiter it has them."""
    for delimiter, (rows, ends) in tried.items():
        at = row_with(header, rows)
        if at is not None:
            different, twice = different_names(_names(rows, at))
            return _CsvHead(delimiter, different, ends[at] + told, at, twice)
    raise BadInput("REG003", f"{path.name} has no line with the names {', '.join(header)}")


def _names(rows: list[list[str]], at: int) -> list[str]:
    """The header's names, and empty ones for the cells that nearly all rows have beyond it."""
    names = [" ".join(name.split()) for name in rows[at]]
    return names + [""] * _empty_cells_beyond(rows[at + 1 :], len(names))


def _words_and_order(rows: list[list[str]]) -> float:
    """How much like a table these rows look: words in the header, and rows of the header's
    width."""
    at = titles_above(rows)
    words = sum(any(sign.isalpha() for sign in cell) for cell in rows[at])
    return (words - 1) * sum(len(row) == len(rows[at]) for row in rows[at:]) / len(rows)


def _rows_of(
    path: Path, text: str, delimiter: str, *, whole: bool
) -> tuple[list[list[str]], list[int]]:
    """The first rows with a cell, and the lines down to the end of each (Excel breaks lines within
    a cell)."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, ends = [], []
    try:
        for row in reader:
            if row:
                rows.append(row)
                ends.append(reader.line_num)
            if len(rows) == 60:
                break
    except csv.Error as error:
        if not rows:
            raise BadInput(
                "REG003", f"{path.name} is not a CSV file: its first line cannot be read"
            ) from error
    if not rows:
        raise BadInput("REG003", f"{path.name} is not a CSV file: its first line cannot be read")
    # The last row may be cut by the end of what was looked at.
    return (rows, ends) if whole or len(rows) == 1 else (rows[:-1], ends[:-1])


def _empty_cells_beyond(rows: list[list[str]], width: int) -> int:
    """How many empty cells nearly all rows have beyond the header: exports end each line with a
    delimiter."""
    extra = Counter(len(row) - width for row in rows if len(row) >= width and not any(row[width:]))
    most = max(extra, key=extra.__getitem__, default=0)
    return most if most and extra[most] >= 0.9 * len(rows) else 0


def _table(
    path: Path, encoding: str, head: _CsvHead, *, quotes: bool
) -> tuple[pa.Table, list[tuple[int, str]]]:
    """All rows below the header, and those (number, text) that have not its number of cells."""
    if not _has_rows(path, encoding, head.lines):
        return pa.table({name: pa.array([], pa.string()) for name in head.names}), []
    table, refused = _read(path, encoding, head, quotes=quotes, threads=True)
    if refused:
        # Only a single thread knows the numbers of the rows that it refuses.
        table, refused = _read(path, encoding, head, quotes=quotes, threads=False)
    return table, refused


def _read(
    path: Path, encoding: str, head: _CsvHead, *, quotes: bool, threads: bool, block: int = BLOCK
) -> tuple[pa.Table, list[tuple[int, str]]]:
    refused: list[tuple[int, str]] = []

    def refuse(row: pacsv.InvalidRow) -> str:
        refused.append(((row.number or head.lines) - head.lines, row.text))
        return "skip"

    try:
        table = pacsv.read_csv(
            path, **_options(head, encoding, refuse, quotes=quotes, threads=threads, block=block)
        )
    except (pa.ArrowInvalid, UnicodeError) as error:
        if "straddl" in str(error) and block < WIDEST_ROW:
            return _read(path, encoding, head, quotes=quotes, threads=threads, block=WIDEST_ROW)
        raise _unreadable(path) from error
    return table.unify_dictionaries(), refused


def _options(
    head: _CsvHead,
    encoding: str,
    refuse: Callable[[pacsv.InvalidRow], str],
    *,
    quotes: bool,
    threads: bool,
    block: int,
) -> dict[str, Any]:
    texts = pa.dictionary(pa.int32(), pa.string())
    return {
        "read_options": pacsv.ReadOptions(
            column_names=head.names,
            skip_rows=head.lines,
            encoding=encoding,
            block_size=block,
            use_threads=threads,
        ),
        "parse_options": pacsv.ParseOptions(
            delimiter=head.delimiter, newlines_in_values=quotes, invalid_row_handler=refuse
        ),
        "convert_options": pacsv.ConvertOptions(
            column_types=dict.fromkeys(head.names, texts),
            null_values=[""],
            strings_can_be_null=True,
            check_utf8=False,
        ),
    }


def _unreadable(path: Path) -> BadInput:
    return BadInput("REG003", f"{path.name} cannot be read as CSV; export it again")


def _sheet_on_disk(
    path: Path, encoding: str, head: _CsvHead, sizes: Sizes, *, quotes: bool, notes: tuple[str, ...]
) -> RawSheet:
    """The sheet of a large file: read once, block by block, and set down beside the store."""
    spooled, refused, empty = _spooled(path, encoding, head, sizes, quotes=quotes)
    unnamed = [name for name in empty if name.startswith("unnamed_")]
    return RawSheet(
        path.stem.lower(),
        spooled.kinds.empty_table().drop_columns(unnamed),
        None,
        refused,
        path.name,
        head.twice,
        notes=notes,
        comma=head.delimiter == ",",
        on_disk=spooled,
        above=head.lines,
    )


def _spooled(
    path: Path,
    encoding: str,
    head: _CsvHead,
    sizes: Sizes,
    *,
    quotes: bool,
    block: int = BLOCK,
) -> tuple[GatheredRows, list[tuple[int, str]], set[str]]:
    """The rows, those that have not the header's number of cells, and the columns without any
    cell."""
    refused: list[tuple[int, str]] = []

    def refuse(row: pacsv.InvalidRow) -> str:
        refused.append(((row.number or head.lines) - head.lines, row.text))
        return "skip"

    # Only a single thread knows the numbers of the rows that it refuses.
    options = _options(head, encoding, refuse, quotes=quotes, threads=False, block=block)
    try:
        with pacsv.open_csv(path, **options) as batches:
            spooled, empty = GatheredRows(sizes.chunk, sizes.folder), set(batches.schema.names)
            spooled.add(batches.schema.empty_table())
            for batch in batches:
                spooled.add(pa.Table.from_batches([batch]))
                empty -= {name for name in empty if batch[name].null_count < batch.num_rows}
    except (pa.ArrowInvalid, UnicodeError) as error:
        if "straddl" in str(error) and block < WIDEST_ROW:
            return _spooled(path, encoding, head, sizes, quotes=quotes, block=WIDEST_ROW)
        raise _unreadable(path) from error
    spooled.gaps = np.array(sorted(number for number, _ in refused), np.int64)
    return spooled, refused, empty


def _filled_up(
    table: pa.Table, refused: list[tuple[int, str]], head: _CsvHead
) -> tuple[pa.Table, list[tuple[int, str]]]:
    """The table with its short rows filled, each at its place; rows with more cells than names stay
    refused."""
    width = len(head.names)
    cells = {
        number: next(csv.reader([text], delimiter=head.delimiter), []) for number, text in refused
    }
    good = {number: row for number, row in cells.items() if not any(row[width:])}
    if not good:
        return table, refused
    columns = zip(*((row + [""] * width)[:width] for row in good.values()), strict=True)
    more = pa.table(
        {
            name: pa.array([cell or None for cell in column], pa.string())
            for name, column in zip(head.names, columns, strict=True)
        }
    )
    plain = pa.table({name: table[name].cast(pa.string()) for name in head.names})
    there = _numbers(table.num_rows, refused)
    order = np.argsort(np.concatenate([there, np.array(list(good), np.int64)]), kind="stable")
    return pa.concat_tables([plain, more]).take(pa.array(order)), [
        one for one in refused if one[0] not in good
    ]


def _without_empty(table: pa.Table) -> pa.Table:
    """Without the columns that have neither a name nor a cell."""
    empty = [
        name
        for name in table.column_names
        if name.startswith("unnamed_") and table[name].null_count == table.num_rows
    ]
    return table.drop_columns(empty) if empty else table


def _has_rows(path: Path, encoding: str, lines: int) -> bool:
    with path.open("r", encoding=encoding, errors="replace") as file:
        for _ in range(lines):
            file.readline()
        return any(line.strip() for line in iter(lambda: file.readline(1 << 16), ""))


def _holds_quotes(path: Path) -> bool:
    with path.open("rb") as file:
        return any(b'"' in piece for piece in iter(lambda: file.read(BLOCK), b""))


def _numbers(rows: int, refused: list[tuple[int, str]]) -> Ints | None:
    """Row numbers (1 is the first below the header) of the rows that were read, where some were
    not."""
    if not refused:
        return None
    gaps = np.array(sorted(number for number, _ in refused))
    return np.setdiff1d(np.arange(1, rows + len(gaps) + 1), gaps)[:rows]
