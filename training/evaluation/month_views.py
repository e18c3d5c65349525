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
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from models.bundle import Bundle
from models.targets import TARGETS
from registry.contract.arrays import Floats, Ints
from registry.contract.days import LONGEST_MONTH_DAYS
from registry.contract.registry import NEVER, OWN_DAY, Registry, Table
from training.cohorts.landmarks import cohort
from training.evaluation.scored_rows import Judged, score_rows
from training.fitting.reference_profile import SHARES

HISTORY_DAYS = 365
MOST_ROWS = 3_000
"""Of a month with more rows (onset asks about everybody) so many tell as much; whole children are
drawn by lot."""
SEASONAL = ("season_sin", "season_cos", "season_ahead_sin", "season_ahead_cos")
"""What tells the month itself."""
RISK = "the risk"
COLUMNS = tuple(name for name in NAMES if name not in SEASONAL)
MEASURES = (*COLUMNS, *(f"{name} missing" for name in COLUMNS), RISK)
"""What is compared of a month: where each column's values lie among those that the champion learnt
from (0 the lowest, 1 the highest), the share missing, and where the risks lie."""


@dataclass(frozen=True)
class MonthProfile:
    """One month of one target, arrays over MEASURES: the `mean` over children and its sampling
    `variance` (children drawn, not rows; NaN where no child has the measure); `children`, `rows`;
    `month`: since January 1970."""

    month: int
    children: int
    rows: int
    mean: Floats
    variance: Floats


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


def rows_of_month(registry: Registry, bundle: Bundle, first: int, last: int) -> Judged:
    """The scored landmark rows of a month, with what was known by its end of their outcomes."""
    clock = Clock(at_end_of(registry, first, last))
    rows = cohort(clock, TARGETS[bundle.target], cutoff=last)
    rows = rows.take(np.flatnonzero((rows.day >= first) & (rows.day <= last)))
    if len(rows.child) > MOST_ROWS:
        lot = np.random.default_rng(0).random(int(rows.child.max()) + 1)
        rows = rows.take(np.flatnonzero(lot[rows.child] < MOST_ROWS / len(rows.child)))
    return score_rows(clock, bundle, rows, block=f"month {first}", context=Context(clock))


def profile_of_month(registry: Registry, bundle: Bundle, first: int, last: int) -> MonthProfile:
    """A month's profile against what the champion learnt from; `registry`: of `timely`."""
    judged = rows_of_month(registry, bundle, first, last)
    placed = _placed(bundle, judged)
    month = int(month_number(np.array([first]))[0])
    children, child = np.unique(judged.rows.child, return_inverse=True)
    mean, variance = by_child(placed, child, len(children))
    return MonthProfile(month, len(children), len(judged.risk), mean, variance)


def _placed(bundle: Bundle, judged: Judged) -> Floats:
    """(rows, MEASURES): each row's places, whether missing, and the risk's place."""
    told = bundle.reference["features"]
    columns = [(told[name]["deciles"], judged.column(name)) for name in COLUMNS]
    places = [_place(deciles, column) for deciles, column in columns]
    missing = [np.isnan(column).astype(np.float64) for _, column in columns]
    risk = _place(bundle.reference.get("risk_deciles", []), judged.risk)
    return np.column_stack([*places, *missing, risk])


def _place(deciles: list[float], values: Floats) -> Floats:
    """Where values lie among those whose deciles these are, 0 to 1; NaN where there were none.

    Equal deciles (a count that is mostly 0) share their middle.
    """
    if not deciles:
        return np.full(len(values), np.nan)
    edges, at = np.unique(deciles, return_inverse=True)
    shares = np.bincount(at, weights=SHARES) / np.bincount(at)
    return np.where(np.isnan(values), np.nan, np.interp(values, edges, shares))


def by_child(values: Floats, child: Ints, children: int) -> tuple[Floats, Floats]:
    """(mean over rows, its sampling variance when whole children are drawn), by column of `values`
    (rows, m); NaN rows count for nothing, and a column without any has NaN."""
    there = ~np.isnan(values)
    rows = there.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, values, 0.0).sum(axis=0) / rows
        off = np.zeros((children, values.shape[1]))
        np.add.at(off, child, np.where(there, values - mean, 0.0))
        variance = (off**2).sum(axis=0) / rows**2 * children / max(children - 1, 1)
    return mean, variance
