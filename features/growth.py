"""WHO growth standards as arrays: weight, height, arm and head circumference in, z-scores out.

The rules are WHO's own (igrowup, R `anthro`): restricted tails beyond 3 SD for everything that weighs, L, M
and S interpolated between the 0.1 cm rows, length until 730 days and height from 731, 0.7 cm between lying
and standing, no weight-based z with oedema, nothing from 60 completed months. Sources: `features/who/`.
"""

from __future__ import annotations

import hashlib
import math
from functools import cache
from pathlib import Path

import numpy as np
from numba import njit

from features.criteria import criteria
from registry.errors import SanketError, UsageError

DAYS_PER_MONTH = 30.4375
"""WHO's month, 365.25 / 12 days; completed months are days / 30.4375, before rounding."""

INDICATORS = ("waz", "haz", "whz", "baz", "muacz", "hcz")

_C = criteria()
PLAUSIBLE = dict.fromkeys(INDICATORS, (_C.whz_low, _C.whz_high)) | {
    "waz": (_C.waz_low, _C.waz_high),
    "haz": (_C.haz_low, _C.haz_high),
}
"""Outside of these a z is flagged (WHO Anthro's own limits); WHO flags the z rounded to two decimals."""

CHECKSUM = "0d498ce3c6309ee2aa6da1ca825a0d21afa29353d6c40591a6f1774767a3b13a"
"""SHA-256 of `features/who/lms.npz`. It stands here because compiled kernels hold the tables and are cached by this
file: new tables must be a new version of it."""

_WHO = Path(__file__).parent / "who"
_SCALE = np.array([1e4, 1e4, 1e5])


@cache
def who_tables() -> dict[str, np.ndarray]:
    """The shipped L, M, S as float64, (sex, row, 3), girls first; refuses a file that is not the one we shipped."""
    content = _WHO / "lms.npz"
    if hashlib.sha256(content.read_bytes()).hexdigest() != CHECKSUM:
        raise SanketError("GRO001", "features/who/lms.npz is not the shipped file: its checksum differs; install again")
    with np.load(content) as stored:
        return {name: stored[name] / _SCALE for name in stored.files}


_LMS = who_tables()
_BY_AGE = np.full((2, 1827, 15), np.nan)
for _column, _name in enumerate(("waz", "haz", "baz", "muacz", "hcz")):
    _BY_AGE[:, 1827 - _LMS[_name].shape[1] :, 3 * _column : 3 * _column + 3] = _LMS[_name]
_BY_LENGTH, _BY_HEIGHT = _LMS["wfl"], _LMS["wfh"]


@njit(cache=True, nogil=True, error_model="numpy")
def unrestricted(y: float, m: float, s: float) -> float:
    """z where L is 1 (length, height, head): no restricted tails. Missing unless y is above 0."""
    return (y / m - 1.0) / s if y > 0.0 else math.nan


@njit(cache=True, nogil=True, error_model="numpy")
def _sd(k: float, l: float, m: float, s: float) -> float:
    """The measure at k standard deviations."""
    return m * (1.0 + l * s * k) ** (1.0 / l)


@njit(cache=True, nogil=True, error_model="numpy")
def restricted(y: float, l: float, m: float, s: float) -> float:
    """z by L, M and S; beyond 3 SD on the straight line through 2 and 3 SD. Missing unless y is above 0."""
    if not y > 0.0:
        return math.nan
    z = ((y / m) ** l - 1.0) / (l * s)
    if z > 3.0:
        sd3 = _sd(3.0, l, m, s)
        return 3.0 + (y - sd3) / (sd3 - _sd(2.0, l, m, s))
    if z < -3.0:
        sd3 = _sd(-3.0, l, m, s)
        return -3.0 + (y - sd3) / (_sd(-2.0, l, m, s) - sd3)
    return z


