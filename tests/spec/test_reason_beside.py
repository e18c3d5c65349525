"""Spec: a list's reason names the gravest thing that stands of a child, and what stands beside it, on
the page, on paper and in three words, in every language."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import product

import pytest

from care.pathway.rules_in_order import ORDER
from models.visits.ranking import VisitRow
from serving.language.languages import LANGUAGES
from serving.language.telling import SAYS_ILL, why_line
from serving.language.words import words
from serving.visits.sheet_lines import line_of
from tests.support.listed_children import AS_OF, in_danger, untreated

ARM_ON, ILL_ON, POOR_ON, FEET_ON = (AS_OF - dt.timedelta(days) for days in (6, 3, 2, 1))
ARM = {"sam_muac_mm": 109.0, "sam_muac_on": ARM_ON}
BESIDE = {
    "ill": {"now_ill_on": ILL_ON, "ill_now": True},
    "poor": {"poor_appetite_on": POOR_ON, "ill_now": True},
    "feet": {"sam_oedema_on": FEET_ON},
}
DANGERS = tuple(rule.name for rule in ORDER if rule.danger)


def of_rule(rule, *beside):
    facts = {"asked_on": AS_OF} | ARM
    for name in beside:
        facts |= BESIDE[name]
    return in_danger(rule=rule, facts=facts)


def combinations():
    return [
        tuple(name for name, stands in zip(BESIDE, some, strict=True) if stands)
        for some in product((False, True), repeat=len(BESIDE))
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_danger_tells_all_that_stands_with_its_day(language):
    say = words(language)

    def on(key, day):
        return say.say("ui", key, date=say.lately(day, AS_OF))

    for rule, beside in product(DANGERS, combinations()):
        why = why_line(of_rule(rule, *beside), say)
        assert why.startswith(say("rules", rule))
        assert "10.9" in why and say.lately(ARM_ON, AS_OF) in why
        assert (on("now_ill_on", ILL_ON) in why) == ("ill" in beside), (rule, beside, why)
        assert (on("poor_appetite_on", POOR_ON) in why) == ("poor" in beside)
        rest = why.removeprefix(say("rules", rule))
        assert (say("ui", "oedema_found") in rest) == ("feet" in beside)
        assert why.count("10.9") == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("section", ["danger", "anm"])
def test_paper_has_it_in_the_line_and_in_three_words(language, section):
    say = words(language)
    for rule, beside in product(DANGERS, combinations()):
        child = of_rule(rule, *beside)
        line = line_of(VisitRow(section, 1, child), say)
        assert line.why == why_line(child, say)
        assert line.why_short.startswith(say("rules_short", rule))
        rest = line.why_short.removeprefix(say("rules_short", rule))
        assert (say("ui", "ill_short") in rest) == ("ill" in beside and rule not in SAYS_ILL)
        assert (say("ui", "poor_appetite") in rest) == ("poor" in beside and rule != "eats_poorly")
        assert (say("ui", "oedema_found") in rest) == ("feet" in beside and rule != "oedema")


def test_the_sentence_by_hand():
    english = words("en")
    told = why_line(of_rule("sam_suspected", "ill", "poor", "feet"), english)
    day = {
        name: english.lately(on, AS_OF)
        for name, on in zip("afip", (ARM_ON, FEET_ON, ILL_ON, POOR_ON), strict=True)
    }
    assert told == (
        f"SAM, not yet examined (both feet swollen on {day['f']}; arm 10.9 cm on {day['a']}; "
        f"ill on {day['i']}; poor appetite on {day['p']})"
    )
    not_by_sam = why_line(of_rule("no_gain", "ill"), english)
    assert not_by_sam == (
        "No weight gain in two weeks of treatment (7.8 kg on 30 Jan, 7.4 kg on 2 Mar; "
        f"arm 10.9 cm on {day['a']}; ill on {day['i']})"
    )


def test_a_child_listed_for_its_risk_tells_that_it_is_ill():
    english = words("en")
    child = untreated(facts={"asked_on": AS_OF, "now_ill_on": ILL_ON})
    assert why_line(child, english).endswith(f"Ill on {english.lately(ILL_ON, AS_OF)}")


def test_illness_found_by_a_visit_since_the_scoring_is_told():
    english, later = words("en"), AS_OF + dt.timedelta(2)
    child = replace(of_rule("sam_suspected"), last_finding="ill", last_visited_on=later)
    assert f"ill on {english.day(later, short=True).rpartition(' ')[0]}" in why_line(child, english)
    known = replace(child, last_visited_on=AS_OF - dt.timedelta(40))
    assert "ill on" not in why_line(known, english)


WEIGHTS = {
    "last_weight_kg": 9.2,
    "last_weight_on": AS_OF - dt.timedelta(7),
    "weight_before_kg": 9.6,
    "weight_before_on": AS_OF - dt.timedelta(35),
    "weight_change_kg": -0.4,
    "stay_high_kg": 9.7,
    "stay_high_on": AS_OF - dt.timedelta(42),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_treatment_that_fails_tells_the_weights_it_goes_by(language):
    say = words(language)

    def told(before):
        return say.say(
            "ui",
            "weights_told",
            before=say.kilograms(WEIGHTS[f"{before}_kg"]),
            before_on=say.lately(WEIGHTS[f"{before}_on"], AS_OF),
            kg="9.2",
            on=say.lately(WEIGHTS["last_weight_on"], AS_OF),
        )

    def why(rule, **more):
        facts = {"asked_on": AS_OF} | WEIGHTS | more
        return why_line(in_danger(rule=rule, facts=facts, by_when=AS_OF), say)

    assert f"({told('stay_high')})" in why("weight_lost")
    for rule in ("no_gain", "loses_weight", "failing_gain"):
        assert f"({told('weight_before')})" in why(rule)
    sam = {"sam_muac_mm": 112.0, "sam_muac_on": ARM_ON}
    assert told("weight_before") in why("sam_suspected", lost_share=0.05, **sam)
    assert told("weight_before") not in why("sam_suspected", lost_share=0.042, **sam)
    assert why("no_gain", lost_share=0.06).count("9.6") == 1


def test_an_old_finding_of_sam_is_told_only_where_nothing_newer_stands_and_beside_no_other_rule():
    english, year_ago = words("en"), AS_OF - dt.timedelta(350)
    old = {"sam_muac_mm": 109.0, "sam_muac_on": year_ago, "sam_at_home_on": year_ago}
    new = {"sam_whz": -4.2, "sam_whz_on": AS_OF}

    def why(rule, **facts):
        return why_line(in_danger(rule=rule, facts={"asked_on": AS_OF, **facts}), english)

    assert "10.9" in why("sam_suspected", **old | {"sam_whz_on": None})
    assert "10.9" not in why("sam_suspected", **old | new)
    for rule in ("no_gain", "defaulted", "older_at_risk"):
        told = why(rule, **old | {"sam_whz_on": None})
        assert "10.9" not in told and "home visit" not in told


def test_a_child_over_five_tells_its_arm_or_its_weight_and_height():
    english = words("en")
    body = {"last_weight_kg": 10.0, "last_height_cm": 100.0}
    body |= {"last_weight_on": AS_OF, "last_height_on": AS_OF, "sam_whz_on": None}
    body |= {"sam_muac_on": None, "asked_on": AS_OF, "newest_muac_mm": 118}
    child = in_danger(rule="older_at_risk", age_months=68, facts=body)
    assert "(10.0 kg, 100.0 cm on 16 Mar" in why_line(child, english)
    arm = {"newest_muac_mm": 112, "last_muac_mm": 112, "last_muac_on": AS_OF}
    assert "(arm 11.2 cm on 16 Mar" in why_line(replace(child, facts=child.facts | arm), english)
