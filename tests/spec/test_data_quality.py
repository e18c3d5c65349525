"""Data quality: each bad habit lowers its own check and no later month changes an earlier score."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from features.data_quality import CHECKS, colour, rows_of, score
from registry.checks.table import build
from registry.contract.rules_page import PAGE, page
from tests.support.registry_samples import CENTRES

CHILDREN = 80


def zscores(*, weight_kg, height_cm, **_others):
    """A stand-in: WHZ by a rough line, HAZ 0; the real one is tested in its own room."""
    nothing = np.zeros(len(weight_kg))
    return {"whz": (weight_kg - height_cm * 0.13) / 0.9, "haz": nothing, "waz": nothing}


@pytest.fixture(autouse=True)
def _rough_zscores(monkeypatch):
    monkeypatch.setattr("features.quality_counts.zscores", zscores)


def scored(weight, height, months: int = 6):
    """The score of one centre whose child c weighs weight(c, month) at height(c, month)."""
    rows = [
        (f"c{child}", str(dt.date(2025, month + 1, 10)), weight(child, month), height(child, month))
        for child in range(CHILDREN)
        for month in range(months)
    ]
    child, day, kilos, cm = (list(column) for column in zip(*rows, strict=True))
    header, first, _ = CENTRES.strip().split("\n")
    registry, quarantine = build(
        {
            "centres": dict(
                zip(header.split(","), ([cell] for cell in first.split(",")), strict=True)
            ),
            "children": {
                "child_id": [f"c{at}" for at in range(CHILDREN)],
                "sex": ["F"] * CHILDREN,
                "birth_date": ["2024-06-01"] * CHILDREN,
                "centre_id": ["A"] * CHILDREN,
            },
            "measurements": {
                "child_id": child,
                "measured_on": day,
                "weight_kg": kilos,
                "height_cm": cm,
            },
        },
        imported_on="2026-01-01",
    )
    assert not len(quarantine)
    return score(registry)


DRAW = np.random.default_rng(5).normal(0, 1, (CHILDREN, 12))


def honest_weight(child: int, month: int) -> float:
    return round(8.0 + child * 0.015 + month * 0.2 + 0.11 * DRAW[child, month], 2)


def honest_height(child: int, month: int) -> float:
    return round(68.3 + child * 0.08 + month * 1.1 + 0.2 * DRAW[child, month], 1)


def test_honest_records_are_green():
    assert colour(scored(honest_weight, honest_height).score[0, -1]) == "green"


@pytest.mark.parametrize(
    ("check", "weight", "height"),
    [
        ("missing_weight", lambda c, m: None if c % 2 else honest_weight(c, m), honest_height),
        ("missing_height", honest_weight, lambda c, m: None if c % 2 else honest_height(c, m)),
        ("height_carried_forward", honest_weight, lambda c, m: honest_height(c, 0)),
        (
            "identical_to_last_month",
            lambda c, m: honest_weight(c, 0),
            lambda c, m: honest_height(c, 0),
        ),
        ("mechanical_increments", lambda c, m: 8 + m * 0.2, honest_height),
        ("implausible_z", lambda c, m: 18.0 if c % 3 else honest_weight(c, m), honest_height),
        (
            "implausible_transitions",
            lambda c, m: honest_weight(c, m) + 4 * (m % 2) * (c % 2),
            honest_height,
        ),
        (
            "bunched_at_cutoffs",
            lambda c, m: honest_height(c, m) * 0.13 - 2 * 0.9 + 0.01,
            honest_height,
        ),
        (
            "digit_preference",
            lambda c, m: round(honest_weight(c, m) * 2) / 2,
            lambda c, m: round(honest_height(c, m)),
        ),
        ("no_growth", honest_weight, lambda c, m: honest_height(c, 0)),
    ],
)
def test_each_habit_is_seen_by_its_check(check, weight, height):
    honest, found = scored(honest_weight, honest_height), scored(weight, height)
    limit = next(one for one in CHECKS if one.name == check)
    assert found.shares[check][0, -1] > max(
        limit.from_share, np.nan_to_num(honest.shares[check][0, -1])
    )
    assert found.score[0, -1] < honest.score[0, -1]


def test_a_large_centre_without_any_sam_is_odd_and_with_one_case_is_not():
    none = scored(lambda c, m: honest_height(c, m) * 0.13, honest_height)
    one = scored(lambda c, m: honest_height(c, m) * 0.13 - (3.0 if c == 7 else 0.0), honest_height)
    assert none.shares["no_sam_at_all"][0, -1] == 1 and one.shares["no_sam_at_all"][0, -1] == 0


def test_a_month_is_judged_by_itself_and_the_months_before():
    short, long = scored(honest_weight, honest_height, 4), scored(honest_weight, honest_height, 9)
    np.testing.assert_array_equal(short.score[0], long.score[0, :4])


def test_the_page_of_rules_is_the_contracts():
    assert Path(PAGE).read_text(encoding="utf-8") == page(), (
        "run: python -m registry.contract.rules_page"
    )


def test_a_check_that_at_100_percent_is_never_green():
    found = scored(
        lambda c, m: round(honest_weight(c, m) - 0.1 * (c == 7), 2),
        lambda c, m: honest_height(c, 0),
    )
    row = rows_of(found)[0]
    assert (
        row["checks"]["height_carried_forward"] == 1.0
        and "height_carried_forward" in row["at_100_percent"]
    )
    assert row["colour"] != "green"
    assert (
        rows_of(scored(lambda c, m: honest_weight(c, m) - 3 * (c == 7), honest_height))[0][
            "at_100_percent"
        ]
        == []
    )


def test_a_share_of_sam_that_no_place_has_seen_is_said_and_never_green():
    found = scored(lambda c, m: honest_height(c, m) * 0.13 - 3.5 + 0.05 * DRAW[c, m], honest_height)
    row = rows_of(found)[0]
    assert any(line.startswith("LOOK: SAM in") for line in row["look"]) and row["colour"] != "green"
    assert any("SAM" in line for line in found.warnings)
    assert scored(honest_weight, honest_height).warnings == ()
