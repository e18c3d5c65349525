"""Spec: what the order of a list knows of a child beside what is told of it."""

from __future__ import annotations

import numpy as np
import pytest

from care.pathway import facts as care_facts
from care.protocol import standard
from features.clock import Clock
from features.trajectory.trace import trace
from models.visits.urgency import urgency_facts
from registry.checks.table import build_records
from registry.contract.registry import day_number

GIRL = {"child_id": "c", "sex": "F", "birth_date": "2024-11-02", "centre_id": "A"}


def urgency_on(day, **records):
    """What the order knows of the girl on a day."""
    registry, problems = build_records([GIRL | records])
    assert problems == [[]]
    clock = Clock(registry)
    traced = trace(
        clock, clock.known_by(np.zeros(1, np.int32), np.array([day_number(day)], np.int32))
    )
    return urgency_facts(
        traced, care_facts.of(traced.known, traced.growth, standard()), 0, standard()
    )


@pytest.mark.parametrize(
    ("day", "ill"),
    [
        ("2026-03-01", False),
        ("2026-03-02", True),
        ("2026-03-04", True),
        ("2026-03-06", False),
        ("2026-03-24", True),
        ("2026-03-25", False),
    ],
)
def test_ill_now_is_what_was_last_assessed_within_two_weeks(day, ill):
    checks = [
        {"checked_on": "2026-03-02", "fever": 1},
        {"checked_on": "2026-03-05", "fever": 0, "cough": 1},
        {"checked_on": "2026-03-10", "poor_appetite": 1},
    ]
    assert urgency_on(day, checks=checks)["ill_now"] is ill


def test_a_check_that_did_not_ask_leaves_a_fever_as_it_was():
    checks = [{"checked_on": "2026-03-02", "fever": 1}, {"checked_on": "2026-03-05", "cough": 1}]
    assert urgency_on("2026-03-06", checks=checks)["ill_now"] is True


def test_who_was_never_checked_is_not_ill():
    assert urgency_on("2026-03-01")["ill_now"] is False


@pytest.mark.parametrize(
    ("day", "arm"), [("2026-01-04", None), ("2026-03-09", 108), ("2026-03-10", None)]
)
def test_an_arm_holds_for_nine_weeks_unless_an_arm_answers_it(day, arm):
    readings = [
        {"measured_on": "2026-01-05", "muac_mm": 108},
        {"measured_on": "2026-03-07", "weight_kg": 6.4},
    ]
    assert urgency_on(day, measurements=readings)["newest_muac_mm"] == arm
    answered = [*readings, {"measured_on": "2026-02-01", "muac_mm": 121}]
    if arm:
        assert urgency_on(day, measurements=answered)["newest_muac_mm"] == 121


@pytest.mark.parametrize(
    ("weights", "share"),
    [
        ({"2026-03-01": 6.0, "2026-03-29": 5.2}, 0.133),
        ({"2026-03-01": 6.0, "2026-03-20": 5.9, "2026-03-29": 5.7}, 0.05),
        ({"2026-03-01": 6.0, "2026-03-29": 6.3}, -0.05),
        ({"2026-03-20": 6.0, "2026-03-29": 5.2}, None),
        ({"2026-01-20": 6.0, "2026-03-29": 5.2}, None),
        ({"2026-03-29": 5.2}, None),
        ({}, None),
    ],
)
def test_the_share_of_weight_that_was_lost(weights, share):
    readings = [{"measured_on": day, "weight_kg": kg} for day, kg in weights.items()]
    assert urgency_on("2026-03-30", measurements=readings)["lost_share"] == pytest.approx(share)
