"""The context row: what was known, the day before, of a child's family and of its centre.

The one place where a feature looks beyond the child's own records. The API may leave it missing.
"""

from __future__ import annotations

import numpy as np

from features.clock import Clock, Known, days_between, month_number
from features.criteria import Criteria, criteria
from features.trajectory.feature import Feature
from features.trajectory.points import growth_points
from features.trajectory.windows import summary
from features.who.growth import point, round_z
from registry.contract.arrays import Codes, Days, Floats, Ints
from registry.contract.registry import Table
from registry.contract.versions import told_anew
from registry.machine.numba_kernels import njit

MONTHS_LOOKED_AT = 3
"""A centre's burden is judged over the three whole months before the month of the question."""
YEAR_DAYS = 365
"""How long a sibling's admission counts."""
WEIGHTS, ROUNDED, JUDGED, WASTED, WHZ, CHILDREN, ADMISSIONS = range(7)


@njit(cache=True, nogil=True, error_model="numpy")
def _sum_by_month(
    child: Days,
    centre: Days,
    month: Ints,
    sex: Codes,
    age: Floats,
    weight: Floats,
    height: Floats,
    position: Codes,
    oedema: Codes,
    c: Criteria,
    sums: Floats,
) -> None:
    for row in range(len(child)):
        at, m = centre[row], month[row]
        if at < 0 or np.isnan(weight[row]):
            continue
        sums[WEIGHTS, at, m] += 1.0
        sums[ROUNDED, at, m] += weight[row] * 2.0 == np.floor(weight[row] * 2.0)
        if row == 0 or child[row - 1] != child[row] or month[row - 1] != m:
            sums[CHILDREN, at, m] += 1.0
        if np.isnan(height[row]):
            continue
        whz = round_z(
            point(sex[row], age[row], weight[row], height[row], position[row], np.nan, oedema[row])[
                2
            ]
        )
        if c.whz_low <= whz <= c.whz_high:
            sums[JUDGED, at, m] += 1.0
            sums[WASTED, at, m] += whz < c.moderate_z_below
            sums[WHZ, at, m] += whz


CENTRE = (
    Feature(
        "centre_whz",
        "z",
        "mean WHZ of the centre's children in the three months before",
        "family_and_centre",
    ),
    Feature(
        "centre_wasted",
        "share",
        "WHZ under -2 in the centre in the three months before",
        "family_and_centre",
    ),
    Feature(
        "centre_admissions",
        "per 100 children",
        "admissions in the centre in a year",
        "family_and_centre",
    ),
    Feature(
        "centre_weighed", "per child", "weights a child and month in the centre", "thin_records"
    ),
    Feature(
        "centre_rounded",
        "share",
        "weights in whole or half kilograms in the centre",
        "thin_records",
    ),
)


@njit(cache=True, nogil=True, error_model="numpy")
def _centre_months(centre: Days, month: Ints, sums: Floats) -> Floats:
    """The values of CENTRE of each question, float64 (5, n): from the sums over the whole months
    before the question's; NaN without any."""
    out = np.full((5, len(centre)), np.nan)
    for i in range(len(centre)):
        quarter, admissions, children = np.zeros(7), 0.0, 0.0
        for back in range(1, 13):
            m = month[i] - back
            if centre[i] < 0 or m < 0 or m >= sums.shape[2]:
                continue
            admissions += sums[ADMISSIONS, centre[i], m]
            children += sums[CHILDREN, centre[i], m]
            for of in range(7):
                quarter[of] += sums[of, centre[i], m] if back <= MONTHS_LOOKED_AT else 0.0
        if quarter[JUDGED] > 0:
            out[0, i], out[1, i] = quarter[WHZ] / quarter[JUDGED], quarter[WASTED] / quarter[JUDGED]
        if children > 0:
            out[2, i] = 100.0 * admissions / (children / 12.0)
        if quarter[CHILDREN] > 0:
            out[3, i] = quarter[WEIGHTS] / quarter[CHILDREN]
        if quarter[WEIGHTS] > 0:
            out[4, i] = quarter[ROUNDED] / quarter[WEIGHTS]
    return out


FAMILY = (
    Feature("siblings", "count", "other children of the family", "family_and_centre"),
    Feature(
        "siblings_sam_365", "count", "siblings admitted for SAM in 365 days", "family_and_centre"
    ),
    Feature("siblings_whz", "z", "mean last WHZ of the siblings", "family_and_centre"),
)


