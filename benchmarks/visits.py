"""What the lists as they are printed would have found, against other orders: relapses and non-responses to come.

A registry's models are trained on what was known before `--split`. On the first day of each month after it, every
sector's list of 20 is ranked as `sanket visits` ranks it. Counted are the children on it whose relapse (or
non-response) came afterwards. Beside ours: the rules alone (no score); `whz_of_all`, the 20 lowest WHZ of the book;
`danger_then_whz`, the same children in danger, and for the other places the lowest WHZ of those in or just out of
treatment. `ours_of_discharged` are our places for discharged children outside danger, `whz_of_discharged` as many of
the same children by lowest WHZ: what the score alone is worth. Intervals: sectors drawn anew, 95 %. Without `--store`
a district is simulated.

    python benchmarks/visits.py [--store STORE --split DATE] [--capacity 20] [--json]
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

# This file's folder would hide the packages behind its files.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from features.clock import Clock
from models.candidate import Candidate
from models.problems import HAPPENED, PROBLEMS, RELAPSE
from models.ranking import rank, rests
from registry.store import open_store
from registry.tables import Registry, day_date, day_number
from serving.book_rows import Scoring
from training.learn import learn
from training.lists import at_month_starts

CHILDREN, MONTHS, SEED = 20_000, 30, 1
HORIZON_DAYS = 365
"""Without a given split, a year of the records lies after it."""
REPEATS = 1000
ORDERS = ("ours", "rules_alone", "whz_of_all", "danger_then_whz", "ours_of_discharged", "whz_of_discharged")
AGAINST = {name: "ours_of_discharged" if name == "whz_of_discharged" else "ours" for name in ORDERS[1:4] + ORDERS[5:]}
"""Which list of ours each other order is set against: one for the same children and places."""


def orders(
    kids: list[Candidate], treated: dict[str, set[str]], *, capacity: int, as_of: dt.date
) -> dict[str, list[Candidate]]:
    """Whom each order would have visited in one sector; `treated`: by target, the children for whom it is asked."""
    ours = rank(kids, sector_id="", capacity=capacity, as_of=as_of).rows
    bare = rank([replace(child, risk=None) for child in kids], sector_id="", capacity=capacity, as_of=as_of).rows
    thin = sorted(kids, key=_thinnest)
    danger = [row.candidate for row in ours if row.section == "danger"]
    both = set().union(*treated.values())
    rest = [child for child in thin if child.child_id in both and child not in danger]
    after = treated[RELAPSE.target]
    score = [row.candidate for row in ours if row.section != "danger" and row.candidate.child_id in after]
    peers = [child for child in thin if child.child_id in after and not child.danger and not rests(child, as_of=as_of)]
    return {
        "ours": [row.candidate for row in ours], "rules_alone": [row.candidate for row in bare],
        "whz_of_all": thin[:capacity], "danger_then_whz": [*danger, *rest[: capacity - len(danger)]],
        "ours_of_discharged": score, "whz_of_discharged": peers[: len(score)],
    }


def _thinnest(child: Candidate) -> tuple[float, str]:
    whz = child.facts.get("whz")
    return (99.0 if whz is None else whz, child.child_id)


def lists(registry: Registry, *, split: int, capacity: int) -> Iterator[tuple[str, dict[str, dict[str, int]]]]:
    """For each sector and month: the sector, and by order the visits and what they found of each target."""
    clock = Clock(registry)
    bundles = {name: learn(clock, problem, until=split).bundle.prepare() for name, problem in PROBLEMS.items()}
    later = {name: at_month_starts(clock, problem, split) for name, problem in PROBLEMS.items()}
    everyone = np.arange(len(registry.child_ids), dtype=np.int32)
    for day in sorted(set.intersection(*(set(rows.day.tolist()) for rows in later.values()))):
        here = {name: rows.take(np.flatnonzero(rows.day == day)) for name, rows in later.items()}
        treated = {name: set(map(str, registry.child_ids[rows.child])) for name, rows in here.items()}
        events = {
            name: {str(child) for child in registry.child_ids[rows.child[rows.outcome == HAPPENED]]}
            for name, rows in here.items()
        }
        sectors: dict[str, list[Candidate]] = {}
        for row in Scoring.of(registry, bundles, day_date(day)).rows(everyone):
            sectors.setdefault(row.candidate.sector_id, []).append(row.candidate)
        for sector, kids in sectors.items():
            chosen = orders(kids, treated, capacity=capacity, as_of=day_date(day))
            yield sector, {name: _counted(visited, events) for name, visited in chosen.items()}


def _counted(visited: list[Candidate], events: dict[str, set[str]]) -> dict[str, int]:
    ids = {child.child_id for child in visited}
    return {"visits": len(visited), **{name: len(ids & came) for name, came in events.items()}}


def compared(counted: list[tuple[str, dict[str, dict[str, int]]]]) -> dict:
    """Sums by order, and how many times as many as each other order ours (`AGAINST`) finds, with intervals."""
    found = [one for _, one in counted]
    table = {name: {what: sum(one[name][what] for one in found) for what in ("visits", *PROBLEMS)} for name in ORDERS}
    sectors, of = np.unique([sector for sector, _ in counted], return_inverse=True)
    drawn = np.random.default_rng(SEED).integers(0, len(sectors), (REPEATS, len(sectors)))
    told = {"lists": len(counted), "sectors": len(sectors), "orders": table}
    for target in PROBLEMS:
        by_sector = {name: np.bincount(of, [one[name][target] for one in found]) for name in ORDERS}
        told[f"{target}_ratio"] = {
            name: _ratio(by_sector[ours], by_sector[name], drawn) for name, ours in AGAINST.items()
        }
    return told


def _ratio(ours: np.ndarray, other: np.ndarray, drawn: np.ndarray) -> dict[str, float | None]:
    """Ours over the other's, with the 95 % interval; None where the other found nothing."""
    few, many = ours[drawn].sum(axis=1), other[drawn].sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = np.nanquantile(np.where(many > 0, few / many, np.inf), (0.025, 0.975), method="lower")
    plain = (ours.sum() / other.sum() if other.sum() else None, low, high)
    names = ("ratio", "low", "high")
    return {name: None if x is None or not np.isfinite(x) else float(x) for name, x in zip(names, plain, strict=True)}


def simulated_store(folder: Path) -> str:
    from registry.simulate.dials import Dials
    from registry.simulate.write import simulate

    dials = Dials(truth_draws=0)
    simulate(folder / "registry", children=CHILDREN, months=MONTHS, seed=SEED, format="parquet", dials=dials)
    store = open_store(str(folder / "visits.db"))
    store.import_source(str(folder / "registry"))
    store.close()
    return str(folder / "visits.db")


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--store")
    asked.add_argument("--split")
    asked.add_argument("--capacity", type=int, default=20)
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        registry = open_store(given.store or simulated_store(Path(folder)), must_exist=True).load()
        split = day_number(given.split) if given.split else registry.recorded_until - HORIZON_DAYS
        told = compared(list(lists(registry, split=split, capacity=given.capacity)))
    if given.json:
        print(json.dumps(told))
        return
    print(f"{told['lists']} lists (sector and month) of {told['sectors']} sectors")
    for name, row in told["orders"].items():
        print(f"  {name:<18} {row['visits']:>6} visits: " + ", ".join(f"{row[t]} {t}" for t in PROBLEMS))
    for target in PROBLEMS:
        for name, ratio in told[f"{target}_ratio"].items():
            print(f"  {target}, {AGAINST[name]} to {name}: {ratio}")


if __name__ == "__main__":
    main()
