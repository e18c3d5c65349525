"""The truth beside the registry: an outcome's probability given the hidden state, by living on many
times.

From the whole hidden state at a landmark the same process goes on with fresh randomness, `draws`
times. In these lives nobody defaults, moves, grows out, is lost to follow-up or sent away with a
complication: what censors is taken away, death competes, missed weighings and reading errors stay,
since the contract's event is a recorded one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from registry.simulate.book import RELAPSE
from registry.simulate.chance import mixed
from registry.simulate.state import FAILED_DISCHARGE, HAPPENED

LONGEST_DAYS = 260
"""No forward life needs longer: 183 days and 63 for the confirming reading."""

LIVES_AT_ONCE = 20_000


def _fresh_lives(starts: np.ndarray, targets: np.ndarray, draws: int) -> np.ndarray:
    """Each hidden state `draws` times in a row, with random numbers of its own and nothing that
    censors."""
    lives = np.repeat(starts, draws)
    number = np.tile(np.arange(1, draws + 1, dtype=np.uint64), len(starts))
    lives["rng"] = mixed(lives["rng"] ^ mixed(number))
    lives["shadow"], lives["lost"], lives["absent_since"] = np.repeat(targets, draws), 0, -1
    lives["until"] = lives["day"] + LONGEST_DAYS
    return lives


def _count(
    starts: np.ndarray, targets: np.ndarray, draws: int, live: Callable[[np.ndarray], object]
) -> np.ndarray:
    lives = _fresh_lives(starts, targets, draws)
    live(lives)
    outcome = np.where(lives["shadow"] == RELAPSE, lives["relapse"], lives["non_response"]).reshape(
        -1, draws
    )
    return np.stack([(outcome == HAPPENED).sum(1), (outcome != FAILED_DISCHARGE).sum(1)], axis=1)


def live_forward(
    starts: np.ndarray, targets: np.ndarray, draws: int, live: Callable[[np.ndarray], object]
) -> np.ndarray:
    """Per hidden state: lives with the event, and lives that count (no failed discharge), of
    `draws`; (n, 2).

    starts: `state.CHILD` at the landmarks. targets: `RELAPSE` or `NON_RESPONSE` of each. `live`
    lives them on, in place.
    """
    if not draws or not len(starts):
        return np.zeros((len(starts), 2), np.int64)
    step = max(LIVES_AT_ONCE // draws, 1)
    return np.concatenate(
        [
            _count(starts[k : k + step], targets[k : k + step], draws, live)
            for k in range(0, len(starts), step)
        ]
    )
