"""What the readings said: SAM, wasting, colours, and changes that were not to be expected."""

from __future__ import annotations

import numpy as np

from features.clock import Day
from features.trajectory.columns.missing_values import positive
from features.trajectory.columns.recorded_rows import GrowthRows
from features.trajectory.feature import Feature
from features.trajectory.smoother import Prior, Readings, last_noise
from features.trajectory.windows import (
    FIRST,
    FIRST_DAY,
    LAST,
    LAST_DAY,
    LOW,
    MEAN,
    MONTH_DAYS,
    TOTAL,
    run_of,
    summary_of,
)
from registry.contract.registry import NEVER
from registry.machine.numba_kernels import njit

USUAL_GAIN_Z, USUAL_GAIN_DAYS, USUAL_LASTING_DAYS = 1.2, 56.0, 35.0
"""The usual course of a stay: 1.2 z of WHZ by its eighth week, most of it early (gain halves after
four weeks)."""
LAG_ONE = 0.92
"""Correlation of WHZ with that of a month before, in 2,145 children followed to 24 months."""

READINGS = (
    Feature(
        "whz_conditional", "z", "last WHZ less what the one before made likely", "falling_weight"
    ),
    Feature(
        "whz_shortfall_expected",
        "z",
        "WHZ gained in the stay less what its days usually bring",
        "poor_gain",
    ),
    Feature(
        "exit_run",
        "count",
        "last readings in a row with WHZ at or above -2",
        "low_weight_for_height",
        {"relapse": -1, "non_response": -1},
    ),
    Feature("sam_readings_180", "count", "readings of SAM in 180 days", "severe_at_admission"),
    Feature(
        "sam_readings_out",
        "count",
        "readings of SAM since discharge",
        "low_weight_for_height",
        {"relapse": 1},
    ),
    Feature(
        "wasted_readings_out",
        "count",
        "readings of WHZ under -2 since discharge",
        "low_weight_for_height",
        {"relapse": 1},
    ),
    Feature(
        "lowest_whz_out",
        "z",
        "lowest WHZ since discharge",
        "low_weight_for_height",
        {"relapse": -1},
    ),
    Feature(
        "reported_red_180",
        "share",
        "share of colours that were red in 180 days",
        "low_weight_for_height",
    ),
    Feature(
        "reported_last",
        "0/1/2",
        "last reported colour (green, yellow, red)",
        "low_weight_for_height",
    ),
)


@njit(cache=True, nogil=True)
def readings(
    begin: int,
    end: int,
    rows: GrowthRows,
    today: int,
    admitted: Day,
    closed: Day,
    of_whz: Readings,
    prior: Prior,
) -> tuple[float, ...]:
    """The values of READINGS. `of_whz`: WHZ as the smoother takes it."""
    day, half, out = rows.measured_on, today - 179, NEVER if closed == NEVER else closed + 1
    colour = summary_of(begin, end, day, rows.colour, half, today)
    return (
        _conditional(begin, end, rows, today, last_noise(begin, end, of_whz, prior), prior),
        _shortfall(begin, end, rows, admitted, min(today, closed)),
        run_of(begin, end, day, rows.whz, half, today, -2.0),
        summary_of(begin, end, day, rows.sam, half, today)[TOTAL],
        summary_of(begin, end, day, rows.sam, out, today)[TOTAL],
        summary_of(begin, end, day, rows.wasted, out, today)[TOTAL],
        summary_of(begin, end, day, rows.whz, out, today)[LOW],
        summary_of(begin, end, day, rows.red, half, today)[MEAN],
        colour[LAST],
    )


@njit(cache=True, nogil=True)
def _conditional(
    begin: int, end: int, rows: GrowthRows, today: int, noise: float, prior: Prior
) -> float:
    """Conditional velocity: the last WHZ less what the one before made likely, in its own standard
    deviations."""
    mean, variance = prior.mean, prior.variance
    last = summary_of(begin, end, rows.measured_on, rows.whz, today - 179, today)
    until = 0 if np.isnan(last[LAST_DAY]) else int(last[LAST_DAY]) - 1
    before = summary_of(begin, end, rows.measured_on, rows.whz, today - 179, until)
    lasting = LAG_ONE ** ((last[LAST_DAY] - before[LAST_DAY]) / MONTH_DAYS)
    likely = mean + lasting * (before[LAST] - mean)
    return float((last[LAST] - likely) / np.sqrt(positive(variance * (1.0 - lasting**2) + noise)))


@njit(cache=True, nogil=True)
def _shortfall(begin: int, end: int, rows: GrowthRows, admitted: Day, until: Day) -> float:
    """WHZ gained in the stay less what its days usually bring."""
    of_stay = summary_of(begin, end, rows.measured_on, rows.whz, admitted, until)
    days = of_stay[LAST_DAY] - of_stay[FIRST_DAY]
    share = (1.0 - np.exp(-days / USUAL_LASTING_DAYS)) / (
        1.0 - np.exp(-USUAL_GAIN_DAYS / USUAL_LASTING_DAYS)
    )
    return float((of_stay[LAST] - of_stay[FIRST]) - USUAL_GAIN_Z * share)
