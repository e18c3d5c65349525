"""One child under two ids: whose records are whose, from which day, as a hand would say."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from features.clock import Clock
from features.episodes import find
from registry.contract.days import NEVER, day_number
from registry.contract.errors import BadInput, Refused, UsageError
from registry.store.links.decisions import decide
from registry.store.store import open_store
from tests.support.postgres import fresh_database, own_server
from tests.support.registry_samples import folder

CENTRES = "centre_id,sector_id,project_id,district_id,setting\nA,S,P,D,rural\nB,T,P,D,rural\n"
CHILDREN = "child_id,sex,birth_date,centre_id\nusha,F,2024-01-01,A\nusha2,F,2024-01-01,B\nravi,M,2024-01-01,A\n"
"""Usha stands twice in this register: at A, and at B, where she was treated last year."""
MEASUREMENTS = """child_id,measured_on,weight_kg,height_cm,muac_mm
usha,2025-05-10,8.0,76,
usha,2025-06-10,8.1,76,
usha2,2025-02-01,6.9,74,112
usha2,2025-04-01,8.2,75,128
usha2,2025-05-10,8.0,76,127
ravi,2025-05-11,9.0,77,
"""
EPISODES = """episode_id,child_id,programme,admitted_on,closed_on,outcome
e1,usha2,UCDC,2025-02-01,2025-04-01,cured
"""
CHECKS = "child_id,checked_on,fever\nusha2,2025-02-04,true\n"
LINKED, UNDONE = "2025-07-01", "2025-09-01"


@pytest.fixture(scope="module")
def postgres():
    """A PostgreSQL server of our own."""
    with own_server() as uri:
        yield uri


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    on_disk = request.param == "sqlite"
    address = tmp_path / "x.db" if on_disk else fresh_database(request.getfixturevalue("postgres"))
    source = folder(
        tmp_path / "source",
        centres=CENTRES,
        children=CHILDREN,
        measurements=MEASUREMENTS,
        episodes=EPISODES,
        checks=CHECKS,
    )
    with closing(open_store(address)) as store:
        store.import_source(source, imported_on="2025-06-15")
        yield store


def said(store, one, other, verdict, on, by="officer"):
    with store.engine.begin() as connection:
        decide(connection, one, other, verdict, by=by, on=day_number(on))


def asked(registry, child, day):
    at = np.flatnonzero(registry.child_ids == child).astype(np.int32)
    return Clock(registry).known_by(at, np.full(len(at), day_number(day), np.int32))


def stays(registry, child, day):
    found = find(asked(registry, child, day))
    return int(found.before[0] + (found.admitted_on[0] != NEVER))


def weights(registry, child, day):
    rows = asked(registry, child, day).measurements
    kg = [None if weight != weight else float(weight) for weight in rows["weight_kg"]]
    return list(zip(rows["measured_on"].tolist(), kg, strict=True))


def listed(registry, day):
    every = np.arange(len(registry.child_ids), dtype=np.int32)
    known = Clock(registry).child_on(every, np.full(len(every), day_number(day), np.int32))
    return sorted(registry.child_ids[known["sex"] >= 0].tolist())


def test_from_the_day_of_the_link_both_histories_are_one_childs(store):
    before = store.load()
    said(store, "usha", "usha2", "same", LINKED)
    after = store.load()
    assert stays(before, "usha", LINKED) == stays(after, "usha", "2025-06-30") == 0
    assert stays(after, "usha", LINKED) == 1 and stays(after, "usha2", "2025-06-30") == 1
    assert stays(after, "usha2", LINKED) == 0
    assert listed(after, "2025-06-30") == ["ravi", "usha", "usha2"]
    assert listed(after, LINKED) == ["ravi", "usha"]
    assert asked(after, "usha", LINKED).checks["fever"].tolist() == [1.0]
    assert store.children() == 2


def test_a_reading_that_both_wrote_down_counts_once_and_its_arm_is_kept(store):
    said(store, "usha", "usha2", "same", LINKED)
    rows = asked(store.load(), "usha", LINKED).measurements
    may = rows["measured_on"] == day_number("2025-05-10")
    assert [w for w in rows["weight_kg"][may] if w == w] == [8.0]
    assert [h for h in rows["height_cm"][may] if h == h] == [76.0]
    assert [m for m in rows["muac_mm"][may] if m == m] == [127.0]
    assert len(rows["muac_mm"]) == 5


def test_a_link_teaches_nothing_about_the_days_before_it(store):
    before = store.load()
    said(store, "usha", "usha2", "same", LINKED)
    said(store, "usha", "usha2", "different", UNDONE)
    after = store.load()
    for day in ("2025-03-01", "2025-05-10", "2025-06-30", UNDONE, "2026-01-01"):
        assert listed(after, day) == listed(before, day)
        for child in ("usha", "usha2", "ravi"):
            assert weights(after, child, day) == weights(before, child, day)
            assert stays(after, child, day) == stays(before, child, day)


def test_undone_both_are_as_before_and_the_days_of_the_link_answer_as_then(store):
    said(store, "usha", "usha2", "same", LINKED)
    then = weights(store.load(), "usha", "2025-08-31")
    said(store, "usha", "usha2", "different", UNDONE)
    after = store.load()
    assert weights(after, "usha", "2025-08-31") == then and len(then) == 5
    assert len(weights(after, "usha", UNDONE)) == 2 and store.children() == 3
    said(store, "usha", "usha2", "same", "2025-10-01")
    assert weights(store.load(), "usha", "2025-10-01") == then
    assert len(weights(store.load(), "usha", "2025-09-30")) == 2


def test_records_that_come_later_under_the_second_id_are_the_childs(store, tmp_path):
    said(store, "usha", "usha2", "same", LINKED)
    later = folder(
        tmp_path / "later",
        centres=CENTRES,
        children=CHILDREN,
        measurements="child_id,measured_on,weight_kg,height_cm\nusha2,2025-07-20,8.4,77\n",
    )
    store.import_source(later, imported_on="2025-07-25")
    registry = store.load()
    assert len(weights(registry, "usha", "2025-07-24")) == 5
    assert len(weights(registry, "usha", "2025-07-25")) == 6
    assert weights(registry, "usha2", "2025-07-25") == []


def test_a_chain_of_three_ids_is_one_child(store):
    said(store, "usha", "usha2", "same", LINKED)
    said(store, "ravi", "usha", "same", "2025-08-01")
    registry = store.load()
    assert len(weights(registry, "ravi", "2025-08-01")) == 6
    assert len(weights(registry, "usha", "2025-07-31")) == 5
    assert listed(registry, "2025-08-01") == ["ravi"]
    said(store, "usha", "usha2", "different", UNDONE)
    registry = store.load()
    assert len(weights(registry, "ravi", UNDONE)) == 3
    assert listed(registry, UNDONE) == ["ravi", "usha2"]


def test_what_cannot_be_is_refused_and_changes_nothing(store):
    said(store, "usha", "usha2", "same", LINKED)
    was = store.digest()
    for one, other, error, code in (
        ("ravi", "usha2", Refused, "LNK008"),
        ("usha", "nobody", BadInput, "LNK007"),
        ("usha", "usha", BadInput, "LNK007"),
    ):
        with pytest.raises(error) as told:
            said(store, one, other, "same", LINKED)
        assert told.value.code == code
    said(store, "ravi", "usha", "same", LINKED)
    with pytest.raises(Refused):
        said(store, "usha2", "ravi", "same", LINKED)
    said(store, "ravi", "usha", "different", LINKED)
    with pytest.raises(UsageError) as told:
        said(store, "usha", "usha2", "different", "2025-06-30")
    assert told.value.code == "LNK009"
    assert was != store.digest(), "what was decided and undone is kept"
    assert listed(store.load(), LINKED) == ["ravi", "usha"]


def test_a_part_of_the_store_says_what_the_whole_says(store):
    said(store, "usha", "usha2", "same", LINKED)
    said(store, "usha", "usha2", "different", UNDONE)
    whole = store.load()
    for chosen in ({"children": ["usha"]}, {"sectors": ["S"]}):
        part = store.load(**chosen)
        assert "usha2" not in part.child_ids
        for day in ("2025-06-30", LINKED, UNDONE):
            assert weights(part, "usha", day) == weights(whole, "usha", day)
    assert len(weights(store.load(children=["usha2"]), "usha2", "2025-06-30")) == 3


def test_nothing_of_a_child_without_a_link_changes(store):
    before = store.load()
    version = store.version()
    said(store, "usha", "usha2", "unsure", LINKED)
    after = store.load()
    for name in ("children", "measurements", "episodes", "checks"):
        for column, values in before.table(name).items():
            np.testing.assert_array_equal(values, after.table(name)[column])
    assert store.version() != version
