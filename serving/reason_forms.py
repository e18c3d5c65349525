"""Which form of a reason is told, once for all languages: a sentence says only what the facts bear."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from models.candidate import Reason

REASONS = (
    "falling_weight",
    "low_weight_for_height",
    "low_muac",
    "poor_gain",
    "early_in_recovery",
    "severe_at_admission",
    "earlier_episodes",
    "length_of_stay",
    "illness",
    "poor_appetite",
    "missed_weighings",
    "food_not_received",
    "poor_attendance",
    "lean_season",
    "age",
    "low_birth_weight",
    "stunted",
    "family_and_centre",
    "thin_records",
)
GOOD_GAIN_G_KG_DAY = 5.0
"""Below it a gain is told as "only": 5 to 10 g/kg/day is moderate (WHO 1998, inpatient norm)."""
LONG_UNSEEN_DAYS = 30
GOOD_SHARE = 0.8
"""A share of food or days from here on reads as good news."""


@dataclass(frozen=True)
class Form:
    """One way to tell a reason: its name in the word files, when it may be told (facts, raises) -> bool.

    `says` is what a reader takes from it alone: 1 something amiss, -1 that all is well, 0 neither.
    """

    name: str
    needs: tuple[str, ...]
    told: Callable[[Mapping, bool], bool] = lambda facts, raises: True
    says: int = 0


FORMS: dict[str, tuple[Form, ...]] = {
    "falling_weight": (
        Form("fell", ("weight_change_kg", "weight_change_days"), lambda f, up: f["weight_change_kg"] < -0.04, 1),
        Form("same", ("weight_change_kg", "weight_change_days"), lambda f, up: f["weight_change_kg"] <= 0.04, 1),
        Form("rose_little", ("weight_change_kg", "weight_change_days"), lambda f, up: up, 1),
        Form("rose", ("weight_change_kg", "weight_change_days"), says=-1),
    ),
    "low_weight_for_height": (
        Form("low", ("whz",), lambda f, up: f["whz"] < -2, 1),
        Form("fair", ("whz",)),
    ),
    "low_muac": (Form("low", ("muac_mm",), lambda f, up: f["muac_mm"] < 125, 1), Form("fair", ("muac_mm",))),
    "poor_gain": (
        Form("loss", ("gain_g_week",), lambda f, up: f["gain_g_week"] <= -10, 1),
        Form("little", ("gain_g_week",), lambda f, up: up and f["gain_g_kg_day"] < GOOD_GAIN_G_KG_DAY, 1),
        Form("gains", ("gain_g_week",), says=-1),
    ),
    "early_in_recovery": (
        Form("out", ("days_since_discharge",), lambda f, up: f["days_since_discharge"] < LONG_UNSEEN_DAYS * 3, 1),
        Form("out", ("days_since_discharge",)),
        Form("treated", ("days_in_treatment",)),
    ),
    "severe_at_admission": (),
    "earlier_episodes": (
        Form("never", ("episodes_before",), lambda f, up: f["episodes_before"] < 1, -1),
        Form("once", ("episodes_before",), lambda f, up: f["episodes_before"] == 1, 1),
        Form("times", ("episodes_before",), says=1),
    ),
    "length_of_stay": (Form("stay", ("length_of_stay_days",)), Form("so_far", ("days_in_treatment",))),
    "illness": (
        Form("no_checks", ("checks",), lambda f, up: f["checks"] < 1),
        Form("never", ("ill_checks", "checks"), lambda f, up: f["ill_checks"] < 1, -1),
        Form("ill", ("ill_checks", "checks"), says=1),
    ),
    "poor_appetite": (
        Form("no_checks", ("checks",), lambda f, up: f["checks"] < 1),
        Form("never", ("poor_appetite_checks", "checks"), lambda f, up: f["poor_appetite_checks"] < 1, -1),
        Form("poor", ("poor_appetite_checks", "checks"), says=1),
    ),
    "missed_weighings": (
        Form("missed_one", ("missed_weighings",), lambda f, up: f["missed_weighings"] == 1, 1),
        Form("missed", ("missed_weighings",), lambda f, up: f["missed_weighings"] > 1, 1),
        Form("unseen", ("days_since_seen",), lambda f, up: up and f["days_since_seen"] > LONG_UNSEEN_DAYS, 1),
        Form("never", ("missed_weighings",), says=-1),
    ),
    "food_not_received": (
        Form("part", ("ednf_share",), lambda f, up: f["ednf_share"] < GOOD_SHARE, 1),
        Form("part", ("ednf_share",), says=-1),
    ),
    "poor_attendance": (
        Form("days", ("attendance_share",), lambda f, up: f["attendance_share"] < GOOD_SHARE, 1),
        Form("days", ("attendance_share",), says=-1),
    ),
    "lean_season": (),
    "age": (
        Form("young", ("age_months",), lambda f, up: up and f["age_months"] < 24, 1),
        Form("months", ("age_months",)),
    ),
    "low_birth_weight": (
        Form("low", ("birth_weight_kg",), lambda f, up: f["birth_weight_kg"] < 2.5, 1),
        Form("fair", ("birth_weight_kg",)),
    ),
    "stunted": (Form("low", ("haz",), lambda f, up: f["haz"] < -2, 1), Form("fair", ("haz",))),
    "family_and_centre": (),
    "thin_records": (Form("unseen", ("days_since_seen",), lambda f, up: f["days_since_seen"] > LONG_UNSEEN_DAYS, 1),),
}
"""Forms of each reason in the order in which they are tried; without one the short form (raising) or the label."""


def by_the_week(facts: Mapping) -> Mapping:
    """The facts with the gain in treatment as a person weighs it: grams a week, to the nearest ten.

    Example: a loss of 0.8 g/kg/day at 8.0 kg is 44.8 g a week, told as 40. Facts that have it already stay as they are.
    """
    if "gain_g_week" in facts:
        return facts
    gain, kg = facts.get("gain_g_kg_day"), facts.get("last_weight_kg")
    return {**facts, "gain_g_week": round(gain * kg * 7, -1) if known(gain) and known(kg) else None}


def form_of(reason: Reason, facts: Mapping) -> Form | None:
    """The first form of a reason that the facts bear; None where none is."""
    raises = reason.log_odds > 0
    for form in FORMS[reason.key]:
        for need in form.needs:
            if not known(facts.get(need)):
                break
        else:
            if form.told(facts, raises):
                return form
    return None


def known(value: object) -> bool:
    """Whether a fact is there: neither None nor NaN."""
    return value is not None and value == value
