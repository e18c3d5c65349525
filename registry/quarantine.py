"""What was refused: a row, the rule it broke, the cell, the bound. Values of a result, never exceptions."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from registry.contract import RULES, SPECS, bound

CODES = ("", *RULES)
"""Verdicts are positions in this tuple; 0 is a row that is kept."""
CODE_AT = {code: position for position, code in enumerate(CODES)}


@dataclass(frozen=True)
class Quarantined:
    """One refused row: which rule, which cell, and the row as it came (contract columns only)."""

    table: str
    row: int
    code: str
    column: str
    value: str
    bound: str
    raw: str

    @property
    def reason(self) -> str:
        """What is wrong in words, without the child's values: `REG012 weight out of range: 0.5 to 60 kg`."""
        return f"{self.code} {RULES[self.code].title}: {self.bound}"


@dataclass
class Quarantine:
    """All refused rows of one import, and how many rows came in, by table."""

    rows: list[Quarantined] = field(default_factory=list)
    came: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def codes(self, table: str) -> dict[str, int]:
        """How many rows of a table each rule refused."""
        return dict(sorted(Counter(row.code for row in self.rows if row.table == table).items()))

    def counts(self) -> dict[str, dict[str, object]]:
        """By table: rows, kept, quarantined and codes; rows = kept + quarantined."""
        refused = Counter(row.table for row in self.rows)
        return {
            table: {"rows": came, "kept": came - refused[table], "quarantined": refused[table],
                    "codes": self.codes(table)}
            for table, came in self.came.items()
        }


class Verdicts:
    """The first rule that each row of one table broke, filled while the table is checked."""

    def __init__(self, table: str, rows: int):
        self.table = table
        self.code = np.zeros(rows, np.int8)
        self.column = np.full(rows, -1, np.int8)
        self._columns = [column.name for column in SPECS[table].columns]

    def refuse(self, rows: np.ndarray | None, code: str, column: str) -> None:
        """Give these rows (a mask) this code, unless an earlier rule has them already."""
        if rows is None or not rows.any():
            return
        first = rows & (self.code == 0)
        self.code[first] = CODE_AT[code]
        self.column[first] = self._columns.index(column)

    @property
    def kept(self) -> np.ndarray:
        """Mask of the rows that broke no rule."""
        return self.code == 0

    def quarantined(self, data: pa.Table, numbers: np.ndarray | None) -> list[Quarantined]:
        """The refused rows with the cell that broke the rule; `numbers` are row numbers in the source."""
        rows = np.flatnonzero(self.code)
        raw = data.take(pa.array(rows)).to_pylist() if len(rows) else []
        return [self._one(int(row), cells, numbers) for row, cells in zip(rows, raw, strict=True)]

    def _one(self, row: int, cells: dict[str, object], numbers: np.ndarray | None) -> Quarantined:
        column, code = self._columns[self.column[row]], CODES[self.code[row]]
        number = int(numbers[row]) if numbers is not None else row + 1
        if code == "REG053":
            # What was forgotten may not come back through quarantine.
            return Quarantined(self.table, number, code, column, "", bound_of(self.table, column, code), "{}")
        return Quarantined(self.table, number, code, column, _text(cells.get(column)),
                           bound_of(self.table, column, code), raw_row(cells))


def raw_row(cells: dict[str, object]) -> str:
    """A row as JSON, empty cells left out, in the contract's order of columns."""
    return json.dumps({name: _text(cell) for name, cell in cells.items() if cell is not None}, ensure_ascii=False)


def _text(cell: object) -> str:
    return "" if cell is None else str(cell)[:2000]


_OTHER_BOUNDS = {
    "REG010": "not empty", "REG011": "not empty", "REG052": "not empty", "REG020": "a plain number",
    "REG030": "not after the day of import", "REG031": "not before the birth date", "REG032": "from 1950-01-01",
    "REG033": "not before admitted_on", "REG034": "not before registered_on", "REG035": "at most open_days",
    "REG040": "each row once", "REG041": "one row for each key", "REG050": "a child_id of the children table",
    "REG051": "a centre_id of the centres table", "REG025": "at most 500 printable characters",
    "REG053": "not asked to be forgotten", "REG005": "as many cells as the header",
}


def bound_of(table: str, column: str, code: str) -> str:
    """The bound that a cell of this column breaks under this code, in words."""
    return _OTHER_BOUNDS.get(code) or bound(SPECS[table].column(column))


def fingerprints(rows: list[Quarantined]) -> list[str]:
    """A name for each refused row by what it holds, so that importing it again adds nothing; repeats are numbered."""
    seen: Counter[str] = Counter()
    prints = []
    for row in rows:
        text = hashlib.sha256("\x00".join((row.table, row.code, row.column, row.raw)).encode()).hexdigest()[:32]
        prints.append(f"{text}-{seen[text]}")
        seen[text] += 1
    return prints
