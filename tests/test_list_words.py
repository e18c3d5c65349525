"""The words: complete in three languages, true to the facts, kind."""

from __future__ import annotations

import datetime as dt
import re
import string

import numpy as np
import pytest

from care.pathway import RULES, STATES, STEPS, WHO
from features.chart import WORDS as CHART
from models.candidate import Reason
from models.reasons import KEYS
from models.scoring import WHY_NOT
from registry.tables import FINDING, OUTCOME, SETTING, SEX
from serving.reason_forms import FORMS, REASONS
from serving.words import (
    LANGUAGES,
    how_often,
    last_weight,
    may_happen,
    preferred,
    risk_words,
    rule_line,
    what_to_do,
    whom,
    why_line,
    words,
)
from tests.list_cases import FACTS, child, in_danger, overdue

CODES = {
    "states": STATES,
    "steps": STEPS,
    "rules": RULES,
    "who": WHO,
    "findings": FINDING,
    "outcomes": OUTCOME,
    "setting": SETTING,
    "sex": SEX,
    "reasons": KEYS,
    "not_scored": [why for why in WHY_NOT if why],
    "chart": CHART,
    "targets": ("relapse", "non_response"),
    "sections": ("danger", "overdue", "risk"),
    "sections_short": ("danger", "overdue", "risk"),
}


def leaves(tree, path=()):
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, name))
        else:
            yield (*path, name), value


