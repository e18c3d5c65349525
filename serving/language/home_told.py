"""What was measured at home since the scoring, in words: the values with their day, and what the
plain rule says of them."""

from __future__ import annotations

from care.pathway.weights import LOOK_BACK_DAYS
from care.protocol import standard
from features.criteria import criteria
from models.visits.found_at_home import SIX_MONTHS, arm_rule, arm_stands
from models.visits.listed_child import Candidate
from serving.language.arm import arm_cm
from serving.language.words import Words


def home_told(child: Candidate, words: Words) -> list[str]:
    """Sentences, the first what was measured and when; empty where nothing was since the scoring.

    Example: `Measured at home on 30 June 2026, not yet scored: 7.4 kg, arm 11.2 cm.` and `An arm
    under 11.5 cm: SAM now.`"""
    facts, on = child.facts, child.facts.get("home_on")
    if on is None:
        return []
    kg, mm = facts.get("home_weight_kg"), facts.get("home_muac_mm")
    what = []
    if kg is not None:
        what.append(words.say("ui", "measurement_line", kg=words.kilograms(kg)))
    if mm is not None:
        what.append(words.say("ui", "muac_line", cm=arm_cm(mm)))
    told = [words.say("home", "measured", date=words.day(on), what=", ".join(what))]
    return told + [said for said in (_of_arm(child, words), _of_weight(child, words)) if said]


def _of_arm(child: Candidate, words: Words) -> str:
    mm, months = child.facts.get("home_muac_mm"), child.age_months
    if mm is None or not arm_stands(child, child.facts["home_on"], standard()):
        return ""
    if months is None:
        return words("home", "no_age")
    protocol, limits = standard(), criteria()
    severe, moderate = limits.severe_muac_below_mm, limits.moderate_muac_below_mm
    rule = arm_rule(child, mm, protocol)
    if rule == "sam":
        return words.say("home", "sam", limit=arm_cm(severe))
    if rule is not None:
        limit = protocol["older_arm_mm" if rule == "older_at_risk" else "infant_arm_mm"]
        return words.say("home", rule, limit=arm_cm(limit))
    if months < SIX_MONTHS:
        return words("home", "infant")
    if mm < moderate:
        return words.say("home", "mam", low=arm_cm(severe), limit=arm_cm(moderate))
    return words("home", "not_by_arm")


def _of_weight(child: Candidate, words: Words) -> str:
    """How much lighter than at the last weighing of the season before; empty where it is not, or
    where there is none to compare with."""
    facts, kg = child.facts, child.facts.get("home_weight_kg")
    before, before_on = facts.get("last_weight_kg"), facts.get("last_weight_on")
    if kg is None or before is None or before_on is None or kg >= before:
        return ""
    if not 0 < (facts["home_on"] - before_on).days <= LOOK_BACK_DAYS:
        return ""
    share = 1 - kg / before
    key = "lost_much" if share > standard()["weight_falls_share"] else "lost"
    day = words.day(before_on, short=True)
    less, percent = words.kilograms(before - kg), words.number(100 * share)
    return words.say("home", key, less=less, percent=percent, kg=words.kilograms(before), date=day)
