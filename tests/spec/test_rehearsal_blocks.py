"""The rehearsal keeps the backtest's rule: all that an earlier row's label could use lies before the
first index of the later block; where too few events are left, that is said and nothing is
rehearsed."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from features.clock import Clock
from models.targets import (
    CENSORED,
    DID_NOT_HAPPEN,
    HAPPENED,
    NON_RESPONSE,
    RELAPSE,
    TARGETS,
)
from registry.contract.registry import day_number
from tests.support.tiny_registry import tiny_registry
from training.cohorts.landmarks import cohort
from training.fitting.pipeline import blocks, first_later_day, why_not_rehearsed


@cache
def cohort_of(name):
    """All landmark rows of a made-up registry of 420 children, and the later block's first day."""
    clock = Clock(tiny_registry())
    rows = cohort(clock, TARGETS[name], cutoff=clock.registry.recorded_until)
    return rows, first_later_day(rows.outcomes.index_on[rows.index])


@pytest.mark.parametrize("target", [RELAPSE, NON_RESPONSE])
def test_an_earlier_label_ends_before_the_later_block_begins(target):
    rows, later_from = cohort_of(target.name)
    earlier, later = blocks(rows, later_from)
    index_on = rows.outcomes.index_on[rows.index]
    assert earlier.any() and later.any()
    assert (index_on[earlier] + target.label_days).max() < later_from == index_on[later].min()
    assert rows.day[later].min() >= later_from
    assert not set(rows.child[earlier]) & set(rows.child[later])


# index day | whose label could reach 2025-09-01 or later | block
RELAPSES = [
    ("2024-12-28", "confirmed by 2025-08-31", "earlier"),
    ("2024-12-29", "could be confirmed on 2025-09-01", "neither"),
    ("2025-08-31", "before the later block", "neither"),
    ("2025-09-01", "its first day", "later"),
]


@pytest.mark.parametrize(("index_on", "_why", "block"), RELAPSES)
def test_a_discharge_by_its_day(index_on, _why, block):
    rows, _ = cohort_of("relapse")
    one = rows.take(np.flatnonzero(rows.outcomes.room[rows.index] == 1)[:1])
    days = one.outcomes.index_on.copy()
    days[one.index] = day_number(index_on)
    one = replace(one, outcomes=one.outcomes._replace(index_on=days))
    earlier, later = blocks(one, day_number("2025-09-01"))
    assert (bool(earlier[0]), bool(later[0])) == (block == "earlier", block == "later")


def events(*, earlier, later):
    """Blocks with so many indexes with the event each, and 40 without it."""
    rows, _ = cohort_of("non_response")
    _, first = np.unique(rows.index, return_index=True)
    rows = rows.take(first)
    masks = np.zeros((2, len(rows.index)), bool)
    masks[0, :100], masks[1, 100:200] = True, True
    outcome = np.full(len(rows.index), CENSORED, np.int8)
    for start, count in ((0, earlier), (100, later)):
        outcome[start : start + count] = HAPPENED
        outcome[start + 60 : start + 100] = DID_NOT_HAPPEN
    return replace(rows, outcome=outcome), *masks


@pytest.mark.parametrize(
    ("earlier", "later", "rehearsed"), [(30, 20, True), (29, 20, False), (30, 19, False)]
)
def test_a_rehearsal_needs_events_to_learn_from_and_to_judge_by(earlier, later, rehearsed):
    why = why_not_rehearsed(*events(earlier=earlier, later=later))
    assert (why is None) == rehearsed
    if why:
        assert why.startswith("too few events to rehearse")
        assert f"{earlier} whose labels end before" in why and f"{later} in it" in why
