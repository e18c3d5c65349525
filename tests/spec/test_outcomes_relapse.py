"""Spec: what became of a cured child. Each line is a child's story by days since discharge; see
tests/support/stories.py."""

import numpy as np
import pytest

from features.clock import Clock
from models.targets import OUTCOME_WORDS, RELAPSE
from registry.contract.registry import NEVER
from tests.support.stories import DAY_0, cured, date, registry
from training.cohorts.censoring import weights
from training.cohorts.landmarks import before_split, cohort
from training.cohorts.lives import COHORT_WORDS
from training.cohorts.outcomes import outcomes

# readings | further stays (admission days) | cohort | outcome | event on | known on | followed
# until
STORIES = [
    # Confirmed SAM: the reading's day, known from the next one's.
    ("0 well, 30 sam, 60 sam", [], "in_cohort", "happened", 30, 60, 30),
    ("0 well, 14 sam, 40 sam", [], "in_cohort", "happened", 14, 40, 14),
    ("0 well, 183 sam, 246 sam", [], "in_cohort", "happened", 183, 246, 183),
    ("0 well, 30 oedema, 60 sam", [], "in_cohort", "happened", 30, 60, 30),
    # The next valid reading decides: a well one in between, or one after more than 63 days,
    # confirms nothing.
    (
        "0 well, 30 sam, 60 clear, 90 sam, 150 clear, 190 well",
        [],
        "in_cohort",
        "did_not_happen",
        None,
        246,
        183,
    ),
    ("0 well, 30 sam, 94 sam, 150 sam", [], "in_cohort", "happened", 94, 150, 94),
    ("0 well, 30 sam, 94 sam, 160 clear", [], "in_cohort", "did_not_happen", None, 246, 183),
    # Only the same question answers: a weighing without an arm says nothing of an arm of 110 mm.
    (
        "0 well, 30 sam, 60 well, 90 sam, 150 well, 190 well",
        [],
        "in_cohort",
        "happened",
        30,
        90,
        30,
    ),
    ("0 well, 30 sam, 60 well, 150 well", [], "in_cohort", "censored", None, None, 30),
    ("0 well, 30 sam, 60 arm, 150 well", [], "in_cohort", "did_not_happen", None, 246, 183),
    ("0 well, 30 sam, 60 well, 94 sam, 150 well", [], "in_cohort", "censored", None, None, 94),
    # Oedema with nobody looking again; looked for and gone.
    ("0 well, 30 oedema, 60 well, 150 well", [], "in_cohort", "censored", None, None, 30),
    ("0 well, 30 oedema, 60 clear, 150 well", [], "in_cohort", "did_not_happen", None, 246, 183),
    # SAM by WHZ is answered by a WHZ, not by an arm nor by a weight on a stale height.
    ("0 well, 30 wasted, 60 well, 150 well", [], "in_cohort", "did_not_happen", None, 246, 183),
    ("0 well, 30 wasted, 60 arm", [], "in_cohort", "censored", None, None, 30),
    ("0 well, 30 wasted, 91 stale", [], "in_cohort", "censored", None, None, 30),
    # A later SAM reading answers whatever its criterion; both criteria must be asked again to say
    # no.
    ("0 well, 30 wasted, 60 sam", [], "in_cohort", "happened", 30, 60, 30),
    ("0 well, 30 thin, 60 well, 150 well", [], "in_cohort", "censored", None, None, 30),
    (
        "0 well, 30 thin, 60 well, 90 arm, 150 well",
        [],
        "in_cohort",
        "did_not_happen",
        None,
        246,
        183,
    ),
    # A stale or impossible reading is no evidence: it neither confirms nor parts two readings of
    # SAM.
    ("0 well, 30 sam, 45 wild, 60 sam", [], "in_cohort", "happened", 30, 60, 30),
    # A new admission to any programme.
    ("0 well, 150 well", [100], "in_cohort", "happened", 100, 100, 100),
    ("0 well, 30 sam, 60 sam", [20], "in_cohort", "happened", 20, 20, 20),
    # Day 184 is too late, day 183 is not.
    ("0 well, 150 well", [183], "in_cohort", "happened", 183, 183, 183),
    ("0 well, 150 well", [184], "in_cohort", "did_not_happen", None, 246, 183),
    ("0 well, 150 well, 184 sam, 200 sam", [], "in_cohort", "did_not_happen", None, 246, 183),
    # Before day 14 the discharge failed.
    ("0 well, 13 sam, 40 sam", [], "failed_discharge", "censored", None, None, 0),
    ("0 well, 150 well", [10], "failed_discharge", "censored", None, None, 0),
    # A cure asks for a valid reading without SAM within 7 days.
    ("-8 well, 30 well, 150 well", [], "cured_unverified", "censored", None, None, 0),
    ("-7 well, 30 well, 150 well", [], "in_cohort", "did_not_happen", None, 246, 183),
    ("7 well, 150 well", [], "in_cohort", "did_not_happen", None, 246, 183),
    ("0 wild, 150 well", [], "cured_unverified", "censored", None, None, 0),
    # Followed to the end: a valid reading on day 148 or later; else censored at the last valid one.
    ("0 well, 148 well", [], "in_cohort", "did_not_happen", None, 246, 183),
    ("0 well, 147 well", [], "in_cohort", "censored", None, None, 147),
    ("0 well, 100 well, 150 wild", [], "in_cohort", "censored", None, None, 100),
    ("0 well", [], "in_cohort", "censored", None, None, 0),
    # A reading of SAM without a next one is censored at it.
    ("0 well, 60 well, 160 sam", [], "in_cohort", "censored", None, None, 160),
]


