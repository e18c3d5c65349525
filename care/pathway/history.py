"""What a child's history says on a day: compiled passes over a view's rows, one per table, for
`care.pathway.facts.of`.

Each kernel goes once through the rows `start[i]:stop[i]` of each question (sorted by their own day)
and writes one column per fact. `today` is the day that is asked about: an episode that closes later
is open on it.
"""

from __future__ import annotations

import numpy as np

from registry.contract.arrays import Codes, Days, Floats, Ints
from registry.contract.codes import (
    AppetiteTest,
    Examiner,
    Programme,
    StayOutcome,
    TransferReason,
    VisitFinding,
)
from registry.contract.registry import NEVER
from registry.machine.numba_kernels import njit

LAST_CENTRE = Programme.VCDC
"""UCDC and VCDC come first: up to here a programme is a centre at the anganwadi, beyond it a
facility."""
NONE = int(NEVER)

EPISODE_FACTS = (
    "programme",
    "admitted_on",
    "closed_programme",
    "closed_on",
    "outcome",
    "transfer_reason",
    "discharged_on",
    "complication",
    "appetite_test",
    "tested_on",
    "assessed_on",
    "died",
    "settled_on",
    "stays_before",
    "treated_above_on",
)
CHECK_FACTS = (
    "checked_on",
    "reviewed_on",
    "ill",
    "ill_on",
    "poor_appetite",
    "poor_on",
    "appetite_test",
    "tested_on",
    "confirmed_on",
    "denied_on",
)
VISIT_FACTS = ("found_sam_on", "moved", "died", "ill", "ill_on", "found_ill_on")


@njit(cache=True, nogil=True)
def until(first: Ints, after: Ints, own_day: Days, today: Days) -> Ints:
    """For each question, where its rows after that day begin: of rows `first` to `after`, sorted by
    their own day."""
    stop = np.empty(len(first), np.int64)
    for i in range(len(stop)):
        low, high = first[i], after[i]
        while low < high:
            middle = (low + high) // 2
            if own_day[middle] <= today[i]:
                low = middle + 1
            else:
                high = middle
        stop[i] = low
    return stop


@njit(cache=True, nogil=True)
def episode_facts(
    start: Ints,
    stop: Ints,
    today: Days,
    programme: Codes,
    admitted_on: Days,
    appetite: Codes,
    complication: Floats,
    closed_on: Days,
    outcome: Codes,
    reason: Codes,
    out: Days,
) -> None:
    """Rows of `out` as EPISODE_FACTS: the open stay, the last closed one, the last cure, what
    settled oedema last.

    A stay without a closing day is over where a later one at the anganwadi began; a facility's stay
    in between does not end the one at the anganwadi.
    """
    for i in range(len(start)):
        opened, closed, cured, settled, facility, treated_above = -1, -1, NONE, NONE, False, NONE
        for row in range(start[i], stop[i]):
            centre = programme[row] <= LAST_CENTRE
            ended = closed_on[row] <= today[i]
            if not ended:
                opened = row
            elif centre:
                opened = -1
            if ended and (closed < 0 or closed_on[row] >= closed_on[closed]):
                closed = row
            if ended and not centre:
                treated_above = later(treated_above, closed_on[row])
            healed = ended and (
                outcome[row] == StayOutcome.CURED or reason[row] == TransferReason.STEP_DOWN
            )
            if healed:
                settled = later(settled, closed_on[row])
                if centre and outcome[row] == StayOutcome.CURED:
                    cured = later(cured, closed_on[row])
            if centre and facility:
                settled = later(settled, admitted_on[row])
            facility = not centre and (
                not ended or healed or outcome[row] == StayOutcome.TRANSFERRED
            )
        out[0, i] = programme[opened] if opened >= 0 else -1
        out[1, i] = admitted_on[opened] if opened >= 0 else NONE
        out[2, i] = programme[closed] if closed >= 0 else -1
        out[3, i] = closed_on[closed] if closed >= 0 else NONE
        out[4, i] = outcome[closed] if closed >= 0 else -1
        out[5, i] = reason[closed] if closed >= 0 else -1
        out[6, i] = cured
        over = closed >= 0 and (
            outcome[closed] == StayOutcome.CURED or reason[closed] == TransferReason.STEP_DOWN
        )
        speaks = opened if opened >= 0 else (-1 if over else closed)
        ill = speaks >= 0 and not np.isnan(complication[speaks])
        out[7, i] = int(complication[speaks] > 0.0) if ill else -1
        tested = (
            speaks >= 0
            and appetite[speaks] >= 0
            and (opened >= 0 or appetite[speaks] == AppetiteTest.FAIL)
        )
        out[8, i] = appetite[speaks] if tested else -1
        out[9, i] = admitted_on[speaks] if tested else NONE
        out[10, i] = admitted_on[speaks] if speaks >= 0 else NONE
        out[11, i] = 1 if closed >= 0 and outcome[closed] == StayOutcome.DIED else 0
        out[12, i], out[13, i], out[14, i] = settled, stop[i] - start[i], treated_above


