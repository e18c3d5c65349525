"""Ages as registers write them (`27`, `2Y 3M`, `2 वर्ष 3 माह`), to the days on which a child of that
age can have been born."""

from __future__ import annotations

import datetime as dt
import re

from registry.checks.cells import MISSING, plain_digits, read_number

AGE_UNITS = ("days", "weeks", "months", "years")
_IN_WORDS = {
    "years": "years year yrs yr y वर्ष वर्षे साल",
    "months": "months month mths mth mons mon mos mo m माह महीने महीना महिने महिना",
    "weeks": "weeks week wks wk w सप्ताह हफ्ते आठवडे",
    "days": "days day d दिन दिवस",
}
_UNIT_OF = {word: unit for unit, words in _IN_WORDS.items() for word in words.split()}
_PARTS = re.compile(r"(\d+)\s*([^\W\d_]*[^\s\d.,;/&+-]*)[.,;\s/&+-]*")
_AND = re.compile(r"\b(and|व|और|आणि)\b")
OLDEST_YEARS = 20
"""An age beyond it is no child's, and is left to be refused."""
MOST = OLDEST_YEARS * 366
"""No number of any unit is larger: an infinite one, or one of a thousand digits, is not read."""


def is_age_in_words(text: str) -> bool:
    """Does this cell name its own units (`14 months`, `1 yr 2 m`)?"""
    return not isinstance(read_number(text), float) and _parts(text) is not None


def birth_window(age: str, unit: str, seen: dt.date) -> tuple[dt.date, dt.date] | None:
    """The first and the last day of birth of a child of this age on this day; None where the age
    cannot be read.

    Ages are completed ones: 14 months on 2026-03-20 are a birth from 2024-12-21 to 2025-01-20, and
    2 years are any of 365 days. A fraction of a year is not read: 2.5 may be 2 years and 5 months.
    """
    number = read_number(age)
    parts = _parts(age) if not isinstance(number, float) else _plain(number, unit)
    if parts is None or sum(parts[one] * _YEARS[one] for one in parts) > OLDEST_YEARS:
        return None
    if seen.year <= OLDEST_YEARS + 1:
        # A mistyped year, from which the calendar does not reach back to the birth.
        return None
    months = 12 * parts.get("years", 0) + parts.get("months", 0)
    latest = months_before(seen, months) - dt.timedelta(
        7 * parts.get("weeks", 0) + parts.get("days", 0)
    )
    if "days" in parts:
        return latest, latest
    if "weeks" in parts:
        return latest - dt.timedelta(6), latest
    return months_before(seen, months + (1 if "months" in parts else 12)) + dt.timedelta(1), latest


_YEARS = {"years": 1.0, "months": 1 / 12, "weeks": 7 / 365.25, "days": 1 / 365.25}


def _plain(number: float, unit: str) -> dict[str, int] | None:
    """A number alone, in the unit that the map declares."""
    if not (0 <= number <= MOST) or (unit == "years" and number != int(number)):
        return None
    return {unit: int(number)}


def _parts(text: str) -> dict[str, int] | None:
    """`2Y 3M` as years and months; a last number without a unit is the next smaller one's."""
    said, rest = _AND.sub(" ", plain_digits(text).lower()), 0
    found: dict[str, int] = {}
    for part in _PARTS.finditer(said):
        if part.start() != rest:
            return None
        rest = part.end()
        if len(part[1].lstrip("0")) > len(str(MOST)):
            return None
        unit = _UNIT_OF.get(part[2], "months" if not part[2] and list(found) == ["years"] else "")
        if not unit or unit in found:
            return None
        found[unit] = int(part[1])
    if "years" in found and found.get("months", 0) > 11:
        # Years, and all months of the age beside them?
        return None
    return found if found and rest == len(said) else None


def is_missing_age(age: str) -> bool:
    """Is there no age in this cell?"""
    return read_number(age) is MISSING


def months_before(day: dt.date, months: int) -> dt.date:
    """The same day of the month so many months earlier, or that month's last."""
    place = day.year * 12 + day.month - 1 - months
    first = dt.date(place // 12, place % 12 + 1, 1)
    last = (dt.date(first.year + first.month // 12, first.month % 12 + 1, 1) - dt.timedelta(1)).day
    return first.replace(day=min(day.day, last))
