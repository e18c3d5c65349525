"""Drift: whether this month's children and records still look like those of the months before.

Compared are a month's columns and risks with the months before the champion's training ended, each
seen at its own end with the same delay and the same length of history and for its season
(`training.evaluation.month_views`); the risks with what became of them, of those whose outcomes
have had the time to be known; and the quality of the records. It advises; it never trains.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from features import data_quality
from features.clock import Clock
from features.trajectory.context import Context
from models.bundle import Bundle
from models.champion import champions, models_folder
from models.targets import TARGETS
from registry.contract.arrays import Floats
from registry.contract.days import LONGEST_MONTH_DAYS
from registry.contract.errors import BadInput, UsageError
from registry.contract.registry import Registry, day_date, day_number
from training.cohorts.landmarks import cohort
from training.cohorts.visit_exposure import visited_in_time
from training.commands.train import load_registry
from training.evaluation.month_test import LEAST_CHILDREN, LEAST_MONTHS, Shift, shifts
from training.evaluation.month_views import (
    HISTORY_DAYS,
    MEASURES,
    MonthProfile,
    everyone,
    profile_of_month,
    profiles_of_everyone,
    timely,
)
from training.evaluation.scored_rows import Judged, score_rows
from training.evaluation.subgroup_table import quality_month
from training.fitting.fit import Progress
from training.metrics.calibration import calibration
from training.metrics.discrimination import bootstraps
from training.tracking import mlflow_runs
from training.tracking.reachable import ask

SLOPE_LOW, SLOPE_HIGH, RATIO_LOW, RATIO_HIGH = 0.8, 1.25, 0.8, 1.25
"""Told only where the whole 95 % interval (children drawn anew) lies beyond a bound."""
QUALITY_LOSS = 10.0
LEAST_EVENTS, SLOPE_EVENTS = 20, 100
RIPE_DAYS = 183
"""Outcomes that have become known over so many days are judged together: a month has few."""
VISITED_SHARE = 0.05
"""From this share of visited rows on a training takes account of visits. verified: false."""
REPEATS = 200
TOLD = 20
NOBODY = MonthProfile(0, 0, 0, *(np.zeros(0),) * 2, np.zeros(0, np.int64))


@dataclass(frozen=True)
class Drift:
    """One target's month: `figures` by name, measures that moved (`shifted`), `reasons` to train
    again, and `notes` on what could not be told."""

    target: str
    bundle: str
    month: str
    rows: int
    figures: dict[str, float] = field(default_factory=dict)
    shifted: dict[str, Shift] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def advice(self) -> str:
        """What to do, in a sentence."""
        kept = "Keep the champion: nothing has drifted beyond its bounds."
        if self.reasons:
            kept = f"Look, and train again if it stays so: {'; '.join(self.reasons)}."
        visited = self.figures.get("share_visited", 0.0)
        if visited < VISITED_SHARE:
            return kept
        return (
            f"{kept} Lists have changed what became of the children ({visited:.0%} of the ripe "
            "predictions were visited): train again with --without-visits (docs/judging.md)."
        )


def drift(
    address: str, month: str, *, tracked_at: str | None = None, said: Progress = lambda text: None
) -> list[Drift]:
    """Every champion of a store against one month (`2026-03`); each is also a run in MLflow, tagged
    `drift`.

    `BadInput` EVA002 where there is no champion; `UsageError` DRF002 where the month is none.
    """
    days_of(month)
    models = models_folder(address)
    bundles = champions(models)
    if not bundles:
        raise BadInput("EVA002", f"there is no champion in {models}: `sanket train` first")
    tracked = mlflow_runs.tracking_address(models, tracked_at)
    ask(tracked)
    registry = timely(load_registry(address))
    of_everyone, told = views_of_everyone(registry), []
    for bundle in bundles.values():
        said(f"{bundle.target}: {month} and the months before")
        views = replace(Views.of(registry, bundle), everyone=of_everyone)
        told.append(of_month(registry, bundle, month, views=views))
        _track(told[-1], tracked, models)
    return told


def days_of(month: str) -> tuple[int, int]:
    """First and last day (numbers) of `2026-03`."""
    try:
        first = dt.datetime.strptime(month, "%Y-%m").date()
    except ValueError:
        raise UsageError("DRF002", "--month is a month: write it as 2026-03") from None
    following = (first + dt.timedelta(days=LONGEST_MONTH_DAYS)).replace(day=1)
    return day_number(first), day_number(following) - 1


def months_before(registry: Registry, bundle: Bundle, first: int) -> list[tuple[int, int]]:
    """First and last day (numbers) of the months that a month beginning on `first` is compared
    with: those before the champion's training ended that have a year of history behind them."""
    begun = int(np.quantile(registry.measurements["measured_on"], 0.001)) + HISTORY_DAYS
    until = min(first, day_number(bundle.facts["trained_until"]))
    found: list[tuple[int, int]] = []
    start, end = days_of(f"{day_date(begun + LONGEST_MONTH_DAYS):%Y-%m}")
    while end < until:
        found.append((start, end))
        start, end = days_of(f"{day_date(end + 1):%Y-%m}")
    return found


