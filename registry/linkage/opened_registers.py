"""The two registers of `sanket link`, ready to be compared: a store, and a store or source beside
it that is read in memory only."""

from __future__ import annotations

from pathlib import Path

from registry.checks.table import check, registry_of_checked
from registry.contract.arrays import Texts
from registry.contract.days import day_number
from registry.contract.errors import UsageError
from registry.contract.registry import Registry
from registry.linkage.register_view import RegisterView, views_of
from registry.privacy import hash_families
from registry.read import read
from registry.store.loading import family_texts
from registry.store.store import Store, open_store
from registry.today import today


def opened(
    address: str, other: str, *, map: Path | None = None
) -> tuple[RegisterView, RegisterView]:
    """Views of both. UsageError LNK006 for one store twice, or a map for a store."""
    if address == other:
        raise UsageError("LNK006", "name two registers: this is one store twice")
    store = open_store(address, must_exist=True)
    one, families = _stored(store)
    if other.endswith(".db") or other.startswith(("postgresql://", "postgres://")):
        if map is not None:
            raise UsageError("LNK006", "--map is for a source; a store has the contract's columns")
        second, theirs = _stored(open_store(other, must_exist=True))
    else:
        second, theirs = _read(other, store, map)
    store.close()
    return views_of(one, second, families=(families, theirs))


def _stored(store: Store) -> tuple[Registry, Texts | None]:
    with store.bulk() as bulk:
        families = family_texts(bulk)
    return store.load(), families


def _read(source: str, store: Store, map: Path | None) -> tuple[Registry, Texts | None]:
    """A source as a first import would have it, its family codes hashed under this store's key."""
    raws = hash_families(read(source, map=map).raws, store.url)
    checked = check(raws, imported_on=day_number(today()))
    return registry_of_checked(checked), checked.texts.get("family")
