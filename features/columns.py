"""The catalogue's columns, group by group: each function takes a trace and gives float64[n] by name.

NaN is missing. Windows and rows come from the trace, so nothing here can see past the question's day.
"""

from __future__ import annotations

import numpy as np
from numba import vectorize

from features import episodes, windows
from features.catalogue import SERIES
from features.clock import days_between, year_angle
from features.series import MONTH, series_features
from features.smoother import smooth
from features.trace import Trace
from registry.tables import FINDING, ITEM, SETTING

Columns = dict[str, np.ndarray]
G_PER_KG = 1000.0
SIGNS = ("diarrhoea", "fever", "cough", "poor_appetite")
USUAL_GAIN_Z, USUAL_GAIN_DAYS, USUAL_LASTING_DAYS = 1.2, 56.0, 35.0
"""The usual course of a stay: 1.2 z of WHZ by its eighth week, most of it early (gain halves after four weeks)."""
FOLLOW_UP_DAYS = 183.0
"""How long after discharge a relapse counts (the registry contract): the less is left, the less can happen."""
LAG_ONE = 0.92
"""Correlation of WHZ with that of a month before, in 2,145 children followed to 24 months."""


def child(t: Trace) -> Columns:
    """Who the child is, and the season."""
    of, known = t.known.children, t.known.children["sex"] >= 0
    today, ahead = year_angle(t.day), year_angle(t.day + np.int32(60))
    season = 1.0 if t.seasonal else np.nan
    return {
        "age_days": days_between(of["birth_date"], t.day),
        "female": np.where(known, of["sex"] == 0, np.nan),
        "birth_weight_kg": of["birth_weight_kg"],
        "setting_urban": _is(t.setting, SETTING.index("urban")),
        "setting_tribal": _is(t.setting, SETTING.index("tribal")),
        "season_sin": np.sin(today) * season, "season_cos": np.cos(today) * season,
        "season_ahead_sin": np.sin(ahead) * season, "season_ahead_cos": np.cos(ahead) * season,
    }


def stay(t: Trace) -> Columns:
    """The stay in question and the ones before it."""
    of, days_out = t.stays, days_between(t.stays.closed_on, t.day)
    return {
        "days_in_treatment": days_between(of.admitted_on, t.stay[1]),
        "days_since_discharge": days_out,
        "follow_up_left": np.log((1.0 + np.maximum(FOLLOW_UP_DAYS - days_out, 0.0)) / (1.0 + FOLLOW_UP_DAYS)),
        "centre_is_vcdc": _is(of.programme, episodes.VCDC),
        "appetite_failed": _is(of.appetite_test, episodes.APPETITE_FAILED),
        "complications": of.complications,
        "stays_before": of.before,
        "cured_before": of.cured_before,
        "defaulted_before": of.defaulted_before,
        "facility_before": of.facility_before,
        "days_between_stays": days_between(of.previous_closed_on, of.admitted_on),
    }


def growth(t: Trace) -> Columns:
    """Level, velocity and changes of each series."""
    columns: Columns = {}
    for series in SERIES:
        columns |= series_features(
            t.growth, series, asked_on=t.day, admitted_on=t.stays.admitted_on, closed_on=t.stays.closed_on,
            prior=t.priors[series],
        )
    return columns


def weight(t: Trace) -> Columns:
    """Weight gained or lost, by window."""
    rows, prior = t.growth, t.priors["log_weight"]
    measured, log_weight = rows["measured_on"], rows["log_weight"]

    admitted, end = t.stay
    first_14 = admitted, np.minimum(end, np.minimum(admitted, t.day) + np.int32(14))
    gains = G_PER_KG * windows.slopes(
        rows.offsets, measured, log_weight, windows=[t.stay, first_14, t.last(15), t.last(29), t.last(60)],
        noise_variance=prior.noise, slope_variance=prior.slope_variance,
    )
    (found, _) = smooth(
        rows.offsets, measured, log_weight, extra_noise=np.zeros(len(log_weight)), asked_on=t.day, prior=prior
    )
    seen = t.readings
    of_stay, quarter, out = seen["weight", "stay"], seen["log_weight", "90"], seen["log_weight", "out_week"]
    days = of_stay.last_day - of_stay.first_day
    return {
        "gain_stay": G_PER_KG * (of_stay.last - of_stay.first) / _positive(of_stay.first * days),
        "gain_stay_shrunken": gains[0],
        "gain_first_14": gains[1], "gain_last_14": gains[2], "gain_last_28": gains[3], "gain_last_60": gains[4],
        "weight_velocity": G_PER_KG * found[2],
        "days_without_gain": end - of_stay.highest_day,
        "below_highest": 100.0 * (quarter.highest - quarter.last),
        "weight_since_discharge": 100.0 * (out.last - out.first),
    }


