"""Statistics that several rooms share: Kaplan-Meier, the stability index, logistic recalibration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from features.kaplan_meier import kaplan_meier
from models import stability_index
from training.metrics.recalibration import (
    ANY_SLOPE,
    EXACT,
    FIXED_SLOPE,
    separated,
    slope_and_intercept,
)


def test_open_stays_count_as_long_as_they_have_lasted():
    day, share = kaplan_meier(np.array([5, 9, 7, 9]), np.array([True, True, False, False]))
    assert day.tolist() == [5, 7, 9] and share == pytest.approx([0.75, 0.75, 0.375])


@given(seed=st.integers(0, 10**6), rows=st.integers(1, 80))
@settings(max_examples=25, deadline=None)
def test_the_curve_is_scipys(seed, rows):
    random = np.random.default_rng(seed)
    days, ended = random.integers(0, 30, rows), random.random(rows) < 0.6
    day, share = kaplan_meier(days, ended)
    peer = ecdf(CensoredData.right_censored(days, ~ended)).sf
    assert share == pytest.approx(peer.evaluate(day), abs=1e-12)


def test_the_index_knows_the_same_from_another():
    random = np.random.default_rng(3)
    before, same, now = (random.normal(mean, 1, 4_000) for mean in (0, 0, 0.6))
    assert stability_index.index_of_samples(before, same) < 0.02
    assert stability_index.index_of_samples(before, now) > 0.25


def test_a_few_tied_risks_have_not_moved_from_themselves():
    few = [0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.3]
    assert stability_index.index_of_samples(few, few) == 0


def test_an_emptied_bin_is_worth_one_in_a_thousand():
    then, now = np.array([0.1, 0.9]), np.array([0.0, 1.0])
    assert stability_index.of_shares(then, now) == pytest.approx(
        (0.001 - 0.1) * np.log(0.001 / 0.1) + (1.0 - 0.9) * np.log(1 / 0.9)
    )


def test_a_model_in_use_keeps_its_order_and_a_judged_one_may_be_upside_down():
    random = np.random.default_rng(1)
    log_odds = random.normal(size=2_000)
    happened = (random.random(2_000) < 1 / (1 + np.exp(log_odds))).astype(float)
    used, _ = slope_and_intercept(log_odds, happened, np.ones(2_000))
    judged, _ = slope_and_intercept(log_odds, happened, np.ones(2_000), slopes=ANY_SLOPE)
    assert used == 0.05 and judged == pytest.approx(-1, abs=0.2)


@pytest.mark.parametrize("slopes", [ANY_SLOPE, FIXED_SLOPE])
@given(seed=st.integers(0, 10**6), rows=st.integers(12, 400))
@settings(max_examples=25, deadline=None)
def test_a_published_line_is_the_most_likely_one(slopes, seed, rows):
    """The likelihood's gradient is 0 there, and SciPy's search comes to the same line."""
    random = np.random.default_rng(seed)
    log_odds, weight = random.normal(-1, 1, rows), random.uniform(0, 3, rows)
    happened = (
        random.random(rows) < 1 / (1 + np.exp(-0.5 - random.uniform(-1, 3) * log_odds))
    ) * 1.0
    if happened.min() == happened.max() or separated(log_odds, happened):
        return
    slope, intercept = slope_and_intercept(log_odds, happened, weight, slopes=slopes, stop=EXACT)
    off = weight * (1 / (1 + np.exp(-slope * log_odds - intercept)) - happened)
    assert abs(off.sum()) < 1e-6 * rows
    assert slope == 1 if slopes == FIXED_SLOPE else abs(off @ log_odds) < 1e-6 * rows
    searched = slope_and_intercept(log_odds, happened, weight, slopes=slopes, stop=dict(EXACT))
    assert (slope, intercept) == pytest.approx(searched, rel=1e-4, abs=1e-5)


def test_a_line_that_newtons_steps_do_not_find_is_searched_for():
    """The likelihood is flat where they begin."""
    log_odds, happened = np.array([-7.0, -7, -7, 7, 35]), np.array([0.0, 0, 0, 1, 0])
    _, level = slope_and_intercept(log_odds, happened, np.ones(5), slopes=FIXED_SLOPE, stop=EXACT)
    assert np.sum(1 / (1 + np.exp(-log_odds - level))) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("log_odds", "apart"), [([-1, 0, 1, 2], True), ([2, 1, 0, -1], True), ([-1, 1, 0, 2], False)]
)
def test_a_cut_between_events_and_others_is_seen(log_odds, apart):
    assert separated(np.array(log_odds, float), np.array([0.0, 0, 1, 1])) is apart
