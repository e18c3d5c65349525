"""Fields with other names are told, never passed over; ids that are numbers; a child twice in one
request."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.answering.answers import Answerer, AnswerRequest
from serving.answering.champions import Champions
from serving.answering.field_names import KNOWN, nearest
from serving.answering.request_shape import incoming
from serving.answering.schemas import EXAMPLE
from serving.http.observe import Log, Metrics
from tests.support.service_cases import AS_OF

BARE = {"child_id": "a", "sex": "F", "birth_date": "2024-09-02"}
MEANT = [
    ("measurements", "weight", "weight_kg"),
    ("measurements", "muac", "muac_mm"),
    ("measurements", "MUAC", "muac_mm"),
    ("measurements", "weightKg", "weight_kg"),
    ("measurements", "height", "height_cm"),
    ("measurements", "length", "height_cm"),
    ("measurements", "edema", "oedema"),
    ("measurements", "wieght_kg", "weight_kg"),
    ("measurements", "date", "measured_on"),
    ("children", "dob", "birth_date"),
    ("children", "gender", "sex"),
    ("children", "measurement", "measurements"),
    ("episodes", "admitted", "admitted_on"),
    ("checks", "fevr", "fever"),
    ("visits", "date", "visited_on"),
    ("measurements", "zzz", None),
]


@pytest.fixture(scope="module")
def answerer(tmp_path_factory):
    champions = Champions(
        tmp_path_factory.mktemp("none"), metrics=Metrics(), log=Log(lambda _: None)
    )
    return Answerer(champions, Metrics())


def answer(answerer, *children):
    import orjson

    return orjson.loads(answerer.answer(list(children), AnswerRequest(AS_OF, "en", False)))[
        "children"
    ]


@pytest.mark.parametrize(("table", "name", "meant"), MEANT)
def test_the_nearest_known_name_is_the_one_that_was_meant(table, name, meant):
    assert nearest(table, name) == meant


def test_a_weight_and_an_arm_under_other_names_are_told(answerer):
    child = BARE | {
        "measurements": [
            {"measured_on": f"2026-03-0{n}", "weight": 5, "muac": 105} for n in (1, 2, 3)
        ]
    }
    (said,) = answer(answerer, child)
    told = {
        problem["field"]: problem for problem in said["problems"] if problem["code"] == "REG029"
    }
    assert told.keys() == {"measurements[0].weight", "measurements[0].muac"}
    assert "weight_kg" in told["measurements[0].weight"]["problem"] and "105" not in str(told)
    assert said["status"] == "answered"


@given(
    table=st.sampled_from(sorted(KNOWN)),
    name=st.text(max_size=60),
    value=st.none() | st.integers() | st.just([1]),
)
@settings(max_examples=200, deadline=None)
def test_no_unknown_field_is_passed_over_and_no_value_told(table, name, value):
    child = copy.deepcopy(EXAMPLE["children"][0])
    row = {name: value}
    child = child | row if table == "children" else child | {table: [row]}
    problems = incoming([child])[0].problems
    assert any(problem["code"] == "REG029" for problem in problems) == (name not in KNOWN[table])
    assert all(len(problem["field"]) < 80 for problem in problems)


def test_a_name_that_may_be_a_childs_is_not_repeated():
    (said,) = incoming([BARE | {"रवि 7.3 किलो": 1, "x" * 50: 2}])
    assert {problem["field"] for problem in said.problems} == {""}


def test_ten_thousand_unknown_names_are_not_ten_thousand_problems():
    (said,) = incoming([BARE | {f"f{n}": 1 for n in range(10_000)}])
    assert len(said.problems) <= 20


@pytest.mark.parametrize(
    ("given_id", "taken"), [(104, "104"), (0, "0"), (-5, "-5"), ("007", "007")]
)
def test_a_number_as_an_id_is_its_digits(answerer, given_id, taken):
    child = EXAMPLE["children"][0] | {"child_id": given_id, "centre_id": 7}
    child |= {"episodes": [child["episodes"][0] | {"episode_id": 9}]}
    (said,) = answer(answerer, child)
    assert said["child_id"] == taken and said["status"] == "answered" and said["problems"] == []


@pytest.mark.parametrize("wrong", [True, 5.5, None, [5]])
def test_what_is_no_id_is_refused(answerer, wrong):
    (said,) = answer(answerer, EXAMPLE["children"][0] | {"child_id": wrong})
    assert said["status"] == "problem" and said["problems"][0]["field"] == "child_id"


@pytest.mark.parametrize("second", ["C-104", 104])
def test_the_same_child_twice_is_told_at_both_places_and_the_others_are_answered(answerer, second):
    first = EXAMPLE["children"][0] | {"child_id": str(second)}
    said = answer(
        answerer,
        first,
        EXAMPLE["children"][0] | {"child_id": "other"},
        first | {"child_id": second},
    )
    assert [one["status"] for one in said] == ["problem", "answered", "problem"]
    assert (
        "children[2]" in said[0]["problems"][0]["problem"]
        and "children[0]" in said[2]["problems"][0]["problem"]
    )
