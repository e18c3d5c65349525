"""Last year's lines beside this year's, and how much of the known SAM is in treatment."""

import datetime as dt

import pytest

from serving.language.words import words
from serving.pages.areas.area_figures import cell, charts, records_before, value_of
from serving.pages.areas.area_parts import records_of, year_before
from tests.support.days_of_scoring import DaysOfScoring

SAY = words("en")


@pytest.mark.parametrize(
    ("treated", "untreated", "told"),
    [(30, 10, "75.0%"), (0, 10, "0.0%"), (0, 0, "–"), (None, 10, "not shown"), (12, None, "not shown")],
)  # fmt: skip
def test_treatment_coverage_is_told_where_both_counts_are(treated, untreated, told):
    record = {"in_treatment": treated, "sam_untreated": untreated}
    assert cell(record, "treatment_coverage", SAY) == told


def monthly(first, months):
    return [
        f"{first.year + (first.month - 1 + at) // 12}-{(first.month - 1 + at) % 12 + 1:02}-10"
        for at in range(months)
    ]


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """Twenty children; of them ten measured in each month of the year before, twenty since; the
    records begin in October 2024."""
    days = DaysOfScoring(tmp_path_factory.mktemp("year-before"))
    first = monthly(dt.date(2024, 10, 1), 9)
    since = monthly(dt.date(2025, 7, 1), 12)
    days.record(
        "2026-06-30",
        centres="A,Amba,S1,P1,D1,rural",
        children="\n".join(f"c{at},F,2024-06-05,A,2024-06-10,," for at in range(20)),
        measurements="\n".join(
            f"c{at},{day},9.0,74,lying,140,"
            for at in range(20)
            for day in (first if at < 10 else []) + since
        ),
    )
    return days.score("2026-06-30")


@pytest.mark.parametrize(
    ("level", "place"),
    [("sector", "S1"), ("project", "P1"), ("district", "D1"), ("state", "state")],
)
def test_the_same_months_a_year_before_are_told_at_every_level(reader, level, place):
    found = year_before(reader, reader.run(), level, place)
    assert found["month"] == [
        *(f"2024-{m:02}" for m in range(7, 13)),
        *(f"2025-{m:02}" for m in range(1, 7)),
    ]
    # Before October 2024 nobody was measured anywhere: nothing is told, and not that 0 % were.
    assert found["coverage"] == [None] * 3 + [0.5] * 9
    this_year = records_of(reader, reader.run(), level, place)
    assert [record["coverage"] for record in this_year] == [1.0] * 13
    assert [record["month"] for record in this_year][:2] == ["2025-07", "2025-08"]


def test_the_lines_of_the_year_before_are_drawn_in_grey_and_said(reader):
    run = reader.run()
    before = records_before(year_before(reader, run, "state", "state"))
    months = records_of(reader, run, "state", "state")[:-1]
    measured = charts(months, before, SAY)[0].picture
    assert measured.count('class="before"') == 1 and measured.count("<polyline") == 2
    assert "Measured, a year before: 50.0% (Oct 2024), 50.0% (Jun 2025)" in measured
    alone = charts(months, [], SAY)[0].picture
    assert "before" not in alone


def test_without_a_year_before_there_is_nothing(reader):
    assert records_before({}) == []
    assert records_before({"month": ["2024-07"], "coverage": [None]}) == []
    assert value_of({"coverage": 0.5}, "coverage") == 0.5
