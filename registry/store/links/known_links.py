"""The links of a store as they are read: which ids are of one child, from which day to which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from registry.contract.arrays import Days, Flags, Ints
from registry.contract.days import NEVER
from registry.contract.registry import DAY, REF
from registry.store.bulk import Bulk


@dataclass(frozen=True)
class KnownLinks:
    """The links of a store by numbers of children, sorted by (other, known_from): each says that
    the records of `other` are read as those of `child` from `known_from` until `known_until`
    (NEVER while it holds). Links of one other never overlap. `no` is that of the decision;
    `brought` are the others (ascending) whose records come from another register."""

    child: Days
    other: Days
    known_from: Days
    known_until: Days
    no: Days
    brought: Days

    def __bool__(self) -> bool:
        return bool(len(self.other) or len(self.brought))

    def with_others(self, children: Days) -> Days:
        """These children (numbers) and all who were ever linked to them, ascending."""
        found = np.unique(children)
        while len(self.other):
            more = np.union1d(found, self.other[np.isin(self.child, found)])
            if len(more) == len(found):
                break
            found = more
        return found.astype(REF)

    def joined_on(self, children: Days, day: int) -> Flags:
        """Which of these children (numbers) are no child of their own on a day: brought, or linked
        to another."""
        holds = (self.known_from <= day) & (day < self.known_until)
        return np.isin(children, self.other[holds]) | np.isin(children, self.brought)

    def touched(self, children: Days) -> Flags:
        """Which of these children (numbers) are an other of some link, or brought."""
        return np.isin(children, self.other) | np.isin(children, self.brought)


def known_links(bulk: Bulk, *, own_only: bool = False) -> KnownLinks:
    """The links of a store. `own_only`: those within this register, for a question of what this
    register itself recorded."""
    kinds: dict[str, type] = {"no": REF, "child": REF, "other": REF, "decided_on": DAY, "same": REF}
    rows = bulk.query(
        "SELECT no, child, other, decided_on, CASE verdict WHEN 'same' THEN 1 ELSE 0 END AS same "
        "FROM links ORDER BY child, other, no",
        kinds,
    )
    brought = bulk.query("SELECT child FROM other_children ORDER BY child", {"child": REF})["child"]
    found = _intervals(rows)
    if own_only:
        own = ~np.isin(found["other"], brought)
        found = {name: column[own] for name, column in found.items()}
    return KnownLinks(**found, brought=brought)


def _intervals(rows: dict[str, Any]) -> dict[str, Days]:
    """The days on which a pair's last decision was `same`, from its decisions in order."""
    same = rows["same"] == 1
    confirmed = same & ~_first_of_pair(rows) & np.append(False, same)[: len(same)]
    rows = {name: column[~confirmed] for name, column in rows.items()}
    last = np.append(_first_of_pair(rows)[1:], True)[: len(rows["no"])]
    until = np.where(last, NEVER, np.append(rows["decided_on"][1:], NEVER)[: len(last)])
    order = np.flatnonzero((rows["same"] == 1) & (until > rows["decided_on"]))
    order = order[np.lexsort([rows["decided_on"][order], rows["other"][order]])]
    return {
        "child": rows["child"][order],
        "other": rows["other"][order],
        "known_from": rows["decided_on"][order],
        "known_until": until[order].astype(DAY),
        "no": rows["no"][order],
    }


def _first_of_pair(rows: dict[str, Any]) -> Flags:
    pair = np.column_stack([rows["child"], rows["other"]])
    first: Flags = np.append(True, (np.diff(pair, axis=0) != 0).any(1))[: len(pair)]
    return first


def positions_of(links: KnownLinks, owner: Days) -> tuple[Ints, Ints]:
    """Of each owner (number) the first of its links and the one after its last."""
    first = np.searchsorted(links.other, owner, side="left")
    return first, np.searchsorted(links.other, owner, side="right")
