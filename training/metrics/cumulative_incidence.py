"""The Aalen-Johansen curve: the share with the event by each day, where another end may come
first."""

from __future__ import annotations

import numpy as np

from registry.contract.arrays import Floats, Ints

LOST, EVENT, OTHER_END = 0, 1, 2


def cumulative_incidence(days: Ints, ended: Ints, by: Ints) -> Floats:
    """The share with the event by the end of each day of `by` (float64, as long as `by`); NaN of
    nobody.

    `days` (n,): how long each was followed; `ended` (n,): `EVENT`, `OTHER_END` (death, say, after
    which the event cannot come) or `LOST` (censored: who is lost on a day was at risk on it).
    Source: Aalen and Johansen 1978. Example: of four, events on days 5 and 9, a death on day 5, one
    lost on day 7: 1/4 by day 5; half are left, of whom one is lost, so 1/4 + 1/2 by day 9.
    """
    if not len(days):
        return np.full(len(by), np.nan)
    day, place = np.unique(days, return_inverse=True)
    at_risk = np.bincount(place, minlength=len(day))[::-1].cumsum()[::-1]
    event, other = (
        np.bincount(place, weights=(ended == kind).astype(float), minlength=len(day))
        for kind in (EVENT, OTHER_END)
    )
    free = np.cumprod(1.0 - (event + other) / at_risk)
    steps = np.concatenate([[1.0], free[:-1]]) * event / at_risk
    total = np.concatenate([[0.0], steps.cumsum()])
    found: Floats = total[np.searchsorted(day, by, side="right")]
    return found
