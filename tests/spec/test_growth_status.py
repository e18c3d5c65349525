"""Spec: what a measurement is called, readable as a nutritionist's table."""

from dataclasses import replace

import numpy as np
import pytest

from features import status
from features.clock import Clock
from features.criteria import Criteria, criteria, read
from features.trajectory.points import COLUMNS, READ, growth_points
from features.who.growth import zscores
from registry.checks.table import build_records
from registry.contract.errors import SanketError
from registry.contract.registry import day_number
from tests.support import trained_models as made

NAN = np.nan


def of(*, age_days=400, waz=NAN, haz=NAN, whz=NAN, muac_mm=NAN, oedema=NAN, height_age_days=0):
    """One measurement's answers as plain numbers."""
    row = {
        "age_days": age_days,
        "waz": waz,
        "haz": haz,
        "whz": whz,
        "muac_mm": muac_mm,
        "oedema": oedema,
    }
    many = status.classify(
        **{name: [cell] for name, cell in row.items()}, height_age_days=[height_age_days]
    )
    answer = {name: int(column[0]) for name, column in many.items()}
    answer["status"] = status.WASTING[status.nutrition_status(many)[0]]
    answer["criterion"] = status.criterion(many)[0]
    answer["colour"] = int(status.colour(many)[0])
    return answer


@pytest.mark.parametrize(
    "age_days, whz, muac_mm, oedema, named, criterion",
    [
        (400, -3.01, NAN, NAN, "SAM", "whz"),
        (400, -3.00, NAN, NAN, "MAM", "whz"),  # SAM is strictly below -3
        (400, -3.004, NAN, NAN, "MAM", "whz"),  # two decimals first: -3.00
        (400, -3.006, NAN, NAN, "SAM", "whz"),
        (400, -2.004, NAN, NAN, "normal", ""),
        (400, -1.0, 114, NAN, "SAM", "muac"),
        (400, -1.0, 114.9, 0, "SAM", "muac"),
        (400, -1.0, 115, 0, "MAM", "muac"),
        (400, -2.5, 120, 0, "MAM", "whz+muac"),
        (400, -1.0, 125, 0, "normal", ""),
        (400, NAN, 130, 0, "cannot_say", ""),  # MUAC never stands in for WHZ
        (400, NAN, 120, 0, "MAM", "muac"),
        (400, NAN, NAN, 1, "SAM", "oedema"),
        (400, -3.5, 110, 2, "SAM", "whz+muac+oedema"),
        (182, -1.0, 110, NAN, "normal", ""),  # MUAC says nothing under 183 days
        (183, -1.0, 110, NAN, "SAM", "muac"),
        (182, NAN, 110, NAN, "cannot_say", ""),
        (400, -5.01, NAN, NAN, "cannot_say", ""),  # implausible: no evidence of SAM
        (400, -1.0, 13.5, 0, "normal", ""),  # centimetres in a column of millimetres
        (1826, -3.5, NAN, NAN, "SAM", "whz"),
        (1827, -3.5, 110, 1, "not_classifiable", ""),
        (NAN, -3.5, 110, NAN, "SAM", "whz"),  # without an age MUAC cannot speak
        (400, NAN, NAN, NAN, "cannot_say", ""),
    ],
)
def test_wasting_by_three_criteria(age_days, whz, muac_mm, oedema, named, criterion):
    answer = of(age_days=age_days, whz=whz, muac_mm=muac_mm, oedema=oedema)
    assert (answer["status"], answer["criterion"]) == (named, criterion)


@pytest.mark.parametrize(
    "z, severe, moderate, colour",
    [(-3.01, 1, 0, 2), (-3, 0, 1, 1), (-2, 0, 0, 0), (NAN, -1, -1, -1)],
)
def test_underweight_stunting_and_icds_colours(z, severe, moderate, colour):
    answer = of(waz=z, haz=z)
    assert (answer["suw"], answer["muw"], answer["colour"]) == (severe, moderate, colour)
    assert (answer["severe_stunting"], answer["moderate_stunting"]) == (severe, moderate)


