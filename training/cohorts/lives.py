"""What outcomes are made of: a child's life at a cutoff, what became of it within some days of an
index, and the rows.

Everything comes from one view of the child at the cutoff (the split date, or the end of the
records).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from features.answered import SAM_QUESTIONS, answers_of, next_answer
from features.clock import Known
from features.criteria import criteria
from features.trajectory.points import growth_points
from models.targets import CENSORED, CONFIRMED_WITHIN, DID_NOT_HAPPEN, HAPPENED
from registry.contract.codes import AppetiteTest, LeftReason, StayOutcome, VisitFinding
from registry.contract.registry import NEVER
from registry.machine.numba_kernels import njit

LAST_DAY = criteria().last_day


IN_COHORT, CURED_UNVERIFIED, FAILED_DISCHARGE = 0, 1, 2
SAM_THEN, NOT_THAT_AGE, TREATED_LATELY, SAM_WAITS, SAM_LATELY = 3, 4, 5, 6, 7
COHORT_WORDS = {
    IN_COHORT: "in_cohort",
    CURED_UNVERIFIED: "cured_unverified",
    FAILED_DISCHARGE: "failed_discharge",
    SAM_THEN: "sam_then",
    NOT_THAT_AGE: "not_that_age",
    TREATED_LATELY: "treated_lately",
    SAM_WAITS: "sam_waits",
    SAM_LATELY: "sam_lately",
}
"""Why an index is not in its cohort. Relapse: no valid reading without SAM within 7 days of the
discharge; SAM or admitted again before day 14. Onset: the reading is SAM; the child is under 28 or
over 1,735 days old; in a programme then or in the 183 days before; an unanswered SAM reading
stands; confirmed SAM in the 183 days before."""


class Outcomes(NamedTuple):
    """One row for each index, arrays of length n (days int32, NEVER where there is none).

    `child`, `index_on`, `episode` (row in the registry's episodes; -1 for onset); `cohort` (codes
    above); `outcome` (1, 0, -1); `event_on` (NEVER unless it happened); `known_on`: the day the
    outcome was known; `followed_until`; `gone_on`: the day from which the child was known to have
    left, died, or grown past 1,826 days; `closed_on`: the close of the index stay (non-response);
    `competing`: 1 where death came first; `room`: 1 where the child does not grow past 1,826 days
    within the horizon (or the question does not end there: non-response).
    """

    child: np.ndarray
    index_on: np.ndarray
    episode: np.ndarray
    cohort: np.ndarray
    outcome: np.ndarray
    event_on: np.ndarray
    known_on: np.ndarray
    followed_until: np.ndarray
    gone_on: np.ndarray
    closed_on: np.ndarray
    competing: np.ndarray
    room: np.ndarray


class Lives(NamedTuple):
    """One view of each child at the cutoff: readings by offsets, and the ends of being followed
    (int32 a child)."""

    offsets: np.ndarray
    day: np.ndarray
    known_from: np.ndarray
    valid: np.ndarray
    sam: np.ndarray
    by_whz: np.ndarray
    by_muac: np.ndarray
    by_oedema: np.ndarray
    oedema: np.ndarray
    stay_offsets: np.ndarray
    admitted_on: np.ndarray
    closed_on: np.ndarray
    programme: np.ndarray
    trouble: np.ndarray
    died_on: np.ndarray
    left_on: np.ndarray
    too_old_on: np.ndarray


def lives(known: Known) -> Lives:
    """Readings, stays and ends of each child of a view (one question a child, at the cutoff)."""
    growth = growth_points(known, smoothed=False)
    child, episodes = known.children, known.episodes
    died = np.where(child["left_reason"] == LeftReason.DIED, child["left_on"], NEVER)
    for table, day, dead in (
        (episodes, "closed_on", episodes["outcome"] == StayOutcome.DIED),
        (known.visits, "visited_on", known.visits["finding"] == VisitFinding.DIED),
    ):
        np.minimum.at(died, table.question[dead], table[day][dead])
    left = np.where(child["left_reason"] == LeftReason.DIED, NEVER, child["left_on"])
    too_old = np.where(
        child["birth_date"] == NEVER, NEVER, np.minimum(child["birth_date"], 2**30) + LAST_DAY + 1
    )
    trouble = (episodes["complications"] == 1.0) | (episodes["appetite_test"] == AppetiteTest.FAIL)
    by_whz, by_muac, by_oedema = answers_of(growth)[:SAM_QUESTIONS]
    return Lives(
        growth.offsets,
        growth["measured_on"],
        growth["known_from"],
        growth["valid"] > 0,
        growth["sam"] > 0,
        by_whz,
        by_muac,
        by_oedema,
        growth["oedema"],
        episodes.offsets,
        episodes["admitted_on"],
        episodes["closed_on"],
        episodes["programme"],
        trouble,
        died,
        left,
        too_old.astype(np.int32),
    )


# Put into their callers: a call hands over the tuple, and its arrays' references are counted.
@njit(cache=True, nogil=True, inline="always")
def first_confirmed(
    life: Lives, child: int, since: int, until: int, confirmations: int
) -> tuple[Any, ...]:
    """(day, known on) of the first confirmed SAM whose first reading lies in the window; (NEVER,
    NEVER) if none.

    `confirmations`: 1 asks for the measurement that answers it (`features.answered`), within 63
    days, to be SAM too; 0 takes a single reading.
    """
    day, is_sam = life.day, life.sam
    for row in range(life.offsets[child], life.offsets[child + 1]):
        if not is_sam[row] or day[row] < since:
            continue
        if day[row] > until:
            break
        if confirmations == 0:
            return day[row], life.known_from[row]
        later, sam = answer(life, child, row)
        if sam and day[later] - day[row] <= CONFIRMED_WITHIN:
            return day[row], max(sam_known_from(life, child, later), life.known_from[row])
    return NEVER, NEVER


@njit(cache=True, nogil=True, inline="always")
def answer(life: Lives, child: int, row: int) -> tuple[int, bool]:
    """(row, SAM) of the day that answers a SAM reading; (-1, False) where none does."""
    return next_answer(
        life.day, life.by_whz, life.by_muac, life.by_oedema, row, life.offsets[child + 1]
    )


@njit(cache=True, nogil=True, inline="always")
def sam_known_from(life: Lives, child: int, row: int) -> Any:
    """From when the first SAM reading of this row's day was known (rows of a day stand
    together)."""
    while (
        row + 1 < life.offsets[child + 1]
        and not life.sam[row]
        and life.day[row + 1] == life.day[row]
    ):
        row += 1
    return life.known_from[row]


@njit(cache=True, nogil=True, inline="always")
def first_admission(life: Lives, child: int, since: int, until: int) -> Any:
    admitted_on = life.admitted_on
    for row in range(life.stay_offsets[child], life.stay_offsets[child + 1]):
        if since <= admitted_on[row] <= until:
            return admitted_on[row]
    return NEVER


@njit(cache=True, nogil=True, inline="always")
def last_valid(life: Lives, child: int, since: int, until: int) -> Any:
    """The day of the last valid reading in the window; `since` where there is none."""
    day, valid = life.day, life.valid
    for row in range(life.offsets[child + 1] - 1, life.offsets[child] - 1, -1):
        if day[row] <= since:
            break
        if day[row] <= until and valid[row]:
            return day[row]
    return since


@njit(cache=True, nogil=True, inline="always")
def waits_since(life: Lives, child: int, since: int, until: int) -> Any:
    """The day of a SAM reading in the window that nothing answers; NEVER where every one is
    answered.

    A later SAM reading answers an earlier one, so only the last of them can wait.
    """
    day, sam = life.day, life.sam
    for row in range(life.offsets[child + 1] - 1, life.offsets[child] - 1, -1):
        if day[row] <= since:
            break
        if day[row] <= until and sam[row]:
            return day[row] if answer(life, child, row)[0] < 0 else NEVER
    return NEVER


@njit(cache=True, nogil=True, inline="always")
def became(
    life: Lives,
    child: int,
    index_on: int,
    since: int,
    end: int,
    followed_from: int,
    cutoff: int,
    confirmations: int,
) -> tuple[Any, ...]:
    """(outcome, event on, known on, followed until, competing) of an index: its event is an
    admission to any programme or confirmed SAM from the day `since` to `end`; `followed_from`: the
    day from which a valid reading, or a death, follows the child to the end. Death competes;
    leaving and growing past 1,826 days censor."""
    label_until = end + CONFIRMED_WITHIN
    gone = min(life.left_on[child], life.too_old_on[child])
    admission = first_admission(life, child, since, end)
    confirmed, known = first_confirmed(life, child, since, min(end, gone), confirmations)
    if admission != NEVER and admission <= confirmed:
        return HAPPENED, admission, admission, admission, False
    if confirmed != NEVER:
        return HAPPENED, confirmed, known, confirmed, False
    died = life.died_on[child]
    if index_on < died <= end:
        return DID_NOT_HAPPEN, NEVER, died, died, True
    seen = last_valid(life, child, index_on, min(label_until, gone))
    within = last_valid(life, child, index_on, min(end, gone))
    waits = waits_since(life, child, index_on, min(end, gone)) if confirmations else NEVER
    followed = seen >= followed_from or followed_from <= died < NEVER
    if followed and waits == NEVER and cutoff >= end:
        return DID_NOT_HAPPEN, NEVER, label_until, end, False
    return CENSORED, NEVER, NEVER, min(within, end, waits), False
