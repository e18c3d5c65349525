"""Food and money of an area, as an officer with a pencil works them out: what adds up, what must be
sent by when, what it costs, and what is not told."""

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest

from care.programme.supplies import area_supply, supply_counts
from care.programme.supplies.supply_ahead import Ahead
from care.protocol import standard
from registry.checks.table import build
from registry.contract.registry import day_number
from serving.book.areas import area_supplies
from serving.book.areas.area_supplies import AreaFood, Room, ToldOfAll
from serving.language.words import words
from serving.pages.areas.supplies import supply_told

DAY = "2026-06-30"
PLAN = standard().plan("government-resolution")
OF_ALL = ToldOfAll(dt.date(2026, 6, 30), 61, 26, None)
EN = words("en")
CENTRES = {"A": ("S1", "P1", "D1"), "B": ("S1", "P1", "D1"), "C": ("S2", "P2", "D1")}


def registry():
    """Two children in treatment in A, one in B, one in C; A and C counted their sachets."""
    children = [(f"{at}{n}", at) for at in CENTRES for n in range(3)]
    stays = [("A0", "2026-06-01"), ("A1", "2026-06-21"), ("B0", "2026-05-10"), ("C0", "2026-06-25")]
    rows = {
        "centres": [
            dict(zip(("sector_id", "project_id", "district_id"), of, strict=True))
            | {"centre_id": at, "setting": "rural"}
            for at, of in CENTRES.items()
        ],
        "children": [
            {"child_id": child, "sex": "F", "birth_date": "2025-01-10", "centre_id": at}
            for child, at in children
        ],
        "measurements": [
            {"child_id": child, "measured_on": DAY, "weight_kg": 7.0} for child, _ in children
        ],
        "episodes": [
            {"episode_id": f"e{c}", "child_id": c, "programme": "VCDC", "admitted_on": on}
            for c, on in stays
        ]
        + [
            {
                "episode_id": "old",
                "child_id": "A2",
                "programme": "VCDC",
                "admitted_on": "2026-01-01",
                "closed_on": "2026-02-20",
                "outcome": "cured",
            }
        ],
        "stocks": [
            {"centre_id": at, "counted_on": "2026-06-28", "item": "EDNF", "quantity": many}
            for at, many in (("A", 60), ("C", 0))
        ],
        "rations": [
            {"child_id": "A0", "issued_on": "2026-06-29", "item": "EDNF", "quantity": 14.5}
        ],
    }
    found, refused = build(
        {name: pd.DataFrame(of) for name, of in rows.items()}, imported_on="2026-07-01"
    )
    assert not refused.rows
    return found


def counted(own=None, day=DAY):
    return supply_counts.of(registry(), day_number(day), own_centres=own)


def places(counts):
    found = registry()
    ahead = Ahead.of(found, counts, None)
    told = area_supply.told(ahead)
    return {(one.level, one.place): one for one in area_supply.places(found, ahead, PLAN, told)}


def test_the_parts_counts_are_the_wholes_to_the_bit():
    whole = counted()
    parts = []
    for own in ([True, True, False, True], [False, False, True, False]):
        mask = np.array(own)
        at = np.flatnonzero(mask[:-1])
        part = counted(mask).taken(at)
        parts.append((at, supply_counts.from_plain(supply_counts.plain(part))))
    together = supply_counts.gathered(parts, 3)
    assert (together.today, together.admitted_own, together.admitted_all) == (
        whole.today,
        whole.admitted_own,
        whole.admitted_all,
    )
    for name in ("followed", "ended"):
        np.testing.assert_array_equal(getattr(together, name), getattr(whole, name))
    for name in ("centre", "days", "open"):
        np.testing.assert_array_equal(getattr(together.stays, name), getattr(whole.stays, name))
    for item, of in whole.items.items():
        for name, cells in vars(of).items():
            np.testing.assert_array_equal(getattr(together.items[item], name), cells)
    assert [dataclasses.asdict(one) for one in places(together).values()] == [
        dataclasses.asdict(one) for one in places(whole).values()
    ]


def test_needs_add_up_from_centres_to_the_state_and_food_does_not_wander():
    found = places(counted())
    need = {place: one.needs[0][1] for place, one in found.items()}
    for level in ("centre", "sector", "project", "district"):
        own = sum(amount for (of, _), amount in need.items() if of == level)
        assert own == pytest.approx(need["state", "state"]), level
    (state,), (of_a,), (of_c,) = (
        found[place].rooms for place in (("state", "state"), ("centre", "A"), ("centre", "C"))
    )
    assert of_a.left == 60 - 14.5 and of_c.left == 0
    assert (state.centres, state.left, state.empty) == (3, 45.5, 1)
    assert state.not_known == {"never_counted": 1} and state.need_of_others > 0
    assert state.send == of_a.send + of_c.send > 0, "C is sent its need, whatever A has"
    assert state.first_counted == state.last_counted == day_number("2026-06-28")


def test_nothing_later_than_the_day_is_used():
    """By 27 June no store room was counted, and the child admitted on the 25th was known."""
    before = counted(day="2026-06-27")
    assert (before.items["EDNF"].counted_on == -1).all()
    assert len(before.stays.days) == 4 and before.stays.days.min() == 2
    assert len(counted(day="2026-06-20").stays.days) == 2, "of A1 and C0 nothing was known yet"


def test_a_count_after_the_last_childs_record_is_heard():
    """Children's records end on 30 June; a count of 3 July is known on the 5th."""
    found = registry()
    stocks = found.stocks.having(
        counted_on=np.array([day_number("2026-07-03")] * 2, np.int32),
        known_from=np.array([day_number("2026-07-04")] * 2, np.int32),
    )
    later = dataclasses.replace(found, stocks=stocks)
    heard = {
        on: supply_counts.of(later, day_number(on)).items["EDNF"].counted_on.tolist()
        for on in ("2026-07-03", "2026-07-05")
    }
    third = day_number("2026-07-03")
    assert heard == {"2026-07-03": [-1, -1, -1], "2026-07-05": [third, -1, third]}


