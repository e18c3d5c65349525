"""Several that write one store at once: each waits for the other, none fails, nothing accepted is
lost."""

import datetime as dt
import gc
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from registry.store.connections.plain_bulk import PlainBulk
from registry.store.store import open_store
from serving.book import outbox, scorebook
from serving.database import engine_of
from serving.http.observe import Log
from tests.support.postgres import fresh_database, own_server

CHILDREN, ROUNDS = 40, 8
WRITER = f"""
import datetime as dt, sys
from pathlib import Path
from registry.store.single_sqlite import open_beside_the_book
from registry.store.store import open_store
from serving.book import outbox, ticks
from serving.database import engine_of
from tests.journey.test_imports_at_once import source
role, address, home = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
for turn in range({ROUNDS}):
    if role == "service":
        engine = engine_of(address)
        day = dt.date(2026, 3, 3 + turn)
        told = {{"visited_on": day, "finding": "well", "listed_on": None, "listed_for": None}}
        ticks.tick(engine, [told | {{"child_id": f"C-{{n}}", "weight_kg": 7.5}} for n in range(5)])
        engine.dispose()
        store = open_beside_the_book(address)
        outbox.hand_on(store)
    else:
        store = open_store(address)
        store.import_source(source(Path(home) / f"{{role}}-{{turn}}", f"{{role}}-{{turn}}"))
    store.close()
"""


def source(home: Path, name: str) -> str:
    """A folder of children of whom one is new, with a source of measurements that is new too."""
    home.mkdir(parents=True)
    ids = [*(f"C-{n}" for n in range(CHILDREN)), f"N-{name}"]
    tables = {
        "centres": "centre_id,sector_id,project_id,district_id,setting\nS1-A1,S1,P1,D1,urban\n",
        "children": "child_id,sex,birth_date,centre_id\n"
        + "".join(f"{child},F,2024-09-02,S1-A1\n" for child in ids),
        "measurements": "child_id,measured_on,weight_kg,source\n"
        + "".join(f"{child},2026-03-02,7.3,from-{name}\n" for child in ids),
    }
    for table, text in tables.items():
        (home / f"{table}.csv").write_text(text)
    return str(home)


@pytest.fixture(scope="module")
def postgres():
    with own_server() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path, monkeypatch):
    """A store of 41 children, with an empty score book."""
    monkeypatch.setenv("SANKET_IDENTITY_KEY", "a key of the test, long enough")
    monkeypatch.setenv("SANKET_TODAY", "2026-03-17")
    made = str(tmp_path / "x.db")
    if request.param == "postgresql":
        made = fresh_database(request.getfixturevalue("postgres"))
    store = open_store(made)
    store.import_source(source(tmp_path / "first", "first"))
    scorebook.make_tables(store.engine)
    store.close()
    return made


def test_outcomes_handed_on_beside_imports_of_other_processes_are_all_in_the_registry(
    address, tmp_path
):
    """The service hands outcomes on while two others import: in PostgreSQL this ended in a
    duplicate id or a deadlock, since who had waited for a replaced row then locked nothing."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    roles = ("service", "one", "other")
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, role, address, str(tmp_path)],
            text=True,
            cwd=Path.cwd(),
            **pipes,
        )
        for role in roles
    ]
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=300) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], ended
    store = open_store(address)
    registry = store.load()
    with store.engine.connect() as connection:
        waiting = connection.scalar(sa.select(sa.func.count()).where(~scorebook.TICKS.c.handed_on))
    store.close()
    assert waiting == 0 and registry.visits.rows == 5 * ROUNDS
    assert {f"N-{role}-{turn}" for role in roles[1:] for turn in range(ROUNDS)} <= set(
        registry.child_ids
    )


def test_a_process_that_has_the_book_open_imports_through_the_same_copy_of_sqlite(tmp_path):
    """Two copies of SQLite in one process do not see each other's locks: both would write."""
    store, engine = open_store(tmp_path / "x.db"), engine_of(str(tmp_path / "x.db"))
    with store.bulk() as bulk:
        assert not isinstance(bulk, PlainBulk)
    with engine.connect(), store.bulk() as bulk:
        assert isinstance(bulk, PlainBulk)
        bulk.write_alone()
        with pytest.raises(sa.exc.OperationalError, match="locked"):
            impatient(tmp_path / "x.db")
    engine.dispose()
    with store.bulk() as bulk:
        assert not isinstance(bulk, PlainBulk)
    store.close()


def impatient(path: Path) -> None:
    """Write without waiting."""
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 0.05})
    try:
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE store_facts SET value = value"))
    finally:
        engine.dispose()


TAKES_THE_LOCK = """
import sqlite3, sys
sqlite3.connect(sys.argv[1], timeout=0.2).execute("UPDATE store_facts SET value = value")
"""


def test_a_store_that_nobody_closed_takes_no_lock_from_an_import(tmp_path):
    """A store forgotten without `close` is collected while another imports: were a connection of
    its own closed then, POSIX would drop the import's lock on the same file."""
    forgotten, store = open_store(tmp_path / "x.db"), open_store(tmp_path / "x.db")
    with store.bulk() as bulk:
        bulk.write_alone()
        del forgotten
        gc.collect()
        command = [sys.executable, "-c", TAKES_THE_LOCK, str(tmp_path / "x.db")]
        other = subprocess.run(command, capture_output=True, text=True)
        assert other.returncode != 0 and "database is locked" in other.stderr
    store.close()


def test_the_hand_over_thread_goes_on_after_an_error_of_a_driver(tmp_path, monkeypatch):
    """The drivers' errors are none of SQLAlchemy's: the thread died of one, and what was ticked
    waited for the next start without a word."""
    import sqlite3

    asked, ended = [], []

    def hand_on(store):
        asked.append(store)
        if len(asked) == 1:
            raise sqlite3.IntegrityError("UNIQUE constraint failed: ids.kind, ids.text")

    monkeypatch.setattr(outbox, "hand_on", hand_on)
    monkeypatch.setattr(outbox, "GATHER_SECONDS", 0.01)
    monkeypatch.setattr(outbox, "RETRY_SECONDS", 0.01)
    open_store(tmp_path / "x.db").close()
    thread = outbox.HandingOn(str(tmp_path / "x.db"), Log(ended.append))
    until = dt.datetime.now() + dt.timedelta(seconds=30)
    while (len(asked) < 2 or thread.fault) and dt.datetime.now() < until:
        time.sleep(0.02)
    thread.stop()
    assert len(asked) >= 2 and thread.fault is None
    assert "handing_on_fault" in ended[0] and "UNIQUE" not in ended[0]
