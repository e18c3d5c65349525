"""Champion against challenger: the same rows, children drawn once for both, and what is said of
it."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support import trained_models as made
from training.checks.of_figures import against_champion
from training.evaluation.challenge import Challenge, challenge, paired
from training.evaluation.scored_rows import LATER, of_matrix
from training.evaluation.visit_lists import paired_lists
from training.metrics.discrimination import Estimate


def judged_as(risk_of):
    """The training's own rows with risks as `risk_of` makes them."""
    what = made.learned()
    told = of_matrix(what.bundle, what.rows, what.features, block=LATER)
    return replace(told, risk=risk_of(told))


def noisy(told, spread):
    noise = np.random.default_rng(2).normal(0, spread, len(told.risk))
    return 1 / (1 + np.exp(-(told.log_odds + noise)))


def test_the_difference_is_paired_on_the_same_children():
    """Nearly the same model: the interval of the difference is far narrower than of either AUC."""
    one, other = judged_as(lambda told: told.risk), judged_as(lambda told: noisy(told, 0.05))
    found = paired(one, other)
    more, alone = found["more"]["auc"], found["challenger"]["auc"]
    assert more.value == pytest.approx(alone.value - found["champion"]["auc"].value)
    assert more.high - more.low < 0.2 * (alone.high - alone.low)


def test_the_same_model_is_neither_better_nor_worse():
    same = judged_as(lambda told: told.risk)
    more = paired(same, same)["more"]["auc"]
    assert (more.value, more.low, more.high) == (0.0, 0.0, 0.0)


# AUC's difference, its interval | the interval of events found by 100 visits | what is said
SAID = [
    ((0.03, 0.01, 0.05), (0.0, 0.1), "pass"),
    ((0.01, -0.02, 0.04), (-0.1, 0.1), "tip"),
    ((-0.03, -0.05, -0.01), (-0.1, 0.1), "issue"),
    ((0.03, 0.01, 0.05), (-0.2, -0.1), "issue"),
    ((0.03, 0.01, 0.05), (None, None), "pass"),
]


@pytest.mark.parametrize(("more", "visits", "outcome"), SAID)
def test_what_a_comparison_comes_to(more, visits, outcome):
    of = {"auc": Estimate(0.8, 0.75, 0.85)}
    row = {"capacity": 20, "more": 0.0, "low": visits[0], "high": visits[1]}
    told = Challenge("a", "b", "later", 100, 60, 25, of, of, {"auc": Estimate(*more)}, [row])
    found = against_champion(told)
    assert found.outcome == outcome and "25 events" in found.message


def test_what_cannot_be_compared_is_an_issue():
    found = against_champion("too few events to rehearse: 3")
    assert found.outcome == "issue" and "too few events to rehearse: 3" in found.message


def test_two_bundles_are_compared_on_rows_that_neither_learnt_from():
    champion = replace(made.carded(), version="champion")
    challenger = replace(made.carded(seed=2), version="challenger")
    told = challenge(made.clock(), challenger, champion, context=made.context())
    assert isinstance(told, Challenge), told
    assert (told.challenger_bundle, told.champion_bundle) == ("challenger", "champion")
    assert told.more["auc"].low <= told.more["auc"].value <= told.more["auc"].high
    turned = challenge(made.clock(), champion, challenger, context=made.context())
    assert turned.more["auc"].value == pytest.approx(-told.more["auc"].value)
    assert [row["capacity"] for row in told.lists] == [10, 20, 30]
    assert told.as_dict()["more"]["auc"]["value"] == told.more["auc"].value


@pytest.mark.parametrize("foreign_challenges", [True, False])
def test_a_model_from_elsewhere_is_compared_where_the_home_one_is_judged(foreign_challenges):
    """Not on all of this registry's rows, from which the home model learnt."""
    home = replace(made.carded(), version="home")
    facts = made.carded(seed=2).facts | {"registry_id": "another", "trained_until": "2030-01-01"}
    foreign = replace(made.carded(seed=2), version="foreign", facts=facts, rehearsal=None)
    pair = (foreign, home) if foreign_challenges else (home, foreign)
    told = challenge(made.clock(), *pair, context=made.context())
    assert isinstance(told, Challenge), told
    assert told.block == challenge(made.clock(), home, home, context=made.context()).block


def test_without_a_rehearsal_there_is_nothing_to_compare_by():
    facts = made.carded().facts | {"not_rehearsed": "too few events to rehearse: 3"}
    late = facts | {"trained_until": "2026-11-01"}
    few = replace(made.carded(), facts=late, rehearsal=None, version="few")
    told = challenge(made.clock(), few, replace(made.carded(), version="b"))
    assert told == "too few events to rehearse: 3"


def test_lists_of_the_same_model_find_the_same():
    what = made.learned()
    rows = what.rows.take(np.flatnonzero(what.rows.landmark == 0))
    one_day = replace(rows, day=np.full(len(rows.day), rows.day.max(), np.int32))
    table = paired_lists(made.clock(), one_day, what.bundle, what.bundle, context=made.context())
    assert all(row["more"] in (0.0, None) for row in table)
