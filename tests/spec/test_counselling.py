"""What is said to a family: each reason has its lines and source; nothing of food to an infant,
nothing of treatment to who is in none, nothing in place of what a child in danger needs."""

from __future__ import annotations

import re

import pytest

from models.reasons import KEYS
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.visits.counselling import INFANT, catalogue, counselling, topic_of
from tests.support.listed_children import child, in_danger
from tests.support.service_cases import row

SAY = words("en")


def of(*reasons, say=SAY, **changes):
    known = {"state": "follow_up", "age_months": 18} | changes
    return counselling(row("C-1", **known).candidate, reasons, say)


def lines(topic, say=SAY):
    return say("counsel", topic, "first"), say("counsel", topic, "second")


def test_every_reason_has_one_topic_with_a_source_and_whether_it_was_read():
    answered = [reason for topic in catalogue().values() for reason in topic["reasons"]]
    assert sorted(answered) == sorted(KEYS)
    for name, topic in catalogue().items():
        assert topic["verified"] is False, f"{name}: nobody has read its source yet"
        assert SAY("counsel", "sources", topic["source"])
    assert topic_of("no_such_reason") is None


def test_reasons_of_one_topic_are_answered_once_in_their_order():
    said = of("illness", "falling_weight", "low_muac")
    assert [one.lines for one in said] == [lines("illness"), lines("feeding")]
    assert said[0].source == SAY("counsel", "sources", "imnci")
    assert of() == ()


@pytest.mark.parametrize("reason", KEYS)
def test_an_infant_is_told_of_no_food_but_breast_milk(reason):
    for months in (0, 5):
        for said in of(reason, age_months=months):
            text = " ".join(said.lines)
            assert not re.search("family food|meal|special food", text), text
    assert [one.lines for one in of("falling_weight", age_months=5)] == [lines(INFANT)]
    assert [one.lines for one in of("falling_weight", age_months=6)] == [lines("feeding")]
    assert of("falling_weight", age_months=None) == ()


def test_the_special_food_is_spoken_of_in_treatment_alone():
    assert of("poor_gain", state="in_ucdc")[0].lines == lines("therapeutic_food")
    assert of("poor_gain")[0].lines == lines("feeding")
    assert of("early_in_recovery")[0].lines == lines("after_treatment")
    assert of("early_in_recovery", state="in_ucdc")[0].lines == lines("weighing")


def test_of_a_child_in_danger_nothing_is_said_instead():
    assert counselling(in_danger(1), KEYS, SAY) == ()
    assert counselling(child(1), KEYS, SAY)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_has_a_dose(language):
    say = words(language)
    for topic in catalogue():
        assert not re.search(r"[0-9\u0966-\u096f]", " ".join(lines(topic, say))), topic
