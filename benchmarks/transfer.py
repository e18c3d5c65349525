"""What the slides into SAM teach the relapse model: AUC against the simulator's truth by the
donor's share in the blend.

On simulated registries: relapse is learnt without a donor, the donor is taught every first slide
into SAM known before the split (`training.fitting.transfer`), and both are blended on the landmarks
after it. Beside them the donor alone (it has not seen one relapse), an afternoon's LightGBM, and
the truth. AUC over all landmarks and on days 0, 28 and 84, as if each row had happened with the
truth's probability. The simulator is our own: what is better here need not be better in life.

    python benchmarks/transfer.py [--children 60000] [--dials plain,set_point] [--seeds 11,12]
    [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

# One waiting OpenMP thread must not spin, and this file's own folder must not hide the packages.
os.environ["OMP_WAIT_POLICY"] = "passive"
sys.path[0] = str(Path(__file__).resolve().parents[1])

import lightgbm as lgb
import numpy as np

from benchmarks._simulated import with_truth
from benchmarks.truth import AFTER_DAYS, DIALS, DRAWS, MONTHS, afternoon, truth_of
from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.context import Context
from models.targets import RELAPSE
from registry.simulate.dials import Dials
from training.cohorts.landmarks import cohort
from training.fitting import fit
from training.fitting.own_forest import offset_of
from training.fitting.pipeline import learn
from training.fitting.transfer import donor_forest, donor_of
from training.metrics.discrimination import auc

SHARES = (0.0, 0.2, 0.3, 0.4, 0.6)
DAYS = (0, 28, 84)


def against_truth(log_odds: np.ndarray, truth: np.ndarray, landmark: np.ndarray) -> list[float]:
    """AUC over all rows, and over those of each of DAYS."""
    found = []
    for rows in (np.ones(len(truth), bool), *(landmark == day for day in DAYS)):
        both, happened = np.tile(log_odds[rows], 2), np.repeat([1.0, 0.0], rows.sum())
        found.append(auc(both, happened, np.concatenate([truth[rows], 1.0 - truth[rows]])))
    return [round(float(value), 4) for value in found]


def compared(children: int, dial: str, seed: int) -> dict[str, object]:
    """By order the AUCs of `against_truth`, on one simulated registry."""
    dials = Dials(truth_draws=DRAWS, **DIALS[dial])
    registry, truths = with_truth(children, months=MONTHS, seed=seed, dials=dials)
    clock, split = Clock(registry), registry.recorded_until - AFTER_DAYS
    context, alone = Context(clock), replace(RELAPSE, taught_by=None)
    learned = learn(clock, alone, until=split, context=context)
    priors = learned.bundle.priors
    later = cohort(clock, alone, cutoff=registry.recorded_until)
    later = later.take(np.flatnonzero(later.day >= split))
    truth = truth_of(registry, later, truths["relapse"])
    later, truth = later.take(np.flatnonzero(~np.isnan(truth))), truth[~np.isnan(truth)]
    matrix = as_of(clock, later.child, later.day, priors=priors, context=context)
    donor = donor_of(clock, RELAPSE, until=split, seed=1, priors=priors, context=context)
    lender = lgb.Booster(model_str=donor_forest(donor.examples, fit.donor_settings(RELAPSE, 1)))
    lent = lender.predict(matrix, raw_score=True) + offset_of(matrix, RELAPSE.offset)
    own = learned.fitted.blended(matrix)
    truth = np.clip(truth, 0.002, 0.998)
    orders = {
        "truth": np.log(truth / (1.0 - truth)),
        "afternoon": afternoon(learned, later, matrix),
        "donor alone": lent,
    } | {f"share {share}": (1.0 - share) * own + share * lent for share in SHARES}
    return {
        "relapses": int(learned.bundle.facts["events_fitted"]),
        "slides": int(donor.examples.happened.sum()),
        **{name: against_truth(order, truth, later.landmark) for name, order in orders.items()},
    }


def main() -> None:
    """Print the table, and with --json one object as the last line."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--children", type=int, default=60_000)
    asked.add_argument("--dials", default="plain,set_point")
    asked.add_argument("--seeds", default="11,12")
    asked.add_argument("--json", action="store_true")
    wanted = asked.parse_args()
    told: dict[str, dict[str, object]] = {}
    for dial in wanted.dials.split(","):
        for seed in map(int, wanted.seeds.split(",")):
            told[f"{dial} {seed}"] = found = compared(wanted.children, dial, seed)
            print(f"{dial}, seed {seed}: {found['relapses']} relapses, {found['slides']} slides")
            for name, values in found.items():
                if isinstance(values, list):
                    print(f"  {name:12s}" + "".join(f"  {value:.3f}" for value in values))
    if wanted.json:
        print(json.dumps(told))


if __name__ == "__main__":
    main()
