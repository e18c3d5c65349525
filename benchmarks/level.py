"""The level of models in a registry that they did not learn from: mean risk over what was observed,
before and after it is fitted to 20, 50, 200 and all known outcomes there.

Each target is learnt from one simulated registry, and told in another, whose children relapse more,
are measured worse and live in other centres. Of that one's children half lend their outcomes to the
fit, so many drawn by lot, many times; the other half judges. Figures are weighted for censoring;
the range holds nine in ten draws. The simulator is our own.

    python benchmarks/level.py [--children 18000] [--json]
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

from benchmarks._simulated import with_truth
from features.clock import Clock
from features.trajectory.context import Context
from models.bundle import Bundle
from models.targets import TARGETS
from registry.contract.registry import Registry
from registry.simulate.dials import Dials
from training.commands.recalibrate import known_rows, level_fitted
from training.evaluation.scored_rows import ELSEWHERE, Judged, score_rows
from training.fitting.pipeline import learn
from training.metrics.discrimination import auc

MONTHS, DRAWS = 30, 50
HERE, THERE = Dials(truth_draws=0), Dials(truth_draws=0, relapse=1.7, noise=1.5, set_point=2.0)
COUNTS = (20, 50, 200)


def ratio(bundle: Bundle, judged: Judged) -> float:
    """Mean risk over observed share."""
    risk = 1.0 / (1.0 + np.exp(-bundle.log_odds(judged.matrix)))
    return float((risk * judged.weight).sum() / (judged.happened * judged.weight).sum())


def levels(bundle: Bundle, judged: Judged) -> dict[str, object]:
    """The ratio before, and by number of outcomes its median with the range of nine in ten."""
    draw = np.random.default_rng(1)
    known = judged.take(judged.known)
    lends = draw.permutation(known.rows.child.max() + 1)[known.rows.child] % 2 == 0
    lending, judging = known.take(lends), known.take(~lends)
    indexes = np.unique(lending.rows.index)
    told: dict[str, object] = {
        "outcomes": len(indexes),
        "auc": round(auc(judging.risk, judging.happened, judging.weight), 3),
        "before": round(ratio(bundle, judging), 3),
    }
    for count in (*(of for of in COUNTS if of < len(indexes)), len(indexes)):
        ratios = []
        for _ in range(1 if count == len(indexes) else DRAWS):
            some = np.isin(lending.rows.index, draw.choice(indexes, count, replace=False))
            fitted, _ = level_fitted(bundle, lending.take(some), "there")
            ratios.append(ratio(fitted, judging))
        told[str(count)] = [round(float(x), 3) for x in np.quantile(ratios, (0.5, 0.05, 0.95))]
    return told


def compared(here: Registry, there: Registry) -> dict[str, dict[str, object]]:
    """By target, `levels`."""
    clock, abroad = Clock(here), Clock(there)
    context, beside, found = Context(clock), Context(abroad), {}
    for name, target in TARGETS.items():
        bundle = learn(clock, target, until=here.recorded_until, context=context).bundle
        rows, _ = known_rows(abroad, target)
        judged = score_rows(abroad, bundle, rows, block=ELSEWHERE, context=beside)
        found[name] = levels(bundle, judged)
        print(f"{name}: {found[name]}", file=sys.stderr)
    return found


def main() -> None:
    """Print the table, and with --json one object as the last line."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--children", type=int, default=18_000)
    asked.add_argument("--json", action="store_true")
    wanted = asked.parse_args()
    here, _ = with_truth(wanted.children, months=MONTHS, seed=11, dials=HERE)
    there, _ = with_truth(wanted.children, months=MONTHS, seed=12, dials=THERE)
    told = compared(here, there)
    for name, found in told.items():
        counts = "; ".join(
            f"{count} outcomes {of[0]:.2f} ({of[1]:.2f} to {of[2]:.2f})"
            for count, of in found.items()
            if isinstance(of, list)
        )
        print(f"{name}: AUC {found['auc']:.3f}; before {found['before']:.2f}; {counts}")
    if wanted.json:
        print(json.dumps(told))


if __name__ == "__main__":
    main()
