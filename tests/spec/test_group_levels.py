"""Spec: of which groups the risks were surely off is kept with the model, and every score, list and
page of such a child says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit

from features.trajectory.catalogue import NAMES
from models.level import group_off
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.visits.group_notes import group_notes, notes_of_child
from serving.visits.sheet_lines import level_notes
from tests.support.service_cases import bundle, row
from training.fitting.age_levels import age_levels, groups_off, with_levels
from training.fitting.calibrate import calibrate
from training.fitting.examples import Examples
from training.fitting.fit import HeldOut

AGE, FEMALE = (NAMES.index(name) for name in ("age_days", "female"))
GIRLS_LOW = {"by": "sex", "group": "girls", "ratio": 1.6, "low": 1.3, "high": 1.9}
TRIBAL_HIGH = {"by": "setting", "group": "tribal", "ratio": 0.5, "low": 0.4, "high": 0.7}
YOUNG_LOW = {"by": "age", "group": "under 12 months", "ratio": 1.4, "low": 1.3, "high": 1.6}


def rows_of(**columns):
    """Feature rows of which only these columns are known."""
    count = len(next(iter(columns.values())))
    rows = np.full((count, len(NAMES)), np.nan)
    for name, values in columns.items():
        rows[:, NAMES.index(name)] = values
    return rows


def everybody_told(risk, *, girls, boys, count=600):
    """(log-odds, examples): as many girls as boys were told a risk, these shares had the event."""
    female = np.repeat([1.0, 0.0], count)
    happened = np.concatenate([np.arange(count) < round(share * count) for share in (girls, boys)])
    rows = rows_of(female=female, age_days=np.full(2 * count, 900.0))
    nothing = np.zeros(2 * count, np.int64)
    each = np.arange(2 * count)
    learning = Examples(rows, happened.astype(np.int8), np.ones(2 * count), each, nothing, nothing)
    return np.full(2 * count, logit(risk)), learning


def test_a_group_that_was_surely_off_is_kept_with_its_ratio():
    found = groups_off(*everybody_told(0.15, girls=0.27, boys=0.15))
    girls = next(one for one in found if one["by"] == "sex")
    assert girls["group"] == "girls" and girls["ratio"] == pytest.approx(1.8)
    assert 1.25 < girls["low"] < 1.8 < girls["high"]
    assert "boys" not in {one["group"] for one in found}


@pytest.mark.parametrize(("girls", "count"), [(0.17, 600), (0.27, 70)])
def test_a_group_whose_interval_reaches_into_the_bounds_or_with_few_events_is_not(girls, count):
    assert groups_off(*everybody_told(0.15, girls=girls, boys=0.15, count=count)) == []


def test_risks_told_too_high_are_kept_too():
    found = groups_off(*everybody_told(0.30, girls=0.12, boys=0.30))
    assert [one["group"] for one in found if one["by"] == "sex"] == ["girls"]
    assert all(one["high"] < 0.8 for one in found)


def test_an_age_band_that_was_moved_is_not_off_any_more():
    """Under 12 months 0.27 came for 0.15 told: the band is moved, and then nothing is left to
    say."""
    log_odds, learning = everybody_told(0.15, girls=0.27, boys=0.15)
    learning.rows[:, AGE], learning.rows[:, FEMALE] = np.repeat([200.0, 900.0], 600), np.nan
    assert [one["group"] for one in groups_off(log_odds, learning)] == ["under 12 months"]
    held_out = HeldOut(log_odds, learning.happened, learning.weight)
    line = calibrate(held_out)
    moved = with_levels(line, age_levels(log_odds, learning))
    assert groups_off(log_odds + moved.shift(learning.rows[:, AGE]), learning) == []


def test_each_child_has_the_group_that_was_furthest_off():
    model = replace(bundle("relapse"), facts={"groups_off": [GIRLS_LOW, TRIBAL_HIGH]})
    rows = rows_of(
        female=[1, 0, 1, 0, np.nan], setting_tribal=[0, 1, 1, 0, np.nan], setting_urban=[0.0] * 5
    )
    assert group_off(model, rows) == [GIRLS_LOW, TRIBAL_HIGH, TRIBAL_HIGH, None, None]
    assert group_off(bundle("relapse"), rows) == [None] * 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_lists_and_pages_say_it_in_words(language):
    say = words(language)
    off = {"groups_off": {"relapse": [GIRLS_LOW, TRIBAL_HIGH, YOUNG_LOW]}}
    low, high = level_notes(off, say)
    assert say("ui", "group_girls") in low and say.say("ui", "ages_under", to=12) in low
    assert say("setting", "tribal") in high
    assert low != high and say.of_target("relapse", "name") in low and "{" not in low + high
    assert group_notes({}, say) == []


def test_a_childs_page_says_what_is_of_the_child():
    say, off = words("en"), {"groups_off": {"relapse": [GIRLS_LOW, TRIBAL_HIGH, YOUNG_LOW]}}

    def told(target="relapse", **child):
        return notes_of_child(row("c", **child).candidate, target, off, say)

    assert [note for note in told(sex="F", age_months=18) if "girls" in note] == told(sex="F")
    assert told(sex="M", age_months=18, setting="rural") == []
    assert "under 12 months" in told(sex="M", age_months=11)[0]
    assert told(sex="M", age_months=12) == told(sex="M", age_months=None) == []
    assert "less often" in told(sex="M", setting="tribal")[0]
    assert told(target="non_response", sex="F") == []
