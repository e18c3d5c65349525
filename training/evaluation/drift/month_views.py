"""A month as it looked at its own end: the same delay, the same maturity and the same length of
history for every month, so that two can be compared.

Records that a monthly import brought late would make every month after the first import differ from
those before it, and so would histories that grow with the registry. So every row is taken as known
on its own day, of its newest version; the records end with the month; and nothing older than a year
before it is seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.clock import Clock, month_number
from features.trajectory.as_of import as_of
from features.trajectory.catalogue import CONTEXT_NAMES, NAMES
from features.trajectory.context import Context
from features.trajectory.smoother import DEFAULT_PRIORS
from models.bundle import Bundle
from models.targets import TARGETS
from registry.contract.arrays import Days, Floats, Ints
from registry.contract.days import LONGEST_MONTH_DAYS
from registry.contract.registry import NEVER, OWN_DAY, Registry, Table
from training.cohorts.children_lot import by_lot
from training.cohorts.landmarks import Cohort, cohort
from training.evaluation.scored_rows import asked
from training.fitting.reference_profile import SHARES, profile

HISTORY_DAYS = 365
MOST_ROWS = 3_000
"""Of a month with more rows (onset asks about everybody) so many tell as much; whole children are
drawn by lot."""
SEASONAL = ("season_sin", "season_cos", "season_ahead_sin", "season_ahead_cos")
"""What tells the month itself."""
RISK = "the risk"
MOST_CHILDREN = 1_500
"""Of all children measured in a month so many tell as much."""
COLUMNS = tuple(name for name in NAMES if name not in (*SEASONAL, *CONTEXT_NAMES))
"""Columns of family and centre are left out: children of one centre share them, so that they wander
with a dozen centres and not with hundreds of children."""
MEASURES = (*COLUMNS, *(f"{name} missing" for name in COLUMNS), RISK)
"""What is compared of a month: where each column's values lie among those that the champion learnt
from (0 the lowest, 1 the highest), the share missing, and where the risks lie."""


@dataclass(frozen=True)
class MonthProfile:
    """One month of one target, arrays over MEASURES: the `mean` over children, its sampling
    `variance` (children drawn, not rows; NaN where no child has the measure) and how many children
    were `seen` with it; `children`, `rows`; `month`: since January 1970."""

    month: int
    children: int
    rows: int
    mean: Floats
    variance: Floats
    seen: Ints


def timely(registry: Registry) -> Registry:
    """The registry with the newest version of every row known on its own day, a close on the day of
    closing."""
    changed: dict[str, Any] = {
        name: _on_own_day(name, registry.table(name)) for name in (*OWN_DAY, "children")
    }
    return replace(registry, **changed)


def _on_own_day(name: str, table: Table) -> Table:
    table = table.take(np.flatnonzero(table["known_until"] == NEVER))
    if name == "children":
        return table.having(known_from=table["birth_date"], left_known_from=table["left_on"])
    own = table[OWN_DAY[name]]
    if name == "attendance":
        # A month's attendance waits for the month's end.
        return table.having(known_from=np.minimum(table["known_from"], own + LONGEST_MONTH_DAYS))
    table = table.having(known_from=own)
    return table.having(closed_known_from=table["closed_on"]) if name == "episodes" else table


def at_end_of(registry: Registry, first: int, last: int) -> Registry:
    """A timely registry as it looked on the `last` day of a month (numbers), with a year of history
    before its `first`."""
    changed: dict[str, Any] = {}
    for name, own_day in OWN_DAY.items():
        table = registry.table(name)
        kept = (table[own_day] >= first - HISTORY_DAYS) & (table[own_day] <= last)
        changed[name] = table.take(np.flatnonzero(kept))
    return replace(registry, **changed, recorded_until=last)


def month_rows(clock: Clock, bundle: Bundle, first: int) -> Cohort:
    """All landmark rows of a month that begins on `first`; `clock`: of an `at_end_of`."""
    target, last = TARGETS[bundle.target], clock.registry.recorded_until
    rows = cohort(clock, target, cutoff=last, index_from=first - max(target.landmarks))
    return rows.take(np.flatnonzero((rows.day >= first) & (rows.day <= last)))


def few_of_month(some: Cohort) -> Cohort:
    """Those of a whole registry's rows of a month that are looked at."""
    return some.take(np.flatnonzero(by_lot(some.child, rows=len(some.index), most=MOST_ROWS)))


def profile_of_month(registry: Registry, bundle: Bundle, first: int, last: int) -> MonthProfile:
    """A month's profile against what the champion learnt from; `registry`: of `timely`."""
    clock = Clock(at_end_of(registry, first, last))
    rows = few_of_month(month_rows(clock, bundle, first))
    why, matrix = asked(clock, bundle, rows, Context(clock))
    return profile_of_rows(bundle, first, rows.child[why == 0], matrix)


