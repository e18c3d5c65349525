"""What to expect in an area: its forecast as a picture and a table, where to look now, and its
parts by expected SAM."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import numpy as np
import sqlalchemy as sa
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from care.programme.published_forecast import QUANTILES, AreaForecast, Publication
from features.charts.forecast_chart import ChartWords, ForecastSeries, forecast_chart, highest
from registry.contract.arrays import Floats
from serving.access.permissions import Person
from serving.book.areas import area_forecasts
from serving.book.reader import Place
from serving.language.words import Words
from serving.pages.areas import area_page, area_shown
from serving.pages.areas.area_figures import month_name
from serving.pages.areas.area_shown import AreaShown, Link
from serving.pages.areas.attention import AT_ONCE, page_asked
from serving.pages.areas.forecast_told import (
    YEAR,
    alert_lines,
    count_told,
    expected_told,
    sum_before,
    year_before,
)
from serving.pages.templates import html
from serving.process.service_state import ServiceState
from serving.visits.sheet_lines import level_notes, practice_key

DRAWN_MONTHS = 24
MOST_ALERTS = 20
OLD_MONTHS = 2
"""A month's forecast is made in the next month: from this many months on a newer one is missing."""
_LOW, _HIGH = (list(QUANTILES).index(name) for name in ("q10", "q90"))


@dataclass(frozen=True)
class MonthLine:
    """A month of the table: what was counted, a year before, expected, between what."""

    month: str
    counted: str
    before: str
    expected: str
    between: str


@dataclass(frozen=True)
class RankedPart:
    """A part of the area by what is expected there."""

    rank: int
    link: Link
    total: str
    next_month: str
    between: str
    before: str


@dataclass(frozen=True)
class ExpectedShown:
    """What a page shows of the publication that stands, of an area and its parts."""

    of: Publication | None = None
    own: AreaForecast | None = None
    picture: Markup | None = None
    months: Sequence[MonthLine] = ()
    alerts: Sequence[tuple[Link, str]] = ()
    more_alerts: int = 0
    ranked: Sequence[RankedPart] = ()
    page: int = 1
    pages: int = 1


def show(
    state: ServiceState,
    request: Request,
    person: Person,
    words: Words,
    *,
    level: str,
    area_id: str,
    query: Mapping[str, str],
) -> Response:
    """The page. OutOfScope where the scope does not hold the area."""
    reader, run, area, levels, below = area_page.area_asked(state, person, level, area_id, query)
    places = area_page.places_below(reader, run, area, below)
    found = _found(state, area, below, places, page_asked(query), words)

    def address(**changes: object) -> str:
        asked = {"parts": below, "page": found.page} | changes
        return "?" + urlencode({name: value for name, value in asked.items() if value})

    return html(
        "forecast.html",
        request,
        words,
        title=words.say("forecast", "title", area=area_shown.link(level, area_id, words).name),
        person=person,
        scored_on=run.as_of,
        crumbs=area_page.crumbs_of(reader, run, area, words),
        own_address=address_of(level, area_id),
        map_address=f"/map/{level}/{quote(area_id, safe='')}",
        about=_about(found.of, words) if found.of else "",
        old=_old(found.of, run.as_of, words) if found.of else "",
        forecast=found.own,
        picture=found.picture,
        months=found.months,
        alerts=found.alerts,
        more_alerts=found.more_alerts,
        levels=levels,
        below=below,
        ranked=found.ranked,
        total_head=_total_head(found.of, words) if found.of else "",
        next_head=_next_head(found.of, words) if found.of else "",
        page=found.page,
        pages=found.pages,
        address=address,
        practice=practice_key(run.facts),
        levels_said=level_notes(run.facts, words),
    )


def address_of(level: str, area_id: str) -> str:
    """Where an area's forecast is."""
    return f"/forecast/{level}/{quote(area_id, safe='')}"


