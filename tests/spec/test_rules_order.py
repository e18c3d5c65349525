"""Spec: the rules as an order of visits. Danger first, then what is overdue; who is alike stays a
tie."""

import numpy as np
import pytest

from features.clock import Clock
from tests.support.stories import _READING, DAY_0, cured, date, registry
from training.evaluation.rules_order import by_rules, danger_first

STAY = [{"admitted_on": -42}]
# who | readings by day | stays | the least and the most that the order says on day 40
SAID = {
    "feet swollen": ("-42 sam, 0 clear, 38 oedema", [cured()], 2_379, 2_999),
    "SAM again": ("-42 sam, 0 clear, 38 sam", [cured()], 1_000, 2_000),
    "weighed long ago": ("-42 sam, 0 clear", [cured()], 1, 60),
    "weighed in time": ("-42 sam, 0 clear, 14 well, 28 well, 39 well", [cured()], 0, 0),
}


def said(name):
    readings, stays, low, high = SAID[name]
    clock = Clock(registry(readings, episodes=stays))
    return by_rules(clock, np.zeros(1, np.int32), np.array([DAY_0 + 40], np.int32))[0], low, high


@pytest.mark.parametrize("name", SAID)
def test_what_the_rules_find_urgent(name):
    urgent, low, high = said(name)
    assert low <= urgent <= high


def test_the_graver_rule_goes_before_any_days_overdue():
    order = sorted(SAID, key=lambda name: -said(name)[0])
    assert order == list(SAID)


def test_nobody_is_ordered_where_nobody_is_asked_about():
    nobody = np.zeros(0, np.int32)
    assert len(by_rules(Clock(registry("0 well")), nobody, nobody)) == 0


def urgent(readings, **more):
    clock = Clock(registry(readings, episodes=[cured()], **more))
    return by_rules(clock, np.zeros(1, np.int32), np.array([DAY_0 + 40], np.int32))[0]


def test_extreme_sam_goes_before_other_sam_however_late(monkeypatch):
    monkeypatch.setitem(_READING, "thin", (9.3, 76.0, 104, None))
    severe, late = urgent("-42 sam, 0 well, 39 thin"), urgent("-42 sam, 0 well, 20 sam")
    assert 0 < severe - late <= 2 * 5 * 61


def test_illness_at_the_newest_check_counts_a_band_and_an_older_one_nothing():
    fever = {"checked_on": date(39), "fever": 1}
    over = [fever | {"checked_on": date(30)}, fever | {"checked_on": date(39), "fever": 0}]
    ill, well = (urgent("-42 sam, 0 well, 38 sam", checks=checks) for checks in ([fever], over))
    assert 2 * 5 * 61 <= ill - well < 2 * 5 * 61 + 61 and well == urgent("-42 sam, 0 well, 38 sam")


def test_danger_first_then_the_model():
    urgent_of, model = (
        np.array([0.0, 60.0, 700.0, 700.0, 2_000.0]),
        np.array([0.9, 0.1, 0.2, 0.3, -9.0]),
    )
    assert np.argsort(-danger_first(urgent_of, model)).tolist() == [4, 3, 2, 0, 1]
    assert len(np.unique(danger_first(urgent_of, np.zeros(5)))) == 3
