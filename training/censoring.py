"""Censoring: what weight a row with a known outcome carries for those whose outcome is not known (IPCW)."""

from __future__ import annotations

import numpy as np

from models.problems import CENSORED
from training.cohorts import Cohort

LEAST_LEFT = 0.05
"""No row stands for more than twenty: where fewer are still followed, the curve is held."""


def followed_curve(time: np.ndarray, lost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kaplan–Meier of being still followed: (days in rising order, share followed after each day).

    time: days followed; lost: True where following ended without an outcome. Events come before losses on a day.
    """
    order = np.argsort(time, kind="stable")
    days, first = np.unique(time[order], return_index=True)
    at_risk = len(time) - first
    losses = np.add.reduceat(lost[order].astype(np.float64), first) if len(time) else np.empty(0)
    return days, np.maximum(np.cumprod(1.0 - losses / np.maximum(at_risk, 1)), LEAST_LEFT)


def followed_until(curve: tuple[np.ndarray, np.ndarray], time: np.ndarray) -> np.ndarray:
    """The share that was still followed just before each time."""
    days, share = curve
    at = np.searchsorted(days, time, side="left") - 1
    return np.where(at < 0, 1.0, share[np.maximum(at, 0)]) if len(days) else np.ones(len(time))


def weights(rows: Cohort) -> np.ndarray:
    """IPCW of each landmark row (float64): 0 where censored, else 1 / share still followed at its outcome.

    One curve a landmark, over the rows given. A row without the event counts at the end of the horizon, a death
    on its day.
    """
    weight = np.zeros(len(rows.index))
    for landmark in np.unique(rows.landmark):
        of = rows.landmark == landmark
        time, lost = rows.time[of], rows.outcome[of] == CENSORED
        curve = followed_curve(time, lost)
        weight[of] = np.where(lost, 0.0, 1.0 / followed_until(curve, time))
    return weight
