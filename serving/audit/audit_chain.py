"""Who saw which children, when and from where: kept for a year, without measurements, each entry
sealed to the last.

An entry's seal is an HMAC over the entry and the seal before it, under the store's key: who can
write to the database but does not hold the key cannot change, drop or reorder an entry unseen.
Children are named by a keyed hash, so `entries_about` can answer for one child while the log itself
names nobody.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from typing import NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from registry.store.schema import make_missing

KEPT_DAYS = 365
"""Logs of access to children's records are kept for one year (Digital Personal Data Protection
Rules 2025)."""

TABLES = sa.MetaData()
ENTRIES = sa.Table(
    "sanket_audit",
    TABLES,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(32), nullable=False, index=True),
    sa.Column("who", sa.String(200), nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("act", sa.String(40), nullable=False),
    sa.Column("came_from", sa.String(64), nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("children", sa.Text, nullable=False),
    sa.Column("seal", sa.String(64), nullable=False),
)
HEAD = sa.Table(
    "sanket_audit_head",
    TABLES,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("seal", sa.String(64), nullable=False),
    sa.Column("removed_to", sa.BigInteger, nullable=False),
    sa.Column("removed_seal", sa.String(64), nullable=False),
)
CUT = sa.Table(
    "sanket_audit_cut",
    TABLES,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("removed_to", sa.BigInteger, nullable=False),
    sa.Column("removed_seal", sa.String(64), nullable=False),
    sa.Column("seal", sa.String(64), nullable=False),
)
"""How far the log was cut at its beginning when entries grew older than is kept, under the key's
own seal."""
FIRST_SEAL = "0" * 64


class Entry(NamedTuple):
    """One act: who, in which role, what, from which address, in which request, and the keyed hashes
    of the children."""

    at: str
    who: str
    role: str
    act: str
    came_from: str
    request_id: str
    children: tuple[str, ...] = ()


def audit_key(store_key: bytes) -> bytes:
    """A key for an audit log made from another key: of a log that began before it had a key of its
    own."""
    return hmac.digest(store_key, b"sanket audit log", "sha256")


def sealed(key: bytes, before: str, number: int, entry: Entry) -> str:
    """The seal of an entry: HMAC-SHA256 of the seal before it, its number and its fields."""
    text = orjson.dumps([before, number, *entry])
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def _cut_sealed(key: bytes, number: int, seal: str) -> str:
    return hmac.new(key, orjson.dumps(["cut", number, seal]), hashlib.sha256).hexdigest()


def named(key: bytes, child_id: str) -> str:
    """The keyed hash by which the log names a child (16 hexadecimal digits)."""
    return hmac.new(key, b"child:" + child_id.encode(), hashlib.sha256).hexdigest()[:16]


def make_tables(engine: sa.Engine) -> None:
    """Make the audit tables where they are missing."""
    make_missing(engine, TABLES)
    first = {"id": 1, "number": 0, "seal": FIRST_SEAL, "removed_to": 0, "removed_seal": FIRST_SEAL}
    insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
    with engine.begin() as connection:
        connection.execute(insert(HEAD).values(first).on_conflict_do_nothing())


def append(engine: sa.Engine, key: bytes, entries: list[Entry]) -> None:
    """Write entries in one transaction. The head is written first: that locks it against another
    process."""
    with engine.begin() as connection:
        connection.execute(sa.update(HEAD).values(number=HEAD.c.number + len(entries)))
        last, seal = connection.execute(sa.select(HEAD.c.number, HEAD.c.seal)).one()
        rows = []
        for number, entry in enumerate(entries, start=last - len(entries) + 1):
            seal = sealed(key, seal, number, entry)
            children = orjson.dumps(entry.children).decode()
            rows.append(entry._asdict() | {"number": number, "children": children, "seal": seal})
        connection.execute(sa.insert(ENTRIES), rows)
        connection.execute(sa.update(HEAD).values(seal=seal))


def begins(connection: sa.Connection, key: bytes) -> tuple[int, str]:
    """The number and seal before the first entry that is kept; the very first where no cut was
    sealed."""
    cut = connection.execute(sa.select(CUT)).one_or_none()
    if cut is None:
        return 0, FIRST_SEAL
    seal = _cut_sealed(key, cut.removed_to, cut.removed_seal)
    return (
        (cut.removed_to, cut.removed_seal)
        if hmac.compare_digest(cut.seal, seal)
        else (0, FIRST_SEAL)
    )


def remove_old(engine: sa.Engine, key: bytes, *, now: dt.datetime) -> int:
    """Remove what is older than the year that is kept; how many. The chain is whole from the first
    that is left.

    Where the log was cut without the key, nothing is removed: that would seal the cut.
    """
    limit = (now - dt.timedelta(days=KEPT_DAYS)).isoformat(timespec="milliseconds")
    with engine.begin() as connection:
        connection.execute(sa.update(HEAD).values(number=HEAD.c.number))
        last = sa.select(ENTRIES.c.number, ENTRIES.c.seal).where(ENTRIES.c.at < limit)
        row = connection.execute(last.order_by(ENTRIES.c.number.desc()).limit(1)).first()
        if row is None:
            return 0
        head = connection.execute(sa.select(HEAD)).one()
        if (head.removed_to, head.removed_seal) != begins(connection, key):
            return 0
        cut = {"removed_to": row.number, "removed_seal": row.seal}
        connection.execute(sa.update(HEAD).values(cut))
        connection.execute(sa.delete(CUT))
        connection.execute(
            sa.insert(CUT), cut | {"id": 1, "seal": _cut_sealed(key, row.number, row.seal)}
        )
        return connection.execute(sa.delete(ENTRIES).where(ENTRIES.c.number <= row.number)).rowcount
