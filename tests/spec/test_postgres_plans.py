"""How PostgreSQL answers what a part asks for: by index, with statistics that the import itself
made."""

from __future__ import annotations

from contextlib import closing

import pytest
import sqlalchemy as sa

from registry.contract.registry import OWN_DAY
from registry.store import importing, loading
from registry.store.arrivals import table_writer
from registry.store.bulk import Bulk
from registry.store.partitions import NOW, divide, read
from registry.store.store import open_store
from tests.support.divided_registry import moves, tables
from tests.support.postgres import fresh_database, own_server

COPIES = 100
"""How often the simulated registry stands in the store, under other numbers."""


@pytest.fixture(scope="module")
def address():
    with own_server() as uri:
        yield uri


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return tables(tmp_path_factory.mktemp("plans") / "t")


def counted(store, table: str) -> tuple[int, int]:
    """(how many rows the planner believes, of how many columns it knows the values)."""
    asked = sa.text(
        "SELECT (SELECT reltuples FROM pg_class WHERE oid = CAST(CAST(:name AS text) AS regclass)) AS rows, "
        "(SELECT COUNT(*) FROM pg_stats WHERE tablename = CAST(:name AS text)) AS columns"
    )
    with store.engine.connect() as connection:
        return tuple(map(int, connection.execute(asked, {"name": table}).one()))


def rows_of(store, table: str) -> int:
    with store.engine.connect() as connection:
        return int(connection.scalar(sa.text(f"SELECT COUNT(*) FROM {table}")))


def test_an_import_leaves_statistics_of_what_it_brought_and_no_others(
    address, source, tmp_path, monkeypatch
):
    for module in (table_writer, importing):
        monkeypatch.setattr(module, "COUNTED_FROM", 300)
    with closing(open_store(fresh_database(address))) as store:
        with store.engine.begin() as connection:
            for table in ("ids", "children", *OWN_DAY):
                connection.execute(sa.text(f"ALTER TABLE {table} SET (autovacuum_enabled = false)"))
        store.import_source(source)
        for table in ("ids", "children", "measurements", "attendance"):
            rows, columns = counted(store, table)
            assert rows == rows_of(store, table) > 300 and columns > 1, table
        before = counted(store, "children")
        store.import_source(moves(tmp_path / "moved", source))
        assert rows_of(store, "children") > before[0], "a tenth of a table is not worth a look"
        assert counted(store, "children") == before


def test_a_part_is_looked_up_by_index_with_the_longest_list_of_children(
    address, source, monkeypatch
):
    with closing(open_store(fresh_database(address))) as store:
        store.import_source(source)
        asked: list[str] = []
        query = Bulk.query
        monkeypatch.setattr(
            Bulk,
            "query",
            lambda bulk, text, *kinds: asked.append(text) or query(bulk, text, *kinds),
        )
        read(store, divide(store, NOW, most=200)[0])
        many = rows_of(store, "children")
        with store.engine.begin() as connection:
            copy(connection, "measurements", many)
        of_lists = [one for one in asked if "FROM measurements WHERE child IN (" in one]
        longest = ",".join(map(str, range(0, 7 * loading.MOST_IN_A_LIST, 7)))
        of_lists.append(f"SELECT * FROM measurements WHERE child IN ({longest})")
        assert len(of_lists) >= 2
        with store.bulk() as bulk:
            bulk.count_anew("measurements")
            bulk.commit()
        with store.engine.connect() as connection:
            for one in of_lists:
                plan = "\n".join(connection.scalars(sa.text(f"EXPLAIN {one}")))
                assert "measurements_by_child" in plan and "Seq Scan" not in plan, plan[:500]


def copy(connection: sa.Connection, table: str, many: int) -> None:
    """The table's rows again and again, of other children."""
    names = [row["name"] for row in sa.inspect(connection).get_columns(table)]
    others = ", ".join(name for name in names if name not in ("no", "child"))
    connection.execute(
        sa.text(
            f"INSERT INTO {table} (no, child, {others}) SELECT no + copy * 1000000, "
            f"child + copy * {many}, {others} FROM {table}, generate_series(1, {COPIES}) AS copy"
        )
    )
