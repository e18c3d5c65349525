"""WHO growth standards as arrays: weight, height, arm and head circumference in, z-scores out.

The rules are WHO's own (igrowup, R `anthro`): restricted tails beyond 3 SD for everything that
weighs, L, M and S interpolated between the 0.1 cm rows, length until 730 days and height from 731,
0.7 cm between lying and standing, no weight-based z with oedema, nothing from 60 completed months.
Sources: `features/who/`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from features.criteria import criteria
from features.who.lms import beyond_3_sd, inner, restricted, unrestricted
from features.who.standards import BY_AGE, BY_HEIGHT, BY_LENGTH
from features.who.who2007 import fill_older
from registry.contract.arrays import AnyArray, Codes, Floats
from registry.contract.days import DAYS_PER_MONTH
from registry.contract.errors import UsageError
from registry.machine.numba_kernels import njit

STANDING_FROM_DAYS = 731
"""WHO's tables give length (lying) to 730 days and height (standing), 0.7 cm less, from 731 days
on."""
NINE_MONTHS, SIXTY_MONTHS = 9 * DAYS_PER_MONTH, 60 * DAYS_PER_MONTH

INDICATORS = ("waz", "haz", "whz", "baz", "muacz", "hcz")

REFERENCE = ("who2006", "who2007")
"""Which of WHO's two references gave a row's z-scores: positions, -1 where there is none."""

_C = criteria()
PLAUSIBLE = dict.fromkeys(INDICATORS, (_C.whz_low, _C.whz_high)) | {
    "waz": (_C.waz_low, _C.waz_high),
    "haz": (_C.haz_low, _C.haz_high),
}
"""Outside of these a z is flagged (WHO Anthro's own limits); WHO flags the z rounded to two
decimals."""

FLAGS = tuple(f"{name}_flag" for name in INDICATORS)
_LOW, _HIGH = (np.array([PLAUSIBLE[name][side] for name in INDICATORS]) for side in (0, 1))

_BLOCK = 512
"""Rows worked on at once: their L, M and S stay in the processor's first cache."""
_NAN = math.nan


@njit(cache=True, nogil=True, error_model="numpy")
def whole_days(age_days: float) -> int:
    """Age in whole days, half up as WHO; -1 unknown, -2 not answered (negative, or 60 completed
    months and more)."""
    if math.isnan(age_days):
        return -1
    if age_days < 0.0 or age_days >= SIXTY_MONTHS:
        return -2
    return int(age_days + 0.5)


@njit(cache=True, nogil=True, error_model="numpy")
def standard_height(day: int, age_days: float, height_cm: float, position: int) -> float:
    """The height as WHO reads it: 0.7 cm more for a standing child under 731 days, less for a lying
    one from then.

    "Standing" under 9 months cannot be and is ignored. Example: 80.0 cm standing at 400 days is
    80.7 cm lying.
    """
    if 0 <= day < STANDING_FROM_DAYS:
        if position == 1 and age_days >= NINE_MONTHS:
            return height_cm + 0.7
    elif day >= STANDING_FROM_DAYS and position == 0:
        return height_cm - 0.7
    return height_cm


@njit(cache=True, nogil=True, error_model="numpy")
def _lms_of_size(sex: int, day: int, size: float, position: int) -> tuple[float, float, float]:
    """L, M, S of weight for length (under 731 days) or height; age unknown: by position, else
    length below 87 cm.

    NaN outside of 45 to 110 cm (length) and 65 to 120 cm (height). Between two 0.1 cm rows on a
    straight line: a length such as 103.1 − 0.7, stored as 102.39999…, is read between 102.3 and
    102.4, where WHO's own code slips.
    """
    lying = (
        day < STANDING_FROM_DAYS if day >= 0 else (position == 0 or (position < 0 and size < 87.0))
    )
    first, last = (45.0, 110.0) if lying else (65.0, 120.0)
    if day == -2 or not (first <= size <= last):
        return _NAN, _NAN, _NAN
    rows = BY_LENGTH[sex] if lying else BY_HEIGHT[sex]
    tenths = int(size * 10.0)
    share = (size - tenths / 10.0) / 0.1
    at = tenths - int(first * 10.0)
    l, m, s = rows[at, 0], rows[at, 1], rows[at, 2]
    if share > 0.0:
        l += share * (rows[at + 1, 0] - l)
        m += share * (rows[at + 1, 1] - m)
        s += share * (rows[at + 1, 2] - s)
    return l, m, s


@njit(cache=True, nogil=True, error_model="numpy")
def _bmi(weight_kg: float, size: float) -> float:
    metres = size / 100.0
    return weight_kg / (metres * metres) if size > 0.0 else _NAN


@njit(cache=True, nogil=True, error_model="numpy")
def point(
    sex: int,
    age_days: float,
    weight_kg: float,
    height_cm: float,
    position: int,
    muac_mm: float,
    oedema: float,
) -> tuple[float, float, float, float, float]:
    """(waz, haz, whz, baz, muacz) of one measurement, unrounded, NaN where WHO gives none.

    sex 0 girl, 1 boy, -1 unknown; position 0 lying, 1 standing, -1 unknown; oedema NaN or 0 to 3;
    age may be a fraction of days or NaN. WHO Child Growth Standards 2006: nothing from 60 completed
    months (1,826.25 days).
    """
    waz, haz, whz = weight_and_height(sex, age_days, weight_kg, height_cm, position, oedema)
    day = whole_days(age_days)
    if sex < 0 or day < 0:
        return waz, haz, whz, _NAN, _NAN
    if oedema > 0.0:
        weight_kg = _NAN
    size = standard_height(day, age_days, height_cm, position)
    row = BY_AGE[sex, day]
    muacz = _NAN if day < 91 else restricted(muac_mm / 10.0, row[9], row[10], row[11])
    return waz, haz, whz, restricted(_bmi(weight_kg, size), row[6], row[7], row[8]), muacz


@njit(cache=True, nogil=True, error_model="numpy")
def weight_and_height(
    sex: int, age_days: float, weight_kg: float, height_cm: float, position: int, oedema: float
) -> tuple[float, float, float]:
    """(waz, haz, whz) of `point` alone."""
    if sex < 0:
        return _NAN, _NAN, _NAN
    if oedema > 0.0:
        weight_kg = _NAN
    day = whole_days(age_days)
    size = standard_height(day, age_days, height_cm, position)
    l, m, s = _lms_of_size(sex, day, size, position)
    whz = _NAN if math.isnan(m) else restricted(weight_kg, l, m, s)
    if day < 0:
        return _NAN, _NAN, whz
    row = BY_AGE[sex, day]
    return (
        restricted(weight_kg, row[0], row[1], row[2]),
        unrestricted(size, row[4], row[5]),
        whz,
    )


@njit(cache=True, nogil=True, error_model="numpy")
def whz_and_slopes(sex: int, day: int, weight_kg: float, size: float) -> tuple[float, float, float]:
    """(WHZ, its change for one kg more, for one cm more) of a weight on a length or height, which
    is in the position of the age in days; NaN where WHO gives none.

    The WHZ is that of `point`. The slopes are those of the formula, beyond 3 SD those at 3 SD: they
    carry a measurement's error, which is no more exact.
    """
    if sex < 0:
        return _NAN, _NAN, _NAN
    l, m, s = _lms_of_size(sex, day, size, -1)
    if math.isnan(m):
        return _NAN, _NAN, _NAN
    whz = restricted(weight_kg, l, m, s)
    step = 0.5
    beside = _lms_of_size(sex, day, size + step, -1)[1]
    if math.isnan(beside):
        step = -0.5
        beside = _lms_of_size(sex, day, size + step, -1)[1]
    per_kg = slope_of_weight(whz, weight_kg, l, s)
    return whz, per_kg, -per_kg * weight_kg * (beside / m - 1.0) / step


@njit(cache=True, nogil=True, error_model="numpy")
def slope_of_weight(z: float, weight_kg: float, l: float, s: float) -> float:
    """What one kg more is in z, where a weight has this z; beyond 3 SD as at 3 SD."""
    return (1.0 + l * s * min(max(z, -3.0), 3.0)) / (s * weight_kg)


@njit(cache=True, nogil=True, error_model="numpy")
def _gather(
    start: int,
    rows: int,
    sex: Codes,
    age_days: Floats,
    weight_kg: Floats,
    height_cm: Floats,
    position: Codes,
    muac_mm: Floats,
    head_cm: Floats,
    oedema: Floats,
    z: Floats,
    y: Floats,
    l: Floats,
    m: Floats,
    s: Floats,
) -> None:
    """A block of rows: haz and hcz into z, and into y, l, m, s (4, rows) what waz, whz, baz and
    muacz need."""
    for k in range(rows):
        i = start + k
        z[1, i] = z[5, i] = _NAN
        for j in range(4):
            y[j, k], l[j, k], m[j, k], s[j, k] = _NAN, 1.0, 1.0, 1.0
        if sex[i] < 0:
            continue
        weight = _NAN if oedema[i] > 0.0 else weight_kg[i]
        day = whole_days(age_days[i])
        size = standard_height(day, age_days[i], height_cm[i], position[i])
        of_size = _lms_of_size(sex[i], day, size, position[i])
        if not math.isnan(of_size[1]):
            y[1, k], l[1, k], m[1, k], s[1, k] = weight, of_size[0], of_size[1], of_size[2]
        if day < 0:
            continue
        row = BY_AGE[sex[i], day]
        z[1, i], z[5, i] = (
            unrestricted(size, row[4], row[5]),
            unrestricted(head_cm[i], row[13], row[14]),
        )
        y[0, k], l[0, k], m[0, k], s[0, k] = weight, row[0], row[1], row[2]
        y[2, k], l[2, k], m[2, k], s[2, k] = _bmi(weight, size), row[6], row[7], row[8]
        if day >= 91:
            y[3, k], l[3, k], m[3, k], s[3, k] = muac_mm[i] / 10.0, row[9], row[10], row[11]


@njit(cache=True, nogil=True, error_model="numpy")
def _points(
    sex: Codes,
    age_days: Floats,
    weight_kg: Floats,
    height_cm: Floats,
    position: Codes,
    muac_mm: Floats,
    head_cm: Floats,
    oedema: Floats,
    z: Floats,
) -> None:
    """Fill z (6, n) in the order of INDICATORS: block by block tables, then powers (vectorised),
    then tails."""
    n = len(sex)
    # Rows of exactly 4 KiB would all fall into the same lines of the cache: 8 more numbers keep
    # them apart.
    block = np.empty((16, min(n, _BLOCK) + 8))
    y, l, m, s = block[0:4], block[4:8], block[8:12], block[12:16]
    into = (0, 2, 3, 4)
    for start in range(0, n, _BLOCK):
        rows = min(_BLOCK, n - start)
        _gather(
            start,
            rows,
            sex,
            age_days,
            weight_kg,
            height_cm,
            position,
            muac_mm,
            head_cm,
            oedema,
            z,
            y,
            l,
            m,
            s,
        )
        for j in range(4):
            _fill(z[into[j], start : start + rows], y[j], l[j], m[j], s[j])


@njit(cache=True, nogil=True, error_model="numpy")
def _fill(z: Floats, y: Floats, l: Floats, m: Floats, s: Floats) -> None:
    """z of one indicator for one block; y, l, m, s are used up. Loops without branches, so that
    they vectorise."""
    for k in range(len(z)):
        z[k] = inner(y[k], l[k], m[k], s[k])
    beyond, far = np.empty(len(z), np.int64), 0
    for k in range(len(z)):
        beyond[far], y[far], l[far], m[far], s[far] = k, y[k], l[k], m[k], math.copysign(s[k], z[k])
        far += abs(z[k]) > 3.0
    for k in range(far):
        y[k] = beyond_3_sd(y[k], l[k], m[k], s[k])
    for k in range(far):
        z[beyond[k]] = y[k]


@njit(cache=True, nogil=True, error_model="numpy")
def round_z(z: float) -> float:
    """z to two decimals, to the nearer of its neighbours (a tie to the even one), as WHO before any
    cut-off."""
    hundredths = z * 100.0
    low, high = np.floor(hundredths), np.ceil(hundredths)
    below, above = z - low / 100.0, high / 100.0 - z
    if below < above or (below == above and low % 2.0 == 0.0):
        return float(low / 100.0 + 0.0)
    return float(high / 100.0 + 0.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _flag(z: Floats, low: Floats, high: Floats, flags: Codes) -> None:
    """Row by row of z (6, n): 1 where z, rounded, is outside of low to high, 0 inside, -1
    missing."""
    for j in range(len(z)):
        for i in range(z.shape[1]):
            flags[j, i] = -1 if math.isnan(z[j, i]) else (0 if low[j] <= z[j, i] <= high[j] else 1)
            if flags[j, i] == 1:
                two_decimals = round_z(z[j, i])
                flags[j, i] = two_decimals < low[j] or two_decimals > high[j]


@njit(cache=True, nogil=True, error_model="numpy")
def _round(z: Floats, two_decimals: Floats) -> None:
    for i in range(len(z)):
        two_decimals[i] = round_z(z[i])


def rounded(z: Floats) -> Floats:
    """z (n,) to two decimals, as WHO rounds before any cut-off test."""
    z = _numbers(z, len(z))
    two_decimals = np.empty(len(z))
    _round(z, two_decimals)
    return two_decimals


def zscores(
    *,
    sex: ArrayLike,
    age_days: ArrayLike,
    weight_kg: ArrayLike | None = None,
    height_cm: ArrayLike | None = None,
    height_position: ArrayLike | None = None,
    muac_mm: ArrayLike | None = None,
    head_cm: ArrayLike | None = None,
    oedema: ArrayLike | None = None,
    older: str | None = None,
) -> dict[str, AnyArray]:
    """WHO z-scores of n measurements: waz haz whz baz muacz hcz, float64 (n,), unrounded, NaN where
    WHO gives none.

    Codes as in `registry.contract.registry`: sex 0 girl, 1 boy, -1 unknown; height_position 0
    lying, 1 standing, -1 unknown; oedema NaN or 0 to 3. Ages in days (fractions allowed, NaN
    unknown), kg, cm, MUAC in mm. What is left out is missing. With each z its flag, `waz_flag` …:
    int8, 1 implausible, 0 plausible, -1 no z. `older="who2007"` also answers waz, haz and baz from
    61 months, and adds `reference` (int8, in REFERENCE).
    """
    sex = np.array(sex, ndmin=1).astype(np.int8, copy=False)
    n = len(sex)
    age, weight, height = _numbers(age_days, n), _numbers(weight_kg, n), _numbers(height_cm, n)
    position = np.full(n, -1, np.int8)
    if height_position is not None:
        position[:] = height_position
    swollen = _numbers(oedema, n)
    z = np.empty((6, n))
    _points(
        sex, age, weight, height, position, _numbers(muac_mm, n), _numbers(head_cm, n), swollen, z
    )
    answer: dict[str, AnyArray] = dict(zip(INDICATORS, z, strict=True))
    if older is not None:
        answer["reference"] = _with_older(older, (sex, age, weight, height, position, swollen), z)
    found = np.empty((6, n), np.int8)
    _flag(z, _LOW, _HIGH, found)
    answer.update(zip(FLAGS, found, strict=True))
    return answer


def _numbers(column: ArrayLike | None, n: int) -> Floats:
    """A column as our own float64 (n,), all NaN where it was left out.

    Copied, because a kernel is compiled anew for each kind of array (read-only, strided) that it is
    given.
    """
    own = np.empty(n)
    own[:] = math.nan if column is None else column
    return own


def _with_older(
    older: str, columns: tuple[Codes, Floats, Floats, Floats, Codes, Floats], z: Floats
) -> Codes:
    """Fill z (6, n) above 61 months by the reference of this name; the reference of each row."""
    if older != REFERENCE[1]:
        raise UsageError(
            "GRO003", f"the reference for older children is {REFERENCE[1]}, not {older}"
        )
    reference = np.where(np.isnan(z).all(axis=0), -1, 0).astype(np.int8)
    fill_older(*columns, z, reference)
    return reference
