"""The records that stay at hand after a training, for what looks at them once more: checks, and the
rehearsal as its model would be used."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

import numpy as np

from features.clock import Clock
from features.trajectory.context import Context
from registry.contract.arrays import Flags, Ints
from registry.store.partitions import NOW, drawn_sectors, read_in_place
from registry.store.store import open_store
from training.cohorts.areas_and_days import EVERYBODY, Population
from training.cohorts.known_before import KnownBefore
from training.cohorts.landmarks import Cohort

MOST_AT_HAND = 100_000
"""Children: beyond it whole sectors are drawn by lot, so that a state's checks cost a district's
memory; figures of so many children have intervals narrow enough."""


@dataclass(frozen=True)
class AtHand:
    """Records in memory: all of a store's, or those of some `sectors` (None: all). Positions are
    those of the whole registry."""

    clock: Clock
    context: Context
    own_centres: Flags | None = None
    sectors: tuple[str, ...] | None = None

    @property
    def population(self) -> Population:
        """Whose records they are."""
        return EVERYBODY if self.sectors is None else Population({"sector": self.sectors})

    @property
    def counted(self) -> dict[str, int] | None:
        """How many `children` and `sectors` they are; None for all."""
        if self.sectors is None:
            return None
        children = np.sum([name is not None for name in self.clock.registry.child_ids])
        return {"children": int(children), "sectors": len(self.sectors)}

    def of(self, rows: Cohort) -> Ints | None:
        """Positions of the rows whose child was at its centres on the row's day; None: all."""
        if self.own_centres is None:
            return None
        centre = self.clock.child_on(rows.child, rows.day)["centre"]
        found: Ints = np.flatnonzero(self.own_centres[centre] & (centre >= 0))
        return found

    def own(self, rows: Cohort) -> Cohort:
        """The rows whose child was at its centres on the row's day."""
        at = self.of(rows)
        return rows if at is None else rows.take(at)


def at_hand(
    address: str, known: KnownBefore | None, *, seed: int, most: int | None = MOST_AT_HAND
) -> AtHand:
    """All that a store knew before a day (None: all that it knows), where it had at most so many
    children (None: however many); else that of whole sectors with so many, drawn by lot."""
    with closing(open_store(address, must_exist=True)) as store:
        day = NOW if known is None else known.until - 1
        sectors = None if most is None else drawn_sectors(store, day, most=most, seed=seed)
        if sectors is None:
            registry = store.load()
            clock = Clock(registry if known is None else known.cut(registry))
            return AtHand(clock, Context(clock))
        part = read_in_place(store, sectors)
    clock = Clock(part.registry if known is None else known.cut(part.registry))
    centres = np.flatnonzero(part.own_centres[:-1]).astype(np.int32)
    own = np.unique(clock.area_of(centres, "sector"))
    ids = tuple(part.registry.sector_ids[own[own >= 0]].tolist())
    return AtHand(clock, Context(clock), part.own_centres, ids)
