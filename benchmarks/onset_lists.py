"""First slides into SAM that prevention places find, by our risk and by simpler orders.

On a simulated registry onset is learnt from what was known before a split. On the first day of each
month after it every sector's children whom onset is asked of (nobody treats them, and they are not
SAM) are ordered, and the first `--capacity` get a place. Found are those who slide into SAM within
91 days, as known at the end of the records: confirmed SAM, or an admission. Beside ours: lowest
last WHZ; lowest last arm; MAM first (WHZ under -2 or an arm under 125 mm), the younger before the
older; an afternoon's LightGBM (`benchmarks.truth.afternoon`), taught the same rows; chance. Lists
count where their 91 days, and the 63 in which a reading is confirmed, lie within the records.
Intervals: sectors drawn anew, 95 %. The simulator is our own: what is better here need not be
better in life.

    python benchmarks/onset_lists.py [--children 25000] [--seeds 1 2] [--capacity 20]
    [--set-point 1] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

# One waiting OpenMP thread must not spin, and this file's own folder must not hide the packages.
os.environ["OMP_WAIT_POLICY"] = "passive"
sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np

from benchmarks._simulated import with_truth
from benchmarks.truth import AFTERNOON, afternoon
from features.clock import Clock, month_number
from features.trajectory.as_of import as_of_traced
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from models.scoring import abstains
from models.targets import CONFIRMED_WITHIN, HAPPENED, ONSET, ONSET_FOLLOWED_FROM
from registry.contract.registry import Registry
from registry.simulate.dials import Dials
from training.cohorts.lives import became, lives
from training.fitting.pipeline import Learned, learn

MONTHS, AFTER_DAYS, REPEATS = 30, 365, 1000
WHZ, MUAC, AGE = (NAMES.index(name) for name in ("whz_last", "muac_last", "age_days"))
OURS = "our risk"
ORDERS = (
    OURS,
    "afternoon's LightGBM",
    "lowest WHZ",
    "lowest arm",
    "MAM first, the younger",
    "chance",
)
LAST = -1e9
"""Where an order does not know a child, it comes last."""


@dataclass(frozen=True)
class Asked:
    """Children asked about on the lists' days, arrays of length m: `sector`, `day`, whether a first
    slide into SAM came (`happened`), and by order the value that is sorted by, highest first."""

    sector: np.ndarray
    day: np.ndarray
    happened: np.ndarray
    orders: dict[str, np.ndarray]


def month_starts(first: int, last: int) -> list[int]:
    """First days of months from a day on, up to another."""
    since, until = month_number(np.array([first, last]))
    starts = np.arange(since, until + 1).astype("datetime64[M]").astype("datetime64[D]")
    return [int(day) for day in starts.astype(np.int64) if first <= day <= last]


def asked_on_lists(registry: Registry) -> Asked:
    """All lists of a registry, with what came of each child."""
    clock, split = Clock(registry), registry.recorded_until - AFTER_DAYS
    context = Context(clock)
    learned = learn(clock, ONSET, until=split, context=context)
    days = month_starts(split, registry.recorded_until - ONSET.horizon - CONFIRMED_WITHIN)
    parts = [_on(clock, context, learned, day) for day in days]
    return Asked(
        np.concatenate([part.sector for part in parts]),
        np.concatenate([part.day for part in parts]),
        np.concatenate([part.happened for part in parts]),
        {name: np.concatenate([part.orders[name] for part in parts]) for name in ORDERS},
    )


def _on(clock: Clock, context: Context, learned: Learned, day: int) -> Asked:
    everyone = np.arange(len(clock.registry.child_ids), dtype=np.int32)
    bundle, rows, centres = learned.bundle, [], []
    children = []
    at = 0
    for traced, matrix in as_of_traced(
        clock,
        everyone,
        np.full(len(everyone), day, np.int32),
        priors=bundle.priors,
        context=context,
    ):
        here = np.flatnonzero(abstains(ONSET, traced, matrix) == 0)
        rows.append(matrix[here])
        centres.append(traced.known.children["centre"][here])
        children.append(at + here)
        at += len(matrix)
    matrix, child = np.concatenate(rows), np.concatenate(children)
    return Asked(
        _sectors(clock.registry)[np.concatenate(centres)],
        np.full(len(child), day),
        _came(clock, child, day),
        _ordered(learned, matrix),
    )


def _ordered(learned: Learned, matrix: np.ndarray) -> dict[str, np.ndarray]:
    mam = (matrix[:, WHZ] < -2) | (matrix[:, MUAC] < 125)
    young = np.nan_to_num(-matrix[:, AGE], nan=LAST)
    values = (
        learned.bundle.log_odds(matrix),
        afternoon(learned, SimpleNamespace(landmark=np.zeros(len(matrix), np.int32)), matrix),
        np.nan_to_num(-matrix[:, WHZ], nan=LAST),
        np.nan_to_num(-matrix[:, MUAC], nan=LAST),
        np.where(mam, young, 2 * LAST),
        np.zeros(len(matrix)),
    )
    return dict(zip(ORDERS, values, strict=True))


def _sectors(registry: Registry) -> np.ndarray:
    """The sector (position) of each centre."""
    sector = np.full(len(registry.centre_ids) + 1, -1, np.int64)
    sector[registry.centres["centre"]] = registry.centres["sector"]
    return sector


def _came(clock: Clock, child: np.ndarray, day: int) -> np.ndarray:
    """Whether SAM came to each child within the horizon, as known at the end of the records."""
    until = clock.registry.recorded_until
    everyone = np.arange(len(clock.registry.child_ids), dtype=np.int32)
    life = lives(clock.known_by(everyone, np.full(len(everyone), until, np.int32)))
    window = day, day + 1, day + ONSET.horizon, day + ONSET_FOLLOWED_FROM
    return np.array([became(life, one, *window, until, 1)[0] == HAPPENED for one in child])


def found_by_list(asked: Asked, capacity: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(sector of each list; by order the events found in it, `all` those there were, `places` those
    given). Ties fall by lot."""
    lot = np.random.default_rng(0).random(len(asked.day))
    key = asked.sector * 100_000 + asked.day
    names, of = np.unique(key, return_inverse=True)
    size = np.bincount(of)
    found = {
        "all": np.bincount(of, asked.happened),
        "places": np.minimum(size, capacity),
    }
    for name, by in asked.orders.items():
        order = np.lexsort((lot, -by, of))
        place = np.arange(len(order)) - np.repeat(size.cumsum() - size, size)
        chosen = order[place < capacity]
        found[name] = np.bincount(of[chosen], asked.happened[chosen], minlength=len(names))
    return names // 100_000, found


