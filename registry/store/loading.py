"""Out of the store: all versions of all rows as a registry, and a digest of what the store
knows."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable

import numpy as np
import pyarrow as pa

from registry.contract.arrays import AnyArray, Days, Texts
from registry.contract.days import LONGEST_MONTH_DAYS
from registry.contract.registry import COLUMNS, DAY, OF_CENTRES, OWN_DAY, REF, Registry
from registry.contract.versions import (
    DAYS_SPOKEN_OF,
    EVER,
    centre_names,
    last_day_counted,
    registry_of,
)
from registry.store import schema
from registry.store.bulk import Bulk
from registry.store.ids import Numbering
from registry.store.links.known_links import KnownLinks, known_links
from registry.store.links.linked_rows import linked
from registry.store.store_facts import facts_of, recorded_until

FEW = 1_000
"""Up to so many ids are looked up one by one; beyond it, all ids of the kind are read."""
MOST_IN_A_LIST = 10_000
"""Numbers in one SQL list. SQLite, which counts no rows beforehand, reads the whole table for a
list of some 49,500: ten times slower in a store of a million children."""
MOST_DAYS = 1 << 16
"""No table has so many different days."""
LINKED = (
    "SELECT child FROM links UNION SELECT other FROM links UNION SELECT child FROM other_children"
)
"""In SQL, all children whose rows a link may have to do with."""
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


def load(
    bulk: Bulk,
    *,
    sectors: Iterable[str] | None,
    children: Iterable[str] | None,
    own_only: bool = False,
) -> Registry:
    """The registry in memory, linked ids as one child from the day of the link; with `sectors` or
    `children`, only those children and what is theirs. `own_only`: without what links brought from
    other registers."""
    ids, links = Numbering(bulk), known_links(bulk, own_only=own_only)
    chosen = _chosen(bulk, ids, sectors, children)
    if chosen and links:
        numbers = bulk.query(f"SELECT DISTINCT child FROM children{chosen}", {"child": REF})
        of_centres = f"centre IN (SELECT centre FROM children{chosen})"
        return _of_children(bulk, ids, np.sort(numbers["child"]), of_centres, links)[0]
    tables = {name: linked(name, _read(bulk, name, _part(name, chosen)), links) for name in COLUMNS}
    return _registry(bulk, ids, tables, limited=bool(chosen))


def load_around(
    bulk: Bulk,
    centres: Iterable[str],
    *,
    without_centre: bool,
    empty: Collection[str] = (),
) -> tuple[Registry, Days]:
    """Whoever was ever at one of these centres, with all that is theirs, and the other children of
    their families: all that a question about a child at one of these centres may look at
    (`features.trajectory.context`); and the children's numbers, in the registry's order.

    without_centre: also who was ever at none. empty: tables of children's events that are not read.
    Positions of centres and areas are those of the whole
    registry, children stand in its order.
    """
    ids = Numbering(bulk)
    of_centres = f"centre IN ({_numbers(bulk, ids, 'centre', centres)})"
    there = f"({of_centres} OR centre IS NULL OR centre < 0)" if without_centre else of_centres
    families = f"SELECT family FROM children WHERE family >= 0 AND {there}"
    found = bulk.query(
        f"SELECT child FROM children WHERE {there} UNION "
        f"SELECT child FROM children WHERE family IN ({families})",
        {"child": REF},
    )["child"]
    return _of_children(bulk, ids, np.sort(found), of_centres, known_links(bulk), empty)


def load_numbers(bulk: Bulk, children: Days) -> Registry:
    """The children of these numbers (ascending) with all that is theirs, and every centre."""
    return _of_children(bulk, Numbering(bulk), children, "centre < 0", known_links(bulk))[0]


def _of_children(
    bulk: Bulk,
    ids: Numbering,
    children: Days,
    of_centres: str,
    links: KnownLinks,
    empty: Collection[str] = (),
) -> tuple[Registry, Days]:
    """These children's rows, every centre, and what is of the centres of a condition; with the
    numbers behind the children's positions."""
    tables = {
        name: _read(bulk, name, "")
        if name == "centres"
        else _read(bulk, name, f" WHERE {of_centres}")
        if name in OF_CENTRES
        else _read_of(bulk, name, children[:0] if name in empty else children, links)
        for name in COLUMNS
    }
    # They become positions, in place.
    numbers = [table["child"] for table in tables.values() if "child" in table]
    known = np.unique(np.concatenate(numbers))
    return _registry(bulk, ids, tables, limited=True), known


