"""A child as a list sees it: what the rules and the models said of it on a day, with the facts that sentences use."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reason:
    """A part of a score: the reason's key and what it adds to the risk, in calibrated log-odds.

    `usual`: what it usually adds for the children to whom this one is compared (`models.reasons.usual`); 0 where there
    are none, since log-odds count from the mean of the training rows.
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
    """A child as the list sees it on a day: rule, risk, reasons and the facts that sentences use."""

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
    facts: dict = field(default_factory=dict)
    last_visited_on: dt.date | None = None
    last_finding: str | None = None
    listed_for: str | None = None
    """The reason (rule or first reason key) of the list that asked for the last visit, where it is known."""
