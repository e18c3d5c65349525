"""How far children in treatment have come towards discharge, by hand: a girl of 74 cm, whose WHZ is
-2 at 7.53 kg, in a UCDC for six weeks (`tests/spec/test_care_children.py` tells its readings in
days ago)."""

from __future__ import annotations

import pandas as pd
import pytest

from care.pathway import facts as care_facts
from care.pathway.towards_discharge import MET, NOT_MEASURED, NOT_MET, towards_discharge
from care.protocol import standard
from features.clock import Clock
from features.trajectory.points import growth_points
from registry.checks.table import build
from registry.contract.registry import NEVER, day_number
from tests.spec.test_care_children import CENTRE, TODAY, records

STAY = ("UCDC", 42, {"appetite_test": "pass", "complications": False})
NOW = day_number(TODAY)
BY_ARM = "42: 7.7 kg 74 cm 110 mm"
BY_WHZ = "42: 6.6 kg 74 cm"
BY_FEET = "42: 7.7 kg 74 cm o2"

# name | readings | met, criteria of the last visit, days ago of the visit that counts
STORIES = [
    ("not weighed since admission", BY_WHZ, (0, {}, None)),
    ("still too thin", f"{BY_WHZ}; 7: 7.2 kg 74 cm", (0, {"whz": NOT_MET}, None)),
    ("once", f"{BY_WHZ}; 7: 7.8 kg 74 cm", (1, {"whz": MET}, 7)),
    (
        "twice in one week is once",
        f"{BY_WHZ}; 7: 7.8 kg 74 cm; 4: 7.8 kg 74 cm",
        (1, {"whz": MET}, 7),
    ),
    ("twice", f"{BY_WHZ}; 9: 7.8 kg 74 cm; 2: 7.9 kg 74 cm", (2, {"whz": MET}, 2)),
    (
        "once, then lighter: begun anew",
        f"{BY_WHZ}; 9: 7.8 kg 74 cm; 2: 7.3 kg 74 cm",
        (0, {"whz": NOT_MET}, None),
    ),
    (
        "SAM by the arm and weighed alone",
        f"{BY_ARM}; 7: 8.0 kg 74 cm",
        (0, {"whz": MET, "arm": NOT_MEASURED}, None),
    ),
    (
        "the arm met once and was forgotten the second time",
        f"{BY_ARM}; 9: 8.0 kg 74 cm 126 mm; 2: 8.1 kg 74 cm",
        (1, {"whz": MET, "arm": NOT_MEASURED}, 9),
    ),
    (
        "the arm is not yet there",
        f"{BY_ARM}; 7: 8.0 kg 74 cm 120 mm",
        (0, {"whz": MET, "arm": NOT_MET}, None),
    ),
    (
        "an arm that nobody asked for speaks against it all the same",
        f"{BY_WHZ}; 7: 7.8 kg 74 cm 120 mm",
        (0, {"whz": MET, "arm": NOT_MET}, None),
    ),
    (
        "swollen at admission, feet not looked at",
        f"{BY_FEET}; 7: 7.8 kg 74 cm",
        (0, {"whz": MET, "feet": NOT_MEASURED}, None),
    ),
    (
        "swollen at admission, feet looked at",
        f"{BY_FEET}; 7: 7.8 kg 74 cm o0",
        (1, {"whz": MET, "feet": MET}, 7),
    ),
]


def view(children):
    tables = {"centres": [CENTRE]}
    for number, child in enumerate(children):
        for name, rows in child.items():
            tables.setdefault(name, []).extend({"child_id": f"c{number:03}"} | row for row in rows)
    for row in tables["episodes"]:
        row["episode_id"] = f"{row['child_id']}-{row['episode_id']}"
    frames = {name: pd.DataFrame(rows) for name, rows in tables.items() if rows}
    registry, quarantine = build(frames, imported_on="2026-12-01")
    assert not quarantine.rows, quarantine.counts()
    known = Clock(registry).known_by(list(range(len(children))), [NOW] * len(children))
    return known, growth_points(known)


@pytest.fixture(scope="module")
def stories():
    return view([records(readings, episodes=[STAY]) for _, readings, _ in STORIES])


@pytest.mark.parametrize("at", range(len(STORIES)), ids=[name for name, *_ in STORIES])
def test_what_is_met_and_what_is_missing(stories, at):
    found = towards_discharge(*stories, standard(), at)
    met, criteria, days_ago = STORIES[at][2]
    assert (found.met, found.needed, found.criteria) == (met, 2, criteria)
    assert found.counted_on == (NEVER if days_ago is None else NOW - days_ago)
    assert found.too_soon == (STORIES[at][0] == "twice in one week is once")
    assert found.met == care_facts.of(*stories, standard())["exit_visits_met"][at]


def test_nobody_out_of_treatment_has_visits_to_meet():
    closed = (*STAY[:2], STAY[2] | {"closed": 3, "outcome": "cured"})
    known, points = view([records(BY_WHZ, episodes=episodes) for episodes in ([STAY], [closed])])
    assert towards_discharge(known, points, standard(), 0) is not None
    assert towards_discharge(known, points, standard(), 1) is None
