"""A store of an earlier version is brought to this one and loses nothing: `tests/data/store_v2.md`
tells how the old one was made and what its own Sanket said of it."""

import datetime as dt
import gzip
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest
import sqlalchemy as sa

from registry.contract.errors import Refused
from registry.store import migrations, schema
from registry.store.single_sqlite import open_beside_the_book
from registry.store.store import open_store
from serving.access import tokens
from serving.access.permissions import Scope
from serving.answering.schemas import EXAMPLE
from serving.app import create_app
from serving.audit import recorder
from serving.book import outbox, scorebook, ticks
from serving.book.reader import Reader
from serving.book.scoring.scoring_run import score_store
from serving.database import engine_of
from serving.http.observe import Log
from serving.process.start import audited, tokens_of
from tests.support.postgres import fresh_database, own_server
from tests.support.service_cases import KEY, Client, token

DATA = Path(__file__).parents[1] / "data"
SAID = json.loads((DATA / "store_v2.json").read_text())
STATE = Scope.of(["state:*"])
BROUGHT_UP = """
import sys
from registry.store.store import open_store
from serving.book.reader import Reader
from serving.access.permissions import Scope
from serving.database import engine_of
print("ready", flush=True)
sys.stdin.readline()
if sys.argv[1] == "registry":
    open_store(sys.argv[2]).close()
else:
    engine = engine_of(sys.argv[2])
    print(len(Reader(engine, Scope.of(["state:*"])).candidates()))
"""


def old_store(folder: Path) -> str:
    """The address of a copy of the store that version 2 made, with its keys."""
    for key in ("x.tokens.key", "x.audit.key"):
        (folder / key).write_bytes(KEY)
        (folder / key).chmod(0o600)
    (folder / "x.db").write_bytes(gzip.decompress((DATA / "store_v2.db.gz").read_bytes()))
    return str(folder / "x.db")


def same_in(address: str, server: str) -> None:
    """The rows of a SQLite file put into a PostgreSQL database, table by table as version 2 made
    them there."""
    old, tables = sa.create_engine(f"sqlite:///{address}"), sa.MetaData()
    sa.event.listen(tables, "column_reflect", as_in_postgres)
    tables.reflect(old)
    new = sa.create_engine(sa.make_url(server).set(drivername="postgresql+psycopg"))
    tables.create_all(new)
    with old.connect() as reading, new.begin() as writing:
        for table in tables.sorted_tables:
            if rows := [dict(row._mapping) for row in reading.execute(sa.select(table))]:
                writing.execute(sa.insert(table), rows)
        for table, column in (("sanket_runs", "run"), ("sanket_told", "number")):
            last = f"SELECT max({column}) FROM {table}"
            counter = f"pg_get_serial_sequence('{table}', '{column}')"
            writing.exec_driver_sql(f"SELECT setval({counter}, ({last}))")
    old.dispose()
    new.dispose()


def as_in_postgres(_inspector, table, column):
    """A column's type in PostgreSQL; SQLite has one integer for all sizes of a table's `no`."""
    wide = (
        column["name"] == "no"
        and not table.name.startswith("sanket_")
        and table.name != "quarantine"
    )
    column["type"] = sa.BigInteger() if wide else column["type"].as_generic()


@pytest.fixture(scope="module")
def postgres():
    with own_server() as address:
        yield address


@pytest.fixture
def old(tmp_path, monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", "2026-03-17")
    return old_store(tmp_path)


@pytest.fixture
def old_in_postgres(old, postgres, tmp_path, monkeypatch):
    monkeypatch.setenv("SANKET_IDENTITY_KEY", "a key of the test, long enough")
    for name in ("SANKET_KEY", "SANKET_AUDIT_KEY"):
        (tmp_path / name).write_bytes(KEY)
        monkeypatch.setenv(name, str(tmp_path / name))
    address = fresh_database(postgres)
    same_in(old, address)
    return address


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request):
    """The old store in each database."""
    return request.getfixturevalue("old" if request.param == "sqlite" else "old_in_postgres")


def said_by_target(row):
    names = ("status", "why_not", "risk", "risk_low", "risk_high", "model_version")
    return {target: [asdict(score)[name] for name in names] for target, score in row.scores.items()}


def rows_of(engine, table):
    with engine.connect() as connection:
        return [
            {
                name: value.isoformat() if isinstance(value, dt.date) else value
                for name, value in row._mapping.items()
            }
            for row in connection.execute(sa.select(table))
        ]


