"""The audit log: whole, sealed, without names, kept for a year, and what happens when it cannot be
written."""

import datetime as dt
import threading
import time

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.audit import recorder
from serving.database import engine_of
from serving.errors import NotKept
from serving.http.problems import http_problem

KEY = b"audit-key" * 4


@pytest.fixture
def engine(tmp_path):
    engine = engine_of(str(tmp_path / "x.db"))
    recorder.make_tables(engine)
    yield engine
    engine.dispose()


def entry(number=0, *, children=(), at="2026-03-14T10:00:00.000+00:00"):
    return recorder.Entry(
        at, "demo", "supervisor", "child", "10.0.0.7", f"request-{number}", tuple(children)
    )


def test_a_log_is_whole_until_anything_in_it_changes(engine):
    recorder.append(engine, KEY, [entry(1), entry(2)])
    recorder.append(engine, KEY, [entry(3)])
    assert recorder.first_broken(engine, KEY) is None
    changes = [
        (
            sa.update(recorder.ENTRIES).where(recorder.ENTRIES.c.number == 2).values(who="another"),
            2,
        ),
        (
            sa.update(recorder.ENTRIES)
            .where(recorder.ENTRIES.c.number == 3)
            .values(children='["ab"]'),
            3,
        ),
        (sa.delete(recorder.ENTRIES).where(recorder.ENTRIES.c.number == 1), 1),
        (sa.delete(recorder.ENTRIES).where(recorder.ENTRIES.c.number == 3), 3),
    ]
    for change, broken in changes:
        with engine.connect() as connection:
            connection.execute(change)
            connection.execute(sa.text("SELECT 1"))
            assert _broken_within(connection) == broken
            connection.rollback()


def _broken_within(connection):
    """`first_broken` on a connection whose changes are not committed."""

    class Held:
        def connect(self):
            return self

        def __enter__(self):
            return connection

        def __exit__(self, *_):
            return False

    return recorder.first_broken(Held(), KEY)


def test_another_key_cannot_write_a_log_that_holds(engine):
    recorder.append(engine, b"other" * 8, [entry(1)])
    assert recorder.first_broken(engine, KEY) == 1


def test_it_answers_for_one_child_and_names_none(engine):
    recorder.append(engine, KEY, [entry(1, children=[recorder.named(KEY, "C-104")]), entry(2)])
    assert [found.request_id for found in recorder.entries_about(engine, KEY, "C-104")] == [
        "request-1"
    ]
    assert recorder.entries_about(engine, KEY, "C-105") == []
    with engine.connect() as connection:
        assert "C-104" not in str(connection.execute(sa.select(recorder.ENTRIES)).all())


def test_what_is_older_than_a_year_goes_and_the_rest_stays_whole(engine):
    recorder.append(
        engine, KEY, [entry(n, at=f"202{4 + n // 2}-01-01T00:00:00.000+00:00") for n in range(4)]
    )
    now = dt.datetime(2025, 12, 1, tzinfo=dt.UTC)
    assert (
        recorder.remove_old(engine, KEY, now=now) == 2
        and recorder.remove_old(engine, KEY, now=now) == 0
    )
    assert recorder.first_broken(engine, KEY) is None
    with engine.begin() as connection:
        connection.execute(sa.delete(recorder.ENTRIES).where(recorder.ENTRIES.c.number == 3))
    assert recorder.first_broken(engine, KEY) == 3


@given(st.lists(st.text(max_size=20), max_size=6))
@settings(max_examples=20, deadline=None)
def test_any_text_goes_in_and_comes_out_sealed(tmp_path_factory, ids):
    engine = engine_of(str(tmp_path_factory.mktemp("audit") / "x.db"))
    recorder.make_tables(engine)
    recorder.append(engine, KEY, [entry(0, children=[recorder.named(KEY, child) for child in ids])])
    assert recorder.first_broken(engine, KEY) is None
    engine.dispose()


def test_many_writers_make_one_chain(engine):
    logs = [recorder.AuditLog(engine, KEY) for _ in range(2)]

    def write(log):
        for number in range(20):
            noted = {
                "who": "demo",
                "role": "officer",
                "came_from": "",
                "request_id": f"request-{number}",
            }
            log.note(act="list", child_ids=["C-1"], **noted).result(timeout=10)

    threads = [threading.Thread(target=write, args=(log,)) for log in logs for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for log in logs:
        log.close()
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(recorder.ENTRIES)) == 80
    assert recorder.first_broken(engine, KEY) is None


def test_without_a_database_entries_wait_and_beyond_a_bound_are_refused(tmp_path):
    gone = tmp_path / "not-there"
    engine = engine_of(str(gone / "x.db"))
    log = recorder.AuditLog(engine, KEY, spared=3)
    noted = {
        "who": "demo",
        "role": "officer",
        "came_from": "",
        "request_id": "request-1",
        "act": "list",
    }
    for number in range(3):
        log.note(**noted).result(timeout=10)
        assert log.held == number + 1
    assert log.fault == "OperationalError"
    for _ in range(2):
        with pytest.raises(NotKept) as refused:
            log.note(**noted).result(timeout=10)
        assert http_problem(refused.value).code == "API033" and log.held == 3
    gone.mkdir()
    log.note(**noted).result(timeout=10)
    assert log.held == 0 and log.fault is None
    log.close()
    assert recorder.first_broken(engine, KEY) is None
    engine.dispose()


def test_an_entry_that_nobody_waits_for_is_written_soon_and_at_the_end(engine):
    log = recorder.AuditLog(engine, KEY)
    noted = {
        "who": "demo",
        "role": "officer",
        "came_from": "",
        "request_id": "request-1",
        "act": "score",
    }
    for number in range(1200):
        log.note_soon(**noted | {"request_id": f"request-{number}"})
    log.note(**noted | {"act": "list"}).result(timeout=10)
    assert numbers_and_acts(engine)[-1] == (1201, "list")
    log.note_soon(**noted)
    until = time.monotonic() + 10
    while len(numbers_and_acts(engine)) < 1202 and time.monotonic() < until:
        time.sleep(recorder.LINGER_SECONDS / 4)
    assert numbers_and_acts(engine)[-1] == (1202, "score")
    log.note_soon(**noted)
    log.close()
    assert (
        numbers_and_acts(engine)[-1] == (1203, "score")
        and recorder.first_broken(engine, KEY) is None
    )


def numbers_and_acts(engine):
    with engine.connect() as connection:
        wanted = sa.select(recorder.ENTRIES.c.number, recorder.ENTRIES.c.act).order_by(
            recorder.ENTRIES.c.number
        )
        return [tuple(row) for row in connection.execute(wanted)]
