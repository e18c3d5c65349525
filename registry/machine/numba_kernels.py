"""`njit` as every room uses it: Numba's own, without the wrapper by which C code would call a
kernel.

Nobody calls one from C, and each wrapper is compiled beside its function: without them the feature
row's kernels compile in an eighth less time.
"""

from __future__ import annotations

import functools

import numba

njit = functools.partial(numba.njit, no_cfunc_wrapper=True)
