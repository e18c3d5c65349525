"""Whom to visit first: the rules' danger, then weighings that are overdue, then risk x what a visit can change.

One function, `rank`, for the page, the paper and the backtest. It reads `Candidate`s (one per child, as the score
book keeps them) and never changes a state or a score. The constants below are judgements of ours, not of a
protocol (`verified = false`); docs/visits.md says so to whoever reads the list.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from models.candidate import Candidate
from models.ranking_order import (
    DANGER_ORDER,
    GONE,
    IN_TREATMENT,
    LATE_COUNTS_DAYS,
    OVERDUE_STEPS,
    benefit,
    main_reason,
    order,
    rests,
    section,
    very_severe,
    what_a_visit_can_change,
)
from models.trips import route

__all__ = [
    "DANGER_ORDER", "GONE", "IN_TREATMENT", "LATE_COUNTS_DAYS", "OVERDUE_STEPS", "VisitList", "VisitRow",
    "benefit", "main_reason", "order", "rank", "rests", "section", "what_a_visit_can_change",
]


DANGER_SHARE = 0.6
"""Of all places, at most this share goes to danger while scored children wait: a list of danger alone comes too late
for those who are about to relapse. Ours, and the officer may ask for another share. verified: false."""
NEVER_HELD_BACK = frozenset(DANGER_ORDER[:5])
"""Danger that belongs in a facility takes a place whatever the share; so does very severe SAM that nobody treats."""
SAME_TRIP = 1.1
"""A child at a centre that is visited anyway is preferred when its benefit is within a tenth. verified: false."""
OVERDUE_SHARE = 0.5
"""Of the places left after danger, at most this share goes to overdue weighings while risk still waits."""


@dataclass(frozen=True)
class VisitRow:
    """One line of the list: its section (`danger`, `overdue`, `risk`), its number, the child."""

    section: str
    rank: int
    candidate: Candidate


@dataclass(frozen=True)
class VisitList:
    """The visits asked for, within capacity; `beyond` holds the children in danger for whom no visit is left."""

    sector_id: str
    as_of: dt.date
    capacity: int
    rows: tuple[VisitRow, ...]
    beyond: tuple[Candidate, ...] = ()
    anm: tuple[Candidate, ...] = ()
    facts: dict = field(default_factory=dict)
    day: dt.date | None = None
    """The day on which the list is read, and to which days late are counted; None: `as_of`, the scoring day."""

    @property
    def age_days(self) -> int:
        """Days from the scoring to the day on which the list is read."""
        return max(0, (self.day - self.as_of).days) if self.day else 0

    def by_centre(self) -> list[tuple[str, list[VisitRow]]]:
        """(centre_id, its rows) in the order in which the centres first appear: one trip, one sheet."""
        groups: dict[str, list[VisitRow]] = {}
        for row in self.rows:
            groups.setdefault(row.candidate.centre_id, []).append(row)
        return list(groups.items())


def rank(
    candidates: Iterable[Candidate],
    *,
    sector_id: str,
    capacity: int,
    as_of: dt.date,
    facts: dict | None = None,
    danger_share: float = DANGER_SHARE,
) -> VisitList:
    """The visit list of one sector, at most `capacity` rows.

    Danger comes first, in `DANGER_ORDER`, very severe SAM before other SAM, then days overdue (`order`). It takes at
    most `danger_share` of the places while scored children wait (what belongs in a facility, and very severe untreated
    SAM, takes more where it must); the others in danger are kept in `beyond`, never dropped. Overdue weighings take up
    to half of what is left while risk waits; unscored ones none while danger waits. Ties: the longer overdue, the
    younger, then the child's id, so that a list can be repeated to the letter.
    """
    awake, counts = _awake(candidates, as_of=as_of)
    danger = sorted(awake["danger"], key=lambda child: (not _never_held_back(child), order(child)))
    overdue, risk = (sorted(awake[name], key=order) for name in ("overdue", "risk"))
    scored = [child for child in overdue if benefit(child) > 0]
    places = _places_for_danger(danger, capacity=capacity, share=danger_share, waiting=len(scored) + len(risk))
    chosen = {"danger": sorted(danger[:places], key=order)}
    overdue = scored if len(danger) > places else overdue
    left = capacity - len(chosen["danger"])
    for_overdue = min(len(overdue), max(math.ceil(left * OVERDUE_SHARE), left - len(risk)))
    chosen["overdue"] = _shared_trips(overdue, for_overdue, chosen)
    chosen["risk"] = _shared_trips(risk, left - len(chosen["overdue"]), chosen)
    rows = [(name, child) for name in ("danger", "overdue", "risk") for child in route(chosen[name])]
    return VisitList(
        sector_id=sector_id,
        as_of=as_of,
        capacity=capacity,
        beyond=tuple(sorted(danger[places:], key=order)),
        rows=tuple(VisitRow(name, number, child) for number, (name, child) in enumerate(rows, 1)),
        facts={**(facts or {}), **counts},
    )


def _places_for_danger(danger: list[Candidate], *, capacity: int, share: float, waiting: int) -> int:
    """How many children in danger the list holds, of 20 places 12 (share 0.6) while eight or more scored ones wait.

    More where fewer wait, and for as many as may not be held back.
    """
    kept_free = min(waiting, capacity - math.ceil(round(capacity * share, 6)))
    urgent = sum(map(_never_held_back, danger))
    return min(len(danger), capacity, max(capacity - kept_free, urgent))


def _never_held_back(child: Candidate) -> bool:
    return child.rule in NEVER_HELD_BACK or very_severe(child)


def _awake(candidates: Iterable[Candidate], *, as_of: dt.date) -> tuple[dict[str, list[Candidate]], dict[str, int]]:
    """Candidates by section without those at rest, and how many there were of each and why not."""
    sections: dict[str, list[Candidate]] = {"danger": [], "overdue": [], "risk": []}
    counts = {"candidates": 0, "lately_visited": 0, "not_scored": 0}
    for child in candidates:
        counts["candidates"] += 1
        counts["not_scored"] += child.risk is None and child.state not in GONE
        name = section(child)
        if name is None:
            continue
        if rests(child, as_of=as_of):
            counts["lately_visited"] += 1
        else:
            sections[name].append(child)
    return sections, counts | {f"{name}_in_all": len(children) for name, children in sections.items()}


def _shared_trips(ordered: list[Candidate], places: int, chosen: dict[str, list[Candidate]]) -> list[Candidate]:
    """The first `places` children, a child at a centre already on the list counting a tenth more."""
    trips = {child.centre_id for group in chosen.values() for child in group}
    waiting, taken = list(ordered), []
    while waiting and len(taken) < places:
        best = max(range(len(waiting)), key=lambda i: (_with_trip(waiting[i], trips), -i))
        taken.append(waiting.pop(best))
        trips.add(taken[-1].centre_id)
    return sorted(taken, key=order)


def _with_trip(child: Candidate, trips: set[str]) -> float:
    return benefit(child) * (SAME_TRIP if child.centre_id in trips else 1.0)
