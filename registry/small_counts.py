"""Small cells: how few children a shared figure may speak of."""

from __future__ import annotations

from collections.abc import Iterable

SMALLEST_CELL = 5
"""A count of 1 to 4 children is not given, nor a share or score of so few: one child could be told
from it."""


def is_small(count: int | float) -> bool:
    """Is this a count of some, but too few children to be shown?"""
    return 0 < count < SMALLEST_CELL


def shown(counts: Iterable[int]) -> list[int | None]:
    """Counts for a shared aggregate: small ones are None, 0 stays."""
    return [None if is_small(count) else int(count) for count in counts]
