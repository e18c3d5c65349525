"""How far the estimated share with the event is from the simulator's truth, where children are
lost.

Simulated registries at four of the dials of `benchmarks/truth.py`; every landmark row whose whole
label lies within the records (the end of the records is another matter than loss). Four estimates
of the share with the event, each over the mean truth of all rows, lost ones too, with a 95 %
interval by child: known rows as they are (`complete`), weighed by one Kaplan-Meier curve a landmark
(`curve`), by the children's own facts (`facts`, `training.cohorts.loss`), and doubly robust
(`both`: a cross-fitted model of the event beside those weights). `balance` has no chance of events
in it: the mean truth of the known rows, weighed, over that of all, by curve and by facts. Truth
counts a recorded event had nobody been lost; weighings that families miss stay missed.

The facts' estimate is the product of three ratios, each printed: `balance_facts`; `came`, what the
simulator's own account says became of the known rows over their mean truth (chance, and being lost
by what befell the child after the landmark); and `labels`, what the tables tell of them over that
account (a reading at the cut-off that is told otherwise).

    python benchmarks/censoring.py [--children 30000] [--seeds 21] [--json]
    [--dials plain,noise,missing,relapse] [--targets relapse,non_response]
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

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GroupKFold

from benchmarks._simulated import with_truth
from benchmarks.truth import AFTERNOON, DIALS, MONTHS, truth_of
from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.context import Context
from features.trajectory.smoother import DEFAULT_PRIORS
from models.targets import HAPPENED, TARGETS, Target
from registry.contract.registry import Registry
from registry.simulate.dials import Dials
from training.cohorts import censoring
from training.cohorts.landmarks import Cohort, cohort
from training.metrics.discrimination import bootstraps
from training.metrics.event_share import doubly_robust

DRAWS, FOLDS = 20, 4
ASKED = ("plain", "noise", "missing", "relapse")
ESTIMATES = ("complete", "curve", "facts", "both")
BALANCES = ("balance_curve", "balance_facts", "came", "labels")


def asked_rows(
    registry: Registry, target: Target, truth: pd.DataFrame
) -> tuple[Cohort, np.ndarray, np.ndarray, np.ndarray]:
    """(rows whose label lies within the records, their features, their truth, and whether the
    simulator's account is that the event came)."""
    clock = Clock(registry)
    rows = cohort(clock, target, cutoff=registry.recorded_until)
    rows = rows.take(np.flatnonzero(censoring.asked_to_the_end(rows)))
    true = truth_of(registry, rows, truth)
    there = np.flatnonzero(~np.isnan(true))
    rows = rows.take(there)
    matrix = as_of(clock, rows.child, rows.day, priors=DEFAULT_PRIORS, context=Context(clock))
    came = truth.assign(probability=(truth["realised"] == "happened").astype(np.float64))
    return rows, matrix, true[there], truth_of(registry, rows, came)


def event_risk(rows: Cohort, matrix: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The risk of each row (n,) by a model of the known rows of other children."""
    columns = np.column_stack([matrix[:, AFTERNOON], rows.landmark])
    columns = columns[:, ~np.isnan(columns).all(axis=0)]
    known, risk = weight > 0, np.empty(len(weight))
    model = HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.06, max_leaf_nodes=8, min_samples_leaf=60, random_state=1
    )
    folds = GroupKFold(FOLDS, shuffle=True, random_state=1)
    for taught, told in folds.split(columns, groups=rows.child):
        learn = taught[known[taught]]
        happened = rows.outcome[learn] == HAPPENED
        model.fit(columns[learn], happened, sample_weight=weight[learn])
        risk[told] = model.predict_proba(columns[told])[:, 1]
    return risk


def judged(
    rows: Cohort, matrix: np.ndarray, truth: np.ndarray, came: np.ndarray
) -> dict[str, object]:
    """The estimates over the truth, and what is told of the weights."""
    curve, facts = censoring.weights(rows), censoring.weighed(rows, matrix)
    happened = (rows.outcome == HAPPENED).astype(np.float64)
    risk = event_risk(rows, matrix, facts.weight)
    known = (curve > 0).astype(np.float64)

    def ratios(
        happened: np.ndarray,
        truth: np.ndarray,
        risk: np.ndarray,
        known: np.ndarray,
        curve: np.ndarray,
        facts: np.ndarray,
        came: np.ndarray,
    ) -> list[float]:
        shares = [np.average(happened, weights=weight) for weight in (known, curve, facts)]
        shares.append(doubly_robust(risk, happened, facts))
        balance = [np.average(truth, weights=weight) for weight in (curve, facts)]
        told, account, true = (np.average(of, weights=facts) for of in (happened, came, truth))
        ratios = [share / truth.mean() for share in (*shares, *balance)]
        return [float(of) for of in (*ratios, account / true, told / account)]

    columns = happened, truth, risk, known, curve, facts.weight, came
    found = bootstraps(ratios, *columns, cluster=rows.child, repeats=200)
    names = (*ESTIMATES, *BALANCES)
    return {
        "rows": len(truth),
        "children_with_event": len(np.unique(rows.child[rows.outcome == HAPPENED])),
        "truth": float(truth.mean()),
        **{
            name: [round(of.value, 4), round(of.low, 4), round(of.high, 4)]
            for name, of in zip(names, found, strict=True)
        },
        "weights": facts.told(),
    }


def pooled(parts: list[tuple[Cohort, np.ndarray, np.ndarray, np.ndarray]]) -> dict[str, object]:
    """The estimates over several registries, each weighed by itself: truth and estimates are means
    by rows, and intervals are of independent registries."""
    told = [judged(*part) for part in parts]
    size = np.array([float(one["truth"]) * int(one["rows"]) for one in told])
    found: dict[str, object] = {
        "rows": sum(int(one["rows"]) for one in told),
        "children_with_event": sum(int(one["children_with_event"]) for one in told),
        "truth": float(size.sum() / sum(int(one["rows"]) for one in told)),
        "weights": [one["weights"] for one in told],
    }
    for name in (*ESTIMATES, *BALANCES):
        value, low, high = np.array([one[name] for one in told]).T
        middle = float(np.average(value, weights=size))
        spread = float(np.sqrt(((size * (high - low) / 2) ** 2).sum()) / size.sum())
        found[name] = [round(of, 4) for of in (middle, middle - spread, middle + spread)]
    return found


def _printed(dial: str, target: str, told: dict[str, object]) -> None:
    print(
        f"{dial}, {target}: {told['rows']:,} rows, {told['children_with_event']} children with the "
        f"event, truth {told['truth']:.4f}"
    )
    for name in (*ESTIMATES, *BALANCES):
        value, low, high = told[name]
        print(f"  {name:14s} {value:.3f} ({low:.3f} to {high:.3f}) of the truth")
    print(f"  {told['weights'][0]['words']}")


def main() -> None:
    """Print the table, and with --json one object as the last line."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--children", type=int, default=30_000)
    asked.add_argument("--seeds", default="21")
    asked.add_argument("--dials", default=",".join(ASKED))
    asked.add_argument("--targets", default="relapse,non_response")
    asked.add_argument("--json", action="store_true")
    wanted, told = asked.parse_args(), {}
    for dial in wanted.dials.split(","):
        parts: dict[str, list] = {name: [] for name in wanted.targets.split(",")}
        for seed in wanted.seeds.split(","):
            print(f"{dial}: simulating {wanted.children:,} children", file=sys.stderr)
            dials = Dials(truth_draws=DRAWS, **DIALS[dial])
            made = with_truth(wanted.children, months=MONTHS, seed=int(seed), dials=dials)
            for name, found in parts.items():
                found.append(asked_rows(made[0], TARGETS[name], made[1][name]))
        told[dial] = {name: pooled(found) for name, found in parts.items()}
        for name, one in told[dial].items():
            _printed(dial, name, one)
    if wanted.json:
        print(json.dumps(told))


if __name__ == "__main__":
    main()
