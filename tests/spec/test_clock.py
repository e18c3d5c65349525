"""Spec: what is known when. Days are counted from 2025-06-01; see tests/support/stories.py."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from features.trajectory.smoother import DEFAULT_PRIORS
from registry.checks.table import build
from registry.contract.registry import NEVER, Registry, Table
from tests.support.stories import DAY_0, cured, date, registry


def _known(one: Registry, day: int):
    return Clock(one).known_by(np.array([0]), np.array([DAY_0 + day]))


def _features(one: Registry, days: list[int]) -> np.ndarray:
    clock = Clock(one)
    child = np.zeros(len(days), np.int32)
    return as_of(
        clock,
        child,
        np.array(days, np.int32) + DAY_0,
        priors=DEFAULT_PRIORS,
        context=Context(clock),
    )


def test_a_measurement_is_known_on_its_day():
    one = registry("0 well, 30 well")
    assert [_known(one, day).measurements.rows.rows for day in (-1, 0, 29, 30)] == [0, 1, 1, 2]


def test_a_measurement_entered_late_is_known_late():
    late = {
        "child_id": ["c"],
        "measured_on": [date(0)],
        "weight_kg": [9.0],
        "recorded_on": [date(14)],
    }
    one = registry("", more={"measurements": late})
    assert [_known(one, day).measurements.rows.rows for day in (0, 13, 14)] == [0, 0, 1]


def test_a_close_is_masked_cell_by_cell():
    one = registry("0 well", episodes=[cured(transfer_reason=None)])
    before, after = _known(one, -1).episodes, _known(one, 0).episodes
    assert (before["closed_on"][0], before["outcome"][0]) == (NEVER, -1)
    assert (after["closed_on"][0], after["outcome"][0]) == (DAY_0, 0)
    assert before["admitted_on"][0] == DAY_0 - 42


def test_a_months_attendance_is_known_on_the_first_of_the_next():
    """June 2025 is known from 2025-07-01, 30 days after 2025-06-01."""
    more = {
        "attendance": {
            "child_id": ["c"],
            "month": ["2025-06"],
            "open_days": [22],
            "attended_days": [20],
        }
    }
    one = registry("0 well", more=more)
    assert [_known(one, day).attendance.rows.rows for day in (29, 30)] == [0, 1]


def test_leaving_is_known_on_its_day():
    one = registry("0 well", child={"left_on": date(40), "left_reason": "moved"})
    assert [int(_known(one, day).children["left_on"][0] == NEVER) for day in (39, 40)] == [1, 0]


def test_a_superseded_value_stays_known_for_the_days_before():
    one = registry("0 well")
    rows = one.measurements
    later = rows.having(weight_kg=rows["weight_kg"] + 1, known_from=rows["known_from"] + 50)
    former = rows.having(known_until=later["known_from"])
    both = Table({name: np.concatenate([former[name], later[name]]) for name in rows})
    corrected = Registry(**(one.__dict__ | {"measurements": both}))
    weights = [_known(corrected, day).measurements["weight_kg"].tolist() for day in (49, 50)]
    assert weights == [[9.3], [10.3]]


WHAT = st.sampled_from(["well", "sam", "stale", "wild", "wasted"])
HISTORY = st.lists(
    st.tuples(st.integers(-200, 200), WHAT), min_size=1, max_size=12, unique_by=lambda row: row[0]
)


def _text(rows) -> str:
    return ", ".join(f"{day} {what}" for day, what in sorted(rows))


@settings(max_examples=40, deadline=None)
@given(rows=HISTORY, asked=st.integers(-200, 200))
def test_no_later_row_changes_a_feature(rows, asked):
    """Whatever is recorded after a day (readings, checks, a close, a death), the day's features
    stay the same bits."""
    past = [row for row in rows if row[0] <= asked]
    stay = {"admitted_on": -60}
    now = registry(_text(past), episodes=[stay])
    later = registry(
        _text(rows),
        episodes=[
            stay | {"closed_on": max(asked + 1, -59), "outcome": "cured"},
            {"admitted_on": asked + 90},
        ],
        child={"left_on": date(asked + 200), "left_reason": "died"},
        checks=[{"checked_on": date(asked + 3), "diarrhoea": True}],
        more={
            "attendance": {
                "child_id": ["c"],
                "month": [date(asked + 1)[:7]],
                "open_days": [20],
                "attended_days": [3],
            },
            "rations": {
                "child_id": ["c"],
                "issued_on": [date(asked + 2)],
                "item": ["EDNF"],
                "quantity": [14],
            },
        },
    )
    np.testing.assert_array_equal(_features(now, [asked]), _features(later, [asked]))


@settings(max_examples=25, deadline=None)
@given(rows=HISTORY)
def test_alone_as_in_a_crowd(rows):
    one = registry(_text(rows), episodes=[cured()])
    days = [-20, 0, 28, 100]
    crowd = _features(one, days)
    for at, day in enumerate(days):
        np.testing.assert_array_equal(_features(one, [day])[0], crowd[at])


def test_a_made_up_epoch_has_no_season():
    one = registry("0 well")
    hung = Registry(**(one.__dict__ | {"facts": {"made_up_epoch": "2020-01-01"}}))
    seasons = [name for name in NAMES if name.startswith("season")]
    row = dict(zip(NAMES, _features(hung, [0])[0], strict=True))
    assert all(np.isnan(row[name]) for name in seasons)
    assert not np.isnan(dict(zip(NAMES, _features(one, [0])[0], strict=True))["season_sin"])


@pytest.mark.parametrize(("day", "siblings", "sam"), [(0, 1, 0), (10, 1, 0), (11, 1, 1)])
def test_the_family_is_known_as_of_the_day_before(day, siblings, sam):
    """A brother admitted on day 10 counts from day 11."""
    sources = {
        "centres": {
            "centre_id": ["A"],
            "sector_id": ["S"],
            "project_id": ["P"],
            "district_id": ["D"],
            "setting": ["urban"],
        },
        "children": {
            "child_id": ["c", "d"],
            "family_id": ["7", "7"],
            "sex": ["F", "M"],
            "birth_date": ["2024-01-01", "2022-05-01"],
            "centre_id": ["A", "A"],
        },
        "measurements": {
            "child_id": ["c", "d"],
            "measured_on": [date(-5), date(-5)],
            "weight_kg": [9.0, 12.0],
        },
        "episodes": {
            "episode_id": ["e"],
            "child_id": ["d"],
            "programme": ["UCDC"],
            "admitted_on": [date(10)],
        },
    }
    one, _ = build(sources, imported_on="2026-11-01")
    row = dict(zip(NAMES, _features(one, [day])[0], strict=True))
    assert (row["siblings"], row["siblings_sam_365"]) == (siblings, sam)
