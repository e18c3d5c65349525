"""What a sentence may say of a child on a day: facts read from its records as known by then, each
with its own day.

Not from the features: a smoothed z or a fitted gain decides a score, but nobody finds it in the
register. Values are plain numbers and dates (names that end in `_on`); what is not known is left
out.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from features.trajectory.trace import Trace
from models.compared_readings import (
    Reading,
    at_admission,
    in_stay,
    last_measured,
    trend,
    weighings_of,
)
from registry.contract.codes import AppetiteTest, RationItem, StayOutcome, VisitFinding
from registry.contract.registry import NEVER, day_date

NEVER_DAY = int(NEVER)
ONE_ILLNESS_DAYS = 7
"""An admission so soon after the last close goes on with the same treatment (sent to the NRC and
back)."""
CHECKED_DAYS, ATTENDED_DAYS, FED_DAYS = 30, 120, 7
GAP_DAYS = {True: 14, False: 45}
"""A time without a weight that is told: two weekly weighings in treatment, a monthly one and a half
after it."""
RAINS = range(6, 10)
"""June to September: the south-west monsoon's months (India Meteorological Department)."""
_TAKE_HOME, _THERAPEUTIC = int(RationItem.THR), int(RationItem.EDNF)
_ILLNESS = ("diarrhoea", "fever", "cough")


class PlainRecords:
    """A trace with the records of its questions as plain numbers: made for all questions at once,
    when a column is first asked for."""

    def __init__(self, traced: Trace):
        self.traced = traced
        known = traced.known
        self._tables = {
            "growth": traced.growth,
            "episodes": known.episodes,
            "checks": known.checks,
            "rations": known.rations,
            "attendance": known.attendance,
            "visits": known.visits,
        }
        self._offsets = {name: of.offsets.tolist() for name, of in self._tables.items()}
        self._rows: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
        self._readings = [Reading._make(row) for row in self._all("growth", *Reading._fields)]

    def readings(self, question: int) -> list[Reading]:
        """The measurements of one question."""
        return self._readings[self._own("growth", question)]

    def rows(self, table: str, question: int, *names: str) -> list[tuple[Any, ...]]:
        """The rows of one question of a table ("growth" or one of events) as tuples."""
        return self._all(table, *names)[self._own(table, question)]

    def _own(self, table: str, question: int) -> slice:
        offsets = self._offsets[table]
        return slice(offsets[question] - offsets[0], offsets[question + 1] - offsets[0])

    def _all(self, table: str, *names: str) -> list[tuple[Any, ...]]:
        key = (table, *names)
        if key not in self._rows:
            every = slice(self._offsets[table][0], self._offsets[table][-1])
            columns = (self._tables[table][name][every].tolist() for name in names)
            self._rows[key] = list(zip(*columns, strict=True))
        return self._rows[key]


def facts_of(
    records: PlainRecords, question: int, *, siblings_treated: float = math.nan
) -> dict[str, object]:
    """The facts of one question of a view, by name (`serving/language/reason_wording.py` says which
    sentence needs which).

    Example: weighed 8.2 kg on 2026-11-03 and 8.0 kg on 2026-11-10: `weight_before_kg` 8.2 with
    `weight_before_on`, `last_weight_kg` 8.0 with `last_weight_on`. An arm of October stays
    `last_muac_mm` with October's day, and `muac_mm`, the arm of now, is left out.
    """
    traced = records.traced
    day = int(traced.day[question])
    readings = records.readings(question)
    weighed = weighings_of(readings)
    found = last_measured(readings) | trend(weighed) | _stay(records, question, day)
    found |= in_stay(weighed, found, day) | at_admission(readings, found)
    found |= (
        _before(records, question, found)
        | _checked(records, question, day)
        | _fed(records, question, found, day)
    )
    found |= (
        _seen(weighed, found, day)
        | _of_child(traced, question, day)
        | _found_at_home(records, question)
    )
    if siblings_treated > 0:
        found["siblings_treated"] = int(siblings_treated)
    found["asked_on"] = day
    return {
        name: day_date(value) if name.endswith("_on") else value
        for name, value in found.items()
        if value is not None and value == value
    }


def _found_at_home(records: PlainRecords, question: int) -> dict[str, object]:
    """The newest home visit that found SAM."""
    seen = [
        day
        for day, finding in records.rows("visits", question, "visited_on", "finding")
        if finding == VisitFinding.SAM_AGAIN
    ]
    return {"sam_at_home_on": seen[-1]} if seen else {}


def _stay(records: PlainRecords, question: int, day: int) -> dict[str, object]:
    """The latest stay in a development centre: `admitted_on` while it is open, else its first and
    last day."""
    stays = records.traced.stays
    admitted, closed = int(stays.admitted_on[question]), int(stays.closed_on[question])
    if admitted == NEVER_DAY:
        return {}
    failed = _appetite(records, question, admitted, min(closed, day))
    if closed == NEVER_DAY:
        return failed | {
            "admitted_on": admitted,
            "stay_from_on": admitted,
            "days_in_treatment": day - admitted,
        }
    cured = {"discharged_on": closed} if stays.outcome[question] == StayOutcome.CURED else {}
    return (
        failed
        | cured
        | {
            "stay_from_on": admitted,
            "stay_to_on": closed,
            "length_of_stay_days": closed - admitted,
            "days_since_discharge": day - closed,
        }
    )


