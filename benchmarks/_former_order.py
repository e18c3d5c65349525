"""The order of the visit list as it was at commit fe96438, kept to be measured against: no more
than its keys.

What has not changed since (`benefit`, what a finding lets rest) is the list's own.
"""

from __future__ import annotations

import datetime as dt
import math

from models.visits.listed_child import Candidate
from models.visits.severity import SAM_MUAC_MM, SAM_WHZ, VERY_LOW_MUAC_MM, VERY_LOW_WHZ
from models.visits.visit_order import GONE, benefit, main_reason

FACILITY = ("oedema", "complication", "appetite_failed", "under_six_months", "not_arrived")
UNTREATED = (
    "again_passed",
    "again_examined",
    "again",
    "sam_passed",
    "sam_confirmed",
    "sam_suspected",
)
DANGER_ORDER = (
    *FACILITY,
    *UNTREATED,
    "weight_lost",
    "no_gain",
    "defaulted",
    "not_recovered",
    "too_long",
    "admitted_untested",
    "eats_poorly",
)
OVERDUE_STEPS = frozenset(
    [
        "measure",
        "remeasure",
        "weigh_monthly",
        "weigh_weekly",
        "follow_up_weighing",
        "bring_back",
        "examine",
    ]
    + ["admit_ucdc"]
)
REST_DAYS = {"well": 28, "data_wrong": 28}
DANGER_SHARE, OVERDUE_SHARE, SAME_TRIP = 0.6, 0.5, 1.1


def former(children: list[Candidate], *, capacity: int, as_of: dt.date) -> list[Candidate]:
    """Whom the list of that commit would have visited."""
    awake = [child for child in children if _section(child) and not _rests(child, as_of)]
    danger, overdue, risk = (
        sorted((child for child in awake if _section(child) == name), key=_order)
        for name in ("danger", "overdue", "risk")
    )
    danger.sort(key=lambda child: not _never_held_back(child))
    scored = [child for child in overdue if benefit(child) > 0]
    kept_free = min(
        len(scored) + len(risk), capacity - math.ceil(round(capacity * DANGER_SHARE, 6))
    )
    places = min(
        len(danger), capacity, max(capacity - kept_free, sum(map(_never_held_back, danger)))
    )
    taken, left = danger[:places], capacity - places
    overdue = scored if len(danger) > places else overdue
    late = _shared_trips(
        overdue, min(len(overdue), max(math.ceil(left * OVERDUE_SHARE), left - len(risk))), taken
    )
    return [*taken, *late, *_shared_trips(risk, left - len(late), [*taken, *late])]


def _section(child: Candidate) -> str | None:
    if child.state in GONE:
        return None
    if child.danger:
        return "danger"
    if (child.overdue_days or 0) > 0 and child.next_step in OVERDUE_STEPS:
        return "overdue"
    return "risk" if benefit(child) > 0 else None


def _rests(child: Candidate, as_of: dt.date) -> bool:
    visited, weighed = child.last_visited_on, child.facts.get("last_weight_on")
    if visited is None:
        return False
    weighed_since = weighed is not None and weighed > visited
    if child.last_finding in ("moved", "died"):
        return not weighed_since
    if (child.danger and weighed_since) or child.listed_for not in (None, main_reason(child)):
        return False
    days = REST_DAYS.get(child.last_finding or "", 7)
    return (as_of - visited).days < (min(days, 7) if child.danger else days)


def _never_held_back(child: Candidate) -> bool:
    return child.rule in FACILITY or _very_severe(child)


def _very_severe(child: Candidate) -> bool:
    whz, muac_mm = _measured(child, "whz"), _measured(child, "muac_mm")
    both = whz < SAM_WHZ and muac_mm < SAM_MUAC_MM
    return child.rule in UNTREATED and (both or whz < VERY_LOW_WHZ or muac_mm < VERY_LOW_MUAC_MM)


def _measured(child: Candidate, name: str) -> float:
    value = child.facts.get(name)
    return math.inf if value is None or math.isnan(value) else value


def _order(child: Candidate) -> tuple:
    overdue = -min(child.overdue_days or 0, 60)
    age = child.age_months if child.age_months is not None else 999
    if not child.danger:
        return (-benefit(child), overdue, age, child.child_id)
    gravity = DANGER_ORDER.index(child.rule) if child.rule in DANGER_ORDER else len(DANGER_ORDER)
    whz = _measured(child, "whz")
    return (gravity, not _very_severe(child), overdue, -benefit(child), whz, age, child.child_id)


def _shared_trips(
    ordered: list[Candidate], places: int, chosen: list[Candidate]
) -> list[Candidate]:
    trips, waiting, taken = {child.centre_id for child in chosen}, list(ordered), []
    while waiting and len(taken) < places:
        gains = [
            benefit(child) * (SAME_TRIP if child.centre_id in trips else 1.0) for child in waiting
        ]
        taken.append(waiting.pop(gains.index(max(gains))))
        trips.add(taken[-1].centre_id)
    return taken
