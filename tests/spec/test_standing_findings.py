"""Findings with their days, visits towards discharge and the referral slip, in words: stories of a
girl of 74 cm, read on 10 March 2026."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace

import pypdf
import pytest

from care.protocol import standard
from serving.language.words import words
from serving.visits.paper.referral_slip import ReferralSlip, referral_slip
from serving.visits.standing_findings import standing
from tests.spec.test_care_children import records
from tests.spec.test_towards_discharge import BY_ARM, STAY, view
from tests.support.listed_children import AS_OF, child, in_danger

SAY = words("en")


def told(readings, say=SAY, **more):
    known, points = view([records(readings, **more)])
    return standing(known, points, standard(), say, told={})


def test_an_arm_of_sam_stands_with_its_day_until_it_is_asked_again():
    asked = told("20: 8.0 kg 74 cm 108 mm o0; 0: 8.2 kg 74 cm").findings
    assert asked[0] == "arm 10.8 cm on 18 Feb 2026: SAM, and no later measurement answers it"
    assert "both feet not swollen on 18 Feb 2026" in asked
    assert not any("WHZ" in line for line in asked), "the book's WHZ is told where it is known"
    today = told("0: 8.2 kg 74 cm 108 mm").findings
    assert today[0] == "arm 10.8 cm on 10 Mar 2026: SAM"
    assert "swelling of the feet not recorded" in today
    answered = told("20: 8.0 kg 74 cm 108 mm; 0: 8.2 kg 74 cm 126 mm").findings
    assert "arm 12.6 cm on 10 Mar 2026" in answered and not any("SAM" in one for one in answered)


def test_cured_with_an_arm_that_was_never_asked_again():
    stay = ("UCDC", 42, {"appetite_test": "pass", "closed": 3, "outcome": "cured"})
    found = told(f"{BY_ARM}; 10: 8.1 kg 74 cm; 0: 8.2 kg 74 cm", episodes=[stay]).findings
    assert (
        found[0]
        == "arm 11.0 cm on 27 Jan 2026: SAM before the discharge, and no later measurement answers it"
    )


def test_illness_and_tests_have_their_day():
    fever = {"fever": True, "diarrhoea": False, "poor_appetite": True, "appetite_test": "fail"}
    found = told("7: 6.6 kg 74 cm", seen=[(7, fever)]).findings
    assert found[0].startswith("WHZ −3.5 on 3 Mar 2026: SAM")
    for said in (
        "ill on 3 Mar 2026",
        "poor appetite on 3 Mar 2026",
        "appetite test not passed on 3 Mar 2026",
    ):
        assert any(line.startswith(said) for line in found), said
    assert "no medical check recorded" in told("7: 6.6 kg 74 cm").findings


def test_visits_towards_discharge_say_what_is_missing():
    forgot = told(f"{BY_ARM}; 9: 8.0 kg 74 cm 126 mm; 2: 8.1 kg 74 cm", episodes=[STAY]).discharge
    assert forgot[0].startswith("1 of 2 visits are met.")
    assert forgot[1] == (
        "On 8 Mar 2026: weight for height (WHZ) −2 or more: met; "
        "arm 12.5 cm or more: missing, not measured"
    )
    soon = told(f"{BY_ARM}; 7: 8.0 kg 74 cm 126 mm; 4: 8.1 kg 74 cm 127 mm", episodes=[STAY])
    assert soon.discharge[-1] == (
        "This visit does not count: it came less than 5 days after that of 3 Mar 2026."
    )
    assert told(BY_ARM, episodes=[STAY]).discharge[1] == "Not measured since the admission."
    assert not told(BY_ARM).discharge, "out of treatment"


@pytest.mark.parametrize("language", ["en", "hi"])
def test_the_slip_is_one_a5_page_by_code_with_a_part_for_the_answer(language):
    say = words(language)
    found = told("20: 8.0 kg 74 cm 108 mm o0; 0: 8.2 kg 74 cm", say).findings
    sent = in_danger(12, rule="complication", next_step="admit_nrc", who="medical_officer")
    slip = ReferralSlip(sent, AS_OF, found, {"synthetic": True}, sent_by="Sunita Pawar")
    (page,) = pypdf.PdfReader(io.BytesIO(referral_slip(slip, say))).pages
    assert [round(float(side) / 72 * 25.4) for side in page.mediabox[2:]] == [148, 210]
    read = " ".join(page.extract_text().split())
    assert read.count("C00012") == 2, "with the child, and on the answer"
    for part in (*found, say("slip", "to_nrc"), say("slip", "answer"), "Sunita Pawar"):
        assert part in read
    assert say("rules", "complication") in read and say("ui", "synthetic_short") in read


def test_a_slip_without_room_leaves_out_the_last_findings_and_shows_it():
    many = [f"finding {n} of many" for n in range(60)]
    (page,) = pypdf.PdfReader(
        io.BytesIO(referral_slip(ReferralSlip(in_danger(1), AS_OF, many, {}), SAY))
    ).pages
    read = page.extract_text()
    assert many[0] in read and many[-1] not in read and "\u2026" in read
    assert SAY("slip", "answer") in read and SAY("slip", "signature") in read


def test_where_the_step_is_the_workers_own_the_slip_asks_what_it_is_for():
    own = replace(child(3), by_when=dt.date(2026, 4, 2))
    (page,) = pypdf.PdfReader(
        io.BytesIO(referral_slip(ReferralSlip(own, AS_OF, (), {}), SAY))
    ).pages
    read = page.extract_text()
    assert "Weigh" not in read.split("Findings")[0] and SAY("who", "awc_worker") not in read
