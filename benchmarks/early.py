"""What each way of telling early relapses better is worth: AUC against the simulator's truth by
landmark, less that of one model for all landmarks.

On simulated registries. The parts are fitted once, by settings that `training.fitting` chooses on
such registries (`ROUNDS`, `PENALTY`, `SHARE`), and blended in the ways that are compared: trees of
the early landmarks' own, or of each landmark's; the donor for early landmarks alone, or with
another share; a larger bag; fewer columns; leaves smoothed towards those above them; the
afternoon's columns as one more member. The simulator is our own: what is better here need not be
better in life.

    python benchmarks/early.py [--children 60000] [--dials set_point,hard] [--seeds 11] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

# One waiting OpenMP thread must not spin, and this file's own folder must not hide the packages.
os.environ["OMP_WAIT_POLICY"] = "passive"
sys.path[0] = str(Path(__file__).resolve().parents[1])

import lightgbm as lgb
import numpy as np

from benchmarks._simulated import with_truth
from benchmarks.truth import AFTER_DAYS, AFTERNOON, DIALS, DRAWS, MONTHS, afternoon_of, truth_of
from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from models.targets import RELAPSE
from registry.simulate.dials import Dials
from training.cohorts.landmarks import before_split, cohort
from training.fitting.examples import Examples, without_context
from training.fitting.fit import BASE_SETTINGS, directions, donor_settings
from training.fitting.linear_half import fit_linear
from training.fitting.own_forest import Start, early_rows, forest, offset_of
from training.fitting.pipeline import examples
from training.fitting.transfer import LOAN, Donor, donor_forest, donor_of
from training.metrics.discrimination import auc
from training.priors.priors import registry_priors

ROUNDS, PENALTY, SHARE = 200, 0.003, 0.7
SETTINGS = (
    BASE_SETTINGS
    | dict(RELAPSE.forest_settings)
    | {"monotone_constraints": directions(RELAPSE), "seed": 1, "num_threads": 2}
)
MANY, FEW_COLUMNS, SMOOTH, FIFTH = 7, 40, 50.0, 0.2


@dataclass(frozen=True)
class Parts:
    """The parts that are blended: each an array (n,) of log-odds of the judged rows."""

    taught: Examples
    donor: Donor
    rows: np.ndarray
    landmark: np.ndarray

    def grown(
        self, which: np.ndarray | None = None, *, draws: int = 3, seed: int = 1, **more: Any
    ) -> np.ndarray:
        """A forest that the rows of a mask (all) taught, with other settings than the usual."""
        taught = self.taught if which is None else self.taught.take(np.flatnonzero(which))
        begun = Start.of(self.taught, RELAPSE.offset)
        text = forest(taught, SETTINGS | {"seed": seed} | more, ROUNDS, begun, draws=draws)
        return _told(text, self.rows) + begun.margin(self.rows)

    @cached_property
    def soon(self) -> np.ndarray:
        return early_rows(self.rows, RELAPSE.early)

    @cached_property
    def every(self) -> np.ndarray:
        return self.grown()

    @cached_property
    def early(self) -> np.ndarray:
        return self.grown(early_rows(self.taught.rows, RELAPSE.early))

    @cached_property
    def linear(self) -> np.ndarray:
        half = fit_linear(self.taught, penalty=PENALTY, directions=np.array(directions(RELAPSE)))
        parts, base = half.contributions(self.rows)
        return base + parts.sum(axis=1)

    @cached_property
    def lent(self) -> np.ndarray:
        text = donor_forest(self.donor.examples, donor_settings(RELAPSE, 1))
        return _told(text, self.rows) + offset_of(self.rows, RELAPSE.offset)

    def alone(self) -> np.ndarray:
        """Early rows by the forest that their own landmark alone taught."""
        found = self.every.copy()
        for day in np.unique(self.landmark[self.soon]):
            here = self.landmark == day
            found[here] = self.grown(self.taught.landmark == day)[here]
        return found

    def of_columns(self, columns: np.ndarray, **more: Any) -> np.ndarray:
        """The forest of some columns; the others say nothing."""
        kept = np.isin(np.arange(len(NAMES)), columns)
        told = replace(self.taught, rows=np.where(kept, self.taught.rows, 0.0))
        return Parts(told, self.donor, np.where(kept, self.rows, 0.0), self.landmark).grown(**more)

    def best_columns(self) -> np.ndarray:
        """The columns of most gain in one forest, and that of the time left."""
        begun = Start.of(self.taught, RELAPSE.offset)
        text = forest(self.taught, SETTINGS, ROUNDS, begun, draws=1)
        gain = lgb.Booster(model_str=text).feature_importance("gain")
        return np.append(np.argsort(-gain)[:FEW_COLUMNS], NAMES.index(str(RELAPSE.offset)))

    def blend(
        self, trees: np.ndarray, *, loan: float = LOAN, donor_early: bool = False
    ) -> np.ndarray:
        """Trees, linear half and donor; of late rows the trees take the donor's share if asked."""
        third = np.where(self.soon, self.lent, self.every) if donor_early else self.lent
        return (1 - loan) * (SHARE * trees + (1 - SHARE) * self.linear) + loan * third