def profile_of_rows(bundle: Bundle, first: int, child: Days, matrix: Floats) -> MonthProfile:
    """The profile of the scored rows (`child` and features of each) of a month that begins on
    `first`."""
    risk = 1.0 / (1.0 + np.exp(-bundle.log_odds(matrix)))
    placed = _placed(bundle, matrix, risk)
    month = int(month_number(np.array([first]))[0])
    children, of = np.unique(child, return_inverse=True)
    return MonthProfile(month, len(children), len(risk), *by_child(placed, of, len(children)))


def _placed(bundle: Bundle, matrix: Floats, risk: Floats) -> Floats:
    """(rows, MEASURES): each row's places, whether missing, and the risk's place."""
    told = bundle.reference["features"]
    deciles = [told[name]["deciles"] for name in COLUMNS]
    of_risk = _place(bundle.reference.get("risk_deciles", []), risk)
    return np.column_stack([_places(deciles, matrix), of_risk])


def _places(deciles: list[list[float]], matrix: Floats) -> Floats:
    """(rows, 2 for each of COLUMNS): where each value lies among those whose deciles these are, and
    whether it is missing."""
    columns = [matrix[:, NAMES.index(name)] for name in COLUMNS]
    places = [_place(of, column) for of, column in zip(deciles, columns, strict=True)]
    return np.column_stack([*places, *(np.isnan(column) for column in columns)]).astype(np.float64)


def everyone(registry: Registry, first: int, last: int) -> Floats:
    """Features (children, len(NAMES)) of the children measured in a month, whoever they are, as
    known at its end; `registry`: of `timely`. Most changes of a registry are of all its children,
    of whom there are many more than one target asks about."""
    seen = at_end_of(registry, first, last)
    child, clock = measured_in_month(seen, first), Clock(seen)
    child = child[by_lot(child, rows=len(child), most=MOST_CHILDREN)]
    return as_at_end(clock, Context(clock), child)


def measured_in_month(view: Registry, first: int) -> Days:
    """The children (positions) measured in a month that begins on `first`; `view`: of
    `at_end_of`."""
    table = view.measurements
    found: Days = np.unique(table["child"][table["measured_on"] >= first])
    return found


def as_at_end(clock: Clock, context: Context, child: Days) -> Floats:
    """Features (children, len(NAMES)) of children as known at the end of a view."""
    day = np.full(len(child), clock.registry.recorded_until, np.int32)
    return as_of(clock, child, day, priors=DEFAULT_PRIORS, context=context)


def profiles_of_everyone(months: list[tuple[int, Floats]]) -> list[MonthProfile]:
    """Profiles of months (first day, features of `everyone`), over MEASURES without the risk; a
    value's place is that among all months but the last, which is the one asked about."""
    pooled = np.concatenate([matrix for _, matrix in months[:-1]])
    deciles = profile(pooled)["features"]
    told = []
    for first, matrix in months:
        placed = _places([deciles[name]["deciles"] for name in COLUMNS], matrix)
        month = int(month_number(np.array([first]))[0])
        found = by_child(placed, np.arange(len(matrix)), len(matrix))
        told.append(MonthProfile(month, len(matrix), len(matrix), *found))
    return told


def _place(deciles: list[float], values: Floats) -> Floats:
    """Where values lie among those whose deciles these are, 0 to 1; NaN where there were none.

    Equal deciles (a count that is mostly 0) share their middle.
    """
    if not deciles:
        return np.full(len(values), np.nan)
    edges, at = np.unique(deciles, return_inverse=True)
    shares = np.bincount(at, weights=SHARES) / np.bincount(at)
    return np.where(np.isnan(values), np.nan, np.interp(values, edges, shares))


def by_child(values: Floats, child: Ints, children: int) -> tuple[Floats, Floats, Ints]:
    """(mean over rows, its sampling variance when whole children are drawn, children with a value),
    by column of `values` (rows, m); NaN rows count for nothing, and a column without any has
    NaN."""
    there = ~np.isnan(values)
    rows, has = there.sum(axis=0), np.zeros((children, values.shape[1]), bool)
    np.logical_or.at(has, child, there)
    seen = has.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, values, 0.0).sum(axis=0) / rows
        off = np.zeros((children, values.shape[1]))
        np.add.at(off, child, np.where(there, values - mean, 0.0))
        variance = (off**2).sum(axis=0) / rows**2 * seen / np.maximum(seen - 1, 1)
    return mean, variance, seen