def _read_of(bulk: Bulk, name: str, children: Days, links: KnownLinks) -> dict[str, AnyArray]:
    """A table's rows of these children (numbers), those of linked ids among them."""
    wanted = links.with_others(children) if links else children
    pieces = [_read(bulk, name, f" WHERE child IN ({piece or -1})") for piece in _listed(wanted)]
    rows = {column: np.concatenate([piece[column] for piece in pieces]) for column in pieces[0]}
    if not links:
        return rows
    rows = linked(name, rows, links)
    asked = np.isin(rows["child"], children)
    return {column: values[asked] for column, values in rows.items()}


def _listed(numbers: Days) -> list[str]:
    """Numbers as SQL lists of bounded length; one empty list where there are none."""
    starts = range(0, max(len(numbers), 1), MOST_IN_A_LIST)
    return [
        ",".join(map(str, numbers[start : start + MOST_IN_A_LIST].tolist())) for start in starts
    ]


def _registry(
    bulk: Bulk, ids: Numbering, tables: dict[str, dict[str, AnyArray]], *, limited: bool
) -> Registry:
    """The rows that were read, as a registry. `limited`: they are some children's only."""
    texts = _renumber(tables, bulk, ids, limited=limited)
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
            numbers, texts[kind] = _texts_of(bulk, kind, found[found >= 0])
        else:
            numbers, texts[kind] = ids.numbers(kind), _objects(ids.texts(kind))
        position = np.full(int(numbers.max(initial=-1)) + 2, -1, REF)
        position[numbers] = np.arange(len(numbers), dtype=REF)
        for table in columns:
            table[kind] = position[table[kind]]
    return texts


def _texts_of(bulk: Bulk, kind: str, numbers: Days) -> tuple[Days, Texts]:
    """These numbers (sorted) and their texts: a child's page, or a part of a store, must not read
    the ids of all children."""
    found = [
        bulk.query(
            f"SELECT number, text FROM ids WHERE kind = '{kind}' AND number IN ({wanted or -1}) "
            "ORDER BY number",
            {"number": REF},
        )
        for wanted in _listed(numbers)
    ]
    return (
        np.concatenate([rows["number"] for rows in found]),
        np.concatenate([rows["text"] for rows in found]),
    )


def child_numbers(bulk: Bulk) -> Days:
    """The number behind each child's position in the whole registry (int32, ascending)."""
    found: Days = bulk.query(
        "SELECT number FROM ids WHERE kind = 'child' ORDER BY number", {"number": REF}
    )["number"]
    return found


def days_measured_of(bulk: Bulk, centres: Collection[str] | None) -> Days:
    """The day of each present measurement of the children who are now at some centres; None: of all
    children."""
    question = "SELECT measured_on FROM measurements WHERE known_until IS NULL"
    if centres is None:
        found: Days = bulk.query(question, {"measured_on": DAY})["measured_on"]
        return found
    there = _numbers(bulk, Numbering(bulk), "centre", centres)
    children = bulk.query(
        f"SELECT child FROM children WHERE known_until IS NULL AND centre IN ({there})",
        {"child": REF},
    )["child"]
    pieces = [
        bulk.query(f"{question} AND child IN ({piece or -1})", {"measured_on": DAY})["measured_on"]
        for piece in _listed(np.unique(children))
    ]
    return np.concatenate(pieces)


def told_before_day(bulk: Bulk, day: int) -> tuple[int, float]:
    """(the last day that the rows known before a day (number) speak of
    (`registry.contract.versions.last_day`), the share of the children's rows known by then whose
    day of entry nobody wrote down), counted in the database: each table once, its last months once
    more."""
    latest, rows, dated = int(EVER), 0, 0
    for name, own_day in OWN_DAY.items():
        question = (
            f"SELECT COUNT(*) AS n, COUNT(recorded_on) AS written, MAX({own_day}) AS newest "
            f"FROM {name} WHERE known_from < {day}"
        )
        n, written, newest = (of[0] for of in bulk.query(question, most_rows=1).values())
        rows, dated = rows + int(n), dated + int(written)
        if n and name in DAYS_SPOKEN_OF:
            latest = max(latest, _last_day(bulk, name, day, rows=int(n), newest=int(newest)))
    return latest, (rows - dated) / rows if rows else 0.0