def compared(sector: np.ndarray, found: dict[str, np.ndarray]) -> dict[str, object]:
    """Sums, and by order the share of all that it finds and how many more ours finds for each that
    it does, with intervals."""
    ids, of = np.unique(sector, return_inverse=True)
    by = {name: np.bincount(of, values) for name, values in found.items()}
    drawn = np.random.default_rng(1).integers(0, len(ids), (REPEATS, len(ids)))

    def share(name: str, over: str) -> list[float]:
        few, many = by[name][drawn].sum(axis=1), by[over][drawn].sum(axis=1)
        low, high = np.percentile(few / np.maximum(many, 1), [2.5, 97.5])
        return [round(float(x), 3) for x in (by[name].sum() / max(by[over].sum(), 1), low, high)]

    return {
        "lists": len(sector),
        "sectors": len(ids),
        "places": int(by["places"].sum()),
        "onsets": int(by["all"].sum()),
        "orders": {
            name: {
                "found": int(by[name].sum()),
                "of_all": share(name, "all"),
                "ours_over_it": share(OURS, name),
            }
            for name in ORDERS
        },
    }


def main() -> None:
    """Print the table, and with --json one object as the last line."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--children", type=int, default=25_000)
    asked.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    asked.add_argument("--capacity", type=int, default=20)
    asked.add_argument("--set-point", type=float, default=1.0)
    asked.add_argument("--json", action="store_true")
    wanted = asked.parse_args()
    sectors, parts = [], []
    for seed in wanted.seeds:
        dials = Dials(truth_draws=0, set_point=wanted.set_point)
        registry, _ = with_truth(wanted.children, months=MONTHS, seed=seed, dials=dials)
        sector, found = found_by_list(asked_on_lists(registry), wanted.capacity)
        sectors.append(sector + seed * 1_000_000)
        parts.append(found)
        print(f"seed {seed}: {len(sector)} lists", file=sys.stderr)
    told = compared(
        np.concatenate(sectors),
        {name: np.concatenate([part[name] for part in parts]) for name in parts[0]},
    )
    print(
        f"{told['lists']} lists (sector and month) of {told['sectors']} sectors, {told['places']} "
        f"places, {told['onsets']} onsets within {ONSET.horizon} days; the afternoon's model has "
        f"{len(AFTERNOON)} columns"
    )
    for name, row in told["orders"].items():
        of_all, ratio = row["of_all"], row["ours_over_it"]
        print(
            f"  {name:24s} {row['found']:5d} found, {of_all[0]:.3f} of all ({of_all[1]:.3f} to "
            f"{of_all[2]:.3f}); ours finds {ratio[0]:.2f} times as many ({ratio[1]:.2f} to "
            f"{ratio[2]:.2f})"
        )
    if wanted.json:
        print(json.dumps(told))


if __name__ == "__main__":
    main()
