"""What a child's measurements say on a day: findings that stand, MAM, underweight, the visits
towards discharge.

One compiled pass over a view's growth points. A finding stands until the same question is asked
again (`features.answered`); a WHZ on a height that cannot be believed (`care.pathway.heights`)
answers nothing.
"""

from __future__ import annotations

import numpy as np

from care.pathway.heights import BELIEVED, doubts
from care.pathway.history import later
from features.answered import (
    BY_MUAC,
    BY_OEDEMA,
    BY_WHZ,
    LOW_WAZ,
    LOW_WHZ,
    NONE,
    QUESTIONS,
    day_says,
    note,
    row_that_says,
    same_day_until,
)
from features.clock import Known, Ragged
from features.criteria import criteria
from features.who.growth import round_z
from registry.contract.arrays import Codes, Days, Floats, Ints
from registry.contract.registry import CODE
from registry.machine.numba_kernels import njit

SEVERE_Z, MODERATE_Z = criteria().severe_z_below, criteria().moderate_z_below
SEVERE_MUAC, MODERATE_MUAC = criteria().severe_muac_below_mm, criteria().moderate_muac_below_mm
MUAC_FROM, LAST_DAY = criteria().muac_from_days, criteria().last_day
HEIGHT_HOLDS = criteria().height_holds_days
LEAST_MUAC, MOST_MUAC = criteria().least_muac_mm, criteria().most_muac_mm

ASKED = len(QUESTIONS)

POINT_FACTS = (
    "measured_on",
    "weighed_on",
    "height_on",
    "judged_on",
    "sam",
    "sam_since",
    "sam_on",
    "mam",
    "mam_on",
    "mam_since",
    "suw",
    "suw_since",
    "suw_on",
    "oedema_grade",
    "oedema_on",
    "oedema_seen_on",
    "exit_visits_met",
    "open_whz_on",
    "open_arm_on",
    "open_low_on",
    "low_days",
    "arm_unasked_on",
    "arm_on",
    "height_doubt",
    "sam_before",
)
"""Days and codes, one row of the kernel's table each; `care.pathway.facts.COLUMNS` says what each
means."""
POINT_NUMBERS = (
    "weight_kg",
    "arm_mm",
    "open_whz",
    "open_arm_mm",
    "open_low_kg",
    "waz",
    "bmi",
    "open_low_cm",
)


@njit(cache=True, nogil=True, error_model="numpy")
def judge_rows(
    age: Floats,
    muac: Floats,
    waz: Floats,
    whz: Floats,
    valid: Floats,
    sam: Floats,
    doubt: Codes,
    by_whz: Codes,
    low_waz: Codes,
    out: Codes,
) -> None:
    """What each reading alone says (int8 rows of `out`): SAM (-1 where it cannot be judged),
    moderate wasting, severely underweight (-1 without a weight for age), and WHZ under -3 as care
    believes it (a doubted height never says no)."""
    for row in range(len(age)):
        doubted = doubt[row] != BELIEVED
        if not valid[row] > 0.0 or (doubted and not sam[row] > 0.0):
            out[0, row] = -1
        else:
            out[0, row] = 1 if sam[row] > 0.0 else 0
        by_arm = MUAC_FROM <= age[row] <= LAST_DAY and SEVERE_MUAC <= muac[row] < MODERATE_MUAC
        by_z = age[row] <= LAST_DAY and SEVERE_Z <= whz[row] < MODERATE_Z
        out[1, row] = 1 if out[0, row] != 1 and (by_arm or by_z) else 0
        known = age[row] >= 0.0 and not np.isnan(waz[row])
        out[2, row] = (
            1
            if low_waz[row] == 1
            else ((1 if round_z(waz[row]) < SEVERE_Z else 0) if known else -1)
        )
        out[3, row] = -1 if doubted and by_whz[row] == 0 else by_whz[row]


