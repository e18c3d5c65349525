"""What visit lists would have found: at each month's start and in each sector, so many visits by
one order or another.

A list holds the children at risk of one target on its day, its capacity the visits a supervisor
makes. Found are the events still to come within the horizon. Orders compared: our risk, the
protocol's rules (`training.evaluation.rules_order`), lowest WHZ, lowest MUAC, danger first by the
rules and then our risk (as a visit list does) or then lowest WHZ, chance, and (for a simulated
registry) the true risk. Only lists whose whole horizon lies within the records are counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.clock import Clock, month_number
from features.trajectory.as_of import as_of_traced
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from models.bundle import Bundle
from models.scoring import abstains
from models.targets import HAPPENED, TARGETS, Target
from training.cohorts import censoring
from training.cohorts.known_until import known_until
from training.cohorts.landmarks import Cohort, on_days
from training.evaluation.rules_order import by_rules, danger_first
from training.fitting.fit import Progress
from training.metrics.missed_ranks import missed_places
from training.metrics.usefulness import at_capacity
from training.rows.at_hand import AtHand

CAPACITIES = (10, 20, 30)
REPEATS = 500
RECALL = ("recall", "recall_worst", "recall_best")
OURS, WHZ_ORDER, RULES = "our risk", "lowest WHZ", "the rules"
AS_LISTED, WHZ_AS_LISTED = "danger first, then our risk", "danger first, then lowest WHZ"
MORE_THAN = {
    OURS: {"more_than_whz": WHZ_ORDER, "more_than_rules": RULES},
    AS_LISTED: {"more_than_whz": WHZ_AS_LISTED, "more_than_rules": RULES},
}
LEAST_FULL = 5
"""Fewer lists than this with more children than visits tell no orders apart (chosen)."""
LEAST_SECTORS = 5
"""Fewer sectors drawn anew say nothing of how sectors differ (chosen)."""
NOBODY = -1e9
"""Where a rule cannot order a child, it comes last."""
WEEKS_4 = 28
_WHZ, _MUAC = NAMES.index("whz_last"), NAMES.index("muac_last")


@dataclass(frozen=True)
class Listed:
    """Children of all lists of one target, arrays of length m: `sector` and `day` of the list,
    `happened`, `weight` (IPCW, 0 where the outcome is not known), and for each order the value that
    is sorted by, highest first."""

    sector: np.ndarray
    day: np.ndarray
    happened: np.ndarray
    weight: np.ndarray
    orders: dict[str, np.ndarray]

    def take(self, rows: np.ndarray) -> Listed:
        """Some of the children."""
        orders = {name: by[rows] for name, by in self.orders.items()}
        return Listed(
            self.sector[rows], self.day[rows], self.happened[rows], self.weight[rows], orders
        )


def lists_found(
    hand: AtHand,
    predictions: pd.DataFrame,
    bundles: Mapping[str, Bundle],
    *,
    split: int,
    said: Progress = lambda text: None,
    truth: Mapping[str, pd.DataFrame] | None = None,
) -> dict[str, list[Any]]:
    """Found per visit by each order, for lists of 10, 20 and 30 visits a sector and month from
    `split` on, of the records at hand.

    `predictions`: of the backtest, whose targets are compared; `truth`: by target, as `truth_of`
    reads it. Returns `lines` (for people) and `table`: one mapping a target (and `both`: one list
    for all), capacity and order with `lists`, `full` (those with more children than visits),
    `visits`, `found`, `found_per_visit`, its `low` and `high` (95 %, sectors drawn anew, each with
    all its months; None with fewer than five sectors), `worst` and `best` (had the ties at the cut
    fallen out so), `recall` with `recall_worst` and `recall_best`, and for our risk (and danger
    first, then our risk) `more_than_whz` and `more_than_rules` with their intervals. `where_chosen`
    has the same of the full lists alone, since in all others every order visits everybody; None
    with fewer than five of them. `missed`: see `training.metrics.missed_ranks.missed_places`.
    """
    asked_of = [
        name
        for name in bundles
        if len(TARGETS[name].landmarks) > 1 and name in set(predictions["target"])
    ]
    rows = {
        target: hand.own(at_month_starts(hand.clock, TARGETS[target], split)) for target in asked_of
    }
    return compare(hand.clock, rows, bundles, context=hand.context, said=said, truth=truth)


def compare(
    clock: Clock,
    rows: Mapping[str, Cohort],
    bundles: Mapping[str, Bundle],
    *,
    context: Context,
    said: Progress = lambda text: None,
    truth: Mapping[str, pd.DataFrame] | None = None,
) -> dict[str, list[Any]]:
    """`lists_found` for rows (of `at_month_starts`) that are at hand, by target."""
    parts: dict[str, Listed] = {}
    for target, listed in rows.items():
        said(f"{target}: {len(listed.index)} children on the monthly lists")
        if len(listed.index):
            parts[target] = _listed(
                clock, listed, bundles[target], context, (truth or {}).get(target)
            )
    if len(parts) > 1:
        parts["both"] = _together(list(parts.values()))
    table = [row for target, listed in parts.items() for row in _compared(target, listed)]
    return {"lines": _lines(table, tuple(dict.fromkeys([*bundles, *parts]))), "table": table}


def truth_of(folder: Path) -> dict[str, pd.DataFrame]:
    """The truth beside a simulated source, by target; empty where there is none."""
    paths = {target: Path(folder) / "truth" / f"{target}.parquet" for target in TARGETS}
    return {target: pd.read_parquet(path) for target, path in paths.items() if path.exists()}


def at_month_starts(clock: Clock, target: Target, split: int) -> Cohort:
    """Everyone at risk on the first day of each month from the split on (see `at_days`)."""
    return at_days(
        clock, target, np.array(month_starts(split, clock.registry.recorded_until), np.int64)
    )


def at_days(clock: Clock, target: Target, asked_on: np.ndarray) -> Cohort:
    """Everyone at risk on each of some days (numbers) whose whole horizon lies within the records;
    `landmark` is the days since the index."""
    last = clock.registry.recorded_until - target.horizon
    return on_days(clock, target, asked_on[asked_on <= last], cutoff=known_until(clock.registry))


def month_starts(first: int, last: int) -> list[int]:
    """The first days of the months (numbers) from one day to another, both counted."""
    until, since = month_number(np.array([max(last, first), first]))
    months = np.arange(since, until + 1)
    starts = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return [int(day) for day in starts if first <= day <= last]


def _listed(
    clock: Clock, rows: Cohort, bundle: Bundle, context: Context, truth: pd.DataFrame | None
) -> Listed:
    orders: dict[str, list[np.ndarray]] = {OURS: [], WHZ_ORDER: [], "lowest MUAC": []}
    sectors = []
    for traced, matrix in as_of_traced(
        clock, rows.child, rows.day, priors=bundle.priors, context=context
    ):
        scored = abstains(TARGETS[bundle.target], traced, matrix) == 0
        orders[OURS].append(np.where(scored, bundle.log_odds(matrix), NOBODY))
        orders[WHZ_ORDER].append(np.nan_to_num(-matrix[:, _WHZ], nan=NOBODY))
        orders["lowest MUAC"].append(np.nan_to_num(-matrix[:, _MUAC], nan=NOBODY))
        sectors.append(_sector_of(clock, traced.known.children["centre"]))
    ordered = {name: np.concatenate(parts) for name, parts in orders.items()}
    ordered[RULES] = by_rules(clock, rows.child, rows.day)
    ordered[AS_LISTED] = danger_first(ordered[RULES], ordered[OURS])
    ordered[WHZ_AS_LISTED] = danger_first(ordered[RULES], ordered[WHZ_ORDER])
    if truth is not None:
        ordered["true risk"] = _true_risk(clock, rows, truth)
    # Days since the index in place of landmarks: one curve of being followed for each four weeks.
    by_weeks = Cohort(
        rows.target,
        rows.outcomes,
        rows.index,
        rows.child,
        rows.day,
        rows.landmark // WEEKS_4,
        rows.outcome,
        rows.time,
        rows.remaining,
    )
    happened = (rows.outcome == HAPPENED).astype(np.float64)
    return Listed(np.concatenate(sectors), rows.day, happened, censoring.weights(by_weeks), ordered)


def paired_lists(
    clock: Clock, rows: Cohort, one: Bundle, other: Bundle, *, context: Context
) -> list[dict[str, Any]]:
    """Events found per visit by two models on the same lists, and the difference: one mapping a
    capacity, over the lists with more children than visits (`full`).

    `one`, `other`, `more` with its interval (`low`, `high`: sectors drawn anew, None where they are
    few); all None with fewer than LEAST_FULL full lists.
    """
    if not len(rows.index):
        return []
    parts = [_listed(clock, rows, bundle, context, None) for bundle in (one, other)]
    listed, lists, table = parts[0], _lists(parts[0]), []
    cases = np.array([_cases(listed, of) for of in lists])
    sector = np.array([listed.sector[of[0]] for of in lists])
    for capacity in CAPACITIES:
        full = np.array([len(of) > capacity for of in lists], bool)
        told: dict[str, Any] = {"capacity": capacity, "lists": len(lists), "full": int(full.sum())}
        if full.sum() < LEAST_FULL:
            table.append(told | dict.fromkeys(("one", "other", "more", "low", "high")))
            continue
        first, second = (
            _found(listed, lists, part.orders[OURS], capacity, cases)[0, full] for part in parts
        )
        visits = np.full(len(first), float(capacity))
        shares = {"one": first, "other": second, "more": first - second}
        told |= {name: _share(of, visits) for name, of in shares.items()}
        table.append(told | _interval(first - second, visits, sector[full]))
    return table


def _together(parts: list[Listed]) -> Listed:
    """One list for all targets, on the days that each of them has."""
    days = set(parts[0].day.tolist()).intersection(*(part.day.tolist() for part in parts))
    parts = [part.take(np.flatnonzero(np.isin(part.day, list(days)))) for part in parts]
    shared = [name for name in parts[0].orders if all(name in part.orders for part in parts)]
    orders = {name: np.concatenate([part.orders[name] for part in parts]) for name in shared}
    return Listed(
        np.concatenate([part.sector for part in parts]),
        np.concatenate([part.day for part in parts]),
        np.concatenate([part.happened for part in parts]),
        np.concatenate([part.weight for part in parts]),
        orders,
    )


def _sector_of(clock: Clock, centre: np.ndarray) -> np.ndarray:
    """The sector (position) of each centre; -1 where unknown."""
    centres = clock.registry.centres
    sector = np.full(len(clock.registry.centre_ids) + 1, -1, np.int64)
    sector[centres["centre"]] = centres["sector"]
    found: np.ndarray = sector[centre]
    return found


def _true_risk(clock: Clock, rows: Cohort, truth: pd.DataFrame) -> np.ndarray:
    """The true probability at the latest landmark up to the list's day (at most four weeks old)."""
    landmarks = np.array(rows.target.landmarks)
    landmark = landmarks[np.searchsorted(landmarks, rows.landmark, side="right") - 1]
    index_on = rows.outcomes.index_on[rows.index].astype("datetime64[D]").astype("datetime64[s]")
    wanted = pd.DataFrame(
        {
            "child_id": clock.registry.child_ids[rows.child].astype(str),
            "index_on": index_on,
            "landmark_day": landmark.astype(np.int64),
        }
    )
    told = truth[["child_id", "index_on", "landmark_day", "probability"]].drop_duplicates(
        list(wanted.columns)
    )
    told = told.assign(
        child_id=told.child_id.astype(str),
        landmark_day=told.landmark_day.astype(np.int64),
        index_on=pd.to_datetime(told.index_on).astype("datetime64[s]"),
    )
    found: np.ndarray = (
        wanted.merge(told, how="left", on=list(wanted.columns))["probability"]
        .fillna(NOBODY)
        .to_numpy()
    )
    return found


