"""Spec: what the report says first, from figures made up by hand."""

import math

import pytest

from training.evaluation.visit_lists import AS_LISTED, WHZ_AS_LISTED
from training.metrics.calibration import CurvePoint
from training.metrics.discrimination import Estimate
from training.report.glossary import LEARNT_FROM, attrition
from training.report.report_page import difference, estimate, percent, ties, words
from training.report.sentences import sentences
from training.report.verdict import checked, colour, verdict, warnings

PASSED = [{"code": "RISK001", "outcome": "pass"}]
UNKNOWN, RIGHT = Estimate(math.nan, math.nan, math.nan), Estimate(1.0, 0.9, 1.1)
MODEL, LATE, WHZ = Estimate(0.74, 0.70, 0.78), Estimate(0.72, 0.70, 0.74), Estimate(0.7, 0.65, 0.74)


def more(low):
    return Estimate(low + 0.04, low, low + 0.08)


def figures(
    *,
    events=150,
    more_than_whz=0.04,
    more_than_muac=0.1,
    slope=1.0,
    ratio=RIGHT,
    lists=(),
    later=0.03,
    later_slope=1.0,
    now=MODEL,
    moved=0.94,
    raised=0.2,
    noted=0.05,
    by=("sex", "age", "setting"),
    curve=(),
    not_judged=None,
):
    """Figures of a model that is good, but for what is changed."""

    def line(value):
        return Estimate(value, value, value)

    return {
        "not_judged": not_judged,
        "events": events,
        "as_used": {
            "auc": LATE,
            "timely": MODEL,
            "asked": 1000,
            "not_scored": 250,
            "words": "scored after each monthly import",
        },
        "children": 900,
        "children_known": 850,
        "children_with_event": events,
        "expected": 0.2,
        "prevalence": 0.2 * ratio.value,
        "lists": list(lists),
        "gaps": [{"by": name} for name in by],
        "discrimination": {
            "overall": {"model": now, "WHZ": WHZ},
            "same_day": {"model": MODEL, "WHZ": WHZ},
            "more_than": {
                "WHZ": more(more_than_whz),
                "MUAC": more(more_than_muac),
                "rules": more(-0.2),
            },
        },
        "true_risks": {"slope": line(slope), "observed_over_expected": ratio, "curve": list(curve)},
        "delayed": {
            "days": 30,
            "moved": moved,
            "overall": {"model": LATE, "WHZ": WHZ, "MUAC": WHZ},
            "more_than": {"WHZ": more(later), "MUAC": more(0.1)},
            "slope": line(later_slope),
            "observed_over_expected": RIGHT,
        },
        "better_records": [{"record": "last MUAC 4 mm wider", "raised": raised, "noted": noted}],
    }


# what is changed | findings | what the verdict begins with
VERDICTS = [
    (
        {},
        PASSED,
        "May be tried to order visits; its percentages were within a quarter of what happened on",
    ),
    ({}, [], "Not to be used: this model was never checked"),
    ({}, [{"code": "RISK008", "outcome": "issue"}], "Not to be used as it is: RISK008"),
    ({"events": 7}, PASSED, "Not shown to work: only 7"),
    ({"events": 7}, [{"code": "RISK017", "outcome": "issue"}], "Not shown to work: only 7"),
    (
        {"not_judged": "too few events to rehearse: 12"},
        [{"code": "RISK017", "outcome": "issue"}],
        "Not shown to work: too few events to rehearse: 12",
    ),
    (
        {"more_than_whz": -0.01},
        PASSED,
        "Not shown to be better than the last weight-for-height alone",
    ),
    (
        {"more_than_muac": -0.01},
        PASSED,
        "Not shown to be better than the last arm circumference (MUAC) alone",
    ),
    (
        {"more_than_whz": math.nan},
        PASSED,
        "Not shown to be better than the last weight-for-height alone",
    ),
    (
        {"later": -0.01},
        PASSED,
        "Not shown to be better than the last weight-for-height alone if records come in late",
    ),
    (
        {"later_slope": 0.41},
        PASSED,
        "May be tried to order visits. Its percentages were within a quarter of",
    ),
    ({"slope": 0.6}, PASSED, "May be tried to order visits. Its percentages are not true"),
    (
        {"ratio": Estimate(0.5, 0.4, 0.6)},
        PASSED,
        "May be tried to order visits. Its percentages are not true",
    ),
    ({"ratio": UNKNOWN}, PASSED, "May be tried to order visits. Its percentages are not true"),
]


