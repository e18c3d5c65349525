"""What one centre has to do in the month ahead: every child of it for whom the protocol asks
something, each once, danger first.

The supervisor's list (`models.visits.ranking`) has places for few; who is beyond them is found
here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from models.visits.listed_child import Candidate
from models.visits.prevention import to_watch
from models.visits.visit_order import gone, order

NO_STEP = "none"
AHEAD_DAYS = 30
"""A sheet is made once a month: it names the days up to so many ahead."""


@dataclass(frozen=True)
class CentreDue:
    """The children of one centre in four parts that share no child: in danger, the gravest first;
    with a late step, the latest first; most at risk of a first SAM and neither; due, by day.

    `watched`: the ids of all whom the worker watches (`models.visits.prevention`), also those who
    stand with the late ones. `day`: to which days late are counted; `as_of`: the scoring day.
    """

    centre_id: str
    centre_name: str | None
    sector_id: str
    as_of: dt.date
    day: dt.date
    danger: tuple[Candidate, ...] = ()
    late: tuple[Candidate, ...] = ()
    watch: tuple[Candidate, ...] = ()
    due: tuple[Candidate, ...] = ()
    watched: frozenset[str] = frozenset()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def children(self) -> tuple[Candidate, ...]:
        """All of them in the order of the sheet."""
        return (*self.danger, *self.late, *self.watch, *self.due)

    @property
    def until(self) -> dt.date:
        """The last day of the month ahead."""
        return self.day + dt.timedelta(days=AHEAD_DAYS)

    @property
    def age_days(self) -> int:
        """Days from the scoring to the day on which the sheet is read."""
        return max(0, (self.day - self.as_of).days)


def centre_due(
    candidates: Iterable[Candidate],
    *,
    centre_id: str,
    sector_id: str,
    as_of: dt.date,
    day: dt.date,
    centre_name: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> CentreDue:
    """The sheet of one centre from its sector's children, their days late counted to `day`.

    Nobody is left out for a visit that was made lately: a visit answers for a place on the
    supervisor's list and not for the protocol's step. Left out are those who have left or died,
    also by what a visit found.
    """
    here = [one for one in candidates if one.centre_id == centre_id and not gone(one, as_of=day)]
    asked = [one for one in here if one.next_step != NO_STEP]
    watched = {one.child_id for one in to_watch(asked).get(centre_id, ())}
    calm = [one for one in asked if not one.danger]
    late = [one for one in calm if _late(one)]
    in_time = [one for one in calm if not _late(one)]
    watch = to_watch(one for one in in_time if one.child_id in watched)
    return CentreDue(
        centre_id=centre_id,
        centre_name=next((one.centre_name for one in here if one.centre_name), centre_name),
        sector_id=sector_id,
        as_of=as_of,
        day=day,
        danger=tuple(sorted((one for one in asked if one.danger), key=order)),
        late=tuple(sorted(late, key=lambda one: (-_late(one), order(one)))),
        watch=watch.get(centre_id, ()),
        due=tuple(sorted((one for one in in_time if one.child_id not in watched), key=_by_day)),
        watched=frozenset(watched),
        facts=facts or {},
    )


def _late(child: Candidate) -> int:
    return child.overdue_days or 0


def _by_day(child: Candidate) -> tuple[Any, ...]:
    return (child.by_when or dt.date.max, order(child))
