"""Decisions about two ids of one child: only ever added, with who made them and when.

A decision is about two ids: `child`, which goes on, and `other`, whose records are read as the
child's from the day of the decision `same` until a later decision says otherwise. The other is an
id of this register (a child who stands twice in it), or was brought from another register: then
`other_children` names register and code, and its records count only through a link.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select

from registry.contract.days import day_date, day_number
from registry.contract.errors import BadInput, Refused, UsageError
from registry.machine.today import today
from registry.store import schema

SAME, LOOK, DIFFERENT, UNSURE = "same", "look", "different", "unsure"
VERDICTS = (SAME, DIFFERENT, UNSURE)
"""What a person can decide; `look` says that a person must."""
UNDECIDED = (LOOK, UNSURE)
LINKAGE = "sanket link"
"""Who decided, where no person did."""
IDS, ROWS, BROUGHT = schema.IDS.c, schema.LINKS.c, schema.OTHER_CHILDREN.c


def number_of(connection: Connection, name: str) -> int | None:
    """The number of a child by its id here, as REGISTER:CODE, or by its code in another register
    where only one has it."""
    number = connection.scalar(select(IDS.number).where(IDS.kind == "child", IDS.text == name))
    if number is not None:
        return int(number)
    found = connection.scalars(select(BROUGHT.child).where(BROUGHT.code == name)).all()
    return int(found[0]) if len(found) == 1 else None


def decide(
    connection: Connection,
    child_id: str,
    other_child_id: str,
    verdict: str,
    *,
    by: str,
    on: int,
    because: str = "",
    after: int | None = None,
) -> None:
    """Keep a person's decision about two ids, as of a day (number). `same` links them from that
    day, anything else undoes a link from that day. `after`: the number of the decision that the
    person saw as the last. What the linkage said (`why`) stays beside what the person says
    (`because`).

    BadInput LNK007: no such children; Refused LNK008: the other is linked to somebody else, or to
    itself through others; UsageError LNK009: a day before the last import or decision; Refused
    LNK010: somebody decided after `after`.
    """
    schema.take_turns(connection)
    child, other = (number_of(connection, name) for name in (child_id, other_child_id))
    if child is None or other is None or child == other:
        raise BadInput("LNK007", "there are no two such children in this store")
    child, other = _in_order(connection, child, other)
    _refuse_past(connection, on)
    if verdict == SAME:
        _refuse_impossible(connection, child, other)
    pair = _decisions(connection, child=child, other=other)
    if after is not None and (not pair or pair[-1].no != after):
        raise Refused("LNK010", "somebody else has decided about this pair meanwhile")
    told = {"bits": pair[-1].bits, "why": pair[-1].why} if pair else {"bits": None, "why": ""}
    row = {"child": child, "other": other, "verdict": verdict, "because": because} | told
    add_decisions(connection, [row], by=by, on=on)


def add_decisions(
    connection: Connection, rows: Sequence[dict[str, object]], *, by: str, on: int
) -> None:
    """Append decisions (`child`, `other`, `verdict`, `bits`, `why`, `because`) that were checked
    before."""
    first = int(connection.scalar(select(func.coalesce(func.max(ROWS.no), 0))) or 0) + 1
    at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    shared = {"decided_on": on, "decided_at": at, "decided_by": by}
    if rows:
        numbered = [row | shared | {"no": first + more} for more, row in enumerate(rows)]
        connection.execute(insert(schema.LINKS), numbered)


def _in_order(connection: Connection, child: int, other: int) -> tuple[int, int]:
    """The pair as it was kept before; else with the child of this register first."""
    if _decisions(connection, child=other, other=child):
        return other, child
    brought = set(
        connection.scalars(select(BROUGHT.child).where(BROUGHT.child.in_([child, other])))
    )
    if brought == {child, other}:
        raise Refused("LNK008", "both are children of other registers: link each to a child here")
    return (other, child) if child in brought else (child, other)


def _decisions(connection: Connection, *, child: int, other: int) -> Sequence[Any]:
    wanted = select(schema.LINKS).where(ROWS.child == child, ROWS.other == other)
    return connection.execute(wanted.order_by(ROWS.no)).all()


def decision_day(connection: Connection) -> int:
    """The day (number) of a decision made now: today, or the last import's or decision's day where
    that lies later (a replayed past): a link teaches nothing about the days before it."""
    return max(day_number(today()), _last_day(connection))


def _last_day(connection: Connection) -> int:
    facts = select(schema.FACTS.c.value).where(schema.FACTS.c.name == "imported_on")
    decided = select(func.coalesce(func.max(ROWS.decided_on), 0))
    return max(int(connection.scalar(facts) or 0), int(connection.scalar(decided) or 0))


def _refuse_past(connection: Connection, on: int) -> None:
    last = _last_day(connection)
    if on < last:
        raise UsageError(
            "LNK009",
            f"the last import or decision was on {day_date(last)}; a decision cannot be dated "
            "before it",
        )


def _refuse_impossible(connection: Connection, child: int, other: int) -> None:
    linked_to = holding_links(connection)
    if linked_to.get(other, child) != child:
        raise Refused("LNK008", "the second of the two is linked to another child: undo that first")
    at: int | None = child
    while at is not None:
        at = linked_to.get(at)
        if at == other:
            raise Refused("LNK008", "the first of the two is linked to the second already")


def holding_links(connection: Connection) -> dict[int, int]:
    """Of every number whose link holds now, the child whose it is."""
    return {row.other: row.child for row in newest_decisions(connection) if row.verdict == SAME}


def newest_decisions(connection: Connection, children: Iterable[int] | None = None) -> list[Any]:
    """The last decision of each pair; of some children's (numbers) pairs only, on either side."""
    last = select(func.max(ROWS.no)).group_by(ROWS.child, ROWS.other)
    if children is not None:
        of = list(children)
        last = last.where(or_(ROWS.child.in_(of), ROWS.other.in_(of)))
    return list(connection.execute(select(schema.LINKS).where(ROWS.no.in_(last)).order_by(ROWS.no)))


def linked_ids(connection: Connection, number: int) -> list[int]:
    """The numbers of all ids that are this child's now, the id that goes on first."""
    found, new, to = {number}, {number}, dict[int, int]()
    while new:
        held = [row for row in newest_decisions(connection, new) if row.verdict == SAME]
        to |= {row.other: row.child for row in held}
        new = {one for row in held for one in (row.child, row.other)} - found
        found |= new
    return next(iter(joined_ids(to)), [number])


def joined_ids(linked_to: Mapping[int, int]) -> list[list[int]]:
    """The ids (numbers) of each child that has several, the one that goes on first;
    linked_to: as `holding_links` has it."""
    found: dict[int, list[int]] = {}
    for other in sorted(linked_to):
        root = linked_to[other]
        while root in linked_to:
            root = linked_to[root]
        found.setdefault(root, [root]).append(other)
    return list(found.values())
