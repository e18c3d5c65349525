"""The table of facts that the pathway decides on: one row per (child, day), one column per fact.

Columns are NumPy arrays of one length. Days are int32 since 1970-01-01, NEVER where there is none;
three-state facts are int8: 1 yes, 0 no, -1 not known; the rest says its unit in its name.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from care.pathway import findings, history, weights
from care.pathway.findings import judged
from care.protocol import Protocol
from features.clock import Known, Ragged
from registry.contract.arrays import AnyArray, Days
from registry.contract.registry import CODE, DAY, NEVER, NUMBER, Table, of_one_length

COLUMNS: dict[str, tuple[type, float | np.int32]] = {
    "day": (DAY, NEVER),
    "age_days": (DAY, -1),
    "registered_on": (DAY, NEVER),
    "left_reason": (CODE, -1),
    "left_on": (DAY, NEVER),
    "died": (CODE, 0),
    "moved": (CODE, 0),
    "measured_on": (DAY, NEVER),
    "weighed_on": (DAY, NEVER),
    "height_on": (DAY, NEVER),
    "judged_on": (DAY, NEVER),
    "age_unsure_on": (DAY, NEVER),
    "weight_kg": (NUMBER, float("nan")),
    "waz": (NUMBER, float("nan")),
    "bmi": (NUMBER, float("nan")),
    "height_doubt": (CODE, 0),
    "arm_on": (DAY, NEVER),
    "arm_mm": (NUMBER, float("nan")),
    "sam": (CODE, -1),
    "sam_since": (DAY, NEVER),
    "sam_on": (DAY, NEVER),
    "sam_before": (CODE, 0),
    "open_whz_on": (DAY, NEVER),
    "open_whz": (NUMBER, float("nan")),
    "open_arm_on": (DAY, NEVER),
    "open_arm_mm": (NUMBER, float("nan")),
    "open_low_on": (DAY, NEVER),
    "open_low_kg": (NUMBER, float("nan")),
    "open_low_cm": (NUMBER, float("nan")),
    "low_days": (CODE, 0),
    "arm_unasked_on": (DAY, NEVER),
    "mam": (CODE, -1),
    "mam_on": (DAY, NEVER),
    "mam_since": (DAY, NEVER),
    "suw": (CODE, -1),
    "suw_since": (DAY, NEVER),
    "suw_on": (DAY, NEVER),
    "oedema_grade": (CODE, -1),
    "oedema_on": (DAY, NEVER),
    "oedema_seen_on": (DAY, NEVER),
    "found_sam_on": (DAY, NEVER),
    "complication": (CODE, -1),
    "assessed_on": (DAY, NEVER),
    "appetite_test": (CODE, -1),
    "tested_on": (DAY, NEVER),
    "checked_on": (DAY, NEVER),
    "reviewed_on": (DAY, NEVER),
    "ill": (CODE, -1),
    "ill_on": (DAY, NEVER),
    "found_ill_on": (DAY, NEVER),
    "poor_appetite": (CODE, -1),
    "poor_on": (DAY, NEVER),
    "denied_on": (DAY, NEVER),
    "programme": (CODE, -1),
    "admitted_on": (DAY, NEVER),
    "stays_before": (DAY, 0),
    "gain_kg": (NUMBER, float("nan")),
    "weight_loss_share": (NUMBER, 0.0),
    "loss_kg": (NUMBER, 0.0),
    "rate_g_kg_day": (NUMBER, float("nan")),
    "exit_visits_met": (CODE, 0),
    "month_gain_kg": (NUMBER, float("nan")),
    "recent_loss_share": (NUMBER, 0.0),
    "last_change_kg": (NUMBER, float("nan")),
    "waz_change": (NUMBER, float("nan")),
    "birth_weight_kg": (NUMBER, float("nan")),
    "closed_programme": (CODE, -1),
    "closed_on": (DAY, NEVER),
    "outcome": (CODE, -1),
    "transfer_reason": (CODE, -1),
    "discharged_on": (DAY, NEVER),
}
"""Each fact's type and the value that stands for "nothing known".

- day: the day that is asked about; age_days: on that day; registered_on: the child's registration
  (its birth, where nobody wrote that down).
- left_reason, left_on: code of LeftReason and the day; died, moved: 1 where a stay, the register
  or a home visit said so, and nobody saw the child since.
