"""Spec: weights for children lost to follow-up, told from the child's own facts; the end of the
records apart. Small made-up cohorts, in which who is lost is known exactly."""

from __future__ import annotations

import numpy as np
import pytest

from features.trajectory.catalogue import NAMES
from models.targets import CENSORED, DID_NOT_HAPPEN, HAPPENED, RELAPSE
from registry.contract.registry import NEVER
from training.cohorts import loss
from training.cohorts.censoring import BY_CURVE, BY_FACTS, MOST_WEIGHT, weighed, weights
from training.cohorts.landmarks import Cohort
from training.cohorts.lives import Outcomes
from training.cohorts.loss import followed
from training.metrics.event_share import doubly_robust

HORIZON, INDEX_ON = RELAPSE.horizon, 20_000
SELDOM, OFTEN = 0.0, 6.0


def made_up(outcome, time, *, seldom, landmark=0, index_on=INDEX_ON, labels_until=None):
    """(a cohort of one row a child, its features: how often it was weighed, and nothing else)."""
    n = len(outcome)
    never, zero = np.full(n, NEVER, np.int32), np.zeros(n, np.int8)
    index_on = np.broadcast_to(np.asarray(index_on, np.int32), n)
    landmark = np.broadcast_to(np.asarray(landmark, np.int32), n)
    child, day = np.arange(n, dtype=np.int32), (index_on + landmark).astype(np.int32)
    found = Outcomes(
        *(child, index_on, never, zero, outcome, never, never, day + time, never, never),
        zero,
        np.ones(n, bool),
    )
    matrix = np.full((n, len(NAMES)), np.nan)
    matrix[:, NAMES.index("weighings_90")] = np.where(seldom, SELDOM, OFTEN)
    rows = Cohort(
        RELAPSE,
        found,
        np.arange(n),
        child,
        day,
        landmark,
        outcome,
        time,
        HORIZON - landmark,
        labels_until=labels_until,
    )
    return rows, matrix


def lost_by_group():
    """400 children weighed seldom, of whom 40 % relapse on day 100 and half are lost on day 50
    (of those who relapse and those who do not alike); 400 weighed often, 10 % and one in
    twenty."""
    happened, lost, seldom = [], [], []
    for rarely, events, one_in in ((True, 160, 2), (False, 40, 20)):
        number = np.arange(400)
        happened.append(number < events)
        lost.append(number % one_in == 0)
        seldom.append(np.full(400, rarely))
    happened, lost, seldom = (np.concatenate(of) for of in (happened, lost, seldom))
    outcome = np.where(lost, CENSORED, np.where(happened, HAPPENED, DID_NOT_HAPPEN))
    time = np.where(lost, 50, np.where(happened, 100, HORIZON))
    return outcome.astype(np.int8), time, seldom


def share(rows, weight):
    return np.average(rows.outcome == HAPPENED, weights=weight)


def test_a_fact_that_one_child_alone_has_changes_no_other_ones_weight():
    outcome, time, seldom = lost_by_group()
    rows, matrix = made_up(outcome, time, seldom=seldom)
    column = next(name for name in loss.COLUMNS if np.isnan(matrix[:, NAMES.index(name)]).all())
    without = weighed(rows, matrix).weight
    matrix[0, NAMES.index(column)] = 1.0
    np.testing.assert_allclose(weighed(rows, matrix).weight[1:], without[1:], rtol=0.05)


def test_one_curve_is_biased_where_loss_goes_with_a_fact_and_the_facts_are_not():
    outcome, time, seldom = lost_by_group()
    rows, matrix = made_up(outcome, time, seldom=seldom)
    by_curve, by_facts = weights(rows), weighed(rows, matrix)

    # Of 800 children 200 relapse. Left: 80 of 200, and 38 of 380.
    assert share(rows, by_curve) == pytest.approx(118 / 580, abs=1e-9)
    assert share(rows, by_facts.weight) == pytest.approx(0.25, abs=0.003)
    assert by_facts.by == BY_FACTS and by_facts.auc > 0.7
    seen = by_facts.weight[rows.outcome != CENSORED]
    often = ~seldom[rows.outcome != CENSORED]
    assert seen[~often].mean() == pytest.approx(2.0, rel=0.03)
    assert seen[often].mean() == pytest.approx(1 / 0.95, rel=0.03)
    assert (by_facts.weight[rows.outcome == CENSORED] == 0).all()


def test_what_is_told_of_the_weights():
    outcome, time, seldom = lost_by_group()
    rows, matrix = made_up(outcome, time, seldom=seldom)
    told = weighed(rows, matrix)

    assert told.known == 580 and told.lost == pytest.approx(220 / 800)
    assert told.weight.sum() == pytest.approx(800)
    # Kish: (200 x 2 + 380 / 0.95)^2 / (200 x 4 + 380 / 0.95^2).
    assert told.effective == pytest.approx(800**2 / (800 + 380 / 0.95**2), rel=0.02)
    assert told.largest == told.weight.max() and told.truncated == 0
    assert told.told()["words"] == told.words
    assert f"580 rows are worth {told.effective:.0f}" in told.words and "held at 20" in told.words


