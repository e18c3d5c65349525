"""Formats of dates: which a map may name, a cell read by one of them, and which of them fit all
dates of a column."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from registry.checks.cells import BAD, MISSING, plain_digits, read_day
from registry.checks.months import MONTHS, NAMED
from registry.contract.days import DAYS_PER_MONTH

EXCEL_DAY_0 = dt.date(1899, 12, 30)
"""Excel's serial dates count from here (its own 1900 has a 29 February; from 1900-03-01 on this is
right)."""
EXCEL_DAY_0_OF_1904 = dt.date(1904, 1, 1)
"""Workbooks of old Macs count from here: 1,462 days less for the same date."""
EXCEL_DAYS = range(36_526, 73_051)
"""Serial dates of the years 2000 to 2099."""
SWAPPED = "iso_day_month_swapped"
NAMED_FORMATS = (
    "iso",
    "excel_1900",
    "excel_1904",
    "made_up_epoch",
    "days_after_made_up_epoch",
    "months_after_made_up_epoch",
    SWAPPED,
)
"""Beside these, a format may be any pattern of strftime with a day, a month and a year; of a list,
the first that fits a cell reads it. `iso_day_month_swapped` turns 2026-05-03 back into 3 May's
2026-03-05, where Excel took day for month."""
FEWEST = 3
"""Different dates that it takes to say that Excel turned some of them."""
YEAR_ALONE = "%Y"
"""Of birth dates only: the middle of the year, half a year off."""
OFFERED_FORMATS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%Y",
    "%m.%d.%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d-%m-%y",
    "%m-%d-%y",
    "%d.%m.%y",
    "%Y/%m/%d",
    "%Y/%d/%m",
    "%Y.%m.%d",
    "%Y-%m-%d",
    "%Y-%d-%m",
    "%d-%b-%Y",
    "%d %b %Y",
    "%d/%b/%Y",
    "%b %d, %Y",
    "%d-%b-%y",
    "%d %b %y",
    "%b %d %Y",
    "%Y%m%d",
    "%d%m%Y",
    "%m/%Y",
    "%m-%Y",
    "%b-%Y",
    "%b %Y",
    "%b-%y",
    "%Y-%m",
)
"""Forms that are looked for in an export, those of a whole date first."""
_TIME = re.compile(
    r"[T ,]+\d{1,2}[:.]\d{2}([:.]\d{2}([.,]\d+)?)?( ?[AaPp]\.?[Mm]\.?)?(Z|[+-]\d{2}:?\d{2})?$"
)
_YEAR_DAY_MONTH = re.compile(r"\d{4}-(1[3-9]|2\d|3[01])-(0[1-9]|1[0-2])([T ].*)?")
_NAME = re.compile(rf"(?<![^\W\d_])({NAMED})\.?(?![^\W\d_])", re.IGNORECASE)
_ENGLISH = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAY = re.compile(
    r"[(\[]?\b(mon|tues?|wed(nes)?|thu(rs)?|fri|sat(ur)?|sun)(day)?\b\.?[)\]]?,?", re.IGNORECASE
)
_ORDINAL = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)\b", re.IGNORECASE)
_PARTS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})")


def is_date_format(form: str, *, month_only: bool = False) -> bool:
    """May a map name this format? A pattern must bring a date back: `%d/%Y` loses the month.

    month_only: the map gives the day, so that the pattern has none.
    """
    if form in NAMED_FORMATS:
        return not month_only
    if form == YEAR_ALONE:
        return month_only
    day = dt.date(2026, 11, 1 if month_only else 23)
    other = dt.date(2025, 12, 1 if month_only else 24)
    try:
        back = [dt.datetime.strptime(one.strftime(form), form).date() for one in (day, other)]
    except (ValueError, re.error):
        return False
    return back == [day, other] and (not month_only or "%d" not in form)


def iso_date(text: str, form: str, *, epoch: dt.date | None = None, day: int = 0) -> str | None:
    """The ISO date that a cell has in this format; None where it has none. `day` is the day of a
    month that stands alone."""
    text = plain_digits(text)
    try:
        if form == "excel_1900":
            return str(EXCEL_DAY_0 + dt.timedelta(int(float(text))))
        if form == "excel_1904":
            return str(EXCEL_DAY_0_OF_1904 + dt.timedelta(int(float(text))))
        if form == "days_after_made_up_epoch" and epoch:
            days = float(text)
            return str(epoch + dt.timedelta(int(days))) if days == int(days) else None
        if form == "months_after_made_up_epoch" and epoch:
            return str(epoch + dt.timedelta(round(float(text) * DAYS_PER_MONTH)))
        if form == SWAPPED:
            return _swapped(text)
        if form == YEAR_ALONE:
            return f"{text}-07-02" if is_year(text) else None
        found = _read(text, form, tidy=True)
        return str(found.replace(day=day) if day and "%d" not in form else found)
    except (ValueError, OverflowError):
        return None


def is_year(text: str) -> bool:
    """Is this a year alone, of a child now alive?"""
    text = plain_digits(text)
    return len(text) == 4 and text.isdecimal() and 1990 <= int(text) <= 2100


def _read(text: str, form: str, *, tidy: bool) -> dt.date:
    """The date; tidy: without what says nothing more (the day of the week, `14th`, blanks around a
    stroke), and with any marks around a month's name."""
    text = _NAME.sub(lambda name: _ENGLISH[MONTHS[name[1].lower()]], text)
    form = form.replace("%B", "%b")
    if "%H" not in form and "%I" not in form:
        text = _TIME.sub("", text)
        if tidy:
            text, form = _tidied(text, form)
    return dt.datetime.strptime(" ".join(text.split()), form).date()


