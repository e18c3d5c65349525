"""Sampling of training rows where there are too many: all with the event, and a draw of the others
(case-cohort).

A lot needs to know little of the rows: how many each child has, and how many were followed until
which day. So the rows of a state can stay where they are, in the parts of a store: `Tally` adds up,
and the lot falls on the same rows however a store is divided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.kaplan_meier import lasting
from models.targets import CENSORED, DID_NOT_HAPPEN, HAPPENED
from registry.contract.arrays import Floats, Ints
from training.cohorts.censoring import MOST_WEIGHT, asked_to_the_end
from training.cohorts.landmarks import Cohort
from training.metrics.discrimination import just_before, time_followed, weights_of_known

MOST_ROWS = 100_000
"""Rows learnt from at most: a state has tens of millions of child-quarters, and few events among
them."""
OTHERS_PER_EVENT, FEWEST_ROWS = 25, 20_000
"""Nor more than so many rows without the event for one with it, from `FEWEST_ROWS` on: the variance
of an estimate is (1 + 1/25) times that of endlessly many, and the time is that of the rows."""


@dataclass(frozen=True)
class ByChild:
    """How many rows each child has: `child` ascending, `rows` of each."""

    child: Ints
    rows: Ints

    @classmethod
    def of(cls, child: Ints) -> ByChild:
        """Counted from the child of each row."""
        return cls(*np.unique(child, return_counts=True))

    @property
    def total(self) -> int:
        """All rows."""
        return int(self.rows.sum())


@dataclass(frozen=True)
class Tally:
    """What a lot must know of some children's rows: how many there are (`rows`), those known to
    have the event (`events`) and to be without it (`others`), and how many rows of a landmark were
    followed until a day and how many lost on it (`lost`: columns landmark, days, followed, lost).
    """

    rows: int
    events: ByChild
    others: ByChild
    lost: Ints

    @classmethod
    def of(cls, rows: Cohort) -> Tally:
        """Of rows in the order of their children."""
        event, other = _known(rows)
        asked = rows.take(np.flatnonzero(asked_to_the_end(rows)))
        lost = asked.outcome == CENSORED
        # One number for both: pairs are sorted ten times slower.
        days = _followed(asked)
        longest = int(days.max(initial=0)) + 1
        key = asked.landmark.astype(np.int64) * longest + days
        at, place = np.unique(key, return_inverse=True)
        followed = np.bincount(place, minlength=len(at))
        ended = np.bincount(place[lost], minlength=len(at))
        table = np.column_stack([*np.divmod(at, longest), followed, ended])
        return cls(
            len(rows.index), ByChild.of(rows.child[event]), ByChild.of(rows.child[other]), table
        )

    @classmethod
    def together(cls, parts: Sequence[Tally]) -> Tally:
        """Of several parts, each with children of its own."""
        lost = np.concatenate([part.lost for part in parts])
        at, place = np.unique(lost[:, :2], axis=0, return_inverse=True)
        sums = np.zeros((len(at), 2), np.int64)
        np.add.at(sums, place.ravel(), lost[:, 2:])
        return cls(
            sum(part.rows for part in parts),
            _together([part.events for part in parts]),
            _together([part.others for part in parts]),
            np.column_stack([at, sums]),
        )

    def lot(self, *, seed: int, most: int = MOST_ROWS) -> Lot | None:
        """Which rows are learnt from; None: all. At most half of `most` have the event."""
        events, others = self.events.total, self.others.total
        if self.rows <= min(most, FEWEST_ROWS):
            return None
        few_events = min(events, max(most // 2, 1))
        most = min(most, max(FEWEST_ROWS, (1 + OTHERS_PER_EVENT) * events))
        if self.rows <= most:
            return None
        draw = np.random.default_rng(seed)
        few = min(max(most - few_events, few_events), others)
        of_others = np.sort(draw.choice(others, few, replace=False))
        of_events = np.arange(events)
        if few_events < events:
            of_events = np.sort(draw.choice(events, few_events, replace=False))
        return Lot(
            of_events, of_others, events / max(few_events, 1), others / max(few, 1), self.curves
        )

    @property
    def curves(self) -> dict[int, tuple[Ints, Floats]]:
        """By landmark, the days and the share still followed beyond each (Kaplan-Meier)."""
        return {
            int(landmark): (of[:, 1], lasting(of[:, 2], of[:, 3].astype(np.float64)))
            for landmark in np.unique(self.lost[:, 0])
            for of in [self.lost[self.lost[:, 0] == landmark]]
        }


@dataclass(frozen=True)
class Lot:
    """The rows that were drawn, as positions among those with the event (`events`) and among the
    `others`, ascending, in the order of children; for how many a drawn one stands; and the curves
    of who was still followed, over all rows."""

    events: Ints
    others: Ints
    an_event_stands_for: float
    another_stands_for: float
    curves: dict[int, tuple[Ints, Floats]]

    def divided(self, parts: Sequence[Tally]) -> list[Lot]:
        """The same lot, a piece for each part."""
        events = _divided(self.events, [part.events for part in parts])
        others = _divided(self.others, [part.others for part in parts])
        return [
            replace(self, events=mine, others=rest)
            for mine, rest in zip(events, others, strict=True)
        ]

    def drawn_from(self, rows: Cohort) -> tuple[Ints, Cohort]:
        """(positions, rows) of those drawn, with their weights."""
        event, other = _known(rows)
        events, others = event[self.events], other[self.others]
        weight = self._weights(rows)
        weight[events] *= self.an_event_stands_for
        weight[others] *= self.another_stands_for
        kept = np.sort(np.concatenate([events, others]))
        return kept, replace(rows.take(kept), weight=weight[kept])

    def _weights(self, rows: Cohort) -> Floats:
        """Weights of loss to follow-up alone."""
        still, time = np.ones(len(rows.index)), _followed(rows)
        for landmark, curve in self.curves.items():
            of = rows.landmark == landmark
            still[of] = just_before(time[of], *curve)
        return np.minimum(weights_of_known(rows.outcome == CENSORED, still), MOST_WEIGHT)


def drawn(rows: Cohort, *, seed: int, most: int = MOST_ROWS) -> tuple[np.ndarray, Cohort]:
    """(positions, rows) of all rows where they are few enough; else of all with the event and, by
    lot, so many of those known to be without it, each standing for as many as were there for one
    drawn. Weights of censoring are found before the draw, over all rows. Of more events than half
    of `most` a lot is drawn too.

    Example: 2,000 events and 600,000 others: 50,000 others (25 for one event), each weighed 12
    times.
    """
    few = len(rows.index) <= min(most, FEWEST_ROWS)
    lot = None if few else Tally.of(rows).lot(seed=seed, most=most)
    return (np.arange(len(rows.index)), rows) if lot is None else lot.drawn_from(rows)


def _known(rows: Cohort) -> tuple[Ints, Ints]:
    """Positions of the rows known to have the event, and of those known to be without it."""
    known = asked_to_the_end(rows) & (rows.outcome != CENSORED)
    happened = rows.outcome == HAPPENED
    return np.flatnonzero(known & happened), np.flatnonzero(known & ~happened)


def _followed(rows: Cohort) -> Ints:
    """Days (n,) from each row to its outcome, or to the last day followed."""
    ended = (rows.outcome == DID_NOT_HAPPEN) & (rows.time < rows.remaining)
    return time_followed(rows.outcome, rows.time, ended, rows.remaining).astype(np.int64)


def _together(parts: Sequence[ByChild]) -> ByChild:
    child = np.concatenate([part.child for part in parts])
    order = np.argsort(child, kind="stable")
    return ByChild(child[order], np.concatenate([part.rows for part in parts])[order])


def _divided(ranks: Ints, parts: Sequence[ByChild]) -> list[Ints]:
    """Positions among all rows, in the order of children, as positions among each part's."""
    child = np.concatenate([part.child for part in parts])
    rows = np.concatenate([part.rows for part in parts])
    of = np.repeat(np.arange(len(parts)), [len(part.child) for part in parts])
    begins_in_part = np.concatenate([np.cumsum(part.rows) - part.rows for part in parts])
    order = np.argsort(child, kind="stable")
    ends = np.cumsum(rows[order])
    at = np.searchsorted(ends, ranks, side="right")
    holder = order[at]
    inside = ranks - (ends[at] - rows[holder]) + begins_in_part[holder]
    return [np.sort(inside[of[holder] == part]) for part in range(len(parts))]
