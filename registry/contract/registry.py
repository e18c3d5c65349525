"""The registry in memory: the contract's tables as sorted columns, every version of every row.

This is what `registry.store.store.load` and `registry.checks.table` hand out and what
`features.clock` reads. It is columnar so that one kernel serves five million measurements and a
single child alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from registry.contract.arrays import AnyArray, Days, Flags, Ints, Texts

# Declared in `days`; who reads a registry may take them from here.
from registry.contract.days import NEVER as NEVER
from registry.contract.days import day_date as day_date
from registry.contract.days import day_number as day_number

DAY, CODE, NUMBER, REF = np.int32, np.int8, np.float64, np.int32

COLUMNS: dict[str, dict[str, type]] = {
    "centres": {
        "centre": REF,
        "sector": REF,
        "project": REF,
        "district": REF,
        "setting": CODE,
        "latitude": NUMBER,
        "longitude": NUMBER,
    },
    "children": {
        "child": REF,
        "family": REF,
        "sex": CODE,
        "birth_date": DAY,
        "birth_date_uncertain_days": NUMBER,
        "centre": REF,
        "birth_weight_kg": NUMBER,
        "registered_on": DAY,
        "left_on": DAY,
        "left_reason": CODE,
        "left_known_from": DAY,
    },
    "measurements": {
        "child": REF,
        "measured_on": DAY,
        "weight_kg": NUMBER,
        "height_cm": NUMBER,
        "height_position": CODE,
        "muac_mm": NUMBER,
        "oedema": NUMBER,
        "reported_status": CODE,
    },
    "episodes": {
        "child": REF,
        "episode": REF,
        "programme": CODE,
        "admitted_on": DAY,
        "appetite_test": CODE,
        "complications": NUMBER,
        "closed_on": DAY,
        "outcome": CODE,
        "transfer_reason": CODE,
        "closed_known_from": DAY,
    },
    "checks": {
        "child": REF,
        "checked_on": DAY,
        "diarrhoea": NUMBER,
        "fever": NUMBER,
        "cough": NUMBER,
        "poor_appetite": NUMBER,
        "examiner": CODE,
        "appetite_test": CODE,
        "sam_confirmed": NUMBER,
    },
    "rations": {"child": REF, "issued_on": DAY, "item": CODE, "quantity": NUMBER},
    "attendance": {"child": REF, "month": DAY, "open_days": NUMBER, "attended_days": NUMBER},
    "visits": {"child": REF, "visited_on": DAY, "finding": CODE, "listed_on": DAY},
    "stocks": {"centre": REF, "counted_on": DAY, "item": CODE, "quantity": NUMBER},
}
"""Columns of each table in memory; each table also has `known_from`, `known_until` (days) as its
last two.

Ids become positions (`child` in `Registry.child_ids`, `centre` in `Registry.centre_ids`, …; -1
where missing), dates become days since 1970-01-01 (`NEVER` where missing), codes become the numbers
of `registry.contract.codes` (-1 where missing), numbers and three-state truths become floats (NaN
where missing). A month is its first day.
"""

OWN_DAY = {
    "measurements": "measured_on",
    "episodes": "admitted_on",
    "checks": "checked_on",
    "rations": "issued_on",
    "attendance": "month",
    "visits": "visited_on",
}
"""The day that a row of a child's table is about; within a child, rows are sorted by it."""
ANY_OWN_DAY = OWN_DAY | {"stocks": "counted_on"}
"""The same with the tables of centres."""
OF_CENTRES = frozenset({"centres", "stocks"})
"""Tables whose rows are a centre's; the others' are a child's."""


class Table(Mapping[str, AnyArray]):
    """Columns of one length by name. Immutable by convention; `take` selects rows."""

    __slots__ = ("_columns", "rows")

    def __init__(self, columns: Mapping[str, AnyArray]):
        self._columns = dict(columns)
        self.rows = len(next(iter(self._columns.values()))) if self._columns else 0
        if any(len(column) != self.rows for column in self._columns.values()):
            raise ValueError("columns differ in length")

    def __getitem__(self, name: str) -> AnyArray:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def take(self, rows: Ints | Days | Flags | slice) -> Table:
        """The rows at these positions (or where this mask is true), in that order."""
        return of_one_length({name: column[rows] for name, column in self._columns.items()})

    def having(self, **columns: AnyArray) -> Table:
        """This table with further (or replaced) columns."""
        return Table(self._columns | columns)


def of_one_length(columns: dict[str, AnyArray]) -> Table:
    """A table of columns that are known to be of one length: a single child's view makes dozens of
    them."""
    table = Table.__new__(Table)
    table._columns = columns
    table.rows = len(next(iter(columns.values()))) if columns else 0
    return table


def empty_table(name: str) -> Table:
    """A table of the contract without rows."""
    types = COLUMNS[name] | {"known_from": DAY, "known_until": DAY}
    return Table({column: np.empty(0, kind) for column, kind in types.items()})


@dataclass(frozen=True)
class OwnTable:
    """A table of somebody's own beside the contract's (rain, distance, income): numbers of each
    `of` (child, family, centre, sector, project or district), in every version.

    `versions`: columns `key` (the position of what a row is about), `known_from`, `known_until`,
    and the values (float64, NaN where missing) under `names`; sorted by key, then `known_from`.
    """

    of: str
    names: tuple[str, ...]
    versions: Table


@dataclass(frozen=True)
class Registry:
    """Every table with every version of its rows, sorted by (child, own day), and the texts behind
    positions.

    A version of a row is known on day d when `known_from <= d < known_until`. Cells that are known
    later than their row carry their own day: an episode's close (`closed_known_from`), a child's
    leaving (`left_known_from`). `recorded_until` is the last day that the records speak of:
    follow-up ends there.
    """

    centres: Table
    children: Table
    measurements: Table
    episodes: Table
    checks: Table
    rations: Table
    attendance: Table
    visits: Table
    child_ids: Texts
    centre_ids: Texts
    sector_ids: Texts
    project_ids: Texts
    district_ids: Texts
    episode_ids: Texts
    recorded_until: int
    stocks: Table = field(default_factory=lambda: empty_table("stocks"))
    beside: tuple[OwnTable, ...] = ()
    facts: dict[str, object] = field(default_factory=dict)
    """What a reader of results must know: `synthetic` (bool), `share_assumed_dates` (0 to 1),
    `registry_id` (text, of this store), `made_up_epoch` (ISO date, or absent when the dates are
    real)."""

    def table(self, name: str) -> Table:
        """A table by the contract's name."""
        table: Table = getattr(self, name)
        return table
