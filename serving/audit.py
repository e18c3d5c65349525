"""Who saw which children, when and from where: kept for a year, without measurements, each entry sealed to the last.

An entry's seal is an HMAC over the entry and the seal before it, under the store's key: who can write to the
database but does not hold the key cannot change, drop or reorder an entry unseen. Children are named by a keyed
hash, so `entries_about` can answer for one child while the log itself names nobody.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import itertools
import os
import re
import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from registry.errors import BadInput
from serving.access import is_name
from serving.database import make_missing
from serving.problems import Problem

KEPT_DAYS = 365
"""Logs of access to children's records are kept for one year (Digital Personal Data Protection Rules 2025)."""

TABLES = sa.MetaData()
ENTRIES = sa.Table(
    "sanket_audit", TABLES,
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
    "sanket_audit_head", TABLES,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("seal", sa.String(64), nullable=False),
    sa.Column("removed_to", sa.BigInteger, nullable=False),
    sa.Column("removed_seal", sa.String(64), nullable=False),
)
CUT = sa.Table(
    "sanket_audit_cut", TABLES,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("removed_to", sa.BigInteger, nullable=False),
    sa.Column("removed_seal", sa.String(64), nullable=False),
    sa.Column("seal", sa.String(64), nullable=False),
)
"""How far the log was cut at its beginning when entries grew older than is kept, under the key's own seal."""
FIRST_SEAL = "0" * 64


class Entry(NamedTuple):
    """One act: who, in which role, what, from which address, in which request, and the keyed hashes of the children."""

    at: str
    who: str
    role: str
    act: str
    came_from: str
    request_id: str
    children: tuple[str, ...] = ()


def audit_key(store_key: bytes) -> bytes:
    """A key for an audit log made from another key: of a log that began before it had a key of its own."""
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
    insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[engine.dialect.name]
    with engine.begin() as connection:
        connection.execute(insert(HEAD).values(first).on_conflict_do_nothing())


def append(engine: sa.Engine, key: bytes, entries: list[Entry]) -> None:
    """Write entries in one transaction. The head is written first: that locks it against another process."""
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


def first_broken(engine: sa.Engine, key: bytes) -> int | None:
    """The number of the first entry that was changed, dropped or put in from outside; None where all is whole.

    A log that somebody cut at its beginning is broken at its first entry: only who holds the key can seal a cut.
    """
    with engine.connect() as connection:
        head = connection.execute(sa.select(HEAD)).one_or_none()
        number, seal = _begins(connection, key)
        if head is None or (head.removed_to, head.removed_seal) != (number, seal):
            return number + 1
        for row in connection.execution_options(yield_per=5000).execute(sa.select(ENTRIES).order_by(ENTRIES.c.number)):
            number += 1
            seal = sealed(key, seal, number, _entry(row))
            if row.number != number or row.seal != seal:
                return number
    return None if (number, seal) == (head.number, head.seal) else number + 1


def _begins(connection: sa.Connection, key: bytes) -> tuple[int, str]:
    """The number and seal before the first entry that is kept; the very first where no cut was sealed."""
    cut = connection.execute(sa.select(CUT)).one_or_none()
    good = cut is not None and hmac.compare_digest(cut.seal, _cut_sealed(key, cut.removed_to, cut.removed_seal))
    return (cut.removed_to, cut.removed_seal) if good else (0, FIRST_SEAL)


def anchor(engine: sa.Engine) -> str:
    """`NUMBER:SEAL` of the newest entry: kept elsewhere, it proves later that no entry up to it was taken away."""
    with engine.connect() as connection:
        head = connection.execute(sa.select(HEAD.c.number, HEAD.c.seal)).one_or_none()
        return f"{head.number}:{head.seal}" if head else f"0:{FIRST_SEAL}"


def holds(engine: sa.Engine, key: bytes, kept: str) -> bool:
    """Whether a log that is whole (`first_broken`) still has all that it had when an anchor was taken.

    Raises BadInput AUD001 for a text that is no anchor.
    """
    number, seal = read_anchor(kept)
    with engine.connect() as connection:
        begins, begin_seal = _begins(connection, key)
        if number <= begins:
            return number < begins or seal == begin_seal
        found = connection.scalar(sa.select(ENTRIES.c.seal).where(ENTRIES.c.number == number))
    return found is not None and hmac.compare_digest(found, seal)


