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
from registry.contract.registry import OWN_DAY, Registry, Table
from training.cohorts.known_before import cut

OF_CONTEXT = np.isin(NAMES, CONTEXT_NAMES)


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
