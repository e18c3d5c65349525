"""The score book: whole lists or none, history kept, resumed where it stopped, and never outside of
a scope."""

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.store.forgetting import forget
from registry.store.store import open_store
from serving.access.permissions import Scope
from serving.book import scorebook, ticks
from serving.book.publishing import publish
from serving.book.reader import Reader
from serving.book.scorebook import Score
from serving.database import engine_of
from serving.errors import BookUnreadable, NothingScored, OutOfScope
from serving.http.problems import http_problem
from tests.support.service_cases import AS_OF, book, row

STATE = Scope.of(["state:*"])


@pytest.fixture
def engine(tmp_path):
    engine = engine_of(str(tmp_path / "x.db"))
    scorebook.make_tables(engine)
    yield engine
    engine.dispose()


def ids(reader, **asked):
    return [child.child_id for child in reader.candidates(**asked)]


def test_a_row_comes_back_as_it_was_written(engine):
    written = row("C-1")
    book(engine, [written])
    assert Reader(engine, STATE).child("C-1")[1] == written


def test_readers_see_the_former_run_until_the_new_one_is_whole(engine):
    reader = Reader(engine, STATE)
    with pytest.raises(NothingScored, match="LST011"):
        reader.run()
    book(engine, [row("C-1")])
    later = AS_OF + dt.timedelta(days=7)
    run = scorebook.begin(engine, as_of=later, made_from={}, places=[("S1", "P1", "D1")])
    scorebook.write_chunk(engine, run, 0, [row("C-2")])
    assert ids(reader) == ["C-1"]
    publish(engine, run, facts={})
    assert ids(reader) == ["C-2"] and ids(reader, as_of=AS_OF) == ["C-1"]
    assert [(then.as_of, found.candidate.child_id) for then, found in reader.history("C-2")] == [
        (later, "C-2")
    ]


def test_a_broken_off_run_goes_on_and_another_model_begins_anew(engine):
    asked = {"as_of": AS_OF, "made_from": {"relapse": "a"}, "places": [("S1", "P1", "D1")]}
    run = scorebook.begin(engine, **asked)
    scorebook.write_chunk(engine, run, 0, [row("C-1")])
    again = scorebook.begin(engine, **asked)
    assert again.run == run.run and scorebook.chunks_written(engine, again) == {0}
    with pytest.raises(sa.exc.IntegrityError):
        scorebook.write_chunk(engine, again, 1, [row("C-2"), row("C-1")])
    assert scorebook.chunks_written(engine, again) == {0}
    other = scorebook.begin(engine, **asked | {"made_from": {"relapse": "b"}})
    assert scorebook.chunks_written(engine, other) == set()
    publish(engine, other, facts={})
    assert ids(Reader(engine, STATE)) == []


SCOPES = [
    "sector:S1",
    "sector:S2",
    "sector:S3",
    "project:P1",
    "project:P2",
    "district:D1",
    "district:D2",
    "state:*",
]
SEEN = {
    "sector:S1": {"S1"},
    "sector:S2": {"S2"},
    "sector:S3": {"S3"},
    "project:P1": {"S1", "S2"},
    "project:P2": {"S3"},
    "district:D1": {"S1", "S2"},
    "district:D2": {"S3"},
    "state:*": {"S1", "S2", "S3"},
}


@given(st.sets(st.sampled_from(SCOPES), min_size=1))
@settings(max_examples=30, deadline=None)
def test_every_way_to_read_shows_the_scope_and_nothing_else(tmp_path_factory, scopes):
    engine = engine_of(str(tmp_path_factory.mktemp("book") / "x.db"))
    run = book(
        engine, [row(f"{sector}-{n}", sector) for sector in ("S1", "S2", "S3") for n in range(2)]
    )
    reader = Reader(engine, Scope.of(scopes))
    seen = set().union(*(SEEN[scope] for scope in scopes))
    assert {child.sector_id for child in reader.candidates()} == seen
    assert {sector.sector_id for sector in reader.sectors(run)} == seen
    assert len(reader.risks(run, "relapse")) == 2 * len(seen)
    for sector in ("S1", "S2", "S3"):
        assert bool(ids(reader, sector_id=sector)) == (sector in seen)
        for read in (reader.child, reader.history):
            if sector in seen:
                read(f"{sector}-0")
            else:
                with pytest.raises(OutOfScope, match="LST012"):
                    read(f"{sector}-0")
    engine.dispose()


@pytest.mark.parametrize("scope", [None, "state:*", Scope(), {"state": True}])
def test_a_reader_without_a_scope_cannot_be_made(engine, scope):
    with pytest.raises(TypeError):
        Reader(engine, scope)


def test_what_is_outside_and_what_is_nowhere_are_told_apart_by_nothing(engine):
    book(engine, [row("C-1", "S3")])
    reader = Reader(engine, Scope.of(["sector:S1"]))
    answers = []
    for child in ("C-1", "no-such-child"):
        with pytest.raises(OutOfScope) as refused:
            reader.child(child)
        answers.append((str(refused.value), http_problem(refused.value).document()))
    assert answers[0] == answers[1]


