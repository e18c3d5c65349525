"""Rows of one table as they are put together from resources, and what was refused or left out on
the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from registry.checks.rejected import CODE_AT, RejectedRows
from registry.checks.table import Raw
from registry.contract.tables import SPECS

Row = dict[str, str]


@dataclass
class TableRows:
    """The rows of one table under the contract's names, with their numbers in the source; and the
    refused ones, each with its code and column."""

    table: str
    rows: list[Row] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    refused: list[tuple[int, str, str, Row]] = field(default_factory=list)

    def keep(self, row: Row, number: int) -> None:
        """A row that the checks judge."""
        self.rows.append(row)
        self.numbers.append(number)

    def refuse(self, row: Row, number: int, code: str, column: str) -> None:
        """A row that is quarantined as it is."""
        self.refused.append((number, code, column, row))

    def raw(self) -> Raw:
        """All of it, ready for `registry.checks.table.check`."""
        numbers = np.array(self.numbers, np.int64)
        # What FHIR's dates and our grades mean is declared: nothing is read in two ways.
        days = {column.name for column in SPECS[self.table].columns if column.kind == "day"}
        declared = frozenset(days | {"oedema"})
        return Raw(self._cells(self.rows), numbers, self._rejected(), declared=declared)

    def _cells(self, rows: list[Row]) -> pa.Table:
        names = [column.name for column in SPECS[self.table].columns]
        return pa.table(
            {
                name: pa.array([row.get(name) or None for row in rows], pa.string())
                for name in names
                if name != "family_id"
            }
        )

    def _rejected(self) -> RejectedRows | None:
        if not self.refused:
            return None
        at = {column.name: place for place, column in enumerate(SPECS[self.table].columns)}
        return RejectedRows(
            self.table,
            np.array([number for number, *_ in self.refused], np.int64),
            np.array([CODE_AT[code] for _, code, _, _ in self.refused], np.int8),
            np.array([at[column] for _, _, column, _ in self.refused], np.int8),
            self._cells([row for *_, row in self.refused]),
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
