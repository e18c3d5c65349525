"""In which order children stand on a list: who may die first, what is late, and what a visit can
change.

The constants are judgements of ours, not of a protocol (`verified = false`), but for what
`models.visits.severity` cites; docs/visits.md says so to whoever reads the list.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from care.pathway.decide import IN_TREATMENT
from models.targets import TARGETS
from models.visits.listed_child import Candidate
from models.visits.severity import (
    EXTREME,
    EXTREME_AND_ILL,
    MODERATE,
    SEVERE,
    YOUNG_MONTHS,
    severity,
)

FACILITY = (
    "complication",
    "appetite_failed",
    "oedema",
    "small_sam",
    "under_six_months",
    "left_nrc",
    "not_arrived",
)
FAILING = ("weight_lost", "loses_weight", "no_gain", "failing_gain")
UNTREATED = (
    "very_low_twice",
    "very_low_z",
    "again_ill",
    "sam_ill",
    "sam_old_ill",
    "infant_losing",
    "again_passed",
    "again_examined",
    "again",
    "sam_passed",
    "sam_confirmed",
    "sam_suspected",
    "back_with_sam",
    "sam_denied",
    "older_at_risk",
)
BROKEN_OFF = ("defaulted", "transferred", "not_recovered")
WITHIN = ("very_low_z_in_stay", "ill_in_treatment", "eats_poorly", "too_long", "admitted_untested")
KINDS = (FACILITY, FAILING, UNTREATED, BROKEN_OFF, WITHIN)
"""Rules of danger by kind: what belongs in a facility, treatment that does not help, SAM without
treatment, treatment broken off, what is amiss within treatment. Children of one band of severity
stand in this order. verified: false."""
DANGER_ORDER = tuple(rule for kind in KINDS for rule in kind)
AT_LEAST = {
    "complication": EXTREME_AND_ILL,
    "appetite_failed": EXTREME_AND_ILL,
    "small_sam": EXTREME_AND_ILL,
    "very_low_z": EXTREME_AND_ILL,
    "very_low_twice": EXTREME_AND_ILL,
    "very_low_z_in_stay": EXTREME_AND_ILL,
    "oedema": EXTREME,
    "under_six_months": EXTREME,
    "left_nrc": EXTREME,
    "not_arrived": EXTREME,
    "weight_lost": EXTREME,
    "sam_ill": EXTREME,
    "again_ill": EXTREME,
    "no_gain": SEVERE,
    "loses_weight": SEVERE,
    "older_at_risk": MODERATE,
    "too_long": MODERATE,
    "admitted_untested": MODERATE,
}
"""What the rule itself has found counts as a band of severity, whatever was measured. Other rules
of danger: EXTREME where they send to a facility, else SEVERE. A very low WHZ (under -5) is the
lowest there is. verified: false."""
ILL_BY_RULE = frozenset({"sam_ill", "again_ill", "sam_old_ill", "ill_in_treatment", "eats_poorly"})
TO_A_FACILITY = "admit_nrc"
"""The step that sends to a facility today: never held back, whichever rule asks for it."""
CENTRE_STEPS = frozenset(
    {
        "examine",
        "remeasure",
        "appetite_test",
        "admit_ucdc",
        "medical_check",
        "check_feeding",
        "review_gain",
        "review_stay",
        "review_long_stay",
        "discharge",
    }
)
CENTRE_STAFF = frozenset({"anm_or_mo", "anm", "medical_officer"})
"""These steps, done by these people, are work at the centre: no home visit does them."""
NOT_YET_LATE_DAYS = 3
"""What is up to so many days late is the centre's own to catch up on, not a home visit. verified:
false."""
OVERDUE_STEPS = frozenset(
    {
        "measure",
        "remeasure",
        "weigh_monthly",
        "weigh_weekly",
        "weigh_fortnightly",
        "follow_up_weighing",
        "measure_arm",
        "bring_back",
        "trace",
        "admit_ucdc",
    }
)
"""Steps that a visit can make good when they are late. A late height, check, review or question is
the centre's own work."""
FALLING = ("follow_up_losing", "mam_losing", "losing_weight")
"""Weight lost out of treatment: the ANM examines the child at the centre, and from the fourth late
day on a home visit weighs it again and brings it. Moderately wasted children who lost at two visits
running became severely wasted or died 2.9 times as often (`models.visits.severity`, [6])."""
LATE_FIRST = (
    "back_from_nrc",
    "absent",
    "ended_old",
    "sam_old",
    "arm_open",
    *FALLING,
    "infant_watched",
    "mam_high_risk",
)
"""Late steps that go before every other, in this order: of children who had SAM and whom nobody
sees now, then of those who lose weight, and of those whom WHO (2023) watches more closely.
verified: false."""
UNSEEN_CURE = len(LATE_FIRST)
"""Then late steps of a child discharged as cured whose cure nobody saw, or did not last: no model
may say anything of it, and that must not put it behind children of little risk. verified: false."""
LATE_AT_ONCE = frozenset({"sam_old", "ended_old"})
"""Danger that nobody answered until it ran out is a home visit from its first day: neglect makes no
child less urgent. verified: false."""
SAM_BY_ARM_STANDS = -1
"""The place before all of `LATE_FIRST`: discharged as cured while the last arm, young enough to
hold, was SAM, and no arm was taken since. Only an arm answers an arm (registry contract), so nobody
has shown that this untreated child is well. verified: false."""
GONE = frozenset({"left", "died"})
EXPECTED_GAP_DAYS = {True: 7, False: 30}
"""How often the protocol looks at a child: weekly in treatment, monthly after it (Government
Resolution §5)."""
SEEN_AS_EXPECTED = {True: 0.3, False: 0.7}
"""What a visit can change for a child who is seen as the protocol asks: in treatment others weigh
it each week and check it twice, so a visit is one look among many; after discharge the visit is
often the only one in the month. From the first missed gap on, either share rises, to 1 after two.
verified: false."""
TREATMENT_DAYS = 91
"""Non-response is decided after twelve weeks and a week's grace (registry contract): a visit on day
80 comes too late to change it, one on day 10 does not. What is left of these days counts."""
REST_DAYS = {"well": 28, "data_wrong": 28, "away": 7, "sam_again": 7, "ill": 5}
"""Days after a visit in which the child is not asked for again for the same reason. verified:
false."""
DANGER_REST_DAYS = 7
ILL_IN_DANGER_REST_DAYS = 2
"""An ill child is seen again in two to five days, as IMNCI's follow-up visits are spaced (text not
seen); one in danger after two. verified: false."""
LOSS_SHARE = 0.05
"""As the protocol has it in treatment (`care.protocol`, weight_loss_share); children who lose
weight are likelier to die (`models.visits.severity`, [6]). That it counts only within a band is
ours. verified: false."""
GONE_FINDINGS = frozenset({"moved", "died"})
UNANSWERED = frozenset({"away"})
"""Findings after which danger still stands as before: nobody saw the child."""
PREVENTION = "prevention"
"""The section of untreated children who may soon be SAM (`models.targets.Target.section`)."""
BY_SCORE = frozenset({"risk", PREVENTION})
"""The sections whose children a score lists and no rule."""
PREVENTION_FROM = 0.02
"""A risk of a first SAM under one in fifty asks for nobody: most children of a centre are far from
it. verified: false."""
LATE_COUNTS_DAYS = 60
"""Beyond two months, how late a step is says more about the records than about the child. verified:
false."""


