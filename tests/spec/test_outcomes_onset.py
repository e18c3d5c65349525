"""Spec: a first slide into SAM of a child whom nobody treats. Days are counted from 2025-06-01; see
tests/support/stories.py.

The quarters: days -61 to 29 (April to June), 30 to 121, 122 to 213.
"""

import numpy as np
import pytest

from features.clock import Clock
from models.targets import CENSORED, ONSET, OUTCOME_WORDS
from registry.contract.registry import NEVER
from tests.support.stories import DAY_0, date, registry
from training.cohorts.landmarks import before_split, cohort
from training.cohorts.lives import COHORT_WORDS
from training.cohorts.outcomes import outcomes

# readings | stays (admitted, closed) | outcome | event on | known on | followed until, of the index
# of day 0
STORIES = [
    # Confirmed SAM from day 1 to day 91: the first reading's day, known from the one that answers
    # it.
    ("0 well, 30 sam, 60 sam", [], "happened", 30, 60, 30),
    ("0 well, 1 sam, 60 sam", [], "happened", 1, 60, 1),
    ("0 well, 91 sam, 154 sam", [], "happened", 91, 154, 91),
    ("0 well, 92 sam, 120 sam", [], "did_not_happen", None, 154, 91),
    ("0 well, 30 sam, 93 sam", [], "happened", 30, 93, 30),
    ("0 well, 30 sam, 94 sam, 120 clear", [], "did_not_happen", None, 154, 91),
    ("0 well, 30 oedema, 60 wasted", [], "happened", 30, 60, 30),
    ("0 well, 30 sam, 60 clear, 80 well", [], "did_not_happen", None, 154, 91),
    # A weighing without an arm says nothing of an arm of 110 mm: it neither confirms nor parts.
    ("0 well, 30 sam, 60 well, 90 sam", [], "happened", 30, 90, 30),
    ("0 well, 30 sam, 45 wild, 60 sam", [], "happened", 30, 60, 30),
    # An admission to any programme.
    ("0 well", [(1, None)], "happened", 1, 1, 1),
    ("0 well", [(91, None)], "happened", 91, 91, 91),
    ("0 well, 60 well", [(92, None)], "did_not_happen", None, 154, 91),
    ("0 well, 30 sam, 60 sam", [(20, 50)], "happened", 20, 20, 20),
    # Followed to the end: a valid measurement on day 56 or later; else censored at the last valid
    # one.
    ("0 well, 56 well", [], "did_not_happen", None, 154, 91),
    ("0 well, 55 well", [], "censored", None, None, 55),
    ("0 well, 120 well", [], "did_not_happen", None, 154, 91),
    ("0 well, 40 well, 60 wild", [], "censored", None, None, 40),
    ("0 well, 40 well, 60 stale", [], "did_not_happen", None, 154, 91),
    ("0 well", [], "censored", None, None, 0),
    # A SAM reading that nothing answers censors at it.
    ("0 well, 30 sam, 60 well, 80 well", [], "censored", None, None, 30),
    ("0 well, 40 well, 80 oedema", [], "censored", None, None, 80),
]

# readings | stays (admitted, closed) | days of the indexes | the others, by day: why not
INDEXES = [
    # The first valid measurement of each calendar quarter.
    ("0 well, 20 well, 40 well, 100 well, 122 well", [], [0, 40, 122], {}),
    ("0 wild, 5 well", [], [5], {}),
    ("29 well, 30 well", [], [29, 30], {}),
    # Where that one is SAM, the quarter has none.
    ("0 sam, 10 clear, 40 clear", [], [40], {0: "sam_then"}),
    # No unanswered SAM reading stands; the index itself may be the answer.
    ("0 sam, 40 well", [], [], {0: "sam_then", 40: "sam_waits"}),
    ("0 sam, 40 arm", [], [], {0: "sam_then"}),
    ("0 sam, 40 clear", [], [40], {0: "sam_then"}),
    ("0 thin, 10 arm, 40 well", [], [40], {0: "sam_then"}),
    ("0 thin, 40 well", [], [], {0: "sam_then", 40: "sam_waits"}),
    # Without confirmed SAM in the 183 days before: the day of a confirmed SAM is its first
    # reading's.
    (
        "-183 sam, -150 sam, -100 clear, 0 clear",
        [],
        [],
        {-183: "sam_then", -150: "sam_then", 0: "sam_lately"},
    ),
    ("-184 sam, -150 sam, -100 clear, 0 clear", [], [0], {-184: "sam_then", -150: "sam_then"}),
    ("-100 sam, -20 sam, 0 clear, 40 clear", [], [40], {-100: "sam_then", -20: "sam_then"}),
    # Out of every programme, and in none in the 183 days before.
    ("0 well", [(-220, -184)], [0], {}),
    ("0 well", [(-220, -183)], [], {0: "treated_lately"}),
    ("0 well", [(-40, None)], [], {0: "treated_lately"}),
    ("0 well", [(0, 20)], [], {0: "treated_lately"}),
    ("0 well", [(1, 20)], [0], {}),
]


