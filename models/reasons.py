"""Reasons that a person would give: a score's parts summed by the catalogue's reason, in calibrated
log-odds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from features.trajectory.catalogue import CATALOGUE
from registry.contract.arrays import AnyArray, Floats
from registry.machine.numba_kernels import njit

KEYS: tuple[str, ...] = tuple(dict.fromkeys(feature.reason for feature in CATALOGUE))
"""The reasons, in the order of the catalogue."""
SEASON = "lean_season"
FEWEST_TO_COMPARE = 5
"""Among fewer children a median is one of them: they are compared with the training rows' mean
alone."""
_OF_FEATURE = np.array([KEYS.index(feature.reason) for feature in CATALOGUE])


def grouped(contributions: np.ndarray) -> np.ndarray:
    """Sums by reason (n, len(KEYS)) of the features' parts (n, features); the row sums stay the
    same."""
    return _grouped(np.ascontiguousarray(contributions, np.float64), _OF_FEATURE, len(KEYS))


@njit(cache=True, nogil=True)
def _grouped(contributions: AnyArray, reason: AnyArray, reasons: int) -> Floats:
    """One feature after the other: a row's sums have the same bits alone and in a crowd."""
    sums = np.zeros((len(contributions), reasons))
    for row in range(len(contributions)):
        for feature in range(len(reason)):
            sums[row, reason[feature]] += contributions[row, feature]
    return sums


def strongest(sums: np.ndarray, count: int = 4) -> list[tuple[str, float]]:
    """The reasons of one row that raise its risk most, then those that lower it: (key, log-odds),
    at most `count`."""
    order = np.argsort(-sums, kind="stable")
    raising = [(KEYS[at], float(sums[at])) for at in order if sums[at] > 0.02]
    lowering = [(KEYS[at], float(sums[at])) for at in order[::-1] if sums[at] < -0.02]
    return (raising + lowering)[:count]


def usual(children: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """What each reason usually adds among some children: the median of its log-odds, 0 where a
    child lacks it.

    children: for each, log-odds by reason, of one target on one day. Empty for fewer than
    FEWEST_TO_COMPARE. Example: in July the season adds 0.4 to nearly every child of a sector; its
    median is 0.4, and it sets none of them apart.
    """
    if len(children) < FEWEST_TO_COMPARE:
        return {}
    medians = np.median([[child.get(key, 0.0) for key in KEYS] for child in children], axis=0)
    return {key: float(median) for key, median in zip(KEYS, medians, strict=True) if median}
