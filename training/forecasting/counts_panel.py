"""Monthly counts of many areas side by side; a month that nobody reported is missing, never
zero."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace

import numpy as np

SMALLEST_GROUP = 4
"""Areas that a parent must have on average before its own season and present course are learnt
(chosen)."""


@dataclass(frozen=True)
class Panel:
    """Counts of areas by month, and what stands above and beside them.

    areas: ids, text (areas,). first: months since January 1970 of the first column. counts: float64
    (areas, months), NaN where not reported. parents: by name of the level, each area's parent, text
    (areas,), the finest first and each within the next. covariates: by name, float64 (areas,
    months), NaN where not known. warnings: what a reader must know of how the source was read.
    """

    areas: np.ndarray
    first: int
    counts: np.ndarray
    parents: dict[str, np.ndarray] = field(default_factory=dict)
    covariates: dict[str, np.ndarray] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def months(self) -> int:
        return int(self.counts.shape[1])

    @property
    def last(self) -> int:
        """The newest month that anybody reported, as a column; -1 where there is none."""
        reported = np.flatnonzero(np.isfinite(self.counts).any(axis=0))
        return int(reported[-1]) if len(reported) else -1

    def until(self, column: int) -> Panel:
        """The same as it stood at the end of a month: nothing after that column."""
        cut = {name: table[:, : column + 1] for name, table in self.covariates.items()}
        return replace(self, counts=self.counts[:, : column + 1], covariates=cut)

    def month_of_year(self, column: int | np.ndarray) -> int | np.ndarray:
        """0 for January to 11 for December."""
        return (self.first + column) % 12

    def month_name(self, column: int) -> str:
        """2026-03, and so on, also beyond the last column."""
        return month_name(self.first + column)

    def groups(self) -> np.ndarray:
        """Whose season and present course an area shares: its finest parent with enough areas; all
        are one if none."""
        for parent in self.parents.values():
            names, group = np.unique(parent, return_inverse=True)
            if len(names) * SMALLEST_GROUP <= len(parent):
                return group
        return np.zeros(len(self.areas), np.int64)

    def summed(self, level: str) -> Panel:
        """The panel of a parent level. A parent's month is known where most of what it usually
        counts was reported; what is missing of it is made up in proportion."""
        names, first_of, group = np.unique(
            self.parents[level], return_index=True, return_inverse=True
        )
        known = np.isfinite(self.counts)
        usual = np.nan_to_num(row_means(self.counts))[:, None]
        whole = sums_by(group, len(names), usual * _lately(known))
        reported = sums_by(group, len(names), usual * known)
        share = np.divide(reported, whole, out=np.ones_like(whole), where=whole > 0)
        counts = np.rint(
            sums_by(group, len(names), np.nan_to_num(self.counts))
            / np.maximum(share, REPORTED_SHARE)
        )
        told = (sums_by(group, len(names), known.astype(float)) > 0) & (share >= REPORTED_SHARE)
        above = list(self.parents)[list(self.parents).index(level) + 1 :]
        return Panel(
            names,
            self.first,
            np.where(told, counts, np.nan),
            {name: self.parents[name][first_of] for name in above},
            warnings=self.warnings,
        )


REPORTED_SHARE = 0.8
"""Of its areas' usual counts, the share that must be reported before a parent's month is taken for
known (chosen)."""
FORGOTTEN_AFTER = 6
"""Months without a report after which an area is no longer waited for (chosen)."""


def _lately(known: np.ndarray) -> np.ndarray:
    """Whether each area reported in a month or the few before it."""
    padded = np.pad(known.astype(np.int64).cumsum(axis=1), ((0, 0), (FORGOTTEN_AFTER + 1, 0)))
    found: np.ndarray = padded[:, FORGOTTEN_AFTER + 1 :] - padded[:, : -FORGOTTEN_AFTER - 1] > 0
    return found


def month_name(number: int) -> str:
    """Months since January 1970 as 2026-03."""
    return f"{1970 + number // 12}-{number % 12 + 1:02d}"


def month_number(day: dt.date) -> int:
    """Months since January 1970."""
    return (day.year - 1970) * 12 + day.month - 1


def last_whole_month(day: dt.date) -> int:
    """The last month that had ended by the end of a day. Example: 2026-03-31 gives March,
    2026-03-30 February."""
    tomorrow = day + dt.timedelta(1)
    return month_number(tomorrow) - 1


def row_means(table: np.ndarray, weight: np.ndarray | float = 1.0) -> np.ndarray:
    """Weighted mean of each row's known cells, NaN where it has none."""
    known = np.isfinite(table) * weight
    total = known.sum(axis=1)
    found: np.ndarray = np.divide(
        (np.nan_to_num(table) * known).sum(axis=1),
        total,
        out=np.full(len(table), np.nan),
        where=total > 0,
    )
    return found


def sums_by(group: np.ndarray, groups: int, table: np.ndarray) -> np.ndarray:
    """Sums of the rows of each group, float64 (groups, columns)."""
    sums = np.zeros((groups, table.shape[1]))
    np.add.at(sums, group, table)
    return sums