@pytest.mark.parametrize(
    "age_days, height_age_days, stale",
    [(700, 60, 0), (700, 61, 1), (730, 61, 1), (731, 61, 0), (731, 90, 0), (731, 91, 1)],
)
def test_a_height_carried_forward_too_long_says_neither_sam_nor_well(
    age_days, height_age_days, stale
):
    answer = of(age_days=age_days, whz=-3.5, height_age_days=height_age_days)
    assert answer["stale"] == stale
    assert answer["sam_by_whz"] == (-1 if stale else 1)
    assert answer["valid"] == (not stale)


def test_each_criterion_answers_for_itself():
    answer = of(whz=-3.2, muac_mm=130, oedema=NAN)
    assert [answer[f"sam_by_{name}"] for name in ("whz", "muac", "oedema")] == [1, 0, -1]


def test_above_five_years_underweight_may_be_said_and_wasting_not():
    answer = of(age_days=2000, waz=-3.5, haz=-2.5, whz=NAN, muac_mm=110, oedema=0)
    assert (answer["suw"], answer["moderate_stunting"], answer["sam"], answer["sam_by_muac"]) == (
        1,
        1,
        -1,
        -1,
    )


def test_criteria_are_whole_and_sourced(tmp_path):
    assert criteria().severe_muac_below_mm == 115
    incomplete = tmp_path / "criteria.toml"
    incomplete.write_text('[values.severe_z_below]\nvalue = -3.0\nsource = "WHO"\n')
    with pytest.raises(SanketError, match="moderate_z_below"):
        read(incomplete)
    assert set(Criteria._fields) == set(criteria()._asdict())


@pytest.mark.parametrize(
    ("position", "taken_as"), [(None, "lying"), ("lying", "lying"), ("standing", "standing")]
)
def test_a_length_of_23_months_is_read_as_a_length_at_25_months_too(position, taken_as):
    child = {
        "child_id": "girl",
        "sex": "F",
        "birth_date": "2024-01-01",
        "centre_id": "A",
        "measurements": [
            {
                "measured_on": "2025-12-25",
                "weight_kg": 9.0,
                "height_cm": 84.0,
                "height_position": position,
            },
            {"measured_on": "2026-01-20", "weight_kg": 9.1},
        ],
    }
    registry, problems = build_records([child])
    assert problems == [[]]
    known = Clock(registry).known_by(
        np.zeros(1, np.int32), np.array([day_number("2026-02-01")], np.int32)
    )
    own, carried = growth_points(known)["whz"]
    asked = zscores(
        sex=[0, 0],
        age_days=[724, 750],
        weight_kg=[9.0, 9.1],
        height_cm=[84.0, 84.0],
        height_position=[("lying", "standing").index(taken_as)] * 2,
    )["whz"]
    assert [own, carried] == pytest.approx(np.round(asked, 2), abs=1e-12)


@pytest.mark.parametrize("uncertain", [False, True])
def test_a_reading_by_itself_says_what_it_says_before_the_smoother(uncertain):
    """`smoothed=False` leaves columns out and changes none, dates of birth known to the month
    included."""
    registry = made.clock().registry
    if uncertain:
        off = np.where(np.arange(registry.children.rows) % 3 == 0, 15.0, NAN)
        children = registry.children.having(birth_date_uncertain_days=off)
        registry = replace(registry, children=children)
    children = np.arange(400, dtype=np.int32)
    last = np.full(len(children), registry.recorded_until, np.int32)
    known = Clock(registry).known_by(children, last)
    whole, alone = growth_points(known), growth_points(known, smoothed=False)
    assert set(whole.rows) - set(alone.rows) == set(COLUMNS) - set(READ)
    for name in alone.rows:
        np.testing.assert_array_equal(alone[name], whole[name], err_msg=name)
    assert alone["sam"].sum() > 5 and alone["age_uncertain"].any() == uncertain
