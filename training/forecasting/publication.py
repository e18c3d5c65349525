"""A forecast made ready to be published: rows of every level, the counts it was made from as they
may be shown, and the alerts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np
import sqlalchemy as sa

from care.programme import published_forecast
from care.programme.areas import Areas
from care.programme.disclosure_control import withheld
from care.programme.published_forecast import (
    WITHHELD,
    AreaAlert,
    AreaForecast,
    Count,
    Publication,
)
from registry.contract.arrays import Flags, Floats
from registry.contract.errors import UsageError
from registry.machine.today import today
from registry.small_counts import SMALLEST_CELL
from training.forecasting.counts_panel import Panel
from training.forecasting.forecast import Forecast
from training.forecasting.forecast_run import Result

HISTORY_MONTHS = 36
LEAST_HORIZON = 6
"""Months: three for the food to come, three for it to last."""


def publish(
    engine: sa.Engine,
    result: Result,
    *,
    counted: str,
    level: str,
    as_of: dt.date,
    made_on: dt.date | None = None,
) -> Publication:
    """Publish a store's forecast, of its level and all above it, with its alerts.

    level: the finest, as `result` was made by; as_of: by the end of which day it was known;
    made_on: the day on which it is published, today if left out. Raises UsageError FCT015 for a
    shorter horizon than six months, FCT016 where a later one is published.
    """
    finest = result.forecasts[0]
    horizon = int(finest.mean.shape[1])
    if horizon < LEAST_HORIZON:
        raise UsageError(
            "FCT015",
            f"--publish with --horizon {horizon}: what is published reaches {LEAST_HORIZON} months",
        )
    new = Publication(
        counted=counted,
        level=level,
        origin=finest.panel.month_name(finest.origin),
        horizon=horizon,
        as_of=as_of,
        made_on=made_on or today(),
        facts={"areas": len(finest.panel.areas), "warnings": list(result.warnings)},
    )
    alerts = (
        AreaAlert(one.level, one.area, one.kind, one.month, one.figure, one.expected)
        for one in result.alerts
    )
    return published_forecast.publish(engine, new, _areas(result, level), alerts)


def _areas(result: Result, level: str) -> Iterator[AreaForecast]:
    finest = result.forecasts[0].panel
    names = [level, *finest.parents]
    start = max(0, result.forecasts[0].origin + 1 - HISTORY_MONTHS)
    hidden = hidden_counts([one.panel for one in result.forecasts], names)
    for name, forecast, gone in zip(names, result.forecasts, hidden, strict=True):
        yield from _areas_of_level(name, forecast, gone, start)


def _areas_of_level(
    level: str, forecast: Forecast, hidden: Flags, start: int
) -> Iterator[AreaForecast]:
    quantiles, until = forecast.quantiles, forecast.origin + 1
    for at in np.flatnonzero(np.isfinite(forecast.mean).all(axis=1)):
        history = _history(forecast.panel.counts[at, start:until], hidden[at, start:until])
        yield AreaForecast(
            level, str(forecast.panel.areas[at]), forecast.mean[at], quantiles[at], history
        )


def _history(counts: Floats, hidden: Flags) -> tuple[Count, ...]:
    return tuple(
        WITHHELD if gone else int(count) if np.isfinite(count) else None
        for count, gone in zip(counts, hidden, strict=True)
    )


def hidden_counts(panels: list[Panel], names: list[str]) -> list[Flags]:
    """By level the counts to withhold, bool (areas, months): small ones, and others lest these be
    worked out from what is shown of the areas beside and above.

    panels: the finest first; names: their levels.
    """
    finest = panels[0]
    own = [np.arange(len(finest.areas))]
    own += [
        np.searchsorted(panel.areas, finest.parents[name])
        for panel, name in zip(panels[1:], names[1:], strict=True)
    ]
    areas = Areas.from_places(np.array(own, np.int64), [len(panel.areas) for panel in panels])
    sums = areas.summed(np.nan_to_num(finest.counts).T)
    # The kernel takes the last time for all times together: here it repeats the last month.
    both = np.concatenate([sums, sums[:, -1:]], axis=1)[None]
    hidden = withheld(both, areas, smallest=SMALLEST_CELL, last_is_sum=False)[0, :, :-1]
    return [
        hidden[start:stop] & np.isfinite(panel.counts)
        for panel, start, stop in zip(panels, areas.start, areas.start[1:], strict=False)
    ]
