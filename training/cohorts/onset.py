"""Onset: a first slide into SAM, within 91 days, of a child whom nobody treats. One index a child
and calendar quarter.

Source: the registry contract, "Onset". The index is the quarter's first valid measurement; where
that one is SAM, or the child is of another age, treated, or was SAM lately, the quarter has none,
and the reason is counted.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from features.answered import next_answer, same_day_until
from features.clock import Clock
from models.targets import CENSORED, ONSET, ONSET_AGES, ONSET_FOLLOWED_FROM, UNTREATED_DAYS
from registry.contract.arrays import AnyArray, Flags
from registry.contract.registry import NEVER
from registry.machine.numba_kernels import njit
from training.cohorts.lives import (
    IN_COHORT,
    LAST_DAY,
    NOT_THAT_AGE,
    SAM_LATELY,
    SAM_THEN,
    SAM_WAITS,
    TREATED_LATELY,
    Lives,
    Outcomes,
    became,
    first_confirmed,
    lives,
)

PIECE = 50_000
"""Children looked at together: bounds memory, changes nothing."""
_YOUNGEST, _OLDEST = ONSET_AGES
_FOLLOWED_SHARE = ONSET_FOLLOWED_FROM / ONSET.horizon
"""Another horizon is followed to the same share of its end as 56 days are of 91."""


@njit(cache=True, nogil=True, inline="always")
def _treated_lately(life: Lives, child: int, day: int) -> bool:
    """In any programme on the day, or in a stay that lasted into the 183 days before it."""
    admitted_on, closed_on = life.admitted_on, life.closed_on
    for row in range(life.stay_offsets[child], life.stay_offsets[child + 1]):
        if admitted_on[row] <= day and closed_on[row] >= day - UNTREATED_DAYS:
            return True
    return False


@njit(cache=True, nogil=True, inline="always")
def _sam_waits(life: Lives, child: int, row: int, end: int) -> bool:
    """Whether a SAM reading before the day (rows `row` to `end`) is answered by nothing up to and
    on that day."""
    sam = life.sam
    for earlier in range(row - 1, life.offsets[child] - 1, -1):
        if sam[earlier]:
            answered, _ = next_answer(
                life.day, life.by_whz, life.by_muac, life.by_oedema, earlier, end
            )
            return answered < 0
    return False


@njit(cache=True, nogil=True, inline="always")
def _any(flags: Flags, row: int, end: int) -> bool:
    """Whether one of the rows `row` to `end` has it."""
    found: bool = flags[row]
    for other in range(row + 1, end):
        found |= flags[other]
    return found


@njit(cache=True, nogil=True, inline="always")
def _in_cohort(life: Lives, child: int, row: int, end: int) -> int:
    """The code of a quarter's first valid measurement (rows `row` to `end`): in the cohort, or why
    it is not."""
    day = life.day[row]
    age = day - (life.too_old_on[child] - LAST_DAY - 1)
    if _any(life.sam, row, end):
        return SAM_THEN
    if not _YOUNGEST <= age <= _OLDEST:
        return NOT_THAT_AGE
    if _treated_lately(life, child, day):
        return TREATED_LATELY
    if _sam_waits(life, child, row, end):
        return SAM_WAITS
    if first_confirmed(life, child, day - UNTREATED_DAYS, day - 1, 1)[0] != NEVER:
        return SAM_LATELY
    return IN_COHORT


@njit(cache=True, nogil=True)
def _indexes(
    life: Lives,
    quarter: AnyArray,
    index_from: int,
    child: AnyArray,
    day: AnyArray,
    code: AnyArray,
) -> int:
    """Fill (child, day, code) of each child's first valid measurement a quarter, of those on the
    day `index_from` or later; how many there are."""
    count, offsets, days, valid = 0, life.offsets, life.day, life.valid
    for c in range(len(offsets) - 1):
        row, stop, last = offsets[c], offsets[c + 1], NEVER
        while row < stop:
            end = same_day_until(days, row, stop)
            if quarter[row] != last and _any(valid, row, end):
                last = quarter[row]
                if days[row] >= index_from:
                    child[count], day[count] = c, days[row]
                    code[count] = _in_cohort(life, c, row, end)
                    count += 1
            row = end
    return count


@njit(cache=True, nogil=True)
def _became(
    life: Lives,
    child: AnyArray,
    day: AnyArray,
    code: AnyArray,
    cutoff: int,
    horizon: int,
    confirmations: int,
) -> tuple[AnyArray, AnyArray]:
    """(outcome and competing int8, event, known, followed and gone int32) of each index; the left
    out are censored."""
    n = len(child)
    codes, days = np.zeros((2, n), np.int8), np.full((4, n), NEVER, np.int32)
    followed_from = round(horizon * _FOLLOWED_SHARE)
    for i in range(n):
        c = child[i]
        days[3, i] = min(life.died_on[c], life.left_on[c], life.too_old_on[c])
        codes[0, i], days[2, i] = CENSORED, day[i]
        if code[i] == IN_COHORT:
            codes[0, i], days[0, i], days[1, i], days[2, i], codes[1, i] = became(
                life,
                c,
                day[i],
                day[i] + 1,
                day[i] + horizon,
                day[i] + followed_from,
                cutoff,
                confirmations,
            )
    return codes, days


def onsets(
    clock: Clock,
    *,
    cutoff: int,
    horizon: int,
    confirmations: int = 1,
    index_from: int | None = None,
) -> Outcomes:
    """The outcome of every child's first valid measurement of each calendar quarter, as known by
    the cutoff; `index_from`: only of those on this day (number) or later.

    Example: WHZ -1.8 on 2026-01-12 (the first of the quarter), an arm of 112 mm on 2026-02-20 and
    of 113 mm on 2026-03-15: index on 2026-01-12, happened, event on 2026-02-20, known on
    2026-03-15.
    """
    children = np.arange(len(clock.registry.child_ids), dtype=np.int32)
    pieces = [children[begin : begin + PIECE] for begin in range(0, max(len(children), 1), PIECE)]
    since = -int(NEVER) if index_from is None else index_from
    found = [_piece(clock, piece, cutoff, horizon, confirmations, since) for piece in pieces]
    return Outcomes(*(np.concatenate(columns) for columns in zip(*found, strict=True)))


_LAST: WeakKeyDictionary[Clock, tuple[tuple[int, int, int], Lives]] = WeakKeyDictionary()
"""Of each clock the piece that was asked for last, by (cutoff, first child, children): a training
asks for onset within its own horizon and within relapse's, of the same lives."""


