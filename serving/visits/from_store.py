"""The visit list, a centre's due list and a child's slip straight from a store, for the command
line: the score book read with the scope of the whole state."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.engine import URL

from models.visits.centre_due import CentreDue
from models.visits.listed_child import counted_to
from models.visits.ranking import VisitList
from registry.contract.registry import day_number
from registry.store.store import Store, open_store
from serving.access.scope import Scope
from serving.audit.command_entries import note_command
from serving.book.reader import Reader, day_of_reading
from serving.book.scoring.book_rows import Places
from serving.errors import OutOfScope, SectorNotNamed
from serving.language.words import Words
from serving.visits.centre_sheet import centre_sheet, told_of_sheet
from serving.visits.lists import told_of, visit_list
from serving.visits.paper.referral_slip import ReferralSlip
from serving.visits.standing_findings import standing_of


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


def sheet_from_store(
    address: str, centre_id: str, *, sector: str | None = None, as_of: dt.date | None = None
) -> CentreDue:
    """The due list of one centre of a store; its sector is the registry's where none is named.
    BadInput REG060 (no store), NothingScored, BookUnreadable, OutOfScope (no such centre)."""
    store = open_store(address, must_exist=True)
    try:
        reader = Reader(store.engine, Scope.of(["state:*"]))
        run = reader.run(as_of)
        where, name = _centre(store, centre_id, run.as_of)
        due = centre_sheet(
            reader,
            centre_id,
            sector_id=sector or where,
            as_of=as_of,
            centre_name=name,
            exists=sector in (None, where),
        )
        note_command(address, store.engine, "list", told_of_sheet(due))
    finally:
        store.close()
    return due


def slip_from_store(
    address: str, child_id: str, words: Words, *, as_of: dt.date | None = None
) -> ReferralSlip:
    """The referral slip of a child of the newest list. BadInput REG060 (no store), NothingScored,
    BookUnreadable, OutOfScope (no such child)."""
    store = open_store(address, must_exist=True)
    try:
        run, row = Reader(store.engine, Scope.of(["state:*"])).child(child_id, as_of)
        note_command(address, store.engine, "child", [child_id])
    finally:
        store.close()
    day = day_of_reading(run.as_of, as_of)
    child = counted_to(row.candidate, day, as_of=run.as_of)
    stands = standing_of(address, child_id, run.as_of, words, told=child.facts)
    return ReferralSlip(child, day, stands.findings, run.facts)


def _centre(store: Store, centre_id: str, day: dt.date) -> tuple[str, str | None]:
    """The sector of a centre on a day, and its name. OutOfScope for a centre that the registry does
    not know, or that had no sector."""
    areas = store.load(children=())
    found = np.flatnonzero(areas.centre_ids == centre_id)
    sector = str(Places.of(areas, day_number(day)).sector[found[0]]) if len(found) else ""
    if not sector:
        raise OutOfScope("there is no such centre in the list")
    names: Any = areas.facts.get("centre_names", {})
    return sector, names.get(centre_id)


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
