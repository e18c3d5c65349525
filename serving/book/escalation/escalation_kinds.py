"""Which children an officer must see to, of which kind, since when; and which later record answers
it.

A visit list lets a child rest after a visit, and evidence of the pathway has a shelf life. Neither
answers an escalation: only a later record does, or a person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence

from care.pathway.conditions import LEFT_BY_DEATH
from care.pathway.decide import IN_TREATMENT, Placed
from care.pathway.rules_in_order import ORDER
from care.protocol import standard
from features.trajectory.trace import Trace
from models.visits.listed_child import Candidate
from models.visits.visit_order import FAILING, GONE, TO_A_FACILITY
from registry.contract.codes import AppetiteTest, StayOutcome, VisitFinding
from registry.contract.registry import NEVER, day_date

FACILITY, LATE, LOSING, FOUND_SAM = "facility", "danger_late", "losing", "found_sam"
FOUND_ILL, DEFAULTED, DIED = "found_ill", "defaulted", "died"
KINDS = (FACILITY, LATE, LOSING, FOUND_SAM, FOUND_ILL, DEFAULTED, DIED)
"""In the order in which they are told: who should be in a facility and is not; in danger and not
acted upon by the step's day; weight lost or not gained in treatment; found with SAM or ill at home;
treatment broken off; died. The order is ours, verified: false."""
ON_THE_WAY = frozenset({"not_arrived", "left_nrc", "transferred"})
"""Sent on, or gone from the facility, and not admitted: at once, not only when the day has
passed."""
BY_VISIT = {"sam_again": FOUND_SAM, "ill": FOUND_ILL, "died": DIED}
"""What a visit may find that needs an officer."""
DEAD, AT_FACILITY, BROKEN_OFF = "died", "in_nrc", "defaulted"
"""States and a rule of the pathway."""
UNANSWERED = frozenset(
    {
        "stay_silent",
        "absent",
        "sam_old_ill",
        "arm_old",
        "sam_old",
        "ended_old",
        "status_old",
        "arm_open",
        "height_doubtful",
        "height_doubtful_in_stay",
        "birth_date_unjudged",
        "too_old",
        "older_at_risk",
        "older_losing",
        "follow_up_losing",
        "losing_weight",
        "unjudged",
        "unscreened",
    }
)
"""Rules that say that evidence ran out, cannot be judged, or was never asked for again: they answer
nothing."""


def escalation_facts(
    placed: Placed, i: int, visits: Sequence[tuple[int, int]]
) -> dict[str, dt.date | None]:
    """What `holding` and `answered` ask of a child beside what is told of it; None where not known.

    visits: (day, finding) of its home visits, the earliest first. `began_on`: from which day the
    rule's time counts; `record_on`: the newest measurement, check, test or admission; `passed_on`:
    an appetite test that was passed; `stay_on`: the open stay's admission; `sam_found_on`,
    `ill_found_on`: a home visit's finding that no later record answered; `died_on`.
    """
    facts = {name: int(placed.facts[name][i]) for name in _ASKED}
    of = [int(placed.facts[name][i]) for name in ORDER[placed.rule[i]].since]
    found = {day for day, finding in visits if finding == VisitFinding.SAM_AGAIN}
    tests = {facts["tested_on"]} if facts["appetite_test"] == AppetiteTest.PASS else set()
    sam_on = facts["found_sam_on"]
    return {
        "began_on": _newest(of),
        "record_on": _newest(facts[name] for name in _RECORDS),
        "passed_on": _newest(tests),
        "stay_on": _newest([facts["admitted_on"]]),
        "sam_found_on": _newest([sam_on] if sam_on in found else []),
        "ill_found_on": _newest([facts["found_ill_on"]]),
        "died_on": _newest(_deaths(facts, visits)),
    }


_RECORDS = ("measured_on", "checked_on", "tested_on", "admitted_on")
_ASKED = frozenset(
    {
        *_RECORDS,
        "appetite_test",
        "found_sam_on",
        "found_ill_on",
        "left_reason",
        "left_on",
        "outcome",
        "closed_on",
    }
)


def visits_of(traced: Trace, question: int) -> list[tuple[int, int]]:
    """(day, finding) of the home visits that a view holds of a child, the earliest first."""
    visits = traced.known.visits
    rows = slice(int(visits.offsets[question]), int(visits.offsets[question + 1]))
    return list(
        zip(visits["visited_on"][rows].tolist(), visits["finding"][rows].tolist(), strict=True)
    )


def _deaths(facts: Mapping[str, int], visits: Sequence[tuple[int, int]]) -> list[int]:
    """The days on which the register, a stay or a home visit says that the child died."""
    found = [day for day, finding in visits if finding == VisitFinding.DIED]
    if facts["left_reason"] == LEFT_BY_DEATH:
        found.append(facts["left_on"])
    if facts["outcome"] == StayOutcome.DIED:
        found.append(facts["closed_on"])
    return found


def _newest(days: Iterable[int]) -> dt.date | None:
    known = [day for day in days if day != NEVER]
    return day_date(max(known)) if known else None


def holding(child: Candidate) -> dict[str, dt.date]:
    """The kinds that hold of a child on the scoring day, each with the day since when.

    One by its rule: in danger and late is told as `danger_late` where the rule has no kind of its
    own. Beside it what a home visit found.
    """
    facts = child.facts
    gone, treated = child.state in GONE, child.state in IN_TREATMENT
    days = {
        _of_rule(child): facts.get("began_on"),
        FOUND_SAM: None if gone or treated else facts.get("sam_found_on"),
        FOUND_ILL: None if gone else facts.get("ill_found_on"),
        DIED: facts.get("died_on") if child.state == DEAD else None,
    }
    return {kind: day for kind, day in days.items() if kind and day is not None}


def _of_rule(child: Candidate) -> str | None:
    late = (child.overdue_days or 0) > 0
    if child.rule in FAILING:
        return LOSING
    if child.rule == BROKEN_OFF:
        return DEFAULTED
    if child.rule in ON_THE_WAY or (child.danger and late and child.next_step == TO_A_FACILITY):
        return FACILITY
    return LATE if child.danger and late else None


def opens(kind: str, since: dt.date, as_of: dt.date) -> bool:
    """Whether a run opens an escalation of this kind that began on a day: of illness and death only
    while they are news, so that a first run does not bring up those of years."""
    limits = {FOUND_ILL: "illness_holds_days", DIED: "finding_holds_days"}
    return kind not in limits or (as_of - since).days <= int(standard()[limits[kind]])


def answered(kind: str, began_on: dt.date, child: Candidate) -> bool:
    """Whether a later record answers an escalation; where that is not sure it stays open.

    Examples. Found with SAM at home on 3 June 2026: answered by an admission, or by a reading after
    it that is not SAM; not by a reading that is SAM too, nor by 63 days without one. Oedema, and at
    no facility: answered by an admission, by a passed appetite test or a cure, not by a weighing at
    the centre.
    """
    if kind in holding(child):
        return False
    if child.state in GONE:
        return kind != DIED or child.state != DEAD
    later = _later(child, began_on)
    if child.rule in UNANSWERED:
        return False
    treated, calm = child.state in IN_TREATMENT, not child.danger
    if kind == FACILITY:
        there = child.state == AT_FACILITY or later("stay_on")
        return there or later("passed_on") or (later("record_on") and calm and not treated)
    if kind in (FOUND_SAM, DEFAULTED):
        admitted = child.facts.get("stay_on")
        back = treated and admitted is not None and admitted >= began_on
        return back or (later("record_on") and calm)
    if kind == LOSING:
        return later("last_weight_on")
    return later("record_on") or (kind == FOUND_ILL and later("last_visited_on"))


def _later(child: Candidate, began_on: dt.date) -> Callable[[str], bool]:
    days = {"last_visited_on": child.last_visited_on} | child.facts
    return lambda name: (day := days.get(name)) is not None and day > began_on
