"""A hot standby of the store's PostgreSQL: verbs that only read work on it; `SANKET_READ_FROM` lets
others read from it, never anything older than the store."""

import threading
import time
from contextlib import closing, contextmanager
from dataclasses import replace

import psycopg
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from features.trajectory.smoother import DEFAULT_PRIORS
from models.bundle import save
from models.champion import bundles_folder, turn
from registry.contract.errors import BadInput, UsageError
from registry.contract.registry import day_date
from registry.engine import IN_THIS_PROCESS, Engine
from registry.store import partitions, schema
from registry.store.connections import replica
from registry.store.partitions import divide, read
from registry.store.store import open_store
from sanket.app import app
from serving.access.permissions import Scope
from serving.book.reader import Reader
from serving.book.scoring.scoring_run import score_store
from serving.database import engine_of
from tests.support import trained_models
from tests.support.divided_registry import fill, moves, tables
from tests.support.postgres import fresh_database, own_server, replica_of
from tests.support.service_cases import bundle

TARGETS = ("relapse", "non_response")


@pytest.fixture(scope="module")
def servers():
    """A server and its replica."""
    with own_server() as primary, replica_of(primary) as follower:
        yield primary, follower


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    home = tmp_path_factory.mktemp("divided")
    first = tables(home / "t")
    return first, moves(home / "moved", first)


@pytest.fixture(scope="module")
def store(servers, sources, tmp_path_factory):
    """(address, the replica's, models, the day to score) of a store with champions."""
    address = fresh_database(servers[0])
    with closing(open_store(address)) as opened:
        until = fill(opened, *sources)
    models = tmp_path_factory.mktemp("m") / "x.models"
    for target in TARGETS:
        ours = replace(bundle(target), priors=DEFAULT_PRIORS)
        turn(models, target, save(ours, bundles_folder(models)).version)
    return address, beside(address, servers), models, day_date(until - 10)


def beside(address: str, servers) -> str:
    """The same database on the replica."""
    name = address.split("?")[0].rsplit("/", 1)[1]
    return servers[1].replace("/postgres?", f"/{name}?")


def asked(address: str, question: str):
    with psycopg.connect(address, autocommit=True) as connection:
        return connection.execute(question).fetchone()


def wait_for(address: str, store: str) -> None:
    """Until the replica has replayed the store's log."""
    position = asked(store, "SELECT pg_current_wal_flush_lsn()")[0]
    while asked(address, f"SELECT pg_last_wal_replay_lsn() < '{position}'")[0]:
        time.sleep(0.02)


@contextmanager
def standing_still(follower: str):
    """A replica that receives and does not replay."""
    asked(follower, "SELECT pg_wal_replay_pause()")
    while asked(follower, "SELECT pg_get_wal_replay_pause_state()")[0] != "paused":
        time.sleep(0.02)
    try:
        yield
    finally:
        asked(follower, "SELECT pg_wal_replay_resume()")


def book(address: str):
    engine = engine_of(address)
    try:
        reader = Reader(engine, Scope.of(["state:*"]))
        run = reader.run()
        rows = {row.candidate.child_id: row for row in reader.rows(run)}
        return rows, reader.areas(run, "sector")
    finally:
        engine.dispose()


def scored(store, address: str, **more):
    _, _, models, day = store
    score_store(address, as_of=day, models_dir=models, accept_foreign=True, **more)
    return book(address)


@pytest.mark.parametrize(
    "words",
    [
        ("indicators", "--by", "sector"),
        ("quality",),
        ("forecast",),
        ("features", "--target", "onset"),
    ],
    ids=lambda words: words[0],
)
def test_what_only_reads_says_the_same_of_a_replica(words, store, monkeypatch, tmp_path):
    monkeypatch.setattr(partitions, "MOST_CHILDREN", 200)
    address, follower, *_ = store
    monkeypatch.setenv("SANKET_MODELS", str(tmp_path / "none"))
    wait_for(follower, address)
    said = []
    for name, source in (("store", address), ("replica", follower)):
        out = tmp_path / f"{name}.csv"
        found = CliRunner().invoke(app, [words[0], source, *words[1:], "-o", str(out)])
        assert found.exit_code == 0, (found.output, found.exception)
        said.append(out.read_bytes())
    assert said[0] == said[1] and said[0].count(b"\n") > 3


