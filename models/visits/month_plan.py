"""A month's visits, day by day: which children of a list are visited on which day, and what falls
due at the centres on days that are fixed.

The number of days, the Sundays off and the visits a day are judgements of ours (`verified: false`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from models.visits.centre_due import AHEAD_DAYS, NO_STEP
from models.visits.listed_child import Candidate
from models.visits.ranking import VisitRow, by_trips
from models.visits.route import NEAR_KM, kilometres, trips
from models.visits.severity import EXTREME
from models.visits.visit_order import gone, gravity, order, to_a_facility

SUNDAY = 6
ANM_CENTRES_PER_DAY = 2
"""Centres at which the ANM sees children on a day: she examines all of a centre's on one trip.
verified: false."""
USUAL_PER_DAY = 4
"""Home visits that a supervisor makes on a day beside her other work, where she asks for no other
number. verified: false."""


@dataclass(frozen=True)
class PlanDay:
    """A day: the visits planned, in the order of its trips; the children whom the ANM sees at their
    centre, in danger first; and those whose protocol step is due at the centre on this very day."""

    on: dt.date
    rows: tuple[VisitRow, ...] = ()
    anm: tuple[Candidate, ...] = ()
    due: tuple[Candidate, ...] = ()


def by_centre(children: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    """Children by their centre, in their order."""
    groups: dict[str, list[Candidate]] = {}
    for child in children:
        groups.setdefault(child.centre_id, []).append(child)
    return groups


@dataclass(frozen=True)
class MonthPlan:
    """All days from the first to the last, empty ones too. `too_late`: rows for which no place was
    left by the day on which their step is due; they stand on the first free day after it, and are
    named. `no_day`: rows for which the month has no place at all."""

    days: tuple[PlanDay, ...]
    per_day: int
    too_late: tuple[VisitRow, ...] = ()
    no_day: tuple[VisitRow, ...] = ()


def month_plan(
    rows: Sequence[VisitRow],
    children: Iterable[Candidate],
    *,
    start: dt.date,
    per_day: int,
    anm: Sequence[Candidate] = (),
) -> MonthPlan:
    """The visits of a list over the days from `start` on, at most so many a day, none on Sundays
    but where the first day is one.

    rows: of the list, the most urgent first; children: all of the sector's book, for what is due;
    anm: the children for the ANM, in danger first.
    First who belongs in a facility or is extreme, then the others in danger, then all others; each
    in the list's order, but children of one centre and of centres near it on one day. Whose step is
    due on a day of the month is visited by that day or stands in `too_late`; whose day has passed
    is not held to it. The ANM goes to so many centres a day, first where the gravest are, and sees
    all of a centre's children there.
    """
    days = [start + dt.timedelta(days=ahead) for ahead in range(AHEAD_DAYS + 1)]
    free = [per_day if day == start or day.weekday() != SUNDAY else 0 for day in days]
    free_days = list(free)
    places = _Places(start, free, [[] for _ in days])
    urgent = [row for row in rows if row.section == "danger"]
    late = places.fill(urgent, _danger_first)
    without = places.give(late)
    others = places.fill([row for row in rows if row.section != "danger"], _by_trip)
    late, without = late + others, without + places.give(others)
    too_late = tuple(row for row in late if row not in without)
    planned = {
        row.candidate.child_id: day
        for day, of_day in zip(days, places.taken, strict=True)
        for row in of_day
    }
    at_centre = _anm_days(anm, [day for day, many in zip(days, free_days, strict=True) if many])
    seen = {child.child_id: day for day, those in at_centre.items() for child in those}
    due = _due(children, days[0], days[-1], planned | seen)
    told = tuple(
        PlanDay(
            day, tuple(_in_route(of_day)), tuple(at_centre.get(day, ())), tuple(due.get(day, ()))
        )
        for day, of_day in zip(days, places.taken, strict=True)
    )
    return MonthPlan(told, per_day, too_late, tuple(without))


def _in_route(rows: Iterable[VisitRow]) -> Iterable[VisitRow]:
    ranked = sorted(rows, key=lambda row: row.rank)
    return (row for _, at_centre in by_trips(ranked) for row in at_centre)


def _anm_days(
    children: Sequence[Candidate], days: Sequence[dt.date]
) -> dict[dt.date, list[Candidate]]:
    """By day, whom the ANM sees: `ANM_CENTRES_PER_DAY` centres, first those of the gravest children
    (and centres near them), then the others; what more centres there are stand on the last day."""
    groups = by_centre(children)
    danger = [child for child in children if child.danger]
    centres = trips(danger, [child for child in children if not child.danger])
    found: dict[dt.date, list[Candidate]] = {}
    for at, centre in enumerate(centres):
        day = days[min(at // ANM_CENTRES_PER_DAY, len(days) - 1)]
        found.setdefault(day, []).extend(groups[centre])
    return found


def _danger_first(row: VisitRow, today: Sequence[VisitRow]) -> tuple[int, ...]:
    """Who belongs in a facility or is extreme, then the others in danger; each by trip."""
    child = row.candidate
    waits = not to_a_facility(child) and gravity(child) < EXTREME
    return int(waits), *_by_trip(row, today)


def _by_trip(row: VisitRow, today: Sequence[VisitRow]) -> tuple[int, int]:
    """A row whose centre is visited that day anyway, then one near it, then by urgency."""
    child = row.candidate
    if any(other.candidate.centre_id == child.centre_id for other in today):
        return 0, row.rank
    near = any(kilometres(other.candidate, child) <= NEAR_KM for other in today)
    return (1 if near else 2), row.rank


def _due(
    children: Iterable[Candidate], first: dt.date, last: dt.date, planned: dict[str, dt.date]
) -> dict[dt.date, list[Candidate]]:
    """By day, by centre and in order of urgency, whose step is due then and who is not visited on
    that very day; none who has left or died."""
    found: dict[dt.date, list[Candidate]] = {}
    for child in children:
        day = child.by_when
        if day is None or not first <= day <= last or child.next_step == NO_STEP:
            continue
        if planned.get(child.child_id) != day and not gone(child, as_of=first):
            found.setdefault(day, []).append(child)
    for of_day in found.values():
        of_day.sort(key=lambda child: (child.centre_id, not child.danger, order(child)))
    return found


Wish = Callable[[VisitRow, Sequence[VisitRow]], tuple[int, ...]]
"""A row's key among those that wait, given the rows that a day has; the least is taken."""


