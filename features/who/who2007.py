"""The WHO Reference 2007 for 61 months and above: weight to 120 months, height and BMI to 228.

It is asked for by name (`growth.zscores(..., older="who2007")`) and never mixed in silently:
between 60.00 and 60.99 months neither WHO's standard nor this reference answers, and neither do we.
"""

from __future__ import annotations

import math

from features.who.lms import restricted, unrestricted
from features.who.standards import who_tables
from registry.contract.arrays import Codes, Floats
from registry.contract.days import DAYS_PER_MONTH
from registry.machine.numba_kernels import njit

FIRST_MONTH, LAST_MONTH, LAST_MONTH_OF_WEIGHT = 61.0, 228.0, 120.0
_WEIGHT, _HEIGHT, _BMI = (who_tables()[name] for name in ("waz_2007", "haz_2007", "baz_2007"))


@njit(cache=True, nogil=True, error_model="numpy")
def _lms(rows: Floats, months: float) -> tuple[float, float, float]:
    """L, M and S at an age in months, on the straight line between two whole months, as WHO's
    AnthroPlus."""
    at = int(months) - 61
    share = months - math.floor(months)
    l, m, s = rows[at, 0], rows[at, 1], rows[at, 2]
    if share > 0.0:
        l += share * (rows[at + 1, 0] - l)
        m += share * (rows[at + 1, 1] - m)
        s += share * (rows[at + 1, 2] - s)
    return l, m, s


@njit(cache=True, nogil=True, error_model="numpy")
def older_point(
    sex: int, age_days: float, weight_kg: float, height_cm: float, position: int, oedema: float
) -> tuple[float, float, float]:
    """(waz, haz, baz) by WHO 2007, NaN below 61 months and beyond each table. Codes as in
    `growth.point`.

    The reference is of standing heights: a lying one is read 0.7 cm shorter, as from 731 days in
    the standard.
    """
    months = age_days / DAYS_PER_MONTH
    if sex < 0 or not (FIRST_MONTH <= months <= LAST_MONTH):
        return math.nan, math.nan, math.nan
    if oedema > 0.0:
        weight_kg = math.nan
    size = height_cm - 0.7 if position == 0 else height_cm
    waz = math.nan
    if months <= LAST_MONTH_OF_WEIGHT:
        l, m, s = _lms(_WEIGHT[sex], months)
        waz = restricted(weight_kg, l, m, s)
    l, m, s = _lms(_HEIGHT[sex], months)
    haz = unrestricted(size, m, s)
    l, m, s = _lms(_BMI[sex], months)
    metres = size / 100.0
    baz = restricted(weight_kg / (metres * metres), l, m, s) if size > 0.0 else math.nan
    return waz, haz, baz


@njit(cache=True, nogil=True, error_model="numpy")
def fill_older(
    sex: Codes,
    age_days: Floats,
    weight_kg: Floats,
    height_cm: Floats,
    position: Codes,
    oedema: Floats,
    z: Floats,
    reference: Codes,
) -> None:
    """Write WHO 2007's waz, haz and baz into z (6, n; rows 0, 1, 3) from 61 months, and 1 into
    `reference` there."""
    for i in range(len(sex)):
        if age_days[i] / DAYS_PER_MONTH >= FIRST_MONTH:
            waz, haz, baz = older_point(
                sex[i], age_days[i], weight_kg[i], height_cm[i], position[i], oedema[i]
            )
            z[0, i], z[1, i], z[3, i] = waz, haz, baz
            if not (math.isnan(waz) and math.isnan(haz) and math.isnan(baz)):
                reference[i] = 1
