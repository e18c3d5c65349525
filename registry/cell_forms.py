"""How an export writes its cells, told from the first of them, for a person to correct: dates, commas, codes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from registry import tables
from registry.cells import BAD, read_day
from registry.contract import SPECS

CODES: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {
    tables.SEX: {
        "F": ("female", "girl", "महिला", "स्त्री", "बालिका", "लड़की", "मुलगी", "2"),
        "M": ("male", "boy", "पुरुष", "बालक", "लड़का", "मुलगा", "1"),
    },
    tables.SETTING: {
        "rural": ("ग्रामीण",), "urban": ("शहरी", "नगरीय", "नागरी"), "tribal": ("आदिवासी", "जनजातीय"),
    },
    tables.REPORTED_STATUS: {
        "green": ("normal", "सामान्य", "साधारण", "हरा", "हिरवा"),
        "yellow": ("mam", "moderate", "मध्यम", "मॅम", "पीला", "पिवळा"),
        "red": ("sam", "severe", "अति गंभीर", "अतिगंभीर", "गंभीर", "तीव्र", "सॅम", "लाल"),
    },
    tables.POSITION: {
        "lying": ("l", "length", "recumbent", "लेटकर", "झोपून"), "standing": ("h", "height", "खड़े होकर", "उभे"),
    },
}
"""What exports write where the contract has its codes. `1` and `2` for the sexes are offered, never taken."""
DATES = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%d-%m-%y", "%d-%b-%Y", "%d %b %Y", "%d-%b-%y", "%d %B %Y")
_COMMA = re.compile(r"\d{1,3},\d{1,2}")
EXCEL_DAYS = range(36_526, 73_051)
"""Serial dates of the years 2000 to 2099."""


def form_of(table: str, column: str, cells: Sequence[str]) -> dict[str, object]:
    """Settings of a map that these cells (different, not empty) seem to need: `date`, `decimal`, `codes`; or none.

    The day comes first in a date, as in India; month first is not proposed. A column of several forms gets them all.
    """
    spec = SPECS[table].column(column)
    if spec.kind == "day":
        return _date(cells)
    if spec.kind == "number":
        return {"decimal": ","} if any(_COMMA.fullmatch(cell.strip()) for cell in cells) else {}
    return _codes(spec.codes, cells) if spec.kind == "code" else {}


def _date(cells: Sequence[str]) -> dict[str, object]:
    strange = [cell.strip() for cell in cells if read_day(cell) is BAD]
    if strange and all(cell.isdigit() and int(cell) in EXCEL_DAYS for cell in strange):
        return {"date": "excel_1900"}
    forms = [form for form in DATES if any(_fits(cell, form) for cell in strange)]
    return {"date": forms[0] if len(forms) == 1 else forms} if forms else {}


def _fits(cell: str, form: str) -> bool:
    try:
        dt.datetime.strptime(cell, form)
    except ValueError:
        return False
    return True


def _codes(codes: tuple[str, ...], cells: Sequence[str]) -> dict[str, dict[str, str]]:
    meant = {word: code for code, words in CODES.get(codes, {}).items() for word in words}
    own = {code.lower() for code in codes}
    found = {cell.strip(): meant[word] for cell in cells if (word := cell.strip().lower()) in meant and word not in own}
    return {"codes": found} if found else {}
