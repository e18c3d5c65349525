"""Does moving the level of an age band bring its risks nearer to the truth?

On simulated registries each target is learnt as `sanket train` learns it; the landmarks after the
split are told with and without what `training.fitting.age_levels` moved, beside the simulator's own
probability. By band: mean risk over mean truth, and mean absolute error to the truth (points of
risk; with 50 forward lives a part of it is chance, the same before and after), before and after.
`usual` is the model as it is; `blind` the same without the column of age, so that its bands are
off for a reason. Last, by model, all moved bands together, and what moving every band with 20
events would have done, sure or not.

    python benchmarks/age_levels.py [--children 16000] [--seeds 1,2,3,4] [--targets non_response]
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

# One waiting OpenMP thread must not spin, and this file's own folder must not hide the packages.
os.environ["OMP_WAIT_POLICY"] = "passive"
sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np
import pandas as pd

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
from training.fitting.age_levels import LEAST_EVENTS, MOVED, SPREAD, AgeLevel
from training.fitting.calibrate import calibrate
from training.fitting.pipeline import Learned
from training.fitting.plan import TrainingPlan
from training.metrics.recalibration import level_shift

DRAWS = 50
AGE = NAMES.index("age_days")
ALWAYS = "every band"
OF_AGE = ("age_days",)
PLANS = {"usual": TrainingPlan(), "blind": TrainingPlan(left_out=OF_AGE)}

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


Risks = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Truth, and risks before and after (n,)."""


def bands(
    clock: Clock, context: Context, learned: Learned, told: pd.DataFrame, split: int
) -> dict[str, tuple[AgeLevel, Risks, Risks]]:
    """By band what the training found, and the landmarks from the split on as it moved the band,
    and as it would have been moved whether sure or not."""
    bundle, target = learned.bundle, learned.rows.target
    levels = [AgeLevel(**level) for level in bundle.facts["age_levels"]]
    plain = replace(bundle, calibrator=replace(bundle.calibrator, age_shifts=np.zeros(0)))
    later = cohort(clock, target, cutoff=clock.registry.recorded_until)
    later = later.take(np.flatnonzero(later.day >= split))
    truth = truth_of(clock.registry, later, told)
    later, truth = later.take(np.flatnonzero(~np.isnan(truth))), truth[~np.isnan(truth)]
    matrix = as_of(clock, later.child, later.day, priors=bundle.priors, context=context)
    own, band = plain.log_odds(matrix), band_of(matrix[:, AGE], cuts_days())
    found = {}
    for at, name in enumerate(band_names(BANDS_MONTHS)):
        inside = band == at
        before = risk_of(own[inside])
        moved, every = (
            (truth[inside], before, risk_of(own[inside] + shift))
            for shift in (levels[at].shift, always(learned, at))
        )
        found[name] = levels[at], moved, every
    return found


def main() -> None:
    """Print a line a registry, target and band, and the moved bands together."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--children", type=int, default=16_000)
    asked.add_argument("--seeds", default="1,2,3,4")
    asked.add_argument("--targets", default="non_response")
    wanted = asked.parse_args()
    together: dict[str, list[Risks]] = {}
    for seed in map(int, wanted.seeds.split(",")):
        registry, truths = with_truth(
            wanted.children, months=MONTHS, seed=seed, dials=Dials(truth_draws=DRAWS)
        )
        clock, split = Clock(registry), registry.recorded_until - AFTER_DAYS
        context = Context(clock)
        for name, model in product(wanted.targets.split(","), PLANS):
            learned = pipeline.learn(
                clock, TARGETS[name], until=split, context=context, plan=PLANS[model]
            )
            for band, told in bands(clock, context, learned, truths[name], split).items():
                which, rows, every = told
                together.setdefault(f"{name}, {model}, {ALWAYS}", []).append(every)
                if which.found == MOVED:
                    together.setdefault(f"{name}, {model}, moved", []).append(rows)
                print(
                    f"seed {seed}, {name}, {model}, {band}: {which.events} with the event, "
                    f"{which.found} by {which.shift:+.2f}  {words(*rows)}",
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
