"""Age bands: where groups of children part by age, in reports and in the levels of a model."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

BANDS_MONTHS = (12, 24)
"""Completed months at which ages part: the youngest relapse most, and from two years on a child
eats what the family eats."""
DAYS_A_MONTH = 30.4375


def cuts_days(months: tuple[int, ...] = BANDS_MONTHS) -> list[int]:
    """The first day of age (days) of each band but the first. Example: 12 and 24: 365 and 730."""
    return [round(month * DAYS_A_MONTH) for month in months]


def band_of(age_days: np.ndarray, cuts: np.ndarray | list[int]) -> np.ndarray:
    """The band of each age (n,), 0 the youngest; one more than the oldest where it is not known."""
    found: np.ndarray = np.where(
        np.isnan(age_days), len(cuts) + 1, np.searchsorted(cuts, age_days, side="right")
    )
    return found


def band_names(months: tuple[int, ...] = BANDS_MONTHS) -> list[str]:
    """Example: `under 12 months`, `12 to 23 months`, `24 months and over`."""
    inner = [f"{low} to {high - 1} months" for low, high in pairwise(months)]
    return [f"under {months[0]} months", *inner, f"{months[-1]} months and over"]
