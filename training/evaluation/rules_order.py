"""The protocol's rules as an order of visits: danger first, then what is overdue, then all others
alike.

What a supervisor would do with the rules alone, without any model; compared with the model's order
in the report.
"""

from __future__ import annotations

import numpy as np

from care.pathway import facts
from care.pathway.conditions import ill_now, rows_where
from care.pathway.decide import RULES, STEPS, Placed, place
from care.pathway.rules_in_order import ORDER
from care.protocol import standard
from features.clock import Clock, Known, Ragged, days_between
from features.trajectory.as_of import PIECE
from features.trajectory.points import growth_points
from models.visits.severity import YOUNG_MONTHS, severity
from models.visits.visit_order import (
    KINDS,
    LATE_COUNTS_DAYS,
    NOT_YET_LATE_DAYS,
    OVERDUE_STEPS,
    found_by,
    kind_of,
)
from registry.contract.days import DAYS_PER_MONTH

_BY_DAYS = LATE_COUNTS_DAYS + 1
"""A graver place goes before any number of days overdue."""
_LEAST_DANGER = 2 * len(KINDS) * _BY_DAYS
"""The least value of a child in danger: of the band 1 of severity, of the last kind."""
_FOUND = np.array([found_by(rule.name, rule.step) for rule in ORDER])
_KIND = np.array([len(KINDS) - 1 - kind_of(rule.name, rule.step) for rule in ORDER])
_OEDEMA = RULES.index("oedema")
_VISIT_HELPS = np.array([step in OVERDUE_STEPS for step in STEPS])


def by_rules(clock: Clock, child: np.ndarray, day: np.ndarray) -> np.ndarray:
    """How urgent the rules find each child (position in the registry) on its day, float64[n], the
    gravest highest.

    Danger in the list's own order (`models.visits.visit_order.order`): severity, kind of danger,
    under two years, days overdue (at most 60); then steps more than three days overdue that a visit
    can make good, by days; then 0. Equal values are ties, and stay so. All are whole numbers.

    Example: swollen feet, over two years, 1 day overdue, 2,319; a weighing 9 days overdue 9; all
    well 0.
    """
    protocol, pieces = standard(), []
    for begin in range(0, len(child), PIECE):
        known = clock.known_by(child[begin : begin + PIECE], day[begin : begin + PIECE])
        points = growth_points(known)
        placed = place(facts.of(known, points, protocol), protocol)
        pieces.append(urgency(placed, *measured(known, points, placed)))
    return np.concatenate(pieces) if pieces else np.zeros(0)


def urgency(placed: Placed, band: np.ndarray, young: np.ndarray) -> np.ndarray:
    """The value of `by_rules` for children whom the pathway has placed; `band`, `young`: see
    `measured`."""
    late = np.minimum(placed.overdue_days, LATE_COUNTS_DAYS).astype(np.float64)
    overdue = np.where(_VISIT_HELPS[placed.step] & (late > NOT_YET_LATE_DAYS), late, 0.0)
    grave = np.maximum(band, _FOUND[placed.rule]) * len(KINDS) + _KIND[placed.rule]
    return np.where(placed.danger, (2 * grave + young) * _BY_DAYS + late, overdue)


def measured(known: Known, points: Ragged, placed: Placed) -> tuple[np.ndarray, np.ndarray]:
    """The band of severity by the last valid WHZ and MUAC, oedema and illness, and whether under
    two years."""
    age_months = days_between(known.children["birth_date"], known.day) / DAYS_PER_MONTH
    whz, muac_mm = (_last_valid(points, name) for name in ("whz", "muac_mm"))
    band = severity(
        whz,
        muac_mm,
        oedema=placed.rule == _OEDEMA,
        ill=rows_where(ill_now, placed.facts, standard()),
        age_months=age_months,
    )
    return band, age_months < YOUNG_MONTHS


def _last_valid(points: Ragged, name: str) -> np.ndarray:
    """The last valid value of each question; NaN where there is none."""
    there = (points["valid"] == 1) & ~np.isnan(points[name])
    last = np.full(len(points.offsets) - 1, np.nan)
    last[points.question[there]] = points[name][there]
    return last


def danger_first(urgent: np.ndarray, below: np.ndarray) -> np.ndarray:
    """An order that puts danger first, as the rules have it (`urgent`: of `by_rules`), and leaves
    ties and all other children to another order (`below`, highest first; any numbers). Overdue
    weighings have no place of their own here.

    Example: two children in danger by one rule, equally late, stand by `below` among themselves,
    before all others.
    """
    place = np.unique(below, return_inverse=True)[1] / max(len(below), 1)
    return np.where(urgent >= _LEAST_DANGER, urgent, 0.0) + place
