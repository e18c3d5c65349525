"""One kernel for one child and for millions: a trace's feature row for each question, compiled, in
one pass.

Each file of `features.trajectory.columns` declares a group of columns beside the function that
computes their values; here the groups are called in the order of the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from features.episodes import Stays
from features.trajectory.catalogue import CONTEXT_NAMES, NAMES
from features.trajectory.columns import lifetime
from features.trajectory.columns.child import CHILD, child
from features.trajectory.columns.food import ATTENDANCE, FOOD, attendance, food
from features.trajectory.columns.home_visits import HOME_VISITS, home_visits
from features.trajectory.columns.illness import ILLNESS, illness
from features.trajectory.columns.prospect import PROSPECT, prospect
from features.trajectory.columns.readings import READINGS, readings
from features.trajectory.columns.recorded_rows import (
    CareRows,
    GrowthRows,
    care_rows,
    growth_rows,
    smoothed,
)
from features.trajectory.columns.seen import SEEN, seen
from features.trajectory.columns.series import MEASURES, features_of, series
from features.trajectory.columns.stay import STAY, stay
from features.trajectory.columns.weight import WEIGHT, weight
from features.trajectory.points import median_gain
from features.trajectory.smoother import Prior, growth_time
from features.trajectory.trace import Trace
from registry.contract.arrays import Codes, Days, Floats
from registry.contract.registry import NEVER
from registry.machine.numba_kernels import njit

IN_CHILD, IN_STAY, IN_SERIES, IN_LIFE = (
    len(CHILD),
    len(STAY),
    len(features_of("whz")),
    len(lifetime.features_of("whz")),
)
IN_WEIGHT, IN_READINGS, IN_PROSPECT, IN_SEEN = len(WEIGHT), len(READINGS), len(PROSPECT), len(SEEN)
IN_VISITS, IN_ILLNESS, IN_FOOD, IN_ATTENDANCE = (
    len(HOME_VISITS),
    len(ILLNESS),
    len(FOOD),
    len(ATTENDANCE),
)
"""How many columns each group declares: it must give as many values."""


class ChildColumns(NamedTuple):
    """Each question's day and what is known of its child, arrays of length n; `season` is 1, or NaN
    where the registry's dates hang on a made-up epoch."""

    day: Days
    birth_date: Days
    sex: Codes
    birth_weight_kg: Floats
    setting: Codes
    season: float


@njit(cache=True, nogil=True)
def _put(values: Sequence[float] | Floats, declared: int, matrix: Floats, i: int, at: int) -> int:
    """Write a group's values from column `at` on; returns the column after them."""
    if len(values) != declared:
        raise ValueError("a group of columns gives more or fewer values than it declares")
    for value in values:
        matrix[i, at] = value
        at += 1
    return at


@njit(cache=True, nogil=True, error_model="numpy")
def _fill(
    own: ChildColumns,
    stays: Stays,
    rows: GrowthRows,
    care: CareRows,
    priors: tuple[Prior, ...],
    matrix: Floats,
) -> None:
    whz, waz, haz, muac, relative = priors
    by_whz, by_waz, by_haz, by_muac, by_weight = smoothed(rows)
    after = np.empty(len(rows.measured_on))
    for i in range(len(own.day)):
        begin, end, today = rows.offsets[i], rows.offsets[i + 1], own.day[i]
        admitted, closed = stays.admitted_on[i], stays.closed_on[i]
        time = growth_time(today, own.birth_date[i])
        of_child = child(
            today,
            own.birth_date[i],
            own.sex[i],
            own.birth_weight_kg[i],
            own.setting[i],
            own.season,
        )
        at = _put(of_child, IN_CHILD, matrix, i, 0)
        at = _put(stay(i, today, stays), IN_STAY, matrix, i, at)
        of_whz = series(begin, end, rows.whz, by_whz, today, time, admitted, closed, whz, after)
        of_waz = series(begin, end, rows.waz, by_waz, today, time, admitted, closed, waz, after)
        of_haz = series(begin, end, rows.haz, by_haz, today, time, admitted, closed, haz, after)
        of_muac = series(begin, end, rows.muac, by_muac, today, time, admitted, closed, muac, after)
        at = _put(of_whz, IN_SERIES, matrix, i, at)
        at = _put(of_waz, IN_SERIES, matrix, i, at)
        at = _put(of_haz, IN_SERIES, matrix, i, at)
        at = _put(of_muac, IN_SERIES, matrix, i, at)
        # WHZ on the height that the child's own trajectory gives: there are more of these than of
        # fresh heights.
        life_whz = lifetime.life(
            begin, end, rows.measured_on, rows.whz_traced, admitted, today, after
        )
        life_muac = lifetime.life(begin, end, rows.measured_on, rows.muac, admitted, today, after)
        at = _put(life_whz, IN_LIFE, matrix, i, at)
        at = _put(life_muac, IN_LIFE, matrix, i, at)
        at = _put((lifetime.first(begin, end, rows.waz),), 1, matrix, i, at)
        born = own.birth_date[i]
        gain = median_gain(own.sex[i], -1 if born == NEVER else today - born)
        of_weight = weight(
            begin, end, rows, today, admitted, closed, by_weight, time, gain, relative, after
        )
        at = _put(of_weight, IN_WEIGHT, matrix, i, at)
        of_readings = readings(begin, end, rows, today, admitted, closed, by_whz, whz)
        at = _put(of_readings, IN_READINGS, matrix, i, at)
        ahead = prospect(
            begin,
            end,
            rows,
            today,
            admitted,
            closed,
            of_whz,
            of_muac,
            born,
            by_whz,
            by_muac,
            whz,
            muac,
        )
        at = _put(ahead, IN_PROSPECT, matrix, i, at)
        at = _put(seen(begin, end, rows, today, admitted, closed), IN_SEEN, matrix, i, at)
        at = _put(home_visits(i, care, today), IN_VISITS, matrix, i, at)
        at = _put(illness(i, care, today, admitted, closed), IN_ILLNESS, matrix, i, at)
        at = _put(food(i, care, today, admitted, closed), IN_FOOD, matrix, i, at)
        _put(attendance(i, care, today), IN_ATTENDANCE, matrix, i, at)


def rows(t: Trace, context: Mapping[str, Floats] | None = None) -> Floats:
    """The feature matrix (n, len(NAMES)) of a trace, float64; `context` as columns by name, or
    None: left missing."""
    who = t.known.children
    own = ChildColumns(
        t.day,
        who["birth_date"],
        who["sex"],
        who["birth_weight_kg"],
        t.setting,
        1.0 if t.seasonal else np.nan,
    )
    priors = tuple(t.priors[name] for name in (*MEASURES, "relative_weight"))
    matrix = np.empty((len(t.day), len(NAMES)))
    _fill(own, t.stays, growth_rows(t), care_rows(t), priors, matrix)
    matrix[:, -len(CONTEXT_NAMES) :] = (
        np.nan if context is None else np.array([context[name] for name in CONTEXT_NAMES]).T
    )
    return matrix
