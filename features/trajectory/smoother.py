"""A child's level and velocity behind noisy readings: a Kalman filter that knows the field's
measurement error and how fast a body of that age changes.

Weights are rounded to half kilograms and heights to whole centimetres, so one WHZ is off by about
0.3 z; three noisy months should beat the last one. The child's true z is taken as a level that
drifts and is drawn to the mean, with a velocity that fades (an Ornstein–Uhlenbeck process); a
reading is the level plus noise. The noise is a scale's and a board's, in kg and cm, carried into z
through the standard's slope at that weight, height and age: the same 150 g are 0.3 z at three
months and 0.13 z at three years. Drift goes by growth time (`growth_time`), which runs
fast in the first months. What noise, drift and pull are is estimated from the records themselves
(`training.priors.prior_fit`), in the training window, and travels with the model.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from features.clock import Day
from registry.contract.arrays import Days, Floats, Ints
from registry.contract.registry import NEVER
from registry.machine.numba_kernels import njit

VELOCITY_DAYS = 45.0
"""How long a child's velocity lasts: a bout of illness or a lean month, not a season (chosen; not
estimated)."""
OUTLIER_SD = 4.0
"""A reading this far from what was expected is most likely a typing error: it counts a twentieth.
"""
NEWBORN_DAYS, AT_A_YEAR = 30.0, 395.0
"""Growth time runs by 1 / (age + 30 days)², one a day at a year of age: of the powers 0, 1, 1.5 and
2 and starts of 0.5 to 120 days the one whose errors, on SPOON's screenings, fit their standard
deviations at every age (docs/models.md)."""


class Prior(NamedTuple):
    """What is known of a measure before a child is seen, in the measure's own unit (squared where
    variances).

    `mean`, `variance`: of the true value where a child's records begin; `noise`: variance of one
    reading's error, in what was read: kg², cm² or mm²; `drift`, `steady_drift`: variance that the
    true value gains in a day of growth time, and in a day at any age; `slope_variance`: of a
    child's velocity per day; `reverting`: share of its distance from the mean that a child loses in
    a day of growth time; `trend`: what all children gain in one.
    """

    mean: float
    variance: float
    noise: float
    drift: float
    steady_drift: float
    slope_variance: float
    reverting: float
    trend: float


DEFAULT_PRIORS = {
    "whz": Prior(-1.8, 1.2, 0.0225, 0.0030, 0.0030, 1.0e-4, 0.0015, 0.0),
    "waz": Prior(-2.2, 1.2, 0.0225, 0.0012, 0.0015, 5.0e-5, 0.0006, 0.0),
    "haz": Prior(-1.8, 1.5, 0.64, 0.0030, 0.0003, 1.0e-5, 0.0010, 0.0),
    "muac": Prior(129.0, 120.0, 16.0, 0.10, 0.20, 0.01, 0.0010, 0.0),
    "relative_weight": Prior(-0.25, 0.02, 0.0225, 0.00002, 0.00002, 1.0e-6, 0.0008, 0.0),
}
"""Before any registry was seen: weight off by 0.15 kg, height by 0.8 cm, MUAC by 4 mm in the field;
drift and pull in round numbers as SPOON's screenings have them, of MUAC those of WHZ in mm.
`training.priors.priors` puts a registry's own figures in their place."""

State = tuple[float, float, float, float, float]
"""Level, velocity, and their covariance: of the level, of both, of the velocity."""


class Readings(NamedTuple):
    """What the smoother takes of a series, one entry a growth row: `day` (int32), `time` (growth
    time), `value` (NaN where there is none), `scale` (variance of the value for each unit of the
    prior's noise, say z² for each kg²) and `extra` (variance added to that), float64."""

    day: Days
    time: Floats
    value: Floats
    scale: Floats
    extra: Floats


@njit(cache=True, nogil=True, error_model="numpy")
def growth_time(day: float, birth_date: Day) -> float:
    """Days counted by how fast a body of that age changes: one a day at a year of age, 17 at two
    months, an eighth of one at three years. Plain days where the birth date is not known."""
    if birth_date == NEVER:
        return float(day)
    age = max(float(day) - float(birth_date), 0.0)
    return AT_A_YEAR * (AT_A_YEAR / NEWBORN_DAYS - AT_A_YEAR / (age + NEWBORN_DAYS))


@njit(cache=True, nogil=True)
def start(prior: Prior) -> State:
    """The state of a child of whom nothing was read."""
    return prior.mean, 0.0, prior.variance, 0.0, prior.slope_variance


