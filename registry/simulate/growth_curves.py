"""The simulator's own growth curves: smooth approximations, not WHO's tables and not `features/`.

Polynomials by sex (girls first) in scaled length or scaled root of age, least squares through the
medians and spreads that WHO publishes (Child Growth Standards 2006). Against WHO's tables the error
in z is 0.02 to 0.06 beyond 52 cm and 60 days of age, up to 0.2 (weight) and 0.36 (length) in the
first weeks of life. One curve serves lying and standing: a child's length is its standing height +
0.7 cm.
"""

from __future__ import annotations

import math

import numpy as np

from registry.contract.arrays import Floats
from registry.simulate.compiled import compiled
from registry.simulate.records import Whole

_LOG_WEIGHT = np.array(
    [
        [2.35639, 0.75864, 0.007, 0.03872, -0.79899, 0.8721, 0.44301, -0.58096],
        [2.38673, 0.71313, -0.04297, 0.19723, -0.83262, 0.69741, 0.48153, -0.52331],
    ]
)
"""Log of the median weight (kg) for u = (length - 82 cm) / 37 cm, constant term first."""

_WEIGHT_SPREAD = np.array(
    [
        [0.089257, -0.001815, 0.007804, 0.005962, -0.00342],
        [0.081505, -0.001131, 0.004301, 0.002141, 0.007379],
    ]
)
_WEIGHT_SKEW = np.array([-0.3833, -0.3521])

_LENGTH = np.array(
    [
        [77.7625, 33.551, 3.2189, -4.5064, -9.5415, 10.4992, 8.5488, -8.9802],
        [79.3891, 32.6208, 3.6105, -3.8121, -15.4832, 12.7108, 13.3353, -11.2361],
    ]
)
"""Median length (cm) for v = 2 sqrt(age / 1856 days) - 1, constant term first."""

_LENGTH_SD = np.array(
    [
        [2.76146, 1.63191, 0.72299, -0.1718, -0.1762],
        [2.56525, 1.62799, 1.15633, -0.27478, -0.47426],
    ]
)

STANDING_LOSS_CM = 0.7
OLDEST_FITTED_DAYS = 1856.0
CM_A_DAY_AFTER = 0.0178


@compiled
def _polynomial(coefficients: Floats, x: float) -> float:
    value = 0.0
    for k in range(coefficients.shape[0] - 1, -1, -1):
        value = value * x + coefficients[k]
    return value


@compiled
def length_cm(sex: Whole, age_days: float, haz: float) -> float:
    """Length (lying) of a child of this height-for-age z; after 61 months a straight line goes
    on."""
    fitted = min(1.0 * age_days, OLDEST_FITTED_DAYS)
    v = 2.0 * math.sqrt(fitted / OLDEST_FITTED_DAYS) - 1.0
    median = _polynomial(_LENGTH[sex], v) + CM_A_DAY_AFTER * (age_days - fitted)
    return median + haz * _polynomial(_LENGTH_SD[sex], v)


@compiled
def _median_and_spread(sex: Whole, length: float) -> tuple[float, float]:
    u = (min(max(length, 45.0), 121.0) - 82.0) / 37.0
    return math.exp(_polynomial(_LOG_WEIGHT[sex], u)), _polynomial(_WEIGHT_SPREAD[sex], u)


@compiled
def _weight_at(median: float, spread: float, skew: float, z: float) -> float:
    return float(median * (1.0 + skew * spread * z) ** (1.0 / skew))


@compiled
def weight_kg(sex: Whole, length: float, whz: float) -> float:
    """Weight of a child of this weight-for-length z; beyond +-3 z in equal steps, as WHO does."""
    median, spread = _median_and_spread(sex, length)
    skew = _WEIGHT_SKEW[sex]
    if abs(whz) <= 3.0:
        return _weight_at(median, spread, skew, whz)
    edge = 3.0 if whz > 0 else -3.0
    outer = _weight_at(median, spread, skew, edge)
    step = abs(outer - _weight_at(median, spread, skew, edge * 2.0 / 3.0))
    return outer + (whz - edge) * step


@compiled
def whz(sex: Whole, length: float, weight: float) -> float:
    """Weight-for-length z of this weight (kg) at this length (cm); the inverse of `weight_kg`."""
    median, spread = _median_and_spread(sex, length)
    skew = _WEIGHT_SKEW[sex]
    z = ((weight / median) ** skew - 1.0) / (skew * spread)
    if abs(z) <= 3.0:
        return float(z)
    edge = 3.0 if z > 0 else -3.0
    outer = _weight_at(median, spread, skew, edge)
    step = abs(outer - _weight_at(median, spread, skew, edge * 2.0 / 3.0))
    return edge + (weight - outer) / step
