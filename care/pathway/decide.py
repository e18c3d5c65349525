"""The pathway: facts on a day lead to exactly one state, the next step, who does it, by when, and
the rule.

No score of a model enters here, and nothing here speaks of a dose or withholds food.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from care.pathway import facts as care_facts
from care.pathway.conditions import NEVER, Facts, Numbers
from care.pathway.rule import PathwayRule
from care.pathway.rules_in_order import GUARDED, ORDER
from care.protocol import Protocol
from features.clock import Known, Ragged
from registry.contract.arrays import Codes, Days, Flags, Ints
from registry.contract.registry import CODE, DAY, Table, day_date

STATES = (
    "not_screened",
    "remeasure",
    "not_classifiable",
    "screened_well",
    "mam_follow_up",
    "mam_high_risk",
    "losing_weight",
    "found_ill",
    "severely_underweight",
    "infant_at_risk",
    "sam_suspected",
    "appetite_test_due",
    "to_ucdc",
    "to_nrc",
    "in_ucdc",
    "in_nrc",
    "slow_response",
    "failing",
    "no_gain_refer",
    "discharge_due",
    "over_long_stay",
    "follow_up",
    "sam_again",
    "back_from_nrc",
    "left_nrc",
    "defaulted",
    "not_recovered",
    "transferred",
    "left",
    "died",
)
IN_TREATMENT = frozenset(
    {
        "in_ucdc",
        "in_nrc",
        "slow_response",
        "failing",
        "no_gain_refer",
        "discharge_due",
        "over_long_stay",
    }
)
"""In treatment, at an anganwadi or with a bed: what every page and count means by it."""
STEPS = (
    "none",
    "measure",
    "remeasure",
    "weigh_monthly",
    "weigh_fortnightly",
    "weigh_weekly",
    "measure_height",
    "measure_arm",
    "medical_check",
    "check_feeding",
    "examine",
    "appetite_test",
    "admit_ucdc",
    "admit_nrc",
    "review_at_nrc",
    "review_stay",
    "review_gain",
    "review_long_stay",
    "discharge",
    "follow_up_weighing",
    "bring_back",
    "trace",
    "ask_birth_date",
)
WHO = ("nobody", "awc_worker", "anm_or_mo", "medical_officer", "nrc")
RULES = tuple(rule.name for rule in ORDER)

LEVEL_OF_CARE = {
    "died": 0,
    "left": 0,
    "not_screened": 1,
    "remeasure": 2,
    "not_classifiable": 1,
    "screened_well": 1,
    "mam_follow_up": 2,
    "mam_high_risk": 2,
    "losing_weight": 2,
    "found_ill": 2,
    "follow_up": 2,
    "severely_underweight": 2,
    "infant_at_risk": 3,
    "defaulted": 3,
    "not_recovered": 3,
    "transferred": 3,
    "back_from_nrc": 3,
    "sam_suspected": 3,
    "sam_again": 3,
    "discharge_due": 3,
    "appetite_test_due": 3,
    "to_ucdc": 3,
    "in_ucdc": 3,
    "slow_response": 3,
    "over_long_stay": 3,
    "failing": 4,
    "no_gain_refer": 4,
    "to_nrc": 4,
    "in_nrc": 4,
    "left_nrc": 4,
}
"""How much care a state asks for: 1 monthly weighing, 2 closer watch, 3 treatment at the anganwadi,
4 a facility."""


RowCells = Mapping[str, float]
"""One row of facts as plain numbers."""


@dataclass(frozen=True)
class Placed:
    """The pathway's answer for each row of facts, as codes of STATES, STEPS, WHO and RULES.

    by_when: the day until which the step is to be done, NEVER where there is none; overdue_days:
    how long that day has passed, 0 when it has not; protocol_version: which rules said so; facts:
    what was decided on.
    """

    state: Codes
    step: Codes
    who: Codes
    rule: Codes
    by_when: Days
    overdue_days: Days
    danger: Flags
    protocol_version: str
    facts: Table

    def row(self, i: int) -> dict[str, object]:
        """One answer in words and dates, as a program or a person reads it."""
        cells = {name: self.facts[name][i].item() for name in _STANDING}
        return _told(
            ORDER[self.rule[i]],
            int(self.by_when[i]),
            int(self.overdue_days[i]),
            self.protocol_version,
            cells,
        )


def _told(
    rule: PathwayRule, due: int, late_days: int, version: str, facts: RowCells
) -> dict[str, object]:
    return {
        "state": rule.state,
        "rule": rule.name,
        "next_step": rule.step,
        "who": rule.who,
        "by_when": None if due == NEVER else day_date(due),
        "overdue_days": late_days or None,
        "danger": rule.danger,
        "findings": findings(facts),
        "protocol_version": version,
    }


FINDINGS = (
    ("whz", "open_whz_on", "open_whz", 2),
    ("muac_mm", "open_arm_on", "open_arm_mm", 0),
    ("oedema", "oedema_seen_on", "oedema_grade", 0),
    ("too_low_kg", "open_low_on", "open_low_kg", 2),
)
"""The findings of SAM that can stand: name, the facts of the newest reading's day and value, the
value's digits."""
_STANDING = (*(name for _, on, value, _ in FINDINGS for name in (on, value)), "open_low_cm")


def _height_of(criterion: str, facts: RowCells) -> dict[str, object]:
    """The height beside a weight that is too low for it: either may be the mistake."""
    cm = facts["open_low_cm"]
    return {"height_cm": round(cm, 1)} if criterion == "too_low_kg" and cm == cm else {}