def what_a_visit_can_change(candidate: Candidate) -> float:
    """0 to 1: how much of the risk a visit can reach, from treatment, its time left and days since
    last seen.

    Example: discharged, last weighed on 1 March 2026, list of 15 April: 45 days, half a gap late,
    0.7 + 0.3 x 0.5 = 0.85. In treatment for 26 days, weighed last week: 0.3 x 65 / 91 = 0.214. A
    child whose last weighing is unknown counts as not seen for two expected gaps.
    """
    treated = candidate.state in IN_TREATMENT
    unseen, gap = candidate.facts.get("days_since_seen"), EXPECTED_GAP_DAYS[treated]
    late = 1.0 if unseen is None else min(1.0, max(0.0, unseen / gap - 1))
    reach = SEEN_AS_EXPECTED[treated] + (1 - SEEN_AS_EXPECTED[treated]) * late
    return reach * _time_left(candidate) if treated else reach


def _time_left(candidate: Candidate) -> float:
    """The share of the treatment's days that is still ahead; 1 where its first day is not known,
    never 0."""
    day = candidate.facts.get("days_in_treatment")
    return 1.0 if day is None else max(1, TREATMENT_DAYS - day) / TREATMENT_DAYS


def benefit(candidate: Candidate) -> float:
    """Calibrated risk x what a visit can change; 0 without a score."""
    risk = candidate.risk
    return 0.0 if risk is None or math.isnan(risk) else risk * what_a_visit_can_change(candidate)


def section(candidate: Candidate) -> str | None:
    """`danger`, `overdue`, `risk`, `prevention`, or None where nothing asks for anybody (gone, or
    well and not scored or far from SAM).

    Overdue is a home visit from its fourth day, and work at the centre (for the ANM's part of the
    list) from its first.
    """
    if candidate.state in GONE:
        return None
    if candidate.danger:
        return "danger"
    if at_the_centre(candidate):
        late = (candidate.overdue_days or 0) > 0
    else:
        at_once = candidate.rule in LATE_AT_ONCE or sam_by_arm_stands(candidate)
        at_once = at_once and (candidate.overdue_days or 0) > 0
        late = candidate.next_step in OVERDUE_STEPS and (at_once or _past_its_day(candidate))
        late = late or _brought(candidate)
    if late:
        return "overdue"
    if of_prevention(candidate):
        return PREVENTION if (candidate.risk or 0.0) >= PREVENTION_FROM else None
    return "risk" if benefit(candidate) > 0 else None


