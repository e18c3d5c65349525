"""The register of tokens: whose they are, what for, when last used; and which were revoked.

A token opens the door by its seal alone; this register can close it before its day. The running
service reads what was revoked, and writes when tokens were last used, from a thread of its own: no
request waits for it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import threading
import time
from collections.abc import Iterable

import orjson
import sqlalchemy as sa

from registry.contract.errors import BadInput
from registry.store.schema import make_missing
from serving.access.permissions import IssuedToken, TokenReader, issued

TABLES = sa.MetaData()
TOKENS = sa.Table(
    "sanket_tokens",
    TABLES,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("who", sa.String(200), nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("made_at", sa.String(32), nullable=False),
    sa.Column("ends_at", sa.String(32), nullable=False),
    sa.Column("last_used_at", sa.String(32)),
    sa.Column("revoked_at", sa.String(32)),
)
CODES = sa.Table(
    "sanket_sign_in_codes",
    TABLES,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("who", sa.String(200), nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("days", sa.Float, nullable=False),
    sa.Column("ends_at", sa.String(32), nullable=False),
)
"""Codes of sign-in links that nobody has used yet: each is exchanged once for a token that is made
then."""
CODE_HOURS = 48
LOOK_SECONDS = 1
"""So often a running service looks for revoked tokens."""


def enter(engine: sa.Engine, made: IssuedToken) -> None:
    """Write down a token that was made; the token itself is not kept."""
    make_missing(engine, TABLES)
    scope = orjson.dumps(list(made.scope)).decode()
    row = {
        "id": made.token_id,
        "who": made.name,
        "role": made.role,
        "scope": scope,
        "made_at": _at(made.made),
        "ends_at": _at(made.expires),
    }
    with engine.begin() as connection:
        connection.execute(sa.insert(TOKENS), row)


def revoke(engine: sa.Engine, token_id: str) -> None:
    """Close the door to a token. Raises BadInput ACC006 where the register holds no such token."""
    make_missing(engine, TABLES)
    stands = sa.func.coalesce(TOKENS.c.revoked_at, _at(time.time()))
    with engine.begin() as connection:
        if not connection.execute(
            sa.update(TOKENS).where(TOKENS.c.id == token_id).values(revoked_at=stands)
        ).rowcount:
            raise BadInput(
                "ACC006",
                "there is no token of this id in this store: `sanket tokens STORE` lists them",
            )


def listed(engine: sa.Engine) -> list[dict[str, object]]:
    """All tokens of the register, the newest first; `scope` as a list, times in UTC."""
    make_missing(engine, TABLES)
    with engine.connect() as connection:
        rows = connection.execute(
            sa.select(TOKENS).order_by(TOKENS.c.made_at.desc(), TOKENS.c.id)
        ).mappings()
        return [{**row, "scope": orjson.loads(row["scope"])} for row in rows]


def make_code(
    engine: sa.Engine,
    *,
    role: str,
    scopes: Iterable[str],
    name: str,
    days: float,
    now: float | None = None,
) -> str:
    """A code for a sign-in link: good once, for two days; the register keeps only its digest.

    Raises UsageError as `serving.access.permissions.issued` does.
    """
    made = issued(key=secrets.token_bytes(32), role=role, scopes=scopes, name=name, days=days)
    code = secrets.token_urlsafe(16)
    ends = _at((time.time() if now is None else now) + CODE_HOURS * 3600)
    make_missing(engine, TABLES)
    row = {
        "digest": _digest(code),
        "who": name,
        "role": role,
        "days": days,
        "ends_at": ends,
        "scope": orjson.dumps(list(made.scope)).decode(),
    }
    with engine.begin() as connection:
        connection.execute(sa.delete(CODES).where(CODES.c.ends_at < _at(time.time())))
        connection.execute(sa.insert(CODES), row)
    return code


def exchange(engine: sa.Engine, key: bytes, code: str) -> IssuedToken | None:
    """The token of a code, made and entered now; None for one that is unknown, used or too old."""
    if not sa.inspect(engine).has_table(CODES.name):
        return None
    same = (CODES.c.digest == _digest(code)) & (CODES.c.ends_at >= _at(time.time()))
    with engine.begin() as connection:
        row = connection.execute(sa.select(CODES).where(same)).first()
        # Of two who send it at once one deletes the row: only that one gets a token.
        if row is None or connection.execute(sa.delete(CODES).where(same)).rowcount != 1:
            return None
    made = issued(
        key=key, role=row.role, scopes=orjson.loads(row.scope), name=row.who, days=row.days
    )
    enter(engine, made)
    return made


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()


def _at(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds")


class TokenWatch:
    """A thread that tells the token_reader what was revoked, and the register what was used."""

    def __init__(self, engine: sa.Engine, door: TokenReader):
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
        """What was revoked, and what was used since. While the database is away, what was known
        last holds."""
        try:
            if not self._made:
                self._made = sa.inspect(self._engine).has_table(TOKENS.name)
            if not self._made:
                return
            with self._engine.connect() as connection:
                revoked = connection.scalars(
                    sa.select(TOKENS.c.id).where(TOKENS.c.revoked_at.is_not(None))
                )
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
                    sa.update(TOKENS)
                    .where(TOKENS.c.id == token_id)
                    .values(last_used_at=_at(seconds))
                )