def _found(
    state: ServiceState,
    area: AreaShown,
    below: str,
    places: Sequence[Place],
    page: int,
    words: Words,
) -> ExpectedShown:
    """What the page shows; nothing where no forecast is published."""
    engine = state.book_engine
    of = area_forecasts.standing(engine)
    if of is None:
        return ExpectedShown()
    own = area_forecasts.forecasts(engine, of, area.level, [area.place]).get(area.place.place)
    above = area_forecasts.months_above(engine, of, area.level, area.place)
    totals = area_forecasts.totals(engine, of, below, places)
    order = sorted(totals, key=lambda name: (-totals[name], name))
    pages = max(1, -(-len(order) // AT_ONCE))
    page = min(page, pages)
    alerts, more = _alerts(engine, of, area, own, below, places, words)
    return ExpectedShown(
        of,
        own,
        _picture(of, own, above, words) if own else None,
        _month_lines(of, own, above, words) if own else [],
        alerts,
        more,
        _ranked(engine, of, below, order, page, words),
        page,
        pages,
    )


def _alerts(
    engine: sa.Engine,
    of: Publication,
    area: AreaShown,
    own: AreaForecast | None,
    below: str,
    places: Sequence[Place],
    words: Words,
) -> tuple[list[tuple[Link, str]], int]:
    """The area's own, then the first of its parts', one line each; how many more there are."""
    told = area_forecasts.alerts(engine, of, area.level, [area.place])

    def link_of(level: str, area_id: str) -> Link:
        return Link(area_shown.link(level, area_id, words).name, address_of(level, area_id))

    lines = alert_lines(told, {area.place.place: own} if own else {}, words, link_of)
    inside = area_forecasts.alerts(engine, of, below, places)
    first = inside[: max(MOST_ALERTS - len(lines), 0)]
    alerted = {alert.area for alert in first}
    known = area_forecasts.forecasts(
        engine, of, below, [one for one in places if one.place in alerted]
    )
    return lines + alert_lines(first, known, words, link_of), len(inside) - len(first)


def _old(of: Publication, as_of: dt.date, words: Words) -> str:
    """A note where newer months are long known; "" where there are none."""
    year, month = map(int, of.origin.split("-"))
    months = (as_of.year * 12 + as_of.month) - (year * 12 + month)
    return words.say("forecast", "old", n=months) if months > OLD_MONTHS else ""


def _about(of: Publication, words: Words) -> str:
    return words.say(
        "forecast", "about", made=words.day(of.made_on), origin=named(of.origin, words)
    )


def named(month: str, words: Words) -> str:
    """`Jun 2026`."""
    return month_name({"month": month}, words)


def _total_head(of: Publication, words: Words) -> str:
    return words.say("forecast", "total", n=of.horizon)


def _next_head(of: Publication, words: Words) -> str:
    return words.say("forecast", "next", month=named(of.months[0], words))


def _counts(history: Sequence[int | str | None]) -> Floats:
    return np.array([one if isinstance(one, int) else np.nan for one in history], float)


def _months_before(of: Publication, many: int) -> list[str]:
    """The last so many months up to the origin."""
    year, month = map(int, of.origin.split("-"))
    numbers = range(year * 12 + month - many, year * 12 + month)
    return [f"{number // 12}-{number % 12 + 1:02d}" for number in numbers]


def _picture(of: Publication, own: AreaForecast, above: set[str], words: Words) -> Markup:
    counts = _counts(own.history)[-DRAWN_MONTHS:]
    before, months = _counts(year_before(own)), _months_before(of, len(counts))
    ringed = tuple(at for at, month in enumerate(months) if month in above)
    series = ForecastSeries(counts, own.mean, own.quantiles, before, ringed)
    first = months[0] if months else of.months[0]
    said = words.say(
        "forecast",
        "picture",
        expected=expected_told(own.mean[0], words),
        month=named(of.months[0], words),
        low=words.number(own.quantiles[0, _LOW]),
        high=words.number(own.quantiles[0, _HIGH]),
    )
    chart = ChartWords(
        words("forecast", "chart"),
        said,
        named(first, words),
        named(of.origin, words),
        words.number(highest(series)),
    )
    return Markup(forecast_chart(series, chart).svg())


def _month_lines(
    of: Publication, own: AreaForecast, above: set[str], words: Words
) -> list[MonthLine]:
    history = own.history[-DRAWN_MONTHS:]
    lines = []
    for at, month in enumerate(_months_before(of, len(history))):
        ago = len(own.history) - len(history) + at - YEAR
        before = count_told(own.history[ago], words) if ago >= 0 else ""
        counted = count_told(history[at], words)
        if month in above:
            counted += f" ({words('forecast', 'above')})"
        lines.append(MonthLine(named(month, words), counted, before, "", ""))
    for ahead, month in enumerate(of.months):
        told = year_before(own)[ahead]
        lines.append(
            MonthLine(
                named(month, words),
                "",
                count_told(told, words),
                expected_told(own.mean[ahead], words),
                _between(own, ahead, words),
            )
        )
    return lines[::-1]


def _between(one: AreaForecast, ahead: int, words: Words) -> str:
    low, high = (words.number(one.quantiles[ahead, at]) for at in (_LOW, _HIGH))
    return words.say("funnel", "between", low=low, high=high)


def _ranked(
    engine: sa.Engine, of: Publication, below: str, order: Sequence[str], page: int, words: Words
) -> list[RankedPart]:
    """One page of the parts, the most expected first; order: their ids."""
    start = (page - 1) * AT_ONCE
    shown = order[start : start + AT_ONCE]
    places = [Place(name, None, None) for name in shown]
    found = area_forecasts.forecasts(engine, of, below, places) if places else {}
    return [
        RankedPart(
            start + at + 1,
            Link(area_shown.link(below, name, words).name, address_of(below, name)),
            expected_told(float(found[name].mean.sum()), words),
            expected_told(found[name].mean[0], words),
            _between(found[name], 0, words),
            count_told(sum_before(found[name]), words),
        )
        for at, name in enumerate(shown)
    ]
