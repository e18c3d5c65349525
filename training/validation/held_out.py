"""What visits change: children whom lists named for their risk, beside those whom a lot held out of
the same lists (`models.visits.hold_out`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from features.clock import Clock
from models.targets import DID_NOT_HAPPEN, HAPPENED, Target
from registry.contract.arrays import Flags, Floats, Ints
from registry.contract.registry import day_number
from training.cohorts.known_until import known_until
from training.cohorts.landmarks import on_days
from training.cohorts.visit_exposure import VISIT_ANSWERS_DAYS, first_visit
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


class MarkedRows(NamedTuple):
    """The first marked row of each index at risk, by day: whether it was `held_out` and `met` by a
    visit in time, and what became of it; `not_ripe`: marks whose whole time at risk does not lie
    within the records."""

    child: Ints
    day: Ints
    outcome: Ints
    time: Ints
    remaining: Ints
    held_out: Flags
    met: Flags
    not_ripe: int

    @classmethod
    def together(cls, parts: Sequence[MarkedRows]) -> MarkedRows:
        """Of several parts, each with children of its own."""
        columns = [
            np.concatenate(column) for column in zip(*(of[:-1] for of in parts), strict=True)
        ]
        order = np.lexsort((columns[0], columns[1]))
        not_ripe = sum(part.not_ripe for part in parts)
        return cls._make([*(column[order] for column in columns), not_ripe])


def held_out_for(target: Target, marks: Sequence[Marked]) -> list[Marked]:
    """The marks of a target's lists; none where nobody was ever held out for it."""
    mine = [mark for mark in marks if mark.target == target.name]
    return mine if any(mark.held_out for mark in mine) else []


def compare_held_out(
    clock: Clock, target: Target, marks: Sequence[Marked]
) -> ListedAndHeldOut | None:
    """Listed beside held out, for one target; None where nobody was ever held out for it.

    By intention: who was listed counts as such, visited or not, since the lot decided on that
    alone. Of each index the first list counts that would have named the child. The lot is by child,
    so draws of the bootstrap are too.
    """
    mine = held_out_for(target, marks)
    if not mine:
        return None
    return compared(marked_rows(clock, target, mine, until=known_until(clock.registry)))


def compared(rows: MarkedRows) -> ListedAndHeldOut:
    """Listed beside held out, of their rows."""
    happened = (rows.outcome == HAPPENED).astype(np.float64)
    weight = _weights(rows)

    def shares(happened: Floats, weight: Floats, held_out: Floats) -> tuple[float, float, float]:
        of = [_share(happened, weight, held_out == one) for one in (0, 1)]
        return of[0], of[1], of[1] - of[0]

    columns = (happened, weight, rows.held_out.astype(np.float64))
    listed, others, avoided = bootstraps(shares, *columns, cluster=rows.child, repeats=REPEATS)
    named, out = _group(rows, ~rows.held_out, listed), _group(rows, rows.held_out, others)
    enough = named.events + out.events >= ENOUGH_EVENTS and out.indexes > 0 < named.indexes
    return ListedAndHeldOut(named, out, avoided, rows.not_ripe, enough)


def marked_rows(
    clock: Clock,
    target: Target,
    marks: Sequence[Marked],
    *,
    until: int,
    of: Flags | None = None,
) -> MarkedRows:
    """The rows of a target's marks, with what was known by the end of the day `until`; `of`: those
    of some children (mask by position) alone."""
    position = {
        str(name): at
        for at, name in enumerate(clock.registry.child_ids)
        if name is not None and (of is None or of[at])
    }
    told = {
        (position[mark.child_id], day_number(mark.as_of)): mark.held_out
        for mark in marks
        if mark.child_id in position
    }
    days = np.array(sorted({day for _, day in told}), np.int64)
    ripe = clock.registry.recorded_until - target.horizon
    rows = on_days(clock, target, days[days <= ripe], cutoff=until)
    keys = list(zip(rows.child.tolist(), rows.day.tolist(), strict=True))
    marked = np.flatnonzero([key in told for key in keys])
    rows = rows.take(marked[np.argsort(rows.day[marked], kind="stable")])
    _, first = np.unique(rows.index, return_index=True)
    rows = rows.take(np.sort(first))
    held_out = [told[key] for key in zip(rows.child.tolist(), rows.day.tolist(), strict=True)]
    met = first_visit(clock, rows, known_by=until) <= rows.day + VISIT_ANSWERS_DAYS
    return MarkedRows(
        rows.child,
        rows.day,
        rows.outcome,
        rows.time,
        rows.remaining,
        np.array(held_out, bool),
        met,
        sum(day > ripe for _, day in told),
    )


def _weights(rows: MarkedRows) -> Floats:
    """IPCW with one curve for all rows: lists fall on any day since the index."""
    ended = (rows.outcome == DID_NOT_HAPPEN) & (rows.time < rows.remaining)
    return known_weights(
        outcome=rows.outcome,
        days=rows.time,
        competing=ended,
        landmark=np.zeros(len(rows.child)),
        horizon=rows.remaining,
    )


def _share(happened: Floats, weight: Floats, inside: np.ndarray) -> float:
    total = weight[inside].sum()
    return float((happened * weight)[inside].sum() / total) if total > 0 else np.nan


def _group(rows: MarkedRows, inside: Flags, share: Estimate) -> Group:
    return Group(
        len(np.unique(rows.child[inside])),
        int(inside.sum()),
        int((rows.outcome[inside] == HAPPENED).sum()),
        share,
        float(rows.met[inside].mean()) if inside.any() else np.nan,
    )
