"""Whom to visit first: who may die first, then what is late, then risk x what a visit can change.

One function, `rank`, for the page, the paper and the backtest. It reads `Candidate`s (one per
child, as the score book keeps them) and never changes a state or a score. The constants below are
judgements of ours, not of a protocol (`verified = false`); docs/visits.md says so to whoever reads
the list.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from care.pathway.decide import IN_TREATMENT
from models.visits.caseload import Caseload, caseload
from models.visits.listed_child import Candidate
from models.visits.prevention import to_watch
from models.visits.route import trips
from models.visits.severity import EXTREME
from models.visits.visit_order import (
    BY_SCORE,
    DANGER_ORDER,
    GONE,
    GONE_FINDINGS,
    LATE_COUNTS_DAYS,
    OVERDUE_STEPS,
    PREVENTION,
    UNSEEN_CURE,
    at_the_centre,
    benefit,
    emergency,
    gone,
    gravity,
    late_place,
    main_reason,
    of_prevention,
    order,
    rests,
    section,
    to_a_facility,
    to_bring,
    waits_at_the_centre,
    what_a_visit_can_change,
)

__all__ = [
    "BY_SCORE",
    "DANGER_ORDER",
    "GONE",
    "IN_TREATMENT",
    "LATE_COUNTS_DAYS",
    "OVERDUE_STEPS",
    "PREVENTION",
    "VisitList",
    "VisitRow",
    "at_the_centre",
    "benefit",
    "by_trips",
    "emergency",
    "main_reason",
    "order",
    "rank",
    "rests",
    "section",
    "to_bring",
    "what_a_visit_can_change",
]


BRING_SHARE = 0.25
"""Of the places that no emergency needs, this share brings SAM that waits past its day for the ANM,
while others wait. Who gets none stays with the ANM. Half found fewer deaths and non-responses
(docs/visits.md). verified: false."""
OVERDUE_SHARE = 0.5
"""Of the places left after danger, at most this share goes to late steps while risk still waits.
verified: false."""
SAME_TRIP = 1.1
"""A child at a centre that is visited anyway is preferred when its benefit is within a tenth.
verified: false."""


@dataclass(frozen=True)
class VisitRow:
    """One line of the list: its section (`danger`, `overdue`, `risk`, `prevention`), its number,
    the child."""

    section: str
    rank: int
    candidate: Candidate


@dataclass(frozen=True)
class VisitList:
    """The visits asked for, within capacity, the most urgent first; `rank` is that order, however
    rows are grouped.

    `beyond` holds the children in danger for whom no visit is left. `anm` is the work of the ANM
    and the medical officer at the centres, outside the capacity: examinations, appetite tests,
    admissions, checks; danger first. So is an arm of SAM that nobody asked again, or a weight lost,
    for which no visit is left. Every child in danger stands in exactly one of the three,
    unless a visit of the last days has answered for it. `watch`, by centre and outside the
    capacity, are the children whom its worker watches, since they may soon be SAM
    (`models.visits.prevention`); those in `rows` are among them.
    """

    sector_id: str
    as_of: dt.date
    capacity: int
    rows: tuple[VisitRow, ...]
    beyond: tuple[Candidate, ...] = ()
    anm: tuple[Candidate, ...] = ()
    watch: dict[str, tuple[Candidate, ...]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    day: dt.date | None = None
    """The day on which the list is read, and to which days late are counted; None: `as_of`, the
    scoring day."""
    caseload: Caseload = Caseload()
    """All children of the sector's score book, on the list or not."""

    @property
    def age_days(self) -> int:
        """Days from the scoring to the day on which the list is read."""
        return max(0, (self.day - self.as_of).days) if self.day else 0

    def also_watch(self) -> dict[str, tuple[Candidate, ...]]:
        """By centre, the children of `watch` who have no place on the list."""
        listed = {row.candidate.child_id for row in self.rows}
        found = {
            centre: tuple(child for child in children if child.child_id not in listed)
            for centre, children in self.watch.items()
        }
        return {centre: children for centre, children in found.items() if children}

    def by_centre(self) -> list[tuple[str, list[VisitRow]]]:
        """(centre_id, its rows) in the order of the trips: `by_trips`."""
        return by_trips(self.rows)


