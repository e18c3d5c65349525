"""A child as a list sees it: what the rules and the models said of it on a day, with the facts that
sentences use."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

from models import relapse_question

NO_CURE = frozenset(relapse_question.WHY[1:])


@dataclass(frozen=True)
class Reason:
    """A part of a score: the reason's key and what it adds to the risk, in calibrated log-odds.

    `usual`: what it usually adds for the children to whom this one is compared
    (`models.reasons.usual`); 0 where there are none, since log-odds count from the mean of the
    training rows.
    """

    key: str
    log_odds: float
    usual: float = 0.0

    @property
    def apart(self) -> float:
        """What sets this child apart: its part less the usual one."""
        return self.log_odds - self.usual


@dataclass(frozen=True)
class Candidate:
    """A child as the list sees it on a day: rule, risk, reasons and the facts that sentences
    use."""

    child_id: str
    centre_id: str
    centre_name: str | None
    sector_id: str
    setting: str | None
    latitude: float | None
    longitude: float | None
    sex: str
    age_months: int | None
    state: str
    rule: str | None
    next_step: str
    who: str
    by_when: dt.date | None
    overdue_days: int | None
    danger: bool
    target: str | None
    risk: float | None
    risk_low: float | None
    risk_high: float | None
    reasons: tuple[Reason, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    last_visited_on: dt.date | None = None
    last_finding: str | None = None
    listed_for: str | None = None
    """The reason (rule or first reason key) of the list that asked for the last visit, where it is
    known."""
    held_out: bool = False
    """Drawn by lot (`models.visits.hold_out`): no list names the child for its risk alone."""
    why_not: str | None = None
    """Why there is no score (`models.scoring.WHY_NOT`), where the child's own records say so: for
    one scored, or of whom nothing is asked, None."""

    @property
    def cure_not_shown(self) -> bool:
        """Whether the child was discharged as cured and the cure was not seen, or did not last two
        weeks: it has no score, and nobody knows that it is well."""
        return self.why_not in NO_CURE


def counted_to(child: Candidate, day: dt.date, *, as_of: dt.date) -> Candidate:
    """The child as it was known on `as_of`, with the days that its step is late counted to a later
    day.

    Example: to be weighed by 14 March 2026, scored on 16 March, read on 20 March: 6 days late, not
    2. Due on 18 March: not late when scored, 2 days late when read.
    """
    if day <= as_of:
        return child
    if child.by_when is None:
        late = child.overdue_days
        return replace(child, overdue_days=late + (day - as_of).days) if late else child
    return replace(child, overdue_days=max(0, (day - child.by_when).days) or None)
