"""The season in supply: admissions of the coming days as the published forecast expects them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import sqlalchemy as sa

from care.programme import published_forecast
from care.programme.published_forecast import QUANTILES, AreaForecast, Publication
from care.programme.supplies.supply import AHEAD_DAYS, WEEKS, Flow
from registry.contract.arrays import Floats, Ints, Texts
from registry.contract.registry import day_date, day_number

COUNTED = "admissions"
YEAR_MONTHS = 12
_LOW, _HIGH = (list(QUANTILES).index(name) for name in ("q10", "q90"))
_Z80 = 2.5631
"""Standard deviations between the 10th and the 90th percentile of a normal distribution."""


@dataclass(frozen=True)
class AdmissionsForecast:
    """The published forecast of admissions: of each project by its id, and of the whole registry
    (None where it was not forecast)."""

    of: Publication
    projects: dict[str, AreaForecast]
    whole: AreaForecast | None

    def days_known(self, today: int) -> int:
        """For how many days after a day (number) it speaks; less than 1: none."""
        return _month_end(self.of.months[-1]) - today

    def speaks(self, today: int) -> bool:
        """Whether it reaches over all weeks for which a need is told, and down to projects."""
        return bool(self.projects) and self.days_known(today) >= 7 * max(WEEKS)


def read(engine: sa.Engine, day: int) -> AdmissionsForecast | None:
    """What was published of what was known by the end of a day (number); None where nothing was."""
    found = published_forecast.newest(engine, COUNTED, by=day_date(day))
    if found is None:
        return None
    whole = published_forecast.areas_of(engine, found, "state")
    projects = published_forecast.areas_of(engine, found, "project")
    return AdmissionsForecast(found, projects, next(iter(whole.values()), None))


@dataclass(frozen=True)
class Parts:
    """Which part of its project's admissions each centre has, float64 (centres,): as of the last
    twelve weeks' rates; `variance`: of that part, as if the others' were known."""

    part: Floats
    variance: Floats
    project_of: Ints

    @classmethod
    def of(cls, centres: Flow, project_of: Ints) -> Parts:
        """From the flow of all centres, and each one's project (-1: not known)."""
        inside = project_of >= 0
        whole = np.bincount(project_of[inside], centres.admissions_a_day[inside])
        rate = np.ones(centres.places)
        rate[inside] = whole[project_of[inside]]
        return cls(
            np.where(inside, centres.admissions_a_day / rate, 0.0),
            np.where(inside, centres.admissions_variance / rate**2, 0.0),
            project_of,
        )


def with_season(
    flow: Flow,
    forecast: AdmissionsForecast,
    parts: Parts,
    *,
    place_of: Ints,
    project_ids: Texts,
    today: int,
    share: float,
) -> Flow:
    """A flow whose admissions are its centres' parts of what their projects expect.

    place_of: each centre's place (-1: none); share: of all admissions those to a centre's own
    programmes. A place with a centre of a project that was not forecast stays as it is.
    """
    days = min(forecast.days_known(today), AHEAD_DAYS)
    ahead, variance = np.zeros((flow.places, days)), np.zeros(flow.places)
    forecast_all = np.ones(flow.places, np.bool_)
    forecast_all[place_of[(place_of >= 0) & (parts.project_of < 0)]] = False
    for at, name in enumerate(project_ids):
        own = np.flatnonzero((parts.project_of == at) & (place_of >= 0))
        area = forecast.projects.get(str(name))
        if area is None:
            forecast_all[place_of[own]] = False
            continue
        part, unsure = (
            np.bincount(place_of[own], of[own], minlength=flow.places)
            for of in (parts.part, parts.variance)
        )
        a_day = share * _by_day(forecast.of.months, area.mean, today, days)
        there = np.flatnonzero(part)
        ahead[there] += part[there, None] * a_day
        # All of a project are its forecast's, whatever its centres' last weeks were.
        relative = part**2 * relative_variance(area) + unsure * np.clip(1 - part, 0, 1)
        variance += relative * a_day.mean() ** 2
    ahead = np.where(forecast_all[:, None], ahead, flow.admissions_a_day[:, None])
    return replace(
        flow,
        ahead=ahead,
        admissions_a_day=ahead.mean(axis=1),
        admissions_variance=np.where(forecast_all, variance, flow.admissions_variance),
    )


def relative_variance(area: AreaForecast) -> float:
    """How far the level of a forecast may be off, beyond chance from month to month: the variance
    over the square of the mean, as if all its months were off together."""
    total = float(area.mean.sum())
    deviation = (area.quantiles[:, _HIGH] - area.quantiles[:, _LOW]) / _Z80
    beyond_chance = np.sqrt(np.maximum(deviation**2 - area.mean, 0.0))
    return float((beyond_chance.sum() / total) ** 2) if total > 0 else 0.0


def admissions_of_year(forecast: AdmissionsForecast, share: float) -> tuple[float, float] | None:
    """(expected, variance) of the twelve months after the forecast's origin: its own, and for those
    beyond them last year's counts of the same months. None where one of these is not known."""
    area = forecast.whole
    if area is None:
        return None
    ahead = area.mean[:YEAR_MONTHS]
    missing = YEAR_MONTHS - len(ahead)
    counted = area.history[len(area.history) - missing :] if missing else ()
    if len(counted) < missing or any(not isinstance(count, int) for count in counted):
        return None
    mean = share * float(ahead.sum() + sum(count for count in counted if isinstance(count, int)))
    return mean, mean + relative_variance(area) * mean**2


def _by_day(months: list[str], means: Floats, today: int, days: int) -> Floats:
    """A month's expected count spread evenly over its days, for the days after `today`."""
    a_day = np.zeros(days)
    for month, mean in zip(months, means, strict=True):
        first, last = _month_start(month) - today, _month_end(month) - today
        a_day[max(first - 1, 0) : max(last, 0)] = mean / (last - first + 1)
    return a_day


def _month_start(month: str) -> int:
    return day_number(dt.date.fromisoformat(f"{month}-01"))


def _month_end(month: str) -> int:
    first = dt.date.fromisoformat(f"{month}-01")
    return day_number((first + dt.timedelta(days=31)).replace(day=1)) - 1
