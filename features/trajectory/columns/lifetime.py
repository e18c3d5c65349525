"""Where a child usually stands: its whole record of one measure, as known by the day. Compiled, one
by one.

Slopes and means look back half a year and the smoother forgets; a child that has lived at WHZ -2.5
is not one that has come down to it. In a registry without treatments these columns are the history.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from features.trajectory.windows import summary_of
from registry.contract.registry import NEVER

STATISTICS = (
    "first",
    "life_mean",
    "life_lowest",
    "life_spread",
    "life_count",
    "mean_of_last_3",
    "before_mean",
    "before_median",
    "before_highest",
)
"""Of all readings up to the day; `before_...`: of those before the stay's admission (missing where
there was none)."""
LAST_FEW = 3
_COUNT, _MEAN, _LOW, _HIGH, _SPREAD = 0, 2, 7, 9, 11


@njit(cache=True, nogil=True)
def life(begin, end, day, reading, admitted_on, today, scratch):
    """STATISTICS of one question's rows, all known by `today` (a tuple of floats, NaN where
    missing).

    `scratch` (float64[rows]) is written over. Example: WHZ -1.0, -1.4, -2.2 and -3.1, the last of
    them at admission: first -1.0, mean -1.925, lowest -3.1, mean of the last three -2.23; before:
    mean -1.53, median -1.4, highest -1.0.
    """
    ever = summary_of(begin, end, day, reading, 0, today)
    until = -1 if admitted_on == NEVER else min(admitted_on - 1, today)
    before = summary_of(begin, end, day, reading, 0, until)
    return (
        first(begin, end, reading),
        ever[_MEAN],
        ever[_LOW],
        ever[_SPREAD],
        ever[_COUNT],
        _mean_of_last(begin, end, reading),
        before[_MEAN],
        _median(begin, end, day, reading, until, scratch),
        before[_HIGH],
    )


@njit(cache=True, nogil=True)
def first(begin, end, reading):
    """The first reading; NaN where there is none."""
    for row in range(begin, end):
        if not np.isnan(reading[row]):
            return reading[row]
    return np.nan


@njit(cache=True, nogil=True)
def _mean_of_last(begin, end, reading):
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
def _median(begin, end, day, reading, until, scratch):
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
    return scratch[middle] if count % 2 else 0.5 * (scratch[middle - 1] + scratch[middle])
