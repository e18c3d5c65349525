"""Children by hand, from their records to what the protocol asks for: each line is one that a
nutritionist answers.

Everything goes the way of the batch and of the API: tables, check, clock, growth points, facts,
pathway.
"""

import pandas as pd
import pytest

from care.pathway.decide import placed_rows
from care.protocol import standard
from features.clock import Clock
from features.trajectory.points import growth_points
from registry.checks.table import build
from registry.contract.registry import day_number

CENTRE = {
    "centre_id": "A",
    "sector_id": "S",
    "project_id": "P",
    "district_id": "D",
    "setting": "urban",
}
TODAY = "2026-03-10"


def day(ago):
    """The ISO date so many days before 10 March 2026."""
    return (pd.Timestamp(TODAY) - pd.Timedelta(days=ago)).date().isoformat()


UNITS = {"kg": "weight_kg", "cm": "height_cm", "mm": "muac_mm"}


def measured(text):
    """`30: 8.1 kg 74 cm 120 mm o0; 0: 8.0 kg` -> rows; `lying` and `standing` may follow the
    height; a second reading of a day is another source's."""
    rows = [_reading(*part.split(":")) for part in text.split(";") if part.strip()]
    for at, row in enumerate(rows):
        row["source"] = (
            "b" if any(one["measured_on"] == row["measured_on"] for one in rows[:at]) else None
        )
    return rows


def _reading(ago, what):
    row, words = {"measured_on": day(int(ago))}, what.split()
    for value, unit in zip(words, words[1:], strict=False):
        if unit in UNITS:
            row[UNITS[unit]] = float(value)
    for word in words:
        if word in ("lying", "standing"):
            row["height_position"] = word
        elif word[0] == "o" and word[1:].isdigit():
            row["oedema"] = int(word[1])
    return row


def stays(*given):
    """(programme, admitted days ago, further columns); `closed` in days ago."""
    rows = []
    for number, (programme, admitted, more) in enumerate(given):
        more = dict(more)
        closed = more.pop("closed", None)
        rows.append(
            {"episode_id": number, "programme": programme, "admitted_on": day(admitted)}
            | more
            | ({"closed_on": day(closed)} if closed is not None else {})
        )
    return rows


def records(readings, *, age=500, sex="F", episodes=(), seen=(), visits=(), **child):
    """One child's rows by table; seen: (days ago, further columns) of a check; visits: (days ago,
    finding)."""
    born = (pd.Timestamp(TODAY) - pd.Timedelta(days=age)).date().isoformat()
    return {
        "children": [
            {"sex": sex, "birth_date": born, "centre_id": "A", "registered_on": born} | child
        ],
        "measurements": measured(readings),
        "episodes": stays(*episodes),
        "checks": [{"checked_on": day(ago)} | more for ago, more in seen],
        "visits": [{"visited_on": day(ago), "finding": finding} for ago, finding in visits],
    }


def answers(children):
    """What the pathway says on 10 March 2026 of each of these children (`records`), in their
    order."""
    tables = {"centres": [CENTRE]}
    for number, child in enumerate(children):
        for name, rows in child.items():
            tables.setdefault(name, []).extend({"child_id": f"c{number:03}"} | row for row in rows)
    for row in tables["episodes"]:
        row["episode_id"] = f"{row['child_id']}-{row['episode_id']}"
    frames = {name: pd.DataFrame(rows) for name, rows in tables.items() if rows}
    registry, quarantine = build(frames, imported_on="2026-12-01")
    assert not quarantine.rows, quarantine.counts()
    known = Clock(registry).known_by(
        list(range(len(children))), [day_number(TODAY)] * len(children)
    )
    return placed_rows(known, growth_points(known), standard())


def asked(readings, **more):
    """What the pathway says of one child."""
    return answers([records(readings, **more)])[0]


def told(answer):
    return answer["state"], answer["next_step"], answer["danger"]


# A girl of 74 cm: WHZ is -5 at 5.73 kg, -3 at 6.93, -2 at 7.53, -1 at 8.20, 0 at 8.96 kg.
WELL, THIN, SAM, LOW = "8.6 kg 74 cm", "7.2 kg 74 cm", "6.6 kg 74 cm", "5.6 kg 74 cm"


def test_the_girl_of_these_stories_is_what_they_say():
    for reading, state in (
        (WELL, "screened_well"),
        (THIN, "mam_high_risk"),
        (SAM, "sam_suspected"),
    ):
        assert asked(f"0: {reading}")["state"] == state