def readings(t: Trace) -> Columns:
    """What the readings said: SAM, wasting, colours, and changes that were not to be expected."""
    rows, seen = t.growth, t.readings
    return {
        "whz_conditional": _conditional(t),
        "whz_shortfall_expected": _shortfall(t),
        "exit_run": windows.trailing_run(rows.offsets, rows["measured_on"], rows["whz"], *t.last(180), -2.0),
        "sam_readings_180": seen["sam", "180"].total,
        "sam_readings_out": seen["sam", "out"].total,
        "wasted_readings_out": seen["wasted", "out"].total,
        "lowest_whz_out": seen["whz", "out"].lowest,
        "reported_red_180": seen["red", "180"].mean,
        "reported_last": seen["colour", "180"].last,
    }


def _conditional(t: Trace) -> np.ndarray:
    """Conditional velocity: the last WHZ less what the one before made likely, in its own standard deviations."""
    rows, last, prior = t.growth, t.readings["whz", "180"], t.priors["whz"]
    until = np.where(np.isnan(last.last_day), 0, last.last_day - 1).astype(np.int32)
    before = windows.summary(rows.offsets, rows["measured_on"], rows["whz"], since=t.last(180)[0], until=until)
    lasting = LAG_ONE ** ((last.last_day - before.last_day) / MONTH)
    likely = prior.mean + lasting * (before.last - prior.mean)
    return (last.last - likely) / np.sqrt(_positive(prior.variance * (1.0 - lasting**2) + prior.noise))


def _shortfall(t: Trace) -> np.ndarray:
    """WHZ gained in the stay less what its days usually bring."""
    of_stay = t.readings["whz", "stay"]
    days = of_stay.last_day - of_stay.first_day
    share = (1.0 - np.exp(-days / USUAL_LASTING_DAYS)) / (1.0 - np.exp(-USUAL_GAIN_DAYS / USUAL_LASTING_DAYS))
    return (of_stay.last - of_stay.first) - USUAL_GAIN_Z * share


def seen(t: Trace) -> Columns:
    """How often and how well the child was weighed and measured."""
    found, (admitted, end) = t.readings, t.stay
    of_stay, half, own = found["weight", "stay"], found["weight", "180"], found["own_height", "180"]
    due = np.floor(days_between(admitted, end) / 7.0) + 1.0
    days_out = days_between(t.stays.closed_on, t.day)
    return {
        "days_since_weighed": t.day - found["weight", "ever"].last_day,
        "weighings_90": found["weight", "90"].count,
        "weighings_missed": 1.0 - np.minimum(of_stay.count / due, 1.0),
        "longest_gap_stay": np.fmax(of_stay.longest_gap, end - of_stay.last_day),
        "weighings_out": MONTH * found["weight", "out"].count / np.maximum(days_out, 15.0),
        "longest_gap_180": np.fmax(half.longest_gap, t.day - half.last_day),
        "heights_180": own.count,
        "height_days": t.day - own.last_day,
        "same_weight_run": _same_run(t),
    }


def _same_run(t: Trace) -> np.ndarray:
    """How many of the last weights in a row equal the one before: copied, or a scale that is too coarse."""
    rows, kilograms = t.growth, t.growth["weight_kg"]
    same = np.zeros(len(kilograms))
    same[1:] = kilograms[1:] == kilograms[:-1]
    firsts = rows.offsets[:-1]
    same[firsts[firsts < len(same)]] = 0.0
    same[np.isnan(kilograms)] = np.nan
    return windows.trailing_run(rows.offsets, rows["measured_on"], same, *t.last(180), 1.0)


