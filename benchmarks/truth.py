"""How far each model comes from a rule towards the truth, on simulated registries of five dials
beside the plain one.

Trained on what was known before the split, judged on every landmark after it, by inverse
probability of censoring weights: one measurement (lowest last WHZ), an afternoon's LightGBM on last
values, minima, means and gains, ours, and the truth (the probability that the simulator's hidden
state gives). AUC in all and by landmark, calibration slope, mean risk over what happened, events
within the highest tenth. `way` is the share of the way from the rule's AUC to the truth's. AUC,
slope and mean also against the truth itself, on all rows: weights cannot tell the end of the
records, which falls into one season, from other losses. The simulator is our own: what is better
here need not be better in life.

Beside it, whether the interval of a risk is one (`benchmarks/_interval.py`; 85 to 95 of 100 asked
for): the share of fresh models, taught on children drawn anew, inside it, in all and in the tenth
of risks with the least and the most; half-width in points of risk, and of nine in ten fresh models;
which share of their spread is common to all children (what `models.expected_events.COMMON` takes);
in how many tenths the mean truth lies within. `--real` asks the same of SPOON's screenings, of real
children. Targets without a truth (onset) have only this.

    python benchmarks/truth.py [--children 200000] [--json] [--refits 6] [--real]
    [--dials plain,noise,missing,relapse,set_point,hard] [--targets relapse,non_response,onset]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# One waiting OpenMP thread must not spin, and this file's own folder must not hide the packages.
os.environ["OMP_WAIT_POLICY"] = "passive"
sys.path[0] = str(Path(__file__).resolve().parents[1])

import lightgbm as lgb
import numpy as np
import pandas as pd

from benchmarks._interval import of_real, of_simulated
from benchmarks._simulated import with_truth
from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.catalogue import NAMES
from features.trajectory.columns.series import MEASURES
from features.trajectory.context import Context
from models.targets import HAPPENED, TARGETS
from registry.contract.registry import Registry, day_date
from registry.simulate.dials import Dials
from training.cohorts import censoring
from training.cohorts.landmarks import Cohort, cohort
from training.evaluation.run_figures import WHZ, filled
from training.fitting.examples import Examples
from training.fitting.pipeline import Learned, examples, learn
from training.metrics.discrimination import auc
from training.metrics.recalibration import slope_and_intercept
from training.metrics.usefulness import at_capacity

MONTHS, SEED, AFTER_DAYS, DRAWS = 30, 11, 302, 20
ORDERS = ("rule", "afternoon", "ours", "truth")
FIGURES = ("slope", "mean_over_happened", "auc_truth", "slope_truth", "mean_over_truth")
DIALS = {
    "plain": {},
    "noise": {"noise": 2.0},
    "missing": {"missing": 2.0, "informative": 2.0},
    "relapse": {"relapse": 1.5},
    "set_point": {"set_point": 3.0},
    "hard": {"set_point": 3.0, "noise": 1.8, "informative": 2.0},
}
AFTERNOON = [
    NAMES.index(name)
    for name in NAMES
    if name
    in (
        "age_days",
        "female",
        "birth_weight_kg",
        "gain_stay",
        "gain_last_28",
        "days_in_treatment",
        "days_since_discharge",
        "stays_before",
        "weighings_90",
        "ill_14",
        "checks_30",
        "ednf_per_day_stay",
        "attendance_last",
        *(
            f"{series}_{of}"
            for series in MEASURES
            for of in (
                "last",
                "lowest_180",
                "mean_90",
                "mean_180",
                "at_admission",
                "since_admission",
            )
        ),
    )
]


def afternoon(learned: Learned, later: Cohort, matrix: np.ndarray) -> np.ndarray:
    """Log-odds (n,) of an afternoon's model that learnt from the same rows as ours."""
    learning = examples(learned.rows, learned.features, np.ones(len(learned.rows.child), bool))
    return afternoon_of(learning, matrix, later.landmark)


