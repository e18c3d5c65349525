"""What a window of days holds: one pass over ragged rows for each summary, for one question or for millions.

Every function takes `offsets` (int64[n+1]), the rows' `day` (int32) and `value` (float64, NaN skipped), and for
each question a window `since <= day <= until` (int32[n], both ends counted).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit


class Summary(NamedTuple):
    """Of the values in a window, one array each (float64[n]); NaN where the window holds none, but for `count`."""

    count: np.ndarray
    total: np.ndarray
    mean: np.ndarray
    first: np.ndarray
    first_day: np.ndarray
    last: np.ndarray
    last_day: np.ndarray
    lowest: np.ndarray
    lowest_day: np.ndarray
    highest: np.ndarray
    highest_day: np.ndarray
    spread: np.ndarray
    longest_gap: np.ndarray


@njit(cache=True, nogil=True)
def _summary(offsets, day, value, since, until):
    n = len(offsets) - 1
    out = np.full((13, n), np.nan)
    for i in range(n):
        count, total, squares, gap = 0, 0.0, 0.0, 0.0
        for row in range(offsets[i], offsets[i + 1]):
            if day[row] < since[i] or np.isnan(value[row]):
                continue
            if day[row] > until[i]:
                break
            v, d = value[row], day[row]
            if count == 0:
                out[3, i], out[4, i] = v, d
                out[7, i], out[8, i], out[9, i], out[10, i] = v, d, v, d
            else:
                gap = max(gap, d - out[6, i])
            count += 1
            total += v
            squares += v * v
            out[5, i], out[6, i] = v, d
            if v < out[7, i]:
                out[7, i], out[8, i] = v, d
            if v > out[9, i]:
                out[9, i], out[10, i] = v, d
        out[0, i] = count
        if count > 0:
            out[1, i], out[2, i] = total, total / count
        if count > 1:
            out[11, i] = np.sqrt(max(0.0, (squares - total * total / count) / (count - 1)))
            out[12, i] = gap
    return out


def summary(offsets, day, value, *, since, until) -> Summary:
    """All of `Summary` for each question's window."""
    return Summary(*_summary(offsets, day, value, since, until))


@njit(cache=True, nogil=True)
def slope(offsets, day, value, since, until, noise_variance, slope_variance):
    """Shrunken slope per day in each question's window (float64[n]; NaN with fewer than two days of readings).

    Empirical Bayes: the least-squares slope with a normal prior around 0 (`slope_variance`, per day squared) and
    the field's measurement error (`noise_variance`), so that two noisy readings a week apart say little and
    five over three months say much.
    """
    n = len(offsets) - 1
    out = np.full(n, np.nan)
    for i in range(n):
        count, sum_x, sum_y, sum_xx, sum_xy, first, last = 0, 0.0, 0.0, 0.0, 0.0, 0, 0
        for row in range(offsets[i], offsets[i + 1]):
            if day[row] < since[i] or np.isnan(value[row]):
                continue
            if day[row] > until[i]:
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
        if count > 1 and last > first:
            around = sum_xx - sum_x * sum_x / count
            out[i] = (sum_xy - sum_x * sum_y / count) / (around + noise_variance / slope_variance)
    return out


@njit(cache=True, nogil=True)
def trailing_run(offsets, day, value, since, until, at_least):
    """How many of the window's last values in a row are `>= at_least` (float64[n])."""
    n = len(offsets) - 1
    out = np.zeros(n)
    for i in range(n):
        run = 0
        for row in range(offsets[i], offsets[i + 1]):
            if day[row] < since[i] or np.isnan(value[row]):
                continue
            if day[row] > until[i]:
                break
            run = run + 1 if value[row] >= at_least else 0
        out[i] = run
    return out