def by_trips(rows: Iterable[VisitRow]) -> list[tuple[str, list[VisitRow]]]:
    """(centre_id, its rows, the most urgent first): the centres with a child in danger, then the
    others, near ones after one another (`route.trips`). rows: the most urgent first."""
    groups: dict[str, list[VisitRow]] = {}
    parts: dict[bool, list[Candidate]] = {True: [], False: []}
    for row in rows:
        groups.setdefault(row.candidate.centre_id, []).append(row)
        parts[row.section == "danger"].append(row.candidate)
    return [(centre_id, groups[centre_id]) for centre_id in trips(parts[True], parts[False])]


def rank(
    candidates: Iterable[Candidate],
    *,
    sector_id: str,
    capacity: int,
    as_of: dt.date,
    facts: dict[str, Any] | None = None,
) -> VisitList:
    """The visit list of one sector, at most `capacity` rows, the most urgent first.

    Emergencies (`emergency`) take every place they need, first among them what belongs in a
    facility. Who has none is `beyond`, or with the ANM where her work helps and the child is not
    extreme. Of the places left, a quarter brings SAM that waits past its day for the ANM; the rest
    go half to late steps, half to risk; what one does not need the next one gets, and late steps
    without a score come last, but for a child whose cure nobody saw, or did not last. Risk and
    prevention share their places by benefit. Rows stand by `order`: danger (emergencies, then who
    is brought), late steps, risk, prevention. With one place more, one child more is listed, and
    all others stand in the same order; so nobody's place before another hangs on the capacity. Who
    is held out by lot has no place for its risk alone; danger and late steps outrank the lot. Ties
    end with the child's id, so that a list can be repeated to the letter.
    """
    candidates = list(candidates)
    groups, counts = _grouped(candidates, as_of=as_of)
    urgent = sorted(groups["emergency"], key=lambda child: (not to_a_facility(child), order(child)))
    taken, without = urgent[:capacity], urgent[capacity:]
    beyond, with_anm = _parted(
        without, lambda one: not at_the_centre(one) or gravity(one) >= EXTREME
    )
    rest = _what_is_left(groups, capacity - len(taken), taken)
    rows = [("danger", child) for child in (*sorted(taken, key=order), *rest["bring"])]
    rows += [("overdue", child) for child in (*sorted(rest["late"], key=order), *rest["unscored"])]
    rows += _of_risk(rest["risk"])
    listed = {child.child_id for _, child in rows}
    waiting = filter(waits_at_the_centre, groups["overdue"])
    for_anm = [
        child for child in [*groups["anm"], *with_anm, *waiting] if child.child_id not in listed
    ]
    return VisitList(
        sector_id=sector_id,
        as_of=as_of,
        capacity=capacity,
        beyond=tuple(sorted(beyond, key=order)),
        anm=tuple(sorted(for_anm, key=_danger_first)),
        watch=to_watch(child for child in candidates if not gone(child, as_of=as_of)),
        rows=tuple(VisitRow(name, number, child) for number, (name, child) in enumerate(rows, 1)),
        facts={**(facts or {}), **counts},
        caseload=caseload(candidates),
    )


def _what_is_left(
    groups: dict[str, list[Candidate]], left: int, taken: list[Candidate]
) -> dict[str, list[Candidate]]:
    """Who takes the places that no emergency needs: SAM that is brought to the ANM, late steps
    (those without a score apart), risk (with prevention).

    Place after place: with one more nobody loses theirs. The next child of a group is its first; in
    late steps and risk a child at a centre that is on the list already counts a tenth more, but
    risk leads no late step: whom a lot holds out changes nothing for them."""
    overdue, unscored = _parted(
        groups["overdue"],
        lambda one: late_place(one) <= UNSEEN_CURE or benefit(one) > 0,
    )
    waiting = {"bring": [*groups["bring"]], "late": overdue, "risk": [*groups["risk"]]}
    waiting["unscored"] = unscored
    sizes = {name: len(those) for name, those in waiting.items()}
    chosen: dict[str, list[Candidate]] = {name: [] for name in waiting}
    trips = {"late": {child.centre_id for child in taken}}
    trips["risk"] = set(trips["late"])
    for places in range(1, left + 1):
        shares = _shares(places, **sizes)
        name = next((one for one in shares if shares[one] > len(chosen[one])), None)
        if name is None:
            break
        those, best = waiting[name], 0
        if name in ("late", "risk"):
            best = max(range(len(those)), key=lambda at: (_with_trip(those[at], trips[name]), -at))
        chosen[name].append(those.pop(best))
        for later in ("late", "risk") if name != "risk" else ("risk",):
            trips[later].add(chosen[name][-1].centre_id)
    return chosen