def test_an_outcome_that_came_back_shows_at_once_and_its_repeat_changes_nothing(engine):
    book(
        engine, [row("C-1"), row("C-2", last_visited_on=dt.date(2026, 3, 20), last_finding="away")]
    )
    seen = {
        "visited_on": dt.date(2026, 3, 16),
        "finding": "well",
        "listed_on": AS_OF,
        "listed_for": "falling_weight",
    }
    for _ in range(2):
        ticks.tick(engine, [seen | {"child_id": child} for child in ("C-1", "C-2")])
    first, second = Reader(engine, STATE).candidates()
    assert (first.last_visited_on, first.last_finding, first.listed_for) == (
        dt.date(2026, 3, 16),
        "well",
        "falling_weight",
    )
    assert second.last_finding == "away"
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(scorebook.TICKS)) == 2


def test_a_forgotten_child_is_gone_from_every_run(engine, tmp_path):
    run = book(engine, [row("C-1"), row("C-2")])
    book(engine, [row("C-1")], as_of=AS_OF + dt.timedelta(days=7))
    store = open_store(tmp_path / "x.db")
    assert forget(store, "C-1") == {"sanket_scores": 2, "sanket_target_scores": 2}
    store.close()
    reader = Reader(engine, STATE)
    with pytest.raises(OutOfScope):
        reader.child("C-1")
    assert reader.risks(run, "relapse") == [0.4]


def test_the_book_takes_targets_of_any_name(engine):
    """Three targets, one of them made up for this test; each child's rows are its models' answers.

    C-1 is scored for relapse (0.4) and for wasting_again (0.9); C-2 for relapse alone, and why not
    for wasting_again.
    """
    said = row("C-1").scores["relapse"]
    above = replace(said, risk=0.9, risk_low=0.8, risk_high=1.0)
    none = Score("not_scored", "no_model", None, None, None, None, None, (), None)
    both = {"relapse": said, "wasting_again": above, "non_response": none}
    one = {"relapse": said, "wasting_again": replace(none, why_not="too_old")}
    children = [replace(row("C-1"), scores=both), replace(row("C-2", "S3"), scores=one)]
    run = book(engine, children)
    reader = Reader(engine, STATE)
    assert [reader.risks(run, target) for target in both] == [[0.4, 0.4], [0.9], []]
    assert Reader(engine, Scope.of(["sector:S3"])).risks(run, "relapse") == [0.4]
    assert Reader(engine, Scope.of(["sector:S3"])).risks(run, "wasting_again") == []
    with engine.connect() as connection:
        kept = connection.execute(sa.select(scorebook.TARGET_SCORES)).all()
    assert sorted(tuple(found) for found in kept) == sorted(
        (run.run, child.candidate.child_id, name, by.why_not, by.risk, by.risk_low, by.risk_high)
        for child in children
        for name, by in child.scores.items()
    )
    assert reader.child("C-1")[1] == children[0]


def test_a_database_that_is_gone_is_said_so(tmp_path):
    engine = engine_of(str(tmp_path / "no" / "x.db"))
    with pytest.raises(BookUnreadable, match="LST013"):
        Reader(engine, STATE).run()
    gone = engine_of("postgresql://nobody@127.0.0.1:9/none")
    with pytest.raises(BookUnreadable, match="LST013"):
        Reader(gone, STATE).run()


WRITER = """
import sys, datetime as dt
from serving.book import scorebook
from serving.database import engine_of
from tests.support.service_cases import row
engine = engine_of(sys.argv[1])
run = scorebook.begin(engine, as_of=dt.date(2026, 4, 1), made_from={}, places=[("S1", "P1", "D1")])
for chunk in range(10_000):
    scorebook.write_chunk(engine, run, chunk, [row(f"D-{chunk}-{n}") for n in range(50)])
    print(chunk, flush=True)
"""


def test_kill_9_in_the_middle_leaves_the_former_list_and_whole_chunks(engine, tmp_path):
    book(engine, [row("C-1")])
    command = [sys.executable, "-c", WRITER, str(tmp_path / "x.db")]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=os.getcwd())
    assert writer.stdout.readline() == "0\n"
    time.sleep(0.05)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    assert ids(Reader(engine, STATE)) == ["C-1"]
    run = scorebook.begin(engine, as_of=dt.date(2026, 4, 1), made_from={}, places=[])
    with engine.connect() as connection:
        rows, scores = (
            connection.scalar(sa.select(sa.func.count()).where(table.c.run == run.run))
            for table in (scorebook.ROWS, scorebook.TARGET_SCORES)
        )
    assert scores == rows == 50 * len(scorebook.chunks_written(engine, run)) > 0


@pytest.mark.soak
def test_the_list_of_a_sector_among_a_million_children_takes_under_100_ms(engine):
    places = [(f"S{n}", "P1", "D1") for n in range(1000)]
    run = scorebook.begin(engine, as_of=AS_OF, made_from={}, places=places)
    for sector in range(1000):
        scorebook.write_chunk(
            engine, run, sector, [row(f"C-{sector}-{n}", f"S{sector}") for n in range(1000)]
        )
    publish(engine, run, facts={})
    reader = Reader(engine, Scope.of(["sector:S500"]))
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        assert len(reader.candidates("S500")) == 1000
        taken.append(time.perf_counter() - began)
    assert sorted(taken)[2] < 0.1, taken
