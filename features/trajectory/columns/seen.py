"""How often and how well the child was weighed and measured."""

from __future__ import annotations

import numpy as np

from features.clock import Day, days_apart
from features.trajectory.columns.missing_values import at_least, at_most, greater
from features.trajectory.columns.recorded_rows import GrowthRows
from features.trajectory.feature import Feature
from features.trajectory.windows import COUNT, GAP, LAST_DAY, MONTH_DAYS, run_of, summary_of
from registry.contract.registry import NEVER
from registry.machine.numba_kernels import njit

SEEN = (
    Feature("days_since_weighed", "days", "days since the last weight", "missed_weighings"),
    Feature("weighings_90", "count", "weights in 90 days", "missed_weighings"),
    Feature(
        "weighings_missed",
        "share",
        "weekly weighings of the stay that are missing",
        "missed_weighings",
    ),
    Feature(
        "longest_gap_stay", "days", "longest time between weights in the stay", "missed_weighings"
    ),
    Feature("weighings_out", "count per 30 days", "weights since discharge", "missed_weighings"),
    Feature(
        "longest_gap_180", "days", "longest time between weights in 180 days", "missed_weighings"
    ),
    Feature("heights_180", "count", "heights in 180 days", "thin_records"),
    Feature("height_days", "days", "days since the last height", "thin_records"),
    Feature(
        "same_weight_run",
        "count",
        "last weights that are the same as the one before",
        "thin_records",
    ),
)


@njit(cache=True, nogil=True)
def seen(
    begin: int, end: int, rows: GrowthRows, today: int, admitted: Day, closed: Day
) -> tuple[float, ...]:
    """The values of SEEN."""
    day, weights, until, half = rows.measured_on, rows.weight_kg, min(today, closed), today - 179
    of_stay = summary_of(begin, end, day, weights, admitted, until)
    out = summary_of(begin, end, day, weights, NEVER if closed == NEVER else closed + 1, today)
    of_half, own = (
        summary_of(begin, end, day, weights, half, today),
        summary_of(begin, end, day, rows.own_height, half, today),
    )
    due = np.floor(days_apart(admitted, until) / 7.0) + 1.0
    return (
        today - summary_of(begin, end, day, weights, today - 1829, today)[LAST_DAY],
        summary_of(begin, end, day, weights, today - 89, today)[COUNT],
        1.0 - at_most(of_stay[COUNT] / due, 1.0),
        greater(of_stay[GAP], until - of_stay[LAST_DAY]),
        MONTH_DAYS * out[COUNT] / at_least(days_apart(closed, today), 15.0),
        greater(of_half[GAP], today - of_half[LAST_DAY]),
        own[COUNT],
        today - own[LAST_DAY],
        run_of(begin, end, day, rows.same_weight, half, today, 1.0),
    )
