"""One measure's series as features: level, velocity, slopes, nadir, and changes since admission and
discharge.

For WHZ, WAZ, HAZ or MUAC, one question at a time, compiled.
"""

from __future__ import annotations

import numpy as np

from features.clock import Day, Ragged
from features.criteria import Criteria, criteria
from features.trajectory.feature import Feature
from features.trajectory.smoother import Prior, Readings, filtered, last_noise
from features.trajectory.windows import (
    LAST,
    LAST_DAY,
    LOW,
    LOW_DAY,
    MEAN,
    MONTH_DAYS,
    SPREAD,
    slope_of,
    summary_of,
)
from registry.contract.arrays import Days, Floats
from registry.contract.registry import NEVER
from registry.machine.numba_kernels import njit

MEASURES = ("whz", "waz", "haz", "muac")
UNIT = {"whz": "z", "waz": "z", "haz": "z", "muac": "mm"}
LEVEL_REASON = {
    "whz": "low_weight_for_height",
    "waz": "low_weight_for_height",
    "haz": "stunted",
    "muac": "low_muac",
}
_TREND_REASON = {
    "whz": "falling_weight",
    "waz": "falling_weight",
    "haz": "stunted",
    "muac": "falling_weight",
}


def features_of(name: str) -> tuple[Feature, ...]:
    """The columns of one measure's series, in the order of the values of `series`."""
    unit, level, trend = UNIT[name], LEVEL_REASON[name], _TREND_REASON[name]
    down = {"relapse": -1, "non_response": -1} if name in ("whz", "muac") else {}
    # In treatment an arm that was ever wider, or grows faster, promises a cure. After discharge,
    # beside today's level, the same column also says how much the arm has narrowed since: no one
    # direction there.
    arm = {"non_response": -1} if name == "muac" else {}
    measure = name.upper()
    return (
        Feature(f"{name}_last", unit, f"last valid {measure}", level, down),
        Feature(f"{name}_last_days", "days", f"days since that {measure}", "missed_weighings"),
        Feature(
            f"{name}_level",
            unit,
            f"{measure} today behind the noise of its readings",
            level,
            down,
        ),
        Feature(f"{name}_level_sd", unit, f"how uncertain that {measure} is", "thin_records"),
        Feature(
            f"{name}_velocity",
            f"{unit} per 30 days",
            f"velocity of {measure} today",
            trend,
            down,
        ),
        *(
            Feature(
                f"{name}_slope_{days}",
                f"{unit} per 30 days",
                f"shrunken slope of {measure}, last {days} days",
                trend,
                arm,
            )
            for days in (30, 90, 180)
        ),
        Feature(
            f"{name}_curvature",
            f"{unit} per 30 days",
            f"slope of {measure} in 30 days less that in 90",
            trend,
        ),
        Feature(f"{name}_lowest_180", unit, f"lowest {measure} of 180 days", level, arm),
        Feature(f"{name}_mean_90", unit, f"mean {measure} of 90 days", level, arm),
        Feature(f"{name}_mean_180", unit, f"mean {measure} of 180 days", level, arm),
        Feature(
            f"{name}_spread_180",
            unit,
            f"standard deviation of {measure} in 180 days",
            "thin_records",
        ),
        Feature(
            f"{name}_since_nadir", unit, f"{measure} above its lowest level of 180 days", trend
        ),
        Feature(
            f"{name}_nadir_days", "days", f"days since that lowest {measure}", "early_in_recovery"
        ),
        Feature(
            f"{name}_at_admission", unit, f"{measure} at admission", "severe_at_admission", arm
        ),
        Feature(
            f"{name}_since_admission",
            unit,
            f"{measure} gained since admission",
            "poor_gain",
            arm,
        ),
        Feature(f"{name}_at_discharge", unit, f"{measure} at discharge", level, arm),
        Feature(f"{name}_since_discharge", unit, f"{measure} gained since discharge", trend, arm),
    )


@njit(cache=True, nogil=True)
def plausible_muac(muac_mm: float, c: Criteria) -> float:
    """A MUAC within the criteria's bounds; else NaN."""
    return muac_mm if c.least_muac_mm <= muac_mm <= c.most_muac_mm else np.nan


@njit(cache=True, nogil=True)
def _plausible_muacs(muac_mm: Floats, c: Criteria) -> Floats:
    return np.array([plausible_muac(mm, c) for mm in muac_mm])


def readings(growth: Ragged, series: str) -> Readings:
    """A series of the growth rows, as the smoother takes it: of MEASURES, or `relative_weight`."""
    day, time = growth["measured_on"], growth["growth_time"]
    none = np.zeros(growth.rows.rows)
    if series == "whz":
        return Readings(
            day,
            time,
            growth["whz_traced"],
            growth["whz_per_kg2"],
            growth["whz_height_variance"],
        )
    if series == "waz":
        return Readings(day, time, growth["waz"], growth["waz_per_kg2"], none)
    if series == "haz":
        return Readings(day, time, growth["haz"], growth["haz_per_cm2"], none)
    if series == "muac":
        arm = _plausible_muacs(growth["muac_mm"], criteria())
        return Readings(day, time, arm, np.ones(growth.rows.rows), none)
    # An error of the weight is a share of it.
    share = 1.0 / np.square(growth["weight_kg"])
    return Readings(day, time, growth[series], share, none)


@njit(cache=True, nogil=True)
def _level_on(begin: int, end: int, day: Days, after: Floats, on: Day, today: int) -> float:
    """The level just after the last reading up to a day; NaN where the day is NEVER."""
    return np.nan if on == NEVER else summary_of(begin, end, day, after, 0, min(on, today))[LAST]


@njit(cache=True, nogil=True)
def series(
    begin: int,
    end: int,
    reading: Floats,
    of: Readings,
    today: int,
    time: float,
    admitted_on: Day,
    closed_on: Day,
    prior: Prior,
    after: Floats,
) -> tuple[float, ...]:
    """The values of `features_of` a measure, of one question's rows (NaN where missing).

    `reading`: what was read; `of`: what the smoother takes; `time`: today in growth time; `after`
    (float64[rows]) is written over with the level after each row.
    """
    day, smoothed = of.day, of.value
    noise, spread = last_noise(begin, end, of, prior), prior.slope_variance
    level, level_sd, velocity = filtered(begin, end, of, today, time, prior, after)
    ever = summary_of(begin, end, day, reading, 0, today)
    quarter = summary_of(begin, end, day, reading, today - 89, today)
    half = summary_of(begin, end, day, reading, today - 179, today)
    nadir = summary_of(begin, end, day, after, today - 179, today)
    slope_30 = MONTH_DAYS * slope_of(begin, end, day, smoothed, today - 29, today, noise, spread)
    slope_90 = MONTH_DAYS * slope_of(begin, end, day, smoothed, today - 89, today, noise, spread)
    slope_180 = MONTH_DAYS * slope_of(begin, end, day, smoothed, today - 179, today, noise, spread)
    admitted = _level_on(begin, end, day, after, admitted_on, today)
    discharged = _level_on(begin, end, day, after, closed_on, today)
    return (
        ever[LAST],
        today - ever[LAST_DAY],
        level,
        level_sd,
        MONTH_DAYS * velocity,
        slope_30,
        slope_90,
        slope_180,
        slope_30 - slope_90,
        half[LOW],
        quarter[MEAN],
        half[MEAN],
        half[SPREAD],
        level - nadir[LOW],
        today - nadir[LOW_DAY],
        admitted,
        level - admitted,
        discharged,
        level - discharged,
    )
