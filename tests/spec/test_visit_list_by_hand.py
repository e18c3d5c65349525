"""Whole small lists made by hand, whose right order a CMAM nutritionist knows.

Each child is told as it stands in its records; the names in the expected order are the children's
own, so that a failure reads as a nutritionist would say it. `AS_OF` is Monday 16 March 2026.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from care.pathway.rules_in_order import ORDER
from models.visits.listed_child import Candidate
from models.visits.ranking import emergency, rank, to_bring
from models.visits.visit_order import (
    DANGER_ORDER,
    KINDS,
    gravity,
    kind_of,
    order,
    section,
    to_a_facility,
)
from serving.language.telling import why_line
from serving.language.words import words
from tests.support.listed_children import AS_OF, child, in_danger, overdue

ANM, DOCTOR, WORKER = "anm_or_mo", "medical_officer", "awc_worker"
STEPS = {
    "admit_nrc": DOCTOR,
    "examine": ANM,
    "appetite_test": ANM,
    "admit_ucdc": ANM,
    "medical_check": ANM,
    "review_long_stay": DOCTOR,
    "bring_back": WORKER,
    "remeasure": WORKER,
    "weigh_weekly": WORKER,
    "weigh_monthly": WORKER,
    "weigh_fortnightly": WORKER,
    "review_gain": DOCTOR,
    "trace": WORKER,
    "follow_up_weighing": WORKER,
}
IN_THE_CENTRE = {
    "no_gain": "no_gain_refer",
    "weight_lost": "no_gain_refer",
    "loses_weight": "no_gain_refer",
}


def danger(
    name, rule, step, *, whz=-3.2, arm=121.0, months=30, late=0, ill=False, risk=None
) -> Candidate:
    """A child in danger: its newest WHZ and arm (mm), age, days past the day of its step, ill at
    the newest check."""
    return in_danger(
        child_id=name,
        centre_id=f"A-{name}",
        centre_name=None,
        latitude=None,
        longitude=None,
        rule=rule,
        state=IN_THE_CENTRE.get(rule, "sam_suspected"),
        next_step=step,
        who=STEPS[step],
        age_months=months,
        overdue_days=late,
        by_when=AS_OF - dt.timedelta(days=late),
        risk=risk,
        facts={"whz": whz, "muac_mm": arm, "ill_now": ill},
    )


def apart(candidate: Candidate, name: str, **changes: object) -> Candidate:
    """A made-up child at a centre of its own, so that no shared trip has a say."""
    return replace(
        candidate,
        child_id=name,
        centre_id=f"A-{name}",
        centre_name=None,
        latitude=None,
        longitude=None,
        **changes,
    )


def ranked(children, capacity=20):
    return rank(children, sector_id="S0001", capacity=capacity, as_of=AS_OF)


def names(listed):
    return [row.candidate.child_id for row in listed.rows]


def ids(children):
    return [one.child_id for one in children]


def boy_who_lost_half_a_kilo(**changes):
    """8 months, 4.5 to 4.0 kg in a week, arm 109 mm, ill, risk 0.94: no place in the lists of the
    demo."""
    return danger(
        "boy",
        "weight_lost",
        "admit_nrc",
        whz=-3.8,
        arm=109.0,
        months=8,
        ill=True,
        risk=0.94,
        **changes,
    )


def mild_sam(number, **changes):
    """SAM by WHZ alone, nobody ill, examination weeks late."""
    return danger(f"mild-{number}", "sam_suspected", "examine", **{"late": 40} | changes)


def test_the_boy_who_lost_half_a_kilo_in_a_week_is_first_of_seventy():
    crowd = [mild_sam(number) for number in range(30)]
    crowd += [apart(child(), f"risk-{number}", risk=0.9) for number in range(20)]
    crowd += [apart(overdue(), f"late-{number}", overdue_days=5) for number in range(20)]
    assert names(ranked([*crowd, boy_who_lost_half_a_kilo()]))[0] == "boy"
    assert names(ranked([*crowd, boy_who_lost_half_a_kilo()], capacity=1)) == ["boy"]


def test_one_of_each_kind_in_the_order_in_which_a_nutritionist_would_go():
    children = [
        apart(child(), "discharged, risk 0.4", risk=0.4),
        apart(overdue(), "weighing 9 days late", overdue_days=9),
        danger(
            "defaulted 5 days ago, WHZ -2.6", "defaulted", "bring_back", whz=-2.6, arm=122.0, late=3
        ),
        danger("no gain in two weeks, WHZ -3.1", "no_gain", "admit_nrc", whz=-3.1, arm=118.0),
        danger(
            "WHZ -3.3 and arm 110, not examined",
            "sam_suspected",
            "examine",
            whz=-3.3,
            arm=110.0,
            late=2,
        ),
        danger("swollen feet", "oedema", "admit_nrc", whz=-1.5, arm=128.0, late=1),
        boy_who_lost_half_a_kilo(),
        danger(
            "failed the appetite test", "appetite_failed", "admit_nrc", whz=-3.1, arm=116.0, late=1
        ),
    ]
    assert names(ranked(children)) == [
        "failed the appetite test",
        "boy",
        "swollen feet",
        "WHZ -3.3 and arm 110, not examined",
        "no gain in two weeks, WHZ -3.1",
        "defaulted 5 days ago, WHZ -2.6",
        "weighing 9 days late",
        "discharged, risk 0.4",
    ]


def test_treatment_that_fails_goes_before_late_paperwork_and_paperwork_is_not_a_visit_before_its_fourth_day():
    failing = [
        danger("no gain", "no_gain", "admit_nrc", whz=-2.4, arm=119.0),
        danger("loses at two weighings", "loses_weight", "admit_nrc", whz=-2.9, arm=117.0),
        danger("defaulted", "defaulted", "bring_back", whz=-2.2, arm=120.0),
        danger(
            "left unrecovered, not seen", "not_recovered", "examine", whz=-2.2, arm=120.0, late=6
        ),
    ]
    late = [apart(overdue(), f"late-{days}", overdue_days=days, risk=0.9) for days in range(1, 6)]
    listed = ranked([*late, *failing])
    assert names(listed)[:4] == [
        "loses at two weighings",
        "no gain",
        "left unrecovered, not seen",
        "defaulted",
    ]
    assert [row.candidate.child_id for row in listed.rows if row.section == "overdue"] == [
        "late-5",
        "late-4",
    ]
    assert set(names(ranked([*late, *failing], capacity=4))) == set(ids(failing))


def test_illness_goes_before_days_overdue_and_the_younger_before_the_older():
    children = [
        danger("waits 50 days", "sam_suspected", "examine", whz=-3.2, arm=121.0, late=50),
        danger("ill", "sam_suspected", "examine", whz=-3.2, arm=121.0, late=1, ill=True),
        danger("9 months", "sam_suspected", "examine", whz=-3.2, arm=121.0, late=20, months=9),
        danger(
            "both limits, ill", "sam_suspected", "examine", whz=-3.2, arm=112.0, late=0, ill=True
        ),
    ]
    assert names(ranked(children)) == ["both limits, ill", "ill", "9 months", "waits 50 days"]


def test_who_lost_a_twentieth_goes_before_who_waits_longer_in_the_same_band():
    lost, steady = (
        danger(name, "sam_suspected", "examine", late=late)
        for name, late in (("6.0 to 5.2 kg", 4), ("steady", 30))
    )
    lost = replace(lost, facts=lost.facts | {"lost_share": 0.133})
    steady = replace(steady, facts=steady.facts | {"lost_share": 0.049})
    assert names(ranked([steady, lost])) == ["6.0 to 5.2 kg", "steady"]


def test_in_treatment_the_centre_tests_the_appetite_unless_an_extreme_case_waits_past_its_day():
    def eats_poorly(late, whz=-4.5):
        return ranked(
            [danger("poor appetite", "eats_poorly", "appetite_test", whz=whz, arm=116.0, late=late)]
        )

    assert ids(eats_poorly(0).anm) == ids(eats_poorly(9, whz=-2.9).anm) == ["poor appetite"]
    assert names(eats_poorly(1)) == ["poor appetite"]


def test_treatment_that_ended_unrecovered_is_visited_when_nobody_examined_the_child_in_time():
    def ended(whz, arm, late):
        return ranked([danger("ended", "not_recovered", "examine", whz=whz, arm=arm, late=late)])

    assert names(ended(-2.3, 122.0, 4)) == names(ended(float("nan"), 122.0, 4)) == ["ended"]
    assert ids(ended(-2.3, 122.0, 3).anm) == ids(ended(-0.4, 131.0, 30).anm) == ["ended"]
    assert names(ended(-3.4, 112.0, 0)) == ["ended"]


def test_who_left_the_nrc_and_who_gains_too_little_past_the_review_have_a_visit():
    children = [
        danger("left the NRC", "left_nrc", "trace", whz=-2.9, arm=117.0),
        danger(
            "gains too little, review late",
            "failing_gain",
            "review_gain",
            whz=-2.4,
            arm=118.0,
            late=4,
        ),
        danger(
            "gains too little, review due",
            "failing_gain",
            "review_gain",
            whz=-2.4,
            arm=118.0,
            late=0,
        ),
        danger("WHZ under -5", "very_low_z", "remeasure", whz=float("nan"), arm=None, late=0),
    ]
    children[3] = replace(children[3], who=ANM)
    listed = ranked(children)
    assert names(listed) == ["WHZ under -5", "left the NRC", "gains too little, review late"]
    assert ids(listed.anm) == ["gains too little, review due"]


def test_an_infant_that_loses_and_a_child_over_five_go_by_what_was_measured():
    def mild(name, rule, **more):
        return danger(name, rule, "examine", **{"whz": -1.5, "arm": 130.0} | more)

    children = [
        mild("no gain in a month", "infant_losing", months=3),
        mild("late, infant", "infant_losing", months=3, late=5),
        mild("over five, visibly thinner", "older_at_risk", months=63, whz=float("nan"), late=5),
        mild("over five, arm 103", "older_at_risk", months=63, whz=float("nan"), arm=103.0),
    ]
    listed = ranked(children, capacity=2)
    assert names(listed) == ["over five, arm 103", "late, infant"]
    assert ids(listed.anm) == ["no gain in a month", "over five, visibly thinner"]


def test_the_anm_examines_at_the_centre_and_a_home_visit_brings_who_cannot_wait():
    children = [
        danger("due today, mild", "sam_suspected", "examine", late=0),
        danger("three days late, mild", "again", "examine", late=3),
        danger("four days late, mild", "again", "examine", late=4),
        danger("due today, arm 103", "sam_confirmed", "appetite_test", whz=-2.5, arm=103.0, late=0),
        danger(
            "eats poorly in treatment", "eats_poorly", "appetite_test", whz=-2.5, arm=118.0, late=9
        ),
        apart(
            overdue(rule="check_late", next_step="medical_check", who=ANM, risk=None), "check late"
        ),
        apart(
            child(overdue_days=1, rule="infant_at_risk", next_step="examine", who=ANM, risk=None),
            "infant at risk",
        ),
    ]
    listed = ranked(children)
    assert names(listed) == ["due today, arm 103", "four days late, mild"]
    assert ids(listed.anm) == [
        "three days late, mild",
        "due today, mild",
        "eats poorly in treatment",
        "check late",
        "infant at risk",
    ]
    assert listed.beyond == ()


def test_risk_keeps_places_beside_mild_sam_that_waits_but_none_beside_emergencies():
    waiting = [mild_sam(number) for number in range(30)]
    at_risk = [apart(child(), f"risk-{number}", risk=0.3) for number in range(30)]
    beside = ranked([*waiting, *at_risk])
    assert [sum(row.section == name for row in beside.rows) for name in ("danger", "risk")] == [
        5,
        15,
    ]
    assert len(beside.anm) == 25
    urgent = [danger(f"grave-{n}", "sam_suspected", "examine", whz=-4.5, late=n) for n in range(18)]
    pressed = ranked([*waiting, *at_risk, *urgent])
    assert names(pressed)[:18] == [f"grave-{n}" for n in reversed(range(18))]
    assert [row.section for row in pressed.rows[18:]] == ["danger", "risk"]
    assert names(ranked([*at_risk, *urgent, *waiting], capacity=18)) == names(pressed)[:18]


def test_what_belongs_in_a_facility_has_a_place_whatever_else_is_grave():
    grave = [
        danger(f"grave-{n}", "sam_suspected", "examine", whz=-4.5, arm=101.0, ill=True)
        for n in range(20)
    ]
    mild = [danger(f"no gain {n}", "no_gain", "admit_nrc", whz=-2.1, arm=124.0) for n in range(5)]
    listed = ranked([*grave, *mild])
    assert set(ids(mild)) <= set(names(listed)) and len(listed.rows) == 20
    assert len(listed.beyond) == 5 and {one.child_id for one in listed.beyond} <= set(ids(grave))


def test_more_for_a_facility_than_visits_leave_the_less_grave_beyond_and_named():
    sent = [danger(f"sent-{n}", "not_arrived", "admit_nrc", late=n) for n in range(25)]
    listed = ranked(sent)
    assert names(listed) == [f"sent-{n}" for n in range(24, 4, -1)]
    assert ids(listed.beyond) == [f"sent-{n}" for n in range(4, -1, -1)] and not listed.anm


def test_a_milder_step_at_the_centre_without_a_visit_stays_with_the_anm():
    sent = [danger(f"sent-{n}", "not_arrived", "admit_nrc") for n in range(20)]
    unrecovered = danger("unrecovered", "not_recovered", "examine", whz=-2.2, arm=120.0, late=9)
    extreme = danger("arm 100", "sam_suspected", "examine", arm=100.0)
    listed = ranked([*sent, unrecovered, extreme])
    assert (ids(listed.anm), ids(listed.beyond)) == (["unrecovered"], ["arm 100"])


def test_who_had_sam_and_is_out_of_sight_goes_before_other_late_weighings():
    def late(name, rule, step, risk=None):
        return apart(
            overdue(rule=rule, next_step=step, who=WORKER, overdue_days=8, risk=risk), name
        )

    children = [
        late("monthly", "mam", "weigh_monthly"),
        late("follow-up", "follow_up", "follow_up_weighing", risk=0.9),
        late("two weighings missed", "absent", "bring_back", risk=0.2),
        late("SAM nine weeks ago", "sam_old", "remeasure"),
    ]
    children.append(late("high-risk MAM", "mam_high_risk", "weigh_fortnightly"))
    assert names(ranked(children)) == [
        "two weighings missed",
        "SAM nine weeks ago",
        "high-risk MAM",
        "follow-up",
        "monthly",
    ]
    assert "monthly" not in names(
        ranked([*children, *(apart(child(), f"r{n}") for n in range(16))])
    )


@pytest.mark.parametrize(
    ("finding", "days", "stands"),
    [
        ("away", 1, "rows"),
        ("well", 3, "anm"),
        ("sam_again", 6, "anm"),
        ("sam_again", 7, "rows"),
    ],
)
def test_danger_that_was_visited_lately_waits_with_the_anm_and_never_out_of_sight(
    finding, days, stands
):
    grave = danger("grave", "sam_suspected", "examine", whz=-4.5, late=9)
    visited = replace(
        grave,
        last_visited_on=AS_OF - dt.timedelta(days=days),
        last_finding=finding,
        facts=grave.facts | {"last_weight_on": dt.date(2026, 1, 5)},
    )
    listed = ranked([visited])
    assert (names(listed), ids(listed.anm)) == (
        (["grave"], []) if stands == "rows" else ([], ["grave"])
    )


def test_what_belongs_in_a_facility_does_not_rest_after_a_visit():
    sent = danger("sent", "oedema", "admit_nrc", late=2)
    visited = replace(sent, last_visited_on=AS_OF, last_finding="well", facts={})
    assert names(ranked([visited])) == ["sent"]
    assert ranked([replace(visited, last_finding="moved")]).rows == ()


def follow_up(name, rule, *, arm, late, step="measure_arm", **changes) -> Candidate:
    """A child discharged as cured: its newest arm that holds (mm, None: none does)."""
    return apart(
        overdue(
            state="follow_up",
            rule=rule,
            next_step=step,
            overdue_days=late,
            target="relapse",
            age_months=14,
            facts={"whz": -1.2, "muac_mm": None, "newest_muac_mm": arm},
        ),
        name,
        **changes,
    )


def test_cured_with_an_arm_of_sam_that_nobody_asked_again_is_the_first_of_the_late():
    """Two children of the demo: 114 and 111 mm six weeks ago, discharged four weeks ago on their
    weight, one lighter since: they stood behind every broken-off treatment and had no place."""
    sam_by_arm = follow_up("sam by arm", "arm_open", arm=111.0, late=21, risk=0.05)
    due_lately = follow_up("due two days ago", "arm_open", arm=114.0, late=2, risk=0.04)
    better = follow_up("arm of 121 mm", "arm_open", arm=121.0, late=21, risk=0.3)
    too_old = follow_up("no arm holds", "arm_open", arm=None, late=50, risk=0.3)
    defaulted = follow_up("long gone", "ended_old", arm=None, late=90, step="remeasure", risk=0.4)
    infant = follow_up("under six months", "arm_open", arm=111.0, late=30, risk=0.3)
    infant = replace(infant, age_months=4)
    others = [defaulted, too_old, better, infant]
    listed = ranked([*others, due_lately, sam_by_arm], capacity=3)
    assert names(listed) == ["sam by arm", "due two days ago", "long gone"]
    assert [row.section for row in listed.rows] == ["overdue"] * 3
    not_due = replace(due_lately, overdue_days=None)
    assert section(not_due) == "risk", "not late: only its score may list it"


def test_every_rule_of_danger_has_a_place_and_stands_in_one_kind():
    assert {rule.name for rule in ORDER if rule.danger} == set(DANGER_ORDER)
    assert len(set(DANGER_ORDER)) == len(DANGER_ORDER) == sum(map(len, KINDS))


def test_a_rule_of_danger_that_nobody_placed_goes_by_its_step_and_its_measurements():
    to_nrc = danger("sent by a new rule", "new_rule", "admit_nrc", whz=-2.0, arm=130.0)
    new = danger("told by a new rule", "new_rule", "remeasure", whz=-2.0, arm=130.0)
    examined = danger("examined by a new rule", "new_rule", "examine", whz=-2.0, arm=130.0)
    too_long = danger("too long in treatment", "too_long", "review_long_stay", whz=-2.0, arm=130.0)
    assert [gravity(one) for one in (to_nrc, new, examined, too_long)] == [3, 2, 2, 1]
    assert to_a_facility(to_nrc) and emergency(new) and not emergency(examined)
    assert to_bring(replace(examined, overdue_days=4)) and not to_bring(examined)
    assert sorted([too_long, examined, new, to_nrc], key=order)[0] is to_nrc
    assert [kind_of(one.rule, one.next_step) for one in (to_nrc, new)] == [0, 2]


@pytest.mark.parametrize("rule", DANGER_ORDER)
@pytest.mark.parametrize(
    "step", ["admit_nrc", "examine", "remeasure", "bring_back", "appetite_test"]
)
def test_a_lower_whz_a_thinner_arm_or_illness_never_moves_a_child_in_danger_down(rule, step):
    as_it_was = {"whz": -2.5, "arm": 118.0}
    mild = danger("one", rule, step, **as_it_was)
    for found in (
        {"whz": -3.5},
        {"arm": 110.0},
        {"ill": True},
        {"whz": -4.5, "arm": 104.0, "ill": True},
    ):
        worse = danger("one", rule, step, **as_it_was | found)
        assert order(worse) <= order(mild) and emergency(worse) >= emergency(mild)


def test_an_arm_of_sam_that_nobody_asked_again_is_never_out_of_sight_where_emergencies_take_all_visits():
    """Twenty for the NRC, and a girl cured by WHZ whose arm of 112 mm was not taken again."""
    sent = [danger(f"sent-{n}", "not_arrived", "admit_nrc") for n in range(20)]
    facts = {"newest_muac_mm": 112, "last_muac_mm": 112, "last_muac_on": AS_OF}
    girl = overdue(rule="arm_open", next_step="measure_arm", who=WORKER, overdue_days=14)
    girl = apart(replace(girl, facts=girl.facts | facts), "girl")
    mild = apart(replace(girl, facts=girl.facts | {"newest_muac_mm": 118}), "arm 118")
    listed = ranked([*sent, girl, mild])
    assert set(names(listed)) == set(ids(sent)) and not listed.beyond
    assert ids(listed.anm) == ["girl"]
    assert names(ranked([girl, mild])) == ["girl", "arm 118"] and not ranked([girl, mild]).anm
    assert "arm 11.2 cm" in why_line(girl, words("en"))


def falling(name, rule="losing_weight", **changes):
    who = overdue(rule=rule, next_step="examine", who=ANM, state="losing_weight", risk=None)
    return apart(replace(who, **changes), name)


def test_a_weight_that_fell_is_examined_at_the_centre_and_visited_from_the_fourth_late_day():
    children = [
        falling("due today", overdue_days=0),
        falling("three days late", overdue_days=3),
        falling("four days late", overdue_days=4),
        falling("wasted, four days late", "mam_losing", overdue_days=4),
        falling("cured, four days late", "follow_up_losing", overdue_days=4),
        apart(overdue(rule="mam_high_risk", overdue_days=20), "high-risk MAM, weighing late"),
        apart(overdue(rule="sam_old", overdue_days=9), "SAM long ago, not seen"),
    ]
    listed = ranked(children)
    assert names(listed) == [
        "SAM long ago, not seen",
        "cured, four days late",
        "wasted, four days late",
        "four days late",
        "high-risk MAM, weighing late",
    ]
    assert ids(listed.anm) == ["three days late"]
    sent = [danger(f"sent-{n}", "not_arrived", "admit_nrc") for n in range(20)]
    crowded = ranked([*sent, *children])
    assert set(names(crowded)) == set(ids(sent))
    assert set(ids(crowded.anm)) == {
        "three days late",
        "four days late",
        "wasted, four days late",
        "cured, four days late",
    }, "who has no visit stays with the ANM"
