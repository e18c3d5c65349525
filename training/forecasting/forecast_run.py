"""`sanket forecast`: from a source to rows, alerts and, when asked, every past origin beside what
came."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from registry.contract.errors import BadInput, UsageError
from registry.contract.registry import day_date
from registry.engine import IN_THIS_PROCESS, Engine
from registry.store.partitions import NOW, divide
from registry.store.store import open_store
from training.forecasting.alerts import Alert, alerts
from training.forecasting.counts_panel import Panel, last_whole_month, month_name, row_means
from training.forecasting.forecast import Forecast, Learnt, forecast_at, levels_of
from training.forecasting.spread import NAMES
from training.forecasting.yardsticks import AVERAGES, interval_score, simple_averages

FEWEST_MONTHS = 6
SEASON_MONTHS = 24
PanelAt = Callable[[dt.date], Panel]
"""What a source says of the months that had ended by a day, as it was known then."""


@dataclass(frozen=True)
class Result:
    """A source's forecast: the finest level's rows by `frame`, alerts of all levels, what the past
    origins showed."""

    levels: list[Learnt]
    forecasts: list[Forecast]
    alerts: list[Alert]
    warnings: tuple[str, ...]
    past: pd.DataFrame | None = None

    @property
    def rows(self) -> pd.DataFrame:
        """The form of `../shared/commands.md`: one row an area and month ahead; with past origins,
        those before it."""
        newest = frame(self.forecasts[0], truth=self.past is not None)
        return newest if self.past is None else pd.concat([self.past, newest], ignore_index=True)


def of_table(path: Path, *, by: str | None) -> PanelAt:
    """A table's panel as it stood at the end of any day. Raises what `table.read_table` raises."""
    from training.forecasting.sources.counts_table import read_table

    whole = read_table(path)
    if by and by not in ("area", *whole.parents):
        raise UsageError("FCT011", f"--by is {by!r}: of this table give area{_or(whole.parents)}")
    panel = whole if by in (None, "area") else whole.summed(by)

    def at(day: dt.date) -> Panel:
        column = min(last_whole_month(day) - panel.first, panel.months - 1)
        if column < 0:
            raise BadInput(
                "FCT004", f"the table holds no month that had ended by {day.isoformat()}"
            )
        past = panel.until(column)
        return past.until(past.last)

    return at


def _or(names: dict[str, Any]) -> str:
    return "".join(f" or {name}" for name in names)


def of_store(
    address: str, counted: str, *, level: str, engine: Engine = IN_THIS_PROCESS
) -> tuple[PanelAt, dt.date]:
    """A store's panel as known at the end of any day, and the last day recorded. A store of one
    part is read once; a larger one part by part, for every day that is asked."""
    from training.forecasting.sources.store_counts import panel_of, panel_of_store

    with closing(open_store(address, must_exist=True)) as store:
        alone = len(divide(store, NOW)) == 1 and engine.here
        registry = store.load() if alone else store.load(children=())

    def at(day: dt.date) -> Panel:
        if alone:
            return panel_of(registry, counted, level=level, as_of=day)
        return panel_of_store(address, counted, level=level, as_of=day, engine=engine)

    return at, day_date(registry.recorded_until)


def run(
    source: PanelAt,
    *,
    as_of: dt.date,
    horizons: int,
    level: str,
    backtest_from: int | None = None,
    vintages: bool = False,
    said: Callable[[str], None] = lambda text: None,
) -> Result:
    """The forecast of a source from the last month that had ended by a day.

    backtest_from: months since January 1970 of the first past origin. vintages: whether the source
    said something else of a month at an earlier day than now (a store, where records come late).
    Raises BadInput FCT004, FCT005.
    """
    panel = source(as_of)
    _refuse_short(panel)
    levels = levels_of(panel, horizons)
    origin = panel.last
    said(f"{len(panel.areas)} areas, {panel.months} months up to {panel.month_name(origin)}")
    past = None
    if backtest_from is not None:
        past = _past_origins(
            levels, source if vintages else None, first=backtest_from - panel.first, said=said
        )
    forecasts = forecast_at(levels, origin)
    names = [level, *panel.parents]
    return Result(
        levels, forecasts, alerts(levels, forecasts, names), _warnings(forecasts[0]), past
    )


def _refuse_short(panel: Panel) -> None:
    known = int(np.isfinite(panel.counts).any(axis=0).sum())
    if panel.last < 0:
        raise BadInput("FCT004", "nothing was counted by that day")
    if known < FEWEST_MONTHS:
        raise BadInput(
            "FCT005",
            f"{known} month{'s' if known > 1 else ''} reported by that day: a forecast needs "
            f"{FEWEST_MONTHS}",
        )


def _warnings(forecast: Forecast) -> tuple[str, ...]:
    panel, found = forecast.panel, list(forecast.panel.warnings)
    if panel.months < SEASON_MONTHS:
        found.append(
            f"{panel.months} months are known: the season is hardly learnt before {SEASON_MONTHS}"
        )
    silent = int((~np.isfinite(forecast.mean[:, 0])).sum())
    if silent:
        found.append(f"{silent} areas without a report in two years have no forecast")
    return tuple(found)


