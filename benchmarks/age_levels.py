"""Does moving the level of an age band bring its risks nearer to the truth?

On simulated registries each target is learnt as `sanket train` learns it; the landmarks after the
split are told with and without what `training.fitting.age_levels` moved, beside the simulator's own
probability. By band: mean risk over mean truth, and mean absolute error to the truth (points of
risk; 100 forward lives leave 2 to 4 of it to chance), before and after. Last, all moved bands
together, and what moving every band with 20 events would have done, sure or not.

    python benchmarks/age_levels.py [--children 16000] [--seeds 1,2,3,4] [--targets ...]
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

# One waiting OpenMP thread must not spin, and this file's own folder must not hide the packages.
os.environ["OMP_WAIT_POLICY"] = "passive"
sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np

from benchmarks._simulated import with_truth
from benchmarks.truth import AFTER_DAYS, MONTHS, truth_of
from features.age_bands import BANDS_MONTHS, band_names, band_of, cuts_days
from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from models.targets import TARGETS
from registry.simulate.dials import Dials
from training.cohorts.landmarks import cohort
from training.fitting import pipeline, uncertainty
from training.fitting.age_levels import LEAST_EVENTS, MOVED, SPREAD
from training.fitting.calibrate import calibrate
from training.fitting.pipeline import Learned
from training.metrics.recalibration import level_shift

DRAWS = 100
AGE = NAMES.index("age_days")
ALWAYS = "every band"

# Neither the interval of a risk nor the rehearsal is looked at here.
uncertainty.REFITS = 1
pipeline.why_not_rehearsed = lambda *blocks: "judged beside the truth"


def always(learned: Learned, at: int) -> float:
    """By how much a band with 20 children with the event would move, sure or not."""
    line, learning = calibrate(learned.fitted.held_out), learned.learning
    inside = np.flatnonzero(band_of(learning.rows[:, AGE], cuts_days()) == at)
    part = learning.take(inside)
    if len(np.unique(part.child[part.happened == 1])) < LEAST_EVENTS:
        return 0.0
    return level_shift(
        line.intercept + line.slope * learned.fitted.held_out.log_odds[inside],
        part.happened.astype(np.float64),
        part.weight,
        outcomes=len(np.unique(part.child)),
        spread=SPREAD,
    )


def risk_of(log_odds: np.ndarray) -> np.ndarray:
    """Risks (n,) of log-odds."""
    return 1.0 / (1.0 + np.exp(-log_odds))


def main() -> None:
    """Print a line a registry, target and band, and the moved bands together."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--children", type=int, default=16_000)
    asked.add_argument("--seeds", default="1,2,3,4")
    asked.add_argument("--targets", default="non_response,relapse")
    wanted = asked.parse_args()
    together: dict[str, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {}
    for seed in map(int, wanted.seeds.split(",")):
        registry, truths = with_truth(
            wanted.children, months=MONTHS, seed=seed, dials=Dials(truth_draws=DRAWS)
        )
        clock, split = Clock(registry), registry.recorded_until - AFTER_DAYS
        context = Context(clock)
        for name in wanted.targets.split(","):
            learned = pipeline.learn(clock, TARGETS[name], until=split, context=context)
            bundle = learned.bundle
            levels = bundle.facts["age_levels"]
            plain = replace(bundle, calibrator=replace(bundle.calibrator, age_shifts=np.zeros(0)))
            later = cohort(clock, TARGETS[name], cutoff=registry.recorded_until)
            later = later.take(np.flatnonzero(later.day >= split))
            truth = truth_of(registry, later, truths[name])
            later, truth = later.take(np.flatnonzero(~np.isnan(truth))), truth[~np.isnan(truth)]
            matrix = as_of(clock, later.child, later.day, priors=bundle.priors, context=context)
            own = plain.log_odds(matrix)
            band = band_of(matrix[:, AGE], cuts_days())
            for at, of in enumerate(band_names(BANDS_MONTHS)):
                inside, level = band == at, levels[at]
                would = always(learned, at)
                rows = truth[inside], risk_of(own[inside]), risk_of(own[inside] + level["shift"])
                every = truth[inside], rows[1], risk_of(own[inside] + would)
                together.setdefault(f"{name}, {ALWAYS}", []).append(every)
                if level["found"] == MOVED:
                    together.setdefault(f"{name}, moved", []).append(rows)
                print(
                    f"seed {seed}, {name}, {of}: {level['events']} with the event, "
                    f"{level['found']} by {level['shift']:+.2f}  {words(*rows)}",
                    flush=True,
                )
    for name, parts in together.items():
        print(
            f"{name} ({len(parts)} bands): {words(*map(np.concatenate, zip(*parts, strict=True)))}"
        )


def words(truth: np.ndarray, before: np.ndarray, after: np.ndarray) -> str:
    """Mean risk over mean truth, and mean absolute error, before and after."""
    if not len(truth):
        return "nobody"
    ratios = [of.mean() / truth.mean() for of in (before, after)]
    errors = [100 * np.abs(of - truth).mean() for of in (before, after)]
    return (
        f"risk over truth {ratios[0]:.2f}, {ratios[1]:.2f}  "
        f"error {errors[0]:.2f}, {errors[1]:.2f} points"
    )


if __name__ == "__main__":
    main()
