"""The catalogue: every feature that a model may use, in the order of the columns.

A feature has a name, a unit, a meaning, the reason that a person would give for it
(`models.reasons` sums a score's parts by it), and for each target the direction that physiology
gives it: +1 where more of it can only raise the risk, -1 where it can only lower it, 0 where
neither is certain.
"""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class Feature:
    """One column: `relapse` and `non_response` are the constrained directions (-1, 0, +1)."""

    name: str
    unit: str
    meaning: str
    reason: str
    relapse: int = 0
    non_response: int = 0

    def direction(self, name: str) -> int:
        """The constrained direction of that name (a target says which it takes): -1, 0 or +1;
        0 where nothing is known of the name."""
        return {"relapse": self.relapse, "non_response": self.non_response}.get(name, 0)

    @property
    def onset(self) -> int:
        """As for relapse: the same bodies slide in the same way."""
        return self.relapse


SERIES = ("whz", "waz", "haz", "muac")
_UNIT = {"whz": "z", "waz": "z", "haz": "z", "muac": "mm"}
_LEVEL_REASON = {
    "whz": "low_weight_for_height",
    "waz": "low_weight_for_height",
    "haz": "stunted",
    "muac": "low_muac",
}
_TREND_REASON = {
    "whz": "falling_weight",
    "waz": "falling_weight",
    "haz": "stunted",
    "muac": "falling_weight",
}


def _of_series(name: str) -> list[Feature]:
    unit, level, trend = _UNIT[name], _LEVEL_REASON[name], _TREND_REASON[name]
    down = -1 if name in ("whz", "muac") else 0
    # In treatment an arm that was ever wider, or grows faster, promises a cure. After discharge,
    # beside today's level, the same column also says how much the arm has narrowed since: no one
    # direction there.
    arm = -1 if name == "muac" else 0
    measure = name.upper()
    return [
        Feature(f"{name}_last", unit, f"last valid {measure}", level, down, down),
        Feature(f"{name}_last_days", "days", f"days since that {measure}", "missed_weighings"),
        Feature(
            f"{name}_level",
            unit,
            f"{measure} today behind the noise of its readings",
            level,
            down,
            down,
        ),
        Feature(f"{name}_level_sd", unit, f"how uncertain that {measure} is", "thin_records"),
        Feature(
            f"{name}_velocity",
            f"{unit} per 30 days",
            f"velocity of {measure} today",
            trend,
            down,
            down,
        ),
        *(
            Feature(
                f"{name}_slope_{days}",
                f"{unit} per 30 days",
                f"shrunken slope of {measure}, last {days} days",
                trend,
                0,
                arm,
            )
            for days in (30, 90, 180)
        ),
        Feature(
            f"{name}_curvature",
            f"{unit} per 30 days",
            f"slope of {measure} in 30 days less that in 90",
            trend,
        ),
        Feature(f"{name}_lowest_180", unit, f"lowest {measure} of 180 days", level, 0, arm),
        Feature(f"{name}_mean_90", unit, f"mean {measure} of 90 days", level, 0, arm),
        Feature(f"{name}_mean_180", unit, f"mean {measure} of 180 days", level, 0, arm),
        Feature(
            f"{name}_spread_180",
            unit,
            f"standard deviation of {measure} in 180 days",
            "thin_records",
        ),
        Feature(
            f"{name}_since_nadir", unit, f"{measure} above its lowest level of 180 days", trend
        ),
        Feature(
            f"{name}_nadir_days", "days", f"days since that lowest {measure}", "early_in_recovery"
        ),
        Feature(
            f"{name}_at_admission", unit, f"{measure} at admission", "severe_at_admission", 0, arm
        ),
        Feature(
            f"{name}_since_admission",
            unit,
            f"{measure} gained since admission",
            "poor_gain",
            0,
            arm,
        ),
        Feature(f"{name}_at_discharge", unit, f"{measure} at discharge", level, 0, arm),
        Feature(
            f"{name}_since_discharge", unit, f"{measure} gained since discharge", trend, 0, arm
        ),
    ]


