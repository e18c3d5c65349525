"""With one visit more a list names one child more, and nobody changes places: who stands before whom
does not hang on how many visits are possible."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from models.visits.ranking import BRING_SHARE, OVERDUE_SHARE, _shares, emergency, rank
from tests.spec.test_visit_ranking import endangered, sector
from tests.support.listed_children import AS_OF


def names(children, capacity):
    listed = rank(children, sector_id="S0001", capacity=capacity, as_of=AS_OF)
    return [row.candidate.child_id for row in listed.rows]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 90), st.integers(1, 12), st.integers(0, 10_000))
def test_the_list_of_n_is_that_of_one_more_without_one_child(count, centres, seed):
    dice = random.Random(seed)
    children = [endangered(one, dice) for one in sector(count, centres=centres, seed=seed)]
    before = names(children, 1)
    for capacity in range(2, 40):
        now = names(children, capacity)
        added = set(now) - set(before)
        assert len(added) == len(now) - len(before) <= 1
        assert [name for name in now if name not in added] == before
        before = now


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 90), st.integers(0, 10_000), st.integers(1, 40))
def test_emergencies_stand_before_all_who_are_brought(count, seed, capacity):
    dice = random.Random(seed)
    children = [endangered(one, dice) for one in sector(count, centres=5, seed=seed)]
    listed = rank(children, sector_id="S0001", capacity=capacity, as_of=AS_OF)
    at_home = [emergency(row.candidate) for row in listed.rows if row.section == "danger"]
    assert at_home == sorted(at_home, reverse=True)


@given(*[st.integers(0, 30)] * 4)
def test_no_groups_share_falls_and_no_place_stays_empty(bring, late, risk, unscored):
    sizes = {"bring": bring, "late": late, "risk": risk, "unscored": unscored}
    before = dict.fromkeys(sizes, 0)
    for places in range(1, 130):
        now = _shares(places, **sizes)
        assert sum(now.values()) == min(places, sum(sizes.values()))
        assert all(before[name] <= now[name] <= sizes[name] for name in sizes)
        assert now["bring"] >= min(bring, int(places * BRING_SHARE))
        assert now["late"] >= min(late, int((places - now["bring"]) * OVERDUE_SHARE))
        before = now
