"""Drift: whether this month's children and records still look like those of the months before.

Compared are a month's columns and risks with the months before the champion's training ended, each
seen at its own end with the same delay and the same length of history and for its season
(`training.evaluation.drift.month_views`); the risks with what became of them, of those whose
outcomes have had the time to be known; and the quality of the records. It advises; it never trains.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from features.data_quality import QualityScores
from models.bundle import Bundle
from models.champion import champions, models_folder
from registry.contract.errors import BadInput
from registry.contract.registry import day_date
from registry.engine import IN_THIS_PROCESS, Engine
from registry.store.partitions import several_parts
from training.commands.train import load_registry
from training.evaluation.drift.drift_views import (
    RIPE_DAYS,
    DrawnChildren,
    Ripe,
    Views,
    days_of,
    months_before,
    share_visited,
    views_of_everyone,
)
from training.evaluation.drift.drift_views_by_parts import store_views
from training.evaluation.drift.month_test import (
    LEAST_CHILDREN,
    LEAST_MONTHS,
    Shift,
    shifts,
    told_from,
)
from training.evaluation.drift.month_views import (
    MEASURES,
    MonthProfile,
    profiles_of_everyone,
    timely,
)
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
VISITED_SHARE = 0.05
"""From this share of visited rows on a training takes account of visits. verified: false."""
REPEATS = 200
TOLD = 20
NOBODY = MonthProfile(0, 0, 0, *(np.zeros(0),) * 2, np.zeros(0, np.int64))


@dataclass(frozen=True)
class Drift:
    """One target's month: `figures` by name, measures that moved (`shifted`), `reasons` to train
    again, and `notes` on what could not be told. `drawn`: whom it looked at, where not
    at everybody."""

    target: str
    bundle: str
    month: str
    rows: int
    figures: dict[str, float] = field(default_factory=dict)
    shifted: dict[str, Shift] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    drawn: DrawnChildren | None = None

    @property
    def looked_at(self) -> str | None:
        """Whom the figures are of, in a sentence; None where it is everybody."""
        if (of := self.drawn) is None:
            return None
        return (
            f"Looked at: {of.children:,} of {of.of_children:,} children, in {of.sectors:,} whole "
            f"sectors drawn by lot for {self.month}; every figure is theirs."
        )

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
    address: str,
    month: str,
    *,
    tracked_at: str | None = None,
    engine: Engine = IN_THIS_PROCESS,
    said: Progress = lambda text: None,
) -> list[Drift]:
    """Every champion of a store against one month (`2026-03`); each is also a run in MLflow, tagged
    `drift`. A store of several parts is read part by part, by the `engine`; of more than
    `drift_views_by_parts.MOST_WATCHED` children whole sectors drawn by lot are looked at.

    `BadInput` EVA002 where there is no champion; `UsageError` DRF002 where the month is none.
    """
    first, last = days_of(month)
    models = models_folder(address)
    bundles = champions(models)
    if not bundles:
        raise BadInput("EVA002", f"there is no champion in {models}: `sanket train` first")
    tracked = mlflow_runs.tracking_address(models, tracked_at)
    ask(tracked)
    if several_parts(address, engine):
        every = store_views(address, list(bundles.values()), first, last, engine=engine, said=said)
    else:
        registry = timely(load_registry(address))
        of_everyone = views_of_everyone(registry)
        every = [
            replace(Views.of(registry, bundle), everyone=of_everyone) for bundle in bundles.values()
        ]
    told = []
    for bundle, views in zip(bundles.values(), every, strict=True):
        said(f"{bundle.target}: {month} and the months before")
        told.append(of_month(bundle, month, views))
        _track(told[-1], tracked, models)
    return told


def of_month(bundle: Bundle, month: str, views: Views) -> Drift:
    """One champion's month, by the views of its registry."""
    first, last = days_of(month)
    told = partial(Drift, bundle.target, bundle.version, month, drawn=views.drawn)
    if last > views.recorded_until:
        ends = day_date(views.recorded_until)
        return told(0, notes=(f"{month} is not over in the records, which end on {ends}",))
    days = months_before(views.begun, bundle, first)
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
        _of_outcomes(views.ripe(last)),
        _of_records(records_quality(views.quality(), month)),
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
    figures |= {"shifted": float(len(found)), "told_from": told_from(before, now)}
    return dict(list(found.items())[:TOLD]), figures, reasons, []


def _of_outcomes(ripe: Ripe) -> Part:
    judged, visits = ripe.judged, share_visited(ripe)
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


def records_quality(scored: QualityScores, month: str) -> tuple[float, float]:
    """(mean score of the centres' records in the month, mean of the twelve months before); NaN
    where there is none."""
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
        "drawn": None if told.drawn is None else vars(told.drawn),
        "looked_at": told.looked_at,
        "advice": told.advice,
    }
