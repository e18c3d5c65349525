"""The words: complete in three languages, true to the facts, kind."""

from __future__ import annotations

import datetime as dt
import re
import string
from dataclasses import replace

import numpy as np
import pytest

from care.pathway.decide import RULES, STATES, STEPS, WHO
from features.charts.growth_chart import WORDS as CHART
from models.reasons import KEYS
from models.scoring import WHY_NOT
from models.targets import TARGETS
from models.visits.listed_child import Reason
from registry.contract.codes import Setting, Sex, StayOutcome, VisitFinding
from serving.language.centre_names import called, name_in_words
from serving.language.languages import LANGUAGES
from serving.language.reason_wording import FORMS, REASONS
from serving.language.telling import rule_line, step_words, told_reasons, what_to_do, why_line
from serving.language.words import (
    how_often,
    last_weight,
    may_happen,
    preferred,
    risk_words,
    whom,
    words,
)
from tests.support.listed_children import FACTS, child, in_danger, overdue

CODES = {
    "states": STATES,
    "steps": STEPS,
    "rules": RULES,
    "who": WHO,
    "findings": VisitFinding.texts(),
    "outcomes": StayOutcome.texts(),
    "setting": Setting.texts(),
    "sex": Sex.texts(),
    "reasons": KEYS,
    "not_scored": [why for why in WHY_NOT if why],
    "chart": CHART,
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

    assert all(shape(language) == shape("en") for language in LANGUAGES)
    assert all(value.strip() for language in LANGUAGES for value in told(language).values())


MISLEADING = {
    "hi": (
        "चले गए",
        "चला गया",
        "अंक",
        "तय तारीख़",
        "लेटाकर",
        "नज़र रखते",
        "कठिन मौसम",
        "बही",
        "काम का नहीं",
        "उपचार आहार",
        "गंभीर तीव्र",
        "मध्यम कुपोषण",
        "बीमारी की जटिलता",
    ),
    "mr": (
        "गेले आहे",
        "गुण नाही",
        "गुण काढ",
        "गुणासाठी",
        "मुदत",
        "वजने चुक",
        "वजन चुक",
        "लक्ष ठेवतात",
        "कठीण",
        "वहीतील",
        "तीव्र कुपोषण",
        "उपचार आहार",
        "मध्यम कुपोषण",
        "आजाराची गुंतागुंत",
    ),
}
"""Words that a supervisor read otherwise than they were meant: "गेले" for a child that left reads
as "died"."""


ONE_TERM = {
    "hi": {
        "भेंट (visit; a दौरा is a fit)": ("दौरे में बीमार", "घर के दौरे", "को दौरा", "गृहभेंट", "गृह-भेंट"),
        "नापना (measuring), माप (its result)": (
            "मापे",
            "मापा",
            "का नाप",
            "ऐसा नाप",
            "पिछली माप",
            "कोई नाप",
        ),
        "डिस्चार्ज": ("छुट्टी",),
        "लॉग इन, लॉग आउट": ("साइन-इन", "साइन-आउट", "साइन इन", "साइन आउट"),
        "जन्म तिथि": ("जन्म तारीख", "जन्मतिथि", "जन्म की तारीख"),
        "लंबाई": ("ऊँचाई",),
        "पन्ना": ("पेज",),
        "इलाज बीच में छूटा": ("आना बंद", "बीच में छोड़ा"),
        "पैकेट, टेक होम राशन": ("पाकीट", "घर ले जाने वाला राशन", "घर ले जाने वाले राशन"),
        "कोड (of a child)": ("बच्चे का नंबर", "सिर्फ़ नंबर", "उसके नंबर से"),
        "आंगनवाड़ी": ("आँगनवाड़ी", "आंगनबाड़ी", "आंगनवाडी"),
        "the letters with a dot below": (
            "बाकी",
            "तारीख ",
            "खाली",
            "गलती",
            "कदम",
            "जरूर",
            "खतर",
            "वजन",
        ),
    },
    "mr": {
        "बीट": ("सेक्टर",),
        "गृहभेट": ("घरभेट",),
        "डिस्चार्ज": ("सुट्टी",),
        "लॉग इन, लॉग आउट": ("साइन-इन", "साइन-आउट", "साइन इन", "साइन आउट"),
        "किलो": ("किग्रॅ", "किग्रा"),
        "भूक चाचणी": ("भुकेच्या चाचणी", "भूकेची चाचणी"),
        "पर्यवेक्षिका": ("मुख्यसेविका",),
        "सर्वांत, पाहा": ("सर्वात ", " पहा"),
        "उपचार अर्धवट सुटले": ("येणे बंद", "अर्धवट सोड", "मध्येच सुट"),
        "घरपोच आहार": ("टेक होम", "घरी नेण्याचा आहार"),
        "विश्वासार्ह": ("भरवश",),
        "कोड (of a child)": ("बालकाचा क्रमांक", "फक्त क्रमांक", "त्याच्या क्रमांकावरून"),
        "बालक (to a family: मूल)": ("मुले ", "मुलांचे पुन्हा", "SAM मूल"),
    },
}
"""The one term for a thing, and what it was also called before: readers took two words for two
things."""
TO_A_FAMILY = ("counsel",)
"""Where one speaks to a family, in its words."""


@pytest.mark.parametrize("language", ONE_TERM)
def test_one_thing_has_one_term(language):
    found = [
        (path, term, other)
        for path, value in told(language).items()
        for term, others in ONE_TERM[language].items()
        for other in others
        if path[0] not in TO_A_FAMILY and other in value
    ]
    assert found == []


def told(language):
    of_targets = {name: dict(target.words[language]) for name, target in TARGETS.items()}
    tree = words(language).tree | {"targets": of_targets}
    return {path: value for path, value in leaves(tree) if isinstance(value, str)}


@pytest.mark.parametrize("language", MISLEADING)
def test_words_that_mislead_never_come_back(language):
    found = [
        (path, word)
        for path, value in told(language).items()
        for word in MISLEADING[language]
        if word in value
    ]
    assert found == []
    assert words(language)("states", "left") != "गेले"


@pytest.mark.parametrize(
    ("name", "hindi", "marathi"),
    [
        ("Anganwadi 23", "आंगनवाड़ी 23", "अंगणवाडी 23"),
        ("AWC Rampur", "आंगनवाड़ी Rampur", "अंगणवाडी Rampur"),
        ("रामपुर", "रामपुर", "रामपुर"),
        ("Rampur Anganwadi", "Rampur Anganwadi", "Rampur Anganwadi"),
        ("AWC00012", "AWC00012", "AWC00012"),
    ],
)
def test_only_the_word_anganwadi_of_a_centre_s_name_is_put_into_the_reader_s_language(
    name, hindi, marathi
):
    assert name_in_words(name, words("hi")) == hindi
    assert name_in_words(name, words("mr")) == marathi
    assert called(name, "A1", words("hi")) == f"{hindi} (A1)"
    assert called(None, "A1", words("hi")) == called("A1", "A1", words("hi")) == "A1"


def test_a_sentence_ends_with_the_full_stop_of_its_language_and_with_one():
    for language, own, other in (
        ("hi", "\u0964", "."),
        ("mr", ".", "\u0964"),
        ("en", ".", "\u0964"),
    ):
        for path, value in told(language).items():
            assert not re.search(r"[\u0964.]\s*[\u0964.]", value), path
            assert not re.search(rf"{re.escape(other)}(\s|$)", value.replace("क्र.", "")), path
        say = words(language)
        assert (
            say.sentence("x")
            == say.sentence(say.sentence("x"))
            == "x" + own
            == ("x" + say("ui", "stop")).strip()
        )


def test_no_arm_is_told_in_mm_but_where_it_is_entered():
    for language in LANGUAGES:
        in_mm = {
            path
            for path, value in told(language).items()
            if re.search(r"\bmm\b|मिमी|115|125", value)
        }
        assert in_mm <= {("ui", "muac_found"), ("ui", "muac_written"), ("ui", "fault_muac_mm")}
        for path in in_mm:
            assert re.search(r"\bcm\b|सेमी", words(language)(*path))
        assert all(
            "11.5" in words(language)(*path)
            for path in (("ui", "abbreviations"), ("key", "sam_again"))
        )


def test_one_of_a_kind_is_told_as_one():
    for language in LANGUAGES:
        say = words(language)
        for path in told(language):
            if path[-1].endswith("_one") and "n" in facts_of(
                say(*path[:-1], path[-1].removesuffix("_one"))
            ):
                assert "n" not in facts_of(say(*path))
    assert [words("en").say("ui", "overdue_by", n=n) for n in (1, 2)] == [
        "1 day late",
        "2 days late",
    ]
    assert whom(child(age_months=1), words("hi")) == "लड़की, 1 महीना"
    assert whom(child(age_months=14), words("mr")) == "मुलगी, 14 महिने"


@pytest.mark.parametrize("language", LANGUAGES)
def test_counts_are_grouped_as_india_does(language):
    say = words(language)
    assert [say.number(value) for value in (999, 1456, 1234567, -1456)] == [
        "999",
        "1,456",
        "12,34,567",
        "\u22121,456",
    ]
    assert say.number(123456.78, 1) == "1,23,456.8"
    assert "1,456" in say.say("ui", "counts", rows=np.int64(1456), centres=3, capacity=20)
    assert "12,34,567" in say.say("ui", "not_scored_count", n=1234567)


@pytest.mark.parametrize("language", ["hi", "mr"])
def test_hindi_and_marathi_are_written_in_devanagari_with_arabic_numerals(language):
    whole = " ".join(told(language).values())
    assert not re.search("[\u0966-\u096f]", whole)
    latin = set(re.findall(r"\b[A-Za-z]{2,}\b", re.sub(r"\{[^}]*\}", "", whole)))
    terms = {"SAM", "MAM", "MUAC", "WHZ", "HAZ", "NRC", "VCDC", "UCDC", "WHO", "EDNF"}
    known = terms | {"WAZ", "PDF", "Excel", "CSV", "MB", "YYYY", "MM", "DD"}
    assert latin <= known


def test_the_words_never_say_failed_removed_or_denied():
    whole = " ".join(told("en").values()).lower()
    assert not re.search(r"\b(fail\w*|denied|deny|removed?|defaulter|refused)\b", whole)
    assert "visit first" in whole


def test_every_form_of_a_reason_is_written_and_no_other():
    for language in LANGUAGES:
        for key in REASONS:
            assert set(words(language).tree["reasons"][key]) == {form.name for form in FORMS[key]}
    assert set(FORMS) == set(REASONS) == set(KEYS)


ON_3_MARCH, IN_MARCH_2025 = dt.date(2026, 3, 3), dt.date(2025, 3, 4)
TOLD = [
    ("falling_weight", 0.5, {}, "Weight fell: 7.8 kg on 30 Jan, 7.4 kg on 2 Mar"),
    ("falling_weight", 0.5, {"weight_step_kg": 0.2}, "Weighed 7.8 kg on 30 Jan, 7.4 kg on 2 Mar"),
    ("falling_weight", -0.5, {}, None),
    (
        "falling_weight",
        0.5,
        {"weight_before_kg": 7.4, "weight_change_kg": 0.0},
        "Weight has hardly changed: 7.4 kg on 30 Jan, 7.4 kg on 2 Mar",
    ),
    (
        "falling_weight",
        0.5,
        {"weight_before_kg": 7.2, "weight_change_kg": 0.2},
        "Weighed 7.2 kg on 30 Jan, 7.4 kg on 2 Mar",
    ),
    (
        "falling_weight",
        -0.5,
        {"weight_before_kg": 6.8, "weight_change_kg": 0.6, "weight_step_kg": 0.1},
        "Weight rose: 6.8 kg on 30 Jan, 7.4 kg on 2 Mar",
    ),
    ("falling_weight", 0.5, {"weight_before_kg": None}, None),
    (
        "falling_weight",
        0.5,
        {"weight_before_on": IN_MARCH_2025},
        "Weight fell: 7.8 kg on 4 Mar 2025, 7.4 kg on 2 Mar",
    ),
    ("low_weight_for_height", 0.5, {}, "Thin for the height: WHZ \u22122.4 on 2 Mar"),
    ("low_weight_for_height", 0.5, {"whz": -2.04}, "Thin for the height: WHZ \u22122.04 on 2 Mar"),
    ("low_weight_for_height", -0.5, {"whz": -0.0}, "Weight for height: WHZ 0.0 on 2 Mar"),
    ("low_weight_for_height", -0.5, {}, "Weight for height: WHZ \u22122.4 on 2 Mar"),
    ("earlier_episodes", -0.5, {}, "Was in treatment once before, until 9 Jun"),
    ("severe_at_admission", -0.5, {}, "At admission WHZ \u22123.4 (17 Dec)"),
    ("low_weight_for_height", 0.5, {"last_weight_on": ON_3_MARCH}, None),
    ("low_muac", 0.5, {}, "The upper arm is thin: 11.8 cm on 2 Mar"),
    (
        "low_muac",
        0.5,
        {"last_weight_on": ON_3_MARCH},
        "The upper arm was not measured again since 11.8 cm on 2 Mar",
    ),
    ("low_muac", 0.5, {"last_muac_judged": None}, "The upper arm measures 11.8 cm (2 Mar)"),
    ("low_muac", -0.5, {"last_muac_mm": 131.0}, "The upper arm measures 13.1 cm (2 Mar)"),
    ("poor_gain", 0.5, {}, "Gained little in treatment: 6.6 kg on 18 Dec, 7.5 kg on 4 Feb"),
    ("poor_gain", -0.5, {}, "Gained in treatment: 6.6 kg on 18 Dec, 7.5 kg on 4 Feb"),
    (
        "poor_gain",
        0.5,
        {"stay_last_kg": 6.4},
        "Lighter than at the start of treatment: 6.6 kg on 18 Dec, 6.4 kg on 4 Feb",
    ),
    (
        "poor_gain",
        0.5,
        {"stay_gain_g_kg_day": 6.0},
        "In treatment 6.6 kg on 18 Dec, 7.5 kg on 4 Feb",
    ),
    ("poor_gain", 0.5, {"stay_first_kg": None}, None),
    ("early_in_recovery", 0.5, {}, "Discharged on 4 Feb"),
    ("early_in_recovery", 0.5, {"discharged_on": None}, None),
    ("severe_at_admission", 0.5, {}, "Very thin at admission: WHZ \u22123.4, arm 11.2 cm (17 Dec)"),
    (
        "severe_at_admission",
        0.5,
        {"admission_whz": 0.8},
        "Very thin arm at admission: 11.2 cm (17 Dec)",
    ),
    (
        "severe_at_admission",
        0.5,
        {"admission_muac_mm": 121},
        "Very thin at admission: WHZ \u22123.4 (17 Dec)",
    ),
    (
        "severe_at_admission",
        0.5,
        {"admission_oedema": True},
        "At admission both feet were swollen (17 Dec)",
    ),
    (
        "severe_at_admission",
        0.5,
        {"admission_muac_mm": 121, "admission_whz": None},
        "Arm at admission: 12.1 cm (17 Dec)",
    ),
    ("earlier_episodes", 0.5, {}, "Was in treatment once before, until 9 Jun"),
    (
        "earlier_episodes",
        0.5,
        {"treated_before": 3},
        "Was in treatment 3 times before, the last time until 9 Jun",
    ),
    ("earlier_episodes", -0.5, {"treated_before": 0}, "No earlier treatment is recorded"),
    ("earlier_episodes", 0.5, {"treated_before": 0}, None),
    ("length_of_stay", 0.5, {}, "In treatment from 17 Dec to 4 Feb"),
    (
        "length_of_stay",
        0.5,
        {"stay_to_on": None, "admitted_on": ON_3_MARCH},
        "In treatment since 3 Mar",
    ),
    ("illness", 0.5, {}, "Ill at 3 of 8 checks since 16 Feb"),
    ("illness", -0.5, {}, None),
    ("illness", -0.5, {"ill_checks": 0}, "Not ill at any check since 16 Feb (checks: 8)"),
    (
        "illness",
        0.5,
        {"checks": None, "ill_checks": None, "checked_lately": False},
        "No medical check since 12 Mar",
    ),
    (
        "illness",
        0.5,
        {"checks": None, "ill_checks": None, "last_check_on": None, "never_checked": True},
        "No medical check is recorded",
    ),
    ("poor_appetite", 0.5, {}, "Ate poorly at 2 of 8 checks since 16 Feb"),
    (
        "poor_appetite",
        0.5,
        {"poor_appetite_checks": 0, "appetite_failed_on": IN_MARCH_2025},
        "Did not pass the appetite test of 4 Mar 2025",
    ),
    ("missed_weighings", 0.5, {}, "Not weighed between 2 Jan and 23 Jan"),
    ("missed_weighings", 0.5, {"days_since_seen": 45}, "Not weighed since 2 Mar"),
    ("missed_weighings", -0.5, {"gap_from_on": None}, "Weighed 7 times since 4 Feb"),
    ("missed_weighings", 0.5, {"gap_from_on": None}, None),
    (
        "food_not_received",
        0.5,
        {},
        "Only 30 sachets of therapeutic food (EDNF) recorded in 49 days of treatment",
    ),
    (
        "food_not_received",
        -0.5,
        {"food_sachets": 49},
        "49 sachets of therapeutic food (EDNF) recorded in 49 days of treatment",
    ),
    ("poor_attendance", 0.5, {}, "Came to the centre on only 10 of 25 days in February 2026"),
    ("lean_season", 0.5, {}, None),
    ("lean_season", 0.5, {"rains": True}, "Rainy season (June to September)"),
    ("age", 0.5, {}, "Still young: 14 months"),
    ("low_birth_weight", 0.5, {}, "Was born small: 2.1 kg"),
    ("stunted", 0.5, {}, "Short for the age: HAZ \u22122.8 on 2 Mar"),
    ("family_and_centre", 0.5, {}, None),
    (
        "family_and_centre",
        0.5,
        {"siblings_treated": 1},
        "Admissions for SAM among brothers and sisters in the last year: 1",
    ),
    ("thin_records", 0.5, {}, None),
    ("thin_records", 0.5, {"last_height_on": IN_MARCH_2025}, "Height last measured on 4 Mar 2025"),
]


def of(facts):
    """The facts without those that are not known, as a scoring run leaves them out."""
    return {name: value for name, value in (FACTS | facts).items() if value is not None}


@pytest.mark.parametrize(("key", "log_odds", "facts", "sentence"), TOLD)
def test_a_sentence_says_what_the_facts_bear(key, log_odds, facts, sentence):
    assert words("en").reason(Reason(key, log_odds), of(facts)) == sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_facts_nothing_is_claimed(language):
    for key in REASONS:
        for log_odds in (0.4, -0.4):
            assert words(language).reason(Reason(key, log_odds), {}) is None
            assert words(language).reason(Reason(key, log_odds), dict.fromkeys(FACTS)) is None


def test_ten_contrasting_children_are_listed_for_ten_reasons():
    told = [
        why_line(child(reasons=(Reason("illness", 0.7),)), words("en")),
        why_line(child(reasons=(Reason("falling_weight", 0.7),)), words("en")),
        why_line(child(reasons=(Reason("early_in_recovery", 0.7),)), words("en")),
        why_line(child(reasons=(Reason("missed_weighings", 0.7),)), words("en")),
        why_line(child(reasons=(Reason("low_muac", 0.4), Reason("stunted", 0.3))), words("en")),
        why_line(child(reasons=(Reason("age", -0.4),)), words("en")),
        why_line(in_danger(), words("en")),
        why_line(in_danger(rule="oedema"), words("en")),
        why_line(in_danger(rule="no_gain"), words("en")),
        why_line(overdue(), words("en")),
    ]
    assert len(set(told)) == 10
    assert (
        told[4]
        == "The upper arm is thin: 11.8 cm on 2 Mar. Short for the age: HAZ \u22122.8 on 2 Mar"
    )
    assert told[5] == "No single sign: several small ones together"
    assert told[6] == "SAM, not yet examined (WHZ \u22123.4, arm 11.2 cm on 2 Mar)"


def test_the_line_tells_what_is_amiss_and_not_what_merely_weighs():
    quiet = Reason("missed_weighings", 0.9)
    facts = {"gap_from_on": None, "haz": -1.1}
    told = why_line(
        child(reasons=(quiet, Reason("stunted", 0.8), Reason("illness", 0.4)), facts=facts),
        words("en"),
    )
    assert told == "Ill at 3 of 8 checks since 16 Feb"
    alone = why_line(child(reasons=(quiet, Reason("illness", 0.2)), facts=facts), words("en"))
    assert alone == "Ill at 3 of 8 checks since 16 Feb"
    assert why_line(child(reasons=(quiet,), facts=facts), words("en")) == words("en")(
        "ui", "several_signs"
    )


RAIN = {"facts": {"rains": True}}


def test_what_sets_a_child_apart_is_told_before_what_the_whole_sector_has():
    """In July the season adds 0.6 to every child, and all were treated lately: the girl's illness
    is her own."""
    sectors = (
        Reason("lean_season", 0.6, 0.6),
        Reason("early_in_recovery", 0.5, 0.45),
        Reason("illness", 0.3, 0.0),
    )
    assert (
        why_line(child(reasons=sectors, **RAIN), words("en")) == "Ill at 3 of 8 checks since 16 Feb"
    )
    common = (Reason("lean_season", 0.6, 0.6), Reason("early_in_recovery", 0.5, 0.6))
    assert why_line(child(reasons=common, **RAIN), words("en")) == "Discharged on 4 Feb"


def test_the_season_is_told_only_where_it_differs_and_never_alone():
    def line(*reasons):
        return why_line(child(reasons=reasons, **RAIN), words("en"))

    own, ill, rain = (
        Reason("lean_season", 0.6, 0.2),
        Reason("illness", 0.3),
        "Rainy season (June to September)",
    )
    for alone in ((own,), (Reason("lean_season", 0.6, 0.58), Reason("age", -0.2))):
        assert line(*alone) == words("en")("ui", "several_signs")
    assert line(own, ill) == f"Ill at 3 of 8 checks since 16 Feb. {rain}"
    assert (
        why_line(child(reasons=(), target=None, risk=None), words("en"))
        == "Follow-up weighing after treatment"
    )
    assert rain not in line(Reason("lean_season", 0.6, 0.55), ill)
    facts = of({"rains": True})
    bars = [
        [one.key for one in told_reasons(reasons, facts, words("en"))]
        for reasons in ((own,), (own, ill), (Reason("lean_season", 0.6, 0.55), ill))
    ]
    assert bars == [[None], ["lean_season", "illness"], ["illness", None]]


def test_bars_of_what_has_no_sentence_are_one_and_the_parts_add_up():
    reasons = (
        Reason("missed_weighings", -0.9),
        Reason("illness", -0.4),
        Reason("stunted", 0.3),
        Reason("age", 0.001),
    )
    told = told_reasons(reasons, of({}), words("en"))
    assert [(one.key, round(one.log_odds, 3)) for one in told] == [("stunted", 0.3), (None, -1.299)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_has_no_odds_that_a_family_may_read_and_the_page_has_them(language):
    for target in TARGETS:
        listed = child(target=target, risk=0.42)
        assert not re.search("[0-9]", may_happen(listed, words(language)))
        assert "4" in how_often(listed, words(language)) and "10" in how_often(
            listed, words(language)
        )
    assert how_often(child(risk=None), words(language)) == words(language)("ui", "not_scored")


BASES = [
    ({}, "WHZ \u22123.4, arm 11.2 cm on 2 Mar"),
    ({"sam_whz": -3.02, "sam_muac_on": None}, "WHZ \u22123.02 on 2 Mar"),
    ({"whz": 0.8, "sam_whz_on": None}, "arm 11.2 cm on 2 Mar"),
    ({"sam_muac_on": dt.date(2026, 1, 20)}, "WHZ \u22123.4 on 2 Mar; arm 11.2 cm on 20 Jan"),
    (
        {"sam_whz_on": None, "sam_muac_on": None, "sam_oedema_on": dt.date(2026, 3, 2)},
        "both feet swollen on 2 Mar",
    ),
    ({"sam_at_home_on": dt.date(2026, 3, 9)}, "found at a home visit on 9 Mar"),
    ({"sam_at_home_on": dt.date(2026, 2, 9)}, "WHZ \u22123.4, arm 11.2 cm on 2 Mar"),
    ({"sam_whz_on": None, "sam_muac_on": None}, None),
]


@pytest.mark.parametrize(("facts", "basis"), BASES)
def test_sam_is_told_by_what_it_was_found(facts, basis):
    """Not "WHZ +0.8" for a child whose arm said SAM; and never rounded to the limit."""
    facts = {
        name: value for name, value in (in_danger().facts | facts).items() if value is not None
    }
    told = rule_line(replace(in_danger(), facts=facts), words("en"))
    assert told == "SAM, not yet examined" + (f" ({basis})" if basis else "")


def test_what_is_late_is_told_by_its_name():
    """Weighed last week, and "late" since the height is of July: the height is what has to be
    measured."""
    late = {
        "rule": "status_old",
        "next_step": "remeasure",
        "by_when": dt.date(2025, 11, 6),
        "overdue_days": 130,
        "facts": {"last_height_on": dt.date(2025, 7, 6)},
    }
    line = "Too thin or too light when last measured, long ago (height not measured since 6 Jul)"
    asked = child(**late)
    assert (
        rule_line(asked, words("en")) == line
        and what_to_do(asked, words("en")) == "Measure the height"
    )
    never = replace(
        asked,
        facts={name: value for name, value in asked.facts.items() if name != "last_height_on"},
    )
    assert rule_line(never, words("en")).endswith("(no height recorded)")
    unread = child(**late | {"facts": {"last_height_on": dt.date(2026, 3, 2)}})
    assert rule_line(unread, words("en")).endswith("(the reading of 2 Mar cannot be used)")
    unweighed = child(**late | {"by_when": dt.date(2026, 3, 10), "overdue_days": 6})
    for language in LANGUAGES:
        spoken = words(language)
        assert rule_line(unweighed, spoken) == spoken("rules", "status_old")
        assert step_words(unweighed, spoken) == spoken("steps", "remeasure")


def test_a_reason_changes_when_the_records_change():
    before = child(reasons=(Reason("falling_weight", 0.7),))
    after = child(
        reasons=(Reason("falling_weight", 0.2), Reason("illness", 0.5)),
        facts={"weight_change_kg": 0.1},
    )
    assert why_line(before, words("hi")) != why_line(after, words("hi"))


def test_dates_and_numbers_as_people_write_them():
    assert words("hi").day(dt.date(2026, 3, 12)) == "12 मार्च 2026"
    assert words("mr").day(dt.date(2026, 8, 1)) == "1 ऑगस्ट 2026"
    assert words("en").day(None) == ""
    assert [words("en").kilograms(value) for value in (7.4, 7.85, 10.0)] == ["7.4", "7.85", "10.0"]
    assert words("en").number(-0.04, 1) == "0.0" and words("en").number(-2.44, 1) == "\u22122.4"
    assert last_weight(child(), words("mr")) == "7.4 किलो, 2 मार्च 2026"
    assert last_weight(child(facts={"last_weight_kg": None}), words("en")) == "No weight recorded"
    assert [risk_words(risk, words("en")) for risk in (0.0, 0.04, 0.31, 0.94, 0.96, 1.0)] == [
        "fewer than 1 in 10",
        "fewer than 1 in 10",
        "about 3 in 10",
        "about 9 in 10",
        *["almost certainly"] * 2,
    ]


def test_the_rule_says_what_to_do_and_the_risk_asks_for_a_visit():
    assert what_to_do(in_danger(), words("en")) == "Have the ANM or doctor examine the child"
    assert what_to_do(child(), words("en")).startswith("Visit at home now")
    told = "SAM suspected (WHZ −3.4, arm 11.2 cm on 2 Mar)"
    assert rule_line(in_danger(rule=None), words("en")) == told


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