def _found(readings, stays=(), cutoff=400, horizon=None, **more):
    episodes = [
        {"admitted_on": on, "closed_on": off, "outcome": off and "cured"} for on, off in stays
    ]
    clock = Clock(registry(readings, episodes=episodes, **more))
    return clock, outcomes(clock, ONSET, cutoff=DAY_0 + cutoff, horizon=horizon)


def _of_day_0(*arguments, **settings):
    _, found = _found(*arguments, **settings)
    row = list(found.index_on).index(DAY_0)
    return {name: getattr(found, name)[row] for name in found._fields}


def _day(day):
    return None if day == NEVER else day - DAY_0


@pytest.mark.parametrize(("readings", "stays", "word", "event", "known", "followed"), STORIES)
def test_story(readings, stays, word, event, known, followed):
    found = _of_day_0(readings, stays)
    assert COHORT_WORDS[found["cohort"]] == "in_cohort"
    assert OUTCOME_WORDS[found["outcome"]] == word
    assert (_day(found["event_on"]), _day(found["known_on"])) == (event, known)
    assert _day(found["followed_until"]) == followed


@pytest.mark.parametrize(("readings", "stays", "days", "left_out"), INDEXES)
def test_indexes(readings, stays, days, left_out):
    clock, found = _found(readings, stays)
    why = {
        int(day) - DAY_0: COHORT_WORDS[code]
        for day, code in zip(found.index_on, found.cohort, strict=True)
    }
    assert why == dict.fromkeys(days, "in_cohort") | left_out
    rows = cohort(clock, ONSET, cutoff=DAY_0 + 400)
    assert (rows.day - DAY_0).tolist() == days and set(rows.landmark.tolist()) <= {0}
    assert rows.attrition["indexes"] == len(why) and rows.attrition["in_cohort"] == len(days)
    for word in ("sam_then", "not_that_age", "treated_lately", "sam_waits", "sam_lately"):
        assert rows.attrition[word] == list(left_out.values()).count(word)


@pytest.mark.parametrize(
    ("age", "word"),
    [(27, "not_that_age"), (28, "in_cohort"), (1735, "in_cohort"), (1736, "not_that_age")],
)
def test_ages(age, word):
    weight, height = (4.0, 53.0) if age < 100 else (15.0, 102.0)
    more = {
        "measurements": {
            "child_id": ["c"],
            "measured_on": [date(0)],
            "weight_kg": [weight],
            "height_cm": [height],
        }
    }
    found = _of_day_0("", more=more, child={"birth_date": date(-age)})
    assert COHORT_WORDS[found["cohort"]] == word and found["room"] == (age <= 1735)


def test_two_readings_of_a_day_are_one_and_say_sam_together():
    more = {
        "measurements": {
            "child_id": ["c"] * 2,
            "measured_on": [date(0)] * 2,
            "weight_kg": [9.3] * 2,
            "height_cm": [76.0] * 2,
            "muac_mm": [135, 110],
            "source": ["paper", "phone"],
        }
    }
    assert COHORT_WORDS[_of_day_0("", more=more)["cohort"]] == "sam_then"


def test_death_competes():
    found = _of_day_0("0 well, 30 well", child={"left_on": date(50), "left_reason": "died"})
    assert OUTCOME_WORDS[found["outcome"]] == "did_not_happen"
    assert found["competing"] and _day(found["known_on"]) == _day(found["followed_until"]) == 50


