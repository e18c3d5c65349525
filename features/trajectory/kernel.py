"""One kernel for one child and for millions: a trace's feature row for each question, compiled, in
one pass."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from features.criteria import criteria
from features.trajectory.catalogue import CONTEXT_NAMES, NAMES, SERIES
from features.trajectory.columns import care_received, lifetime
from features.trajectory.columns import child as columns
from features.trajectory.columns.care_received import SIGNS, CareRows
from features.trajectory.columns.child import GrowthRows
from features.trajectory.columns.series import STATISTICS, height_noise, plausible_muac, series
from features.trajectory.trace import Trace
from registry.contract.registry import FINDING, ITEM

WRITTEN = (
    *columns.CHILD,
    *columns.STAY,
    *(f"{name}_{of}" for name in SERIES for of in STATISTICS),
    *(f"{name}_{of}" for name in ("whz", "muac") for of in lifetime.STATISTICS),
    "waz_first",
    *columns.WEIGHT,
    *columns.READINGS,
    *columns.PROSPECT,
    *columns.SEEN,
    *care_received.VISITS,
    *care_received.ILLNESS,
    *care_received.FOOD,
    *care_received.ATTENDANCE,
)
"""The columns in the order in which the kernel writes them; `_PLACE` says where the catalogue has
each."""
_PLACE = np.array([NAMES.index(name) for name in WRITTEN])
_CONTEXT_PLACE = np.array([NAMES.index(name) for name in CONTEXT_NAMES])
SAM_AGAIN, AWAY = (FINDING.index(finding) for finding in ("sam_again", "away"))


class Asked(NamedTuple):
    """The questions, arrays of length n, with what is known of each child itself; `season` is 1 or
    NaN."""

    day: np.ndarray
    birth_date: np.ndarray
    sex: np.ndarray
    birth_weight_kg: np.ndarray
    setting: np.ndarray
    season: float


@njit(cache=True, nogil=True)
def _put(found, matrix, i, place, at):
    for value in found:
        matrix[i, place[at]] = value
        at += 1
    return at


@njit(cache=True, nogil=True, error_model="numpy")
def _fill(asked, stays, rows, care, priors, height_noises, place, matrix):
    whz, waz, haz, muac, log_weight = priors
    day, none, after = (
        rows.measured_on,
        np.zeros(len(rows.measured_on)),
        np.empty(len(rows.measured_on)),
    )
    for i in range(len(asked.day)):
        begin, end, today = rows.offsets[i], rows.offsets[i + 1], asked.day[i]
        admitted, closed = stays.admitted_on[i], stays.closed_on[i]
        at = _put(
            columns.child(
                today,
                asked.birth_date[i],
                asked.sex[i],
                asked.birth_weight_kg[i],
                asked.setting[i],
                asked.season,
            ),
            matrix,
            i,
            place,
            0,
        )
        at = _put(columns.stay(i, today, stays), matrix, i, place, at)
        of_whz = series(
            begin,
            end,
            day,
            rows.whz,
            rows.whz_traced,
            height_noises,
            today,
            admitted,
            closed,
            whz,
            after,
        )
        at = _put(of_whz, matrix, i, place, at)
        at = _put(
            series(begin, end, day, rows.waz, rows.waz, none, today, admitted, closed, waz, after),
            matrix,
            i,
            place,
            at,
        )
        at = _put(
            series(begin, end, day, rows.haz, rows.haz, none, today, admitted, closed, haz, after),
            matrix,
            i,
            place,
            at,
        )
        of_muac = series(
            begin, end, day, rows.muac, rows.muac, none, today, admitted, closed, muac, after
        )
        at = _put(of_muac, matrix, i, place, at)
        # WHZ on the height that the child's own trajectory gives: there are more of these than of
        # fresh heights.
        at = _put(
            lifetime.life(begin, end, day, rows.whz_traced, admitted, today, after),
            matrix,
            i,
            place,
            at,
        )
        at = _put(
            lifetime.life(begin, end, day, rows.muac, admitted, today, after), matrix, i, place, at
        )
        matrix[i, place[at]] = lifetime.first(begin, end, rows.waz)
        at = _put(
            columns.weight(begin, end, rows, today, admitted, closed, log_weight, none, after),
            matrix,
            i,
            place,
            at + 1,
        )
        at = _put(
            columns.readings(begin, end, rows, today, admitted, closed, whz), matrix, i, place, at
        )
        at = _put(
            columns.prospect(begin, end, rows, today, admitted, closed, of_whz, of_muac, whz, muac),
            matrix,
            i,
            place,
            at,
        )
        at = _put(columns.seen(begin, end, rows, today, admitted, closed), matrix, i, place, at)
        at = _put(care_received.visits(i, care, today), matrix, i, place, at)
        at = _put(care_received.illness(i, care, today, admitted, closed), matrix, i, place, at)
        at = _put(care_received.food(i, care, today, admitted, closed), matrix, i, place, at)
        _put(care_received.attendance(i, care, today), matrix, i, place, at)


@njit(cache=True, nogil=True)
def _derived(offsets, weight_kg, height_cm, height_days, muac_mm, valid, sam, reported, c):
    """What the features read beside the growth points: (own height, SAM where judged, plausible
    MUAC, colour, red, weight as the one before, the height's noise), float64 (7, rows)."""
    out = np.full((7, len(weight_kg)), np.nan)
    for row in range(len(weight_kg)):
        if height_days[row] == 0.0:
            out[0, row] = height_cm[row]
        if valid[row] > 0:
            out[1, row] = sam[row]
        out[2, row] = plausible_muac(muac_mm[row], c)
        if reported[row] >= 0:
            out[3, row], out[4, row] = reported[row], reported[row] == 2
        if not np.isnan(weight_kg[row]):
            out[5, row] = row > 0 and weight_kg[row] == weight_kg[row - 1]
        out[6, row] = height_noise(height_days[row])
    for i in range(len(offsets) - 1):
        first = offsets[i]
        if first < offsets[i + 1] and not np.isnan(weight_kg[first]):
            out[5, first] = 0.0
    return out


@njit(cache=True, nogil=True)
def _found(finding):
    """(any finding, SAM again, away), float64 (3, rows): 1, or NaN."""
    out = np.full((3, len(finding)), np.nan)
    for row in range(len(finding)):
        out[0, row] = 1.0
        if finding[row] == SAM_AGAIN:
            out[1, row] = 1.0
        if finding[row] == AWAY:
            out[2, row] = 1.0
    return out


@njit(cache=True, nogil=True)
def _signs(diarrhoea, fever, cough, poor_appetite):
    """(the four signs and their sum, the sum where above 0), float64."""
    out, ill = np.empty((5, len(fever))), np.full(len(fever), np.nan)
    for row in range(len(fever)):
        out[0, row], out[1, row], out[2, row], out[3, row] = (
            diarrhoea[row],
            fever[row],
            cough[row],
            poor_appetite[row],
        )
        together = 0.0
        for k in range(4):
            together += 0.0 if np.isnan(out[k, row]) else out[k, row]
        out[4, row] = together
        if together > 0:
            ill[row] = together
    return out, ill


@njit(cache=True, nogil=True)
def _of_items(item, quantity, items):
    out = np.full((items, len(item)), np.nan)
    for row in range(len(item)):
        if item[row] >= 0:
            out[item[row], row] = quantity[row]
    return out


@njit(cache=True, nogil=True)
def _shares(attended, opened):
    out = np.full(len(attended), np.nan)
    for row in range(len(attended)):
        if opened[row] > 0:
            out[row] = columns.at_most(attended[row] / opened[row], 1.0)
    return out


def _growth_rows(t: Trace) -> tuple[GrowthRows, np.ndarray]:
    """The growth points as the kernel reads them, and the noise of their heights."""
    g = t.growth
    own_height, sam, muac, colour, red, same, height_noises = _derived(
        g.offsets,
        g["weight_kg"],
        g["height_cm"],
        g["height_days"],
        g["muac_mm"],
        g["valid"],
        g["sam"],
        g["reported_status"],
        criteria(),
    )
    return GrowthRows(
        g.offsets,
        g["measured_on"],
        g["weight_kg"],
        g["log_weight"],
        g["whz"],
        g["waz"],
        g["haz"],
        g["whz_traced"],
        muac,
        g["height_days"],
        sam,
        g["wasted"],
        own_height,
        colour,
        red,
        same,
    ), height_noises


def _care_rows(t: Trace) -> CareRows:
    visits, checks, rations, months = (
        t.known.visits,
        t.known.checks,
        t.known.rations,
        t.known.attendance,
    )
    return CareRows(
        visits.offsets,
        visits["visited_on"],
        _found(visits["finding"]),
        checks.offsets,
        checks["checked_on"],
        *_signs(*(checks[sign] for sign in SIGNS)),
        rations.offsets,
        rations["issued_on"],
        _of_items(rations["item"], rations["quantity"], len(ITEM)),
        months.offsets,
        months["month"],
        _shares(months["attended_days"], months["open_days"]),
    )


def rows(t: Trace, context: dict[str, np.ndarray] | None = None) -> np.ndarray:
    """The feature matrix (n, len(NAMES)) of a trace, float64; `context` as columns by name, or
    None: left missing."""
    child = t.known.children
    # A registry whose dates hang on a made-up epoch has no season.
    asked = Asked(
        t.day,
        child["birth_date"],
        child["sex"],
        child["birth_weight_kg"],
        t.setting,
        1.0 if t.seasonal else np.nan,
    )
    growth, height_noises = _growth_rows(t)
    priors = tuple(t.priors[name] for name in (*SERIES, "log_weight"))
    matrix = np.empty((len(t.day), len(NAMES)))
    _fill(asked, t.stays, growth, _care_rows(t), priors, height_noises, _PLACE, matrix)
    matrix[:, _CONTEXT_PLACE] = (
        np.nan if context is None else np.array([context[name] for name in CONTEXT_NAMES]).T
    )
    return matrix