def afternoon_of(learning: Examples, matrix: np.ndarray, landmark: np.ndarray) -> np.ndarray:
    """Log-odds (n,) of a plain LightGBM, 200 trees as they come, on the columns that one afternoon
    gives."""
    columns = np.column_stack([learning.rows[:, AFTERNOON], learning.landmark])
    settings = {
        "objective": "binary",
        "learning_rate": 0.05,
        "min_child_samples": 20,
        "num_threads": 2,
        "seed": 1,
        "verbosity": -1,
    }
    booster = lgb.train(
        settings, lgb.Dataset(columns, learning.happened, weight=learning.weight), 200
    )
    found = booster.predict(np.column_stack([matrix[:, AFTERNOON], landmark]), raw_score=True)
    return np.asarray(found)


def truth_of(registry: Registry, rows: Cohort, truth: pd.DataFrame) -> np.ndarray:
    """The truth's probability of each row (n,); NaN where the simulator kept none."""
    asked = pd.DataFrame(
        {
            "child_id": registry.child_ids[rows.child].astype(str),
            "landmark_day": rows.landmark.astype(np.int64),
            "index_on": rows.outcomes.index_on[rows.index]
            .astype("datetime64[D]")
            .astype("datetime64[s]"),
        }
    )
    kept = truth[["child_id", "landmark_day", "index_on", "probability"]].astype(
        {"child_id": str, "landmark_day": np.int64, "index_on": "datetime64[s]"}
    )
    return asked.merge(kept, on=list(asked.columns), how="left")["probability"].to_numpy(np.float64)


def judged(log_odds: np.ndarray, rows: Cohort, *, is_risk: bool) -> dict[str, float]:
    """Figures of one order over the rows; calibration only where `log_odds` are those of a risk."""
    weight, happened = censoring.weights(rows), (rows.outcome == HAPPENED).astype(np.float64)
    known = weight > 0
    told = {"auc": auc(log_odds, happened, weight)}
    told |= {
        f"auc_{day}": auc(log_odds[of], happened[of], weight[of])
        for day in np.unique(rows.landmark)
        for of in [rows.landmark == day]
    }
    told["top_tenth"] = at_capacity(
        log_odds, happened, weight, capacity=int(0.1 * known.sum())
    ).recall
    if is_risk:
        told["slope"] = slope_and_intercept(log_odds[known], happened[known], weight[known])[0]
        risk = 1.0 / (1.0 + np.exp(-log_odds))
        told["mean_over_happened"] = float(
            np.average(risk, weights=weight) / np.average(happened, weights=weight)
        )
    return {name: round(float(value), 4) for name, value in told.items()}


