"""Where a child stands in treatment on a day: the latest stay in a development centre, and what
came before.

Works on the view of `features.clock`, so an episode's close counts only once it was known.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from features.clock import Day, Known
from registry.contract.arrays import Codes, Days, Floats, Ints
from registry.contract.codes import Programme, StayOutcome
from registry.contract.registry import NEVER
from registry.machine.numba_kernels import njit


class Stays(NamedTuple):
    """For each question, arrays of length n; days are int32 with NEVER where there is none, counts
    float64.

    `admitted_on`, `closed_on`, `outcome`, `programme`, `appetite_test`, `complications`: of the
    latest known stay in a UCDC or VCDC (code -1 and NEVER where there was none; `closed_on` NEVER
    while it is open). `before`: stays in any programme that began earlier; `cured_before`,
    `defaulted_before`: how those ended; `previous_closed_on`: the latest close before this stay
    began. `facility_open`: 1 while in an NRC or CTC.
    """

    admitted_on: Days
    closed_on: Days
    outcome: Codes
    programme: Codes
    appetite_test: Codes
    complications: Floats
    before: Floats
    cured_before: Floats
    defaulted_before: Floats
    facility_before: Floats
    previous_closed_on: Days
    facility_open: Floats


@njit(cache=True, nogil=True)
def _latest_stay(
    offsets: Ints,
    admitted_on: Days,
    closed_on: Days,
    outcome: Codes,
    programme: Codes,
    appetite_test: Codes,
    complications: Floats,
) -> tuple[Ints, Days, Codes, Floats]:
    """(its row, -1 where there was none, and the six cells) of each question's latest stay in a
    development centre."""
    n = len(offsets) - 1
    rows = np.full(n, -1, np.int64)
    days, codes, complicated = (
        np.full((2, n), NEVER, np.int32),
        np.full((3, n), -1, np.int8),
        np.full(n, np.nan),
    )
    for i in range(n):
        for row in range(offsets[i], offsets[i + 1]):
            if programme[row] == Programme.UCDC or programme[row] == Programme.VCDC:
                rows[i] = row
        at = rows[i]
        if at >= 0:
            days[0, i], days[1, i], complicated[i] = (
                admitted_on[at],
                closed_on[at],
                complications[at],
            )
            codes[0, i], codes[1, i], codes[2, i] = outcome[at], programme[at], appetite_test[at]
    return rows, days, codes, complicated


@njit(cache=True, nogil=True)
def _earlier(
    offsets: Ints, latest: Ints, programme: Codes, closed_on: Days, outcome: Codes, never: Day
) -> tuple[Floats, Days]:
    n = len(offsets) - 1
    counts = np.zeros((5, n))
    previous = np.full(n, never, np.int32)
    for i in range(n):
        for row in range(offsets[i], offsets[i + 1]):
            facility = programme[row] == Programme.NRC or programme[row] == Programme.CTC
            if facility and closed_on[row] == never:
                counts[4, i] = 1.0
            if row >= latest[i]:
                continue
            counts[0, i] += 1.0
            counts[1, i] += outcome[row] == StayOutcome.CURED
            counts[2, i] += outcome[row] == StayOutcome.DEFAULTED
            counts[3, i] += facility
            if closed_on[row] != never and (previous[i] == never or closed_on[row] > previous[i]):
                previous[i] = closed_on[row]
    return counts, previous


def find(known: Known) -> Stays:
    """The latest stay and the earlier ones, for each question of a view."""
    of = known.episodes
    latest, days, codes, complicated = _latest_stay(
        of.offsets,
        of["admitted_on"],
        of["closed_on"],
        of["outcome"],
        of["programme"],
        of["appetite_test"],
        of["complications"],
    )
    counts, previous = _earlier(
        of.offsets, latest, of["programme"], of["closed_on"], of["outcome"], NEVER
    )
    admitted_on, closed_on = days
    stay_outcome, stay_programme, appetite_test = codes
    before, cured_before, defaulted_before, facility_before, facility_open = counts
    return Stays(
        admitted_on,
        closed_on,
        stay_outcome,
        stay_programme,
        appetite_test,
        complicated,
        before,
        cured_before,
        defaulted_before,
        facility_before,
        previous,
        facility_open,
    )