def test_a_replica_is_read_whole_and_by_parts_as_the_store(store, monkeypatch):
    monkeypatch.setattr(partitions, "MOST_CHILDREN", 200)
    address, follower, *_ = store
    wait_for(follower, address)
    with closing(open_store(address)) as one, closing(open_store(follower)) as other:
        assert one.digest() == other.digest() and one.version() == other.version()
        parts = divide(one, partitions.NOW)
        assert parts == divide(other, partitions.NOW) and len(parts) > 2
        for part in parts:
            ours, theirs = read(one, part), read(other, part)
            assert (ours.numbers == theirs.numbers).all()
            for name in ("children", "measurements"):
                a, b = ours.registry.table(name), theirs.registry.table(name)
                assert all((a[column] == b[column]).all() for column in ("child", "known_from"))


def test_a_command_that_writes_is_refused_on_a_replica_with_what_to_do(store, sources):
    address, follower, models, day = store
    words = ["score", follower, "--as-of", day.isoformat(), "--accept-foreign"]
    found = CliRunner(env={"SANKET_MODELS": str(models)}).invoke(app, words)
    assert isinstance(found.exception, BadInput) and found.exception.code == "REG073"
    found = CliRunner().invoke(app, ["import", str(sources[1]), "--to", follower])
    assert isinstance(found.exception, BadInput) and found.exception.code == "REG073"


def test_a_replica_of_an_older_store_is_not_brought_up_but_said(servers, store):
    old = fresh_database(servers[0])
    with closing(open_store(old)) as opened, opened.engine.begin() as connection:
        connection.execute(
            sa.update(schema.FACTS).values(value="5").where(schema.FACTS.c.name == "schema_version")
        )
        connection.execute(sa.text("DROP TABLE links, other_children"))
    follower = beside(old, servers)
    wait_for(follower, old)
    with pytest.raises(BadInput, match="bring an older store up to date") as raised:
        open_store(follower)
    assert raised.value.code == "REG073"
    open_store(old).close()
    wait_for(follower, old)
    open_store(follower).close()


@pytest.mark.parametrize(
    "engine",
    [IN_THIS_PROCESS, pytest.param(Engine(workers=2), marks=pytest.mark.soak)],
    ids=["here", "two workers"],
)
def test_scoring_reads_from_the_replica_and_writes_the_same_book(
    engine, store, servers, sources, monkeypatch
):
    monkeypatch.setattr(partitions, "MOST_CHILDREN", 400)
    address, follower, *_ = store
    wanted = scored(store, address)
    second = fresh_database(servers[0])
    with closing(open_store(second)) as opened:
        fill(opened, *sources)
    monkeypatch.setenv(replica.VARIABLE, beside(second, servers))
    before = rows_read(second)
    assert scored(store, second, engine=engine) == wanted and len(wanted[0]) > 50
    assert rows_read(second) == before, "read from the store itself"
    monkeypatch.delenv(replica.VARIABLE)
    scored(store, second)
    assert rows_read(second) > before, "the store counts what is read from it"


def rows_read(address: str) -> int:
    """Rows of weights and attendance that a server has read, by those who have left it."""
    time.sleep(0.5)
    rows = "SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_user_tables WHERE relname IN "
    return int(asked(address, rows + "('measurements', 'attendance')")[0])


def test_a_reader_waits_for_a_replica_that_lags_and_then_sees_the_last_import(
    store, servers, sources, tmp_path, monkeypatch
):
    address = fresh_database(servers[0])
    follower = beside(address, servers)
    with closing(open_store(address)) as opened:
        opened.import_source(sources[0])
        wait_for(follower, address)
        monkeypatch.setenv(replica.VARIABLE, follower)
        with standing_still(follower):
            monkeypatch.setattr(replica, "WITHIN_SECONDS", 0.3)
            opened.import_source(sources[1])
            with pytest.raises(BadInput, match=r"bytes before .* in 0.3 s") as raised:
                opened.load()
            assert raised.value.code == "REG070" and "postgres@" not in str(raised.value)
            with pytest.raises(BadInput, match="REG070"):
                scored(store, address)
            monkeypatch.setattr(replica, "WITHIN_SECONDS", 60)
            later = threading.Timer(0.5, asked, [follower, "SELECT pg_wal_replay_resume()"])
            later.start()
            start = time.monotonic()
            seen = opened.version()
            assert time.monotonic() - start > 0.3
            later.join()
        monkeypatch.delenv(replica.VARIABLE)
        assert opened.version() == seen


