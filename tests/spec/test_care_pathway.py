"""The pathway: the spec table, and what holds for any facts."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care.pathway import facts as care_facts
from care.pathway.decide import FEW, LEVEL_OF_CARE, RULES, STATES, STEPS, WHO, place
from care.pathway.rules_in_order import GUARDED, ORDER
from care.protocol import standard
from registry.contract.codes import AppetiteTest, LeftReason, Programme, StayOutcome, TransferReason
from registry.contract.registry import NEVER, day_number

TODAY = day_number("2026-03-10")
CODES = {
    "appetite_test": AppetiteTest,
    "programme": Programme,
    "closed_programme": Programme,
    "outcome": StayOutcome,
    "transfer_reason": TransferReason,
    "left_reason": LeftReason,
}
DAYS = [name for name in care_facts.COLUMNS if name.endswith(("_on", "_since"))]
SPEC = list(
    csv.DictReader(
        (Path(__file__).parents[1] / "data" / "care_pathway_spec.csv")
        .read_text(encoding="utf-8")
        .splitlines()
    )
)


def facts_of(text):
    """`sam=yes sam_since=3 programme=UCDC`: days are "days ago", codes are words."""
    given = dict(part.split("=") for part in text.split())
    return {name: _value(name, word) for name, word in given.items()}


def _value(name, word):
    if name in DAYS:
        return TODAY - int(word)
    if name in CODES:
        return CODES[name].of(word)
    return {"yes": 1, "no": 0}[word] if word in ("yes", "no") else float(word)


@pytest.mark.parametrize("row", SPEC, ids=[row["case"] for row in SPEC])
def test_spec(row):
    answer = place(care_facts.table(1, day=TODAY, **facts_of(row["facts"])), standard())
    due = "-" if answer.by_when[0] == NEVER else str(answer.by_when[0] - TODAY)
    got = (
        STATES[answer.state[0]],
        STEPS[answer.step[0]],
        WHO[answer.who[0]],
        due,
        RULES[answer.rule[0]],
    )
    assert got == (row["state"], row["next_step"], row["who"], row["due_in_days"], row["rule"])
    assert answer.overdue_days[0] == (0 if due == "-" else max(0, -int(due)))


def test_the_table_is_large_and_asks_every_rule_and_state():
    assert len(SPEC) >= 220
    assert {row["rule"] for row in SPEC} == set(RULES)
    assert {row["state"] for row in SPEC} == set(STATES)
    assert {row["next_step"] for row in SPEC} == set(STEPS)


def test_every_code_of_a_rule_is_published():
    assert set(LEVEL_OF_CARE) == set(STATES)
    for rule in ORDER:
        assert rule.state in STATES and rule.step in STEPS and rule.who in WHO
        assert (rule.limit is None) == (rule.step == "none")
        assert all(name in care_facts.COLUMNS for name in rule.since)
        assert all(
            name in standard() for name in (*rule.cites, *([rule.limit] if rule.limit else []))
        )


def _fact(name):
    if name in DAYS:
        return st.one_of(st.just(int(NEVER)), st.integers(TODAY - 400, TODAY))
    if name in CODES:
        return st.integers(-1, len(CODES[name]) - 1)
    ranges = {
        "day": st.just(TODAY),
        "age_days": st.integers(-1, 2300),
        "oedema_grade": st.integers(-1, 3),
        "exit_visits_met": st.integers(0, 4),
        "gain_kg": st.floats(-1, 1) | st.just(float("nan")),
        "weight_loss_share": st.floats(0, 0.3),
        "recent_loss_share": st.floats(0, 0.3),
        "loss_kg": st.floats(0, 1),
        "weight_kg": st.floats(2, 20),
        "arm_mm": st.floats(90, 150),
        "birth_weight_kg": st.floats(1, 4),
        "waz": st.floats(-6, 2),
        "waz_change": st.floats(-1, 1),
        "last_change_kg": st.floats(-1, 1),
        "month_gain_kg": st.floats(-1, 2),
        "rate_g_kg_day": st.floats(-3, 9) | st.just(float("nan")),
        "open_whz": st.floats(-5, -3),
        "open_arm_mm": st.floats(80, 114),
        "open_low_kg": st.floats(2, 8),
        "low_days": st.integers(0, 3),
        "height_doubt": st.integers(0, 2),
        "sam_before": st.integers(0, 1),
        "stays_before": st.integers(0, 3),
        "died": st.just(0) | st.integers(0, 1),
        "moved": st.integers(0, 1),
    }
    return ranges.get(name, st.integers(-1, 1))


ANY_FACTS = st.lists(
    st.fixed_dictionaries({name: _fact(name) for name in care_facts.COLUMNS}),
    min_size=1,
    max_size=12,
)


def _table(rows, **changed):
    columns = {name: np.array([row[name] for row in rows]) for name in care_facts.COLUMNS}
    return care_facts.table(len(rows), **(columns | changed))


def _levels(answer):
    return np.array([LEVEL_OF_CARE[STATES[state]] for state in answer.state])


@settings(max_examples=40, deadline=None)
@given(ANY_FACTS)
def test_one_rule_decides_and_it_is_the_first_that_applies(rows):
    table = _table(rows)
    answer = place(table, standard())
    applies = np.stack([rule.when(table, standard()) for rule in ORDER])
    assert (applies.argmax(axis=0) == answer.rule).all() and applies.any(axis=0).all()


@settings(max_examples=40, deadline=None)
@given(ANY_FACTS)
@pytest.mark.parametrize(
    "graver",
    [
        {"oedema_grade": 1, "oedema_on": TODAY, "oedema_seen_on": TODAY},
        {"complication": 1, "assessed_on": TODAY},
        {"appetite_test": AppetiteTest.FAIL, "tested_on": TODAY},
    ],
    ids=["oedema", "complication", "appetite failed"],
)
def test_a_graver_finding_never_lowers_the_care(graver, rows):
    before, after = place(_table(rows), standard()), place(_table(rows, **graver), standard())
    assert (_levels(after) >= _levels(before)).all()
    assert (after.danger | ~before.danger | (_levels(after) == 0)).all()


@settings(max_examples=40, deadline=None)
@given(ANY_FACTS)
def test_sam_is_never_normal(rows):
    table = _table(rows, sam=1, sam_since=TODAY - 3, sam_on=TODAY - 3, judged_on=TODAY - 3)
    answer = place(table, standard())
    assert ((_levels(answer) >= 3) | (_levels(answer) == 0) | (table["age_days"] > 1826)).all()


HOLDS = int(standard()["finding_holds_days"])


@settings(max_examples=40, deadline=None)
@given(ANY_FACTS, st.integers(HOLDS + 1, 900))
def test_old_sam_alone_is_no_danger_and_never_well(rows, ago):
    then = TODAY - ago
    days = {name: np.full(len(rows), NEVER) for name in DAYS}
    old = (
        days
        | {"sam": 1}
        | dict.fromkeys(("sam_since", "sam_on", "judged_on", "measured_on", "weighed_on"), then)
    )
    quiet = {
        "programme": -1,
        "died": 0,
        "moved": 0,
        "left_reason": -1,
        "birth_weight_kg": 3.0,
        "arm_mm": 140.0,
    }
    ages = np.array([row["age_days"] for row in rows])
    table = _table(rows, **old, **quiet, age_days=np.where(ages < 183, 400, ages))
    answer = place(table, standard())
    young = table["age_days"] <= 1826
    states = np.array(STATES)[answer.state]
    assert not answer.danger.any()
    assert (states[young] == "remeasure").all() and set(states[~young]) <= {
        "not_classifiable",
        "left",
    }
    assert (answer.overdue_days[young] == ago - HOLDS).all()


@settings(max_examples=40, deadline=None)
@given(ANY_FACTS)
def test_danger_by_the_reading_ends_with_the_reading(rows):
    table = _table(rows)
    answer = place(table, standard())
    by_reading = np.isin(
        np.array(RULES)[answer.rule], ["sam_suspected", "sam_confirmed", "sam_passed", "again"]
    )
    fresh = (table["sam_on"] != NEVER) & (TODAY - table["sam_on"] <= HOLDS)
    visit = (table["found_sam_on"] != NEVER) & (TODAY - table["found_sam_on"] <= HOLDS)
    assert (~by_reading | fresh & (table["age_days"] <= 1826) | visit).all()


@settings(max_examples=25, deadline=None)
@given(ANY_FACTS)
def test_a_child_in_a_crowd_stands_where_it_stands_alone(rows):
    crowd = place(_table(rows * (FEW + 1)), standard())
    for i, row in enumerate(rows):
        assert place(_table([row]), standard()).row(0) == crowd.row(i)


@settings(max_examples=40, deadline=None)
@given(ANY_FACTS)
def test_a_rule_of_a_group_applies_only_where_its_group_is_asked(rows):
    table = _table(rows)
    for asked, rules in GUARDED:
        asks = np.broadcast_to(asked(table, standard()), len(rows))
        for rule in rules:
            assert not (rule.when(table, standard()) & ~asks).any(), rule.name
    assert [rule for _, rules in GUARDED for rule in rules] == list(ORDER)


def test_no_fact_is_a_score():
    assert not [name for name in care_facts.COLUMNS if "risk" in name or "score" in name]
