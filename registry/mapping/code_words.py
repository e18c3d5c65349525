"""What exports write where the contract has its codes: sex, outcomes, colours."""

from __future__ import annotations

import re
from collections.abc import Iterable

from registry.checks.cells import plain_digits
from registry.contract.codes import (
    AppetiteTest,
    HeightPosition,
    LeftReason,
    Programme,
    RationItem,
    ReportedStatus,
    Setting,
    Sex,
    StayOutcome,
)

CODES: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {
    Sex.texts(): {
        "F": (
            "female",
            "girl",
            "महिला",
            "स्त्री",
            "बालिका",
            "लड़की",
            "मुलगी",
            "मादा",
            "g",
            "છોકરી",
            "ಹೆಣ್ಣು",
            "2",
        ),
        "M": ("male", "boy", "पुरुष", "बालक", "लड़का", "मुलगा", "नर", "पु", "b", "છોકરો", "ಗಂಡು", "1"),
    },
    Setting.texts(): {
        "rural": ("ग्रामीण",),
        "urban": ("शहरी", "नगरीय", "नागरी"),
        "tribal": ("आदिवासी", "जनजातीय"),
    },
    ReportedStatus.texts(): {
        "green": ("normal", "g", "सामान्य", "साधारण", "हरा", "हिरवा"),
        "yellow": ("mam", "y", "moderate", "मध्यम", "मॅम", "पीला", "पिवळा"),
        "red": ("sam", "r", "severe", "अति गंभीर", "अतिगंभीर", "गंभीर", "तीव्र", "सॅम", "लाल"),
    },
    StayOutcome.texts(): {
        "cured": (
            "recovered",
            "discharged cured",
            "discharged as cured",
            "ठीक",
            "स्वस्थ",
            "बरा",
            "बरे",
        ),
        "defaulted": ("defaulter", "default", "lama", "absconded", "left against advice"),
        "died": ("death", "dead", "expired", "मृत्यु", "मृत", "मृत्यू"),
        "not_recovered": (
            "non responder",
            "non-responder",
            "not cured",
            "non recovered",
            "non-recovered",
            "not recovered",
            "non response",
        ),
        "transferred": (
            "transfer",
            "referred",
            "refer",
            "referral",
            "transferred out",
            "रेफर",
            "संदर्भित",
        ),
    },
    Programme.texts(): {
        "NRC": (
            "nutrition rehabilitation centre",
            "nutrition rehabilitation center",
            "पोषण पुनर्वास केंद्र",
            "एनआरसी",
        ),
        "VCDC": (
            "village child development centre",
            "village child development center",
            "व्हीसीडीसी",
        ),
        "UCDC": ("urban child development centre", "urban child development center", "यूसीडीसी"),
        "CTC": ("child treatment centre", "child treatment center", "सीटीसी"),
    },
    AppetiteTest.texts(): {
        "pass": ("passed", "good", "उत्तीर्ण"),
        "fail": ("failed", "poor", "अनुत्तीर्ण"),
        "not_done": ("not done",),
    },
    LeftReason.texts(): {
        "moved": ("migrated", "migration", "shifted", "स्थलांतर"),
        "died": ("death", "dead", "मृत्यु", "मृत्यू"),
        "aged_out": ("aged out", "graduated", "above 6 years", "completed 6 years"),
    },
    RationItem.texts(): {
        "THR": ("take home ration",),
        "HCM": ("hot cooked meal", "hot cooked meals"),
    },
    HeightPosition.texts(): {
        "lying": ("1", "l", "length", "recumbent", "लेटकर", "झोपून"),
        "standing": ("2", "h", "height", "खड़े होकर", "उभे"),
    },
}
"""What exports write where the contract has its codes. `1` and `2` (DHS's and MICS's codes) are
offered, never taken."""
UNKNOWN = frozenset({"8", "9", "88", "98", "99"})
"""Numbers among codes that say that nobody knows."""
_NUMBERED = re.compile(r"\d\s*[-=:.)]\s*(\D+)")


def plain_code(cell: str) -> str:
    """A cell as words for codes are looked up: `1 - Male` and `Boy child` are male and boy."""
    word = " ".join(plain_digits(cell).lower().split()).rstrip(".")
    word = found[1].strip() if (found := _NUMBERED.fullmatch(word)) else word
    return word.removesuffix(" child")


def words_for(codes: tuple[str, ...], cells: Iterable[str]) -> dict[str, str]:
    """Words and numbers for these codes; where a column counts from 0, no number: 0 and 1 may be
    boys and girls or girls and boys."""
    meant = {word: code for code, words in CODES.get(codes, {}).items() for word in words}
    if any(plain_code(cell) == "0" for cell in cells):
        meant = {word: code for word, code in meant.items() if not word.isdecimal()}
    return meant
