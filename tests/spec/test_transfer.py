"""Spec: slides into SAM teach relapse, from the past only, never by a child's own, and the reasons
still add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from features.trajectory.catalogue import NAMES
from models.bundle import Bundle, Calibrator
from models.targets import CONFIRMED_WITHIN, RELAPSE
from tests.support import trained_models as made
from training.fitting import fit, transfer
from training.fitting.bag import bagged
from training.fitting.examples import Examples
from training.fitting.own_forest import early_rows
from training.fitting.transfer import LOAN, Donor, donor_of, out_of_fold
from training.metrics.recalibration import FIXED_SLOPE, slope_and_intercept

WHZ, DAYS = NAMES.index("whz_last"), NAMES.index("days_since_discharge")


def examples(children: np.ndarray, *, seed: int, day: int = 20_000) -> Examples:
    """One row a child; a lower WHZ makes the event likelier."""
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(len(children), len(NAMES)))
    happened = (rows[:, WHZ] + draw.normal(size=len(children)) < -1.0).astype(np.int8)
    ones = np.ones(len(children))
    return Examples(
        rows, happened, ones, children, (day + ones).astype(np.int32), np.zeros(len(children))
    )


@pytest.fixture(scope="module")
def few_trees():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "MOST_TREES", 20)
        patch.setattr(transfer, "ROUNDS", 20)
        yield


@pytest.fixture(scope="module")
def donor() -> Donor:
    return Donor(examples(np.arange(1_500), seed=1), 246)


def test_a_donors_rows_end_before_the_split_and_are_of_the_other_question():
    clock, until = made.clock(), made.UNTIL
    found = donor_of(
        clock,
        RELAPSE,
        until=until,
        seed=1,
        priors=made.learned().bundle.priors,
        context=made.context(),
    )
    days = found.examples.day.astype(np.int64)
    assert found.label_days == RELAPSE.horizon + CONFIRMED_WITHIN == 246
    assert len(days) > 500 and (days + 246 < until).all()
    assert found.examples.happened.sum() >= transfer.LEAST_DONOR_EVENTS
    assert (
        donor_of(
            clock, replace(RELAPSE, taught_by=None), until=until, seed=1, priors={}, context=None
        )
        is None
    )


def test_the_rehearsals_donor_knows_nothing_of_the_later_block(donor):
    days = np.where(np.arange(1_500) % 2, 20_001, 19_000).astype(np.int32)
    mixed = replace(donor, examples=replace(donor.examples, day=days))
    first = mixed.before(20_000, without=np.arange(100))
    assert set(first.examples.day) == {19_000} and first.examples.child.min() >= 100


def test_out_of_fold_a_child_is_never_judged_by_its_own_slide(donor, few_trees, monkeypatch):
    """Every slide of the even children is turned round: their own margins must not notice."""
    settings = fit.donor_settings(RELAPSE, 1)
    taught = examples(np.arange(0, 400), seed=2)
    fold = taught.child % 2
    before = out_of_fold(donor, taught, settings, fold=fold, threads=2)
    even = (donor.examples.child % 2 == 0) & (donor.examples.child < 400)
    turned = np.where(even, 1 - donor.examples.happened, donor.examples.happened)
    other = replace(donor, examples=replace(donor.examples, happened=turned.astype(np.int8)))
    after = out_of_fold(other, taught, settings, fold=fold, threads=2)
    np.testing.assert_array_equal(before[fold == 0], after[fold == 0])
    assert not np.array_equal(before[fold == 1], after[fold == 1])


def test_the_blend_is_one_forest_whose_reasons_add_up(donor, few_trees):
    learning = examples(np.arange(5_000, 5_400), seed=3)
    alone = fit.fit(learning, target=RELAPSE, settings={}, seed=1)
    with_donor = fit.fit(learning, target=RELAPSE, settings={}, seed=1, donor=donor)
    assert with_donor.choice.lent == LOAN and alone.choice.lent == 0.0
    assert sum(with_donor.choice.parts) == pytest.approx(1.0)
    knots = np.linspace(-4, 4, 9)
    line = Calibrator(1.0, 0.0, knots, knots * 0, knots * 0)
    bundle = Bundle(
        "relapse",
        with_donor.booster,
        with_donor.linear,
        with_donor.trees,
        line,
        {},
        offset=with_donor.offset,
        start=with_donor.start,
    )
    scores = bundle.score(learning.rows)
    np.testing.assert_allclose(
        scores.base + scores.contributions.sum(axis=1), scores.log_odds, atol=1e-9
    )
    np.testing.assert_allclose(scores.log_odds, with_donor.blended(learning.rows), atol=1e-9)
    own = alone.choice.trees * (1 - LOAN)
    expected = (1 - LOAN) * alone.blended(learning.rows) + LOAN * lent_to(learning, donor)
    np.testing.assert_allclose(with_donor.blended(learning.rows), expected, atol=1e-9)
    assert own < with_donor.trees


def lent_to(learning: Examples, donor: Donor) -> np.ndarray:
    """The donor's log-odds of the rows, on the level of what happened among the early ones."""
    settings = fit.donor_settings(RELAPSE, 1)
    beside = fit.offset_of(learning.rows, RELAPSE.offset)
    fold = fit.folds(learning.child, fit.FOLDS, 1)
    unseen = out_of_fold(donor, learning, settings, fold=fold, threads=2) + beside
    soon = early_rows(learning.rows, RELAPSE.early)
    _, level = slope_and_intercept(
        unseen[soon], learning.happened[soon], learning.weight[soon], slopes=FIXED_SLOPE
    )
    lender = transfer.donor_forest(donor.examples, settings)
    return fit._margin(lender, learning.rows) + beside + level


