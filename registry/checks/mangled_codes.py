"""What the codes of a whole import show that no single one does: zeros in front, or last digits,
that a spreadsheet took away."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.checks.rejected import CODE_AT, RejectedRows
from registry.contract.arrays import Texts
from registry.indian_digits import grouped

DIGITS_KEPT = 15
"""A spreadsheet's number keeps so many digits, and writes 0 for the others."""
FEW_CODES = 3
"""Fewer long codes that end in 0 may do so by chance."""


def codes_mangled(parts: Iterable[RejectedRows], *, children: Texts, centres: Texts) -> list[str]:
    """Lines on refused rows whose child or centre is known with zeros in front, and on codes of
    children whose last digits are all 0."""
    lines = []
    for part in parts:
        for code, column, known in (
            ("REG050", "child_id", children),
            ("REG051", "centre_id", centres),
        ):
            if many := _without_zeros(part, code, column, known):
                lines.append(
                    f"LOOK: {grouped(many)} rows of {part.table} name a {column} that is known "
                    "with zeros in front, as 123 for 00123: a spreadsheet took them away; make the "
                    "column text at the source and export again"
                )
    if many := _cut_to_15(children):
        lines.append(
            f"LOOK: {grouped(many)} codes of children have more than {DIGITS_KEPT} digits and end "
            "in 0, every one: a spreadsheet keeps 15 digits, and two children may have become "
            "one; make the column text at the source and enter the codes again"
        )
    return lines


def _without_zeros(part: RejectedRows, code: str, column: str, known: Texts) -> int:
    if column not in part.cells.column_names:
        return 0
    short = {str(text).lstrip("0") for text in known if str(text).startswith("0")}
    mine = np.flatnonzero(part.code == CODE_AT[code])
    if not short or not len(mine):
        return 0
    cells = part.cells[column].take(pa.array(mine)).cast(pa.string())
    return int(pc.sum(pc.is_in(cells, pa.array(sorted(short)))).as_py() or 0)


def _cut_to_15(codes: Texts) -> int:
    long = [
        text
        for text in map(str, codes)
        if len(text) > DIGITS_KEPT and text.isascii() and text.isdecimal()
    ]
    cut = all(set(text[DIGITS_KEPT:]) == {"0"} for text in long)
    return len(long) if cut and len(long) >= FEW_CODES else 0
