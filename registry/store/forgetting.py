"""Erasing children: everywhere in the store's database, with a tombstone that keeps them from
coming back."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import (
    URL,
    Connection,
    MetaData,
    Table,
    delete,
    func,
    insert,
    inspect,
    literal,
    or_,
    select,
    text,
    union_all,
)

from registry.contract.arrays import Flags, Texts
from registry.contract.days import day_number
from registry.contract.errors import BadInput
from registry.machine.today import today
from registry.privacy import keyed_hash, tombstone_key
from registry.store import schema
from registry.store.bulk import Bulk
from registry.store.links.decisions import holding_links, joined_ids, linked_ids, number_of

if TYPE_CHECKING:
    from registry.store.store import Store

IDS = schema.IDS.c


def forget(store: Store, child_id: str, *, on: dt.date | None = None) -> dict[str, int]:
    """Erase a child under all its linked ids: every version of every row, its ids, refused rows,
    links, and rows in other rooms' tables.

    A tombstone of each id (a keyed hash, not the id) stays, so that a later import cannot bring
    the child back. What another register brought of it goes too; so does what it brought for a pair
    with this child that nobody decided and that no other child's pair needs. Returns the rows
    erased by table. Raises BadInput where nothing of the child is in the store.
    """
    with store.engine.begin() as connection:
        if store.url.get_backend_name() == "sqlite":
            connection.execute(text("PRAGMA secure_delete = ON"))
        erased: dict[str, int] = {}
        names = _names_of(connection, child_id)
        for name in names:
            _erase(connection, name, erased)
        if not erased:
            raise BadInput("REG065", "there is no such child in this store")
        for name in _unneeded(connection):
            _erase(connection, name, erased)
        for name in names:
            stone = keyed_hash(tombstone_key(store.url, store.facts()["registry_id"]), name)
            known = select(func.count()).where(schema.FORGOTTEN.c.digest == stone)
            if not connection.scalar(known):
                day = day_number(on or today())
                connection.execute(insert(schema.FORGOTTEN).values(digest=stone, forgotten_on=day))
    return erased


def _names_of(connection: Connection, child_id: str) -> list[str]:
    """The id, and all that are the same child by a link that holds."""
    number = number_of(connection, child_id)
    if number is None:
        return [child_id]
    linked = linked_ids(connection, number)
    texts = select(IDS.number, IDS.text).where(IDS.kind == "child", IDS.number.in_(linked))
    by_number = {int(one): text for one, text in connection.execute(texts)}
    return [by_number[one] for one in linked]


def _unneeded(connection: Connection) -> list[str]:
    """Ids that another register brought and that are in no pair any more."""
    brought, links = schema.OTHER_CHILDREN.c, schema.LINKS.c
    wanted = select(IDS.text).where(
        IDS.kind == "child",
        IDS.number.in_(select(brought.child)),
        IDS.number.not_in(select(links.other)),
    )
    return sorted(connection.scalars(wanted))


def _erase(connection: Connection, child_id: str, erased: dict[str, int]) -> None:
    number = connection.scalar(select(IDS.number).where(IDS.kind == "child", IDS.text == child_id))
    if number is not None:
        _erase_ids(connection, number)
        of_child = {
            name: delete(table).where(table.c.child == number)
            for name, table in schema.TABLES.items()
            if "child" in table.c
        }
        links, brought = schema.LINKS, schema.OTHER_CHILDREN
        of_child["links"] = delete(links).where(
            or_(links.c.child == number, links.c.other == number)
        )
        of_child["other_children"] = delete(brought).where(brought.c.child == number)
        for name, statement in of_child.items():
            _count(erased, name, connection.execute(statement).rowcount)
    _count(erased, "quarantine", _erase_refused(connection, child_id))
    for name, table in _others(connection).items():
        statement = delete(table).where(table.c.child_id == child_id)
        _count(erased, name, connection.execute(statement).rowcount)


def _erase_ids(connection: Connection, number: int) -> None:
    episodes, children = schema.TABLES["episodes"], schema.TABLES["children"]
    theirs = select(episodes.c.episode).where(episodes.c.child == number)
    connection.execute(delete(schema.IDS).where(IDS.kind == "episode", IDS.number.in_(theirs)))
    family = select(children.c.family).where(children.c.child == number)
    shared = select(children.c.family).where(
        children.c.child != number, children.c.family.is_not(None)
    )
    only = IDS.number.in_(family), IDS.number.not_in(shared)
    connection.execute(delete(schema.IDS).where(IDS.kind == "family", *only))
    connection.execute(delete(schema.IDS).where(IDS.kind == "child", IDS.number == number))


def _erase_refused(connection: Connection, child_id: str) -> int:
    rows = schema.QUARANTINE
    like = f"%{json.dumps(child_id, ensure_ascii=False)[1:-1]}%"
    found = connection.execute(select(rows.c.no, rows.c.raw).where(rows.c.raw.like(like))).all()
    theirs = [row.no for row in found if _is_of(row.raw, child_id)]
    for no in theirs:
        connection.execute(delete(rows).where(rows.c.no == no))
    return len(theirs)


def _is_of(raw: str, child_id: str) -> bool:
    cells = json.loads(raw)
    return str(cells.get("child_id", "")).strip() == child_id or child_id in str(
        cells.get("line", "")
    )


def _others(connection: Connection) -> dict[str, Table]:
    """Tables of other rooms (the score book, say) in this database that name children by
    `child_id`."""
    names = [
        name for name in inspect(connection).get_table_names() if name not in schema.METADATA.tables
    ]
    found = {name: Table(name, MetaData(), autoload_with=connection) for name in names}
    return {name: table for name, table in found.items() if "child_id" in table.c}


def _count(erased: dict[str, int], name: str, rows: int) -> None:
    if rows:
        erased[name] = rows


SEEN_ON = {
    "children": ("registered_on", "left_on"),
    "measurements": ("measured_on",),
    "episodes": ("admitted_on", "closed_on"),
    "checks": ("checked_on",),
    "rations": ("issued_on",),
    "attendance": ("month",),
    "visits": ("visited_on",),
}
"""The columns whose days speak of a child."""


def unseen_since(store: Store, day: dt.date) -> list[str]:
    """Children of whom no record speaks on or after a day: those that a retention rule may
    erase."""
    latest = []
    for name, columns in SEEN_ON.items():
        table = schema.TABLES[name]
        latest += [select(table.c.child, table.c[column].label("day")) for column in columns]
    children = schema.TABLES["children"]
    latest.append(select(children.c.child, children.c.birth_date.label("day")))
    days = union_all(*latest).subquery()
    seen = (
        select(days.c.child)
        .group_by(days.c.child)
        .having(func.max(days.c.day) < literal(day_number(day)))
    )
    with store.engine.connect() as connection:
        unseen = set(connection.scalars(seen))
        # A child is seen under any of its ids, and what another register brought goes with it.
        to = holding_links(connection)
        kept = {one for ids in joined_ids(to) if not unseen.issuperset(ids) for one in ids}
        brought = set(connection.scalars(select(schema.OTHER_CHILDREN.c.child)))
        names = connection.execute(select(IDS.number, IDS.text).where(IDS.kind == "child"))
        gone = unseen - kept - brought - to.keys()
        return sorted(text for number, text in names if number in gone)


def forgotten_of(connection: Connection, url: URL, children: Iterable[str]) -> list[str]:
    """Those of some ids whose tombstones stand in the store behind `url`."""
    stones = set(connection.scalars(select(schema.FORGOTTEN.c.digest)))
    facts = schema.FACTS.c
    wanted = select(facts.value).where(facts.name == "registry_id")
    key = tombstone_key(url, connection.scalar(wanted))
    return [one for one in children if keyed_hash(key, one) in stones]


def forgotten_among(bulk: Bulk, url: URL) -> Callable[[Texts], Flags] | None:
    """A function that masks the ids of forgotten children; None where nobody was forgotten."""
    stones = set(bulk.query("SELECT digest FROM forgotten")["digest"])
    if not stones:
        return None
    facts = bulk.query("SELECT value FROM store_facts WHERE name = 'registry_id'")
    key = tombstone_key(url, facts["value"][0])

    def is_forgotten(ids: Texts) -> Flags:
        return np.array([keyed_hash(key, text) in stones for text in ids], np.bool_)

    return is_forgotten