@dataclass
class _Places:
    """The places of the days: how many are free, and the rows that took one."""

    start: dt.date
    free: list[int]
    taken: list[list[VisitRow]]

    def fill(self, rows: Sequence[VisitRow], wish: Wish) -> list[VisitRow]:
        """Give these rows the first free places, by wish, so that each keeps its day; who cannot is
        given back. A less urgent row never takes the place of a more urgent one."""
        waiting, without = self._kept(rows)
        due = self._count(waiting)
        for at in range(len(self.free)):
            while self.free[at] and waiting:
                self.free[at] -= 1
                row = next(
                    row
                    for row in sorted(waiting, key=lambda row: wish(row, self.taken[at]))
                    if self._fits(due, without=self._last_day(row), since=at)
                )
                due[self._last_day(row)] -= 1
                self.taken[at].append(row)
                waiting.remove(row)
        return without

    def give(self, rows: Sequence[VisitRow]) -> list[VisitRow]:
        """Give these rows the first free places whatever their day, in their order; who gets none
        is given back."""
        free = [at for at, many in enumerate(self.free) for _ in range(many)]
        for at, row in zip(free, rows, strict=False):
            self.free[at] -= 1
            self.taken[at].append(row)
        return list(rows[len(free) :])

    def _kept(self, rows: Sequence[VisitRow]) -> tuple[list[VisitRow], list[VisitRow]]:
        """The rows that can all be visited by their days, chosen in their order, and the others."""
        kept: list[VisitRow] = []
        others: list[VisitRow] = []
        due = [0] * len(self.free)
        for row in rows:
            due[self._last_day(row)] += 1
            if self._fits(due):
                kept.append(row)
            else:
                due[self._last_day(row)] -= 1
                others.append(row)
        return kept, others

    def _fits(self, due: Sequence[int], *, without: int | None = None, since: int = 0) -> bool:
        """Whether so many rows due by each day find places from the day `since` on; `without`: the
        day of one that has its place already."""
        rows = [many - (at == without) for at, many in enumerate(due)]
        places = [0] * since + self.free[since:]
        counts = zip(accumulate(rows), accumulate(places), strict=True)
        return all(wanted <= room for wanted, room in counts)

    def _count(self, rows: Iterable[VisitRow]) -> list[int]:
        due = [0] * len(self.free)
        for row in rows:
            due[self._last_day(row)] += 1
        return due

    def _last_day(self, row: VisitRow) -> int:
        """The last day on which a row may be visited, as its place among the days."""
        last, day = len(self.free) - 1, row.candidate.by_when
        return last if day is None or day < self.start else min(last, (day - self.start).days)
