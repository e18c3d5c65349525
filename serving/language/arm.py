"""The arm (MUAC) between people, who read and write cm or mm, and the records, which hold mm."""

from __future__ import annotations

import re

MM_PER_CM = 10
MUAC_MM = (60.0, 260.0)
"""What a visit may find under the age of six. In cm that is 6 to 26, and no number is both that and
60 to 260."""
WRITTEN = "write the arm in cm (6 to 26) or in mm (60 to 260)"
_UNITS = {"cm": MM_PER_CM, "सेमी": MM_PER_CM, "से.मी.": MM_PER_CM, "mm": 1, "मिमी": 1, "मि.मी.": 1}
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
    """For an HTML input: what `arm_mm` takes without a unit, in Arabic and in Devanagari digits."""
    more = r"([.,]\d+)?"
    cm = rf"([6-9]|1\d|2[0-5]){more}|26([.,]0+)?"
    mm = rf"([6-9]\d|1\d\d|2[0-5]\d){more}|260([.,]0+)?"
    return in_both_digits(rf"\s*({cm}|{mm})\s*")


def in_both_digits(pattern: str) -> str:
    """A pattern of Arabic digits that takes Devanagari ones too: `1[0-5]` becomes
    `[1१][0-5०-५]`."""
    devanagari = str.maketrans("0123456789", "०१२३४५६७८९")

    def both(found: re.Match) -> str:
        digits = "0-9" if found[0] == r"\d" else found[0].strip("[]")
        return f"[{digits}{digits.translate(devanagari)}]"

    return re.sub(r"\[\d-\d\]|\\d|\d", both, pattern)
