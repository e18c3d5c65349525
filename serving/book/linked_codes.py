"""The codes of a child beside its own: those of other registers, and second ids within this one."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from registry.store import schema
from registry.store.links.decisions import holding_links, joined_ids, linked_ids

IDS, BROUGHT = schema.IDS.c, schema.OTHER_CHILDREN.c
MOST_FOUND = 20


def other_codes(engine: sa.Engine, child_id: str) -> list[str]:
    """The other codes of a child by the links that hold now: `REGISTER:CODE`, or a second id."""
    with engine.connect() as connection:
        same = sa.select(IDS.number).where(IDS.kind == "child", IDS.text == child_id)
        number = connection.scalar(same) if _has_links(connection) else None
        if number is None:
            return []
        numbers = linked_ids(connection, int(number))
        named = sa.select(IDS.number, IDS.text).where(IDS.kind == "child", IDS.number.in_(numbers))
        texts = {int(one): text for one, text in connection.execute(named)}
    return [texts[one] for one in numbers if one in texts and one != number]


def children_of_code(engine: sa.Engine, code: str) -> list[str]:
    """The children (by the id that goes on) who have this code beside their own, here or in any
    other register."""
    with engine.connect() as connection:
        if not _has_links(connection):
            return []
        numbers = connection.scalars(
            sa.select(IDS.number)
            .where(IDS.kind == "child", IDS.text == code)
            .union(sa.select(BROUGHT.child).where(BROUGHT.code == code))
            .limit(MOST_FOUND)
        ).all()
        roots = {linked_ids(connection, int(number))[0] for number in numbers}
        found = connection.scalars(
            sa.select(IDS.text).where(IDS.kind == "child", IDS.number.in_(roots))
        )
        return sorted(text for text in found if text != code)


def every_other_code(engine: sa.Engine) -> Mapping[str, str]:
    """By child, its other codes with a space between, for all who have any."""
    with engine.connect() as connection:
        if not _has_links(connection):
            return {}
        joined = joined_ids(holding_links(connection))
        texts = _texts(connection) if joined else {}
    return {
        texts[ids[0]]: " ".join(texts[one] for one in ids[1:] if one in texts)
        for ids in joined
        if ids[0] in texts
    }


def _texts(connection: sa.Connection) -> dict[int, str]:
    rows = sa.select(IDS.number, IDS.text).where(IDS.kind == "child")
    return {int(number): text for number, text in connection.execute(rows)}


def _has_links(connection: sa.Connection) -> bool:
    """Whether this database has the registry's tables: a service may keep a score book alone."""
    return sa.inspect(connection).has_table(schema.LINKS.name)
