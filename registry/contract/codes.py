"""The codes of the contract's coded columns: each code's number and text, declared once.

Tables in memory, stores and compiled functions hold the numbers, -1 where a code is missing; files,
forms and answers hold the texts. A number never changes and a new code goes to the end, because
stores keep the numbers.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from typing import Self


class Code(IntEnum):
    """A code: it equals its number, and knows its `text`.

    Inside compiled functions a member can be compared with a number; where it is passed on or
    stored, take `int(...)` of it outside.
    """

    text: str

    def __new__(cls, number: int, text: str) -> Self:
        member = int.__new__(cls, number)
        member._value_ = number
        member.text = text
        return member

    @classmethod
    @cache
    def texts(cls) -> tuple[str, ...]:
        """The texts of all codes; each stands at the position of its number."""
        return tuple(code.text for code in cls)

    @classmethod
    def of(cls, text: str) -> Self:
        """The code of a text; ValueError for any other."""
        for code in cls:
            if code.text == text:
                return code
        raise ValueError(f"{text!r} is no code of {cls.__name__}")

    @classmethod
    def text_of(cls, number: int) -> str:
        """The text of a number; ValueError for any other, so of -1, a missing code."""
        if 0 <= number < len(cls.texts()):
            return cls.texts()[number]
        raise ValueError(f"{number} is no code of {cls.__name__}")


class Sex(Code):
    """A child's sex."""

    FEMALE = 0, "F"
    MALE = 1, "M"


class HeightPosition(Code):
    """How a length or height was measured."""

    LYING = 0, "lying"
    STANDING = 1, "standing"


class ReportedStatus(Code):
    """The colour of the growth chart as the worker's app reports it."""

    GREEN = 0, "green"
    YELLOW = 1, "yellow"
    RED = 2, "red"


class Setting(Code):
    """Where a centre lies."""

    URBAN = 0, "urban"
    RURAL = 1, "rural"
    TRIBAL = 2, "tribal"


class Programme(Code):
    """Where a stay is treated: at the anganwadi (UCDC, VCDC) or, from NRC on, in a facility."""

    UCDC = 0, "UCDC"
    VCDC = 1, "VCDC"
    NRC = 2, "NRC"
    CTC = 3, "CTC"


class AppetiteTest(Code):
    """The result of an appetite test."""

    PASS = 0, "pass"
    FAIL = 1, "fail"
    NOT_DONE = 2, "not_done"


class Examiner(Code):
    """Who examined a child at a check."""

    WORKER = 0, "worker"
    ANM = 1, "ANM"
    MEDICAL_OFFICER = 2, "MO"


class StayOutcome(Code):
    """How a stay was closed."""

    CURED = 0, "cured"
    DEFAULTED = 1, "defaulted"
    DIED = 2, "died"
    NOT_RECOVERED = 3, "not_recovered"
    TRANSFERRED = 4, "transferred"


class TransferReason(Code):
    """Why a stay that was closed as transferred was."""

    NO_GAIN = 0, "no_gain"
    COMPLICATION = 1, "complication"
    STEP_DOWN = 2, "step_down"
    MOVED = 3, "moved"


class LeftReason(Code):
    """Why a child left the register."""

    MOVED = 0, "moved"
    DIED = 1, "died"
    AGED_OUT = 2, "aged_out"
    OTHER = 3, "other"


class RationItem(Code):
    """What was issued: energy-dense nutritious food, take-home ration, hot cooked meal."""

    EDNF = 0, "EDNF"
    THR = 1, "THR"
    HCM = 2, "HCM"


class VisitFinding(Code):
    """What a home visit found; forms list them in an order of their own."""

    WELL = 0, "well"
    SAM_AGAIN = 1, "sam_again"
    AWAY = 2, "away"
    MOVED = 3, "moved"
    DATA_WRONG = 4, "data_wrong"
    DIED = 5, "died"
    ILL = 6, "ill"