- measured_on: last measurement of any kind; weighed_on, weight_kg, waz, height_on, arm_on,
  arm_mm: last weight (and its plausible WAZ), height, arm (of two readings of one day the
  graver); bmi (kg/m²) of that weight and a height of at most 90 days; height_doubt: of the height
  in use (`care.pathway.heights`: 0 believed, 1 copied, 2 shrank).
- judged_on: last reading that can be judged for SAM (a WHZ on a doubted height cannot say no).
- age_unsure_on: last reading that says one thing or another by what the birth date is, which is
  known to the month, say (`features.trajectory.points.growth_points`, `age_uncertain`).
- sam: 1 while a finding of SAM stands (`features.answered`), by WHZ, arm, oedema or a z too low
  to believe; 0 where the child was judged and none does. sam_since, sam_on: the first and the
  newest reading of what stands; sam_before: 1 where any reading ever said SAM.
- open_whz_on, open_whz; open_arm_on, open_arm_mm; open_low_on, open_low_kg, open_low_cm: day and
  value of the newest reading by which each stands (NEVER, NaN where it does not); low_days: days
  in a row with a z too low to believe; arm_unasked_on: an arm under the limit that was never
  measured again before a discharge as cured.
- mam: of the last judged reading, or an arm or WHZ since (mam_on); mam_since: first of the
  unbroken row.
- suw, suw_since, suw_on: the same of severely underweight, by the last weight-for-age.
- oedema_grade: last grade written down (0 after a cure, a step down, or readmission from a
  facility), oedema_on: since when, oedema_seen_on: of what day it is.
- found_sam_on: a home visit or an examiner that found SAM after the last judged reading.
- complication, assessed_on: as the admission of the open stay says, else of the last closed one
  unless settled.
- appetite_test (code of AppetiteTest), tested_on: the newest test at a check or of the open
  stay's admission; of an ended stay only a failed one, unless settled.
