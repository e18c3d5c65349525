"""What visits change: children whom lists named for their risk, beside those whom a lot held out of
the same lists (`models.visits.hold_out`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from features.clock import Clock
from models.targets import DID_NOT_HAPPEN, HAPPENED, Target
from registry.contract.arrays import Floats
from registry.contract.registry import day_number
from training.cohorts.landmarks import Cohort
from training.cohorts.visit_exposure import VISIT_ANSWERS_DAYS, first_visit
from training.evaluation.visit_lists import at_days
from training.metrics.discrimination import Estimate, bootstraps, known_weights

ENOUGH_EVENTS = 20
"""Indexes with the event, in both groups together, under which nothing is compared."""
REPEATS = 400


class Marked(Protocol):
    """A child on a day's list, or held out of it, as the score book keeps it
    (`serving.book.scoring.listed_marks`)."""

    @property
    def child_id(self) -> str:
        """The programme's own code."""

    @property
    def as_of(self) -> dt.date:
        """The list's day."""

    @property
    def target(self) -> str | None:
        """Whose risk it was listed for, if any."""

    @property
    def held_out(self) -> bool:
        """Whether the lot kept it off the list."""


@dataclass(frozen=True)
class Group:
    """`children`; their first places on a list for this target (`indexes`); `events`; the weighed
    `share` with the event; the share `visited` within 28 days of that list (somebody was met)."""

    children: int
    indexes: int
    events: int
    share: Estimate
    visited: float


@dataclass(frozen=True)
class ListedAndHeldOut:
    """The comparison: `listed` and `held_out`, and `avoided`, the share of the held out with the
    event less that of the listed (interval by child); `not_ripe`: places whose whole time at risk
    does not lie within the records; `enough`: whether there are events enough to compare."""

    listed: Group
    held_out: Group
    avoided: Estimate
    not_ripe: int
    enough: bool


def compare_held_out(
    clock: Clock, target: Target, marks: Sequence[Marked]
) -> ListedAndHeldOut | None:
    """Listed beside held out, for one target; None where nobody was ever held out for it.

    By intention: who was listed counts as such, visited or not, since the lot decided on that
    alone. Of each index the first list counts that would have named the child. The lot is by child,
    so draws of the bootstrap are too.
    """
    mine = [mark for mark in marks if mark.target == target.name]
    if not any(mark.held_out for mark in mine):
        return None
    rows, held_out, not_ripe = _rows(clock, target, mine)
    happened = (rows.outcome == HAPPENED).astype(np.float64)
    weight = _weights(rows)
    met = first_visit(clock, rows) <= rows.day + VISIT_ANSWERS_DAYS

    def shares(happened: Floats, weight: Floats, held_out: Floats) -> tuple[float, float, float]:
        of = [_share(happened, weight, held_out == one) for one in (0, 1)]
        return of[0], of[1], of[1] - of[0]

    columns = (happened, weight, held_out.astype(np.float64))
    listed, others, avoided = bootstraps(shares, *columns, cluster=rows.child, repeats=REPEATS)
    named, out = _group(rows, ~held_out, met, listed), _group(rows, held_out, met, others)
    enough = named.events + out.events >= ENOUGH_EVENTS and out.indexes > 0 < named.indexes
    return ListedAndHeldOut(named, out, avoided, not_ripe, enough)


def _rows(clock: Clock, target: Target, marks: Sequence[Marked]) -> tuple[Cohort, np.ndarray, int]:
    """(the first marked row of each index at risk, whether it was held out, marks not ripe)."""
    position = {str(name): at for at, name in enumerate(clock.registry.child_ids)}
    told = {
        (position[mark.child_id], day_number(mark.as_of)): mark.held_out
        for mark in marks
        if mark.child_id in position
    }
    days = np.array(sorted({day for _, day in told}), np.int64)
    ripe = clock.registry.recorded_until - target.horizon
    rows = at_days(clock, target, days)
    keys = list(zip(rows.child.tolist(), rows.day.tolist(), strict=True))
    marked = np.flatnonzero([key in told for key in keys])
    rows = rows.take(marked[np.argsort(rows.day[marked], kind="stable")])
    _, first = np.unique(rows.index, return_index=True)
    rows = rows.take(np.sort(first))
    held_out = np.array(
        [told[key] for key in zip(rows.child.tolist(), rows.day.tolist(), strict=True)], bool
    )
    return rows, held_out, sum(day > ripe for _, day in told)


def _weights(rows: Cohort) -> Floats:
    """IPCW with one curve for all rows: lists fall on any day since the index."""
    ended = (rows.outcome == DID_NOT_HAPPEN) & (rows.time < rows.remaining)
    return known_weights(
        outcome=rows.outcome,
        days=rows.time,
        competing=ended,
        landmark=np.zeros(len(rows.index)),
        horizon=rows.remaining,
    )


def _share(happened: Floats, weight: Floats, inside: np.ndarray) -> float:
    total = weight[inside].sum()
    return float((happened * weight)[inside].sum() / total) if total > 0 else np.nan


def _group(rows: Cohort, inside: np.ndarray, met: np.ndarray, share: Estimate) -> Group:
    return Group(
        len(np.unique(rows.child[inside])),
        int(inside.sum()),
        int((rows.outcome[inside] == HAPPENED).sum()),
        share,
        float(met[inside].mean()) if inside.any() else np.nan,
    )
