"""Whom to visit first: spec tables and properties of `models.visits.ranking`."""

from __future__ import annotations

import datetime as dt
import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care.pathway.decide import STATES
from care.pathway.rules_in_order import ORDER
from models.expected_events import (
    COMMON,
    Z_90,
    AtRisk,
    expected,
    non_response_share,
    relapse_share,
)
from models.visits.listed_child import Reason, counted_to
from models.visits.ranking import (
    GONE,
    IN_TREATMENT,
    OVERDUE_STEPS,
    benefit,
    main_reason,
    rank,
    rests,
    section,
    what_a_visit_can_change,
)
from models.visits.route import kilometres
from models.visits.severity import severity
from models.visits.visit_order import CENTRE_STAFF, CENTRE_STEPS, LATE_FIRST, TO_A_FACILITY, gravity
from tests.support.list_store import visited
from tests.support.listed_children import AS_OF, child, in_danger, overdue, sector


def ranked(children, capacity=20):
    return rank(children, sector_id="S0001", capacity=capacity, as_of=AS_OF)


def ids(listed, name=None):
    return [row.candidate.child_id for row in listed.rows if name in (None, row.section)]


def test_rules_come_first_whatever_the_score():
    listed = ranked(
        [
            child(1, risk=0.99),
            overdue(2, risk=0.01),
            in_danger(3, risk=0.0),
            in_danger(4, risk=None),
        ]
    )
    assert [(row.section, row.rank) for row in listed.rows] == [
        ("danger", 1),
        ("danger", 2),
        ("overdue", 3),
        ("risk", 4),
    ]
    assert ids(listed, "risk") == ["C00001"]


def test_the_gravest_rule_leads_the_danger():
    rules = ["no_gain", "sam_suspected", "oedema", "defaulted", "complication"]
    listed = ranked(
        [
            in_danger(n, rule=rule, risk=0.9 - n / 10, centre_id=f"A{n}")
            for n, rule in enumerate(rules)
        ]
    )
    assert [row.candidate.rule for row in listed.rows] == [
        "complication",
        "oedema",
        "no_gain",
        "sam_suspected",
        "defaulted",
    ]


# WHZ | arm, mm | months | oedema | ill | the band
BANDS = [
    (-1.0, 130.0, 14, False, False, 0),
    (None, None, 14, False, False, 0),
    (-2.0, 125.0, 14, False, False, 0),
    (-2.1, 130.0, 14, False, False, 1),
    (None, 124.0, 14, False, False, 1),
    (-3.0, 115.0, 14, False, False, 1),
    (-3.1, 121.0, 14, False, False, 2),
    (-2.5, 112.0, 14, False, False, 2),
    (None, 112.0, 14, False, False, 2),
    (-3.1, 112.0, 14, False, False, 3),
    (-4.2, 122.0, 14, False, False, 3),
    (-2.0, 104.0, 14, False, False, 3),
    (-4.1, None, 14, False, False, 3),
    (-1.0, 130.0, 14, True, False, 3),
    (-3.1, 121.0, 14, False, True, 3),
    (-3.1, 112.0, 14, False, True, 4),
    (-1.0, 130.0, 14, False, True, 1),
    (-1.0, 104.0, 5, False, False, 0),
    (-3.1, 104.0, 5, False, False, 2),
    (-3.1, 112.0, None, False, False, 3),
]


@pytest.mark.parametrize(("whz", "muac_mm", "months", "oedema", "ill", "band"), BANDS)
def test_the_bands_of_severity(whz, muac_mm, months, oedema, ill, band):
    whz, muac_mm, age_months = (
        math.nan if value is None else value for value in (whz, muac_mm, months)
    )
    assert severity(whz, muac_mm, oedema=oedema, ill=ill, age_months=age_months) == band


def test_severity_takes_whole_columns_as_it_takes_one_child():
    columns = np.array(
        [[math.nan if value is None else value for value in row] for row in BANDS], float
    ).T
    whz, muac_mm, age_months, oedema, ill, band = columns
    found = severity(whz, muac_mm, oedema=oedema == 1, ill=ill == 1, age_months=age_months)
    assert found.tolist() == band.tolist()


def test_within_untreated_sam_the_longer_waiting_then_the_thinner_then_the_younger():
    def kid(number, late, whz, age):
        facts = {"whz": whz, "muac_mm": None}
        return in_danger(
            number,
            centre_id=f"A{number}",
            latitude=None,
            overdue_days=late,
            age_months=age,
            facts=facts,
        )

    kids = [
        kid(1, 90, -3.1, 30),
        kid(2, 61, -3.4, 30),
        kid(3, 9, -3.9, 9),
        kid(4, 9, -3.9, 20),
        kid(5, 9, -3.2, 8),
    ]
    assert ids(ranked(kids)) == ["C00003", "C00004", "C00005", "C00002", "C00001"]


