"""Accepted is kept: what the registry would refuse of a visit's outcome is known before it is
accepted, and what it refused all the same (its records changed meanwhile) is told to who entered
it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import sqlalchemy as sa

from registry.checks.table import StoredIds, check, raw_table
from registry.contract.days import day_date, day_number
from registry.contract.rules import RULES
from registry.machine.today import today
from registry.store import schema

TICKED = "visits ticked"
"""The source that imports of ticked outcomes name."""
NOT_IN_REGISTRY = "REG050"
"""The child of the score book is not in the registry: its visits wait there until it is, and
nothing is lost."""
FIELDS = {"measured_on": "visited_on"}
"""Columns of the registry that have another name where an outcome is entered."""


@dataclass(frozen=True)
class Quarantined:
    """An outcome that was accepted and that the registry then refused: of which child and visit, by
    which rule."""

    child_id: str
    visited_on: str
    code: str
    field: str

    @property
    def title(self) -> str:
        """What is wrong, by the registry's rule."""
        return RULES[self.code].title


def import_day(engine: sa.Engine) -> dt.date:
    """The day of an import made now: today, or the last import's day where that lies later (a
    replayed past, a wrong clock): no import may be dated before the last."""
    with engine.connect() as connection:
        last = connection.scalar(
            sa.select(schema.FACTS.c.value).where(schema.FACTS.c.name == "imported_on")
        )
    return max(today(), day_date(int(last))) if last else today()


def refusals(
    engine: sa.Engine, child_id: str, tables: Mapping[str, dict[str, list[Any]]]
) -> list[tuple[str, str]]:
    """(field, code) of what an import of these rows of one child would put into quarantine: the
    registry's own check.

    Example: a visit told for 16 March 2016 of a child born on 2 September 2024 is ("visited_on",
    "REG031").
    """
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(schema.FACTS.name):
            return []
        born = connection.scalar(_birth_date(child_id))
    if born is None:
        return []
    known = StoredIds(pa.array([child_id], pa.string()), np.array([born], np.int32))
    raws = {name: raw_table(rows) for name, rows in tables.items()}
    found = check(raws, imported_on=day_number(import_day(engine)), known=known).quarantine.rows
    return [
        (FIELDS.get(row.column, row.column), row.code)
        for row in found
        if row.code != NOT_IN_REGISTRY
    ]


def _birth_date(child_id: str) -> sa.Select[Any]:
    children, ids = schema.TABLES["children"].c, schema.IDS.c
    same = sa.select(ids.number).where(ids.kind == "child", ids.text == child_id).scalar_subquery()
    return sa.select(children.birth_date).where(
        children.child == same, children.known_until.is_(None)
    )


def quarantined(engine: sa.Engine) -> list[Quarantined]:
    """The outcomes of ticked visits that wait in quarantine, the newest first."""
    rows, imports = schema.QUARANTINE.c, schema.IMPORTS.c
    wanted = sa.select(rows.raw, rows.code, rows.column_name).join(
        schema.IMPORTS, imports.import_no == rows.import_no
    )
    wanted = wanted.where(rows.state == "open", imports.source == TICKED).order_by(rows.no.desc())
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(schema.QUARANTINE.name):
            return []
        found = connection.execute(wanted).all()
    return [_told(orjson.loads(row.raw), row.code, row.column_name) for row in found]


def _told(cells: Mapping[str, str], code: str, column: str) -> Quarantined:
    day = cells.get("visited_on") or cells.get("measured_on") or ""
    return Quarantined(cells.get("child_id") or "", day, code, FIELDS.get(column, column))


def of_children(found: Sequence[Quarantined], child_ids: set[str]) -> list[Quarantined]:
    """Those of these children, each visit and rule once."""
    return list(dict.fromkeys(one for one in found if one.child_id in child_ids))
