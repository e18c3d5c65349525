"""Numbers that stand for a missing value (9999, 99.9, -1) among a column's measures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from registry.checks.cells import read_number

CANDIDATES = frozenset(
    {
        *range(9994, 10000),
        *range(99994, 100000),
        *range(994, 1000),
        99.9,
        999.9,
        99.99,
        999.99,
        9999.9,
        99.0,
        98.0,
        88.8,
        8888.0,
        888.0,
        77.7,
        7777.0,
        777.0,
        -1.0,
        -9.0,
        -88.0,
        -98.0,
        -99.0,
        -999.0,
        -9999.0,
    }
)
"""DHS: 9994 to 9999 (recode manual: 9994 not present, 9995 refused, 9996 out of plausible limits,
9998 do not know, 9999 missing); MICS: 99.9, 99.6, 999.9; `verified: false` for the others."""
NEVER_A_MEASURE = frozenset(range(9994, 10000)) | frozenset(range(99994, 100000))
OFTEN, TIMES, NEAR, ABOVE = 5, 5, 0.02, 1.5
"""Suspected where it stands so often, and so many times as often as any number within 2 %; or
alone, half as much again as the greatest of the others, or with a fraction where no other has one
(88.8 mm)."""


def suspected_missing(counts: Mapping[str, int]) -> list[str]:
    """The cells that seem to mean `missing`, of a column's different texts with how often each
    stands there."""
    numbers = {text: value for text in counts if isinstance(value := read_number(text), float)}
    plain = np.array([value for value in numbers.values() if value not in CANDIDATES])
    if not len(plain):
        return []
    often: dict[float, int] = {}
    for text, value in numbers.items():
        often[value] = often.get(value, 0) + counts[text]
    found = [
        text
        for text, value in numbers.items()
        if value in CANDIDATES
        and (
            value < 0 <= plain.min()
            or value in NEVER_A_MEASURE
            or value > ABOVE * plain.max()
            or (value % 1 and not (plain % 1).any() and len(plain) >= OFTEN)
            or _stands_out(value, often)
        )
    ]
    return sorted(found)


def _stands_out(value: float, often: Mapping[float, int]) -> bool:
    near = [
        count
        for other, count in often.items()
        if other != value and abs(other - value) <= NEAR * abs(value)
    ]
    return often[value] >= OFTEN and often[value] >= TIMES * max(near, default=1)
