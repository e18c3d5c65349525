"""Cells to values: each *different* text of a column is read once, then spread over its rows.

A column of five million cells holds a few thousand different dates and weights, so reading is exact
and forgiving (`MISSING_WORDS`, Devanagari digits, time parts) without costing a Python call a row.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.contract import tables
from registry.contract.arrays import AnyArray, Days, Flags, Floats, Ints, Texts
from registry.contract.days import NEVER
from registry.contract.tables import ColumnSpec


class NoValue(Enum):
    """What a cell's reader answers where there is no value."""

    MISSING = "the cell is empty"
    BAD = "the cell cannot be read"


MISSING: Final = NoValue.MISSING
BAD: Final = NoValue.BAD
CellReader = Callable[[str], "float | NoValue"]
"""The text of a cell to its number, day number, code or truth."""
NO_TEXTS: Texts = np.empty(0, object)
LOOKED_UP_AT_ONCE = 250_000
"""Ids of a directory."""
MANY = 50_000
"""Different texts above which numbers are first tried as a whole column."""
_DAY = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_MONTH = re.compile(r"(\d{4})-(\d{2})(?:-01(?:[T ]00:00(?::00(?:\.0+)?)?)?)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ENGLISH = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_CUT_SHORT = r"\d([.,]\d+)?[eE]\+?\d{1,2}|#{2,}"
_AS_DATE = (
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?)?"
    rf"|\d{{1,2}}-({_ENGLISH})|({_ENGLISH})-\d{{2}}"
)
_SPOILED = re.compile(f"{_CUT_SHORT}|{_AS_DATE}")
"""A code as a spreadsheet spoils it: 27501000001 in a narrow column (2.7501E+10, ####); `5-3` or
`Mar-5` taken for a date."""
SPOILED_CODE = rf"^(?:{_CUT_SHORT}|#[A-Za-z/ _0]+[!?])$"
"""One that was shortened, or a spreadsheet's error."""
CODE_AS_DATE = rf"^(?:{_AS_DATE})$"


@dataclass(frozen=True)
class Parsed:
    """A column's values, and which cells could not be read (`bad`) or were empty (`missing`), each
    of n rows.

    An id's or text's values are int32 positions in `texts`; the others as in
    `registry.contract.registry`. `why` masks, by code, the bad cells of which more is known than
    that they could not be read.
    """

    values: AnyArray
    missing: Flags
    bad: Flags | None
    texts: Texts = field(default_factory=lambda: NO_TEXTS)
    why: Mapping[str, Flags] = field(default_factory=dict)


def read_number(text: str) -> float | NoValue:
    """A float; MISSING for an empty cell, BAD for anything but a plain number in any script's
    digits."""
    text = text.strip()
    if text.lower() in tables.MISSING_WORDS:
        return MISSING
    return float(text) if _NUMBER.fullmatch(text) else BAD


def read_day(text: str) -> int | NoValue:
    """Days since 1970 of an ISO date, with or without a time of day."""
    text = plain_digits(text)
    if text.lower() in tables.MISSING_WORDS:
        return MISSING
    found = _DAY.fullmatch(text)
    try:
        return dt.date.fromisoformat(found[1]).toordinal() - 719163 if found else BAD
    except ValueError:
        return BAD


def read_month(text: str) -> int | NoValue:
    """Days since 1970 of a month's first day, from `2026-03` or `2026-03-01`."""
    text = plain_digits(text)
    if text.lower() in tables.MISSING_WORDS:
        return MISSING
    found = _MONTH.fullmatch(text)
    try:
        return dt.date(int(found[1]), int(found[2]), 1).toordinal() - 719163 if found else BAD
    except ValueError:
        return BAD


def read_truth(text: str) -> float | NoValue:
    """1.0 or 0.0."""
    word = text.strip().lower()
    if word in tables.MISSING_WORDS:
        return MISSING
    if word in tables.TRUE_WORDS:
        return 1.0
    return 0.0 if word in tables.FALSE_WORDS else BAD


def code_reader(codes: tuple[str, ...]) -> CellReader:
    """A reader of one column's codes to positions; upper and lower case are one."""
    positions = {code.lower(): position for position, code in enumerate(codes)}

    def read_code(text: str) -> float | NoValue:
        word = text.strip().lower()
        if word in positions:
            return positions[word]
        return MISSING if word in tables.MISSING_WORDS else BAD

    return read_code


def read_text(text: str) -> str | Literal[NoValue.BAD]:
    """The text without outer spaces; BAD when too long, with control characters, or a spreadsheet's
    error."""
    text = text.strip()
    if len(text) > tables.LONGEST_TEXT or (not text.isprintable() and _has_controls(text)):
        return BAD
    return BAD if text[:1] == "#" and text.lower() in tables.NO_TEXTS else text


