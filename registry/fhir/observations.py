"""Observations to rows of `measurements`: the readings of one child, day and source are one row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from registry.checks.oedema_words import grade_in
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
from registry.fhir.rows import LeftOut, Row, TableRows
from registry.fhir.ucum import cell_of

NOT_FINAL = "REG039"
Key = tuple[str, str, str]


@dataclass(frozen=True)
class ObservedValue:
    """One value of one Observation: its column's cell, and the code of the rule that it breaks (or
    nothing)."""

    column: str
    cell: str
    code: str
    position: str = ""


@dataclass
class DayOfReadings:
    """The row of one child, day and source as its readings come in; `refused`, `repeats` and
    `others` (of another value) are rows of their own, each with its number in the source."""

    row: Row
    number: int
    refused: list[tuple[int, ObservedValue]] = field(default_factory=list)
    others: list[tuple[int, Row]] = field(default_factory=list)
    repeats: list[tuple[int, ObservedValue]] = field(default_factory=list)


class DayReadings:
    """All Observations of a source, put together to rows."""

    def __init__(self, directory: Directory, left_out: LeftOut):
        self._directory, self._left_out = directory, left_out
        self._groups: dict[Key, DayOfReadings] = {}
        self.birth_weights: dict[str, list[tuple[int, ObservedValue]]] = {}
        """By child: a birth weight is the child's, and no measurement of a day."""

    def take(self, observation: Resource, number: int) -> None:
        """One Observation, and its components; those of other codes are counted and left out."""
        if text(observation, "status") in WITHDRAWN_STATUSES:
            self._left_out.add(f"Observation that was {text(observation, 'status')}")
            return
        found = list(_readings(observation))
        if not found:
            self._left_out.add(f"Observation of other codes ({_first_code(observation)})")
        child = self._directory.id_of(part(observation, "subject"), "child")
        for reading in found:
            if reading.column == "birth_weight_kg":
                self.birth_weights.setdefault(child, []).append((number, reading))
            else:
                self._enter(observation, child, number, reading)

    def _enter(
        self, observation: Resource, child: str, number: int, reading: ObservedValue
    ) -> None:
        row = {
            "child_id": child,
            "measured_on": _day(observation),
            "source": text(part(observation, "meta"), "source"),
        }
        group = self._groups.setdefault((*row.values(),), DayOfReadings(row, number))  # type: ignore[arg-type]
        recorded = day_text(text(observation, "issued"))
        # Nothing of a row is known before its last part was.
        group.row["recorded_on"] = max(group.row.get("recorded_on", ""), recorded)
        if reading.code:
            group.refused.append((number, reading))
        elif not group.row.get(reading.column):
            group.row |= _cells(reading)
        elif _same(group.row, reading):
            group.row |= _cells(reading)
            group.repeats.append((number, reading))
        else:
            group.others.append((number, row | _cells(reading)))

    def into(self, table: TableRows) -> None:
        """The rows. A reading that is refused is a row of its own which names the day's others too,
        so that its correction does not lose them; these are kept."""
        for group in self._groups.values():
            kept = {**group.row}
            if not group.refused or any(kept.get(name) for name in _MEASURES):
                table.keep(kept, group.number)
            for number, reading in group.repeats:
                table.refuse(kept, number, "REG040", reading.column)
            for number, other in group.others:
                # Two readings that differ are two rows of one key, of which neither is kept.
                table.keep(group.row | other, number)
            for number, reading in group.refused:
                table.refuse(kept | _cells(reading), number, reading.code, reading.column)


_MEASURES = ("weight_kg", "height_cm", "muac_mm", "oedema")


def _same(row: Row, reading: ObservedValue) -> bool:
    """Does a reading say what its row says already? A height without its position is the same as
    one with it."""
    positions = {row.get("height_position", ""), reading.position} - {""}
    same = row[reading.column] == reading.cell
    return same and (reading.column != "height_cm" or len(positions) < 2)


def _cells(reading: ObservedValue) -> Row:
    position = {"height_position": reading.position} if reading.position else {}
    return {reading.column: reading.cell} | position


def _readings(observation: Resource) -> Iterator[ObservedValue]:
    """The readings of an Observation and its components that the contract has a column for."""
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
        yield ObservedValue(column, cell, broken or ("" if final else NOT_FINAL), position)


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
