"""Growth points: each measurement of a view with its age, its z-scores, the height that it stands
on, and SAM.

Done inside the view, so a height that was entered late carries nothing forward before it was known.
"""

from __future__ import annotations

import numpy as np

from features.answered import QUESTIONS
from features.clock import Known, Ragged
from features.criteria import Criteria, criteria
from features.status import height_is_stale, wasting
from features.trajectory.smoother import (
    DEFAULT_PRIORS,
    Prior,
    advanced,
    corrected,
    growth_time,
    start,
)
from features.who.growth import (
    STANDING_FROM_DAYS,
    round_z,
    rounded,
    slope_of_weight,
    weight_and_height,
    whz_and_slopes,
)
from features.who.standards import BY_AGE
from registry.contract.arrays import Codes, Flags, Floats, Ints
from registry.contract.codes import HeightPosition
from registry.contract.days import LAST_DAY_UNDER_FIVE
from registry.machine.numba_kernels import njit

READ = ("age_days", "height_days", "waz", "haz", "whz", "valid", "sam", "wasted")
"""What a reading says by itself."""
COLUMNS = (
    *READ,
    "whz_traced",
    "log_weight",
    "growth_time",
    "relative_weight",
    "waz_per_kg2",
    "haz_per_cm2",
    "whz_per_kg2",
    "whz_height_variance",
)
LYING, STANDING = map(int, HeightPosition)


@njit(cache=True, nogil=True, error_model="numpy")
def _height_of(sex: int, age: int, haz: float, last_day: int) -> float:
    """The height (cm, in the position of the age) that has this HAZ on a day; NaN outside of the
    standards."""
    if sex < 0 or age < 0 or age > last_day:
        return np.nan
    return float(BY_AGE[sex, age, 4] * (1.0 + BY_AGE[sex, age, 5] * haz))


@njit(cache=True, nogil=True, error_model="numpy")
def _cm_of_haz(sex: int, age: int, last_day: int) -> float:
    """How many cm one HAZ is on a day; NaN outside of the standards."""
    if sex < 0 or age < 0 or age > last_day:
        return np.nan
    return float(BY_AGE[sex, age, 4] * BY_AGE[sex, age, 5])


@njit(cache=True, nogil=True, error_model="numpy")
def _waz_per_kg2(sex: int, age: int, weight_kg: float, waz: float, last_day: int) -> float:
    """Variance of WAZ for each kg² of a weight's error; NaN outside of the standards."""
    if sex < 0 or age < 0 or age > last_day:
        return np.nan
    slope = slope_of_weight(waz, weight_kg, BY_AGE[sex, age, 0], BY_AGE[sex, age, 2])
    return float(slope * slope)


@njit(cache=True, nogil=True, error_model="numpy")
def _position_at(age: int, position: int) -> int:
    """How a height was measured, where nobody said: as WHO asks for it at that age. A carried
    height keeps it: read at 25 months, a length of 23 months is 0.7 cm more than the height."""
    if position >= 0 or age < 0:
        return position
    return LYING if age < STANDING_FROM_DAYS else STANDING


@njit(cache=True, nogil=True, error_model="numpy")
def relative_weight(sex: int, age: int, weight_kg: float) -> float:
    """Logarithm of a weight over the median of sex and age (past the last day of the standards,
    that day's); NaN where one of them is not known."""
    if sex < 0 or age < 0 or not weight_kg > 0.0:
        return np.nan
    return float(np.log(weight_kg / BY_AGE[sex, min(age, LAST_DAY_UNDER_FIVE), 1]))


@njit(cache=True, nogil=True, error_model="numpy")
def median_gain(sex: int, age: int) -> float:
    """What the median weight of sex and age gains in a day, as a share of it; NaN where one of them
    is not known, 0 past the last day of the standards."""
    if sex < 0 or age < 0:
        return np.nan
    if age >= LAST_DAY_UNDER_FIVE:
        return 0.0
    return float(np.log(BY_AGE[sex, age + 1, 1] / BY_AGE[sex, age, 1]))


@njit(cache=True, nogil=True, error_model="numpy")
def _too_low(z: float, low: float, high: float) -> int:
    """Is a z (rounded) too low to believe? Implausibly high or not known: cannot say."""
    if z < low:
        return 1
    return 0 if z <= high else -1


