"""The gain that a child's page shows is that of the two weights beside it: a reader with pencil and paper
gets the same figure."""

from __future__ import annotations

import re

import pytest

from care.pathway import facts as care_facts
from care.pathway.gain_shown import gain_of
from care.protocol import standard
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.visits.standing_findings import standing
from tests.spec.test_care_children import records
from tests.spec.test_towards_discharge import view

STAY = ("UCDC", 28, {"appetite_test": "pass"})


def gain(readings):
    known, points = view([records(readings, episodes=[STAY])])
    facts = care_facts.rows_of(known, points, standard())[0]
    return facts, gain_of(points, int(facts["admitted_on"]), int(standard()["rate_over_days"]))


def said(readings, language="en"):
    known, points = view([records(readings, episodes=[STAY])])
    return standing(known, points, standard(), words(language), told={}).findings


@pytest.mark.parametrize(
    ("readings", "first", "last", "many", "rate"),
    [
        # 1000 x 0.6 / (7.0 x 21) = 4.08; the weight of the admission a week earlier plays no part.
        ("28: 6.6 kg 74 cm; 21: 7.0 kg; 14: 7.2 kg; 7: 7.4 kg; 0: 7.6 kg 74 cm", 7.0, 7.6, 4, 4.08),
        # A slip of the pen (9.3 kg) is no end point and no part.
        ("21: 7.0 kg 74 cm; 14: 9.3 kg; 7: 7.4 kg; 0: 7.4 kg 74 cm", 7.0, 7.4, 3, 2.72),
        # A loss: 1000 x -0.3 / (7.5 x 14).
        ("14: 7.5 kg 74 cm; 7: 7.4 kg; 0: 7.2 kg 74 cm", 7.5, 7.2, 3, -2.86),
        # Before the admission nothing counts.
        ("35: 6.0 kg 74 cm; 14: 7.0 kg; 0: 7.2 kg 74 cm", 7.0, 7.2, 2, 2.04),
    ],
)
def test_the_two_weights_and_the_days_make_the_rate(readings, first, last, many, rate):
    _, found = gain(readings)
    assert (found.first_kg, found.last_kg, found.weights) == (first, last, many)
    assert found.rate_g_kg_day == pytest.approx(rate, abs=0.01)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_them_and_the_line_of_the_rules_where_that_differs(language):
    readings = "21: 7.0 kg 74 cm; 14: 7.6 kg; 7: 7.5 kg; 0: 7.6 kg 74 cm"
    facts, found = gain(readings)
    told = said(readings, language)
    shown = next(line for line in told if "7.0" in line and "7.6" in line and "21" in line)
    assert words(language).number(found.rate_g_kg_day, 1) in shown
    line = words(language).number(facts["rate_g_kg_day"], 1)
    assert line != words(language).number(found.rate_g_kg_day, 1)
    assert any(re.search(rf"\b4\b.*{re.escape(line)}", one) for one in told)


def test_where_the_line_says_the_same_it_is_not_told():
    told = said("14: 7.0 kg 74 cm; 0: 7.4 kg 74 cm")
    assert any(
        "7.0 kg on 24 Feb 2026 to 7.4 kg on 10 Mar 2026, 14 days: 4.1 g/kg a day" in one
        for one in told
    )
