"""The engine under the score book and the audit log: the store's own database, with bounded waiting."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import event

from registry.store import store_url

WAIT_SECONDS = 5


def engine_of(store_address: str) -> sa.Engine:
    """An engine for a store's address (a path ending in `.db`, or postgresql://). Connects only when used."""
    url = store_url(store_address)
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(url, connect_args={"timeout": WAIT_SECONDS})
        event.listen(engine, "connect", _set_up_sqlite)
        return engine
    waits = {"connect_timeout": WAIT_SECONDS, "options": f"-c statement_timeout={6 * WAIT_SECONDS * 1000}"}
    return sa.create_engine(url, pool_pre_ping=True, pool_timeout=WAIT_SECONDS, connect_args=waits)


def _set_up_sqlite(connection, _record) -> None:
    """WAL: readers do not wait for the writer, nor it for them."""
    for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {setting}")