def _of_life(name: str) -> list[Feature]:
    """Where the child usually stands: the columns of `features.trajectory.columns.lifetime`, in its
    order."""
    unit, level, measure = _UNIT[name], _LEVEL_REASON[name], name.upper()
    return [
        Feature(f"{name}_first", unit, f"first {measure} ever read", level),
        Feature(f"{name}_life_mean", unit, f"mean {measure} of the whole record", level),
        Feature(f"{name}_life_lowest", unit, f"lowest {measure} ever", level),
        Feature(
            f"{name}_life_spread",
            unit,
            f"standard deviation of {measure} in the whole record",
            "thin_records",
        ),
        Feature(
            f"{name}_life_count",
            "count",
            f"readings of {measure} in the whole record",
            "thin_records",
        ),
        Feature(f"{name}_mean_of_last_3", unit, f"mean of the last three {measure}", level),
        Feature(f"{name}_before_mean", unit, f"mean {measure} before the admission", level),
        Feature(f"{name}_before_median", unit, f"median {measure} before the admission", level),
        Feature(f"{name}_before_highest", unit, f"highest {measure} before the admission", level),
    ]


_CHILD = [
    Feature("age_days", "days", "age", "age"),
    Feature("female", "0/1", "sex is female", "age"),
    Feature("birth_weight_kg", "kg", "weight at birth", "low_birth_weight"),
    Feature("setting_urban", "0/1", "the centre is urban", "family_and_centre"),
    Feature("setting_tribal", "0/1", "the centre is tribal", "family_and_centre"),
    Feature("season_sin", "", "season today (sine of the year)", "lean_season"),
    Feature("season_cos", "", "season today (cosine of the year)", "lean_season"),
    Feature("season_ahead_sin", "", "season 60 days ahead (sine)", "lean_season"),
    Feature("season_ahead_cos", "", "season 60 days ahead (cosine)", "lean_season"),
]
_STAY = [
    Feature(
        "days_in_treatment",
        "days",
        "days from admission to today or to discharge",
        "length_of_stay",
    ),
    Feature("days_since_discharge", "days", "days since discharge", "early_in_recovery"),
    Feature(
        "follow_up_left", "log", "logarithm of share left of the 183 days", "early_in_recovery"
    ),
    Feature("centre_is_vcdc", "0/1", "treated in a VCDC", "family_and_centre"),
    Feature("appetite_failed", "0/1", "appetite test failed at admission", "poor_appetite", 0, 1),
    Feature("complications", "0/1", "medical complication at admission", "illness", 0, 1),
    Feature(
        "stays_before", "count", "stays in any programme before this one", "earlier_episodes", 1, 1
    ),
    Feature("cured_before", "count", "earlier stays that ended as cured", "earlier_episodes", 1, 0),
    Feature("defaulted_before", "count", "earlier stays that ended in default", "earlier_episodes"),
    Feature("facility_before", "count", "earlier stays in an NRC or CTC", "earlier_episodes"),
    Feature(
        "days_between_stays",
        "days",
        "days from the last close to this admission",
        "earlier_episodes",
    ),
]
_WEIGHT = [
    Feature("gain_stay", "g/kg/day", "weight gain over the stay", "poor_gain", 0, -1),
    Feature(
        "gain_stay_shrunken",
        "g/kg/day",
        "shrunken slope of weight over the stay",
        "poor_gain",
        0,
        -1,
    ),
    Feature(
        "gain_first_14", "g/kg/day", "shrunken slope of weight, first two weeks", "poor_gain", 0, -1
    ),
    Feature("gain_last_14", "g/kg/day", "shrunken slope of weight, last 14 days", "falling_weight"),
    Feature("gain_last_28", "g/kg/day", "shrunken slope of weight, last 28 days", "falling_weight"),
    Feature("gain_last_60", "g/kg/day", "shrunken slope of weight, last 60 days", "falling_weight"),
    Feature(
        "weight_velocity",
        "g/kg/day",
        "velocity of weight today behind the noise",
        "falling_weight",
        -1,
        -1,
    ),
    Feature("days_without_gain", "days", "days since the stay's highest weight", "poor_gain", 0, 1),
    Feature("below_highest", "%", "weight under the highest of 90 days", "falling_weight", 1, 1),
    Feature(
        "weight_since_discharge", "%", "weight gained since discharge", "falling_weight", -1, 0
    ),
    Feature(
        "whz_conditional", "z", "last WHZ less what the one before made likely", "falling_weight"
    ),
    Feature(
        "whz_shortfall_expected",
        "z",
        "WHZ gained in the stay less what its days usually bring",
        "poor_gain",
    ),
    Feature(
        "exit_run",
        "count",
        "last readings in a row with WHZ at or above -2",
        "low_weight_for_height",
        -1,
        -1,
    ),
    Feature("sam_readings_180", "count", "readings of SAM in 180 days", "severe_at_admission"),
    Feature(
        "sam_readings_out",
        "count",
        "readings of SAM since discharge",
        "low_weight_for_height",
        1,
        0,
    ),
    Feature(
        "wasted_readings_out",
        "count",
        "readings of WHZ under -2 since discharge",
        "low_weight_for_height",
        1,
        0,
    ),
    Feature("lowest_whz_out", "z", "lowest WHZ since discharge", "low_weight_for_height", -1, 0),
    Feature(
        "reported_red_180",
        "share",
        "share of colours that were red in 180 days",
        "low_weight_for_height",
    ),
    Feature(
        "reported_last",
        "0/1/2",
        "last reported colour (green, yellow, red)",
        "low_weight_for_height",
    ),
    Feature(
        "whz_room",
        "SD",
        "WHZ above the exit's (after discharge SAM's) cut-off on the last day that counts, "
        "if it goes on so",
        "low_weight_for_height",
        -1,
        -1,
    ),
    Feature("muac_room", "SD", "the same of MUAC", "low_muac", -1, -1),
    Feature("least_room", "SD", "the lesser of the two", "low_weight_for_height", -1, -1),
    Feature("sam_last", "0/1", "SAM at the last judged reading", "low_weight_for_height", 1, 1),
]
_SEEN = [
    Feature("days_since_weighed", "days", "days since the last weight", "missed_weighings"),
    Feature("weighings_90", "count", "weights in 90 days", "missed_weighings"),
    Feature(
        "weighings_missed",
        "share",
        "weekly weighings of the stay that are missing",
        "missed_weighings",
    ),
    Feature(
        "longest_gap_stay", "days", "longest time between weights in the stay", "missed_weighings"
    ),
    Feature("weighings_out", "count per 30 days", "weights since discharge", "missed_weighings"),
    Feature(
        "longest_gap_180", "days", "longest time between weights in 180 days", "missed_weighings"
    ),
    Feature("heights_180", "count", "heights in 180 days", "thin_records"),
    Feature("height_days", "days", "days since the last height", "thin_records"),
    Feature(
        "same_weight_run",
        "count",
        "last weights that are the same as the one before",
        "thin_records",
    ),
    Feature("visits_90", "count", "home visits in 90 days", "missed_weighings"),
    Feature(
        "visit_found_sam_90",
        "count",
        "home visits that found SAM in 90 days",
        "low_weight_for_height",
    ),
    Feature("away_90", "count", "home visits that found nobody in 90 days", "missed_weighings"),
]
_SIGNS = ("diarrhoea", "fever", "cough", "poor_appetite")
_ILLNESS = [
    feature
    for sign in _SIGNS
    for reason in ["poor_appetite" if sign == "poor_appetite" else "illness"]
    for feature in (
        Feature(
            f"{sign}_30", "count", f"checks with {sign.replace('_', ' ')} in 30 days", reason, 1, 1
        ),
        Feature(
            f"{sign}_share",
            "share",
            f"checks of 90 days with {sign.replace('_', ' ')}",
            reason,
            1,
            1,
        ),
        Feature(
            f"{sign}_stay", "share", f"checks of the stay with {sign.replace('_', ' ')}", reason
        ),
    )
] + [
    Feature("ill_14", "count", "signs of illness at checks in 14 days", "illness", 1, 1),
    Feature("ill_days", "days", "days since a check found illness", "illness"),
    Feature("ill_out", "count", "signs of illness at checks since discharge", "illness", 1, 0),
    Feature("checks_30", "count", "checks in 30 days", "thin_records"),
    Feature("checks_per_week_stay", "per week", "checks during the stay", "missed_weighings"),
]
_FOOD = [
    Feature("ednf_per_day_stay", "sachets/day", "EDNF received over the stay", "food_not_received"),
    Feature("ednf_per_day_14", "sachets/day", "EDNF received in 14 days", "food_not_received"),
    Feature("ednf_issues_missed", "share", "weeks of the stay without EDNF", "food_not_received"),
    Feature("thr_90", "quantity", "take-home ration received in 90 days", "food_not_received"),
    Feature(
        "thr_issues_90",
        "count",
        "times take-home ration was received in 90 days",
        "food_not_received",
    ),
    Feature("thr_days", "days", "days since take-home ration was received", "food_not_received"),
    Feature("hcm_90", "quantity", "hot cooked meals in 90 days", "food_not_received"),
    Feature("attendance_last", "share", "attendance in the last known month", "poor_attendance"),
    Feature(
        "attendance_90",
        "share",
        "mean attendance of the months known in 90 days",
        "poor_attendance",
    ),
    Feature(
        "attendance_180",
        "share",
        "mean attendance of the months known in 180 days",
        "poor_attendance",
    ),
]
_CONTEXT = [
    Feature("siblings", "count", "other children of the family", "family_and_centre"),
    Feature(
        "siblings_sam_365", "count", "siblings admitted for SAM in 365 days", "family_and_centre"
    ),
    Feature("siblings_whz", "z", "mean last WHZ of the siblings", "family_and_centre"),
    Feature(
        "centre_whz",
        "z",
        "mean WHZ of the centre's children in the three months before",
        "family_and_centre",
    ),
    Feature(
        "centre_wasted",
        "share",
        "WHZ under -2 in the centre in the three months before",
        "family_and_centre",
    ),
    Feature(
        "centre_admissions",
        "per 100 children",
        "admissions in the centre in a year",
        "family_and_centre",
    ),
    Feature(
        "centre_weighed", "per child", "weights a child and month in the centre", "thin_records"
    ),
    Feature(
        "centre_rounded",
        "share",
        "weights in whole or half kilograms in the centre",
        "thin_records",
    ),
]

CATALOGUE: tuple[Feature, ...] = tuple(
    _CHILD
    + _STAY
    + [feature for name in SERIES for feature in _of_series(name)]
    + [
        *_of_life("whz"),
        *_of_life("muac"),
        Feature("waz_first", "z", "first WAZ ever read", "low_weight_for_height"),
    ]
    + _WEIGHT
    + _SEEN
    + _ILLNESS
    + _FOOD
    + _CONTEXT
)
"""All features, in the order of the columns."""

NAMES: tuple[str, ...] = tuple(feature.name for feature in CATALOGUE)
CONTEXT_NAMES: tuple[str, ...] = tuple(feature.name for feature in _CONTEXT)
REASON_OF: dict[str, str] = {feature.name: feature.reason for feature in CATALOGUE}


def fingerprint() -> str:
    """A digest of the catalogue: a model trained on another one is refused."""
    return hashlib.sha256(repr([astuple(feature) for feature in CATALOGUE]).encode()).hexdigest()[
        :16
    ]
