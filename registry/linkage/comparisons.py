"""How alike two rows are, field by field: each comparison gives one of a few named levels, or
nothing where one of them does not know.

Every comparison is symmetric: whichever register stands first, the level is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from registry.contract.arrays import AnyArray, Codes, Days, Flags, Ints
from registry.linkage.candidate_pairs import calendar
from registry.linkage.register_view import RegisterView
from registry.linkage.same_measurements import AGAINST, FOR, MEASURED, measured_levels

SAME_NAME, LIKE_NAME = 0.80, 0.60
"""Dice's coefficient of two filters: one name encoded twice has about 0.9 (2 % of the bits are
flipped each time), with one letter of eight changed about 0.7, two names about 0.3."""

Compare = Callable[[RegisterView, RegisterView, Ints, Ints], Codes]


@dataclass(frozen=True)
class Comparison:
    """One field: the sentence of each level, the first guesses of how often true pairs and other
    candidates show it, the first level that never speaks for one child, and how the level is found
    (-1: one of the two does not know)."""

    name: str
    levels: tuple[str, ...]
    first_guess: tuple[float, ...]
    among_others: tuple[float, ...]
    never_for: int
    compare: Compare


def _levels(conditions: list[Flags], missing: Flags) -> Codes:
    """The first condition that holds, the number after the last where none does, -1 where
    missing."""
    level = np.select(conditions, list(range(len(conditions))), default=len(conditions))
    return np.where(missing, -1, level).astype(np.int8)


def _sex(one: RegisterView, other: RegisterView, left: Ints, right: Ints) -> Codes:
    mine, theirs = one.sex[left], other.sex[right]
    return _levels([mine == theirs], (mine < 0) | (theirs < 0))


def _family(one: RegisterView, other: RegisterView, left: Ints, right: Ints) -> Codes:
    mine, theirs = one.family[left], other.family[right]
    return _levels([mine == theirs], (mine < 0) | (theirs < 0))


def _place(one: RegisterView, other: RegisterView, left: Ints, right: Ints) -> Codes:
    mine, theirs = one.centre[left], other.centre[right]
    sector = one.sector[left] == other.sector[right]
    return _levels([mine == theirs, sector], (mine < 0) | (theirs < 0))


def _birth_weight(one: RegisterView, other: RegisterView, left: Ints, right: Ints) -> Codes:
    apart = np.abs(one.birth_weight_kg[left] - other.birth_weight_kg[right])
    return _levels([apart < 0.03, apart < 0.28], np.isnan(apart))


def _birth_date(one: RegisterView, other: RegisterView, left: Ints, right: Ints) -> Codes:
    return birth_date_levels(one.birth_date[left], other.birth_date[right])


def birth_date_levels(mine: Days, theirs: Days) -> Codes:
    """How alike dates of birth are, pair by pair: levels of the comparison `birth_date`, 0 and 1
    for the same."""
    (y1, m1, d1), (y2, m2, d2) = calendar(mine), calendar(theirs)
    same, apart = mine == theirs, np.abs(mine.astype(np.int64) - theirs)
    year, month, day = y1 == y2, m1 == m2, d1 == d2
    new_year = ((m1 == 1) & (d1 == 1)) | ((m2 == 1) & (d2 == 1))
    conditions = [
        same & (d1 != 1),
        same,
        year & (m1 == d2) & (d1 == m2),
        year & month & ((d1 == 1) | (d2 == 1)),
        year & new_year,
        apart <= 7,
        (year & day) | (month & day & (np.abs(y1 - y2) == 1)) | (year & month),
        apart <= 62,
    ]
    return _levels(conditions, np.zeros(len(mine), np.bool_))


def _name(one: RegisterView, other: RegisterView, left: Ints, right: Ints) -> Codes:
    level = np.full(len(left), -1, np.int8)
    both = np.flatnonzero(one.named[left] & other.named[right])
    if len(both):
        alike = dice(one.filters[left[both]], other.filters[right[both]])
        level[both] = np.select([alike >= SAME_NAME, alike >= LIKE_NAME], [0, 1], default=2)
    return level


def dice(mine: AnyArray, theirs: AnyArray) -> AnyArray:
    """Dice's coefficient of two filters (rows of bytes), row by row: 1 alike, 0 nothing shared."""
    shared = np.bitwise_count(mine & theirs).sum(1, dtype=np.int64)
    whole = np.bitwise_count(mine).sum(1, dtype=np.int64) + np.bitwise_count(theirs).sum(
        1, dtype=np.int64
    )
    alike: AnyArray = 2.0 * shared / np.maximum(whole, 1)
    return alike


COMPARISONS = (
    Comparison("sex", ("same sex", "other sex"), (0.99, 0.01), (0.6, 0.4), 1, _sex),
    Comparison(
        "birth_date",
        (
            "same date of birth",
            "same date of birth, a first of the month",
            "day and month swapped",
            "same month, one knows no day",
            "same year, one is 1 January",
            "born within a week",
            "one part of the date differs",
            "born within two months",
            "other date of birth",
        ),
        (0.80, 0.06, 0.02, 0.03, 0.02, 0.03, 0.02, 0.01, 0.01),
        (0.09, 0.01, 0.04, 0.01, 0.02, 0.05, 0.08, 0.25, 0.45),
        8,
        _birth_date,
    ),
    Comparison("family", ("same family", "other family"), (0.97, 0.03), (0.1, 0.9), 1, _family),
    Comparison(
        "place",
        ("same centre", "other centre of the sector", "other sector"),
        (0.92, 0.06, 0.02),
        (0.85, 0.12, 0.03),
        1,
        _place,
    ),
    Comparison(
        "birth_weight",
        ("same birth weight", "birth weights within 250 g", "other birth weight"),
        (0.85, 0.10, 0.05),
        (0.05, 0.35, 0.60),
        2,
        _birth_weight,
    ),
    Comparison(
        "measurements",
        MEASURED.levels,
        MEASURED.first_guess,
        MEASURED.among_others,
        AGAINST[0],
        measured_levels,
    ),
    Comparison(
        "name",
        ("same name", "like name", "other name"),
        (0.85, 0.10, 0.05),
        (0.02, 0.08, 0.9),
        2,
        _name,
    ),
)
"""All fields; guesses among others are those of the simulator's candidates, rounded. Each field is
thought independent of the others given that two rows are, or are not, of one child. They are not
quite (twins share three of them), which is why weights are judged on pairs with known truth, and
`doubted` and contested pairs are shown to a person."""


def compared(one: RegisterView, other: RegisterView, left: Ints, right: Ints) -> Codes:
    """Levels of all comparisons, (pairs, comparisons); -1 where not known."""
    return np.stack([c.compare(one, other, left, right) for c in COMPARISONS], axis=1)


def doubted(levels: Codes) -> Flags:
    """Pairs that something about the body, or the name, speaks against, without two days of equal
    readings to outweigh it: what a twin looks like whose own row is missing."""
    level = {c.name: levels[:, at] for at, c in enumerate(COMPARISONS)}
    against: Flags = (level["sex"] == 1) | (level["birth_weight"] == 2) | (level["name"] == 2)
    against |= np.isin(level["measurements"], AGAINST)
    return against & ~np.isin(level["measurements"], FOR)


def vouched(levels: Codes) -> Flags:
    """Pairs that several equal readings, or the same name, speak for."""
    level = {c.name: levels[:, at] for at, c in enumerate(COMPARISONS)}
    spoken: Flags = np.isin(level["measurements"], FOR) | (level["name"] == 0)
    return spoken