def _shares(places: int, *, bring: int, late: int, risk: int, unscored: int) -> dict[str, int]:
    """How many of so many places each group takes, of which there are so many children; none of
    them falls where there is one place more.

    Example: 4 places and enough of all: 1 is brought, 2 are late, 1 at risk."""
    brought = min(bring, max(math.ceil(places * BRING_SHARE), places - late - risk))
    left = places - brought
    overdue = min(late, max(math.ceil(left * OVERDUE_SHARE), left - risk))
    at_risk = min(risk, left - overdue)
    return {
        "bring": brought,
        "late": overdue,
        "risk": at_risk,
        "unscored": min(unscored, left - overdue - at_risk),
    }


def _of_risk(children: list[Candidate]) -> list[tuple[str, Candidate]]:
    """The rows of risk, then those of prevention."""
    told = [(PREVENTION if of_prevention(one) else "risk", one) for one in children]
    return sorted(told, key=lambda row: (row[0] == PREVENTION, order(row[1])))


def _grouped(
    candidates: Iterable[Candidate], *, as_of: dt.date
) -> tuple[dict[str, list[Candidate]], dict[str, int]]:
    """Candidates by what they need, each group in its order, and how many there were of each and
    why not.

    `emergency`, `overdue` and `risk` share no child; `risk` holds those of prevention too; `anm`
    holds all of `bring`. In danger and visited lately: `anm`. Those of prevention are counted only
    where there are any, and so are those whom a lot holds out, who are in no group.
    """
    groups: dict[str, list[Candidate]] = {
        name: [] for name in ("emergency", "bring", "overdue", "risk", "anm")
    }
    counts = {
        "candidates": 0,
        "lately_visited": 0,
        "not_scored": 0,
        "no_cure": 0,
        "danger": 0,
        "overdue": 0,
        "risk": 0,
        PREVENTION: 0,
    }
    held_out = 0
    for child in candidates:
        counts["candidates"] += 1
        counts["not_scored"] += child.risk is None and child.state not in GONE
        counts["no_cure"] += child.cure_not_shown and child.state not in GONE
        name, resting = section(child), rests(child, as_of=as_of)
        if child.held_out and name in ("risk", PREVENTION) and not resting:
            held_out += 1
            continue
        if resting and name:
            counts["lately_visited"] += 1
        elif name:
            counts[name] += 1
        for group in _groups_of(child, name, resting=resting):
            groups[group].append(child)
    for name in ("bring", "overdue", "risk"):
        groups[name].sort(key=order)
    counts |= {f"{name}_in_all": counts.pop(name) for name in ("danger", "overdue", "risk")}
    if held_out:
        counts["held_out"] = held_out
    prevention = counts.pop(PREVENTION)
    return groups, counts | ({f"{PREVENTION}_in_all": prevention} if prevention else {})


def _groups_of(child: Candidate, name: str | None, *, resting: bool) -> Iterator[str]:
    """The groups of `_grouped` to which a child belongs; `name`: its section."""
    if child.state in GONE or (resting and child.last_finding in GONE_FINDINGS):
        return
    for_the_anm = name == "overdue" and at_the_centre(child)
    if emergency(child) and not resting:
        yield "emergency"
    elif child.danger or for_the_anm:
        yield "anm"
    elif name and not resting:
        yield "risk" if name == PREVENTION else name
    if to_bring(child) and not resting:
        yield "bring"


def _parted(
    children: list[Candidate], wanted: Callable[[Candidate], bool]
) -> tuple[list[Candidate], list[Candidate]]:
    """Those that are wanted, and the others."""
    return [child for child in children if wanted(child)], [
        child for child in children if not wanted(child)
    ]


def _danger_first(child: Candidate) -> tuple[Any, ...]:
    return (not child.danger, order(child))


def _with_trip(child: Candidate, trips: set[str]) -> tuple[int, float]:
    return -late_place(child), benefit(child) * (SAME_TRIP if child.centre_id in trips else 1.0)
