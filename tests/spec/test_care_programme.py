"""Indicators, supply and the register's columns, on registries small enough to count by hand."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from care import register
from care.programme import by_month, indicators, programme_report, resolution
from care.programme.supplies import supply
from care.protocol import standard
from features.clock import Clock
from features.trajectory.points import growth_points
from features.who.growth import point, round_z
from registry.checks.table import build
from registry.contract.registry import day_number

PLAN = standard().plan("government-resolution")


def day(text, plus=0):
    return (dt.date.fromisoformat(text) + dt.timedelta(plus)).isoformat()


def centre(number, sector="S1"):
    return {
        "centre_id": f"A{number}",
        "sector_id": sector,
        "project_id": "P",
        "district_id": "D",
        "setting": "urban",
    }


def child(name, of="A1"):
    return {
        "child_id": name,
        "sex": "F",
        "birth_date": "2025-01-10",
        "centre_id": of,
        "registered_on": "2025-02-01",
    }


def weight(name, on, kg):
    return {
        "child_id": name,
        "measured_on": on,
        "weight_kg": kg,
        "height_cm": 74.0,
        "height_position": "lying",
    }


def stay(name, number, admitted, closed=None, outcome=None):
    return {
        "child_id": name,
        "episode_id": f"{name}{number}",
        "programme": "UCDC",
        "admitted_on": admitted,
        "closed_on": closed,
        "outcome": outcome,
    }


def registry_of(**tables):
    registry, quarantine = build(
        {name: pd.DataFrame(rows) for name, rows in tables.items()}, imported_on="2027-01-01"
    )
    assert not quarantine.rows
    return registry


def ten_children():
    """Ten girls in two centres: six admitted in March, of whom five are cured and one dies; two of
    them SAM again."""
    names = [f"c{i}" for i in range(10)]
    treated = names[:6]
    measurements = [weight(name, "2026-02-10", 8.8) for name in names[6:]]
    episodes, rations = [], []
    for i, name in enumerate(treated):
        measurements += [
            weight(name, day("2026-03-02", 7 * week), 6.5 + 0.3 * week) for week in range(6)
        ]
        measurements += [
            weight(name, "2026-05-10", 8.5),
            weight(name, "2026-06-20", 6.6 if i < 2 else 8.8),
        ]
        measurements += [
            weight(name, "2026-07-05", 6.6 if i < 2 else 8.8),
            weight(name, "2026-09-20", 8.9),
        ]
        episodes.append(stay(name, 1, "2026-03-03", "2026-04-07", "died" if i == 5 else "cured"))
        rations += [
            {
                "child_id": name,
                "issued_on": day("2026-03-03", 7 * week),
                "item": "EDNF",
                "quantity": 7,
            }
            for week in range(5)
        ]
    measurements = [
        row for row in measurements if row["child_id"] != "c5" or row["measured_on"] <= "2026-04-07"
    ]
    measurements.append(weight("c9", "2026-11-30", 9.0))
    return registry_of(
        centres=[centre(1), centre(2, "S2")],
        children=[child(name, f"A{1 + i % 2}") for i, name in enumerate(names)],
        measurements=measurements,
        episodes=episodes,
        rations=rations,
        attendance=[
            {"child_id": name, "month": "2026-03", "open_days": 20, "attended_days": 15}
            for name in names
        ],
    )


@pytest.fixture(scope="module")
def district():
    registry = ten_children()
    found = indicators.of(
        registry, by_month.of(registry, standard(), months=12), standard(), level="district"
    )
    return {
        month: {name: column[row] for name, column in found.columns.items()}
        for row, month in enumerate(found.columns["month"])
    }


def test_months_run_to_the_last_recorded_one(district):
    assert (
        list(district)[0] == "2025-12" and list(district)[-2] == "2026-11" and len(district) == 13
    )


def test_the_whole_time_adds_up_events_and_takes_the_last_months_children(district):
    whole = district["2025-12/2026-11"]
    assert whole["admitted_ucdc"] == 6 and whole["cured"] == 5 and whole["children"] == 9
    assert whole["child_days"] == 6 * 35 and whole["stay_days"] == 35
    assert whole["attendance_share"] == 0.75


def test_a_month_is_counted_by_hand(district):
    march, april = district["2026-03"], district["2026-04"]
    assert (march["children"], march["screened"], march["coverage"]) == (10, 6, 0.6)
    assert march["admitted_ucdc"] == 6 and march["in_treatment"] == 6
    assert march["child_days"] == 6 * 29 and april["child_days"] == 6 * 6
    assert march["ednf_issued"] == 6 * 7 * 5
    assert march["ednf_per_child_day"] == pytest.approx(35 / 29)
    assert march["ednf_share"] == pytest.approx(35 / 29 / 1.4)
    assert march["attendance_share"] == 0.75
    assert april["cured"] == 5 and april["stay_days"] == 35
    assert april["gain_g_kg_day"] == pytest.approx(1000 * 1.5 / (6.5 * 35))


def test_who_was_admitted_without_a_test_is_in_treatment_and_not_untreated_too():
    """SAM by the arm, admitted on 20 June without an appetite test; another is at the NRC."""
    rows = {
        "centres": [
            {"centre_id": "A", "sector_id": "S", "project_id": "P", "district_id": "D"}
            | {"setting": "rural"}
        ],
        "children": [
            {"child_id": child, "sex": "F", "birth_date": "2025-01-10", "centre_id": "A"}
            for child in ("untested", "at_nrc", "unknown")
        ],
        "measurements": [
            {"child_id": child, "measured_on": "2026-06-19", "weight_kg": 6.0, "muac_mm": 110}
            for child in ("untested", "at_nrc", "unknown")
        ],
        "episodes": [
            {"episode_id": child, "child_id": child, "programme": programme}
            | {"admitted_on": "2026-06-20"}
            for child, programme in (("untested", "UCDC"), ("at_nrc", "NRC"))
        ],
    }
    registry, refused = build(
        {name: pd.DataFrame(of) for name, of in rows.items()}, imported_on="2026-06-30"
    )
    assert not refused.rows
    sums = by_month.of(registry, standard(), months=1).sums
    assert sums["in_treatment"].sum() == 2 and sums["sam_untreated"].sum() == 1
    assert sums["fed"].sum() == 1, "food is counted for those at the anganwadi"


def test_few_children_are_not_shown(district):
    april = district["2026-04"]
    assert np.isnan(april["died"]) and np.isnan(april["died_share"])
    assert april["cured_share"] == pytest.approx(5 / 6) and april["sphere_cured_share"] == "met"
    assert april["sphere_died_share"] == "too few"
    assert np.isnan(april["relapse_6_months"])
    assert np.isnan(district["2026-02"]["screened"]) and district["2026-01"]["screened"] == 0


def test_sam_again_is_counted_of_those_followed():
    registry = ten_children()
    sums = by_month.of(registry, standard(), months=12).sums
    assert sums["followed_30"].sum() == 5 and sums["relapsed_30"].sum() == 0
    assert sums["followed_91"].sum() == 5 and sums["relapsed_91"].sum() == 2
    assert sums["followed_183"].sum() == 5 and sums["relapsed_183"].sum() == 2


def test_a_place_adds_up_from_its_centres():
    registry = ten_children()
    found = by_month.of(registry, standard(), months=12)
    halves = [(at, found.taken(at)) for at in (np.array([1]), np.array([0]))]
    again = by_month.gathered(halves, 2)
    assert len(registry.centre_ids) == 2
    for name, cells in found.sums.items():
        np.testing.assert_array_equal(again.sums[name], cells)
    loose = {
        level: indicators.of(registry, found, standard(), level=level)
        for level in indicators.LEVELS
    }
    for name in indicators.AMOUNTS:
        totals = {level: one.columns[name].sum() for level, one in loose.items()}
        assert len(set(totals.values())) == 1, name


def test_a_child_that_moved_counts_where_it_was_then():
    registry = registry_of(
        centres=[centre(1), centre(2)],
        children=[child("c0", "A1")],
        measurements=[weight("c0", "2026-02-10", 8.8), weight("c0", "2026-03-10", 8.8)],
    )
    row = registry.children.take(np.array([0, 0]))
    moved_on = day_number("2026-03-05")
    row = row.having(
        centre=np.array([0, 1], np.int32),
        known_from=np.array([0, moved_on], np.int32),
        known_until=np.array([moved_on, 2**31 - 1], np.int32),
    )
    object.__setattr__(registry, "children", row)
    screened = by_month.of(registry, standard(), months=2).sums["screened"]
    assert screened.tolist() == [[1, 0], [0, 1]]


def test_an_earlier_day_counts_nothing_of_what_came_later():
    """Cured in April, SAM again in June: who asks on the last of April knows of the cure alone."""
    registry, day = ten_children(), "2026-04-30"
    then = by_month.of(registry, standard(), months=3, until=day_number(day))
    assert then.ends.tolist()[-1] == day_number(day)
    now = by_month.of(registry, standard(), months=12)
    assert registry.recorded_until > day_number(day)
    assert now.sums["relapsed_91"].sum() == 2 and then.sums["relapsed_91"].sum() == 0
    april = now.firsts.index(then.firsts[-1])
    for name in ("screened", "cured", "admitted_ucdc"):
        assert then.sums[name][-1].tolist() == now.sums[name][april].tolist(), name
    later = by_month.of(registry, standard(), months=12, until=int(registry.recorded_until) + 90)
    assert later.ends.tolist() == now.ends.tolist()


def known_of(registry, on=None):
    everyone = np.arange(len(registry.child_ids), dtype=np.int32)
    last = registry.recorded_until if on is None else day_number(on)
    return Clock(registry).known_by(everyone, np.full(len(everyone), last, np.int32))


def test_stays_still_open_count_in_the_length_of_stay():
    lasting = supply.survival(known_of(ten_children(), "2026-03-20"))
    assert (lasting == 1).all()
    lasting = supply.survival(known_of(ten_children()))
    assert lasting[34] == 1 and lasting[35] == 0
    assert supply.mean_stay_days(lasting, at_most=84) == 35


def test_sachets_for_children_whose_stay_is_certain():
    lasting = np.array([1.0] * 35 + [0.0] * 149)
    flow = supply.Flow(2, np.array([0, 0, 1]), np.array([0, 30, 20]), np.zeros(2), np.zeros(2))
    need = supply.need(flow, lasting, PLAN, weeks=4)
    assert need.expected == pytest.approx([1.4 * (28 + 5), 1.4 * 15])
    assert (need.low < need.expected).all() and (need.expected < need.high).all()


def test_the_interval_holds_nine_in_ten_of_what_comes():
    chance = np.random.default_rng(7)
    lasting = np.minimum(1.0, 1.3 * np.exp(-np.arange(184) / 45.0))
    lasting[90:] = 0.0
    stays = lambda n: (chance.random(n)[:, None] < lasting[None, :]).sum(axis=1)  # noqa: E731
    inside, horizon, a_day = 0, 56, 0.4
    for _ in range(400):
        arrived = chance.poisson(a_day * supply.LOOKED_BACK_DAYS)
        began, length = chance.uniform(0, 84, arrived), stays(arrived)
        here = length > began
        rate = arrived + supply.HALF_AN_ADMISSION
        flow = supply.Flow(
            1,
            np.zeros(here.sum(), np.int64),
            began[here].astype(int),
            np.array([rate / 84]),
            np.array([rate / 84**2]),
        )
        need = supply.need(flow, lasting, PLAN, weeks=horizon // 7)
        coming = chance.poisson(a_day * horizon)
        start, whole = chance.integers(0, horizon, coming), stays(coming)
        days = np.concatenate(
            [
                np.minimum(length[here] - began[here].astype(int), horizon),
                np.minimum(whole, horizon - start),
            ]
        )
        used = (days * np.where(chance.random(len(days)) < 0.2, 3, 1)).sum()
        inside += need.low[0] <= used <= need.high[0]
    assert 0.85 <= inside / 400 <= 0.96


def test_money_and_supply_of_a_registry():
    found = resolution.of(ten_children(), standard(), PLAN)
    assert found.in_treatment == 0 and found.budgets["caseload"].plan.projects == 1
    assert (
        resolution.of(ten_children(), standard(), PLAN, projects=3)
        .budgets["caseload"]
        .plan.projects
        == 3
    )
    text = programme_report.supply_text(found)
    assert "12 weeks" in text and "2026-11-30" in text
    record = programme_report.outlook_record(found)
    assert len(record["sachets"]["centre"]) == 2 * 3 and record["caseload"]["year"].startswith(
        "Rs "
    )


def test_a_weight_for_an_exit_is_the_least_that_meets_it():
    for sex, age, height in ((0, 420, 74.0), (1, 900, 88.3), (0, 1500, 101.25)):
        kg = register.lightest_for(sex, age, height, -1, -2.0)
        assert round_z(point(sex, age, kg, height, -1, np.nan, np.nan)[2]) >= -2.0
        assert round_z(point(sex, age, kg - 0.02, height, -1, np.nan, np.nan)[2]) < -2.0
    assert np.isnan(register.lightest_for(0, 420, 200.0, -1, -2.0))


def test_the_registers_own_columns():
    registry = ten_children()
    known = known_of(registry, "2026-03-26")
    found = register.stay_of(known, growth_points(known), standard(), 0)
    assert found.admission_kg == 6.5 and found.to_gain_kg == pytest.approx(found.target_kg - 7.4)
    assert [week.number for week in found.weeks] == [1, 2, 3]
    assert [week.gain_kg for week in found.weeks] == [0.3, 0.3, 0.3]
    assert found.weeks[1].planned_kg == pytest.approx(6.5 + (found.target_kg - 6.5) / 2, abs=0.01)
    assert found.weeks[1].shortfall_kg == pytest.approx(
        max(found.weeks[1].planned_kg - 7.1, 0), abs=0.011
    )
    assert register.stay_of(known, growth_points(known), standard(), 8) is None


def test_a_week_without_a_weight_has_no_shortfall():
    registry = registry_of(
        centres=[centre(1)],
        children=[child("c0")],
        measurements=[weight("c0", "2026-03-02", 6.5), weight("c0", "2026-03-20", 6.7)],
        episodes=[stay("c0", 1, "2026-03-02")],
    )
    known = known_of(registry, "2026-03-24")
    weeks = register.stay_of(known, growth_points(known), standard(), 0).weeks
    assert weeks[0].shortfall_kg is None and weeks[2].gain_kg == 0.2


def test_a_mistyped_date_does_not_move_the_last_month():
    registry = registry_of(
        centres=[centre(1)],
        children=[child(f"c{i}") for i in range(200)],
        measurements=[
            weight(f"c{i}", day("2026-01-05", 30 * month), 8.8)
            for i in range(200)
            for month in range(11)
        ]
        + [weight("c0", "2026-12-30", 8.8)],
    )
    assert registry.recorded_until == day_number("2026-11-01")
    assert by_month.calendar(until=day_number("2026-03-10"), months=2)[0] == (
        dt.date(2026, 2, 1),
        dt.date(2026, 3, 1),
    )
