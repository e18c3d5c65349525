"""What became of each index, by the registry contract: happened, did not happen, or censored.
Unknown is never "no".

Everything is read from one view of each child at the `cutoff` (the split date, or the end of the
records): what was not known by then plays no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from features.clock import Clock, Ragged
from models.relapse_question import admitted_again, sam_again, verified
from models.targets import (
    CENSORED,
    DID_NOT_HAPPEN,
    FAILED_DISCHARGE_BEFORE,
    FOLLOWED_FROM,
    HAPPENED,
    NON_RESPONSE,
    ONSET,
    RELAPSE,
    Target,
)
from registry.contract.arrays import AnyArray
from registry.contract.codes import Programme, StayOutcome, TransferReason
from registry.contract.registry import NEVER, Table
from registry.machine.numba_kernels import njit
from training.cohorts.lives import (
    CURED_UNVERIFIED,
    FAILED_DISCHARGE,
    IN_COHORT,
    NOT_THAT_AGE,
    SAM_LATELY,
    SAM_THEN,
    SAM_WAITS,
    TREATED_LATELY,
    Lives,
    Outcomes,
    became,
    lives,
)
from training.cohorts.onset import onsets

FACILITY_WITHIN = 7
"""A facility's admission within a week of a transfer is where the child was sent (chosen: the
weekly review)."""

_LONGEST = NON_RESPONSE.horizon
_FOLLOWED_SHARE = FOLLOWED_FROM / RELAPSE.horizon
"""A shorter horizon is followed to the same share of its end as 148 days are of 183: 30 days to day
24, 90 to 73."""


@njit(cache=True, nogil=True)
def _relapse(
    life: Lives, child: int, index_on: int, cutoff: int, horizon: int, confirmations: int
) -> tuple[Any, ...]:
    """(cohort, outcome, event on, known on, followed until, competing) of one cured discharge."""
    begin, stop = life.offsets[child], life.offsets[child + 1]
    if not verified(life.day, life.valid, life.sam, begin, stop, index_on):
        return CURED_UNVERIFIED, CENSORED, NEVER, NEVER, index_on, False
    stays = life.stay_offsets[child], life.stay_offsets[child + 1]
    if admitted_again(life.admitted_on, stays[0], stays[1], index_on) or sam_again(
        life.day, life.sam, life.by_whz, life.by_muac, life.by_oedema, begin, stop, index_on
    ):
        return FAILED_DISCHARGE, CENSORED, NEVER, NEVER, index_on, False
    since = index_on + FAILED_DISCHARGE_BEFORE
    followed_from = index_on + round(horizon * _FOLLOWED_SHARE)
    return IN_COHORT, *became(
        life, child, index_on, since, index_on + horizon, followed_from, cutoff, confirmations
    )


@njit(cache=True, nogil=True)
def _sent_without_trouble(life: Lives, child: int, row: int, closed_on: int) -> bool:
    """Sent to an NRC or CTC with no complication, failed appetite or oedema recorded up to then."""
    if life.trouble[row]:
        return False
    for reading in range(life.offsets[child], life.offsets[child + 1]):
        if life.admitted_on[row] <= life.day[reading] <= closed_on and life.oedema[reading] > 0:
            return False
    for other in range(life.stay_offsets[child], life.stay_offsets[child + 1]):
        facility = life.programme[other] == Programme.NRC or life.programme[other] == Programme.CTC
        if facility and 0 <= life.admitted_on[other] - closed_on <= FACILITY_WITHIN:
            return not life.trouble[other]
    return False


@njit(cache=True, nogil=True)
def _non_response(
    life: Lives, child: int, row: int, closed_on: int, outcome: int, reason: int, cutoff: int
) -> tuple[Any, ...]:
    """(outcome, event on, known on, followed until, competing) of one admission; `row` is its stay
    in `life`."""
    index_on = life.admitted_on[row]
    late = index_on + _LONGEST + 1
    died, left = life.died_on[child], life.left_on[child]
    if closed_on < late:
        if outcome == StayOutcome.DIED:
            return DID_NOT_HAPPEN, NEVER, closed_on, closed_on, True
        if outcome == StayOutcome.CURED:
            return DID_NOT_HAPPEN, NEVER, closed_on, closed_on, False
        sent = outcome == StayOutcome.TRANSFERRED and (
            reason == TransferReason.NO_GAIN
            or (
                reason != TransferReason.COMPLICATION
                and reason != TransferReason.MOVED
                and _sent_without_trouble(life, child, row, closed_on)
            )
        )
        if outcome == StayOutcome.NOT_RECOVERED or sent:
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
def _relapses(
    life: Lives, child: AnyArray, index_on: AnyArray, cutoff: int, horizon: int, confirmations: int
) -> tuple[AnyArray, AnyArray]:
    n = len(child)
    codes, days = np.zeros((3, n), np.int8), np.full((4, n), NEVER, np.int32)
    for i in range(n):
        codes[0, i], codes[1, i], days[0, i], days[1, i], days[2, i], codes[2, i] = _relapse(
            life, child[i], index_on[i], cutoff, horizon, confirmations
        )
        days[3, i] = _gone_on(life, child[i])
    return codes, days


@njit(cache=True, nogil=True)
def _non_responses(
    life: Lives,
    child: AnyArray,
    stay_row: AnyArray,
    closed_on: AnyArray,
    outcome: AnyArray,
    reason: AnyArray,
    cutoff: int,
) -> tuple[AnyArray, AnyArray]:
    n = len(child)
    codes, days = np.zeros((3, n), np.int8), np.full((4, n), NEVER, np.int32)
    for i in range(n):
        codes[1, i], days[0, i], days[1, i], days[2, i], codes[2, i] = _non_response(
            life, child[i], stay_row[i], closed_on[i], outcome[i], reason[i], cutoff
        )
        days[3, i] = _gone_on(life, child[i])
    return codes, days


@njit(cache=True, nogil=True)
def _gone_on(life: Lives, child: int) -> Any:
    """The day from which the child is known to have died, left, or grown past the last day of
    age."""
    return min(life.died_on[child], life.left_on[child], life.too_old_on[child])


def relapses(clock: Clock, *, cutoff: int, horizon: int, confirmations: int = 1) -> Outcomes:
    """The outcome of every discharge as cured from a development centre, as known by the cutoff."""
    life, known, chosen = _centre_stays(clock, cutoff)
    chosen = chosen[known["outcome"][chosen] == StayOutcome.CURED]
    of = known.rows.take(chosen)
    child, index_on = known.question[chosen], of["closed_on"]
    codes, days = _relapses(life, child, index_on, cutoff, horizon, confirmations)
    room = index_on.astype(np.int64) + horizon < life.too_old_on[child]
    return _outcomes(of, index_on, codes, days, room)


def non_responses(clock: Clock, *, cutoff: int, horizon: int, confirmations: int = 1) -> Outcomes:
    """The outcome of every admission to a development centre, as known by the cutoff; its horizon
    is the contract's, and no reading confirms it."""
    life, known, chosen = _centre_stays(clock, cutoff)
    of = known.rows.take(chosen)
    codes, days = _non_responses(
        life,
        known.question[chosen],
        chosen,
        of["closed_on"],
        of["outcome"],
        of["transfer_reason"],
        cutoff,
    )
    return _outcomes(of, of["admitted_on"], codes, days, np.ones(len(chosen), bool))


