"""How late a store's records come in, and the registry as its scores really see it: scored after
each import, from records that are known late.

Where imports have been coming in, their days and delays are measured and records of the past (of
one import, known on their own days) are taken to have come in alike. Where the whole past came in
one import nothing can be measured: monthly imports are assumed, on the first of each month.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.clock import month_number
from registry.contract.registry import NEVER, OWN_DAY, Registry, Table
from training.cohorts.known_until import late_entries

LEAST_LATE_SHARE = 0.05
"""With a smaller share of late rows the store says nothing of how records come in (chosen)."""
BATCH_SHARE = 0.02
"""A day on which so many of the late rows came in is an import's (chosen)."""
IMPORTS = "measured from its imports"
ENTRIES = "measured from days of entry"
SIMULATED = "simulated: the past came in one import"
LATER_CELLS = {
    "episodes": ("closed_known_from", "closed_on"),
    "children": ("left_known_from", "left_on"),
}


@dataclass(frozen=True)
class EntryDelay:
    """How late records come in: `how` it is known, the `median_days` from a record's own day to its
    being known, and the `days` (numbers, ascending) on which scores are made."""

    how: str
    median_days: float
    days: np.ndarray


def as_recorded(registry: Registry) -> tuple[Registry, EntryDelay]:
    """(the registry with every assumed day of entry made as late as records come in, and how late
    that is). Stays and their closes come late too; children and centres do not."""
    late = late_entries(registry)
    tables = {name: registry.table(name) for name in late}
    entered = np.concatenate([tables[name]["known_from"][mask] for name, mask in late.items()])
    own = np.concatenate([tables[name][OWN_DAY[name]][mask] for name, mask in late.items()])
    share = len(entered) / max(sum(table.rows for table in tables.values()), 1)
    starts = _month_starts(registry)
    if share < LEAST_LATE_SHARE:
        return _entered_on(registry, starts, SIMULATED, starts)
    delay = float(np.median(entered.astype(np.int64) - own))
    days, count = np.unique(entered, return_counts=True)
    batches = days[count >= BATCH_SHARE * len(entered)]
    if np.isin(entered, batches).mean() < 0.5:
        steps = np.arange(int(own.min()), registry.recorded_until + 1, max(round(2 * delay), 1))
        return _entered_on(registry, steps, ENTRIES, starts)
    score_days = _back_to(int(starts[0]), batches)
    return _entered_on(registry, score_days, IMPORTS, score_days)


def _month_starts(registry: Registry) -> np.ndarray:
    """The first day of each month of the records, and of the one after."""
    first = int(registry.measurements["measured_on"].min(initial=registry.recorded_until))
    since, until = month_number(np.array([first, registry.recorded_until]))
    months = np.arange(since, until + 2).astype("datetime64[M]")
    found: np.ndarray = months.astype("datetime64[D]").astype(np.int64)
    return found


def _back_to(first: int, batches: np.ndarray) -> np.ndarray:
    """The imports' days, and before them as many more by their own step (a month where there is one
    import)."""
    step = max(int(np.median(np.diff(batches))) if len(batches) > 1 else 30, 1)
    before = np.arange(int(batches[0]) - step, first - step, -step)[::-1]
    return np.concatenate([before, batches]).astype(np.int64)


def _entered_on(
    registry: Registry, entry_days: np.ndarray, how: str, score_days: np.ndarray
) -> tuple[Registry, EntryDelay]:
    """The registry with assumed rows entered on the first of `entry_days` after their own day."""
    changed: dict[str, Any] = {
        name: _late_rows(registry.table(name), own_day, entry_days)
        for name, own_day in OWN_DAY.items()
        if name != "attendance"
    }
    changed["children"] = registry.children
    for name, (known, happened) in LATER_CELLS.items():
        changed[name] = _late_cells(changed[name], known, happened, entry_days)
    measured = changed["measurements"]
    delays = measured["known_from"].astype(np.int64) - measured["measured_on"]
    median = float(np.median(delays)) if len(delays) else float("nan")
    return replace(registry, **changed), EntryDelay(how, median, score_days)


def _late_rows(table: Table, own_day: str, entry_days: np.ndarray) -> Table:
    return table.having(known_from=_entered(table["known_from"], table[own_day], entry_days))


def _late_cells(table: Table, known: str, happened: str, entry_days: np.ndarray) -> Table:
    there = table[happened] != NEVER
    entered = _entered(table[known], table[happened], entry_days)
    late = np.maximum(entered, table["known_from"])
    return table.having(**{known: np.where(there, late, table[known]).astype(np.int32)})


def _entered(known: np.ndarray, own: np.ndarray, entry_days: np.ndarray) -> np.ndarray:
    """The days from which rows are known: those written down, else the first entry day after the
    own day (the own day where none comes after it)."""
    after = np.searchsorted(entry_days, own, side="right")
    there = (known <= own) & (after < len(entry_days))
    found = np.where(there, entry_days[np.minimum(after, len(entry_days) - 1)], known)
    return found.astype(np.int32)
