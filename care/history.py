"""What a child's history says on a day: compiled passes over a view's rows, one per table, for `care.facts.of`.

Each kernel goes once through the rows `start[i]:stop[i]` of each question (sorted by their own day) and writes one
column per fact. `today` is the day that is asked about: an episode that closes later is open on it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from features.criteria import criteria
from features.growth import round_z
from registry.tables import FINDING, NEVER, OUTCOME, PROGRAMME, TRANSFER_REASON

UCDC, VCDC = PROGRAMME.index("UCDC"), PROGRAMME.index("VCDC")
CURED, DIED, TRANSFERRED = (OUTCOME.index(name) for name in ("cured", "died", "transferred"))
STEP_DOWN = TRANSFER_REASON.index("step_down")
FOUND_SAM, FOUND_MOVED, FOUND_DEAD = (FINDING.index(name) for name in ("sam_again", "moved", "died"))
NONE = int(NEVER)

SEVERE_Z, MODERATE_Z = criteria().severe_z_below, criteria().moderate_z_below
SEVERE_MUAC, MODERATE_MUAC = criteria().severe_muac_below_mm, criteria().moderate_muac_below_mm
MUAC_FROM, LAST_DAY = criteria().muac_from_days, criteria().last_day

EPISODE_FACTS = (
    "programme", "admitted_on", "closed_programme", "closed_on", "outcome", "transfer_reason", "discharged_on",
    "complication", "appetite_test", "assessed_on", "died",
)
POINT_FACTS = (
    "measured_on", "weighed_on", "height_on", "judged_on", "sam", "sam_since", "mam", "mam_on", "suw",
    "suw_since", "suw_on", "oedema_grade", "oedema_on", "oedema_seen_on", "exit_visits_met",
)


@njit(cache=True, nogil=True)
def until(offsets, own_day, today):
    """For each question, where its rows after that day begin (rows are sorted by their own day)."""
    stop = np.empty(len(offsets) - 1, np.int64)
    for i in range(len(stop)):
        low, high = offsets[i], offsets[i + 1]
        while low < high:
            middle = (low + high) // 2
            if own_day[middle] <= today[i]:
                low = middle + 1
            else:
                high = middle
        stop[i] = low
    return stop


@njit(cache=True, nogil=True)
def episode_facts(start, stop, today, programme, admitted_on, appetite, complication, closed_on, outcome, reason, out):
    """Rows of `out` as EPISODE_FACTS: the open episode, the last closed one, the last cure."""
    for i in range(len(start)):
        opened, closed, cured = -1, -1, NONE
        for row in range(start[i], stop[i]):
            if closed_on[row] > today[i]:
                opened = row
            elif closed < 0 or closed_on[row] >= closed_on[closed]:
                closed = row
            if closed_on[row] <= today[i] and outcome[row] == CURED and programme[row] <= VCDC:
                cured = closed_on[row] if cured == NONE else max(cured, closed_on[row])
        out[0, i] = programme[opened] if opened >= 0 else -1
        out[1, i] = admitted_on[opened] if opened >= 0 else NONE
        out[2, i] = programme[closed] if closed >= 0 else -1
        out[3, i] = closed_on[closed] if closed >= 0 else NONE
        out[4, i] = outcome[closed] if closed >= 0 else -1
        out[5, i] = reason[closed] if closed >= 0 else -1
        out[6, i] = cured
        settled = closed >= 0 and (outcome[closed] == CURED or reason[closed] == STEP_DOWN)
        speaks = opened if opened >= 0 else (-1 if settled else closed)
        ill = speaks >= 0 and not np.isnan(complication[speaks])
        out[7, i] = int(complication[speaks] > 0.0) if ill else -1
        out[8, i] = appetite[speaks] if speaks >= 0 else -1
        out[9, i] = admitted_on[speaks] if speaks >= 0 else NONE
        out[10, i] = 1 if closed >= 0 and outcome[closed] == DIED else 0


@njit(cache=True, nogil=True, error_model="numpy")
def judge_rows(age, muac, oedema, waz, whz, valid, sam, least_whz, least_muac, sam_now, moderate, underweight, fit):
    """What each reading alone says: SAM (-1 where it is not valid), moderate wasting, SUW (-1 without a weight for
    age), and whether it meets the exit criteria (what was not measured does not speak against them; WHZ must be)."""
    for row in range(len(age)):
        sam_now[row] = -1 if not valid[row] > 0.0 else (1 if sam[row] > 0.0 else 0)
        by_muac = MUAC_FROM <= age[row] <= LAST_DAY and SEVERE_MUAC <= muac[row] < MODERATE_MUAC
        by_whz = age[row] <= LAST_DAY and SEVERE_Z <= whz[row] < MODERATE_Z
        moderate[row] = 1 if sam_now[row] != 1 and (by_muac or by_whz) else 0
        known = age[row] >= 0.0 and not np.isnan(waz[row])
        underweight[row] = (1 if round_z(waz[row]) < SEVERE_Z else 0) if known else -1
        meets = whz[row] >= least_whz and not muac[row] < least_muac and not oedema[row] > 0.0
        fit[row] = 1 if sam_now[row] == 0 and meets else 0


@njit(cache=True, nogil=True)
def point_facts(
    start, stop, day, weight, height, oedema, sam_now, moderate, underweight, fit, admitted, cured, holds, out
):
    """Rows of `out` as POINT_FACTS. admitted, cured: the open episode's and the last cure's day of each question
    (NONE where there is none); the four columns before them are those of `judge_rows`. holds: days between two
    readings beyond which the second is not the first one's continuation."""
    for i in range(len(start)):
        measured = weighed = high = judged = sam_since = suw_since = oedema_on = mam_on = suw_on = oedema_seen = NONE
        is_sam = is_mam = is_suw = grade = -1
        met = 0
        for row in range(start[i], stop[i]):
            today = day[row]
            measured = today
            if not np.isnan(weight[row]):
                weighed = today
            if not np.isnan(height[row]):
                high = today
            if not np.isnan(oedema[row]):
                was, grade = grade, int(oedema[row])
                goes_on = was > 0 and today - oedema_seen <= holds
                oedema_on, oedema_seen = (oedema_on if goes_on else today) if grade > 0 else NONE, today
            if underweight[row] >= 0:
                was, is_suw = is_suw, underweight[row]
                goes_on = was == 1 and today - suw_on <= holds
                suw_since, suw_on = (suw_since if goes_on else today) if is_suw == 1 else NONE, today
            if sam_now[row] >= 0:
                was, is_sam = is_sam, sam_now[row]
                goes_on = was == 1 and today - judged <= holds
                sam_since = (sam_since if goes_on else today) if is_sam == 1 else NONE
                judged, is_mam, mam_on = today, moderate[row], NONE
                inside = admitted[i] != NONE and today > admitted[i]
                met = min(met + 1, 100) if inside and fit[row] == 1 else 0
            elif moderate[row] == 1 and is_sam != 1:
                is_mam, mam_on = 1, today
        if cured[i] != NONE and oedema_on != NONE and oedema_on <= cured[i]:
            grade, oedema_on, oedema_seen = 0, NONE, NONE
        out[0, i], out[1, i], out[2, i], out[3, i] = measured, weighed, high, judged
        out[4, i], out[5, i], out[6, i], out[7, i] = is_sam, sam_since, is_mam, mam_on
        out[8, i], out[9, i], out[10, i] = is_suw, suw_since, suw_on
        out[11, i], out[12, i], out[13, i], out[14, i] = grade, oedema_on, oedema_seen, met