def test_the_book_of_version_2_says_what_it_said(address):
    engine = engine_of(address)
    reader = Reader(engine, STATE)
    for then in SAID["runs"]:
        run = reader.run(dt.date.fromisoformat(then["as_of"]))
        assert (run.run, run.facts) == (then["run"], then["facts"])
        found = {
            row.candidate.child_id: [
                row.candidate.sector_id,
                row.candidate.state,
                said_by_target(row),
            ]
            for row in reader.rows(run, ticked=False)
        }
        assert found == then["children"] and len(found) > 50
        for target, risks in then["risks"].items():
            assert sorted(reader.risks(run, target)) == sorted(risks) and risks
        for level, places in then["areas"].items():
            assert sorted(reader.areas(run, level)) == places
    history = [[run.run, said_by_target(row)] for run, row in reader.history(SAID["child"])]
    assert history == SAID["history"]
    now = {child.child_id: child.last_finding for child in reader.candidates()}
    assert {child: now[child] for child in SAID["last_findings"]} == SAID["last_findings"]
    for name, table in (
        ("ticks", scorebook.TICKS),
        ("measured", scorebook.MEASURED),
        ("told", scorebook.TOLD),
    ):
        assert rows_of(engine, table) == SAID[name]
    engine.dispose()


def test_each_model_of_each_child_has_a_row_of_its_own_also_in_a_run_that_was_broken_off(old):
    open_store(old).close()
    engine = engine_of(old)
    with engine.connect() as connection:
        scores = connection.execute(sa.select(scorebook.TARGET_SCORES)).all()
        pages = connection.execute(sa.select(scorebook.ROWS)).all()
    expected = {
        (page.run, page.child_id, target): (s.why_not, s.risk, s.risk_low, s.risk_high)
        for page in pages
        for target, s in scorebook.row_of(page.page).scores.items()
    }
    assert {score[:3]: score[3:] for score in map(tuple, scores)} == expected
    assert len(pages) == SAID["rows"]["sanket_scores"] and len(scores) == 2 * len(pages)
    assert SAID["unfinished"] in {score.run for score in scores}
    engine.dispose()


def test_no_row_of_any_table_is_lost(address):
    open_store(address).close()
    engine = engine_of(address)
    with engine.connect() as connection:
        counted = {
            name: connection.scalar(sa.text(f"SELECT count(*) FROM {name}"))
            for name in sa.inspect(connection).get_table_names()
        }
    engine.dispose()
    assert counted.pop("sanket_target_scores") == 2 * counted["sanket_scores"]
    # Events, marks of lists and escalations come with the first process that opens the book.
    of_book = ("sanket_events", "sanket_listed", "sanket_escalations")
    since = ("stocks", "area_boundaries", "links", "other_children", *of_book)
    assert [counted.pop(name, 0) for name in since] == [0] * 7
    assert counted == SAID["rows"]


def test_registry_audit_log_and_tokens_are_as_they_were(address):
    store = open_store(address)
    assert store.digest() == SAID["digest"]
    assert store.facts()["registry_id"] == SAID["registry_id"]
    engine = engine_of(address)
    beside = open_beside_the_book(address)
    assert outbox.hand_on(beside) == 2, "the two ticks that still waited"
    beside.close()
    assert store.load().visits.rows > SAID["rows"]["visits"]
    store.close()
    seen = audited(address, child_id=SAID["child"], kept_anchor=SAID["audit"]["anchor"])
    assert (seen["first_broken"], seen["cut"]) == (None, False)
    assert (seen["anchor"], len(seen["entries"])) == (
        SAID["audit"]["anchor"],
        SAID["audit"]["entries"],
    )
    assert tokens_of(address) == SAID["tokens"]
    assert tokens.exchange(engine, KEY, SAID["sign_in_code"]).role == "officer"
    assert tokens.exchange(engine, KEY, SAID["sign_in_code"]) is None
    engine.dispose()


def test_the_service_over_an_old_store_shows_list_child_and_tick(address, tmp_path):
    app = create_app(address, tmp_path, key=KEY, log=Log(lambda _: None), follow=False)
    child, sector = SAID["child"], SAID["runs"][-1]["children"][SAID["child"]][0]
    client = Client(app, token())
    listed = client.get(f"/v1/visits?sector={sector}").json()["rows"]
    assert {row["child_id"] for row in listed} <= set(SAID["runs"][-1]["children"]) and listed
    page = client.get(f"/v1/children/{child}?history=true")
    assert page.status_code == 200
    told = {"visited_on": "2026-03-16", "finding": "well"}
    assert client.post(f"/v1/visits/{child}/outcome", told).status_code == 201
    assert client.get(f"/v1/children/{child}").json()["last_finding"] == "well"
    app.close()
    engine = engine_of(address)
    assert recorder.anchor(engine).partition(":")[0] > SAID["audit"]["anchor"].partition(":")[0]
    engine.dispose()


