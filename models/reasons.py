"""Reasons that a person would give: a score's parts summed by the catalogue's reason, in calibrated log-odds."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.catalogue import CATALOGUE

KEYS: tuple[str, ...] = tuple(dict.fromkeys(feature.reason for feature in CATALOGUE))
"""The reasons, in the order of the catalogue."""
_OF_FEATURE = np.array([KEYS.index(feature.reason) for feature in CATALOGUE])


def grouped(contributions: np.ndarray) -> np.ndarray:
    """Sums by reason (n, len(KEYS)) of the features' parts (n, features); the row sums stay the same."""
    return _grouped(np.ascontiguousarray(contributions, np.float64), _OF_FEATURE, len(KEYS))


@njit(cache=True, nogil=True)
def _grouped(contributions, reason, reasons):
    """One feature after the other: a row's sums have the same bits alone and in a crowd."""
    sums = np.zeros((len(contributions), reasons))
    for row in range(len(contributions)):
        for feature in range(len(reason)):
            sums[row, reason[feature]] += contributions[row, feature]
    return sums


def strongest(sums: np.ndarray, count: int = 4) -> list[tuple[str, float]]:
    """The reasons of one row that raise its risk most, then those that lower it: (key, log-odds), at most `count`."""
    order = np.argsort(-sums, kind="stable")
    raising = [(KEYS[at], float(sums[at])) for at in order if sums[at] > 0.02]
    lowering = [(KEYS[at], float(sums[at])) for at in order[::-1] if sums[at] < -0.02]
    return (raising + lowering)[:count]
