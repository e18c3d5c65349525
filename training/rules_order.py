"""The protocol's rules as an order of visits: danger first, then what is overdue, then all others alike.

What a supervisor would do with the rules alone, without any model; compared with the model's order in the report.
"""

from __future__ import annotations

import numpy as np

from care import facts
from care.pathway import RULES, STEPS, Placed, place
from care.protocol import standard
from features.clock import Clock, Ragged
from features.points import growth_points
from features.trajectory import PIECE
from models.ranking_order import (
    DANGER_ORDER,
    LATE_COUNTS_DAYS,
    OVERDUE_STEPS,
    SAM_MUAC_MM,
    SAM_WHZ,
    UNTREATED_SAM,
    VERY_LOW_MUAC_MM,
    VERY_LOW_WHZ,
)

_FIRST_OF_ITS_RULE = LATE_COUNTS_DAYS + 1
"""Very severe SAM goes before any number of days overdue,"""
_NEXT_RULE = 2 * _FIRST_OF_ITS_RULE
"""and a graver rule of danger before either."""
_GRAVITY = np.array([
    len(DANGER_ORDER) + 1 - (DANGER_ORDER.index(rule) if rule in DANGER_ORDER else len(DANGER_ORDER)) for rule in RULES
])
_VISIT_HELPS = np.array([step in OVERDUE_STEPS for step in STEPS])
_UNTREATED = np.array([rule in UNTREATED_SAM for rule in RULES])


def by_rules(clock: Clock, child: np.ndarray, day: np.ndarray) -> np.ndarray:
    """How urgent the rules find each child (position in the registry) on its day, float64[n], the gravest highest.

    Danger by the list's own order of rules (`models.ranking_order.DANGER_ORDER`), within a rule very severe SAM, then
    days overdue (at most 60); then steps overdue that a visit can make good, by days; then 0. Equal values are ties,
    and stay so. All are whole numbers.

    Example: swollen feet, 1 day overdue, 2,319; weight lost, on time, 976; a weighing 9 days overdue 9; all well 0.
    """
    protocol, pieces = standard(), []
    for begin in range(0, len(child), PIECE):
        known = clock.known_by(child[begin : begin + PIECE], day[begin : begin + PIECE])
        points = growth_points(known)
        pieces.append(urgency(place(facts.of(known, points, protocol), protocol), very_severe(points)))
    return np.concatenate(pieces) if pieces else np.zeros(0)


def urgency(placed: Placed, severe: np.ndarray) -> np.ndarray:
    """The value of `by_rules` for children whom the pathway has placed; `severe`: mask of `very_severe`."""
    late = np.minimum(placed.overdue_days, LATE_COUNTS_DAYS).astype(np.float64)
    overdue = np.where(_VISIT_HELPS[placed.step], late, 0.0)
    first = _FIRST_OF_ITS_RULE * (severe & _UNTREATED[placed.rule])
    return np.where(placed.danger, _NEXT_RULE * _GRAVITY[placed.rule] + first + late, overdue)


def very_severe(points: Ragged) -> np.ndarray:
    """Whether the last valid WHZ and MUAC of each question are as low as `models.ranking_order.very_severe` says."""
    whz, muac_mm = (_last_valid(points, name) for name in ("whz", "muac_mm"))
    both = (whz < SAM_WHZ) & (muac_mm < SAM_MUAC_MM)
    return both | (whz < VERY_LOW_WHZ) | (muac_mm < VERY_LOW_MUAC_MM)


def _last_valid(points: Ragged, name: str) -> np.ndarray:
    """The last valid value of each question; infinite where there is none."""
    there = (points["valid"] == 1) & ~np.isnan(points[name])
    last = np.full(len(points.offsets) - 1, np.inf)
    last[points.question[there]] = points[name][there]
    return last


def danger_first(urgent: np.ndarray, below: np.ndarray) -> np.ndarray:
    """An order that puts danger first, as the rules have it (`urgent`: of `by_rules`), and leaves ties and all other
    children to another order (`below`, highest first; any numbers). Overdue weighings have no place of their own here.

    Example: two children in danger by one rule, equally late, stand by `below` among themselves, before all others.
    """
    place = np.unique(below, return_inverse=True)[1] / max(len(below), 1)
    return np.where(urgent >= _NEXT_RULE, urgent, 0.0) + place