@njit(cache=True, nogil=True, error_model="numpy")
def _points(
    offsets: Ints,
    sex: Codes,
    birth: Ints,
    day: Ints,
    weight: Floats,
    height: Floats,
    position: Codes,
    muac: Floats,
    oedema: Codes,
    haz_prior: Prior,
    c: Criteria,
    smoothed: bool,
    out: Floats,
    answers: Codes,
) -> None:
    for i in range(len(offsets) - 1):
        height_at, height_cm, height_position = -1, np.nan, -1
        state, level_at, level_time = start(haz_prior), -1, 0.0
        for row in range(offsets[i], offsets[i + 1]):
            age = day[row] - birth[i]
            own = not np.isnan(height[row])
            if own:
                height_at, height_cm, height_position = (
                    day[row],
                    height[row],
                    _position_at(age, position[row]),
                )
            waz, haz, whz = weight_and_height(
                sex[i], age, weight[row], height_cm, height_position, oedema[row]
            )
            old = float(day[row] - height_at) if height_at >= 0 else np.nan
            stale = height_is_stale(age, old, c)
            sam, rounded, answers[:, row] = -1, round_z(whz), -1
            if age <= c.last_day:
                by_whz, by_muac, by_oedema, sam, _, _, _ = wasting(
                    age, whz, muac[row], oedema[row], stale, c
                )
                answers[0, row], answers[1, row], answers[2, row] = by_whz, by_muac, by_oedema
                if not stale:
                    answers[3, row] = _too_low(rounded, c.whz_low, c.whz_high)
                answers[4, row] = _too_low(round_z(waz), c.waz_low, c.waz_high)
            plausible = not stale and c.whz_low <= rounded <= c.whz_high
            out[0, row], out[1, row] = age, old
            out[2, row] = waz if c.waz_low <= waz <= c.waz_high else np.nan
            out[3, row] = haz if own and c.haz_low <= haz <= c.haz_high else np.nan
            out[4, row] = rounded if plausible else np.nan
            out[5, row], out[6, row] = sam >= 0, sam == 1
            out[7, row] = (
                1.0
                if plausible and rounded < c.moderate_z_below
                else (0.0 if plausible else np.nan)
            )
            if not smoothed:
                continue
            time = growth_time(day[row], birth[i])
            cm_of_haz = _cm_of_haz(sex[i], age, c.last_day)
            if level_at >= 0 and day[row] > level_at:
                state = advanced(
                    state, float(day[row] - level_at), max(time - level_time, 0.0), haz_prior
                )
                level_at, level_time = day[row], time
            if own and c.haz_low <= haz <= c.haz_high:
                state = corrected(state, haz, haz_prior.noise / (cm_of_haz * cm_of_haz))
                level_at, level_time = day[row], time
            traced, of_kg, of_cm = np.nan, np.nan, np.nan
            if level_at >= 0 and not oedema[row] > 0.0:
                likely = _height_of(sex[i], age, state[0], c.last_day)
                traced, of_kg, of_cm = whz_and_slopes(sex[i], age, weight[row], likely)
            out[8, row] = traced if c.whz_low <= traced <= c.whz_high else np.nan
            out[9, row] = np.log(weight[row]) if weight[row] > 0.0 else np.nan
            out[10, row], out[11, row] = time, relative_weight(sex[i], age, weight[row])
            out[12, row] = _waz_per_kg2(sex[i], age, weight[row], waz, c.last_day)
            out[13, row] = 1.0 / (cm_of_haz * cm_of_haz)
            out[14, row], out[15, row] = of_kg * of_kg, (of_cm * cm_of_haz) ** 2 * state[2]


CUT_OFFS = (-3.0, -2.0)
"""Between which the bands of WAZ and HAZ lie, as `sanket zscores` has them."""
_AT = {name: at for at, name in enumerate(COLUMNS)}


