"""The second register of a simulation: its truth is true, and it is as lossy as it says."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from registry.simulate.second_register import MISSING, WRONG_BIRTH, two_registers

MANY = 4_000


def tables() -> dict[str, pa.Table]:
    """Children with a weight of their own, by which a copy is known again."""
    ids = [f"c{at}" for at in range(MANY)]
    born = [dt.date(2023, 1 + at % 12, 2 + at % 27) for at in range(MANY)]
    return {
        "centres": pa.table({"centre_id": ["A", "B"]}),
        "children": pa.table(
            {
                "child_id": ids,
                "family_id": [f"{at:08}" for at in range(MANY)],
                "sex": ["F", "M"] * (MANY // 2),
                "birth_date": pa.array(born, pa.date32()),
                "centre_id": ["A"] * MANY,
                "birth_weight_kg": [2.5] * MANY,
            }
        ),
        "measurements": pa.table(
            {
                "child_id": ids,
                "measured_on": pa.array([dt.date(2025, 3, 3)] * MANY, pa.date32()),
                "weight_kg": [5.0 + at / 1000 for at in range(MANY)],
                "height_cm": [70.0] * MANY,
                "recorded_on": pa.array([None] * MANY, pa.date32()),
            }
        ),
    }


@pytest.fixture(scope="module")
def pair():
    return two_registers(tables(), np.random.default_rng(1))


def cells(table: pa.Table, name: str) -> dict[str, object]:
    return dict(zip(table["child_id"].to_pylist(), table[name].to_pylist(), strict=True))


def test_the_pairs_of_the_truth_are_one_body(pair):
    mine, theirs = (cells(one["measurements"], "weight_kg") for one in (pair.one, pair.other))
    both = zip(pair.truth["child_id"], pair.truth["other_child_id"], strict=True)
    apart = [abs(mine[a] - theirs[b]) for a, b in both if a in mine and b in theirs]
    assert len(apart) > 1_500
    assert np.mean(np.array(apart) < 1e-9) == pytest.approx(0.94, abs=0.02)


def test_each_register_lacks_the_share_it_says(pair):
    whole = MANY * 1.01
    for one in (pair.one, pair.other):
        assert one["children"].num_rows / whole == pytest.approx(1 - MISSING, abs=0.02)
    assert len(pair.truth["kind"]) / whole == pytest.approx((1 - MISSING) ** 2, abs=0.02)


def test_birth_dates_differ_where_the_truth_says_so(pair):
    mine, theirs = (cells(one["children"], "birth_date") for one in (pair.one, pair.other))
    differ = {"plain": [], "wrong_birth": [], "month_only": []}
    for a, b, kind in zip(*pair.truth.values(), strict=True):
        if kind in differ:
            differ[kind].append(mine[a] != theirs[b])
    assert not any(differ["plain"])
    assert np.mean(differ["wrong_birth"]) > 0.9 and all(differ["month_only"])
    assert len(differ["wrong_birth"]) / MANY == pytest.approx(WRONG_BIRTH * 0.72, abs=0.01)


def test_a_twin_has_the_family_and_birth_of_its_twin_and_another_weight(pair):
    family, born = (cells(pair.one["children"], name) for name in ("family_id", "birth_date"))
    weight = cells(pair.one["measurements"], "weight_kg")
    twins = [child for child in family if child.endswith("T") and child[:-1] in family]
    assert len(twins) > 20
    for twin in twins:
        assert family[twin] == family[twin[:-1]] and born[twin] == born[twin[:-1]]
        assert weight[twin] != weight[twin[:-1]]


def test_with_readings_of_its_own_nothing_is_copied():
    pair = two_registers(tables(), np.random.default_rng(2), own_readings=True)
    days = pair.other["measurements"]["measured_on"].to_pylist()
    assert min(days) > dt.date(2025, 3, 3)


def test_no_id_of_one_register_stands_in_the_other(pair):
    mine, theirs = (set(one["children"]["child_id"].to_pylist()) for one in (pair.one, pair.other))
    assert not mine & theirs
