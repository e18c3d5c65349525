"""Drift: whether this month's children and records still look like those that the champion learnt
from.

Compared are its columns and risks (population stability index against the reference profile in the
bundle), its calibration where the month's outcomes are known by now, and the quality of the
records. It advises; it never trains.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features import data_quality
from features.clock import Clock
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from models.bundle import Bundle
from models.champion import champions, models_folder
from models.stability_index import index, index_of_missing, noise
from models.targets import TARGETS
from registry.contract.errors import BadInput, UsageError
from registry.contract.registry import day_number
from training.cohorts.landmarks import cohort
from training.commands.train import load_registry
from training.evaluation.scored_rows import Judged, score_rows
from training.evaluation.subgroup_table import quality_month
from training.fitting.fit import Progress
from training.metrics.calibration import calibration
from training.tracking import mlflow_runs

SHIFTED, MOVED = 0.25, 0.10
"""Population stability index: over 0.25 a column is another, over 0.10 it moved (the credit
industry's custom, Siddiqi 2006; verified: false). What chance alone would give for so few rows is
added to both."""
MANY = 0.15
"""Share of shifted columns from which training again is advised (chosen)."""
SLOPE_LOW, SLOPE_HIGH, RATIO_LOW, RATIO_HIGH = 0.8, 1.25, 0.8, 1.25
QUALITY_LOSS = 10.0
LEAST_ROWS, LEAST_EVENTS = 50, 20
SEASONAL = ("season_sin", "season_cos", "season_ahead_sin", "season_ahead_cos")
"""One month is one season: these always differ from a whole year's."""


@dataclass(frozen=True)
class Drift:
    """One target's month: `figures` by name, `shifted` columns with their index, and `reasons` to
    train again."""

    target: str
    bundle: str
    month: str
    rows: int
    figures: dict[str, float]
    shifted: dict[str, float]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def advice(self) -> str:
        """What to do, in a sentence."""
        if self.reasons:
            return f"Look, and train again if it stays so: {'; '.join(self.reasons)}."
        return "Keep the champion: nothing has drifted beyond its bounds."


def drift(
    address: str, month: str, *, tracked_at: str | None = None, said: Progress = lambda text: None
) -> list[Drift]:
    """Every champion of a store against one month (`2026-03`); each is also a run in MLflow, tagged
    `drift`.

    `BadInput` EVA002 where there is no champion; `UsageError` DRF002 where the month is none.
    """
    first, last = days_of(month)
    models = models_folder(address)
    bundles = champions(models)
    if not bundles:
        raise BadInput("EVA002", f"there is no champion in {models}: `sanket train` first")
    clock = Clock(load_registry(address))
    context = Context(clock)
    told = []
    for bundle in bundles.values():
        said(f"{bundle.target}: rows of {month}")
        judged = of_month(clock, bundle, first, last, context)
        told.append(compare(bundle, judged, month=month, records=records_quality(clock, month)))
        _track(told[-1], mlflow_runs.tracking_address(models, tracked_at), models)
    return told


def days_of(month: str) -> tuple[int, int]:
    """First and last day (numbers) of `2026-03`."""
    try:
        first = dt.datetime.strptime(month, "%Y-%m").date()
    except ValueError:
        raise UsageError("DRF002", "--month is a month: write it as 2026-03") from None
    following = (first + dt.timedelta(days=31)).replace(day=1)
    return day_number(first), day_number(following) - 1


def of_month(clock: Clock, bundle: Bundle, first: int, last: int, context: Context) -> Judged:
    """The landmark rows of a month with their risks, outcomes as known by the end of the
    records."""
    rows = cohort(clock, TARGETS[bundle.target], cutoff=clock.registry.recorded_until)
    rows = rows.take(np.flatnonzero((rows.day >= first) & (rows.day <= last)))
    return score_rows(clock, bundle, rows, block=f"month {first}", context=context)


def records_quality(clock: Clock, month: str) -> tuple[float, float]:
    """(mean score of the centres' records in the month, mean of the twelve months before); NaN
    where there is none."""
    scored = data_quality.score(clock.registry)
    at = int(quality_month(np.array(days_of(month)[:1]))[0])
    now = scored.score[:, scored.months == at]
    before = scored.score[:, (scored.months < at) & (scored.months >= at - 12)]
    return _mean(now), _mean(before)


def _mean(values: np.ndarray) -> float:
    seen = values[~np.isnan(values)]
    return float(seen.mean()) if len(seen) else float("nan")


def compare(bundle: Bundle, judged: Judged, *, month: str, records: tuple[float, float]) -> Drift:
    """One month's rows against the bundle's reference profile."""
    reference, rows = bundle.reference, len(judged.risk)
    if rows < LEAST_ROWS:
        note = (
            f"{rows} predictions fall in {month}, fewer than {LEAST_ROWS}: nothing can be told "
            "from them"
        )
        return Drift(bundle.target, bundle.version, month, rows, {}, {}, (), (note,))
    chance = noise(rows, reference["rows"])
    found = {
        name: beyond_chance(reference["features"][name], judged.matrix[:, at], reference["rows"])
        for at, name in enumerate(NAMES)
        if name not in SEASONAL
    }
    shifted = {name: value for name, value in found.items() if value > SHIFTED}
    figures = {
        "rows": float(rows),
        "shifted_share": len(shifted) / len(found),
        "moved_share": float(np.mean([value > MOVED for value in found.values()])),
        "largest_index": max(found.values()),
    }
    reasons = _of_columns(figures, shifted)
    notes = [f"{len(SEASONAL)} columns of season are left out: one month is one season"]
    for part in (_of_risks(reference, judged, chance), _of_outcomes(judged), _of_records(records)):
        figures |= part[0]
        reasons += part[1]
        notes += part[2]
    largest = dict(sorted(shifted.items(), key=lambda item: -item[1])[:20])
    return Drift(
        bundle.target, bundle.version, month, rows, figures, largest, tuple(reasons), tuple(notes)
    )


def beyond_chance(told: dict[str, Any], column: np.ndarray, reference_rows: int) -> float:
    """The greater of a column's index over its values and over its missingness, less what chance
    gives so few rows."""
    seen = column[~np.isnan(column)]
    values = 0.0
    if len(seen) and told["deciles"]:
        there = max((1.0 - told["missing"]) * reference_rows, 1.0)
        values = index(np.array(told["deciles"]), seen) - noise(len(seen), there)
    missing = index_of_missing(told["missing"], float(np.mean(np.isnan(column)))) - noise(
        len(column), reference_rows
    )
    return max(values, missing, 0.0)


Part = tuple[dict[str, float], list[str], list[str]]


def _of_columns(figures: dict[str, float], shifted: dict[str, float]) -> list[str]:
    if figures["shifted_share"] <= MANY:
        return []
    first = ", ".join(sorted(shifted, key=shifted.__getitem__, reverse=True)[:3])
    return [f"{figures['shifted_share']:.0%} of the columns shifted ({first} most)"]


def _of_risks(reference: dict[str, Any], judged: Judged, chance: float) -> Part:
    if "risk_deciles" not in reference:
        return (
            {},
            [],
            ["the bundle holds no profile of its risks: it was made before they were kept"],
        )
    found = index(np.array(reference["risk_deciles"]), judged.risk)
    reasons = [f"the risks shifted (index {found:.2f})"] if found > SHIFTED + chance else []
    return {"risk_index": found, "mean_risk": float(judged.risk.mean())}, reasons, []


def _of_outcomes(judged: Judged) -> Part:
    if judged.events < LEAST_EVENTS:
        return (
            {},
            [],
            [
                f"calibration is not known yet, because {judged.events} events of the "
                "month's children are "
                f"known, fewer than {LEAST_EVENTS}"
            ],
        )
    measured = calibration(judged.risk, judged.happened, judged.weight)
    figures = {
        "calibration_slope": measured.slope,
        "observed_over_expected": measured.observed_over_expected,
    }
    ratio, reasons = measured.observed_over_expected, []
    if not RATIO_LOW <= ratio <= RATIO_HIGH:
        reasons.append(f"{ratio:.2f} times as many events as expected")
    if not SLOPE_LOW <= measured.slope <= SLOPE_HIGH and judged.events >= 100:
        reasons.append(f"calibration slope {measured.slope:.2f}")
    return figures, reasons, []


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
        "shifted": told.shifted,
        "drifted": bool(told.reasons),
        "reasons": list(told.reasons),
        "notes": list(told.notes),
        "advice": told.advice,
    }