def room(**changes):
    usual = Room(
        item="EDNF",
        centres=10,
        counted=10,
        left=300.0,
        empty=0,
        first_counted=dt.date(2026, 6, 30),
        last_counted=dt.date(2026, 6, 30),
        not_known={},
        may_tell=True,
        weeks=(3.4, 1.8, None),
        send=340,
        send_at_most=420,
        need_of_others=0,
    )
    return dataclasses.replace(usual, **changes)


def orders(**rooms):
    foods = {place: AreaFood((), (one,)) for place, one in rooms.items()}
    names = {place: f"Project {place}" for place in rooms}
    return supply_told.orders(foods, "project", OF_ALL, names, EN)


def test_what_is_sent_by_when():
    """At the earliest empty in 1.8 weeks, 12.6 days from 30 June: by 12 July."""
    (order,) = orders(P2=room())
    assert order.sentence == (
        "Send 340 EDNF sachets (at most 420) to Project P2 by 12 July 2026: then it may be used up."
    )
    assert order.lasts == "3 weeks (1 to more than 26)" and order.by == "12 July 2026"
    (none,) = orders(P2=room(left=0.0, weeks=(0.0, 0.0, 0.0), empty=10))
    assert "to Project P2 now: none is left." in none.sentence and none.lasts == "none left"
    (soon,) = orders(P2=room(weeks=(0.5, 0.1, 1.0), empty=3))
    assert "any day" in soon.sentence and soon.sentence.endswith(
        "3 of its centres have none left: these first."
    )


def test_the_soonest_empty_comes_first_and_who_has_enough_is_not_there():
    found = orders(
        P1=room(weeks=(5.0, 4.0, 6.0)),
        P2=room(weeks=(3.0, 2.0, 4.0), send=10),
        P3=room(weeks=(3.0, 2.0, 4.0), send=90),
        P4=room(weeks=(20.0, 15.0, None), send=0, send_at_most=0),
    )
    assert [order.place for order in found] == ["P3", "P2", "P1"]


def test_who_never_counted_is_said_so():
    nobody = room(
        counted=0,
        left=None,
        weeks=None,
        send=None,
        send_at_most=None,
        first_counted=None,
        last_counted=None,
        not_known={"never_counted": 8, "too_old": 2},
        need_of_others=500,
    )
    assert orders(P1=nobody) == []
    assert supply_told.stock_told(nobody, EN) == (
        "8 centres never counted; 2 centres counted more than 45 days ago; these need 500"
    )
    assert supply_told.stock_told(None, EN) == "nobody counted"


class KeptPages:
    """A reader of one run, with the food of two sectors."""

    def area_pages(self, run, level, places):
        kept = {
            "centres": 2,
            "empty": 1,
            "left": 40.0,
            "send": 30,
            "send_at_most": 50,
            "not_known": {},
            "need_of_others": 0,
            "first_counted": DAY,
            "last_counted": DAY,
            "weeks": [1.0, 0.5, None],
        }
        page = {"needs": [[4, 100, 80, 120]], "items": {"EDNF": kept}}
        return {place: page for place in places if level == "supply:sector"}


def test_where_few_are_in_treatment_no_need_is_told_and_the_count_still_is():
    found = area_supplies.foods(KeptPages(), None, "sector", {"S1": True, "S2": False})
    told, withheld = found["S1"], found["S2"]
    assert told.needs and told.rooms[0].send == 30
    assert withheld.needs == () and withheld.rooms[0].left == 40
    hidden = withheld.rooms[0]
    assert (hidden.weeks, hidden.send, hidden.send_at_most, hidden.need_of_others) == (None,) * 4
    assert supply_told.lasts_told(hidden, OF_ALL, EN) == "not shown"
    assert supply_told.send_told(hidden, EN) == "not shown"
    month = {"ednf_issued": 12.0}
    (line,) = supply_told.item_lines(withheld, month, OF_ALL, EN)
    assert line.needs == ("not shown", "not shown") and line.issued == "12"


def test_a_round_costs_what_the_resolution_says():
    """12 children, of whom 2 are on three sachets, 72 days, one project:
    12 x 26.80 x 72 + 2 x 2 x 26.80 x 72 + 12 x 10 x 72 = 23,155.20 + 7,718.40 + 8,640."""
    month = {"in_treatment": 5, "sam_untreated": 7}
    lines = {line.name: line for line in supply_told.money_lines(month, 1, EN)}
    assert lines["A. Food and pay"].now_round == "₹ 39,514"
    assert lines["Total (A + B + C)"].now_round == "₹ 89,514", "and twice 25,000 a project"
    assert lines["Total (A + B + C)"].now_year == "₹ 1,68,541", "three rounds, the sums once"
    planned = lines["A. Food and pay"].plan_round
    assert planned == "₹ 3,50,093", "103 of 10,717 children for one of 104 projects"
    assert "12 children" in supply_told.round_cost(month, 1, EN)
    sector = supply_told.money_lines(month, 0, EN)
    assert [line.plan_round for line in sector] == [""] * 4, "no project's sums below a project"


def test_the_money_tells_no_count_that_is_withheld():
    month = {"in_treatment": None, "sam_untreated": 7}
    assert supply_told.known_sam(month) is None
    assert supply_told.money_lines(month, 1, EN) == []
    assert "not shown" in supply_told.round_cost(month, 1, EN)
