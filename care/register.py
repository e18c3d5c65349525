"""The UCDC register's own columns: the weight to be gained, and each week's gain and shortfall.

The Government Resolution of 5 March 2024, section 5, makes them mandatory: "complete information
about the weight to be gained and its increase in weight every week".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from care.protocol import Protocol
from features.clock import Known, Ragged
from features.who.growth import point, round_z
from registry.contract.arrays import Days, Floats
from registry.contract.registry import NEVER
from registry.machine.numba_kernels import njit

WEEK_DAYS = 7


@dataclass(frozen=True)
class Week:
    """One week of a stay: the last weight in it, the gain since the week before that was weighed,
    and how much lighter the child is than its plan (0 when it is not); None where the week has no
    weight."""

    number: int
    weight_kg: float | None
    gain_kg: float | None
    planned_kg: float
    shortfall_kg: float | None


@dataclass(frozen=True)
class Stay:
    """An open stay's columns. `target_kg` is the weight that meets the exit criterion at the last
    known height; the plan goes there in even weekly steps over the usual stay."""

    admitted_on: int
    admission_kg: float
    target_kg: float
    to_gain_kg: float
    weeks: tuple[Week, ...]


@njit(cache=True, nogil=True, error_model="numpy")
def lightest_for(sex: int, age_days: int, height_cm: float, position: int, whz: float) -> float:
    """The least weight (kg, to 10 g) whose WHZ, rounded as WHO does, is at least `whz`; NaN where
    there is no WHZ."""
    low, high = 50, 6000
    if np.isnan(point(sex, age_days, 0.01 * high, height_cm, position, np.nan, np.nan)[2]):
        return np.nan
    while low < high:
        middle = (low + high) // 2
        if (
            round_z(point(sex, age_days, 0.01 * middle, height_cm, position, np.nan, np.nan)[2])
            >= whz
        ):
            high = middle
        else:
            low = middle + 1
    return 0.01 * low


def stay_of(known: Known, points: Ragged, protocol: Protocol, i: int) -> Stay | None:
    """The register's columns of question i's open stay in a UCDC or VCDC; None without one, weight
    or height."""
    admitted, target = _open_stay(known.episodes, i), target_weight(known, points, protocol, i)
    rows = slice(points.offsets[i], points.offsets[i + 1])
    day, weight = points["measured_on"][rows], points["weight_kg"][rows]
    weighed = ~np.isnan(weight)
    if admitted is None or target is None or not weighed.any():
        return None
    start = _admission_weight(day[weighed], weight[weighed], admitted)
    weeks = _weeks(
        day[weighed],
        weight[weighed],
        admitted,
        int(known.day[i]),
        (start, target, _usual_weeks(protocol)),
    )
    return Stay(
        admitted,
        start,
        round(target, 2),
        round(max(target - float(weight[weighed][-1]), 0.0), 2),
        weeks,
    )


def target_weight(known: Known, points: Ragged, protocol: Protocol, i: int) -> float | None:
    """The weight (kg, to 10 g) that meets the exit criterion at question i's last known height;
    None without an open stay in a UCDC or VCDC, or without a height.

    Example: a girl in treatment, 70.0 cm lying on 2 March 2026 and WHZ -2 asked for at the exit:
    6.85 kg.
    """
    if _open_stay(known.episodes, i) is None:
        return None
    rows = slice(points.offsets[i], points.offsets[i + 1])
    high = np.flatnonzero(~np.isnan(points["height_cm"][rows]))
    if not len(high):
        return None
    last = rows.start + high[-1]
    sex, age = int(known.children["sex"][i]), int(known.day[i] - known.children["birth_date"][i])
    height, position = points["height_cm"][last], int(points["height_position"][last])
    target = lightest_for(sex, age, height, position, float(protocol["exit_whz"]))
    return None if np.isnan(target) else float(target)


def _usual_weeks(protocol: Protocol) -> int:
    return max(int(protocol["usual_stay_days"]) // WEEK_DAYS, 1)


def _open_stay(episodes: Ragged, i: int) -> int | None:
    """Day of admission of the latest open UCDC or VCDC stay."""
    for row in range(episodes.offsets[i + 1] - 1, episodes.offsets[i] - 1, -1):
        if 0 <= episodes["programme"][row] <= 1 and episodes["closed_on"][row] == NEVER:
            return int(episodes["admitted_on"][row])
    return None


def _admission_weight(day: Days, weight: Floats, admitted: int) -> float:
    """The last weight up to the day of admission, else the first after it."""
    before = np.flatnonzero(day <= admitted)
    return float(weight[before[-1]] if len(before) else weight[0])


def _weeks(
    day: Days, weight: Floats, admitted: int, today: int, plan: tuple[float, float, int]
) -> tuple[Week, ...]:
    start, target, usual = plan
    weeks, before = [], start
    for number in range(1, (today - admitted) // WEEK_DAYS + 1):
        planned = start + max(target - start, 0.0) * min(number / usual, 1.0)
        inside = np.flatnonzero(
            (day > admitted + (number - 1) * WEEK_DAYS) & (day <= admitted + number * WEEK_DAYS)
        )
        if not len(inside):
            weeks.append(Week(number, None, None, round(planned, 2), None))
            continue
        now = float(weight[inside[-1]])
        short = round(max(planned - now, 0.0), 2)
        weeks.append(Week(number, now, round(now - before, 2), round(planned, 2), short))
        before = now
    return tuple(weeks)