def test_what_is_no_replica_of_the_store_is_refused(store, servers, monkeypatch):
    address, follower, *_ = store
    for named, says in (
        (address, "takes writes of its own"),
        (servers[1], "another registry"),
        (follower.replace("/tmp/pr", "/tmp/nowhere"), "cannot be reached"),
    ):
        monkeypatch.setenv(replica.VARIABLE, named)
        with closing(open_store(address)) as opened, pytest.raises(BadInput, match=says) as raised:
            opened.version()
        assert raised.value.code == "REG071"
    monkeypatch.setenv(replica.VARIABLE, "replica.db")
    with closing(open_store(address)) as opened, pytest.raises(UsageError, match="REG071"):
        opened.version()
    monkeypatch.setenv(replica.VARIABLE, follower)
    with closing(open_store(follower)) as opened, pytest.raises(UsageError, match="replica itself"):
        opened.version()


def test_a_page_reads_the_store_itself_whatever_is_named(store, monkeypatch):
    address, *_ = store
    with closing(open_store(address)) as opened:
        child = str(opened.load().child_ids[0])
        monkeypatch.setenv(replica.VARIABLE, "postgresql://nobody@/nowhere?host=/tmp/nowhere")
        assert opened.load(children=[child]).child_ids.tolist() == [child]
        assert opened.load(children=()).centre_ids.size
        with pytest.raises(BadInput, match="cannot be reached"):
            opened.load()


def test_a_file_is_read_by_itself_whatever_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv(replica.VARIABLE, "postgresql://nobody@/nowhere")
    with closing(open_store(tmp_path / "x.db")) as opened:
        assert opened.load().child_ids.size == 0


def test_a_reading_that_the_replica_breaks_off_is_said_with_what_to_set(store, servers, sources):
    address = fresh_database(servers[0])
    with closing(open_store(address)) as opened:
        opened.import_source(sources[0])
    follower = beside(address, servers)
    wait_for(follower, address)
    asked_of = ("ALTER SYSTEM SET max_standby_streaming_delay = 0", "SELECT pg_reload_conf()")
    with psycopg.connect(follower, autocommit=True) as connection:
        for command in asked_of:
            connection.execute(command)
    with closing(open_store(follower)) as opened, opened.bulk() as bulk:
        bulk.query("SELECT COUNT(*) AS n FROM visits")
        with psycopg.connect(address) as connection:
            connection.execute("ALTER TABLE visits ADD COLUMN later INTEGER")
        wait_for(follower, address)
        with pytest.raises(BadInput, match="hot_standby_feedback") as raised:
            for _ in range(50):
                bulk.query("SELECT COUNT(*) AS n FROM visits")
                time.sleep(0.1)
        assert raised.value.code == "REG072"


@pytest.mark.soak
def test_models_are_trained_judged_and_watched_on_a_replica(servers, tmp_path, monkeypatch):
    address = fresh_database(servers[0])
    source = trained_models.store_file().parent / "registry"
    with closing(open_store(address)) as opened:
        opened.import_source(source)
    follower = beside(address, servers)
    wait_for(follower, address)
    for name, at in (("one", address), ("other", follower)):
        models = tmp_path / f"{name}.models"
        monkeypatch.setenv("SANKET_MODELS", str(models))
        run("train", at, "--target", "non_response", "--trials", "0")
        (bundle_folder,) = bundles_folder(models).glob("[!.]*")
        turn(models, "non_response", bundle_folder.name)
        run("drift", at, "--month", "2026-05", may_end=(0, 5))
        run("evaluate", at, "-o", str(tmp_path / f"{name}.html"))
    versions = [
        next(bundles_folder(tmp_path / f"{name}.models").glob("[!.]*")).name
        for name in ("one", "other")
    ]
    assert versions[0] == versions[1], "the digest of what was learnt"


def run(*words: str, may_end: tuple[int, ...] = (0,)) -> None:
    found = CliRunner().invoke(app, list(words))
    assert found.exit_code in may_end, (words[0], found.output[-500:], found.exception)
