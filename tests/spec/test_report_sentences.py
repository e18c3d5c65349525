"""What the report tells beside its main figures: places of the missed, who is not scored, plain
names, net benefit."""

import numpy as np

from features.trajectory.catalogue import CATALOGUE
from models.scoring import WHY_NOT
from tests.support import trained_models as made
from training.evaluation.importance import plainly
from training.evaluation.scored_rows import LATER, of_matrix
from training.metrics.missed_ranks import missed_places, places
from training.metrics.usefulness import net_benefit
from training.report.figures_told import THRESHOLDS, decisions
from training.report.glossary import WHY_NOT_WORDS, not_scored


def test_places_of_the_missed_by_hand():
    assert places(np.array([0.5, 0.9, 0.1, 0.5])).tolist() == [2.5, 1.0, 4.0, 2.5]
    lists = [np.arange(10), np.arange(10, 20), np.arange(20, 22)]
    by, happened = -np.arange(22.0), np.zeros(22, int)
    happened[[0, 2, 3, 9, 11, 13, 17, 21]] = 1
    told = missed_places(lists, by, happened, capacity=2)
    # Of lists of ten, two visited: missed on places 3, 4, 10 and 4, 8; the list of two is visited
    # whole.
    assert told == {
        "missed": 5,
        "p25": 4.0,
        "p50": 4.0,
        "p75": 8.0,
        "within_twice": 0.6,
        "lowest_half": 0.4,
        "length": 10.0,
    }
    assert missed_places(lists, by, np.zeros(22, int), capacity=2) is None


def test_columns_are_named_in_plain_words():
    named = [plainly(feature) for feature in CATALOGUE]
    assert len(set(named)) == len(named)
    for jargon in (
        "shrunken",
        "logarithm",
        "noise",
        "velocity",
        "standard deviation",
        "the same of",
        "the two",
    ):
        assert not [name for name in named if jargon in name], jargon
    assert plainly(next(one for one in CATALOGUE if one.name == "whz_slope_90")) == (
        "trend of WHZ over the last 90 days [z per 30 days]"
    )


def test_who_cannot_be_scored_is_told_with_the_reason():
    assert not_scored({}, 0) == ""
    told = not_scored({"left": 2, "no_weight_in_a_year": 5}, 3)
    assert told == (
        "7 more could not be scored: not weighed for a year (5), had left (2); 3 of the children "
        "were never scored"
    )
    assert set(WHY_NOT_WORDS) == set(WHY_NOT) - {"", "no_model"}


def test_the_decision_curve_has_an_interval_and_says_where_the_model_is_surely_better():
    what = made.learned()
    judged = of_matrix(what.bundle, what.rows, what.features, block=LATER)
    told = decisions(judged)
    own = net_benefit(judged.risk, judged.happened, judged.weight, thresholds=THRESHOLDS)["model"]
    np.testing.assert_array_equal(told["model"], own)
    assert (
        np.all(told["low"] <= told["high"])
        and np.mean((told["low"] <= own) & (own <= told["high"])) > 0.9
    )
    at = np.flatnonzero(np.isclose(THRESHOLDS, told["better_from"]))[0]
    assert own[at] > max(told["visit_all"][at], told["WHZ under -2"][at], 0.0)
