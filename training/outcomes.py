"""What became of each index, by the registry contract: happened, did not happen, or censored. Unknown is never "no".

Everything is read from one view of each child at the `cutoff` (the split date, or the end of the records): what
was not known by then plays no part.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from features import episodes as stays
from features.answered import SAM_QUESTIONS, answers_of, next_answer
from features.clock import Clock, Known
from features.criteria import criteria
from features.points import growth_points
from models.problems import (
    CENSORED,
    CONFIRMED_WITHIN,
    DID_NOT_HAPPEN,
    FAILED_DISCHARGE_BEFORE,
    FOLLOWED_FROM,
    HAPPENED,
    NON_RESPONSE,
    RELAPSE,
    VERIFIED_WITHIN,
    Problem,
)
from registry.tables import FINDING, LEFT_REASON, NEVER, TRANSFER_REASON

LAST_DAY = criteria().last_day
LEFT_DIED, FOUND_DEAD = LEFT_REASON.index("died"), FINDING.index("died")
NO_GAIN, COMPLICATION, MOVED = (TRANSFER_REASON.index(reason) for reason in ("no_gain", "complication", "moved"))
FACILITY_WITHIN = 7
"""A facility's admission within a week of a transfer is where the child was sent (chosen: the weekly review)."""

IN_COHORT, CURED_UNVERIFIED, FAILED_DISCHARGE = 0, 1, 2
COHORT_WORDS = {IN_COHORT: "in_cohort", CURED_UNVERIFIED: "cured_unverified", FAILED_DISCHARGE: "failed_discharge"}
_RELAPSE_FROM, _LONGEST = FAILED_DISCHARGE_BEFORE, NON_RESPONSE.horizon
_FOLLOWED_SHARE = FOLLOWED_FROM / RELAPSE.horizon
"""A shorter horizon is followed to the same share of its end as 148 days are of 183: 30 days to day 24, 90 to 73."""


class Outcomes(NamedTuple):
    """One row for each index, arrays of length n (days int32, NEVER where there is none).

    `child`, `index_on`, `episode` (row in the registry's episodes); `cohort` (codes above); `outcome` (1, 0, -1);
    `event_on` (NEVER unless it happened); `known_on`: the day the outcome was known; `followed_until`;
    `gone_on`: the day from which the child was known to have left, died, or grown past 1,826 days; `closed_on`:
    the close of the index stay (non-response); `competing`: 1 where death came first; `room`: 1 where the child does
    not grow past 1,826 days within the horizon (or the question does not end there: non-response).
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
    """One view a treated child at the cutoff: readings by offsets, and the ends of being followed (int32 a child)."""

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
    programme: np.ndarray
    trouble: np.ndarray
    died_on: np.ndarray
    left_on: np.ndarray
    too_old_on: np.ndarray


def lives(known: Known) -> Lives:
    """Readings, stays and ends of each child of a view (one question a child, at the cutoff)."""
    growth, child, episodes = growth_points(known), known.children, known.episodes
    died = np.where(child["left_reason"] == LEFT_DIED, child["left_on"], NEVER)
    for table, day, dead in (
        (episodes, "closed_on", episodes["outcome"] == stays.DIED),
        (known.visits, "visited_on", known.visits["finding"] == FOUND_DEAD),
    ):
        np.minimum.at(died, table.question[dead], table[day][dead])
    left = np.where(child["left_reason"] == LEFT_DIED, NEVER, child["left_on"])
    too_old = np.where(child["birth_date"] == NEVER, NEVER, np.minimum(child["birth_date"], 2**30) + LAST_DAY + 1)
    trouble = (episodes["complications"] == 1.0) | (episodes["appetite_test"] == stays.APPETITE_FAILED)
    return Lives(
        growth.offsets, growth["measured_on"], growth["known_from"], growth["valid"] > 0, growth["sam"] > 0,
        *answers_of(growth)[:SAM_QUESTIONS], growth["oedema"],
        episodes.offsets, episodes["admitted_on"], episodes["programme"], trouble,
        died, left, too_old.astype(np.int32),
    )


@njit(cache=True, nogil=True)
def _first_confirmed(life, child, since, until, confirmations):
    """(day, known on) of the first confirmed SAM whose first reading lies in the window; (NEVER, NEVER) if none.

    `confirmations`: 1 asks for the measurement that answers it (`features.answered`), within 63 days, to be SAM too;
    0 takes a single reading.
    """
    for row in range(life.offsets[child], life.offsets[child + 1]):
        if life.day[row] < since or not life.sam[row]:
            continue
        if life.day[row] > until:
            break
        if confirmations == 0:
            return life.day[row], life.known_from[row]
        later, sam = _answer(life, child, row)
        if sam and life.day[later] - life.day[row] <= CONFIRMED_WITHIN:
            return life.day[row], max(_sam_known_from(life, child, later), life.known_from[row])
    return NEVER, NEVER


@njit(cache=True, nogil=True)
def _answer(life, child, row):
    """(row, SAM) of the day that answers a SAM reading; (-1, False) where none does."""
    return next_answer(life.day, life.by_whz, life.by_muac, life.by_oedema, row, life.offsets[child + 1])


@njit(cache=True, nogil=True)
def _sam_known_from(life, child, row):
    """From when the first SAM reading of this row's day was known (rows of a day stand together)."""
    while row + 1 < life.offsets[child + 1] and not life.sam[row] and life.day[row + 1] == life.day[row]:
        row += 1
    return life.known_from[row]


