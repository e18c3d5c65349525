"""In which order children stand on a list: what endangers first, what is late, and what a visit can change.

The constants are judgements of ours, not of a protocol (`verified = false`); docs/visits.md says so to whoever reads
the list.
"""

from __future__ import annotations

import datetime as dt
import math

from models.candidate import Candidate

DANGER_ORDER = (
    "oedema",
    "complication",
    "appetite_failed",
    "under_six_months",
    "not_arrived",
    "again_passed",
    "again_examined",
    "again",
    "sam_passed",
    "sam_confirmed",
    "sam_suspected",
    "weight_lost",
    "no_gain",
    "defaulted",
    "not_recovered",
    "too_long",
    "admitted_untested",
    "eats_poorly",
)
"""Rules of danger, the gravest first: what belongs in a facility, SAM without treatment, treatment that does not
help, treatment broken off, then what is amiss within treatment. The grouping is ours. verified: false."""
UNTREATED_SAM = frozenset(
    {"again_passed", "again_examined", "again", "sam_passed", "sam_confirmed", "sam_suspected"}
)
SAM_WHZ, SAM_MUAC_MM = -3.0, 115.0
VERY_LOW_WHZ, VERY_LOW_MUAC_MM = -4.0, 105.0
"""Untreated SAM with both limits crossed, or one by a whole z-score or a centimetre, goes before the rest of its rule:
the risk of dying rises steeply with either deficit, and most with both. The two lower limits are ours.
verified: false."""
OVERDUE_STEPS = frozenset(
    {
        "measure",
        "remeasure",
        "weigh_monthly",
        "weigh_weekly",
        "follow_up_weighing",
        "bring_back",
        "examine",
        "admit_ucdc",
    }
)
"""Steps that a visit can make good when they are late. A late height, check or review is the centre's own work."""
IN_TREATMENT = frozenset({"in_ucdc", "in_nrc", "no_gain_refer", "discharge_due", "over_long_stay"})
GONE = frozenset({"left", "died"})
EXPECTED_GAP_DAYS = {True: 7, False: 30}
"""How often the protocol looks at a child: weekly in treatment, monthly after it (Government Resolution §5)."""
SEEN_AS_EXPECTED = {True: 0.3, False: 0.7}
"""What a visit can change for a child who is seen as the protocol asks: in treatment others weigh it each week and
check it twice, so a visit is one look among many; after discharge the visit is often the only one in the month.
From the first missed gap on, either share rises, to 1 after two. verified: false."""
TREATMENT_DAYS = 91
"""Non-response is decided after twelve weeks and a week's grace (registry contract): a visit on day 80 comes too late
to change it, one on day 10 does not. What is left of these days counts."""
REST_DAYS = {"well": 28, "data_wrong": 28, "away": 7, "sam_again": 7, "ill": 5}
"""Days after a visit in which the child is not asked for again for the same reason. verified: false."""
DANGER_REST_DAYS = 7
ILL_IN_DANGER_REST_DAYS = 2
"""An ill child is seen again in two to five days, as IMNCI's follow-up visits are spaced (text not seen); one in danger
after two. verified: false."""
LATE_COUNTS_DAYS = 60
"""Beyond two months, how late a step is says more about the records than about the child. verified: false."""


def what_a_visit_can_change(candidate: Candidate) -> float:
    """0 to 1: how much of the risk a visit can reach, from treatment, its time left and days since last seen.

    Example: discharged, last weighed on 1 March 2026, list of 15 April: 45 days, half a gap late, 0.7 + 0.3 x 0.5 =
    0.85. In treatment for 26 days, weighed last week: 0.3 x 65 / 91 = 0.214. A child whose last weighing is unknown
    counts as not seen for two expected gaps.
    """
    treated = candidate.state in IN_TREATMENT
    unseen, gap = candidate.facts.get("days_since_seen"), EXPECTED_GAP_DAYS[treated]
    late = 1.0 if unseen is None else min(1.0, max(0.0, unseen / gap - 1))
    reach = SEEN_AS_EXPECTED[treated] + (1 - SEEN_AS_EXPECTED[treated]) * late
    return reach * _time_left(candidate) if treated else reach


