"""Chooses the wording of a reason, the same in all languages: a sentence says only what the child's
own records support."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard, TypeVar

from care.protocol import standard
from models.visits.listed_child import Reason

Fact = TypeVar("Fact")
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
"""Below it a gain is told as little: 5 to 10 g/kg/day is moderate (WHO 1998, inpatient norm)."""
SCALE_KG = 0.04
"""A change within it is none: hanging scales read to 50 or 100 g."""
WASTED_Z, THIN_ARM_MM = -2.0, 125
"""Moderate wasting and stunting (WHO), and the arm of moderate wasting from six months of age."""
SEVERE_Z, SEVERE_ARM_MM = -3.0, 115
LONG_UNSEEN_DAYS = {True: 10, False: 35}
"""Without a weight for longer is told: in treatment weighed weekly, else monthly; each with some
grace."""
FRESH_OUT_DAYS = 90
OLD_HEIGHT_DAYS = 60
SACHETS_A_DAY = standard()["fewest_sachets"]
GOOD_SHARE = 0.8
"""A share of food or days from here on reads as good news."""


@dataclass(frozen=True)
class Form:
    """One way to tell a reason: its name in the word files, when it may be told (facts, raises) ->
    bool.

    `needs` are the facts that it rests on; it is told only where all of them are known. `says` is
    what a reader takes from it alone: 1 something amiss, -1 that all is well, 0 neither. A form
    that says the contrary of the score is not told.
    """

    name: str
    needs: tuple[str, ...]
    told: Callable[[Mapping[str, Any], bool], bool] = lambda facts, raises: True
    says: int = 0


_TREND = (
    "weight_before_kg",
    "weight_before_on",
    "last_weight_kg",
    "last_weight_on",
    "weight_change_kg",
    "weight_step_kg",
)
_STAY = ("stay_first_kg", "stay_first_on", "stay_last_kg", "stay_last_on", "stay_gain_g_kg_day")
_ARM = ("last_muac_mm", "last_muac_on")
_AT_ADMISSION = ("admission_whz", "admission_muac_mm", "admission_read_on")


def _fresh(facts: Mapping[str, Any], name: str) -> bool:
    """The reading is of the last weighing or later: beside a newer weight an older z would be
    misread."""
    weighed = facts.get("last_weight_on")
    return weighed is None or bool(facts[name] >= weighed)


def _fell(facts: Mapping[str, Any]) -> bool:
    """Lighter than before, and not on the way up again."""
    return bool(facts["weight_change_kg"] < -SCALE_KG and facts["weight_step_kg"] <= SCALE_KG)


def _thin_arm(facts: Mapping[str, Any]) -> bool:
    """Under 125 mm, read at an age (six months) from which that limit holds."""
    return bool(facts.get("last_muac_judged")) and facts["last_muac_mm"] < THIN_ARM_MM


def _unseen(facts: Mapping[str, Any]) -> bool:
    return bool(facts["days_since_seen"] > LONG_UNSEEN_DAYS["admitted_on" in facts])


FORMS: dict[str, tuple[Form, ...]] = {
    "falling_weight": (
        Form("fell", _TREND, lambda f, up: _fell(f), 1),
        Form("same", _TREND, lambda f, up: abs(f["weight_change_kg"]) <= SCALE_KG, 1),
        Form(
            "rose",
            _TREND,
            lambda f, up: not up and f["weight_change_kg"] > 0 and f["weight_step_kg"] >= 0,
            -1,
        ),
        Form("weights", _TREND),
    ),
    "low_weight_for_height": (
        Form(
            "low",
            ("whz", "whz_on"),
            lambda f, up: up and f["whz"] < WASTED_Z and _fresh(f, "whz_on"),
            1,
        ),
        Form("fair", ("whz", "whz_on"), lambda f, up: _fresh(f, "whz_on")),
    ),
    "low_muac": (
        Form("unread", _ARM, lambda f, up: _thin_arm(f) and not _fresh(f, "last_muac_on"), 1),
        Form("low", _ARM, lambda f, up: up and _thin_arm(f), 1),
        Form("fair", _ARM, lambda f, up: _fresh(f, "last_muac_on")),
    ),
    "poor_gain": (
        Form("loss", _STAY, lambda f, up: f["stay_last_kg"] - f["stay_first_kg"] < -SCALE_KG, 1),
        Form("little", _STAY, lambda f, up: up and f["stay_gain_g_kg_day"] < GOOD_GAIN_G_KG_DAY, 1),
        Form(
            "gains",
            _STAY,
            lambda f, up: not up and f["stay_last_kg"] - f["stay_first_kg"] > SCALE_KG,
            -1,
        ),
        Form("weights", _STAY),
    ),
    "early_in_recovery": (
        Form(
            "out",
            ("discharged_on", "days_since_discharge"),
            lambda f, up: f["days_since_discharge"] < FRESH_OUT_DAYS,
            1,
        ),
        Form("out", ("discharged_on",)),
    ),
    "severe_at_admission": (
        Form("oedema", ("admission_read_on",), lambda f, up: "admission_oedema" in f, 1),
        Form(
            "both",
            _AT_ADMISSION,
            lambda f, up: (
                up and f["admission_whz"] < SEVERE_Z and f["admission_muac_mm"] < SEVERE_ARM_MM
            ),
            1,
        ),
        Form(
            "arm",
            ("admission_muac_mm", "admission_read_on"),
            lambda f, up: up and f["admission_muac_mm"] < SEVERE_ARM_MM,
            1,
        ),
        Form(
            "whz",
            ("admission_whz", "admission_read_on"),
            lambda f, up: up and f["admission_whz"] < SEVERE_Z,
            1,
        ),
        Form(
            "fair_arm",
            ("admission_muac_mm", "admission_read_on"),
            lambda f, up: "admission_whz" not in f,
        ),
        Form("fair", ("admission_whz", "admission_read_on")),
    ),
    "earlier_episodes": (
        Form("never", ("treated_before",), lambda f, up: f["treated_before"] < 1, -1),
        Form(
            "once",
            ("treated_before", "treated_before_on"),
            lambda f, up: up and f["treated_before"] == 1,
            1,
        ),
        Form(
            "once", ("treated_before", "treated_before_on"), lambda f, up: f["treated_before"] == 1
        ),
        Form("times", ("treated_before", "treated_before_on"), lambda f, up: up, 1),
        Form("times", ("treated_before", "treated_before_on")),
    ),
    "length_of_stay": (
        Form("stay", ("stay_from_on", "stay_to_on")),
        Form("so_far", ("admitted_on",)),
    ),
    "illness": (
        Form(
            "ill", ("ill_checks", "checks", "checks_from_on"), lambda f, up: f["ill_checks"] > 0, 1
        ),
        Form("never", ("checks", "checks_from_on"), says=-1),
        Form(
            "unchecked", ("last_check_on", "checked_lately"), lambda f, up: not f["checked_lately"]
        ),
        Form("no_check", ("never_checked",)),
    ),
    "poor_appetite": (
        Form(
            "poor",
            ("poor_appetite_checks", "appetite_checks", "appetite_from_on"),
            lambda f, up: f["poor_appetite_checks"] > 0,
            1,
        ),
        Form("not_passed", ("appetite_failed_on",), says=1),
        Form("never", ("appetite_checks", "appetite_from_on"), says=-1),
    ),
    "missed_weighings": (
        Form("unseen", ("last_weight_on", "days_since_seen"), lambda f, up: _unseen(f), 1),
        Form("gap", ("gap_from_on", "gap_to_on"), says=1),
        Form("often", ("weighings", "weighings_from_on"), lambda f, up: f["weighings"] > 1, -1),
    ),
    "food_not_received": (
        Form(
            "part",
            ("food_sachets", "food_days"),
            lambda f, up: f["food_sachets"] < GOOD_SHARE * SACHETS_A_DAY * f["food_days"],
            1,
        ),
        Form("sachets", ("food_sachets", "food_days"), says=-1),
        Form("ration", ("ration_on",)),
    ),
    "poor_attendance": (
        Form(
            "seldom",
            ("attended_days", "open_days", "attendance_month_on"),
            lambda f, up: f["attended_days"] < GOOD_SHARE * f["open_days"],
            1,
        ),
        Form("days", ("attended_days", "open_days", "attendance_month_on"), says=-1),
    ),
    "lean_season": (Form("rains", ("rains",), says=1),),
    "age": (
        Form("young", ("age_months",), lambda f, up: up and f["age_months"] < 24, 1),
        Form("months", ("age_months",)),
    ),
    "low_birth_weight": (
        Form("low", ("birth_weight_kg",), lambda f, up: up and f["birth_weight_kg"] < 2.5, 1),
        Form("fair", ("birth_weight_kg",)),
    ),
    "stunted": (
        Form("low", ("haz", "haz_on"), lambda f, up: up and f["haz"] < WASTED_Z, 1),
        Form("fair", ("haz", "haz_on")),
    ),
    "family_and_centre": (Form("siblings", ("siblings_treated",), says=1),),
    "thin_records": (
        Form(
            "height",
            ("last_height_on", "asked_on"),
            lambda f, up: (f["asked_on"] - f["last_height_on"]).days > OLD_HEIGHT_DAYS,
        ),
        Form("no_height", ("asked_on",), lambda f, up: "last_height_on" not in f),
    ),
}
"""Forms of each reason in the order in which they are tried; where none is borne, the reason is not
told in words."""


def form_of(reason: Reason, facts: Mapping[str, Any]) -> Form | None:
    """The first form of a reason that the facts bear; None where there is none, or where it
    contradicts the score.

    "Missed no weighing" under what raises a risk would read as a mistake, and "ill at 3 of 8
    checks" under what lowers it as another.
    """
    raises = reason.log_odds > 0
    for form in FORMS[reason.key]:
        if all(known(facts.get(need)) for need in form.needs) and form.told(facts, raises):
            return None if form.says == (-1 if raises else 1) else form
    return None


def known(value: Fact | None) -> TypeGuard[Fact]:
    """Whether a fact is there: neither None nor NaN."""
    return value is not None and value == value
