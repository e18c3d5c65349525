"""How places add up: centres to sectors, projects, districts and the state, as one list of places
with the centres of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from registry.contract.arrays import Floats, Ints
from registry.contract.registry import Registry

UPWARDS = ("centre", "sector", "project", "district", "state")
STATE_ID = "state"
"""The one place of the uppermost level: all of a registry."""


@dataclass(frozen=True)
class Areas:
    """All places, centres first, then sectors, projects, districts, the state, each level in the
    registry's own order.

    order: the centres so that those of one place stand together; place_of: int64 (levels, centres),
    for each centre in that order its place of each level (-1: not known); first, last: where a
    place's centres lie in that order; level_of: each place's level; start: where each level's
    places begin, and, last, how many places there are.
    """

    order: Ints
    place_of: Ints
    first: Ints
    last: Ints
    level_of: Ints
    start: Ints

    @classmethod
    def of(cls, registry: Registry) -> Areas:
        """The areas of a registry's centres."""
        centres = len(registry.centre_ids)
        own = np.full((len(UPWARDS), centres), -1, np.int64)
        own[0] = np.arange(centres)
        for level, name in enumerate(UPWARDS[1:-1], start=1):
            own[level, registry.centres["centre"]] = registry.centres[name]
        own[-1] = 0
        named = [len(getattr(registry, f"{name}_ids")) for name in UPWARDS[:-1]]
        return cls.from_places(own, [*named, 1])

    @classmethod
    def from_places(cls, own: Ints, counts: list[int]) -> Areas:
        """From each centre's position in each level's list, int64 (levels, centres), and the lists'
        lengths."""
        start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        order = np.lexsort(own)
        place_of = np.where(own < 0, -1, own + start[:-1, None])[:, order]
        first, last = np.full(start[-1], own.shape[1], np.int64), np.zeros(start[-1], np.int64)
        for places in place_of:
            known = np.flatnonzero(places >= 0)
            np.minimum.at(first, places[known], known)
            np.maximum.at(last, places[known], known + 1)
        return cls(order, place_of, first, last, np.repeat(np.arange(len(counts)), counts), start)

    def rows(self, level: str) -> slice:
        """Where the places of a level stand in the list of all places."""
        at = UPWARDS.index(level)
        return slice(self.start[at], self.start[at + 1])

    def summed(self, cells: Floats) -> Floats:
        """Sums of every place and month, float64 (places, months), from sums by month and
        centre."""
        sums = np.zeros((self.start[-1], len(cells)))
        for places in self.place_of:
            known = places >= 0
            np.add.at(sums, places[known], cells[:, self.order[known]].T)
        return sums
