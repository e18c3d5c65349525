"""Checked or stored columns to a `Registry`: when each row is known, and rows in the order that
readers rely on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from registry.contract.arrays import AnyArray, Days, Ints, Texts
from registry.contract.days import LONGEST_MONTH_DAYS, NEVER, day_date, day_number
from registry.contract.keys import sort_order
from registry.contract.registry import (
    ANY_OWN_DAY,
    COLUMNS,
    DAY,
    OF_CENTRES,
    Registry,
    Table,
    empty_table,
)

EVER = np.int32(day_number("1900-01-01"))
"""Before every record: from when a centre is known that nobody dated."""


def first_known(name: str, own_day: int) -> int:
    """From which day a row that nobody dated is known: its own day; a month's attendance on the
    next month's first.

    `first_known("attendance", day_number("2026-03-01"))` is the day number of 2026-04-01.
    """
    if name != "attendance" or own_day == NEVER:
        return own_day
    month = day_date(own_day)
    return day_number(
        month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1, day=1)
    )


def own_days(name: str, columns: Mapping[str, AnyArray]) -> Days:
    """The day from which an undated row is known in a first import: its own; birth for a child,
    ever for a centre."""
    if name == "centres":
        return np.full(len(columns["centre"]), EVER, np.int32)
    if name == "children":
        return columns["birth_date"]
    days = columns[ANY_OWN_DAY[name]]
    if name != "attendance":
        return days
    months, at = np.unique(days, return_inverse=True)
    return np.array([first_known(name, int(month)) for month in months], np.int32)[at]


def dated(
    name: str, columns: dict[str, AnyArray], *, not_before: int = int(EVER)
) -> dict[str, AnyArray]:
    """These rows with `known_from`, `known_until`, and the later cells' own days.

    A row is known from the latest of its own day, the day it was recorded and `not_before` (the
    import's date, in every import but a store's first). An episode's close and a child's leaving
    are known no earlier than they happened. Example: admitted on 2026-01-05, closed on 2026-03-02,
    first import: the row is known from 2026-01-05, its close from 2026-03-02; imported again on
    2026-04-01 with another outcome: that is known from 2026-04-01.
    """
    recorded = np.where(columns["recorded_on"] == NEVER, EVER, columns["recorded_on"])
    known = np.maximum(np.maximum(own_days(name, columns), recorded), np.int32(not_before)).astype(
        np.int32
    )
    later = {
        "episodes": ("closed_known_from", "closed_on"),
        "children": ("left_known_from", "left_on"),
    }.get(name)
    cells = {later[0]: np.maximum(columns[later[1]], known).astype(np.int32)} if later else {}
    return (
        columns | cells | {"known_from": known, "known_until": np.full(len(known), NEVER, np.int32)}
    )


def registry_of(
    versions: Mapping[str, Mapping[str, AnyArray]],
    texts: Mapping[str, Texts],
    *,
    recorded_until: int,
    facts: dict[str, object],
) -> Registry:
    """Sort the versions of each table by (child, own day, known from) and bind them to their
    texts."""
    bound = {
        name: _table(name, versions[name]) if name in versions else empty_table(name)
        for name in COLUMNS
    }
    none: Texts = np.empty(0, object)
    return Registry(
        **bound,
        beside=(),
        child_ids=texts.get("child", none),
        centre_ids=texts.get("centre", none),
        sector_ids=texts.get("sector", none),
        project_ids=texts.get("project", none),
        district_ids=texts.get("district", none),
        episode_ids=texts.get("episode", none),
        recorded_until=recorded_until,
        facts=facts,
    )


def _table(name: str, columns: Mapping[str, AnyArray]) -> Table:
    kinds = COLUMNS[name] | {"known_from": DAY, "known_until": DAY}
    if MOVED in columns:
        kinds |= {MOVED: np.bool_}
    table = Table(
        {column: np.ascontiguousarray(columns[column], kind) for column, kind in kinds.items()}
    )
    owner = "centre" if name in OF_CENTRES else "child"
    own = [ANY_OWN_DAY[name]] if name in ANY_OWN_DAY else []
    order = sort_order([table[column] for column in (owner, *own, "known_from")])
    return table if order is None else table.take(order)


MOVED = "moved"
"""A column that a table has beside the contract's where links moved some of its rows: which
versions begin because of a link (`registry.store.links.linked_rows`)."""


def told_anew(table: Table) -> Table:
    """A table without the versions that only a link moved: for whoever counts records by the day
    on which they came in."""
    moved = table.get(MOVED)
    return table if moved is None else table.take(~moved)


DAYS_SPOKEN_OF = {
    "measurements": "measured_on",
    "episodes": "admitted_on",
    "checks": "checked_on",
    "rations": "issued_on",
    "visits": "visited_on",
}
"""The columns whose latest day, strays left out, is the last that the records speak of."""
STRAY_BELOW_SHARE = 0.001


def last_day(versions: Mapping[str, Mapping[str, AnyArray]]) -> int:
    """The last day that the records speak of; `EVER` where there are none (`last_day_counted`)."""
    latest = int(EVER)
    for name, column in DAYS_SPOKEN_OF.items():
        if name in versions:
            days, rows = np.unique(versions[name][column], return_counts=True)
            latest = max(latest, last_day_counted(days, rows))
    return latest


def last_day_counted(days: Days, rows: Ints, *, of: int | None = None) -> int:
    """The last day that a table's records speak of, from its different days in order and how many
    rows each has (`of` rows of the table; None: these are all); `EVER` where there is none.

    A mistyped date lies alone, months after the others, and would make every child look followed
    until then: a day counts when the month up to it holds at least one in a thousand of its
    column's days.
    """
    if not len(days):
        return int(EVER)
    upto = np.concatenate([[0], np.cumsum(rows)])
    month_before = upto[1:] - upto[np.searchsorted(days, days - LONGEST_MONTH_DAYS, side="right")]
    of = int(upto[-1]) if of is None else of
    counted = np.flatnonzero(month_before >= STRAY_BELOW_SHARE * of)
    return int(days[counted[-1]]) if len(counted) else int(EVER)


def centre_names(
    versions: Mapping[str, Mapping[str, AnyArray]], texts: Mapping[str, Texts]
) -> dict[str, str]:
    """Present name of each centre that has one, by its id."""
    centres = versions.get("centres")
    if centres is None:
        return {}
    named = np.flatnonzero((centres["name"] >= 0) & (centres["known_until"] == NEVER))
    return {
        str(texts["centre"][centres["centre"][row]]): str(texts["name"][centres["name"][row]])
        for row in named
    }