def of_prevention(candidate: Candidate) -> bool:
    """Whether the leading score of the child is of a first SAM, whom nobody treats."""
    target = TARGETS.get(candidate.target or "")
    return target is not None and target.section == PREVENTION


def at_the_centre(candidate: Candidate) -> bool:
    """Whether the next step is the ANM's or the medical officer's at the centre, and no home
    visit's."""
    of_the_centre = candidate.next_step in CENTRE_STEPS and candidate.who in CENTRE_STAFF
    return of_the_centre and not _brought(candidate)


def to_a_facility(candidate: Candidate) -> bool:
    """Whether a rule sends the child to a facility today (or has it traced on the way there)."""
    return candidate.danger and (candidate.next_step == TO_A_FACILITY or candidate.rule in FACILITY)


def emergency(candidate: Candidate) -> bool:
    """Whether a child in danger needs somebody at its door: no step at the centre helps it, or it
    cannot wait for one.

    It cannot wait where SAM without treatment is extreme (`EXTREME`); where treatment fails or
    ended without recovery, the child was not measured well, and nobody examined it in time; and in
    treatment, where the centre sees the child daily, where an extreme case is ill and its day has
    passed. Examples: a defaulter; SAM with WHZ -3.4 and an arm of 112 mm, due today. Not: WHZ -3.4
    and an arm of 121 mm, due today or 20 days late: the ANM examines it (`to_bring`).
    """
    if not candidate.danger or candidate.state in GONE:
        return False
    if not at_the_centre(candidate) or to_a_facility(candidate):
        return True
    kind = KINDS[kind_of(candidate.rule, candidate.next_step)]
    if kind is WITHIN:
        return gravity(candidate) >= EXTREME_AND_ILL and (candidate.overdue_days or 0) > 0
    unseen = (
        kind in (FAILING, BROKEN_OFF) and _past_its_day(candidate) and not _measured_well(candidate)
    )
    return gravity(candidate) >= EXTREME or unseen


def to_bring(candidate: Candidate) -> bool:
    """Whether SAM without treatment waits past its day for the ANM: a home visit brings it, where a
    place is left."""
    if not candidate.danger or candidate.state in GONE or emergency(candidate):
        return False
    return KINDS[kind_of(candidate.rule, candidate.next_step)] is UNTREATED and _past_its_day(
        candidate
    )


def sam_by_arm_stands(candidate: Candidate) -> bool:
    """Whether a child discharged as cured has an arm of SAM that holds and that no arm answered.

    Example: an arm of 111 mm on 19 May 2026, discharged as cured on 2 June, list of 30 June: yes.
    With an arm of 121 mm, or one taken more than 63 days ago: no.
    """
    return candidate.rule == "arm_open" and _measured_band(candidate) >= SEVERE


def waits_at_the_centre(candidate: Candidate) -> bool:
    """Whether a late step that a home visit should make good is the centre's work where no visit is
    left: an arm of SAM that nobody asked again, a weight lost that nobody examined."""
    return sam_by_arm_stands(candidate) or _brought(candidate)


def late_place(candidate: Candidate) -> int:
    """The place of a late step: `SAM_BY_ARM_STANDS`, then in `LATE_FIRST`, then `UNSEEN_CURE`, then
    every other step."""
    if section(candidate) != "overdue":
        return UNSEEN_CURE + 1
    if sam_by_arm_stands(candidate):
        return SAM_BY_ARM_STANDS
    if candidate.rule in LATE_FIRST:
        return LATE_FIRST.index(candidate.rule)
    return UNSEEN_CURE if candidate.cure_not_shown else UNSEEN_CURE + 1


def _brought(candidate: Candidate) -> bool:
    """Whether a child that loses weight was not examined in its days: it is visited and brought."""
    return candidate.rule in FALLING and _past_its_day(candidate)


def _past_its_day(candidate: Candidate) -> bool:
    return (candidate.overdue_days or 0) > NOT_YET_LATE_DAYS


def main_reason(candidate: Candidate) -> str | None:
    """What a list would ask this visit for: the rule in danger or overdue, else the strongest
    raising reason."""
    if section(candidate) in ("danger", "overdue"):
        return candidate.rule
    raising = [reason for reason in candidate.reasons if reason.log_odds > 0]
    return max(raising, key=lambda reason: reason.log_odds).key if raising else None


