"""Both targets trained and tuned on 200,000 simulated children: minutes, on the cores there are.

Simulating and checking the registry are outside of the time; the clock, the context, the cohorts,
the features, the tuning, the fit and the calibration are in it, as in `sanket train`. `--children
N` asks for another size, `--trials N` for more or fewer settings, `--json` prints one object as its
last line.
"""

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path

# One waiting OpenMP thread must not spin, and this file's own name must not hide the package
# `training`.
os.environ["OMP_WAIT_POLICY"] = "passive"
sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks._simulated import simulated
from features.clock import Clock
from features.trajectory.context import Context
from models.targets import TARGETS
from training.evaluation.run_figures import figures
from training.fitting.pipeline import learn

MONTHS = 30


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--children", type=int, default=200_000)
    asked.add_argument("--trials", type=int, default=8)
    asked.add_argument("--json", action="store_true")
    wanted = asked.parse_args()
    registry = simulated(wanted.children, months=MONTHS)
    begun = time.perf_counter()
    clock = Clock(registry)
    context = Context(clock)
    told: dict[str, object] = {
        "children": wanted.children,
        "measurements": registry.measurements.rows,
        "trials": wanted.trials,
        "cores": len(os.sched_getaffinity(0)),
    }
    for name, target in TARGETS.items():
        started = time.perf_counter()
        learned = learn(
            clock,
            target,
            until=registry.recorded_until + 1,
            trials=wanted.trials,
            context=context,
            said=lambda text: print(text, file=sys.stderr),
        )
        told[f"{name}_minutes"] = round((time.perf_counter() - started) / 60, 2)
        told[f"{name}_rows"] = int(learned.earlier_on.sum())
        told[f"{name}_auc_later_block"] = round(figures(learned)["auc"], 4)
    told["minutes"] = round((time.perf_counter() - begun) / 60, 2)
    told["peak_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, 2)
    for name, value in told.items():
        print(f"{name:32s} {value:,}")
    if wanted.json:
        print(json.dumps(told))


if __name__ == "__main__":
    main()