@njit(cache=True, nogil=True)
def _first_admission(life, child, since, until):
    for row in range(life.stay_offsets[child], life.stay_offsets[child + 1]):
        if since <= life.admitted_on[row] <= until:
            return life.admitted_on[row]
    return NEVER


@njit(cache=True, nogil=True)
def _verified(life, child, index_on):
    """A valid reading without SAM within 7 days of the index."""
    for row in range(life.offsets[child], life.offsets[child + 1]):
        if abs(life.day[row] - index_on) <= VERIFIED_WITHIN and life.valid[row] and not life.sam[row]:
            return True
    return False


@njit(cache=True, nogil=True)
def _last_valid(life, child, since, until):
    """The day of the last valid reading in the window; `since` where there is none."""
    last = since
    for row in range(life.offsets[child], life.offsets[child + 1]):
        if since < life.day[row] <= until and life.valid[row]:
            last = life.day[row]
    return last


@njit(cache=True, nogil=True)
def _waits_since(life, child, since, until):
    """The day of a SAM reading in the window that nothing answers; NEVER where every one is answered.

    A later SAM reading answers an earlier one, so only the last of them can wait.
    """
    last = -1
    for row in range(life.offsets[child], life.offsets[child + 1]):
        if since < life.day[row] <= until and life.sam[row]:
            last = row
    return life.day[last] if last >= 0 and _answer(life, child, last)[0] < 0 else NEVER


@njit(cache=True, nogil=True)
def _relapse(life, child, index_on, cutoff, horizon, confirmations):
    """(cohort, outcome, event on, known on, followed until, competing) of one cured discharge."""
    end, label_until = index_on + horizon, index_on + horizon + CONFIRMED_WITHIN
    followed_from = index_on + round(horizon * _FOLLOWED_SHARE)
    early = index_on + _RELAPSE_FROM - 1
    admission = _first_admission(life, child, index_on + 1, early)
    confirmed, _ = _first_confirmed(life, child, index_on, early, 1)
    if not _verified(life, child, index_on):
        return CURED_UNVERIFIED, CENSORED, NEVER, NEVER, index_on, False
    if admission != NEVER or confirmed != NEVER:
        return FAILED_DISCHARGE, CENSORED, NEVER, NEVER, index_on, False
    gone = min(life.left_on[child], life.too_old_on[child])
    admission = _first_admission(life, child, early + 1, end)
    confirmed, known = _first_confirmed(life, child, early + 1, min(end, gone), confirmations)
    if admission != NEVER and admission <= confirmed:
        return IN_COHORT, HAPPENED, admission, admission, admission, False
    if confirmed != NEVER:
        return IN_COHORT, HAPPENED, confirmed, known, confirmed, False
    died = life.died_on[child]
    if index_on < died <= end:
        return IN_COHORT, DID_NOT_HAPPEN, NEVER, died, died, True
    seen = _last_valid(life, child, index_on, min(label_until, gone))
    within = _last_valid(life, child, index_on, min(end, gone))
    waits = _waits_since(life, child, index_on, min(end, gone)) if confirmations else NEVER
    followed = seen >= followed_from or followed_from <= died < NEVER
    if followed and waits == NEVER and cutoff >= end:
        return IN_COHORT, DID_NOT_HAPPEN, NEVER, label_until, end, False
    return IN_COHORT, CENSORED, NEVER, NEVER, min(within, end, waits), False


