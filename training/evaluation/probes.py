"""Probes: what a registry would have been, had it ended on a day, or had its records been entered
later.

Made from the tables by hand, not by the clock. `features.clock` masks; `cut` removes: a feature
that differs between the two has seen what it must not see.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.catalogue import CONTEXT_NAMES, NAMES
from features.trajectory.context import Context
from features.trajectory.smoother import Prior
from registry.contract.days import LONGEST_MONTH_DAYS
from registry.contract.registry import NEVER, OWN_DAY, Registry, Table
from registry.contract.versions import DAYS_SPOKEN_OF, last_day

OF_CONTEXT = np.isin(NAMES, CONTEXT_NAMES)


def cut(registry: Registry, last_day: np.ndarray) -> Registry:
    """The registry without anything known after each child's `last_day` (int32, one a child
    position)."""
    tables: dict[str, Any] = {
        name: _cut_table(registry.table(name), last_day) for name in ("children", *OWN_DAY)
    }
    tables["episodes"] = _cut_close(tables["episodes"], last_day)
    tables["children"] = _cut_leaving(tables["children"], last_day)
    return replace(registry, **tables, recorded_until=int(last_day.max(initial=0)))


def known_before(registry: Registry, until: int) -> Registry:
    """The whole registry as it was known on the eve of a day (number): a training on it is the same
    whatever later imports bring, correct or move.

    Rows and closes known from that day on are gone, what replaced a row later never did, children
    whom nobody knew have no position, and the records end where they then ended.
    """
    last = np.full(len(registry.child_ids), until - 1, np.int32)
    seen = cut(registry, last)
    children = max(
        int(seen.table(name)["child"].max(initial=-1)) + 1 for name in ("children", *OWN_DAY)
    )
    return replace(
        seen,
        centres=_cut_whole(registry.centres, until),
        stocks=_cut_whole(registry.stocks, until),
        beside=tuple(
            replace(own, versions=_cut_whole(own.versions, until)) for own in registry.beside
        ),
        child_ids=registry.child_ids[:children],
        recorded_until=last_day({name: seen.table(name) for name in DAYS_SPOKEN_OF}),
    )


def _cut_whole(table: Table, until: int) -> Table:
    kept = _rows(table, table["known_from"] < until)
    later = kept["known_until"] >= until
    return kept.having(known_until=np.where(later, NEVER, kept["known_until"]).astype(np.int32))


def _cut_table(table: Table, last_day: np.ndarray) -> Table:
    kept = _rows(table, table["known_from"] <= last_day[table["child"]])
    replaced_later = kept["known_until"] > last_day[kept["child"]]
    return kept.having(known_until=np.where(replaced_later, NEVER, kept["known_until"]))


def _rows(table: Table, mask: np.ndarray) -> Table:
    """The rows of a mask; of all, the table itself: a state's would be copied for nothing."""
    return table if mask.all() else table.take(np.flatnonzero(mask))


def _cut_close(episodes: Table, last_day: np.ndarray) -> Table:
    later = episodes["closed_known_from"] > last_day[episodes["child"]]
    return episodes.having(
        closed_on=np.where(later, NEVER, episodes["closed_on"]),
        closed_known_from=np.where(later, NEVER, episodes["closed_known_from"]),
        outcome=np.where(later, np.int8(-1), episodes["outcome"]),
        transfer_reason=np.where(later, np.int8(-1), episodes["transfer_reason"]),
    )


def _cut_leaving(children: Table, last_day: np.ndarray) -> Table:
    later = children["left_known_from"] > last_day[children["child"]]
    return children.having(
        left_on=np.where(later, NEVER, children["left_on"]),
        left_known_from=np.where(later, NEVER, children["left_known_from"]),
        left_reason=np.where(later, np.int8(-1), children["left_reason"]),
    )


def features_without_future(
    registry: Registry, child: np.ndarray, day: np.ndarray, *, priors: dict[str, Prior]
) -> np.ndarray:
    """Own features (n, len(NAMES)) of children, each from a registry that ends for it on its day;
    context missing.

    `child` holds each child once.
    """
    if len(np.unique(child)) != len(child):
        raise ValueError("a child may be asked about once")
    last_day = np.full(len(registry.child_ids), -(2**30), np.int32)
    last_day[child] = day
    return as_of(Clock(cut(registry, last_day)), child, day, priors=priors)


def context_without_future(
    registry: Registry, child: np.ndarray, day: int, *, priors: dict[str, Prior]
) -> np.ndarray:
    """Features (n, len(NAMES)) of children on one day, from a registry that ends for everybody on
    it."""
    clock = Clock(cut(registry, np.full(len(registry.child_ids), day, np.int32)))
    return as_of(
        clock, child, np.full(len(child), day, np.int32), priors=priors, context=Context(clock)
    )


def differing(one: np.ndarray, other: np.ndarray) -> list[str]:
    """Names of the columns whose bits differ in any row (NaN equals NaN)."""
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    return [name for name, equal in zip(NAMES, same.all(axis=0), strict=True) if not equal]


def known_later(registry: Registry, *, days: int) -> tuple[Registry, float]:
    """(the registry, had its assumed dates of entry been so many days later; the share of rows that
    moved).

    A row counts as assumed where it was known on its own day (attendance: when its month was over).
    Stays keep their days: a score is asked for because the child was admitted or discharged.
    """
    tables = {name: registry.table(name) for name in OWN_DAY if name != "episodes"}
    moved = {name: _assumed(name, table) for name, table in tables.items()}
    later: dict[str, Any] = {
        name: table.having(
            known_from=(table["known_from"] + np.where(moved[name], days, 0)).astype(np.int32)
        )
        for name, table in tables.items()
    }
    rows = sum(table.rows for table in tables.values())
    return replace(registry, **later), sum(int(mask.sum()) for mask in moved.values()) / max(
        rows, 1
    )


def _assumed(name: str, table: Table) -> np.ndarray:
    after = LONGEST_MONTH_DAYS if name == "attendance" else 0
    return table["known_from"] <= table[OWN_DAY[name]].astype(np.int64) + after