def findings(facts: RowCells) -> list[dict[str, object]]:
    """What was found of SAM and not answered since: criterion, value, day.

    Example: an arm of 108 mm on 2026-06-20 and a weighing without an arm on 2026-07-20:
    `[{"criterion": "muac_mm", "value": 108, "measured_on": date(2026, 6, 20)}]`. `too_low_kg`: a
    weight whose WHZ or WAZ is too low to believe, a mistake or the sickest child.
    """
    return [
        {
            "criterion": name,
            "value": round(facts[value], digits) if digits else int(facts[value]),
            "measured_on": day_date(int(facts[on])),
            **_height_of(name, facts),
        }
        for name, on, value, digits in FINDINGS
        if facts[on] != NEVER and facts[value] != 0
    ]


FEW = 8
"""Up to so many rows are decided one by one."""
_POSITION = {rule.name: position for position, rule in enumerate(ORDER)}
_STATE, _STEP, _WHO = (
    np.array([codes.index(getattr(rule, part)) for rule in ORDER], CODE)
    for codes, part in ((STATES, "state"), (STEPS, "step"), (WHO, "who"))
)
_DANGER = np.array([rule.danger for rule in ORDER])


def place(facts: Table, protocol: Protocol) -> Placed:
    """Where each row of facts stands: the first rule of `care.pathway.rules_in_order.ORDER` that
    applies decides.

    Worked example. Ravi, 14 months, reads WHZ -3.4 on 2026-03-02 and is in no treatment:
    `sam_suspected`, a medical officer or ANM examines him by 2026-03-07. Asked on 2026-03-10, he is
    3 days overdue. With oedema written down on 2026-03-09 he is `to_nrc` instead, by 2026-03-10.
    """
    rule, by_when = (_each_row if facts.rows <= FEW else _all_rows)(facts, protocol)
    late = np.where(by_when == NEVER, 0, np.maximum(facts["day"] - by_when, 0)).astype(DAY)
    return Placed(
        _STATE[rule],
        _STEP[rule],
        _WHO[rule],
        rule,
        by_when,
        late,
        _DANGER[rule],
        protocol.version,
        facts,
    )


def _all_rows(facts: Table, protocol: Protocol) -> tuple[Codes, Days]:
    """Position of the first rule that applies (asked from the last, so that an earlier one writes
    over it), and the day until which its step is to be done."""
    rule, by_when = np.zeros(facts.rows, CODE), np.full(facts.rows, NEVER, DAY)
    columns = cast(Facts, facts)
    for position in range(len(ORDER) - 1, -1, -1):
        rule[np.asarray(ORDER[position].when(columns, protocol))] = position
    for position in np.flatnonzero(np.bincount(rule)).tolist():
        decided = ORDER[position]
        if decided.limit:
            rows = np.flatnonzero(rule == position)
            by_when[rows] = _time_limit(decided, facts, rows, int(protocol[decided.limit]))
    return rule, by_when


def _time_limit(rule: PathwayRule, facts: Table, rows: Ints, days: int) -> Days:
    """The latest known day of the rule's facts and the limit's days; from the day asked about where
    none is known."""
    starts = np.stack([facts[name][rows] for name in rule.since]).astype(np.int64)
    start = np.where(starts == NEVER, -1, starts).max(axis=0)
    last: Days = (np.where(start < 0, facts["day"][rows], start) + days).astype(DAY)
    return last


def _each_row(facts: Table, protocol: Protocol) -> tuple[Codes, Days]:
    """The same, cell by cell on plain numbers: for a few rows, NumPy's call on an array of one
    costs ten answers."""
    numbers = protocol.numbers
    rows = [
        dict(zip(facts, cells, strict=True))
        for cells in zip(*map(np.ndarray.tolist, facts.values()), strict=True)
    ]
    decided = [_first(row, numbers) for row in rows]
    due = [_due(rule, row, numbers) for rule, row in zip(decided, rows, strict=True)]
    return np.array([_POSITION[rule.name] for rule in decided], CODE), np.array(due, DAY)


def _first(row: RowCells, numbers: Numbers) -> PathwayRule:
    """The first rule that applies to one row's cells."""
    facts = cast(Facts, row)
    for asked, rules in GUARDED:
        if asked(facts, numbers):
            for rule in rules:
                if rule.when(facts, numbers):
                    return rule
    raise LookupError("the last rule applies to everyone")


def placed_rows(known: Known, points: Ragged, protocol: Protocol) -> list[dict[str, object]]:
    """`Placed.row` of each question of a view, from its facts; a few of them without making arrays
    at all."""
    if len(known.day) > FEW:
        placed = place(care_facts.of(known, points, protocol), protocol)
        return [placed.row(i) for i in range(len(known.day))]
    told, numbers = [], protocol.numbers
    for row in care_facts.rows_of(known, points, protocol):
        rule = _first(row, numbers)
        due = _due(rule, row, numbers)
        late_days = 0 if due == NEVER else max(int(row["day"]) - due, 0)
        told.append(_told(rule, due, late_days, protocol.version, row))
    return told


def _due(rule: PathwayRule, row: RowCells, numbers: Numbers) -> int:
    """`_time_limit` of one row's cells."""
    if not rule.limit:
        return NEVER
    start = max((row[name] for name in rule.since if row[name] != NEVER), default=-1)
    return int(row["day"] if start < 0 else start) + int(numbers[rule.limit])
