"""Weight gained or lost, by window."""

from __future__ import annotations

from features.clock import Day
from features.trajectory.columns.missing_values import positive
from features.trajectory.columns.recorded_rows import GrowthRows
from features.trajectory.feature import Feature
from features.trajectory.smoother import Prior, Readings, filtered, last_noise
from features.trajectory.windows import (
    FIRST,
    FIRST_DAY,
    HIGH,
    HIGH_DAY,
    LAST,
    LAST_DAY,
    slope_of,
    summary_of,
)
from registry.contract.arrays import Floats
from registry.contract.registry import NEVER
from registry.machine.numba_kernels import njit

G_PER_KG = 1000.0

WEIGHT = (
    Feature(
        "gain_stay", "g/kg/day", "weight gain over the stay", "poor_gain", {"non_response": -1}
    ),
    Feature(
        "gain_stay_shrunken",
        "g/kg/day",
        "shrunken slope of weight over the stay",
        "poor_gain",
        {"non_response": -1},
    ),
    Feature(
        "gain_first_14",
        "g/kg/day",
        "shrunken slope of weight, first two weeks",
        "poor_gain",
        {"non_response": -1},
    ),
    Feature("gain_last_14", "g/kg/day", "shrunken slope of weight, last 14 days", "falling_weight"),
    Feature("gain_last_28", "g/kg/day", "shrunken slope of weight, last 28 days", "falling_weight"),
    Feature("gain_last_60", "g/kg/day", "shrunken slope of weight, last 60 days", "falling_weight"),
    Feature(
        "weight_velocity",
        "g/kg/day",
        "velocity of weight today behind the noise",
        "falling_weight",
        {"relapse": -1, "non_response": -1},
    ),
    Feature(
        "days_without_gain",
        "days",
        "days since the stay's highest weight",
        "poor_gain",
        {"non_response": 1},
    ),
    Feature(
        "below_highest",
        "%",
        "weight under the highest of 90 days",
        "falling_weight",
        {"relapse": 1, "non_response": 1},
    ),
    Feature(
        "weight_since_discharge",
        "%",
        "weight gained since discharge",
        "falling_weight",
        {"relapse": -1},
    ),
)


@njit(cache=True, nogil=True)
def weight(
    begin: int,
    end: int,
    rows: GrowthRows,
    today: int,
    admitted: Day,
    closed: Day,
    relative: Readings,
    time: float,
    median_gain: float,
    prior: Prior,
    level_after: Floats,
) -> tuple[float, ...]:
    """The values of WEIGHT. `relative`: the weight over the median of its age, as the smoother
    takes it; `time`: today in growth time; `median_gain`: of the median, a day; `level_after`
    (float64[rows]): written over."""
    day, log_weight, until = rows.measured_on, rows.log_weight, min(today, closed)
    noise, spread = last_noise(begin, end, relative, prior), prior.slope_variance
    first_14 = min(until, min(admitted, today) + 14)
    of_stay = summary_of(begin, end, day, rows.weight_kg, admitted, until)
    quarter = summary_of(begin, end, day, log_weight, today - 89, today)
    out = summary_of(begin, end, day, log_weight, NEVER if closed == NEVER else closed - 7, today)
    velocity = median_gain + filtered(begin, end, relative, today, time, prior, level_after)[2]
    gained, days = of_stay[LAST] - of_stay[FIRST], of_stay[LAST_DAY] - of_stay[FIRST_DAY]
    return (
        G_PER_KG * gained / positive(of_stay[FIRST] * days),
        G_PER_KG * slope_of(begin, end, day, log_weight, admitted, until, noise, spread),
        G_PER_KG * slope_of(begin, end, day, log_weight, admitted, first_14, noise, spread),
        G_PER_KG * slope_of(begin, end, day, log_weight, today - 14, today, noise, spread),
        G_PER_KG * slope_of(begin, end, day, log_weight, today - 28, today, noise, spread),
        G_PER_KG * slope_of(begin, end, day, log_weight, today - 59, today, noise, spread),
        G_PER_KG * velocity,
        until - of_stay[HIGH_DAY],
        100.0 * (quarter[HIGH] - quarter[LAST]),
        100.0 * (out[LAST] - out[FIRST]),
    )
