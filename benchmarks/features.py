"""Features and labels of 5 million measurements on one core: seconds, peak memory, growth with the
rows; one child.

The registry is a simulated one (10,000 children, 30 months), tiled in memory to the rows asked for;
each child's history stays as long as it was. Compiling is done before. Counted are the clock, the
context's sums, the cohorts with their outcomes, and the feature rows of every landmark of both
targets. `--rows N` asks for another size, `--profile` prints where the time goes, `--json` prints
one object as its last line.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import resource
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

# This file's own name must not hide the package `features`.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks._simulated import simulated, tiled
from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.context import Context
from features.trajectory.smoother import DEFAULT_PRIORS
from models.targets import TARGETS
from registry.contract.registry import Registry
from training.cohorts.landmarks import cohort

CHILDREN, SMALLER, ONE_CHILD_ROUNDS = 10_000, 5, 300


def features_and_labels(registry: Registry) -> dict[str, float]:
    """Seconds by step, and how many landmark rows came out."""
    told, begun = {}, time.perf_counter()

    def took(step: str) -> None:
        nonlocal begun
        now = time.perf_counter()
        told[step] = told.get(step, 0.0) + now - begun
        begun = now

    clock = Clock(registry)
    took("clock")
    context = Context(clock)
    took("context")
    landmark_rows = 0
    for target in TARGETS.values():
        rows = cohort(clock, target, cutoff=registry.recorded_until)
        took("labels")
        landmark_rows += len(
            as_of(clock, rows.child, rows.day, priors=DEFAULT_PRIORS, context=context)
        )
        took("features")
    return told | {"landmark_rows": landmark_rows}


def one_child_ms(registry: Registry, *, with_context: bool) -> float:
    """Median milliseconds for one feature row of one child."""
    clock = Clock(registry)
    context = Context(clock) if with_context else None
    rows = cohort(clock, TARGETS["relapse"], cutoff=registry.recorded_until)
    seconds = []
    for at in np.random.default_rng(1).integers(0, len(rows.child), ONE_CHILD_ROUNDS):
        begun = time.perf_counter()
        as_of(
            clock,
            rows.child[at : at + 1],
            rows.day[at : at + 1],
            priors=DEFAULT_PRIORS,
            context=context,
        )
        seconds.append(time.perf_counter() - begun)
    return 1000.0 * median(seconds)


def peak_gb() -> float:
    """The most memory that this process has held, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def profiled(work) -> None:
    """Print the twenty functions that take longest."""
    profile = cProfile.Profile()
    profile.runcall(work)
    pstats.Stats(profile).sort_stats("tottime").print_stats(20)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=5_000_000)
    asked.add_argument("--profile", action="store_true")
    asked.add_argument("--json", action="store_true")
    wanted = asked.parse_args()
    base = simulated(CHILDREN)
    features_and_labels(base)
    per_tile = base.measurements.rows
    times = max(round(wanted.rows / per_tile), SMALLER)
    smaller = features_and_labels(tiled(base, times // SMALLER))
    few_rows = times // SMALLER * per_tile
    registry = tiled(base, times)
    before, cpu = peak_gb(), time.process_time()
    told = features_and_labels(registry)
    cpu = time.process_time() - cpu
    landmark_rows, rows = told.pop("landmark_rows"), registry.measurements.rows
    seconds, fewer = (
        sum(told.values()),
        sum(value for step, value in smaller.items() if step != "landmark_rows"),
    )
    figures = {
        "measurements": rows,
        "landmark_rows": landmark_rows,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        **{f"seconds_{step}": round(value, 2) for step, value in told.items()},
        "measurements_per_second": round(rows / seconds),
        "peak_gb": round(peak_gb(), 2),
        "registry_gb": round(before, 2),
        "ratio_to_linear": round((seconds / rows) / (fewer / few_rows), 3),
        "one_child_ms": round(one_child_ms(base, with_context=False), 3),
        "one_child_with_context_ms": round(one_child_ms(base, with_context=True), 3),
    }
    if wanted.profile:
        profiled(lambda: features_and_labels(registry))
        profiled(lambda: one_child_ms(base, with_context=True))
    for name, value in figures.items():
        print(f"{name:28s} {value:,}")
    if wanted.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
