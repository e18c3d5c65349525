"""Monthly counts of a store's centres as known on a day, as a panel with sectors, projects and
districts above."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from care.programme.areas import STATE_ID, UPWARDS
from care.programme.by_month import centres_at
from features.clock import Clock, Known, month_number
from registry.contract.arrays import Floats, Ints
from registry.contract.errors import BadInput
from registry.contract.registry import Registry, day_date, day_number
from registry.engine import IN_THIS_PROCESS, Engine
from registry.store.partitions import StorePart, over_parts
from training.forecasting.counts_panel import Panel, last_whole_month
from training.forecasting.sources.store_events import EVENTS, CountingDay, first_days

UNASKED = ("attendance",)
"""A table of children's events that nothing counted here looks at: a quarter of a state's rows."""


def panel_of(registry: Registry, counted: str, *, level: str, as_of: dt.date) -> Panel:
    """The panel of a level as known at the end of a day, up to the last month that had ended by it.

    A centre's month in which it recorded nothing at all is missing. A later record never changes
    what an earlier day knew: the day of confirmation counts a confirmed SAM, not that of the first
    reading. Raises BadInput FCT004 where nothing was recorded by then.
    """
    centres = np.arange(len(registry.centre_ids))
    return _panel(registry, [(centres, months_of(registry, counted, as_of))], level, as_of)


@dataclass(frozen=True)
class CountedMonths:
    """Counts by centre and month, float64 (centres, months), NaN where nothing was recorded;
    `first`: months since January 1970 of the first column."""

    first: int
    counts: Floats


def panel_of_store(
    address: str, counted: str, *, level: str, as_of: dt.date, engine: Engine = IN_THIS_PROCESS
) -> Panel:
    """`panel_of` of a whole store, counted part by part."""
    task = partial(_of_part, counted=counted, as_of=as_of)
    places, parts = over_parts(address, task, engine, empty=UNASKED)
    return _panel(places, parts, level, as_of)


def _of_part(part: StorePart, *, counted: str, as_of: dt.date) -> tuple[Ints, CountedMonths | None]:
    centres, found = np.flatnonzero(part.own_centres[:-1]), months_of(part.registry, counted, as_of)
    return centres, found and replace(found, counts=found.counts[centres])


def _panel(
    places: Registry,
    parts: Sequence[tuple[Ints, CountedMonths | None]],
    level: str,
    as_of: dt.date,
) -> Panel:
    """The parts' centres in one panel. `places`: a registry's centres and areas."""
    seen = [(centres, found) for centres, found in parts if found is not None]
    if not seen:
        raise BadInput(
            "FCT004", f"the store holds no whole month of records by {as_of.isoformat()}"
        )
    first = min(found.first for _, found in seen)
    months = max(found.first + found.counts.shape[1] for _, found in seen) - first
    counts = np.full((len(places.centre_ids), months), np.nan)
    for centres, found in seen:
        counts[centres, found.first - first :] = found.counts
    panel = Panel(np.asarray(places.centre_ids, str), first, counts, _parents(places))
    return panel if level == "centre" else panel.summed(level)


def months_of(registry: Registry, counted: str, as_of: dt.date) -> CountedMonths | None:
    """What every centre of a registry counted by the end of a day; None where nothing was recorded
    in any whole month."""
    last = min(last_whole_month(as_of), last_whole_month(day_date(registry.recorded_until)))
    until = min(day_number(as_of), registry.recorded_until)
    children = np.arange(len(registry.child_ids), dtype=np.int32)
    known = Clock(registry).known_by(children, np.full(len(children), until, np.int32))
    days, child, amount = EVENTS[counted](CountingDay(registry, known, until, last))
    seen = _seen(known)
    if not len(seen[0]) or month_number(np.array([seen[0].min()]))[0] > last:
        return None
    first = int(month_number(np.array([seen[0].min()]))[0])
    ends = np.minimum(first_days(np.arange(first + 1, last + 2)) - 1, until).astype(np.int32)
    grid = _Months(first, last, centres_at(registry, known, ends), len(registry.centre_ids))
    reported = grid.sums(*seen, np.ones(len(seen[0]))) > 0
    counts = np.where(reported, np.rint(grid.sums(days, child, amount)), np.nan)
    return CountedMonths(first, counts)


class _Months:
    """Sums amounts of events to (centre, month) cells, in the child's centre of that month,
    (months, children)."""

    def __init__(self, first: int, last: int, centre: np.ndarray, centres: int):
        self.first, self.months, self.centre, self.centres = (
            first,
            last - first + 1,
            centre,
            centres,
        )

    def sums(self, day: np.ndarray, child: np.ndarray, amount: np.ndarray) -> np.ndarray:
        column = month_number(day) - self.first
        inside = (column >= 0) & (column < self.months)
        column, amount = column[inside], amount[inside]
        centre = self.centre[column, child[inside]]
        placed = centre >= 0
        cell = centre[placed].astype(np.int64) * self.months + column[placed]
        total = np.bincount(cell, amount[placed], minlength=self.centres * self.months)
        return total.reshape(self.centres, self.months)


def _parents(registry: Registry) -> dict[str, np.ndarray]:
    """Each centre's sector, project, district and state; a centre that names none stands in one of
    its own ("? ...")."""
    parents, alone = {}, np.char.add("? ", np.asarray(registry.centre_ids, str))
    for name in UPWARDS[1:-1]:
        place = np.full(len(registry.centre_ids), -1, np.int64)
        place[registry.centres["centre"]] = registry.centres[name]
        ids = np.append(np.asarray(getattr(registry, f"{name}_ids"), str), "?")
        parents[name] = np.where(place < 0, alone, ids[place])
    return parents | {UPWARDS[-1]: np.full(len(alone), STATE_ID)}


def _seen(known: Known) -> tuple[np.ndarray, np.ndarray]:
    """Day and child of whatever a centre recorded."""
    tables = (
        (known.measurements, "measured_on"),
        (known.episodes, "admitted_on"),
        (known.checks, "checked_on"),
        (known.rations, "issued_on"),
    )
    return (
        np.concatenate([table[day] for table, day in tables]),
        np.concatenate([table.question for table, _ in tables]),
    )