@njit(cache=True, nogil=True, error_model="numpy")
def _visit(
    row: int,
    end: int,
    age: Floats,
    whz: Floats,
    muac: Floats,
    oedema: Floats,
    doubt: Codes,
    sam_now: Codes,
    needs_arm: bool,
    needs_feet: bool,
    least_whz: float,
    least_muac: float,
) -> int:
    """What one day's readings say of the exit criteria: 1 all met and measured, 0 one is not met,
    -1 not all asked.

    The criterion of admission and WHZ, each measured: WHZ on a height that can be believed; the arm
    where the arm named the child SAM, oedema looked for where there was oedema. What else was
    measured must not speak against it.
    """
    met_whz = met_arm = met_feet = False
    for one in range(row, end):
        arm = age[one] >= MUAC_FROM and LEAST_MUAC <= muac[one] <= MOST_MUAC
        if (
            sam_now[one] == 1
            or whz[one] < least_whz
            or (arm and muac[one] < least_muac)
            or oedema[one] > 0.0
        ):
            return 0
        met_whz = met_whz or (
            sam_now[one] == 0 and whz[one] >= least_whz and doubt[one] == BELIEVED
        )
        met_arm = met_arm or (arm and muac[one] >= least_muac)
        met_feet = met_feet or oedema[one] == 0.0
    return 1 if met_whz and (met_arm or not needs_arm) and (met_feet or not needs_feet) else -1


@njit(cache=True, nogil=True)
def _forget(question: int, last: Ints, since: Ints, at: Ints) -> None:
    since[question], last[question], at[question] = NONE, NONE, -1


