"""A child's own columns: who it is, its stay, weights, readings, and how it was seen. One question
at a time, compiled.

Each group is a tuple of names (the catalogue's) with a function that answers them, float64, NaN
where missing. Rows `begin` to `end` of each array are the question's, known by its day and sorted
by their own; windows are of days, both ends counted. `features.trajectory.kernel` calls the groups
for one question or for millions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from features.clock import days_apart, year_angle
from features.episodes import APPETITE_FAILED, VCDC
from features.trajectory.smoother import VELOCITY_DAYS, filtered
from features.trajectory.windows import run_of, slope_of, summary_of
from registry.contract.registry import NEVER, SETTING, SEX

G_PER_KG = 1000.0
USUAL_GAIN_Z, USUAL_GAIN_DAYS, USUAL_LASTING_DAYS = 1.2, 56.0, 35.0
"""The usual course of a stay: 1.2 z of WHZ by its eighth week, most of it early (gain halves after
four weeks)."""
FOLLOW_UP_DAYS = 183.0
"""How long after discharge a relapse counts (the registry contract): the less is left, the less can
happen."""
LAG_ONE = 0.92
"""Correlation of WHZ with that of a month before, in 2,145 children followed to 24 months."""
MONTH = 30.0
URBAN, TRIBAL = SETTING.index("urban"), SETTING.index("tribal")
FEMALE = SEX.index("F")
COUNT, TOTAL, MEAN, FIRST, FIRST_DAY, LAST, LAST_DAY, LOW, LOW_DAY, HIGH, HIGH_DAY, SPREAD, GAP = (
    range(13)
)
"""Where `features.trajectory.windows.summary_of` puts what."""


class GrowthRows(NamedTuple):
    """The growth points' columns that features read; `offsets` int64, days int32, the others
    float64."""

    offsets: np.ndarray
    measured_on: np.ndarray
    weight_kg: np.ndarray
    log_weight: np.ndarray
    whz: np.ndarray
    waz: np.ndarray
    haz: np.ndarray
    whz_traced: np.ndarray
    muac: np.ndarray
    height_days: np.ndarray
    sam: np.ndarray
    wasted: np.ndarray
    own_height: np.ndarray
    colour: np.ndarray
    red: np.ndarray
    same_weight: np.ndarray


@njit(cache=True, nogil=True)
def positive(value):
    """A divisor: NaN unless above 0, so that a quotient over it is missing rather than infinite."""
    return value if value > 0 else np.nan


@njit(cache=True, nogil=True)
def at_most(value, bound):
    """The lesser, NaN where the value is missing."""
    return bound if value > bound else value


@njit(cache=True, nogil=True)
def at_least(value, bound):
    """The greater, NaN where the value is missing."""
    return bound if value < bound else value


@njit(cache=True, nogil=True)
def _is(code, wanted):
    if code < 0:
        return np.nan
    return 1.0 if code == wanted else 0.0


@njit(cache=True, nogil=True)
def _greater(one, other):
    """The greater of those that are there."""
    return other if np.isnan(one) or other > one else one


CHILD = (
    "age_days",
    "female",
    "birth_weight_kg",
    "setting_urban",
    "setting_tribal",
    "season_sin",
    "season_cos",
    "season_ahead_sin",
    "season_ahead_cos",
)


@njit(cache=True, nogil=True)
def child(today, birth_date, sex, birth_weight_kg, setting, season):
    """Who the child is, and the season (`season`: 1, or NaN where the dates hang on a made-up
    epoch)."""
    now, ahead = year_angle(today), year_angle(today + 60)
    return (
        days_apart(birth_date, today),
        _is(sex, FEMALE),
        birth_weight_kg,
        _is(setting, URBAN),
        _is(setting, TRIBAL),
        np.sin(now) * season,
        np.cos(now) * season,
        np.sin(ahead) * season,
        np.cos(ahead) * season,
    )


STAY = (
    "days_in_treatment",
    "days_since_discharge",
    "follow_up_left",
    "centre_is_vcdc",
    "appetite_failed",
    "complications",
    "stays_before",
    "cured_before",
    "defaulted_before",
    "facility_before",
    "days_between_stays",
)


@njit(cache=True, nogil=True)
def stay(i, today, of):
    """The stay in question and the ones before it (`of`: `features.episodes.Stays`)."""
    days_out = days_apart(of.closed_on[i], today)
    left = np.log((1.0 + at_least(FOLLOW_UP_DAYS - days_out, 0.0)) / (1.0 + FOLLOW_UP_DAYS))
    return (
        days_apart(of.admitted_on[i], min(today, of.closed_on[i])),
        days_out,
        left,
        _is(of.programme[i], VCDC),
        _is(of.appetite_test[i], APPETITE_FAILED),
        of.complications[i],
        of.before[i],
        of.cured_before[i],
        of.defaulted_before[i],
        of.facility_before[i],
        days_apart(of.previous_closed_on[i], of.admitted_on[i]),
    )


WEIGHT = (
    "gain_stay",
    "gain_stay_shrunken",
    "gain_first_14",
    "gain_last_14",
    "gain_last_28",
    "gain_last_60",
    "weight_velocity",
    "days_without_gain",
    "below_highest",
    "weight_since_discharge",
)


@njit(cache=True, nogil=True)
def weight(begin, end, rows, today, admitted, closed, prior, nothing, level_after):
    """Weight gained or lost, by window. `nothing`: noughts, `level_after`: written over (both
    float64[rows])."""
    day, log_weight, until = rows.measured_on, rows.log_weight, min(today, closed)
    _, _, noise, _, spread = prior
    first_14 = min(until, min(admitted, today) + 14)
    of_stay = summary_of(begin, end, day, rows.weight_kg, admitted, until)
    quarter = summary_of(begin, end, day, log_weight, today - 89, today)
    out = summary_of(begin, end, day, log_weight, NEVER if closed == NEVER else closed - 7, today)
    velocity = filtered(begin, end, day, log_weight, nothing, today, prior, level_after)[2]
    gained, days = of_stay[LAST] - of_stay[FIRST], of_stay[LAST_DAY] - of_stay[FIRST_DAY]
    return (
        G_PER_KG * gained / positive(of_stay[FIRST] * days),
        G_PER_KG * slope_of(begin, end, day, log_weight, admitted, until, noise, spread),
        G_PER_KG * slope_of(begin, end, day, log_weight, admitted, first_14, noise, spread),
        G_PER_KG * slope_of(begin, end, day, log_weight, today - 14, today, noise, spread),
        G_PER_KG * slope_of(begin, end, day, log_weight, today - 28, today, noise, spread),
        G_PER_KG * slope_of(begin, end, day, log_weight, today - 59, today, noise, spread),
        G_PER_KG * velocity,
        until - of_stay[HIGH_DAY],
        100.0 * (quarter[HIGH] - quarter[LAST]),
        100.0 * (out[LAST] - out[FIRST]),
    )


READINGS = (
    "whz_conditional",
    "whz_shortfall_expected",
    "exit_run",
    "sam_readings_180",
    "sam_readings_out",
    "wasted_readings_out",
    "lowest_whz_out",
    "reported_red_180",
    "reported_last",
)


@njit(cache=True, nogil=True)
def readings(begin, end, rows, today, admitted, closed, prior):
    """What the readings said: SAM, wasting, colours, and changes that were not to be expected."""
    day, half, out = rows.measured_on, today - 179, NEVER if closed == NEVER else closed + 1
    colour = summary_of(begin, end, day, rows.colour, half, today)
    return (
        _conditional(begin, end, rows, today, prior),
        _shortfall(begin, end, rows, admitted, min(today, closed)),
        run_of(begin, end, day, rows.whz, half, today, -2.0),
        summary_of(begin, end, day, rows.sam, half, today)[TOTAL],
        summary_of(begin, end, day, rows.sam, out, today)[TOTAL],
        summary_of(begin, end, day, rows.wasted, out, today)[TOTAL],
        summary_of(begin, end, day, rows.whz, out, today)[LOW],
        summary_of(begin, end, day, rows.red, half, today)[MEAN],
        colour[LAST],
    )


@njit(cache=True, nogil=True)
def _conditional(begin, end, rows, today, prior):
    """Conditional velocity: the last WHZ less what the one before made likely, in its own standard
    deviations."""
    mean, variance, noise, _, _ = prior
    last = summary_of(begin, end, rows.measured_on, rows.whz, today - 179, today)
    until = 0 if np.isnan(last[LAST_DAY]) else np.int64(last[LAST_DAY]) - 1
    before = summary_of(begin, end, rows.measured_on, rows.whz, today - 179, until)
    lasting = LAG_ONE ** ((last[LAST_DAY] - before[LAST_DAY]) / MONTH)
    likely = mean + lasting * (before[LAST] - mean)
    return (last[LAST] - likely) / np.sqrt(positive(variance * (1.0 - lasting**2) + noise))


@njit(cache=True, nogil=True)
def _shortfall(begin, end, rows, admitted, until):
    """WHZ gained in the stay less what its days usually bring."""
    of_stay = summary_of(begin, end, rows.measured_on, rows.whz, admitted, until)
    days = of_stay[LAST_DAY] - of_stay[FIRST_DAY]
    share = (1.0 - np.exp(-days / USUAL_LASTING_DAYS)) / (
        1.0 - np.exp(-USUAL_GAIN_DAYS / USUAL_LASTING_DAYS)
    )
    return (of_stay[LAST] - of_stay[FIRST]) - USUAL_GAIN_Z * share


SEEN = (
    "days_since_weighed",
    "weighings_90",
    "weighings_missed",
    "longest_gap_stay",
    "weighings_out",
    "longest_gap_180",
    "heights_180",
    "height_days",
    "same_weight_run",
)


@njit(cache=True, nogil=True)
def seen(begin, end, rows, today, admitted, closed):
    """How often and how well the child was weighed and measured."""
    day, weights, until, half = rows.measured_on, rows.weight_kg, min(today, closed), today - 179
    of_stay = summary_of(begin, end, day, weights, admitted, until)
    out = summary_of(begin, end, day, weights, NEVER if closed == NEVER else closed + 1, today)
    of_half, own = (
        summary_of(begin, end, day, weights, half, today),
        summary_of(begin, end, day, rows.own_height, half, today),
    )
    due = np.floor(days_apart(admitted, until) / 7.0) + 1.0
    return (
        today - summary_of(begin, end, day, weights, today - 1829, today)[LAST_DAY],
        summary_of(begin, end, day, weights, today - 89, today)[COUNT],
        1.0 - at_most(of_stay[COUNT] / due, 1.0),
        _greater(of_stay[GAP], until - of_stay[LAST_DAY]),
        MONTH * out[COUNT] / at_least(days_apart(closed, today), 15.0),
        _greater(of_half[GAP], today - of_half[LAST_DAY]),
        own[COUNT],
        today - own[LAST_DAY],
        run_of(begin, end, day, rows.same_weight, half, today, 1.0),
    )


PROSPECT = ("whz_room", "muac_room", "least_room", "sam_last")
WHZ_CUTS, MUAC_CUTS = (-2.0, -3.0), (125.0, 115.0)
"""What decides: in treatment the exit criteria, after it SAM's."""
STAY_DAYS = 84.0
"""The longest stay (12 weeks)."""


