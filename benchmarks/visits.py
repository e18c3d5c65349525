"""What the lists as they are printed would have found, against other orders: deaths, relapses,
non-responses to come.

A registry's models are trained on what was known before `--split`. On the first day of each month
after it, every sector's list of 20 is ranked as `sanket visits` ranks it. Counted are the children
on it who died within 91 days, or whose relapse or non-response came afterwards. Beside ours:
`former`, the order of commit fe96438; `gradient`, published mortality alone
(`models.visits.severity`, then the younger, then the lower WHZ); the rules alone (no score);
`whz_of_all`, the lowest WHZ of the book. `ours_and_anm` adds to ours whom the list gives to the ANM
in danger, without a visit. `ours_of_discharged` are our places for discharged children outside
danger, `whz_of_discharged` as many of the same children by lowest WHZ: what the score alone is
worth. `whole_book` is everybody, whatever the capacity. Then, by rule, where each child in danger
stands, and how many the other orders leave off their list. Intervals: sectors drawn anew, 95 %.
Without `--store` a registry is simulated for each of `--seeds`.

    python benchmarks/visits.py [--store STORE --split DATE] [--children 20000] [--seeds 1 2]
    [--capacity 20] [--json]
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

# This file's folder would hide the packages behind its files.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks._former_order import former
from features.clock import Clock
from models.targets import HAPPENED, NON_RESPONSE, RELAPSE
from models.visits.listed_child import Candidate
from models.visits.ranking import GONE, VisitList, rank, rests
from models.visits.severity import YOUNG_MONTHS, severity
from registry.contract.codes import LeftReason, StayOutcome
from registry.contract.registry import NEVER, Registry, day_date, day_number
from registry.store.store import open_store
from serving.book.scoring.book_rows import Scoring
from serving.book.scoring.kept_children import first_look
from training.evaluation.visit_lists import at_month_starts
from training.fitting.pipeline import learn

CHILDREN, MONTHS, SEED = 20_000, 30, 1
HORIZON_DAYS = 365
"""Without a given split, a year of the records lies after it."""
DEATH_DAYS = 91
REPEATS = 1000
DEATH = "death"
JUDGED = (RELAPSE, NON_RESPONSE)
COUNTED = (DEATH, *(target.name for target in JUDGED))
ORDERS = (
    "ours",
    "ours_and_anm",
    "former",
    "gradient",
    "rules_alone",
    "whz_of_all",
    "ours_of_discharged",
    "whz_of_discharged",
    "whole_book",
)
AGAINST = {
    name: "ours_of_discharged" if name == "whz_of_discharged" else "ours"
    for name in (*ORDERS[2:6], ORDERS[7])
}
"""Which list of ours each other order is set against: one for the same children and places."""
OFF = ("former", "gradient")
"""Orders of which is told whom in danger they leave off."""


@dataclass(frozen=True)
class Found:
    """One sector's list on one day: by order, visits and what they found; by rule, where those in
    danger stand."""

    sector: str
    orders: dict[str, dict[str, int]]
    danger: dict[str, Counter]


def orders(
    kids: list[Candidate], ours: VisitList, after: set[str], *, capacity: int, as_of: dt.date
) -> dict[str, list[Candidate]]:
    """Whom each order would have visited in one sector; `after`: children asked about after a
    discharge."""
    bare = rank(
        [replace(child, risk=None) for child in kids], sector_id="", capacity=capacity, as_of=as_of
    ).rows
    rows = [row.candidate for row in ours.rows]
    score = [
        row.candidate
        for row in ours.rows
        if row.section != "danger" and row.candidate.child_id in after
    ]
    peers = [
        child
        for child in kids
        if child.child_id in after and not child.danger and not rests(child, as_of=as_of)
    ]
    return {
        "ours": rows,
        "ours_and_anm": [*rows, *(child for child in ours.anm if child.danger)],
        "former": former(kids, capacity=capacity, as_of=as_of),
        "gradient": sorted((child for child in kids if child.state not in GONE), key=_by_gradient)[
            :capacity
        ],
        "rules_alone": [row.candidate for row in bare],
        "whz_of_all": sorted(kids, key=_thinnest)[:capacity],
        "ours_of_discharged": score,
        "whz_of_discharged": sorted(peers, key=_thinnest)[: len(score)],
        "whole_book": kids,
    }


def _by_gradient(child: Candidate) -> tuple:
    measured = (child.facts.get(name) for name in ("whz", "newest_muac_mm"))
    whz, muac_mm = (np.nan if value is None else value for value in measured)
    age_months = np.nan if child.age_months is None else child.age_months
    ill, oedema = bool(child.facts.get("ill_now")), child.rule == "oedema"
    band = severity(whz, muac_mm, oedema=oedema, ill=ill, age_months=age_months)
    return (-band, not age_months < YOUNG_MONTHS, *_thinnest(child))


def _thinnest(child: Candidate) -> tuple[float, str]:
    whz = child.facts.get("whz")
    return (99.0 if whz is None else whz, child.child_id)


def lists(registry: Registry, *, split: int, capacity: int) -> Iterator[Found]:
    """For each sector and month after the split, what the lists found and whom in danger they leave
    off."""
    clock = Clock(registry)
    bundles = {target.name: learn(clock, target, until=split).bundle.prepare() for target in JUDGED}
    later = {target.name: at_month_starts(clock, target, split) for target in JUDGED}
    died = deaths(registry)
    for day in sorted(set.intersection(*(set(rows.day.tolist()) for rows in later.values()))):
        here = {name: rows.take(np.flatnonzero(rows.day == day)) for name, rows in later.items()}
        after = set(map(str, registry.child_ids[here[RELAPSE.name].child]))
        events = {
            name: {str(child) for child in registry.child_ids[rows.child[rows.outcome == HAPPENED]]}
            for name, rows in here.items()
        }
        events[DEATH] = {child for child, on in died.items() if day < on <= day + DEATH_DAYS}
        sectors: dict[str, list[Candidate]] = {}
        scoring = Scoring.of(registry, bundles, day_date(day))
        kept = np.flatnonzero(first_look(scoring).kept).astype(np.int32)
        for row in scoring.rows(kept):
            sectors.setdefault(row.candidate.sector_id, []).append(row.candidate)
        for sector, kids in sectors.items():
            ours = rank(kids, sector_id=sector, capacity=capacity, as_of=day_date(day))
            chosen = orders(kids, ours, after, capacity=capacity, as_of=day_date(day))
            counted = {name: _counted(visited, events) for name, visited in chosen.items()}
            yield Found(sector, counted, _where(kids, ours, chosen))


def deaths(registry: Registry) -> dict[str, int]:
    """The day on which each child died, by child id, from the register and from treatment."""
    children, stays = registry.table("children"), registry.table("episodes")
    left = (children["left_reason"] == LeftReason.DIED) & (children["left_on"] != NEVER)
    died = (stays["outcome"] == StayOutcome.DIED) & (stays["closed_on"] != NEVER)
    days: dict[str, int] = {}
    for child, on in (
        *zip(children["child"][left], children["left_on"][left], strict=True),
        *zip(stays["child"][died], stays["closed_on"][died], strict=True),
    ):
        name = str(registry.child_ids[child])
        days[name] = min(int(on), days.get(name, int(on)))
    return days


def _where(
    kids: list[Candidate], ours: VisitList, chosen: dict[str, list[Candidate]]
) -> dict[str, Counter]:
    """By rule of danger: `in_danger`, `visit`, `anm`, `beyond` of ours, and `off_NAME` of the other
    orders."""
    stands = {row.candidate.child_id: "visit" for row in ours.rows}
    stands |= {child.child_id: name for name in ("anm", "beyond") for child in getattr(ours, name)}
    listed = {name: {child.child_id for child in chosen[name]} for name in OFF}
    found: dict[str, Counter] = {}
    for child in kids:
        if child.danger and child.state not in GONE:
            told = found.setdefault(child.rule, Counter())
            told.update(["in_danger", stands.get(child.child_id, "nowhere")])
            told.update(f"off_{name}" for name in OFF if child.child_id not in listed[name])
    return found


def _counted(visited: list[Candidate], events: dict[str, set[str]]) -> dict[str, int]:
    ids = {child.child_id for child in visited}
    return {"visits": len(visited), **{name: len(ids & came) for name, came in events.items()}}


def compared(found: list[Found]) -> dict:
    """Sums by order, and how many times as many as each other order ours (`AGAINST`) finds, with
    intervals."""
    table = {
        name: {what: sum(one.orders[name][what] for one in found) for what in ("visits", *COUNTED)}
        for name in ORDERS
    }
    sectors, of = np.unique([one.sector for one in found], return_inverse=True)
    drawn = np.random.default_rng(SEED).integers(0, len(sectors), (REPEATS, len(sectors)))
    danger: dict[str, Counter] = {}
    for one in found:
        for rule, told in one.danger.items():
            danger.setdefault(rule, Counter()).update(told)
    told = {"lists": len(found), "sectors": len(sectors), "orders": table, "danger": danger}
    for target in COUNTED:
        by_sector = {
            name: np.bincount(of, [one.orders[name][target] for one in found]) for name in ORDERS
        }
        told[f"{target}_ratio"] = {
            name: _ratio(by_sector[ours], by_sector[name], drawn) for name, ours in AGAINST.items()
        }
    return told


def _ratio(ours: np.ndarray, other: np.ndarray, drawn: np.ndarray) -> dict[str, float | None]:
    """Ours over the other's, with the 95 % interval; None where the other found nothing."""
    few, many = ours[drawn].sum(axis=1), other[drawn].sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = np.nanquantile(
            np.where(many > 0, few / many, np.inf), (0.025, 0.975), method="lower"
        )
    plain = (ours.sum() / other.sum() if other.sum() else None, low, high)
    names = ("ratio", "low", "high")
    return {
        name: None if x is None or not np.isfinite(x) else float(x)
        for name, x in zip(names, plain, strict=True)
    }


