"""Recurrence of wasting in records without treatment: rows, outcomes, and folds that do not share a
child."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from features.clock import Clock
from registry.checks.table import build
from registry.contract.errors import BadInput
from tests.support.stories import BIRTH, DAY_0, date, registry
from training.commands import recurrence
from training.commands.recurrence import cross_validated, well_visits


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
    rows = well_visits(Clock(registry(readings)))
    columns = (rows.day - DAY_0, rows.after_wasting, rows.outcome)
    assert [tuple(int(value) for value in row) for row in zip(*columns, strict=True)] == expected


def test_too_few_children_with_the_event_is_said_before_anything_is_fitted():
    with pytest.raises(BadInput, match="1 children with the event, at least 30"):
        recurrence.recurrence(registry("0 well, 30 well, 60 wasted, 240 well"))


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
                "weight_kg": [9.3, 9.3, 7.2, 9.3] * 20,
                "height_cm": [76.0] * 80,
            },
        },
        imported_on="2026-11-01",
    )
    seen = []

    def remembering(examples, **_):
        seen.append(set(examples.child.tolist()))
        return SimpleNamespace(log_odds=lambda matrix: np.full(len(matrix), float(len(seen))))

    monkeypatch.setattr(recurrence, "fit", remembering)
    clock = Clock(built)
    rows = well_visits(clock)
    risk, whz = cross_validated(clock, rows, seed=1)
    scored_by = np.round(np.log(risk / (1 - risk))).astype(int)
    assert not np.isnan(whz).any() and set(scored_by) == {1, 2, 3, 4, 5}
    for child, number in zip(rows.child, scored_by, strict=True):
        assert int(child) not in seen[number - 1]
