"""Reading the audit log: whether it is whole, whether it still has what it had, and who saw a
child."""

from __future__ import annotations

import hmac
import os
import re
import threading
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from registry.contract.errors import BadInput
from serving.audit.audit_chain import ENTRIES, FIRST_SEAL, HEAD, Entry, begins, named, sealed


def first_broken(engine: sa.Engine, key: bytes) -> int | None:
    """The number of the first entry that was changed, dropped or put in from outside; None where
    all is whole.

    A log that somebody cut at its beginning is broken at its first entry: only who holds the key
    can seal a cut.
    """
    with engine.connect() as connection:
        head = connection.execute(sa.select(HEAD)).one_or_none()
        number, seal = begins(connection, key)
        if head is None or (head.removed_to, head.removed_seal) != (number, seal):
            return number + 1
        for row in connection.execution_options(yield_per=5000).execute(
            sa.select(ENTRIES).order_by(ENTRIES.c.number)
        ):
            number += 1
            seal = sealed(key, seal, number, _entry(row))
            if row.number != number or row.seal != seal:
                return number
    return None if (number, seal) == (head.number, head.seal) else number + 1


def anchor(engine: sa.Engine) -> str:
    """`NUMBER:SEAL` of the newest entry: kept elsewhere, it proves later that no entry up to it was
    taken away."""
    with engine.connect() as connection:
        head = connection.execute(sa.select(HEAD.c.number, HEAD.c.seal)).one_or_none()
        return f"{head.number}:{head.seal}" if head else f"0:{FIRST_SEAL}"


def holds(engine: sa.Engine, key: bytes, kept: str) -> bool:
    """Whether a log that is whole (`first_broken`) still has all that it had when an anchor was
    taken.

    Raises BadInput AUD001 for a text that is no anchor.
    """
    number, seal = read_anchor(kept)
    with engine.connect() as connection:
        first, first_seal = begins(connection, key)
        if number <= first:
            return number < first or seal == first_seal
        found = connection.scalar(sa.select(ENTRIES.c.seal).where(ENTRIES.c.number == number))
    return found is not None and hmac.compare_digest(found, seal)


def read_anchor(text: str) -> tuple[int, str]:
    """The number and the seal of an anchor. Raises BadInput AUD001 for a text that is none."""
    number, _, seal = text.strip().partition(":")
    if not (number.isascii() and number.isdigit() and re.fullmatch("[0-9a-f]{64}", seal)):
        raise BadInput(
            "AUD001", "an anchor is NUMBER:SEAL, as `sanket audit STORE --anchor` prints it"
        )
    return int(number), seal


def entries_about(engine: sa.Engine, key: bytes, child_id: str) -> list[Entry]:
    """Who saw this child, oldest first."""
    wanted = sa.select(ENTRIES).where(ENTRIES.c.children.contains(f'"{named(key, child_id)}"'))
    with engine.connect() as connection:
        return [_entry(row) for row in connection.execute(wanted.order_by(ENTRIES.c.number))]


def keep_anchor(engine: sa.Engine, path: Path) -> None:
    """Write the newest anchor into a file for its owner alone, if it is newer than what stands
    there."""
    newest = anchor(engine)
    if path.exists() and read_anchor(path.read_text())[0] >= read_anchor(newest)[0]:
        return
    beside = path.with_name(f".{path.name}.{threading.get_ident()}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(newest + "\n")
    beside.replace(path)


def _entry(row: sa.Row[Any]) -> Entry:
    children = tuple(orjson.loads(row.children))
    return Entry(row.at, row.who, row.role, row.act, row.came_from, row.request_id, children)
