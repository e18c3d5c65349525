"""What a child's measurements bear in a sentence: plain readings, the newest of each kind, what was
compared with what.

Part of `models.child_facts`; days are day numbers here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from features.criteria import criteria

TREND_DAYS, SHORTEST_TREND_DAYS, LONGEST_TREND_DAYS = 14, 7, 60
"""A change of weight is told over two weeks or more where there are such weights: one week is
within the scale's and the child's own noise (a bottle, a full bladder). verified: false."""
ADMISSION_DAYS = 14
"""A reading so long before an admission (or half as long after it) is that of the admission.
verified: false."""
_C = criteria()


class Reading(NamedTuple):
    """One measurement of a child (see `features.trajectory.points.growth_points`); NaN where
    something was not measured."""

    measured_on: int
    weight_kg: float
    height_cm: float
    muac_mm: float
    oedema: float
    age_days: float
    waz: float
    haz: float
    whz: float

    @property
    def swollen(self) -> bool:
        """Oedema was written down."""
        return self.oedema >= _C.oedema_from_grade

    @property
    def comparable(self) -> bool:
        """A weight that can be right and is not water."""
        return (
            self.weight_kg > 0
            and not self.swollen
            and (self.waz == self.waz or self.age_days > _C.last_day)
        )


def _last(readings: list[Reading], column: str) -> Reading | None:
    at = Reading._fields.index(column)
    for reading in reversed(readings):
        if reading[at] == reading[at]:
            return reading
    return None


def last_measured(readings: list[Reading]) -> dict[str, Any]:
    """The newest weight, height, arm, WHZ and HAZ, each with its day.

    `muac_mm` is the arm of now: of the last weighing or later. An arm of 113 mm in treatment says
    nothing of today.
    """
    told: dict[str, Any] = {}
    for name, column, digits in (
        ("last_weight", "weight_kg", 2),
        ("last_height", "height_cm", 1),
        ("last_muac", "muac_mm", 0),
        ("whz", "whz", 2),
        ("haz", "haz", 2),
    ):
        reading = _last(readings, column)
        if reading is not None:
            unit = column.rpartition("_")[2]
            called = name if name in ("whz", "haz") else f"{name}_{unit}"
            told |= {
                called: round(getattr(reading, column), digits),
                f"{name}_on": reading.measured_on,
            }
            if name == "last_muac" and reading.age_days >= _C.muac_from_days:
                told["last_muac_judged"] = True
    if told.get("last_muac_on", -1) >= told.get("last_weight_on", -1) and "last_muac_mm" in told:
        told["muac_mm"] = int(told["last_muac_mm"])
    return told


def weighings_of(readings: list[Reading]) -> list[Reading]:
    """The last reading with a weight of each day."""
    return list(
        {reading.measured_on: reading for reading in readings if reading.weight_kg > 0}.values()
    )


def trend(weighed: list[Reading]) -> dict[str, object]:
    """The weight before to which the newest is compared, and the step from the weighing just before
    the newest; `weighed` as `weighings_of` gives it."""
    if len(weighed) < 2 or not weighed[-1].comparable:
        return {}
    last = weighed[-1]
    today = last.measured_on
    earlier = [
        one
        for one in weighed[:-1]
        if today - one.measured_on <= LONGEST_TREND_DAYS and one.comparable
    ]
    near = [one for one in earlier if today - one.measured_on >= SHORTEST_TREND_DAYS]
    if not near:
        return {}
    long = [one for one in near if today - one.measured_on >= TREND_DAYS]
    before = long[-1] if long else near[0]
    return {
        "weight_before_kg": round(before.weight_kg, 2),
        "weight_before_on": before.measured_on,
        "weight_change_kg": round(last.weight_kg - before.weight_kg, 2),
        "weight_step_kg": round(last.weight_kg - earlier[-1].weight_kg, 2),
    }


def in_stay(weighed: list[Reading], found: dict[str, Any], day: int) -> dict[str, object]:
    """The first and the last weight of the stay, a week or more apart, where they are not those of
    the trend; `weighed` as `weighings_of` gives it."""
    if "stay_from_on" not in found:
        return {}
    until = found.get("stay_to_on", day)
    of_stay = [one for one in weighed if found["stay_from_on"] <= one.measured_on <= until]
    if not of_stay or not (of_stay[0].comparable and of_stay[-1].comparable):
        return {}
    first, last = of_stay[0], of_stay[-1]
    days = last.measured_on - first.measured_on
    told = (found.get("weight_before_on"), found.get("last_weight_on"))
    if days < SHORTEST_TREND_DAYS or (first.measured_on, last.measured_on) == told:
        return {}
    return {
        "stay_first_kg": round(first.weight_kg, 2),
        "stay_first_on": first.measured_on,
        "stay_last_kg": round(last.weight_kg, 2),
        "stay_last_on": last.measured_on,
        "stay_gain_g_kg_day": round(
            1000 * (last.weight_kg - first.weight_kg) / (first.weight_kg * days), 2
        ),
    }


def at_admission(readings: list[Reading], found: dict[str, Any]) -> dict[str, object]:
    """What was measured at the admission: the newest reading up to it, else the first soon
    after."""
    on = found.get("stay_from_on")
    if on is None:
        return {}
    judged = [
        one for one in readings if one.whz == one.whz or one.muac_mm == one.muac_mm or one.swollen
    ]
    until = [one for one in judged if 0 <= on - one.measured_on <= ADMISSION_DAYS]
    after = [one for one in judged if 0 < one.measured_on - on <= ADMISSION_DAYS // 2]
    reading = until[-1] if until else (after[0] if after else None)
    if reading is None:
        return {}
    old_enough = reading.muac_mm == reading.muac_mm and reading.age_days >= _C.muac_from_days
    return {
        "admission_read_on": reading.measured_on,
        "admission_whz": reading.whz,
        "admission_muac_mm": int(reading.muac_mm) if old_enough else None,
        "admission_oedema": True if reading.swollen else None,
    }
