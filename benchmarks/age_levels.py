"""Does moving the level of an age band bring its risks nearer to the truth?

On simulated registries each target is learnt as `sanket train` learns it; the landmarks after the
split are told with and without the move of their band, beside the simulator's own probability: by
band mean risk over mean truth, and mean absolute error to the truth (points of risk; forward lives
leave a part of it to chance, the same before and after). Last, over all bands of all registries,
how far mean risk lies from mean truth (mean absolute logarithm of their ratio): as told; bands
moved that were surely off, as training does; every band moved, sure or not; each for some widths
(SPREAD) of the prior that holds a move back.

    python benchmarks/age_levels.py [--children 12000] [--seeds 1,2,3,4,5,6,7,8]
    [--targets non_response] [--dials plain,hard]
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

# One waiting OpenMP thread must not spin, and this file's own folder must not hide the packages.
os.environ["OMP_WAIT_POLICY"] = "passive"
sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np
import pandas as pd

from benchmarks._simulated import with_truth
from benchmarks.truth import AFTER_DAYS, DIALS, DRAWS, MONTHS, truth_of
from features.age_bands import BANDS_MONTHS, band_names, band_of, cuts_days
from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from models.targets import TARGETS
from registry.simulate.dials import Dials
from training.cohorts.landmarks import cohort
from training.fitting import pipeline, uncertainty
from training.fitting.age_levels import LEAST_EVENTS, SPREAD, AgeLevel
from training.fitting.calibrate import calibrate
from training.fitting.pipeline import Learned
from training.metrics.recalibration import level_shift

SPREADS = (0.1, 0.2, SPREAD, 0.5)
AGE = NAMES.index("age_days")
FEW_JUDGED = 50
"""Fewer rows after the split say nothing of a band's mean truth."""

# Neither the interval of a risk nor the rehearsal is looked at here.
uncertainty.REFITS = 1
pipeline.why_not_rehearsed = lambda *blocks: "judged beside the truth"


@dataclass(frozen=True)
class Band:
    """A band of one training: its `level` as found, by SPREADS what would be added to its log-odds
    (`moves`), and the judged rows' `log_odds` before any move and `truth`."""

    level: AgeLevel
    moves: dict[float, float]
    log_odds: np.ndarray
    truth: np.ndarray

    def ratio(self, shift: float) -> float:
        """Mean risk over mean truth."""
        return float(_risk(self.log_odds + shift).mean() / self.truth.mean())

    def error(self, shift: float) -> float:
        """Mean absolute error to the truth, in points of risk."""
        return float(100 * np.abs(_risk(self.log_odds + shift) - self.truth).mean())

    @property
    def surely_off(self) -> bool:
        """Whether its whole interval (of 99 %) lies on one side of 1."""
        low, high = self.level.low, self.level.high
        return low is not None and high is not None and not low <= 1.0 <= high


def _risk(log_odds: np.ndarray) -> np.ndarray:
    found: np.ndarray = 1.0 / (1.0 + np.exp(-log_odds))
    return found


def moves(learned: Learned, at: int) -> dict[float, float]:
    """By width of the prior, what a band with LEAST_EVENTS would be moved by; 0 with fewer."""
    line, learning = calibrate(learned.fitted.held_out), learned.learning
    inside = np.flatnonzero(band_of(learning.rows[:, AGE], cuts_days()) == at)
    part = learning.take(inside)
    if len(np.unique(part.child[part.happened == 1])) < LEAST_EVENTS:
        return dict.fromkeys(SPREADS, 0.0)
    log_odds = line.intercept + line.slope * learned.fitted.held_out.log_odds[inside]
    happened = part.happened.astype(np.float64)
    children = len(np.unique(part.child))
    return {
        spread: level_shift(log_odds, happened, part.weight, outcomes=children, spread=spread)
        for spread in SPREADS
    }


def bands(
    clock: Clock, context: Context, learned: Learned, told: pd.DataFrame, split: int
) -> dict[str, Band]:
    """The bands of a training, with the landmarks from the split on."""
    bundle, target = learned.bundle, learned.rows.target
    plain = replace(bundle, calibrator=replace(bundle.calibrator, age_shifts=np.zeros(0)))
    later = cohort(clock, target, cutoff=clock.registry.recorded_until)
    later = later.take(np.flatnonzero(later.day >= split))
    truth = truth_of(clock.registry, later, told)
    later, truth = later.take(np.flatnonzero(~np.isnan(truth))), truth[~np.isnan(truth)]
    matrix = as_of(clock, later.child, later.day, priors=bundle.priors, context=context)
    own, band = plain.log_odds(matrix), band_of(matrix[:, AGE], cuts_days())
    return {
        name: Band(
            AgeLevel(**bundle.facts["age_levels"][at]),
            moves(learned, at),
            own[band == at],
            truth[band == at],
        )
        for at, name in enumerate(band_names(BANDS_MONTHS))
        if np.sum(band == at) >= FEW_JUDGED
    }


def printed(title: str, band: Band) -> None:
    """A line on one band."""
    shift = band.level.shift
    print(
        f"{title}: {band.level.events} with the event, {band.level.found} by {shift:+.2f}  risk "
        f"over truth {band.ratio(0.0):.2f}, {band.ratio(shift):.2f}  error {band.error(0.0):.2f}, "
        f"{band.error(shift):.2f} points",
        flush=True,
    )


def summed_up(target: str, found: list[Band]) -> None:
    """Lines on all bands of a target together."""
    for which, some in (
        ("all bands with 20 events", [one for one in found if one.moves[SPREAD] != 0.0]),
        ("bands surely off", [one for one in found if one.surely_off]),
    ):
        if not some:
            print(f"{target}, {which}: none")
            continue
        told = f"{target}, {which} ({len(some)}): as told {_away(some, None):.3f}"
        for spread in SPREADS:
            told += f"  moved, prior {spread}: {_away(some, spread):.3f}"
        print(told, flush=True)


def _away(some: list[Band], spread: float | None) -> float:
    ratios = [one.ratio(0.0 if spread is None else one.moves[spread]) for one in some]
    return float(np.mean(np.abs(np.log(ratios))))


def main() -> None:
    """Print a line a registry, target and band, and what all say together."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--children", type=int, default=12_000)
    asked.add_argument("--seeds", default="1,2,3,4,5,6,7,8")
    asked.add_argument("--targets", default="non_response")
    asked.add_argument("--dials", default="plain,hard")
    wanted = asked.parse_args()
    found: dict[str, list[Band]] = {name: [] for name in wanted.targets.split(",")}
    for seed, dial in product(map(int, wanted.seeds.split(",")), wanted.dials.split(",")):
        dials = Dials(truth_draws=DRAWS, **DIALS[dial])
        registry, truths = with_truth(wanted.children, months=MONTHS, seed=seed, dials=dials)
        clock, split = Clock(registry), registry.recorded_until - AFTER_DAYS
        context = Context(clock)
        for name, mine in found.items():
            learned = pipeline.learn(clock, TARGETS[name], until=split, context=context)
            for band, one in bands(clock, context, learned, truths[name], split).items():
                mine.append(one)
                printed(f"{dial}, seed {seed}, {name}, {band}", one)
    for name, mine in found.items():
        summed_up(name, mine)


if __name__ == "__main__":
    main()
