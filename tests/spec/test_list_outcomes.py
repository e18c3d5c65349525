"""What came of a list: children named on 2 March 2026, followed for eight weeks (to 27 April), as the
run of 15 June knows them."""

from contextlib import closing

import numpy as np
import pytest

from registry.store.store import open_store
from serving.book.scorebook import area_of
from serving.book.scoring.book_rows import Scoring
from serving.book.scoring.list_outcomes import (
    FATES,
    GROUPS,
    LEVELS,
    fates,
    level_of_lists,
    list_pages,
)
from tests.support.days_of_scoring import DaysOfScoring

STORIES = {
    # child: (visited or not, what became of it, what was recorded after the list)
    "v_sam": ("visited", "sam", "visit 10-03 well; arm 01-04 109"),
    "v_well": ("visited", "not_sam", "visit 10-03 well; arm 01-04 131"),
    "v_first_day": ("visited", "not_sam", "visit 02-03 well; arm 01-04 131"),
    "v_admitted": ("visited", "admitted", "visit 10-03 ill; stay 20-03; arm 01-04 131"),
    "v_unmeasured": ("visited", "unmeasured", "visit 10-03 well"),
    "v_sam_at_home": ("visited", "sam", "visit 10-03 sam_again"),
    "v_died": ("visited", "died", "visit 10-03 died"),
    "away": ("not_visited", "not_sam", "visit 10-03 away; arm 01-04 131"),
    "too_late": ("not_visited", "not_sam", "visit 30-03 well; arm 10-04 131"),
    "not_again": ("not_visited", "not_sam", "arm 10-03 109; arm 20-04 131"),
    "again": ("not_visited", "sam", "arm 10-03 131; arm 20-04 109"),
    "last_day": ("not_visited", "sam", "arm 27-04 109"),
    "day_after": ("not_visited", "unmeasured", "arm 28-04 109; stay 10-05"),
    "no_arm": ("not_visited", "unmeasured", "visit 29-03 away"),
}


def recorded():
    """The stories as tables."""
    rows: dict[str, list[str]] = {"measurements": [], "visits": [], "episodes": []}
    for name, (*_, story) in STORIES.items():
        for number, event in enumerate(story.split("; ")):
            what, when, *more = event.split()
            day = f"2026-{when[3:]}-{when[:2]}"
            if what == "arm":
                rows["measurements"].append(f"{name},{day},8.4,74,lying,{more[0]},")
            elif what == "visit":
                rows["visits"].append(f"{name},{day},{more[0]}")
            else:
                rows["episodes"].append(f"{name}{number},{name},UCDC,{day},pass,false,,,")
    return {name: "\n".join(lines) for name, lines in rows.items()}


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    made = DaysOfScoring(tmp_path_factory.mktemp("lists"))
    made.record(
        "2026-02-02",
        centres="A,Amba,S1,P1,D1,rural\nB,Bela,S2,P1,D1,rural",
        children="\n".join(f"{name},F,2024-12-05,A,,," for name in (*STORIES, "unlisted")),
        measurements="\n".join(
            f"{name},2026-02-01,{'9.0,74,lying,140' if name == 'unlisted' else '6.9,74,lying,108'},"
            for name in (*STORIES, "unlisted")
        ),
    )
    made.score("2026-03-02")
    # A second list of the month names nobody anew.
    made.score("2026-03-09")
    made.record("2026-06-14", **recorded())
    made.score("2026-06-15")
    return made


def counts(reader, level, place):
    page = reader.area_pages(reader.run(), level_of_lists(level), [place])[place]
    return page["months"], page["groups"]


def test_each_child_is_counted_once_with_what_became_of_it(days):
    reader = days.reader()
    with closing(open_store(days.address)) as store:
        scoring = Scoring.of(store.load(), {}, reader.run().as_of)
        told = list(fates(store.engine, reader.run(), scoring, ["S1", "S2"]))
    found = {one.child_id: (group, fate) for one, group, fate in told}
    assert len(told) == len(found)
    assert found == {name: (f"rule_{of}", fate) for name, (of, fate, _) in STORIES.items()}


def test_counts_add_up_from_the_sector_to_the_state_and_few_are_not_told(days):
    reader = days.reader()
    months, groups = counts(reader, "sector", "S1")
    assert months == ["2026-03"]
    everyone = {
        group: sum(of == group.removeprefix("rule_") for of, *_ in STORIES.values())
        for group in GROUPS
    }
    assert everyone["rule_visited"] == everyone["rule_not_visited"] == 7
    for level, place in zip(LEVELS, ("S1", "P1", "D1", "state"), strict=True):
        assert counts(reader, level, place) == (months, groups)
    for group in GROUPS:
        for fate in FATES:
            for cell in groups[group][fate]:
                assert cell is None or cell == 0 or cell >= 5, (group, fate)
    assert groups["risk_visited"] == {fate: [0, 0] for fate in FATES}


def test_a_list_younger_than_eight_weeks_is_not_told_of(days, tmp_path):
    young = DaysOfScoring(tmp_path)
    young.record(
        "2026-02-02",
        centres="A,Amba,S1,P1,D1,rural",
        children="c,F,2024-12-05,A,,,",
        measurements="c,2026-02-01,6.9,74,lying,108,",
    )
    young.score("2026-03-02")
    reader = young.score("2026-04-26")
    assert reader.area_pages(reader.run(), level_of_lists("sector"), ["S1"]) == {}
    reader = young.score("2026-04-27")
    assert set(reader.area_pages(reader.run(), level_of_lists("sector"), ["S1"])) == {"S1"}


def sector(**groups):
    """One month's counts by group, in the order of FATES."""
    return {"2026-03": groups}


PLACES = [("S1", "P1", "D1"), ("S2", "P1", "D1"), ("S3", "P2", "D1")]


def pages(lists):
    return {(level, place): area_of(page) for level, place, page in list_pages(lists, PLACES)}


def test_large_counts_are_told_with_their_sums():
    many = [5, 6, 20, 40, 9]
    found = pages({one: sector(rule_visited=many) for one in ("S1", "S2", "S3")})
    of_project = found["lists:project", "P1"]["groups"]["rule_visited"]
    assert [of_project[fate] for fate in FATES] == [[2 * n, 2 * n] for n in many]
    of_state = found["lists:state", "state"]["groups"]["rule_visited"]
    assert [of_state[fate][-1] for fate in FATES] == [3 * n for n in many]


def test_a_small_count_cannot_be_worked_out_from_the_sums_beside_it():
    found = pages(
        {
            "S1": sector(rule_visited=[2, 8, 20, 40, 9]),
            "S2": sector(rule_visited=[9, 8, 20, 40, 9]),
        }
    )
    one, other = (found["lists:sector", name]["groups"]["rule_visited"] for name in ("S1", "S2"))
    assert one["died"] == [None, None]
    # Neither from the project less the other sector, nor from the row's total.
    assert other["died"] == [None, None] or found["lists:project", "P1"]["groups"]["rule_visited"][
        "died"
    ] == [None, None]
    assert sum(one[fate][0] is None for fate in FATES) >= 2
    assert np.sum([one[fate][0] is not None for fate in FATES]) >= 1
