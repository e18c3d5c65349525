"""The visit list straight from a store, for the command line: the score book read with the scope of
the whole state."""

from __future__ import annotations

import datetime as dt
import getpass
import os
from dataclasses import replace
from pathlib import Path

from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import SQLAlchemyError

from models.visits.ranking import VisitList
from registry.contract.errors import BadInput
from registry.store.store import open_store
from serving.access.scope import Scope, is_name
from serving.audit import recorder
from serving.audit.audit_key import own_audit_key
from serving.book.reader import Reader
from serving.errors import OutOfScope, SectorNotNamed
from serving.visits.lists import told_of, visit_list


def listed_from_store(
    address: str, *, sector: str | None, capacity: int, as_of: dt.date | None = None
) -> VisitList:
    """The list of one sector of a store. BadInput REG060 (no store), NothingScored, BookUnreadable,
    OutOfScope (no such sector), SectorNotNamed."""
    store = open_store(address, must_exist=True)
    try:
        reader = Reader(store.engine, Scope.of(["state:*"]))
        sector = _named(reader, sector, as_of)
        listed = visit_list(reader, sector_id=sector, as_of=as_of, capacity=capacity)
        _note(address, store.engine, listed)
        here = {
            "store": address_to_keep(store.url),
            "registry_id": store.facts().get("registry_id", ""),
        }
    finally:
        store.close()
    return replace(listed, facts=listed.facts | here)


def _note(address: str, engine: Engine, listed: VisitList) -> None:
    """Write down in the audit log who made the list. BadInput AUD002 where that cannot be
    written."""
    key = own_audit_key(address, engine)
    at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    children = tuple(recorder.named(key, child_id) for child_id in told_of(listed))
    try:
        recorder.make_tables(engine)
        recorder.append(
            engine,
            key,
            [recorder.Entry(at, _who(), "operator", "list", "command line", "", children)],
        )
    except (SQLAlchemyError, OSError):
        raise BadInput(
            "AUD002", "the audit log of this store cannot be written: no list is made unaudited"
        ) from None


def _who() -> str:
    """The account of the machine that runs the command."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"
    return name if is_name(name) else f"uid {os.getuid()}"


def _named(reader: Reader, sector: str | None, as_of: dt.date | None) -> str:
    """The sector asked for, or the only one."""
    known = [found.sector_id for found in reader.sectors(reader.run(as_of))]
    if sector is None and len(known) != 1:
        raise SectorNotNamed(f"name a sector by --sector; there are {_some(known)}")
    if sector is not None and sector not in known:
        raise OutOfScope(f"there is no such sector in the list; there are {_some(known)}")
    return sector or known[0]


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def address_to_keep(url: URL) -> str:
    """A store's address as a list may carry it: a whole path, or a server without its password."""
    if url.get_backend_name() == "sqlite":
        return str(Path(url.database or "").resolve())
    parts = {name: getattr(url, name) for name in ("username", "host", "port", "database", "query")}
    return URL.create("postgresql", **parts).render_as_string()
