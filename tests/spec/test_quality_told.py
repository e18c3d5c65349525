"""Why a centre's records are trusted or not, in words: three centres by hand, and what a run keeps."""

from __future__ import annotations

import datetime as dt

import pytest

from features.data_quality import CHECKS
from models.visits.centre_due import centre_due
from registry.checks.table import build
from serving.book.scoring.area_rows import quality_of
from serving.book.scoring.quality_reasons import spoiled_by
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.visits.quality_told import quality_told, quality_words
from tests.support.listed_children import AS_OF, child, overdue

SAY = words("en")


def due(*children):
    where = {"centre_id": "A001", "sector_id": "S0001", "as_of": AS_OF, "day": AS_OF}
    return centre_due(children, **where)


def kept(**changes):
    plain = {"month": "2026-03", "score": 41.0, "colour": "red", "worst": [], "at_100_percent": []}
    return plain | changes


def test_the_checks_that_cost_most_say_what_to_do_and_with_whom_to_begin():
    heights = [overdue(n, next_step="measure_height", overdue_days=n) for n in range(1, 14)]
    quality = kept(worst=[["height_carried_forward", 0.44], ["digit_preference", 0.9]])
    told = quality_told(quality, due(*heights, child(90)), SAY)
    assert told[0].startswith("poor (41 of 100), by the records of March 2026.")
    assert told[1] == (
        "44 % of the heights of children under two are those of the month before: measure again "
        "with the board, two persons. Begin with: C00013, C00012, C00011, C00010, C00009, C00008, "
        "C00007, C00006, C00005, C00004"
    ), "ten, the latest first"
    assert told[2].startswith("90 % of the weights are whole or half kilograms")
    assert "Begin" not in told[2] and len(told) == 3


def test_a_check_that_all_fail_is_told_also_where_it_costs_little():
    quality = kept(colour="amber", score=82.5, at_100_percent=["no_growth"])
    assert quality_told(quality, due(), SAY)[1].startswith("100 % of the children under three")


def test_no_score_no_checks_and_an_older_book():
    assert quality_told(None, due(), SAY) == [SAY("quality_why", "none")]
    assert quality_told(kept(), due(), SAY)[1:] == [SAY("quality_why", "nothing")]
    older = {"month": "2026-03", "score": 41.0, "colour": "red"}
    assert len(quality_told(older, due(), SAY)) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_check_has_its_sentence(language):
    quality = kept(worst=[[check.name, 0.5] for check in CHECKS])
    told = quality_told(quality, due(), words(language))
    assert len(set(told)) == 1 + len(CHECKS) and not any("{" in line for line in told)


def test_a_run_keeps_why_and_its_colour_is_that_of_the_command():
    months = [dt.date(2026, month, 5) for month in (1, 2, 3)]
    children = [f"c{n}" for n in range(8)]
    tables = {
        "centres": {
            "centre_id": ["A"],
            "sector_id": ["S"],
            "project_id": ["P"],
            "district_id": ["D"],
            "setting": ["urban"],
        },
        "children": {
            "child_id": children,
            "sex": ["F"] * 8,
            "birth_date": ["2024-09-01"] * 8,
            "centre_id": ["A"] * 8,
        },
        "measurements": {
            "child_id": [name for name in children for _ in months],
            "measured_on": [day.isoformat() for _ in children for day in months],
            "weight_kg": [9.1 + 0.13 * n + 0.17 * m * m for n in range(8) for m in range(3)],
            "height_cm": [78.3 + 0.1 * n for n in range(8) for _ in months],
        },
    }
    registry, quarantine = build(tables, imported_on="2026-04-01")
    assert not quarantine.rows
    told = quality_of(registry, AS_OF)["A"]
    assert told["month"] == "2026-03"
    assert told["worst"][0] == ("height_carried_forward", 1.0)
    assert "height_carried_forward" in told["at_100_percent"] and told["colour"] != "green"


@pytest.mark.parametrize(
    ("score", "colour", "told"),
    [
        (80.4, "green", "good (81)"),
        (80.0, "amber", "fair (80)"),
        (79.6, "amber", "fair (79)"),
        (65.0, "amber", "fair (65)"),
        (64.9, "red", "poor (64)"),
        (100.0, "green", "good (100)"),
    ],
)
def test_no_rounded_score_stands_on_the_other_side_of_its_bound(score, colour, told):
    """Good is above 80, fair from 65: 80.4 is not told as 80, and 79.6 is not either."""
    assert quality_words(kept(score=score, colour=colour), SAY) == told


def test_what_spoils_an_area_is_counted_over_its_centres_that_are_not_good():
    heights, weights = "missing_height", "missing_weight"
    quality = {
        "A": kept(worst=[(heights, 0.5), (weights, 0.3)]),
        "B": kept(worst=[(heights, 0.7)], colour="amber"),
        "C": kept(worst=[(weights, 0.1)], colour="green"),
        "D": kept(worst=[(weights, 0.2)], at_100_percent=["no_growth"]),
    }
    places = [("A", "S1"), ("B", "S1"), ("C", "S1"), ("E", "S1"), ("C", "S2"), ("D", "S3")]
    found = spoiled_by(quality, places)
    assert found == {
        "S1": [(heights, 2, 0.6), (weights, 1, 0.3)],
        "S3": [("no_growth", 1, 1.0), (weights, 1, 0.2)],
    }