@njit(cache=True, nogil=True, error_model="numpy")
def weight_facts(start, stop, day, weight, waz, admitted, window, gain_kg, loss_share):
    """Gain over the window and share lost since the highest weight, of the open episode's believable weights."""
    for i in range(len(start)):
        gain_kg[i], loss_share[i] = np.nan, 0.0
        last = -1
        highest = 0.0
        for row in range(start[i], stop[i]):
            if day[row] >= admitted[i] and not np.isnan(waz[row]):
                last = row
                highest = max(highest, weight[row])
        if last < 0:
            continue
        loss_share[i] = (highest - weight[last]) / highest
        for row in range(last, start[i] - 1, -1):
            if day[row] < admitted[i]:
                break
            if day[last] - day[row] >= window and not np.isnan(waz[row]):
                gain_kg[i] = weight[last] - weight[row]
                break


@njit(cache=True, nogil=True)
def check_facts(start, stop, day, poor_appetite, checked_on, poor):
    """The last medical check's day and what it said of appetite (-1 where not assessed)."""
    for i in range(len(start)):
        last = stop[i] - 1
        seen = last >= start[i]
        checked_on[i] = day[last] if seen else NONE
        poor[i] = int(poor_appetite[last] > 0.0) if seen and not np.isnan(poor_appetite[last]) else -1


@njit(cache=True, nogil=True)
def visit_facts(start, stop, day, finding, measured_on, judged_on, found_sam_on, moved, died):
    """What home visits found that no later measurement has answered."""
    for i in range(len(start)):
        found_sam_on[i], moved[i] = NONE, 0
        for row in range(start[i], stop[i]):
            measured_since = measured_on[i] != NONE and measured_on[i] > day[row]
            judged_since = judged_on[i] != NONE and judged_on[i] >= day[row]
            if finding[row] == FOUND_SAM and not judged_since:
                found_sam_on[i] = min(found_sam_on[i], day[row])
            moved[i] = int(finding[row] == FOUND_MOVED and not measured_since)
            if finding[row] == FOUND_DEAD and not measured_since:
                died[i] = 1