- checked_on: the last check by an ANM or medical officer (empty counts as an ANM's); reviewed_on:
  by a medical officer; denied_on: an examiner's "not SAM" with no later "SAM".
- ill, ill_on: fever or diarrhoea where it was last assessed at a check (or an ill child at a home
  visit); poor_appetite, poor_on: the same of appetite; found_ill_on: the home visit that found
  the child ill, unanswered.
- programme, admitted_on: the open stay; stays_before: stays of any programme, this one included.
- gain_kg: last weight less that of the last weighing of the open stay which is at least the
  protocol's `no_gain_days` older (NaN where there is none); weight_loss_share: lost since the
  stay's highest weight; loss_kg: lost over the last two weighings where both fell; rate_g_kg_day:
  of a line through the last weeks' weights.
- exit_visits_met: visits of the open stay, days apart, that met and measured the exit criteria,
  up to the last.
- month_gain_kg: last weight less that of four weeks before; recent_loss_share: lost against the
  median weight of three months; last_change_kg, waz_change: since the weighing before;
  birth_weight_kg.
- closed_programme, closed_on, outcome, transfer_reason: the last closed stay.
- discharged_on: the last discharge as cured from UCDC or VCDC.
"""


def table(rows: int, **columns: object) -> Table:
    """A facts table of so many rows: the given columns, all others "nothing known".

    A column is one value for all rows, or an array (or list) of that length. An unknown column is
    an error.
    """
    unknown = columns.keys() - COLUMNS.keys()
    if unknown:
        raise KeyError(f"no such fact: {', '.join(sorted(unknown))}")
    return Table(
        {
            name: _column(columns.get(name, nothing), rows, kind)
            for name, (kind, nothing) in COLUMNS.items()
        }
    )


def _column(given: object, rows: int, kind: type) -> AnyArray:
    if isinstance(given, list):
        given = np.array(given)
    if isinstance(given, np.ndarray) and given.ndim:
        return given.astype(kind, copy=False)
    column: AnyArray = np.empty(rows, kind)
    column.fill(given)
    return column


def of(known: Known, points: Ragged, protocol: Protocol, *, days: Days | None = None) -> Table:
    """The facts of each question of a view.

    known: `features.clock.Clock.known_by(child, day)`; points:
    `features.trajectory.points.growth_points(known)`. With earlier `days` (ascending), the facts of
    these days as the view's records now show them, `len(days)` rows a question, one question after
    the other: for reports on past months, where a weight that was entered late counts in its own
    month; never for anything that is trained or scored.
    """
    points, children, today = judged(known, points), known.children, known.day
    if days is not None:
        today = np.tile(days, len(known.day))
        children = children.take(np.repeat(np.arange(len(known.day)), len(days)))
    facts = _from_children(children, today) | _from_records(
        replace(known, children=children), points, today, protocol
    )
    return of_one_length(
        {name: facts[name].astype(kind, copy=False) for name, (kind, _) in COLUMNS.items()}
    )


def rows_of(known: Known, points: Ragged, protocol: Protocol) -> list[dict[str, float]]:
    """`of` as plain numbers, one dict for each question: for a few, columns cost more than what is
    in them."""
    facts = _from_records(known, judged(known, points), known.day, protocol)
    facts = {
        name: facts[name].astype(kind, copy=False)
        for name, (kind, _) in COLUMNS.items()
        if name in facts
    }
    children = zip(
        *(known.children[name].tolist() for name in _OWN), known.day.tolist(), strict=True
    )
    cells = zip(*map(np.ndarray.tolist, facts.values()), strict=True)
    return [
        dict(zip(facts, row, strict=True)) | _of_child(*child)
        for row, child in zip(cells, children, strict=True)
    ]


_OWN = ("birth_date", "registered_on", "left_on", "left_reason")
_NEVER = int(NEVER)


def _of_child(
    birth: int, registered_on: int, left_on: int, left_reason: int, today: int
) -> dict[str, int]:
    """`_from_children` of one question's cells."""
    unknown = birth == _NEVER
    return {
        "day": today,
        "age_days": -1 if unknown else today - birth,
        "registered_on": _NEVER
        if unknown
        else (birth if registered_on == _NEVER else registered_on),
        "left_reason": left_reason if left_on <= today else -1,
        "left_on": left_on if left_on <= today else _NEVER,
    }


def _from_records(
    known: Known, points: Ragged, today: Days, protocol: Protocol
) -> dict[str, AnyArray]:
    facts = _from_episodes(_Rows(known.episodes, "admitted_on", today))
    facts |= _from_points(_Rows(points, "measured_on", today), facts, protocol)
    facts["age_unsure_on"] = _age_unsure_on(_Rows(points, "measured_on", today))
    facts |= _from_weights(
        known, _Rows(points, "measured_on", today), facts["admitted_on"], protocol
    )
    facts |= _from_checks(_Rows(known.checks, "checked_on", today), facts)
    facts |= _from_visits(_Rows(known.visits, "visited_on", today), facts)
    return facts | _forgotten_by_the_facility(facts, protocol)


def _forgotten_by_the_facility(
    facts: dict[str, AnyArray], protocol: Protocol
) -> dict[str, AnyArray]:
    """An open stay at a facility whose end nobody wrote down: the child was measured long after it
    began."""
    stayed = facts["measured_on"].astype(np.int64) - facts["admitted_on"]
    seen = (facts["measured_on"] != NEVER) & (stayed > protocol["nrc_longest_days"])
    over = (facts["programme"] > history.LAST_CENTRE) & seen
    return {
        "programme": np.where(over, -1, facts["programme"]),
        "admitted_on": np.where(over, NEVER, facts["admitted_on"]),
        "reviewed_on": _latest(facts["reviewed_on"], facts["treated_above_on"]),
    }


def _latest(one: Days, other: Days) -> Days:
    """The later of two days; the other where one is NEVER."""
    return np.where(
        (one == NEVER) | (other == NEVER), np.minimum(one, other), np.maximum(one, other)
    )


class _Rows:
    """The rows of a ragged table up to each question's day; of a whole number of questions in a row
    about the rows of each offset."""

    def __init__(self, ragged: Ragged, own_day: str, today: Days):
        first, after = ragged.offsets[:-1], ragged.offsets[1:]
        if len(today) > len(first):
            of_each = len(today) // len(first)
            first, after = np.repeat(first, of_each), np.repeat(after, of_each)
        self.start = first
        self.stop = history.until(first, after, ragged[own_day], today)
        self.today = today
        self.ragged = ragged

    def __getitem__(self, column: str) -> AnyArray:
        return self.ragged[column]


def _from_children(children: Table, today: Days) -> dict[str, AnyArray]:
    unknown, registered = children["birth_date"] == NEVER, children["registered_on"]
    nobody_wrote = registered == NEVER
    return {
        "day": today,
        "age_days": np.where(unknown, np.int32(-1), today - children["birth_date"]),
        "registered_on": np.where(
            unknown, NEVER, np.where(nobody_wrote, children["birth_date"], registered)
        ),
        "left_reason": np.where(children["left_on"] <= today, children["left_reason"], np.int8(-1)),
        "left_on": np.where(children["left_on"] <= today, children["left_on"], NEVER),
    }


def _from_episodes(rows: _Rows) -> dict[str, AnyArray]:
    out = np.empty((len(history.EPISODE_FACTS), len(rows.start)), DAY)
    history.episode_facts(
        rows.start,
        rows.stop,
        rows.today,
        rows["programme"],
        rows["admitted_on"],
        rows["appetite_test"],
        rows["complications"],
        rows["closed_on"],
        rows["outcome"],
        rows["transfer_reason"],
        out,
    )
    return dict(zip(history.EPISODE_FACTS, out, strict=True))


def _from_points(rows: _Rows, stay: dict[str, AnyArray], protocol: Protocol) -> dict[str, AnyArray]:
    out = np.empty((len(findings.POINT_FACTS), len(rows.start)), DAY)
    numbers = np.empty((len(findings.POINT_NUMBERS), len(rows.start)))
    exit_rule = (
        float(protocol["exit_whz"]),
        float(protocol["exit_muac_mm"]),
        float(protocol["exit_visits_apart_days"]),
    )
    findings.point_facts(
        rows.start,
        rows.stop,
        rows["measured_on"],
        rows["age_days"],
        rows["weight_kg"],
        rows["height_cm"],
        rows["muac_mm"],
        rows["oedema"],
        rows["waz"],
        rows["whz"],
        rows["doubt"],
        rows["sam_now"],
        rows["moderate"],
        rows["underweight"],
        rows["whz_says"],
        rows["by_muac"],
        rows["by_oedema"],
        rows["low_whz"],
        rows["low_waz"],
        stay["admitted_on"],
        stay["discharged_on"],
        stay["settled_on"],
        exit_rule,
        int(protocol["finding_holds_days"]),
        out,
        numbers,
    )
    return dict(zip(findings.POINT_FACTS, out, strict=True)) | dict(
        zip(findings.POINT_NUMBERS, numbers, strict=True)
    )


def _age_unsure_on(rows: _Rows) -> Days:
    """The day of each question's last reading that hangs on an uncertain birth date."""
    unsure = np.flatnonzero(rows["age_uncertain"])
    if not len(unsure) or not len(rows.start):
        return np.full(len(rows.start), NEVER, DAY)
    last = unsure[np.maximum(np.searchsorted(unsure, rows.stop) - 1, 0)]
    is_own = (last >= rows.start) & (last < rows.stop)
    return np.where(is_own, rows["measured_on"][last], NEVER)


def _from_weights(
    known: Known, rows: _Rows, admitted: Days, protocol: Protocol
) -> dict[str, AnyArray]:
    birth_weight = known.children["birth_weight_kg"]
    out = np.empty((len(weights.WEIGHT_FACTS), len(rows.start)))
    weights.weight_facts(
        rows.start,
        rows.stop,
        rows["measured_on"],
        rows["age_days"],
        rows["weight_kg"],
        rows["waz"],
        rows["low_waz"],
        birth_weight,
        admitted,
        int(protocol["no_gain_days"]),
        int(protocol["rate_over_days"]),
        out,
    )
    return dict(zip(weights.WEIGHT_FACTS, out, strict=True)) | {"birth_weight_kg": birth_weight}


def _from_checks(rows: _Rows, stay: dict[str, AnyArray]) -> dict[str, AnyArray]:
    out = np.empty((len(history.CHECK_FACTS), len(rows.start)), DAY)
    history.check_facts(
        rows.start,
        rows.stop,
        rows["checked_on"],
        rows["diarrhoea"],
        rows["fever"],
        rows["poor_appetite"],
        rows["examiner"],
        rows["appetite_test"],
        rows["sam_confirmed"],
        stay["settled_on"],
        stay["appetite_test"],
        stay["tested_on"],
        out,
    )
    return dict(zip(history.CHECK_FACTS, out, strict=True))


def _from_visits(rows: _Rows, facts: dict[str, AnyArray]) -> dict[str, AnyArray]:
    out = np.empty((len(history.VISIT_FACTS), len(rows.start)), DAY)
    history.visit_facts(
        rows.start,
        rows.stop,
        rows["visited_on"],
        rows["finding"],
        facts["measured_on"],
        facts["judged_on"],
        facts["checked_on"],
        facts["confirmed_on"],
        facts["ill"],
        facts["ill_on"],
        facts["died"],
        facts["closed_on"],
        out,
    )
    return dict(zip(history.VISIT_FACTS, out, strict=True))
