"""Memory that was freed, given back to the system."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

import pyarrow as pa


def give_back() -> None:
    """Give freed memory back: what Arrow and glibc keep of each piece of work would add up to more
    with every one. Without glibc only Arrow does."""
    pa.default_memory_pool().release_unused()
    if (trim := _of_glibc("malloc_trim")) is not None:
        trim(0)


LARGE_BYTES = 1 << 20
M_MMAP_THRESHOLD = -3
"""Of `malloc.h`."""


def keep_large_apart() -> None:
    """From now on glibc asks the system for each large array, and gives it back with the array:
    left alone it soon keeps arrays of up to 32 MB among small things, and gaps that nothing gives
    back add up over the thousands of arrays of a state. Without glibc nothing."""
    if (set_option := _of_glibc("mallopt")) is not None:
        set_option(M_MMAP_THRESHOLD, LARGE_BYTES)


@cache
def _of_glibc(name: str) -> Callable[..., int] | None:
    """A function of glibc; None on a system without it."""
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return None
    return found