def read_id(text: str) -> str | Literal[NoValue.BAD]:
    """The code as written, a line break in it as one space; BAD as a text, and where a spreadsheet
    cut it short."""
    read = read_text(" ".join(text.split()) if "\n" in text or "\r" in text else text)
    return BAD if read is not BAD and _SPOILED.fullmatch(read) else read


def why_bad(text: str, kind: str) -> str:
    """The code of a cell that could not be read, where more is known of it; else nothing."""
    text = text.strip()
    if text == tables.AADHAAR_WITHHELD:
        return "REG042"
    if text.lower() in tables.SPREADSHEET_ERRORS:
        return "REG026"
    return "REG027" if kind == "id" and _SPOILED.fullmatch(text) else ""


READERS: dict[str, CellReader] = {
    "number": read_number,
    "day": read_day,
    "month": read_month,
    "truth": read_truth,
}
EMPTY: dict[str, np.float64 | np.int32 | np.int8] = {
    "number": np.float64(np.nan),
    "truth": np.float64(np.nan),
    "day": NEVER,
    "month": NEVER,
    "code": np.int8(-1),
}


def reader(column: ColumnSpec) -> CellReader:
    """The function that reads one text of this column."""
    return code_reader(column.codes) if column.kind == "code" else READERS[column.kind]


def parse(array: pa.ChunkedArray | pa.Array, column: ColumnSpec) -> Parsed:
    """A raw Arrow column (text, or typed as Parquet and SQL have it) to values by the contract."""
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if pa.types.is_dictionary(array.type) and not _is_text(array.type.value_type):
        array = array.dictionary_decode()
    if pa.types.is_null(array.type):
        array = array.cast(pa.string())
    if column.kind in ("id", "text"):
        return _parse_texts(array, column)
    typed = _parse_typed(array, column)
    return typed if typed is not None else _parse_different(encode(array), column)


def parse_known(
    array: pa.ChunkedArray | pa.Array, column: ColumnSpec, directory: pa.Array
) -> Parsed:
    """An id column whose values are positions in a directory (and then in `texts`, of the ids that
    it lacks), as `parse` and a look-up would find them.

    Every id of the directory must be one that `read_id` gives: only cells that are not in it as
    they stand are read one by one, and a state has a million children in thirty million rows.
    """
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if pa.types.is_dictionary(array.type) and not _is_text(array.type.value_type):
        array = array.dictionary_decode()
    encoded = encode(array)
    texts, at_rows = encoded.dictionary.cast(pa.string()), _positions(encoded)
    spread = np.append(positions(directory, texts), np.int32(-1))
    strange = np.flatnonzero(spread[:-1] < 0)
    if not len(strange):
        values = spread[at_rows]
        return Parsed(values, values < 0, None)
    others = _parse_texts(texts.take(pa.array(strange)).dictionary_encode(), column)
    meant = positions(directory, pa.array(others.texts, pa.string()))
    meant = np.where(meant < 0, len(directory) + np.arange(len(meant), dtype=np.int32), meant)
    spread[strange] = np.append(meant, -1).astype(np.int32)[others.values]
    of_texts = {
        code: _spread(mask, strange, len(texts))[at_rows] for code, mask in others.why.items()
    }
    bad = None if others.bad is None else _spread(others.bad, strange, len(texts))[at_rows]
    values = spread[at_rows]
    return Parsed(values, values < 0, bad, others.texts, of_texts)


def positions(directory: pa.Array, texts: pa.Array) -> Days:
    """Where each of these texts stands in a directory, -1 where it does not.

    Each text of the directory is different. Arrow looks texts up in a table that it makes of all of
    one side: here of the smaller, since a chunk has few of a state's children, and of one piece of
    it after the other, so that it does not grow with them.
    """
    if len(texts) <= len(directory):
        asked = texts.dictionary_encode()
        place = np.full(len(asked.dictionary), -1, np.int32)
        for start in range(0, len(place), LOOKED_UP_AT_ONCE):
            there, of = _looked_up(directory, asked.dictionary.slice(start, LOOKED_UP_AT_ONCE))
            place[start + of] = there
        found: Days = place[asked.indices.to_numpy(zero_copy_only=False)]
        return found
    at = np.full(len(texts), -1, np.int32)
    for start in range(0, len(directory), LOOKED_UP_AT_ONCE):
        there, of = _looked_up(texts, directory.slice(start, LOOKED_UP_AT_ONCE))
        at[there] = start + of
    return at


def _looked_up(texts: pa.Array, among: pa.Array) -> tuple[Ints, Ints]:
    """Which of the texts (positions) are among others, and where in these."""
    found = pc.index_in(texts, value_set=among).fill_null(-1).to_numpy(zero_copy_only=False)
    there = np.flatnonzero(found >= 0)
    return there, found[there].astype(np.int64)


