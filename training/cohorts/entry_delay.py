"""How late a store's records come in, and the registry as its scores really see it: scored after
each import, from records that are known late.

Where imports have been coming in, their days and delays are measured and records of the past (of
one import, known on their own days) are taken to have come in alike: as many with the first import
after their own day, with the second, and so on, as were measured, drawn by lot. Where the whole
past came in one import nothing can be measured: monthly imports are assumed, on the first of each
month.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.clock import days_between, month_number
from registry.contract.arrays import AnyArray, Days, Floats, Ints
from registry.contract.registry import NEVER, OWN_DAY, Registry, Table
from registry.contract.versions import MOVED
from training.cohorts.known_until import late_entries

LEAST_LATE_SHARE = 0.05
"""With a smaller share of late rows the store says nothing of how records come in (chosen)."""
BATCH_SHARE = 0.02
"""A day on which so many of the late rows came in is an import's (chosen)."""
MOST_IMPORTS_LATE = 12
"""What came in more imports late than these is a correction and no late entry (chosen)."""
IMPORTS = "measured from its imports"
ENTRIES = "measured from days of entry"
SIMULATED = "simulated: the past came in one import"
LATER_CELLS = {
    "episodes": ("closed_known_from", "closed_on"),
    "children": ("left_known_from", "left_on"),
}
Entry = Callable[[AnyArray, AnyArray], AnyArray]
"""From children (positions) and own days of records, the days on which these come in; the own day
where no entry comes after it."""


@dataclass(frozen=True)
class EntryDelay:
    """How late records come in: `how` it is known, the `median_days` from a record's own day to its
    being known, and the `days` (numbers, ascending) on which scores are made."""

    how: str
    median_days: float
    days: np.ndarray


def as_recorded(registry: Registry, *, before: int = int(NEVER) - 1) -> tuple[Registry, EntryDelay]:
    """(the registry with every assumed day of entry made as late as records come in, and how late
    that is). Stays and their closes come late too; children and centres do not.

    `before`: only what was known before that day (number) tells how late records come in.
    """
    own, entered, share = _late_ones(registry, before)
    starts = _month_starts(registry, min(registry.recorded_until, before - 1))
    if share < LEAST_LATE_SHARE:
        return _entered_by(registry, _by_import(starts, np.ones(1)), SIMULATED, starts)
    days, count = np.unique(entered, return_counts=True)
    batches = days[count >= BATCH_SHARE * len(entered)]
    if np.isin(entered, batches).mean() < 0.5:
        return _entered_by(registry, _by_delay(np.sort(entered - own)), ENTRIES, starts)
    imports = _back_to(int(starts[0]), batches)
    come = _by_import(imports, shares_come_in(own, entered, batches))
    return _entered_by(registry, come, IMPORTS, imports)


def came_in_with(registry: Registry, come: Floats, since: int) -> Registry:
    """The registry as if records from a day (number) on had come in with imports of each month's
    first, late as `come` says (`shares_come_in`); those before it in one import."""
    entry = _by_import(_month_starts(registry, registry.recorded_until), come)

    def imported(child: AnyArray, own: AnyArray) -> AnyArray:
        return np.where(own >= since, entry(child, own), own)

    return _entered_by(registry, imported, IMPORTS, np.zeros(0, np.int64))[0]


def _late_ones(registry: Registry, before: int) -> tuple[Ints, Ints, float]:
    """(own days and days of entry of the late rows, their share among all rows), of the rows that
    were known before a day."""
    own, entered, rows = [], [], 0
    for name, late in late_entries(registry).items():
        # A link of two ids says nothing of how late a record came in.
        table = registry.table(name)
        late = late & ~table.get(MOVED, np.zeros(table.rows, np.bool_))
        waited = days_between(table["known_from"], np.full(table.rows, before))
        known = waited > 0
        rows += int(known.sum())
        own.append(table[OWN_DAY[name]][late & known].astype(np.int64))
        entered.append(table["known_from"][late & known].astype(np.int64))
    of = np.concatenate(own)
    return of, np.concatenate(entered), len(of) / max(rows, 1)


