"""The month's plan: danger first whatever the way, nobody after its day, what is due on its day."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace

import pytest

from models.visits.month_plan import month_plan
from models.visits.ranking import VisitRow, rank
from tests.support.listed_children import AS_OF, child, in_danger, overdue, sector

MONDAY = AS_OF
RAMPUR = {"centre_id": "A001", "latitude": 20.0, "longitude": 77.0}
BELPUR = {"centre_id": "A002", "latitude": 20.005, "longitude": 77.0}
"""Half a kilometre from Rampur."""
SONPUR = {"centre_id": "A003", "latitude": 20.3, "longitude": 77.0}
"""33 km from Rampur."""


def on(day: int) -> dt.date:
    """A day of March 2026; the 16th is the Monday of the list."""
    return dt.date(2026, 3, day)


def rows(*named):
    """(section, child), the most urgent first, as rows of a list."""
    return [VisitRow(section, at, one) for at, (section, one) in enumerate(named, 1)]


def planned(plan) -> dict[str, int]:
    """The day of March of each child with a day."""
    return {row.candidate.child_id: day.on.day for day in plan.days for row in day.rows}


def test_danger_goes_first_whatever_the_route():
    """At Rampur and at Sonpur, 33 km away, a child in danger; at Belpur next to Rampur one at risk."""
    listed = rows(
        ("danger", in_danger(1, **RAMPUR)),
        ("danger", in_danger(2, **SONPUR)),
        ("risk", child(3, **BELPUR)),
        ("risk", child(4, **RAMPUR)),
    )
    plan = month_plan(listed, [], start=MONDAY, per_day=2)
    assert planned(plan) == {"C00001": 16, "C00002": 16, "C00003": 17, "C00004": 17}
    assert planned(month_plan(listed, [], start=MONDAY, per_day=1)) == {
        "C00001": 16,
        "C00002": 17,
        "C00003": 18,
        "C00004": 19,
    }


def test_danger_that_is_not_extreme_goes_with_the_danger_on_the_way():
    """An extreme child at Rampur, one severe at Sonpur, one severe at Belpur next to Rampur, and an
    extreme one at Sonpur: the extreme first whatever the way, then who is on it."""
    severe = {"facts": {"whz": -3.2, "muac_mm": 121.0}, "rule": "defaulted"}
    severe |= {"next_step": "bring_back", "who": "awc_worker"}
    extreme = severe | {"facts": {"whz": -3.4, "muac_mm": 109.0}}
    listed = rows(
        ("danger", in_danger(1, **RAMPUR, **extreme)),
        ("danger", in_danger(2, **SONPUR, **severe)),
        ("danger", in_danger(3, **BELPUR, **severe)),
        ("risk", child(4, **RAMPUR)),
    )
    plan = month_plan(listed, [], start=MONDAY, per_day=2)
    assert planned(plan) == {"C00001": 16, "C00003": 16, "C00002": 17, "C00004": 17}
    both = rows(*((row.section, row.candidate) for row in listed[:3]))
    both.insert(1, VisitRow("danger", 2, in_danger(5, **SONPUR, **extreme)))
    assert planned(month_plan(both, [], start=MONDAY, per_day=2)) == {
        "C00001": 16,
        "C00005": 16,
        "C00002": 17,
        "C00003": 17,
    }


def test_every_child_for_the_anm_has_a_day_at_its_centre():
    """Six centres, two a day: those of children in danger first in their order, near ones after
    one another; one of her children is due on a day of its own and stands on her day alone."""
    far = {
        name: {"centre_id": name, "latitude": 21.0 + at, "longitude": 77.0}
        for at, name in enumerate(("A010", "A011", "A012"))
    }
    anm = [
        in_danger(1, **SONPUR),
        in_danger(2, **RAMPUR),
        in_danger(3, **SONPUR),
        child(4, **far["A010"], by_when=on(25)),
        child(5, **BELPUR),
        child(6, **RAMPUR),
        child(7, **far["A011"]),
        child(8, **far["A012"]),
    ]
    plan = month_plan([], anm, start=MONDAY, per_day=4, anm=anm)
    days = {day.on.day: [one.child_id for one in day.anm] for day in plan.days if day.anm}
    assert days == {
        16: ["C00001", "C00003", "C00002", "C00006"],
        17: ["C00004", "C00005"],
        18: ["C00007", "C00008"],
    }
    assert "C00004" not in [
        one.child_id for day in plan.days for one in day.due if day.on == on(17)
    ]
    many = [child(at, centre_id=f"A{at:03d}", latitude=None, longitude=None) for at in range(80)]
    crowded = month_plan([], many, start=MONDAY, per_day=4, anm=many)
    assert sorted(one.child_id for day in crowded.days for one in day.anm) == sorted(
        one.child_id for one in many
    )
    assert not any(day.anm for day in crowded.days if day.on.weekday() == 6)


def test_children_of_one_centre_and_of_one_near_it_share_a_day():
    """Rampur's first child, then one far away, one near by, and another of Rampur."""
    listed = rows(
        ("risk", child(1, **RAMPUR)),
        ("risk", child(2, **SONPUR)),
        ("risk", child(3, **BELPUR)),
        ("risk", child(4, **RAMPUR)),
    )
    first, second = month_plan(listed, [], start=MONDAY, per_day=3).days[:2]
    assert [row.rank for row in first.rows] == [1, 4, 3]
    assert [row.rank for row in second.rows] == [2]


