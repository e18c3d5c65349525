"""What the medical checks found: signs of illness, and how often anybody looked."""

from __future__ import annotations

import numpy as np

from features.clock import Day, days_apart
from features.trajectory.columns.missing_values import at_least
from features.trajectory.columns.recorded_rows import SIGNS, CareRows
from features.trajectory.feature import Feature
from features.trajectory.windows import COUNT, LAST_DAY, MEAN, TOTAL, summary_of
from registry.contract.arrays import Floats
from registry.contract.registry import NEVER
from registry.machine.numba_kernels import njit


def _features_of(sign: str) -> tuple[Feature, ...]:
    reason = "poor_appetite" if sign == "poor_appetite" else "illness"
    words = sign.replace("_", " ")
    worse = {"relapse": 1, "non_response": 1}
    return (
        Feature(f"{sign}_30", "count", f"checks with {words} in 30 days", reason, worse),
        Feature(f"{sign}_share", "share", f"checks of 90 days with {words}", reason, worse),
        Feature(f"{sign}_stay", "share", f"checks of the stay with {words}", reason),
    )


ILLNESS = (
    *(feature for sign in SIGNS for feature in _features_of(sign)),
    Feature(
        "ill_14",
        "count",
        "signs of illness at checks in 14 days",
        "illness",
        {"relapse": 1, "non_response": 1},
    ),
    Feature("ill_days", "days", "days since a check found illness", "illness"),
    Feature(
        "ill_out", "count", "signs of illness at checks since discharge", "illness", {"relapse": 1}
    ),
    Feature("checks_30", "count", "checks in 30 days", "thin_records"),
    Feature("checks_per_week_stay", "per week", "checks during the stay", "missed_weighings"),
)
COLUMNS, PER_SIGN = len(ILLNESS), len(_features_of("fever"))


@njit(cache=True, nogil=True)
def illness(i: int, rows: CareRows, today: int, admitted: Day, closed: Day) -> Floats:
    """The values of ILLNESS."""
    begin, end, day = rows.check_offsets[i], rows.check_offsets[i + 1], rows.checked_on
    together, until = rows.signs[4], min(today, closed)
    weeks = at_least(days_apart(admitted, until), 7.0) / 7.0
    out = NEVER if closed == NEVER else closed + 1
    values = np.empty(COLUMNS)
    for k in range(len(SIGNS)):
        sign, at = rows.signs[k], PER_SIGN * k
        values[at] = summary_of(begin, end, day, sign, today - 29, today)[TOTAL]
        values[at + 1] = summary_of(begin, end, day, sign, today - 89, today)[MEAN]
        values[at + 2] = summary_of(begin, end, day, sign, admitted, until)[MEAN]
    at = PER_SIGN * len(SIGNS)
    values[at] = summary_of(begin, end, day, together, today - 13, today)[TOTAL]
    values[at + 1] = today - summary_of(begin, end, day, rows.ill, today - 364, today)[LAST_DAY]
    values[at + 2] = summary_of(begin, end, day, together, out, today)[TOTAL]
    values[at + 3] = summary_of(begin, end, day, together, today - 29, today)[COUNT]
    values[at + 4] = summary_of(begin, end, day, together, admitted, until)[COUNT] / weeks
    return values
