"""Made-up children for the tests of the list: every name a reader may meet, none of them real."""

from __future__ import annotations

import datetime as dt
import random

from models.visits.listed_child import Candidate, Reason
from models.visits.ranking import VisitList, rank
from serving.language.reason_wording import REASONS

AS_OF = dt.date(2026, 3, 16)
FACTS = {
    "asked_on": AS_OF,
    "last_weight_kg": 7.4,
    "last_weight_on": dt.date(2026, 3, 2),
    "weight_before_kg": 7.8,
    "weight_before_on": dt.date(2026, 1, 30),
    "weight_change_kg": -0.4,
    "weight_step_kg": -0.1,
    "stay_first_kg": 6.6,
    "stay_first_on": dt.date(2025, 12, 18),
    "stay_last_kg": 7.5,
    "stay_last_on": dt.date(2026, 2, 4),
    "stay_gain_g_kg_day": 2.84,
    "whz": -2.4,
    "whz_on": dt.date(2026, 3, 2),
    "haz": -2.8,
    "haz_on": dt.date(2026, 3, 2),
    "last_height_cm": 70.0,
    "last_height_on": dt.date(2026, 3, 2),
    "muac_mm": 118,
    "last_muac_mm": 118.0,
    "last_muac_on": dt.date(2026, 3, 2),
    "last_muac_judged": True,
    "stay_from_on": dt.date(2025, 12, 17),
    "stay_to_on": dt.date(2026, 2, 4),
    "discharged_on": dt.date(2026, 2, 4),
    "days_since_discharge": 40,
    "length_of_stay_days": 49,
    "days_in_treatment": None,
    "admission_read_on": dt.date(2025, 12, 17),
    "admission_whz": -3.4,
    "admission_muac_mm": 112,
    "treated_before": 1,
    "treated_before_on": dt.date(2025, 6, 9),
    "last_check_on": dt.date(2026, 3, 12),
    "checked_lately": True,
    "checks": 8,
    "checks_from_on": dt.date(2026, 2, 16),
    "ill_checks": 3,
    "appetite_checks": 8,
    "appetite_from_on": dt.date(2026, 2, 16),
    "poor_appetite_checks": 2,
    "days_since_seen": 14,
    "gap_from_on": dt.date(2026, 1, 2),
    "gap_to_on": dt.date(2026, 1, 23),
    "weighings": 7,
    "weighings_from_on": dt.date(2026, 2, 4),
    "food_sachets": 30,
    "food_days": 49,
    "attendance_month_on": dt.date(2026, 2, 1),
    "open_days": 25,
    "attended_days": 10,
    "age_months": 14,
    "birth_weight_kg": 2.1,
}
"""What the scoring run would say of such a girl (`models.child_facts.facts_of`)."""


def child(number: int = 1, **changes: object) -> Candidate:
    """A girl of 14 months in follow-up with a risk of 0.3; `facts` given here are merged into
    FACTS."""
    facts = FACTS | changes.pop("facts", {})
    plain = {
        "child_id": f"C{number:05d}",
        "centre_id": "A001",
        "centre_name": "Rampur",
        "sector_id": "S0001",
        "setting": "rural",
        "latitude": 20.01,
        "longitude": 77.01,
        "sex": "F",
        "age_months": 14,
        "state": "follow_up",
        "rule": "follow_up",
        "next_step": "follow_up_weighing",
        "who": "awc_worker",
        "by_when": dt.date(2026, 4, 2),
        "overdue_days": None,
        "danger": False,
        "target": "relapse",
        "risk": 0.3,
        "risk_low": 0.2,
        "risk_high": 0.4,
        "reasons": (Reason("falling_weight", 0.8), Reason("illness", 0.3), Reason("age", -0.2)),
    }
    return Candidate(**plain | changes, facts=facts)