def test_a_child_due_by_a_fixed_day_is_not_planned_after_it_while_there_is_a_place():
    """Three are due by Tuesday; two less urgent ones by Monday and Tuesday; one visit a day."""
    listed = rows(
        ("overdue", overdue(1)),
        ("risk", child(2, by_when=on(17))),
        ("risk", child(3, by_when=on(16))),
        ("risk", child(4, by_when=on(17))),
        ("risk", child(5, by_when=None)),
    )
    plan = month_plan(listed, [], start=MONDAY, per_day=1)
    in_time = {"C00003": 16, "C00002": 17, "C00001": 18, "C00005": 19}
    assert planned(plan) == in_time | {"C00004": 20}
    assert [row.candidate.child_id for row in plan.too_late] == ["C00004"] and not plan.no_day
    assert planned(month_plan(listed, [], start=MONDAY, per_day=2))["C00004"] == 17


def test_a_day_that_is_near_never_takes_the_place_of_danger():
    listed = rows(
        ("danger", in_danger(1)), ("danger", in_danger(2)), ("risk", child(3, by_when=on(17)))
    )
    plan = month_plan(listed, [], start=MONDAY, per_day=1)
    assert planned(plan) == {"C00001": 16, "C00002": 17, "C00003": 18}
    assert [row.rank for row in plan.too_late] == [3]


def test_danger_that_comes_too_late_still_comes_before_all_others():
    listed = rows(
        ("danger", replace(in_danger(1), by_when=on(16))),
        ("danger", replace(in_danger(2), by_when=on(16))),
        ("risk", child(3, by_when=on(17))),
    )
    plan = month_plan(listed, [], start=MONDAY, per_day=1)
    assert planned(plan) == {"C00001": 16, "C00002": 17, "C00003": 18}
    assert [row.rank for row in plan.too_late] == [2, 3]


def test_sundays_are_free_but_where_the_month_begins_on_one():
    listed = rows(*(("risk", child(at, by_when=None)) for at in range(1, 9)))
    assert set(planned(month_plan(listed, [], start=MONDAY, per_day=1)).values()) == {
        *range(16, 22),
        23,
        24,
    }
    sunday = planned(month_plan(listed, [], start=on(22), per_day=4))
    assert sorted(sunday.values()) == [22] * 4 + [23] * 4
    due_on_sunday = rows(("risk", child(1, by_when=None)), ("risk", child(2, by_when=on(22))))
    assert planned(month_plan(due_on_sunday, [], start=on(21), per_day=1)) == {
        "C00002": 21,
        "C00001": 23,
    }


def test_what_is_due_at_a_centre_stays_on_its_day():
    """One due on Thursday, one on a Sunday, one late, one who moved, one visited on its very day."""
    children = [
        child(1, by_when=on(19)),
        child(2, by_when=on(22)),
        overdue(3),
        child(4, by_when=on(19), last_visited_on=on(15), last_finding="moved"),
        child(5, by_when=on(16)),
        child(6, by_when=on(16)),
        child(7, by_when=dt.date(2026, 4, 16)),
        child(8, by_when=on(20), next_step="none"),
    ]
    plan = month_plan(rows(("risk", children[4])), children, start=MONDAY, per_day=1)
    due = {day.on: [one.child_id for one in day.due] for day in plan.days if day.due}
    assert due == {on(16): ["C00006"], on(19): ["C00001"], on(22): ["C00002"]}
    assert plan.days[-1].on == dt.date(2026, 4, 15)


def test_no_list_is_an_empty_month():
    plan = month_plan([], [], start=MONDAY, per_day=4)
    assert (len(plan.days), planned(plan), plan.no_day) == (31, {}, ())


def test_more_visits_than_the_month_has_places_are_named():
    listed = rows(*(("risk", child(at, by_when=None)) for at in range(1, 41)))
    plan = month_plan(listed, [], start=MONDAY, per_day=1)
    assert len(planned(plan)) == 27 and [row.rank for row in plan.no_day] == list(range(28, 41))


@pytest.mark.parametrize("seed", range(5))
def test_every_row_has_one_day_in_time_or_is_named(seed):
    """Whole sectors, with steps due on days drawn at random."""
    dice = random.Random(seed)
    children = [
        replace(one, by_when=AS_OF + dt.timedelta(dice.randrange(-10, 30)))
        for one in sector(120, seed=seed)
    ]
    listed = rank(children, sector_id="S0001", capacity=60, as_of=AS_OF)
    plan = month_plan(listed.rows, children, start=MONDAY, per_day=dice.randint(1, 6))
    told = [row for day in plan.days for row in day.rows] + list(plan.no_day)
    late = {row.rank for row in plan.too_late}
    assert sorted(row.rank for row in told) == [row.rank for row in listed.rows]
    for day in plan.days:
        assert len(day.rows) <= plan.per_day
        for row in day.rows:
            in_time = day.on <= row.candidate.by_when or row.candidate.by_when < MONDAY
            assert in_time != (row.rank in late)
    days = [(day.on, row.section == "danger") for day in plan.days for row in day.rows]
    danger = [on for on, urgent in days if urgent]
    assert not danger or max(danger) <= min(
        (on for on, urgent in days if not urgent), default=dt.date.max
    )
