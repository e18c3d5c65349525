"""Forecasts beside simple averages on 89 real places, on a simulated set of areas, and the time
that a state takes.

Real: the open places of ../shared/data/cmam_monthly_admissions.csv (GPL-3, read there and never
copied), every origin from 2018-01, each from what was known then. Simulated: sectors whose true
monthly mean is known, with a season, a region's own course and chance beyond Poisson's; how often
calm areas give an alarm, and how often a doubling in one project is found within two months. State:
3,200 sectors of 60 months, one forecast.

    python benchmarks/forecast.py [--only real|simulated|state] [--json]
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

# One waiting OpenMP thread must not spin, and this file's own folder must not hide the packages.
os.environ["OMP_WAIT_POLICY"] = "passive"
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np

from training.forecasting.alerts import above_band
from training.forecasting.counts_panel import Panel
from training.forecasting.forecast import Learnt, forecast_at, forecast_before, levels_of
from training.forecasting.forecast_run import measured, of_table, run
from training.forecasting.yardsticks import simple_averages

PLACES = Path(__file__).resolve().parents[2] / "shared/data/cmam_monthly_admissions.csv"
FIRST_ORIGIN = (2018 - 1970) * 12
SHOCKS, DOUBLED_FROM = 10, 40


def real(places: Path = PLACES) -> dict:
    """By horizon: error over the best simple average's, bands held, weighted interval score; and
    the seconds."""
    begun = time.monotonic()
    result = run(
        of_table(places, by=None),
        as_of=dt.date(9999, 11, 30),
        horizons=6,
        level="area",
        backtest_from=FIRST_ORIGIN,
    )
    return {
        "by_horizon": measured(result),
        "parts": parts(result.levels[0]),
        "seconds": time.monotonic() - begun,
    }


def parts(learnt: Learnt) -> dict[str, dict[int, float]]:
    """What each part is worth: mean absolute error one, three and six months ahead, before the mean
    is corrected."""
    panel, found = learnt.panel, {}
    for name, kept in (
        ("level and season", {"forests": (), "ridges": ()}),
        ("with ridges", {"forests": ()}),
        ("with forests", {"ridges": ()}),
        ("with both", {}),
    ):
        errors = {horizon: [] for horizon in (1, 3, 6)}
        for origin in range(FIRST_ORIGIN - panel.first, panel.months - 1):
            logs = replace(learnt.learners(origin), **kept).logs(learnt.rows[origin])
            for horizon in (horizon for horizon in errors if origin + horizon < panel.months):
                off = np.abs(np.expm1(logs[:, horizon - 1]) - panel.counts[:, origin + horizon])
                errors[horizon].append(off[np.isfinite(off)])
        found[name] = {
            horizon: round(float(np.concatenate(off).mean()), 2) for horizon, off in errors.items()
        }
    return found


def simulated(
    *,
    sectors: int,
    months: int,
    seed: int,
    shock: tuple[int, int] | None = None,
    mean_count: float = 8.0,
) -> tuple[Panel, np.ndarray]:
    """(counts, their true means) of sectors in projects of eight and districts of five projects.

    shock: a project whose means double from a month on. A tenth of the months is missing.
    """
    draw = np.random.default_rng(seed)
    sector = np.arange(sectors)
    project, district = sector // 8, sector // 40
    level = np.log(mean_count) + draw.normal(0, 0.6, sectors)
    peak, height = (
        draw.uniform(4, 9, district.max() + 1),
        draw.uniform(0.2, 0.5, district.max() + 1),
    )
    at = np.arange(months)
    season = height[district, None] * np.cos(2 * np.pi * (at - peak[district, None]) / 12)
    course = draw.normal(0, 0.03, (district.max() + 1, months)).cumsum(axis=1)[district]
    mean = np.exp(level[:, None] + season + course)
    if shock:
        mean[project == shock[0], shock[1] :] *= 2
    counts = draw.poisson(mean * draw.gamma(12, 1 / 12, mean.shape)).astype(float)
    counts[draw.random(mean.shape) < 0.1] = np.nan
    names = [
        np.array([f"{letter}{number:04d}" for number in of])
        for letter, of in (("S", sector), ("P", project), ("D", district))
    ]
    return Panel(names[0], FIRST_ORIGIN, counts, {"project": names[1], "district": names[2]}), mean


def alarms(*, sectors: int = 160, months: int = 48, seed: int = 1) -> dict:
    """Share of calm sector-months with an alarm over the last year; errors beside the true means
    one month ahead, as shares of these, of the forecast and of the best simple average."""
    panel, mean = simulated(sectors=sectors, months=months, seed=seed)
    levels, found, told, off, simple = levels_of(panel, 1), 0, 0, [], []
    for origin in range(months - 13, months - 1):
        true = mean[:, origin + 1]
        found += len(above_band(forecast_before(levels, origin + 1)[0], "sector"))
        told += int(np.isfinite(panel.counts[:, origin + 1]).sum())
        off.append(np.abs(forecast_at(levels, origin)[0].mean[:, 0] - true).mean() / true.mean())
        simple.append(
            [
                np.nanmean(np.abs(said - true)) / true.mean()
                for said in simple_averages(panel, origin, 1).values()
            ]
        )
    return {
        "calm_sector_months": told,
        "alarm_share": found / told,
        "error_to_true_mean": float(np.mean(off)),
        "best_average_to_true_mean": float(np.mean(simple, axis=0).min()),
    }


def shocks_found(*, sectors: int = 80, months: int = 44, shocks: int = SHOCKS) -> float:
    """Share of doublings of one project's counts that an alarm of that project finds within two
    months."""
    return float(np.mean([_found(seed, sectors, months) for seed in range(shocks)]))


def _found(seed: int, sectors: int, months: int) -> bool:
    project = seed % (sectors // 8)
    panel, _ = simulated(
        sectors=sectors, months=months, seed=100 + seed, shock=(project, DOUBLED_FROM)
    )
    levels, name = levels_of(panel, 1), f"P{project:04d}"
    return any(
        alert.area == name
        for newest in (DOUBLED_FROM, DOUBLED_FROM + 1)
        for alert in above_band(forecast_before(levels, newest)[1], "project")
    )


def state() -> dict:
    """Seconds and the most memory of one forecast of 3,200 sectors with 60 months, alerts and
    levels included."""
    panel, _ = simulated(sectors=3200, months=60, seed=1)
    begun = time.monotonic()
    result = run(lambda day: panel, as_of=dt.date(9999, 11, 30), horizons=6, level="sector")
    rows, seconds = len(result.rows), time.monotonic() - begun
    return {
        "rows": rows,
        "seconds": seconds,
        "processor_seconds": time.process_time(),
        "memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def main() -> None:
    """All parts, or the one that is asked for; the last line of --json is one object."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--only", choices=["real", "simulated", "state"])
    asked.add_argument("--json", action="store_true")
    options = asked.parse_args()
    found = {}
    # The state first: the most memory of a process never falls.
    if options.only in (None, "state"):
        found["state"] = state()
    if options.only in (None, "simulated"):
        found["simulated"] = alarms() | {"shocks_found_within_two_months": shocks_found()}
    if options.only in (None, "real"):
        found["real"] = real() if PLACES.exists() else None
    print(json.dumps(found) if options.json else _in_words(found))


def _in_words(found: dict) -> str:
    lines = [
        f"{part}: {', '.join(f'{name} {value:,.3f}' for name, value in found[part].items())}"
        for part in ("state", "simulated")
        if part in found
    ]
    if found.get("real"):
        lines += [
            f"real, {horizon} ahead: "
            + ", ".join(
                f"{name} {value if isinstance(value, str) else f'{value:.3f}'}"
                for name, value in figures.items()
            )
            for horizon, figures in found["real"]["by_horizon"].items()
        ]
        lines += [
            f"real, {part}: error by months ahead {errors}"
            for part, errors in found["real"]["parts"].items()
        ]
    elif "real" in found:
        lines.append(f"real: {PLACES} is not here")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
