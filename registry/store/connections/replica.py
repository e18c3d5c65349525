"""Reading a store's records from a streaming replica (a PostgreSQL hot standby) while results are
written to the store itself.

A replica lags. So every connection that reads from it first makes sure that it has replayed all
that the store held at that moment: nothing is ever told from older records than a verb that reads
the store itself would see.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from adbc_driver_manager import Error
from sqlalchemy import URL, Engine, text

from registry.contract.errors import BadInput, UsageError
from registry.store.bulk import Bulk, connect

VARIABLE = "SANKET_READ_FROM"
WITHIN_SECONDS = 60
"""How long a reader waits for a replica to replay what the store held when it asked."""
LOOK_AGAIN_SECONDS = 0.02
POSTGRES = ("postgresql://", "postgres://")
HELD = (
    "SELECT (SELECT value FROM store_facts WHERE name = 'registry_id') AS registry_id, "
    "(SELECT COUNT(*) FROM imports) AS imports, (SELECT COUNT(*) FROM links) AS links, "
    "(SELECT COUNT(*) FROM forgotten) AS forgotten"
)
"""Whose records a database holds, and how often they were changed: each count only grows."""


def read_from(url: URL) -> str | None:
    """The replica's address that $SANKET_READ_FROM names for a store; None for a file and where
    nothing is named. UsageError REG071 for an address that is none of PostgreSQL."""
    address = os.environ.get(VARIABLE)
    if not address or url.get_backend_name() != "postgresql":
        return None
    if not address.startswith(POSTGRES):
        raise UsageError("REG071", f"{VARIABLE} is the postgresql:// address of a replica")
    return address


def caught_up(replica: URL, engine: Engine) -> Bulk:
    """A bulk connection to a replica that holds all that the store behind `engine` held when this
    was called.

    The very connection that was looked at is the one that reads: behind one address there may be
    several replicas. Raises BadInput REG070 where it has not replayed that within WITHIN_SECONDS;
    REG071 where it cannot be reached, is no replica or one of another store.
    """
    held, position = _position(engine)
    try:
        bulk = connect(replica)
    except Error as error:
        raise BadInput(
            "REG071", f"{_place(replica)} cannot be reached ({_first_line(error)})"
        ) from error
    try:
        _wait(bulk, replica, position)
        _same(bulk, replica, held)
    except BaseException:
        bulk.__exit__()
        raise
    return bulk


def _position(engine: Engine) -> tuple[dict[str, Any], str]:
    """(whose records the store holds, a position of its log behind all that it has committed).

    The position is that of a message written for this: the server's own insert position may stand
    behind a page's head, where a replica that has replayed everything does not stand; its write
    position before a commit that is visible (synchronous_commit = off). The message is flushed.
    """
    with engine.begin() as connection:
        if connection.scalar(text("SELECT pg_is_in_recovery()")):
            raise UsageError(
                "REG071",
                f"STORE is a replica itself: take {VARIABLE} away to read from it, or give the "
                "store that takes writes",
            )
        held = dict(connection.execute(text(HELD)).mappings().one())
        connection.execute(text("SET LOCAL synchronous_commit = local"))
        written = text("SELECT pg_logical_emit_message(true, 'sanket', '')")
        return held, str(connection.scalar(written))


def _wait(bulk: Bulk, replica: URL, position: str) -> None:
    """Until the replica has replayed the store's log up to a position."""
    asked = (
        "SELECT CAST(pg_is_in_recovery() AS INTEGER) AS replays, "
        "CAST(pg_last_wal_replay_lsn() AS TEXT) AS replayed, "
        f"CAST(pg_wal_lsn_diff('{position}', pg_last_wal_replay_lsn()) AS BIGINT) AS behind"
    )
    until = time.monotonic() + WITHIN_SECONDS
    while True:
        found = {name: column[0] for name, column in bulk.query(asked).items()}
        if not found["replays"]:
            raise BadInput("REG071", f"{_place(replica)} is no replica: it takes writes of its own")
        if found["behind"] <= 0:
            return
        if time.monotonic() > until:
            raise BadInput(
                "REG070",
                f"{_place(replica)} stands at {found['replayed']}, {found['behind']:,.0f} bytes "
                f"before {position} where the store stood: it has not caught up in "
                f"{WITHIN_SECONDS:g} s. Nothing was read from it. Wait, see what holds its replay "
                f"up (pg_stat_wal_receiver there), or take {VARIABLE} away to read from the store",
            )
        time.sleep(LOOK_AGAIN_SECONDS)


def _same(bulk: Bulk, replica: URL, held: Mapping[str, Any]) -> None:
    """Raise BadInput REG071 where the replica is not one of this store, or one of a server from
    which the store has been parted since."""
    try:
        found = {name: column[0] for name, column in bulk.query(HELD).items()}
    except Error:
        found = dict.fromkeys(held, 0)
    ours = found["registry_id"] == held["registry_id"]
    if ours and all(found[name] >= held[name] for name in ("imports", "links", "forgotten")):
        return
    raise BadInput(
        "REG071",
        f"{_place(replica)} is no replica of this store: it holds "
        + ("an older state of it" if ours else "another registry"),
    )


def _place(replica: URL) -> str:
    """The address without whoever reads there."""
    host = replica.query.get("host") or replica.host
    port = f":{replica.port}" if replica.port else ""
    return f"the replica of {VARIABLE} ({host}{port}/{replica.database})"


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:200]
