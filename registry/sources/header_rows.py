"""The row (or two rows) of names above a table's cells, in a workbook and in a CSV file."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from registry.checks.months import MONTH
from registry.sources.raw_sheet import HEADER_WITHIN

Row = list[Any]
"""The cells of one row, as a reader gives them: texts, numbers, days, None or ""."""

ALMOST = 0.75
"""A row of values may have a few more words than the header."""
EXACT = 2**53
"""Whole numbers up to this are what they seem; a longer code has lost its last digits to the
spreadsheet."""


def header_of(rows: list[Row]) -> tuple[list[str], int]:
    """Column names, and where the rows below them start.

    The header is the first row near the top with about as many different words as any: titles above
    it are one merged cell, values are below. Two rows of names (`Mar-26` merged over Weight and
    Height) become one: `Mar-26 Weight`, `Mar-26 Height`.
    """
    counts = np.array(
        [len({cell for cell in row if is_word(cell)}) for row in rows[:HEADER_WITHIN]]
    )
    at = int(np.argmax(counts >= ALMOST * counts.max()))
    if at + 1 < len(rows) and goes_on(rows[at], rows[at + 1]):
        return joined_names(rows[at], rows[at + 1], always=True), at + 2
    if at:
        return joined_names(rows[at - 1], rows[at], always=False), at + 1
    return [label(cell) for cell in rows[at]], at + 1


def goes_on(upper: Row, lower: Row) -> bool:
    """Is the lower row a second row of names? It then stands below merged cells, and nowhere
    else."""
    spans = _spans(upper, len(lower))
    under = [cell for cell, wide in zip(lower, spans, strict=True) if wide and is_filled(cell)]
    beside = [cell for cell, wide in zip(lower, spans, strict=True) if not wide and is_filled(cell)]
    return bool(under) and not beside and all(map(is_word, under))


def _spans(upper: Row, width: int) -> list[bool]:
    """For each column: does a cell of this row, merged or written again, stand over it and another
    one?"""
    cells = [*upper, *[None] * (width - len(upper))][:width]
    before = [None, *cells]
    start = np.cumsum(
        [is_filled(cell) and cell != left for cell, left in zip(cells, before, strict=False)]
    )
    return [bool(group) and int((start == group).sum()) > 1 for group in start]


def joined_names(upper: Row, lower: Row, *, always: bool) -> list[str]:
    """The lower row's names, with what stands above: always, or where a name alone would be there
    twice or a month."""
    names, last, joined = [label(cell) for cell in lower], "", []
    spans = _spans(upper, len(lower)) if always else [True] * len(lower)
    for place, name in enumerate(names):
        above = label(upper[place]) if place < len(upper) else ""
        last = above or last
        wanted = always or names.count(name) > 1 or MONTH.fullmatch(last)
        joined.append(
            f"{last} {name}".strip() if name and wanted and spans[place] else name or above * always
        )
    return joined


def label(cell: object) -> str:
    """A header's text; the first of a month there stands for its month."""
    if isinstance(cell, dt.date):
        return f"{cell:%Y-%m}" if cell.day == 1 else f"{cell:%Y-%m-%d}"
    return " ".join((text_of(cell) or "").split())


def is_word(cell: object) -> bool:
    return isinstance(cell, str) and any(sign.isalpha() for sign in cell)


def is_filled(cell: object) -> bool:
    return cell is not None and cell != ""


def text_of(cell: object) -> str | None:
    if not is_filled(cell):
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) <= EXACT else repr(cell)
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)
