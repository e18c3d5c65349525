"""What a map declares: where each table of the contract comes from, column by column.
`registry.mapping.map_file` reads it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

UNITS = {
    "weight_kg": {"kg": 1.0, "g": 0.001, "100 g": 0.1},
    "birth_weight_kg": {"kg": 1.0, "g": 0.001, "100 g": 0.1},
    "height_cm": {"cm": 1.0, "m": 100.0, "mm": 0.1},
    "muac_mm": {"mm": 1.0, "cm": 10.0},
}
"""What one of a declared unit is in the contract's. DHS files hold weights in 100 g and heights in
mm."""
AGE_UNITS = ("days", "months")
PLACES = ("file", "sheet")


@dataclass(frozen=True)
class ColumnMap:
    """Where one column of the contract comes from; `headers` are tried in turn (or joined by
    `join`), `value` is the same for every row, `month_of` takes the month out of a file's or
    sheet's name.

    `age` says that a birth date is to be found from an age in that unit, at the day in the column
    `on`.
    """

    name: str
    headers: tuple[str, ...] = ()
    value: str | None = None
    factor: float = 1.0
    codes: Mapping[str, str] = field(default_factory=dict)
    dates: tuple[str, ...] = ()
    decimal: str = "."
    hashed: bool = False
    missing: tuple[str, ...] | None = None
    join: str | None = None
    month_of: str = ""
    day: int = 0
    age: str = ""
    on: str = ""


@dataclass(frozen=True)
class Parent:
    """The sheet that holds what rows have in common (Kobo's form above its repeats), and the
    columns that link them."""

    key: str
    by: str
    file: str | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class Values:
    """An export of one value a row: the column with each value's name, that with the value, and
    those that say which values belong together."""

    name: str
    value: str
    by: tuple[str, ...]


@dataclass(frozen=True)
class TableMap:
    """Where one table comes from: files, sheets or a query, its columns, and columns that stand
    once for each month.

    `distinct` keeps one of equal rows (a child's row repeated at each visit); `wide` gives patterns
    of headers such as `weight_{YYYY}_{MM}`, and `wide_day` the day of the month that such a cell is
    given. A table may be given more than once: each gives rows of its own.
    """

    name: str
    files: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    query: str | None = None
    distinct: bool = False
    rows: tuple[Mapping[str, object], ...] = ()
    columns: tuple[ColumnMap, ...] = ()
    wide: tuple[tuple[str, ColumnMap], ...] = ()
    wide_day: int = 0
    parent: Parent | None = None
    values: Values | None = None


@dataclass(frozen=True)
class Map:
    """A whole map; `text` is what it was read from, for the import's checksum; `past` is `sanket
    import --past`."""

    tables: tuple[TableMap, ...]
    made_up_epoch: dt.date | None = None
    past: bool = False
    text: str = ""
