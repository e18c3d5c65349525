"""What a store in PostgreSQL costs its server and who asks it: `database.py --keep FOLDER`, of a
folder that `benchmarks/state.py --postgres --keep FOLDER --stages import,score` filled.

In CPU seconds of this process and of the server: the store divided, one part read, the statistics
that an import makes, and the book's rows of the last run written again by INSERT (as SQLAlchemy
sends them) and by COPY (as `registry.store.connections.many_rows` does), with the log that each
leaves. `--partitioned 16` also copies the largest tables divided by hash of the child into so many
partitions, and asks both the same (`benchmarks/_partitioned_tables.py`). `--json` for one object on
the last line.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

# A script's own folder stands first on the path, and features.py and training.py there would hide
# the packages.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks import _partitioned_tables
from benchmarks.state import Server
from registry.contract.registry import COLUMNS
from registry.store import partitions
from registry.store.connections.many_rows import insert_many
from registry.store.store import open_store, store_url
from serving.book.scorebook import ROWS, TARGET_SCORES

CHUNK = 2_000
"""Children of a run that are written in one transaction."""
Rows = Sequence[Mapping[str, Any]]


def main() -> None:
    """Ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--partitioned", type=int, metavar="N")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with Server.in_folder(asked.keep / "pg") as server:
        found: dict[str, Any] = {}
        for name, of in (*reading(server).items(), *writing(server).items()):
            found[name] = of
            print(f"{name:34} " + ", ".join(f"{what} {many}" for what, many in of.items()))
        if asked.partitioned:
            found["tables"] = _partitioned_tables.compared(server, asked.partitioned)
            _partitioned_tables.tell(found["tables"])
    if asked.json:
        print(json.dumps(found))


def cost(server: Server, work: Callable[[], object]) -> dict[str, float]:
    """CPU seconds of this process and of the server, and megabytes of the server's log."""
    written = "SELECT wal_bytes FROM pg_stat_wal"
    log, served, own = server.ask(written), server.cpu_s(), time.process_time()
    work()
    own = time.process_time() - own
    # A backend that has ended is counted once the server has waited for it.
    time.sleep(0.5)
    return {
        "client_cpu_s": round(own, 2),
        "server_cpu_s": round(server.cpu_s() - served, 2),
        "log_mb": round((server.ask(written) - log) / 1e6),
    }


def reading(server: Server) -> dict[str, dict[str, float]]:
    """What dividing the store, one of its parts and the planner's statistics cost."""
    with closing(open_store(server.address, must_exist=True)) as store:
        parts = partitions.divide(store, partitions.NOW)
        first = parts[0]
        partitions.read(store, first)
        found = {
            f"divided into {len(parts)} parts": cost(
                server, lambda: partitions.divide(store, partitions.NOW)
            ),
            f"a part of {first.children:,} children": cost(
                server, lambda: partitions.read(store, first)
            ),
            "statistics of all tables": cost(server, lambda: _count_all(store)),
        }
    return found


def _count_all(store: Any) -> None:
    with store.bulk() as bulk:
        for name in (*COLUMNS, "ids"):
            bulk.count_anew(name)
        bulk.commit()


def writing(server: Server) -> dict[str, dict[str, float]]:
    """What the rows of the last run cost by INSERT and by COPY; empty where nothing was scored."""
    engine = sa.create_engine(
        store_url(server.address), connect_args={"options": "-c search_path=tried,public"}
    )
    with engine.begin() as connection:
        if not sa.inspect(connection).has_table(ROWS.name, schema="public"):
            return {}
        tables = {table: _rows(connection, table) for table in (ROWS, TARGET_SCORES)}
    ways: dict[str, Callable[[sa.Connection, sa.Table, Rows], None]] = {
        "INSERT": lambda connection, table, rows: _insert(connection, table, rows),
        "COPY": insert_many,
    }
    found = {}
    for name, write in ways.items():
        _make_empty(engine)
        many = ", ".join(f"{len(rows):,}" for rows in tables.values())
        found[f"book ({many} rows) by {name}"] = cost(
            server, lambda write=write: _write_all(engine, tables, write)
        )
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA tried CASCADE"))
    engine.dispose()
    return found


def _rows(connection: sa.Connection, table: sa.Table) -> Rows:
    last = sa.select(sa.func.max(ROWS.c.run)).scalar_subquery()
    return [
        dict(row)
        for row in connection.execute(sa.select(table).where(table.c.run == last)).mappings()
    ]


def _make_empty(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA IF EXISTS tried CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA tried"))
        for table in (ROWS, TARGET_SCORES):
            like = f"CREATE TABLE tried.{table.name} (LIKE public.{table.name} INCLUDING ALL)"
            connection.execute(sa.text(like))


def _write_all(
    engine: sa.Engine,
    tables: Mapping[sa.Table, Rows],
    write: Callable[[sa.Connection, sa.Table, Rows], None],
) -> None:
    chunks = len(tables[ROWS]) // CHUNK + 1
    for chunk in range(chunks):
        with engine.begin() as connection:
            for table, rows in tables.items():
                share = len(rows) * chunk // chunks, len(rows) * (chunk + 1) // chunks
                write(connection, table, rows[slice(*share)])


def _insert(connection: sa.Connection, table: sa.Table, rows: Rows) -> None:
    connection.execute(sa.insert(table), [dict(row) for row in rows])


if __name__ == "__main__":
    main()
