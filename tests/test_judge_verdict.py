"""Spec: what the report says first, from figures made up by hand."""

import math

import pytest

from training.discrimination import Estimate
from training.report.page import percent, ties, words
from training.report.verdict import sentences, verdict
from training.report.words import attrition

PASSED = [{"code": "RISK001", "outcome": "pass"}]
UNKNOWN, RIGHT = Estimate(math.nan, math.nan, math.nan), Estimate(1.0, 0.9, 1.1)


def figures(*, events=150, more_than_whz=0.04, slope=1.0, ratio=RIGHT, lists=()):
    """Figures of a model that is good, but for what is changed."""
    return {
        "events": events, "children": 900, "expected": 0.2, "prevalence": 0.2 * ratio.value, "lists": list(lists),
        "discrimination": {"overall": {"model": Estimate(0.78, 0.73, 0.83), "WHZ": Estimate(0.7, 0.65, 0.74)},
                           "more_than_whz": Estimate(0.08, more_than_whz, 0.12)},
        "true_risks": {"slope": Estimate(slope, slope, slope), "observed_over_expected": ratio},
    }


# what is changed | findings | what the verdict begins with
VERDICTS = [
    ({}, PASSED, "May be tried to order visits; its percentages were about right"),
    ({}, [], "Not to be used: this model was never checked"),
    ({}, [{"code": "RISK008", "outcome": "issue"}], "Not to be used as it is: RISK008"),
    ({"events": 7}, PASSED, "Not shown to work, nor to fail: only 7"),
    ({"more_than_whz": -0.01}, PASSED, "Not shown to be better than the last weight-for-height"),
    ({"slope": 0.6}, PASSED, "May be tried to order visits. Its percentages are not true"),
    ({"ratio": Estimate(0.5, 0.4, 0.6)}, PASSED, "May be tried to order visits. Its percentages are not true"),
    ({"ratio": UNKNOWN}, PASSED, "May be tried to order visits. Its percentages are not true"),
]


@pytest.mark.parametrize(("changed", "findings", "begins"), VERDICTS)
def test_the_verdict(changed, findings, begins):
    assert verdict(figures(**changed), findings).startswith(begins)


def test_the_sentences_say_how_sure_they_are():
    said = " ".join(sentences(figures(events=40, ratio=Estimate(0.5, 0.4, 0.6)), target="relapse"))
    assert "900 children were judged, of whom 40 relapsed: few, so read the intervals." in said
    assert "78 times in 100 (73 to 83)" in said and "70 times in 100 (65 to 74)" in said
    assert "its percentages were too high (0.50 times as many events as said; 0.40 to 0.60)" in said
    assert "not known" in " ".join(sentences(figures(ratio=UNKNOWN), target="non_response"))


def listed(order, recall, *, full):
    return {"capacity": 10, "order": order, "recall": recall, "full": full, "lists": 12}


def test_visits_are_told_where_a_list_has_to_choose():
    orders = {"our risk": 0.6, "the rules": 0.4, "lowest WHZ": 0.5, "chance": 0.3}
    rows = [listed(order, recall, full=8) for order, recall in orders.items()]
    said = sentences(figures(lists=rows), target="relapse")[-1]
    assert "reached 60 by the model, 40 by the protocol's rules alone, 50 by lowest WHZ, 30 by chance" in said
    assert "8 of 12 lists" in said
    short = [row | {"full": 0} for row in rows]
    assert "any order visits them all" in sentences(figures(lists=short), target="relapse")[-1]


def test_counts_add_up_in_words():
    counts = {"indexes": 9, "cured_unverified": 2, "failed_discharge": 1, "in_cohort": 6, "landmarks": 42,
              "landmarks_after_outcome_or_leaving": 20, "landmarks_after_the_records": 2, "landmark_rows": 20,
              "happened": 3, "did_not_happen": 4, "censored": 1, "died": 1, "never_closed": 0}
    rows = attrition(counts, target="relapse", judged=8)
    assert rows[0] == ("discharges as cured from a centre", 9) and ("predictions judged here", 8) in rows
    assert all("_" not in words for words, _ in rows)


def test_shares_and_ties_for_people():
    assert (percent(-0.0001), percent(None), percent(0.125)) == ("0.0%", "not known", "12.5%")
    assert (ties((0.1, 0.1)), ties((0.1, None)), ties((0.3, 0.1))) == ("", "", " (ties 10.0% to 30.0%)")
    assert words("non_response") == "non-response"
