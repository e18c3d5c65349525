"""Two ways to learn from children who were lost before their outcome: weights for the others, or a
hazard.

*Weights*: one row a landmark, those with a known outcome weighed for the censored (IPCW), as
`training/fitting/pipeline.py` does. *Hazard*: one row a landmark and interval of `STEP` days, as
long as the child was followed; the forest learns the chance that the question is answered in that
interval, and the risk is what the intervals come to. Relapse is answered by a relapse, non-response
by a cure; who died, or failed to respond, can no longer be answered so and stays to the end (Fine
and Gray's risk set). Both forests have the same columns, settings and directions, their number of
trees from the same held-out children, and are judged on the same landmarks after the split: alone,
and in equal parts with the linear half (which needs weights).

    python benchmarks/hazard.py [--children 200000] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

# One waiting OpenMP thread must not spin, and this file's own folder must not hide the packages.
os.environ["OMP_WAIT_POLICY"] = "passive"
sys.path[0] = str(Path(__file__).resolve().parents[1])

import lightgbm as lgb
import numpy as np

from benchmarks._simulated import simulated
from benchmarks.truth import AFTER_DAYS, judged
from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.context import Context
from models.targets import CENSORED, DID_NOT_HAPPEN, HAPPENED, NON_RESPONSE, RELAPSE, Target
from training.cohorts.landmarks import Cohort, before_split, cohort
from training.fitting.fit import BASE_SETTINGS, MOST_TREES, PATIENCE, directions, folds
from training.fitting.linear_half import fit_linear
from training.fitting.pipeline import examples
from training.priors.priors import registry_priors

MONTHS, SEED, FOLDS = 30, 11, 4
STEP = {"relapse": 28, "non_response": 14}
PENALTY = 0.01


def grown(
    settings: dict,
    columns: np.ndarray,
    answer: np.ndarray,
    *,
    weight: np.ndarray | None,
    child: np.ndarray,
) -> lgb.Booster:
    """A forest on all rows, with as many trees as served a quarter of the children that was held
    out."""
    out = folds(child, FOLDS, SEED) == 0
    part = lgb.Dataset(columns[~out], answer[~out], weight=None if weight is None else weight[~out])
    held = lgb.Dataset(
        columns[out], answer[out], weight=None if weight is None else weight[out], reference=part
    )
    stop = lgb.early_stopping(PATIENCE, verbose=False)
    trees = lgb.train(
        settings, part, MOST_TREES, valid_sets=[held], callbacks=[stop]
    ).best_iteration
    return lgb.train(settings, lgb.Dataset(columns, answer, weight=weight), max(trees, 10))


def _asks_relapse(rows: Cohort) -> bool:
    return rows.target.name == RELAPSE.name


def intervals(rows: Cohort, *, whole: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(row, interval, answered) of each interval that a row was at risk in; `whole`: all up to the
    horizon.

    A child that is lost within an interval counts in it from its half on.
    """
    step = STEP[rows.target.name]
    count = -(-rows.remaining.astype(np.int64) // step)
    answered = rows.outcome == (HAPPENED if _asks_relapse(rows) else DID_NOT_HAPPEN)
    answered &= _asks_relapse(rows) | (rows.time < rows.remaining)
    seen = np.where(answered, rows.time // step + 1, count)
    seen = np.where(rows.outcome == CENSORED, (rows.time + step / 2) // step, seen).astype(np.int64)
    seen = count if whole else np.clip(seen, 0, count)
    row = np.repeat(np.arange(len(seen)), seen)
    interval = np.arange(len(row)) - np.repeat(np.cumsum(seen) - seen, seen)
    last = interval == np.minimum(rows.time[row] // step, count[row] - 1)
    return row, interval, (answered[row] & last).astype(np.int8)


def risk_of(booster: lgb.Booster, rows: Cohort, matrix: np.ndarray) -> np.ndarray:
    """The risk (n,) that the hazards of the intervals come to."""
    row, interval, _ = intervals(rows, whole=True)
    unanswered = np.ones(len(matrix))
    np.multiply.at(unanswered, row, 1.0 - booster.predict(np.column_stack([matrix[row], interval])))
    return 1.0 - unanswered if _asks_relapse(rows) else unanswered


def compared(clock: Clock, context: Context, target: Target, split: int) -> dict[str, object]:
    """Figures of both forests on the landmarks after the split."""
    priors = registry_priors(clock, until=split)
    learning = cohort(clock, target, cutoff=split - 1)
    learning = learning.take(np.flatnonzero(before_split(learning, split)))
    later = cohort(clock, target, cutoff=clock.registry.recorded_until)
    later = later.take(np.flatnonzero(later.day >= split))
    before, after = (
        as_of(clock, of.child, of.day, priors=priors, context=context) for of in (learning, later)
    )
    known = examples(learning, before, np.ones(len(before), bool))
    row, interval, answer = intervals(learning, whole=False)
    keep = np.array(directions(target))
    settings = BASE_SETTINGS | {"seed": 1, "num_threads": 2, "monotone_constraints": keep.tolist()}
    weights = grown(settings, known.rows, known.happened, weight=known.weight, child=known.child)
    # A hazard of cure goes the other way.
    of_interval = [*(keep if target is RELAPSE else -keep).tolist(), 0]
    hazard = grown(
        settings | {"monotone_constraints": of_interval},
        np.column_stack([before[row], interval]),
        answer,
        weight=None,
        child=learning.child[row],
    )
    risk = np.clip(risk_of(hazard, later, after), 1e-6, 1 - 1e-6)
    parts, base = fit_linear(known, penalty=PENALTY, directions=keep).contributions(after)
    forests = {
        "weights": weights.predict(after, raw_score=True),
        "hazard": np.log(risk / (1.0 - risk)),
    }
    blends = {
        f"{name}, blended": (forest + base + parts.sum(axis=1)) / 2
        for name, forest in forests.items()
    }
    return {
        "rows": len(known.rows),
        "events": int(known.happened.sum()),
        "intervals": len(row),
        "found": {name: judged(of, later, is_risk=True) for name, of in (forests | blends).items()},
    }


def main() -> None:
    """Print both ways side by side, and with --json one object as the last line."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--children", type=int, default=200_000)
    asked.add_argument("--json", action="store_true")
    wanted = asked.parse_args()
    registry = simulated(wanted.children, months=MONTHS, seed=SEED)
    clock, told = Clock(registry), {}
    context = Context(clock)
    for target in (RELAPSE, NON_RESPONSE):
        name = target.name
        told[name] = found = compared(clock, context, target, registry.recorded_until - AFTER_DAYS)
        print(
            f"{name}: {found['rows']:,} rows with {found['events']:,} events; "
            f"{found['intervals']:,} intervals"
        )
        for name, of in found["found"].items():
            marks = "  ".join(f"{value:.3f}" for key, value in of.items() if key.startswith("auc_"))
            print(
                f"  {name:16s} AUC {of['auc']:.3f} (by landmark {marks})  slope {of['slope']:.2f}  "
                f"mean over happened {of['mean_over_happened']:.2f}"
            )
    if wanted.json:
        print(json.dumps(told))


if __name__ == "__main__":
    main()
