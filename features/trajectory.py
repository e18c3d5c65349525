"""A child's trajectory as of a day: one feature row for each question, from what was known by then.

The same function serves training, the batch and the API; a question alone gives the same bits as in a crowd.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from features import episodes, points, windows
from features.catalogue import CONTEXT_NAMES, NAMES, SERIES
from features.clock import Clock, Known, Ragged, days_between, year_angle
from features.context import Context
from features.criteria import criteria
from features.smoother import DEFAULT_PRIORS, Prior, smooth
from registry.tables import FINDING, ITEM, NEVER, SETTING

Columns = dict[str, np.ndarray]
C = criteria()
MONTH = 30.0
PIECE = 50_000
"""Questions answered together: bounds memory, changes nothing."""
G_PER_KG = 1000.0
_SIGNS = ("diarrhoea", "fever", "cough", "poor_appetite")


@dataclass(frozen=True)
class Trace:
    """Everything that the feature functions read: the view, its growth points, the stays, and the priors."""

    known: Known
    growth: Ragged
    stays: episodes.Stays
    setting: np.ndarray
    seasonal: bool
    priors: Mapping[str, Prior]

    @property
    def day(self) -> np.ndarray:
        return self.known.day

    def back(self, days: int) -> np.ndarray:
        """The first day of a window of so many days that ends today."""
        return self.day - np.int32(days - 1)

    def within(self, column: np.ndarray, since: np.ndarray, until: np.ndarray | None = None) -> windows.Summary:
        """A growth column's summary from `since` to `until` (today)."""
        rows = self.growth
        until = self.day if until is None else until
        return windows.summary(rows.offsets, rows["measured_on"], column, since=since, until=until)

    def stay_end(self) -> np.ndarray:
        """Today, or the last day of the stay once it is closed."""
        return np.minimum(self.day, self.stays.closed_on)


def trace(clock: Clock, known: Known, *, priors: Mapping[str, Prior] = DEFAULT_PRIORS) -> Trace:
    """Growth points and stays of a view, ready for the features (and for whoever else needs them)."""
    growth = points.growth_points(known, haz_prior=priors["haz"])
    setting = clock.setting_of(known.children["centre"])
    # A registry whose dates hang on a made-up epoch has no season.
    return Trace(known, growth, episodes.find(known), setting, clock.real_dates, priors)


def as_of(
    clock: Clock, child: np.ndarray, day: np.ndarray, *, priors: Mapping[str, Prior], context: Context | None = None
) -> np.ndarray:
    """The feature matrix (n, len(NAMES)) of each child on its day, in pieces so that memory stays bounded.

    `context`: the registry's families and centres, or None to leave those columns missing.
    """
    pieces = [matrix for _, matrix in as_of_traced(clock, child, day, priors=priors, context=context)]
    return np.concatenate(pieces) if pieces else np.empty((0, len(NAMES)))


def as_of_traced(
    clock: Clock, child: np.ndarray, day: np.ndarray, *, priors: Mapping[str, Prior], context: Context | None = None
) -> Iterator[tuple[Trace, np.ndarray]]:
    """`as_of` piece by piece, each with the trace that it comes from."""
    for begin in range(0, len(child), PIECE):
        known = clock.known_by(child[begin : begin + PIECE], day[begin : begin + PIECE])
        traced = trace(clock, known, priors=priors)
        yield traced, rows(traced, context.columns(known) if context else None)


def rows(traced: Trace, context: Columns | None = None) -> np.ndarray:
    """The feature matrix (n, len(NAMES)), float64, NaN where missing; columns as in `features.catalogue`.

    `context`: the columns of `features.context`, or None to leave them missing.
    """
    columns: Columns = dict.fromkeys(CONTEXT_NAMES, np.full(len(traced.day), np.nan))
    for part in (_child, _stay, _growth_series, _weight, _readings, _seen, _illness, _food, _attendance):
        columns |= part(traced)
    columns |= context or {}
    out = np.empty((len(traced.day), len(NAMES)))
    for position, name in enumerate(NAMES):
        out[:, position] = columns[name]
    return out


def _child(t: Trace) -> Columns:
    child, known = t.known.children, t.known.children["sex"] >= 0
    today, ahead = year_angle(t.day), year_angle(t.day + np.int32(60))
    season = np.where(t.seasonal, 1.0, np.nan)
    return {
        "age_days": days_between(child["birth_date"], t.day),
        "female": np.where(known, child["sex"] == 0, np.nan),
        "birth_weight_kg": child["birth_weight_kg"],
        "setting_urban": _is(t.setting, SETTING.index("urban")),
        "setting_tribal": _is(t.setting, SETTING.index("tribal")),
        "season_sin": np.sin(today) * season, "season_cos": np.cos(today) * season,
        "season_ahead_sin": np.sin(ahead) * season, "season_ahead_cos": np.cos(ahead) * season,
    }


