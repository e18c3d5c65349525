"""What a child's weights say on a day: lost, falling, gaining too slowly, and how fast.

A weight that the weighings around it contradict is a slip of the pen: it makes no loss and no gain.
"""

from __future__ import annotations

import numpy as np

from features.criteria import criteria
from registry.contract.arrays import Codes, Days, Floats, Ints
from registry.contract.registry import NEVER
from registry.machine.numba_kernels import njit

NONE = int(NEVER)
LAST_DAY = criteria().last_day
FASTEST_G_KG_DAY = 15.0
"""No child treated at home gains faster for a week (5 to 10 g/kg/day is good in a ward, WHO 1998):
a weight that jumped so far up and fell back is a slip. Ours. verified: false."""
DIP_SHARE = 0.08
"""A weight that fell so far and rose again at the next weighing is no reference for a gain. Ours.
verified: false."""
FIRST_SLIP_SHARE = 0.20
"""A first weight so far above the two that follow is a slip: a fifth is more than any illness
takes. Ours. verified: false."""
NEIGHBOURS_DAYS = 45
"""Weights further apart than this do not contradict each other: children change."""
LOOK_BACK_DAYS = 92
"""How far back a loss is looked for in a child who is not in treatment (a season). Ours. verified:
false."""
MONTH_DAYS = 28
GROWN_UP_DAYS = 14
"""Days of age from which a fall counts: newborns lose up to a tenth and are back at their birth
weight by then."""

WEIGHT_FACTS = (
    "gain_kg",
    "weight_loss_share",
    "loss_kg",
    "rate_g_kg_day",
    "month_gain_kg",
    "recent_loss_share",
    "last_change_kg",
    "waz_change",
)
"""Rows of the kernel's table; `care.pathway.facts.COLUMNS` says what each means. The first four
speak of the open stay."""


@njit(cache=True, nogil=True, error_model="numpy")
def believable(rows: Ints, count: int, day: Days, weight: Floats, kept: Ints) -> int:
    """Of these rows with a weight (positions in `rows[:count]`), those that no others contradict;
    how many.

    The newest weight is always believed, and a lower newest weight never takes a loss away. A
    weight is contradicted by the weighing before it and by the last that is believed, both: a good
    one beside a slip stays. Examples, week by week: 7.0, 9.3, 7.3, 7.4 kg: 9.3 alone is dropped.
    8.0, 7.2, 7.1 kg: nothing is, the child lost weight.
    """
    left = 0
    for k in range(count):
        here, slip = weight[rows[k]], False
        if (
            0 < k < count - 1
            and left > 0
            and day[rows[k + 1]] - day[kept[left - 1]] <= NEIGHBOURS_DAYS
        ):
            jumped = weight[rows[k + 1]] < here
            dipped = weight[rows[k + 1]] > here
            for other in (rows[k - 1], kept[left - 1]):
                days = day[rows[k]] - day[other]
                most = weight[other] * (1.0 + FASTEST_G_KG_DAY * days / 1000.0)
                jumped = jumped and here > most
                dipped = dipped and here < weight[other] * (1.0 - DIP_SHARE)
            slip = jumped or dipped
        elif k == 0 and count > 2 and day[rows[2]] - day[rows[0]] <= NEIGHBOURS_DAYS:
            slip = max(weight[rows[1]], weight[rows[2]]) < here / (1.0 + FIRST_SLIP_SHARE)
        if not slip:
            kept[left] = rows[k]
            left += 1
    return left


@njit(cache=True, nogil=True, error_model="numpy")
def fitted_rate(kept: Ints, first: int, count: int, day: Days, weight: Floats) -> float:
    """g/kg/day of a straight line through the weights `kept[first:count]`; NaN for fewer than two
    days.

    A line through all of them is off by less than two single weighings are."""
    n = count - first
    mean_day = mean_kg = 0.0
    for k in range(first, count):
        mean_day += day[kept[k]] / n
        mean_kg += weight[kept[k]] / n
    across = along = 0.0
    for k in range(first, count):
        step = day[kept[k]] - mean_day
        across += step * (weight[kept[k]] - mean_kg)
        along += step * step
    if along <= 0.0:
        return np.nan
    return 1000.0 * across / along / mean_kg