def shares_come_in(own: Ints, entered: Ints, imports: Ints) -> Floats:
    """The share of records that has come in with the first import after their own day, with the
    second, ..., the last of them 1; from own days and days of entry of some.

    Of the newest records only those are seen that came in soon: of each import only records count
    that could have been seen so late (Lagakos, Barraj and De Gruttola 1988, Biometrika 75:515,
    right truncation). Records from before the first import are the past, and tell nothing.
    """
    first = np.searchsorted(imports, own, side="right")
    late = np.searchsorted(imports, entered) - first
    could = len(imports) - 1 - first
    seen = (own >= imports[0]) & (late >= 0) & (late <= np.minimum(could, MOST_IMPORTS_LATE))
    late, could = late[seen], could[seen]
    come = np.ones(int(late.max(initial=0)) + 1)
    for at in range(len(come) - 1, 0, -1):
        asked = (late <= at) & (could >= at)
        come[at - 1] = come[at] * np.mean(late[asked] < at)
    return come


def _by_import(imports: Ints, come: Floats) -> Entry:
    """Records come in with an import after their own day: the first, the second, ... by lot, as
    `shares_come_in` has it."""

    def entry(child: AnyArray, own: AnyArray) -> AnyArray:
        after = np.searchsorted(imports, own, side="right")
        late = np.searchsorted(come, _lot(child, own), side="right")
        at = np.minimum(after + late, len(imports) - 1)
        return np.where(after < len(imports), imports[at], own)

    return entry


def _by_delay(delays: Ints) -> Entry:
    """Records come in one by one, late by one of these delays (days, ascending), drawn by lot."""

    def entry(child: AnyArray, own: AnyArray) -> AnyArray:
        return own + delays[(_lot(child, own) * len(delays)).astype(np.int64)]

    return entry


def _lot(child: AnyArray, own: AnyArray) -> Floats:
    """A number from 0 to under 1 for each child (position) and day: the same in every training,
    whatever other records there are, so that what was recorded together comes in together.

    Source: the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
    """
    key = child.astype(np.uint64) << np.uint64(32) | own.astype(np.int64).astype(np.uint64) & (
        np.uint64(0xFFFFFFFF)
    )
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: Floats = ((key ^ (key >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53
    return found


def _month_starts(registry: Registry, last: int) -> Ints:
    """The first day of each month of the records up to a day, and of the one after."""
    first = int(registry.measurements["measured_on"].min(initial=last))
    since, until = month_number(np.array([first, last]))
    months = np.arange(since, until + 2).astype("datetime64[M]")
    found: Ints = months.astype("datetime64[D]").astype(np.int64)
    return found


def _back_to(first: int, batches: Ints) -> Ints:
    """The imports' days, and before them as many more by their own step (a month where there is one
    import)."""
    step = max(int(np.median(np.diff(batches))) if len(batches) > 1 else 30, 1)
    before = np.arange(int(batches[0]) - step, first - step, -step)[::-1]
    return np.concatenate([before, batches]).astype(np.int64)


def _entered_by(
    registry: Registry, entry: Entry, how: str, score_days: Ints
) -> tuple[Registry, EntryDelay]:
    """The registry whose assumed rows come in as `entry` says."""
    changed: dict[str, Any] = {
        name: _late_rows(registry.table(name), own_day, entry)
        for name, own_day in OWN_DAY.items()
        if name != "attendance"
    }
    changed["children"] = registry.children
    for name, (known, happened) in LATER_CELLS.items():
        changed[name] = _late_cells(changed[name], known, happened, entry)
    measured = changed["measurements"]
    delays = measured["known_from"].astype(np.int64) - measured["measured_on"]
    median = float(np.median(delays)) if len(delays) else float("nan")
    return replace(registry, **changed), EntryDelay(how, median, score_days)


def _late_rows(table: Table, own_day: str, entry: Entry) -> Table:
    known = _entered(table["known_from"], table["child"], table[own_day], entry)
    return table.having(known_from=known)


def _late_cells(table: Table, known: str, happened: str, entry: Entry) -> Table:
    there = table[happened] != NEVER
    entered = _entered(table[known], table["child"], table[happened], entry)
    late = np.maximum(entered, table["known_from"])
    return table.having(**{known: np.where(there, late, table[known]).astype(np.int32)})


def _entered(known: Days, child: Days, own: Days, entry: Entry) -> Days:
    """The days from which rows are known: those written down, else when they come in."""
    return np.where(known <= own, entry(child, own), known).astype(np.int32)
