"""Of whom onset is asked on a day: a child whom nobody treats, and whose readings say nothing of
SAM lately.

Source: the registry contract, "Onset": out of every programme, without confirmed SAM or a stay in
the 183 days before, and without a SAM reading that nothing has answered. Read from the view of that
day; a label's index asks the same of the view at its cutoff (`training.cohorts.onset`).
"""

from __future__ import annotations

import numpy as np

from features.answered import SAM_QUESTIONS, answers_of, next_answer, same_day_until
from features.trajectory.trace import Trace
from models.targets import CONFIRMED_WITHIN, ONSET_AGES, UNTREATED_DAYS
from registry.contract.arrays import Codes, Days, Flags, Ints
from registry.contract.registry import NEVER
from registry.machine.numba_kernels import njit

APPLIES, IN_A_PROGRAMME, TREATED_LATELY, SAM_WAITS, SAM_LATELY, TOO_YOUNG = range(6)
WHY = (
    "",
    "in_a_programme",
    "treated_within_183_days",
    "sam_waits",
    "sam_within_183_days",
    "too_young",
)
"""Why the question does not arise, in the order of the codes."""
YOUNGEST_DAYS = ONSET_AGES[0]


@njit(cache=True, nogil=True)
def _treated(admitted_on: Days, closed_on: Days, begin: int, end: int, day: int, never: int) -> int:
    lately = APPLIES
    for row in range(begin, end):
        if admitted_on[row] > day:
            continue
        if closed_on[row] == never or closed_on[row] > day:
            return IN_A_PROGRAMME
        if closed_on[row] >= day - UNTREATED_DAYS:
            lately = TREATED_LATELY
    return lately


@njit(cache=True, nogil=True)
def _sam(
    measured_on: Days,
    sam: Flags,
    by_whz: Codes,
    by_muac: Codes,
    by_oedema: Codes,
    begin: int,
    stop: int,
    day: int,
) -> int:
    """Whether a SAM reading waits for its answer, or SAM was confirmed lately."""
    lately, row = APPLIES, begin
    while row < stop:
        end = same_day_until(measured_on, row, stop)
        if sam[row:end].any():
            answered, again = next_answer(measured_on, by_whz, by_muac, by_oedema, row, stop)
            if answered < 0:
                return SAM_WAITS
            confirmed = again and measured_on[answered] - measured_on[row] <= CONFIRMED_WITHIN
            if confirmed and measured_on[row] >= day - UNTREATED_DAYS:
                lately = SAM_LATELY
        row = end
    return lately


@njit(cache=True, nogil=True)
def _why(
    day: Days,
    birth_date: Days,
    stay_offsets: Ints,
    admitted_on: Days,
    closed_on: Days,
    offsets: Ints,
    measured_on: Days,
    sam: Flags,
    by_whz: Codes,
    by_muac: Codes,
    by_oedema: Codes,
    never: int,
) -> Codes:
    why = np.zeros(len(day), np.int8)
    for i in range(len(day)):
        treated = _treated(
            admitted_on, closed_on, stay_offsets[i], stay_offsets[i + 1], day[i], never
        )
        if treated != APPLIES:
            why[i] = treated
        elif birth_date[i] != never and day[i] - birth_date[i] < YOUNGEST_DAYS:
            why[i] = TOO_YOUNG
        else:
            why[i] = _sam(
                measured_on, sam, by_whz, by_muac, by_oedema, offsets[i], offsets[i + 1], day[i]
            )
    return why


def why_not_asked(traced: Trace) -> Codes:
    """Codes of `WHY` (n,): 0 where onset is asked of the child on its day.

    Example: WHZ -1.8 on 2026-01-12 and no stay ever: asked on 2026-02-01. With an arm of 112 mm on
    2026-01-20 and nothing since: `sam_waits`; answered by 121 mm on 2026-02-20: asked again.
    """
    known, growth = traced.known, traced.growth
    stays = known.episodes
    by_whz, by_muac, by_oedema = answers_of(growth)[:SAM_QUESTIONS]
    return _why(
        traced.day,
        known.children["birth_date"],
        stays.offsets,
        stays["admitted_on"],
        stays["closed_on"],
        growth.offsets,
        growth["measured_on"],
        growth["sam"] > 0,
        by_whz,
        by_muac,
        by_oedema,
        int(NEVER),
    )