def test_a_severe_measurement_lifts_every_rule():
    late = in_danger(
        1,
        rule="no_gain",
        next_step="admit_nrc",
        centre_id="A1",
        overdue_days=9,
        facts={"whz": -2.0},
    )
    thin = replace(
        late, child_id="C00002", centre_id="A2", overdue_days=2, facts=late.facts | {"whz": -4.5}
    )
    assert ids(ranked([thin, late])) == ["C00002", "C00001"]


def test_an_old_arm_that_no_arm_has_answered_still_counts():
    weighed_since = in_danger(1, facts={"whz": -3.2, "muac_mm": None, "newest_muac_mm": 108})
    assert (
        gravity(weighed_since) == 3
        and gravity(in_danger(2, facts={"whz": -3.2, "muac_mm": None})) == 2
    )


def test_every_code_is_known():
    assert set(STATES) >= (IN_TREATMENT | GONE)
    asked = {(rule.step, rule.who) for rule in ORDER} - {
        (step, "awc_worker") for step in ("measure_height", "ask_birth_date")
    }
    assert {rule.name for rule in ORDER if not rule.danger} >= set(LATE_FIRST)
    assert {step for step, who in asked if who in CENTRE_STAFF} <= CENTRE_STEPS | {TO_A_FACILITY}
    assert {step for step, who in asked if who == "awc_worker"} <= OVERDUE_STEPS


def test_a_late_check_is_the_centres_work_and_a_late_weighing_is_a_visit():
    late_check = overdue(
        1, rule="check_late", next_step="medical_check", who="anm_or_mo", risk=None
    )
    listed = ranked([late_check])
    assert section(late_check) == "overdue" and not listed.rows and listed.anm == (late_check,)
    assert section(replace(late_check, overdue_days=0)) is None
    assert section(overdue(2)) == "overdue"
    assert [section(overdue(3, overdue_days=late)) for late in (0, 3, 4)] == [
        "risk",
        "risk",
        "overdue",
    ]


def test_danger_beyond_the_capacity_is_kept_and_never_dropped():
    listed = ranked([in_danger(n, facts={"whz": -4.2}) for n in range(7)], capacity=5)
    assert len(listed.rows) == 5 and len(listed.beyond) == 2


def test_overdue_takes_at_most_half_of_what_is_left_while_risk_waits():
    children = [
        in_danger(0),
        *(overdue(n) for n in range(1, 20)),
        *(child(n) for n in range(20, 40)),
    ]
    listed = ranked(children, capacity=11)
    assert [len(ids(listed, name)) for name in ("danger", "overdue", "risk")] == [1, 5, 5]
    assert len(ids(ranked(children[:21], capacity=11), "overdue")) == 9


@pytest.mark.parametrize(
    ("state", "unseen", "treated", "share"),
    [
        ("follow_up", 0, None, 0.7),
        ("follow_up", 30, None, 0.7),
        ("follow_up", 45, None, 0.85),
        ("follow_up", 60, None, 1.0),
        ("follow_up", 400, None, 1.0),
        ("follow_up", None, None, 1.0),
        ("in_ucdc", 0, None, 0.3),
        ("in_ucdc", 7, None, 0.3),
        ("in_ucdc", 14, None, 1.0),
        ("in_ucdc", -3, None, 0.3),
        ("in_ucdc", 7, 0, 0.3),
        ("in_ucdc", 7, 26, 0.3 * 65 / 91),
        ("in_ucdc", 14, 45, 46 / 91),
        ("in_ucdc", 14, 91, 1 / 91),
        ("in_ucdc", 14, 200, 1 / 91),
    ],
)
def test_what_a_visit_can_change(state, unseen, treated, share):
    facts = {"days_since_seen": unseen, "days_in_treatment": treated}
    assert what_a_visit_can_change(child(state=state, facts=facts)) == pytest.approx(share)


def test_early_in_treatment_a_visit_can_change_more_than_at_its_end():
    facts = {"days_since_seen": 3, "days_since_discharge": None}
    early, late = (
        child(
            n,
            state="in_ucdc",
            rule="in_treatment",
            target="non_response",
            risk=risk,
            centre_id=f"A{n}",
            latitude=None,
            facts=facts | {"days_in_treatment": day},
        )
        for n, day, risk in ((1, 14, 0.5), (2, 77, 0.9))
    )
    assert ids(ranked([late, early])) == ["C00001", "C00002"]


def test_benefit_orders_the_risk_section():
    seen, unseen = (
        child(1, risk=0.30, facts={"days_since_seen": 0}),
        child(2, risk=0.25, facts={"days_since_seen": 60}),
    )
    assert ids(ranked([seen, unseen])) == ["C00002", "C00001"]


