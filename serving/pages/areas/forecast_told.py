"""A forecast's figures in words. Expected counts are told as they are: they are no children. What
was counted is told only where publishing left it in (`training/forecasting/publication.py`), and so
is what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from care.programme.published_forecast import (
    QUANTILES,
    WITHHELD,
    AreaAlert,
    AreaForecast,
    Count,
    Publication,
)
from registry.small_counts import SMALLEST_CELL
from serving.language.words import Words
from serving.pages.areas.area_figures import month_name

YEAR = 12
FEW = 20.0
"""Expected counts below it are told with a decimal."""
PEAK_MONTHS = 3
LinkT = TypeVar("LinkT")


def expected_told(value: float, words: Words) -> str:
    """An expected count: `2.3`, `41`."""
    return words.number(float(value), 1 if value < FEW else 0)


def count_told(count: Count, words: Words) -> str:
    """What was counted: a number, `not shown`, or `not reported`."""
    if count is None:
        return words("forecast", "not_reported")
    return words("areas", "withheld") if isinstance(count, str) else words.number(count)


def year_before(one: AreaForecast) -> list[Count]:
    """What was counted in the months ahead a year before; None where that is not known."""
    ago = [len(one.history) + ahead - YEAR for ahead in range(len(one.mean))]
    return [one.history[at] if 0 <= at < len(one.history) else None for at in ago]


def sum_before(one: AreaForecast) -> Count:
    """The sum of `year_before`; withheld where one of them is, or where it is small itself."""
    counts = year_before(one)
    if any(isinstance(count, str) for count in counts):
        return WITHHELD
    told = [count for count in counts if isinstance(count, int)]
    return sum(told) if len(told) == len(counts) else None


def alert_lines(
    alerts: Sequence[AreaAlert],
    forecasts: Mapping[str, AreaForecast],
    words: Words,
    link_of: Callable[[str, str], LinkT],
) -> list[tuple[LinkT, str]]:
    """Each alert with the link of its level and area; none of an area whose counts are not
    known."""
    return [
        (link_of(alert.level, alert.area), alert_told(alert, forecast, words))
        for alert in alerts
        if (forecast := forecasts.get(alert.area)) is not None
    ]


def months_told(
    of: Publication, one: AreaForecast, words: Words, *, since: str, many: int
) -> list[str]:
    """The first months from `since` (2026-07) on, each with what eight in ten lie between: `Jul
    2026: 2.3 (1 to 4)`; none of a forecast that ends before it. Months are told one by one: their
    bands do not add up."""
    low, high = (list(QUANTILES).index(name) for name in ("q10", "q90"))
    return [
        words.say(
            "forecast",
            "month_ahead",
            month=month_name({"month": month}, words),
            expected=expected_told(one.mean[at], words),
            low=words.number(one.quantiles[at, low]),
            high=words.number(one.quantiles[at, high]),
        )
        for at, month in enumerate(of.months)
        if month >= since
    ][:many]


def alert_told(alert: AreaAlert, forecast: AreaForecast, words: Words) -> str:
    """One line, with the figures that may be told."""
    year, month = map(int, alert.month.split("-"))
    facts = {"month": month_name({"month": f"{year}-{month:02d}"}, words)}
    facts["expected"] = expected_told(alert.expected, words)
    key = alert.kind
    if alert.kind == "above_band":
        if _withheld(forecast, 1) or 0 < alert.figure < SMALLEST_CELL:
            key = "above_band_withheld"
        else:
            facts["count"] = words.number(alert.figure)
    elif alert.kind == "peak_coming":
        # Three months of the last year are a quarter of its sum: told, they would tell the sum.
        usual = alert.expected * YEAR / PEAK_MONTHS
        if _withheld(forecast, YEAR) or 0 < usual < SMALLEST_CELL:
            key = "peak_coming_withheld"
        facts |= {"usual": facts["expected"], "expected": expected_told(alert.figure, words)}
    return words.say("forecast", key, **facts)


def _withheld(forecast: AreaForecast, months: int) -> bool:
    """Whether one of the last months is withheld, or their counts are no longer kept."""
    lately = forecast.history[-months:]
    return not lately or WITHHELD in lately
