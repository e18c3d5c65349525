"""Whether the interval of a risk is one: the share of fresh models, taught on children drawn anew,
whose risk lies inside it.

On a simulated registry each target is learnt as `sanket train` learns it; then again, from the
choice of settings to the calibration, on as many children drawn with replacement, and the risks of
the landmarks after the split are compared. Asked for: 85 to 95 of 100 inside. By tenths of risk
(least and most covered), half-width in points of risk, how far the fresh models spread, whether the
mean truth of each tenth lies within the mean interval, and which share of the spread's variance is
common to all children (what `models.expected_events.COMMON` takes).

    python benchmarks/interval.py [--children 20000] [--refits 10] [--targets relapse,non_response]
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

# One waiting OpenMP thread must not spin, and this file's own folder must not hide the packages.
os.environ["OMP_WAIT_POLICY"] = "passive"
sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np

from benchmarks._simulated import with_truth
from benchmarks.truth import AFTER_DAYS, DIALS, DRAWS, MONTHS, truth_of
from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.context import Context
from models.targets import TARGETS, Target
from registry.contract.arrays import Floats
from registry.simulate.dials import Dials
from training.cohorts.landmarks import cohort
from training.fitting.calibrate import calibrate
from training.fitting.examples import Examples
from training.fitting.fit import fit
from training.fitting.pipeline import examples, learn, without_context
from training.fitting.transfer import Donor, donor_of
from training.fitting.uncertainty import drawn_children


def fresh(
    learning: Examples, rows: Floats, *, target: Target, donor: Donor | None, seed: int
) -> Floats:
    """Calibrated log-odds (n,) of the rows by a model of children drawn with replacement, all
    chosen anew."""
    draw = np.random.default_rng(seed)
    taught = drawn_children(learning, draw)[0]
    lender = donor and Donor(drawn_children(donor.examples, draw)[0], donor.label_days)
    fitted = fit(taught, target=target, settings={}, seed=seed, donor=lender)
    line = calibrate(fitted.held_out)
    return line.intercept + line.slope * fitted.blended(rows)


def covered(log_odds: Floats, low: Floats, high: Floats, others: Floats) -> dict[str, float]:
    """Figures of the interval beside fresh models' log-odds (refits, n)."""
    risks = 1.0 / (1.0 + np.exp(-others))
    inside = (risks >= low) & (risks <= high)
    tenths = np.array_split(np.argsort(log_odds, kind="stable"), 10)
    by_tenth = [inside[:, of].mean() for of in tenths]
    errors = others - others.mean(axis=0)
    return {
        "inside": float(inside.mean()),
        "least tenth": float(min(by_tenth)),
        "most tenth": float(max(by_tenth)),
        "half-width": float(np.mean(high - low) / 2),
        "half-width of 90 % of fresh": float(
            np.mean(np.percentile(risks, 95, axis=0) - np.percentile(risks, 5, axis=0)) / 2
        ),
        "common": float(errors.mean(axis=1).var() / errors.var(axis=0).mean()),
    }


def main() -> None:
    """Print a line a target and dial."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--children", type=int, default=20_000)
    asked.add_argument("--refits", type=int, default=10)
    asked.add_argument("--seed", type=int, default=11)
    asked.add_argument("--dials", default="plain")
    asked.add_argument("--targets", default="relapse,non_response")
    wanted = asked.parse_args()
    for dial in wanted.dials.split(","):
        registry, truths = with_truth(
            wanted.children,
            months=MONTHS,
            seed=wanted.seed,
            dials=Dials(truth_draws=DRAWS, **DIALS[dial]),
        )
        clock, split = Clock(registry), registry.recorded_until - AFTER_DAYS
        context = Context(clock)
        for target in map(TARGETS.__getitem__, wanted.targets.split(",")):
            learned = learn(clock, target, until=split, context=context)
            priors = learned.bundle.priors
            donor = donor_of(clock, target, until=split, seed=1, priors=priors, context=context)
            every = np.ones(len(learned.rows.child), bool)
            learning = without_context(examples(learned.rows, learned.features, every), 1)
            later = cohort(clock, target, cutoff=registry.recorded_until)
            later = later.take(np.flatnonzero(later.day >= split))
            matrix = as_of(clock, later.child, later.day, priors=priors, context=context)
            others = np.stack(
                [
                    fresh(learning, matrix, target=target, donor=donor, seed=100 + of)
                    for of in range(wanted.refits)
                ]
            )
            own = learned.bundle.log_odds(matrix)
            low, high = learned.bundle.calibrator.interval(own)
            found = covered(own, low, high, others)
            told = "  ".join(f"{name} {value:.3f}" for name, value in found.items())
            line = f"{dial}, {target.name}: {learned.bundle.facts['events_fitted']} events  {told}"
            if target.name in truths:
                truth = truth_of(registry, later, truths[target.name])
                there = ~np.isnan(truth)
                tenths = np.array_split(np.flatnonzero(there)[np.argsort(own[there])], 10)
                held = sum(low[of].mean() <= truth[of].mean() <= high[of].mean() for of in tenths)
                line += f"  truth within in {held} of 10 tenths"
            print(line, flush=True)


if __name__ == "__main__":
    main()
