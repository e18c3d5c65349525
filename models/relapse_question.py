"""Of which cured discharges relapse is asked: one whose cure was seen, and that held for two weeks.

Source: the registry contract, "Relapse": a valid reading without SAM within 7 days of the
discharge, and neither an admission nor confirmed SAM before day 14. Training leaves the others out
(`training.cohorts.outcomes`), so a model says nothing of them: both ask the functions here, a label
of the view at its cutoff and a score of the view of its day.
"""

from __future__ import annotations

import numpy as np

from features.answered import SAM_QUESTIONS, answers_of, next_answer
from features.trajectory.trace import Trace
from models.targets import CONFIRMED_WITHIN, FAILED_DISCHARGE_BEFORE, VERIFIED_WITHIN
from registry.contract.arrays import Codes, Days, Flags, Ints
from registry.contract.codes import StayOutcome
from registry.contract.registry import NEVER
from registry.machine.numba_kernels import njit

APPLIES, CURED_UNVERIFIED, FAILED_DISCHARGE = range(3)
WHY = ("", "cured_unverified", "failed_discharge")
"""Why the question does not arise, in the order of the codes."""


@njit(cache=True, nogil=True)
def verified(
    measured_on: Days, valid: Flags, sam: Flags, begin: int, stop: int, discharged_on: int
) -> bool:
    """A valid reading without SAM within 7 days of the discharge, among rows `begin` to `stop`."""
    for row in range(begin, stop):
        if abs(measured_on[row] - discharged_on) <= VERIFIED_WITHIN and valid[row] and not sam[row]:
            return True
    return False


@njit(cache=True, nogil=True)
def admitted_again(admitted_on: Days, begin: int, stop: int, discharged_on: int) -> bool:
    """An admission to any programme after the discharge and before day 14."""
    for row in range(begin, stop):
        if 0 < admitted_on[row] - discharged_on < FAILED_DISCHARGE_BEFORE:
            return True
    return False


@njit(cache=True, nogil=True)
def sam_again(
    measured_on: Days,
    sam: Flags,
    by_whz: Codes,
    by_muac: Codes,
    by_oedema: Codes,
    begin: int,
    stop: int,
    discharged_on: int,
) -> bool:
    """Confirmed SAM whose first reading lies on the discharge or before day 14."""
    for row in range(begin, stop):
        since = measured_on[row] - discharged_on
        if since >= FAILED_DISCHARGE_BEFORE:
            break
        if since >= 0 and sam[row]:
            later, again = next_answer(measured_on, by_whz, by_muac, by_oedema, row, stop)
            if again and measured_on[later] - measured_on[row] <= CONFIRMED_WITHIN:
                return True
    return False


@njit(cache=True, nogil=True)
def _why(
    day: Days,
    closed_on: Days,
    outcome: Codes,
    stay_offsets: Ints,
    admitted_on: Days,
    offsets: Ints,
    measured_on: Days,
    valid: Flags,
    sam: Flags,
    by_whz: Codes,
    by_muac: Codes,
    by_oedema: Codes,
    never: int,
) -> Codes:
    why = np.zeros(len(day), np.int8)
    for i in range(len(day)):
        if closed_on[i] == never or outcome[i] != StayOutcome.CURED:
            continue
        begin, stop, since = offsets[i], offsets[i + 1], closed_on[i]
        # Until the week is over a reading may still verify the cure.
        if day[i] - since > VERIFIED_WITHIN and not verified(
            measured_on, valid, sam, begin, stop, since
        ):
            why[i] = CURED_UNVERIFIED
        elif admitted_again(admitted_on, stay_offsets[i], stay_offsets[i + 1], since) or sam_again(
            measured_on, sam, by_whz, by_muac, by_oedema, begin, stop, since
        ):
            why[i] = FAILED_DISCHARGE
    return why


def why_not_asked(traced: Trace) -> Codes:
    """Codes of `WHY` (n,): 0 where the latest stay's cure does not keep relapse from being asked.

    Example: cured on 2026-03-01 and last weighed on 2026-02-15: asked until 2026-03-08, then
    `cured_unverified`. Weighed well on 2026-03-01, an arm of 112 mm on 2026-03-10 and of 113 mm on
    2026-03-20: asked until 2026-03-19, from then on `failed_discharge`.
    """
    growth, stays, episodes = traced.growth, traced.stays, traced.known.episodes
    by_whz, by_muac, by_oedema = answers_of(growth)[:SAM_QUESTIONS]
    return _why(
        traced.day,
        stays.closed_on,
        stays.outcome,
        episodes.offsets,
        episodes["admitted_on"],
        growth.offsets,
        growth["measured_on"],
        growth["valid"] > 0,
        growth["sam"] > 0,
        by_whz,
        by_muac,
        by_oedema,
        int(NEVER),
    )