def test_ties_the_younger_then_the_id():
    same = [
        child(n, centre_id=f"A{n}", age_months=age, latitude=None)
        for n, age in ((3, 10), (2, 10), (1, 20), (4, 8))
    ]
    assert ids(ranked(same)) == ["C00004", "C00002", "C00003", "C00001"]


def test_children_of_one_centre_and_of_near_ones_stand_together():
    at = {"A": (20.0, 77.0), "B": (21.0, 77.0), "C": (20.01, 77.0)}
    risks = [("A", 0.9), ("B", 0.8), ("A", 0.5), ("C", 0.4)]
    children = [
        child(n, centre_id=name, latitude=at[name][0], longitude=at[name][1], risk=risk)
        for n, (name, risk) in enumerate(risks)
    ]
    listed = ranked(children)
    assert [(centre, [row.rank for row in rows]) for centre, rows in listed.by_centre()] == [
        ("A", [1, 3]),
        ("C", [4]),
        ("B", [2]),
    ]
    assert [row.rank for row in listed.rows] == [1, 2, 3, 4]
    assert kilometres(children[0], children[3]) == pytest.approx(1.11, abs=0.01)


def test_a_shared_trip_wins_within_a_tenth():
    known = [
        in_danger(1, centre_id="A"),
        child(2, centre_id="B", risk=0.31),
        child(3, centre_id="A", risk=0.30),
    ]
    assert ids(ranked(known, capacity=2)) == ["C00001", "C00003"]
    known[1] = replace(known[1], risk=0.40)
    assert ids(ranked(known, capacity=2)) == ["C00001", "C00002"]


@pytest.mark.parametrize(
    ("finding", "days_ago", "rest"),
    [
        ("well", 0, True),
        ("well", 27, True),
        ("ill", 4, True),
        ("ill", 5, False),
        ("well", 28, False),
        ("away", 6, True),
        ("away", 7, False),
        ("data_wrong", 20, True),
        ("moved", 300, True),
        ("died", 300, True),
        ("sam_again", 6, True),
        ("sam_again", 7, False),
    ],
)
def test_a_child_is_not_asked_for_every_week_once_visited(finding, days_ago, rest):
    old = child(facts={"last_weight_on": AS_OF - dt.timedelta(days=400)})
    assert rests(visited(old, finding=finding, days_ago=days_ago), as_of=AS_OF) is rest


def test_danger_asks_again_after_a_week_or_at_once_after_a_new_weighing():
    old = {"last_weight_on": dt.date(2026, 2, 1), "whz": -3.4}
    assert rests(visited(in_danger(facts=old), finding="well", days_ago=6), as_of=AS_OF)
    assert not rests(visited(in_danger(facts=old), finding="well", days_ago=7), as_of=AS_OF)
    weighed = in_danger(facts={"last_weight_on": AS_OF})
    assert not rests(visited(weighed, finding="well", days_ago=1), as_of=AS_OF)


def test_an_ill_child_in_danger_is_asked_for_again_after_two_days():
    old = {"last_weight_on": dt.date(2026, 2, 1), "whz": -3.4}
    assert rests(visited(in_danger(facts=old), finding="ill", days_ago=1), as_of=AS_OF)
    assert not rests(visited(in_danger(facts=old), finding="ill", days_ago=2), as_of=AS_OF)


@pytest.mark.parametrize(
    ("by_when", "late", "on", "then"),
    [
        (dt.date(2026, 3, 14), 2, AS_OF + dt.timedelta(days=4), 6),
        (dt.date(2026, 3, 18), None, AS_OF + dt.timedelta(days=4), 2),
        (dt.date(2026, 3, 20), None, AS_OF + dt.timedelta(days=4), None),
        (None, 2, AS_OF + dt.timedelta(days=4), 6),
        (None, None, AS_OF + dt.timedelta(days=4), None),
        (dt.date(2026, 3, 14), 2, AS_OF, 2),
        (dt.date(2026, 3, 14), 2, AS_OF - dt.timedelta(days=40), 2),
    ],
)
def test_days_late_are_counted_to_the_day_of_reading(by_when, late, on, then):
    assert (
        counted_to(child(by_when=by_when, overdue_days=late), on, as_of=AS_OF).overdue_days == then
    )


def test_another_reason_ends_the_rest():
    seen = visited(child(facts={"last_weight_on": None}), finding="well", days_ago=3)
    assert main_reason(seen) == "falling_weight"
    assert rests(replace(seen, listed_for="falling_weight"), as_of=AS_OF)
    assert not rests(replace(seen, listed_for="illness"), as_of=AS_OF)


