"""The truth beside the registry: an outcome's probability given the hidden state, by living on many times.

From the whole hidden state at a landmark the same process goes on with fresh randomness, `draws` times. In these
lives nobody defaults, moves, grows out, is lost to follow-up or sent away with a complication: what censors is
taken away, death competes, missed weighings and reading errors stay, since the contract's event is a recorded one.
"""

from __future__ import annotations

import numpy as np

from registry.simulate.book import RELAPSE
from registry.simulate.chance import mix
from registry.simulate.compiled import compiled
from registry.simulate.life import one_day
from registry.simulate.state import FAILED_DISCHARGE, HAPPENED, WATCHED

LONGEST_DAYS = 260
"""No forward life needs longer: 183 days and 63 for the confirming reading."""


@compiled
def _one_life(child, target, centres, days, first_day, book):
    """Live on until the outcome is known; returns its code (WATCHED: nothing happened)."""
    state = WATCHED
    for _ in range(LONGEST_DAYS):
        state = child.relapse if target == RELAPSE else child.non_response
        if state != WATCHED or child.alive == 0:
            break
        one_day(child, centres, days, first_day, book)
    return state


@compiled
def live_forward(start, target, draws, centres, days, first_day, book):
    """From this hidden state: lives with the event, and lives that count (no failed discharge), of `draws`."""
    life = np.empty(1, start.dtype)
    happened, lives = 0, 0
    for number in range(draws):
        life[0] = start[0]
        child = life[0]
        child.shadow, child.lost, child.absent_since = 1, 0, -1
        child.rng = mix(child.rng ^ mix(np.uint64(number + 1)))
        outcome = _one_life(child, target, centres, days, first_day, book)
        happened += outcome == HAPPENED
        lives += outcome != FAILED_DISCHARGE
    return happened, lives