@dataclass(frozen=True)
class Views:
    """How months looked, each made once: `target`'s profile and `everyone`'s features, from one day
    (number) to another."""

    target: Callable[[int, int], MonthProfile]
    everyone: Callable[[int, int], Floats]

    @classmethod
    def of(cls, registry: Registry, bundle: Bundle) -> Views:
        """Of a registry (of `training.evaluation.month_views.timely`) and a champion."""
        return cls(cache(partial(profile_of_month, registry, bundle)), views_of_everyone(registry))


def views_of_everyone(registry: Registry) -> Callable[[int, int], Floats]:
    """`everyone` of a registry, each month made once."""
    return cache(partial(everyone, registry))


def of_month(
    registry: Registry, bundle: Bundle, month: str, *, views: Views | None = None
) -> Drift:
    """One champion's month; `registry`: of `training.evaluation.month_views.timely`; `views`: where
    those of other months are at hand."""
    views = views or Views.of(registry, bundle)
    first, last = days_of(month)
    told = partial(Drift, bundle.target, bundle.version, month)
    if last > registry.recorded_until:
        ends = day_date(registry.recorded_until)
        return told(0, notes=(f"{month} is not over in the records, which end on {ends}",))
    days = months_before(registry, bundle, first)
    now = views.target(first, last)
    shifted, figures, reasons, notes = _of_measures(
        now, [views.target(*of) for of in days], f"the children of {bundle.target} in {month}"
    )
    of_all = [(of[0], views.everyone(*of)) for of in [*days, (first, last)]]
    *before, all_now = profiles_of_everyone(of_all) if days else [NOBODY]
    found = _of_measures(all_now, before, f"all children measured in {month}")
    shifted |= {f"{name}, all children": shift for name, shift in found[0].items()}
    figures |= {f"all_{name}": value for name, value in found[1].items()}
    reasons, notes = reasons + found[2], notes + found[3]
    for part in (
        _of_outcomes(registry, bundle, last),
        _of_records(records_quality(registry, month)),
    ):
        figures |= part[0]
        reasons += part[1]
        notes += part[2]
    return told(now.rows, figures, shifted, tuple(reasons), tuple(notes))


Part = tuple[dict[str, float], list[str], list[str]]


def _of_measures(
    now: MonthProfile, before: list[MonthProfile], whose: str
) -> tuple[dict[str, Shift], dict[str, float], list[str], list[str]]:
    """Columns, their missingness and the risks: (what moved, figures, reasons, notes)."""
    before = [one for one in before if one.children >= LEAST_CHILDREN]
    figures = {"children": float(now.children), "months_before": float(len(before))}
    if now.children < LEAST_CHILDREN:
        note = (
            f"{whose}: {now.children}, fewer than {LEAST_CHILDREN}: nothing can be told from them"
        )
        return {}, figures, [], [note]
    if len(before) < LEAST_MONTHS:
        note = (
            f"{whose}: {len(before)} months before the training ended have a year of records "
            f"behind them and children enough; {LEAST_MONTHS} are needed"
        )
        return {}, figures, [], [note]
    found = shifts(before, now, MEASURES)
    first = ", ".join(list(found)[:3])
    reasons = [f"{whose}: {len(found)} measures shifted ({first} most surely)"] if found else []
    figures["shifted"] = float(len(found))
    return dict(list(found.items())[:TOLD]), figures, reasons, []


