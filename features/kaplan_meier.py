"""The Kaplan-Meier curve: one home for lengths of stay and for loss to follow-up."""

from __future__ import annotations

import numpy as np

from registry.contract.arrays import Flags, Floats, Ints


def kaplan_meier(days: Ints, ended: Flags) -> tuple[Ints, Floats]:
    """(day, share): the days that occur, ascending, and the share that lasts beyond each.

    `days`: how long each was followed; `ended`: True where it ended then, False where it was
    censored. Those censored on a day are at risk on that day. Source: Kaplan & Meier 1958.

    Example: of four stays two end on days 5 and 9 and two are still open on days 7 and 9: 0.75
    after day 5, 0.75 after day 7, 0.375 after day 9.
    """
    day, place = np.unique(days, return_inverse=True)
    followed = np.bincount(place, minlength=len(day))
    ends = np.bincount(place, weights=ended.astype(float), minlength=len(day)).astype(np.float64)
    return day, lasting(followed, ends)


def lasting(followed: Ints, ended: Floats) -> Floats:
    """The share that lasts beyond each day, from how many were `followed` until that day (the days
    ascending) and how many of these `ended` then."""
    at_risk = followed[::-1].cumsum()[::-1]
    found: Floats = np.cumprod(1.0 - ended / at_risk)
    return found
