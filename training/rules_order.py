"""The protocol's rules as an order of visits: danger first, then what is overdue, then all others alike.

What a supervisor would do with the rules alone, without any model; compared with the model's order in the report.
"""

from __future__ import annotations

import numpy as np

from care import facts
from care.pathway import RULES, STEPS, Placed, place
from care.protocol import standard
from features.clock import Clock
from features.points import growth_points
from features.trajectory import PIECE
from models.ranking import DANGER_ORDER, LATE_COUNTS_DAYS, OVERDUE_STEPS

_NEXT_RULE = LATE_COUNTS_DAYS + 1
"""One rule of danger outranks any number of days overdue."""
_GRAVITY = np.array([
    len(DANGER_ORDER) + 1 - (DANGER_ORDER.index(rule) if rule in DANGER_ORDER else len(DANGER_ORDER)) for rule in RULES
])
_VISIT_HELPS = np.array([step in OVERDUE_STEPS for step in STEPS])


def by_rules(clock: Clock, child: np.ndarray, day: np.ndarray) -> np.ndarray:
    """How urgent the rules find each child (position in the registry) on its day, float64[n], the gravest highest.

    Danger by the list's own order of rules (`models.ranking.DANGER_ORDER`), within a rule by days overdue (at most
    60); then steps overdue that a visit can make good, by days; then 0. Equal values are ties, and stay so.

    Example: swollen feet, 1 day overdue, 1,160; weight lost, on time, 488; a weighing 9 days overdue 9; all well 0.
    """
    protocol, pieces = standard(), []
    for begin in range(0, len(child), PIECE):
        known = clock.known_by(child[begin : begin + PIECE], day[begin : begin + PIECE])
        pieces.append(urgency(place(facts.of(known, growth_points(known), protocol), protocol)))
    return np.concatenate(pieces) if pieces else np.zeros(0)


def urgency(placed: Placed) -> np.ndarray:
    """The value of `by_rules` for children whom the pathway has placed."""
    late = np.minimum(placed.overdue_days, LATE_COUNTS_DAYS).astype(np.float64)
    overdue = np.where(_VISIT_HELPS[placed.step], late, 0.0)
    return np.where(placed.danger, _NEXT_RULE * _GRAVITY[placed.rule] + late, overdue)
