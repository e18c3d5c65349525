"""What day it is for the programme: one function, so that lists, forms, imports and the command
line agree.

A server's clock is often on UTC, where it is still yesterday until 5:30 in the morning in India: a
weighing of that morning must not be refused as one of the future.
"""

from __future__ import annotations

import datetime as dt
import os
from zoneinfo import ZoneInfo

from registry.contract.errors import UsageError

TIMEZONE = "Asia/Kolkata"


def today() -> dt.date:
    """The calendar day in the programme's time zone ($SANKET_TIMEZONE, default Asia/Kolkata).

    $SANKET_TODAY (YYYY-MM-DD) makes the calendar stand still for an exercise or a replayed past:
    the demo's records end on a day that is long gone. Raises UsageError REG069 for a zone or a day
    that is none.

    Example: at 20:00 UTC on 16 March 2026 it is 17 March in India.
    """
    if told := os.environ.get("SANKET_TODAY"):
        try:
            return dt.date.fromisoformat(told)
        except ValueError:
            raise UsageError(
                "REG069", "SANKET_TODAY must be a day, YYYY-MM-DD, or not be set"
            ) from None
    return dt.datetime.now(_zone()).date()


def programme_day(moment: dt.datetime) -> dt.date:
    """The calendar day of a moment (with its zone) in the programme's time zone. UsageError
    REG069."""
    return moment.astimezone(_zone()).date()


def midnight(day: dt.date) -> dt.datetime:
    """When a calendar day of the programme's begins, with its zone. UsageError REG069."""
    return dt.datetime.combine(day, dt.time(), _zone())


def _zone() -> ZoneInfo:
    zone = os.environ.get("SANKET_TIMEZONE") or TIMEZONE
    try:
        return ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        raise UsageError(
            "REG069", f"SANKET_TIMEZONE must be a zone such as {TIMEZONE}, not {zone!r}"
        ) from None
