"""Backtest: train on what was known before a day, predict every later landmark, and say what became
of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from features.clock import Clock
from features.trajectory.as_of import as_of_traced
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from models.bundle import Bundle
from models.scoring import NOT_SCORED, SCORED, WHY_NOT, abstains
from models.targets import TARGETS, Target
from registry.contract.errors import BadInput
from registry.contract.registry import NEVER, day_date
from training.cohorts.known_before import known_before
from training.cohorts.known_until import known_until
from training.cohorts.landmarks import Cohort, cohort
from training.fitting.fit import Progress
from training.fitting.pipeline import learn
from training.metrics.discrimination import auc, bootstrap
from training.rows.kept_rows import WORDS, dates
from training.tracking import mlflow_runs, told_of_training

COLUMNS = (
    "target",
    "child_id",
    "index_on",
    "landmark_day",
    "risk",
    "risk_low",
    "risk_high",
    "score_status",
    "why_not",
    "outcome",
    "known_on",
    "followed_until",
)


def backtest(
    clock: Clock,
    *,
    split: int,
    targets: tuple[str, ...] | None = None,
    trials: int = 0,
    seed: int = 1,
    said: Progress = lambda text: None,
) -> tuple[pd.DataFrame, dict[str, Bundle]]:
    """Predictions of every landmark on or after `split` (a day number) by models trained before it;
    see COLUMNS.

    `targets`: names; all where left out. One of several that cannot be learnt (too few events) is
    said and left out where the target is optional.
    """
    ask_split(split, known_until(clock.registry))
    then = Clock(known_before(clock.registry, split))
    context, context_then = Context(clock), Context(then)
    frames, bundles = [], {}
    names = tuple(TARGETS) if targets is None else targets
    for name in names:
        target = TARGETS[name]
        try:
            bundle = learn(
                then, target, until=split, trials=trials, seed=seed, said=said, context=context_then
            ).bundle
        except BadInput as error:
            if not target.optional or len(names) == 1:
                raise
            said(f"{name} is left out: {error}")
            continue
        later = landmarks_from(clock, target, split)
        said(f"{name}: {len(later.index)} landmarks to predict")
        frames.append(predictions(clock, target, later, bundle, context))
        bundles[name] = bundle
    return pd.concat(frames, ignore_index=True), bundles


def ask_split(split: int, until: int) -> None:
    """BadInput TRN004 for a split after the last day (number) of what is known."""
    if not split <= until:
        raise BadInput(
            "TRN004",
            f"the split {day_date(split)} lies after the records, which end on {day_date(until)}",
        )


def landmarks_from(
    clock: Clock, target: Target, split: int, *, before: int | None = None, until: int | None = None
) -> Cohort:
    """The landmark rows on or after a day (number), and before another where one is given, with all
    that is known of their outcomes by the day `until` (None: all that the records say)."""
    rows = cohort(clock, target, cutoff=known_until(clock.registry) if until is None else until)
    return rows.take(
        np.flatnonzero((rows.day >= split) & (rows.day < (NEVER if before is None else before)))
    )


def predictions(
    clock: Clock, target: Target, rows: Cohort, bundle: Bundle, context: Context
) -> pd.DataFrame:
    """One line for each landmark row, with its risk and its outcome; see COLUMNS."""
    scores, why_not = scored_rows(clock, rows, bundle, context)
    found, of = rows.outcomes, rows.index
    return pd.DataFrame(
        {
            "target": target.name,
            "child_id": clock.registry.child_ids[rows.child].astype(str),
            "index_on": dates(found.index_on[of]),
            "landmark_day": rows.landmark.astype(np.int64),
            "risk": scores[0],
            "risk_low": scores[1],
            "risk_high": scores[2],
            "score_status": np.where(why_not == 0, SCORED, NOT_SCORED),
            "why_not": np.array(WHY_NOT, object)[why_not],
            "outcome": WORDS[rows.outcome],
            "known_on": dates(found.known_on[of]),
            "followed_until": dates(found.followed_until[of]),
        }
    )


def scored_rows(
    clock: Clock, rows: Cohort, bundle: Bundle, context: Context
) -> tuple[np.ndarray, np.ndarray]:
    """((risk, low, high) by row, NaN where not scored; positions in WHY_NOT)."""
    scores, why_not = np.full((3, len(rows.index)), np.nan), np.zeros(len(rows.index), np.int8)
    done = 0
    for traced, matrix in as_of_traced(
        clock, rows.child, rows.day, priors=bundle.priors, context=context
    ):
        why = abstains(rows.target, traced, matrix)
        chosen = np.flatnonzero(why == 0)
        why_not[done : done + len(matrix)] = why
        log_odds = bundle.log_odds(matrix[chosen])
        risk = 1.0 / (1.0 + np.exp(-log_odds))
        scores[:, done + chosen] = risk, *bundle.calibrator.interval(log_odds)
        done += len(matrix)
    return scores, why_not


def track(
    told: dict[str, Any],
    models: Path,
    address: str,
    parameters: dict[str, object],
    *,
    parents: Mapping[str, str] | None = None,
) -> None:
    """One run a target of what `summary` says; predictions carry children's ids and stay out.
    `parents`: by target, the run under which it stands."""
    for target, of in told["targets"].items():
        tags = {"target": target, "kind": "backtest"} | told_of_training.commit()
        figures = {
            name: float(of[name])
            for name in ("rows", "scored", "mean_risk", "auc", "auc_low", "auc_high")
        } | {f"outcome_{word}": float(count) for word, count in of["outcomes"].items()}
        name = f"backtest {target} {parameters['split']}"
        parent = (parents or {}).get(target)
        with mlflow_runs.run(address, models, name=name, tags=tags, parent=parent):
            mlflow_runs.log(parameters, figures, {"backtest.json": of})


def feature_frame(matrix: np.ndarray) -> pd.DataFrame:
    """The feature matrix with its names, for people and for MLflow's signature."""
    return pd.DataFrame(matrix, columns=list(NAMES))


def summary(frame: pd.DataFrame, bundles: dict[str, Bundle]) -> dict[str, Any]:
    """Counts and plain figures by target (known outcomes only: the judge's own figures weigh for
    the censored)."""
    told = {}
    for target, rows in frame.groupby("target", sort=False):
        known = rows[(rows.outcome != "censored") & (rows.score_status == SCORED)]
        happened = known.outcome == "happened"
        told[target] = {
            "rows": len(rows),
            "scored": float((rows.score_status == SCORED).mean()),
            "outcomes": {word: int(count) for word, count in rows.outcome.value_counts().items()},
            "mean_risk": float(rows.risk.mean()),
            "bundle": bundles[target].version or None if target in bundles else None,
            **_auc(known, happened),
        }
    return {"targets": told}


def _auc(known: pd.DataFrame, happened: pd.Series) -> dict[str, float]:
    """AUC with its 95 % interval by child; NaN where all ended alike."""
    if happened.nunique() != 2:
        return dict.fromkeys(("auc", "auc_low", "auc_high"), float("nan"))
    risk, outcome = known.risk.to_numpy(float), happened.to_numpy(float)
    child, even = known.child_id.to_numpy(), np.ones(len(known))
    found = bootstrap(auc, risk, outcome, even, cluster=child)
    own = float(roc_auc_score(happened, known.risk))
    return {"auc": own, "auc_low": found.low, "auc_high": found.high}
