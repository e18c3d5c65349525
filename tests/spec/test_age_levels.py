"""Spec: the level of an age band is moved where its risks were surely off, and reasons still add
up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from features.trajectory.catalogue import NAMES
from features.trajectory.smoother import DEFAULT_PRIORS
from models.bundle import Calibrator, load, save
from models.level import ages_unknown
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.visits.sheet_lines import level_notes
from tests.support.service_cases import bundle
from training.card.fingerprint import stamp
from training.commands.recalibrate import recalibrated
from training.fitting.age_levels import FEW, HOLDS, MOVED, age_levels, with_levels
from training.fitting.examples import Examples

AGE = NAMES.index("age_days")
YOUNG, MIDDLE, OLD = 200.0, 500.0, 1200.0


def children(age_days, happened):
    """Examples of one row a child with these ages and outcomes; nothing else is known."""
    n = len(happened)
    rows = np.full((n, len(NAMES)), np.nan)
    rows[:, AGE] = age_days
    nothing = np.zeros(n, np.int64)
    return Examples(rows, happened.astype(np.int8), np.ones(n), np.arange(n), nothing, nothing)


def with_share(share, count):
    return np.arange(count) < round(share * count)


def three_bands(young_share, young=400):
    """Everybody was told 0.15; of the middle and the oldest 0.15 came true."""
    happened = [with_share(young_share, young), with_share(0.15, 1000), with_share(0.15, 1000)]
    ages = np.repeat([YOUNG, MIDDLE, OLD], [len(of) for of in happened])
    learning = children(ages, np.concatenate(happened))
    return learning, np.full(len(ages), logit(0.15))


def test_a_band_that_was_surely_off_is_moved_most_of_the_way_and_the_others_stay():
    learning, log_odds = three_bands(0.25)
    young, *others = age_levels(log_odds, learning)

    assert young.found == MOVED and young.name == "under 12 months" and young.events == 100
    assert young.ratio == pytest.approx(0.25 / 0.15, abs=1e-3) and young.low > 1
    told = expit(logit(0.15) + young.shift)
    assert 0.23 < told < 0.25
    assert [(one.found, one.shift) for one in others] == [(HOLDS, 0.0)] * 2


def test_what_chance_could_do_moves_nothing():
    learning, log_odds = three_bands(0.18)
    assert [level.found for level in age_levels(log_odds, learning)] == [HOLDS] * 3


def test_with_few_events_nothing_is_said():
    """19 of 40 where 0.15 were told: surely off, and still too few."""
    learning, log_odds = three_bands(0.475, young=40)
    young = age_levels(log_odds, learning)[0]
    assert (young.found, young.events, young.ratio, young.shift) == (FEW, 19, None, 0.0)


def test_a_child_with_many_rows_is_one_child():
    """Ten rows each of 40 children: what 400 children would prove, 40 do not."""
    learning, log_odds = three_bands(0.25)
    same = np.arange(len(log_odds))
    same[:400] //= 10
    assert age_levels(log_odds, replace(learning, child=same))[0].found in (HOLDS, FEW)


def test_true_risks_are_seldom_moved():
    draw, moved = np.random.default_rng(3), 0
    for _ in range(40):
        learning = children(np.full(1000, YOUNG), draw.random(1000) < 0.15)
        moved += age_levels(np.full(1000, logit(0.15)), learning)[0].found == MOVED
    assert moved <= 2


def moved_bundle():
    plain = replace(bundle("relapse"), priors=DEFAULT_PRIORS)
    one = plain.calibrator
    cuts, shifts = np.array([365.0, 730.0]), np.array([0.4, 0.0, -0.2])
    calibrator = Calibrator(one.slope, one.intercept, one.knots, one.below, one.above, cuts, shifts)
    return plain, replace(plain, calibrator=calibrator)


def rows_of(ages):
    rows = np.random.default_rng(5).normal(size=(len(ages), len(NAMES)))
    rows[:, AGE] = ages
    return rows


def test_contributions_add_up_and_age_alone_carries_the_level():
    plain, moved = moved_bundle()
    rows = rows_of([100.0, 364.0, 365.0, 729.0, 730.0, 1500.0, np.nan])
    before, after = plain.score(rows), moved.score(rows)

    np.testing.assert_allclose(
        after.base + after.contributions.sum(axis=1), after.log_odds, rtol=0, atol=1e-9
    )
    np.testing.assert_allclose(moved.log_odds(rows), after.log_odds, rtol=0, atol=1e-9)
    shift = [0.4, 0.4, 0.0, 0.0, -0.2, -0.2, 0.0]
    np.testing.assert_allclose(after.log_odds - before.log_odds, shift, atol=1e-12)
    others = np.delete(after.contributions - before.contributions, AGE, axis=1)
    assert (others == 0).all() and after.base == before.base
    assert ((after.low <= after.risk) & (after.risk <= after.high)).all()


def test_the_levels_travel_with_the_bundle_and_are_in_its_stamp(tmp_path):
    plain, moved = moved_bundle()
    rows = rows_of([100.0, 500.0, 1500.0])
    kept = load(tmp_path / save(moved, tmp_path).version)

    np.testing.assert_array_equal(kept.log_odds(rows), moved.log_odds(rows))
    assert stamp(kept) == stamp(moved) != stamp(plain)


def test_a_level_of_another_place_is_added_to_them():
    _, moved = moved_bundle()
    rows = rows_of([100.0, 500.0, 1500.0])
    there = recalibrated(moved, 0.8, 0.3, "elsewhere", outcomes=50)
    np.testing.assert_allclose(there.log_odds(rows), 0.8 * moved.log_odds(rows) + 0.3, atol=1e-12)


def test_where_no_band_moves_the_calibrator_stays_as_it_is():
    learning, log_odds = three_bands(0.15)
    plain = bundle("relapse").calibrator
    assert with_levels(plain, age_levels(log_odds, learning)) is plain


def test_the_list_says_of_which_ages_too_little_is_known():
    def told(*found):
        return replace(bundle("relapse"), facts={"age_levels": [{"found": one} for one in found]})

    assert ages_unknown(told(FEW, HOLDS, MOVED)) == [(0, 12)]
    assert ages_unknown(told(FEW, FEW, HOLDS)) == [(0, 24)]
    assert ages_unknown(told(FEW, HOLDS, FEW)) == [(0, 12), (24, None)]
    assert ages_unknown(told(HOLDS, FEW, HOLDS)) == [(12, 24)]
    assert ages_unknown(told(FEW, FEW, FEW)) == ages_unknown(bundle("relapse")) == []
    for language in LANGUAGES:
        say = words(language)
        note = level_notes({"ages_unknown": {"relapse": [(0, 12), (24, None)]}}, say)[0]
        assert say.say("ui", "ages_under", to=12) in note
        assert say.say("ui", "ages_from", since=24) in note and "{" not in note
    english = level_notes({"ages_unknown": {"relapse": [[12, 24]]}}, words("en"))[0]
    assert "12 to 23 months" in english