def _compared(target: str, listed: Listed) -> list[dict[str, Any]]:
    """All orders and capacities of one target; empty where no outcome of any list is known."""
    lists = _lists(listed)
    if not lists:
        return []
    orders = listed.orders | {"chance": np.zeros(len(listed.day))}
    cases = np.array([_cases(listed, rows) for rows in lists])
    sector = np.array([listed.sector[rows[0]] for rows in lists])
    table = []
    for capacity in CAPACITIES:
        full = np.array([len(rows) > capacity for rows in lists])
        visits = np.array([min(capacity, len(rows)) for rows in lists], float)
        found = {name: _found(listed, lists, by, capacity, cases) for name, by in orders.items()}
        chosen = {name: of[:, full] for name, of in found.items()}
        for name in orders:
            told = {
                "target": target,
                "capacity": capacity,
                "order": name,
                "lists": len(lists),
                "full": int(full.sum()),
            }
            told |= _figures(found, name, visits=visits, cases=cases, sector=sector)
            told["missed"] = missed_places(lists, orders[name], listed.happened, capacity=capacity)
            enough = full.sum() >= LEAST_FULL
            told["where_chosen"] = (
                _figures(chosen, name, visits=visits[full], cases=cases[full], sector=sector[full])
                if enough
                else None
            )
            table.append(told)
    return table


