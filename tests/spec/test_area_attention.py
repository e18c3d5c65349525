"""Which part of an area comes first and why, what a withheld count does to its rank, how a year is
drawn: by hand."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.book.reader import Place
from serving.book.scoring.area_rows import line_of
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.pages.areas import attention
from serving.pages.areas.area_figures import believed, cell, treatment
from serving.pages.areas.area_parts import AreaPart
from serving.pages.areas.attention import FILTERS, SORTS, PartsAsked, chosen, percent, reasons
from serving.pages.areas.month_lines import Line, month_lines

SAY = words("en")
WELL = {
    "danger": 0,
    "sam_untreated": 0,
    "overdue": 0,
    "coverage": 0.95,
    "sam_share": 0.02,
    "mam_share": 0.05,
}
WELL |= {"sphere_cured_share": "met", "sphere_died_share": "met", "sphere_defaulted_share": "met"}
WELL |= {"cured_share": 0.9, "died_share": 0.01, "defaulted_share": 0.05, "in_treatment": 20}
WELL |= {"centres_green": 20, "centres_amber": 3, "centres_red": 2, "centres_unknown": 0}
BY_NEED = {
    "a: most in danger": {"danger": 7},
    "b: fewer in danger, much overdue": {"danger": 6, "overdue": 500},
    "c: in danger is withheld": {"danger": None, "overdue": 9},
    "d: SAM without treatment": {"sam_untreated": 12},
    "e: overdue": {"overdue": 30, "sphere_cured_share": "not met", "cured_share": 0.7},
    "f: overdue, and the same many": {"overdue": 30},
    "g: measured only 40 %": {"coverage": 0.4},
    "h: poor records at 7 of 25": {"centres_green": 15, "centres_red": 7},
    "i: nothing amiss, fewer measured": {"coverage": 0.81},
    "j: nothing amiss": {},
}


def part(name, **changes):
    return AreaPart("sector", Place(name, "P1", "D1"), WELL | changes)


def names(shown):
    return [one.place.place for _, one in shown.parts]


PARTS = [part(name, **changes) for name, changes in BY_NEED.items()]


def test_parts_stand_in_the_order_of_need():
    assert names(chosen(PARTS[::-1], PartsAsked())) == list(BY_NEED)
    assert names(chosen(PARTS, PartsAsked(turned=True))) == list(BY_NEED)[::-1]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, []),
        ({"danger": 7, "overdue": 12}, ["7 in danger", "12 with something overdue"]),
        ({"sam_untreated": 1234}, ["1,234 with SAM and no treatment"]),
        ({"danger": None, "overdue": None}, []),
        ({"coverage": 0.4}, ["measured only 40.0%"]),
        ({"coverage": 0.8}, []),
        ({"coverage": None}, []),
        ({"cured_share": 0.7, "sphere_cured_share": "not met"}, ["only 70.0% cured"]),
        ({"died_share": 0.12, "sphere_died_share": "not met"}, ["12.0% died"]),
        ({"sphere_died_share": "too few", "died_share": None}, []),
        ({"centres_red": 10}, ["poor records at 10 of 33 centres"]),
        ({"centres_red": 6}, []),
        (
            {"quality": {"colour": "red", "score": 52.4}, "centres_red": 1}
            | dict.fromkeys(("centres_green", "centres_amber"), 0),
            ["poor records (52)"],
        ),
    ],
)
def test_the_reason_is_said(changes, why):
    assert reasons(WELL | changes, SAY) == why


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_filter_and_column_has_words(language):
    say = words(language)
    worst = {"danger": 5, "sam_untreated": 6, "overdue": 7, "coverage": 0.3, "centres_red": 90}
    worst |= {f"sphere_{name}": "not met" for name in attention.OUTCOMES}
    told = reasons(WELL | worst, say)
    assert len(told) == len(set(told)) == 8
    for name in SORTS:
        assert say("areas", f"figure_{name}")
    for name in FILTERS:
        assert say("areas", f"show_{name}")


@pytest.mark.parametrize(
    ("show", "shown"),
    [
        ("danger", "abc"),
        ("untreated", "d"),
        ("unmeasured", "g"),
        ("sphere", "e"),
        ("records", "h"),
        ("all", "abcdefghij"),
    ],
)
def test_a_filter_keeps_what_may_be_meant(show, shown):
    assert "".join(name[0] for name in names(chosen(PARTS, PartsAsked(show=show)))) == shown


def test_ranks_stay_those_of_need_whatever_is_sorted_or_filtered():
    found = chosen(PARTS, PartsAsked(sort="coverage"))
    assert (found.parts[0][0], found.parts[0][1].place.place[0]) == (7, "g")
    assert chosen(PARTS, PartsAsked(begins="J")).parts[0][0] == 10
    untold = chosen([*PARTS, part("z", overdue=None)], PartsAsked(sort="overdue"))
    assert names(untold)[-1] == "z" and names(untold)[0][0] == "b"


counts = st.one_of(st.none(), st.just(0), st.integers(5, 40))


@given(st.lists(st.tuples(counts, counts), min_size=1, max_size=130), st.sampled_from(SORTS))
def test_every_part_stands_on_one_page_and_on_one_only(drawn, sort):
    parts = [part(f"S{at}", danger=a, overdue=b) for at, (a, b) in enumerate(drawn)]
    pages = chosen(parts, PartsAsked(sort=sort)).pages
    seen = [
        name
        for page in range(1, pages + 1)
        for name in names(chosen(parts, PartsAsked(sort=sort, page=page)))
    ]
    assert sorted(seen) == sorted(one.place.place for one in parts)


def test_an_address_says_what_is_asked_and_reads_back():
    asked = PartsAsked(parts="sector", sort="coverage", turned=True, begins="27 5&1", page=3)
    assert asked.address(page=4) == (
        "?parts=sector&sort=coverage&order=turned&begins=27+5%261&page=4"
    )
    assert PartsAsked().address() == "?"
    query = {"sort": "coverage", "order": "turned", "begins": " x ", "page": "2", "parts": "sector"}
    assert PartsAsked.of(query) == PartsAsked("sector", "coverage", True, "all", "x", 2)
    for page in ("0", "-1", "x", "9" * 30, "²"):
        assert PartsAsked.of({"page": page, "show": "?", "sort": "?"}) == PartsAsked()


def test_a_dash_is_nobody_and_what_is_withheld_says_so():
    none = {"judged": 0, "cured": 0, "defaulted": 0, "died": 0, "not_recovered": 0}
    assert cell(none, "sam_share", SAY) == cell(none, "cured_share", SAY) == "–"
    assert cell(none | {"judged": None}, "sam_share", SAY) == "not shown"
    assert cell(none | {"died": None}, "died_share", SAY) == "not shown"
    assert cell({}, "danger", SAY) == cell({}, "sam_share", SAY) == "not shown"
    assert cell({"danger": 12345.0}, "danger", SAY) == "12,345"
    assert cell({"gain_g_kg_day": 4.25}, "gain_g_kg_day", SAY) == "4.2 g/kg/day"
    assert percent(0.7504, SAY) == "75.0%"


def test_treatment_stands_beside_sphere_s_lines():
    period = {"cured_share": 0.7, "sphere_cured_share": "not met", "sphere_died_share": "too few"}
    period |= {"defaulted_share": 0.1, "sphere_defaulted_share": "met"}
    lines = {one.name: (one.value, one.line, one.verdict) for one in treatment(period, SAY)}
    assert lines["Cured"] == ("70.0%", "over 75%", "not met")
    assert lines["Stopped coming (defaulted)"] == ("10.0%", "under 15%", "met")
    assert lines["Died in treatment"] == ("not shown", "under 10%", "not shown, or nobody yet")
    assert lines["Not recovered"] == ("not shown", "", "")


def test_how_far_figures_can_be_believed():
    def said(green, red, unknown):
        told = {
            "centres_green": green,
            "centres_amber": 0,
            "centres_red": red,
            "centres_unknown": unknown,
        }
        found = believed(told, SAY)
        return found and found.advice.split()[0]

    assert said(0, 0, 0) is None
    assert (said(76, 20, 4), said(75, 20, 5), said(51, 20, 29), said(50, 21, 29)) == (
        *("Most", "Read"),
        *("Read", "Do"),
    )


def test_a_line_has_whole_counts_of_the_month_and_shares_of_the_year():
    month = {"month": "2026-06", "danger": 7.0, "overdue": None, "coverage": 0.5}
    period = {"month": "2025-07/2026-06", "danger": 7.0, "coverage": 0.9, "cured_share": 0.8}
    line = line_of([month, period], {"red": 2, "green": 1, "amber": 0, "unknown": 0})
    assert line["danger"] == 7 and type(line["danger"]) is int
    assert line["overdue"] is None and line["sam_share"] is None
    assert line["coverage"] == 0.5 and line["cured_share"] == 0.8 and line["centres_red"] == 2


def test_lines_break_where_a_month_is_withheld_and_say_their_ends():
    months = [f"m{at}" for at in range(6)]
    drawn = str(
        month_lines(
            [Line("A", [1, 2, None, 4, None, 2]), Line("B", [None] * 6)],
            months,
            lambda value: f"{value:g}",
            title="T",
        )
    )
    stretches = re.findall(r'points="([^"]*)"', drawn)
    assert [len(one.split()) for one in stretches] == [2] and drawn.count("<circle") == 2
    assert "T; A: 1 (m0), 2 (m5)" in drawn and "B:" not in drawn
    left, right = (tuple(map(float, one.split(","))) for one in stretches[0].split())
    assert left[0] < right[0] and left[1] > right[1], "later to the right, more is higher"
    assert month_lines([Line("A", [None, None])], months, str, title="T") is None
    flat = str(month_lines([Line("A", [0.0, 0.0])], months[:2], str, title="T"))
    assert "nan" not in flat and "polyline" in flat


def test_last_values_that_lie_close_are_written_apart():
    lines = [Line(name, [0, value]) for name, value in (("A", 100.0), ("B", 99.0), ("C", 98.0))]
    drawn = str(month_lines(lines, ["x", "y"], lambda value: f"{value:g}", title="T"))
    heights = [int(y) for y in re.findall(r'<text x="\d+" y="(\d+)">(?:100|99|98)<', drawn)]
    assert len(heights) == 3
    assert all(b - a >= 13 for a, b in zip(heights, heights[1:], strict=False))
