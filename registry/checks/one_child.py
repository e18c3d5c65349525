"""A few children with their records, as the API brings them: the importer's rules and codes,
without its machinery.

All rows of a table of all children of a call are read together, a column at a time: one child with
30 measurements takes a fraction of a millisecond, where tools for whole files would spend more on
starting up. A property test holds it to `registry.checks.table`, row for row.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import lt
from typing import Any

import numpy as np

from registry.checks.record_cells import HISTORY, read_rows
from registry.checks.record_histories import Columns, read_history, refuse, taken
from registry.checks.rejected import bound_of
from registry.contract import tables as contract
from registry.contract.arrays import AnyArray, Texts
from registry.contract.days import NEVER, day_number
from registry.contract.registry import (
    CODE,
    COLUMNS,
    DAY,
    NUMBER,
    OWN_DAY,
    Registry,
    Table,
    empty_table,
    of_one_length,
)
from registry.contract.rules import RULES
from registry.contract.tables import TEXTS
from registry.contract.versions import DAYS_SPOKEN_OF, EVER, first_known
from registry.machine.today import today as programmes_today

_NEVER = int(NEVER)
_first_known = lru_cache(4096)(first_known)


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """One refused row of one child: the table, its number from 1, the cell, the rule and its bound.
    No values."""

    table: str
    row: int
    column: str
    code: str

    @property
    def bound(self) -> str:
        """The bound that the cell broke."""
        return bound_of(self.table, self.column, self.code)

    @property
    def message(self) -> str:
        """What is wrong and what to do."""
        return f"{RULES[self.code].title} ({self.bound}). {RULES[self.code].advice}"


def build_records(
    children: Sequence[Mapping[str, Any]], *, imported_on: dt.date | str | None = None
) -> tuple[Registry, list[list[RejectedRecord]]]:
    """Children with nested records to a registry and, for each, what was refused.

    The i-th child given has position i in the registry; where the child itself is refused it has no
    row in any table. `centre_id` may be missing here. `imported_on` (date or ISO text; today by
    default) is the day after which nothing can have happened.
    """
    today = day_number(imported_on or programmes_today())
    problems: list[list[RejectedRecord]] = [[] for _ in children]
    tables, texts = dict(_EMPTY_TABLES), {"family": _NONE, "centre": _NONE, "episode": _NONE}
    born = _add_children(children, today, tables, texts, problems)
    latest, dated, assumed = int(EVER), 0, 0
    for name in HISTORY:
        found = read_history(name, children, born, today)
        if found is None:
            continue
        for at, row, column, code in found.faults:
            problems[at].append(RejectedRecord(name, row, column, code))
        if rows := len(found.columns["child"]):
            if name == "episodes":
                found.columns["episode"], texts["episode"] = _numbered(found.columns)
            tables[name] = _table(name, found.columns)
            dated, assumed = (
                dated + rows,
                assumed + found.columns.get("recorded_on", _NO_DAYS * rows).count(_NEVER),
            )
            latest = (
                max([latest, *found.columns[DAYS_SPOKEN_OF[name]]])
                if name in DAYS_SPOKEN_OF
                else latest
            )
    ids = np.array([str(child.get("child_id", "")) for child in children], object)
    facts = {
        "synthetic": False,
        "registry_id": "",
        "centre_names": {},
        "share_assumed_dates": assumed / max(dated, 1),
    }
    return Registry(
        **tables,
        beside=(),
        child_ids=ids,
        centre_ids=texts["centre"],
        episode_ids=texts["episode"],
        sector_ids=_NONE,
        project_ids=_NONE,
        district_ids=_NONE,
        recorded_until=latest,
        facts=facts,
    ), problems


def _add_children(
    children: Sequence[Mapping[str, Any]],
    today: int,
    tables: dict[str, Table],
    texts: dict[str, Texts],
    problems: list[list[RejectedRecord]],
) -> dict[int, int]:
    """Make the table of the children that are kept; their birth dates by position."""
    columns, wrong = read_rows("children", children, today)
    _check_children(columns, wrong)
    for at in _twice(children):
        wrong.setdefault(at, ("child_id", "REG041"))
    for at, (column, code) in wrong.items():
        problems[at].append(RejectedRecord("children", 1, column, code))
    kept = [at for at in range(len(children)) if at not in wrong]
    if not kept:
        return {}
    columns = taken(columns, kept) if wrong else columns
    columns["child"] = kept
    for kind in ("family", "centre"):
        if kind in columns:
            columns[kind], texts[kind] = _positions(columns[kind])
    tables["children"] = _table("children", columns)
    return dict(zip(kept, _first_days(columns), strict=True))


def _first_days(columns: Columns) -> list[int]:
    """The earliest day on which each child may have been born."""
    born, off = columns["birth_date"], columns.get("birth_date_uncertain_days")
    if off is None:
        return born
    return [day - (int(by) if by == by else 0) for day, by in zip(born, off, strict=True)]


def _check_children(columns: Columns, wrong: dict[int, tuple[str, str]]) -> None:
    born, registered, left = (
        _first_days(columns) if "birth_date" in columns else None,
        columns.get("registered_on"),
        columns.get("left_on"),
    )
    if born and registered:
        refuse(
            wrong,
            map(lt, registered, [day - contract.BEFORE_BIRTH for day in born]),
            "registered_on",
            "REG031",
        )
    if born and left:
        refuse(wrong, map(lt, left, born), "left_on", "REG031")
    if registered and left:
        pairs = zip(left, registered, strict=True)
        refuse(wrong, (last < first != _NEVER for last, first in pairs), "left_on", "REG034")


def _twice(children: Sequence[Mapping[str, Any]]) -> list[int]:
    """Positions of the children whose id comes more than once in a call."""
    if len(children) < 2:
        return []
    ids = [str(child.get("child_id")) for child in children]
    counts = Counter(ids)
    return [at for at, text in enumerate(ids) if counts[text] > 1]


def _positions(texts: list[str]) -> tuple[list[int], Texts]:
    """Positions in the different texts, as they came; -1 of the empty."""
    seen: dict[str, int] = {}
    at = [seen.setdefault(text, len(seen)) if text else -1 for text in texts]
    return at, np.array(list(seen), object) if seen else _NONE


def _numbered(rows: Columns) -> tuple[list[int], Texts]:
    """Positions of episodes, those of two children apart whatever they are called; one without an
    id gets a name."""
    seen: dict[tuple[int, str], int] = {}
    pairs = zip(rows["child"], rows.get("episode") or [""] * len(rows["child"]), strict=True)
    at = [
        seen.setdefault((child, text or f"episode {number}"), len(seen))
        for number, (child, text) in enumerate(pairs)
    ]
    return at, np.array([text for _, text in seen], object)


_EMPTY_TABLES = {name: empty_table(name) for name in COLUMNS}
_NONE: Texts = np.empty(0, object)
_NO_DAYS = [_NEVER]
_LATER = {
    "episodes": ("closed_known_from", "closed_on"),
    "children": ("left_known_from", "left_on"),
}
_KINDS = {
    name: [
        (
            column,
            kind,
            -1 if kind is CODE or column in TEXTS.values() else np.nan if kind is NUMBER else NEVER,
        )
        for column, kind in (COLUMNS[name] | {"known_from": DAY, "known_until": DAY}).items()
    ]
    for name in COLUMNS
}
"""By table its columns, their kinds, and what is in a column that nobody has."""


def _table(name: str, columns: Columns) -> Table:
    known = columns["birth_date" if name == "children" else OWN_DAY[name]]
    if name == "attendance":
        known = [_first_known(name, month) for month in known]
    if "recorded_on" in columns:
        recorded = zip(known, columns["recorded_on"], strict=True)
        known = [day if record == _NEVER or record < day else record for day, record in recorded]
    columns["known_from"] = known
    if name in _LATER and _LATER[name][1] in columns:
        cell, day = _LATER[name]
        columns[cell] = list(map(max, columns[day], known))
    if "recorded_on" in columns and name in OWN_DAY:
        columns = _by_knowing(name, columns)
    rows = len(known)
    blank = _blank(name, rows) if rows < FEW else _filled(name, rows)
    return of_one_length(
        {
            column: np.fromiter(columns[column], empty.dtype, rows)
            if column in columns
            else empty.copy()
            for column, empty in blank.items()
        }
    )


def _by_knowing(name: str, columns: Columns) -> Columns:
    """The rows of one own day in the order in which they came to be known, as
    `registry.contract.versions` has them."""
    when = list(zip(columns["child"], columns[OWN_DAY[name]], columns["known_from"], strict=True))
    order = sorted(range(len(when)), key=when.__getitem__)
    return columns if order == list(range(len(when))) else taken(columns, order)


FEW = 64
"""Rows below which blank columns are kept for copying: filling one takes three times as long."""


def _filled(name: str, rows: int) -> dict[str, AnyArray]:
    """A table's columns as they are where nobody has them."""
    return {column: np.full(rows, empty, kind) for column, kind, empty in _KINDS[name]}


_blank = lru_cache(None)(_filled)
