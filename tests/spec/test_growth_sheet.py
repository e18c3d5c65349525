"""The printed growth chart: what stands in the table, what is drawn, and what no curve may show.
Stories of a girl of 74 cm (`tests/spec/test_care_children.py`), read on 10 March 2026."""

from __future__ import annotations

import pytest

from features.charts.panel import CROSS
from features.charts.svg import Dots, Polyline
from serving.language.words import words
from serving.visits.child.growth_told import NOTHING, growth_sheet
from tests.spec.test_care_children import records
from tests.spec.test_towards_discharge import view

SAY = words("en")
AGE, WEIGHT, WAZ, HEIGHT, HAZ, WHZ, ARM = range(7)


def sheet(readings, say=SAY, **more):
    known, _ = view([records(readings, **more)])
    return growth_sheet(known, say, title="c000")


def drawn(told, name):
    """How many points, and how many crosses, a panel has."""
    (figure,) = (one for one in told.figures if one.name == name)
    shapes = figure.picture.shapes
    points = sum(len(shape.points) for shape in shapes if isinstance(shape, Dots))
    strokes = [one for one in shapes if isinstance(one, Polyline) and one.colour == CROSS]
    return points, len(strokes) // 2


def test_each_measurement_is_a_line_the_newest_first():
    told = sheet("30: 6.6 kg 74 cm 112 mm; 0: 8.2 kg 74.5 cm 126 mm")
    now, before = told.readings
    assert (now.day, before.day) == ("10 Mar 2026", "8 Feb 2026")
    assert before.cells[:2] == ("15", "6.6") and now.cells[AGE] == "16"
    assert (before.cells[HEIGHT], before.cells[WHZ], before.cells[ARM]) == ("74.0", "−3.5", "11.2")
    assert now.cells[WHZ] == "−1.1" and not now.notes and not before.notes
    assert [drawn(told, name) for name in ("waz", "whz", "muac", "haz")] == [(2, 0)] * 4
    cuts = {figure.name: figure.cuts for figure in told.figures}
    assert "under −3" in cuts["whz"] and "to under −2" in cuts["whz"]
    assert "under 11.5 cm" in cuts["muac"] and "to under 12.5 cm" in cuts["muac"]


def test_an_implausible_weight_is_a_cross_that_no_line_joins():
    told = sheet("60: 8.4 kg 74 cm; 30: 3.1 kg 74 cm; 0: 8.5 kg 74 cm")
    odd = told.readings[1]
    assert odd.cells[WEIGHT] == "3.1" and odd.cells[WAZ] == odd.cells[WHZ] == NOTHING
    assert "Weight (kg): not plausible, measure again" in odd.notes
    assert "WHZ: not plausible, measure again" in odd.notes
    assert drawn(told, "waz") == drawn(told, "whz") == (2, 1)
    assert SAY("chart", "implausible") in told.notes


def test_a_height_holds_sixty_days_under_two_years_and_then_there_is_no_whz():
    told = sheet("61: 8.4 kg 74 cm; 1: 8.4 kg; 0: 8.5 kg")
    late, still, _ = told.readings
    assert still.cells[WHZ] != NOTHING and still.notes == ("WHZ on the height of 8 Jan 2026",)
    assert late.cells[WHZ] == late.cells[HEIGHT] == NOTHING
    assert late.notes == ("no WHZ: the height of 8 Jan 2026 is too old",)
    assert drawn(told, "whz") == (2, 0) and drawn(told, "waz") == (3, 0)
    assert drawn(told, "haz") == (1, 0), "a height is drawn on its own day alone"
    assert SAY("chart", "stale") in told.notes


def test_an_impossible_weight_on_an_old_height_is_no_cross_of_whz():
    told = sheet("90: 8.4 kg 74 cm; 0: 3.1 kg")
    assert drawn(told, "whz") == (1, 0) and drawn(told, "waz") == (1, 1)
    assert "WHZ: not plausible, measure again" not in told.readings[0].notes


def test_the_weight_of_a_swollen_child_is_on_no_curve():
    told = sheet("30: 8.4 kg 74 cm; 0: 9.4 kg 74 cm 128 mm o1")
    swollen = told.readings[0]
    assert swollen.cells[WEIGHT] == "9.4" and swollen.cells[WAZ] == swollen.cells[WHZ] == NOTHING
    assert swollen.notes[0].startswith("both feet swollen, a sign of SAM")
    assert drawn(told, "waz") == drawn(told, "whz") == (1, 0)
    assert drawn(told, "haz") == (2, 0)


def test_a_copied_height_calls_no_child_well_and_hides_no_sam():
    copied = "120: 7.6 kg 74 cm; 90: 7.8 kg 74 cm; 60: 8.0 kg 74 cm; 30: 8.1 kg 74 cm"
    well = sheet(f"{copied}; 0: 8.3 kg 74 cm").readings[0]
    assert well.cells[WHZ] == NOTHING and well.notes[0].startswith("height the same for months")
    thin = sheet(f"{copied}; 0: 6.5 kg 74 cm")
    assert thin.readings[0].cells[WHZ] == "−3.7", "SAM on a doubted height is believed"
    shrank = sheet("30: 8.1 kg 78 cm; 0: 8.3 kg 74 cm").readings[0]
    assert shrank.cells[WHZ] == NOTHING and shrank.notes[0].startswith("height less than before")


def test_an_arm_under_six_months_is_judged_by_no_limit():
    told = sheet("0: 5.1 kg 58 cm 108 mm", age=120)
    assert told.readings[0].cells[ARM] == "10.8" and drawn(told, "muac") == (0, 0)
    assert "under six months: the arm's limits do not apply" in told.readings[0].notes


def test_over_five_a_reading_stands_in_the_table_alone():
    told = sheet("200: 13 kg 100 cm; 0: 13.4 kg 104 cm 140 mm", age=1900)
    old = told.readings[0]
    assert old.cells[WAZ] == old.cells[WHZ] == NOTHING
    assert old.notes == ("over five: WHO's curves end here",)
    assert drawn(told, "whz") == (1, 0) and drawn(told, "muac") == (0, 0)


@pytest.mark.parametrize("language", ["hi", "mr"])
def test_the_chart_speaks_the_language(language):
    say = words(language)
    told = sheet("30: 6.6 kg 74 cm 112 mm; 0: 3.2 kg 74 cm o2", say)
    assert [figure.title for figure in told.figures][0] == say("chart", "waz")
    assert say("growth", "swollen") in told.readings[0].notes


def test_a_child_never_measured_has_no_chart():
    known, _ = view([records("", seen=[(3, {"fever": True})])])
    assert growth_sheet(known, SAY, title="c000") is None
