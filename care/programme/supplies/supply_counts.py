"""What supply is reckoned from, centre by centre: sums over the parts of a divided registry that
add up to the whole's, to the bit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from care.pathway.conditions import UCDC, VCDC
from care.programme import by_month
from care.programme.stays import stays_of_centres
from care.programme.supplies import stock_cover, supply
from care.programme.supplies.stock_cover import Counts
from care.programme.supplies.supply import RecentStays
from features.clock import Clock, Known
from registry.contract.arrays import Days, Flags, Floats, Ints
from registry.contract.codes import RationItem
from registry.contract.registry import Registry, Table

YEAR_DAYS = 365
MOVES_MONTHS = 12
"""For so long back a ration is given out in the centre where the child was then."""


@dataclass(frozen=True)
class SupplyCounts:
    """As known by the end of day `today`.

    followed, ended: int64[184] of `supply.lengths`; stays: the recent ones; admitted_own,
    admitted_all: the last year's admissions to UCDC and VCDC, and to any programme; items: by item
    the counts of each centre.
    """

    today: int
    followed: Ints
    ended: Ints
    stays: RecentStays
    admitted_own: int
    admitted_all: int
    items: Mapping[str, Counts]

    @property
    def survival(self) -> Floats:
        """Share of stays that last longer than each day (`supply.survival`)."""
        return supply.survival_of(self.followed, self.ended)

    @property
    def share_of_centres(self) -> float:
        """Of the last year's admissions those to UCDC and VCDC; 1 where there were none."""
        return self.admitted_own / self.admitted_all if self.admitted_all else 1.0

    def taken(self, centres: Ints) -> SupplyCounts:
        """The same with the items of these centres (positions) alone."""
        items = {item: _counts(of, lambda one: one[centres]) for item, of in self.items.items()}
        return replace(self, items=items)


def of(registry: Registry, day: int, *, own_centres: Flags | None = None) -> SupplyCounts:
    """The counts of a registry as known by the end of a day (number).

    own_centres: bool[centres + 1], whose children's stays are counted (last: of no centre); None:
    everybody's.
    """
    clock, children = Clock(registry), np.arange(len(registry.child_ids), dtype=np.int32)
    today = min(day, registry.recorded_until)
    known = clock.known_by(children, np.full(len(children), today, np.int32))
    return of_known(clock, known, day, own_centres=own_centres)


def of_known(
    clock: Clock, known: Known, day: int, *, own_centres: Flags | None = None
) -> SupplyCounts:
    """`of`, where everybody was asked about already.

    A store room counted after the last day that the children's records speak of is heard, where
    that was known by the end of `day`.
    """
    registry = clock.registry
    today = min(day, registry.recorded_until)
    own = np.ones(len(known.day), np.bool_)
    if own_centres is not None:
        own = own_centres[known.children["centre"]]
    mine = own[known.episodes.question]
    centre_stays = (known.episodes["programme"] >= 0) & (known.episodes["programme"] <= VCDC)
    days, closed = stays_of_centres(known)
    of_own = mine[centre_stays]
    followed, ended = supply.lengths(days[of_own], closed[of_own])
    items = stock_cover.every_item(
        clock.stocks(day), _given(registry, known, today), len(registry.centre_ids), today
    )
    admitted = _admitted_of_year(known, mine)
    return SupplyCounts(today, followed, ended, RecentStays.of(known, own), *admitted, items)


def _admitted_of_year(known: Known, rows: Flags) -> tuple[int, int]:
    """The last year's admissions of some rows of the stays: to a centre's own programmes, and
    all."""
    episodes = known.episodes
    ago = known.day[episodes.question].astype(np.int64) - episodes["admitted_on"]
    lately = episodes["programme"][rows & (ago < YEAR_DAYS)]
    return int(((lately == UCDC) | (lately == VCDC)).sum()), len(lately)


def _given(registry: Registry, known: Known, today: int) -> Table:
    """The rations known, each in the centre where its child was at the end of its month."""
    rations = known.rations
    _, ends = by_month.calendar(until=today, months=MOVES_MONTHS)
    centre: Days = by_month.centres_at(registry, known, ends)
    month = np.minimum(np.searchsorted(ends, rations["issued_on"]), len(ends) - 1)
    return Table(
        {
            "centre": centre[month, rations.question].astype(np.int64),
            "item": rations["item"],
            "day": rations["issued_on"].astype(np.int64),
            "quantity": rations["quantity"],
        }
    )


def gathered(parts: Iterable[tuple[Ints, SupplyCounts]], centres: int) -> SupplyCounts | None:
    """The counts of all centres of a registry from those of some centres each: (positions, what was
    `taken` of them), no centre twice. None without any part."""
    every = list(parts)
    if not every:
        return None
    counts = [part for _, part in every]
    stays = RecentStays.sorted(
        np.concatenate([one.stays.centre for one in counts]),
        np.concatenate([one.stays.days for one in counts]),
        np.concatenate([one.stays.open for one in counts]),
    )
    nothing = np.zeros(centres)
    weekly = np.zeros((centres, stock_cover.RATION_WEEKS))
    nowhere = Counts(np.full(centres, -1, np.int64), nothing, nothing, nothing, weekly)
    items = {item.text: _counts(nowhere, np.copy) for item in RationItem}
    for at, part in every:
        for item, own in part.items.items():
            for name, cells in vars(own).items():
                getattr(items[item], name)[at] = cells
    return SupplyCounts(
        max(one.today for one in counts),
        np.sum([one.followed for one in counts], axis=0),
        np.sum([one.ended for one in counts], axis=0),
        stays,
        sum(one.admitted_own for one in counts),
        sum(one.admitted_all for one in counts),
        items,
    )


def _counts(counts: Counts, of: Any) -> Counts:
    """Every column changed by a function."""
    return Counts(**{name: of(cells) for name, cells in vars(counts).items()})


def plain(counts: SupplyCounts) -> dict[str, Any]:
    """As JSON keeps it; `from_plain` gives the very same back."""
    lists = {name: getattr(counts, name).tolist() for name in ("followed", "ended")}
    single = ("today", "admitted_own", "admitted_all")
    return (
        {name: getattr(counts, name) for name in single}
        | lists
        | {
            "stays": {name: cells.tolist() for name, cells in vars(counts.stays).items()},
            "items": {
                item: {name: cells.tolist() for name, cells in vars(of).items()}
                for item, of in counts.items.items()
            },
        }
    )


def from_plain(found: Mapping[str, Any]) -> SupplyCounts:
    """Inverse of `plain`."""
    stays = found["stays"]
    return SupplyCounts(
        today=found["today"],
        followed=np.array(found["followed"], np.int64),
        ended=np.array(found["ended"], np.int64),
        stays=RecentStays(
            centre=np.array(stays["centre"], np.int64),
            days=np.array(stays["days"], np.int64),
            open=np.array(stays["open"], np.bool_),
        ),
        admitted_own=found["admitted_own"],
        admitted_all=found["admitted_all"],
        items={item: _item_of(of) for item, of in found["items"].items()},
    )


def _item_of(plain_item: Mapping[str, Any]) -> Counts:
    days = np.array(plain_item["counted_on"], np.int64)
    return Counts(
        counted_on=days,
        counted=np.array(plain_item["counted"], float),
        given_since=np.array(plain_item["given_since"], float),
        missing=np.array(plain_item["missing"], float),
        weekly=np.array(plain_item["weekly"], float).reshape(len(days), stock_cover.RATION_WEEKS),
    )
