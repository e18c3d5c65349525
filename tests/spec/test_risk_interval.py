"""Spec: the interval of a risk holds nine in ten models taught on children drawn anew."""

from __future__ import annotations

import numpy as np
import pytest

from features.trajectory.catalogue import NAMES
from models.bundle import Calibrator
from models.targets import NON_RESPONSE
from training.fitting import fit, uncertainty
from training.fitting.calibrate import calibrate, with_interval
from training.fitting.examples import Examples
from training.fitting.uncertainty import drawn_children

WHZ, MUAC = NAMES.index("whz_last"), NAMES.index("muac_last")


def examples(children: int, *, seed: int, rows_each: int = 2) -> Examples:
    """Rows of children of whom two columns say something; a child's rows are alike."""
    draw = np.random.default_rng(seed)
    child = np.repeat(np.arange(children), rows_each)
    rows = np.full((len(child), len(NAMES)), np.nan)
    of_child = draw.normal(size=(children, 2))
    rows[:, [WHZ, MUAC]] = of_child[child] + 0.2 * draw.normal(size=(len(child), 2))
    risk = 1 / (1 + np.exp(1.5 + of_child[:, 0] + 0.5 * of_child[:, 1]))
    happened = (draw.random(children) < risk).astype(np.int8)[child]
    ones = np.ones(len(child))
    return Examples(rows, happened, ones, child, ones.astype(np.int32), 0 * ones)


@pytest.fixture(scope="module")
def taught():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "MOST_TREES", 40)
        patch.setattr(uncertainty, "REFITS", 10)
        learning = examples(700, seed=3)
        fitted = fit.fit(learning, target=NON_RESPONSE, settings={}, seed=1)
        yield (
            fitted,
            with_interval(fitted, learning, target=NON_RESPONSE, seed=1, donor=None)[0],
            learning,
        )


def test_fresh_models_lie_inside_nine_times_in_ten(taught):
    fitted, calibrator, learning = taught
    others = examples(500, seed=8, rows_each=1).rows
    own = fitted.log_odds(others)
    low, high = calibrator.interval(own)
    inside = []
    for seed in range(6):
        again, _ = drawn_children(learning, np.random.default_rng(500 + seed))
        fresh = fit.fit(again, target=NON_RESPONSE, settings={}, seed=seed)
        line = calibrate(fresh.held_out)
        risk = 1 / (1 + np.exp(-(line.intercept + line.slope * fresh.blended(others))))
        inside.append(np.mean((risk >= low) & (risk <= high)))

    assert 0.80 <= np.mean(inside) <= 0.99
    assert np.mean(high - low) > 0.02


def test_more_children_give_a_narrower_interval(taught):
    _, calibrator, _ = taught
    many = examples(4_000, seed=3)
    fitted = fit.fit(many, target=NON_RESPONSE, settings={}, seed=1)
    narrow, _ = with_interval(fitted, many, target=NON_RESPONSE, seed=1, donor=None)

    assert np.mean(narrow.below + narrow.above) < 0.8 * np.mean(calibrator.below + calibrator.above)


def test_children_are_drawn_whole():
    learning = examples(300, seed=1, rows_each=3)
    drawn, times = drawn_children(learning, np.random.default_rng(1))
    by_child = times.reshape(300, 3)

    assert (by_child == by_child[:, :1]).all() and by_child[:, 0].sum() == 300
    assert drawn.weight.sum() == pytest.approx(learning.weight.sum())
    assert set(drawn.child) == set(learning.child[times > 0])


def test_the_risk_lies_in_its_interval_and_without_refits_none_is_told():
    knots = np.array([-2.0, 0.0, 2.0])
    calibrator = Calibrator(1.0, 0.0, knots, np.array([0.5, 0.0, 0.2]), np.array([0.0, 0.3, 0.4]))
    log_odds = np.linspace(-6, 6, 101)
    low, high = calibrator.interval(log_odds)
    risk = 1 / (1 + np.exp(-log_odds))

    assert (
        (low <= risk).all()
        and (risk <= high).all()
        and (low[log_odds < -2] < risk[log_odds < -2]).all()
    )
    empty = np.zeros(0)
    assert np.isnan(Calibrator(1.0, 0.0, empty, empty, empty).interval(log_odds)).all()
