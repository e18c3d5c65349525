"""Drift: a month is compared with the months before it, each seen at its own end, for its season;
chance and season raise no alarm, a change does."""

from dataclasses import replace

import numpy as np
import pytest

from registry.contract.registry import NEVER, day_number
from tests.support.tiny_registry import tiny_registry
from training.evaluation.drift.month_test import (
    FALSE_ALARM_RATE,
    LEAST_SHIFT,
    shifts,
    told_from,
)
from training.evaluation.drift.month_views import (
    HISTORY_DAYS,
    MonthProfile,
    at_end_of,
    by_child,
    timely,
)

NAMES = [f"column {at}" for at in range(60)]
SEASON_FROM = 240


def months(random, count, *, season=0.0, wander=0.0, children=60):
    """Profiles of steady months: means of so many children's places, with a yearly wave and a
    wander of each month's own."""
    found = []
    for at in range(count):
        month = SEASON_FROM + at
        middle = 0.5 + season * np.cos(2 * np.pi * (month % 12) / 12)
        places = np.clip(random.normal(middle, 0.25, (children, len(NAMES))), 0, 1)
        mean = places.mean(axis=0) + random.normal(0, wander, len(NAMES))
        variance = places.var(axis=0, ddof=1) / children
        seen = np.full(len(NAMES), children)
        found.append(MonthProfile(month, children, children, mean, variance, seen))
    return found


@pytest.mark.parametrize(("season", "wander"), [(0.0, 0.0), (0.1, 0.0), (0.0, 0.04), (0.1, 0.04)])
def test_a_steady_month_raises_an_alarm_no_more_often_than_is_said(season, wander):
    random, alarms = np.random.default_rng(8), 0
    for _ in range(150):
        *before, now = months(random, 19, season=season, wander=wander)
        alarms += bool(shifts(before, now, NAMES))
    assert alarms / 150 <= 2.5 * FALSE_ALARM_RATE


def test_a_column_that_moves_is_named_with_what_was_foretold():
    *before, now = months(np.random.default_rng(9), 19, season=0.05)
    moved = now.mean.copy()
    moved[7] += 0.25
    told = shifts(before, replace(now, mean=moved), NAMES)
    assert list(told) == ["column 7"]
    one = told["column 7"]
    assert one.low < one.expected < one.high < one.now and one.p < FALSE_ALARM_RATE


def test_a_sure_shift_that_is_a_trifle_is_not_told():
    *before, now = months(np.random.default_rng(10), 19, children=6_000)
    assert not shifts(before, replace(now, mean=now.mean + 0.03), NAMES)
    assert len(shifts(before, replace(now, mean=now.mean + 0.08), NAMES)) == len(NAMES)


@pytest.mark.parametrize("children", [60, 200, 800, 20_000])
def test_a_measure_is_told_from_the_shift_that_is_said(children):
    """Moved by a little less than that, few of the measures are told; by a little more, most are;
    some 800 children see as small a shift as is ever told."""
    *before, now = months(np.random.default_rng(12), 19, children=children)
    least = told_from(before, now)
    assert least >= LEAST_SHIFT and (least == LEAST_SHIFT) == (children >= 800)
    steady = replace(now, mean=np.array([one.mean for one in before]).mean(axis=0))
    less, more = (
        len(shifts(before, replace(steady, mean=steady.mean + by * least), NAMES))
        for by in (0.8, 1.25)
    )
    assert less < 0.25 * len(NAMES) and more > 0.75 * len(NAMES)


def test_what_few_children_have_tells_nothing():
    *before, now = months(np.random.default_rng(11), 19)
    few = now.seen.copy()
    few[7] = 29
    assert not shifts(before, replace(now, mean=now.mean + 0.3 * (few < 30), seen=few), NAMES)


def test_a_childs_rows_count_as_one():
    values = np.random.default_rng(3).random((40, 2))
    once = by_child(values, np.arange(40), 40)
    thrice = by_child(np.repeat(values, 3, axis=0), np.repeat(np.arange(40), 3), 40)
    for one, three in zip(once, thrice, strict=True):
        np.testing.assert_allclose(one, three)
    np.testing.assert_allclose(once[1], values.var(axis=0, ddof=1) / 40)


def test_records_that_came_in_late_are_seen_on_their_own_day():
    """Weighings that a monthly import brought, and one that it corrected: the newest version
    counts."""
    registry = tiny_registry(20)
    table = registry.measurements
    late = table.having(known_from=(table["measured_on"] + 25).astype(np.int32))
    first = timely(replace(registry, measurements=late)).measurements
    np.testing.assert_array_equal(first["known_from"], first["measured_on"])
    until = np.where(np.arange(table.rows) == 3, table["measured_on"] + 40, table["known_until"])
    corrected = timely(
        replace(registry, measurements=table.having(known_until=until.astype(np.int32)))
    )
    assert corrected.measurements.rows == table.rows - 1


def test_a_month_is_seen_at_its_own_end_with_a_year_behind_it():
    registry = timely(tiny_registry(40))
    first, last = day_number("2025-06-01"), day_number("2025-06-30")
    seen = at_end_of(registry, first, last)
    days = seen.measurements["measured_on"]
    assert seen.recorded_until == last and days.max() <= last
    assert first - HISTORY_DAYS <= days.min() < first - HISTORY_DAYS + 31
    assert np.all((seen.episodes["closed_known_from"] == NEVER) | (seen.episodes["closed_on"] > 0))
