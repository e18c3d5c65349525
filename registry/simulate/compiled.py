"""The decorators of this package: inner functions are machine code that only machine code calls.

Without wrappers for Python each compiles in half the time; `error_model="numpy"` leaves out checks
for division by zero. They are not cached one by one: `loop.py` caches the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
_INNER: dict[str, Any] = {
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "error_model": "numpy",
    "_nrt": False,
}
_OUTER: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,
}


def compiled(function: Kernel) -> Kernel:
    """An inner function as machine code."""
    kernel: Kernel = njit(**_INNER)(function)
    return kernel


def compiled_whole(function: Kernel) -> Kernel:
    """The outermost function, with all that it calls, as machine code that Python calls and
    keeps."""
    kernel: Kernel = njit(**_OUTER)(function)
    return kernel
