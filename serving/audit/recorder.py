"""The audit log of a running service: one thread writes who saw which children before the answer is
given.

What an entry is and how it is sealed: `serving/audit/audit_chain.py`; how the log is checked:
`serving/audit/audit_check.py`.
"""

from __future__ import annotations

import datetime as dt
import itertools
import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa

from registry.contract.errors import SanketError
from serving.access.scope import is_name
from serving.audit.audit_chain import (
    CUT,
    ENTRIES,
    FIRST_SEAL,
    HEAD,
    TABLES,
    Entry,
    append,
    audit_key,
    make_tables,
    named,
    remove_old,
    sealed,
)
from serving.audit.audit_check import (
    anchor,
    entries_about,
    first_broken,
    holds,
    keep_anchor,
    read_anchor,
)
from serving.errors import NeverKept, NotKept

__all__ = [
    "CUT",
    "ENTRIES",
    "FIRST_SEAL",
    "HEAD",
    "TABLES",
    "AuditLog",
    "Entry",
    "anchor",
    "append",
    "audit_key",
    "entries_about",
    "first_broken",
    "holds",
    "make_tables",
    "named",
    "read_anchor",
    "remove_old",
    "sealed",
]
LINGER_SECONDS = 0.2
"""So long an entry that nobody waits for may stand in memory, so that many share one transaction.
"""
MOST_AT_ONCE = 500
FULL = "the audit log cannot be written, and too many entries wait for it"
RETRY_SECONDS = 5
"""So often a database that cannot be written is tried again though nothing new came."""


ANCHOR_SECONDS = 30
"""So often the newest anchor is kept beside the key."""


class AuditLog:
    """Writes entries from one thread, all that wait in one transaction; a request waits for its
    entry.

    While the database cannot be written, up to `spared` entries are kept in memory and written when
    it can again; beyond that, what must be audited is refused (NotKept). A thread that died is
    started again and goes on with what waits; `restarts` says how often.
    """

    def __init__(
        self,
        engine: sa.Engine,
        key: bytes,
        *,
        spared: int = 10_000,
        anchor_path: Path | None = None,
    ):
        self._engine, self._key, self._spared = engine, key, spared
        self._anchor_path, self._anchored = anchor_path, float("-inf")
        self._waiting: deque[tuple[Entry, Future[None] | None]] = deque()
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

    def note(self, *, child_ids: Iterable[str] = (), **act: str) -> Future[None]:
        """Hand in an entry (see `note_soon`); the future ends when it is written or held in memory,
        or with NotKept."""
        entry = self._entry(child_ids=child_ids, **act)
        done: Future[None] = Future()
        self._waiting.append((entry, done))
        self.keep_alive()
        self._wake.set()
        return done

    def note_soon(self, *, child_ids: Iterable[str] = (), **act: str) -> None:
        """Hand in an entry (who, role, act, came_from, request_id) that is written within
        `LINGER_SECONDS`.

        Raises NotKept where so many wait already that this one might be lost: what cannot be
        audited is not answered.
        """
        if len(self._waiting) + len(self._held) >= self._spared:
            raise NotKept(FULL)
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

    def _entry(
        self,
        *,
        who: str,
        role: str,
        act: str,
        came_from: str,
        request_id: str,
        child_ids: Iterable[str],
    ) -> Entry:
        """The entry. NeverKept where a part of it is no text that every database keeps: nothing is
        answered unaudited."""
        at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        plain = all(map(is_name, (who, role, act))) and all(
            map(_kept_as_it_is, (came_from, request_id))
        )
        try:
            children = tuple(named(self._key, child_id) for child_id in child_ids)
        except UnicodeEncodeError:
            plain = False
        if not plain:
            raise NeverKept("the audit log keeps plain text alone")
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
            # The last that this thread does: say of what it died. `keep_alive` starts another,
            # which finds all entries.
            self.fault = f"the writer died: {type(error).__name__}"

    def _keep_anchor(self) -> None:
        """Keep the newest anchor beside the key, so that a log cut at either end is found here
        too."""
        self._anchored = time.monotonic()
        if self._anchor_path is None or not self._tables_made:
            return
        with suppress(sa.exc.SQLAlchemyError, OSError):
            keep_anchor(self._engine, self._anchor_path)

    def _write_waiting(self) -> None:
        """Write what waits. An entry leaves the queue once it is written or held: none dies with a
        thread."""
        while batch := list(itertools.islice(self._waiting, MOST_AT_ONCE)):
            taken = self._write([entry for entry, _ in batch])
            for number, (_, done) in enumerate(batch):
                self._waiting.popleft()
                if done is None:
                    continue
                if number < taken:
                    done.set_result(None)
                else:
                    done.set_exception(NotKept(FULL))

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
            # Whatever it was, the entries are whole (`_entry`) and are tried again; only its kind
            # is told.
            self.fault = error.code if isinstance(error, SanketError) else type(error).__name__
            taken = min(len(entries), max(self._spared - len(self._held), 0))
            self._held += entries[:taken]
            return taken
        self._held.clear()
        self.fault = None
        return len(entries)


def _kept_as_it_is(text: str) -> bool:
    return text == "" or is_name(text)
