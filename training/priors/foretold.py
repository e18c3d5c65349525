"""How well the smoother foretells a child's next reading, by age: its error over the standard
deviation that it gave itself, and how often nine in ten held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features.clock import Clock
from features.trajectory.columns.series import readings
from features.trajectory.points import growth_points
from features.trajectory.smoother import OUTLIER_SD, Prior, Readings, one_step
from registry.contract.arrays import Days, Floats, Ints
from registry.contract.days import DAYS_PER_MONTH, LAST_DAY_UNDER_FIVE
from training.priors.priors import fitted_priors

BANDS_MONTHS = ((0, 2), (2, 6), (6, 12), (12, 24), (24, 60))
"""Age at the reading, from and before, in months."""
SERIES = ("whz", "waz", "haz", "muac", "relative_weight")
NINE_IN_TEN_SD = 1.645


@dataclass(frozen=True)
class Foretold:
    """Readings of one series in one age band, each foretold from those of the child before it.

    `ratio`: root mean square of error over SD, an error beyond four SDs counted as four (the filter
    takes it for a typing error); `ratio_of_all`: with such errors in full; `nine_in_ten`: share
    within 1.645 SD; `mean`: of error over SD.
    """

    series: str
    from_month: int
    to_month: int
    readings: int
    ratio: float
    ratio_of_all: float
    nine_in_ten: float
    mean: float


@dataclass(frozen=True)
class OtherHalf:
    """A series of one half of the children, and the prior that the other half's records gave."""

    series: str
    offsets: Ints
    of: Readings
    prior: Prior
    age_days: Floats


def other_halves(clock: Clock, child: Days, day: int) -> Iterator[OtherHalf]:
    """Each series of each half of these children (positions; every second one), as known by a day;
    those aged under five alone are judged."""
    children = np.unique(child)
    for half in (children[::2], children[1::2]):
        learnt = fitted_priors(clock, half, day)
        others = np.setdiff1d(children, half)
        known = clock.known_by(others, np.full(len(others), day, np.int32))
        growth = growth_points(known, haz_prior=learnt["haz"].prior)
        for name in SERIES:
            of = readings(growth, name)
            young = growth["age_days"] <= LAST_DAY_UNDER_FIVE
            of = of._replace(value=np.where(young, of.value, np.nan))
            yield OtherHalf(name, growth.offsets, of, learnt[name].prior, growth["age_days"])


def foretold(clock: Clock, child: Days, day: int) -> list[Foretold]:
    """The figures of each series and age band, priors learnt on one half of the children and judged
    on the other, both ways together. Bands without a reading are left out."""
    errors: dict[str, list[tuple[Floats, Floats]]] = {name: [] for name in SERIES}
    for half in other_halves(clock, child, day):
        error, sd = one_step(half.offsets, half.of, half.prior)
        seen = ~np.isnan(error)
        errors[half.series].append((error[seen] / sd[seen], half.age_days[seen]))
    return [
        _figures(name, band, np.concatenate(standard)[inside])
        for name, both in errors.items()
        for standard, ages in [tuple(zip(*both, strict=True))]
        for band in BANDS_MONTHS
        for inside in [_within(np.concatenate(ages), band)]
        if inside.any()
    ]


def _within(age_days: Floats, band: tuple[int, int]) -> np.ndarray:
    inside: np.ndarray = (age_days >= band[0] * DAYS_PER_MONTH) & (
        age_days < band[1] * DAYS_PER_MONTH
    )
    return inside


def _figures(series: str, band: tuple[int, int], standard: Floats) -> Foretold:
    capped = np.clip(standard, -OUTLIER_SD, OUTLIER_SD)
    return Foretold(
        series,
        *band,
        len(standard),
        float(np.sqrt(np.mean(capped**2))),
        float(np.sqrt(np.mean(standard**2))),
        float(np.mean(np.abs(standard) < NINE_IN_TEN_SD)),
        float(np.mean(standard)),
    )