def beside_truth(log_odds: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """AUC, slope and mean risk over mean truth, as if each row had happened with the truth's
    probability."""
    both, happened = np.tile(log_odds, 2), np.repeat([1.0, 0.0], len(truth))
    slope = slope_and_intercept(both, happened, np.concatenate([truth, 1.0 - truth]))[0]
    mean = np.mean(1.0 / (1.0 + np.exp(-log_odds))) / truth.mean()
    told = {
        "auc_truth": auc(both, happened, np.concatenate([truth, 1.0 - truth])),
        "slope_truth": slope,
        "mean_over_truth": mean,
    }
    return {name: round(float(value), 4) for name, value in told.items()}


def compared(
    registry: Registry,
    truths: dict[str, pd.DataFrame],
    *,
    targets: tuple[str, ...],
    trials: int,
    refits: int,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Target by target, the figures of each order on the landmarks after the split, where there is
    a truth; and those of the `interval` where `refits` are asked for."""
    clock = Clock(registry)
    context, split = Context(clock), registry.recorded_until - AFTER_DAYS
    for name in targets:
        target = TARGETS[name]
        learned = learn(clock, target, until=split, trials=trials, context=context)
        later = cohort(clock, target, cutoff=registry.recorded_until)
        later = later.take(np.flatnonzero(later.day >= split))
        matrix = as_of(clock, later.child, later.day, priors=learned.bundle.priors, context=context)
        truth = truth_of(registry, later, truths[name]) if name in truths else None
        told: dict[str, Any] = {"split": day_date(split).isoformat(), "rows": len(later.index)}
        if truth is not None:
            told |= _beside(learned, later, matrix, truth)
        if refits:
            told["interval"] = of_simulated(
                clock,
                context,
                learned,
                matrix,
                target=target,
                until=split,
                refits=refits,
                truth=truth,
            )
        yield name, told


def _beside(
    learned: Learned, later: Cohort, matrix: np.ndarray, truth: np.ndarray
) -> dict[str, Any]:
    """Figures of each order over the rows whose truth is known (n,; NaN elsewhere)."""
    there = ~np.isnan(truth)
    later, matrix, truth = (
        later.take(np.flatnonzero(there)),
        matrix[there],
        np.clip(truth[there], 0.002, 0.998),
    )
    orders = {
        "rule": filled(-matrix[:, WHZ]),
        "afternoon": afternoon(learned, later, matrix),
        "ours": learned.bundle.log_odds(matrix),
        "truth": np.log(truth / (1.0 - truth)),
    }
    found = {name: judged(order, later, is_risk=name != "rule") for name, order in orders.items()}
    for name in ("afternoon", "ours"):
        found[name] |= beside_truth(orders[name], truth)
    rule, best = found["rule"]["auc"], found["truth"]["auc"]
    way = {name: round((of["auc"] - rule) / (best - rule), 3) for name, of in found.items()}
    return {"rows": len(truth), **found, "way": way}


def _printed(dial: str, told: dict[str, dict]) -> None:
    for target, found in told.items():
        print(f"{dial}: {target}, {found['rows']:,} landmarks from {found['split']}")
        if "interval" in found:
            print(f"  interval  {in_words(found['interval'])}", flush=True)
        for name in ORDERS if "ours" in found else ():
            by_landmark = {
                key: value for key, value in found[name].items() if key.startswith("auc_")
            }.keys() - FIGURES
            marks = "  ".join(
                f"{found[name][key]:.3f}" for key in found[name] if key in by_landmark
            )
            line = "".join(
                f"  {key} {found[name][key]:.2f}" for key in FIGURES if key in found[name]
            )
            print(
                f"  {name:10s} AUC {found[name]['auc']:.3f} (by landmark {marks})  top tenth "
                f"{found[name]['top_tenth']:.2f}{line}  way {found['way'][name]:.2f}"
            )


def in_words(interval: dict[str, float]) -> str:
    """The figures of an interval in a line."""
    return "  ".join(f"{name} {value:.3g}" for name, value in interval.items())


def main() -> None:
    """Print the table, and with --json one object as the last line."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--children", type=int, default=200_000)
    asked.add_argument("--dials", default=",".join(DIALS))
    asked.add_argument("--targets", default=",".join(TARGETS))
    asked.add_argument("--trials", type=int, default=0)
    asked.add_argument("--refits", type=int, default=6, help="fresh models; 0: no intervals")
    asked.add_argument("--real", action="store_true", help="intervals of real children alone")
    asked.add_argument("--json", action="store_true")
    wanted = asked.parse_args()
    told: dict[str, Any] = {}
    if wanted.real:
        for question, interval in of_real(wanted.refits):
            told[question] = {"interval": interval}
            print(f"real children: {question}  interval  {in_words(interval)}", flush=True)
    for dial in [] if wanted.real else wanted.dials.split(","):
        print(f"{dial}: simulating {wanted.children:,} children", file=sys.stderr)
        registry, truths = with_truth(
            wanted.children, months=MONTHS, seed=SEED, dials=Dials(truth_draws=DRAWS, **DIALS[dial])
        )
        told[dial] = {}
        targets = tuple(wanted.targets.split(","))
        how: dict[str, Any] = {"trials": wanted.trials, "refits": wanted.refits}
        for target, found in compared(registry, truths, targets=targets, **how):
            told[dial][target] = found
            _printed(dial, {target: found})
    if wanted.json:
        print(json.dumps(told))


if __name__ == "__main__":
    main()