def _is(code: np.ndarray, wanted: int) -> np.ndarray:
    """1 or 0; NaN where the code is missing (-1)."""
    return np.where(code < 0, np.nan, code == wanted)


def _stay(t: Trace) -> Columns:
    stays = t.stays
    return {
        "days_in_treatment": days_between(stays.admitted_on, t.stay_end()),
        "days_since_discharge": days_between(stays.closed_on, t.day),
        "centre_is_vcdc": _is(stays.programme, episodes.VCDC),
        "appetite_failed": _is(stays.appetite_test, episodes.APPETITE_FAILED),
        "complications": stays.complications,
        "stays_before": stays.before,
        "cured_before": stays.cured_before,
        "defaulted_before": stays.defaulted_before,
        "facility_before": stays.facility_before,
        "days_between_stays": days_between(stays.previous_closed_on, stays.admitted_on),
    }


def readings(growth: Ragged, series: str) -> tuple[np.ndarray, np.ndarray]:
    """(reading, extra noise variance) for each growth row, as the smoother of a series takes them."""
    none = np.zeros(growth.rows.rows)
    if series == "whz":
        # A height from the child's own trajectory is less certain the longer ago one was measured.
        stale = np.nan_to_num(growth["height_days"], nan=90.0)
        return growth["whz_traced"], 0.001 * np.minimum(stale, 180.0)
    if series == "muac":
        muac = growth["muac_mm"]
        return np.where((muac >= C.least_muac_mm) & (muac <= C.most_muac_mm), muac, np.nan), none
    return growth[series], none


def _growth_series(t: Trace) -> Columns:
    columns: Columns = {}
    for series in SERIES:
        columns |= {f"{series}_{name}": column for name, column in _of_series(t, series).items()}
    return columns


def _of_series(t: Trace, series: str) -> Columns:
    prior, growth = t.priors[series], t.growth
    smoothed, extra = readings(growth, series)
    reading = growth["whz"] if series == "whz" else smoothed
    level, level_sd, velocity, after = smooth(
        growth.offsets, growth["measured_on"], smoothed, extra_noise=extra, asked_on=t.day, prior=prior
    )
    recent, quarter, half = (t.within(reading, t.back(days)) for days in (1830, 90, 180))
    slopes = {
        days: MONTH * windows.slope(
            growth.offsets, growth["measured_on"], smoothed, t.back(days), t.day, prior.noise, prior.slope_variance
        )
        for days in (30, 90, 180)
    }
    nadir = t.within(after, t.back(180))
    admitted = _level_on(t, after, t.stays.admitted_on)
    discharged = _level_on(t, after, t.stays.closed_on)
    return {
        "last": recent.last, "last_days": t.day - recent.last_day,
        "level": level, "level_sd": level_sd, "velocity": MONTH * velocity,
        "slope_30": slopes[30], "slope_90": slopes[90], "slope_180": slopes[180],
        "curvature": slopes[30] - slopes[90],
        "lowest_180": half.lowest, "mean_90": quarter.mean, "mean_180": half.mean, "spread_180": half.spread,
        "since_nadir": level - nadir.lowest, "nadir_days": t.day - nadir.lowest_day,
        "at_admission": admitted, "since_admission": level - admitted,
        "at_discharge": discharged, "since_discharge": level - discharged,
    }


def _level_on(t: Trace, after: np.ndarray, day: np.ndarray) -> np.ndarray:
    """The level behind the noise just after the last reading up to `day` (NaN where day is NEVER or unread)."""
    level = t.within(after, np.zeros(len(day), np.int32), np.minimum(day, t.day)).last
    return np.where(day == NEVER, np.nan, level)