@njit(cache=True, nogil=True)
def later(one: int, other: int) -> int:
    """The later of two days; the other where one is NONE."""
    return min(one, other) if one == NONE or other == NONE else max(one, other)


@njit(cache=True, nogil=True, error_model="numpy")
def check_facts(
    start: Ints,
    stop: Ints,
    day: Days,
    diarrhoea: Floats,
    fever: Floats,
    poor_appetite: Floats,
    examiner: Codes,
    test: Codes,
    confirmed: Floats,
    settled: Days,
    stay_test: Days,
    stay_tested_on: Days,
    out: Days,
) -> None:
    """Rows of `out` as CHECK_FACTS. A sign stands as it was last assessed: a check that left it out
    answers nothing.

    settled, stay_test, stay_tested_on: what ended an earlier illness, and the stays' own appetite
    test.
    """
    for i in range(len(start)):
        checked = reviewed = loose = hot = poor_on = said_sam = said_not = NONE
        has_loose = has_fever = poor = -1
        tested, tested_on = stay_test[i], stay_tested_on[i]
        for row in range(start[i], stop[i]):
            today = day[row]
            if examiner[row] != Examiner.WORKER:
                checked = today
                reviewed = today if examiner[row] == Examiner.MEDICAL_OFFICER else reviewed
                if not np.isnan(confirmed[row]):
                    said_sam, said_not = (today, NONE) if confirmed[row] > 0.0 else (NONE, today)
            if not np.isnan(diarrhoea[row]):
                has_loose, loose = int(diarrhoea[row] > 0.0), today
            if not np.isnan(fever[row]):
                has_fever, hot = int(fever[row] > 0.0), today
            if not np.isnan(poor_appetite[row]):
                poor, poor_on = int(poor_appetite[row] > 0.0), today
            counts = test[row] == AppetiteTest.PASS or test[row] == AppetiteTest.FAIL
            if counts and (settled[i] == NONE or today > settled[i]):
                newer = tested_on == NONE or today > tested_on or tested == AppetiteTest.NOT_DONE
                if newer or (today == tested_on and test[row] == AppetiteTest.FAIL):
                    tested, tested_on = test[row], today
        out[0, i], out[1, i] = checked, reviewed
        out[2, i] = 1 if has_loose == 1 or has_fever == 1 else max(has_loose, has_fever)
        out[3, i] = later(loose if has_loose == 1 else NONE, hot if has_fever == 1 else NONE)
        out[4, i], out[5, i] = poor, poor_on if poor == 1 else NONE
        out[6, i], out[7, i], out[8, i], out[9, i] = tested, tested_on, said_sam, said_not


@njit(cache=True, nogil=True)
def visit_facts(
    start: Ints,
    stop: Ints,
    day: Days,
    finding: Codes,
    measured_on: Days,
    judged_on: Days,
    checked_on: Days,
    confirmed_on: Days,
    ill: Days,
    ill_on: Days,
    died: Days,
    closed_on: Days,
    out: Days,
) -> None:
    """Rows of `out` as VISIT_FACTS: what home visits and examiners found that nothing later has
    answered."""
    for i in range(len(start)):
        found, moved, dead, is_ill, since, at_home, reported = (
            NONE,
            0,
            died[i],
            ill[i],
            ill_on[i],
            NONE,
            NONE,
        )
        if confirmed_on[i] != NONE and not (
            judged_on[i] != NONE and judged_on[i] >= confirmed_on[i]
        ):
            found = confirmed_on[i]
        for row in range(start[i], stop[i]):
            if finding[row] == VisitFinding.DIED:
                reported = day[row]
            elif (
                finding[row] == VisitFinding.WELL
                or finding[row] == VisitFinding.ILL
                or finding[row] == VisitFinding.SAM_AGAIN
            ):
                reported = NONE
            measured_since = measured_on[i] != NONE and measured_on[i] > day[row]
            judged_since = judged_on[i] != NONE and judged_on[i] >= day[row]
            if finding[row] == VisitFinding.SAM_AGAIN and not judged_since:
                found = min(found, day[row])
            moved = int(finding[row] == VisitFinding.MOVED and not measured_since)
            if finding[row] == VisitFinding.ILL and not (
                checked_on[i] != NONE and checked_on[i] > day[row]
            ):
                is_ill, since, at_home = 1, later(since, day[row]), day[row]
        seen = later(measured_on[i], checked_on[i])
        if dead == 1 and closed_on[i] != NONE and seen != NONE and seen > closed_on[i]:
            dead = 0
        if reported != NONE and not (seen != NONE and seen > reported):
            dead = 1
        out[0, i], out[1, i], out[2, i], out[3, i], out[4, i], out[5, i] = (
            found,
            moved,
            dead,
            is_ill,
            since,
            at_home,
        )
