"""What was recorded, as the columns read it: growth points, home visits, checks, rations and
attendance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from features.criteria import Criteria, criteria
from features.trajectory.columns.missing_values import at_most
from features.trajectory.columns.series import plausible_muac
from features.trajectory.smoother import Readings
from features.trajectory.trace import Trace
from registry.contract.arrays import Codes, Days, Floats, Ints
from registry.contract.codes import RationItem, VisitFinding
from registry.machine.numba_kernels import njit

SIGNS = ("diarrhoea", "fever", "cough", "poor_appetite")


class GrowthRows(NamedTuple):
    """The growth points' columns that features read; `offsets` int64, days int32, the others
    float64."""

    offsets: Ints
    measured_on: Days
    weight_kg: Floats
    log_weight: Floats
    whz: Floats
    waz: Floats
    haz: Floats
    whz_traced: Floats
    muac: Floats
    growth_time: Floats
    relative_weight: Floats
    waz_per_kg2: Floats
    haz_per_cm2: Floats
    whz_per_kg2: Floats
    whz_height_variance: Floats
    height_days: Floats
    sam: Floats
    wasted: Floats
    own_height: Floats
    colour: Floats
    red: Floats
    same_weight: Floats


@njit(cache=True, nogil=True, error_model="numpy")
def smoothed(rows: GrowthRows) -> tuple[Readings, ...]:
    """WHZ, WAZ, HAZ, MUAC and relative weight as the smoother takes them; the same as
    `features.trajectory.columns.series.readings` gives one by one."""
    day, time, none = rows.measured_on, rows.growth_time, np.zeros(len(rows.measured_on))
    return (
        Readings(day, time, rows.whz_traced, rows.whz_per_kg2, rows.whz_height_variance),
        Readings(day, time, rows.waz, rows.waz_per_kg2, none),
        Readings(day, time, rows.haz, rows.haz_per_cm2, none),
        Readings(day, time, rows.muac, np.ones(len(day)), none),
        Readings(day, time, rows.relative_weight, 1.0 / np.square(rows.weight_kg), none),
    )


class CareRows(NamedTuple):
    """Visits, checks, rations and attendance as features read them; `signs` (5, rows): SIGNS and
    their sum, `ill` the sum where above 0, `of_item` (3, rows) the quantity by item; float64, NaN
    where there is none."""

    visit_offsets: Ints
    visited_on: Days
    found: Floats
    check_offsets: Ints
    checked_on: Days
    signs: Floats
    ill: Floats
    ration_offsets: Ints
    issued_on: Days
    of_item: Floats
    month_offsets: Ints
    month: Days
    share: Floats


@njit(cache=True, nogil=True)
def _derived(
    offsets: Ints,
    weight_kg: Floats,
    height_cm: Floats,
    height_days: Floats,
    muac_mm: Floats,
    valid: Floats,
    sam: Floats,
    reported: Codes,
    c: Criteria,
) -> Floats:
    """What the features read beside the growth points: (own height, SAM where judged, plausible
    MUAC, colour, red, weight as the one before), float64 (6, rows)."""
    out = np.full((6, len(weight_kg)), np.nan)
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
    for i in range(len(offsets) - 1):
        first = offsets[i]
        if first < offsets[i + 1] and not np.isnan(weight_kg[first]):
            out[5, first] = 0.0
    return out


@njit(cache=True, nogil=True)
def _found(finding: Codes) -> Floats:
    """(any finding, SAM again, away), float64 (3, rows): 1, or NaN."""
    out = np.full((3, len(finding)), np.nan)
    for row in range(len(finding)):
        out[0, row] = 1.0
        if finding[row] == VisitFinding.SAM_AGAIN:
            out[1, row] = 1.0
        if finding[row] == VisitFinding.AWAY:
            out[2, row] = 1.0
    return out


@njit(cache=True, nogil=True)
def _signs(
    diarrhoea: Floats, fever: Floats, cough: Floats, poor_appetite: Floats
) -> tuple[Floats, Floats]:
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
def _of_items(item: Codes, quantity: Floats, items: int) -> Floats:
    out = np.full((items, len(item)), np.nan)
    for row in range(len(item)):
        if item[row] >= 0:
            out[item[row], row] = quantity[row]
    return out


@njit(cache=True, nogil=True)
def _shares(attended: Floats, opened: Floats) -> Floats:
    out = np.full(len(attended), np.nan)
    for row in range(len(attended)):
        if opened[row] > 0:
            out[row] = at_most(attended[row] / opened[row], 1.0)
    return out


def growth_rows(t: Trace) -> GrowthRows:
    """The growth points as the kernel reads them."""
    g = t.growth
    own_height, sam, muac, colour, red, same = _derived(
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
        g["growth_time"],
        g["relative_weight"],
        g["waz_per_kg2"],
        g["haz_per_cm2"],
        g["whz_per_kg2"],
        g["whz_height_variance"],
        g["height_days"],
        sam,
        g["wasted"],
        own_height,
        colour,
        red,
        same,
    )


def care_rows(t: Trace) -> CareRows:
    """Visits, checks, rations and attendance as the kernel reads them."""
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
        _of_items(rations["item"], rations["quantity"], len(RationItem)),
        months.offsets,
        months["month"],
        _shares(months["attended_days"], months["open_days"]),
    )
