"""Rows of one table as they are put together from resources, and what was refused or left out on
the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from registry.checks.raw import ALL_AT_ONCE, Raw, Sizes
from registry.checks.rejected import CODE_AT, RejectedRows, joined
from registry.contract.arrays import Ints
from registry.contract.tables import SPECS
from registry.sources.rows_on_disk import GatheredRows

Row = dict[str, str]
AT_ONCE = 50_000
"""Rows as dicts at a time."""


class TableRows:
    """The rows of one table under the contract's names, with their numbers in the source; and the
    refused ones, each with its code and column. Of more rows than a chunk of `sizes` those kept
    are set down on disk."""

    def __init__(self, table: str, sizes: Sizes = ALL_AT_ONCE):
        self.table = table
        self.names = [one.name for one in SPECS[table].columns if one.name != "family_id"]
        self.refused: list[tuple[int, str, str, Row]] = []
        self._gathered = GatheredRows(sizes.chunk, sizes.folder)
        self._at_once = min(sizes.chunk, AT_ONCE)
        self._rows: list[Row] = []
        self._numbers: list[int] = []
        self._told: list[RejectedRows] = []

    @property
    def is_empty(self) -> bool:
        """Did nothing come for this table?"""
        return not (self._rows or self.refused or self._told or self._gathered.rows)

    def keep(self, row: Row, number: int) -> None:
        """A row that the checks judge."""
        self._rows.append(row)
        self._numbers.append(number)
        if len(self._rows) >= self._at_once:
            self._gather()

    def refuse(self, row: Row, number: int, code: str, column: str) -> None:
        """A row that is quarantined as it is."""
        self.refused.append((number, code, column, row))

    def gather(self, data: pa.Table, numbers: Ints) -> None:
        """Many rows that the checks judge, as columns."""
        self._gathered.add(data, numbers)

    def refuse_all(self, rows: RejectedRows) -> None:
        """Many rows that are quarantined as they are; they come before those of `refuse`."""
        self._told.append(rows)

    def kept(self) -> GatheredRows:
        """The rows that the checks judge."""
        self._gather()
        return self._gathered

    def raw(self) -> Raw:
        """All of it, ready for `registry.checks.table.check`."""
        # What FHIR's dates and our grades mean is declared: nothing is read in two ways.
        days = {column.name for column in SPECS[self.table].columns if column.kind == "day"}
        declared = frozenset(days | {"oedema"})
        told = [rows for rows in (*self._told, self.rejected()) if len(rows)]
        return self.kept().raw(joined(told), declared)

    def changed(self, change: Callable[[pa.Table, Ints], pa.Table]) -> None:
        """The kept rows, chunk by chunk, as others of as many."""
        self._gathered = self.kept().changed(lambda data, numbers: (change(data, numbers), numbers))

    def _gather(self) -> None:
        if self._rows or not self._gathered.rows:
            numbers = np.array(self._numbers, np.int64)
            self._gathered.add(self.cells(self._rows), numbers)
        self._rows, self._numbers = [], []

    def cells(self, rows: list[Row]) -> pa.Table:
        """Rows as columns; what a row lacks is empty."""
        return pa.table(
            {
                name: pa.array([row.get(name) or None for row in rows], pa.string())
                for name in self.names
            }
        )

    def rejected(self) -> RejectedRows:
        """The rows of `refuse`."""
        at = {column.name: place for place, column in enumerate(SPECS[self.table].columns)}
        return RejectedRows(
            self.table,
            np.array([number for number, *_ in self.refused], np.int64),
            np.array([CODE_AT[code] for _, code, _, _ in self.refused], np.int8),
            np.array([at[column] for _, _, column, _ in self.refused], np.int8),
            self.cells([row for *_, row in self.refused]),
        )


@dataclass
class NotRead:
    """What a source holds beside the contract, counted by kind, so that nothing goes silently."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str) -> None:
        """One more of a kind."""
        self.counts[kind] += 1

    def lines(self) -> tuple[str, ...]:
        """A line for each kind."""
        return tuple(f"not read: {many} {kind}" for kind, many in sorted(self.counts.items()))
