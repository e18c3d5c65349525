"""The verdicts over one table's rows, and all that one import refused. Values of a result, never
exceptions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TypedDict

import numpy as np

from registry.checks.rejected import CODE_AT, CODES, QuarantinedRow, RejectedRows
from registry.contract.arrays import Flags, Ints
from registry.contract.rules import RULES
from registry.contract.tables import SPECS


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
    """The first rule that each row of one table broke, filled while the table is checked."""

    def __init__(self, table: str, rows: int):
        self.table = table
        self.code = np.zeros(rows, np.int8)
        self.column = np.full(rows, -1, np.int8)
        self._columns = [column.name for column in SPECS[table].columns]

    def refuse(self, rows: Flags | None, code: str, column: str) -> None:
        """Give these rows (a mask) this code, unless an earlier rule has them already."""
        if rows is None or not rows.any():
            return
        first = rows & (self.code == 0)
        self.code[first] = CODE_AT[code]
        self.column[first] = self._columns.index(column)

    def refuse_rows(self, rows: Ints, code: str, column: str) -> None:
        """The same of rows by number, from 0, that no earlier rule has."""
        self.code[rows] = CODE_AT[code]
        self.column[rows] = self._columns.index(column)

    def enter(self, start: int, chunk: Verdicts) -> None:
        """What a chunk of the rows, from this one on, was found to break."""
        rows = slice(start, start + len(chunk.code))
        self.code[rows], self.column[rows] = chunk.code, chunk.column

    def counts(self) -> dict[str, int]:
        """How many rows each rule refused."""
        at, rows = np.unique(self.code[self.code > 0], return_counts=True)
        return {CODES[code]: int(many) for code, many in zip(at, rows, strict=True)}

    @property
    def kept(self) -> Flags:
        """Mask of the rows that broke no rule."""
        kept: Flags = self.code == 0
        return kept

    @property
    def refused(self) -> Flags:
        """Mask of the rows that broke one."""
        refused: Flags = self.code != 0
        return refused
