"""Rejected rows as columns: a file of a million bad rows is kept, counted and written without a
million objects."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from registry.contract.arrays import Codes, Ints
from registry.contract.rules import RULES
from registry.contract.tables import SPECS, bound

CODES = ("", *RULES)
"""Verdicts are positions in this tuple; 0 is a row that is kept."""
CODE_AT = {code: position for position, code in enumerate(CODES)}
FORGOTTEN = CODE_AT["REG053"]
AT_ONCE = 50_000
"""Rows of which the texts are in memory together."""
LONGEST = 2000
"""Characters of a refused cell that are kept."""
_json = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True)
class QuarantinedRow:
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
        """What is wrong in words, without the child's values: `REG012 weight out of range: 0.5 to
        60 kg`."""
        return f"{self.code} {RULES[self.code].title}: {self.bound}"


@dataclass(frozen=True)
class RejectedRows:
    """Rejected rows of one table: their numbers in the source, codes and columns by position, and
    their cells.

    `numbers` int64, `code` and `column` int8 (positions in `CODES` and in the table's columns), all
    of one length with `cells`, the rows as they came; of a line that could not be taken apart the
    one cell `line`.
    """

    table: str
    numbers: Ints
    code: Codes
    column: Codes
    cells: pa.Table

    def __len__(self) -> int:
        return len(self.numbers)

    def counts(self) -> dict[str, int]:
        """How many rows each rule refused."""
        at, rows = np.unique(self.code, return_counts=True)
        return {CODES[code]: int(many) for code, many in zip(at, rows, strict=True)}

    def without(self, code: str) -> RejectedRows:
        """The rows that another rule refused."""
        kept = np.flatnonzero(self.code != CODE_AT[code])
        return self if len(kept) == len(self) else self.taken(kept)

    def taken(self, rows: Ints) -> RejectedRows:
        """These of the rows, in this order."""
        return RejectedRows(
            self.table,
            self.numbers[rows],
            self.code[rows],
            self.column[rows],
            self.cells.take(pa.array(rows)),
        )

    def pieces(self) -> Iterator[list[QuarantinedRow]]:
        """The rows with their texts, some thousand at a time."""
        for start in range(0, len(self), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            cells = self.cells.slice(start, AT_ONCE)
            yield _told(
                RejectedRows(
                    self.table, self.numbers[part], self.code[part], self.column[part], cells
                )
            )


def broken_lines(table: str, lines: list[tuple[int, str]], *, shown: bool) -> RejectedRows | None:
    """Rows with too many or too few cells, with their text where it may be shown; None where there
    are none."""
    if not lines:
        return None
    count = len(lines)
    texts = [text if shown else f"row {number}" for number, text in lines]
    return RejectedRows(
        table,
        np.array([number for number, _ in lines], np.int64),
        np.full(count, CODE_AT["REG005"], np.int8),
        np.zeros(count, np.int8),
        pa.table({"line": pa.array(texts, pa.string())}),
    )


def joined(parts: list[RejectedRows]) -> RejectedRows | None:
    """Several of one table as one; None where there are none."""
    return together(parts) if parts else None


def together(parts: list[RejectedRows]) -> RejectedRows:
    """Several of one table (at least one) as one."""
    return RejectedRows(
        parts[0].table,
        np.concatenate([part.numbers for part in parts]),
        np.concatenate([part.code for part in parts]),
        np.concatenate([part.column for part in parts]),
        pa.concat_tables([part.cells for part in parts]),
    )


def _told(rows: RejectedRows) -> list[QuarantinedRow]:
    names = [column.name for column in SPECS[rows.table].columns]
    texts = {name: _texts(rows.cells[name]) for name in rows.cells.column_names}
    code, column = rows.code.tolist(), rows.column.tolist()
    broken = set(zip(code, column, strict=True))
    bounds = {(rule, at): bound_of(rows.table, names[at], CODES[rule]) for rule, at in broken}
    nothing = [None] * len(rows)
    values = [texts.get(name, nothing) for name in names]
    told = zip(rows.numbers.tolist(), code, column, _raw(texts, len(rows)), strict=True)
    return [
        # What was forgotten may not come back through quarantine.
        QuarantinedRow(rows.table, number, CODES[rule], names[at], "", bounds[rule, at], "{}")
        if rule == FORGOTTEN
        else QuarantinedRow(
            rows.table, number, CODES[rule], names[at], values[at][row] or "", bounds[rule, at], raw
        )
        for row, (number, rule, at, raw) in enumerate(told)
    ]


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    """Each cell as text, cut at `LONGEST`; each different one is made once."""
    array = column.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    array = array.dictionary_encode()
    different = [str(cell)[:LONGEST] for cell in array.dictionary.to_pylist()]
    return [None if at is None else different[at] for at in array.indices.to_pylist()]


def _raw(texts: dict[str, list[str | None]], rows: int) -> list[str]:
    """Rows as JSON, empty cells left out, in the contract's order of columns."""
    named = [_fragments(name, cells) for name, cells in texts.items()]
    each = zip(*named, strict=True) if named else [()] * rows
    return ["{" + ", ".join(filter(None, row)) + "}" for row in each]


def _fragments(name: str, cells: list[str | None]) -> list[str]:
    made: dict[str | None, str] = {
        cell: f"{_json(name)}: {_json(cell)}" for cell in set(cells) if cell is not None
    }
    made[None] = ""
    return [made[cell] for cell in cells]


_OTHER_BOUNDS = {
    "REG010": "not empty",
    "REG011": "not empty",
    "REG052": "not empty",
    "REG020": "a plain number",
    "REG030": "not after the day of import",
    "REG031": "not before the birth date",
    "REG032": "from 1950-01-01",
    "REG033": "not before admitted_on",
    "REG034": "not before registered_on",
    "REG035": "at most open_days",
    "REG040": "each row once",
    "REG041": "one row for each key",
    "REG042": "a family's code",
    "REG050": "a child_id of the children table",
    "REG051": "a centre_id of the centres table",
    "REG025": "at most 500 printable characters",
    "REG026": "a value, no error and no formula",
    "REG027": "the whole code, as text",
    "REG028": "a UCUM code of its kind: kg, g, [lb_av]; mm, cm, m",
    "REG039": "final, amended, corrected or preliminary",
    "REG036": "a weight, height, arm, oedema or colour",
    "REG053": "not asked to be forgotten",
    "REG005": "as many cells as the header",
}


def bound_of(table: str, column: str, code: str) -> str:
    """The bound that a cell of this column breaks under this code, in words."""
    return _OTHER_BOUNDS.get(code) or bound(SPECS[table].column(column))


def fingerprints(rows: list[QuarantinedRow], seen: Counter[bytes]) -> list[str]:
    """A name for each refused row by what it holds, so that importing it again adds nothing;
    repeats are numbered.

    `seen` counts the names of one import from piece to piece.
    """
    prints = []
    for row in rows:
        digest = hashlib.sha256(
            "\x00".join((row.table, row.code, row.column, row.raw)).encode()
        ).digest()[:16]
        prints.append(f"{digest.hex()}-{seen[digest]}")
        seen[digest] += 1
    return prints
