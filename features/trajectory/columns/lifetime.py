"""Where a child usually stands: its whole record of one measure, as known by the day. Compiled, one
by one.

Slopes and means look back half a year and the smoother forgets; a child that has lived at WHZ -2.5
is not one that has come down to it. In a registry without treatments these columns are the history.
"""

from __future__ import annotations

import numpy as np

from features.clock import Day
from features.trajectory.columns.series import LEVEL_REASON, UNIT
from features.trajectory.feature import Feature
from features.trajectory.windows import COUNT, HIGH, LOW, MEAN, SPREAD, summary_of
from registry.contract.arrays import Days, Floats
from registry.contract.registry import NEVER
from registry.machine.numba_kernels import njit

WAZ_FIRST = (Feature("waz_first", "z", "first WAZ ever read", LEVEL_REASON["waz"]),)
"""The value of `first` for WAZ."""
LAST_FEW = 3


def features_of(name: str) -> tuple[Feature, ...]:
    """The columns of one measure's whole record, in the order of the values of `life`.

    Of all readings up to the day; `..._before_...`: of those before the stay's admission.
    """
    unit, level, measure = UNIT[name], LEVEL_REASON[name], name.upper()
    return (
        Feature(f"{name}_first", unit, f"first {measure} ever read", level),
        Feature(f"{name}_life_mean", unit, f"mean {measure} of the whole record", level),
        Feature(f"{name}_life_lowest", unit, f"lowest {measure} ever", level),
        Feature(
            f"{name}_life_spread",
            unit,
            f"standard deviation of {measure} in the whole record",
            "thin_records",
        ),
        Feature(
            f"{name}_life_count",
            "count",
            f"readings of {measure} in the whole record",
            "thin_records",
        ),
        Feature(f"{name}_mean_of_last_3", unit, f"mean of the last three {measure}", level),
        Feature(f"{name}_before_mean", unit, f"mean {measure} before the admission", level),
        Feature(f"{name}_before_median", unit, f"median {measure} before the admission", level),
        Feature(f"{name}_before_highest", unit, f"highest {measure} before the admission", level),
    )


@njit(cache=True, nogil=True)
def life(
    begin: int, end: int, day: Days, reading: Floats, admitted_on: Day, today: int, scratch: Floats
) -> tuple[float, ...]:
    """The values of `features_of` a measure (NaN where missing), of one question's rows, all known
    by `today`.

    `scratch` (float64[rows]) is written over. Example: WHZ -1.0, -1.4, -2.2 and -3.1, the last of
    them at admission: first -1.0, mean -1.925, lowest -3.1, mean of the last three -2.23; before:
    mean -1.53, median -1.4, highest -1.0.
    """
    ever = summary_of(begin, end, day, reading, 0, today)
    until = -1 if admitted_on == NEVER else min(admitted_on - 1, today)
    before = summary_of(begin, end, day, reading, 0, until)
    return (
        first(begin, end, reading),
        ever[MEAN],
        ever[LOW],
        ever[SPREAD],
        ever[COUNT],
        _mean_of_last(begin, end, reading),
        before[MEAN],
        _median(begin, end, day, reading, until, scratch),
        before[HIGH],
    )


@njit(cache=True, nogil=True)
def first(begin: int, end: int, reading: Floats) -> float:
    """The first reading; NaN where there is none."""
    for row in range(begin, end):
        if not np.isnan(reading[row]):
            return float(reading[row])
    return np.nan


@njit(cache=True, nogil=True)
def _mean_of_last(begin: int, end: int, reading: Floats) -> float:
    """The mean of the last three readings; of fewer where there are fewer."""
    total, count = 0.0, 0
    for row in range(end - 1, begin - 1, -1):
        if not np.isnan(reading[row]):
            total += reading[row]
            count += 1
            if count == LAST_FEW:
                break
    return total / count if count > 0 else np.nan


@njit(cache=True, nogil=True)
def _median(begin: int, end: int, day: Days, reading: Floats, until: Day, scratch: Floats) -> float:
    """The median of the readings up to a day, kept sorted in `scratch` as they come."""
    filled = begin
    for row in range(begin, end):
        if day[row] > until:
            break
        if np.isnan(reading[row]):
            continue
        at = filled
        while at > begin and scratch[at - 1] > reading[row]:
            scratch[at] = scratch[at - 1]
            at -= 1
        scratch[at] = reading[row]
        filled += 1
    count = filled - begin
    if count == 0:
        return np.nan
    middle = begin + count // 2
    if count % 2:
        return float(scratch[middle])
    return float(0.5 * (scratch[middle - 1] + scratch[middle]))