def _appetite(records: PlainRecords, question: int, admitted: int, until: int) -> dict[str, object]:
    """The newest appetite test of the stay (at its admission or at a check), where it was not
    passed."""
    at_checks = records.rows("checks", question, "checked_on", "appetite_test")
    tests = [(admitted, records.traced.stays.appetite_test[question])]
    tests += [(on, test) for on, test in at_checks if admitted <= on <= until]
    tested = [(on, test) for on, test in tests if test >= 0 and test != AppetiteTest.NOT_DONE]
    return (
        {"appetite_failed_on": tested[-1][0]}
        if tested and tested[-1][1] == AppetiteTest.FAIL
        else {}
    )


def _before(records: PlainRecords, question: int, found: dict[str, Any]) -> dict[str, object]:
    """Treatments before the one in question: how many, and the last day of the last.

    An admission within a week of a close goes on with the same treatment: UCDC, two weeks in the
    NRC and UCDC again are one.
    """
    if "stay_from_on" not in found:
        return {}
    treatments: list[int] = []
    open_until = -1
    for admitted, closed in sorted(records.rows("episodes", question, "admitted_on", "closed_on")):
        if admitted > found["stay_from_on"]:
            break
        if not treatments or admitted > open_until + ONE_ILLNESS_DAYS:
            treatments.append(open_until)
        open_until = max(open_until, closed)
    before = len(treatments) - 1
    return {"treated_before": before, "treated_before_on": treatments[-1] if before > 0 else None}


def _checked(records: PlainRecords, question: int, day: int) -> dict[str, object]:
    """Medical checks of the last 30 days that looked: an empty cell is no look."""
    signs = records.rows("checks", question, "checked_on", *_ILLNESS, "poor_appetite")
    if not signs:
        return {"never_checked": True}
    told: dict[str, object] = {
        "last_check_on": signs[-1][0],
        "checked_lately": day - signs[-1][0] < CHECKED_DAYS,
    }
    lately = [row for row in signs if day - row[0] < CHECKED_DAYS]
    looked = [
        (row[0], 1.0 in row[1:4])
        for row in lately
        if 1.0 in row[1:4] or row[1:4] == (0.0, 0.0, 0.0)
    ]
    if looked:
        told |= {
            "checks": len(looked),
            "checks_from_on": looked[0][0],
            "ill_checks": sum(ill for _, ill in looked),
        }
    eaten = [(row[0], row[4] == 1.0) for row in lately if row[4] == row[4]]
    if eaten:
        poor = sum(poorly for _, poorly in eaten)
        told |= {
            "appetite_checks": len(eaten),
            "appetite_from_on": eaten[0][0],
            "poor_appetite_checks": poor,
        }
    return told


def _fed(
    records: PlainRecords, question: int, found: dict[str, Any], day: int
) -> dict[str, object]:
    """Therapeutic food of the stay so far, the last take-home ration, attendance in the last known
    month.

    Sachets, not issues: food for two weeks is often given out at once.
    """
    told: dict[str, object] = {}
    given = records.rows("rations", question, "issued_on", "item", "quantity")
    start, until = found.get("stay_from_on"), found.get("stay_to_on", day)
    if (
        start is not None
        and until - start >= FED_DAYS
        and any(item == _THERAPEUTIC for _, item, _ in given)
    ):
        sachets = sum(
            count for on, item, count in given if item == _THERAPEUTIC and start <= on <= until
        )
        told |= {"food_sachets": round(sachets), "food_days": until - start}
    for on, item, _ in reversed(given):
        if item == _TAKE_HOME:
            told["ration_on"] = on
            break
    months = records.rows("attendance", question, "month", "open_days", "attended_days")
    for month, opened, attended in reversed(months):
        if opened > 0 and attended == attended and day - month < ATTENDED_DAYS:
            told |= {
                "attendance_month_on": month,
                "open_days": int(opened),
                "attended_days": int(attended),
            }
            break
    return told


def _seen(weighed: list[Reading], found: dict[str, Any], day: int) -> dict[str, object]:
    """Since when nobody weighed the child, the longest time between weights, and how many there
    were."""
    if "last_weight_on" not in found:
        return {}
    told: dict[str, object] = {"days_since_seen": day - found["last_weight_on"]}
    treated = "admitted_on" in found
    start = found.get("admitted_on", found.get("discharged_on"))
    if start is None:
        return told
    days = [one.measured_on for one in weighed if one.measured_on >= start]
    if not treated:
        days = [on for on in days if on > start]
    told |= {"weighings": len(days), "weighings_from_on": start}
    gaps = [
        (later - earlier, earlier, later) for earlier, later in zip(days, days[1:], strict=False)
    ]
    longest, *between = max(gaps, default=(0,))
    if longest >= GAP_DAYS[treated]:
        told |= dict(zip(("gap_from_on", "gap_to_on"), between, strict=True))
    return told


def _of_child(traced: Trace, question: int, day: int) -> dict[str, object]:
    """Age in completed months of the calendar, weight at birth, and whether it rains (unless the
    dates are made up)."""
    child = traced.known.children
    born, today = int(child["birth_date"][question]), day_date(day)
    told: dict[str, object] = {"rains": True if traced.seasonal and today.month in RAINS else None}
    told["birth_weight_kg"] = round(float(child["birth_weight_kg"][question]), 2)
    return (
        told
        if born == NEVER_DAY
        else told | {"age_months": completed_months(day_date(born), today)}
    )


def completed_months(born: dt.date, today: dt.date) -> int:
    """Months as a family counts them: born on 15 January 2025, 13 months until 14 March 2026 and 14
    from the 15th."""
    return (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)
