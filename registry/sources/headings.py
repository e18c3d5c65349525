"""Where a table begins: titles above the header are read past, and a name that stands twice gets a
number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

LOOKED_AT = 15
"""Rows from the top in which the header is looked for."""


def rows_above(rows: Sequence[Sequence[str]]) -> int:
    """How many rows stand above the header: titles, with one cell or less than half as many as the
    table has.

    The table's width is that of most rows near the top. Where no row is as wide as that, the first
    is the header.
    """
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    widths = Counter(map(len, rows))
    width = max(widths, key=lambda size: (widths[size], size), default=0)
    for at, count in enumerate(filled[:LOOKED_AT]):
        if count > 1 and count * 2 >= width:
            return at
    return 0


def named(names: Sequence[str]) -> tuple[list[str], frozenset[str]]:
    """Different names for all columns (`Other (2)`, `unnamed_3`), and those that stood there more
    than once."""
    seen: Counter[str] = Counter()
    different = []
    for at, name in enumerate(names):
        seen[name] += 1
        taken = f"{name} ({seen[name]})" if name and seen[name] > 1 else name or f"unnamed_{at}"
        while taken in different:
            taken += "_"
        different.append(taken)
    return different, frozenset(name for name, count in seen.items() if name and count > 1)