def in_danger(number: int = 1, **changes: object) -> Candidate:
    """A boy with SAM that nobody has examined, three days late."""
    plain = {
        "sex": "M",
        "state": "sam_suspected",
        "rule": "sam_suspected",
        "next_step": "examine",
        "who": "anm_or_mo",
        "by_when": dt.date(2026, 3, 13),
        "overdue_days": 3,
        "danger": True,
        "facts": {
            "whz": -3.4,
            "muac_mm": 112,
            "last_muac_mm": 112.0,
            "sam_whz": -3.4,
            "sam_whz_on": dt.date(2026, 3, 2),
            "sam_muac_mm": 112.0,
            "sam_muac_on": dt.date(2026, 3, 2),
        },
    }
    return child(number, **plain | changes)


def overdue(number: int = 1, **changes: object) -> Candidate:
    """A child in treatment whose weekly weighing is nine days late."""
    plain = {
        "state": "in_ucdc",
        "rule": "weighing_late",
        "next_step": "weigh_weekly",
        "by_when": dt.date(2026, 3, 7),
        "overdue_days": 9,
        "target": "non_response",
        "facts": {
            "days_in_treatment": 33,
            "admitted_on": dt.date(2026, 2, 11),
            "stay_from_on": dt.date(2026, 2, 11),
            "stay_to_on": None,
            "discharged_on": None,
            "days_since_discharge": None,
            "length_of_stay_days": None,
            "last_weight_on": dt.date(2026, 2, 28),
            "days_since_seen": 16,
        },
    }
    return child(number, **plain | changes)


def untreated(number: int = 1, **changes: object) -> Candidate:
    """A girl whom nobody ever treated, whose weight falls: WHZ -2.4, arm 11.8 cm, not SAM."""
    never = {name: None for name in FACTS if name.startswith(("stay_", "discharge", "admission_"))}
    plain = {
        "state": "mam_follow_up",
        "rule": "mam",
        "next_step": "weigh_monthly",
        "target": "onset",
        "risk": 0.2,
        "risk_low": 0.1,
        "risk_high": 0.3,
    }
    never |= {"days_since_discharge": None, "length_of_stay_days": None, "treated_before": None}
    return child(number, **plain | changes | {"facts": never | changes.pop("facts", {})})


NO_GAIN = {
    "state": "no_gain_refer",
    "rule": "no_gain",
    "next_step": "admit_nrc",
    "who": "medical_officer",
}
DANGERS = (NO_GAIN, {}, {"overdue_days": 12, "by_when": dt.date(2026, 3, 4)})
"""What stands in danger in a sector: no gain in treatment, SAM due three days ago, SAM that waits
to be examined."""


def sector(children: int = 60, centres: int = 25, seed: int = 1) -> list[Candidate]:
    """A sector with children in danger, overdue and at risk over its centres, seeded."""
    dice = random.Random(seed)
    made = []
    for number in range(1, children + 1):
        kind = dice.choices((child, in_danger, overdue), (6, 1, 2))[0]
        centre = dice.randrange(centres)
        risk = round(dice.betavariate(1.5, 5), 3)
        reasons = tuple(
            Reason(key, round(dice.gauss(0, 0.5), 3)) for key in dice.sample(REASONS, 5)
        )
        more = DANGERS[number % 3] if kind is in_danger else {}
        made.append(
            kind(
                number,
                centre_id=f"A{centre:03d}",
                centre_name=f"Rampur {centre}",
                latitude=20 + 0.02 * (centre % 5),
                longitude=77 + 0.02 * (centre // 5),
                risk=risk,
                risk_low=risk / 2,
                risk_high=min(1, risk * 1.5),
                reasons=reasons,
                sex=dice.choice("FM"),
                age_months=dice.randrange(6, 60),
                facts={
                    "last_weight_kg": round(dice.uniform(5, 12), 1),
                    "days_since_seen": dice.randrange(60),
                },
                **more,
            )
        )
    return made


def visit_list(capacity: int = 20, **sector_changes: int) -> VisitList:
    """A ranked list of such a sector."""
    facts = {
        "synthetic": True,
        "protocol_version": "2026.11-1",
        "model_versions": {"relapse": "1", "non_response": "1"},
    }
    return rank(
        sector(**sector_changes), sector_id="S0001", capacity=capacity, as_of=AS_OF, facts=facts
    )
