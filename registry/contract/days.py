"""Days, ages and months as every room counts them."""

from __future__ import annotations

import datetime as dt

import numpy as np

NEVER = np.int32(2**31 - 1)
"""The missing day. It lies after every real day, so `closed_on <= day` is false for an open
episode."""
LAST_DAY_UNDER_FIVE = 1826
"""Age in days on the last day before the fifth birthday's month is full (60 months are 1,826.25
days). WHO's child growth standards, the programme's SAM criteria and the plausibility bounds for
under-fives end here."""
DAYS_PER_MONTH = 30.4375
"""WHO's month, 365.25 / 12 days; completed months are days / 30.4375, before rounding."""
LONGEST_MONTH_DAYS = 31
"""Days in the longest month of the calendar."""


def day_number(day: dt.date | str) -> int:
    """Days since 1970-01-01 of an ISO date or a `date`."""
    day = dt.date.fromisoformat(day) if isinstance(day, str) else day
    return day.toordinal() - 719163


def day_date(day: int) -> dt.date:
    """The date of a day number; inverse of `day_number`."""
    return dt.date.fromordinal(int(day) + 719163)
