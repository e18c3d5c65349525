"""A child's level and velocity behind noisy readings: a Kalman filter that knows the field's
measurement error.

Weights are rounded to half kilograms and heights to whole centimetres, so one WHZ is off by about
0.3 z; three noisy months should beat the last one. The child's true z is taken as a level that
drifts, with a velocity that fades (an Ornstein–Uhlenbeck process); a reading is the level plus
noise. What the noise and the drift are is estimated from the records themselves (`estimate`), in
the training window, and travels with the model.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.optimize import minimize

from registry.contract.arrays import Days, Floats, Ints

VELOCITY_DAYS = 45.0
"""How long a child's velocity lasts: a bout of illness or a lean month, not a season (chosen; not
estimated)."""
OUTLIER_SD = 4.0
"""A reading this far from what was expected is most likely a typing error: it counts a twentieth.
"""


class Prior(NamedTuple):
    """What is known of a measure before a child is seen, in the measure's own unit (squared where
    variances).

    `mean`, `variance`: of the true value where a child's records begin; `noise`: variance of one
    reading's error; `drift`: variance that the true value gains in a day; `slope_variance`: of a
    child's velocity per day.
    """

    mean: float
    variance: float
    noise: float
    drift: float
    slope_variance: float


DEFAULT_PRIORS = {
    "whz": Prior(-1.8, 1.2, 0.09, 0.0020, 1.0e-4),
    "waz": Prior(-2.2, 1.2, 0.03, 0.0010, 5.0e-5),
    "haz": Prior(-1.8, 1.5, 0.06, 0.0004, 5.0e-6),
    "muac": Prior(129.0, 120.0, 16.0, 0.25, 0.01),
    "log_weight": Prior(2.1, 0.06, 0.0004, 0.00002, 4.0e-6),
}
"""Before any registry was seen: field error 0.3 z in WHZ (weight 0.15 kg, height 0.8 cm; MUAC 4
mm), weight gain with SD 2 g/kg/day between children and weeks, and the month-to-month change of
2,145 children followed to 24 months (SD 0.48, lag-1 correlation 0.92). `estimate` puts a registry's
own figures in their place."""


@njit(cache=True, nogil=True)
def _advance(
    step: float,
    level: float,
    velocity: float,
    p_ll: float,
    p_lv: float,
    p_vv: float,
    drift: float,
    velocity_variance: float,
) -> tuple[float, float, float, float, float]:
    """The state (level, velocity and their covariance) so many days later."""
    fade = np.exp(-step / VELOCITY_DAYS)
    reach = VELOCITY_DAYS * (1.0 - fade)
    return (
        level + reach * velocity,
        fade * velocity,
        p_ll + 2.0 * reach * p_lv + reach * reach * p_vv + drift * step,
        fade * (p_lv + reach * p_vv),
        fade * fade * p_vv + velocity_variance * (1.0 - fade * fade),
    )


@njit(cache=True, nogil=True)
def filtered(
    begin: int,
    end: int,
    day: Days,
    value: Floats,
    extra_noise: Floats,
    asked_on: int,
    prior: Prior,
    after: Floats,
) -> tuple[float, float, float]:
    """(level, SD, velocity) of one question's rows on a day; fills `after` with the level after
    each row."""
    mean, variance, noise, drift, velocity_variance = prior
    level, velocity, p_ll, p_lv, p_vv = mean, 0.0, variance, 0.0, velocity_variance
    seen, before = False, 0
    for row in range(begin, end + 1):
        asking = row == end
        if not asking and np.isnan(value[row]):
            after[row] = level if seen else np.nan
            continue
        today = asked_on if asking else day[row]
        if seen and today > before:
            level, velocity, p_ll, p_lv, p_vv = _advance(
                float(today - before), level, velocity, p_ll, p_lv, p_vv, drift, velocity_variance
            )
        if asking:
            break
        seen, before = True, today
        around = p_ll + noise + extra_noise[row]
        gap = value[row] - level
        if gap * gap > OUTLIER_SD * OUTLIER_SD * around:
            around = p_ll + 20.0 * (noise + extra_noise[row])
        gain_l, gain_v = p_ll / around, p_lv / around
        level, velocity = level + gain_l * gap, velocity + gain_v * gap
        p_ll, p_lv, p_vv = p_ll * (1.0 - gain_l), p_lv * (1.0 - gain_l), p_vv - gain_v * p_lv
        after[row] = level
    if not seen:
        return np.nan, np.nan, np.nan
    return level, np.sqrt(max(p_ll, 0.0)), velocity


@njit(cache=True, nogil=True)
def _filter(
    offsets: Ints, day: Days, value: Floats, extra_noise: Floats, asked_on: Days, prior: Prior
) -> tuple[Floats, Floats]:
    found, after = np.empty((3, len(offsets) - 1)), np.empty(len(value))
    for i in range(len(offsets) - 1):
        found[0, i], found[1, i], found[2, i] = filtered(
            offsets[i], offsets[i + 1], day, value, extra_noise, asked_on[i], prior, after
        )
    return found, after


def smooth(
    offsets: Ints, day: Days, value: Floats, *, extra_noise: Floats, asked_on: Days, prior: Prior
) -> tuple[Floats, Floats]:
    """Level, SD, velocity per day on `asked_on` (float64 (3, n)) and the level after each row
    (float64[rows]).

    NaN where a question has no reading. `extra_noise` (float64[rows]): variance added to a row's
    own noise.
    """
    return _filter(offsets, day, value, extra_noise, asked_on, prior)


@njit(cache=True, nogil=True)
def _negative_log_likelihood(
    offsets: Ints, day: Days, value: Floats, extra_noise: Floats, prior: Prior
) -> tuple[float, int]:
    """Mean negative log likelihood of the readings given the ones before (the first of a child left
    out)."""
    mean, variance, noise, drift, velocity_variance = prior
    total, count = 0.0, 0
    for i in range(len(offsets) - 1):
        level, velocity, p_ll, p_lv, p_vv = mean, 0.0, variance, 0.0, velocity_variance
        seen, before = False, 0
        for row in range(offsets[i], offsets[i + 1]):
            if np.isnan(value[row]):
                continue
            if seen and day[row] > before:
                level, velocity, p_ll, p_lv, p_vv = _advance(
                    float(day[row] - before),
                    level,
                    velocity,
                    p_ll,
                    p_lv,
                    p_vv,
                    drift,
                    velocity_variance,
                )
            around = p_ll + noise + extra_noise[row]
            gap = value[row] - level
            square = gap * gap / around
            if seen:
                # Beyond four SDs the loss is capped: typing errors must not teach the filter that
                # children jump.
                total += 0.5 * (np.log(around) + min(square, OUTLIER_SD * OUTLIER_SD))
                count += 1
            seen, before = True, day[row]
            if square > OUTLIER_SD * OUTLIER_SD:
                around = p_ll + 20.0 * (noise + extra_noise[row])
            gain_l, gain_v = p_ll / around, p_lv / around
            level, velocity = level + gain_l * gap, velocity + gain_v * gap
            p_ll, p_lv, p_vv = p_ll * (1.0 - gain_l), p_lv * (1.0 - gain_l), p_vv - gain_v * p_lv
    return total / max(count, 1), count


def estimate(
    offsets: Ints, day: Days, value: Floats, *, extra_noise: Floats, fallback: Prior
) -> Prior:
    """The prior under which these readings are likeliest (noise, drift and velocity by maximum
    likelihood).

    Fewer than 500 successive readings leave the fallback. Give one view a child, or a child counts
    many times.
    """
    readings = value[~np.isnan(value)]
    if _negative_log_likelihood(offsets, day, value, extra_noise, fallback)[1] < 500:
        return fallback
    mean, variance = float(np.median(readings)), float(readings.var())

    def cost(logs: Floats) -> float:
        noise, drift, slope_variance = (float(v) for v in np.exp(logs))
        return _negative_log_likelihood(
            offsets, day, value, extra_noise, Prior(mean, variance, noise, drift, slope_variance)
        )[0]

    start = np.log([fallback.noise, fallback.drift, fallback.slope_variance])
    bounds = [(log - np.log(30.0), log + np.log(30.0)) for log in start]
    best = minimize(
        cost, start, method="Nelder-Mead", bounds=bounds, options={"maxfev": 150, "xatol": 0.05}
    )
    return Prior(mean, variance, *(float(v) for v in np.exp(best.x)))
