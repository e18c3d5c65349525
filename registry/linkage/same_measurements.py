"""Do two rows tell of one body: the same weight and height on the same day, else a growth that
continues."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from registry.contract.arrays import AnyArray, Codes, Flags, Floats, Ints
from registry.linkage.register_view import RegisterView

SAME_WEIGHT_KG, SAME_HEIGHT_CM = 0.055, 0.55
"""Readings that were copied differ by their rounding only."""
NEAR_DAYS = 45
"""Readings of two registers up to so many days apart can be set against each other."""
DATED_LATE_DAYS = 7
"""A register that copies may date a reading by the day of entry: a few days later it can still be
the same reading."""
POINTS = {"weight_and_height": 3, "weight": 2, "dated_late": 2, "weight_dated_late": 1, "other": -2}
"""What one reading says: both the same on one day; the weight the same and a height not known; the
same two dated a few days apart; another reading on the same day. In proportion to log2 of how much
more often the simulator's true pairs show each than its other candidates do (6.6, 4.3, 8.5 and 4.4,
-4.2 bits; those dated late at less, since a register that weighs for itself shows them by chance
as often as not)."""
MANY, SEVERAL, FEW, ONE = 12, 6, 4, 2
"""Points from which a level is reached."""
PAIRS_AT_ONCE = 100_000


class Measured(NamedTuple):
    """Sentences of the levels, and the first guesses of their shares among true pairs and other
    candidates."""

    levels: tuple[str, ...]
    first_guess: tuple[float, ...]
    among_others: tuple[float, ...]


MEASURED = Measured(
    (
        "many readings the same",
        "several readings the same",
        "a few readings the same",
        "a reading the same",
        "some readings the same, as many not",
        "other readings on the same days",
        "weights that continue each other",
        "weights up to a tenth apart",
        "weights that do not fit",
    ),
    (0.36, 0.20, 0.06, 0.05, 0.10, 0.04, 0.12, 0.05, 0.02),
    (0.001, 0.002, 0.003, 0.02, 0.01, 0.637, 0.02, 0.10, 0.207),
)
FOR, AGAINST = (0, 1), (5, 8)
"""Levels that two bodies hardly show by chance, and levels that one body hardly shows."""


def measured_levels(one: RegisterView, other: RegisterView, left: Ints, right: Ints) -> Codes:
    """The level of each pair (see `MEASURED`); -1 where no reading of one is near one of the
    other."""
    found = np.full(len(left), -1, np.int8)
    for start in range(0, len(left), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        found[part] = _levels_of(one, other, left[part], right[part])
    return found


def _levels_of(one: RegisterView, other: RegisterView, left: Ints, right: Ints) -> Codes:
    there, back = _evidence(one, other, left, right), _evidence(other, one, right, left)
    points = np.maximum(there.points, back.points)
    equal = np.maximum(there.equal, back.equal)
    near = there.near + back.near
    distance = (there.apart + back.apart) / np.maximum(near, 1)
    conditions: list[Flags] = [
        points >= MANY,
        points >= SEVERAL,
        points >= FEW,
        points >= ONE,
        equal > 0,
        there.other > 0,
        (near > 0) & (distance <= 0.035),
        (near > 0) & (distance <= 0.10),
        near > 0,
    ]
    return np.select(conditions, list(range(len(conditions))), default=-1).astype(np.int8)


class SameReadings(NamedTuple):
    """For each pair: points (see `POINTS`), readings that are the same, other readings of the same
    days, readings of the first register that are near one of the second in time, and the sum of
    their relative differences."""

    points: Floats
    equal: Floats
    other: Floats
    near: Floats
    apart: Floats


def _evidence(one: RegisterView, other: RegisterView, left: Ints, right: Ints) -> SameReadings:
    start = np.searchsorted(one.measured_child, left, side="left")
    many = np.searchsorted(one.measured_child, left, side="right") - start
    pair = np.repeat(np.arange(len(left)), many)
    row = np.repeat(start - (np.cumsum(many) - many), many) + np.arange(len(pair))
    if not len(other.measured_child):
        row, pair = row[:0], pair[:0]
    row, pair = row[~np.isnan(one.weight_kg[row])], pair[~np.isnan(one.weight_kg[row])]
    nearest = _nearest(other, right[pair], one.measured_on[row])
    gap = np.abs(other.measured_on[nearest].astype(np.int64) - one.measured_on[row])
    there = (other.measured_child[nearest] == right[pair]) & (gap <= NEAR_DAYS)
    there &= ~np.isnan(other.weight_kg[nearest])
    pair, row, nearest, gap = pair[there], row[there], nearest[there], gap[there]
    mine, theirs = one.weight_kg[row], other.weight_kg[nearest]
    height_cm = np.abs(one.height_cm[row] - other.height_cm[nearest])
    same = (np.abs(mine - theirs) < SAME_WEIGHT_KG) & ~(height_cm >= SAME_HEIGHT_CM)
    relative = np.abs(mine - theirs) / np.maximum(mine, theirs)
    points = _points(same, gap, both=~np.isnan(height_cm))
    dated = gap <= DATED_LATE_DAYS
    of_each = (points, same & dated, (gap == 0) & ~same, np.ones(len(pair)), relative)
    return SameReadings(*(_sums(pair, values, len(left)) for values in of_each))


def _points(same: Flags, gap: Ints, *, both: Flags) -> Ints:
    """Points of each reading and the nearest of the other register, `gap` days apart."""
    today, late = gap == 0, gap <= DATED_LATE_DAYS
    conditions = [
        today & same & both, today & same, late & same & both, late & same, today & ~same,
    ]  # fmt: skip
    return np.select(conditions, list(POINTS.values()), default=0)


def _sums(pair: Ints, values: AnyArray, many: int) -> Floats:
    return np.bincount(pair, weights=values, minlength=many).astype(np.float64)


def _nearest(view: RegisterView, child: Ints, day: AnyArray) -> Ints:
    """The row of this child that is nearest to each day, the earlier of two; where it has none, a
    row of another child."""
    key = view.measured_child * 2**20 + view.measured_on
    wanted = child * 2**20 + day
    after = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(np.abs(wanted - key[before]) <= np.abs(key[after] - wanted), before, after)
