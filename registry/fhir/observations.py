"""Observations to rows of `measurements`: the readings of one child, day and source are one row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from registry.checks.oedema_words import grade_in
from registry.checks.raw import Sizes
from registry.checks.rejected import RejectedRows, together
from registry.contract.arrays import Ints
from registry.fhir.birth_weights import COLUMN as BIRTH_WEIGHT
from registry.fhir.birth_weights import SHARE, BirthWeights
from registry.fhir.fhir_codes import (
    EXTENSIONS,
    LOINC,
    LOINC_COLUMNS,
    POSITIONS,
    READ_STATUSES,
    READINGS,
    WITHDRAWN_STATUSES,
)
from registry.fhir.resources import (
    Directory,
    Resource,
    codes_of,
    day_text,
    extension_text,
    items,
    part,
    text,
)
from registry.fhir.rows import NotRead, Row, TableRows
from registry.fhir.text_rows import TextRows
from registry.fhir.ucum import cell_of

NOT_FINAL = "REG039"
VALUE = ("child", "day", "source", "recorded_on", "column", "cell", "code", "position")
"""A value as it waits for the others of its day."""


@dataclass(frozen=True)
class ObservedValue:
    """One value of one Observation: its place in the source, its column's cell, and the code of the
    rule that it breaks (or nothing)."""

    number: int
    column: str
    cell: str
    code: str
    position: str = ""

    @property
    def cells(self) -> Row:
        """As a row has it."""
        position = {"height_position": self.position} if self.position else {}
        return {self.column: self.cell} | position


@dataclass
class DayOfReadings:
    """All values of one child, day and source, by column; `row`: what they share; `first`: the
    number of the first."""

    row: Row
    first: int
    values: dict[str, list[ObservedValue]] = field(default_factory=dict)

    def take(self, value: ObservedValue, recorded_on: str) -> None:
        """One value more. Nothing of a row is known before its last part was."""
        self.row["recorded_on"] = max(self.row["recorded_on"], recorded_on)
        self.values.setdefault(value.column, []).append(value)

    def into(self, table: TableRows) -> None:
        """The row of all values that can be read; each other value as a refused row of its own, so
        that an arm is not lost to a weight in stones."""
        kept, refused, repeats = dict(self.row), [], []
        for values in self.values.values():
            good = [value for value in values if not value.code]
            refused += [(value, value.code) for value in values if value.code]
            if _differ(good):
                refused += [(value, "REG041") for value in good]
            else:
                for value in good:
                    kept |= value.cells
                repeats += good[1:]
        if len(refused) < sum(map(len, self.values.values())):
            table.keep(kept, self.first)
        for value in repeats:
            table.refuse(kept, value.number, "REG040", value.column)
        for value, code in refused:
            # Its own source: corrected, it takes the place of nothing, and nothing takes its own.
            own = {"source": f"{self.row['source'] or 'fhir'}#{value.column}"}
            table.refuse(self.row | own | value.cells, value.number, code, value.column)


def _differ(values: list[ObservedValue]) -> bool:
    """Do values of one column say different things? A height without its position is the same as
    one with it."""
    cells = {value.cell for value in values}
    return len(cells) > 1 or len({value.position for value in values} - {""}) > 1


class DayReadings:
    """All Observations of a source, put together to rows. Their values lie as numbers on disk
    where they are too many for memory, sorted by child; those of some children are put together at
    a time."""

    def __init__(self, directory: Directory, left_out: NotRead, sizes: Sizes):
        self._directory, self._left_out, self._sizes = directory, left_out, sizes
        self.birth_weights = BirthWeights(sizes)
        """A birth weight is the child's, and no measurement of a day."""
        at_once = max(sizes.part // SHARE, 1)
        self._values = TextRows(VALUE, sizes, owner="child", at_once=at_once)

    def take(self, observation: Resource, number: int) -> None:
        """One Observation, and its components; those of other codes are counted and left out."""
        if text(observation, "status") in WITHDRAWN_STATUSES:
            self._left_out.add(f"Observation that was {text(observation, 'status')}")
            return
        found = list(_values(observation, number))
        if not found:
            self._left_out.add(f"Observation of other codes ({_first_code(observation)})")
            return
        child = self._directory.id_of(part(observation, "subject"), "child")
        day, source = _day(observation), text(part(observation, "meta"), "source")
        recorded_on = _recorded_on(observation)
        for value in found:
            if value.column == BIRTH_WEIGHT:
                self.birth_weights.take(child, value.cell, value.code, number)
            else:
                said = (value.column, value.cell, value.code, value.position)
                self._values.take((child, day, source, recorded_on, *said), number)

    def into(self, table: TableRows) -> None:
        """The rows of all days, by the first value of each, and so the refused ones."""
        at_once = max(self._sizes.part // 4, 1)
        kept = TextRows(table.names, self._sizes, at_once=at_once)
        refused: list[RejectedRows] = []
        first: list[int] = []
        for values, numbers in self._values.parts():
            rows = TableRows(table.table)
            for day in _days(values, numbers):
                before = len(rows.refused)
                day.into(rows)
                first += [day.first] * (len(rows.refused) - before)
            for data, of_rows in rows.kept().numbered_chunks():
                kept.take_all(data, of_rows)
            refused.append(rows.rejected())
        for data, numbers in kept.parts():
            table.gather(data, numbers)
        if first:
            table.refuse_all(together(refused).taken(np.argsort(first, kind="stable")))


def _days(values: pa.Table, numbers: Ints) -> Iterable[DayOfReadings]:
    """The days of some children out of all their values, by their numbers."""
    days: dict[tuple[str, str, str], DayOfReadings] = {}
    each = zip(*(values[name].to_pylist() for name in VALUE), strict=True)
    for (child, day, source, recorded_on, *said), number in zip(
        each, numbers.tolist(), strict=True
    ):
        key = (child, day, source)
        if key not in days:
            row = {"child_id": child, "measured_on": day, "source": source, "recorded_on": ""}
            days[key] = DayOfReadings(row, number)
        days[key].take(ObservedValue(number, *said), recorded_on)
    return days.values()


def _recorded_on(observation: Resource) -> str:
    return day_text(text(observation, "issued"))


def _values(observation: Resource, number: int) -> Iterator[ObservedValue]:
    """The values of an Observation and its components that the contract has a column for."""
    final = text(observation, "status") in READ_STATUSES
    for one in (observation, *items(observation, "component")):
        code = part(one, "code")
        loinc = codes_of(code, LOINC)
        column = next((LOINC_COLUMNS[known] for known in loinc if known in LOINC_COLUMNS), "")
        if column:
            cell, broken = cell_of(one.get("valueQuantity"), column)
            position = next((POSITIONS[known] for known in loinc if known in POSITIONS), "")
            if column == "height_cm" and not position:
                position = extension_text(one, EXTENSIONS["height-position"])
        elif "oedema" in codes_of(code, READINGS):
            column, position, broken = "oedema", "", ""
            cell = _grade(one)
        else:
            continue
        yield ObservedValue(number, column, cell, broken or ("" if final else NOT_FINAL), position)


def _grade(observation: Resource) -> str:
    """Oedema's grade as it is said: a whole number, yes or no, or words."""
    value: Any = next(
        (observation[key] for key in observation if key.startswith("value")),
        None,
    )
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, dict):
        words = text(value, "text") or next(
            (text(one, "code") for one in items(value, "coding")), ""
        )
        grade = grade_in(words)
        return words if grade is None else str(grade)
    return "" if value is None else str(value)


def _day(observation: Resource) -> str:
    for name in ("effectiveDateTime", "effectiveInstant"):
        if said := text(observation, name):
            return day_text(said)
    return day_text(text(part(observation, "effectivePeriod"), "start"))


def _first_code(observation: Resource) -> str:
    """A code to tell by, never a text: that may hold a name."""
    coded = items(part(observation, "code"), "coding")
    return next((text(one, "code")[:20] for one in coded if text(one, "code")), "no code")