def _told(text: str, rows: np.ndarray) -> np.ndarray:
    return np.asarray(lgb.Booster(model_str=text).predict(rows, raw_score=True))


def orders(parts: Parts) -> dict[str, np.ndarray]:
    """By name, the log-odds of each way."""
    before = parts.blend(parts.every)
    early = np.where(parts.soon, parts.early, parts.every)
    more = parts.grown(draws=MANY - 3, seed=3001)
    fewer = parts.of_columns(parts.best_columns(), feature_fraction=0.7)
    plain = parts.of_columns(
        np.append(AFTERNOON, NAMES.index(str(RELAPSE.offset))),
        num_leaves=7,
        max_depth=3,
        feature_fraction=0.6,
    )
    return {
        "one for all": before,
        "afternoon": afternoon_of(parts.taught, parts.rows, parts.landmark),
        "early trees": parts.blend(early),
        "donor early alone": parts.blend(parts.every, donor_early=True),
        "both (as built)": parts.blend(early, donor_early=True),
        "each day's own": parts.blend(parts.alone(), donor_early=True),
        "donor half, early": parts.blend(early, donor_early=True, loan=0.5),
        "no donor": parts.blend(parts.every, loan=0.0),
        f"bag of {MANY}": parts.blend((3 * parts.every + (MANY - 3) * more) / MANY),
        f"{FEW_COLUMNS} columns": parts.blend(fewer),
        "smoothed leaves": parts.blend(parts.grown(path_smooth=SMOOTH)),
        "afternoon's columns": (1 - FIFTH) * before + FIFTH * plain,
    }


def by_landmark(log_odds: np.ndarray, truth: np.ndarray, landmark: np.ndarray) -> np.ndarray:
    """AUC on each landmark, as if each row had happened with the truth's probability."""
    found = []
    for day in RELAPSE.landmarks:
        rows = landmark == day
        both, happened = np.tile(log_odds[rows], 2), np.repeat([1.0, 0.0], rows.sum())
        found.append(auc(both, happened, np.concatenate([truth[rows], 1.0 - truth[rows]])))
    return np.array(found)


def compared(children: int, dial: str, seed: int) -> dict[str, list[float]]:
    """By order its AUCs by landmark, on one simulated registry."""
    dials = Dials(truth_draws=DRAWS, **DIALS[dial])
    registry, truths = with_truth(children, months=MONTHS, seed=seed, dials=dials)
    clock, split = Clock(registry), registry.recorded_until - AFTER_DAYS
    context, priors = Context(clock), registry_priors(clock, until=split)
    rows = cohort(clock, RELAPSE, cutoff=split - 1)
    rows = rows.take(np.flatnonzero(before_split(rows, split)))
    known: dict[str, Any] = {"priors": priors, "context": context}
    matrix = as_of(clock, rows.child, rows.day, **known)
    taught = without_context(examples(rows, matrix, np.ones(len(matrix), bool)), 1)
    later = cohort(clock, RELAPSE, cutoff=registry.recorded_until)
    later = later.take(np.flatnonzero(later.day >= split))
    truth = truth_of(registry, later, truths["relapse"])
    later, truth = later.take(np.flatnonzero(~np.isnan(truth))), truth[~np.isnan(truth)]
    donor = donor_of(clock, RELAPSE, until=split, seed=1, **known)
    if donor is None:
        raise SystemExit(f"{dial}: too few slides into SAM; ask for more children")
    judged = as_of(clock, later.child, later.day, **known)
    parts = Parts(taught, donor, judged, later.landmark)
    return {
        name: by_landmark(order, truth, later.landmark).round(4).tolist()
        for name, order in orders(parts).items()
    }


def main() -> None:
    """Print the table, and with --json one object as the last line."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--children", type=int, default=60_000)
    asked.add_argument("--dials", default="set_point,hard")
    asked.add_argument("--seeds", default="11")
    asked.add_argument("--json", action="store_true")
    wanted, told = asked.parse_args(), {}
    for dial in wanted.dials.split(","):
        for seed in map(int, wanted.seeds.split(",")):
            told[f"{dial} {seed}"] = found = compared(wanted.children, dial, seed)
            first = np.array(found["one for all"])
            print(f"{dial}, seed {seed}; days {RELAPSE.landmarks}")
            for name, values in found.items():
                less = np.zeros(len(first)) if name == "one for all" else first
                sign = "" if name == "one for all" else "+"
                marks = "".join(f"  {value:{sign}.3f}" for value in np.array(values) - less)
                print(f"  {name:20s}{marks}", flush=True)
    if wanted.json:
        print(json.dumps(told))


if __name__ == "__main__":
    main()