@njit(cache=True, nogil=True)
def advanced(state: State, days: float, grown: float, prior: Prior) -> State:
    """The state so many days, and so many of growth time, later."""
    level, velocity, p_ll, p_lv, p_vv = state
    fade = np.exp(-days / VELOCITY_DAYS)
    reach = VELOCITY_DAYS * (1.0 - fade)
    keep, wandered = 1.0, prior.drift * grown + prior.steady_drift * days
    pulled = prior.reverting * grown
    if pulled > 0.0:
        keep = np.exp(-pulled)
        wandered *= (1.0 - keep * keep) / (2.0 * pulled)
    return (
        prior.mean + keep * (level - prior.mean) + reach * velocity + prior.trend * grown,
        fade * velocity,
        keep * keep * p_ll + 2.0 * keep * reach * p_lv + reach * reach * p_vv + wandered,
        fade * (keep * p_lv + reach * p_vv),
        fade * fade * p_vv + prior.slope_variance * (1.0 - fade * fade),
    )


@njit(cache=True, nogil=True)
def corrected(state: State, value: float, noise: float) -> State:
    """The state after a reading whose error has this variance."""
    level, velocity, p_ll, p_lv, p_vv = state
    around, gap = p_ll + noise, value - level
    if gap * gap > OUTLIER_SD * OUTLIER_SD * around:
        around = p_ll + 20.0 * noise
    gain_l, gain_v = p_ll / around, p_lv / around
    return (
        level + gain_l * gap,
        velocity + gain_v * gap,
        p_ll * (1.0 - gain_l),
        p_lv * (1.0 - gain_l),
        p_vv - gain_v * p_lv,
    )


@njit(cache=True, nogil=True)
def last_noise(begin: int, end: int, of: Readings, prior: Prior) -> float:
    """Variance of the error of a question's last reading; NaN where there is none."""
    for row in range(end - 1, begin - 1, -1):
        noise = prior.noise * of.scale[row] + of.extra[row]
        if not np.isnan(of.value[row] + noise):
            return float(noise)
    return np.nan


@njit(cache=True, nogil=True)
def filtered(
    begin: int,
    end: int,
    of: Readings,
    asked_on: int,
    asked_time: float,
    prior: Prior,
    after: Floats,
) -> tuple[float, float, float]:
    """(level, SD, velocity) of one question's rows on a day; fills `after` with the level after
    each row. `asked_time`: the day in growth time."""
    state, seen, before, before_time = start(prior), False, 0, 0.0
    for row in range(begin, end):
        noise = prior.noise * of.scale[row] + of.extra[row]
        # A value whose error is not known says nothing.
        if np.isnan(of.value[row] + noise):
            after[row] = state[0] if seen else np.nan
            continue
        if seen and of.day[row] > before:
            state = advanced(
                state, float(of.day[row] - before), max(of.time[row] - before_time, 0.0), prior
            )
        seen, before, before_time = True, of.day[row], of.time[row]
        state = corrected(state, of.value[row], noise)
        after[row] = state[0]
    if not seen:
        return np.nan, np.nan, np.nan
    if asked_on > before:
        state = advanced(state, float(asked_on - before), max(asked_time - before_time, 0.0), prior)
    return state[0], np.sqrt(max(state[2], 0.0)), state[1]


@njit(cache=True, nogil=True)
def smooth(
    offsets: Ints, of: Readings, asked_on: Days, asked_time: Floats, prior: Prior
) -> tuple[Floats, Floats]:
    """Level, SD, velocity per day on `asked_on` (float64 (3, n)) and the level after each row
    (float64[rows]); NaN where a question has no reading. `asked_time`: the days in growth time."""
    found, after = np.empty((3, len(offsets) - 1)), np.empty(len(of.value))
    for i in range(len(offsets) - 1):
        found[0, i], found[1, i], found[2, i] = filtered(
            offsets[i], offsets[i + 1], of, asked_on[i], asked_time[i], prior, after
        )
    return found, after


@njit(cache=True, nogil=True)
def one_step(offsets: Ints, of: Readings, prior: Prior) -> tuple[Floats, Floats]:
    """(error, SD) of each reading as the child's readings before it foretold it: float64[rows],
    NaN at a child's first. The SD is that of the reading: the level's and its own error's."""
    error, sd = np.full(len(of.value), np.nan), np.full(len(of.value), np.nan)
    for i in range(len(offsets) - 1):
        state, seen, before, before_time = start(prior), False, 0, 0.0
        for row in range(offsets[i], offsets[i + 1]):
            noise = prior.noise * of.scale[row] + of.extra[row]
            if np.isnan(of.value[row] + noise):
                continue
            if seen:
                if of.day[row] > before:
                    days, grown = float(of.day[row] - before), of.time[row] - before_time
                    state = advanced(state, days, max(grown, 0.0), prior)
                error[row], sd[row] = of.value[row] - state[0], np.sqrt(state[2] + noise)
            seen, before, before_time = True, of.day[row], of.time[row]
            state = corrected(state, of.value[row], noise)
    return error, sd