def _past_origins(
    levels: list[Learnt], source: PanelAt | None, *, first: int, said: Callable[..., Any]
) -> pd.DataFrame:
    """Rows of every origin from `first` to the month before the last, each from what was known
    then."""
    newest = levels[0].panel
    if first >= newest.last:
        raise UsageError(
            "FCT012",
            f"--backtest-from is {newest.month_name(first)}: give a month before "
            f"{newest.month_name(newest.last)}, the last one known",
        )
    start, found = max(first, FEWEST_MONTHS - 1), []
    for origin in range(start, newest.last):
        said(f"origin {newest.month_name(origin)}")
        then = (
            levels if source is None else _levels_then(source, newest, origin, levels[0].horizons)
        )
        if then is not None and np.isfinite(then[0].panel.counts[:, :]).any():
            found.append(
                frame(
                    forecast_at(then, min(origin, then[0].panel.months - 1))[0],
                    truth=True,
                    newest=newest,
                )
            )
    if not found:
        raise UsageError("FCT012", "no past origin has six months before it")
    return pd.concat(found, ignore_index=True)


def _levels_then(source: PanelAt, newest: Panel, origin: int, horizons: int) -> list[Learnt] | None:
    number = newest.first + origin
    next_month = dt.date(1970 + (number + 1) // 12, (number + 1) % 12 + 1, 1)
    then = source(next_month - dt.timedelta(1))
    known = int(np.isfinite(then.counts).any(axis=0).sum())
    return levels_of(then, horizons) if known >= FEWEST_MONTHS else None


def frame(forecast: Forecast, *, truth: bool = False, newest: Panel | None = None) -> pd.DataFrame:
    """One row an area and horizon, areas without a forecast left out; `count` beside it where it is
    asked and known."""
    panel, newest = forecast.panel, newest or forecast.panel
    area, step = np.nonzero(np.isfinite(forecast.mean))
    quantiles = forecast.quantiles[area, step]
    first = panel.first + forecast.origin + 1
    months = np.array([month_name(first + at) for at in range(forecast.mean.shape[1])])
    rows = pd.DataFrame(
        {
            "area": panel.areas[area],
            "origin": panel.month_name(forecast.origin),
            "month": months[step],
            "horizon": step + 1,
            "mean": forecast.mean[area, step].round(4),
        }
        | dict(zip(NAMES, quantiles.T, strict=True))
    )
    if truth:
        column = first - newest.first + step
        row = np.searchsorted(newest.areas, panel.areas)[area]
        inside = column < newest.months
        rows["count"] = np.where(
            inside, newest.counts[row, np.minimum(column, newest.months - 1)], np.nan
        )
    return rows


def measured(result: Result) -> dict[str, dict[str, Any]]:
    """By horizon, over the past origins: error beside the best simple average, how often the bands
    held, and WIS. Raises ValueError where none was made (`forecast` without `backtest_from`)."""
    if result.past is None:
        raise ValueError("no past origins were forecast")
    panel = result.levels[0].panel
    found: dict[str, dict[str, Any]] = {}
    known = result.past[result.past["count"].notna()]
    origins = {panel.month_name(at): at for at in range(panel.months)}
    for horizon, rows in known.groupby("horizon"):
        averages = dict.fromkeys(AVERAGES, 0.0)
        fair = np.zeros(len(rows), bool)
        for origin, at in rows.groupby("origin").indices.items():
            area = np.searchsorted(panel.areas, rows["area"].to_numpy(str)[at])
            came = rows["count"].to_numpy()[at]
            said = {
                name: value[area]
                for name, value in simple_averages(panel, origins[origin], horizon).items()
            }
            # An area that reported nothing for a year has no simple average to be compared with.
            both = np.isfinite(np.array(list(said.values()))).all(axis=0)
            fair[at] = both
            for name, value in said.items():
                averages[name] += float(np.abs(value - came)[both].sum())
        found[str(horizon)] = _figures(
            rows[fair], {name: total / max(fair.sum(), 1) for name, total in averages.items()}
        )
    return found


def _figures(rows: pd.DataFrame, averages: dict[str, float]) -> dict[str, Any]:
    came = rows["count"].to_numpy()
    best = min(averages, key=averages.__getitem__)
    error, median = np.abs(came - rows["mean"]).mean(), np.abs(came - rows["q50"]).mean()
    return {
        "forecasts": len(rows),
        "error": error,
        "error_of_median": median,
        "best_average": best,
        "error_of_best_average": averages[best],
        "ratio": error / max(averages[best], 1e-9),
        "ratio_of_median": median / max(averages[best], 1e-9),
        "in_80": float(((came >= rows["q10"]) & (came <= rows["q90"])).mean()),
        "in_90": float(((came >= rows["q05"]) & (came <= rows["q95"])).mean()),
        "interval_score": float(interval_score(came, rows[list(NAMES)].to_numpy()).mean()),
    }


def ranked(result: Result) -> list[dict[str, Any]]:
    """Areas by expected count over all months ahead, the most first, beside the mean month of the
    last year."""
    forecast = result.forecasts[0]
    year = row_means(forecast.panel.counts[:, -12:])
    ahead = forecast.mean.mean(axis=1)
    order = [
        at for at in np.argsort(-np.nan_to_num(ahead), kind="stable") if np.isfinite(ahead[at])
    ]
    return [
        {
            "area": str(forecast.panel.areas[at]),
            "a_month_expected": round(float(ahead[at]), 1),
            "a_month_last_year": None if np.isnan(year[at]) else round(float(year[at]), 1),
        }
        for at in order
    ]
