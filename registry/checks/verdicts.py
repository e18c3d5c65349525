"""The verdicts over one table's rows, and all that one import refused. Values of a result, never
exceptions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TypedDict

import numpy as np

from registry.checks.rejected import CODE_AT, CODES, QuarantinedRow, RejectedRows
from registry.contract.arrays import Codes, Flags, Ints
from registry.contract.rules import RULES
from registry.contract.tables import SPECS

NO_RULE = (0, -1)
"""Of a row that broke none."""


class TableCounts(TypedDict):
    """What became of one table's rows; rows = kept + quarantined, which `codes` divides by rule."""

    rows: int
    kept: int
    quarantined: int
    codes: dict[str, int]


@dataclass
class Quarantine:
    """What one import refused: how many rows came in and how many each rule refused, by table; and,
    where all of it is in memory, the rows themselves in `parts`."""

    parts: list[RejectedRows] = field(default_factory=list)
    came: dict[str, int] = field(default_factory=dict)
    refused: dict[str, dict[str, int]] = field(default_factory=dict)
    cells: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """How many cells alone were refused, their rows kept without them, by (table, column, code)."""

    def cell_lines(self) -> list[str]:
        """A line for each kind of refused cell."""
        return [
            (
                f"{table}: {many} cells of {column} refused, their rows kept without: {code} "
                f"{RULES[code].title}"
            )
            for (table, column, code), many in sorted(self.cells.items())
        ]

    def __len__(self) -> int:
        return sum(sum(codes.values()) for codes in self.refused.values())

    @property
    def rows(self) -> list[QuarantinedRow]:
        """Every row with its texts: for a few; many are better taken from `parts` in pieces."""
        return [row for part in self.parts for piece in part.pieces() for row in piece]

    def codes(self, table: str) -> dict[str, int]:
        """How many rows of a table each rule refused."""
        return self.refused.get(table, {})

    def counts(self) -> dict[str, TableCounts]:
        """The counts of each table that came."""
        codes = {table: dict(self.codes(table)) for table in self.came}
        refused = {table: sum(codes[table].values()) for table in self.came}
        return {
            table: {
                "rows": came,
                "kept": came - refused[table],
                "quarantined": refused[table],
                "codes": codes[table],
            }
            for table, came in self.came.items()
        }


class Verdicts:
    """The first rule that each row of one table broke, filled while the table is checked: a byte a
    row, the number of a pair of rule and column, of which one table has some dozens."""

    def __init__(self, table: str, rows: int):
        self.table, self.rows = table, rows
        self._pair = np.zeros(rows, np.uint8)
        self._pairs = [NO_RULE]
        self._columns = [column.name for column in SPECS[table].columns]

    def refuse(self, rows: Flags | None, code: str, column: str) -> None:
        """Give these rows (a mask) this code, unless an earlier rule has them already."""
        if rows is None or not rows.any():
            return
        self._pair[rows & (self._pair == 0)] = self._number(code, column)

    def refuse_rows(self, rows: Ints, code: str, column: str) -> None:
        """The same of rows by number, from 0, that no earlier rule has."""
        self._pair[rows] = self._number(code, column)

    def enter(self, start: int, chunk: Verdicts) -> None:
        """What a chunk of the rows, from this one on, was found to break."""
        here = np.array([self._place(pair) for pair in chunk._pairs], np.uint8)
        self._pair[start : start + chunk.rows] = here[chunk._pair]

    def of(self, rows: Ints) -> tuple[Codes, Codes]:
        """(code as its position in CODES, column by position; -1 none) of rows by number."""
        code, column = np.array(self._pairs, np.int8).T
        pair = self._pair[rows]
        return code[pair], column[pair]

    def kept_of(self, rows: Ints) -> Flags:
        """Which of these rows (by number) broke no rule."""
        kept: Flags = self._pair[rows] == 0
        return kept

    def counts(self) -> dict[str, int]:
        """How many rows each rule refused."""
        many = np.bincount(self._pair[self.refused], minlength=len(self._pairs))
        found: dict[str, int] = {}
        for (code, _), rows in sorted(zip(self._pairs[1:], many[1:].tolist(), strict=True)):
            if rows:
                found[CODES[code]] = found.get(CODES[code], 0) + rows
        return found

    @property
    def kept(self) -> Flags:
        """Mask of the rows that broke no rule."""
        kept: Flags = self._pair == 0
        return kept

    @property
    def refused(self) -> Flags:
        """Mask of the rows that broke one."""
        refused: Flags = self._pair != 0
        return refused

    def _number(self, code: str, column: str) -> int:
        return self._place((CODE_AT[code], self._columns.index(column)))

    def _place(self, pair: tuple[int, int]) -> int:
        if pair not in self._pairs:
            self._pairs.append(pair)
        return self._pairs.index(pair)