def _lives(clock: Clock, children: np.ndarray, cutoff: int) -> Lives:
    asked = int(cutoff), int(children[0]) if len(children) else 0, len(children)
    kept, found = _LAST.get(clock, (None, None))
    if found is None or kept != asked:
        found = lives(clock.known_by(children, np.full(len(children), cutoff, np.int32)))
        _LAST[clock] = asked, found
    return found


def _piece(
    clock: Clock,
    children: np.ndarray,
    cutoff: int,
    horizon: int,
    confirmations: int,
    index_from: int,
) -> Outcomes:
    life = _lives(clock, children, cutoff)
    rows = len(life.day)
    child, day, code = np.empty(rows, np.int32), np.empty(rows, np.int32), np.empty(rows, np.int8)
    count = _indexes(life, _quarter(life.day), index_from, child, day, code)
    child, day, code = child[:count].copy(), day[:count].copy(), code[:count].copy()
    codes, days = _became(life, child, day, code, cutoff, horizon, confirmations)
    room = day.astype(np.int64) + horizon < life.too_old_on[child]
    never = np.full(count, NEVER, np.int32)
    return Outcomes(
        children[child],
        day,
        np.full(count, -1, np.int32),
        code,
        codes[0],
        days[0],
        days[1],
        days[2],
        days[3],
        never,
        codes[1],
        room,
    )


def _quarter(day: np.ndarray) -> np.ndarray:
    """The calendar quarter of each day, counted from the first of 1970 (int32)."""
    months = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return (months // 3).astype(np.int32)
