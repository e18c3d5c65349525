"""What the codes of a whole import show that no single one does: zeros in front, or last digits,
that a spreadsheet took away."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.checks.rejected import CODE_AT, RejectedRows
from registry.indian_digits import grouped

DIGITS_KEPT = 15
"""A spreadsheet's number keeps so many digits, and writes 0 for the others."""
FEW_CODES = 3
"""Fewer long codes that end in 0 may do so by chance."""


class MangledCodes:
    """Refused rows whose child or centre is known with zeros in front, counted piece by piece."""

    def __init__(self) -> None:
        self._without_zeros: Counter[tuple[str, str]] = Counter()

    def look(self, rows: RejectedRows, *, children: pa.Array, centres: pa.Array) -> None:
        """Count those of some refused rows of one table."""
        for code, column, known in (
            ("REG050", "child_id", children),
            ("REG051", "centre_id", centres),
        ):
            if many := _without_zeros(rows, code, column, known):
                self._without_zeros[rows.table, column] += many

    def lines(self, *, children: pa.Array) -> list[str]:
        """What to say of them, and of codes of children whose last digits are all 0."""
        lines = [
            f"LOOK: {grouped(many)} rows of {table} name a {column} that is known "
            "with zeros in front, as 123 for 00123: a spreadsheet took them away; make the "
            "column text at the source and export again"
            for (table, column), many in self._without_zeros.items()
        ]
        if many := _cut_to_15(children):
            lines.append(
                f"LOOK: {grouped(many)} codes of children have more than {DIGITS_KEPT} digits and "
                "end in 0, every one: a spreadsheet keeps 15 digits, and two children may have "
                "become one; make the column text at the source and enter the codes again"
            )
        return lines


def _without_zeros(rows: RejectedRows, code: str, column: str, known: pa.Array) -> int:
    if column not in rows.cells.column_names:
        return 0
    mine = np.flatnonzero(rows.code == CODE_AT[code])
    if not len(mine):
        return 0
    padded = known.filter(pc.starts_with(known, "0"))
    cells = rows.cells[column].take(pa.array(mine)).cast(pa.string())
    short = pc.utf8_ltrim(padded, characters="0")
    return int(pc.sum(pc.is_in(cells, value_set=short)).as_py() or 0)


def _cut_to_15(codes: pa.Array) -> int:
    long = codes.filter(pc.match_substring_regex(codes, f"^[0-9]{{{DIGITS_KEPT + 1},}}$"))
    cut = pc.all(pc.match_substring_regex(long, f"^[0-9]{{{DIGITS_KEPT}}}0+$")).as_py()
    return len(long) if cut and len(long) >= FEW_CODES else 0