def read_anchor(text: str) -> tuple[int, str]:
    """The number and the seal of an anchor. Raises BadInput AUD001 for a text that is none."""
    number, _, seal = text.strip().partition(":")
    if not (number.isascii() and number.isdigit() and re.fullmatch("[0-9a-f]{64}", seal)):
        raise BadInput("AUD001", "an anchor is NUMBER:SEAL, as `sanket audit STORE --anchor` prints it")
    return int(number), seal


def entries_about(engine: sa.Engine, key: bytes, child_id: str) -> list[Entry]:
    """Who saw this child, oldest first."""
    wanted = sa.select(ENTRIES).where(ENTRIES.c.children.contains(f'"{named(key, child_id)}"'))
    with engine.connect() as connection:
        return [_entry(row) for row in connection.execute(wanted.order_by(ENTRIES.c.number))]


def remove_old(engine: sa.Engine, key: bytes, *, now: dt.datetime) -> int:
    """Remove what is older than the year that is kept; how many. The chain is whole from the first that is left.

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
        if (head.removed_to, head.removed_seal) != _begins(connection, key):
            return 0
        cut = {"removed_to": row.number, "removed_seal": row.seal}
        connection.execute(sa.update(HEAD).values(cut))
        connection.execute(sa.delete(CUT))
        connection.execute(sa.insert(CUT), cut | {"id": 1, "seal": _cut_sealed(key, row.number, row.seal)})
        return connection.execute(sa.delete(ENTRIES).where(ENTRIES.c.number <= row.number)).rowcount


def _entry(row: sa.Row) -> Entry:
    fields = [getattr(row, name) for name in ("at", "who", "role", "act", "came_from", "request_id")]
    return Entry(*fields, children=tuple(orjson.loads(row.children)))


LINGER_SECONDS = 0.2
"""So long an entry that nobody waits for may stand in memory, so that many share one transaction."""
MOST_AT_ONCE = 500
RETRY_SECONDS = 5
"""So often a database that cannot be written is tried again though nothing new came."""


ANCHOR_SECONDS = 30
"""So often the newest anchor is kept beside the key."""


def keep_anchor(engine: sa.Engine, path: Path) -> None:
    """Write the newest anchor into a file for its owner alone, if it is newer than what stands there."""
    newest = anchor(engine)
    if path.exists() and read_anchor(path.read_text())[0] >= read_anchor(newest)[0]:
        return
    beside = path.with_name(f".{path.name}.{threading.get_ident()}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(newest + "\n")
    beside.replace(path)


class AuditLog:
    """Writes entries from one thread, all that wait in one transaction; a request waits for its entry.

    While the database cannot be written, up to `spared` entries are kept in memory and written when it can again;
    beyond that, what must be audited is refused (API033). A thread that died is started again and goes on with what
    waits; `restarts` says how often.
    """

    def __init__(self, engine: sa.Engine, key: bytes, *, spared: int = 10_000, anchor_path: Path | None = None):
        self._engine, self._key, self._spared = engine, key, spared
        self._anchor_path, self._anchored = anchor_path, float("-inf")
        self._waiting: deque[tuple[Entry, Future | None]] = deque()
        self._wake, self._ending = threading.Event(), False
        self._held: list[Entry] = []
        self._tried = 0.0
        self.fault: str | None = None
        self.restarts = 0
        self._tables_made = False
        self._starting = threading.Lock()
        self._thread = self._started()

    @property
    def held(self) -> int:
        """Entries that wait in memory for a database that cannot be written."""
        return len(self._held)

    def note(self, *, child_ids: Iterable[str] = (), **act: str) -> Future:
        """Hand in an entry (see `note_soon`); the future ends when it is written or held in memory, or with API033."""
        entry, done = self._entry(child_ids=child_ids, **act), Future()
        self._waiting.append((entry, done))
        self.keep_alive()
        self._wake.set()
        return done

    def note_soon(self, *, child_ids: Iterable[str] = (), **act: str) -> None:
        """Hand in an entry (who, role, act, came_from, request_id) that is written within `LINGER_SECONDS`.

        Raises API033 where so many wait already that this one might be lost: what cannot be audited is not answered.
        """
        if len(self._waiting) + len(self._held) >= self._spared:
            raise Problem("API033", headers={"Retry-After": "30"})
        self._waiting.append((self._entry(child_ids=child_ids, **act), None))
        self.keep_alive()

    def keep_alive(self) -> None:
        """Start the thread again where it died."""
        if self._thread.is_alive() or self._ending:
            return
        with self._starting:
            if not self._thread.is_alive():
                self.restarts += 1
                self._thread = self._started()

    def _started(self) -> threading.Thread:
        thread = threading.Thread(target=self._write_on, name="audit", daemon=True)
        thread.start()
        return thread

    def _entry(self, *, who: str, role: str, act: str, came_from: str, request_id: str, child_ids) -> Entry:
        """The entry. API033 where a part of it is no text that every database keeps: nothing is answered unaudited."""
        at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        plain = all(map(is_name, (who, role, act))) and all(map(_kept_as_it_is, (came_from, request_id)))
        try:
            children = tuple(named(self._key, child_id) for child_id in child_ids)
        except UnicodeEncodeError:
            plain = False
        if not plain:
            raise Problem("API033")
        return Entry(at, who, role, act, came_from[:64], request_id[:64], children)

    def close(self) -> None:
        """Write what waits, then end."""
        self.keep_alive()
        self._ending = True
        self._wake.set()
        self._thread.join(timeout=10)

    def _write_on(self) -> None:
        try:
            while self._waiting or not self._ending:
                self._wake.wait(LINGER_SECONDS)
                self._wake.clear()
                self._write_waiting()
                if self._held and time.monotonic() - self._tried > RETRY_SECONDS:
                    self._write([])
                if self._anchor_path and time.monotonic() - self._anchored > ANCHOR_SECONDS:
                    self._keep_anchor()
            self._keep_anchor()
        except BaseException as error:
            # The last that this thread does: say of what it died. `keep_alive` starts another, which finds all entries.
            self.fault = f"the writer died: {type(error).__name__}"

    def _keep_anchor(self) -> None:
        """Keep the newest anchor beside the key, so that a log cut at either end is found here too."""
        self._anchored = time.monotonic()
        if self._anchor_path is None or not self._tables_made:
            return
        with suppress(sa.exc.SQLAlchemyError, OSError):
            keep_anchor(self._engine, self._anchor_path)

    def _write_waiting(self) -> None:
        """Write what waits. An entry leaves the queue only once it is written or held, so that none dies with a thread."""
        while batch := list(itertools.islice(self._waiting, MOST_AT_ONCE)):
            taken = self._write([entry for entry, _ in batch])
            for number, (_, done) in enumerate(batch):
                self._waiting.popleft()
                if done is None:
                    continue
                if number < taken:
                    done.set_result(None)
                else:
                    done.set_exception(Problem("API033", headers={"Retry-After": "30"}))

    def _write(self, entries: list[Entry]) -> int:
        """How many of the entries, from the first, were written or could be held in memory."""
        waiting = [*self._held, *entries]
        if not waiting:
            return 0
        self._tried = time.monotonic()
        try:
            if not self._tables_made:
                make_tables(self._engine)
                remove_old(self._engine, self._key, now=dt.datetime.now(dt.UTC))
                self._tables_made = True
            append(self._engine, self._key, waiting)
        except Exception as error:
            # Whatever it was, the entries are whole (`_entry`) and are tried again; only its kind is told.
            self.fault = type(error).__name__
            taken = min(len(entries), max(self._spared - len(self._held), 0))
            self._held += entries[:taken]
            return taken
        self._held.clear()
        self.fault = None
        return len(entries)


def _kept_as_it_is(text: str) -> bool:
    return text == "" or is_name(text)
