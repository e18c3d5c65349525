"""What a child received and how it fared: home visits, medical checks, food, attendance. Like
`features.trajectory.columns.child`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from features.clock import days_apart
from features.trajectory.columns.child import COUNT, LAST, LAST_DAY, MEAN, TOTAL, at_least, at_most
from features.trajectory.windows import summary_of
from registry.contract.registry import ITEM, NEVER

SIGNS = ("diarrhoea", "fever", "cough", "poor_appetite")
EDNF, THR, HCM = (ITEM.index(item) for item in ("EDNF", "THR", "HCM"))


class CareRows(NamedTuple):
    """Visits, checks, rations and attendance as features read them; `signs` (5, rows): SIGNS and
    their sum, `ill` the sum where above 0, `of_item` (3, rows) the quantity by item; float64, NaN
    where there is none."""

    visit_offsets: np.ndarray
    visited_on: np.ndarray
    found: np.ndarray
    check_offsets: np.ndarray
    checked_on: np.ndarray
    signs: np.ndarray
    ill: np.ndarray
    ration_offsets: np.ndarray
    issued_on: np.ndarray
    of_item: np.ndarray
    month_offsets: np.ndarray
    month: np.ndarray
    share: np.ndarray


VISITS = ("visits_90", "visit_found_sam_90", "away_90")


@njit(cache=True, nogil=True)
def visits(i, rows, today):
    """Home visits and what they found (`found`: any, SAM again, away)."""
    begin, end, day = rows.visit_offsets[i], rows.visit_offsets[i + 1], rows.visited_on
    return (
        summary_of(begin, end, day, rows.found[0], today - 89, today)[COUNT],
        summary_of(begin, end, day, rows.found[1], today - 89, today)[COUNT],
        summary_of(begin, end, day, rows.found[2], today - 89, today)[COUNT],
    )


ILLNESS = (
    "ill_14",
    "ill_days",
    "ill_out",
    "checks_30",
    "checks_per_week_stay",
    *(f"{sign}_{window}" for sign in SIGNS for window in ("30", "share", "stay")),
)


@njit(cache=True, nogil=True)
def illness(i, rows, today, admitted, closed):
    """What the medical checks found."""
    begin, end, day = rows.check_offsets[i], rows.check_offsets[i + 1], rows.checked_on
    together, until = rows.signs[4], min(today, closed)
    weeks = at_least(days_apart(admitted, until), 7.0) / 7.0
    out = NEVER if closed == NEVER else closed + 1
    columns = np.empty(17)
    columns[0] = summary_of(begin, end, day, together, today - 13, today)[TOTAL]
    columns[1] = today - summary_of(begin, end, day, rows.ill, today - 364, today)[LAST_DAY]
    columns[2] = summary_of(begin, end, day, together, out, today)[TOTAL]
    columns[3] = summary_of(begin, end, day, together, today - 29, today)[COUNT]
    columns[4] = summary_of(begin, end, day, together, admitted, until)[COUNT] / weeks
    for k in range(4):
        sign = rows.signs[k]
        columns[5 + 3 * k] = summary_of(begin, end, day, sign, today - 29, today)[TOTAL]
        columns[6 + 3 * k] = summary_of(begin, end, day, sign, today - 89, today)[MEAN]
        columns[7 + 3 * k] = summary_of(begin, end, day, sign, admitted, until)[MEAN]
    return columns


FOOD = (
    "ednf_per_day_stay",
    "ednf_per_day_14",
    "ednf_issues_missed",
    "thr_90",
    "thr_issues_90",
    "thr_days",
    "hcm_90",
)


@njit(cache=True, nogil=True)
def food(i, rows, today, admitted, closed):
    """EDNF and rations received."""
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


ATTENDANCE = ("attendance_last", "attendance_90", "attendance_180")


@njit(cache=True, nogil=True)
def attendance(i, rows, today):
    """Attendance at the centre, in the months known."""
    begin, end, day = rows.month_offsets[i], rows.month_offsets[i + 1], rows.month
    return (
        summary_of(begin, end, day, rows.share, today - 89, today)[LAST],
        summary_of(begin, end, day, rows.share, today - 119, today)[MEAN],
        summary_of(begin, end, day, rows.share, today - 209, today)[MEAN],
    )
