"""Comparisons and divisors that keep what is missing missing (NaN), compiled."""

from __future__ import annotations

import numpy as np

from registry.machine.numba_kernels import njit


@njit(cache=True, nogil=True)
def positive(value: float) -> float:
    """A divisor: NaN unless above 0, so that a quotient over it is missing rather than infinite."""
    return value if value > 0 else np.nan


@njit(cache=True, nogil=True)
def at_most(value: float, bound: float) -> float:
    """The lesser, NaN where the value is missing."""
    return bound if value > bound else value


@njit(cache=True, nogil=True)
def at_least(value: float, bound: float) -> float:
    """The greater, NaN where the value is missing."""
    return bound if value < bound else value


@njit(cache=True, nogil=True)
def is_code(code: int, wanted: int) -> float:
    """1 where a code is the one wanted, 0 where it is another, NaN where there is none (-1)."""
    if code < 0:
        return np.nan
    return 1.0 if code == wanted else 0.0


@njit(cache=True, nogil=True)
def greater(one: float, other: float) -> float:
    """The greater of those that are there."""
    return other if np.isnan(one) or other > one else one
