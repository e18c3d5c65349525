"""What a window of days holds: one pass over ragged rows for each summary, for one question or for
millions.

Every function takes `offsets` (int64[n+1]), the rows' `day` (int32) and `value` (float64, NaN
skipped), and for each question a window `since <= day <= until` (int32[n], both ends counted).
"""

from __future__ import annotations

import numpy as np

from features.clock import Day
from registry.contract.arrays import Days, Floats, Ints
from registry.machine.numba_kernels import njit

STATISTICS = (
    "count",
    "total",
    "mean",
    "first",
    "first_day",
    "last",
    "last_day",
    "lowest",
    "lowest_day",
    "highest",
    "highest_day",
    "spread",
    "longest_gap",
)


COUNT, TOTAL, MEAN, FIRST, FIRST_DAY, LAST, LAST_DAY, LOW, LOW_DAY, HIGH, HIGH_DAY, SPREAD, GAP = (
    range(len(STATISTICS))
)
"""Where `summary_of` puts each of STATISTICS."""
MONTH_DAYS = 30.0
"""The days that a rate per month is said for."""
_AT = {name: position for position, name in enumerate(STATISTICS)}


class Summary:
    """Of the values in a window, one array for each of STATISTICS (float64[n]), by name:
    `found.mean`.

    NaN where the window holds none, but for `count`; `spread` and `longest_gap` need two.
    """

    __slots__ = ("_found",)

    def __init__(self, found: Floats):
        self._found = found

    def __getattr__(self, name: str) -> Floats:
        of: Floats = self._found[_AT[name]]
        return of


@njit(cache=True, nogil=True)
def summary_of(
    begin: int, end: int, day: Days, value: Floats, since: Day, until: Day
) -> tuple[float, ...]:
    """STATISTICS of one question's rows, as a tuple of floats."""
    count, total, squares, gap = 0, 0.0, 0.0, 0.0
    first = first_day = last = last_day = low = low_day = high = high_day = np.nan
    for row in range(begin, end):
        if day[row] < since or np.isnan(value[row]):
            continue
        if day[row] > until:
            break
        v, d = value[row], float(day[row])
        if count == 0:
            first, first_day = v, d
            low, low_day, high, high_day = v, d, v, d
        else:
            gap = max(gap, d - last_day)
        count += 1
        total += v
        squares += v * v
        last, last_day = v, d
        if v < low:
            low, low_day = v, d
        if v > high:
            high, high_day = v, d
    if count == 0:
        total = np.nan
    mean = total / count if count > 0 else np.nan
    spread = np.sqrt(max(0.0, (squares - total * mean) / (count - 1))) if count > 1 else np.nan
    longest = gap if count > 1 else np.nan
    return (
        float(count),
        total,
        mean,
        first,
        first_day,
        last,
        last_day,
        low,
        low_day,
        high,
        high_day,
        spread,
        longest,
    )


@njit(cache=True, nogil=True)
def _summary(offsets: Ints, day: Days, value: Floats, since: Days, until: Days) -> Floats:
    n = len(offsets) - 1
    out = np.empty((13, n))
    for i in range(n):
        found = summary_of(offsets[i], offsets[i + 1], day, value, since[i], until[i])
        for k in range(13):
            out[k, i] = found[k]
    return out


def summary(offsets: Ints, day: Days, value: Floats, *, since: Days, until: Days) -> Summary:
    """All of `Summary` for each question's window."""
    return Summary(_summary(offsets, day, value, since, until))


@njit(cache=True, nogil=True)
def slope_of(
    begin: int,
    end: int,
    day: Days,
    value: Floats,
    since: Day,
    until: Day,
    noise_variance: float,
    slope_variance: float,
) -> float:
    """Shrunken slope per day of one question's rows; NaN with fewer than two days of readings.

    Empirical Bayes: the least-squares slope with a normal prior around 0 (`slope_variance`, per day
    squared) and the field's measurement error (`noise_variance`), so that two noisy readings a week
    apart say little and five over three months say much.
    """
    count, sum_x, sum_y, sum_xx, sum_xy, first, last = 0, 0.0, 0.0, 0.0, 0.0, 0, 0
    for row in range(begin, end):
        if day[row] < since or np.isnan(value[row]):
            continue
        if day[row] > until:
            break
        if count == 0:
            first = day[row]
        last = day[row]
        x, y = float(day[row] - first), value[row]
        count += 1
        sum_x += x
        sum_y += y
        sum_xx += x * x
        sum_xy += x * y
    if count < 2 or last == first:
        return np.nan
    around = sum_xx - sum_x * sum_x / count
    return (sum_xy - sum_x * sum_y / count) / (around + noise_variance / slope_variance)


@njit(cache=True, nogil=True)
def run_of(
    begin: int, end: int, day: Days, value: Floats, since: Day, until: Day, bound: float
) -> float:
    """How many of the window's last values in a row are `>= bound`, as a float."""
    run = 0.0
    for row in range(begin, end):
        if day[row] < since or np.isnan(value[row]):
            continue
        if day[row] > until:
            break
        run = run + 1.0 if value[row] >= bound else 0.0
    return run