def simulated_store(folder: Path, *, seed: int = SEED, children: int = CHILDREN) -> str:
    from registry.simulate.dials import Dials
    from registry.simulate.write import simulate

    dials = Dials(truth_draws=0)
    simulate(
        folder / "registry",
        children=children,
        months=MONTHS,
        seed=seed,
        format="parquet",
        dials=dials,
    )
    store = open_store(str(folder / "visits.db"))
    store.import_source(str(folder / "registry"))
    store.close()
    return str(folder / "visits.db")


def measured(address: str, *, split: str | None, capacity: int, district: str = "") -> list[Found]:
    """The lists of a store; `district` is set before the sectors' names, which every simulated one
    has alike."""
    registry = open_store(address, must_exist=True).load()
    day = day_number(split) if split else registry.recorded_until - HORIZON_DAYS
    found = lists(registry, split=day, capacity=capacity)
    return [replace(one, sector=f"{district}{one.sector}") for one in found]


def simulated(seeds: list[int], *, children: int, capacity: int) -> Iterator[Found]:
    """The lists of one simulated registry for each seed."""
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            address = simulated_store(Path(folder), seed=seed, children=children)
            yield from measured(address, split=None, capacity=capacity, district=f"{seed}-")
        print(f"district {seed} done", file=sys.stderr)


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--store")
    asked.add_argument("--split")
    asked.add_argument("--seeds", type=int, nargs="+", default=[SEED])
    asked.add_argument("--children", type=int, default=CHILDREN, help="of each simulated registry")
    asked.add_argument("--capacity", type=int, default=20)
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    if given.store:
        told = compared(measured(given.store, split=given.split, capacity=given.capacity))
    else:
        told = compared(
            list(simulated(given.seeds, children=given.children, capacity=given.capacity))
        )
    if given.json:
        print(json.dumps(told))
        return
    print(f"{told['lists']} lists (sector and month) of {told['sectors']} sectors")
    for name, row in told["orders"].items():
        print(
            f"  {name:<18} {row['visits']:>6} visits: "
            + ", ".join(f"{row[t]} {t}" for t in COUNTED)
        )
    for target in COUNTED:
        for name, ratio in told[f"{target}_ratio"].items():
            print(f"  {target}, {AGAINST[name]} to {name}: {ratio}")
    columns = ("in_danger", "visit", "anm", "beyond", "nowhere", *(f"off_{name}" for name in OFF))
    print(f"  {'in danger by rule':<18}" + "".join(f"{name:>13}" for name in columns))
    for rule, row in sorted(told["danger"].items(), key=lambda pair: -pair[1]["in_danger"]):
        print(f"  {rule:<18}" + "".join(f"{row[name]:>13}" for name in columns))


if __name__ == "__main__":
    main()