@pytest.mark.parametrize(("died", "competing"), [(91, 1), (92, 0)])
def test_a_death_on_day_56_or_later_follows_to_the_end(died, competing):
    found = _of_day_0("0 well, 30 well", child={"left_on": date(died), "left_reason": "died"})
    assert OUTCOME_WORDS[found["outcome"]] == "did_not_happen" and found["competing"] == competing


def test_moving_away_censors_at_the_last_valid_reading():
    found = _of_day_0("0 well, 30 well", child={"left_on": date(50), "left_reason": "moved"})
    assert OUTCOME_WORDS[found["outcome"]] == "censored" and _day(found["followed_until"]) == 30


@pytest.mark.parametrize(("cutoff", "word"), [(59, "censored"), (60, "happened")])
def test_what_the_cutoff_did_not_know_plays_no_part(cutoff, word):
    assert OUTCOME_WORDS[_of_day_0("0 well, 30 sam, 60 sam", cutoff=cutoff)["outcome"]] == word


@pytest.mark.parametrize(("cutoff", "word"), [(90, "censored"), (91, "did_not_happen")])
def test_the_end_of_the_records_censors(cutoff, word):
    assert OUTCOME_WORDS[_of_day_0("0 well, 60 well", cutoff=cutoff)["outcome"]] == word


@pytest.mark.parametrize(
    ("horizon", "word"), [(30, "did_not_happen"), (91, "happened"), (183, "happened")]
)
def test_other_horizons(horizon, word):
    assert (
        OUTCOME_WORDS[_of_day_0("0 well, 20 well, 40 sam, 60 sam", horizon=horizon)["outcome"]]
        == word
    )


def test_a_child_known_to_have_left_is_not_asked_about():
    clock, _ = _found("0 well, 60 well", child={"left_on": date(-5), "left_reason": "moved"})
    assert len(cohort(clock, ONSET, cutoff=DAY_0 + 400).day) == 0


@pytest.mark.parametrize(("split", "learnt"), [(154, False), (155, True)])
def test_a_training_row_needs_154_days_before_the_split(split, learnt):
    clock, _ = _found("0 well, 20 well")
    rows = cohort(clock, ONSET, cutoff=DAY_0 + split - 1)
    assert before_split(rows, DAY_0 + split).tolist() == [learnt]


@pytest.mark.parametrize(("readings", "stays", "days", "left_out"), INDEXES)
@pytest.mark.parametrize("since", [-400, 1, 30, 41, 400])
def test_indexes_from_a_day_on_are_those_of_all(readings, stays, days, left_out, since):
    clock, every = _found(readings, stays)
    some = outcomes(clock, ONSET, cutoff=DAY_0 + 400, index_from=DAY_0 + since)
    kept = every.index_on >= DAY_0 + since
    for name in some._fields:
        np.testing.assert_array_equal(getattr(some, name), getattr(every, name)[kept])
    assert kept.sum() == sum(day >= since for day in [*days, *left_out])
    rows = [
        cohort(clock, ONSET, cutoff=DAY_0 + 400, index_from=since) for since in (None, DAY_0 + 30)
    ]
    late = rows[0].take(np.flatnonzero(rows[0].day >= DAY_0 + 30))
    np.testing.assert_array_equal(late.day, rows[1].day)
    np.testing.assert_array_equal(late.outcome, rows[1].outcome)


def test_two_horizons_asked_one_after_the_other_are_each_their_own():
    """The lives of the last question are kept with their clock, for a question of the same day
    alone."""
    clock, _ = _found("0 well, 30 sam, 60 sam, 120 sam, 150 sam")
    asked = [(400, 91), (400, 183), (45, 91), (400, 91)]
    told = [outcomes(clock, ONSET, cutoff=DAY_0 + day, horizon=days) for day, days in asked]
    for (day, days), found in zip(asked, told, strict=True):
        fresh = _found("0 well, 30 sam, 60 sam, 120 sam, 150 sam", cutoff=day, horizon=days)[1]
        for name in fresh._fields:
            np.testing.assert_array_equal(getattr(found, name), getattr(fresh, name))
    assert told[0].outcome[0] == told[3].outcome[0] and told[2].outcome[0] == CENSORED
