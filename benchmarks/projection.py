"""How many of the next readings fall into the band of the growth chart, which is drawn for nine in
ten.

The pages draw it for discharged children only; those in treatment are shown beside them here, to
say why.

Children who are in treatment or were discharged within six months, on days drawn from the last year
of the records: of the readings of the eight weeks after the day, the share inside the band (weight
in kg, weight for height in z), by how far ahead they are and by whether the child is in treatment.
Without `--store` a district is simulated.

    python benchmarks/projection.py [--store STORE] [--questions 1500] [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

# This file's folder would hide the packages behind its files.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.visits import simulated_store
from features.clock import Clock
from features.episodes import find
from features.trajectory.points import growth_points
from features.trajectory.projection import AHEAD_DAYS, project
from registry.contract.registry import NEVER, Registry
from registry.store.store import open_store

SEED, LAST_YEAR, RECENT_DAYS = 1, 365, 183
WEEKS = ((14, "weeks 1-2"), (28, "weeks 3-4"), (56, "weeks 5-8"))
PANELS = {"waz": "weight_kg", "whz": "whz"}
"""Panel of the chart, and the column of a growth point that it shows."""


def questions(
    registry: Registry, clock: Clock, *, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(child, day, in treatment): days of the last year on which a child is in treatment or lately
    discharged."""
    dice, last = np.random.default_rng(SEED), registry.recorded_until
    children = np.unique(registry.episodes["child"])
    child = dice.choice(children, 6 * count).astype(np.int32)
    day = dice.integers(last - LAST_YEAR, last - AHEAD_DAYS[-1], len(child)).astype(np.int32)
    stays = find(clock.known_by(child, day))
    opened = (stays.admitted_on != NEVER) & (stays.closed_on == NEVER)
    recent = (stays.closed_on != NEVER) & (day - stays.closed_on.astype(np.int64) <= RECENT_DAYS)
    asked = np.flatnonzero(opened | recent)[:count]
    return child[asked], day[asked], opened[asked]


def covered(registry: Registry, *, count: int) -> dict[str, dict[str, dict[str, float]]]:
    """By panel and group: readings, and the share of them inside the band."""
    clock, found = Clock(registry), defaultdict(list)
    until = np.int32(registry.recorded_until)
    for child, day, treated in zip(*questions(registry, clock, count=count), strict=True):
        band = project(clock.known_by(np.array([child]), np.array([day])))
        if band is None:
            continue
        points = growth_points(clock.known_by(np.array([child]), np.array([until])))
        ahead = points["measured_on"].astype(np.int64) - int(day)
        for panel, column in PANELS.items():
            if panel not in band.low:
                continue
            for at in np.flatnonzero(
                (ahead > 0) & (ahead <= AHEAD_DAYS[-1]) & ~np.isnan(points[panel])
            ):
                low, high = (
                    np.interp(ahead[at], AHEAD_DAYS, side[panel]) for side in (band.low, band.high)
                )
                inside = low <= points[column][at] <= high
                group = "in treatment" if treated else "discharged"
                when = next(name for weeks, name in WEEKS if ahead[at] <= weeks)
                for name in ("all", group, when):
                    found[panel, name].append(inside)
    told: dict = {panel: {} for panel in PANELS}
    for (panel, name), inside in found.items():
        told[panel][name] = {"readings": len(inside), "share_inside": float(np.mean(inside))}
    return told


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--store")
    asked.add_argument("--questions", type=int, default=1500)
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        registry = open_store(given.store or simulated_store(Path(folder)), must_exist=True).load()
        told = covered(registry, count=given.questions)
    if given.json:
        print(json.dumps(told))
        return
    for panel, groups in told.items():
        for name, row in sorted(groups.items()):
            print(
                f"  {panel}, {name:<12}: {row['share_inside']:.1%} of {row['readings']} "
                "readings inside"
            )


if __name__ == "__main__":
    main()