def _weight(t: Trace) -> Columns:
    growth, stays, prior = t.growth, t.stays, t.priors["log_weight"]
    log_weight, measured = growth["log_weight"], growth["measured_on"]
    end, admitted = t.stay_end(), stays.admitted_on

    def gain(since: np.ndarray, until: np.ndarray) -> np.ndarray:
        return G_PER_KG * windows.slope(
            growth.offsets, measured, log_weight, since, until, prior.noise, prior.slope_variance
        )

    stay, quarter = t.within(growth["weight_kg"], admitted, end), t.within(log_weight, t.back(90))
    velocity = smooth(
        growth.offsets, measured, log_weight, extra_noise=np.zeros(len(log_weight)), asked_on=t.day, prior=prior
    )[2]
    out = t.within(log_weight, np.where(stays.closed_on == NEVER, NEVER, stays.closed_on - np.int32(7)))
    return {
        "gain_stay": G_PER_KG * (stay.last - stay.first) / _positive(stay.first * (stay.last_day - stay.first_day)),
        "gain_stay_shrunken": gain(admitted, end),
        "gain_first_14": gain(admitted, np.minimum(end, np.minimum(admitted, NEVER - np.int32(14)) + np.int32(14))),
        "gain_last_14": gain(t.back(15), t.day),
        "gain_last_28": gain(t.back(29), t.day),
        "gain_last_60": gain(t.back(60), t.day),
        "weight_velocity": G_PER_KG * velocity,
        "days_without_gain": end - stay.highest_day,
        "below_highest": 100.0 * (quarter.highest - quarter.last),
        "weight_since_discharge": 100.0 * (out.last - out.first),
    }


def _positive(value: np.ndarray) -> np.ndarray:
    """The value where it is above 0, else NaN: a quotient over it is missing rather than infinite."""
    return np.where(value > 0, value, np.nan)


def _readings(t: Trace) -> Columns:
    growth, stays = t.growth, t.stays
    whz, sam, colour = growth["whz"], growth["sam"], growth["reported_status"].astype(np.float64)
    colour[colour < 0] = np.nan
    since = np.where(stays.closed_on == NEVER, NEVER, stays.closed_on + np.int32(1)) if len(t.day) else t.day
    judged = np.where(growth["valid"] > 0, sam, np.nan)
    out, half = t.within(judged, since), t.within(judged, t.back(180))
    below = t.within(growth["wasted"], since)
    red, last = t.within(np.where(np.isnan(colour), np.nan, colour == 2.0), t.back(180)), t.within(colour, t.back(180))
    return {
        "whz_conditional": _conditional(t, whz),
        "whz_shortfall_expected": _shortfall(t, whz),
        "exit_run": windows.trailing_run(growth.offsets, growth["measured_on"], whz, t.back(180), t.day, -2.0),
        "sam_readings_180": half.total,
        "sam_readings_out": out.total,
        "wasted_readings_out": below.total,
        "lowest_whz_out": t.within(whz, since).lowest,
        "reported_red_180": red.mean,
        "reported_last": last.last,
    }


def _conditional(t: Trace, whz: np.ndarray) -> np.ndarray:
    """Conditional velocity: the last WHZ less what the one before made likely, in its own standard deviations."""
    last = t.within(whz, t.back(180))
    before_day = np.where(np.isnan(last.last_day), 0, last.last_day - 1).astype(np.int32)
    before = t.within(whz, t.back(180), before_day)
    lasting = 0.92 ** ((last.last_day - before.last_day) / MONTH)
    prior = t.priors["whz"]
    likely = prior.mean + lasting * (before.last - prior.mean)
    return (last.last - likely) / np.sqrt(_positive(prior.variance * (1.0 - lasting**2) + prior.noise))


def _shortfall(t: Trace, whz: np.ndarray) -> np.ndarray:
    """WHZ gained in the stay less 1.2 z by its 8th week, the usual course of the field's studies (gain slows)."""
    stay = t.within(whz, t.stays.admitted_on, t.stay_end())
    usual = 1.2 * (1.0 - np.exp(-(stay.last_day - stay.first_day) / 35.0)) / (1.0 - np.exp(-56.0 / 35.0))
    return (stay.last - stay.first) - usual


def _seen(t: Trace) -> Columns:
    growth, stays = t.growth, t.stays
    weight = growth["weight_kg"]
    stay, end = t.within(weight, stays.admitted_on, t.stay_end()), t.stay_end()
    ever, quarter, half = t.within(weight, t.back(1830)), t.within(weight, t.back(90)), t.within(weight, t.back(180))
    own = t.within(np.where(growth["height_days"] == 0.0, growth["height_cm"], np.nan), t.back(180))
    due = np.floor(days_between(stays.admitted_on, end) / 7.0) + 1.0
    after = np.where(stays.closed_on == NEVER, NEVER, stays.closed_on + np.int32(1))
    out_days = days_between(stays.closed_on, t.day)
    return {
        "days_since_weighed": t.day - ever.last_day,
        "weighings_90": quarter.count,
        "weighings_missed": 1.0 - np.minimum(stay.count / due, 1.0),
        "longest_gap_stay": np.fmax(stay.longest_gap, end - stay.last_day),
        "weighings_out": MONTH * t.within(weight, after).count / np.maximum(out_days, 15.0),
        "longest_gap_180": np.fmax(half.longest_gap, t.day - half.last_day),
        "heights_180": own.count,
        "height_days": t.day - own.last_day,
        "same_weight_run": _same_run(t, weight),
    } | _visits(t)


