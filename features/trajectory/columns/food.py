"""Food received: EDNF and rations; and attendance at the centre, where meals are eaten."""

from __future__ import annotations

import numpy as np

from features.clock import Day, days_apart
from features.trajectory.columns.missing_values import at_least, at_most
from features.trajectory.columns.recorded_rows import CareRows
from features.trajectory.feature import Feature
from features.trajectory.windows import COUNT, LAST, LAST_DAY, MEAN, TOTAL, summary_of
from registry.contract.codes import RationItem
from registry.machine.numba_kernels import njit

EDNF, THR, HCM = map(int, RationItem)
"""Positions in the rows' `of_item`."""

FOOD = (
    Feature("ednf_per_day_stay", "sachets/day", "EDNF received over the stay", "food_not_received"),
    Feature("ednf_per_day_14", "sachets/day", "EDNF received in 14 days", "food_not_received"),
    Feature("ednf_issues_missed", "share", "weeks of the stay without EDNF", "food_not_received"),
    Feature("thr_90", "quantity", "take-home ration received in 90 days", "food_not_received"),
    Feature(
        "thr_issues_90",
        "count",
        "times take-home ration was received in 90 days",
        "food_not_received",
    ),
    Feature("thr_days", "days", "days since take-home ration was received", "food_not_received"),
    Feature("hcm_90", "quantity", "hot cooked meals in 90 days", "food_not_received"),
)


@njit(cache=True, nogil=True)
def food(i: int, rows: CareRows, today: int, admitted: Day, closed: Day) -> tuple[float, ...]:
    """The values of FOOD."""
    begin, end, day, until = (
        rows.ration_offsets[i],
        rows.ration_offsets[i + 1],
        rows.issued_on,
        min(today, closed),
    )
    of_stay = summary_of(begin, end, day, rows.of_item[EDNF], admitted, until)
    thr = summary_of(begin, end, day, rows.of_item[THR], today - 89, today)
    days = at_least(days_apart(admitted, until), 7.0)
    return (
        (of_stay[TOTAL] if of_stay[COUNT] > 0 else 0.0) / days,
        summary_of(begin, end, day, rows.of_item[EDNF], today - 13, today)[TOTAL] / 14.0,
        1.0 - at_most(of_stay[COUNT] / np.floor(days / 7.0), 1.0),
        thr[TOTAL],
        thr[COUNT],
        today - thr[LAST_DAY],
        summary_of(begin, end, day, rows.of_item[HCM], today - 89, today)[TOTAL],
    )


ATTENDANCE = (
    Feature("attendance_last", "share", "attendance in the last known month", "poor_attendance"),
    Feature(
        "attendance_90",
        "share",
        "mean attendance of the months known in 90 days",
        "poor_attendance",
    ),
    Feature(
        "attendance_180",
        "share",
        "mean attendance of the months known in 180 days",
        "poor_attendance",
    ),
)


@njit(cache=True, nogil=True)
def attendance(i: int, rows: CareRows, today: int) -> tuple[float, ...]:
    """The values of ATTENDANCE, of the months known."""
    begin, end, day = rows.month_offsets[i], rows.month_offsets[i + 1], rows.month
    return (
        summary_of(begin, end, day, rows.share, today - 89, today)[LAST],
        summary_of(begin, end, day, rows.share, today - 119, today)[MEAN],
        summary_of(begin, end, day, rows.share, today - 209, today)[MEAN],
    )
