"""Is a model better that learns from the days on which scores are really made, beside the
landmarks?

Taught on what was known before a day, a year before the records end, and judged on what came after
it: as used (scored after each import, records known late) and on the landmarks' own days (what
`sanket backtest` prints). In two kinds of registry: one whose whole past came in one import, and
one that has had monthly imports for the last half year before that day and since, four in ten
records coming in one import late or more. AUC and log loss of both trainings, how much the second
adds, 95 % intervals by child over all registries together; calibration slope and observed over
expected.

    python benchmarks/scoring_days.py [--children 40000] [--seeds 8,9] [--targets ...]
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

from benchmarks._simulated import simulated
from features.clock import Clock
from features.trajectory.context import Context
from models.bundle import Bundle
from models.targets import TARGETS, Target
from registry.contract.registry import Registry
from training.cohorts.entry_delay import as_recorded, came_in_with
from training.commands.backtest import landmarks_from
from training.evaluation.as_used import WEEKS_4, asked_on
from training.evaluation.scored_rows import LATER, Judged, score_rows
from training.fitting import pipeline, uncertainty
from training.fitting.plan import TrainingPlan
from training.metrics.calibration import calibration
from training.metrics.discrimination import auc, bootstraps

MONTHS, AFTER_DAYS, IMPORTS_BEFORE_DAYS = 30, 365, 183
COME_IN = (0.6, 0.85, 1.0)
"""The share of records that has come in with the first, second and third import after their day."""
FIGURES = ("AUC", "with scoring days", "more", "log loss", "with scoring days", "more")

# Neither the interval of a risk nor the rehearsal is looked at here.
uncertainty.REFITS = 1
pipeline.why_not_rehearsed = lambda *blocks: "judged on what came after"


def worlds(registry: Registry, split: int) -> dict[str, Registry]:
    """The registry as one import, and with the imports of its last months."""
    since = split - IMPORTS_BEFORE_DAYS
    return {"one import": registry, "imports": came_in_with(registry, np.array(COME_IN), since)}


def trained(clock: Clock, target: Target, split: int, context: Context, days: bool) -> Bundle:
    """A model of what was known before the split, with or without scoring days."""
    plan = TrainingPlan(scoring_days=days)
    return pipeline.learn(clock, target, until=split, context=context, plan=plan).bundle


def judged(clock: Clock, target: Target, split: int) -> dict[str, tuple[Judged, Judged]]:
    """By kind of day, the same rows as scored by both trainings."""
    context, (late, delay) = Context(clock), as_recorded(clock.registry)
    bundles = [trained(clock, target, split, context, days) for days in (False, True)]
    used = asked_on(clock, bundles[0], LATER, delay.days[delay.days >= split], None)
    used = replace(used, landmark=used.landmark // WEEKS_4)
    seen = Clock(late)
    asked = {
        "as used": (seen, used, Context(seen)),
        "landmarks": (clock, landmarks_from(clock, target, split), context),
    }
    return {
        name: tuple(score_rows(of, one, rows, block=LATER, context=around) for one in bundles)
        for name, (of, rows, around) in asked.items()
    }


def told(pairs: list[tuple[Judged, Judged]]) -> str:
    """Figures of both trainings over some registries together."""
    columns = [
        np.concatenate([getattr(one, name) for one in of])
        for name, of in (
            ("risk", [pair[0] for pair in pairs]),
            ("risk", [pair[1] for pair in pairs]),
            ("happened", [pair[0] for pair in pairs]),
            ("weight", [pair[0] for pair in pairs]),
        )
    ]
    child = np.concatenate(
        [pair[0].rows.child + at * 10_000_000 for at, pair in enumerate(pairs)], dtype=np.int64
    )

    def figures(risk: np.ndarray, other: np.ndarray, *of: np.ndarray) -> list[float]:
        found = [(figure(risk, *of), figure(other, *of)) for figure in (auc, log_loss)]
        return [of for one, two in found for of in (one, two, two - one)]

    found = bootstraps(figures, *columns, cluster=child, repeats=300)
    words = [
        f"{name} {of.value:{'+' if name == 'more' else ''}.4f}"
        + (f" ({of.low:+.4f} to {of.high:+.4f})" if name == "more" else "")
        for name, of in zip(FIGURES, found, strict=True)
    ]
    for risk in columns[:2]:
        measured = calibration(risk, *columns[2:])
        words.append(f"slope {measured.slope:.2f} O/E {measured.observed_over_expected:.2f}")
    events = sum(pair[0].events for pair in pairs)
    asked = sum(len(pair[0].risk) + pair[0].not_scored for pair in pairs)
    missed = sum(pair[0].not_scored for pair in pairs)
    return f"{events} events, {missed} of {asked} not scored  " + "  ".join(words)


def log_loss(risk: np.ndarray, happened: np.ndarray, weight: np.ndarray) -> float:
    """Weighted mean log loss."""
    held = np.clip(risk, 1e-6, 1 - 1e-6)
    loss = -np.where(happened == 1, np.log(held), np.log1p(-held))
    return float(np.average(loss, weights=weight))


def main() -> None:
    """Print a line a target, kind of registry and kind of day; again after each registry."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--children", type=int, default=40_000)
    asked.add_argument("--seeds", default="8,9")
    asked.add_argument("--targets", default="non_response,relapse")
    wanted = asked.parse_args()
    found: dict[tuple[str, str, str], list[tuple[Judged, Judged]]] = {}
    for seed in map(int, wanted.seeds.split(",")):
        registry = simulated(wanted.children, months=MONTHS, seed=seed)
        split = registry.recorded_until - AFTER_DAYS
        for target in wanted.targets.split(","):
            for world, of in worlds(registry, split).items():
                for days, pair in judged(Clock(of), TARGETS[target], split).items():
                    key = target, world, days
                    found.setdefault(key, []).append(pair)
                    print(f"to seed {seed}: {', '.join(key)}: {told(found[key])}", flush=True)


if __name__ == "__main__":
    main()
