"""A measurement's z from its L, M and S: WHO's formulas, with restricted tails for everything that
weighs.

Source: WHO Child Growth Standards, Methods and development (2006), chapter 7; the same for the
Reference of 2007.
"""

from __future__ import annotations

import math

from features.who.portable_math import expm1, log
from registry.machine.numba_kernels import njit


@njit(cache=True, nogil=True, error_model="numpy")
def unrestricted(y: float, m: float, s: float) -> float:
    """z where L is 1 (length, height, head): no restricted tails. Missing unless y is above 0 and
    finite."""
    return (y / m - 1.0) / s if 0.0 < y < math.inf else math.nan


@njit(cache=True, nogil=True, error_model="numpy")
def inner(y: float, l: float, m: float, s: float) -> float:
    """z by L, M and S: ((y/M)^L − 1) / (L·S). Missing unless y is above 0 and finite."""
    z = expm1(l * log(y / m)) / (l * s)
    return z if 0.0 < y < math.inf else math.nan


@njit(cache=True, nogil=True, error_model="numpy")
def beyond_3_sd(y: float, l: float, m: float, s: float) -> float:
    """z beyond 3 SD, on the straight line through 2 and 3 SD; S is negative below the median."""
    sd2 = m * (expm1(log(1.0 + 2.0 * l * s) / l) + 1.0)
    sd3 = m * (expm1(log(1.0 + 3.0 * l * s) / l) + 1.0)
    return math.copysign(3.0 + (y - sd3) / (sd3 - sd2), s)


@njit(cache=True, nogil=True, error_model="numpy")
def restricted(y: float, l: float, m: float, s: float) -> float:
    """z of one measure that weighs (or of an arm), with restricted tails."""
    z = inner(y, l, m, s)
    return beyond_3_sd(y, l, m, math.copysign(s, z)) if abs(z) > 3.0 else z
