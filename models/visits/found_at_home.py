"""What a home visit found and measured since the scoring, on the child as the list sees it: told at
once, and SAM by the plain rule stands at once with its step.

The next scoring asks all rules again. Until then this only ever adds a danger and takes none away.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from care.pathway.decide import IN_TREATMENT
from care.pathway.rule import PathwayRule
from care.pathway.rules_in_order import ORDER
from features.criteria import criteria
from models.visits.listed_child import Candidate
from models.visits.visit_order import GONE_FINDINGS

RULES: Mapping[str, PathwayRule] = {rule.name: rule for rule in ORDER}
SAM_FOUND, ILL_FOUND, DEAD = "sam_again", "ill", "died"
INFANT_ARM_FROM_MONTHS, SIX_MONTHS, FIVE_YEARS = 2, 6, 60
"""Completed months: the book knows no birth date. An infant's arm is judged from six weeks on
(protocol, infant_arm_from_days); two months are surely more."""


@dataclass(frozen=True)
class HomeMeasures:
    """A weight and an arm that a visit took, either None where it did not."""

    measured_on: dt.date
    weight_kg: float | None = None
    muac_mm: float | None = None


def with_measures(
    child: Candidate, measured: HomeMeasures, protocol: Mapping[str, float]
) -> Candidate:
    """The child with what was measured at home since the scoring as facts `home_on`,
    `home_weight_kg`, `home_muac_mm`; with an arm of SAM, in danger by the rule that a scoring would
    find."""
    taken = {
        name: value
        for name, value in (
            ("home_weight_kg", measured.weight_kg),
            ("home_muac_mm", measured.muac_mm),
        )
        if value is not None
    }
    facts = child.facts | {"home_on": measured.measured_on} | taken
    told = replace(child, facts=facts)
    mm = measured.muac_mm
    answered = not arm_stands(child, measured.measured_on, protocol)
    rule = None if mm is None or answered else arm_rule(child, mm, protocol)
    if rule is None:
        return told
    names = {"sam_muac_mm": mm, "sam_muac_on": measured.measured_on, "newest_muac_mm": mm}
    arm = (
        names
        if rule == "sam"
        else {"newest_muac_mm": mm, "last_muac_mm": mm} | {"last_muac_on": measured.measured_on}
    )
    kg = facts.get("home_weight_kg", facts.get("last_weight_kg"))
    light = kg is not None and kg < protocol["facility_under_kg"]
    by = _sam_rule(child, measured.measured_on, protocol, light=light) if rule == "sam" else rule
    return _placed(replace(told, facts=facts | arm), by, measured.measured_on, protocol)


def with_sam_found(child: Candidate, on: dt.date, protocol: Mapping[str, float]) -> Candidate:
    """The child of whom a visit since the scoring said that it is SAM; as it is where a record of a
    later day answers."""
    answered_on = child.facts.get("record_on")
    if answered_on is not None and answered_on > on:
        return child
    told = replace(child, facts=child.facts | {"sam_at_home_on": on})
    return _placed(told, _sam_rule(child, on, protocol, light=False), on, protocol)


def arm_stands(child: Candidate, on: dt.date, protocol: Mapping[str, float]) -> bool:
    """Whether an arm of that day still says how the child is: no later arm answered it, and it is
    not older than a finding holds."""
    later, asked_on = child.facts.get("last_muac_on"), child.facts.get("asked_on")
    if later is not None and later > on:
        return False
    return asked_on is None or (asked_on - on).days <= protocol["finding_holds_days"]


def arm_rule(child: Candidate, muac_mm: float, protocol: Mapping[str, float]) -> str | None:
    """`sam`, or the rule of an infant or of a child over five, that an arm measured at home says;
    None where it says none, or the age is not known."""
    months = child.age_months
    if months is None:
        return None
    if months >= FIVE_YEARS:
        return "older_at_risk" if muac_mm < protocol["older_arm_mm"] else None
    if months >= SIX_MONTHS:
        return "sam" if muac_mm < criteria().severe_muac_below_mm else None
    thin = months >= INFANT_ARM_FROM_MONTHS and muac_mm < protocol["infant_arm_mm"]
    return "infant_losing" if thin else None


def _sam_rule(child: Candidate, on: dt.date, protocol: Mapping[str, float], *, light: bool) -> str:
    """The rule of SAM that nobody has examined yet."""
    cured_on = child.facts.get("discharged_on")
    again = cured_on is not None and 0 <= (on - cured_on).days <= protocol["follow_up_days"]
    if child.age_months is not None and child.age_months < SIX_MONTHS:
        return "under_six_months"
    if light:
        return "small_sam"
    if child.facts.get("ill_now") or (
        child.last_finding == ILL_FOUND and child.last_visited_on == on
    ):
        return "again_ill" if again else "sam_ill"
    return "again" if again else "sam_suspected"


def _placed(child: Candidate, name: str, on: dt.date, protocol: Mapping[str, float]) -> Candidate:
    """The child under this rule; as it is in danger already, in treatment, dead or gone."""
    gone = child.state == DEAD or (
        child.last_finding in GONE_FINDINGS
        and child.last_visited_on is not None
        and child.last_visited_on >= on
    )
    if child.danger or gone or child.state in IN_TREATMENT:
        return child
    rule = RULES[name]
    within = int(protocol[rule.limit]) if rule.limit else 0
    return replace(
        child,
        state=rule.state,
        rule=rule.name,
        next_step=rule.step,
        who=rule.who,
        danger=rule.danger,
        by_when=on + dt.timedelta(within),
        overdue_days=None,
    )