def _last_day(bulk: Bulk, name: str, known_before: int, *, rows: int, newest: int) -> int:
    """`last_day_counted` of a table, from as many of its last days as decide it: the database sorts
    the days of what it counts, which for all rows takes most of the time."""
    column, window = DAYS_SPOKEN_OF[name], 4 * LONGEST_MONTH_DAYS
    while True:
        since = newest - window
        question = (
            f"SELECT {column} AS day, COUNT(*) AS n FROM {name} WHERE known_from < {known_before} "
            f"AND {column} > {since} GROUP BY {column} ORDER BY {column}"
        )
        found = bulk.query(question, {"day": DAY, "n": np.int64}, most_rows=MOST_DAYS)
        last = last_day_counted(found["day"], found["n"], of=rows)
        # A month that begins before the window is not wholly counted.
        if last - LONGEST_MONTH_DAYS >= since or found["n"].sum() == rows:
            return last
        window *= 4


def late_days(bulk: Bulk) -> dict[int, int]:
    """How many rows were known only after their own day (attendance, which waits for its month's
    end, left out), by the day from which they were known."""
    links, found = known_links(bulk), dict[int, int]()
    joined = np.union1d(links.with_others(links.child), links.brought).astype(REF)
    alone = f" AND child NOT IN ({LINKED})" if links else ""
    for name, own_day in OWN_DAY.items():
        if name == "attendance":
            continue
        question = (
            f"SELECT known_from, COUNT(*) AS rows FROM {name} WHERE known_from > {own_day}{alone} "
            "GROUP BY known_from"
        )
        rows = bulk.query(question, {"known_from": DAY, "rows": np.int64}, most_rows=MOST_DAYS)
        counts = dict(zip(rows["known_from"].tolist(), rows["rows"].tolist(), strict=True))
        if links:
            of_links = _read_of(bulk, name, joined, links)
            late = of_links["known_from"] > of_links[own_day]
            days, many = np.unique(of_links["known_from"][late], return_counts=True)
            for day, count in zip(days.tolist(), many.tolist(), strict=True):
                counts[day] = counts.get(day, 0) + count
        for day, count in counts.items():
            found[day] = found.get(day, 0) + count
    return found


def version(bulk: Bulk) -> str:
    """A checksum that changes with every import, with every decision about a link and with every
    child that is forgotten: of the imports' own checksums, and of how many rows there are and which
    are still known. It reads no row into memory; `digest` is of the contents."""
    whole = hashlib.sha256()
    imports = bulk.query("SELECT import_no, import_id, checksum FROM imports ORDER BY import_no")
    for row in zip(*imports.values(), strict=True):
        whole.update(repr(row).encode())
    for name in COLUMNS:
        question = (
            "SELECT COUNT(*) AS n, CAST(SUM(no) AS TEXT) AS numbers, "
            f"CAST(SUM(known_until) AS TEXT) AS ends FROM {name}"
        )
        told = bulk.query(question, most_rows=1)
        whole.update(repr([column[0] for column in told.values()]).encode())
    decisions = bulk.query("SELECT COUNT(*) AS n, CAST(SUM(no) AS TEXT) AS numbers FROM links")
    if decisions["n"][0]:
        whole.update(repr([column[0] for column in decisions.values()]).encode())
    return whole.hexdigest()


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
    for decision in _decisions(bulk):
        whole.update(repr(decision).encode())
    refused = bulk.query("SELECT fingerprint, state FROM quarantine ORDER BY fingerprint, state")
    whole.update("".join([*refused["fingerprint"], *refused["state"]]).encode())
    return whole.hexdigest()


def _decisions(bulk: Bulk) -> list[tuple[object, ...]]:
    """All decisions about links with ids as texts, in the order in which they were made."""
    rows = bulk.query(
        "SELECT one.text AS child, two.text AS other, verdict, decided_on FROM links "
        "JOIN ids AS one ON one.kind = 'child' AND one.number = links.child "
        "JOIN ids AS two ON two.kind = 'child' AND two.number = links.other ORDER BY links.no"
    )
    return list(zip(*rows.values(), strict=True))


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
