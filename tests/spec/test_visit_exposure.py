"""Visits as an exposure: an exposure from its own day on, only where it met the child, and rows
that are followed until it stand, weighed, for those like them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from features.clock import Clock
from features.trajectory.context import Context
from models.targets import CENSORED, DID_NOT_HAPPEN, HAPPENED, NON_RESPONSE
from registry.contract.registry import NEVER, day_date
from tests.support.tiny_registry import STAY_DAYS, tiny_registry
from training.checks.evidence import Evidence
from training.checks.in_time import labels_as_contract
from training.cohorts.landmarks import cohort
from training.cohorts.visit_exposure import (
    censored_at_visits,
    first_visit,
    visited_in_time,
    visits_in_words,
    visits_told,
)
from training.commands.drift import Drift
from training.evaluation.drift.drift_views import Ripe, share_visited
from training.evaluation.scored_rows import learnt_from, score_rows
from training.fitting import fit, pipeline
from training.fitting.calibrate import calibrate
from training.fitting.visit_weights import stood_for, weighed

SOME = [f"c{at:04}" for at in range(0, 420, 3)]


def admitted(registry):
    """The day of each child's admission, by id."""
    ids = registry.child_ids.astype(str)
    stays = registry.episodes
    return dict(zip(ids[stays["child"]], stays["admitted_on"].tolist(), strict=True))


def visited(after: int, *, finding="well", by_list=True, known_after: int = 0, children=SOME):
    """A clock over the tiny registry in which some children were visited so many days after their
    admission."""
    start = admitted(tiny_registry(420))
    days = [day_date(start[name] + after).isoformat() for name in children]
    visits = {"child_id": children, "visited_on": days, "finding": [finding] * len(children)}
    if by_list:
        visits["listed_on"] = days
    if known_after:
        visits["recorded_on"] = [
            day_date(start[name] + after + known_after).isoformat() for name in children
        ]
    return Clock(tiny_registry(420, more={"visits": visits}))


def rows_of(clock):
    rows = cohort(clock, NON_RESPONSE, cutoff=clock.registry.recorded_until)
    names = clock.registry.child_ids.astype(str)[rows.child]
    return rows, np.isin(names, SOME)


def test_a_visit_is_an_exposure_from_its_own_day_on():
    clock = visited(20)
    rows, met = rows_of(clock)
    found = first_visit(clock, rows)
    ahead = met & (rows.landmark < 20)
    assert (found[ahead] - rows.day[ahead] == 20 - rows.landmark[ahead]).all()
    assert (found[~ahead] == NEVER).all(), "on its day and after it a visit lies in the past"


@pytest.mark.parametrize("finding", ["away", "moved", "data_wrong"])
def test_a_visit_that_met_nobody_changes_nothing(finding):
    clock = visited(20, finding=finding)
    rows, _ = rows_of(clock)
    assert (first_visit(clock, rows) == NEVER).all()


def test_a_visit_that_no_list_asked_for_ends_nothing():
    clock = visited(20, by_list=False)
    rows, met = rows_of(clock)
    assert (first_visit(clock, rows)[met & (rows.landmark < 20)] < NEVER).all()
    assert not censored_at_visits(clock, rows).visited.any()


def test_a_visit_counts_for_nobody_before_it_was_recorded():
    clock = visited(20, known_after=100)
    rows, met = rows_of(clock)
    day = int(rows.day[met].min()) + 60
    assert (first_visit(clock, rows, known_by=day) == NEVER).all()
    assert (first_visit(clock, rows)[met & (rows.landmark < 20)] < NEVER).all()


def test_rows_are_followed_until_the_visit_and_no_further():
    clock = visited(20)
    rows, met = rows_of(clock)
    found = censored_at_visits(clock, rows)
    ended = met & ((rows.landmark >= 20) | (rows.time > 20 - rows.landmark))
    assert ended.sum() > 200 and np.array_equal(found.visited, ended)
    assert (found.outcome[ended] == CENSORED).all()
    assert (found.time[ended] == np.maximum(20 - rows.landmark[ended], 0)).all()
    assert np.array_equal(found.outcome[~ended], rows.outcome[~ended])
    again = censored_at_visits(clock, found)
    assert np.array_equal(again.visited, found.visited), "asked twice it says the same"
    some = found.take(np.flatnonzero(ended)[:5])
    assert some.visited.all() and len(some.visited) == 5


def test_a_visit_on_the_day_of_the_outcome_found_it():
    clock = visited(STAY_DAYS)
    rows, met = rows_of(clock)
    late = met & (rows.outcome == HAPPENED) & (rows.time == STAY_DAYS - rows.landmark)
    assert late.sum() > 20
    assert not censored_at_visits(clock, rows).visited[late].any()