def _tidied(text: str, form: str) -> tuple[str, str]:
    text = _ORDINAL.sub(r"\1", _WEEKDAY.sub(" ", text)).strip(" .,")
    if "%b" in form:
        text, form = (re.sub(r"[-/.,'’]", " ", one) for one in (text, form))
        return " ".join(text.split()), " ".join(form.split())
    return re.sub(r"\s*([-/.\\])\s*", r"\1", text).replace("\\", "/"), form


def _swapped(text: str) -> str | None:
    value = read_day(text)
    if not isinstance(value, int):
        return None
    day = dt.date.fromordinal(value + 719163)
    return str(day.replace(day=day.month, month=day.day)) if day.day <= 12 else None


@dataclass(frozen=True)
class DateFormatCounts:
    """How many of a column's different dates each format reads; `iso` and `strange` count those
    that need no format and those that do."""

    iso: int
    strange: int
    by_format: Mapping[str, int]


def whole_days(cells: Iterable[str]) -> list[str]:
    """The different dates among cells, their digits 0 to 9, without a time of day: of a million
    times some hundred."""
    return list(dict.fromkeys(_TIME.sub("", plain_digits(cell)) for cell in cells))


def date_format_counts(cells: Iterable[str]) -> DateFormatCounts:
    """Look at all different cells of a column of dates."""
    texts = [plain_digits(cell) for cell in cells]
    strange = [text for text in texts if read_day(text) is BAD]
    counts = Counter(form for text in strange for form in possible_formats(text))
    return DateFormatCounts(
        len(texts) - len(strange),
        len(strange),
        {form: counts[form] for form in OFFERED_FORMATS if counts[form]},
    )


@lru_cache(100_000)
def possible_formats(text: str) -> tuple[str, ...]:
    """The offered formats that a cell (its digits 0 to 9) could be of; a month alone only where no
    whole date fits."""
    for tidy in (False, True):
        for with_day in (True, False):
            found = tuple(
                form
                for form in OFFERED_FORMATS
                if ("%d" in form) == with_day and _fits(text, form, tidy=tidy)
            )
            if found:
                return found
    return ()


def _fits(text: str, form: str, *, tidy: bool) -> bool:
    """Could the cell be of this format? `31/02/2024` is no date, and still shows that the day comes
    first."""
    try:
        found = _read(text, form, tidy=tidy)
    except (ValueError, OverflowError):
        found = None
    if found:
        return not _is_short_year(text, form, year=found.year)
    parts = _PARTS.fullmatch(_TIME.sub("", text))
    if not parts or form.replace("%m", "%d").lower() != f"%d{parts[2]}%d{parts[2]}%y":
        return False
    if ("%Y" in form) != (len(parts[4]) == 4):
        return False
    first, second = int(parts[1]), int(parts[3])
    day, month = (first, second) if form.startswith("%d") else (second, first)
    return 12 < day <= 31 and 1 <= month <= 12


def _is_short_year(text: str, form: str, *, year: int) -> bool:
    """Python reads 0026 out of `26` for a year of four digits, and only fixed widths tell 20260314
    from 26032014."""
    return form in ("%Y%m%d", "%d%m%Y") and (len(text) != 8 or not 1990 <= year <= 2100)


def year_day_month(cells: Iterable[str]) -> bool:
    """`DayOrder.year_day_month` of these cells."""
    order = DayOrder()
    order.look(cells)
    return order.year_day_month


def half_swapped(cells: Iterable[str]) -> bool:
    """`DayOrder.half_swapped` of these cells."""
    order = DayOrder()
    order.look(cells)
    return order.half_swapped


class DayOrder:
    """What a column's dates show of the place of the day and the month, looked at piece by
    piece."""

    def __init__(self) -> None:
        self._typed: set[int] = set()
        self._left: set[tuple[int, int]] = set()
        self._read: set[str] = set()
        self._day_in_middle = self._day_last = False

    def look(self, cells: Iterable[str]) -> None:
        """Some different cells more."""
        for cell in cells:
            text = plain_digits(cell)
            value = read_day(text)
            self._day_in_middle |= _YEAR_DAY_MONTH.fullmatch(text) is not None
            if value is BAD:
                parts = _PARTS.fullmatch(_TIME.sub("", text))
                if parts:
                    self._left.add((int(parts[1]), int(parts[3])))
            elif isinstance(value, int):
                self._typed.add(dt.date.fromordinal(value + 719163).day)
                self._day_last |= int(text[8:10]) > 12
            if len(self._read) < FEWEST and read_day(cell) not in (BAD, MISSING):
                self._read.add(cell)

    @property
    def half_swapped(self) -> bool:
        """Did Excel take the day for the month wherever it could? Then its typed dates all lie on
        days up to 12, and what stayed text has days above 12. Three different ones of each are
        asked for."""
        return (
            len(self._read) >= FEWEST
            and len(self._left) >= FEWEST
            and max(self._typed) <= 12
            and all(first > 12 >= second for first, second in self._left)
        )

    @property
    def year_day_month(self) -> bool:
        """Are there dates such as 2026-14-03, and none that has its day last for sure?"""
        return self._day_in_middle and not self._day_last
