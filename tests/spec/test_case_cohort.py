"""Spec: a draw of training rows keeps every event, and those drawn stand for all."""

from __future__ import annotations

import numpy as np
import pytest

from features.trajectory.as_of import as_of
from models.targets import HAPPENED, ONSET
from tests.support import trained_models as made
from training.cohorts import case_cohort, censoring
from training.cohorts.case_cohort import drawn
from training.cohorts.landmarks import before_split, cohort


@pytest.fixture(scope="module")
def rows():
    every = cohort(made.clock(), ONSET, cutoff=made.UNTIL - 1)
    return every.take(np.flatnonzero(before_split(every, made.UNTIL)))


@pytest.fixture
def small_draws(monkeypatch):
    monkeypatch.setattr(case_cohort, "FEWEST_ROWS", 100)
    monkeypatch.setattr(case_cohort, "OTHERS_PER_EVENT", 5)


def test_few_rows_are_all_kept_with_the_weights_of_censoring(rows):
    kept, same = drawn(rows, seed=1)
    assert len(kept) == len(rows.index) and same.weight is None


def test_every_event_is_kept_and_five_others_for_each(rows, small_draws):
    kept, few = drawn(rows, seed=1)
    weight = censoring.weights(rows)
    events = np.flatnonzero((weight > 0) & (rows.outcome == HAPPENED))
    others = np.setdiff1d(kept, events)

    assert len(events) > 30 and np.isin(events, kept).all()
    assert len(others) == 5 * len(events) < np.sum(weight > 0) - len(events)
    assert (weight[others] > 0).all() and (few.index == rows.index[kept]).all()
    assert few.weight[np.isin(kept, events)] == pytest.approx(weight[events])


def test_those_drawn_stand_for_all(rows, small_draws):
    weight, risks = censoring.weights(rows), []
    for seed in range(20):
        kept, few = drawn(rows, seed=seed)
        risks.append(np.average(few.outcome == HAPPENED, weights=few.weight))
    whole = np.average(rows.outcome == HAPPENED, weights=weight)

    assert np.mean(risks) == pytest.approx(whole, rel=0.03)


def test_the_mean_of_a_feature_over_a_draw_is_that_over_all(rows, small_draws):
    rows = rows.take(np.arange(0, len(rows.index), 3))
    matrix = as_of(
        made.clock(),
        rows.child,
        rows.day,
        priors=made.learned().bundle.priors,
        context=made.context(),
    )
    age = matrix[:, 0]
    kept, few = drawn(rows, seed=3)
    whole = np.average(age, weights=censoring.weights(rows))
    assert np.average(age[kept], weights=few.weight) == pytest.approx(whole, rel=0.05)


def test_the_bound_holds_however_many_events_there_are(rows, small_draws):
    events = int(np.sum((censoring.weights(rows) > 0) & (rows.outcome == HAPPENED)))
    kept, _ = drawn(rows, seed=1, most=2 * events)
    assert len(kept) == 2 * events
