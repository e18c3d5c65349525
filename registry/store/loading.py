"""Out of the store: all versions of all rows as a registry, and a digest of what the store
knows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from registry.contract.arrays import AnyArray, Days, Texts
from registry.contract.registry import COLUMNS, OF_CENTRES, REF, Registry
from registry.contract.versions import centre_names, registry_of
from registry.store import schema
from registry.store.bulk import Bulk
from registry.store.ids import Numbering
from registry.store.store_facts import facts_of, recorded_until

FEW = 1_000
"""Up to so many ids are looked up one by one; beyond it, all ids of the kind are read."""
REF_KINDS = (
    "child",
    "centre",
    "sector",
    "project",
    "district",
    "family",
    "episode",
    "name",
    "source",
)


def load(bulk: Bulk, *, sectors: Iterable[str] | None, children: Iterable[str] | None) -> Registry:
    """The registry in memory; with `sectors` or `children`, only those children and what is
    theirs."""
    ids = Numbering(bulk)
    chosen = _chosen(bulk, ids, sectors, children)
    tables = {name: _read(bulk, name, _part(name, chosen)) for name in COLUMNS}
    texts = _renumber(tables, bulk, ids, limited=bool(chosen))
    stored = dict(zip(*bulk.query("SELECT name, value FROM store_facts").values(), strict=True))
    facts = facts_of(stored)
    del facts["recorded_until"]
    facts["centre_names"] = centre_names(tables, texts)
    return registry_of(tables, texts, recorded_until=recorded_until(stored), facts=facts)


def _chosen(
    bulk: Bulk, ids: Numbering, sectors: Iterable[str] | None, children: Iterable[str] | None
) -> str:
    """A condition on `child`, empty for all."""
    conditions = []
    if children is not None:
        conditions.append(f"child IN ({_numbers(bulk, ids, 'child', children)})")
    if sectors is not None:
        centres = (
            f"SELECT centre FROM centres WHERE sector IN ({_numbers(bulk, ids, 'sector', sectors)})"
        )
        conditions.append(f"child IN (SELECT child FROM children WHERE centre IN ({centres}))")
    return " WHERE " + " AND ".join(conditions) if conditions else ""


def _part(name: str, chosen: str) -> str:
    """The condition of one table: its children's rows, its centres' rows; every centre, whose areas
    the children's pages name."""
    if name == "centres" or not chosen:
        return ""
    if name in OF_CENTRES:
        return f" WHERE centre IN (SELECT centre FROM children{chosen})"
    return chosen


def _numbers(bulk: Bulk, ids: Numbering, kind: str, texts: Iterable[str]) -> str:
    """The numbers of these texts as SQL; -1, of nothing, where none is known."""
    wanted = set(texts)
    if len(wanted) <= FEW:
        quoted = (
            ",".join(
                "'" + text.replace("\x00", "").replace("'", "''") + "'" for text in sorted(wanted)
            )
            or "NULL"
        )
        question = f"SELECT number FROM ids WHERE kind = '{kind}' AND text IN ({quoted})"
        numbers = bulk.query(question, {"number": REF})["number"].tolist()
    else:
        pairs = zip(ids.texts(kind).to_pylist(), ids.numbers(kind), strict=True)
        numbers = [int(number) for text, number in pairs if text in wanted]
    return ",".join(map(str, numbers)) or "-1"


def _read(bulk: Bulk, name: str, condition: str) -> dict[str, AnyArray]:
    kinds = {
        column: kind
        for column, kind in schema.store_columns(name).items()
        if column not in ("recorded_on", "import_no", "source")
    }
    return bulk.query(f"SELECT {', '.join(kinds)} FROM {name}{condition}", kinds)


