"""From records to facts to a state: one boy's way through the programme, day by day."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from care.pathway import facts as care_facts
from care.pathway.decide import RULES, STATES, place
from care.protocol import standard
from features.clock import Clock
from features.trajectory.points import growth_points
from registry.checks.table import build
from registry.contract.registry import NEVER, day_date, day_number

CENTRES = [
    {"centre_id": "A", "sector_id": "S", "project_id": "P", "district_id": "D", "setting": "urban"}
]
BOY = {
    "child_id": "ravi",
    "sex": "M",
    "birth_date": "2024-11-10",
    "centre_id": "A",
    "registered_on": "2024-12-01",
}
TALL_CM = 74.0
SAM_KG, MAM_KG, WELL_KG = 6.9, 7.6, 8.3


def weighing(day, kg, **more):
    grown = (day_number(day) - day_number("2026-01-10")) * 0.01
    height = {"height_cm": round(TALL_CM + grown, 2), "height_position": "lying"}
    return {"child_id": "ravi", "measured_on": day, "weight_kg": kg} | height | more


WAY = {
    "measurements": [
        weighing("2026-01-10", 8.2),
        weighing("2026-03-02", SAM_KG),
        weighing("2026-03-09", 7.1),
        weighing("2026-03-16", 7.4),
        weighing("2026-03-23", 7.7),
        weighing("2026-03-30", 8.1),
        weighing("2026-04-06", WELL_KG),
        weighing("2026-05-11", MAM_KG),
        weighing("2026-06-15", SAM_KG),
    ],
    "episodes": [
        {
            "child_id": "ravi",
            "episode_id": "1",
            "programme": "UCDC",
            "admitted_on": "2026-03-05",
            "appetite_test": "pass",
            "complications": False,
            "closed_on": "2026-04-08",
            "outcome": "cured",
        }
    ],
    "checks": [
        {"child_id": "ravi", "checked_on": day, "diarrhoea": False, "poor_appetite": False}
        for day in (
            "2026-03-04",
            "2026-03-08",
            "2026-03-12",
            "2026-03-16",
            "2026-03-20",
            "2026-03-23",
            "2026-03-27",
            "2026-03-31",
            "2026-04-03",
        )
    ],
}


def registry_of(records):
    tables = {"centres": CENTRES, "children": [BOY]} | {
        name: rows for name, rows in records.items() if rows
    }
    registry, quarantine = build(
        {name: pd.DataFrame(rows) for name, rows in tables.items()}, imported_on="2026-07-01"
    )
    assert not quarantine.rows
    return registry


def facts_on(registry, day):
    known = Clock(registry).known_by(np.array([0], np.int32), np.array([day_number(day)], np.int32))
    return care_facts.of(known, growth_points(known), standard())


def state_on(registry, day):
    answer = place(facts_on(registry, day), standard())
    return STATES[answer.state[0]], RULES[answer.rule[0]]


@pytest.mark.parametrize(
    ("day", "state", "rule"),
    [
        ("2025-01-15", "not_screened", "unscreened"),
        ("2026-01-10", "screened_well", "well"),
        ("2026-03-02", "sam_suspected", "sam_suspected"),
        ("2026-03-04", "appetite_test_due", "sam_confirmed"),
        ("2026-03-05", "in_ucdc", "in_treatment"),
        ("2026-03-18", "in_ucdc", "in_treatment"),
        ("2026-03-24", "in_ucdc", "in_treatment"),
        ("2026-04-06", "discharge_due", "exit_met"),
        ("2026-04-08", "follow_up", "follow_up"),
        ("2026-05-10", "follow_up", "follow_up"),
        ("2026-05-11", "severely_underweight", "underweight_unexamined"),
        ("2026-06-15", "sam_again", "again"),
    ],
)
def test_one_boys_way(day, state, rule):
    assert state_on(registry_of(WAY), day) == (state, rule)


def test_without_episodes_and_checks_the_rules_still_speak():
    assert (
        state_on(registry_of({"measurements": WAY["measurements"]}), "2026-03-12")[0]
        == "sam_suspected"
    )


def test_a_later_record_changes_no_earlier_state():
    shorter = {
        name: [
            row
            for row in rows
            if max(str(v) for k, v in row.items() if k.endswith("_on")) <= "2026-04-07"
        ]
        for name, rows in WAY.items()
    }
    shorter["episodes"] = [
        {k: v for k, v in WAY["episodes"][0].items() if k not in ("closed_on", "outcome")}
    ]
    full, early = registry_of(WAY), registry_of(shorter)
    for offset in range(0, 90, 3):
        day = (dt.date(2026, 1, 8) + dt.timedelta(offset)).isoformat()
        one, other = facts_on(full, day), facts_on(early, day)
        assert all(np.array_equal(one[name], other[name], equal_nan=True) for name in one), day


def test_past_months_from_todays_records_are_what_was_known_where_nothing_came_late():
    registry = registry_of(WAY)
    known = Clock(registry).known_by(
        np.array([0], np.int32), np.array([day_number("2026-07-01")], np.int32)
    )
    days = np.arange(day_number("2025-12-31"), day_number("2026-07-01"), 5, dtype=np.int32)
    now = care_facts.of(known, growth_points(known), standard(), days=days)
    for row, day in enumerate(days.tolist()):
        then = facts_on(registry, day_date(day).isoformat())
        for name in now:
            assert np.array_equal(now[name][row], then[name][0], equal_nan=True), (
                day_date(day),
                name,
            )


@pytest.mark.parametrize(
    ("weights", "rule"),
    [
        ([7.0, 7.2, 7.4], "in_treatment"),
        ([7.0, 7.2, 7.0], "no_gain"),
        ([7.0, 6.8, 7.1], "slow_gain"),
        ([7.2, 7.1, 7.0], "loses_weight"),
        ([7.0, 7.4, 6.9], "weight_lost"),
        ([7.0, 7.2], "in_treatment"),
    ],
)
def test_gain_is_judged_over_two_weeks(weights, rule):
    days = ("2026-03-05", "2026-03-12", "2026-03-19")
    episode = {
        "child_id": "ravi",
        "episode_id": "1",
        "programme": "UCDC",
        "admitted_on": "2026-03-05",
    }
    records = {
        "measurements": [weighing(day, kg) for day, kg in zip(days, weights, strict=False)],
        "episodes": [episode],
    }
    assert state_on(registry_of(records), days[len(weights) - 1])[1] == rule


def test_oedema_stays_until_it_is_written_off_or_cured():
    swollen = [weighing("2026-03-02", 8.2, oedema=2), weighing("2026-03-09", 8.2)]
    assert state_on(registry_of({"measurements": swollen}), "2026-03-10")[0] == "to_nrc"
    seen = [*swollen, weighing("2026-03-16", 8.2, oedema=0)]
    assert state_on(registry_of({"measurements": seen}), "2026-03-16")[0] == "screened_well"


def test_a_home_visit_that_found_him_gone_counts_until_he_is_measured():
    visits = [{"child_id": "ravi", "visited_on": "2026-02-10", "finding": "moved"}]
    records = {"measurements": [weighing("2026-01-10", 8.2)], "visits": visits}
    assert state_on(registry_of(records), "2026-02-12")[0] == "left"
    back = records | {"measurements": [*records["measurements"], weighing("2026-03-02", 8.2)]}
    assert state_on(registry_of(back), "2026-03-03")[0] == "screened_well"


def test_the_episodes_own_test_speaks_only_while_it_is_not_settled():
    episode = WAY["episodes"][0] | {"appetite_test": "fail"}
    registry = registry_of(WAY | {"episodes": [episode]})
    assert state_on(registry, "2026-03-06") == ("to_nrc", "appetite_failed")
    assert facts_on(registry, "2026-05-01")["appetite_test"][0] == -1


def test_nothing_known_is_not_screened():
    answer = facts_on(registry_of(WAY), "2024-11-12")
    assert answer["measured_on"][0] == NEVER and answer["sam"][0] == -1
