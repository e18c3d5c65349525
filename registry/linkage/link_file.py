"""What was linked before, read back: which rows are of one child, and which wait for a person. From
the file that `sanket link` wrote, or from the decisions that a store keeps."""

from __future__ import annotations

import csv
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select

from registry.contract.errors import BadInput
from registry.store import schema
from registry.store.links.decisions import SAME, UNDECIDED, newest_decisions
from registry.store.store import open_store

NEEDED = ("child_id", "other_child_id", "verdict")
VERDICTS = ("same", "look")


class LinkedIds(NamedTuple):
    """Pairs of ids: of one child, and not decided."""

    same: list[tuple[str, str]]
    look: list[tuple[str, str]]


def read_links(path: Path) -> LinkedIds:
    """The pairs of a file. BadInput LNK011 where it is none of `sanket link`'s, or links a child
    twice."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not set(NEEDED) <= set(reader.fieldnames or ()):
                raise BadInput("LNK011", f"{path} lacks one of the columns {', '.join(NEEDED)}")
            rows = [[(row[name] or "").strip() for name in NEEDED] for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as failed:
        raise BadInput("LNK011", f"{path} cannot be read: {failed.__class__.__name__}") from None
    if odd := sum(row[2] not in VERDICTS or not row[0] or not row[1] for row in rows):
        raise BadInput("LNK011", f"{path}: {odd} rows without two ids or with another verdict")
    same, look = ([(row[0], row[1]) for row in rows if row[2] == one] for one in VERDICTS)
    found = LinkedIds(same, look)
    for side in (0, 1):
        if len({pair[side] for pair in found.same}) < len(found.same):
            raise BadInput("LNK011", f"{path} links a child to two others: decide which it is")
    return found


def kept_links(address: str, register: str) -> LinkedIds:
    """The pairs that a store keeps of its children and those of another register, as last decided:
    ids here, codes there. BadInput LNK011 where it keeps none of that register."""
    ids, brought = schema.IDS.c, schema.OTHER_CHILDREN.c
    with closing(open_store(address, must_exist=True)) as store, store.engine.connect() as one:
        codes = select(brought.child, brought.code).where(brought.register == register)
        there = dict(map(tuple, one.execute(codes)))
        own = select(ids.number, ids.text).where(ids.kind == "child")
        here = dict(map(tuple, one.execute(own)))
        decisions = newest_decisions(one)
    if not there:
        raise BadInput("LNK011", f"the store keeps no links to a register called {register}")
    rows = [row for row in decisions if row.other in there and row.child not in there]
    same, look = (
        [(here[row.child], there[row.other]) for row in rows if row.verdict in verdicts]
        for verdicts in ((SAME,), UNDECIDED)
    )
    return LinkedIds(same, look)