@pytest.mark.parametrize(("changed", "findings", "begins"), VERDICTS)
def test_the_verdict(changed, findings, begins):
    said = verdict(figures(**changed), findings)
    assert said.startswith(begins)
    made_up = verdict(figures(**changed), findings, synthetic=True)
    assert made_up.startswith(
        "Synthetic: nothing follows for real children. Were these real records: "
    )
    assert made_up.endswith(said[1:])


def test_the_verdict_tells_both_orders_under_the_same_delay():
    said = verdict(figures(later=-0.01), PASSED)
    assert (
        "assumed of 94% of them" in said
        and "30 days later the AUC falls to 0.72 (0.70 to 0.74)" in said
    )
    assert "the last weight-for-height then has 0.70 (0.65 to 0.74)" in said


def test_few_events_do_not_hide_a_failure_that_is_shown():
    said = verdict(figures(events=7, ratio=Estimate(0.31, 0.10, 0.56)), PASSED)
    assert said.endswith("Its percentages were too high, even so.")


# what is changed | what the warning says
WARNED = [
    (
        {"raised": 0.89, "noted": 0.38},
        "last MUAC 4 mm wider raised the risk of 89% of the children (of 38%",
    ),
    ({"raised": 0.2, "noted": 0.11}, "It can move the wrong way"),
    (
        {"now": Estimate(0.78, 0.74, 0.82)},
        "later its AUC is 0.72 (0.70 to 0.74) instead of 0.78 (0.74 to 0.82), WHZ's",
    ),
    ({"events": 7}, "Whether it is fair cannot be said: too few children had the event"),
    ({"by": ("sex",)}, "Whether it is fair cannot be said by age, setting"),
]


@pytest.mark.parametrize(("changed", "says"), WARNED)
def test_what_else_speaks_against_it_is_a_warning(changed, says):
    (warning,) = warnings(figures(**changed))
    assert says in warning
    assert warnings(figures()) == []


# what is changed | outcomes of the checks | the mark's colour
MARKS = [
    ({}, ["pass"], "pass"),
    ({}, ["pass", "tip"], "tip"),
    ({"events": 7}, ["pass"], "tip"),
    ({"later": -0.01}, ["pass"], "tip"),
    ({"raised": 0.89}, ["pass"], "tip"),
    ({}, ["issue"], "issue"),
    ({}, [], "issue"),
]


@pytest.mark.parametrize(("changed", "outcomes", "mark"), MARKS)
def test_only_what_may_be_tried_and_has_no_tip_is_green(changed, outcomes, mark):
    assert (
        colour(
            figures(**changed), [{"code": "RISK001", "outcome": outcome} for outcome in outcomes]
        )
        == mark
    )


def test_checks_are_counted_in_words():
    found = [
        {"outcome": outcome} for outcome in ("tip", "pass", "tip", "not_applicable", "skipped")
    ]
    assert (
        checked(found) == "1 pass, 2 tips, 1 skipped, 1 not applicable"
        and checked([]) == "never checked"
    )


def test_the_sentences_say_how_sure_they_are():
    said = " ".join(sentences(figures(events=40, ratio=Estimate(0.5, 0.4, 0.6)), target="relapse"))
    assert (
        "900 children were judged. Of 850 the outcome is known, and 40 of them relapsed: few"
        in said
    )
    assert "Of two predictions of which one was followed by a relapse" in said
    assert "74 times in 100 (70 to 78)" in said and "70 times in 100 (65 to 74)" in said
    assert (
        "its percentages were too high (0.50 times as many events as said; 0.40 to 0.60)." in said
    )
    assert (
        "94% of the records have an assumed day of entry" in said
        and "72 times in 100 (70 to 74)" in said
    )
    late = {
        "still better": {},
        "not shown to be better then": {"later": -0.01},
        "shows nothing": {"events": 7},
    }
    for says, changed in late.items():
        assert f"{says}." in " ".join(sentences(figures(**changed), target="relapse"))
    assert "not known" in " ".join(sentences(figures(ratio=UNKNOWN), target="non_response"))
    assert "not hang on an assumed one" in " ".join(sentences(figures(moved=0.0), target="relapse"))