def _centre_stays(clock: Clock, cutoff: int) -> tuple[Lives, Ragged, AnyArray]:
    """(lives of all children ever treated, their stays, positions of those in a development
    centre)."""
    treated = np.unique(clock.registry.episodes["child"]).astype(np.int32)
    view = clock.known_by(treated, np.full(len(treated), cutoff, np.int32))
    known = view.episodes
    centre = (known["programme"] == Programme.UCDC) | (known["programme"] == Programme.VCDC)
    return lives(view), known, np.flatnonzero(centre)


def _outcomes(
    of: Table, index_on: AnyArray, codes: AnyArray, days: AnyArray, room: AnyArray
) -> Outcomes:
    return Outcomes(
        of["child"],
        index_on,
        of["episode"],
        codes[0],
        codes[1],
        days[0],
        days[1],
        days[2],
        days[3],
        of["closed_on"],
        codes[2],
        room,
    )


class Found(Protocol):
    """What finds a target's outcomes: one row for each index known by the cutoff (a day number).

    `horizon`: days; a shorter one than the target's is a secondary outcome. `confirmations=0`: a
    single SAM reading is an event (a sensitivity row).
    """

    def __call__(
        self, clock: Clock, *, cutoff: int, horizon: int, confirmations: int = 1
    ) -> Outcomes: ...


@dataclass(frozen=True)
class OutcomeRule:
    """How a target's outcomes are found, and why indexes can be left out of its cohort (codes of
    `training.cohorts.lives.COHORT_WORDS`, counted in the attrition). `from_a_day`: whether `find`
    takes `index_from`, the day (number) before which it need not find indexes."""

    find: Found
    left_out: tuple[int, ...] = ()
    from_a_day: bool = False


OUTCOME_RULES: dict[str, OutcomeRule] = {
    RELAPSE.name: OutcomeRule(relapses, (CURED_UNVERIFIED, FAILED_DISCHARGE)),
    NON_RESPONSE.name: OutcomeRule(non_responses),
    ONSET.name: OutcomeRule(
        onsets, (SAM_THEN, NOT_THAT_AGE, TREATED_LATELY, SAM_WAITS, SAM_LATELY), from_a_day=True
    ),
}
"""By target: a new one registers its rule here."""


def outcomes(
    clock: Clock,
    target: Target,
    *,
    cutoff: int,
    horizon: int | None = None,
    confirmations: int = 1,
    index_from: int | None = None,
) -> Outcomes:
    """The outcome of every index known by the cutoff (a day number), in the registry's order of
    episodes (onset: of children and days). `index_from`: earlier indexes (before this day) may be
    left out.

    `horizon`: relapse within fewer days (30, 90) as a secondary outcome; a valid reading on day 24
    (73) or later, and up to 63 days past the horizon, then follows to its end. `confirmations=0`:
    relapse by a single SAM reading (a sensitivity row). Example: cured on 2026-01-10; readings of
    SAM on 2026-03-01 and 2026-04-02: happened, event on 2026-03-01, known on 2026-04-02; with a
    cutoff of 2026-03-31 it is censored on 2026-03-01.
    """
    rule = OUTCOME_RULES[target.name]
    only = {"index_from": index_from} if rule.from_a_day and index_from is not None else {}
    return rule.find(
        clock,
        cutoff=cutoff,
        horizon=horizon or target.horizon,
        confirmations=confirmations,
        **only,
    )
