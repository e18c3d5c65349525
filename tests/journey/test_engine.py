"""Work on a store's parts: here, in workers of this machine, on a cluster; what is lost is done
again, what is refused keeps its code."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.trajectory.smoother import DEFAULT_PRIORS
from models.bundle import save
from models.champion import bundles_folder, models_folder, turn
from registry.contract.errors import BadInput, Refused, UsageError
from registry.contract.registry import day_date
from registry.engine import IN_THIS_PROCESS, Engine
from registry.store import partitions
from registry.store.store import open_store
from sanket.app import app
from serving.access.permissions import Scope
from serving.book import scorebook
from serving.book.reader import Reader
from serving.book.scoring import scoring_run
from serving.book.scoring.scoring_part import PART
from serving.book.scoring.scoring_run import score_store
from serving.database import engine_of
from serving.errors import NothingScored
from tests.support.divided_registry import fill, moves, tables
from tests.support.postgres import fresh_database, own_server
from tests.support.service_cases import bundle

TARGETS = ("relapse", "non_response")


def twice(number: int) -> int:
    return 2 * number


def refused(_: int) -> int:
    raise Refused("SRV004", "the champion of relapse was trained on another registry", at=3)


def killed_once(mark: str, number: int) -> int:
    """The worker dies in the middle of part 1, once."""
    if number == 1 and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return twice(number)


def kills_every_worker(_: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


@pytest.mark.parametrize(
    ("workers", "scheduler", "says"),
    [
        (0, None, "1 to 256"),
        (257, None, "1 to 256"),
        (None, "10.0.0.5:8786", "tcp://10.0.0.5:8786"),
        (2, "tcp://10.0.0.5:8786", "leave them away"),
    ],
)
def test_an_engine_that_cannot_be_is_refused_with_its_bound(workers, scheduler, says):
    with pytest.raises(UsageError, match=says) as raised:
        Engine.of(workers, scheduler)
    assert raised.value.code == "ENG001"


@pytest.mark.parametrize(
    ("option", "code"),
    [(("--scheduler", "tcp://10.0.0.5:8786"), "ENG004"), (("--workers", "0"), "ENG001")],
)
def test_an_import_takes_workers_and_refuses_a_scheduler_by_name(tmp_path, option, code):
    words = ["import", str(tmp_path), "--to", str(tmp_path / "x.db"), *option]
    found = CliRunner().invoke(app, words)
    assert isinstance(found.exception, UsageError) and found.exception.code == code
    assert not (tmp_path / "x.db").exists()


def test_nothing_of_dask_is_loaded_where_nobody_asks_for_it(monkeypatch):
    monkeypatch.delenv("SANKET_SCHEDULER", raising=False)
    assert Engine.of(None, None) == Engine.of(1, None) == IN_THIS_PROCESS
    asked = (
        "import sys; from registry.engine import Engine; "
        "assert list(Engine.of(None, None).each(abs, [-1, 2])) == [(-1, 1), (2, 2)]; "
        "assert not any(name.startswith(('dask', 'distributed')) for name in sys.modules)"
    )
    environment = {**os.environ, "SANKET_SCHEDULER": ""}
    subprocess.run([sys.executable, "-c", asked], check=True, env=environment)
    monkeypatch.setenv("SANKET_SCHEDULER", "tcp://10.0.0.5:8786")
    assert Engine.of(None, None) == Engine(scheduler="tcp://10.0.0.5:8786")


def where(number: int) -> tuple[int, int]:
    return os.getpid(), number


def test_workers_that_were_started_beforehand_do_the_parts():
    with Engine(workers=2).started(where, 3) as engine:
        found = [dict(engine.each(where, parts)) for parts in ([1, 2, 3], [4])]
    assert [{part: number for part, (_, number) in of.items()} for of in found] == [
        {1: 1, 2: 2, 3: 3},
        {4: 4},
    ]
    assert os.getpid() not in {process for of in found for process, _ in of.values()}
    for engine, parts in ((IN_THIS_PROCESS, 3), (Engine(workers=2), 1)):
        with engine.started(where, parts) as here:
            assert list(here.each(where, [7])) == [(7, (os.getpid(), 7))], "not worth a worker"


def test_a_refusal_comes_whole_out_of_another_process():
    told = Refused("SRV004", "the champion was trained on another registry", at=3)
    for error in (told, NothingScored("there is no list yet")):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error) and str(again) == str(error)
        assert (again.code, again.message, again.facts) == (error.code, error.message, error.facts)


@pytest.mark.soak
def test_a_part_whose_worker_died_is_done_again_and_a_refusal_keeps_its_code(tmp_path):
    engine = Engine(workers=2)
    task = partial(killed_once, str(tmp_path / "died"))
    assert sorted(engine.each(task, range(4))) == [(n, 2 * n) for n in range(4)]
    assert (tmp_path / "died").exists()
    with pytest.raises(Refused) as raised:
        list(engine.each(refused, range(3)))
    assert (raised.value.code, raised.value.facts) == ("SRV004", {"at": 3})
    assert "another registry" in raised.value.message and raised.value.exit_code == 5


@pytest.mark.soak
def test_workers_that_die_again_and_again_are_said_and_not_waited_for():
    with pytest.raises(BadInput, match="after 0 of 2 parts") as raised:
        list(Engine(workers=2).each(kills_every_worker, range(2)))
    assert raised.value.code == "ENG003"


def in_pieces(number: int) -> list[bytes]:
    """200 MB in small pieces, of which some that lie between the others are kept."""
    return [bytes(1000) for _ in range(200_000)][number::1_000]


def test_memory_of_a_part_is_given_back_before_the_next():
    asked = (
        "from registry.engine import Engine; from tests.journey.test_engine import in_pieces;"
        "held = lambda: int(open('/proc/self/statm').read().split()[1]) * 4096 / 1e6;"
        "before = held(); kept = [of for _, of in Engine().each(in_pieces, range(4))];"
        "print(held() - before, sum(map(len, kept)))"
    )
    told = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    grown_mb, kept = map(float, told.stdout.split())
    assert kept == 800 and grown_mb < 40, "it was 200 MB at a time"


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr("registry.engine.CONNECT_SECONDS", 1)
    with pytest.raises(BadInput, match="tcp://127.0.0.1:9") as raised:
        list(Engine(scheduler="tcp://127.0.0.1:9").each(twice, [1]))
    assert raised.value.code == "ENG002"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    home = tmp_path_factory.mktemp("divided")
    first = tables(home / "t")
    return first, moves(home / "moved", first)


def ready(address: str, source, models: Path):
    """A store with champions; the day to score."""
    with closing(open_store(address)) as store:
        until = fill(store, *source)
    for target in TARGETS:
        ours = replace(bundle(target), priors=DEFAULT_PRIORS)
        turn(models, target, save(ours, bundles_folder(models)).version)
    return day_date(until - 10)


def book(address: str):
    engine = engine_of(address)
    try:
        reader = Reader(engine, Scope.of(["state:*"]))
        run = reader.run()
        return {row.candidate.child_id: row for row in reader.rows(run)}, reader.areas(
            run, "sector"
        )
    finally:
        engine.dispose()


def scored(address, models, day, engine):
    seen = []
    score_store(
        address,
        as_of=day,
        models_dir=models,
        accept_foreign=True,
        engine=engine,
        progress=lambda done, of: seen.append(done / of),
    )
    assert seen == sorted(seen) and seen[-1] == 1
    return book(address)


def test_two_workers_write_the_same_book_as_this_process(source, tmp_path, monkeypatch):
    monkeypatch.setattr(partitions, "MOST_CHILDREN", 200)
    books = []
    for name, engine in (("one", IN_THIS_PROCESS), ("two", Engine(workers=2))):
        address = str(tmp_path / f"{name}.db")
        models = models_folder(address)
        books.append(scored(address, models, ready(address, source, models), engine))
    assert books[0] == books[1] and len(books[0][0]) > 50


def test_a_part_that_a_broken_off_run_finished_is_not_done_again(source, tmp_path, monkeypatch):
    monkeypatch.setattr(partitions, "MOST_CHILDREN", 200)
    address = str(tmp_path / "x.db")
    models = models_folder(address)
    day = ready(address, source, models)
    score_part, done = scoring_run.score_part, []

    def broken(task, progress):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(task.partition.number)
        return score_part(task, progress)

    monkeypatch.setattr(scoring_run, "score_part", broken)
    with pytest.raises(KeyboardInterrupt):
        scored(address, models, day, IN_THIS_PROCESS)
    again = []
    monkeypatch.setattr(
        scoring_run,
        "score_part",
        lambda task, progress: again.append(task.partition.number) or score_part(task, progress),
    )
    rows, _ = scored(address, models, day, IN_THIS_PROCESS)
    assert done == [0, 1] and not set(again) & {0, 1} and len(again) >= 2
    assert len(rows) > 50
    engine = engine_of(address)
    with closing(engine.connect()) as connection:
        levels = {row.level for row in connection.execute(scorebook.AREAS.select())}
    engine.dispose()
    assert PART not in levels, "parts are kept only until the run is published"


@contextmanager
def dask_process(*words: str):
    """A process of Dask's own command, ended with the block."""
    command = [sys.executable, "-m", *words]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.soak
