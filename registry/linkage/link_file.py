"""The file that `sanket link` wrote, read back: which rows are of one child, and which wait for a
person."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

from registry.contract.errors import BadInput

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
