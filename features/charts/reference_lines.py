"""WHO's lines on a growth chart as coordinates: where severe and moderate begin, the median, and
where the curve of length ends and that of height begins."""

from __future__ import annotations

import numpy as np

from features.criteria import criteria
from features.who.growth import STANDING_FROM_DAYS
from features.who.measure_of_z import measure_at
from registry.contract.arrays import Floats

MM_PER_CM = 10
FLAT = frozenset({"whz", "muac"})
"""Panels whose lines are the same at each age: z-scores, and the arm's limits in cm."""
_POINTS = 19


def cuts_of(name: str) -> tuple[float, float]:
    """Below which severe and moderate begin: z-scores; of the arm, cm."""
    c = criteria()
    if name == "muac":
        return c.severe_muac_below_mm / MM_PER_CM, c.moderate_muac_below_mm / MM_PER_CM
    return c.severe_z_below, c.moderate_z_below


def lines_of(name: str) -> tuple[float, ...]:
    """All lines of a panel: its cuts and, but for the arm, the median and +2."""
    return (*cuts_of(name), *(() if name == "muac" else (0.0, 2.0)))


def steps(span: tuple[float, float]) -> bool:
    """Whether ages lie on both sides of the day on which WHO turns from length to height."""
    return span[0] < STANDING_FROM_DAYS - 1 and span[1] > STANDING_FROM_DAYS


def stretches(name: str, span: tuple[float, float]) -> list[tuple[float, float]]:
    """First and last day of each curve: one, or for height two, which do not meet where length
    turns to height."""
    first, last = span
    if name != "haz" or last < STANDING_FROM_DAYS:
        return [(first, last)]
    if not steps(span):
        return [(max(first, STANDING_FROM_DAYS), last)]
    return [(first, STANDING_FROM_DAYS - 1), (STANDING_FROM_DAYS, last)]


def line(name: str, sex: int, cut: float, stretch: tuple[float, float]) -> tuple[Floats, Floats]:
    """Days of age and the panel's values (kg, cm, or z) of the line at a cut; sex 0 girl, 1 boy."""
    first, last = stretch
    if name in FLAT:
        return np.array([first, last]), np.array([cut, cut])
    days = np.unique(np.round(np.linspace(first, last, _POINTS)))
    return days, measure_at(name, sex=sex, at=days, z=np.array(cut))
