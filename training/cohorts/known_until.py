"""Until when a registry knows anything: the newest import's day, which lies after the last day that
its records speak of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from features.clock import days_between
from registry.contract.registry import NEVER, OWN_DAY, Registry

STRAY_SHARE = 0.001
"""Of the late rows' days of entry so many may be mistyped into the future."""


def late_entries(registry: Registry) -> dict[str, np.ndarray]:
    """Mask, by table, of the rows that were known only after their own day: somebody wrote down
    when they came in, or a later import brought them. Attendance, which waits for its month's end,
    is left out."""
    tables = {name: registry.table(name) for name in OWN_DAY if name != "attendance"}
    delays = {
        name: days_between(table[OWN_DAY[name]], table["known_from"])
        for name, table in tables.items()
    }
    return {name: delay > 0 for name, delay in delays.items()}


def known_until(registry: Registry) -> int:
    """The day (number) by whose end all that the registry holds is known.

    Example: records until 2026-06-30 that an import of 2026-07-03 brought are known from 07-03; a
    training that asked what was known on 06-30 would not see that import.
    """
    late = late_entries(registry)
    days = np.concatenate([registry.table(name)["known_from"][mask] for name, mask in late.items()])
    day, rows = np.unique(days, return_counts=True)
    return newest_day(dict(zip(day.tolist(), rows.tolist(), strict=True)), registry.recorded_until)


def newest_day(late_rows: Mapping[int, int], recorded_until: int) -> int:
    """`known_until` from how many late rows were known from each day."""
    days = np.array(sorted(day for day in late_rows if day < NEVER), np.int64)
    if not len(days):
        return recorded_until
    up_to = np.cumsum([late_rows[day] for day in days.tolist()])
    # The quantile by the method "lower", without a row for each day.
    at = int(np.floor((up_to[-1] - 1) * (1.0 - STRAY_SHARE)))
    newest = int(days[np.searchsorted(up_to, at, side="right")])
    return max(recorded_until, newest)