# name | readings | more | state, next step, danger
CHILDREN = [
    # The most wasted are the most in danger.
    (
        "a girl of two years, 6.1 kg at 78.3 cm, twice",
        "14: 6.1 kg 78.3 cm; 0: 6.1 kg 78.3 cm",
        {"age": 730},
        ("sam_suspected", "examine", True),
    ),
    ("the same, once", "0: 6.1 kg 78.3 cm", {"age": 730}, ("sam_suspected", "remeasure", True)),
    (
        "a weight for age under -6 without a height",
        "0: 4.4 kg",
        {},
        ("sam_suspected", "remeasure", True),
    ),
    (
        "too low to believe, then well",
        f"7: {LOW}; 0: {WELL}",
        {},
        ("screened_well", "weigh_monthly", False),
    ),
    ("too low to believe, then SAM", f"7: {LOW}; 0: {SAM}", {}, ("sam_suspected", "examine", True)),
    (
        "too low to believe, then a weight alone that fits no better",
        f"7: {LOW}; 0: 5.7 kg",
        {},
        ("sam_suspected", "examine", True),
    ),
    (
        "too low to believe and swollen feet",
        f"7: {LOW}; 0: 6.0 kg 74 cm o2",
        {},
        ("to_nrc", "admit_nrc", True),
    ),
    (
        "an infant too light to believe",
        "0: 2.6 kg 58 cm",
        {"age": 120},
        ("to_nrc", "admit_nrc", True),
    ),
    # What was found is answered only by the same question.
    (
        "an arm of 108 mm, then a weighing without an arm",
        f"20: {WELL} 108 mm; 0: {WELL}",
        {},
        ("sam_suspected", "examine", True),
    ),
    (
        "an arm of 108 mm, then an arm of 128 mm",
        f"20: {WELL} 108 mm; 0: {WELL} 128 mm",
        {},
        ("screened_well", "weigh_monthly", False),
    ),
    (
        "an arm of 108 mm, then an arm of 121 mm",
        f"20: {WELL} 108 mm; 0: {WELL} 121 mm",
        {},
        ("mam_high_risk", "weigh_fortnightly", False),
    ),
    (
        "an arm of 108 mm ten weeks ago, weighed since without an arm",
        f"70: {WELL} 108 mm; 0: {WELL}",
        {},
        ("remeasure", "remeasure", False),
    ),
    (
        "WHZ under -3, then an arm alone",
        f"20: {SAM}; 0: 130 mm",
        {},
        ("sam_suspected", "examine", True),
    ),
    ("oedema, then nobody looked", f"20: {WELL} o1; 0: {WELL}", {}, ("to_nrc", "admit_nrc", True)),
    (
        "oedema, then looked for and gone",
        f"20: {WELL} o1; 0: {WELL} o0",
        {},
        ("screened_well", "weigh_monthly", False),
    ),
    # Discharge: the criterion of admission and WHZ, each measured, at two visits five days apart.
    (
        "well at two visits, admitted by arm that was not asked again",
        "30: 8.2 kg 74 cm 110 mm; 7: 8.6 kg 74 cm; 0: 8.8 kg 74 cm",
        {"episodes": [("UCDC", 30, {})], "seen": [(1, {"examiner": "MO"})]},
        ("in_ucdc", "measure_arm", False),
    ),
    (
        "well at two visits, arm measured at both",
        "30: 8.2 kg 74 cm 110 mm; 7: 8.6 kg 74 cm 126 mm; 0: 8.8 kg 74 cm 127 mm",
        {"episodes": [("UCDC", 30, {})], "seen": [(1, {"examiner": "MO"})]},
        ("discharge_due", "discharge", False),
    ),
    (
        "well at two visits two days apart",
        f"30: {SAM}; 2: {WELL}; 0: 8.7 kg 74 cm",
        {"episodes": [("UCDC", 30, {})], "seen": [(1, {"examiner": "MO"})]},
        ("in_ucdc", "weigh_weekly", False),
    ),
    (
        "well at two visits of a week, but the height is four months old",
        f"120: {SAM}; 30: 7.0 kg; 7: 8.6 kg; 0: 8.7 kg",
        {"episodes": [("UCDC", 30, {})]},
        ("in_ucdc", "measure_height", False),
    ),
    (
        "cured by WHZ, the arm never asked again",
        f"50: {WELL} 110 mm; 12: {WELL}; 5: {WELL}",
        {"episodes": [("UCDC", 45, {"closed": 5, "outcome": "cured"})]},
        ("follow_up", "measure_arm", False),
    ),
    # Settled is settled.
    (
        "back at the UCDC from the NRC, oedema before",
        f"60: {SAM} o2; 20: {SAM}; 10: 6.8 kg; 3: 7.0 kg 74 cm",
        {
            "episodes": [
                (
                    "NRC",
                    58,
                    {"closed": 40, "outcome": "transferred", "transfer_reason": "step_down"},
                ),
                ("UCDC", 40, {}),
            ],
            "seen": [(1, {"examiner": "MO"})],
        },
        ("in_ucdc", "weigh_weekly", False),
    ),
    (
        "stepped down from the NRC, not yet at the centre, oedema before",
        "20: 7.6 kg 74 cm o2",
        {
            "episodes": [
                ("NRC", 19, {"closed": 4, "outcome": "transferred", "transfer_reason": "step_down"})
            ]
        },
        ("back_from_nrc", "admit_ucdc", False),
    ),
    (
        "defaulted three weeks ago, appetite passed at admission",
        f"40: {SAM}; 30: 7.1 kg",
        {
            "episodes": [
                ("UCDC", 40, {"appetite_test": "pass", "closed": 21, "outcome": "defaulted"})
            ]
        },
        ("defaulted", "bring_back", True),
    ),
    (
        "left the NRC four days ago",
        f"12: {SAM} o1",
        {"episodes": [("NRC", 12, {"closed": 4, "outcome": "defaulted"})]},
        ("to_nrc", "admit_nrc", True),
    ),
    (
        "left the NRC four days ago, no oedema",
        f"12: {SAM}",
        {"episodes": [("NRC", 12, {"closed": 4, "outcome": "defaulted"})]},
        ("left_nrc", "trace", True),
    ),
    (
        "defaulted and weighed well since",
        f"40: {SAM}; 2: {WELL}",
        {"episodes": [("UCDC", 40, {"closed": 21, "outcome": "defaulted"})]},
        ("screened_well", "weigh_monthly", False),
    ),
    (
        "not recovered last week, appetite passed at admission",
        f"90: {SAM}; 8: {SAM}",
        {
            "episodes": [
                ("UCDC", 90, {"appetite_test": "pass", "closed": 6, "outcome": "not_recovered"})
            ]
        },
        ("not_recovered", "examine", True),
    ),
    (
        "transferred with the family, not seen anywhere since",
        f"30: {SAM}; 12: {SAM}",
        {
            "episodes": [
                ("UCDC", 30, {"closed": 10, "outcome": "transferred", "transfer_reason": "moved"})
            ]
        },
        ("transferred", "trace", True),
    ),
    # Treatment that does not help.
    (
        "8.2, 8.0, 7.9 kg: less at two weighings running",
        "21: 8.0 kg 78 cm; 14: 8.2 kg; 7: 8.0 kg; 0: 7.9 kg",
        {"episodes": [("UCDC", 21, {})]},
        ("no_gain_refer", "admit_nrc", True),
    ),
    (
        "20 g a week for six weeks",
        "42: 7.00 kg 74 cm; 35: 7.02 kg; 28: 7.04 kg; 21: 7.06 kg; 14: 7.08 kg; 7: 7.10 kg;"
        " 0: 7.12 kg 74.6 cm",
        {"episodes": [("UCDC", 42, {})]},
        ("failing", "review_gain", True),
    ),
    (
        "100 g a week",
        "21: 7.0 kg 74 cm; 14: 7.1 kg; 7: 7.2 kg; 0: 7.3 kg",
        {"episodes": [("UCDC", 21, {})]},
        ("slow_response", "check_feeding", False),
    ),
    (
        "200 g a week",
        "21: 7.0 kg 74 cm; 14: 7.2 kg; 7: 7.4 kg; 0: 7.6 kg",
        {"episodes": [("UCDC", 21, {})]},
        ("in_ucdc", "weigh_weekly", False),
    ),
    (
        "one weight mistyped, the later ones contradict it",
        "21: 7.0 kg 74 cm; 14: 7.2 kg; 7: 9.6 kg; 0: 7.5 kg",
        {"episodes": [("UCDC", 21, {})]},
        ("in_ucdc", "weigh_weekly", False),
    ),
    (
        "4.5 to 4.0 kg in a week at eight months",
        "7: 4.5 kg 60 cm; 0: 4.0 kg 60 cm 109 mm",
        {"age": 245, "sex": "M", "episodes": [("UCDC", 7, {})]},
        ("no_gain_refer", "admit_nrc", True),
    ),
    # Illness counts.
    (
        "untreated SAM with fever at yesterday's check",
        f"3: {SAM}",
        {"seen": [(1, {"fever": True})]},
        ("sam_suspected", "examine", True),
    ),
    (
        "untreated SAM, appetite passed, then diarrhoea",
        f"9: {SAM}",
        {"seen": [(6, {"appetite_test": "pass"}), (1, {"diarrhoea": True})]},
        ("sam_suspected", "examine", True),
    ),
    (
        "in treatment with fever",
        "14: 7.0 kg 74 cm; 7: 7.2 kg; 0: 7.4 kg",
        {"episodes": [("UCDC", 14, {})], "seen": [(1, {"fever": True})]},
        ("in_ucdc", "examine", True),
    ),
    (
        "in treatment with fever, seen by the medical officer",
        "14: 7.0 kg 74 cm; 7: 7.2 kg; 0: 7.4 kg",
        {"episodes": [("UCDC", 14, {})], "seen": [(1, {"fever": True, "examiner": "MO"})]},
        ("in_ucdc", "weigh_weekly", False),
    ),
    (
        "in treatment and eating poorly",
        "14: 7.0 kg 74 cm; 7: 7.2 kg; 0: 7.4 kg",
        {
            "episodes": [("UCDC", 14, {"appetite_test": "pass"})],
            "seen": [(1, {"poor_appetite": True})],
        },
        ("in_ucdc", "appetite_test", True),
    ),
    (
        "the appetite test failed after a pass",
        "14: 7.0 kg 74 cm; 7: 7.2 kg; 0: 7.4 kg",
        {
            "episodes": [("UCDC", 14, {"appetite_test": "pass"})],
            "seen": [(1, {"appetite_test": "fail"})],
        },
        ("to_nrc", "admit_nrc", True),
    ),
    (
        "found ill at a home visit, untreated SAM",
        f"5: {SAM}",
        {"visits": [(1, "ill")]},
        ("sam_suspected", "examine", True),
    ),
    # The youngest and the oldest.
    (
        "an infant that lost weight",
        "30: 5.2 kg 58 cm; 0: 5.0 kg 58.5 cm",
        {"age": 120},
        ("infant_at_risk", "examine", True),
    ),
    (
        "an infant that did not gain for a month",
        "30: 5.2 kg 58 cm; 0: 5.2 kg 59 cm",
        {"age": 120},
        ("infant_at_risk", "examine", True),
    ),
    (
        "an infant with an arm of 108 mm",
        "0: 5.2 kg 58 cm 108 mm",
        {"age": 60},
        ("infant_at_risk", "examine", True),
    ),
    (
        "an infant of four weeks with an arm of 108 mm",
        "0: 4.0 kg 53 cm 108 mm",
        {"age": 28},
        ("screened_well", "weigh_monthly", False),
    ),
    (
        "an infant under -2 and falling",
        "30: 4.7 kg 56 cm; 0: 4.75 kg 58 cm",
        {"age": 120},
        ("infant_at_risk", "examine", False),
    ),
    (
        "an infant born with 1.8 kg",
        "0: 5.0 kg 57 cm",
        {"age": 100, "birth_weight_kg": 1.8},
        ("infant_at_risk", "examine", False),
    ),
    (
        "an infant that gains",
        "30: 5.0 kg 57 cm; 0: 5.8 kg 60 cm",
        {"age": 120},
        ("screened_well", "weigh_monthly", False),
    ),
    (
        "a newborn that lost in the first days",
        "8: 3.2 kg 49 cm; 4: 3.0 kg 49 cm",
        {"age": 8},
        ("screened_well", "weigh_monthly", False),
    ),
    (
        "SAM at eight months with 3.9 kg",
        "0: 3.9 kg 58 cm",
        {"age": 240},
        ("to_nrc", "admit_nrc", True),
    ),
    (
        "five years and a month, arm of 112 mm",
        "0: 12.0 kg 104 cm standing 112 mm",
        {"age": 1860},
        ("not_classifiable", "examine", True),
    ),
    (
        "five years and a month, swollen feet",
        "0: 15.0 kg 104 cm standing o1",
        {"age": 1860},
        ("to_nrc", "admit_nrc", True),
    ),
    (
        "five years and a month, 14.0 kg a month after 15.2 kg",
        "30: 15.2 kg 104 cm standing; 0: 14.0 kg",
        {"age": 1860},
        ("not_classifiable", "examine", False),
    ),
    (
        "five years and a month, well",
        "0: 15.2 kg 104 cm standing 150 mm",
        {"age": 1860},
        ("not_classifiable", "weigh_monthly", False),
    ),
    (
        "MAM at three years, first time, arm 130 mm",
        "0: 10.3 kg 90 cm standing 130 mm",
        {"age": 1100},
        ("mam_follow_up", "weigh_monthly", False),
    ),
    (
        "MAM at three years with an arm of 117 mm",
        "0: 10.3 kg 90 cm standing 117 mm",
        {"age": 1100},
        ("mam_high_risk", "weigh_fortnightly", False),
    ),
    # Records that mislead.
    (
        "a height copied for four months",
        "120: 8.0 kg 70 cm; 90: 8.0 kg 70 cm; 60: 8.2 kg 70 cm; 30: 8.3 kg 70 cm; 0: 8.4 kg 70 cm",
        {"age": 400},
        ("remeasure", "measure_height", False),
    ),
    (
        "a height copied for months cannot answer SAM",
        "90: 6.4 kg 70 cm; 60: 8.4 kg 70 cm; 30: 8.4 kg 70 cm; 0: 8.5 kg 70 cm",
        {"age": 400},
        ("remeasure", "measure_height", False),
    ),
    (
        "a height that shrank by 3 cm",
        "30: 8.6 kg 77 cm; 0: 8.6 kg 74 cm",
        {},
        ("remeasure", "measure_height", False),
    ),
    (
        "a height that shrank by half a centimetre",
        "30: 8.6 kg 74.5 cm; 0: 8.6 kg 74 cm",
        {},
        ("screened_well", "weigh_monthly", False),
    ),
    (
        "shorter than a mistake of last month, twice",
        "40: 8.6 kg 84 cm; 20: 8.6 kg 74 cm; 0: 8.6 kg 74.2 cm",
        {},
        ("screened_well", "weigh_monthly", False),
    ),
    (
        "no discharge on a height that shrank",
        "40: 7.0 kg 76 cm; 14: 8.4 kg 73 cm; 0: 8.8 kg",
        {"episodes": [("UCDC", 40, {})], "seen": [(1, {"examiner": "MO"})]},
        ("in_ucdc", "measure_height", False),
    ),
    # Who examined.
    (
        "SAM, and only the worker looked",
        f"3: {SAM}",
        {"seen": [(1, {"examiner": "worker"})]},
        ("sam_suspected", "examine", True),
    ),
    (
        "SAM, the examiner found none, not measured yet",
        f"3: {SAM}",
        {"seen": [(1, {"examiner": "MO", "sam_confirmed": False})]},
        ("sam_suspected", "remeasure", True),
    ),
    (
        "weighed well three weeks ago, the medical officer found SAM",
        f"21: {WELL}",
        {"seen": [(1, {"examiner": "MO", "sam_confirmed": True})]},
        ("appetite_test_due", "appetite_test", True),
    ),
    (
        "a UCDC stay of five weeks, checked by the ANM alone",
        "35: 6.6 kg 74 cm; 14: 7.0 kg; 7: 7.2 kg; 0: 7.4 kg 74.6 cm",
        {"episodes": [("UCDC", 35, {})], "seen": [(1, {"examiner": "ANM"})]},
        ("in_ucdc", "review_stay", False),
    ),
    (
        "a VCDC stay of 20 days, the medical officer never there",
        "20: 7.0 kg 74 cm; 14: 7.2 kg; 7: 7.4 kg; 0: 7.6 kg",
        {"episodes": [("VCDC", 20, {})], "seen": [(1, {"examiner": "ANM"})]},
        ("in_ucdc", "review_stay", False),
    ),
    (
        "a VCDC child checked five days ago",
        "10: 7.0 kg 74 cm; 3: 7.2 kg",
        {"episodes": [("VCDC", 10, {})], "seen": [(5, {"examiner": "ANM"})]},
        ("in_ucdc", "weigh_weekly", False),
    ),
    (
        "a UCDC child checked five days ago",
        "10: 7.0 kg 74 cm; 3: 7.2 kg",
        {"episodes": [("UCDC", 10, {})], "seen": [(5, {"examiner": "ANM"})]},
        ("in_ucdc", "medical_check", False),
    ),
    # Two sources of one day: the graver counts, whichever was written last.
    (
        "in treatment, one source says oedema and the other none",
        "10: 7.0 kg 74 cm; 1: 7.2 kg o1; 1: 7.2 kg o0",
        {"episodes": [("UCDC", 10, {})]},
        ("to_nrc", "admit_nrc", True),
    ),
    (
        "untreated, one source says oedema and the other none",
        f"1: {WELL} o0; 1: {WELL} o1",
        {},
        ("to_nrc", "admit_nrc", True),
    ),
    (
        "in treatment, two weights of one day a kilogram apart",
        "7: 7.0 kg 74 cm; 0: 7.2 kg; 0: 6.2 kg",
        {"episodes": [("UCDC", 7, {})]},
        ("no_gain_refer", "admit_nrc", True),
    ),
    (
        "the same, written the other way round",
        "7: 7.0 kg 74 cm; 0: 6.2 kg; 0: 7.2 kg",
        {"episodes": [("UCDC", 7, {})]},
        ("no_gain_refer", "admit_nrc", True),
    ),
    (
        "an infant's arm by two sources",
        "0: 5.2 kg 58 cm 106 mm; 0: 116 mm",
        {"age": 60},
        ("infant_at_risk", "examine", True),
    ),
    (
        "over five, the arm by two sources",
        "0: 15.2 kg 104 cm standing 112 mm; 0: 121 mm",
        {"age": 1900},
        ("not_classifiable", "examine", True),
    ),
    # Stays that nobody closed.
    (
        "an NRC stay of a year ago without an end, SAM last week",
        "395: 6.5 kg 68 cm; 5: 6.6 kg 74 cm 110 mm",
        {"episodes": [("NRC", 395, {})], "age": 800},
        ("sam_suspected", "examine", True),
    ),
    (
        "an NRC stay of four months ago without an end, swollen feet now",
        f"2: {WELL} o1",
        {"episodes": [("NRC", 120, {})]},
        ("to_nrc", "admit_nrc", True),
    ),
    (
        "an NRC stay without an end, then a UCDC stay that ended cured, SAM now",
        f"120: {WELL}; 4: {SAM}",
        {"episodes": [("NRC", 199, {}), ("UCDC", 180, {"closed": 120, "outcome": "cured"})]},
        ("sam_again", "examine", True),
    ),
    (
        "a UCDC stay without an end, then another that ended cured",
        f"30: {WELL}; 3: {WELL}",
        {
            "episodes": [("UCDC", 300, {}), ("UCDC", 90, {"closed": 30, "outcome": "cured"})],
            "age": 700,
        },
        ("follow_up", "follow_up_weighing", False),
    ),
    (
        "at the NRC since twelve days",
        f"13: {SAM}",
        {"episodes": [("NRC", 12, {})]},
        ("in_nrc", "review_at_nrc", False),
    ),
    (
        "in a UCDC with an NRC stay in between",
        "40: 6.6 kg 74 cm; 8: 7.2 kg 74.6 cm; 1: 7.4 kg",
        {
            "episodes": [
                ("UCDC", 40, {}),
                (
                    "NRC",
                    30,
                    {"closed": 10, "outcome": "transferred", "transfer_reason": "step_down"},
                ),
            ],
            "seen": [(1, {})],
        },
        ("in_ucdc", "weigh_weekly", False),
    ),
    # An examination that found illness has not settled anything.
    (
        "an infant that lost weight, the ANM found fever",
        "30: 4.2 kg 55 cm; 1: 4.1 kg 56 cm",
        {"age": 70, "seen": [(1, {"fever": True, "diarrhoea": True})]},
        ("infant_at_risk", "examine", True),
    ),
    (
        "over five with an arm of 112 mm, only the ANM looked",
        "2: 15.2 kg 104 cm standing 112 mm",
        {"age": 1900, "seen": [(1, {"examiner": "ANM"})]},
        ("not_classifiable", "examine", True),
    ),
    (
        "well enough for discharge, but diarrhoea yesterday",
        "40: 6.6 kg 74 cm; 8: 8.6 kg 75 cm; 1: 8.8 kg 75.3 cm",
        {"episodes": [("UCDC", 40, {})], "seen": [(1, {"diarrhoea": True})]},
        ("in_ucdc", "examine", True),
    ),
    # A finding does not end with a birthday.
    (
        "arm of 108 mm at 180 days, six months old today",
        "3: 6.4 kg 63 cm 108 mm",
        {"age": 183},
        ("infant_at_risk", "examine", True),
    ),
    (
        "an infant that lost 700 g at 181 days, 184 days old today",
        "33: 6.4 kg 62 cm; 3: 5.7 kg 62.5 cm",
        {"age": 184},
        ("infant_at_risk", "examine", True),
    ),
    (
        "WHZ under -5 the day before the birthday",
        "1: 8.0 kg 98 cm standing",
        {"age": 1827},
        ("not_classifiable", "examine", True),
    ),
    (
        "over five, 9.0 kg at 100 cm",
        "1: 9.0 kg 100 cm standing",
        {"age": 1900},
        ("not_classifiable", "examine", True),
    ),
    # Said to be dead or gone, and seen since.
    (
        "reported dead, found ill by a home visit a week later",
        f"30: {SAM} 112 mm",
        {"visits": [(10, "died"), (3, "ill")]},
        ("sam_suspected", "examine", True),
    ),
    (
        "moved by the register, measured here since",
        f"5: {SAM} 111 mm",
        {"left_on": day(150), "left_reason": "moved"},
        ("sam_suspected", "examine", True),
    ),
    (
        "reported dead and not seen since",
        f"30: {SAM}",
        {"visits": [(10, "died")]},
        ("died", "none", False),
    ),
    # Heights that were copied do not confirm each other.
    (
        "SAM, then a height four centimetres shorter, copied",
        "60: 7.4 kg 78 cm; 30: 7.6 kg 74 cm; 0: 7.8 kg 74 cm",
        {},
        ("sam_suspected", "examine", True),
    ),
    (
        "a taller mistake, then two heights that grow",
        "60: 8.6 kg 84 cm; 30: 8.6 kg 74 cm; 0: 8.8 kg 75.2 cm",
        {},
        ("screened_well", "weigh_monthly", False),
    ),
    # Treatment: gaining again is not losing.
    (
        "a first weight that nobody repeated, then three rises",
        "28: 7.3 kg 74 cm; 21: 6.3 kg; 14: 6.5 kg; 7: 6.7 kg; 0: 6.9 kg 74.8 cm",
        {"episodes": [("UCDC", 28, {})], "seen": [(1, {"examiner": "MO"})]},
        ("in_ucdc", "weigh_weekly", False),
    ),
    (
        "WHZ back at -1.5 and no gain for two weeks",
        "35: 6.3 kg 70 cm 112 mm; 14: 7.3 kg 71 cm 127 mm; 7: 7.3 kg; 0: 7.3 kg 71.3 cm",
        {"age": 330, "episodes": [("UCDC", 35, {})], "seen": [(1, {"examiner": "MO"})]},
        ("in_ucdc", "weigh_weekly", False),
    ),
    (
        "cured a month ago, MAM now",
        "30: 8.6 kg 74 cm; 3: 7.1 kg 74.4 cm 117 mm",
        {"episodes": [("UCDC", 80, {"closed": 30, "outcome": "cured"})], "seen": [(1, {})]},
        ("follow_up", "weigh_fortnightly", False),
    ),
    (
        "SAM ten weeks ago, not asked since, fever yesterday",
        f"70: {WELL} 110 mm",
        {"seen": [(1, {"fever": True})]},
        ("sam_suspected", "examine", True),
    ),
    (
        "never measured, found ill at a home visit",
        "",
        {"age": 420, "visits": [(2, "ill")]},
        ("found_ill", "examine", False),
    ),
    # A weight without a height: what is missing is named.
    (
        "well 35 days ago, weighed last week on a height of three months",
        f"90: {WELL}; 35: 8.7 kg; 7: 8.8 kg",
        {},
        ("screened_well", "measure_height", False),
    ),
    (
        "in follow-up, weighed last week, the height is missing for four months",
        f"130: {WELL}; 7: 8.9 kg",
        {"episodes": [("UCDC", 170, {"closed": 130, "outcome": "cured"})]},
        ("follow_up", "measure_height", False),
    ),
    # A birth date that is known to the month (off by 16 days at most). A girl of 67 cm and 500 days
    # is severely underweight under 6.96 kg; 16 days are 90 g of it.
    (
        "not wasted; severely underweight by one end of the month of birth, not by the other",
        "0: 6.95 kg 67 cm",
        {"birth_date_uncertain_days": 16},
        ("screened_well", "ask_birth_date", False),
    ),
    (
        "the same, born on a known day",
        "0: 6.95 kg 67 cm",
        {},
        ("severely_underweight", "examine", False),
    ),
    (
        "severely underweight by both ends of the month of birth",
        "0: 6.6 kg 67 cm",
        {"birth_date_uncertain_days": 16},
        ("severely_underweight", "examine", False),
    ),
    (
        "moderately underweight by both ends of the month of birth",
        "0: 7.3 kg 67 cm",
        {"birth_date_uncertain_days": 16},
        ("screened_well", "weigh_monthly", False),
    ),
    (
        "weighed since on a weight that says the same by both ends",
        "20: 6.95 kg 67 cm; 0: 7.4 kg 67.5 cm",
        {"birth_date_uncertain_days": 16},
        ("screened_well", "weigh_monthly", False),
    ),
    (
        "weighed two months ago: first of all it is weighed again",
        "60: 6.65 kg 65 cm",
        {"birth_date_uncertain_days": 16},
        ("screened_well", "weigh_monthly", False),
    ),
    # WHO's table changes at 24 months: 8.6 kg at 84 cm, lying or standing not said, is -2.87 before
    # and -3.06 from then on.
    (
        "SAM by one end of the month of birth, not by the other",
        "0: 8.6 kg 84 cm",
        {"age": 725, "birth_date_uncertain_days": 16},
        ("remeasure", "ask_birth_date", False),
    ),
    (
        "SAM by the date that is written, not by one end of the month",
        "0: 8.6 kg 84 cm",
        {"age": 735, "birth_date_uncertain_days": 16},
        ("sam_suspected", "examine", True),
    ),
    (
        "an arm of 112 mm at six months, give or take half a month",
        "0: 6.2 kg 62 cm 112 mm",
        {"age": 176, "birth_date_uncertain_days": 16},
        ("remeasure", "ask_birth_date", False),
    ),
    (
        "in follow-up, SAM or not by the birth date",
        "130: 10.2 kg 83 cm; 7: 8.6 kg 84 cm",
        {
            "age": 732,
            "birth_date_uncertain_days": 16,
            "episodes": [("UCDC", 170, {"closed": 130, "outcome": "cured"})],
        },
        ("follow_up", "ask_birth_date", False),
    ),
    (
        "a weight that hangs on the birth date, on a height of forty days",
        "40: 6.9 kg 67 cm; 0: 6.95 kg",
        {"birth_date_uncertain_days": 16},
        ("screened_well", "ask_birth_date", False),
    ),
    (
        "a weight that hangs on the birth date, and no height for a hundred days: the height first",
        "100: 6.5 kg 65 cm; 0: 6.95 kg",
        {"birth_date_uncertain_days": 16},
        ("remeasure", "remeasure", False),
    ),
]


