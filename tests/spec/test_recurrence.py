"""Wasting again, and for the first time, in records without treatment: rows, outcomes, what a
visit shows, and folds that do not share a child."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from features.clock import Clock
from registry.checks.table import build
from registry.contract.errors import BadInput
from registry.contract.registry import day_number
from tests.support.stories import BIRTH, DAY_0, date, registry
from training.cohorts import well_visits as well_visits_module
from training.cohorts.well_visits import FIRST_WASTING, RECURRENCE, SEEN, WellVisits, well_visits
from training.commands import recurrence
from training.commands.recurrence import compared, cross_validated, judged
from training.metrics.discrimination import auc


def told(rows):
    columns = (rows.day - DAY_0, rows.after_wasting, rows.outcome)
    return [tuple(int(value) for value in row) for row in zip(*columns, strict=True)]


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ("0 wasted, 30 well, 60 well, 120 wasted, 210 well", [(60, True, 1)]),
        ("0 well, 30 well, 60 wasted, 240 wasted", [(30, False, 1)]),
        ("0 well, 30 well, 200 well", [(30, False, 0)]),
        ("0 well, 30 well, 213 wasted", [(30, False, 1)]),
        ("0 well, 30 well, 214 wasted", [(30, False, 0)]),
        ("0 well, 30 stale, 60 well, 90 wasted, 208 well", [(30, False, 1), (60, False, 1)]),
        ("0 wasted, 30 well, 60 wasted, 240 well", []),
        # Room for the whole horizon is asked of an event as of its absence: last seen on day 148,
        # or no row.
        ("0 well, 30 well, 60 wasted", []),
        ("0 well, 30 well, 60 wasted, 177 well", []),
        ("0 well, 30 well, 60 wasted, 178 wasted", [(30, False, 1)]),
        ("0 well, 30 well, 177 well", []),
        ("0 well, 30 well, 178 well", [(30, False, 0)]),
    ],
)
def test_rows_are_visits_well_twice_in_a_row_and_the_event_is_the_next_wasting(readings, expected):
    assert told(well_visits(Clock(registry(readings)), RECURRENCE)) == expected


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ("0 well, 30 wasted, 91 well", [(0, False, 1)]),
        ("0 well, 30 well, 121 well", [(0, False, 0), (30, False, 0)]),
        ("0 well, 91 wasted", [(0, False, 1)]),
        ("0 well, 92 wasted", [(0, False, 0)]),
        # Room for the whole horizon is asked of an event as of its absence.
        ("0 well, 30 wasted, 90 well", []),
        ("0 well, 90 well", []),
        # Who was wasted before is not asked about for the first time.
        ("0 wasted, 30 well, 60 wasted, 200 well", []),
        ("0 well, 30 wasted, 60 well, 200 well", [(0, False, 1)]),
        ("0 well, 30 stale, 60 wasted, 95 well", [(0, False, 1)]),
    ],
)
def test_the_first_wasting_is_asked_of_children_never_wasted_before(readings, expected):
    assert told(well_visits(Clock(registry(readings)), FIRST_WASTING)) == expected


def test_a_visit_shows_what_a_hand_would_write_down():
    rows = well_visits(Clock(registry("0 well, 30 arm, 60 well, 160 well, 300 well")), RECURRENCE)
    of = {name: rows.column(name) for name in SEEN}
    assert (rows.day - DAY_0).tolist() == [60]
    assert of["visits"].tolist() == [2] and of["days_between"].tolist() == [60]
    assert of["age_days"].tolist() == [DAY_0 + 60 - day_number(BIRTH)]
    whz = of["whz"][0]
    before = of["whz_before"][0]
    assert of["whz_change"][0] == pytest.approx(whz - before)
    assert of["whz_slope"][0] == pytest.approx((whz - before) / 60)
    assert of["whz_lowest"][0] == min(whz, before) and of["whz_highest"][0] == max(whz, before)
    assert of["whz_mean"][0] == pytest.approx((whz + before) / 2)


def test_a_slope_is_that_of_the_last_three_visits_and_of_one_child():
    day = np.array([0, 30, 60, 90, 0, 30])
    whz = np.array([5.0, -1.0, -1.3, -1.6, 0.0, -0.6])
    child = np.array([0, 0, 0, 0, 1, 1])
    seen = well_visits_module._seen(
        child, day, dict.fromkeys(("age_days", "waz", "haz"), whz) | {"whz": whz}, child
    )
    slope = seen[:, SEEN.index("whz_slope")]
    assert np.isnan(slope[[0, 4]]).all()
    assert slope[[1, 3, 5]] == pytest.approx([-0.2, -0.01, -0.02])
    assert slope[2] == pytest.approx(np.polyfit(day[:3], whz[:3], 1)[0])
    assert seen[:, SEEN.index("whz_lowest")].tolist() == [5.0, -1.0, -1.3, -1.6, 0.0, -0.6]
    assert np.isnan(seen[[0, 4], SEEN.index("whz_before")]).all()


def test_too_few_children_with_the_event_is_said_before_anything_is_fitted():
    with pytest.raises(BadInput, match="1 children with the event, at least 30"):
        judged(registry("0 well, 30 well, 60 wasted, 240 well"))


def test_no_fold_is_scored_by_what_learnt_from_its_children(monkeypatch):
    names, days = [f"c{at}" for at in range(20)], (0, 30, 60, 240)
    built, _ = build(
        {
            "centres": {
                "centre_id": ["A"],
                "sector_id": ["S"],
                "project_id": ["P"],
                "district_id": ["D"],
                "setting": ["urban"],
            },
            "children": {
                "child_id": names,
                "sex": ["F"] * 20,
                "birth_date": [BIRTH] * 20,
                "centre_id": ["A"] * 20,
            },
            "measurements": {
                "child_id": np.repeat(names, len(days)).tolist(),
                "measured_on": [date(day) for _ in names for day in days],
                "weight_kg": [9.3, 9.3, 7.2, 9.3] * 10 + [9.3] * 40,
                "height_cm": [76.0] * 80,
            },
        },
        imported_on="2026-11-01",
    )
    seen = []

    def remembering(examples, **_):
        seen.append(set(examples.child.tolist()))
        return SimpleNamespace(
            log_odds=lambda matrix: np.full(len(matrix), float(len(seen))),
            choice=SimpleNamespace(trees=1.0, rounds=10, penalty=0.03),
        )

    monkeypatch.setattr(recurrence, "fit", remembering)
    clock = Clock(built)
    rows = well_visits(clock, RECURRENCE)
    orders = cross_validated(clock, rows, RECURRENCE, seed=1)
    scored_by = np.round(orders["model"]).astype(int)
    assert set(scored_by) == {1, 2, 3, 4, 5}
    assert all(not np.isnan(order).any() for order in orders.values())
    assert orders["last_whz"].tolist() == (-rows.column("whz")).tolist()
    for child, number in zip(rows.child, scored_by, strict=True):
        assert int(child) not in seen[number - 1]


def test_orders_are_compared_on_the_same_draws_of_children():
    n = 200
    draw = np.random.default_rng(4)
    outcome = (draw.random(n) < 0.3).astype(np.int8)
    child = np.arange(n) // 2
    none = np.zeros((n, len(SEEN)))
    rows = WellVisits(child, np.zeros(n, np.int32), np.zeros(n, bool), outcome, none)
    right = outcome[:, None] + draw.normal(0, 0.3, (n, 2))
    chance = draw.normal(size=(n, 2))
    found = compared(rows, {"model": right, "last_whz": right, "four_columns": chance}, 40)
    assert found["auc_more"]["last_whz"] == [0.0, 0.0, 0.0]
    assert found["auc_more"]["four_columns"][1] > 0.2
    value = found["auc"]["model"][0] - found["auc"]["four_columns"][0]
    assert found["auc_more"]["four_columns"][0] == pytest.approx(value, abs=1e-4)
    precise = found["average_precision"]
    assert precise["model"][0] > 0.8 and precise["four_columns"][0] < 0.5
    assert found["rows_with_event"] == outcome.sum()
    draws = [auc(one, outcome, np.ones(n)) for one in right.T]
    assert found["auc"]["model"][0] == pytest.approx(np.mean(draws), abs=1e-4), "of both draws"
