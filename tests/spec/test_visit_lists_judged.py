"""What visit lists would have found: who is on them, ties told, and a perfect order beside
chance."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from features.clock import Clock
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from models.targets import NON_RESPONSE, RELAPSE
from registry.checks.table import build
from registry.contract.registry import day_date
from tests.support.stories import BIRTH, DAY_0, cured, date, registry
from training.evaluation import visit_lists
from training.evaluation.visit_lists import Listed, at_month_starts, lists_found, truth_of
from training.rows.at_hand import AtHand

FIRST_OF_JULY, FIRST_OF_AUGUST = 30, 61


def days_of(rows) -> list[int]:
    return [int(day) - DAY_0 for day in rows.day]


def test_a_child_is_on_each_months_list_from_discharge_to_the_known_event():
    # Cured on 1 June; SAM on 1 August, confirmed (so known) on 20 August.
    story = registry("0 well, 61 sam, 80 sam, 330 well", episodes=[cured()])
    rows = at_month_starts(Clock(story), RELAPSE, DAY_0)
    assert days_of(rows) == [0, FIRST_OF_JULY, FIRST_OF_AUGUST]
    assert rows.outcome.tolist() == [1, 1, 1] and rows.time.tolist() == [61, 31, 0]


def test_lists_begin_at_the_split_and_end_where_their_horizon_leaves_the_records():
    story = registry("0 well, 30 well, 150 well, 220 well", episodes=[cured()])
    assert days_of(at_month_starts(Clock(story), RELAPSE, DAY_0 + 1)) == [FIRST_OF_JULY]
    assert days_of(at_month_starts(Clock(story), RELAPSE, DAY_0 + 500)) == []


def test_a_child_in_treatment_is_on_the_list_of_non_response_until_it_leaves_the_centre():
    stay = {"admitted_on": -10, "closed_on": 45, "outcome": "cured"}
    rows = at_month_starts(
        Clock(registry("0 sam, 30 well, 300 well", episodes=[stay])), NON_RESPONSE, DAY_0 - 10
    )
    assert days_of(rows) == [0, FIRST_OF_JULY] and rows.outcome.tolist() == [0, 0]


def listed(happened, **orders) -> Listed:
    n = len(happened)
    return Listed(
        np.zeros(n, np.int64),
        np.zeros(n, np.int32),
        np.array(happened, float),
        np.ones(n),
        {name: np.array(by, float) for name, by in orders.items()},
    )


def test_found_per_visit_of_a_perfect_order_of_ties_and_of_chance(monkeypatch):
    monkeypatch.setattr(visit_lists, "CAPACITIES", (2,))
    rows = visit_lists._compared(
        "relapse", listed([1, 1, 0, 0], **{"our risk": [4, 3, 2, 1], "lowest WHZ": [2, 1, 1, 0]})
    )
    by = {row["order"]: row for row in rows}
    assert by["our risk"]["found_per_visit"] == 1.0 and by["our risk"]["recall"] == 1.0
    assert [by["lowest WHZ"][name] for name in ("found_per_visit", "worst", "best")] == [
        0.75,
        0.5,
        1.0,
    ]
    assert [by["lowest WHZ"][name] for name in ("recall", "recall_worst", "recall_best")] == [
        0.75,
        0.5,
        1.0,
    ]
    assert [by["chance"][name] for name in ("found_per_visit", "worst", "best")] == [0.5, 0.0, 1.0]
    assert by["our risk"]["more_than_whz"]["value"] == 0.25 and by["our risk"]["full"] == 1


def test_lists_that_visit_everybody_tell_no_orders_apart(monkeypatch):
    """Six lists of two children for one visit, the event foreseen; six of one child each, where
    nothing is chosen."""
    monkeypatch.setattr(visit_lists, "CAPACITIES", (1,))
    rows = listed(
        [1, 0] * 6 + [0] * 6,
        **{"our risk": [2, 1] * 6 + [1] * 6, "lowest WHZ": [1, 2] * 6 + [1] * 6},
    )
    rows.sector[:] = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, *range(6, 12)]
    by = {row["order"]: row for row in visit_lists._compared("relapse", rows)}
    assert (by["our risk"]["lists"], by["our risk"]["full"], by["our risk"]["found_per_visit"]) == (
        12,
        6,
        0.5,
    )
    chosen = by["our risk"]["where_chosen"]
    assert (chosen["found_per_visit"], chosen["recall"], chosen["more_than_whz"]["low"]) == (
        1.0,
        1.0,
        1.0,
    )
    assert by["chance"]["where_chosen"]["found_per_visit"] == 0.5


def test_a_few_full_lists_are_not_shown_by_themselves(monkeypatch):
    monkeypatch.setattr(visit_lists, "CAPACITIES", (1,))
    rows = visit_lists._compared(
        "relapse", listed([1, 0], **{"our risk": [2, 1], "lowest WHZ": [1, 2]})
    )
    assert rows[0]["full"] == 1 and rows[0]["where_chosen"] is None


def test_children_of_unknown_outcome_take_no_seat(monkeypatch):
    monkeypatch.setattr(visit_lists, "CAPACITIES", (1,))
    rows = listed([1, 0, 0], **{"our risk": [2, 3, 1], "lowest WHZ": [0, 0, 0]})
    rows.weight[1] = 0.0
    assert visit_lists._compared("relapse", rows)[0]["found_per_visit"] == 1.0


def test_without_an_event_or_a_known_outcome_nothing_is_made_up():
    quiet = visit_lists._compared(
        "relapse", listed([0, 0], **{"our risk": [1, 2], "lowest WHZ": [1, 2]})
    )
    assert quiet[0]["found_per_visit"] == 0.0 and quiet[0]["recall"] is None
    unknown = listed([1], **{"our risk": [1], "lowest WHZ": [1]})
    unknown.weight[:] = 0.0
    assert visit_lists._compared("relapse", unknown) == []


def test_sectors_and_months_have_lists_of_their_own():
    rows = listed([1, 0, 1, 0], **{"our risk": [1, 2, 3, 4]})
    rows.sector[:], rows.day[:] = [0, 0, 1, 1], [0, 31, 0, 0]
    assert sorted(len(of) for of in visit_lists._lists(rows)) == [1, 1, 2]


class ByWhz:
    """A stand-in for a bundle: the risk is the last WHZ, lowest first."""

    def __init__(self, target):
        from features.trajectory.smoother import DEFAULT_PRIORS

        self.target, self.priors = target, DEFAULT_PRIORS

    def log_odds(self, matrix):
        return -matrix[:, NAMES.index("whz_last")]


@pytest.fixture(scope="module")
def crowd():
    """Twenty children of two sectors, cured on one day; every second one is SAM again on days 40
    and 60."""
    names = [f"c{at:02}" for at in range(20)]
    measured = [
        (name, day, 9.0 + 0.05 * at, 110 if at % 2 == 0 and day in (40, 60) else None)
        for at, name in enumerate(names)
        for day in (0, 40, 60, 120, 170, 400)
    ]
    built, quarantine = build(
        {
            "centres": {
                "centre_id": ["A", "B"],
                "sector_id": ["S", "T"],
                "project_id": ["P"] * 2,
                "district_id": ["D"] * 2,
                "setting": ["urban"] * 2,
            },
            "children": {
                "child_id": names,
                "sex": ["F"] * 20,
                "birth_date": [BIRTH] * 20,
                "centre_id": ["A", "B"] * 10,
            },
            "measurements": {
                "child_id": [row[0] for row in measured],
                "measured_on": [date(row[1]) for row in measured],
                "weight_kg": [row[2] for row in measured],
                "height_cm": [76.0] * len(measured),
                "muac_mm": [row[3] for row in measured],
            },
            "episodes": {
                "episode_id": names,
                "child_id": names,
                "programme": ["UCDC"] * 20,
                "admitted_on": [date(-42)] * 20,
                "closed_on": [date(0)] * 20,
                "outcome": ["cured"] * 20,
            },
        },
        imported_on="2026-11-01",
    )
    assert len(quarantine) == 0
    return built


def test_lists_of_a_registry_are_compared_with_the_truth_beside_it(crowd, tmp_path):
    (tmp_path / "truth").mkdir()
    pd.DataFrame(
        {
            "child_id": crowd.child_ids.astype(str),
            "index_on": [day_date(DAY_0)] * 20,
            "landmark_day": [0] * 20,
            "probability": [0.9 if at % 2 == 0 else 0.1 for at in range(20)],
        }
    ).to_parquet(tmp_path / "truth" / "relapse.parquet")
    predictions = pd.DataFrame({"target": ["relapse"]})
    found = lists_found(
        AtHand(Clock(crowd), Context(Clock(crowd))),
        predictions,
        {"relapse": ByWhz("relapse")},
        split=DAY_0,
        truth=truth_of(tmp_path),
    )
    first = {row["order"]: row for row in found["table"] if row["capacity"] == 10}
    # Sector S holds the ten that relapse, T the ten that do not: every list of ten is a whole
    # sector.
    assert first["our risk"]["found_per_visit"] == pytest.approx(first["chance"]["found_per_visit"])
    assert set(first) == {
        "our risk",
        "the rules",
        "lowest WHZ",
        "lowest MUAC",
        "true risk",
        "chance",
        visit_lists.AS_LISTED,
        visit_lists.WHZ_AS_LISTED,
    }
    assert {"more_than_whz", "more_than_rules"} <= set(first["our risk"])
    assert json.loads(json.dumps(found, allow_nan=False))["lines"][0].startswith(
        "relapse, lists of 10"
    )


def test_no_list_with_a_whole_horizon_is_said(crowd):
    found = lists_found(
        AtHand(Clock(crowd), Context(Clock(crowd))),
        pd.DataFrame({"target": ["relapse"]}),
        {"relapse": ByWhz("relapse")},
        split=DAY_0 + 390,
    )
    assert found["table"] == [] and "split earlier" in found["lines"][0]


def found_in(lists):
    """(found, visits, sector) of so many identical months of each sector: even sectors find all,
    odd ones nothing."""
    sector = np.repeat(np.arange(10), lists)
    return (sector % 2 == 0).astype(float), np.ones(len(sector)), sector


def test_the_interval_draws_sectors_with_all_their_months():
    """Twelve months alike of ten sectors say no more than one month of each."""
    once, twelve = (visit_lists._interval(*found_in(months)) for months in (1, 12))
    assert once == pytest.approx(twelve)
    assert once["low"] < 0.3 and once["high"] > 0.7


def test_a_few_sectors_have_no_interval():
    found, visits, sector = found_in(6)
    few = sector < visit_lists.LEAST_SECTORS - 1
    told = visit_lists._interval(found[few], visits[few], sector[few])
    assert told == {"low": None, "high": None}
