"""Champion against challenger: the same rows, children drawn once for both, and what is said of
it."""

from dataclasses import replace

import numpy as np
import pytest
from training.fitting import fit as _f

_f.THREADS = 2


from features.clock import Clock
from features.trajectory.context import Context
from models.targets import RELAPSE
from tests.support.tiny_registry import tiny_registry
from training.checks.of_figures import against_champion
from training.evaluation.challenge import Challenge, challenge, paired
from training.evaluation.scored_rows import LATER, of_matrix
from training.evaluation.visit_lists import paired_lists
from training.fitting import fit, pipeline
from training.fitting.calibrate import calibrate
from training.metrics.discrimination import Estimate


@pytest.fixture(scope="module")
def clock():
    return Clock(tiny_registry(600, admitted_over=1_200))


@pytest.fixture(scope="module")
def context(clock):
    return Context(clock)


@pytest.fixture(scope="module")
def learned(clock, context):
    """A training with few trees, which these records are taught by as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "MOST_TREES", 20)
        patch.setattr(
            pipeline, "with_interval", lambda fitted, *rest, **more: (made_of(fitted), {})
        )
        until = clock.registry.recorded_until + 1
        return pipeline.learn(clock, RELAPSE, until=until, context=context)


def made_of(fitted):
    """The calibrator without the refits that its interval takes."""
    return calibrate(fitted.held_out)


def named(bundle, version, **changes):
    """The bundle, and its rehearsal, under another version and with these changes."""
    rehearsal = bundle.rehearsal and replace(bundle.rehearsal, **changes)
    return replace(bundle, version=version, rehearsal=rehearsal, **changes)


@pytest.fixture(scope="module")
def champion(learned):
    return named(learned.bundle, "champion")


@pytest.fixture(scope="module")
def challenger(learned):
    """Another blend of the same halves."""
    return named(learned.bundle, "challenger", trees=1.0 - 0.5 * learned.bundle.trees)


def judged_as(learned, risk_of):
    """The training's own rows with risks as `risk_of` makes them."""
    told = of_matrix(learned.bundle, learned.rows, learned.features, block=LATER)
    return replace(told, risk=risk_of(told))


def noisy(told, spread):
    noise = np.random.default_rng(2).normal(0, spread, len(told.risk))
    return 1 / (1 + np.exp(-(told.log_odds + noise)))


def test_the_difference_is_paired_on_the_same_children(learned):
    """Nearly the same model: the interval of the difference is far narrower than of either AUC."""
    one = judged_as(learned, lambda told: told.risk)
    other = judged_as(learned, lambda told: noisy(told, 0.05))
    found = paired(one, other)
    more, alone = found["more"]["auc"], found["challenger"]["auc"]
    assert more.value == pytest.approx(alone.value - found["champion"]["auc"].value)
    assert more.high - more.low < 0.2 * (alone.high - alone.low)


def test_the_same_model_is_neither_better_nor_worse(learned):
    same = judged_as(learned, lambda told: told.risk)
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


def test_two_bundles_are_compared_on_rows_that_neither_learnt_from(
    clock, context, learned, champion, challenger
):
    told = challenge(clock, challenger, champion, context=context)
    assert isinstance(told, Challenge), told
    assert (told.challenger_bundle, told.champion_bundle) == ("challenger", "champion")
    later = learned.rows.take(np.flatnonzero(learned.later_on))
    assert told.children <= len(np.unique(later.child)) and told.events >= 20
    assert told.more["auc"].low <= told.more["auc"].value <= told.more["auc"].high
    turned = challenge(clock, champion, challenger, context=context)
    assert turned.more["auc"].value == pytest.approx(-told.more["auc"].value)
    assert [row["capacity"] for row in told.lists] == [10, 20, 30]
    assert told.as_dict()["more"]["auc"]["value"] == told.more["auc"].value


@pytest.mark.parametrize("foreign_challenges", [pytest.param(True, marks=pytest.mark.soak), False])
def test_a_model_from_elsewhere_is_compared_where_the_home_one_is_judged(
    clock, context, champion, challenger, foreign_challenges
):
    """Not on all of this registry's rows, from which the home model learnt."""
    facts = champion.facts | {"registry_id": "another", "trained_until": "2030-01-01"}
    foreign = replace(challenger, facts=facts, rehearsal=None)
    pair = (foreign, champion) if foreign_challenges else (champion, foreign)
    told = challenge(clock, *pair, context=context)
    both_home = challenge(clock, challenger, champion, context=context)
    assert isinstance(told, Challenge), told
    assert (told.block, told.rows) == (both_home.block, both_home.rows)


def test_without_a_rehearsal_there_is_nothing_to_compare_by(clock, champion, challenger):
    facts = champion.facts | {"not_rehearsed": "too few events to rehearse: 3"}
    few = replace(challenger, facts=facts | {"trained_until": "2030-01-01"}, rehearsal=None)
    assert challenge(clock, few, champion) == "too few events to rehearse: 3"


def test_lists_of_the_same_model_find_the_same(clock, context, learned):
    rows = learned.rows.take(np.flatnonzero(learned.rows.landmark == 0))
    one_day = replace(rows, day=np.full(len(rows.day), rows.day.max(), np.int32))
    table = paired_lists(clock, one_day, learned.bundle, learned.bundle, context=context)
    assert all(row["more"] in (0.0, None) for row in table)