def _figures(
    found: dict[str, np.ndarray],
    name: str,
    *,
    visits: np.ndarray,
    cases: np.ndarray,
    sector: np.ndarray,
) -> dict[str, Any]:
    """One order's figures over some lists; `found` of every order, `visits`, `cases` and `sector`
    by list."""
    plain, worst, best, *seen = found[name]
    told: dict[str, Any] = {
        "visits": float(visits.sum()),
        "found": float(plain.sum()),
        "found_per_visit": _share(plain, visits),
        **_interval(plain, visits, sector),
        "worst": _share(worst, visits),
        "best": _share(best, visits),
    }
    told |= {word: _share(of, cases) for word, of in zip(RECALL, seen, strict=True)}
    for key, other in MORE_THAN.get(name, {}).items():
        if other in found:
            more = plain - found[other][0]
            told[key] = {"value": _share(more, visits), **_interval(more, visits, sector)}
    return told


def _lists(listed: Listed) -> list[np.ndarray]:
    """The rows of each sector's month whose outcome is known."""
    known = np.flatnonzero(listed.weight > 0)
    known = known[np.lexsort((listed.day[known], listed.sector[known]))]
    new = (np.diff(listed.sector[known]) != 0) | (np.diff(listed.day[known]) != 0)
    return np.split(known, np.flatnonzero(new) + 1) if len(known) else []