def test_percentages_that_are_right_only_on_average_are_told():
    curve = [
        CurvePoint(50, 0.22, Estimate(0.33, 0.26, 0.40)),
        CurvePoint(50, 0.5, Estimate(0.5, 0.4, 0.6)),
    ]
    said = " ".join(sentences(figures(curve=curve), target="non_response"))
    assert (
        "right within what chance allows" in said
        and "1 of the 2 groups by risk miss the line" in said
    )


def listed(order, recall, *, full, low=0.001):
    chosen = (
        {"recall": recall, "more_than_whz": {"value": 0.009, "low": low, "high": 0.018}}
        if full >= 5
        else None
    )
    return {"capacity": 10, "order": order, "full": full, "lists": 12, "where_chosen": chosen}


ORDERS = {
    "our risk": 0.6,
    "the rules": 0.4,
    "lowest WHZ": 0.5,
    "chance": 0.3,
    AS_LISTED: 0.65,
    WHZ_AS_LISTED: 0.55,
}


def of_lists(**changed):
    return [listed(order, recall, **changed) for order, recall in ORDERS.items()]


def test_visits_are_told_where_a_list_has_to_choose():
    said = sentences(figures(lists=of_lists(full=8)), target="relapse")[-1]
    assert (
        "reached 65% by danger first, then the model, 55% by danger first, then lowest WHZ" in said
    )
    assert "8 of 12 lists" in said and "with danger first in both +0.9 (+0.1 to +1.8)." in said
    assert (
        "does not tell the two apart"
        in sentences(figures(lists=of_lists(full=8, low=-0.1)), target="relapse")[-1]
    )


# full lists of 12 | events | what is said instead of figures
NOT_TOLD = [
    (0, 150, "any order visits them all"),
    (3, 150, "Only 3 of 12 lists"),
    (8, 7, "7 children relapsed"),
]


@pytest.mark.parametrize(("full", "events", "says"), NOT_TOLD)
def test_visits_that_tell_nothing_apart_have_no_figures(full, events, says):
    said = sentences(figures(lists=of_lists(full=full), events=events), target="relapse")[-1]
    assert says in said and "reached" not in said


def test_no_gain_in_visits_is_a_warning():
    assert "not shown to find more" in warnings(figures(lists=of_lists(full=8, low=-0.1)))[0]
    assert warnings(figures(lists=of_lists(full=8))) == []
    assert "not shown to find more" in warnings(figures(lists=of_lists(full=0)))[0]


def test_counts_add_up_in_words():
    counts = {
        "indexes": 9,
        "cured_unverified": 2,
        "failed_discharge": 1,
        "in_cohort": 6,
        "too_old_before_the_end": 1,
        "landmarks": 42,
        "landmarks_after_outcome_or_leaving": 20,
        "landmarks_after_the_records": 2,
        "landmark_rows": 20,
        "happened": 3,
        "did_not_happen": 4,
        "censored": 1,
        "died": 1,
        "never_closed": 0,
    }
    rows = attrition(counts, target="relapse", judged=8)
    assert (
        rows[0] == ("discharges as cured from a centre", 9)
        and ("predictions judged here", 8) in rows
    )
    assert (LEARNT_FROM, 12) in rows
    assert all("_" not in words for words, _ in rows)


def test_shares_and_ties_for_people():
    assert (percent(-0.0001), percent(None), percent(0.125)) == ("0.0%", "not known", "12.5%")
    assert (ties((0.1, 0.1)), ties((0.1, None)), ties((0.3, 0.1))) == (
        "",
        "",
        " (ties 10.0% to 30.0%)",
    )
    assert words("non_response") == "non-response"
    assert estimate(Estimate(0.999, 0.998, 1.0), 2) == "1.00 (interval not known)"
    assert estimate(Estimate(0.8, 0.799, 0.801), 2) == "0.80 (0.80 to 0.80)"
    assert (
        difference({"value": 0.009, "low": 0.001, "high": 0.018}) == "+0.9 (0.1 to 1.8)"
        and difference(None) == ""
    )
