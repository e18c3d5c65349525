"""The registry as it was known before a day: cut by hand from the tables, not by the clock.

`features.clock` masks; `cut` removes: a feature that differs between the two has seen what it must
not see (`training.evaluation.probes`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from registry.contract.registry import NEVER, OWN_DAY, Registry, Table
from registry.contract.versions import DAYS_SPOKEN_OF, last_day
from registry.store.partitions import told_before
from registry.store.store import Store


@dataclass(frozen=True)
class KnownBefore:
    """What a store knew before the day `until` (a number), of which each of its parts cuts its own
    records: how far they reached (`recorded_until`), and the share of assumed days of entry."""

    until: int
    recorded_until: int
    share_assumed_dates: float

    @classmethod
    def of(cls, store: Store, until: int) -> KnownBefore:
        """Asked of a store's database."""
        return cls(until, *told_before(store, until))

    def cut(self, registry: Registry) -> Registry:
        """The records of a registry, or of a part of it, that were known before the day."""
        facts = registry.facts | {"share_assumed_dates": self.share_assumed_dates}
        return known_before(
            replace(registry, facts=facts), self.until, recorded_until=self.recorded_until
        )


def cut(registry: Registry, last_day: np.ndarray) -> Registry:
    """The registry without anything known after each child's `last_day` (int32, one a child
    position)."""
    tables: dict[str, Any] = {
        name: _cut_table(registry.table(name), last_day) for name in ("children", *OWN_DAY)
    }
    tables["episodes"] = _cut_close(tables["episodes"], last_day)
    tables["children"] = _cut_leaving(tables["children"], last_day)
    return replace(registry, **tables, recorded_until=int(last_day.max(initial=0)))


def known_before(registry: Registry, until: int, *, recorded_until: int | None = None) -> Registry:
    """The whole registry as it was known on the eve of a day (number): a training on it is the same
    whatever later imports bring, correct or move.

    Rows and closes known from that day on are gone, what replaced a row later never did, children
    whom nobody knew have no position, and the records end where they then ended
    (`recorded_until`, where these are a part of the records only).
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
        recorded_until=last_day({name: seen.table(name) for name in DAYS_SPOKEN_OF})
        if recorded_until is None
        else recorded_until,
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
