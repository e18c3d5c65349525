"""Of those who did not respond: who gained slowly, and who failed to gain. A secondary outcome of
non-response.

Source: the domain report, sections 3.3 and 8 (`failing`: gain under 2 g/kg/day and under 0.3 z of
WHZ, or sent on for poor gain; most non-responders are slow, not failing: OptiMA Niger). Both
thresholds: verified: false.
"""

from __future__ import annotations

import numpy as np

from features.clock import Clock, Ragged
from features.trajectory.points import growth_points
from models.targets import HAPPENED
from registry.contract.arrays import AnyArray, Floats
from registry.contract.codes import StayOutcome, TransferReason
from registry.machine.numba_kernels import njit
from training.cohorts.lives import Outcomes

SLOW, FAILING, NOT_KNOWN, RESPONDED = 0, 1, -1, -2
RESPONSE_WORDS = {SLOW: "slow", FAILING: "failing", NOT_KNOWN: "not_known", RESPONDED: "responded"}
FAILS_UNDER_G_PER_KG_DAY, FAILS_UNDER_WHZ = 2.0, 0.3
LEAST_DAYS = 14
"""Between the first and the last reading of a gain: over fewer days it is the scale's error
(chosen)."""


@njit(cache=True, nogil=True)
def _gains(
    offsets: AnyArray,
    question: AnyArray,
    day: AnyArray,
    log_weight: AnyArray,
    believable: AnyArray,
    whz: AnyArray,
    start: AnyArray,
    end: AnyArray,
    least_days: int,
) -> Floats:
    """(g/kg/day, WHZ gained) of each question's readings from start to end; NaN over fewer than
    `least_days`."""
    found = np.full((2, len(question)), np.nan)
    for i in range(len(question)):
        first, last, first_z, last_z = -1, -1, -1, -1
        for row in range(offsets[question[i]], offsets[question[i] + 1]):
            if not start[i] <= day[row] <= end[i]:
                continue
            if not np.isnan(log_weight[row]) and not np.isnan(believable[row]):
                first, last = (row if first < 0 else first), row
            if not np.isnan(whz[row]):
                first_z, last_z = (row if first_z < 0 else first_z), row
        if first >= 0 and day[last] - day[first] >= least_days:
            gained = np.exp(log_weight[last] - log_weight[first]) - 1.0
            found[0, i] = 1000.0 * gained / (day[last] - day[first])
        if first_z >= 0 and day[last_z] - day[first_z] >= least_days:
            found[1, i] = whz[last_z] - whz[first_z]
    return found


def responses(clock: Clock, found: Outcomes, *, cutoff: int) -> np.ndarray:
    """int8[n], one a row of non-response's outcomes: `SLOW`, `FAILING`, `NOT_KNOWN`, or `RESPONDED`
    (no event).

    From the believable weights and valid WHZ between admission and the event, as known by the
    cutoff. A gain of either kind is enough to be slow; failing needs both to be known and under the
    bounds, or a transfer for no gain.

    Example: 7.0 kg on 2026-03-02, 7.3 kg on 2026-05-31, not cured: 0.5 g/kg/day; with 0.1 z gained:
    failing.
    """
    answer = np.full(len(found.child), RESPONDED, np.int8)
    happened = np.flatnonzero(found.outcome == HAPPENED)
    children, question = np.unique(found.child[happened], return_inverse=True)
    view = clock.known_by(children, np.full(len(children), cutoff, np.int32))
    growth = growth_points(view)
    gain, whz = _gains(
        growth.offsets,
        question,
        growth["measured_on"],
        growth["log_weight"],
        growth["waz"],
        growth["whz"],
        found.index_on[happened],
        found.event_on[happened],
        LEAST_DAYS,
    )
    # A float's 2.0 g/kg/day is not under 2.
    gained = (gain >= FAILS_UNDER_G_PER_KG_DAY - 1e-9) | (whz >= FAILS_UNDER_WHZ - 1e-9)
    neither_known = np.isnan(gain) | np.isnan(whz)
    answer[happened] = np.where(gained, SLOW, np.where(neither_known, NOT_KNOWN, FAILING))
    answer[happened[_sent_for_no_gain(view.episodes, found, happened)]] = FAILING
    return answer


def _sent_for_no_gain(episodes: Ragged, found: Outcomes, happened: np.ndarray) -> np.ndarray:
    """Mask over `happened`: the event was a transfer for lack of gain."""
    sent = (episodes["outcome"] == StayOutcome.TRANSFERRED) & (
        episodes["transfer_reason"] == TransferReason.NO_GAIN
    )
    at_its_close = found.closed_on[happened] == found.event_on[happened]
    sent_then: np.ndarray = at_its_close & np.isin(
        found.episode[happened], episodes["episode"][sent]
    )
    return sent_then
