"""What drift looks at: how months looked, each at its own end, and what became of the predictions
since the training. Of a registry in memory here, of a store read part by part in
`training.evaluation.drift.drift_views_by_parts`; both are the same to the bit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from features import data_quality
from features.clock import Clock
from features.data_quality import QualityScores
from features.trajectory.context import Context
from models.bundle import Bundle
from models.targets import TARGETS
from registry.contract.arrays import Days, Flags, Floats, Ints
from registry.contract.days import LONGEST_MONTH_DAYS
from registry.contract.errors import UsageError
from registry.contract.registry import Registry, day_date, day_number
from training.cohorts.landmarks import Cohort, cohort
from training.cohorts.visit_exposure import visited_in_time
from training.evaluation.drift.month_views import (
    HISTORY_DAYS,
    MonthProfile,
    everyone,
    profile_of_month,
)
from training.evaluation.scored_rows import Judged, few_of, score_rows

RIPE_DAYS = 183
"""Outcomes that have become known over so many days are judged together: a month has few."""
RIPE = "ripe"
STRAY_SHARE = 0.001
"""Of the measurements so many may be dated too early."""


@dataclass(frozen=True)
class Ripe:
    """Rows that a champion did not learn from and whose labels have ended, and which of them (mask)
    a list's visit met in time."""

    judged: Judged
    visited: Flags


@dataclass(frozen=True)
class DrawnChildren:
    """Whom drift looks at where a store has too many children: the `children` who are now in so
    many whole `sectors`, drawn by lot, `of_children` in the store."""

    children: int
    sectors: int
    of_children: int


@dataclass(frozen=True)
class Views:
    """A registry for one champion: the last day (number) of its records, the day on which they
    begin (`begun`), and, each made once and from one day to another, the `target`'s profile of a
    month and `everyone`'s features; outcomes `ripe` by a day, and the centres' `quality`. `drawn`:
    whose records these are, where they are not all."""

    recorded_until: int
    begun: int
    target: Callable[[int, int], MonthProfile]
    everyone: Callable[[int, int], Floats]
    ripe: Callable[[int], Ripe]
    quality: Callable[[], QualityScores]
    drawn: DrawnChildren | None = None

    @classmethod
    def of(cls, registry: Registry, bundle: Bundle) -> Views:
        """Of a registry (of `training.evaluation.drift.month_views.timely`)."""
        days = np.unique(registry.measurements["measured_on"], return_counts=True)
        return cls(
            registry.recorded_until,
            begun_on(*days),
            cache(partial(profile_of_month, registry, bundle)),
            views_of_everyone(registry),
            partial(ripe_rows, registry, bundle),
            partial(data_quality.score, registry),
        )


def views_of_everyone(registry: Registry) -> Callable[[int, int], Floats]:
    """`everyone` of a registry, each month made once."""
    return cache(partial(everyone, registry))


def days_of(month: str) -> tuple[int, int]:
    """First and last day (numbers) of `2026-03`."""
    try:
        first = dt.datetime.strptime(month, "%Y-%m").date()
    except ValueError:
        raise UsageError("DRF002", "--month is a month: write it as 2026-03") from None
    following = (first + dt.timedelta(days=LONGEST_MONTH_DAYS)).replace(day=1)
    return day_number(first), day_number(following) - 1


def begun_on(days: Days, rows: Ints) -> int:
    """The day on which records begin, but for a few strays: the quantile STRAY_SHARE (linear) of
    measurements, of which so many `rows` were taken on each of some days; 0 without any."""
    if not len(days):
        return 0
    up_to = np.cumsum(rows)
    at = (int(up_to[-1]) - 1) * STRAY_SHARE
    below, above = (
        int(days[np.searchsorted(up_to, place, side="right")])
        for place in (int(at), min(int(at) + 1, int(up_to[-1]) - 1))
    )
    return int(below + (above - below) * (at - int(at)))


def months_before(begun: int, bundle: Bundle, first: int) -> list[tuple[int, int]]:
    """First and last day (numbers) of the months that a month beginning on `first` is compared
    with: those before the champion's training ended that have a year of history behind them, in
    records that begin on the day `begun`."""
    until = min(first, day_number(bundle.facts["trained_until"]))
    found: list[tuple[int, int]] = []
    start, end = days_of(f"{day_date(begun + HISTORY_DAYS + LONGEST_MONTH_DAYS):%Y-%m}")
    while end < until:
        found.append((start, end))
        start, end = days_of(f"{day_date(end + 1):%Y-%m}")
    return found


def ripe_cohort(clock: Clock, bundle: Bundle, last: int) -> Cohort:
    """Rows that the champion did not learn from and whose labels ended within RIPE_DAYS up to the
    `last` day (number): what became of them is known as well as it ever will be."""
    target = TARGETS[bundle.target]
    since = last - RIPE_DAYS - target.label_days
    rows = cohort(clock, target, cutoff=clock.registry.recorded_until, index_from=since)
    ends = rows.outcomes.index_on[rows.index].astype(np.int64) + target.label_days
    ripe = (ends <= last) & (ends > last - RIPE_DAYS) & (rows.outcomes.room[rows.index] == 1)
    unseen = rows.day >= day_number(bundle.facts["trained_until"])
    return rows.take(np.flatnonzero(ripe & unseen))


def ripe_rows(registry: Registry, bundle: Bundle, last: int) -> Ripe:
    """The rows of `ripe_cohort`, scored; of very many those of children drawn by lot."""
    clock = Clock(registry)
    every = ripe_cohort(clock, bundle, last)
    rows = few_of(every, rows=len(every.index))
    judged = score_rows(clock, bundle, rows, block=RIPE, context=Context(clock))
    return Ripe(judged, visited_in_time(clock, judged.rows)[0])


def share_visited(ripe: Ripe) -> dict[str, float]:
    """Of the rows the share that a list's visit met in time (`share_visited`); nothing where there
    are no rows, or the champion learnt without visits and is judged so."""
    if not len(ripe.judged.risk) or ripe.judged.rows.visited is not None:
        return {}
    return {"share_visited": float(ripe.visited.mean())}
