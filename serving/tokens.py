"""The register of tokens: whose they are, what for, when last used; and which were revoked.

A token opens the door by its seal alone; this register can close it before its day. The running service reads what was
revoked, and writes when tokens were last used, from a thread of its own: no request waits for it.
"""

from __future__ import annotations

import datetime as dt
import threading
import time

import orjson
import sqlalchemy as sa

from registry.errors import BadInput
from serving.access import Doorkeeper, Issued
from serving.database import make_missing

TABLES = sa.MetaData()
TOKENS = sa.Table(
    "sanket_tokens", TABLES,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("who", sa.String(200), nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("made_at", sa.String(32), nullable=False),
    sa.Column("ends_at", sa.String(32), nullable=False),
    sa.Column("last_used_at", sa.String(32)),
    sa.Column("revoked_at", sa.String(32)),
)
LOOK_SECONDS = 1
"""So often a running service looks for revoked tokens."""


def enter(engine: sa.Engine, made: Issued) -> None:
    """Write down a token that was made; the token itself is not kept."""
    make_missing(engine, TABLES)
    scope = orjson.dumps(list(made.scope)).decode()
    row = {"id": made.token_id, "who": made.name, "role": made.role, "scope": scope,
           "made_at": _at(made.made), "ends_at": _at(made.expires)}
    with engine.begin() as connection:
        connection.execute(sa.insert(TOKENS), row)


def revoke(engine: sa.Engine, token_id: str) -> None:
    """Close the door to a token. Raises BadInput ACC006 where the register holds no such token."""
    make_missing(engine, TABLES)
    stands = sa.func.coalesce(TOKENS.c.revoked_at, _at(time.time()))
    with engine.begin() as connection:
        if not connection.execute(sa.update(TOKENS).where(TOKENS.c.id == token_id).values(revoked_at=stands)).rowcount:
            raise BadInput("ACC006", "there is no token of this id in this store: `sanket tokens STORE` lists them")


def listed(engine: sa.Engine) -> list[dict[str, object]]:
    """All tokens of the register, the newest first; `scope` as a list, times in UTC."""
    make_missing(engine, TABLES)
    with engine.connect() as connection:
        rows = connection.execute(sa.select(TOKENS).order_by(TOKENS.c.made_at.desc(), TOKENS.c.id)).mappings()
        return [{**row, "scope": orjson.loads(row["scope"])} for row in rows]


def _at(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds")


class TokenWatch:
    """A thread that tells the doorkeeper what was revoked, and the register what was used."""

    def __init__(self, engine: sa.Engine, door: Doorkeeper):
        self._engine, self._door = engine, door
        self._stopped = threading.Event()
        self.fault: str | None = None
        self._made = False
        self._look()
        self._thread = threading.Thread(target=self._go_on, name="tokens", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what was used last, then end."""
        self._stopped.set()
        self._thread.join(timeout=10)

    def _go_on(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            self._look()
        self._look()

    def _look(self) -> None:
        """What was revoked, and what was used since. While the database is away, what was known last holds."""
        try:
            if not self._made:
                self._made = sa.inspect(self._engine).has_table(TOKENS.name)
            if not self._made:
                return
            with self._engine.connect() as connection:
                revoked = connection.scalars(sa.select(TOKENS.c.id).where(TOKENS.c.revoked_at.is_not(None)))
                self._door.revoked = frozenset(revoked)
            self._write_used()
            self.fault = None
        except Exception as error:
            # Whatever it was, the next look tries again; `/readyz` tells its kind.
            self.fault = type(error).__name__

    def _write_used(self) -> None:
        used = self._door.taken_used()
        if not used:
            return
        with self._engine.begin() as connection:
            for token_id, seconds in used.items():
                connection.execute(
                    sa.update(TOKENS).where(TOKENS.c.id == token_id).values(last_used_at=_at(seconds))
                )
