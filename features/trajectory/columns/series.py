"""One measure's series as features: level, velocity, slopes, nadir, and changes since admission and
discharge.

For WHZ, WAZ, HAZ or MUAC, one question at a time, compiled; the names are the catalogue's, in its
order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from features.clock import Ragged
from features.criteria import criteria
from features.trajectory.smoother import filtered
from features.trajectory.windows import slope_of, summary_of
from registry.contract.registry import NEVER

STATISTICS = (
    "last",
    "last_days",
    "level",
    "level_sd",
    "velocity",
    "slope_30",
    "slope_90",
    "slope_180",
    "curvature",
    "lowest_180",
    "mean_90",
    "mean_180",
    "spread_180",
    "since_nadir",
    "nadir_days",
    "at_admission",
    "since_admission",
    "at_discharge",
    "since_discharge",
)
MONTH = 30.0
_MEAN, _LAST, _LAST_DAY, _LOW, _LOW_DAY, _SPREAD = 2, 5, 6, 7, 8, 11


@njit(cache=True, nogil=True)
def height_noise(height_days):
    """Variance that a WHZ gains from a height of so many days ago, which the child's own trajectory
    stands in for."""
    if np.isnan(height_days):
        return 0.09
    return 0.001 * min(height_days, 180.0)


@njit(cache=True, nogil=True)
def plausible_muac(muac_mm, c):
    """A MUAC within the criteria's bounds; else NaN."""
    return muac_mm if c.least_muac_mm <= muac_mm <= c.most_muac_mm else np.nan


@njit(cache=True, nogil=True)
def _height_noises(height_days):
    return np.array([height_noise(days) for days in height_days])


@njit(cache=True, nogil=True)
def _plausible_muacs(muac_mm, c):
    return np.array([plausible_muac(mm, c) for mm in muac_mm])


def readings(growth: Ragged, series: str) -> tuple[np.ndarray, np.ndarray]:
    """(reading, extra noise variance) for each growth row, as the smoother of a series takes
    them."""
    if series == "whz":
        return growth["whz_traced"], _height_noises(growth["height_days"])
    none = np.zeros(growth.rows.rows)
    return _plausible_muacs(growth["muac_mm"], criteria()) if series == "muac" else growth[
        series
    ], none


@njit(cache=True, nogil=True)
def _level_on(begin, end, day, after, on, today):
    """The level just after the last reading up to a day; NaN where the day is NEVER."""
    return np.nan if on == NEVER else summary_of(begin, end, day, after, 0, min(on, today))[_LAST]


@njit(cache=True, nogil=True)
def series(
    begin, end, day, reading, smoothed, extra_noise, today, admitted_on, closed_on, prior, after
):
    """STATISTICS of one question's rows (a tuple of floats, NaN where missing).

    `reading`: what was read; `smoothed`, `extra_noise`: what the smoother takes; `after`
    (float64[rows]) is written over with the level after each row.
    """
    _, _, noise, _, spread = prior
    level, level_sd, velocity = filtered(
        begin, end, day, smoothed, extra_noise, today, prior, after
    )
    ever = summary_of(begin, end, day, reading, 0, today)
    quarter = summary_of(begin, end, day, reading, today - 89, today)
    half = summary_of(begin, end, day, reading, today - 179, today)
    nadir = summary_of(begin, end, day, after, today - 179, today)
    slope_30 = MONTH * slope_of(begin, end, day, smoothed, today - 29, today, noise, spread)
    slope_90 = MONTH * slope_of(begin, end, day, smoothed, today - 89, today, noise, spread)
    slope_180 = MONTH * slope_of(begin, end, day, smoothed, today - 179, today, noise, spread)
    admitted = _level_on(begin, end, day, after, admitted_on, today)
    discharged = _level_on(begin, end, day, after, closed_on, today)
    return (
        ever[_LAST],
        today - ever[_LAST_DAY],
        level,
        level_sd,
        MONTH * velocity,
        slope_30,
        slope_90,
        slope_180,
        slope_30 - slope_90,
        half[_LOW],
        quarter[_MEAN],
        half[_MEAN],
        half[_SPREAD],
        level - nadir[_LOW],
        today - nadir[_LOW_DAY],
        admitted,
        level - admitted,
        discharged,
        level - discharged,
    )