def visits(t: Trace) -> Columns:
    """Home visits and what they found."""
    of = t.known.visits
    finding = of["finding"].astype(np.float64)
    wanted = {"made": finding, "sam": _only(finding, "sam_again"), "away": _only(finding, "away")}
    found = windows.Grid(of.offsets, of["visited_on"], columns=wanted, windows={"90": t.last(90)})
    return {
        "visits_90": found["made", "90"].count,
        "visit_found_sam_90": found["sam", "90"].count,
        "away_90": found["away", "90"].count,
    }


def _only(finding: np.ndarray, wanted: str) -> np.ndarray:
    return np.where(finding == FINDING.index(wanted), 1.0, np.nan)


def illness(t: Trace) -> Columns:
    """What the medical checks found."""
    of = t.known.checks
    signs = {sign: of[sign] for sign in SIGNS}
    together = sum(np.where(np.isnan(column), 0.0, column) for column in signs.values())
    found = windows.Grid(
        of.offsets, of["checked_on"],
        columns=signs | {"signs": together, "ill": np.where(together > 0, together, np.nan)},
        windows={"14": t.last(14), "30": t.last(30), "90": t.last(90), "365": t.last(365), "stay": t.stay,
                 "out": t.out()},
    )
    weeks = np.maximum(days_between(*t.stay), 7.0) / 7.0
    columns: Columns = {
        "ill_14": found["signs", "14"].total,
        "ill_days": t.day - found["ill", "365"].last_day,
        "ill_out": found["signs", "out"].total,
        "checks_30": found["signs", "30"].count,
        "checks_per_week_stay": found["signs", "stay"].count / weeks,
    }
    for sign in SIGNS:
        columns[f"{sign}_30"] = found[sign, "30"].total
        columns[f"{sign}_share"] = found[sign, "90"].mean
        columns[f"{sign}_stay"] = found[sign, "stay"].mean
    return columns


def food(t: Trace) -> Columns:
    """EDNF and rations received."""
    of = t.known.rations
    found = windows.Grid(
        of.offsets, of["issued_on"],
        columns={item: np.where(of["item"] == code, of["quantity"], np.nan) for code, item in enumerate(ITEM)},
        windows={"stay": t.stay, "14": t.last(14), "90": t.last(90)},
    )
    of_stay, thr = found["EDNF", "stay"], found["THR", "90"]
    days = np.maximum(days_between(*t.stay), 7.0)
    return {
        "ednf_per_day_stay": np.where(of_stay.count > 0, of_stay.total, 0.0) / days,
        "ednf_per_day_14": found["EDNF", "14"].total / 14.0,
        "ednf_issues_missed": 1.0 - np.minimum(of_stay.count / np.floor(days / 7.0), 1.0),
        "thr_90": thr.total,
        "thr_issues_90": thr.count,
        "thr_days": t.day - thr.last_day,
        "hcm_90": found["HCM", "90"].total,
    }


def attendance(t: Trace) -> Columns:
    """Attendance at the centre, in the months known."""
    of = t.known.attendance
    share = np.minimum(of["attended_days"] / _positive(of["open_days"]), 1.0)
    found = windows.Grid(
        of.offsets, of["month"], columns={"share": share},
        windows={"90": t.last(90), "120": t.last(120), "210": t.last(210)},
    )
    return {
        "attendance_last": found["share", "90"].last,
        "attendance_90": found["share", "120"].mean,
        "attendance_180": found["share", "210"].mean,
    }


@vectorize(["float64(int8, int64)"], cache=True)
def _is(code, wanted):
    """1 or 0; NaN where the code is missing (-1)."""
    if code < 0:
        return np.nan
    return 1.0 if code == wanted else 0.0


def _positive(value: np.ndarray) -> np.ndarray:
    """The value where it is above 0, else NaN: a quotient over it is missing rather than infinite."""
    return np.where(value > 0, value, np.nan)


GROUPS = (child, stay, growth, weight, readings, seen, visits, illness, food, attendance)
"""All of a child's own columns; the family's and the centre's are `features.context`'s."""