def test_the_weights_bring_back_the_share_that_choosing_by_risk_took_away():
    """Visited are nine in ten of the highest third by a feature that tells the event: unweighed, and
    weighed by one curve for all, the rows left tell too low a share."""
    random = np.random.default_rng(4)
    rows, _ = rows_of(visited(20))
    rows = rows.take(np.tile(np.flatnonzero(rows.landmark == 0), 12))
    many = len(rows.index)
    score = random.normal(size=many)
    happened = random.random(many) < 1 / (1 + np.exp(1.5 - 1.5 * score))
    chosen = (score > np.quantile(score, 2 / 3)) & (random.random(many) < 0.8)
    left = replace(
        rows,
        child=np.arange(many),
        outcome=np.where(chosen, CENSORED, np.where(happened, HAPPENED, DID_NOT_HAPPEN)),
        time=np.where(chosen, 20, rows.remaining),
        visited=chosen,
    )
    matrix = np.column_stack([score, random.normal(size=(many, 4))])
    weight = weighed(left, matrix).weight
    plain = happened[~chosen].mean()
    told = np.average(happened, weights=weight)
    assert plain < 0.8 * happened.mean() and weight[chosen].sum() == 0
    assert told == pytest.approx(happened.mean(), rel=0.08)
    assert stood_for(weighed(left, matrix)) > 0.92, "the rows left stand for all"
    everybody = replace(
        left,
        outcome=np.where(score > 0, CENSORED, left.outcome),
        time=np.where(score > 0, 20, rows.remaining),
        visited=score > 0,
    )
    assert stood_for(weighed(everybody, matrix)) < 0.7, "of the upper half nobody was left"
    assert "nobody like them" in visits_in_words(
        {"rows_visited": 1, "share_visited": 0.5, "without_visits": True, "share_stood_for": 0.6}
    )


@pytest.fixture(scope="module")
def bundles():
    """(clock, a bundle as if it had learnt with visits, the bundle without, its training) of the
    tiny registry, some of whose children were visited."""
    clock = visited(20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "MOST_TREES", 10)
        patch.setattr(
            pipeline, "with_interval", lambda of, *rest, **more: (calibrate(of.held_out), {})
        )
        patch.setattr(pipeline, "why_not_rehearsed", lambda *blocks: "not asked for here")
        until = clock.registry.recorded_until + 1
        learned = pipeline.learn(clock, NON_RESPONSE, until=until, without_visits=True)
        without = learned.bundle
        rows = learnt_from(clock, replace(without, facts=without.facts | {"without_visits": False}))
        plain = without.facts | visits_told(
            rows, visited_in_time(clock, rows, known_by=until - 1)[0]
        )
        return clock, replace(without, facts=plain), without, learned


def test_a_bundle_says_of_which_risk_it_is(bundles):
    _, with_visits, without, _ = bundles
    plain, facts = with_visits.facts, without.facts
    assert plain["rows_visited"] == facts["rows_visited"] > 200
    assert not plain["without_visits"] and facts["without_visits"]
    assert "--without-visits" in visits_in_words(plain)
    assert "risk is that without visits" in visits_in_words(facts)
    nobody = Clock(tiny_registry(60))
    rows = cohort(nobody, NON_RESPONSE, cutoff=nobody.registry.recorded_until)
    assert visits_in_words(visits_told(rows, visited_in_time(nobody, rows)[0])) == ""


def test_the_check_of_labels_looks_the_visits_up_anew(bundles):
    clock, _, _, learned = bundles
    context = Context(clock)
    assert labels_as_contract(Evidence(clock, learned, context)).outcome == "pass"
    plain = replace(learned.rows, outcome=np.where(learned.rows.visited, 0, learned.rows.outcome))
    of = Evidence(clock, replace(learned, rows=plain), context)
    assert labels_as_contract(of).outcome == "issue"


def test_a_model_without_visits_is_judged_by_outcomes_without_visits(bundles):
    clock, with_visits, without, _ = bundles
    rows = learnt_from(clock, with_visits)
    judged = [
        score_rows(clock, bundle, rows, block="", context=Context(clock))
        for bundle in (with_visits, without)
    ]
    met = judged[1].rows.visited
    assert judged[0].rows.visited is None and met.sum() > 200
    assert (judged[1].weight[met] == 0).all() and (judged[0].weight[met] > 0).any()
    assert judged[1].weight.sum() == pytest.approx(judged[0].weight.sum(), rel=0.15)


def test_drift_tells_visits_from_a_changed_world(bundles):
    clock, with_visits, without, _ = bundles
    rows = learnt_from(clock, with_visits)
    judged = [
        score_rows(clock, bundle, rows, block="", context=Context(clock))
        for bundle in (with_visits, without)
    ]
    told = [share_visited(Ripe(one, visited_in_time(clock, one.rows)[0])) for one in judged]
    assert told[0]["share_visited"] == pytest.approx(with_visits.facts["share_visited"], abs=1e-3)
    assert told[1] == {}, "it is judged by outcomes without visits"
    fewer = Drift(
        "non_response", "b", "2026-03", 90, told[0], reasons=("0.6 times as many events",)
    )
    assert "train again with --without-visits" in fewer.advice and "0.6 times" in fewer.advice
    assert "visits" not in Drift("non_response", "b", "2026-03", 90, {}).advice