def test_no_weight_exceeds_the_bound_and_the_share_held_there_is_told():
    """Of 1,000 children weighed seldom 99 in 100 are lost: each left stands for a hundred."""
    number = np.arange(2000)
    seldom = number < 1000
    lost = seldom & (number % 100 != 0)
    outcome = np.where(lost, CENSORED, DID_NOT_HAPPEN).astype(np.int8)
    rows, matrix = made_up(outcome, np.where(lost, 50, HORIZON), seldom=seldom)
    told = weighed(rows, matrix)
    assert told.by == BY_FACTS

    assert told.largest == MOST_WEIGHT
    assert told.truncated == pytest.approx(10 / 1010)


def test_uncensored_children_weigh_one():
    outcome, time, seldom = lost_by_group()
    kept = outcome != CENSORED
    rows, matrix = made_up(outcome[kept], time[kept], seldom=seldom[kept])

    np.testing.assert_array_equal(weights(rows, matrix), np.ones(kept.sum()))


def test_few_lost_children_have_one_curve():
    outcome, time, seldom = lost_by_group()
    some = np.flatnonzero(outcome == CENSORED)[loss.LEAST_LOST - 1 :]
    kept = np.setdiff1d(np.arange(len(outcome)), some)
    rows, matrix = made_up(outcome[kept], time[kept], seldom=seldom[kept])
    told = weighed(rows, matrix)

    assert told.by == BY_CURVE and told.auc is None
    np.testing.assert_array_equal(told.weight, weights(rows))


def _share_of_first(days, lost):
    """The share followed of child 0, with everything else as in `lost_by_group`."""
    outcome, time, seldom = lost_by_group()
    all_lost = outcome == CENSORED
    time[0], all_lost[0] = days, lost
    _, matrix = made_up(outcome, time, seldom=seldom)
    nothing = np.zeros(len(time), np.int32)
    found = followed(matrix, days=time, lost=all_lost, landmark=nothing, child=np.arange(len(time)))
    return found.share


def test_a_childs_own_rows_never_tell_its_own_loss():
    """Whether it was lost or not on day 56: the share is that of the others either way."""
    assert _share_of_first(56, True)[0] == _share_of_first(56, False)[0]
    others = _share_of_first(56, True) != _share_of_first(56, False)
    assert others[1:].any()


def test_nothing_after_a_rows_own_last_day_touches_its_weight():
    """Known on day 28 or followed on to day 140: the share on day 28 is the same, since later
    periods only take away."""
    shares = [_share_of_first(days, False)[0] for days in (28, 56, 84, 140)]
    assert all(np.diff(shares) < 0)
    outcome, time, seldom = lost_by_group()
    rows, matrix = made_up(outcome, time, seldom=seldom)
    later = rows.outcomes._replace(
        **{name: np.full(len(time), 1) for name in ("known_on", "gone_on", "closed_on")}
    )
    changed = Cohort(**{**vars(rows), "outcomes": later})
    np.testing.assert_array_equal(weights(changed, matrix), weights(rows, matrix))


def test_the_end_of_the_records_is_no_loss():
    """Discharges of the last 246 days have no part, though some of their events are known; what is
    estimated of the others does not change."""
    outcome, time, seldom = lost_by_group()
    rows, matrix = made_up(outcome, time, seldom=seldom)
    alone = weighed(rows, matrix)
    until = INDEX_ON + RELAPSE.label_days
    n = len(outcome)
    both = [np.concatenate([of, of]) for of in (outcome, time, seldom)]
    young = np.repeat([INDEX_ON, INDEX_ON + 1], n)
    # Of the young ones only events are known yet.
    both[0][n:] = np.where(both[0][n:] == HAPPENED, HAPPENED, CENSORED)
    rows, matrix = made_up(both[0], both[1], seldom=both[2], index_on=young, labels_until=until)
    found = weighed(rows, matrix)

    assert (found.weight[n:] == 0).all()
    np.testing.assert_array_equal(found.weight[:n], alone.weight)
    assert found.lost == alone.lost


def test_the_doubly_robust_share_needs_one_of_both_models():
    """With the true risk of each group the share is right under weights of one, and with a wrong
    risk under the right weights."""
    outcome, time, seldom = lost_by_group()
    rows, matrix = made_up(outcome, time, seldom=seldom)
    known = rows.outcome != CENSORED
    happened = (rows.outcome == HAPPENED).astype(float)
    true_risk, flat = np.where(seldom, 0.4, 0.1), np.full(len(seldom), 0.9)

    risk_right = doubly_robust(true_risk, happened, known.astype(float))
    weight_right = doubly_robust(flat, happened, weights(rows, matrix))
    assert risk_right == pytest.approx(0.25, abs=1e-9)
    assert weight_right == pytest.approx(0.25, abs=0.003)
    assert doubly_robust(flat, happened, weights(rows)) != pytest.approx(0.25, abs=0.03)