@njit(cache=True, nogil=True, error_model="numpy")
def point_facts(
    start: Ints,
    stop: Ints,
    day: Days,
    age: Floats,
    weight: Floats,
    height: Floats,
    muac: Floats,
    oedema: Floats,
    waz: Floats,
    whz: Floats,
    doubt: Codes,
    sam_now: Codes,
    moderate: Codes,
    underweight: Codes,
    by_whz: Codes,
    by_muac: Codes,
    by_oedema: Codes,
    low_whz: Codes,
    low_waz: Codes,
    admitted: Days,
    cured: Days,
    settled: Days,
    exit_rule: tuple[float, float, float],
    holds: int,
    out: Days,
    numbers: Floats,
) -> None:
    """Rows of `out` as POINT_FACTS and of `numbers` as POINT_NUMBERS.

    admitted, cured, settled: the days of the open stay, of the last cure, and of what last settled
    oedema (NONE where there is none); exit_rule: (least WHZ, least MUAC, days between two visits);
    holds: days between two readings beyond which the second is not the first one's continuation. Of
    two readings of one day the graver counts. A question about the same rows and stays as the one
    before it, on a later day, goes on where that one stopped: a child's months cost one pass.
    """
    since, last, at = (
        np.empty(ASKED, np.int64),
        np.empty(ASKED, np.int64),
        np.empty(ASKED, np.int64),
    )
    row, resumed = 0, False
    for i in range(len(start)):
        if not (
            resumed
            and start[i] == start[i - 1]
            and stop[i] >= row
            and admitted[i] == admitted[i - 1]
            and cured[i] == cured[i - 1]
            and settled[i] == settled[i - 1]
        ):
            measured = weighed = high = judged = mam_since = suw_since = oedema_on = NONE
            mam_on = suw_on = oedema_seen = last_met = arm_on = unasked = NONE
            is_mam = is_suw = grade = -1
            met = low_days = shape = had_sam = 0
            needs_arm = needs_feet = cure_passed = settled_passed = False
            kg = cm = arm_mm = newest_waz = unasked_mm = np.nan
            for question in range(ASKED):
                _forget(question, last, since, at)
            row = start[i]
        resumed = True
        while row < stop[i]:
            today, end = day[row], same_day_until(day, row, stop[i])
            if not cure_passed and cured[i] != NONE and today > cured[i]:
                cure_passed = True
                if last[BY_MUAC] != NONE and judged != NONE and judged > last[BY_MUAC]:
                    unasked, unasked_mm = last[BY_MUAC], muac[at[BY_MUAC]]
                    _forget(BY_MUAC, last, since, at)
            if not settled_passed and settled[i] != NONE and today >= settled[i]:
                settled_passed, oedema_on, oedema_seen = True, NONE, NONE
                grade = 0 if grade > 0 else grade
                _forget(BY_OEDEMA, last, since, at)
            if admitted[i] != NONE and today > admitted[i] and not needs_arm:
                needs_arm = last[BY_MUAC] != NONE
            if admitted[i] != NONE and today > admitted[i] and not needs_feet:
                needs_feet = last[BY_OEDEMA] != NONE
            day_arm, day_grade, day_suw, day_sam, day_mam = np.nan, -1, -1, -1, 0
            for one in range(row, end):
                measured = today
                if not np.isnan(weight[one]) and not (weighed == today and weight[one] >= kg):
                    weighed, kg, newest_waz = today, weight[one], waz[one]
                if not np.isnan(height[one]):
                    high, cm = today, height[one]
                if LEAST_MUAC <= muac[one] <= MOST_MUAC and not day_arm <= muac[one]:
                    day_arm = muac[one]
                if not np.isnan(oedema[one]):
                    day_grade = max(day_grade, int(oedema[one]))
                day_suw, day_sam = max(day_suw, underweight[one]), max(day_sam, sam_now[one])
                day_mam, shape = max(day_mam, moderate[one]), doubt[one]
            if not np.isnan(day_arm):
                arm_on, arm_mm = today, day_arm
            if day_grade >= 0:
                was, grade = grade, day_grade
                goes_on = was > 0 and today - oedema_seen <= holds
                oedema_on, oedema_seen = (
                    (oedema_on if goes_on else today) if grade > 0 else NONE,
                    today,
                )
            if day_suw >= 0:
                was, is_suw = is_suw, day_suw
                goes_on = was == 1 and today - suw_on <= holds
                suw_since, suw_on = (
                    (suw_since if goes_on else today) if is_suw == 1 else NONE,
                    today,
                )
            if day_sam >= 0:
                judged, was = today, is_mam
                is_mam, mam_on = day_mam, NONE
                mam_since = (mam_since if was == 1 else today) if is_mam == 1 else NONE
            elif day_mam == 1:
                mam_since = mam_since if is_mam == 1 else today
                is_mam, mam_on = 1, today
            was_low = last[LOW_WHZ] != NONE or last[LOW_WAZ] != NONE
            note(
                BY_WHZ,
                day_says(by_whz, row, end),
                today,
                holds,
                since,
                last,
                at,
                row_that_says(by_whz, row, end),
            )
            note(
                BY_MUAC,
                day_says(by_muac, row, end),
                today,
                holds,
                since,
                last,
                at,
                row_that_says(by_muac, row, end),
            )
            note(BY_OEDEMA, day_says(by_oedema, row, end), today, holds, since, last, at, row)
            low = day_says(low_whz, row, end)
            if low == 0 and shape != BELIEVED:
                low = -1
            note(LOW_WHZ, low, today, holds, since, last, at, row_that_says(low_whz, row, end))
            note(
                LOW_WAZ,
                day_says(low_waz, row, end),
                today,
                holds,
                since,
                last,
                at,
                row_that_says(low_waz, row, end),
            )
            if today == last[LOW_WHZ] or today == last[LOW_WAZ]:
                low_days = low_days + 1 if was_low else 1
            if day_says(by_muac, row, end) >= 0:
                unasked = NONE
            if last[BY_WHZ] == today or last[BY_MUAC] == today or last[BY_OEDEMA] == today:
                had_sam = 1
            if admitted[i] != NONE and today > admitted[i]:
                needs_arm, needs_feet = (
                    needs_arm or last[BY_MUAC] == today,
                    needs_feet or last[BY_OEDEMA] == today,
                )
                said = _visit(
                    row,
                    end,
                    age,
                    whz,
                    muac,
                    oedema,
                    doubt,
                    sam_now,
                    needs_arm,
                    needs_feet,
                    exit_rule[0],
                    exit_rule[1],
                )
                if said == 0:
                    met, last_met = 0, NONE
                elif said == 1 and (last_met == NONE or today - last_met >= exit_rule[2]):
                    met, last_met = min(met + 1, 100), today
            row = end
        if (
            not cure_passed
            and cured[i] != NONE
            and last[BY_MUAC] != NONE
            and judged != NONE
            and judged > last[BY_MUAC]
        ):
            unasked, unasked_mm = last[BY_MUAC], muac[at[BY_MUAC]]
            _forget(BY_MUAC, last, since, at)
            resumed = False
        if not settled_passed and settled[i] != NONE:
            grade, oedema_on, oedema_seen = 0 if grade > 0 else grade, NONE, NONE
            _forget(BY_OEDEMA, last, since, at)
            resumed = False
        first, newest = NONE, NONE
        for question in range(ASKED):
            newest = later(newest, last[question])
        for question in range(ASKED):
            # An arm of last year that nobody asked again does not make this month's WHZ a year
            # late.
            if last[question] != NONE and newest - last[question] <= holds:
                first = min(first, since[question])
        is_sam = 1 if newest != NONE else (0 if judged != NONE else -1)
        open_low = later(last[LOW_WHZ], last[LOW_WAZ])
        out[0, i], out[1, i], out[2, i], out[3, i] = measured, weighed, high, judged
        out[4, i], out[5, i], out[6, i] = is_sam, first, newest
        out[7, i], out[8, i], out[9, i] = (
            (0 if is_sam == 1 and is_mam >= 0 else is_mam),
            mam_on,
            mam_since,
        )
        out[10, i], out[11, i], out[12, i] = is_suw, suw_since, suw_on
        out[13, i], out[14, i], out[15, i], out[16, i] = grade, oedema_on, oedema_seen, met
        out[17, i], out[18, i], out[19, i] = last[BY_WHZ], last[BY_MUAC], open_low
        out[20, i] = low_days if open_low != NONE else 0
        out[21, i], out[22, i], out[23, i], out[24, i] = unasked, arm_on, shape, had_sam
        numbers[0, i], numbers[1, i] = kg, arm_mm
        numbers[2, i] = whz[at[BY_WHZ]] if last[BY_WHZ] != NONE else np.nan
        numbers[3, i] = (
            muac[at[BY_MUAC]]
            if last[BY_MUAC] != NONE
            else (unasked_mm if unasked != NONE else np.nan)
        )
        low_row = at[LOW_WHZ] if open_low == last[LOW_WHZ] else at[LOW_WAZ]
        numbers[4, i], numbers[5, i] = weight[low_row] if open_low != NONE else np.nan, newest_waz
        held = weighed != NONE and high != NONE and weighed - high <= HEIGHT_HOLDS
        numbers[6, i] = kg / (0.01 * cm) ** 2 if held else np.nan
        numbers[7, i] = cm if open_low != NONE and open_low == last[LOW_WHZ] else np.nan


JUDGED = ("sam_now", "moderate", "underweight", "whz_says", "doubt")


def judged(known: Known, points: Ragged) -> Ragged:
    """A view's points with what each reading alone says, int8 each (`care.findings.judge_rows`,
    `care.pathway.heights.doubts`); done once is enough."""
    if JUDGED[0] in points.rows:
        return points
    out = np.empty((len(JUDGED), points.rows.rows), CODE)
    doubt = out[-1]
    doubts(
        points.offsets,
        known.children["sex"],
        known.children["birth_date"].astype(np.int64),
        points["measured_on"],
        points["height_cm"],
        points["height_position"],
        doubt,
    )
    judge_rows(
        points["age_days"],
        points["muac_mm"],
        points["waz"],
        points["whz"],
        points["valid"],
        points["sam"],
        doubt,
        points["by_whz"],
        points["low_waz"],
        out,
    )
    return points.having(**dict(zip(JUDGED, out, strict=True)))
