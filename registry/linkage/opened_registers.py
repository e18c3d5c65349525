"""The two registers of `sanket link`, ready to be compared: a store, and a store or source beside
it that is read in memory only."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from registry.checks.table import check, registry_of_checked
from registry.contract.arrays import Texts
from registry.contract.days import day_number
from registry.contract.errors import Refused, UsageError
from registry.contract.registry import Registry
from registry.linkage.register_view import RegisterView, views_of
from registry.machine.today import today
from registry.privacy import KEY_NAME, hash_families, identity_key
from registry.read import read
from registry.store.loading import family_texts
from registry.store.store import Store, open_store


@dataclass(frozen=True)
class OpenedRegister:
    """A registry, without what links brought from others, and the texts behind its families."""

    registry: Registry
    families: Texts | None


def views(one: OpenedRegister, other: OpenedRegister) -> tuple[RegisterView, RegisterView]:
    """What linkage looks at in two registers."""
    families = (one.families, other.families)
    return views_of(one.registry, other.registry, families=families)


def opened_registers(
    address: str, other: str, *, map: Path | None = None
) -> tuple[OpenedRegister, OpenedRegister]:
    """Both registers. UsageError LNK006 for one store twice, or a map for a store."""
    if address == other:
        raise UsageError("LNK006", "name two registers: this is one store twice")
    with closing(open_store(address, must_exist=True)) as store:
        one = _stored(store)
        if not other.endswith(".db") and not other.startswith(("postgresql://", "postgres://")):
            return one, _read(other, store, map)
    if map is not None:
        raise UsageError("LNK006", "--map is for a source; a store has the contract's columns")
    with closing(open_store(other, must_exist=True)) as store:
        return one, _stored(store)


def opened_alone(address: str) -> OpenedRegister:
    """One store."""
    with closing(open_store(address, must_exist=True)) as store:
        return _stored(store)


def family_key(address: str) -> bytes:
    """The key under which a store's families are hashed. Refused REG064 where it has none."""
    with closing(open_store(address, must_exist=True)) as store:
        key = identity_key(store.url)
    if key is None:
        raise Refused("REG064", f"set {KEY_NAME}: this store holds no family's code without it")
    return key


def _stored(store: Store) -> OpenedRegister:
    with store.reading() as bulk:
        families = family_texts(bulk)
    return OpenedRegister(store.load(own_only=True), families)


def _read(source: str, store: Store, map: Path | None) -> OpenedRegister:
    """A source as a first import would have it, its family codes hashed under this store's key."""
    raws = hash_families(read(source, map=map).raws, store.url)
    checked = check(raws, imported_on=day_number(today()))
    return OpenedRegister(registry_of_checked(checked), checked.texts.get("family"))
