"""Codes of families as they arrive: eight digits in many spellings, and the Aadhaar numbers that
are written in their place."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from registry.checks.cells import plain_digits

FAMILY_ID_DIGITS, AADHAAR_DIGITS = 8, 12
"""Haryana's Family ID (Parivar Pehchan Patra); India's number of a person."""
FEWEST_LEFT = 5
"""A spreadsheet drops zeros at the front; with fewer digits than this left, more than zeros are
missing."""
_WHOLE_AS_FLOAT = re.compile(r"(\d+)\.0*")
_D = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 4, 0, 6, 7, 8, 9, 5), (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7), (4, 0, 1, 2, 3, 9, 5, 6, 7, 8), (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2), (7, 6, 5, 9, 8, 2, 1, 0, 4, 3), (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)  # fmt: skip
"""Multiplication in the dihedral group of ten. Verhoeff J. Error Detecting Decimal Codes, 1969."""
_FIRST = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
"""Verhoeff's permutation; the others are its powers."""


def plain_code(text: str) -> str:
    """A family's code in one spelling: digits of any script as 0 to 9, and a whole number without
    the `.0` that a spreadsheet puts behind it. Nothing else is changed: the code may be another
    state's."""
    text = plain_digits(text)
    found = _WHOLE_AS_FLOAT.fullmatch(text)
    return found[1] if found else text


def is_aadhaar(code: str) -> bool:
    """Is a plain code a valid Aadhaar number: twelve digits, neither 0 nor 1 first, and
    Verhoeff's check digit right? One in ten other numbers of that form is so by chance."""
    digits = _digits(code)
    return len(digits) == AADHAAR_DIGITS and digits[0] not in "01" and _check(digits) == 0


def hold_aadhaar(codes: Iterable[str]) -> bool:
    """`TwelveDigits` of a column that is here whole."""
    column = TwelveDigits()
    column.look(codes)
    return column.are_aadhaar


class TwelveDigits:
    """Are the numbers of twelve digits in a column of plain codes Aadhaar numbers? Of another
    system's codes of twelve digits, one in ten has the right check digit by chance. Looked at piece
    by piece, each code once."""

    def __init__(self) -> None:
        self._seen, self._valid = np.empty(0, np.int64), 0

    def look(self, codes: Iterable[str]) -> None:
        """Some codes more."""
        numbers = [int(digits) for code in codes if len(digits := _digits(code)) == AADHAAR_DIGITS]
        new = np.setdiff1d(np.array(numbers, np.int64), self._seen)
        self._valid += sum(is_aadhaar(f"{code:0{AADHAAR_DIGITS}}") for code in new.tolist())
        self._seen = np.union1d(self._seen, new)

    @property
    def are_aadhaar(self) -> bool:
        """Have most of them, so far, the right check digit?"""
        return 2 * self._valid > len(self._seen)


def read_family_id(text: str) -> tuple[str, str]:
    """An eight-digit Family ID and nothing, or nothing and why not: `empty`, `aadhaar` (any twelve
    digits), `not_eight_digits`. Zeros that a spreadsheet dropped are put back."""
    code = plain_code(text)
    if not code:
        return "", "empty"
    digits = _digits(code)
    if len(digits) == AADHAAR_DIGITS:
        return "", "aadhaar"
    if not FEWEST_LEFT <= len(digits) <= FAMILY_ID_DIGITS:
        return "", "not_eight_digits"
    return digits.zfill(FAMILY_ID_DIGITS), ""


def _digits(code: str) -> str:
    """The digits of a plain code that is nothing but digits, spaces and hyphens; else nothing."""
    joined = re.sub(r"[\s-]", "", code)
    return joined if joined.isdecimal() else ""


def _check(code: str) -> int:
    """Verhoeff's sum: 0 where the last digit is the right one."""
    permuted, powers = tuple(range(10)), []
    for _ in range(8):
        powers.append(permuted)
        permuted = tuple(_FIRST[digit] for digit in permuted)
    found = 0
    for place, digit in enumerate(reversed(code)):
        found = _D[found][powers[place % 8][int(digit)]]
    return found