@njit(cache=True, nogil=True, error_model="numpy")
def _running_loss(kept: Ints, first: int, count: int, weight: Floats) -> float:
    """Kilograms lost over the last two steps where both are downwards (else 0)."""
    if count - first < 3:
        return 0.0
    newest, middle, earlier = (
        weight[kept[count - 1]],
        weight[kept[count - 2]],
        weight[kept[count - 3]],
    )
    return earlier - newest if newest < middle < earlier else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def weight_facts(
    start: Ints,
    stop: Ints,
    day: Days,
    age: Floats,
    weight: Floats,
    waz: Floats,
    low_waz: Codes,
    birth_weight: Floats,
    admitted: Days,
    window: int,
    rate_days: int,
    out: Floats,
) -> None:
    """Rows of `out` as WEIGHT_FACTS. window: the least days between the two weights of `gain_kg`;
    rate_days: how far back from the last weight the rate looks. A weight whose WAZ is too high to
    believe, or unknown, plays no part."""
    longest = 0
    for i in range(len(start)):
        longest = max(longest, stop[i] - start[i])
    rows, kept = np.empty(longest, np.int64), np.empty(longest, np.int64)
    for i in range(len(start)):
        out[:, i] = np.nan
        out[1, i] = out[2, i] = out[5, i] = 0.0
        count = 0
        newest = day[stop[i] - 1] if stop[i] > start[i] else NONE
        for row in range(start[i], stop[i]):
            if weight[row] > 0.0 and (
                not np.isnan(waz[row]) or low_waz[row] == 1 or age[row] > LAST_DAY
            ):
                if count > 0 and day[rows[count - 1]] == day[row]:
                    # Two of one day: the lower is the newest day's, the higher an earlier day's, so
                    # that no loss hides.
                    if (weight[row] < weight[rows[count - 1]]) == (day[row] == newest):
                        rows[count - 1] = row
                    continue
                rows[count] = row
                count += 1
        count = believable(rows, count, day, weight, kept)
        if count == 0:
            continue
        last = kept[count - 1]
        window_from, stay_from, recent = count - 1, count, count - 1
        for k in range(count - 1, -1, -1):
            if day[last] - day[kept[k]] <= LOOK_BACK_DAYS:
                recent = k
            if (
                np.isnan(out[4, i])
                and day[last] - day[kept[k]] >= MONTH_DAYS
                and age[kept[k]] >= GROWN_UP_DAYS
            ):
                out[4, i] = weight[last] - weight[kept[k]]
            if admitted[i] != NONE and day[kept[k]] >= admitted[i]:
                stay_from = k
                if day[last] - day[kept[k]] <= rate_days:
                    window_from = k
        if recent < count - 1:
            out[5, i] = 1.0 - weight[last] / np.median(weight[kept[recent : count - 1]])
        before = kept[count - 2] if count > 1 else -1
        if before >= 0 and age[before] >= GROWN_UP_DAYS:
            out[6, i], out[7, i] = weight[last] - weight[before], waz[last] - waz[before]
        elif age[last] >= GROWN_UP_DAYS and birth_weight[i] > 0.0:
            out[6, i] = weight[last] - birth_weight[i]
        if stay_from >= count:
            continue
        highest = 0.0
        for k in range(stay_from, count):
            highest = max(highest, weight[kept[k]])
            if day[last] - day[kept[k]] >= window:
                out[0, i] = weight[last] - weight[kept[k]]
        rises = (
            count - stay_from >= 3
            and weight[last] > weight[kept[count - 2]] > weight[kept[count - 3]]
        )
        out[1, i] = 0.0 if rises else (highest - weight[last]) / highest
        out[2, i] = _running_loss(kept, stay_from, count, weight)
        if day[last] - day[kept[window_from]] >= window:
            out[3, i] = fitted_rate(kept, window_from, count, day, weight)
