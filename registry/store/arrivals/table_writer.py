"""The kept rows of one table into the store, part by part: numbered, dated, merged with the present
versions, appended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from registry.contract.arrays import AnyArray, Days, Ints
from registry.contract.days import NEVER
from registry.contract.registry import ANY_OWN_DAY, OWN_DAY, REF
from registry.contract.tables import EARLIEST
from registry.contract.versions import DAYS_SPOKEN_OF, EVER, dated, last_day_counted
from registry.store import schema
from registry.store.arrivals.merge import merge
from registry.store.arrivals.past import LateRows, PastRows
from registry.store.arrivals.present_rows import PRESENT, present_rows
from registry.store.bulk import Bulk, to_arrow

MANY = 100_000
"""Rows from which an empty table's index is better made after them."""
COUNTED_FROM, COUNTED_SHARE = 1_000, 0.1
"""New rows, at least, and as a share of the table's, from which its statistics are made anew."""


@dataclass(frozen=True)
class Arrival:
    """What all tables of one import share. `first`: nothing was imported before; `past`: a first
    load of the past, asked up to day `asked`; `retry`: out of the store's own quarantine."""

    number: int
    day: int
    first: bool
    past: bool
    retry: bool
    asked: int | None


class TableWriter:
    """Writes one table: `write` each part in order, then `finish`.

    numbers: the store's number of each position of a text, by kind, the last that of the missing.
    rows: how many rows will come; part_rows: of each part at most.
    """

    def __init__(
        self,
        bulk: Bulk,
        name: str,
        arrival: Arrival,
        *,
        numbers: Mapping[str, Days],
        rows: int,
        part_rows: int,
    ):
        self._bulk, self._name, self._arrival = bulk, name, arrival
        self._numbers, self._part_rows = numbers, part_rows
        self._next = next_number(bulk, name, "no")
        self._fills = self._next == 1 and rows >= MANY
        self._late, self._past = LateRows(), PastRows()
        self._days: Ints = np.zeros(0, np.int64)
        self.written = self.assumed = 0
        """Rows written, and those of them that nobody dated."""
        if self._fills:
            bulk.drop_indexes(name)

    def write(self, columns: dict[str, AnyArray]) -> None:
        """A part of the checked rows, whose texts become the store's numbers in place."""
        name, arrival = self._name, self._arrival
        for kind, numbers in self._numbers.items():
            if kind in columns:
                columns[kind] = numbers[columns[kind]]
        if not len(columns["recorded_on"]):
            return
        open_ = arrival.first or arrival.past
        rows = dated(name, columns, not_before=int(EVER) if open_ else arrival.day)
        if not arrival.first:
            rows = self._supersede(rows)
            if name in ANY_OWN_DAY and not arrival.past and not arrival.retry:
                self._late.look(rows[ANY_OWN_DAY[name]], rows["recorded_on"], arrival.day)
        if len(rows["recorded_on"]):
            self._append(rows)

    def finish(self) -> str:
        """After the last part; returns what a person should know of rows that came late. Raises
        Refused where a past import would rewrite."""
        if self._arrival.past:
            self._past.refuse_rewriting(self._name, self._arrival.asked)
        if self._fills:
            self._bulk.make_indexes(self._name)
        if self.written >= max(COUNTED_FROM, COUNTED_SHARE * self._next):
            self._bulk.count_anew(self._name)
        return self._late.line(self._name, self._arrival.day)

    @property
    def last_day(self) -> int:
        """The last day that the written rows speak of."""
        days = np.flatnonzero(self._days)
        return last_day_counted((days + EARLIEST).astype(np.int32), self._days[days])

    def _supersede(self, rows: dict[str, AnyArray]) -> dict[str, AnyArray]:
        most = PRESENT * max(self._part_rows, len(rows["recorded_on"]))
        present = present_rows(self._bulk, self._name, rows, most=most)
        found = merge(self._name, rows, present)
        if self._arrival.past:
            # A child that moved since its last part was, on the days before, where that part had
            # it.
            rows["known_from"][found.changed] = found.known_until[:] = self._arrival.day
            self._past.changed += len(found.superseded)
            if self._arrival.asked is not None:
                known_from = rows["known_from"][found.fresh]
                self._past.before += int((known_from <= self._arrival.asked).sum())
        if len(found.superseded):
            self._end(present["no"][found.superseded], found.known_until)
        return {column: values[found.fresh] for column, values in rows.items()}

    def _end(self, no: AnyArray, known_until: Days) -> None:
        """End these versions."""
        columns = {"no": pa.array(no), "known_until": pa.array(known_until)}
        self._bulk.ingest("superseded", columns)
        self._bulk.execute(
            f"UPDATE {self._name} SET known_until = (SELECT known_until FROM superseded WHERE "
            f"superseded.no = {self._name}.no) WHERE no IN (SELECT no FROM superseded)"
        )
        self._bulk.execute("DELETE FROM superseded")

    def _append(self, rows: dict[str, AnyArray]) -> None:
        many = len(rows["recorded_on"])
        arrays = {"no": pa.array(np.arange(self._next, self._next + many))}
        rows = rows | {"import_no": np.full(many, self._arrival.number, REF)}
        kinds = schema.store_columns(self._name)
        arrays |= {column: to_arrow(rows[column], kind) for column, kind in kinds.items()}
        self._bulk.ingest(self._name, arrays)
        self._next += many
        self.written += many
        if self._name in OWN_DAY:
            self.assumed += int((rows["recorded_on"] == NEVER).sum())
        if self._name in DAYS_SPOKEN_OF:
            self._count_days(rows[DAYS_SPOKEN_OF[self._name]])

    def _count_days(self, days: AnyArray) -> None:
        counts = np.bincount(days - EARLIEST, minlength=len(self._days))
        counts[: len(self._days)] += self._days
        self._days = counts


def next_number(bulk: Bulk, table: str, column: str) -> int:
    """One more than the greatest number in a column."""
    last = bulk.query(
        f"SELECT COALESCE(MAX({column}), 0) AS last FROM {table}", {"last": np.int64}
    )["last"]
    return int(last[0]) + 1