@njit(cache=True, nogil=True, error_model="numpy")
def _weight_for(size: float, weight: float, rows: np.ndarray, first: float, last: float) -> float:
    """z of a weight at a length or height (cm) between the first and last row, L, M and S interpolated."""
    if not (first <= size <= last):
        return math.nan
    # A length such as 103.1 - 0.7 is stored as 102.39999…: its row is the one below, its share almost 1.
    tenths = size * 10.0
    row = int(tenths)
    share = (size - row / 10.0) / 0.1
    at = row - int(first * 10.0)
    l, m, s = rows[at, 0], rows[at, 1], rows[at, 2]
    if share > 0.0:
        l += share * (rows[at + 1, 0] - l)
        m += share * (rows[at + 1, 1] - m)
        s += share * (rows[at + 1, 2] - s)
    return restricted(weight, l, m, s)


@njit(cache=True, nogil=True, error_model="numpy")
def whole_days(age_days: float) -> int:
    """Age in whole days, half up as WHO; -1 unknown, -2 not answered (negative, or 60 completed months and more)."""
    if math.isnan(age_days):
        return -1
    if age_days < 0.0 or age_days / DAYS_PER_MONTH >= 60.0:
        return -2
    return int(math.floor(age_days + 0.5))


@njit(cache=True, nogil=True, error_model="numpy")
def standard_height(day: int, age_days: float, height_cm: float, position: int) -> float:
    """The height as WHO reads it: 0.7 cm more for a standing child under 731 days, less for a lying one from then.

    "Standing" under 9 months cannot be and is ignored. Example: 80.0 cm standing at 400 days is 80.7 cm lying.
    """
    if 0 <= day < 731:
        if position == 1 and age_days / DAYS_PER_MONTH >= 9.0:
            return height_cm + 0.7
    elif day >= 731 and position == 0:
        return height_cm - 0.7
    return height_cm


@njit(cache=True, nogil=True, error_model="numpy")
def _whz(sex: int, day: int, weight_kg: float, size: float, position: int) -> float:
    """Weight for length (under 731 days) or height; with age unknown by position, else length below 87 cm."""
    if day == -2:
        return math.nan
    lying = day < 731 if day >= 0 else (position == 0 or (position < 0 and size < 87.0))
    if lying:
        return _weight_for(size, weight_kg, _BY_LENGTH[sex], 45.0, 110.0)
    return _weight_for(size, weight_kg, _BY_HEIGHT[sex], 65.0, 120.0)


