"""Capture and recapture by hand: how many neither list knows, how sure that is, and how far a wrong
assumption moves it."""

from math import comb

import numpy as np
import pytest

from care.triangulation.capture_recapture import ASSUMPTIONS, estimate, neither, sensitivities


@pytest.mark.parametrize(
    "here, there, both, by_hand",
    [
        (60, 50, 30, 61 * 51 / 31 - 1 - 80),  # 99.4 in all, 80 known
        (40, 40, 40, 0.0),  # each list is the other: nobody is missing
        (20, 10, 10, 0.0),  # one list within the other
        (9, 9, 7, 10 * 10 / 8 - 1 - 11),
    ],
)
def test_chapmans_arithmetic(here, there, both, by_hand):
    assert neither(here, there, both) == pytest.approx(by_hand)
    found = estimate(here, there, both)
    assert found.neither == pytest.approx(by_hand) and found.known == here + there - both
    assert found.low <= max(by_hand, 0.0) + 1 and found.high >= by_hand


def chance(both: int, whole: int, here: int, there: int) -> float:
    """Of all ways to draw the second list, the share with so many of the first in it."""
    return comb(here, both) * comb(whole - here, there - both) / comb(whole, there)


def test_the_interval_holds_the_sizes_under_which_the_overlap_is_no_surprise():
    here, there, both = 30, 24, 15
    known = here + there - both
    believable = []
    for whole in range(known, 200):
        fewer = sum(chance(m, whole, here, there) for m in range(both + 1))
        more = sum(chance(m, whole, here, there) for m in range(both, there + 1))
        if fewer >= 0.025 and more >= 0.025:
            believable.append(whole - known)
    found = estimate(here, there, both)
    assert (found.low, found.high) == (believable[0], believable[-1])
    assert believable == list(range(found.low, found.high + 1))


def test_too_few_in_both_is_no_estimate():
    assert estimate(50, 50, 6) is None
    assert estimate(50, 50, 7) is not None
    assert estimate(0, 0, 0) is None


def test_the_interval_covers_the_truth_as_often_as_it_says():
    draw = np.random.default_rng(4)
    covered, estimates = 0, []
    for _ in range(400):
        here, there = draw.random(200) < 0.6, draw.random(200) < 0.5
        found = estimate(int(here.sum()), int(there.sum()), int((here & there).sum()))
        hidden = int((~here & ~there).sum())
        covered += found.low <= hidden <= found.high
        estimates.append(found.neither - hidden)
    assert covered / 400 >= 0.93
    assert abs(np.mean(estimates)) < 1.5


def test_wrong_links_and_dependent_lists_move_it_the_way_they_say():
    found = estimate(60, 50, 30)
    moved = {one.name: one.neither for one in sensitivities(found, waiting=4)}
    assert moved["one_link_false"] == pytest.approx(61 * 51 / 30 - 1 - 81)
    assert moved["one_link_missing"] == pytest.approx(61 * 51 / 32 - 1 - 79)
    assert moved["all_waiting_same"] == pytest.approx(61 * 51 / 35 - 1 - 76)
    assert moved["links_5_percent_missing"] < found.neither < moved["links_5_percent_false"]
    assert moved["likelier_if_known"] == pytest.approx(2 * found.neither)
    assert len(ASSUMPTIONS) == 5


def test_lists_that_depend_on_each_other_hide_as_many_as_the_odds_say():
    """A table of two by two with an odds ratio of 2 and 100 on neither: assuming independence finds
    half of them."""
    both, here_only, there_only, hidden = 200, 100, 100, 100
    assert both * hidden / (here_only * there_only) == 2
    found = estimate(both + here_only, both + there_only, both)
    moved = {one.name: one.neither for one in sensitivities(found, waiting=0)}
    assert found.neither == pytest.approx(hidden / 2, abs=1)
    assert moved["likelier_if_known"] == pytest.approx(hidden, abs=2)
