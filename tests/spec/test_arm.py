"""An arm between people and records: both units are read, neither is guessed, and it is always told
in cm."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.criteria import criteria
from serving.language.arm import MUAC_MM, WRITTEN, arm_cm, arm_mm, in_all_digits, input_pattern
from serving.visits.visit_outcomes import BOUNDS

TAKEN = [
    ("11.4", 114.0),
    ("114", 114.0),
    ("11,4", 114.0),
    ("११.४", 114.0),
    ("११४", 114.0),
    ("११,४", 114.0),
    (" 11.4 ", 114.0),
    ("6", 60.0),
    ("6.0", 60.0),
    ("26", 260.0),
    ("26.0", 260.0),
    ("60", 60.0),
    ("60.0", 60.0),
    ("260", 260.0),
    ("12", 120.0),
    ("11.45", 114.5),
    ("114.5", 114.5),
    ("९.९", 99.0),
    ("99", 99.0),
    ("100", 100.0),
    ("10", 100.0),
]
REFUSED = [
    "5.9",
    "5",
    "0",
    "0.114",
    "1.14",
    "26.1",
    "26.01",
    "27",
    "40",
    "59",
    "59.9",
    "५९",
    "260.1",
    "261",
    "1140",
    "-11.4",
    "",
    " ",
    "nan",
    "inf",
    "1e1",
    "1_1",
    "11.4.1",
    "11 4",
    "eleven",
    "11.",
    ".5",
]
WITH_UNIT = [
    ("11.4 cm", 114.0),
    ("114mm", 114.0),
    ("11.4 सेमी", 114.0),
    ("११४ मिमी", 114.0),
    ("11.4 CM", 114.0),
]


@pytest.mark.parametrize(("written", "mm"), TAKEN + WITH_UNIT)
def test_an_arm_is_read_in_cm_and_in_mm(written, mm):
    assert arm_mm(written) == mm


@pytest.mark.parametrize("written", [*REFUSED, "114 cm", "11.4 mm", "११.४ मिमी", "11.4 kg"])
def test_what_is_no_arm_in_either_unit_is_refused_with_the_bounds(written):
    with pytest.raises(ValueError, match=re.escape(WRITTEN)):
        arm_mm(written)


def test_no_number_is_an_arm_in_both_units_and_the_limit_is_far_from_the_edges():
    low, high = MUAC_MM
    assert high / 10 < low and BOUNDS["muac_mm"] == MUAC_MM
    assert all(f"{bound / 10:g}" in WRITTEN and f"{bound:g}" in WRITTEN for bound in MUAC_MM)


@given(st.integers(600, 2600))
def test_an_arm_comes_back_as_it_was_told_in_either_unit(tenths_of_mm):
    mm = tenths_of_mm / 10
    assert arm_mm(arm_cm(mm)) == arm_mm(f"{mm:g}") == mm


@given(st.floats(60, 260))
def test_no_arm_is_told_across_the_limit_of_sam(mm):
    told, limit = float(arm_cm(round(mm, 2))) * 10, criteria().severe_muac_below_mm
    assert (told < limit) == (round(mm, 2) < limit)


def test_the_pages_pattern_takes_what_the_service_takes():
    pattern = re.compile(input_pattern(), re.ASCII)
    assert all(pattern.fullmatch(written) for written, _ in TAKEN)
    assert not any(pattern.fullmatch(written) for written in REFUSED)
    assert in_all_digits(r"1[0-5]\d") == "[1१][0-5०-५][0-9०-९]"


@given(st.integers(0, 3000), st.sampled_from(".,"))
def test_the_pages_pattern_agrees_with_the_service_on_every_tenth(tenths, point):
    written = f"{tenths // 10}{point}{tenths % 10}"
    try:
        arm_mm(written)
        taken = True
    except ValueError:
        taken = False
    assert bool(re.fullmatch(input_pattern(), written, re.ASCII)) == taken
