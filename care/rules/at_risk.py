"""Too young or too old to be named SAM, and at risk all the same."""

from __future__ import annotations

from care.evidence import (
    Facts,
    Mask,
    classifiable,
    examined_since,
    holds,
    infant,
    no,
    out_of_treatment,
    within,
)
from care.protocol import Protocol
from care.rule import Rule


def _infant_untreated(facts: Facts, protocol: Protocol) -> Mask:
    return infant(facts, protocol) & out_of_treatment(facts)


def _infant_signs(facts: Facts, protocol: Protocol) -> Mask:
    falling = (facts["waz"] < protocol["infant_waz"]) & (facts["waz_change"] < 0.0)
    recent = holds(facts, "weighed_on", protocol)
    return (falling & recent) | (facts["birth_weight_kg"] < protocol["infant_birth_weight_kg"])


def _infant_lost(facts: Facts, protocol: Protocol) -> Mask:
    lost = (facts["last_change_kg"] < 0.0) | (facts["month_gain_kg"] <= 0.0)
    return lost & holds(facts, "weighed_on", protocol)


def _infant_thin(facts: Facts, protocol: Protocol) -> Mask:
    arm = (facts["arm_mm"] < protocol["infant_arm_mm"]) & holds(facts, "arm_on", protocol)
    return arm & (facts["age_days"] >= protocol["infant_arm_from_days"])


def infant_losing(facts: Facts, protocol: Protocol) -> Mask:
    thin = _infant_thin(facts, protocol) & no(examined_since(facts, "arm_on"))
    lost = _infant_lost(facts, protocol) & no(examined_since(facts, "weighed_on"))
    return _infant_untreated(facts, protocol) & (thin | lost)


def infant_at_risk(facts: Facts, protocol: Protocol) -> Mask:
    unexamined = no(within(facts, "checked_on", protocol["follow_up_every_days"]))
    return _infant_untreated(facts, protocol) & _infant_signs(facts, protocol) & unexamined


def older_at_risk(facts: Facts, protocol: Protocol) -> Mask:
    arm = (facts["arm_mm"] < protocol["older_arm_mm"]) & holds(facts, "arm_on", protocol)
    thin = arm & no(examined_since(facts, "arm_on"))
    loss = (facts["recent_loss_share"] > protocol["weight_loss_share"]) & holds(facts, "weighed_on", protocol)
    lost = loss & no(examined_since(facts, "weighed_on"))
    return no(classifiable(facts, protocol)) & out_of_treatment(facts) & (thin | lost)


def infant_watched(facts: Facts, protocol: Protocol) -> Mask:
    found = _infant_signs(facts, protocol) | _infant_lost(facts, protocol) | _infant_thin(facts, protocol)
    return _infant_untreated(facts, protocol) & found


AT_RISK = (
    Rule("infant_losing", infant_losing, "infant_at_risk", "examine", "anm_or_mo",
         "Under six months and losing weight, not gaining for a month, or thin in the arm: examined at once.",
         ("weighed_on", "arm_on"), "refer_within_days", danger=True,
         cites=("infant_arm_mm", "infant_arm_from_days", "finding_holds_days")),
    Rule("infant_at_risk", infant_at_risk, "infant_at_risk", "examine", "anm_or_mo",
         "Under six months, and light and falling behind or born small: examined.",
         ("weighed_on", "registered_on"), "examine_within_days",
         cites=("infant_waz", "infant_birth_weight_kg", "follow_up_every_days")),
    Rule("older_at_risk", older_at_risk, "not_classifiable", "examine", "medical_officer",
         "Over five years, with a thin arm or a loss of weight: SAM cannot be named, the medical officer examines.",
         ("weighed_on", "arm_on"), "examine_within_days", danger=True,
         cites=("older_arm_mm", "weight_loss_share", "finding_holds_days")),
)
