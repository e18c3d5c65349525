"""What lists would have found: the counting, and (soak) who has a place on a simulated district."""

import datetime as dt
from collections import Counter

import pandas as pd
import pytest

from benchmarks.visits import (
    COUNTED,
    ORDERS,
    Found,
    _where,
    compared,
    measured,
    orders,
    simulated_store,
)
from models.visits.ranking import rank
from registry.contract.errors import UsageError
from sanket.training_verbs import _truth
from tests.support.listed_children import child, in_danger

DAY = dt.date(2026, 3, 16)


def test_every_order_stays_within_the_capacity_and_ours_keeps_places_for_the_scored():
    mild = {"whz": -3.4, "muac_mm": 118.0}
    kids = [in_danger(n, facts=mild, overdue_days=9) for n in range(30)]
    kids += [
        child(n, risk=n / 100, facts={"whz": -1.0, "days_since_seen": 20}) for n in range(50, 70)
    ]
    after = {one.child_id for one in kids if not one.danger}
    ours = rank(kids, sector_id="S", capacity=20, as_of=DAY)
    chosen = orders(kids, ours, after, capacity=20, as_of=DAY)
    assert {name: len(visited) for name, visited in chosen.items()} == {
        name: {"ours_and_anm": 45, "whole_book": 50}.get(name, 15 if "discharged" in name else 20)
        for name in ORDERS
    }
    assert all(
        one.danger for name in ("rules_alone", "gradient", "whz_of_all") for one in chosen[name]
    )
    assert [sum(one.danger for one in chosen[name]) for name in ("ours", "former")] == [5, 12]
    assert {one.child_id for one in chosen["ours"]} >= {f"C000{n}" for n in range(60, 70)}
    assert _where(kids, ours, chosen)["sam_suspected"] == {
        "in_danger": 30,
        "visit": 5,
        "anm": 25,
        "off_former": 18,
        "off_gradient": 10,
    }


def one(sector, ours, other):
    counted = {
        name: {"visits": 20, **dict.fromkeys(COUNTED, ours if name == "ours" else other)}
        for name in ORDERS
    }
    return Found(sector, counted, {"again": Counter(in_danger=1, visit=1)})


def test_sectors_are_drawn_whole():
    months = [one("S1", 9, 1), one("S2", 1, 1)] * 6
    assert compared(months)["relapse_ratio"]["rules_alone"] == {
        "ratio": 5.0,
        "low": 1.0,
        "high": 9.0,
    }


def test_ratios_are_of_the_sums():
    told = compared([one("S1", 3, 1), one("S2", 3, 2)])
    assert told["orders"]["ours"]["relapse"] == 6 and told["danger"]["again"]["visit"] == 2
    assert told["death_ratio"]["former"] | {"ratio": 2.0} == told["death_ratio"]["former"]
    assert told["death_ratio"]["former"]["low"] == 1.5
    assert compared([one("S1", 3, 0)])["death_ratio"]["former"] == {
        "ratio": None,
        "low": None,
        "high": None,
    }


@pytest.mark.soak
def test_nobody_in_danger_is_nowhere_and_no_emergency_gives_way(tmp_path):
    told = compared(measured(simulated_store(tmp_path), split=None, capacity=20))
    assert not any(row["nowhere"] for row in told["danger"].values())
    for rule in ("oedema", "complication", "weight_lost", "no_gain"):
        assert told["danger"][rule]["visit"] == told["danger"][rule]["in_danger"] > 0


def test_a_folder_without_the_truth_is_a_usage_error_before_anything_is_trained(tmp_path):
    with pytest.raises(UsageError, match="TRN012"):
        _truth(tmp_path)
    (tmp_path / "truth").mkdir()
    told = pd.DataFrame(
        {"child_id": ["C1"], "index_on": ["2026-01-01"], "landmark_day": [0], "probability": [0.25]}
    )
    told.to_parquet(tmp_path / "truth" / "relapse.parquet")
    assert list(_truth(tmp_path)) == ["relapse"] and _truth(None) is None
