"""Links that are kept: the pairs of `sanket link` into a store's table of decisions, and the other
register's records of these children beside its own.

A pair called `same` is one child from the day on which it is kept. A pair for a person (`look`)
changes nothing until a person decides, but its records come too: nobody can decide without them.
A decision that stands already is never changed by this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import Connection, insert, select, update

from registry.contract.days import NEVER, day_date
from registry.contract.errors import UsageError
from registry.contract.registry import Registry
from registry.linkage.brought_records import brought, id_here
from registry.linkage.links import Links, sentences
from registry.store import schema
from registry.store.links.decisions import (
    LINKAGE,
    LOOK,
    SAME,
    add_decisions,
    decision_day,
    holding_links,
    newest_decisions,
)
from registry.store.store import Store

REGISTER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
IDS, BROUGHT = schema.IDS.c, schema.OTHER_CHILDREN.c


@dataclass(frozen=True)
class _Pair:
    """One pair of a linkage: the child's id here, its code there."""

    child_id: str
    code: str
    same: bool
    bits: float
    why: str


def keep(
    store: Store, own: Registry, other: Registry, links: Links, register: str
) -> dict[str, int]:
    """Keep the pairs of a linkage and bring the other register's records; how many of what.

    own, other: both registries as they were linked; register: what the other is called here.
    UsageError LNK006 for a name that is none.
    """
    if not REGISTER_NAME.fullmatch(register):
        raise UsageError(
            "LNK006", "a register's name is a letter, then letters, digits, _ or -, at most 40"
        )
    pairs = _pairs(links)
    with store.engine.connect() as connection:
        day = decision_day(connection)
        centres = _centres_here(own, pairs, _brought_centres(connection, register))
    report = store.import_source(brought(other, register, centres), imported_on=day_date(day))
    with store.engine.connect() as connection:
        schema.take_turns(connection)
        numbers = _enter(connection, register, _centres_there(other, centres))
        counts = _decide(connection, pairs, numbers, day)
        connection.commit()
    refused = sum(table["quarantined"] for table in report.tables.values())
    return counts | {"rows_quarantined": refused}


def ask(store: Store, links: Links) -> dict[str, int]:
    """Let the pairs of one register wait for a person, `same` ones too: whoever stands in it twice
    is decided by no rule; how many of what."""
    pairs = [replace(pair, same=False) for pair in _pairs(links)]
    with store.engine.connect() as connection:
        day = decision_day(connection)
        connection.rollback()
        schema.take_turns(connection)
        counts = _decide(connection, pairs, _numbers(connection), day)
        connection.commit()
    return {name: counts[name] for name in ("to_look_at", "decided_before")}


def _pairs(links: Links) -> list[_Pair]:
    return [
        _Pair(str(child), str(code), bool(same), float(bits), why)
        for child, code, same, bits, why in zip(
            *links.ids(), links.same, links.confidence_bits, sentences(links), strict=True
        )
    ]


def _brought_centres(connection: Connection, register: str) -> dict[str, str]:
    """By code there, the centre here at which each child brought before stands."""
    children, centre = schema.TABLES["children"].c, schema.IDS.alias("centre")
    rows = (
        select(BROUGHT.code, centre.c.text)
        .join(schema.TABLES["children"], children.child == BROUGHT.child)
        .join(centre, (centre.c.kind == "centre") & (centre.c.number == children.centre))
        .where(BROUGHT.register == register, children.known_until.is_(None))
    )
    return dict(map(tuple, connection.execute(rows)))


def _centres_here(
    own: Registry, pairs: Sequence[_Pair], before: Mapping[str, str]
) -> dict[str, str]:
    """By code there, a centre of this store for its record to stand at: where it stood before, or
    that of the child it most probably is."""
    children = own.children
    now = children.take(
        np.flatnonzero((children["known_until"] == NEVER) & (children["centre"] >= 0))
    )
    at = {
        str(own.child_ids[child]): str(own.centre_ids[centre])
        for child, centre in zip(now["child"].tolist(), now["centre"].tolist(), strict=True)
    }
    likely = sorted(pairs, key=lambda one: (one.same, one.bits))
    found = {pair.code: at[pair.child_id] for pair in likely if pair.child_id in at}
    return found | dict(before)


def _centres_there(other: Registry, codes: Mapping[str, str]) -> dict[str, str | None]:
    children = other.children
    now = children.take(np.flatnonzero(children["known_until"] == NEVER))
    ids = other.centre_ids
    return {
        str(other.child_ids[child]): str(ids[centre]) if centre >= 0 else None
        for child, centre in zip(now["child"].tolist(), now["centre"].tolist(), strict=True)
        if str(other.child_ids[child]) in codes
    }


def _enter(
    connection: Connection, register: str, centres: Mapping[str, str | None]
) -> dict[str, int]:
    """The numbers of the codes that arrived, entered as this register's."""
    wanted = {id_here(register, code): code for code in centres}
    rows = connection.execute(
        select(IDS.text, IDS.number).where(IDS.kind == "child", IDS.text.startswith(f"{register}:"))
    )
    numbers = {wanted[text]: number for text, number in rows if text in wanted}
    known = set(connection.scalars(select(BROUGHT.code).where(BROUGHT.register == register)))
    new = [
        {"child": numbers[code], "register": register, "code": code, "centre_id": centres[code]}
        for code in sorted(numbers.keys() - known)
    ]
    if new:
        connection.execute(insert(schema.OTHER_CHILDREN), new)
    for code in sorted(numbers.keys() & known):
        same = BROUGHT.child == numbers[code], BROUGHT.centre_id.is_distinct_from(centres[code])
        connection.execute(
            update(schema.OTHER_CHILDREN).where(*same).values(centre_id=centres[code])
        )
    return numbers


def _decide(
    connection: Connection, pairs: Sequence[_Pair], numbers: Mapping[str, int], day: int
) -> dict[str, int]:
    """Append what is new; how many pairs are linked, wait for a person, stood already, or did not
    arrive."""
    here = _numbers(connection)
    decided: dict[tuple[int, int], Any] = {
        (row.child, row.other): row for row in newest_decisions(connection)
    }
    linked, rows = holding_links(connection), []
    counts = {"linked": 0, "to_look_at": 0, "decided_before": 0, "not_brought": 0}
    for pair in sorted(pairs, key=lambda one: (-one.bits, one.child_id, one.code)):
        child, other = here.get(pair.child_id), numbers.get(pair.code)
        if child is None or other is None:
            counts["not_brought"] += 1
            continue
        before = decided.get((child, other)) or decided.get((other, child))
        stands = before is not None and not (
            before.decided_by == LINKAGE and before.verdict == LOOK
        )
        if stands or other in linked or (before is not None and not pair.same):
            counts["decided_before"] += 1
            continue
        verdict = SAME if pair.same else LOOK
        rows.append(
            {"child": child, "other": other, "verdict": verdict, "bits": pair.bits}
            | {"why": pair.why, "because": ""}
        )
        if pair.same:
            linked[other] = child
        counts["linked" if pair.same else "to_look_at"] += 1
    add_decisions(connection, rows, by=LINKAGE, on=day)
    return counts


def _numbers(connection: Connection) -> dict[str, int]:
    rows = connection.execute(select(IDS.text, IDS.number).where(IDS.kind == "child"))
    return {text: int(number) for text, number in rows}
