"""One child's records as a person finds them in the register on a day: plain rows, nothing from the
code under test."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field

import numpy as np

from features.who.growth import zscores
from features.who.standards import BY_AGE
from registry.contract.codes import AppetiteTest, Programme, RationItem, StayOutcome, VisitFinding
from registry.contract.registry import NEVER, OWN_DAY, Registry, day_date, day_number


@dataclass
class Records:
    """Rows of each table, oldest first, as dicts; days are dates, codes are words, what is missing
    is None."""

    sex: int
    born: dt.date | None
    birth_weight_kg: float | None
    measurements: list[dict] = field(default_factory=list)
    episodes: list[dict] = field(default_factory=list)
    checks: list[dict] = field(default_factory=list)
    rations: list[dict] = field(default_factory=list)
    attendance: list[dict] = field(default_factory=list)
    visits: list[dict] = field(default_factory=list)
    siblings: list[str] = field(default_factory=list)

    def weights(self) -> list[tuple[dt.date, float]]:
        """(day, kg) of every weight."""
        return [
            (row["measured_on"], row["weight_kg"])
            for row in self.measurements
            if row["weight_kg"] is not None
        ]

    def days(self, day: dt.date) -> int:
        """Age on a day."""
        return (day - self.born).days

    def z(self, name: str, row: dict, height: dict | None = None) -> float:
        """WHO's z of a measurement, on its own height or on that of another row, to two decimals as
        WHO rounds."""
        of = height or row
        cm, position = of["height_cm"], of["height_position"]
        if cm is None:
            return math.nan
        if position is None and height is not None:
            position = 0 if self.days(height["measured_on"]) < 731 else 1
        found = zscores(
            sex=[self.sex],
            age_days=[float(self.days(row["measured_on"]))],
            weight_kg=[math.nan if row["weight_kg"] is None else row["weight_kg"]],
            height_cm=[cm],
            height_position=[-1 if position is None else position],
            oedema=[math.nan if row["oedema"] is None else row["oedema"]],
        )[name][0]
        return round(float(found), 2)

    def z_of_age(self, row: dict) -> float:
        """WAZ of a row, which asks for no height."""
        return (
            self.z("waz", row, row | {"height_cm": 60.0})
            if row["weight_kg"] is not None
            else math.nan
        )

    def whz(self, row: dict) -> float:
        """WHZ of a row on the newest height up to it."""
        until = self.measurements[
            : 1 + next(at for at, one in enumerate(self.measurements) if one is row)
        ]
        heights = [one for one in until if one["height_cm"] is not None]
        return self.z("whz", row, heights[-1]) if heights else math.nan

    def height_doubted(self, row: dict) -> bool:
        """Whether the newest height up to a row was copied while the median child grew 2.5 cm, or
        is 1.7 cm shorter than one before that no second reading has put right (docs/care.md)."""
        until = self.measurements[
            : 1 + next(at for at, one in enumerate(self.measurements) if one is row)
        ]
        heights = [one for one in until if one["height_cm"] is not None]
        if not heights:
            return False
        cm, run = heights[-1]["height_cm"], []
        for one in reversed(heights):
            if one["height_cm"] != cm:
                break
            run.append(min(self.days(one["measured_on"]), 1826))
        if BY_AGE[self.sex, run[0], 4] - BY_AGE[self.sex, run[-1], 4] >= 2.5:
            return True
        level, before = -math.inf, math.nan
        for one in heights:
            standing = one["height_position"] == 1 or (
                one["height_position"] is None and self.days(one["measured_on"]) >= 731
            )
            lying = one["height_cm"] + 0.7 * standing
            shrank = lying < level - 1.7 and not abs(lying - before) <= 0.7
            level = level if shrank else (lying if lying < level - 1.7 else max(level, lying))
            before = lying
        return shrank


_CODES = {
    "programme": Programme,
    "outcome": StayOutcome,
    "item": RationItem,
    "finding": VisitFinding,
    "appetite_test": AppetiteTest,
}
_DAYS = {*OWN_DAY.values(), "closed_on", "listed_on"}


def _cell(name: str, value):
    if name in _DAYS:
        return None if value == NEVER else day_date(value)
    if name in _CODES:
        return None if value < 0 else _CODES[name].text_of(value)
    if isinstance(value, np.floating):
        return None if np.isnan(value) else float(value)
    return None if name == "height_position" and value < 0 else int(value)


def records_of(
    registry: Registry, as_of: dt.date, *, only: set[str] | None = None
) -> dict[str, Records]:
    """Every child's records as known at the end of a day, by id; `only`: rows of these children
    alone."""
    day, found = day_number(as_of), {}
    kids = registry.children
    of_family: dict[int, list[str]] = {}
    for row in range(kids.rows):
        if kids["known_from"][row] <= day < kids["known_until"][row]:
            name = str(registry.child_ids[kids["child"][row]])
            born, kg = kids["birth_date"][row], kids["birth_weight_kg"][row]
            found[name] = Records(
                int(kids["sex"][row]),
                None if born == NEVER else day_date(born),
                None if np.isnan(kg) else float(kg),
            )
            if kids["family"][row] >= 0:
                of_family.setdefault(int(kids["family"][row]), []).append(name)
    for names in of_family.values():
        for name in names:
            found[name].siblings = [other for other in names if other != name]
    for table, own in OWN_DAY.items():
        rows = registry.table(table)
        wanted = (
            np.isin(registry.child_ids, sorted(only))
            if only
            else np.ones(len(registry.child_ids), bool)
        )
        for row in np.flatnonzero(wanted[rows["child"]]):
            if rows[own][row] <= day and rows["known_from"][row] <= day < rows["known_until"][row]:
                cells = {name: _cell(name, rows[name][row]) for name in rows}
                if table == "episodes" and rows["closed_known_from"][row] > day:
                    cells |= {"closed_on": None, "outcome": None}
                getattr(found[str(registry.child_ids[rows["child"][row]])], table).append(cells)
    return found
