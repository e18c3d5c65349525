"""From a z-score back to the measure: WHO's curves, for charts, and the inverse of
`features.who.growth` for its tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from features.who.standards import who_tables
from registry.contract.arrays import Floats

AGE_BASED = ("waz", "haz", "baz", "muacz", "hcz")
RESTRICTED = frozenset({"waz", "baz", "muacz", "wfl", "wfh"})
"""Indicators whose curves beyond 3 SD go on in equal steps of the distance between 2 and 3 SD."""

FIRST = {"muacz": 91, "wfl": 450, "wfh": 650}


def measure_at(indicator: str, *, sex: int, at: ArrayLike, z: ArrayLike) -> Floats:
    """The measure whose z-score is `z`, float64: kg, cm, kg/m², arm and head in cm; NaN outside of
    the table.

    `indicator` is waz, haz, baz, muacz or hcz with `at` in whole days, or wfl / wfh with `at` in cm
    (between the 0.1 cm rows L, M and S are interpolated). sex 0 girl, 1 boy. `at` and `z` are
    broadcast together.
    """
    at, z = np.broadcast_arrays(np.asarray(at, np.float64), np.asarray(z, np.float64))
    l, m, s = _parameters(indicator, sex, at)
    if indicator not in RESTRICTED:
        return _sd(z, l, m, s)
    inner = _sd(np.clip(z, -3, 3), l, m, s)
    sd2, sd3 = _sd(np.copysign(2.0, z), l, m, s), _sd(np.copysign(3.0, z), l, m, s)
    return np.where(abs(z) > 3, sd3 + (abs(z) - 3) * (sd3 - sd2), inner)


def _sd(z: Floats, l: Floats, m: Floats, s: Floats) -> Floats:
    return m * (1 + l * s * z) ** (1 / l)


def _parameters(indicator: str, sex: int, at: Floats) -> tuple[Floats, Floats, Floats]:
    """L, M and S at each age or size."""
    rows = who_tables()[indicator][sex]
    steps = at if indicator in AGE_BASED else at * 10
    place = steps - FIRST.get(indicator, 0)
    inside = (place >= 0) & (place <= len(rows) - 1)
    place = np.where(inside, place, 0)
    low = np.minimum(np.floor(place + 1e-9).astype(np.int64), len(rows) - 1)
    high, share = np.minimum(low + 1, len(rows) - 1), np.maximum(place - low, 0.0)
    between = rows[low] + share[..., None] * (rows[high] - rows[low])
    between = np.where(inside[..., None], between, np.nan)
    return between[..., 0], between[..., 1], between[..., 2]
