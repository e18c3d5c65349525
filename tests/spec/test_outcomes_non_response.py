"""Spec: what became of an admission. Days are counted from it; see tests/support/stories.py."""

import pytest

from features.clock import Clock
from models.targets import NON_RESPONSE, OUTCOME_WORDS
from registry.contract.registry import NEVER
from tests.support.stories import DAY_0, date, registry
from training.cohorts.landmarks import cohort
from training.cohorts.outcomes import outcomes

# closed on | outcome | reason | a facility's admission | outcome word | event on | known on
STAYS = [
    (60, "cured", None, None, "did_not_happen", None, 60),
    (91, "cured", None, None, "did_not_happen", None, 91),
    (92, "cured", None, None, "happened", 91, 92),
    (40, "not_recovered", None, None, "happened", 40, 40),
    (120, "not_recovered", None, None, "happened", 91, 92),
    (None, None, None, None, "happened", 91, 92),
    (30, "transferred", "no_gain", None, "happened", 30, 30),
    (30, "transferred", "complication", 30, "censored", None, None),
    (30, "transferred", "moved", 30, "censored", None, None),
    (30, "transferred", None, 31, "happened", 30, 30),
    (30, "transferred", None, None, "censored", None, None),
    (30, "defaulted", None, None, "censored", None, None),
    (30, "died", None, None, "did_not_happen", None, 30),
]


def _found(stay, readings="0 sam, 28 well", facility=None, cutoff=400, **more):
    stays = [{"admitted_on": 0} | stay]
    if facility is not None:
        stays.append({"admitted_on": facility, "programme": "NRC"})
    clock = Clock(registry(readings, episodes=stays, **more))
    found = outcomes(clock, NON_RESPONSE, cutoff=DAY_0 + cutoff)
    return clock, {name: getattr(found, name)[0] for name in found._fields}


def _day(day):
    return None if day == NEVER else day - DAY_0


@pytest.mark.parametrize(
    ("closed", "outcome", "reason", "facility", "word", "event", "known"), STAYS
)
def test_stay(closed, outcome, reason, facility, word, event, known):
    _, found = _found(
        {"closed_on": closed, "outcome": outcome, "transfer_reason": reason}, facility=facility
    )
    assert OUTCOME_WORDS[found["outcome"]] == word
    assert (_day(found["event_on"]), _day(found["known_on"])) == (event, known)


@pytest.mark.parametrize("trouble", [{"complications": True}, {"appetite_test": "fail"}])
def test_a_transfer_with_a_recorded_complication_is_not_non_response(trouble):
    _, found = _found({"closed_on": 30, "outcome": "transferred"} | trouble, facility=30)
    assert OUTCOME_WORDS[found["outcome"]] == "censored"


def test_oedema_before_a_transfer_explains_it():
    _, found = _found(
        {"closed_on": 30, "outcome": "transferred"}, readings="0 sam, 20 oedema", facility=30
    )
    assert OUTCOME_WORDS[found["outcome"]] == "censored"


def test_an_open_stay_is_not_judged_before_day_92():
    _, found = _found({}, cutoff=91)
    assert OUTCOME_WORDS[found["outcome"]] == "censored" and _day(found["followed_until"]) == 91


def test_leaving_during_an_open_stay_censors():
    _, found = _found({}, child={"left_on": date(40), "left_reason": "moved"})
    assert OUTCOME_WORDS[found["outcome"]] == "censored" and _day(found["followed_until"]) == 40


def test_landmarks_run_while_the_stay_is_open():
    clock, _ = _found({"closed_on": 21, "outcome": "cured"})
    assert cohort(clock, NON_RESPONSE, cutoff=DAY_0 + 400).landmark.tolist() == [0, 7, 14]
