"""Spec: groups and age bands of a user's own in the report."""

from __future__ import annotations

import numpy as np
import pytest

from models.level import age_groups
from registry.contract.errors import BadInput, UsageError
from training.evaluation.subgroup_table import read_groups
from training.evaluation.subgroups import bands_of


def test_ages_part_at_whole_months():
    ages = np.array([0, 364, 365, 729, 730, 1800, np.nan])
    assert age_groups(ages).tolist() == [
        *["under 12 months"] * 2,
        *["12 to 23 months"] * 2,
        *["24 months and over"] * 2,
        "",
    ]
    assert age_groups(np.array([100.0, 200.0]), (6,)).tolist() == [
        "under 6 months",
        "6 months and over",
    ]


def test_bands_are_rising_months():
    assert bands_of("6,12,24") == (6, 12, 24)


@pytest.mark.parametrize("text", ["", "12,6", "0,12", "12,12", "60", "a year", "6;12"])
def test_bands_that_are_none(text):
    with pytest.raises(UsageError, match="rising whole months"):
        bands_of(text)


def test_groups_of_ones_own(tmp_path):
    file = tmp_path / "groups.csv"
    file.write_text("child_id,caste,road\n007,A,yes\n8,,no\n")
    told = read_groups(file)
    assert told.loc["007"].tolist() == ["A", "yes"] and told.loc["8"].tolist() == ["", "no"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("id,caste\n1,A\n", "a column child_id is needed"),
        ("child_id\n1\n", "a column of groups is needed"),
        ("child_id,caste\n1,A\n1,B\n", "1 children stand in it twice"),
        ("child_id,age\n1,A\n", "age is grouped by already"),
        ("", "cannot be read as CSV"),
    ],
)
def test_groups_that_cannot_be_used(tmp_path, text, why):
    file = tmp_path / "groups.csv"
    file.write_text(text)
    with pytest.raises(BadInput, match=why):
        read_groups(file)
