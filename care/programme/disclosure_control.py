"""Disclosure control: primary and secondary suppression of small cells.

Primary suppression withholds the counts of so few children that one of them could be recognised.
That alone would not hide them, because what is published ties counts together: centres add up to
sectors, projects and districts, months to the whole time, and a share with its count gives the
number of which it is a share. So secondary suppression withholds a *move* with each small count:
cells that could be raised and lowered by one together without changing any published figure. A cell
of a move has more than one possible value, whatever else is published.

A move takes two places of the same parent (or one place without a parent), two months (or one and
the whole time) and, among counts with a known total, two of these counts, and withholds all
combinations of them. Source of the idea: Kelly, Golden, Assad 1992, "Cell suppression: disclosure
protection for sensitive tabular data", Networks 22.
"""

from __future__ import annotations

import numpy as np

from care.programme.areas import Areas
from registry.contract.arrays import Flags, Floats, Ints
from registry.machine.numba_kernels import njit


def withheld(counts: Floats, areas: Areas, *, smallest: int, last_is_sum: bool) -> Flags:
    """Cells to withhold, bool, of counts that together have a known total in each place and time.

    counts: float64 (kinds, places, times), the last time standing for all: the sum of the others
    (`last_is_sum`), or the same as the one before it. `areas` says how places add up.
    """
    hidden = (counts > 0) & (counts < smallest)
    _withhold(
        counts,
        hidden,
        areas.place_of,
        areas.first,
        areas.last,
        areas.level_of,
        smallest,
        last_is_sum,
    )
    return hidden


@njit(cache=True)
def _withhold(
    counts: Floats,
    hidden: Flags,
    place_of: Ints,
    first: Ints,
    last: Ints,
    level_of: Ints,
    smallest: int,
    adds_up: bool,
) -> None:
    kinds, places, times = counts.shape
    moved = np.zeros(counts.shape, np.bool_)
    for kind in range(kinds):
        for place in range(places):
            for time in range(times):
                small = 0 < counts[kind, place, time] < smallest
                if small and not moved[kind, place, time]:
                    _add_move(
                        counts,
                        hidden,
                        moved,
                        place_of,
                        first,
                        last,
                        level_of[place],
                        adds_up,
                        kind,
                        place,
                        time,
                    )


@njit(cache=True)
def _add_move(
    counts: Floats,
    hidden: Flags,
    moved: Flags,
    place_of: Ints,
    first: Ints,
    last: Ints,
    level: int,
    adds_up: bool,
    kind: int,
    place: int,
    time: int,
) -> None:
    """Withhold a move through this cell; a parent's only place has the parent's count, and is in
    the parent's move."""
    centre = _fullest(counts, place_of, first, last, level, kind, place, time)
    above = level + 1
    while above < len(place_of) and place_of[above, centre] < 0:
        above += 1
    other = -1
    if above < len(place_of):
        other = _beside(counts, hidden, place_of, first, last, level, above, kind, centre, time)
        if other < 0:
            return
    kind2 = _cheapest_kind(counts, hidden, kind, place, time)
    place2 = place_of[level, other] if other >= 0 else place
    time2 = (
        _cheapest_time(counts, hidden, kind, place, place2, time)
        if adds_up
        else _same_as_last(counts, time)
    )
    for k in (kind, kind2):
        for t in (time, time2):
            for above in range(len(place_of)):
                here, there = place_of[above, centre], place_of[above, other] if other >= 0 else -1
                if here != there:
                    if here >= 0:
                        hidden[k, here, t] = moved[k, here, t] = True
                    if there >= 0:
                        hidden[k, there, t] = moved[k, there, t] = True


@njit(cache=True)
def _fullest(
    counts: Floats,
    place_of: Ints,
    first: Ints,
    last: Ints,
    level: int,
    kind: int,
    place: int,
    time: int,
) -> int:
    """The centre of a place that has the most of a count."""
    best, most = -1, -1.0
    for centre in range(first[place], last[place]):
        if place_of[level, centre] == place and counts[kind, place_of[0, centre], time] > most:
            best, most = centre, counts[kind, place_of[0, centre], time]
    return best


@njit(cache=True)
def _cost(counts: Floats, hidden: Flags, kind: int, place: int, time: int) -> float:
    """What withholding a cell loses: nothing where it is withheld already; a zero is taken only
    where nothing else is left."""
    count = counts[kind, place, time]
    return 0.0 if hidden[kind, place, time] else (count if count > 0 else 1e12)


@njit(cache=True)
def _beside(
    counts: Floats,
    hidden: Flags,
    place_of: Ints,
    first: Ints,
    last: Ints,
    level: int,
    above: int,
    kind: int,
    centre: int,
    time: int,
) -> int:
    """A centre of another place of the same parent; -1 where the parent has no other."""
    parent, best, least = place_of[above, centre], -1, np.inf
    for other in range(first[parent], last[parent]):
        place = place_of[level, other]
        if place_of[above, other] != parent or place < 0 or place == place_of[level, centre]:
            continue
        cost = _cost(counts, hidden, kind, place, time)
        if cost < least:
            best, least = other, cost
    return best


@njit(cache=True)
def _cheapest_kind(counts: Floats, hidden: Flags, kind: int, place: int, time: int) -> int:
    """Another kind of the same total: a withheld one, else the smallest (also zero), so that the
    large counts stay published."""
    best, least = kind, np.inf
    for other in range(len(counts)):
        cost = -1.0 if hidden[other, place, time] else counts[other, place, time]
        if other != kind and cost < least:
            best, least = other, cost
    return best


@njit(cache=True)
def _cheapest_time(
    counts: Floats, hidden: Flags, kind: int, place: int, place2: int, time: int
) -> int:
    """Another month; the fullest, or the only one, for the whole and where there is but one."""
    times: int = counts.shape[2]
    best, least = times - 1, np.inf
    for other in range(times - 1):
        cost = _cost(counts, hidden, kind, place, other) + _cost(
            counts, hidden, kind, place2, other
        )
        if other != time and cost < least:
            best, least = other, cost
    return best


@njit(cache=True)
def _same_as_last(counts: Floats, time: int) -> int:
    """The whole stands for the last month, and the last month for the whole."""
    times: int = counts.shape[2]
    if time == times - 2:
        return times - 1
    return times - 2 if time == times - 1 else time
