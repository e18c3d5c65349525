"""Where a child's next readings would lie if nothing changed: the smoother's level and fading
velocity, eight weeks on.

A picture for people, of no model's risk: what a treatment or an illness will change is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.clock import Known
from features.trajectory.columns.series import readings
from features.trajectory.points import growth_points
from features.trajectory.smoother import (
    DEFAULT_PRIORS,
    Prior,
    Readings,
    growth_time,
    last_noise,
    smooth,
)
from features.who.measure_of_z import measure_at
from registry.contract.arrays import Floats
from registry.contract.days import LAST_DAY_UNDER_FIVE
from registry.contract.registry import NEVER

AHEAD_DAYS = np.array([0, 7, 14, 21, 28, 35, 42, 49, 56])
LATEST_READING_DAYS = 91
"""Nothing is projected from readings older than a quarter: too much may have happened since."""
FEWEST_READINGS = 3
"""Two readings give a slope that is mostly their error."""
NINE_IN_TEN = 2.1
"""Spreads of the filter each way: 1.28 times its own 1.645, because readings have longer tails than
a normal distribution. It held 91 % of the next readings of discharged children on a simulated
district (benchmarks/projection.py). In treatment children rise above it."""


@dataclass(frozen=True)
class Projection:
    """By panel (`waz` in kg, `whz` in z): the expected value and the bounds of nine readings in
    ten, by days of age."""

    age_days: Floats
    middle: Mapping[str, Floats]
    low: Mapping[str, Floats]
    high: Mapping[str, Floats]


def project(known: Known, *, priors: Mapping[str, Prior] = DEFAULT_PRIORS) -> Projection | None:
    """The projection of a view of one child; None where its readings, its age or its sex will not
    bear one.

    Example: weighed monthly to 2026-03-02 and looked at on 2026-03-14, the band runs to 2026-05-09.
    """
    sex, born, day = (
        int(known.children["sex"][0]),
        int(known.children["birth_date"][0]),
        int(known.day[0]),
    )
    if sex < 0 or born == NEVER or not 0 <= day - born <= LAST_DAY_UNDER_FIVE - AHEAD_DAYS[-1]:
        return None
    rows = growth_points(known)
    ages = (day - born + AHEAD_DAYS).astype(float)
    bands = {}
    for name in ("waz", "whz"):
        of = readings(rows, name)._replace(value=rows[name])
        # A WHZ on a height that cannot be the child's has no error that could be told.
        seen = np.flatnonzero(~np.isnan(of.value + of.scale + of.extra))
        if (
            len(seen) >= FEWEST_READINGS
            and day - rows["measured_on"][seen[-1]] <= LATEST_READING_DAYS
        ):
            bands[name] = _band(of, day, born, priors[name])
    if "waz" in bands:
        bands["waz"] = tuple(measure_at("waz", sex=sex, at=ages, z=z) for z in bands["waz"])
    if not bands:
        return None
    return Projection(
        ages, *({name: band[part] for name, band in bands.items()} for part in range(3))
    )


def _band(of: Readings, day: int, born: int, prior: Prior) -> tuple[Floats, ...]:
    """Middle, low and high z on each day ahead: the child's state carried on, and the error of one
    reading."""
    n, ahead = len(of.value), len(AHEAD_DAYS)
    days = (day + AHEAD_DAYS).astype(of.day.dtype)
    found, _ = smooth(
        np.arange(ahead + 1) * n,
        Readings(
            np.tile(of.day, ahead),
            *(np.tile(column, ahead) for column in (of.time, of.value, of.scale, of.extra)),
        ),
        days,
        np.array([growth_time(on, born) for on in days]),
        prior,
    )
    reach = NINE_IN_TEN * np.sqrt(found[1] ** 2 + last_noise(0, n, of, prior))
    return found[0], found[0] - reach, found[0] + reach
