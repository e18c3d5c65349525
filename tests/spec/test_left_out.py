"""Internal-external validation: what areas say together, and what a model without an area learns
from."""

from __future__ import annotations

import numpy as np
import pytest

from features.clock import Clock
from features.kaplan_meier import kaplan_meier
from features.trajectory.context import Context
from models.targets import NON_RESPONSE
from registry.contract.errors import BadInput, UsageError
from tests.support.tiny_registry import tiny_registry
from training.cohorts.landmarks import Cohort
from training.evaluation.scored_rows import learnt_from
from training.fitting import fit, pipeline
from training.fitting.calibrate import calibrate
from training.metrics.cumulative_incidence import EVENT, LOST, OTHER_END, cumulative_incidence
from training.metrics.random_effects import between_areas, together
from training.validation import left_out
from training.validation.by_day import ends, shares_by
from training.validation.left_out import areas_of, leave_out

BCG = np.array(
    [
        (4, 119, 11, 128),
        (6, 300, 29, 274),
        (3, 228, 11, 209),
        (62, 13536, 248, 12619),
        (33, 5036, 47, 5761),
        (180, 1361, 372, 1079),
        (8, 2537, 10, 619),
        (505, 87886, 499, 87892),
        (29, 7470, 45, 7232),
        (17, 1699, 65, 1600),
        (186, 50448, 141, 27197),
        (5, 2493, 3, 2338),
        (27, 16886, 29, 17825),
    ],
    float,
)
"""Colditz et al. 1994: cases and others, vaccinated and not, of thirteen trials of BCG."""


def test_areas_together_are_the_textbooks():
    """metafor's `dat.bcg` by REML (Viechtbauer 2010, J Stat Softw 36(3)): mean -0.7145, variance
    between trials 0.3132."""
    cases, others, cases_without, others_without = BCG.T
    risk = np.log(cases / (cases + others) / (cases_without / (cases_without + others_without)))
    variance = (
        1 / cases - 1 / (cases + others) + 1 / cases_without - 1 / (cases_without + others_without)
    )
    found = together(risk, np.sqrt(variance))
    assert between_areas(risk, variance) == pytest.approx(0.3132, abs=2e-4)
    assert found.mean.value == pytest.approx(-0.7145, abs=1e-4) and found.areas == 13
    assert found.next_low < found.mean.low < found.mean.high < found.next_high


def test_areas_that_differ_by_chance_alone_are_one():
    found = together(np.array([0.71, 0.70, 0.69, 0.70]), np.full(4, 0.05))
    assert found.between == 0 and found.mean.value == pytest.approx(0.70)


def test_two_areas_say_nothing_of_the_next_and_one_has_no_interval():
    two, one = (together(np.full(many, 0.7), np.full(many, 0.1)) for many in (2, 1))
    assert np.isnan(two.next_low) and two.mean.low < 0.7 < two.mean.high
    assert one.mean.value == 0.7 and np.isnan(one.mean.low)


def test_the_share_by_day_counts_what_else_may_come_first():
    days, ended = np.array([5, 9, 5, 7]), np.array([EVENT, EVENT, OTHER_END, LOST])
    found = cumulative_incidence(days, ended, np.array([4, 5, 8, 9, 99]))
    assert found == pytest.approx([0, 1 / 4, 1 / 4, 3 / 4, 3 / 4])


def test_without_another_end_the_share_is_one_less_the_kaplan_meier_curve():
    random = np.random.default_rng(2)
    days, event = random.integers(1, 40, 300), random.random(300) < 0.6
    day, still = kaplan_meier(days, event)
    assert cumulative_incidence(days, np.where(event, EVENT, LOST), day) == pytest.approx(1 - still)


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock(tiny_registry(420))


@pytest.fixture(scope="module")
def bundle(clock):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "MOST_TREES", 10)
        patch.setattr(
            pipeline, "with_interval", lambda of, *rest, **more: (calibrate(of.held_out), {})
        )
        patch.setattr(pipeline, "why_not_rehearsed", lambda *blocks: "not asked for here")
        until = clock.registry.recorded_until + 1
        return pipeline.learn(clock, NON_RESPONSE, until=until).bundle


@pytest.fixture(scope="module")
def ran(clock, bundle, tmp_path_factory):
    """(children that each refit learnt from, what was said, the figures, the same asked again) of a
    validation by sector that was broken off before its second area, and went on."""
    learnt: list[set[int]] = []
    heard: list[str] = []

    def noted(examples, **how):
        learnt.append(set(np.unique(examples.child)))
        return fit.fit(examples, **how)

    def stop(text: str) -> None:
        if "without T" in text:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "MOST_TREES", 10)
        patch.setattr(left_out, "fit", noted)
        patch.setattr(left_out, "REPEATS", 40)
        asked = {"by": "sector", "context": Context(clock), "folder": tmp_path_factory.mktemp("k")}
        with pytest.raises(KeyboardInterrupt):
            leave_out(clock, bundle, **asked, said=stop)
        assert len(learnt) == 1
        whole = leave_out(clock, bundle, **asked, said=heard.append)
        return learnt, heard, whole, leave_out(clock, bundle, **asked)


def test_an_area_is_judged_by_a_model_that_never_saw_its_children(clock, bundle, ran):
    learnt, _, found, _ = ran
    rows = learnt_from(clock, bundle)
    area = areas_of(clock, rows, "sector")

    assert [one.area for one in found.areas] == ["S", "T"]
    for one, children in zip(found.areas, learnt, strict=True):
        assert children and not children & set(rows.child[area == one.area])
        assert one.auc.low <= one.auc.value <= one.auc.high and one.auc.value > 0.6
    assert sum(one.events for one in found.areas) == len(np.unique(rows.index[rows.outcome == 1]))


def test_what_was_broken_off_goes_on_with_the_next_area(ran):
    learnt, heard, whole, again = ran
    assert len(learnt) == 2 and "without S, 1 of 2 (kept)" in heard[0]
    assert again.areas == whole.areas


def test_areas_that_are_none_or_one_are_refused(clock, bundle, tmp_path):
    with pytest.raises(UsageError, match="EVA014"):
        leave_out(clock, bundle, by="village", context=Context(clock), folder=tmp_path)
    with pytest.raises(BadInput, match="EVA015"):
        leave_out(clock, bundle, by="district", context=Context(clock), folder=tmp_path)


def test_rows_end_by_the_event_by_another_end_or_at_the_horizon(clock, bundle):
    rows = learnt_from(clock, bundle)
    rows = rows.take(np.flatnonzero(rows.landmark == 0))
    time, ended = ends(rows)
    cured = rows.outcomes.closed_on[rows.index] - rows.day
    answered = (rows.outcome == 0) & (rows.time < rows.remaining)
    assert answered.any() and (ended[answered] == OTHER_END).all()
    assert np.array_equal(time[answered], cured[answered])
    assert ((ended == EVENT) == (rows.outcome == 1)).all()


def test_the_share_before_a_day_is_that_of_the_events_learnt_from(clock, bundle):
    rows: Cohort = learnt_from(clock, bundle)
    days = np.array([30, rows.target.horizon])
    early, whole = shares_by(rows, days)
    assert 0 <= early <= whole == 1
    assert np.isnan(shares_by(None, days)[0]) and shares_by(None, days)[1] == 1