@njit(cache=True, nogil=True)
def prospect(begin, end, rows, today, admitted, closed, whz, muac, whz_prior, muac_prior):
    """How far from what decides the child will be on the last day that counts (day 84 of a stay,
    day 183 after it), if it goes on as it goes, in standard deviations of what may come; and SAM at
    the last judged reading.

    `whz`, `muac`: what `features.trajectory.columns.series.series` found.
    """
    out = closed <= today
    days = at_least(
        FOLLOW_UP_DAYS - days_apart(closed, today)
        if out
        else STAY_DAYS - days_apart(admitted, today),
        1.0,
    )
    at = 1 if out else 0
    of_whz, of_muac = (
        _room(whz, days, WHZ_CUTS[at], whz_prior),
        _room(muac, days, MUAC_CUTS[at], muac_prior),
    )
    least = of_muac if np.isnan(of_whz) or of_muac < of_whz else of_whz
    sam = summary_of(begin, end, rows.measured_on, rows.sam, today - 179, today)[LAST]
    return of_whz, of_muac, least, sam


@njit(cache=True, nogil=True)
def _room(found, days, cut, prior):
    _, _, noise, drift, _ = prior
    level, level_sd, velocity = found[2], found[3], found[4] / MONTH
    reach = VELOCITY_DAYS * (1.0 - np.exp(-days / VELOCITY_DAYS))
    return (level + reach * velocity - cut) / np.sqrt(level_sd * level_sd + drift * days + noise)