def _same_run(t: Trace, weight: np.ndarray) -> np.ndarray:
    """How many of the last weights in a row equal the one before: copied, or a scale that is too coarse."""
    same = np.zeros(len(weight))
    same[1:] = weight[1:] == weight[:-1]
    firsts = t.growth.offsets[:-1]
    same[firsts[firsts < len(same)]] = 0.0
    same[np.isnan(weight)] = np.nan
    return windows.trailing_run(t.growth.offsets, t.growth["measured_on"], same, t.back(180), t.day, 1.0)


def _visits(t: Trace) -> Columns:
    visits = t.known.visits
    found = visits["finding"]

    def made(wanted: np.ndarray) -> np.ndarray:
        return windows.summary(
            visits.offsets, visits["visited_on"], np.where(wanted, 1.0, np.nan), since=t.back(90), until=t.day
        ).count

    return {
        "visits_90": made(found >= 0),
        "visit_found_sam_90": made(found == FINDING.index("sam_again")),
        "away_90": made(found == FINDING.index("away")),
    }


def _illness(t: Trace) -> Columns:
    checks, end = t.known.checks, t.stay_end()

    def over(value: np.ndarray, since: np.ndarray, until: np.ndarray) -> windows.Summary:
        return windows.summary(checks.offsets, checks["checked_on"], value, since=since, until=until)

    columns: Columns = {}
    for sign in _SIGNS:
        columns[f"{sign}_30"] = over(checks[sign], t.back(30), t.day).total
        columns[f"{sign}_share"] = over(checks[sign], t.back(90), t.day).mean
        columns[f"{sign}_stay"] = over(checks[sign], t.stays.admitted_on, end).mean
    signs = sum(np.nan_to_num(checks[sign]) for sign in _SIGNS)
    ill = np.where(signs > 0, signs, np.nan)
    after = np.where(t.stays.closed_on == NEVER, NEVER, t.stays.closed_on + np.int32(1))
    weeks = np.maximum(days_between(t.stays.admitted_on, end), 7.0) / 7.0
    return columns | {
        "ill_14": over(signs, t.back(14), t.day).total,
        "ill_days": t.day - over(ill, t.back(365), t.day).last_day,
        "ill_out": over(signs, after, t.day).total,
        "checks_30": over(signs, t.back(30), t.day).count,
        "checks_per_week_stay": over(signs, t.stays.admitted_on, end).count / weeks,
    }


def _food(t: Trace) -> Columns:
    rations, end, admitted = t.known.rations, t.stay_end(), t.stays.admitted_on

    def issued(item: str, since: np.ndarray, until: np.ndarray) -> windows.Summary:
        quantity = np.where(rations["item"] == ITEM.index(item), rations["quantity"], np.nan)
        return windows.summary(rations.offsets, rations["issued_on"], quantity, since=since, until=until)

    stay, thr = issued("EDNF", admitted, end), issued("THR", t.back(90), t.day)
    days = np.maximum(days_between(admitted, end), 7.0)
    return {
        "ednf_per_day_stay": np.nan_to_num(stay.total) / days,
        "ednf_per_day_14": issued("EDNF", t.back(14), t.day).total / 14.0,
        "ednf_issues_missed": 1.0 - np.minimum(stay.count / (np.floor(days / 7.0)), 1.0),
        "thr_90": thr.total,
        "thr_issues_90": thr.count,
        "thr_days": t.day - thr.last_day,
        "hcm_90": issued("HCM", t.back(90), t.day).total,
    }


def _attendance(t: Trace) -> Columns:
    months = t.known.attendance
    share = np.minimum(months["attended_days"] / _positive(months["open_days"]), 1.0)

    def over(days: int) -> windows.Summary:
        return windows.summary(months.offsets, months["month"], share, since=t.back(days), until=t.day)

    return {"attendance_last": over(90).last, "attendance_90": over(120).mean, "attendance_180": over(210).mean}
