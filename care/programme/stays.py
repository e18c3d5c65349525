"""Each stay in a development centre looked at afterwards: its length, its gain, and SAM again after
a cure.

For reports on the programme. The labels that a model is trained on are made elsewhere, with their
censoring.
"""

from __future__ import annotations

import numpy as np

from care.pathway.history import LAST_CENTRE, NONE
from features.clock import Known, Ragged
from registry.contract.arrays import Codes, Days, Flags, Floats, Ints
from registry.contract.codes import StayOutcome
from registry.machine.numba_kernels import njit

RELAPSE_DAYS = (30, 91, 183)
"""One, three and six months after discharge."""
COLUMNS = (
    "stay_days",
    "gain_g_kg_day",
    "failed_discharge",
    "followed_30",
    "relapsed_30",
    "followed_91",
    "relapsed_91",
    "followed_183",
    "relapsed_183",
)
WEIGHED_BEFORE_DAYS = 7
"""The weight that found a child is its admission weight when it is at most a week older."""
TOO_EARLY_DAYS = 14
CONFIRMED_WITHIN_DAYS = 63
SEEN_BEFORE_END_DAYS = 35
"""The registry contract: SAM before day 14 is a failed discharge; SAM counts when the next valid
measurement within 63 days says so too; seen in the last 35 days of the time is followed to its end.
"""


@njit(cache=True, nogil=True)
def _gain(
    start: int, stop: int, day: Days, weight: Floats, waz: Floats, admitted: int, closed: int
) -> float:
    """Grams per kg and day from the lowest weight of the stay (or the week before it) to its last;
    NaN without two."""
    lowest, last = -1, -1
    for row in range(start, stop):
        if admitted - WEIGHED_BEFORE_DAYS <= day[row] <= closed and not np.isnan(waz[row]):
            last = row
            if lowest < 0 or weight[row] < weight[lowest]:
                lowest = row
    if lowest < 0 or day[last] == day[lowest]:
        return np.nan
    gained = weight[last] - weight[lowest]
    return float(1000.0 * gained / (weight[lowest] * (day[last] - day[lowest])))


@njit(cache=True, nogil=True)
def _sam_again_on(
    start: int, stop: int, day: Days, valid: Floats, sam: Floats, closed: int
) -> tuple[int, int]:
    """Day of the first confirmed SAM after the close (its first reading's), and of the last valid
    measurement."""
    first, pending, seen = NONE, NONE, NONE
    for row in range(start, stop):
        if day[row] <= closed or not valid[row] > 0.0:
            continue
        seen = day[row]
        if sam[row] > 0.0:
            if pending != NONE and day[row] - pending <= CONFIRMED_WITHIN_DAYS and first == NONE:
                first = pending
            pending = day[row]
        else:
            pending = NONE
    return first, seen


@njit(cache=True, nogil=True)
def _admitted_again_on(start: int, stop: int, admitted_on: Days, closed: int) -> int:
    """Day of the first admission to any programme after the close."""
    for row in range(start, stop):
        if admitted_on[row] > closed:
            return int(admitted_on[row])
    return NONE


@njit(cache=True, nogil=True)
def _followed(event: int, seen: int, closed: int, recorded_until: int, out: Floats) -> None:
    """For 30, 91 and 183 days: followed to the end or to the event (1 or 0), and SAM again by then
    (1 or 0)."""
    out[2] = 1.0 if event != NONE and event - closed < TOO_EARLY_DAYS else 0.0
    for place in range(3):
        days = RELAPSE_DAYS[place]
        again = event != NONE and event - closed <= days
        in_sight = seen != NONE and seen - closed >= max(
            TOO_EARLY_DAYS, days - SEEN_BEFORE_END_DAYS
        )
        counts = closed + days <= recorded_until and (again or in_sight) and out[2] == 0.0
        out[3 + 2 * place] = 1.0 if counts else 0.0
        out[4 + 2 * place] = 1.0 if counts and again else 0.0


@njit(cache=True, nogil=True)
def _stays(
    offsets: Ints,
    programme: Codes,
    admitted_on: Days,
    closed_on: Days,
    outcome: Codes,
    at: Ints,
    day: Days,
    weight: Floats,
    waz: Floats,
    valid: Floats,
    sam: Floats,
    until: int,
    out: Floats,
) -> None:
    for i in range(len(offsets) - 1):
        for row in range(offsets[i], offsets[i + 1]):
            if programme[row] > LAST_CENTRE or programme[row] < 0 or closed_on[row] == NONE:
                continue
            closed = closed_on[row]
            out[row, 0] = closed - admitted_on[row]
            out[row, 1] = _gain(at[i], at[i + 1], day, weight, waz, admitted_on[row], closed)
            if outcome[row] == StayOutcome.CURED:
                first, seen = _sam_again_on(at[i], at[i + 1], day, valid, sam, closed)
                back = _admitted_again_on(row + 1, offsets[i + 1], admitted_on, closed)
                _followed(min(first, back), seen, closed, until, out[row])


def stays(episodes: Ragged, points: Ragged, *, recorded_until: int) -> dict[str, Floats]:
    """For each row of `episodes`, float64 (NaN where it does not apply: other programmes, open
    stays):

    `stay_days`, `gain_g_kg_day`; and, for those cured, `failed_discharge` (SAM or admitted again
    before day 14) and `followed_N`, `relapsed_N` for N of 30, 91 and 183 days, each 1 or 0.
    """
    out = np.full((episodes.rows.rows, len(COLUMNS)), np.nan)
    _stays(
        episodes.offsets,
        episodes["programme"],
        episodes["admitted_on"],
        episodes["closed_on"],
        episodes["outcome"],
        points.offsets,
        points["measured_on"],
        points["weight_kg"],
        points["waz"],
        points["valid"],
        points["sam"],
        recorded_until,
        out,
    )
    return dict(zip(COLUMNS, out.T, strict=True))


def stays_of_centres(known: Known) -> tuple[Ints, Flags]:
    """Length in days, int64, of every known UCDC or VCDC stay (so far, where open) and whether it
    has ended."""
    episodes = known.episodes
    rows = (episodes["programme"] >= 0) & (episodes["programme"] <= LAST_CENTRE)
    closed = episodes["closed_on"][rows] != NONE
    until = np.where(
        closed, episodes["closed_on"][rows], known.day[episodes.question][rows]
    ).astype(np.int64)
    return until - episodes["admitted_on"][rows], closed