def _spread(mask: Flags, at: AnyArray, length: int) -> Flags:
    """A mask of some texts as one of all of them, and of the missing."""
    spread = np.zeros(length + 1, bool)
    spread[at] = mask
    return spread


def encode(array: pa.Array) -> pa.DictionaryArray:
    """Any column as different texts and positions; a float that is whole loses its `.0`, as codes
    with gaps have it."""
    if pa.types.is_dictionary(array.type):
        return array
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_nan(array), None, array)
        array = array.cast(pa.int64()) if is_whole(array) else array
    if not _is_text(array.type):
        array = array.cast(pa.string())
    return array.dictionary_encode()


def is_whole(floats: pa.Array | pa.ChunkedArray) -> bool:
    """Is every float of a column whole, as codes with gaps are?"""
    cells = pc.if_else(pc.is_nan(floats), None, floats)
    whole = pc.and_(pc.equal(cells, pc.round(cells)), pc.less(pc.abs(cells), 2.0**53))
    return pc.all(whole).as_py() is not False


def _parse_typed(array: pa.Array, column: ColumnSpec) -> Parsed | None:
    kind = array.type
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if column.kind == "number" and numeric:
        values = (
            array.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy(zero_copy_only=False)
        )
        return Parsed(values, np.isnan(values), None)
    if column.kind == "truth" and pa.types.is_boolean(kind):
        values = (
            array.cast(pa.int8())
            .cast(pa.float64())
            .fill_null(np.nan)
            .to_numpy(zero_copy_only=False)
        )
        return Parsed(values, np.isnan(values), None)
    if column.kind == "day" and (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        days = (
            array.cast(pa.date32(), safe=False)
            .cast(pa.int32())
            .fill_null(int(NEVER))
            .to_numpy(zero_copy_only=False)
        )
        return Parsed(days, days == NEVER, None)
    return None


def _parse_different(array: pa.DictionaryArray, column: ColumnSpec) -> Parsed:
    texts, positions = array.dictionary, _positions(array)
    whole = _numbers_at_once(texts) if column.kind == "number" and len(texts) > MANY else None
    if whole is not None:
        looked_up = np.append(whole, np.nan)
        return Parsed(values := looked_up[positions], np.isnan(values), None)
    read = reader(column)
    answers = [read(text) for text in texts.to_pylist()] + [MISSING]
    empty = EMPTY[column.kind]
    missing = np.array([answer is MISSING for answer in answers])
    bad = np.array([answer is BAD for answer in answers])
    values = np.array(
        [empty if answer is MISSING or answer is BAD else answer for answer in answers], type(empty)
    )
    why = _why(texts, bad, positions, column.kind)
    return Parsed(
        values[positions], missing[positions], bad[positions] if bad.any() else None, why=why
    )


def _parse_texts(array: pa.Array, column: ColumnSpec) -> Parsed:
    encoded = encode(array)
    texts, positions = encoded.dictionary, _positions(encoded)
    empties = tables.MISSING_IDS if column.kind == "id" else tables.MISSING_WORDS
    read = read_id if column.kind == "id" else read_text
    seen: dict[str, int] = {}
    spread, bad = np.full(len(texts) + 1, -1, np.int32), np.zeros(len(texts) + 1, bool)
    for at, text in enumerate(texts.to_pylist()):
        value = read(text)
        if value is BAD:
            bad[at] = True
        elif value.lower() not in empties:
            spread[at] = seen.setdefault(value, len(seen))
    values = spread[positions]
    kept = np.array(list(seen), dtype=object)
    why = _why(texts, bad, positions, column.kind)
    return Parsed(values, values < 0, bad[positions] if bad.any() else None, kept, why)


def _why(texts: pa.Array, bad: Flags, positions: Days, kind: str) -> dict[str, Flags]:
    """Masks of the rows whose bad cell has a code of its own."""
    of_code: dict[str, Flags] = {}
    for at in np.flatnonzero(bad):
        if code := why_bad(texts[int(at)].as_py(), kind):
            of_code.setdefault(code, np.zeros(len(bad), bool))[at] = True
    return {code: mask[positions] for code, mask in of_code.items()}


def _numbers_at_once(texts: pa.Array) -> Floats | None:
    try:
        values: Floats = texts.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return None
    return values if np.isfinite(values).all() else None


def _positions(array: pa.DictionaryArray) -> Days:
    at: Days = array.indices.cast(pa.int32()).fill_null(-1).to_numpy(zero_copy_only=False)
    return at


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def plain_digits(text: str) -> str:
    """The text without outer spaces, its digits in any script (७) as 0 to 9."""
    text = text.strip()
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.digit(sign, sign)) if sign.isdecimal() else sign for sign in text
    )


def _has_controls(text: str) -> bool:
    return any(unicodedata.category(sign) in ("Cc", "Cs", "Co", "Cn") for sign in text)
