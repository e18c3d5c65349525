"""The arm (MUAC) between people, who read and write cm or mm, and the records, which hold mm."""

from __future__ import annotations

import re

from serving.language.languages import ARABIC_DIGITS, LANGUAGES

MM_PER_CM = 10
MUAC_MM = (60.0, 260.0)
"""What a visit may find under the age of six. In cm that is 6 to 26, and no number is both that and
60 to 260."""
WRITTEN = "write the arm in cm (6 to 26) or in mm (60 to 260)"
_UNITS = {
    unit: factor
    for language in LANGUAGES.values()
    for units, factor in ((language.centimetres, MM_PER_CM), (language.millimetres, 1))
    for unit in units
}
"""The units in which an arm may be written, in mm, in every language."""
_OTHER_DIGITS = sorted({language.digits for language in LANGUAGES.values()} - {ARABIC_DIGITS})
_ARM = re.compile(
    rf"(\d{{1,3}}(?:[.,]\d+)?)\s*({'|'.join(map(re.escape, _UNITS))})?", re.IGNORECASE
)


def arm_mm(written: str) -> float:
    """The mm of an arm as a person writes it: with a decimal point or comma, in any digits, with or
    without its unit.

    `arm_mm("11.4")`, `arm_mm("११,४")` and `arm_mm("114")` are 114.0. ValueError for all that is no
    arm in either unit: under 6, between 26 and 60 (an arm of 40 is neither 40 cm nor 40 mm), over
    260, a unit that the number contradicts.
    """
    found = _ARM.fullmatch(written.strip())
    if found is None:
        raise ValueError(WRITTEN)
    value, unit = float(found[1].replace(",", ".")), (found[2] or "").lower()
    low, high = MUAC_MM
    for factor in (_UNITS[unit],) if unit else (MM_PER_CM, 1):
        mm = round(value * factor, 3)
        if low <= mm <= high:
            return mm
    raise ValueError(WRITTEN)


def arm_cm(muac_mm: float) -> str:
    """An arm in cm as people read it: 112 mm is 11.2, 114.6 mm is 11.46, since 11.5 would be above
    the limit."""
    whole, _, rest = f"{muac_mm / MM_PER_CM:.3f}".rstrip("0").partition(".")
    return f"{whole}.{rest or '0'}"


def input_pattern() -> str:
    """For an HTML input: what `arm_mm` takes without a unit, in the digits of every
    language."""
    more = r"([.,]\d+)?"
    cm = rf"([6-9]|1\d|2[0-5]){more}|26([.,]0+)?"
    mm = rf"([6-9]\d|1\d\d|2[0-5]\d){more}|260([.,]0+)?"
    return in_all_digits(rf"\s*({cm}|{mm})\s*")


def in_all_digits(pattern: str) -> str:
    """A pattern of Arabic digits that takes those of every language: `1[0-5]` becomes
    `[1१][0-5०-५]`."""

    def each(found: re.Match[str]) -> str:
        digits = "0-9" if found[0] == r"\d" else found[0].strip("[]")
        others = (digits.translate(str.maketrans(ARABIC_DIGITS, own)) for own in _OTHER_DIGITS)
        return f"[{digits}{''.join(others)}]"

    return re.sub(r"\[\d-\d\]|\\d|\d", each, pattern)
