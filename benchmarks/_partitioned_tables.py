"""The three largest tables of a store copied twice within one server: as they are, and divided by
`PARTITION BY HASH (child)`; both filled and indexed as an import does it, then asked the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import numpy as np
import psycopg

from benchmarks.state import Server
from registry.contract.registry import OWN_DAY
from registry.store import partitions, schema
from registry.store.loading import MOST_IN_A_LIST
from registry.store.store import open_store

TABLES = ("measurements", "attendance", "rations")
"""The largest."""
PAGES = 200
"""Children whose rows are read one by one."""
KEYS_A_PAGE = (
    "SELECT reltuples / relpages FROM pg_class WHERE oid = 'measurements_by_child'::regclass"
)
ENDED = 100
"""One version in so many is ended by the later import."""


def compared(server: Server, pieces: int) -> dict[str, Any]:
    """Of both (`plain`, `partitioned`) what each step costs in CPU seconds of the server and on the
    clock: the rows into empty tables, their indexes, a part of the store read as
    `registry.store.loading` reads it, children's pages, versions ended by a later import, vacuum
    after that."""
    children = _part(server.address)
    found: dict[str, Any] = {
        "partitions": pieces,
        "children_of_part": len(children),
        "keys_a_page": round(server.ask(KEYS_A_PAGE)),
    }
    for name, many in (("plain", 0), ("partitioned", pieces)):
        with psycopg.connect(server.address, autocommit=True) as connection:
            connection.execute("DROP SCHEMA IF EXISTS tried CASCADE")
            connection.execute("CREATE SCHEMA tried")
            found[name] = dict(_stages(server, connection, children, many))
            connection.execute("DROP SCHEMA tried CASCADE")
    return found


def _part(address: str) -> list[int]:
    """The numbers of the children of one part of the store."""
    with closing(open_store(address, must_exist=True)) as store:
        part = partitions.divide(store, partitions.NOW)[0]
        return [int(number) for number in partitions.read(store, part).numbers]


def _stages(
    server: Server, connection: psycopg.Connection, children: Sequence[int], pieces: int
) -> Iterator[tuple[str, dict[str, float]]]:
    """What each step costs over all three tables; `pieces` 0: not partitioned."""

    def cost(work: Callable[[], object]) -> dict[str, float]:
        cpu, start = server.cpu_s(), time.perf_counter()
        work()
        return {
            "server_cpu_s": round(server.cpu_s() - cpu, 2),
            "wall_s": round(time.perf_counter() - start, 2),
        }

    def each(statement: str) -> Callable[[], None]:
        def work() -> None:
            for name in TABLES:
                connection.execute(statement.format(name=name, day=OWN_DAY[name]))  # type: ignore[call-overload]

        return work

    for name in TABLES:
        for statement in _made(name, pieces):
            connection.execute(statement)  # type: ignore[call-overload]
    yield "fill", cost(each("INSERT INTO tried.{name} SELECT * FROM public.{name}"))
    yield "indexes", cost(each("CREATE INDEX ON tried.{name} (child, {day})"))
    each("VACUUM (ANALYZE) tried.{name}")()
    yield "a part", cost(lambda: _read_part(connection, children))
    yield f"{PAGES} pages", cost(lambda: _read_pages(connection, children[:PAGES]))
    ended = f"no % {ENDED} = 0"
    yield (
        "versions ended",
        cost(
            each(
                "UPDATE tried.{name} SET known_until = 1 WHERE no IN "
                f"(SELECT no FROM public.{{name}} WHERE {ended})"
            )
        ),
    )
    yield "vacuum", cost(each("VACUUM tried.{name}"))
    size = (
        "SELECT SUM(pg_relation_size(c.oid)) / 1e6 FROM pg_class c JOIN pg_namespace n "
        "ON n.oid = relnamespace WHERE nspname = 'tried' AND relkind = "
    )
    yield (
        "size",
        {"rows_mb": server.ask(size + "'r'"), "indexes_mb": server.ask(size + "'i'")},
    )


def _made(name: str, pieces: int) -> Iterator[str]:
    """The statements that make a table as the store has it, or divided."""
    columns = ", ".join(f"{column} {kind}" for column, kind in _columns(name))
    if not pieces:
        yield f"CREATE TABLE tried.{name} ({columns}, PRIMARY KEY (no))"
        return
    # A key of a partitioned table must hold what divides it.
    key = "PRIMARY KEY (no, child)"
    yield f"CREATE TABLE tried.{name} ({columns}, {key}) PARTITION BY HASH (child)"
    for piece in range(pieces):
        yield (
            f"CREATE TABLE tried.{name}_{piece} PARTITION OF tried.{name} "
            f"FOR VALUES WITH (MODULUS {pieces}, REMAINDER {piece})"
        )


def _columns(name: str) -> list[tuple[str, str]]:
    from sqlalchemy.dialects.postgresql import dialect

    return [
        (column.name, column.type.compile(dialect=dialect()))
        for column in schema.METADATA.tables[name].columns
    ]


def _read_part(connection: psycopg.Connection, children: Sequence[int]) -> None:
    """A part's rows as binary COPY, in lists, as `registry.store.loading` asks for them."""
    for name in TABLES:
        for start in range(0, len(children), MOST_IN_A_LIST):
            listed = ",".join(map(str, children[start : start + MOST_IN_A_LIST]))
            asked = f"SELECT * FROM tried.{name} WHERE child IN ({listed})"
            copied: Any = f"COPY ({asked}) TO STDOUT (FORMAT BINARY)"
            with connection.cursor().copy(copied) as rows:
                for _ in rows:
                    pass


def _read_pages(connection: psycopg.Connection, children: Sequence[int]) -> None:
    for child in np.random.default_rng(1).permutation(children).tolist():
        for name in TABLES:
            asked = f"SELECT * FROM tried.{name} WHERE child IN ({child})"
            connection.execute(asked).fetchall()  # type: ignore[call-overload]


def tell(found: dict[str, Any]) -> None:
    """Print what `compared` found."""
    print(f"{'':16} {'as it is':>24}   {found['partitions']} partitions by hash of the child")
    for step, plain in found["plain"].items():
        other = found["partitioned"][step]
        said = [
            f"{of['server_cpu_s']:8.2f} s CPU {of['wall_s']:8.2f} s"
            if "wall_s" in of
            else f"{of['rows_mb']:.0f} MB, indexes {of['indexes_mb']:.0f} MB"
            for of in (plain, other)
        ]
        print(f"{step:16} {said[0]:>24}   {said[1]:>24}")
    keys = found["keys_a_page"]
    print(
        f"An index has {keys} rows on a page: three levels up to some {keys**3 / 1e6:.0f} million "
        "rows of a table, four up to "
        f"{keys**4 / 1e6:,.0f} million."
    )