@njit(cache=True, nogil=True, error_model="numpy")
def point(
    sex: int, age_days: float, weight_kg: float, height_cm: float, position: int, muac_mm: float, oedema: float
) -> tuple[float, float, float, float, float]:
    """(waz, haz, whz, baz, muacz) of one measurement, unrounded, NaN where WHO gives none.

    sex 0 girl, 1 boy, -1 unknown; position 0 lying, 1 standing, -1 unknown; oedema NaN or 0 to 3; age may be a
    fraction of days or NaN. WHO Child Growth Standards 2006: nothing from 60 completed months (1,826.25 days).
    """
    if sex < 0:
        return math.nan, math.nan, math.nan, math.nan, math.nan
    if oedema > 0.0:
        weight_kg = math.nan
    day = whole_days(age_days)
    size = standard_height(day, age_days, height_cm, position)
    whz = _whz(sex, day, weight_kg, size, position)
    if day < 0:
        return math.nan, math.nan, whz, math.nan, math.nan
    row = _BY_AGE[sex, day]
    metres = size / 100.0
    bmi = weight_kg / (metres * metres) if size > 0.0 else math.nan
    return (
        restricted(weight_kg, row[0], row[1], row[2]),
        unrestricted(size, row[4], row[5]),
        whz,
        restricted(bmi, row[6], row[7], row[8]),
        restricted(muac_mm / 10.0, row[9], row[10], row[11]),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _head(sex: int, age_days: float, head_cm: float) -> float:
    """Head-circumference-for-age z of one child."""
    day = whole_days(age_days)
    return unrestricted(head_cm, _BY_AGE[sex, day, 13], _BY_AGE[sex, day, 14]) if sex >= 0 and day >= 0 else math.nan


@njit(cache=True, nogil=True, error_model="numpy")
def _points(sex, age_days, weight_kg, height_cm, position, muac_mm, head_cm, oedema, z):
    """Fill z (6, n) in the order of INDICATORS."""
    for i in range(len(sex)):
        z[0, i], z[1, i], z[2, i], z[3, i], z[4, i] = point(
            sex[i], age_days[i], weight_kg[i], height_cm[i], position[i], muac_mm[i], oedema[i]
        )
        z[5, i] = _head(sex[i], age_days[i], head_cm[i])


@njit(cache=True, nogil=True, error_model="numpy")
def round_z(z: float) -> float:
    """z to two decimals, to the nearer of its neighbours (a tie to the even one), as WHO before any cut-off."""
    hundredths = z * 100.0
    low, high = math.floor(hundredths), math.ceil(hundredths)
    below, above = z - low / 100.0, high / 100.0 - z
    if below < above or (below == above and low % 2.0 == 0.0):
        return low / 100.0
    return high / 100.0


@njit(cache=True, nogil=True, error_model="numpy")
def _rounded_and_flagged(z, low, high, rounded, flags):
    for i in range(len(z)):
        if math.isnan(z[i]):
            rounded[i], flags[i] = math.nan, -1
        else:
            rounded[i] = round_z(z[i])
            flags[i] = rounded[i] < low or rounded[i] > high


def rounded(z: np.ndarray) -> np.ndarray:
    """z (n,) to two decimals, as WHO rounds before any cut-off test."""
    return rounded_and_flagged(z, "whz")[0]


def rounded_and_flagged(z: np.ndarray, indicator: str) -> tuple[np.ndarray, np.ndarray]:
    """z to two decimals, and int8 flags: 1 implausible by WHO's limits, 0 plausible, -1 no z."""
    z = np.asarray(z, np.float64)
    two_decimals, flags = np.empty(len(z)), np.empty(len(z), np.int8)
    _rounded_and_flagged(z, *PLAUSIBLE[indicator], two_decimals, flags)
    return two_decimals, flags


REFERENCE = ("who2006", "who2007")
"""Which of WHO's two references gave a row's z-scores: positions, -1 where there is none."""


def zscores(
    *, sex, age_days, weight_kg=None, height_cm=None, height_position=None, muac_mm=None, head_cm=None, oedema=None,
    older: str | None = None,
) -> dict[str, np.ndarray]:
    """WHO z-scores of n measurements: waz haz whz baz muacz hcz, float64 (n,), unrounded, NaN where WHO gives none.

    Codes as in `registry.tables`: sex 0 girl, 1 boy, -1 unknown; height_position 0 lying, 1 standing, -1
    unknown; oedema NaN or 0 to 3. Ages in days (fractions allowed, NaN unknown), kg, cm, MUAC in mm. What is
    left out is missing. With each z its flag, `waz_flag` …: int8, 1 implausible, 0 plausible, -1 no z.
    `older="who2007"` also answers waz, haz and baz from 61 months, and adds `reference` (int8, in REFERENCE).
    """
    sex = np.atleast_1d(np.asarray(sex)).astype(np.int8, copy=False)
    missing = np.broadcast_to(np.nan, sex.shape)

    def number(column):
        return missing if column is None else np.atleast_1d(np.asarray(column, np.float64))

    position = np.full(sex.shape, -1, np.int8)
    if height_position is not None:
        position = np.atleast_1d(np.asarray(height_position)).astype(np.int8, copy=False)
    age, weight, height, swollen = number(age_days), number(weight_kg), number(height_cm), number(oedema)
    z = np.empty((6, len(sex)))
    _points(sex, age, weight, height, position, number(muac_mm), number(head_cm), swollen, z)
    answer = dict(zip(INDICATORS, z, strict=True))
    if older is not None:
        answer["reference"] = _with_older(older, (sex, age, weight, height, position, swollen), z)
    for indicator in INDICATORS:
        answer[f"{indicator}_flag"] = rounded_and_flagged(answer[indicator], indicator)[1]
    return answer


def _with_older(older: str, columns: tuple[np.ndarray, ...], z: np.ndarray) -> np.ndarray:
    """Fill z (6, n) above 61 months by the reference of this name; the reference of each row."""
    if older != REFERENCE[1]:
        raise UsageError("GRO003", f"the reference for older children is {REFERENCE[1]}, not {older}")
    from features.older import fill_older

    reference = np.where(np.isnan(z).all(axis=0), -1, 0).astype(np.int8)
    fill_older(*columns, z, reference)
    return reference