def _renumber(
    tables: dict[str, dict[str, AnyArray]], bulk: Bulk, ids: Numbering, *, limited: bool
) -> dict[str, Texts]:
    """The store's numbers to positions without gaps, in place; returns what the positions stand
    for."""
    texts = {}
    for kind in REF_KINDS:
        columns = [table for table in tables.values() if kind in table]
        if kind in ("child", "episode", "family") and limited:
            found = np.unique(np.concatenate([table[kind] for table in columns]))
            numbers, texts[kind] = _texts_of(bulk, ids, kind, found[found >= 0])
        else:
            numbers, texts[kind] = ids.numbers(kind), _objects(ids.texts(kind))
        position = np.full(int(numbers.max(initial=-1)) + 2, -1, REF)
        position[numbers] = np.arange(len(numbers), dtype=REF)
        for table in columns:
            table[kind] = position[table[kind]]
    return texts


def _texts_of(bulk: Bulk, ids: Numbering, kind: str, numbers: Days) -> tuple[Days, Texts]:
    """These numbers and their texts, by number: a child's page must not read the ids of all
    children."""
    if len(numbers) <= FEW:
        wanted = ",".join(map(str, numbers.tolist())) or "-1"
        question = (
            f"SELECT number, text FROM ids WHERE kind = '{kind}' AND number IN ({wanted}) "
            "ORDER BY number"
        )
        rows = bulk.query(question, {"number": REF})
        return rows["number"], rows["text"]
    return numbers, _objects(ids.texts(kind))[np.searchsorted(ids.numbers(kind), numbers)]


def family_texts(bulk: Bulk) -> Texts:
    """The keyed hashes behind the positions of families in a registry that was loaded whole."""
    return _objects(Numbering(bulk).texts("family"))


def _objects(texts: pa.Array) -> Texts:
    objects: Texts = texts.to_numpy(zero_copy_only=False).astype(object)
    return objects


def digest(bulk: Bulk) -> str:
    """SHA-256 over every version with its ids as texts, in one order; import numbers and times stay
    out of it."""
    ids, whole = Numbering(bulk), hashlib.sha256()
    for name in COLUMNS:
        kinds = {
            column: kind
            for column, kind in schema.store_columns(name).items()
            if column != "import_no"
        }
        table = bulk.query(f"SELECT {', '.join(kinds)} FROM {name}", kinds)
        _leave_out_unused(name, table)
        if not table:
            continue
        # In the columns' order: that of a set changes from process to process.
        for kind in [column for column in table if column in REF_KINDS]:
            rank, texts = _ranks(ids, kind)
            whole.update(texts)
            table[kind] = rank[table[kind]]
        order = np.lexsort(
            [np.nan_to_num(column, nan=-1e300) for column in reversed(table.values())]
        )
        for column in table.values():
            whole.update(np.ascontiguousarray(column[order]).tobytes())
    refused = bulk.query("SELECT fingerprint, state FROM quarantine ORDER BY fingerprint, state")
    whole.update("".join([*refused["fingerprint"], *refused["state"]]).encode())
    return whole.hexdigest()


ADDED_EMPTY = {
    "children": ("birth_date_uncertain_days",),
    "stocks": tuple(schema.store_columns("stocks")),
}
"""Columns that a migration added to stores without them. While nothing stands in one it says
nothing, so that bringing a store up to date leaves its digest as it was."""


def _leave_out_unused(name: str, table: dict[str, AnyArray]) -> None:
    """Take the columns of `ADDED_EMPTY` that hold nothing out of a table, in place."""
    for column in ADDED_EMPTY.get(name, ()):
        if column in table and not len(table[column][table[column] == table[column]]):
            del table[column]


def _ranks(ids: Numbering, kind: str) -> tuple[Days, bytes]:
    """For each number its text's rank, and all texts in that order."""
    texts = ids.texts(kind).to_pylist()
    order = sorted(range(len(texts)), key=texts.__getitem__)
    rank = np.full(int(ids.numbers(kind).max(initial=-1)) + 2, -1, REF)
    rank[ids.numbers(kind)[order]] = np.arange(len(texts), dtype=REF)
    return rank, "\x00".join(texts[at] for at in order).encode()
