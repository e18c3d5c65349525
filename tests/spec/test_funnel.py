"""Funnels of areas: limits by size, who lies outside, and whether the areas differ by more than
chance."""

import numpy as np
import pytest

from care.programme.funnel import (
    ABOVE,
    BELOW,
    FAR,
    FAR_ABOVE,
    FAR_BELOW,
    NEAR,
    WITHIN,
    AreaRate,
    limits,
    over_dispersion,
    places_of,
    spread_by_chance,
)

RATE = 0.02
CASES = [
    # SAM found, of so many measured, where 2 % have it.
    (0, 100, WITHIN),
    (0, 250, BELOW),
    (0, 400, FAR_BELOW),
    (1, 250, WITHIN),
    (2, 250, WITHIN),
    (9, 250, WITHIN),
    (10, 250, ABOVE),
    (13, 250, FAR_ABOVE),
    # The same 5 % is chance among 20 children and far above it among 1,000.
    (1, 20, WITHIN),
    (50, 1_000, FAR_ABOVE),
]


@pytest.mark.parametrize(("events", "size", "place"), CASES)
def test_an_area_is_judged_at_its_own_size(events, size, place):
    assert places_of([AreaRate("a", events, size)], RATE) == [place]


def test_limits_hold_the_share_that_they_promise():
    """By the binomial itself: at most 2.5 % (0.1 %) of a size's counts lie beyond either line, give
    or take the one count that the line goes through."""
    from scipy.stats import binom

    for cover in (NEAR, FAR):
        for rate in (0.02, 0.1, 0.6):
            sizes = np.array([10, 40, 250, 2_000])
            low, high = limits(rate, sizes, cover)
            for n, bottom, top in zip(sizes, low, high, strict=True):
                tail = (1 - cover) / 2
                surely_above = binom.sf(np.ceil(top * n), n, rate)
                surely_below = binom.cdf(np.floor(bottom * n) - 1, n, rate)
                assert surely_above <= tail and surely_below <= tail
                assert binom.sf(np.floor(top * n) - 1, n, rate) >= tail
                assert 0 <= bottom <= rate <= top <= 1


def test_limits_narrow_with_size_as_the_normal_has_it_where_counts_are_large():
    sizes = np.array([2_000, 8_000, 32_000])
    low, high = limits(0.3, sizes, NEAR)
    expected = 1.96 * np.sqrt(0.3 * 0.7 / sizes)
    assert np.allclose(high - 0.3, expected, rtol=0.02)
    assert np.allclose(0.3 - low, expected, rtol=0.02)


def areas(spread, many=300, seed=1):
    """Areas of 50 to 400 children whose own rates lie so far apart around 10 %."""
    dice = np.random.default_rng(seed)
    found = []
    for at, size in enumerate(dice.integers(50, 400, many)):
        rate = 0.1 if spread == 0 else dice.beta(0.1 / spread, 0.9 / spread)
        found.append(AreaRate(str(at), int(dice.binomial(size, rate)), int(size)))
    return found


def test_areas_that_differ_by_chance_alone_are_said_to_and_others_are_not():
    by_chance = [over_dispersion(areas(0.0, seed=seed), 0.1) for seed in range(20)]
    assert 0.9 < np.mean(by_chance) < 1.1
    assert sum(one > spread_by_chance(300) for one in by_chance) <= 1
    apart = [over_dispersion(areas(0.03, seed=seed), 0.1) for seed in range(5)]
    assert min(apart) > 2 > spread_by_chance(300)


def test_one_outlying_area_makes_no_spread():
    found = areas(0.0)
    with_outlier = [*found, AreaRate("x", 200, 250)]
    assert over_dispersion(with_outlier, 0.1) == pytest.approx(over_dispersion(found, 0.1), rel=0.1)


def test_of_few_areas_and_of_all_or_none_nothing_is_said_of_spread():
    assert over_dispersion(areas(0.0, many=9), 0.1) is None
    assert over_dispersion(areas(0.0), 0.0) is None