def facts_of(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("table", CODES)
def test_no_code_lacks_a_word(language, table):
    assert set(words(language).tree[table]) >= set(CODES[table])


def test_the_languages_have_the_same_words_with_the_same_facts():
    def shape(language):
        return {path: facts_of(value) for path, value in told(language).items()}

    assert shape("en") == shape("hi") == shape("mr")
    assert all(
        value.strip() for language in LANGUAGES for _, value in leaves(words(language).tree) if isinstance(value, str)
    )


MISLEADING = {
    "hi": (
        "चले गए", "चला गया", "अंक", "तय तारीख़", "लेटाकर", "नज़र रखते", "कठिन मौसम", "बही", "काम का नहीं",
        "उपचार आहार", "गंभीर तीव्र", "मध्यम कुपोषण", "बीमारी की जटिलता",
    ),
    "mr": (
        "गेले आहे", "गुण नाही", "गुण काढ", "गुणासाठी", "मुदत", "वजने चुक", "वजन चुक", "लक्ष ठेवतात",
        "कठीण", "वहीतील", "तीव्र कुपोषण", "उपचार आहार", "मध्यम कुपोषण", "आजाराची गुंतागुंत",
    ),
}  # fmt: skip
"""Words that a supervisor read otherwise than they were meant: "गेले" for a child that left reads as "died"."""


def told(language):
    return {path: value for path, value in leaves(words(language).tree) if isinstance(value, str)}


@pytest.mark.parametrize("language", MISLEADING)
def test_words_that_mislead_never_come_back(language):
    found = [(path, word) for path, value in told(language).items() for word in MISLEADING[language] if word in value]
    assert found == []
    assert words(language)("states", "left") != "गेले"


def test_a_sentence_ends_with_the_full_stop_of_its_language_and_with_one():
    for language, own, other in (("hi", "\u0964", "."), ("mr", ".", "\u0964"), ("en", ".", "\u0964")):
        for path, value in told(language).items():
            assert not re.search(r"[\u0964.]\s*[\u0964.]", value), path
            assert not re.search(rf"{re.escape(other)}(\s|$)", value.replace("क्र.", "")), path
        say = words(language)
        assert say.sentence("x") == say.sentence(say.sentence("x")) == "x" + own == ("x" + say("ui", "stop")).strip()


def test_no_arm_is_told_in_mm_but_where_it_is_entered():
    for language in LANGUAGES:
        in_mm = {path for path, value in told(language).items() if re.search(r"\bmm\b|मिमी|115|125", value)}
        assert in_mm <= {("ui", "muac_found"), ("ui", "muac_written"), ("ui", "fault_muac_mm")}
        for path in in_mm:
            assert re.search(r"\bcm\b|सेमी", words(language)(*path))
        assert all("11.5" in words(language)(*path) for path in (("ui", "abbreviations"), ("key", "sam_again")))


def test_one_of_a_kind_is_told_as_one():
    for language in LANGUAGES:
        say = words(language)
        for path in told(language):
            if path[-1].endswith("_one") and "n" in facts_of(say(*path[:-1], path[-1].removesuffix("_one"))):
                assert "n" not in facts_of(say(*path))
    assert [words("en").say("ui", "overdue_by", n=n) for n in (1, 2)] == ["1 day late", "2 days late"]
    assert whom(child(age_months=1), words("hi")) == "लड़की, 1 महीना"
    assert whom(child(age_months=14), words("mr")) == "मुलगी, 14 महिने"


@pytest.mark.parametrize("language", LANGUAGES)
def test_counts_are_grouped_as_india_does(language):
    say = words(language)
    assert [say.number(value) for value in (999, 1456, 1234567, -1456)] == ["999", "1,456", "12,34,567", "\u22121,456"]
    assert say.number(123456.78, 1) == "1,23,456.8"
    assert "1,456" in say.say("ui", "counts", rows=np.int64(1456), centres=3, capacity=20)
    assert "12,34,567" in say.say("ui", "not_scored_count", n=1234567)


@pytest.mark.parametrize("language", ["hi", "mr"])
def test_hindi_and_marathi_are_written_in_devanagari_with_arabic_numerals(language):
    whole = " ".join(value for _, value in leaves(words(language).tree) if isinstance(value, str))
    assert not re.search("[\u0966-\u096f]", whole)
    latin = set(re.findall(r"\b[A-Za-z]{2,}\b", re.sub(r"\{[^}]*\}", "", whole)))
    terms = {"SAM", "MAM", "MUAC", "WHZ", "HAZ", "NRC", "VCDC", "UCDC", "WHO", "EDNF"}
    known = terms | {"PDF", "Excel", "YYYY", "MM", "DD"}
    assert latin <= known


def test_the_words_never_say_failed_removed_or_denied():
    whole = " ".join(value for _, value in leaves(words("en").tree) if isinstance(value, str)).lower()
    assert not re.search(r"\b(fail\w*|denied|deny|removed?|defaulter|refused)\b", whole)
    assert "visit first" in whole


def test_every_form_of_a_reason_is_written_and_no_other():
    for language in LANGUAGES:
        for key in REASONS:
            assert set(words(language).tree["reasons"][key]) == {
                "label",
                "short",
                *(form.name for form in FORMS[key]),
            }
    assert set(FORMS) == set(REASONS) == set(KEYS)


TOLD = [
    ("falling_weight", 0.5, {}, "Weight fell by 0.4 kg in 31 days"),
    ("falling_weight", 0.5, {"weight_change_kg": 0.0}, "Weight has not changed in 31 days"),
    ("falling_weight", 0.5, {"weight_change_kg": 0.2}, "Weight rose only 0.2 kg in 31 days"),
    ("falling_weight", -0.5, {"weight_change_kg": 0.6}, "Weight rose by 0.6 kg in 31 days"),
    ("falling_weight", 0.5, {"weight_change_kg": None}, "Weight is falling or rises too slowly"),
    ("falling_weight", -0.5, {"weight_change_kg": float("nan")}, "Recent weights"),
    ("low_weight_for_height", 0.5, {}, "Thin for the height (WHZ \u22122.4)"),
    ("low_weight_for_height", -0.5, {"whz": -0.0}, "Weight for height: WHZ 0.0"),
    ("low_muac", 0.5, {}, "The upper arm is thin: 11.8 cm"),
    ("low_muac", -0.5, {"muac_mm": 131.0}, "The upper arm measures 13.1 cm"),
    ("poor_gain", 0.5, {}, "Gained only about 90 g a week in treatment"),
    ("poor_gain", 0.5, {"gain_g_kg_day": -1.2}, "Lost about 60 g a week in treatment"),
    ("poor_gain", 0.5, {"last_weight_kg": None}, "Little weight gain in treatment"),
    ("poor_gain", 0.5, {"gain_g_kg_day": 6.0}, "Weight gain in treatment"),
    ("missed_weighings", 0.5, {"missed_weighings": 0, "days_since_seen": 3}, "Missed weighings"),
    ("illness", -0.5, {}, "Illness"),
    ("food_not_received", -0.5, {"ednf_share": 0.0}, "Therapeutic food received"),
    ("early_in_recovery", 0.5, {}, "Discharged 40 days ago"),
    ("early_in_recovery", 0.5, {"days_since_discharge": None, "days_in_treatment": 9}, "In treatment for 9 days"),
    ("severe_at_admission", 0.5, {}, "Was very thin when admitted"),
    ("earlier_episodes", 0.5, {}, "Was treated for SAM once before"),
    ("earlier_episodes", 0.5, {"episodes_before": 3}, "Was treated for SAM 3 times before"),
    ("earlier_episodes", -0.5, {"episodes_before": 0}, "Never treated for SAM before this"),
    ("length_of_stay", 0.5, {}, "Treatment took 49 days"),
    ("illness", 0.5, {}, "Ill at 3 of 8 checks"),
    ("illness", -0.5, {"ill_checks": 0}, "Not ill at any of 8 checks"),
    ("illness", 0.5, {"checks": 0, "ill_checks": 0}, "No medical check is recorded"),
    ("poor_appetite", 0.5, {}, "Ate poorly at 2 of 8 checks"),
    ("missed_weighings", 0.5, {"missed_weighings": 1}, "Missed 1 weighing"),
    ("missed_weighings", 0.5, {"missed_weighings": 0, "days_since_seen": 45}, "Not seen for 45 days"),
    ("food_not_received", 0.5, {}, "Received 60% of the therapeutic food that was due"),
    ("poor_attendance", 0.5, {}, "Came on 40% of the days the centre was open"),
    ("lean_season", 0.5, {}, "The hard season of the year"),
    ("age", 0.5, {}, "Still young: 14 months"),
    ("low_birth_weight", 0.5, {}, "Was born small: 2.1 kg"),
    ("stunted", 0.5, {}, "Short for the age (HAZ \u22122.8)"),
    ("thin_records", 0.5, {}, "Little is recorded about the child"),
]


@pytest.mark.parametrize(("key", "log_odds", "facts", "sentence"), TOLD)
def test_a_sentence_says_what_the_facts_bear(key, log_odds, facts, sentence):
    assert words("en").reason(Reason(key, log_odds), FACTS | facts) == sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_can_be_told_without_any_fact(language):
    for key in REASONS:
        for log_odds in (0.4, -0.4):
            assert words(language).reason(Reason(key, log_odds), {})
            assert words(language).reason(Reason(key, log_odds), dict.fromkeys(FACTS))


def test_ten_contrasting_children_are_listed_for_ten_reasons():
    told = [
        why_line(child(reasons=(Reason("illness", 0.7),)), words("en")),
        why_line(child(reasons=(Reason("falling_weight", 0.7),)), words("en")),
        why_line(child(reasons=(Reason("early_in_recovery", 0.7),), facts={"days_since_discharge": 6}), words("en")),
        why_line(child(reasons=(Reason("missed_weighings", 0.7),)), words("en")),
        why_line(child(reasons=(Reason("low_muac", 0.4), Reason("stunted", 0.3))), words("en")),
        why_line(child(reasons=(Reason("age", -0.4),)), words("en")),
        why_line(in_danger(), words("en")),
        why_line(in_danger(rule="oedema"), words("en")),
        why_line(in_danger(rule="no_gain"), words("en")),
        why_line(overdue(), words("en")),
    ]
    assert len(set(told)) == 10
    assert told[4] == "The upper arm is thin: 11.8 cm. Short for the age (HAZ \u22122.8)"
    assert told[6] == "SAM, not yet examined (WHZ \u22123.4, arm 11.2 cm)"


def test_the_line_tells_what_is_amiss_and_not_what_merely_weighs():
    quiet = Reason("missed_weighings", 0.9)
    facts = {"missed_weighings": 0, "days_since_seen": 3, "haz": -1.1}
    told = why_line(child(reasons=(quiet, Reason("stunted", 0.8), Reason("illness", 0.4)), facts=facts), words("en"))
    assert told == "Ill at 3 of 8 checks"
    assert why_line(child(reasons=(quiet, Reason("illness", 0.2)), facts=facts), words("en")) == "Missed weighings"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_has_no_odds_that_a_family_may_read_and_the_page_has_them(language):
    for target in ("relapse", "non_response"):
        listed = child(target=target, risk=0.42)
        assert not re.search("[0-9]", may_happen(listed, words(language)))
        assert "4" in how_often(listed, words(language)) and "10" in how_often(listed, words(language))
    assert how_often(child(risk=None), words(language)) == words(language)("ui", "not_scored")


def test_only_what_is_severe_is_measured_out_and_never_rounded_to_the_limit():
    told = [rule_line(in_danger(facts={"whz": whz, "muac_mm": arm}), words("en")) for whz, arm in
            ((-2.9, 112.0), (-3.02, 121.0), (-3.4, 112.0), (-2.0, 130.0), (None, None))]
    assert told == ["SAM, not yet examined" + end for end in (" (arm 11.2 cm)", " (WHZ \u22123.02)",
                    " (WHZ \u22123.4, arm 11.2 cm)", " (WHZ \u22122.0, arm 13.0 cm)", "")]


def test_a_reason_changes_when_the_records_change():
    before = child(reasons=(Reason("falling_weight", 0.7),), facts={"weight_change_kg": -0.4})
    after = child(reasons=(Reason("falling_weight", 0.2), Reason("illness", 0.5)), facts={"weight_change_kg": 0.1})
    assert why_line(before, words("hi")) != why_line(after, words("hi"))


def test_dates_and_numbers_as_people_write_them():
    assert words("hi").day(dt.date(2026, 3, 12)) == "12 मार्च 2026"
    assert words("mr").day(dt.date(2026, 8, 1)) == "1 ऑगस्ट 2026"
    assert words("en").day(None) == ""
    assert [words("en").kilograms(value) for value in (7.4, 7.85, 10.0)] == ["7.4", "7.85", "10.0"]
    assert words("en").number(-0.04, 1) == "0.0" and words("en").number(-2.44, 1) == "\u22122.4"
    assert last_weight(child(), words("mr")) == "7.4 किलो, 2 मार्च 2026"
    assert last_weight(child(facts={"last_weight_kg": None}), words("en")) == "No weight recorded"
    assert [risk_words(risk, words("en")) for risk in (0.04, 0.31, 1.0)] == [
        "fewer than 1 in 10",
        "about 3 in 10",
        "about 10 in 10",
    ]


def test_the_rule_says_what_to_do_and_the_risk_asks_for_a_visit():
    assert what_to_do(in_danger(), words("en")) == "Have the ANM or doctor examine the child"
    assert what_to_do(child(), words("en")).startswith("Visit at home now")
    assert rule_line(in_danger(rule=None), words("en")) == "SAM suspected"


@pytest.mark.parametrize(
    ("wish", "language"),
    [
        ("mr-IN,mr;q=0.9,en;q=0.4", "mr"),
        ("fr,hi;q=0.5", "hi"),
        ("en;q=0,hi;q=0.1", "hi"),
        ("", "en"),
        (None, "en"),
        ("de", "en"),
        ("hi;q=x, mr", "mr"),
        ("," * 5000, "en"),
    ],
)
def test_the_browsers_wish(wish, language):
    assert preferred(wish) == language


def test_an_unknown_language_is_an_error():
    with pytest.raises(KeyError):
        words("fr")
