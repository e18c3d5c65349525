"""Spec: columns of one's own (rain, distance, income) join through the clock. Days are counted from
2025-06-01; see tests/support/stories.py."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.catalogue import NAMES
from features.trajectory.smoother import DEFAULT_PRIORS
from registry.contract.registry import NEVER, OwnTable, Table
from tests.support.stories import DAY_0, registry


def own(of, *versions, names=("rain_mm",)):
    """A table of one thing (position 0): (first day known, value) rows, each until the next."""
    days = [DAY_0 + day for day, _ in versions] + [NEVER]
    columns = {
        "key": np.zeros(len(versions), np.int32),
        "known_from": np.array(days[:-1], np.int32),
        "known_until": np.array(days[1:], np.int32),
        names[0]: np.array([value for _, value in versions], float),
    }
    return OwnTable(of, names, Table(columns))


def told(*tables, days):
    """The own columns of the one child on these days (n, columns)."""
    clock = Clock(replace(registry("0 well, 30 well"), beside=tables))
    child = np.zeros(len(days), np.int32)
    matrix = as_of(clock, child, np.array(days, np.int32) + DAY_0, priors=DEFAULT_PRIORS)
    assert matrix.shape[1] == len(NAMES) + len(tables)
    return matrix[:, len(NAMES) :]


@pytest.mark.parametrize("of", ["child", "centre", "sector", "project", "district"])
def test_a_value_is_there_from_its_day_and_not_before(of):
    found = told(own(of, (10, 40.0)), days=[9, 10, 400])
    assert np.isnan(found[0, 0]) and found[1:, 0].tolist() == [40.0, 40.0]


def test_a_late_correction_is_used_only_from_its_day():
    found = told(own("sector", (10, 40.0), (50, 25.0)), days=[49, 50])
    assert found[:, 0].tolist() == [40.0, 25.0]


def test_a_later_row_without_a_value_says_that_it_is_no_longer_known():
    found = told(own("centre", (10, 3.0), (50, np.nan)), days=[49, 50])
    assert found[0, 0] == 3.0 and np.isnan(found[1, 0])


def test_of_a_family_that_nobody_wrote_down_nothing_is_known():
    assert np.isnan(told(own("family", (10, 900.0)), days=[20])).all()


def test_before_a_child_is_known_its_centre_says_nothing():
    """The girl is registered on day 0: of the day before nobody knows where she belongs."""
    found = told(own("centre", (-900, 3.0)), own("child", (-900, 7.0)), days=[-800])
    assert np.isnan(found).all()


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(-50, 200), st.floats(-5, 5)),
        min_size=1,
        max_size=6,
        unique_by=lambda row: row[0],
    ),
    asked=st.integers(-50, 200),
)
def test_no_later_row_changes_a_value(rows, asked):
    """Whatever becomes known after a day, the day's value stays that of the newest row by then."""
    rows = sorted(rows)
    past = [row for row in rows if row[0] <= asked]
    clock = Clock(replace(registry("-300 well"), beside=(own("centre", *rows),)))
    found = clock.own_columns(clock.known_by(np.zeros(1, int), np.array([DAY_0 + asked])))[0, 0]
    assert (found == past[-1][1]) if past else np.isnan(found)