def test_the_donor_speaks_of_early_rows_alone(donor, few_trees):
    """Of late rows the own forest has the donor's share, in the bundle as out of fold."""
    learning = examples(np.arange(5_000, 5_600), seed=3)
    learning.rows[:, DAYS] = np.where(learning.child % 3 == 0, 84.0, 28.0)
    alone = fit.fit(learning, target=RELAPSE, settings={}, seed=1)
    with_donor = fit.fit(learning, target=RELAPSE, settings={}, seed=1, donor=donor)
    own, linear, lent = with_donor.choice.parts
    forest = fit._margin(alone.booster, learning.rows) + alone.start
    forest += fit.offset_of(learning.rows, RELAPSE.offset)
    late = learning.rows[:, DAYS] > RELAPSE.early.until
    third = np.where(late, forest, lent_to(learning, donor))
    expected = own * forest + linear * fit._linear_margin(alone.linear, learning.rows)
    np.testing.assert_allclose(
        with_donor.blended(learning.rows), expected + lent * third, atol=1e-9
    )


def test_out_of_fold_too_the_donor_speaks_of_early_rows_alone():
    margins = fit.Margins(
        np.array([1.0, 1.0]), np.array([2.0, 2.0]), np.array([True, False]), np.array([5.0, 5.0])
    )
    choice = fit.Choice({}, 10, 0.003, trees=0.5, lent=0.2)
    assert choice.parts == pytest.approx((0.4, 0.4, 0.2))
    assert margins.blended(choice) == pytest.approx([0.4 + 0.8 + 1.0, 0.4 + 0.8 + 0.2])


def test_shares_of_a_bag():
    one, other = (
        transfer.donor_forest(examples(np.arange(600), seed=of), fit.donor_settings(RELAPSE, of))
        for of in (1, 2)
    )
    rows = examples(np.arange(50), seed=9).rows
    mixed = fit._margin(bagged([one, other], (0.25, 0.75)), rows)
    np.testing.assert_allclose(
        mixed, 0.25 * fit._margin(one, rows) + 0.75 * fit._margin(other, rows), atol=1e-12
    )
