"""Spec: the secondary outcomes. Days are counted from the discharge, or from the admission; see
tests/support/stories.py."""

import pytest

from features.clock import Clock
from models.targets import NON_RESPONSE, OUTCOME_WORDS, RELAPSE
from registry.contract.registry import NEVER
from tests.support.stories import DAY_0, cured, date, registry
from training.cohorts.outcomes import outcomes
from training.cohorts.response import NOT_KNOWN, RESPONSE_WORDS, responses

# readings | by day 30 | by day 90 | by day 183
BY = [
    ("0 well, 20 sam, 40 sam, 150 well", "happened", "happened", "happened"),
    ("0 well, 28 well, 60 sam, 80 sam", "did_not_happen", "happened", "happened"),
    ("0 well, 28 well, 80 well, 150 sam, 170 sam", "did_not_happen", "did_not_happen", "happened"),
    ("0 well, 28 well, 80 well, 150 well", "did_not_happen", "did_not_happen", "did_not_happen"),
    # The first reading lies within the days, its confirmation up to 63 days later.
    ("0 well, 30 sam, 93 sam", "happened", "happened", "happened"),
    # Followed to the end: a valid reading on day 24, 73, 148 or later; nobody who was not seen is
    # called well.
    ("0 well, 24 well", "did_not_happen", "censored", "censored"),
    ("0 well, 23 well", "censored", "censored", "censored"),
    ("0 well, 73 well", "did_not_happen", "did_not_happen", "censored"),
    ("0 well, 72 well", "did_not_happen", "censored", "censored"),
    ("0 well", "censored", "censored", "censored"),
    # A reading more than 63 days past the horizon comes too late to speak of it.
    ("0 well, 94 well, 150 well", "censored", "did_not_happen", "did_not_happen"),
    # A reading of SAM that waits for the next one is censored at it.
    ("0 well, 26 sam", "censored", "censored", "censored"),
]


def relapse(readings, cutoff=400, **asked):
    clock = Clock(registry(readings, episodes=[cured()]))
    found = outcomes(clock, RELAPSE, cutoff=DAY_0 + cutoff, **asked)
    return {name: getattr(found, name)[0] for name in found._fields}


@pytest.mark.parametrize(("readings", "by_30", "by_90", "by_183"), BY)
def test_relapse_by_30_90_and_183_days(readings, by_30, by_90, by_183):
    words = [OUTCOME_WORDS[relapse(readings, horizon=days)["outcome"]] for days in (30, 90, 183)]
    assert words == [by_30, by_90, by_183]


@pytest.mark.parametrize(("days", "known"), [(30, 93), (90, 153), (183, 246)])
def test_that_nothing_happened_is_known_63_days_after_the_horizon(days, known):
    found = relapse("0 well, 28 well, 80 well, 150 well", horizon=days)
    assert (found["known_on"] - DAY_0, found["followed_until"] - DAY_0) == (known, days)


# readings | confirmed | by a single reading | event on by a single reading
SINGLE = [
    ("0 well, 30 sam, 60 sam", "happened", "happened", 30),
    ("0 well, 30 sam, 60 clear, 150 well", "did_not_happen", "happened", 30),
    ("0 well, 60 well, 160 sam", "censored", "happened", 160),
    ("0 well, 60 well, 150 well", "did_not_happen", "did_not_happen", None),
    # Readings that cannot be judged are no SAM by any count.
    ("0 well, 30 wild, 150 well", "did_not_happen", "did_not_happen", None),
]


@pytest.mark.parametrize(("readings", "confirmed", "single", "event"), SINGLE)
def test_relapse_by_a_single_reading(readings, confirmed, single, event):
    assert OUTCOME_WORDS[relapse(readings)["outcome"]] == confirmed
    found = relapse(readings, confirmations=0)
    assert OUTCOME_WORDS[found["outcome"]] == single
    assert (None if found["event_on"] == NEVER else found["event_on"] - DAY_0) == event


def test_a_single_reading_before_day_14_is_no_failed_discharge():
    """Only a confirmed SAM or an admission makes one, by whichever count relapses are told."""
    found = relapse("0 well, 10 sam, 30 well, 150 well", confirmations=0)
    assert OUTCOME_WORDS[found["outcome"]] == "did_not_happen"


# weights in kg by days since admission (heights of 76 cm, so that 0.1 kg is about 0.15 z) | how the
# stay ended | word
RESPONSES = [
    ([(0, 7.0), (90, 7.1)], {}, "failing"),
    ([(0, 7.0), (90, 8.5)], {}, "slow"),
    # One gain is enough: 0.9 g/kg/day, but 0.9 z.
    ([(0, 7.0), (90, 7.6)], {}, "slow"),
    # 2 g/kg/day of the admission weight is a gain.
    ([(0, 7.0), (50, 7.7)], {"closed_on": 60, "outcome": "not_recovered"}, "slow"),
    # Sent on for no gain is failing, whatever the scales said.
    (
        [(0, 7.0), (28, 8.0)],
        {"closed_on": 30, "outcome": "transferred", "transfer_reason": "no_gain"},
        "failing",
    ),
    # Nobody can tell from one reading, or from two a week apart.
    ([(0, 7.0)], {}, "not_known"),
    ([(0, 7.0), (7, 7.0)], {}, "not_known"),
    # What was gained after the event says nothing of it.
    ([(0, 7.0), (90, 7.1), (120, 9.0)], {}, "failing"),
    # A weight that cannot be is not counted.
    ([(0, 7.0), (80, 7.1), (90, 30.0)], {}, "failing"),
    ([(0, 7.0), (40, 8.5)], {"closed_on": 40, "outcome": "cured"}, "responded"),
]


@pytest.mark.parametrize(("weights", "stay", "word"), RESPONSES)
def test_slow_or_failing(weights, stay, word):
    more = {
        "measurements": {
            "child_id": ["c"] * len(weights),
            "measured_on": [date(day) for day, _ in weights],
            "weight_kg": [kg for _, kg in weights],
            "height_cm": [76.0] * len(weights),
        }
    }
    clock, cutoff = (
        Clock(registry("", episodes=[{"admitted_on": 0} | stay], more=more)),
        DAY_0 + 400,
    )
    found = outcomes(clock, NON_RESPONSE, cutoff=cutoff)
    assert [RESPONSE_WORDS[code] for code in responses(clock, found, cutoff=cutoff)] == [word]


def test_without_a_height_a_poor_gain_alone_does_not_make_it_failing():
    stay = [{"admitted_on": 0}]
    clock, cutoff = Clock(registry("0 stale, 90 stale", episodes=stay)), DAY_0 + 400
    found = outcomes(clock, NON_RESPONSE, cutoff=cutoff)
    assert responses(clock, found, cutoff=cutoff).tolist() == [NOT_KNOWN]