@pytest.fixture(scope="module")
def all_answers():
    told_of = answers([records(readings, **more) for _, readings, more, _ in CHILDREN])
    return {name: answer for (name, *_), answer in zip(CHILDREN, told_of, strict=True)}


@pytest.mark.parametrize(
    ("name", "answer"), [(row[0], row[3]) for row in CHILDREN], ids=[row[0] for row in CHILDREN]
)
def test_child(name, answer, all_answers):
    assert told(all_answers[name]) == answer


@pytest.mark.parametrize("row", CHILDREN[::12], ids=[row[0] for row in CHILDREN[::12]])
def test_a_child_alone_is_answered_as_in_the_crowd(row, all_answers):
    assert asked(row[1], **row[2]) == all_answers[row[0]]


def test_who_was_never_measured_is_late_since_birth_where_nobody_wrote_the_registration_down():
    answer = asked("", age=200, registered_on=None)
    assert told(answer) == ("not_screened", "measure", False) and answer["overdue_days"] == 200 - 31


def test_a_weight_too_low_for_a_mistyped_height_is_told_with_that_height():
    found = asked("7: 8.5 kg 74.5 cm; 0: 8.6 kg 97 cm")["findings"]
    assert found[0] | {"measured_on": None} == {
        "criterion": "too_low_kg",
        "value": 8.6,
        "measured_on": None,
        "height_cm": 97.0,
    }


def test_a_stay_that_ended_counts_from_its_last_day():
    stay = ("UCDC", 40, {"appetite_test": "pass", "closed": 21, "outcome": "defaulted"})
    answer = asked(f"40: {SAM}; 30: 7.1 kg", episodes=[stay])
    assert answer["by_when"].isoformat() == day(20) and answer["overdue_days"] == 20
