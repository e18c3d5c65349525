"""Oedema in words (`pos`, `नहीं`, `++`, `Grade 2`, `1 - Yes`), to the grade that is meant."""

from __future__ import annotations

import re

from registry.checks.cells import plain_digits
from registry.contract.tables import FALSE_WORDS, TRUE_WORDS

YES_WORDS = TRUE_WORDS - {"1", "1.0", "t"} | {
    "present", "positive", "pos", "pos.", "+ve", "हाँ", "हां", "हा", "जी हाँ", "है", "हो", "होय", "आहे",
}  # fmt: skip
NO_WORDS = FALSE_WORDS - {"0", "0.0", "f"} | {
    "absent", "negative", "neg", "neg.", "-ve", "no oedema", "no edema", "नहीं", "नही", "नहीं है",
    "नाही", "नाहीं", "नहि",
}  # fmt: skip
NOTHING_WORDS = frozenset({"-", "nil", "none"})
"""No oedema where `+` marks some and nothing else says none; elsewhere an empty cell."""
_DEGREES = {"mild": 1, "moderate": 2, "severe": 3}
_GRADE = re.compile(r"(?:grade|gr|g|stage)[\s.:-]*([0-3])")
_SIGNS = re.compile(r"(\+{1,3})|([1-3])\+")
_CODED = re.compile(r"\d\s*[-=:.)]\s*(\D+)")


def grade_in(cell: str) -> int | None:
    """The grade (0 to 3) of a cell in words, yes being 1; None for numbers and what is no word of
    ours."""
    word = " ".join(plain_digits(cell).lower().split())
    if found := _CODED.fullmatch(word):
        word = found[1].strip()
    if word in YES_WORDS or word in NO_WORDS:
        return int(word in YES_WORDS)
    if word in _DEGREES:
        return _DEGREES[word]
    if found := _GRADE.fullmatch(word):
        return int(found[1])
    if found := _SIGNS.fullmatch(word):
        return len(found[1]) if found[1] else int(found[2])
    return None