def _cases(listed: Listed, rows: np.ndarray) -> float:
    """Events of one list, at the weight of a row being 1 on average."""
    return float(np.average(listed.happened[rows], weights=listed.weight[rows]) * len(rows))


def _found(
    listed: Listed, lists: list[np.ndarray], by: np.ndarray, capacity: int, cases: np.ndarray
) -> np.ndarray:
    """(by chance, worst, best) events found in each list, per visit and again per event: (6,
    lists).

    The two differ by the rows' weights: a visit counts once, an event also for those like it whom
    nobody followed. A list that is visited whole holds its `cases` by any order.
    """
    found = np.tile(cases, (6, 1))
    for at, rows in enumerate(lists):
        if len(rows) > capacity:
            of = at_capacity(
                by[rows], listed.happened[rows], listed.weight[rows], capacity=capacity
            )
            found[:3, at] = (
                np.array([of.precision, of.precision_worst, of.precision_best]) * capacity
            )
            found[3:, at] = np.nan_to_num([of.recall, of.recall_worst, of.recall_best]) * cases[at]
    return found


def _share(found: np.ndarray, of: np.ndarray) -> float | None:
    return float(found.sum() / of.sum()) if of.sum() > 0 else None


def _interval(found: np.ndarray, visits: np.ndarray, sector: np.ndarray) -> dict[str, Any]:
    """`low`, `high`: 95 % percentiles of the share over sectors drawn with replacement, each with
    all its months, since a child stands on the lists of several; None with fewer than
    LEAST_SECTORS."""
    _, of = np.unique(sector, return_inverse=True)
    sectors = int(of.max(initial=-1)) + 1
    if sectors < LEAST_SECTORS:
        return {"low": None, "high": None}
    drawn = _draws(sectors)
    share = (drawn @ np.bincount(of, weights=found)) / (drawn @ np.bincount(of, weights=visits))
    low, high = np.percentile(share, [2.5, 97.5])
    return {"low": float(low), "high": float(high)}


@lru_cache(maxsize=4)
def _draws(sectors: int) -> np.ndarray:
    """How often each sector is drawn, (REPEATS, sectors): the same draws for every figure of as
    many."""
    return (
        np.random.default_rng(0)
        .multinomial(sectors, np.full(sectors, 1.0 / sectors), size=REPEATS)
        .astype(np.float64)
    )


def _lines(table: list[dict[str, Any]], targets: tuple[str, ...]) -> list[str]:
    """One line a target and capacity, and one where no list had its whole horizon within the
    records."""
    lines = []
    for target in targets:
        mine = [row for row in table if row["target"] == target]
        if not mine:
            lines.append(
                f"{target}: no month's list has its whole horizon within the records: split earlier"
            )
        for capacity in CAPACITIES if mine else ():
            here = [row for row in mine if row["capacity"] == capacity]
            parts = ", ".join(f"{row['order']} {row['found_per_visit']:.3f}" for row in here)
            ours = next(row for row in here if row["order"] == OURS)
            lines.append(
                f"{target}, lists of {capacity} a sector and month ({ours['lists']} lists, "
                f"{ours['full']} full): events found a "
                f"visit by {parts}; ours {_bounds(ours)}"
            )
    return lines


def _bounds(of: dict[str, Any]) -> str:
    return "no interval" if of["low"] is None else f"{of['low']:.3f} to {of['high']:.3f}"
