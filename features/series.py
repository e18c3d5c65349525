"""One measure's series as features: level, velocity, slopes, nadir, and changes since admission and discharge.

One compiled pass over the ragged rows for WHZ, WAZ, HAZ or MUAC; the names are the catalogue's, in its order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from features.clock import Ragged
from features.criteria import criteria
from features.smoother import Prior, filtered
from features.windows import slope_of, summary_of
from registry.tables import NEVER

STATISTICS = (
    "last", "last_days", "level", "level_sd", "velocity", "slope_30", "slope_90", "slope_180", "curvature",
    "lowest_180", "mean_90", "mean_180", "spread_180", "since_nadir", "nadir_days", "at_admission",
    "since_admission", "at_discharge", "since_discharge",
)
MONTH = 30.0
_MEAN, _LAST, _LAST_DAY, _LOW, _LOW_DAY, _SPREAD = 2, 5, 6, 7, 8, 11


def readings(growth: Ragged, series: str) -> tuple[np.ndarray, np.ndarray]:
    """(reading, extra noise variance) for each growth row, as the smoother of a series takes them."""
    none = np.zeros(growth.rows.rows)
    if series == "whz":
        # A height from the child's own trajectory is less certain the longer ago one was measured.
        stale = growth["height_days"]
        return growth["whz_traced"], 0.001 * np.where(stale <= 180.0, stale, np.where(np.isnan(stale), 90.0, 180.0))
    if series == "muac":
        muac, c = growth["muac_mm"], criteria()
        return np.where((muac >= c.least_muac_mm) & (muac <= c.most_muac_mm), muac, np.nan), none
    return growth[series], none


@njit(cache=True, nogil=True)
def _level_on(begin, end, day, after, on, today):
    """The level just after the last reading up to a day; NaN where the day is NEVER."""
    return np.nan if on == NEVER else summary_of(begin, end, day, after, 0, min(on, today))[_LAST]


@njit(cache=True, nogil=True)
def _series(offsets, day, reading, smoothed, extra_noise, asked_on, admitted_on, closed_on, prior):
    out, after = np.empty((len(STATISTICS), len(offsets) - 1)), np.empty(len(day))
    _, _, noise, _, slope_variance = prior
    for i in range(len(offsets) - 1):
        begin, end, today = offsets[i], offsets[i + 1], asked_on[i]
        level, level_sd, velocity = filtered(begin, end, day, smoothed, extra_noise, today, prior, after)
        ever = summary_of(begin, end, day, reading, 0, today)
        quarter = summary_of(begin, end, day, reading, today - 89, today)
        half = summary_of(begin, end, day, reading, today - 179, today)
        nadir = summary_of(begin, end, day, after, today - 179, today)
        slope_30 = MONTH * slope_of(begin, end, day, smoothed, today - 29, today, noise, slope_variance)
        slope_90 = MONTH * slope_of(begin, end, day, smoothed, today - 89, today, noise, slope_variance)
        slope_180 = MONTH * slope_of(begin, end, day, smoothed, today - 179, today, noise, slope_variance)
        admitted = _level_on(begin, end, day, after, admitted_on[i], today)
        discharged = _level_on(begin, end, day, after, closed_on[i], today)
        found = (
            ever[_LAST], today - ever[_LAST_DAY], level, level_sd, MONTH * velocity,
            slope_30, slope_90, slope_180, slope_30 - slope_90,
            half[_LOW], quarter[_MEAN], half[_MEAN], half[_SPREAD],
            level - nadir[_LOW], today - nadir[_LOW_DAY],
            admitted, level - admitted, discharged, level - discharged,
        )
        for k in range(len(STATISTICS)):
            out[k, i] = found[k]
    return out


def series_features(
    growth: Ragged, series: str, *, asked_on: np.ndarray, admitted_on: np.ndarray, closed_on: np.ndarray, prior: Prior
) -> dict[str, np.ndarray]:
    """The features of one series (float64[n] each, NaN where missing), by the catalogue's names."""
    smoothed, extra_noise = readings(growth, series)
    reading = growth["whz"] if series == "whz" else smoothed
    found = _series(
        growth.offsets, growth["measured_on"], reading, smoothed, extra_noise, asked_on, admitted_on, closed_on, prior
    )
    return {f"{series}_{name}": column for name, column in zip(STATISTICS, found, strict=True)}
