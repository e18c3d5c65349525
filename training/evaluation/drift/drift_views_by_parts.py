"""The views of drift from a store that is read part by part: once to count each month's rows, once
to make the features of those that are looked at.

Of a store with more than MOST_WATCHED children whole sectors drawn by lot are asked, and nothing of
the others is read: every figure is that of the drawn sectors' children and centres. The lot falls
anew for each month in question, so that in the course of time it falls on every sector; the months
before it are those of the same sectors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from features.clock import Clock
from features.data_quality import QualityScores, scored
from features.quality_counts import QualityCounts, counts_of
from features.trajectory.context import Context
from models.bundle import Bundle
from models.targets import TARGETS
from registry.contract.arrays import AnyArray, Codes, Days, Flags, Floats
from registry.contract.registry import Registry
from registry.engine import Engine
from registry.store.partitions import (
    NOW,
    StorePart,
    alone,
    days_measured,
    drawn_parts,
    numbers_of,
    over_parts,
)
from registry.store.store import open_store
from training.cohorts.children_lot import by_lot
from training.cohorts.visit_exposure import censored_at_visits, visited_in_time
from training.evaluation.drift.drift_views import (
    RIPE,
    DrawnChildren,
    Ripe,
    Views,
    begun_on,
    months_before,
    ripe_cohort,
)
from training.evaluation.drift.month_views import (
    MOST_CHILDREN,
    MOST_ROWS,
    MonthProfile,
    as_at_end,
    at_end_of,
    measured_in_month,
    month_rows,
    profile_of_rows,
    timely,
)
from training.evaluation.scored_rows import asked, drawn_to_judge, of_asked
from training.priors.priors import Said
from training.rows.gathered_rows import columns_of, end_to_end, in_order
from training.rows.kept_rows import of_columns
from training.rows.store_rows import NO_OUTCOME, at_home

Month = tuple[int, int]
"""First and last day (numbers)."""
MOST_RIPE_ROWS = 50_000
"""Ripe rows of a target that are judged where sectors were drawn: their calibration is fitted again
for each of 200 draws, and some 1,000 events of onset among so many tell observed over expected
within 6 %."""
MOST_WATCHED = 200_000
"""Children: of so many the rarest target has some 800 rows a month, which is about as few as tell a
shift by LEAST_SHIFT of the places (`training.evaluation.drift.month_test`; `told_from` in the
figures says by how much a measure must move)."""


class Counted(NamedTuple):
    """Of some children: rows of each month by champion (position), children measured in each month,
    ripe rows of each champion, and the counts of their records' quality."""

    rows: dict[tuple[int, Month], int]
    measured: dict[Month, int]
    ripe: list[int]
    quality: QualityCounts


class Looked(NamedTuple):
    """A part's own rows that are looked at: (child, features) of each champion's month and of
    everyone's, and each champion's ripe rows."""

    rows: dict[tuple[int, Month], tuple[Days, Floats]]
    everyone: dict[Month, tuple[Days, Floats]]
    ripe: list[RipeOfPart]


class RipeOfPart(NamedTuple):
    """A part's ripe rows as columns, and their `labels_until`; why the champion abstains from each;
    of the scored their features, and whether a list's visit met them."""

    rows: dict[str, AnyArray]
    labels_until: int | None
    why: Codes
    matrix: Floats
    visited: Flags


@dataclass(frozen=True)
class Watched:
    """What parts are asked: some `bundles`, the months of each, and the `last` day of the month in
    question; whether their sectors were drawn by lot."""

    bundles: tuple[Bundle, ...]
    months: tuple[tuple[Month, ...], ...]
    last: int
    drawn_sectors: bool

    def judged(self, position: Days, rows: int) -> Flags:
        """Which children (mask by position in the whole registry) are judged, of so many ripe
        `rows`."""
        if self.drawn_sectors:
            return by_lot(position, rows=rows, most=MOST_RIPE_ROWS)
        return drawn_to_judge(position, rows)

    @property
    def every_month(self) -> list[Month]:
        """Those of any champion, in order."""
        return sorted({month for months in self.months for month in months})

    def of(self, month: Month) -> list[tuple[int, Bundle]]:
        """The champions that look at a month."""
        return [(at, bundle) for at, bundle in enumerate(self.bundles) if month in self.months[at]]


def store_views(
    address: str,
    bundles: Sequence[Bundle],
    first: int,
    last: int,
    *,
    engine: Engine,
    said: Said = lambda text: None,
) -> list[Views]:
    """The views of a store (of more than MOST_WATCHED children of sectors drawn by lot) for each of
    some champions, of the month from `first` to `last` and the months before it."""
    with closing(open_store(address, must_exist=True)) as store:
        places, numbers, known = store.load(children=()), numbers_of(store), store.children()
        lot = drawn_parts(store, NOW, most=MOST_WATCHED, seed=first)
        centres = None if lot is None else [of for part in lot.parts for of in part.centres]
        begun = begun_on(*days_measured(store, centres))
    drawn = None if lot is None else DrawnChildren(lot.children, lot.sectors, known)
    over = last <= places.recorded_until
    months = [
        (*months_before(begun, bundle, first), (first, last)) if over else () for bundle in bundles
    ]
    watched = Watched(tuple(bundles), tuple(months), last, drawn_sectors=lot is not None)

    def heard(words: str) -> Callable[[int, int], None]:
        return lambda done, of: said(f"{words} of {done:,} of {of:,} children")

    asked_of = partial(over_parts, address, engine=engine, parts=lot and lot.parts)
    counted = (
        asked_of(partial(_count, watched), empty=NO_OUTCOME, done=heard("months"))[1]
        if over
        else []
    )
    totals = _added(counted)
    looked = (
        asked_of(partial(_look, watched, totals, numbers), done=heard("features"))[1]
        if over
        else []
    )
    quality = scored([one.quality for one in counted]) if over else None
    return [
        replace(_views(at, bundle, places.recorded_until, begun, looked, quality), drawn=drawn)
        for at, bundle in enumerate(bundles)
    ]


