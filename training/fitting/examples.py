"""Training rows: features, known outcomes and their IPCW weights."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from features.trajectory.catalogue import CONTEXT_NAMES, NAMES
from registry.contract.arrays import Flags

CONTEXT_MASKED = 0.15
"""The share of children whose context is hidden while fitting, since the API may leave it out."""


@dataclass(frozen=True)
class Examples:
    """Rows to learn from: `rows` (n, p) float64; `happened` 0/1; `weight` (IPCW); `child`; `day` of
    prediction."""

    rows: np.ndarray
    happened: np.ndarray
    weight: np.ndarray
    child: np.ndarray
    day: np.ndarray
    landmark: np.ndarray

    def take(self, chosen: np.ndarray) -> Examples:
        """Some of them."""
        return Examples(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def together(landmarks: Examples, scored: Examples) -> Examples:
    """Both to learn from, weighing together what the landmarks weighed alone: they are of the same
    indexes, and tell no more events."""
    both = [
        np.concatenate([getattr(one, name) for one in (landmarks, scored)])
        for name in Examples.__dataclass_fields__
    ]
    found = Examples(*both)
    scale = landmarks.weight.sum() / found.weight.sum() if len(found.weight) else 1.0
    return replace(found, weight=found.weight * scale)


def log_loss(margin: np.ndarray, examples: Examples) -> float:
    """Weighted mean log loss of log-odds."""
    signed = np.where(examples.happened == 1, margin, -margin)
    return float(np.average(np.logaddexp(0.0, -signed), weights=examples.weight))


def column_names(count: int) -> list[str]:
    """Names of so many columns for LightGBM: the catalogue's, then `own_1`, `own_2` of columns of
    one's own, whose names may have signs that it refuses."""
    return [*NAMES, *(f"own_{number + 1}" for number in range(count - len(NAMES)))]


def without_context(learning: Examples, seed: int) -> Examples:
    """The same examples with the context of some children hidden."""
    matrix = learning.rows.copy()
    columns = np.array([NAMES.index(name) for name in CONTEXT_NAMES])
    matrix[np.ix_(context_hidden(learning.child, seed), columns)] = np.nan
    return Examples(
        matrix, *(getattr(learning, name) for name in list(learning.__dataclass_fields__)[1:])
    )


def context_hidden(child: np.ndarray, seed: int) -> Flags:
    """In which rows (mask) the context is hidden while fitting; all rows of a child alike."""
    children, of = np.unique(child, return_inverse=True)
    hide: Flags = np.random.default_rng(seed).random(len(children)) < CONTEXT_MASKED
    return hide[of]
