"""The visit list straight from a store, for the command line: the score book read with the scope of
the whole state."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

from sqlalchemy.engine import URL

from models.visits.ranking import VisitList
from registry.store.store import open_store
from serving.access.scope import Scope
from serving.audit.command_entries import note_command
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
        note_command(address, store.engine, "list", told_of(listed))
        here = {
            "store": address_to_keep(store.url),
            "registry_id": store.facts().get("registry_id", ""),
        }
    finally:
        store.close()
    return replace(listed, facts=listed.facts | here)


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