def test_a_cluster_over_tcp_loses_a_worker_then_its_scheduler_and_the_book_is_the_same(
    source, tmp_path, monkeypatch
):
    monkeypatch.setattr(partitions, "MOST_CHILDREN", 150)
    monkeypatch.setenv("SANKET_MODELS", str(tmp_path / "m"))
    monkeypatch.setenv("SANKET_IDENTITY_KEY", "families are kept in both stores")
    plain = str(tmp_path / "x.db")
    models = tmp_path / "m"
    wanted = scored(plain, models, ready(plain, source, models), IN_THIS_PROCESS)
    with own_server() as uri:
        address = fresh_database(uri)
        day = ready(address, source, models)
        port = free_port()
        scheduler = f"tcp://127.0.0.1:{port}"
        serve = ("distributed.cli.dask_scheduler", "--port", str(port), "--no-dashboard")
        work = ("distributed.cli.dask_worker", scheduler, "--nthreads", "1", "--no-dashboard")
        keep, kept = scoring_run.parts_kept, []
        with dask_process(*serve), dask_process(*work) as first, dask_process(*work):
            time.sleep(4)
            count = {"ready": 0}

            def progress(done: int, of: int) -> None:
                count["ready"] += 1
                if count["ready"] == 1:
                    first.kill()

            score_store(
                address,
                as_of=day,
                models_dir=models,
                accept_foreign=True,
                engine=Engine(scheduler=scheduler),
                progress=progress,
            )
            assert book(address) == wanted
        second = fresh_database(uri)
        day = ready(second, source, models)
        with dask_process(*serve) as lost, dask_process(*work):
            time.sleep(4)
            with pytest.raises(BadInput) as raised:
                score_store(
                    second,
                    as_of=day,
                    models_dir=models,
                    accept_foreign=True,
                    engine=Engine(scheduler=scheduler),
                    progress=lambda done, of: lost.kill(),
                )
            assert raised.value.code == "ENG003"
        monkeypatch.setattr(
            scoring_run, "parts_kept", lambda *asked: kept.append(keep(*asked)) or kept[-1]
        )
        with dask_process(*serve), dask_process(*work):
            time.sleep(4)
            assert scored(second, models, day, Engine(scheduler=scheduler)) == wanted
        assert kept[0], "what was done before the scheduler was lost"