def test_a_child_who_left_is_on_no_list():
    listed = ranked([child(1, state="left"), child(2, state="died", danger=True), child(3)])
    assert ids(listed) == ["C00003"]


def test_without_a_score_the_rules_still_list():
    listed = ranked([child(1, risk=None), overdue(2, risk=None), child(3, risk=float("nan"))])
    assert ids(listed) == ["C00002"] and listed.facts["not_scored"] == 2


def test_a_list_says_how_many_there_were():
    facts = ranked(
        [child(1), overdue(2), in_danger(3), visited(child(4), finding="well", days_ago=2)]
    ).facts
    assert (
        facts["candidates"],
        facts["danger_in_all"],
        facts["overdue_in_all"],
        facts["risk_in_all"],
    ) == (
        4,
        1,
        1,
        1,
    )
    assert facts["lately_visited"] == 1


def endangered(one, dice):
    """A child in danger with another rule, step, lateness and severity, drawn by lot; others as
    they are."""
    if not one.danger:
        return one
    rule, step, who = dice.choice(
        [
            ("sam_suspected", "examine", "anm_or_mo"),
            ("no_gain", "admit_nrc", "medical_officer"),
            ("defaulted", "bring_back", "awc_worker"),
            ("too_long", "review_long_stay", "medical_officer"),
            ("not_recovered", "examine", "anm_or_mo"),
            ("unheard_of", "examine", "anm_or_mo"),
        ]
    )
    facts = {
        "whz": dice.uniform(-5, -1),
        "muac_mm": dice.uniform(95, 130),
        "ill_now": dice.random() < 0.3,
    }
    return replace(
        one,
        rule=rule,
        next_step=step,
        who=who,
        overdue_days=dice.randrange(-5, 20),
        facts=one.facts | facts,
        last_visited_on=AS_OF if dice.random() < 0.2 else None,
        last_finding=dice.choice(["well", "away", "sam_again"]),
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(0, 60), st.integers(0, 10_000))
def test_any_order_of_the_children_gives_the_same_list_within_capacity(capacity, count, seed):
    dice = random.Random(seed)
    children = [endangered(one, dice) for one in sector(count, centres=6, seed=seed)]
    listed = ranked(children, capacity=capacity)
    random.Random(seed).shuffle(children)
    assert ids(ranked(children, capacity=capacity)) == ids(listed)
    assert len(listed.rows) <= capacity and len(set(ids(listed))) == len(listed.rows)
    dangers = sorted(one.child_id for one in children if one.danger)
    anm = [one.child_id for one in listed.anm]
    in_danger_there = [one.child_id for one in (*listed.beyond, *listed.anm) if one.danger]
    assert dangers == sorted([*ids(listed, "danger"), *in_danger_there])
    assert not set(ids(listed)) & set(anm) and anm == [
        one.child_id for one in ranked(children, capacity).anm
    ]
    assert [row.rank for row in listed.rows] == list(range(1, len(listed.rows) + 1))
    if len(listed.rows) < capacity:
        assert {one.child_id for one in children if section(one)} == set(ids(listed)) | set(
            anm
        ) and not listed.beyond


def test_a_higher_risk_never_lowers_a_child_and_no_score_hides_danger():
    assert benefit(child(risk=0.4)) > benefit(child(risk=0.3)) > benefit(child(risk=None)) == 0
    assert main_reason(child(reasons=(Reason("age", -1.0),))) is None


def test_the_share_of_a_relapse_risk_that_falls_into_a_month():
    assert relapse_share(30) == pytest.approx((0.55 - 0.22) / 0.78)
    assert (
        relapse_share(0) == pytest.approx(0.22)
        and relapse_share(183) == 1
        and relapse_share(160) == pytest.approx(1)
    )
    assert (non_response_share(60), non_response_share(61)) == (0, 1)


def test_errors_of_risks_add_up_in_part():
    many = expected([AtRisk(0.1, 0.0, 0.2, 0.01)] * 10_000)
    alike, apart = 0.1 * 0.01 * 10_000, 0.1 * 0.01 * 100
    chance = Z_90 * (10_000 * 0.001 * 0.999) ** 0.5
    width = (COMMON * alike**2 + (1 - COMMON) * apart**2 + chance**2) ** 0.5
    assert many.high - many.events == pytest.approx(width)
    assert many.events - many.low == pytest.approx(width)


def test_expected_events_add_up_and_hold_their_interval():
    some = expected([AtRisk(0.5, 0.4, 0.6, 1.0)] * 10)
    assert some.events == pytest.approx(5) and 0 < some.low < 5 < some.high <= 10
    assert expected([]).events == 0 and expected([AtRisk(0.2, 0.1, 0.3, 0.5)]).high <= 1
