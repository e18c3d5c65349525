"""Whole numbers as India writes them, for all that people read."""

from __future__ import annotations


def grouped(number: int) -> str:
    """A whole number with Indian grouping: the last three digits, then twos. `grouped(1234567)` is
    "12,34,567"."""
    sign, digits = "-" if number < 0 else "", str(abs(int(number)))
    head, tail = digits[:-3], digits[-3:]
    pairs = [head[max(end - 2, 0) : end] for end in range(len(head), 0, -2)][::-1]
    return sign + ",".join([*pairs, tail])
