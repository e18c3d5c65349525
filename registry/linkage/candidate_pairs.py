"""Blocking: the pairs that are worth comparing, found by several keys so that an error in one does
not lose a child."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from registry.contract.arrays import AnyArray, Flags, Ints
from registry.contract.keys import key_numbers
from registry.linkage.register_view import RegisterView

LARGEST_BLOCK = 2_500
"""Pairs under one key; a key that more share (1 January in a whole district) tells nobody apart."""


def calendar(days: AnyArray) -> tuple[Ints, Ints, Ints]:
    """Year, month (1 to 12) and day of the month (1 to 31) of day numbers."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    year_month = months.astype(np.int64)
    day = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    return year_month // 12 + 1970, year_month % 12 + 1, day


def candidate_pairs(one: RegisterView, other: RegisterView) -> tuple[Ints, Ints, int]:
    """Positions in both registers of each pair, once, sorted; and how many keys were too common to
    be used."""
    codes, skipped = [np.empty(0, np.int64)], 0
    for mine, theirs in _keys(one, other):
        left, right, common = joined(mine, theirs)
        codes.append(np.unique(left * len(other) + right))
        skipped += common
    both = np.unique(np.concatenate([*codes, _measured_alike(one, other)]))
    return both // max(len(other), 1), both % max(len(other), 1), skipped


def pairs_within(view: RegisterView) -> tuple[Ints, Ints, int]:
    """The same of one register: pairs of two of its rows, the earlier first."""
    left, right, skipped = candidate_pairs(view, view)
    return left[left < right], right[left < right], skipped


def paired_within(rows: Ints, key: Ints) -> tuple[Ints, Ints]:
    """Pairs of different rows that share a key, the smaller first, once and sorted."""
    left, right, _ = joined(key, key)
    first, second = rows[left], rows[right]
    size = int(rows.max(initial=0)) + 1
    codes = np.unique(first[first < second] * size + second[first < second])
    return codes // size, codes % size


def _keys(one: RegisterView, other: RegisterView) -> Iterator[tuple[Ints, Ints]]:
    """One key of every child of both registers at a time; -1 where the child has none."""
    views = (one, other)
    yield one.family, other.family
    parts = [calendar(view.birth_date) for view in views]
    months = [year * 12 + month for year, month, _ in parts]
    for shift in (-1, 0, 1):
        yield _paired(
            [(one.centre, months[0] + shift), (other.centre, months[1])], [one.centre, other.centre]
        )
    yield _paired([(view.sector, view.birth_date) for view in views], [v.sector for v in views])
    # Day and month swapped: the same key whichever way they were written.
    swapped = [(y, np.minimum(m, d), np.maximum(m, d)) for y, m, d in parts]
    yield _paired(
        [(v.sector, *key) for v, key in zip(views, swapped, strict=True)], [v.sector for v in views]
    )
    # Parts of the date mistyped: day and month, or the year, within the centre.
    for keep in ((1, 2), (0,)):
        yield _paired(
            [
                (v.centre, v.sex, *(part[at] for at in keep))
                for v, part in zip(views, parts, strict=True)
            ],
            [v.centre for v in views],
        )
    # Moved away: the district, or any place where the registers share no districts' codes.
    grams = [_hundredths(view.birth_weight_kg) for view in views]
    yield _paired(
        [(v.district, v.birth_date, v.sex, g) for v, g in zip(views, grams, strict=True)], grams
    )
    named = [np.where(view.named, 0, -1) for view in views]
    yield _paired([(v.district, v.birth_date, v.sex) for v in views], named)


def _hundredths(values: AnyArray) -> Ints:
    known = ~np.isnan(values)
    return np.where(known, np.round(np.where(known, values, 0) * 100), -1).astype(np.int64)


def _paired(columns: Sequence[tuple[AnyArray, ...]], needed: Sequence[Ints]) -> tuple[Ints, Ints]:
    """One integer key from several columns, in the same numbers for both registers."""
    first, second = columns
    stacked = [np.concatenate([a, b]).astype(np.int64) for a, b in zip(first, second, strict=True)]
    keys = key_numbers(stacked)
    many = len(first[0])
    return (
        np.where(needed[0] < 0, -1, keys[:many]),
        np.where(needed[1] < 0, -1, keys[many:]),
    )


def joined(mine: Ints, theirs: Ints, *, most: int | None = LARGEST_BLOCK) -> tuple[Ints, Ints, int]:
    """All pairs with one key (-1: none), of keys that at most so many pairs share, and how many
    keys are too common."""
    left, right = np.flatnonzero(mine >= 0), np.flatnonzero(theirs >= 0)
    left, right = (
        left[np.argsort(mine[left], kind="stable")],
        right[np.argsort(theirs[right], kind="stable")],
    )
    keys, start, many = np.unique(mine[left], return_index=True, return_counts=True)
    first = np.searchsorted(theirs[right], keys, side="left")
    there = np.searchsorted(theirs[right], keys, side="right") - first
    common: Flags = many * there > (np.inf if most is None else most)
    used = (there > 0) & ~common
    start, many, first, there = start[used], many[used], first[used], there[used]
    rows = left[_ranges(start, many)]
    repeated = np.repeat(there, many)
    return (
        np.repeat(rows, repeated),
        right[_ranges(np.repeat(first, many), repeated)],
        int(common.sum()),
    )


def _ranges(start: Ints, many: Ints) -> Ints:
    """start[0], start[0] + 1, … (many[0] of them), then the same of the next."""
    total = int(many.sum())
    before = np.repeat(np.cumsum(many) - many, many)
    return np.repeat(start, many) + np.arange(total) - before


def _measured_alike(one: RegisterView, other: RegisterView) -> Ints:
    """Pairs of one sex who were, on two days at least, of one weight and height: within the sector
    whatever their dates of birth, within the district if born in one month, anywhere if born on one
    day."""
    views = (one, other)
    sectors = [(view.sector, np.zeros(len(view), np.int64)) for view in views]
    months = [(view.district, calendar(view.birth_date)) for view in views]
    districts = [(place, year * 12 + month) for place, (year, month, _) in months]
    anywhere = [(np.zeros(len(view), np.int64), view.birth_date) for view in views]
    scopes = (sectors, districts, anywhere)
    return np.concatenate([_same_twice(one, other, scope) for scope in scopes])


def _same_twice(one: RegisterView, other: RegisterView, scope: list[tuple[Ints, AnyArray]]) -> Ints:
    """Pairs with one scope (place, and what else) and equal weight and height on two days or
    more."""
    columns, needed = [], []
    for view, (place, born) in zip((one, other), scope, strict=True):
        child = view.measured_child
        weight, height = _hundredths(view.weight_kg) // 10, _hundredths(view.height_cm) // 100
        facts = (place[child], born[child], view.sex[child], view.measured_on, weight, height)
        columns.append(facts)
        needed.append(np.where((weight < 0) | (height < 0) | (place[child] < 0), -1, 0))
    left, right, _ = joined(*_paired(columns, needed))
    codes = one.measured_child[left] * len(other) + other.measured_child[right]
    pairs, times = np.unique(codes, return_counts=True)
    found: Ints = pairs[times >= 2]
    return found