def columns_and_keys(engine):
    """By table: its columns, key and indexes, as the database itself tells them."""
    found = sa.inspect(engine)
    return {
        name: (
            sorted(
                (one["name"], str(one["type"]), one["nullable"]) for one in found.get_columns(name)
            ),
            found.get_pk_constraint(name)["constrained_columns"],
            sorted((one["name"], tuple(one["column_names"])) for one in found.get_indexes(name)),
        )
        for name in found.get_table_names()
        if name.startswith("sanket_")
    }


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_store_brought_up_has_the_tables_of_one_made_anew(backend, request, tmp_path):
    old = request.getfixturevalue("old" if backend == "sqlite" else "old_in_postgres")
    new = str(tmp_path / "new.db")
    if backend == "postgresql":
        new = fresh_database(request.getfixturevalue("postgres"))
    engines = []
    for address in (old, new):
        engines.append(engine_of(address))
        for tables in (scorebook, recorder):
            tables.make_tables(engines[-1])
        tokens.listed(engines[-1])
    made = [columns_and_keys(engine) for engine in engines]
    assert made[0] == made[1] and len(made[0]) > 10
    for engine in engines:
        engine.dispose()


def test_two_processes_bring_up_one_store_at_once(address):
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", BROUGHT_UP, way, address], text=True, cwd=Path.cwd(), **pipes
        )
        for way in ("registry", "book")
    ]
    for one in started:
        assert one.stdout.readline() == "ready\n"
    for one in started:
        one.stdin.write("go\n")
        one.stdin.flush()
    ended = [one.communicate(timeout=120) for one in started]
    assert [one.returncode for one in started] == [0, 0], ended
    test_no_row_of_any_table_is_lost(address)


@pytest.mark.parametrize("times", range(5))
def test_four_threads_bring_up_one_store_at_once(times, address):
    barrier = threading.Barrier(4)

    def begin(way):
        barrier.wait(timeout=30)
        if way % 2:
            open_store(address).close()
        else:
            engine = engine_of(address)
            scorebook.make_tables(engine)
            engine.dispose()

    with ThreadPoolExecutor(4) as together:
        list(together.map(begin, range(4)))
    test_no_row_of_any_table_is_lost(address)


def test_an_upgrade_that_is_cut_short_leaves_the_old_store(old, monkeypatch):
    before = rows_of(engine_of(old), sa.table("sanket_scores", sa.column("page"))), SAID["rows"]

    def cut_short(row):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(migrations, "_scores_of", cut_short)
        open_store(old)
    engine = sa.create_engine(f"sqlite:///{old}")
    assert "sanket_target_scores" not in sa.inspect(engine).get_table_names()
    assert {"relapse", "non_response"} <= {
        column["name"] for column in sa.inspect(engine).get_columns("sanket_scores")
    }
    assert rows_of(engine, sa.table("sanket_scores", sa.column("page"))) == before[0]
    engine.dispose()
    test_no_row_of_any_table_is_lost(old)


def made_newer(address):
    engine = engine_of(address)
    scorebook.make_tables(engine)
    with engine.begin() as connection:
        newer = sa.update(schema.FACTS).where(schema.FACTS.c.name == "schema_version")
        connection.execute(newer.values(value=str(schema.VERSION + 1)))
    engine.dispose()


def ways_in(address, tmp_path):
    """An engine over a store, and every way into the store, by name."""
    engine = engine_of(address)
    day = dt.date(2026, 3, 16)
    outcome = {
        "child_id": "c0000",
        "visited_on": day,
        "finding": "well",
        "listed_on": None,
        "listed_for": None,
    }
    return engine, {
        "registry": lambda: open_store(address),
        "beside the book": lambda: open_beside_the_book(address),
        "scoring": lambda: score_store(address, as_of=day, models_dir=tmp_path),
        "a run": lambda: scorebook.begin(engine, as_of=day, made_from={}, places=[]),
        "a tick": lambda: ticks.tick(engine, [outcome]),
        "audit": lambda: recorder.make_tables(engine),
        "audit command": lambda: audited(address, child_id=None),
        "tokens": lambda: tokens.listed(engine),
        "tokens command": lambda: tokens_of(address),
    }


def test_a_newer_store_is_refused_by_every_way_in_and_left_as_it_is(address, tmp_path):
    made_newer(address)
    engine, ways = ways_in(address, tmp_path)
    for name, enter in ways.items():
        with pytest.raises(Refused, match="REG061.*use the newer Sanket"):
            enter()
            pytest.fail(f"{name} opened a newer store")
    engine.dispose()
    app = create_app(address, tmp_path, key=KEY, log=Log(lambda _: None), follow=False)
    answer = Client(app, token()).get("/v1/visits?sector=S")
    assert (answer.status_code, answer.json()["code"]) == (503, "API031")
    assert Client(app).get("/readyz").json()["score_book"]["fault"]
    assert Client(app, token()).post("/v1/classify", EXAMPLE).status_code == 200
    app.close()
    assert app.state.handing_on.fault == "REG061" and app.state.audit.fault == "REG061"