def rests(candidate: Candidate, *, as_of: dt.date) -> bool:
    """Whether a recent visit has answered this reason already.

    Well on 2 March 2026: not listed again for the same reason before 30 March. In danger, the rule
    asks again after 7 days (2 where it was found ill), and at once when a newer weighing still says
    danger; what belongs in a facility or was not at home does not rest. Moved or died: until the
    child is weighed again.
    """
    visited = candidate.last_visited_on
    if visited is None:
        return False
    weighed = candidate.facts.get("last_weight_on")
    weighed_since = weighed is not None and weighed > visited
    if candidate.last_finding in GONE_FINDINGS:
        return not weighed_since
    if candidate.danger and (
        weighed_since or candidate.last_finding in UNANSWERED or to_a_facility(candidate)
    ):
        return False
    if candidate.listed_for is not None and candidate.listed_for != main_reason(candidate):
        return False
    days = REST_DAYS.get(candidate.last_finding or "", DANGER_REST_DAYS)
    if candidate.danger:
        days = min(
            days, ILL_IN_DANGER_REST_DAYS if candidate.last_finding == "ill" else DANGER_REST_DAYS
        )
    return (as_of - visited).days < days


def gone(child: Candidate, *, as_of: dt.date) -> bool:
    """Whether the child has left or died, by its state or by what a visit found."""
    found = child.last_finding in GONE_FINDINGS and rests(child, as_of=as_of)
    return child.state in GONE or found


def order(child: Candidate) -> tuple[Any, ...]:
    """The key by which the children of one section are sorted, and the stated ties.

    In danger: severity (`gravity`), the kind of danger (`KINDS`), a fast loss of weight, under two
    years, days overdue (at most 60), the rule, benefit, the lower WHZ. Overdue: an arm of SAM that
    stands (`sam_by_arm_stands`), then `LATE_FIRST`; then,
    as for risk, most benefit and days overdue. Last the younger, then the child's id.
    """
    overdue = -min(child.overdue_days or 0, LATE_COUNTS_DAYS)
    age = child.age_months if child.age_months is not None else 999
    if not child.danger:
        return (late_place(child), -benefit(child), overdue, age, child.child_id)
    rule = DANGER_ORDER.index(child.rule) if child.rule in DANGER_ORDER else len(DANGER_ORDER)
    whz = _measured(child, "whz", math.inf)
    old = age >= YOUNG_MONTHS
    kind = kind_of(child.rule, child.next_step)
    steady = not loses_fast(child)
    return (
        -gravity(child),
        kind,
        steady,
        old,
        overdue,
        rule,
        -benefit(child),
        whz,
        age,
        child.child_id,
    )


def gravity(child: Candidate) -> int:
    """Severity of a child in danger, 0 to 4: what was measured, or what its rule found, whichever
    is graver.

    Example: failed to gain for two weeks, WHZ -3.6 and an arm of 109 mm at the last measurement: 3;
    with fever: 4.
    """
    ill = bool(child.facts.get("ill_now")) or child.rule in ILL_BY_RULE
    return max(_measured_band(child, ill=ill), found_by(child.rule, child.next_step))


def _measured_band(child: Candidate, *, ill: bool = False) -> int:
    return int(
        severity(
            _measured(child, "whz"),
            _measured(child, "newest_muac_mm", _measured(child, "muac_mm")),
            oedema=child.rule == "oedema",
            ill=ill,
            age_months=math.nan if child.age_months is None else child.age_months,
        )
    )


def _measured_well(child: Candidate) -> bool:
    return not math.isnan(_measured(child, "whz")) and _measured_band(child) < MODERATE


def loses_fast(child: Candidate) -> bool:
    """Whether the last weight is `LOSS_SHARE` below one of 14 to 60 days earlier. Example: 6.0 kg,
    then 5.2 kg."""
    return _measured(child, "lost_share") >= LOSS_SHARE


def found_by(rule: str | None, step: str) -> int:
    """The band of severity that a rule of danger stands for by itself (`AT_LEAST`), measured or
    not."""
    return AT_LEAST.get(rule or "", EXTREME if step == TO_A_FACILITY else SEVERE)


def kind_of(rule: str | None, step: str) -> int:
    """The place of a rule's kind in `KINDS`; a rule that is not named there is placed by its
    step."""
    named = (place for place, rules in enumerate(KINDS) if rule in rules)
    return next(named, KINDS.index(FACILITY if step == TO_A_FACILITY else UNTREATED))


def _measured(child: Candidate, name: str, unknown: float = math.nan) -> float:
    """A measured fact; `unknown` where it is not known."""
    value = child.facts.get(name)
    return unknown if value is None or math.isnan(value) else value
