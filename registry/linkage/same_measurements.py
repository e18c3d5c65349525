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
PAIRS_AT_ONCE = 100_000


class Measured(NamedTuple):
    """Sentences of the levels, and the first guesses of their shares among true pairs and other
    candidates."""

    levels: tuple[str, ...]
    first_guess: tuple[float, ...]
    among_others: tuple[float, ...]


MEASURED = Measured(
    (
        "same weight and height on six days or more",
        "same weight and height on two to five days",
        "same weight and height on one day",
        "some readings of a day the same, some not",
        "other readings on the same days",
        "weights that continue each other",
        "weights up to a tenth apart",
        "weights that do not fit",
    ),
    (0.36, 0.20, 0.06, 0.15, 0.04, 0.12, 0.05, 0.02),
    (0.001, 0.002, 0.005, 0.015, 0.65, 0.02, 0.10, 0.207),
)
FOR, AGAINST = (0, 1), (4, 7)
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
    shared, equal, near, apart = _evidence(one, other, left, right)
    _, _, near_back, apart_back = _evidence(other, one, right, left)
    share = equal / np.maximum(shared, 1)
    near = near + near_back
    distance = (apart + apart_back) / np.maximum(near, 1)
    conditions: list[Flags] = [
        (share >= 0.7) & (equal >= 6),
        (share >= 0.7) & (equal >= 2),
        (share >= 0.7) & (equal == 1),
        (shared > 0) & (share >= 0.25),
        shared > 0,
        (near > 0) & (distance <= 0.035),
        (near > 0) & (distance <= 0.10),
        near > 0,
    ]
    return np.select(conditions, list(range(len(conditions))), default=-1).astype(np.int8)


def _evidence(
    one: RegisterView, other: RegisterView, left: Ints, right: Ints
) -> tuple[Ints, Ints, Ints, Floats]:
    """For each pair: days on which both have a weight, those with the same reading, readings of the
    first that are near one of the second in time, and the sum of their relative differences."""
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
    pair, row, nearest, gap = pair[there], row[there], nearest[there], gap[there]
    mine, theirs = one.weight_kg[row], other.weight_kg[nearest]
    height = np.abs(one.height_cm[row] - other.height_cm[nearest])
    same_day = ~np.isnan(theirs) & (gap == 0)
    equal = same_day & (np.abs(mine - theirs) < SAME_WEIGHT_KG) & ~(height >= SAME_HEIGHT_CM)
    compared = ~np.isnan(theirs)
    relative = np.where(compared, np.abs(mine - theirs) / np.maximum(mine, theirs), 0.0)
    return (
        _sums(pair, same_day, len(left)).astype(np.int64),
        _sums(pair, equal, len(left)).astype(np.int64),
        _sums(pair, compared, len(left)).astype(np.int64),
        _sums(pair, relative, len(left)),
    )


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
