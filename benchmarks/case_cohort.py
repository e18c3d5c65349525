"""Whether a draw of the rows without the event teaches onset as well as all of them.

On a simulated registry onset is fitted on all training rows, and on draws
(`training.cohorts.case_cohort`) with so many rows without the event for one with it, by two seeds
each: their difference is what chance alone does. Each is judged on the quarters after the split
(inverse probability of censoring weights): AUC over all children asked and over those under WHZ
-1.5, log loss, mean risk over what was observed, seconds of the fit.

    python benchmarks/case_cohort.py [--children 60000] [--per-event 10,25] [--seed 11]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

# One waiting OpenMP thread must not spin, and this file's own folder must not hide the packages.
os.environ["OMP_WAIT_POLICY"] = "passive"
sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np

from benchmarks._simulated import simulated
from benchmarks.truth import AFTER_DAYS
from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from models.targets import HAPPENED, ONSET
from registry.contract.arrays import Floats
from training.cohorts import case_cohort, censoring
from training.cohorts.landmarks import Cohort, before_split, cohort
from training.fitting.examples import log_loss, without_context
from training.fitting.fit import fit
from training.fitting.pipeline import examples
from training.metrics.discrimination import auc
from training.priors.priors import population_priors

NEAR = -1.5
ALL = 10**9


def judged(log_odds: Floats, rows: Cohort, matrix: Floats) -> str:
    """Figures of log-odds (n,) on rows judged by IPCW, in one line."""
    known = examples(rows, matrix, np.ones(len(rows.child), bool))
    kept = censoring.weights(rows) > 0
    order, happened, weight = log_odds[kept], known.happened, known.weight
    near = known.rows[:, NAMES.index("whz_last")] < NEAR
    risk = 1.0 / (1.0 + np.exp(-order))
    mean = np.average(risk, weights=weight) / np.average(happened, weights=weight)
    return (
        f"AUC {auc(order, happened, weight):.4f}  under WHZ {NEAR} "
        f"{auc(order[near], happened[near], weight[near]):.4f}  "
        f"log loss {log_loss(order, known):.5f}  mean over observed {mean:.2f}"
    )


def main() -> None:
    """Print one line a draw."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--children", type=int, default=60_000)
    asked.add_argument("--per-event", default="10,25")
    asked.add_argument("--seed", type=int, default=11)
    wanted = asked.parse_args()
    registry = simulated(wanted.children, seed=wanted.seed)
    clock, split = Clock(registry), registry.recorded_until - AFTER_DAYS
    context = Context(clock)
    rows = cohort(clock, ONSET, cutoff=split - 1)
    rows = rows.take(np.flatnonzero(before_split(rows, split)))
    later = cohort(clock, ONSET, cutoff=registry.recorded_until)
    later = later.take(np.flatnonzero(later.day >= split))
    priors = population_priors(clock, rows)
    matrix, after = (
        as_of(clock, of.child, of.day, priors=priors, context=context) for of in (rows, later)
    )
    events = int(np.sum(rows.outcome == HAPPENED))
    print(f"{len(rows.index):,} rows, {events:,} with the event; {len(later.index):,} to judge on")
    draws = [(ALL, 1)] + [(int(of), seed) for of in wanted.per_event.split(",") for seed in (1, 2)]
    for per_event, seed in draws:
        case_cohort.OTHERS_PER_EVENT = per_event
        most = ALL if per_event == ALL else case_cohort.MOST_ROWS
        began = time.perf_counter()
        kept, few = case_cohort.drawn(rows, seed=seed, most=most)
        learning = without_context(examples(few, matrix[kept], np.ones(len(kept), bool)), 1)
        fitted = fit(learning, target=ONSET, settings={}, seed=1)
        name = "all" if per_event == ALL else f"{per_event} an event, draw {seed}"
        told = judged(fitted.log_odds(after), later, after)
        print(
            f"{name}: {len(kept):,} rows  {told}  {time.perf_counter() - began:.0f} s", flush=True
        )


if __name__ == "__main__":
    main()