def _outcome(readings, admissions, cutoff=400, **more):
    stays = [cured()] + [{"admitted_on": day} for day in admissions]
    clock = Clock(registry(readings, episodes=stays, **more))
    found = outcomes(clock, RELAPSE, cutoff=DAY_0 + cutoff)
    return clock, {name: getattr(found, name)[0] for name in found._fields}


def _day(day):
    return None if day == NEVER else day - DAY_0


@pytest.mark.parametrize(
    ("readings", "admissions", "group", "word", "event", "known", "followed"), STORIES
)
def test_story(readings, admissions, group, word, event, known, followed):
    _, found = _outcome(readings, admissions)
    assert COHORT_WORDS[found["cohort"]] == group
    assert OUTCOME_WORDS[found["outcome"]] == word
    assert (_day(found["event_on"]), _day(found["known_on"])) == (event, known)
    assert _day(found["followed_until"]) == followed


def test_death_competes():
    _, found = _outcome("0 well, 30 well", [], child={"left_on": date(50), "left_reason": "died"})
    assert OUTCOME_WORDS[found["outcome"]] == "did_not_happen"
    assert found["competing"] and _day(found["known_on"]) == _day(found["followed_until"]) == 50


def test_a_death_after_day_148_is_followed_to_the_end():
    _, found = _outcome("0 well, 30 well", [], child={"left_on": date(200), "left_reason": "died"})
    assert OUTCOME_WORDS[found["outcome"]] == "did_not_happen" and not found["competing"]


def test_moving_away_censors_at_the_last_valid_reading():
    _, found = _outcome("0 well, 30 well", [], child={"left_on": date(50), "left_reason": "moved"})
    assert OUTCOME_WORDS[found["outcome"]] == "censored" and _day(found["followed_until"]) == 30


def test_the_fifth_birthday_censors():
    """Born 1,727 days before discharge: on day 100 the child is 1,827 days old, and not
    classifiable as SAM."""
    _, found = _outcome("0 well, 90 well, 120 sam, 150 sam", [], child={"birth_date": date(-1727)})
    assert OUTCOME_WORDS[found["outcome"]] == "censored" and _day(found["followed_until"]) == 90


@pytest.mark.parametrize(("age_at_discharge", "asked"), [(1643, [0, 1]), (1644, [])])
def test_only_a_child_who_stays_under_five_years_to_the_end_is_learnt_from_and_judged(
    age_at_discharge, asked
):
    """1,826 days old on day 183 at most: of an older one SAM on day 60 would be known, and its
    absence never. The reading of day 260 lets the records reach past the label."""
    for place, readings in enumerate(
        ("0 well, 60 well, 150 well, 260 well", "0 well, 30 sam, 60 sam, 260 well")
    ):
        clock = Clock(
            registry(readings, episodes=[cured()], child={"birth_date": date(-age_at_discharge)})
        )
        rows = cohort(clock, RELAPSE, cutoff=DAY_0 + 400)
        learnt = rows.outcome[before_split(rows, DAY_0 + 400)]
        assert set(learnt.tolist()) == {place} & set(asked)
        assert np.array_equal(weights(rows) > 0, np.full(len(rows.index), bool(asked)))
        assert rows.attrition["too_old_before_the_end"] == (0 if asked else 1)


@pytest.mark.parametrize(("cutoff", "word"), [(59, "censored"), (60, "happened")])
def test_what_the_cutoff_did_not_know_plays_no_part(cutoff, word):
    _, found = _outcome("0 well, 30 sam, 60 sam", [], cutoff=cutoff)
    assert OUTCOME_WORDS[found["outcome"]] == word


def test_an_unfinished_follow_up_is_censored_not_no():
    _, found = _outcome("0 well, 150 well", [], cutoff=182)
    assert OUTCOME_WORDS[found["outcome"]] == "censored"


def test_landmarks_stop_when_the_event_is_known():
    """SAM on day 30, confirmed on day 60: on days 0, 28 and 56 nobody knew; on day 84 the question
    is closed."""
    clock, _ = _outcome("0 well, 30 sam, 60 sam", [])
    assert cohort(clock, RELAPSE, cutoff=DAY_0 + 400).landmark.tolist() == [0, 28, 56]


def test_landmarks_stop_when_the_child_is_known_to_have_left():
    clock, _ = _outcome("0 well, 30 well", [], child={"left_on": date(50), "left_reason": "moved"})
    assert cohort(clock, RELAPSE, cutoff=DAY_0 + 400).landmark.tolist() == [0, 28]


@pytest.mark.parametrize("programme", ["NRC", "CTC"])
def test_a_facility_discharge_is_a_step_not_a_cure(programme):
    clock = Clock(registry("0 well, 150 well", episodes=[cured(programme=programme)]))
    assert len(outcomes(clock, RELAPSE, cutoff=DAY_0 + 400).child) == 0