def ripe_rows(registry: Registry, bundle: Bundle, last: int) -> Judged:
    """Rows that the champion did not learn from and whose labels ended within RIPE_DAYS up to the
    `last` day (number): what became of them is known as well as it ever will be."""
    clock, target = Clock(registry), TARGETS[bundle.target]
    rows = cohort(clock, target, cutoff=registry.recorded_until)
    ends = rows.outcomes.index_on[rows.index].astype(np.int64) + target.label_days
    ripe = (ends <= last) & (ends > last - RIPE_DAYS) & (rows.outcomes.room[rows.index] == 1)
    unseen = rows.day >= day_number(bundle.facts["trained_until"])
    rows = rows.take(np.flatnonzero(ripe & unseen))
    return score_rows(clock, bundle, rows, block="ripe", context=Context(clock))


def share_visited(registry: Registry, judged: Judged) -> dict[str, float]:
    """Of the rows the share that a list's visit met in time (`share_visited`); nothing where there
    are no rows, or the champion learnt without visits and is judged so."""
    if not len(judged.risk) or judged.rows.visited is not None:
        return {}
    return {"share_visited": float(visited_in_time(Clock(registry), judged.rows)[0].mean())}


def _of_outcomes(registry: Registry, bundle: Bundle, last: int) -> Part:
    judged = ripe_rows(registry, bundle, last)
    visits = share_visited(registry, judged)
    if judged.events < LEAST_EVENTS:
        note = (
            f"calibration is not told: of predictions since the training, {judged.events} events "
            f"have had the time to be known in the {RIPE_DAYS} days before, fewer than "
            f"{LEAST_EVENTS}"
        )
        return {"ripe_events": float(judged.events)} | visits, [], [note]

    def measured(risk: np.ndarray, happened: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
        found = calibration(risk, happened, weight)
        return found.observed_over_expected, found.slope

    ratio, slope = bootstraps(
        measured,
        judged.risk,
        judged.happened,
        judged.weight,
        cluster=judged.rows.child,
        repeats=REPEATS,
    )
    figures = {
        "ripe_events": float(judged.events),
        "observed_over_expected": ratio.value,
        "observed_over_expected_low": ratio.low,
        "observed_over_expected_high": ratio.high,
        "calibration_slope": slope.value,
    } | visits
    reasons = []
    if ratio.high < RATIO_LOW or ratio.low > RATIO_HIGH:
        reasons.append(
            f"{ratio.value:.2f} times as many events as expected ({ratio.low:.2f} to "
            f"{ratio.high:.2f})"
        )
    if judged.events >= SLOPE_EVENTS and (slope.high < SLOPE_LOW or slope.low > SLOPE_HIGH):
        reasons.append(f"calibration slope {slope.value:.2f} ({slope.low:.2f} to {slope.high:.2f})")
    return figures, reasons, []


def records_quality(registry: Registry, month: str) -> tuple[float, float]:
    """(mean score of the centres' records in the month, mean of the twelve months before); NaN
    where there is none."""
    scored = data_quality.score(registry)
    at = int(quality_month(np.array(days_of(month)[:1]))[0])
    now = scored.score[:, scored.months == at]
    before = scored.score[:, (scored.months < at) & (scored.months >= at - 12)]
    return _mean(now), _mean(before)


def _mean(values: np.ndarray) -> float:
    seen = values[~np.isnan(values)]
    return float(seen.mean()) if len(seen) else float("nan")


def _of_records(records: tuple[float, float]) -> Part:
    now, before = records
    if np.isnan(now) or np.isnan(before):
        return {}, [], ["the records' quality is not known for the month or the year before it"]
    figures = {"records_quality": now, "records_quality_before": before}
    worse = before - now > QUALITY_LOSS
    return (
        figures,
        [f"the records' quality fell from {before:.0f} to {now:.0f}"] if worse else [],
        [],
    )


def _track(told: Drift, tracked: str, models: Path) -> None:
    tags = {
        "target": told.target,
        "kind": "drift",
        "month": told.month,
        "judged_bundle": told.bundle,
    }
    with mlflow_runs.run(tracked, models, name=f"drift {told.target} {told.month}", tags=tags):
        documents = {"drift.json": as_dict(told)}
        mlflow_runs.log({"month": told.month}, told.figures, documents)


def as_dict(told: Drift) -> dict[str, Any]:
    """Plain JSON values."""
    return {
        "target": told.target,
        "bundle": told.bundle,
        "month": told.month,
        "rows": told.rows,
        "figures": {
            name: value if np.isfinite(value) else None for name, value in told.figures.items()
        },
        "shifted": {name: vars(shift) for name, shift in told.shifted.items()},
        "drifted": bool(told.reasons),
        "reasons": list(told.reasons),
        "notes": list(told.notes),
        "advice": told.advice,
    }
