"""Onset in a backtest: children whom nobody treats, some of whom slide into SAM; and rows learnt
from by lot."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from features.clock import Clock
from models.targets import ONSET
from registry.checks.table import build
from registry.contract.registry import day_date, day_number
from tests.support.stories import DAY_0
from training.cohorts import censoring
from training.cohorts.case_cohort import drawn
from training.cohorts.landmarks import cohort
from training.commands.backtest import COLUMNS, backtest
from training.fitting.pipeline import blocks, first_later_day

CHILDREN, MONTHS = 260, 22
FIRST = day_number("2024-01-05")
SPLIT = day_number("2025-03-01")


@pytest.fixture(scope="module")
def clock():
    """Girls weighed every month; the lower they usually stand, the likelier an arm under 115 mm
    twice in a row."""
    draw = np.random.default_rng(1)
    strength = draw.normal(size=CHILDREN)
    weight = 9.4 + 0.5 * strength[:, None] + draw.normal(0.0, 0.15, (CHILDREN, MONTHS))
    starts = draw.random((CHILDREN, MONTHS)) < (0.11 / (1.0 + np.exp(3.0 * strength)))[:, None]
    sam = starts | np.roll(starts, 1, axis=1)
    ids = np.array([f"c{at}" for at in range(CHILDREN)])
    days = FIRST + 30 * np.arange(MONTHS)
    built, quarantine = build(
        {
            "centres": {
                "centre_id": ["A"],
                "sector_id": ["S"],
                "project_id": ["P"],
                "district_id": ["D"],
                "setting": ["urban"],
            },
            "children": {
                "child_id": ids,
                "sex": ["F"] * CHILDREN,
                "birth_date": ["2023-01-01"] * CHILDREN,
                "centre_id": ["A"] * CHILDREN,
            },
            "measurements": {
                "child_id": np.repeat(ids, MONTHS),
                "weight_kg": np.round(weight.ravel(), 2),
                "measured_on": [day_date(int(day)).isoformat() for day in np.tile(days, CHILDREN)],
                "height_cm": np.full(weight.size, 76.0),
                "muac_mm": np.where(sam.ravel(), 110.0, 135.0),
            },
        },
        imported_on="2026-11-01",
    )
    assert len(quarantine) == 0
    return Clock(built)


def test_a_backtest_predicts_every_later_onset_index(clock):
    frame, bundles = backtest(clock, split=SPLIT, targets=("onset",))
    later = cohort(clock, ONSET, cutoff=clock.registry.recorded_until)
    assert tuple(frame.columns) == COLUMNS and len(frame) == int(np.sum(later.day >= SPLIT))
    assert set(frame.target) == {"onset"} and set(frame.landmark_day) == {0}
    assert (
        frame.index_on.min() >= np.datetime64("2025-03-01")
        and not frame.duplicated(["child_id", "index_on"]).any()
    )
    assert (frame.score_status == "scored").mean() >= 0.9
    assert frame.risk.between(frame.risk_low, frame.risk_high).all()
    known = frame[frame.outcome != "censored"]
    assert roc_auc_score(known.outcome == "happened", known.risk) > 0.65
    assert bundles["onset"].facts["attrition"]["sam_then"] > 0


def test_of_many_rows_all_events_and_some_others_are_learnt_from_and_stand_for_all(clock):
    rows = cohort(clock, ONSET, cutoff=clock.registry.recorded_until)
    weight, most = censoring.weights(rows), 400
    kept, few = drawn(rows, seed=1, most=most)
    assert len(few.index) == most and np.array_equal(few.day, rows.day[kept])
    whole = weight > 0
    events, others = (rows.outcome == 1) & whole, (rows.outcome == 0) & whole
    assert np.sum(few.outcome == 1) == np.sum(events) and not np.any(few.outcome == -1)
    of = censoring.weights(few)
    np.testing.assert_array_equal(of[few.outcome == 1], weight[events])
    assert of[few.outcome == 0].sum() == pytest.approx(weight[others].sum(), rel=0.03)
    np.testing.assert_array_equal(censoring.weights(few.take(np.arange(7))), of[:7])
    assert np.array_equal(drawn(rows, seed=1, most=most)[0], kept)


def test_no_child_is_on_both_sides_of_the_rehearsal(clock):
    rows = cohort(clock, ONSET, cutoff=clock.registry.recorded_until)
    later_from = first_later_day(rows.outcomes.index_on[rows.index])
    earlier, later = blocks(rows, later_from)
    assert earlier.sum() > later.sum() > 0
    assert not set(rows.child[earlier]) & set(rows.child[later])
    assert rows.day[earlier].max() + ONSET.label_days < later_from == rows.day[later].min()
    few = rows.take(np.flatnonzero(np.arange(len(rows.child)) % 3 == 0))
    np.testing.assert_array_equal(blocks(few, later_from)[1], later[::3])


def test_few_rows_are_all_learnt_from(clock):
    rows = cohort(clock, ONSET, cutoff=DAY_0)
    kept, same = drawn(rows, seed=1)
    assert same is rows and np.array_equal(kept, np.arange(len(rows.index)))
