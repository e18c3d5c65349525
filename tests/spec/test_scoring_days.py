"""Spec: rows to learn from on the days on which scores are really made, from records as they really
come in (`training.cohorts.scoring_days`). Day 0 of a story is 2025-06-01."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from features.clock import Clock
from features.trajectory.catalogue import NAMES
from features.trajectory.smoother import DEFAULT_PRIORS
from models.targets import NON_RESPONSE
from registry.contract.registry import day_date, day_number
from tests.support.stories import DAY_0, registry
from tests.support.tiny_registry import tiny_registry
from training.checks.evidence import Evidence
from training.checks.run_checks import CHECKS
from training.cohorts.entry_delay import shares_come_in
from training.cohorts.landmarks import before_split
from training.cohorts.scoring_days import scoring_days
from training.fitting import fit
from training.fitting.examples import Examples, together
from training.fitting.pipeline import learn
from training.fitting.plan import TrainingPlan

UNTIL = DAY_0 + 400
STAY = [{"admitted_on": 9, "closed_on": 90, "outcome": "cured"}]
READINGS = "9 thin, 16 thin, 23 thin, 29 wasted, 44 wasted, 58 well, 72 well, 90 well"
COUNT = NAMES.index("weighings_90")


def asked(of, *, until=UNTIL, labels_before=UNTIL):
    return scoring_days(
        Clock(of), NON_RESPONSE, until=until, labels_before=labels_before, priors=DEFAULT_PRIORS
    )


def known_from(of, day, comes):
    """The registry with the weighing of a day of the story known from another."""
    measured = of.measurements
    known = np.where(measured["measured_on"] == DAY_0 + day, DAY_0 + comes, measured["known_from"])
    return replace(of, measurements=measured.having(known_from=known.astype(np.int32)))


def test_a_stay_is_asked_about_on_each_first_of_the_month_with_what_had_come_in():
    """Admitted on 10 June: asked on 1 July (four weighings) and 1 August (two more); on 1 September
    the stay is over."""
    found = asked(registry(READINGS, episodes=STAY))
    assert [day_date(int(day)).isoformat() for day in found.rows.day] == [
        "2025-07-01",
        "2025-08-01",
    ]
    assert found.rows.landmark.tolist() == [0, 1]
    assert found.matrix[:, COUNT].tolist() == [4.0, 6.0]


def test_a_weighing_that_came_in_later_plays_no_part():
    """The one of 30 June comes in on 15 July: of the row of 1 July it is not known."""
    readings = ", ".join([READINGS, *(f"{day} well" for day in range(100, 240, 7))])
    plain = asked(registry(readings, episodes=STAY))
    later = asked(known_from(registry(readings, episodes=STAY), 29, 44))
    assert later.matrix[:, COUNT].tolist() == [3.0, 6.0]
    np.testing.assert_array_equal(later.matrix[1], plain.matrix[1])


@pytest.mark.parametrize("more", ["200 sam, 230 sam", "31 sam, 33 sam"])
def test_what_is_recorded_after_a_day_does_not_touch_its_row(more):
    plain = asked(registry(READINGS, episodes=STAY))
    other = asked(registry(f"{READINGS}, {more}", episodes=STAY))
    np.testing.assert_array_equal(other.matrix[0], plain.matrix[0])


def test_only_labels_that_end_before_are_learnt_from():
    """The label of a stay of 10 June can use records of 91 days more, up to 9 September."""
    of = registry(READINGS, episodes=STAY)
    ends = DAY_0 + 9 + NON_RESPONSE.label_days
    assert len(asked(of, labels_before=ends).rows.day) == 0
    assert len(asked(of, labels_before=ends + 1).rows.day) == 2


def test_imports_after_the_training_tell_it_nothing():
    """What is imported from `until` on, monthly and late, does not change how late the past is
    taken to have come in."""
    of = tiny_registry(60)
    until = of.recorded_until - 90
    own = of.measurements["measured_on"].astype(np.int64)
    late = np.where(own >= until, own + 25, own)
    after = replace(of, measurements=of.measurements.having(known_from=late.astype(np.int32)))
    one, other = (asked(some, until=until, labels_before=until) for some in (of, after))
    assert one.delay.how == other.delay.how
    np.testing.assert_array_equal(one.rows.day, other.rows.day)
    np.testing.assert_array_equal(one.matrix, other.matrix)


def test_records_come_in_as_late_as_measured():
    """Imports of each month's first; six in ten records come with the first after their day, a
    quarter with the second, the others with the third."""
    imports = np.arange(24) * 30 + 30
    draw = np.random.default_rng(4)
    own = draw.integers(0, 24 * 30, 20_000)
    late = draw.choice(3, len(own), p=[0.6, 0.25, 0.15])
    at = np.searchsorted(imports, own, side="right") + late
    seen = at < len(imports)
    entered = imports[np.minimum(at, len(imports) - 1)]
    come = shares_come_in(own[seen], entered[seen], imports)
    assert come == pytest.approx([0.6, 0.85, 1.0], abs=0.015)


def test_the_newest_records_do_not_make_entries_look_quick():
    """Of two imports the newest has only what came in at once: right truncation is reckoned with,
    and with one import nothing is late."""
    imports = np.array([30, 60, 90])
    own = np.repeat([40, 70], 100)
    entered = np.concatenate([np.repeat([60, 90], 50), np.full(100, 90)])
    assert shares_come_in(own, entered, imports).tolist() == [0.5, 1.0]
    assert shares_come_in(own[:50], entered[:50], imports[:1]).tolist() == [1.0]


def test_both_weigh_together_what_landmarks_weighed_alone():
    def some(count, weight):
        ones = np.ones(count)
        return Examples(np.ones((count, 2)), ones, weight * ones, ones, ones, ones)

    found = together(some(30, 1.5), some(10, 3.0))
    assert len(found.weight) == 40
    assert found.weight.sum() == pytest.approx(45.0)
    assert found.weight[-1] == pytest.approx(2 * found.weight[0])


@pytest.fixture(scope="module")
def trained():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "MOST_TREES", 30)
        clock = Clock(tiny_registry(300))
        until = clock.registry.recorded_until + 1
        plan = TrainingPlan(scoring_days=True)
        yield clock, learn(clock, NON_RESPONSE, until=until, plan=plan)


def test_a_training_on_scoring_days_is_judged_on_the_same_rows_and_passes_the_checks(trained):
    """Rows, blocks and their figures stay those of the landmarks; what is learnt from has both, and
    the rehearsal saw no child of the later block."""
    clock, learned = trained
    assert set(np.unique(learned.rows.landmark)) <= set(NON_RESPONSE.landmarks)
    scored = learned.scored.rows
    assert len(learned.learning.child) > len(learned.rows.child)
    assert before_split(scored, day_number(learned.bundle.facts["labels_before"])).all()
    evidence = Evidence(clock, learned)
    for code in ("RISK002", "RISK003", "RISK004", "RISK005"):
        assert CHECKS[code].find(evidence).outcome == "pass", code
    assert TrainingPlan.of_facts(learned.bundle.facts).scoring_days


def test_the_check_sees_a_scoring_day_whose_label_reaches_too_far(trained):
    clock, learned = trained
    of = learned.scored.rows
    late = of.outcomes._replace(index_on=of.outcomes.index_on + np.int32(400))
    reaching = replace(learned.scored, rows=replace(of, outcomes=late))
    found = CHECKS["RISK002"].find(Evidence(clock, replace(learned, scored=reaching)))
    assert found.outcome == "issue"
