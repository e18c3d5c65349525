"""Drift of forecasts: whether what was published held, its bands and its error beside the best
simple average, by what is counted and by level."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa

from care.programme import published_forecast
from care.programme.areas import UPWARDS
from care.programme.published_forecast import QUANTILES, AreaForecast, Publication
from registry.contract.arrays import Floats
from registry.engine import IN_THIS_PROCESS, Engine
from registry.store.store import open_store
from training.forecasting.counts_panel import Panel, month_number
from training.forecasting.forecast_run import of_store
from training.forecasting.sources.store_events import EVENTS
from training.forecasting.yardsticks import AVERAGES, simple_averages

MONTHS = 12
"""Months whose outcomes are judged together: the month asked for and those before it."""
LEAST_FORECASTS = 30
HELD_LEAST, RATIO_MOST = 0.70, 1.0
"""An 80 % band that held fewer than seven in ten, or an error above that of the best simple
average, is told as drift (chosen)."""
_Q10, _Q90 = (list(QUANTILES).index(name) for name in ("q10", "q90"))


@dataclass(frozen=True)
class ForecastDrift:
    """Published forecasts of one level whose months have come: `in_80`, the share within their 80 %
    band; `ratio`, their mean absolute error over that of the best simple average."""

    counted: str
    level: str
    months: str
    forecasts: int
    in_80: float
    error: float
    best_average: str
    ratio: float
    reasons: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """One line for a person."""
        held = f"80 % band held {self.in_80:.2f}, error {self.error:.2f}"
        text = (
            f"forecasts of {self.counted} by {self.level}, {self.months}: {held}, "
            f"{self.ratio:.2f} of the {self.best_average} ({self.forecasts} forecasts)"
        )
        return f"{text}. Look: {'; '.join(self.reasons)}" if self.reasons else text

    def record(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self) | {
            "reasons": list(self.reasons),
            "drifted": bool(self.reasons),
            "line": self.line,
        }


def forecast_drift(
    address: str, month: str, *, engine: Engine = IN_THIS_PROCESS
) -> list[ForecastDrift]:
    """Every level of every published forecast of a store whose months up to `month` (2026-03) have
    come; none where nothing is published, or nothing has come yet."""
    until = month_number(dt.date.fromisoformat(f"{month}-01"))
    found: list[ForecastDrift] = []
    with closing(open_store(address, must_exist=True)) as store:
        for counted in EVENTS:
            former = published_forecast.published(store.engine, counted)
            former = [one for one in former if _number(one.origin) < until]
            if former:
                levels = _counted_levels(address, counted, former, engine)
                found += _of_counted(store.engine, counted, former, levels, until)
    return found


def _number(month: str) -> int:
    return month_number(dt.date.fromisoformat(f"{month}-01"))


def _counted_levels(
    address: str, counted: str, former: list[Publication], engine: Engine
) -> dict[str, Panel]:
    """What was counted, as it is known now, by level from the finest that was forecast on."""
    finest = min((one.level for one in former), key=UPWARDS.index)
    panel_at, last_day = of_store(address, counted, level=finest, engine=engine)
    panel = panel_at(last_day)
    return {finest: panel} | {name: panel.summed(name) for name in panel.parents}


@dataclass
class _Came:
    """Outcomes and what was said of them, gathered over publications."""

    count: list[Floats] = field(default_factory=list)
    mean: list[Floats] = field(default_factory=list)
    inside: list[Floats] = field(default_factory=list)
    averages: dict[str, list[Floats]] = field(
        default_factory=lambda: {name: [] for name in AVERAGES}
    )


def _of_counted(
    engine: sa.Engine,
    counted: str,
    former: list[Publication],
    levels: dict[str, Panel],
    until: int,
) -> Iterator[ForecastDrift]:
    for level, panel in levels.items():
        came = _Came()
        for one in former:
            areas = published_forecast.areas_of(engine, one, level)
            if areas:
                _add(came, panel, one, areas, until)
        if any(map(len, came.count)):
            yield _judged(counted, level, came, panel, until)


def _add(
    came: _Came, panel: Panel, of: Publication, areas: dict[str, AreaForecast], until: int
) -> None:
    """The months of one publication that have come, where the simple averages are known too."""
    origin = _number(of.origin) - panel.first
    if origin < 0:
        return
    at = {str(area): row for row, area in enumerate(panel.areas)}
    named = [area for area in areas if area in at]
    rows = np.array([at[area] for area in named], np.int64)
    for ahead in range(1, of.horizon + 1):
        column = origin + ahead
        if not len(rows) or column >= panel.months or not until - MONTHS < panel.first + column:
            continue
        if panel.first + column > until:
            break
        said = np.array([areas[area].mean[ahead - 1] for area in named])
        band = np.array([areas[area].quantiles[ahead - 1] for area in named])
        count = panel.counts[rows, column]
        averages = {
            name: value[rows] for name, value in simple_averages(panel, origin, ahead).items()
        }
        known = np.isfinite(np.array([count, *averages.values()])).all(axis=0)
        inside = (count >= band[:, _Q10]) & (count <= band[:, _Q90])
        came.count.append(count[known])
        came.mean.append(said[known])
        came.inside.append(inside[known].astype(float))
        for name, value in averages.items():
            came.averages[name].append(value[known])


def _judged(counted: str, level: str, came: _Came, panel: Panel, until: int) -> ForecastDrift:
    count = np.concatenate(came.count)
    last = panel.month_name(until - panel.first)
    months = f"{MONTHS} months up to {last}"
    error = float(np.abs(np.concatenate(came.mean) - count).mean())
    errors = {
        name: float(np.abs(np.concatenate(value) - count).mean())
        for name, value in came.averages.items()
    }
    best = min(errors, key=errors.__getitem__)
    held = float(np.concatenate(came.inside).mean())
    ratio = error / max(errors[best], 1e-9)
    return ForecastDrift(
        counted,
        level,
        months,
        len(count),
        held,
        error,
        best,
        ratio,
        tuple(_reasons(len(count), held, ratio)),
    )


def _reasons(forecasts: int, held: float, ratio: float) -> Iterator[str]:
    if forecasts < LEAST_FORECASTS:
        return
    if held < HELD_LEAST:
        yield f"the 80 % band held fewer than {HELD_LEAST:.0%}"
    if ratio > RATIO_MOST:
        yield "a simple average would have erred less"
