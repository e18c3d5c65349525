"""What lists would have found: the counting, and (soak) issue 9's promise on a simulated district."""

import datetime as dt

import pandas as pd
import pytest

from benchmarks.visits import HORIZON_DAYS, ORDERS, compared, lists, orders, simulated_store
from models.problems import PROBLEMS
from registry.errors import UsageError
from registry.store import open_store
from sanket.training import _truth
from tests.list_cases import child, in_danger

DAY = dt.date(2026, 3, 16)


def test_every_order_stays_within_the_capacity_and_ours_keeps_places_for_the_scored():
    thin = {"facts": {"whz": -1.0, "days_since_seen": 20}}
    mild = {"whz": -3.4, "muac_mm": 118.0}
    kids = [*(in_danger(n, facts=mild) for n in range(30)), *(child(n, risk=n / 100, **thin) for n in range(50, 70))]
    treated = {one.child_id for one in kids if not one.danger}
    chosen = orders(kids, {"relapse": treated, "non_response": set()}, capacity=20, as_of=DAY)
    assert {name: len(visited) for name, visited in chosen.items()} == {
        name: 8 if "discharged" in name else 20 for name in ORDERS
    }
    assert sum(one.child_id in treated for one in chosen["ours"]) == 8
    assert chosen["rules_alone"] == [one for one in chosen["rules_alone"] if one.danger]
    assert {one.child_id for one in chosen["ours"]} >= {f"C000{n}" for n in range(62, 70)}


def one(ours, other):
    return {name: {"visits": 20, **dict.fromkeys(PROBLEMS, ours if name == "ours" else other)} for name in ORDERS}


def test_sectors_are_drawn_whole():
    months = [("S1", one(9, 1)), ("S2", one(1, 1))] * 6
    assert compared(months)["relapse_ratio"]["rules_alone"] == {"ratio": 5.0, "low": 1.0, "high": 9.0}


def test_ratios_are_of_the_sums():

    told = compared([("S1", one(3, 1)), ("S2", one(3, 2))])
    assert told["orders"]["ours"]["relapse"] == 6
    assert told["relapse_ratio"]["rules_alone"] | {"ratio": 2.0} == told["relapse_ratio"]["rules_alone"]
    assert told["relapse_ratio"]["rules_alone"]["low"] == 1.5
    assert compared([("S1", one(3, 0))])["relapse_ratio"]["rules_alone"] == {"ratio": None, "low": None, "high": None}


@pytest.mark.soak
def test_twenty_visits_find_more_relapses_than_whz_order_and_no_fewer_than_the_rules(tmp_path):
    registry = open_store(simulated_store(tmp_path), must_exist=True).load()
    told = compared(list(lists(registry, split=registry.recorded_until - HORIZON_DAYS, capacity=20)))
    found = {name: row["relapse"] for name, row in told["orders"].items()}
    assert found["ours"] >= found["rules_alone"]
    assert found["ours"] >= 1.5 * found["whz_of_all"]
    assert found["ours"] >= found["danger_then_whz"], "few events in one district: docs/visits.md has ten districts"


def test_a_folder_without_the_truth_is_a_usage_error_before_anything_is_trained(tmp_path):
    with pytest.raises(UsageError, match="TRN012"):
        _truth(tmp_path)
    (tmp_path / "truth").mkdir()
    told = pd.DataFrame({"child_id": ["C1"], "index_on": ["2026-01-01"], "landmark_day": [0], "probability": [0.25]})
    told.to_parquet(tmp_path / "truth" / "relapse.parquet")
    assert list(_truth(tmp_path)) == ["relapse"] and _truth(None) is None
