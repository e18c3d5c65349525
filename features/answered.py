"""What was found stands until the same question is asked again (registry contract, "Answered").

Five questions can be asked of a reading: is WHZ under -3, is the arm under 115 mm, is there oedema,
and is a WHZ or a WAZ too low to believe. A reading answers each with 1 (yes), 0 (no) or -1 (not
asked: an arm that nobody measured, feet that nobody looked at, a WHZ on a stale height). Care,
labels and pages all read findings through this module.
"""

from __future__ import annotations

from features.clock import Ragged
from registry.contract.arrays import Codes, Days, Ints
from registry.contract.registry import NEVER
from registry.machine.numba_kernels import njit

QUESTIONS = ("by_whz", "by_muac", "by_oedema", "low_whz", "low_waz")
"""Columns of `features.trajectory.points.growth_points` that hold a reading's answers (int8), in
this order everywhere."""
BY_WHZ, BY_MUAC, BY_OEDEMA, LOW_WHZ, LOW_WAZ = range(len(QUESTIONS))
SAM_QUESTIONS = 3
"""The first three name SAM for a label; the other two are danger for care and no evidence for a
label."""
NONE = int(NEVER)


@njit(cache=True, nogil=True)
def same_day_until(day: Days, row: int, stop: int) -> int:
    """The first row after `row` that is of another day (rows of a day stand together)."""
    end = row + 1
    while end < stop and day[end] == day[row]:
        end += 1
    return end


@njit(cache=True, nogil=True)
def day_says(answers: Codes, row: int, end: int) -> int:
    """What the rows of one day say together: yes if any says so, else no if any asked, else not
    asked (-1)."""
    said: int = answers[row]
    for other in range(row + 1, end):
        said = max(said, answers[other])
    return said


@njit(cache=True, nogil=True)
def next_answer(
    day: Days, by_whz: Codes, by_muac: Codes, by_oedema: Codes, row: int, stop: int
) -> tuple[int, bool]:
    """(row, SAM) of the day that answers the SAM reading of `row`; (-1, False) where nothing up to
    `stop` does.

    A later SAM reading by any criterion answers it with SAM; else it is answered when every
    criterion that fired has been asked again. Example: an arm of 108 mm on 1 June, WHZ -1.5 without
    an arm on 1 July, an arm of 121 mm on 1 August: answered on 1 August, not SAM; without the last
    of them, not answered.
    """
    end = same_day_until(day, row, stop)
    whz = day_says(by_whz, row, end) == 1
    arm = day_says(by_muac, row, end) == 1
    oedema = day_says(by_oedema, row, end) == 1
    while end < stop:
        row, end = end, same_day_until(day, end, stop)
        on_whz, on_arm = day_says(by_whz, row, end), day_says(by_muac, row, end)
        on_oedema = day_says(by_oedema, row, end)
        if on_whz == 1 or on_arm == 1 or on_oedema == 1:
            return row, True
        whz, arm, oedema = whz and on_whz != 0, arm and on_arm != 0, oedema and on_oedema != 0
        if not (whz or arm or oedema):
            return row, False
    return -1, False


@njit(cache=True, nogil=True)
def note(
    question: int, said: int, today: int, holds: int, since: Ints, last: Ints, at: Ints, row: int
) -> None:
    """Bring one question's finding up to a day: `since`, `last` (its first and newest reading of an
    unbroken row, NONE where it is answered) and `at` (the newest one's row) change in place.

    holds: days between two readings beyond which the second is not the first one's continuation.
    """
    if said == 1:
        goes_on = last[question] != NONE and today - last[question] <= holds
        if not goes_on:
            since[question] = today
        last[question], at[question] = today, row
    elif said == 0:
        since[question], last[question], at[question] = NONE, NONE, -1


@njit(cache=True, nogil=True)
def row_that_says(answers: Codes, row: int, end: int) -> int:
    """Of one day's rows, the first that says yes; the first of the day where none does."""
    for other in range(row, end):
        if answers[other] == 1:
            return other
    return row


def answers_of(points: Ragged) -> tuple[Codes, ...]:
    """The answers of growth points (int8 each), in the order of QUESTIONS."""
    return tuple(points[name] for name in QUESTIONS)