def _time_left(candidate: Candidate) -> float:
    """The share of the treatment's days that is still ahead; 1 where its first day is not known, never 0."""
    day = candidate.facts.get("days_in_treatment")
    return 1.0 if day is None else max(1, TREATMENT_DAYS - day) / TREATMENT_DAYS


def benefit(candidate: Candidate) -> float:
    """Calibrated risk x what a visit can change; 0 without a score."""
    risk = candidate.risk
    return 0.0 if risk is None or math.isnan(risk) else risk * what_a_visit_can_change(candidate)


def section(candidate: Candidate) -> str | None:
    """`danger`, `overdue`, `risk`, or None where nothing asks for a visit (gone, or well and not scored)."""
    if candidate.state in GONE:
        return None
    if candidate.danger:
        return "danger"
    if (candidate.overdue_days or 0) > 0 and candidate.next_step in OVERDUE_STEPS:
        return "overdue"
    return "risk" if benefit(candidate) > 0 else None


def main_reason(candidate: Candidate) -> str | None:
    """What a list would ask this visit for: the rule in danger or overdue, else the strongest raising reason."""
    if section(candidate) in ("danger", "overdue"):
        return candidate.rule
    raising = [reason for reason in candidate.reasons if reason.log_odds > 0]
    return max(raising, key=lambda reason: reason.log_odds).key if raising else None


def rests(candidate: Candidate, *, as_of: dt.date) -> bool:
    """Whether a recent visit has answered this reason already.

    Well on 2 March 2026: not listed again for the same reason before 30 March. In danger, the rule asks again after
    7 days (2 where it was found ill), and at once when a newer weighing still says danger. Moved or died: until the
    child is weighed again.
    """
    visited = candidate.last_visited_on
    if visited is None:
        return False
    weighed = candidate.facts.get("last_weight_on")
    weighed_since = weighed is not None and weighed > visited
    if candidate.last_finding in ("moved", "died"):
        return not weighed_since
    if candidate.danger and weighed_since:
        return False
    if candidate.listed_for is not None and candidate.listed_for != main_reason(candidate):
        return False
    days = REST_DAYS.get(candidate.last_finding or "", DANGER_REST_DAYS)
    if candidate.danger:
        days = min(days, ILL_IN_DANGER_REST_DAYS if candidate.last_finding == "ill" else DANGER_REST_DAYS)
    return (as_of - visited).days < days


def order(child: Candidate) -> tuple:
    """The key by which the children of one section are sorted, and the stated ties.

    In danger: the rule (`DANGER_ORDER`, others last), very severe SAM, days overdue (at most 60), benefit, lower WHZ.
    Otherwise: most benefit, then days overdue. Then the younger, then the child's id.
    """
    overdue = -min(child.overdue_days or 0, LATE_COUNTS_DAYS)
    age = child.age_months if child.age_months is not None else 999
    if not child.danger:
        return (-benefit(child), overdue, age, child.child_id)
    gravity = DANGER_ORDER.index(child.rule) if child.rule in DANGER_ORDER else len(DANGER_ORDER)
    whz = _measured(child, "whz")
    return (gravity, not very_severe(child), overdue, -benefit(child), whz, age, child.child_id)


def very_severe(child: Candidate) -> bool:
    """Whether untreated SAM goes before other untreated SAM: both limits crossed, or one by far.

    Example: WHZ -3.1 with an arm of 112 mm, or WHZ -4.2 alone, before WHZ -3.1 with an arm of 121 mm that is later.
    """
    if child.rule not in UNTREATED_SAM:
        return False
    whz, muac_mm = _measured(child, "whz"), _measured(child, "muac_mm")
    return (whz < SAM_WHZ and muac_mm < SAM_MUAC_MM) or whz < VERY_LOW_WHZ or muac_mm < VERY_LOW_MUAC_MM


def _measured(child: Candidate, name: str) -> float:
    """A measured fact; infinite where it is not known."""
    value = child.facts.get(name)
    return math.inf if value is None or math.isnan(value) else value
