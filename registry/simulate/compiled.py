"""The decorator of this package's inner functions: machine code that only other machine code calls.

Without wrappers for Python each compiles in half the time; `error_model="numpy"` leaves out checks
for division by zero. They are not cached one by one: `loop.py` caches the whole.
"""

from __future__ import annotations

from numba import njit

compiled = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, error_model="numpy", _nrt=False)
