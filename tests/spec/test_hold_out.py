"""Held out by lot: who can be, who never is, what the score book keeps of it, and how the held out
are compared with the listed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pytest

from features.clock import Clock
from models.targets import HAPPENED, NON_RESPONSE, TARGETS
from models.visits.hold_out import USUAL_PLACES, drawn
from models.visits.ranking import rank
from registry.contract.registry import day_date
from registry.store.forgetting import forget
from registry.store.store import open_store
from serving.access.permissions import Scope
from serving.book import scorebook
from serving.book.publishing import publish
from serving.book.reader import Reader
from serving.book.scoring.listed_marks import keep_marks, marks_of, marks_of_list
from serving.visits.lists import list_document
from tests.support.listed_children import AS_OF, child, in_danger, overdue, sector
from tests.support.service_cases import row
from tests.support.tiny_registry import tiny_registry
from training.cohorts.landmarks import cohort
from training.evaluation.visit_lists import at_days
from training.validation.held_out import compare_held_out

KINDS = (child, in_danger, overdue)


def listed(children, capacity=USUAL_PLACES):
    return rank(children, sector_id="S0001", capacity=capacity, as_of=AS_OF)


def ids(rows):
    return {row.candidate.child_id for row in rows}


def test_the_lot_is_the_childs_own_and_a_larger_share_only_adds():
    few, more = (
        {name for name in map(str, range(4_000)) if drawn("R-1", name, share)}
        for share in (0.1, 0.3)
    )
    assert few < more and 0.08 < len(few) / 4_000 < 0.12 and 0.27 < len(more) / 4_000 < 0.33
    assert few != {name for name in map(str, range(4_000)) if drawn("R-2", name, 0.1)}
    assert not any(drawn("R-1", str(name), 0.0) for name in range(100))


def test_who_is_held_out_has_no_place_for_its_risk_and_the_next_one_takes_it():
    first, second, third = (
        child(number, risk=risk) for number, risk in ((1, 0.9), (2, 0.5), (3, 0.4))
    )
    told = listed([replace(first, held_out=True), second, third], capacity=2)
    assert ids(told.rows) == {"C00002", "C00003"} and told.facts["held_out"] == 1
    assert told.facts["risk_in_all"] == 2 and told.facts["candidates"] == 3


@pytest.mark.parametrize("kind", [in_danger, overdue])
def test_the_rules_outrank_the_lot(kind):
    every = [kind(number, risk=0.3) for number in range(1, 6)]
    told = listed([replace(one, held_out=True) for one in every])
    plain = listed(every)
    assert ids(told.rows) == ids(plain.rows)
    assert [one.child_id for one in told.anm] == [one.child_id for one in plain.anm]
    assert "held_out" not in told.facts


@pytest.mark.parametrize("seed", range(5))
def test_a_lot_changes_nothing_for_children_in_danger_or_late(seed):
    every = sector(90, seed=seed)
    lot = [replace(one, held_out=drawn("R", one.child_id, 0.5)) for one in every]
    plain, told = listed(every), listed(lot)
    for section in ("danger", "overdue"):
        before = [row.candidate.child_id for row in plain.rows if row.section == section]
        after = [row.candidate.child_id for row in told.rows if row.section == section]
        assert after[: len(before)] == before, "a place that a lot leaves free may go to one late"
    assert {one.child_id for one in plain.beyond} >= {one.child_id for one in told.beyond}


def test_those_who_visit_are_not_told_of_the_lot():
    told = listed([replace(in_danger(1), held_out=True), child(2, risk=0.4)])
    assert "held_out" not in str(list_document(told, "en"))


def test_the_marks_are_the_list_without_a_lot_and_who_takes_a_free_place():
    every = [child(number, risk=0.9 - number / 100) for number in range(1, 31)]
    lot = [replace(one, held_out=one.child_id in {"C00001", "C00029"}) for one in every]
    marks = {mark.child_id: mark for mark in marks_of_list(lot, sector_id="S0001", as_of=AS_OF)}
    assert len(marks) == USUAL_PLACES + 1
    assert [name for name, mark in marks.items() if mark.held_out] == ["C00001"]
    taker = marks[max(marks)]
    assert taker.target is None and not taker.held_out, "it was not drawn, and is not compared"
    assert {mark.target for name, mark in marks.items() if name != taker.child_id} == {"relapse"}


def test_the_book_keeps_the_marks_of_its_runs_and_forgets_a_childs(tmp_path):
    address = str(tmp_path / "x.db")
    store = open_store(address)
    assert marks_of(address) == []
    run = scorebook.begin(store.engine, as_of=AS_OF, made_from={}, places=[("S1", "P1", "D1")])
    held_out = row("C-1", held_out=True)
    scorebook.write_chunk(store.engine, run, 0, [held_out, row("C-2")])
    reader = Reader(store.engine, Scope.of(["state:*"]))
    rows = reader.rows(run, "S1")
    assert [one.candidate.held_out for one in rows] == [True, False]
    for _ in range(2):
        keep_marks(store.engine, run, "S1", rows)
    assert marks_of(address) == [], "of a run that is whole alone"
    publish(store.engine, run, facts={})
    assert [mark.child_id for mark in marks_of(address)] == ["C-1", "C-2"]
    assert [mark.held_out for mark in marks_of(address)] == [True, False]
    forget(store, "C-1")
    store.close()
    assert [mark.child_id for mark in marks_of(address)] == ["C-2"]


@dataclass(frozen=True)
class Mark:
    child_id: str
    as_of: dt.date
    target: str | None
    held_out: bool


def visits_of(children, days, finding="well"):
    return {
        "visits": {
            "child_id": children,
            "visited_on": days,
            "finding": [finding] * len(children),
            "listed_on": days,
        }
    }


def test_listed_and_held_out_are_compared_from_their_first_list():
    clock = Clock(tiny_registry(420, cured=None))
    every = cohort(clock, NON_RESPONSE, cutoff=clock.registry.recorded_until)
    start = every.outcomes.index_on[every.index]
    days = np.unique(start[every.landmark == 0] + 10)
    rows = at_days(clock, NON_RESPONSE, days)
    ids_of = clock.registry.child_ids.astype(str)
    marks = [
        Mark(ids_of[of], day_date(int(day)), "non_response", drawn("R", ids_of[of], 0.3))
        for of, day in zip(rows.child, rows.day, strict=True)
    ]
    found = compare_held_out(clock, NON_RESPONSE, marks)
    held = np.array([drawn("R", ids_of[of], 0.3) for of in rows.child])
    for group, inside in ((found.held_out, held), (found.listed, ~held)):
        index = np.unique(rows.index[inside])
        outcome = rows.outcomes.outcome[index]
        assert group.indexes == len(index)
        assert group.events == int((outcome == HAPPENED).sum())
        if (outcome >= 0).all():
            assert group.share.value == pytest.approx((outcome == HAPPENED).mean())
    assert found.avoided.low < 0 < found.avoided.high, "nobody was visited"
    assert found.avoided.value == pytest.approx(
        found.held_out.share.value - found.listed.share.value
    )
    assert found.enough and found.listed.visited == 0
    assert compare_held_out(clock, NON_RESPONSE, [m for m in marks if not m.held_out]) is None
    assert compare_held_out(clock, TARGETS["relapse"], marks) is None
