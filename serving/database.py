"""The engine under the score book and the audit log: the store's own database, with bounded
waiting."""

from __future__ import annotations

import sqlite3
import time

import sqlalchemy as sa
from sqlalchemy import event

from registry.store.connections.plain_bulk import count_connections
from registry.store.store import make_private, store_url

WAIT_SECONDS = 5


def engine_of(store_address: str) -> sa.Engine:
    """An engine for a store's address (a path ending in `.db`, or postgresql://). Connects only
    when used."""
    url = store_url(store_address)
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(url, connect_args={"timeout": WAIT_SECONDS})
        event.listen(engine, "do_connect", lambda *_: make_private(url))
        event.listen(engine, "connect", _set_up_sqlite)
        count_connections(engine)
        return engine
    waits = {
        "connect_timeout": WAIT_SECONDS,
        "options": f"-c statement_timeout={6 * WAIT_SECONDS * 1000}",
    }
    return sa.create_engine(url, pool_pre_ping=True, pool_timeout=WAIT_SECONDS, connect_args=waits)


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """WAL: readers do not wait for the writer, nor it for them."""
    _into_wal(connection)
    for setting in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {setting}")


def _into_wal(connection: sqlite3.Connection) -> None:
    """A new database is turned to WAL once. Two that try at once are not made to wait by SQLite:
    one is refused."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)