class Context:
    """Answers questions about families and centres of one registry. Sums are made once, by the
    month of knowing."""

    def __init__(self, clock: Clock):
        self._clock = clock
        registry = clock.registry
        # A link of two ids is no news of their centres.
        self._measured = told_anew(registry.measurements)
        self._admitted = told_anew(registry.episodes)
        months = [month_number(of["known_from"]) for of in (self._measured, self._admitted)]
        # Months before the first record and the one after the last: every window lies inside.
        self._first = min((int(of.min()) for of in months if len(of)), default=0) - 13
        last = max((int(of.max()) for of in months if len(of)), default=0)
        self._sums = np.zeros((7, max(len(registry.centre_ids), 1), last - self._first + 2))
        self._add_measurements(months[0] - self._first)
        self._add_admissions(months[1] - self._first)
        self._family_order, self._family_start = _families(
            registry.children, len(registry.child_ids)
        )

    def _add_measurements(self, month: Ints) -> None:
        rows = self._measured
        child = self._clock.child_on(rows["child"], rows["known_from"])
        age = days_between(child["birth_date"], rows["measured_on"])
        _sum_by_month(
            rows["child"],
            child["centre"],
            month,
            child["sex"],
            age,
            rows["weight_kg"],
            rows["height_cm"],
            rows["height_position"],
            rows["oedema"],
            criteria(),
            self._sums,
        )

    def _add_admissions(self, month: Ints) -> None:
        rows = self._admitted
        centre = self._clock.child_on(rows["child"], rows["known_from"])["centre"]
        np.add.at(self._sums[ADMISSIONS], (centre[centre >= 0], month[centre >= 0]), 1.0)

    def columns(self, known: Known) -> dict[str, Floats]:
        """The values of FAMILY and CENTRE, by name, of each question of a view."""
        return self._of_centre(known) | self._of_family(known)

    def _of_centre(self, known: Known) -> dict[str, Floats]:
        found = _centre_months(
            known.children["centre"], month_number(known.day) - self._first, self._sums
        )
        return dict(zip((feature.name for feature in CENTRE), found, strict=True))

    def _of_family(self, known: Known) -> dict[str, Floats]:
        question, sibling = _pairs(
            known.children["family"], known.child, self._family_start, self._family_order
        )
        if not len(question):
            none = np.where(known.children["family"] < 0, np.nan, 0.0)
            return {
                "siblings": none,
                "siblings_sam_365": none,
                "siblings_whz": np.full(len(none), np.nan),
            }
        eve = known.day[question] - np.int32(1)
        view = self._clock.known_by(sibling, eve)
        growth = growth_points(view)
        last = summary(
            growth.offsets,
            growth["measured_on"],
            growth["whz"],
            since=eve - np.int32(179),
            until=eve,
        ).last
        stays = view.episodes
        admitted = summary(
            stays.offsets,
            stays["admitted_on"],
            np.ones(stays.rows.rows),
            since=eve - np.int32(YEAR_DAYS),
            until=eve,
        ).count
        alone, n = known.children["family"] < 0, len(known.child)
        counted = np.bincount(question, view.children["sex"] >= 0, n)
        judged = np.bincount(question, ~np.isnan(last), n)
        return {
            "siblings": np.where(alone, np.nan, counted),
            "siblings_sam_365": np.where(alone, np.nan, np.bincount(question, admitted, n)),
            "siblings_whz": np.bincount(question, np.nan_to_num(last), n) / _or_missing(judged),
        }


def _or_missing(count: Ints) -> Floats:
    """A divisor: NaN where it is 0."""
    return np.where(count > 0, count, np.nan)


def _families(children: Table, child_count: int) -> tuple[Days, Ints]:
    """Children (positions) ordered by family, and where each family begins."""
    family = np.full(child_count, -1, np.int64)
    family[children["child"]] = children["family"]
    order = np.argsort(family, kind="stable").astype(np.int32)
    return order, np.searchsorted(family[order], np.arange(family.max(initial=-1) + 2))


@njit(cache=True, nogil=True)
def _pairs(family: Days, child: Days, start: Ints, order: Days) -> tuple[Ints, Days]:
    """(question, sibling) for each other child of each question's family."""
    count = 0
    for i in range(len(family)):
        if family[i] >= 0:
            count += start[family[i] + 1] - start[family[i]]
    question, sibling = np.empty(count, np.int64), np.empty(count, np.int32)
    filled = 0
    for i in range(len(family)):
        if family[i] < 0:
            continue
        for at in range(start[family[i]], start[family[i] + 1]):
            if order[at] != child[i]:
                question[filled], sibling[filled] = i, order[at]
                filled += 1
    return question[:filled], sibling[:filled]
