"""Cells of a survey as arrays: numbers, dates, sex, position and oedema in the spellings that
people use.

Each reader answers with the values and a mask of the cells that hold something it cannot read.
Every distinct spelling is read once, so a million rows cost as much as their few thousand different
cells.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.checks.cells import MISSING, plain_digits, read_day
from registry.checks.oedema_words import grade_in
from registry.contract.arrays import Flags, Floats
from registry.contract.codes import Sex
from registry.contract.tables import MISSING_WORDS
from registry.mapping.code_words import CODES, plain_code

SEX = {"f": 0, "female": 0, "girl": 0, "2": 0, "लड़की": 0, "मुलगी": 0,
       "m": 1, "male": 1, "boy": 1, "1": 1, "लड़का": 1, "मुलगा": 1}  # fmt: skip
SEX |= {word: int(sex) for sex in Sex for word in CODES[Sex.texts()][sex.text]}
"""Sex as it is spelled in files; 1 and 2 are WHO's codes for boys and girls."""

POSITION = {"l": 0, "lying": 0, "recumbent": 0, "length": 0, "h": 1, "standing": 1, "height": 1}

OEDEMA_GRADES = {"0": 0, "1": 1, "2": 2, "3": 3}

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_EPOCH = dt.date(1970, 1, 1).toordinal()


def _spelling(cell: object) -> str:
    return plain_digits(unicodedata.normalize("NFC", str(cell))).casefold()


def _each_spelling(
    column: pa.ChunkedArray, read: Callable[[object], float | None]
) -> tuple[Floats, Flags]:
    """`read` of every cell (float64; None and empty cells as NaN) and where it answered None
    (bool)."""
    column = pc.dictionary_encode(
        column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    )
    cells = column.dictionary.to_pylist()
    answers = [read(cell) for cell in cells]
    values = np.array([np.nan if answer is None else answer for answer in answers] + [np.nan])
    unread = np.array([answer is None for answer in answers] + [False])
    # An empty cell has no index: it reads the one past the last.
    index = pc.fill_null(column.indices, len(cells)).to_numpy(zero_copy_only=False)
    return values[index], unread[index]


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def numbers(column: pa.ChunkedArray, *, decimal_comma: bool = False) -> tuple[Floats, Flags]:
    """A column of numbers; infinite ones cannot be meant."""
    column = _plain(column)
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values = column.cast(pa.float64(), safe=False).to_numpy()
        unread = np.isinf(values)
        return np.where(unread, np.nan, values), unread
    return _each_spelling(column, lambda cell: number(cell, decimal_comma=decimal_comma))


def number(cell: object, *, decimal_comma: bool = False) -> float | None:
    """One cell as a number: NaN where it is empty, None where it is none. Digits of any script are
    digits."""
    text = _spelling(cell)
    if text in MISSING_WORDS:
        return np.nan
    if decimal_comma and text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    value = float(text) if _NUMBER.fullmatch(text) else np.inf
    return value if np.isfinite(value) else None


def codes(column: pa.ChunkedArray, words: dict[str, int]) -> tuple[Floats, Flags]:
    """A column of words from a list, as its numbers (float64, NaN missing); `1.0` is the word 1."""
    known = {unicodedata.normalize("NFC", word): value for word, value in words.items()}

    def read(cell: object) -> float | None:
        word = _spelling(cell)
        word = word[:-2] if word.endswith(".0") else word
        if word in MISSING_WORDS:
            return np.nan
        return known.get(word, known.get(plain_code(word)))

    return _each_spelling(_plain(column), read)


def oedema(column: pa.ChunkedArray) -> tuple[Floats, Flags]:
    """A column of oedema as grades (float64, NaN missing): the contract's 0 to 3, yes and no, and
    other words and marks."""

    def read(cell: object) -> float | None:
        word = _spelling(cell)
        word = word[:-2] if word.endswith(".0") else word
        if word in MISSING_WORDS:
            return np.nan
        return OEDEMA_GRADES.get(word, grade_in(word))

    return _each_spelling(_plain(column), read)


def days(column: pa.ChunkedArray) -> tuple[Floats, Flags]:
    """A column of dates as days since 1970-01-01: real dates, or text in ISO form (2026-03-14, a
    time is ignored)."""
    return _each_spelling(_plain(column), day)


def day(cell: object) -> float | None:
    """One cell as a day; NaN where it is empty, None where it is no ISO date (14/03/2026 is not
    guessed here)."""
    if isinstance(cell, dt.date):
        return cell.toordinal() - _EPOCH
    value = read_day(str(cell))
    return float(value) if isinstance(value, int) else np.nan if value is MISSING else None
