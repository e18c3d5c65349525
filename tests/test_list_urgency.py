"""Spec: what the order of a list knows of a child beside what is told of it."""

from __future__ import annotations

import numpy as np
import pytest

from features.clock import Clock
from features.trace import trace
from models.urgency import ill_at_newest_check, urgency_facts
from registry.check import build_records
from registry.tables import day_number

GIRL = {"child_id": "c", "sex": "F", "birth_date": "2024-11-02", "centre_id": "A"}


def traced_on(day, **records):
    registry, problems = build_records([GIRL | records])
    assert problems == [[]]
    clock = Clock(registry)
    return trace(clock, clock.known_by(np.zeros(1, np.int32), np.array([day_number(day)], np.int32)))


@pytest.mark.parametrize(("day", "ill"), [
    ("2026-03-01", False), ("2026-03-02", True), ("2026-03-04", True), ("2026-03-06", False), ("2026-03-23", True),
    ("2026-03-24", False),
])
def test_ill_now_is_what_the_newest_check_of_two_weeks_found(day, ill):
    checks = [
        {"checked_on": "2026-03-02", "fever": 1}, {"checked_on": "2026-03-05", "fever": 0, "cough": 1},
        {"checked_on": "2026-03-10", "poor_appetite": 1},
    ]
    assert ill_at_newest_check(traced_on(day, checks=checks).known).tolist() == [ill]


def test_who_was_never_checked_is_not_ill():
    assert ill_at_newest_check(traced_on("2026-03-01").known).tolist() == [False]


@pytest.mark.parametrize(("day", "arm"), [("2026-01-04", None), ("2026-03-08", 108), ("2026-03-09", None)])
def test_an_arm_holds_for_nine_weeks_unless_an_arm_answers_it(day, arm):
    readings = [{"measured_on": "2026-01-05", "muac_mm": 108}, {"measured_on": "2026-03-07", "weight_kg": 6.4}]
    assert urgency_facts(traced_on(day, measurements=readings), 0)["newest_muac_mm"] == arm
    answered = [*readings, {"measured_on": "2026-02-01", "muac_mm": 121}]
    if arm:
        assert urgency_facts(traced_on(day, measurements=answered), 0)["newest_muac_mm"] == 121


@pytest.mark.parametrize(("weights", "share"), [
    ({"2026-03-01": 6.0, "2026-03-29": 5.2}, 0.133),
    ({"2026-03-01": 6.0, "2026-03-20": 5.9, "2026-03-29": 5.7}, 0.05),
    ({"2026-03-01": 6.0, "2026-03-29": 6.3}, -0.05),
    ({"2026-03-20": 6.0, "2026-03-29": 5.2}, None),
    ({"2026-01-20": 6.0, "2026-03-29": 5.2}, None),
    ({"2026-03-29": 5.2}, None),
    ({}, None),
])
def test_the_share_of_weight_that_was_lost(weights, share):
    readings = [{"measured_on": day, "weight_kg": kg} for day, kg in weights.items()]
    assert urgency_facts(traced_on("2026-03-30", measurements=readings), 0)["lost_share"] == pytest.approx(share)