class Totals(NamedTuple):
    """The counts of all parts."""

    rows: Mapping[tuple[int, Month], int]
    measured: Mapping[Month, int]
    ripe: Sequence[int]


def _added(counted: Sequence[Counted]) -> Totals:
    if not counted:
        return Totals({}, {}, ())
    one = counted[0]
    return Totals(
        {key: sum(part.rows[key] for part in counted) for key in one.rows},
        {key: sum(part.measured[key] for part in counted) for key in one.measured},
        [sum(of) for of in zip(*(part.ripe for part in counted), strict=True)],
    )


def _count(watched: Watched, part: StorePart) -> Counted:
    """Of the children who are now at a part's centres: in a timely registry they were there
    always."""
    registry = timely(alone(part.registry, at_home(part)))
    rows, measured = {}, {}
    for month in watched.every_month:
        clock = Clock(at_end_of(registry, *month))
        measured[month] = len(measured_in_month(clock.registry, month[0]))
        for at, bundle in watched.of(month):
            rows[at, month] = len(month_rows(clock, bundle, month[0]).index)
    clock = Clock(registry)
    ripe = [len(ripe_cohort(clock, bundle, watched.last).index) for bundle in watched.bundles]
    return Counted(rows, measured, ripe, counts_of(registry, by="centre"))


def _look(watched: Watched, totals: Totals, numbers: Days, part: StorePart) -> Looked:
    home, position, registry = at_home(part), part.among(numbers), timely(part.registry)
    own, rows, of_everyone = alone(registry, home), {}, {}
    for month in watched.every_month:
        clock, mine = Clock(at_end_of(registry, *month)), Clock(at_end_of(own, *month))
        context = Context(clock)
        child = measured_in_month(mine.registry, month[0])
        measured = totals.measured[month]
        child = child[by_lot(position[child], rows=measured, most=MOST_CHILDREN)]
        of_everyone[month] = position[child], as_at_end(clock, context, child)
        for at, bundle in watched.of(month):
            drawn = by_lot(position, rows=totals.rows[at, month], most=MOST_ROWS)
            of = mine if drawn.all() else Clock(alone(mine.registry, drawn))
            some = month_rows(of, bundle, month[0])
            why, matrix = asked(clock, bundle, some, context)
            rows[at, month] = position[some.child[why == 0]], matrix
    ripe = _ripe_here(watched, totals, registry, home, position)
    return Looked(rows, of_everyone, ripe)


def _ripe_here(
    watched: Watched, totals: Totals, registry: Registry, home: Flags, position: Days
) -> list[RipeOfPart]:
    clock = Clock(registry)
    context, found = Context(clock), []
    for bundle, rows in zip(watched.bundles, totals.ripe, strict=True):
        drawn = watched.judged(position, rows)
        mine = ripe_cohort(Clock(alone(registry, home & drawn)), bundle, watched.last)
        if bundle.facts.get("without_visits"):
            mine = censored_at_visits(clock, mine)
        why, matrix = asked(clock, bundle, mine, context)
        visited = visited_in_time(clock, mine.take(np.flatnonzero(why == 0)))[0]
        columns = columns_of(mine, position)
        found.append(RipeOfPart(columns, mine.labels_until, why, matrix, visited))
    return found


def _views(
    at: int,
    bundle: Bundle,
    recorded_until: int,
    begun: int,
    looked: Sequence[Looked],
    quality: QualityScores | None,
) -> Views:
    def target(first: int, last: int) -> MonthProfile:
        child, matrix = _one([part.rows[at, (first, last)] for part in looked])
        return profile_of_rows(bundle, first, child, matrix)

    def everyone(first: int, last: int) -> Floats:
        return _one([part.everyone[first, last] for part in looked])[1]

    def ripe(last: int) -> Ripe:
        return _ripe(bundle, [part.ripe[at] for part in looked])

    def of_records() -> QualityScores:
        assert quality is not None
        return quality

    return Views(recorded_until, begun, target, everyone, ripe, of_records)


def _one(parts: Sequence[tuple[Days, Floats]]) -> tuple[Days, Floats]:
    """The rows of all parts in the order of their children."""
    child = np.concatenate([of for of, _ in parts])
    order = np.argsort(child, kind="stable")
    return child[order], in_order([matrix for _, matrix in parts], order)


def _ripe(bundle: Bundle, parts: Sequence[RipeOfPart]) -> Ripe:
    columns = end_to_end([part.rows for part in parts])
    why = np.concatenate([part.why for part in parts])
    order = np.argsort(columns["child"], kind="stable")
    place = (np.cumsum(why == 0) - 1)[order][why[order] == 0]
    columns = {name: values[order] for name, values in columns.items()}
    rows = of_columns(TARGETS[bundle.target], columns, labels_until=parts[0].labels_until)
    matrix = in_order([part.matrix for part in parts], place)
    judged = of_asked(bundle, rows, why[order], matrix, block=RIPE)
    return Ripe(judged, np.concatenate([part.visited for part in parts])[place])