def _uncertain_ages(out: Floats, answers: Codes, ends: list[tuple[Floats, Codes]]) -> Flags:
    """Which readings hang on an uncertain birth date; what they cannot say is taken out, in place.

    A WAZ or HAZ whose band differs between the two ends of what the age may be is not answered. A
    reading that is no SAM by the recorded birth date and SAM at an end is neither: nobody is
    called well by it. One that is SAM by the recorded birth date stays so.
    """
    hangs = np.zeros(out.shape[1], np.bool_)
    for name in ("waz", "haz"):
        low, high = (np.digitize(rounded(end[_AT[name]]), CUT_OFFS) for end, _ in ends)
        known = [np.isfinite(end[_AT[name]]) for end, _ in ends]
        gone = np.isfinite(out[_AT[name]]) & ((low != high) | (known[0] != known[1]))
        out[_AT[name], gone] = np.nan
        hangs |= gone
    sam = out[_AT["sam"]] == 1
    at_an_end = np.logical_or(*(end[_AT["sam"]] == 1 for end, _ in ends))
    at_both = np.logical_and(*(end[_AT["sam"]] == 1 for end, _ in ends))
    open_ = at_an_end & ~sam
    answers[:4, open_] = np.where(answers[:4, open_] == 1, np.int8(1), np.int8(-1))
    out[_AT["valid"], open_] = 0.0
    for name in ("whz", "wasted"):
        out[_AT[name], open_] = np.nan
    wasted = [end[_AT["wasted"]] for end, _ in ends]
    hangs |= open_ | (sam & ~at_both) | ((wasted[0] == 1) != (wasted[1] == 1))
    return hangs


def growth_points(
    known: Known, *, haz_prior: Prior = DEFAULT_PRIORS["haz"], smoothed: bool = True
) -> Ragged:
    """The view's measurements with, float64 each (NaN where it cannot be said):

    `age_days`; `height_days`, the age of the height in use (0: measured then; more: carried
    forward); `waz`; `haz` (own heights only); `whz` (rounded; on a fresh height and plausible, else
    NaN); `whz_traced` (weight on the height that the child's own trajectory gives for the day);
    `log_weight`; `valid` and `sam` (the contract's words; 1 or 0), `wasted` (WHZ under -2; NaN
    without a WHZ). For the smoother: `growth_time`; `relative_weight` (logarithm of weight over the
    median of sex and age); `waz_per_kg2`, `haz_per_cm2`, `whz_per_kg2`, the variance of a z for
    each kg² or cm² of error; `whz_height_variance`, what the traced height's error adds to
    `whz_traced`.

    `smoothed` False: without `whz_traced`, `log_weight` and the smoother's, in half the time.

    And, int8 each, what each reading answers by criterion (1 yes, 0 no, -1 not asked): the columns
    of `features.answered.QUESTIONS`. `age_uncertain` (bool): what it says hangs on a birth date
    that is known to the month, say (`_uncertain_ages`).
    """
    seen, child = known.measurements, known.children
    birth, off = child["birth_date"].astype(np.int64), child["birth_date_uncertain_days"]
    out, answers = _at_birth(seen, child["sex"], birth, haz_prior, smoothed)
    uncertain = np.zeros(seen.rows.rows, np.bool_)
    if (off > 0).any():
        days = np.where(off > 0, off, 0.0).astype(np.int64)
        ends = [_at_birth(seen, child["sex"], birth + by, haz_prior, False) for by in (-days, days)]
        uncertain = _uncertain_ages(out, answers, ends)
    points = dict(zip((*COLUMNS[: len(out)], *QUESTIONS), (*out, *answers), strict=True))
    return seen.having(**points, age_uncertain=uncertain)


def _at_birth(
    seen: Ragged, sex: Codes, birth: Ints, haz_prior: Prior, smoothed: bool
) -> tuple[Floats, Codes]:
    """The columns of growth points (COLUMNS, or READ where not `smoothed`; and QUESTIONS), for
    these birth dates."""
    out, answers = (
        np.empty((len(COLUMNS if smoothed else READ), seen.rows.rows)),
        np.empty((len(QUESTIONS), seen.rows.rows), np.int8),
    )
    _points(
        seen.offsets,
        sex,
        birth,
        seen["measured_on"].astype(np.int64),
        seen["weight_kg"],
        seen["height_cm"],
        seen["height_position"],
        seen["muac_mm"],
        seen["oedema"],
        haz_prior,
        criteria(),
        smoothed,
        out,
        answers,
    )
    return out, answers
