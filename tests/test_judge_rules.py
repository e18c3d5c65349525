"""Spec: the rules as an order of visits. Danger first, then what is overdue; who is alike stays a tie."""

import numpy as np
import pytest

from care.pathway import RULES
from features.clock import Clock
from models.ranking import DANGER_ORDER
from tests.stories import DAY_0, cured, registry
from training.rules_order import by_rules

STAY = [{"admitted_on": -42}]
# who | readings by day | stays | the least and the most that the order says on day 40
SAID = {
    "feet swollen": ("-42 sam, 0 well, 38 oedema", [cured()], 1_159, 1_219),
    "SAM again": ("-42 sam, 0 well, 38 sam", [cured()], 500, 1_000),
    "weighed long ago": ("-42 sam, 0 well", [cured()], 1, 60),
    "weighed in time": ("-42 sam, 0 well, 14 well, 28 well, 39 well", [cured()], 0, 0),
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


def test_every_danger_of_the_list_is_a_rule_of_the_pathway():
    assert set(DANGER_ORDER) <= set(RULES)


def test_nobody_is_ordered_where_nobody_is_asked_about():
    nobody = np.zeros(0, np.int32)
    assert len(by_rules(Clock(registry("0 well")), nobody, nobody)) == 0