@njit(cache=True, nogil=True)
def _sent_without_trouble(life, child, row, closed_on):
    """Sent to an NRC or CTC with no complication, failed appetite or oedema recorded up to then."""
    if life.trouble[row]:
        return False
    for reading in range(life.offsets[child], life.offsets[child + 1]):
        if life.admitted_on[row] <= life.day[reading] <= closed_on and life.oedema[reading] > 0:
            return False
    for other in range(life.stay_offsets[child], life.stay_offsets[child + 1]):
        facility = life.programme[other] == stays.NRC or life.programme[other] == stays.CTC
        if facility and 0 <= life.admitted_on[other] - closed_on <= FACILITY_WITHIN:
            return not life.trouble[other]
    return False


@njit(cache=True, nogil=True)
def _non_response(life, child, row, closed_on, outcome, reason, cutoff):
    """(outcome, event on, known on, followed until, competing) of one admission; `row` is its stay in `life`."""
    index_on = life.admitted_on[row]
    late = index_on + _LONGEST + 1
    died, left = life.died_on[child], life.left_on[child]
    if closed_on < late:
        if outcome == stays.DIED:
            return DID_NOT_HAPPEN, NEVER, closed_on, closed_on, True
        if outcome == stays.CURED:
            return DID_NOT_HAPPEN, NEVER, closed_on, closed_on, False
        sent = outcome == stays.TRANSFERRED and (
            reason == NO_GAIN
            or (reason != COMPLICATION and reason != MOVED and _sent_without_trouble(life, child, row, closed_on))
        )
        if outcome == stays.NOT_RECOVERED or sent:
            return HAPPENED, closed_on, closed_on, closed_on, False
        return CENSORED, NEVER, NEVER, closed_on, False
    if index_on <= died < late:
        return DID_NOT_HAPPEN, NEVER, died, died, True
    if left < late:
        return CENSORED, NEVER, NEVER, max(left, index_on), False
    if cutoff >= late:
        return HAPPENED, late - 1, late, late - 1, False
    return CENSORED, NEVER, NEVER, max(min(cutoff, late - 1), index_on), False


@njit(cache=True, nogil=True)
def _all(relapse, life, child, stay_row, index_on, closed_on, outcome, reason, cutoff, horizon, confirmations):
    n = len(child)
    codes, days = np.zeros((3, n), np.int8), np.full((4, n), NEVER, np.int32)
    for i in range(n):
        c = child[i]
        if relapse:
            codes[0, i], codes[1, i], days[0, i], days[1, i], days[2, i], codes[2, i] = _relapse(
                life, c, index_on[i], cutoff, horizon, confirmations
            )
        else:
            codes[1, i], days[0, i], days[1, i], days[2, i], codes[2, i] = _non_response(
                life, c, stay_row[i], closed_on[i], outcome[i], reason[i], cutoff
            )
        days[3, i] = min(life.died_on[c], life.left_on[c], life.too_old_on[c])
    return codes, days


def outcomes(
    clock: Clock, problem: Problem, *, cutoff: int, horizon: int | None = None, confirmations: int = 1
) -> Outcomes:
    """The outcome of every index known by the cutoff (a day number), in the registry's order of episodes.

    `horizon`: relapse within fewer days (30, 90) as a secondary outcome; a valid reading on day 24 (73) or later, and
    up to 63 days past the horizon, then follows to its end. `confirmations=0`: relapse by a single SAM reading (a
    sensitivity row). Example: cured on 2026-01-10; readings of SAM on 2026-03-01 and 2026-04-02:
    happened, event on 2026-03-01, known on 2026-04-02; with a cutoff of 2026-03-31 it is censored on 2026-03-01.
    """
    treated = np.unique(clock.registry.episodes["child"]).astype(np.int32)
    view = clock.known_by(treated, np.full(len(treated), cutoff, np.int32))
    life, known = lives(view), view.episodes
    centre = (known["programme"] == stays.UCDC) | (known["programme"] == stays.VCDC)
    relapse = problem.target == RELAPSE.target
    chosen = np.flatnonzero(centre & (known["outcome"] == stays.CURED) if relapse else centre)
    of = known.rows.take(chosen)
    index_on = of["closed_on"] if relapse else of["admitted_on"]
    codes, days = _all(
        relapse, life, known.question[chosen], chosen, index_on, of["closed_on"], of["outcome"], of["transfer_reason"],
        cutoff, horizon or problem.horizon, confirmations,
    )
    last = index_on.astype(np.int64) + (horizon or problem.horizon)
    room = (last < life.too_old_on[known.question[chosen]]) | (not relapse)
    return Outcomes(
        of["child"], index_on, of["episode"], codes[0], codes[1], days[0], days[1], days[2], days[3],
        of["closed_on"], codes[2], room,
    )
