"""How long a store room lasts and what to send, as a store keeper works it out; what cannot be right
is said by name. And the season in it, by the published forecast of admissions."""

import dataclasses
import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest

from care.programme import resolution
from care.programme.published_forecast import WITHHELD, AreaForecast, Publication
from care.programme.supplies import admissions_ahead, stock_cover, supply
from care.programme.supplies.admissions_ahead import AdmissionsForecast, Parts
from care.programme.supplies.stock_cover import NeedCurve, StockLine, StoreRoomPlace
from care.programme.supplies.stock_report import lasts, odd_of, store_rooms_text
from care.protocol import standard
from features.clock import Clock
from registry.checks.table import build
from registry.contract.codes import RationItem
from registry.contract.registry import Table, day_number

PLAN = standard().plan("government-resolution")
TODAY = day_number("2026-07-15")
PLACE = StoreRoomPlace(
    np.array(["A1", "A2", "A3"], object), np.array(["P1"], object), np.zeros(3, int)
)


def counts(*rows):
    """Rows of (centre 0 to 2, day, quantity), EDNF."""
    centre, day, quantity = zip(*rows, strict=True) if rows else ((), (), ())
    return Table(
        {
            "centre": np.array(centre, np.int32),
            "counted_on": np.array([day_number(one) for one in day], np.int32),
            "item": np.full(len(centre), RationItem.EDNF, np.int8),
            "quantity": np.array(quantity, float),
        }
    )


def given(*rows, item=RationItem.EDNF):
    """Rows of (centre, day, quantity) given out."""
    centre, day, quantity = zip(*rows, strict=True) if rows else ((), (), ())
    return Table(
        {
            "centre": np.array(centre, np.int64),
            "item": np.full(len(centre), item, np.int8),
            "day": np.array([day_number(one) for one in day], np.int64),
            "quantity": np.array(quantity, float),
        }
    )


def a_week(*expected, band=0.2, send_weeks=8):
    """A need of so many a week in each place, with a band of 20 % either way."""
    weeks = np.arange(27.0)[:, None] * np.array(expected, float)
    to_send = supply.Need(
        0, *(send_weeks * np.array(expected) * f for f in (1, 1 - band, 1 + band))
    )
    known = np.ones(len(expected), bool)
    return NeedCurve(weeks, weeks * (1 - band), weeks * (1 + band), to_send, known)


def lines_of(stocks, out, *expected):
    found = stock_cover.counts_of(stocks, out, 3, TODAY)
    return stock_cover.centre_lines("EDNF", PLACE, found, a_week(*expected), TODAY)


def test_a_hundred_sachets_at_twenty_five_a_week_last_four_weeks():
    (one, *_) = lines_of(counts((0, "2026-07-15", 100)), given(), 25, 1, 1)
    assert one.left == 100 and one.weeks == pytest.approx((4.0, 100 / 30, 5.0))
    assert lasts(one.weeks, 26) == "runs out in 4 weeks (3 to 5)"
    assert (one.send, one.send_at_most) == (8 * 25 - 100, 8 * 30 - 100)


def test_what_was_given_out_after_the_counting_day_is_no_longer_there():
    out = given((0, "2026-06-30", 30), (0, "2026-07-05", 14), (0, "2026-07-12", 14))
    (one, *_) = lines_of(counts((0, "2026-06-30", 100)), out, 24, 1, 1)
    assert (one.counted, one.given_since, one.left) == (100, 28, 72)
    assert one.weeks[0] == pytest.approx(3.0)


def test_enough_for_longer_than_is_known_is_said_so_and_nothing_is_sent():
    (one, *_) = lines_of(counts((0, "2026-07-15", 1000)), given(), 25, 1, 1)
    assert all(map(math.isinf, one.weeks)) and (one.send, one.send_at_most) == (0, 0)
    assert lasts(one.weeks, 26) == "runs out in more than 26 weeks (more than 26 to more than 26)"


def test_an_empty_room_is_empty():
    (one, *_) = lines_of(counts((0, "2026-07-01", 14)), given((0, "2026-07-02", 14)), 7, 1, 1)
    assert one.left == 0 and lasts(one.weeks, 26) == "is empty" and one.send == 56


def test_the_newest_count_stands():
    stocks = counts((0, "2026-06-30", 100), (0, "2026-05-31", 7), (1, "2026-07-14", 3))
    one, other, _ = lines_of(stocks, given(), 25, 1, 1)
    assert (one.counted, other.counted) == (100, 3)


def test_what_cannot_be_right_is_said_by_name_and_not_reckoned_with():
    stocks = counts((0, "2026-05-20", 90), (1, "2026-07-01", 10))
    old, more, never = lines_of(stocks, given((1, "2026-07-08", 24)), 7, 7, 7)
    standings = [one.standing for one in (old, more, never)]
    assert standings == ["too_old", "given_more", "never_counted"]
    for one in (old, more, never):
        assert one.left is one.weeks is one.send is one.send_at_most is None
    assert "counted on 2026-05-20, too long ago" in odd_of(old)
    assert "24 given out since 2026-07-01, when 10 were counted" in odd_of(more)
    assert "a delivery came that nobody counted" in odd_of(more)


def test_a_count_of_forty_five_days_ago_still_holds():
    (one, *_) = lines_of(counts((0, "2026-05-31", 70)), given(), 7, 1, 1)
    assert one.standing == "counted"
    (one, *_) = lines_of(counts((0, "2026-05-30", 70)), given(), 7, 1, 1)
    assert one.standing == "too_old"


def test_sachets_that_are_gone_without_having_been_given_out_are_named():
    """50 on 31 May, 20 given out in June: 30 must be there on 30 June."""
    out = given((0, "2026-06-10", 20), (1, "2026-06-10", 20))
    stocks = counts(
        (0, "2026-05-31", 50), (0, "2026-06-30", 13), (1, "2026-05-31", 50), (1, "2026-06-30", 80)
    )
    lost, brought, _ = lines_of(stocks, out, 7, 7, 7)
    assert lost.missing == 17 and "17 fewer counted on 2026-06-30" in odd_of(lost)
    assert brought.missing == 0 and odd_of(brought) == "", "a delivery of 50 came"
    assert lost.standing == "counted" and lost.left == 13


def test_a_project_is_its_counted_centres_and_names_the_others():
    stocks = counts((0, "2026-07-15", 100), (1, "2026-07-15", 20))
    asked = []

    def curve_of(place_of, places):
        asked.append(place_of.tolist())
        return a_week(10 * max(sum(one == 0 for one in place_of), 1e-9))

    lines = lines_of(stocks, given(), 10, 10, 10)
    (project,) = stock_cover.area_lines(
        "EDNF", PLACE.project_ids, PLACE.project_of, lines, curve_of
    )
    assert asked == [[0, 0, -1], [-1, -1, 0]]
    assert project.left == 120 and project.weeks[0] == pytest.approx(6.0)
    assert project.send == (80 - 100 if 80 > 100 else 0) + (80 - 20), "food does not wander"
    assert project.send_at_most == project.send + 32, "a fifth of the need of 160"
    assert project.not_known == {"never_counted": 1} and project.need_of_others == 80


def test_an_item_without_a_forecast_goes_on_as_it_was_given_out():
    day = dt.date(2026, 7, 15)
    out = given(
        *((0, (day - dt.timedelta(7 * week)).isoformat(), 10) for week in range(12)),
        item=RationItem.THR,
    )
    stocks = counts((0, "2026-07-15", 45), (1, "2026-07-15", 5))
    stocks = stocks.having(item=np.full(2, RationItem.THR, np.int8))
    rooms = stock_cover.store_rooms(
        PLACE,
        stock_cover.every_item(stocks, out, 3, TODAY),
        lambda at, n: a_week(*[7] * n),
        today=TODAY,
        send_days=70,
        weeks_known=26,
    )
    thr = [one for one in rooms.centres if one.item == "THR"]
    assert thr[0].weeks == pytest.approx((4.5, 4.5, 4.5)) and thr[0].send == 55
    assert thr[1].left == 5 and thr[1].weeks is None and thr[1].send is None, "no need is known"
    assert {one.standing for one in rooms.centres if one.item == "EDNF"} == {"never_counted"}
    assert "no season in it" in store_rooms_text(rooms)[-1]


def test_no_count_at_all_is_one_line():
    rooms = stock_cover.store_rooms(
        PLACE,
        stock_cover.every_item(counts(), given(), 3, TODAY),
        lambda at, n: a_week(*[7] * n),
        today=TODAY,
        send_days=61,
        weeks_known=26,
    )
    assert [one.standing for one in rooms.centres] == ["never_counted"] * 3
    assert store_rooms_text(rooms) == [
        "No store room was counted by that day (the table `stocks`)."
    ]


def one_centre(**tables):
    rows = {
        "centres": [
            {
                "centre_id": "A1",
                "sector_id": "S",
                "project_id": "P1",
                "district_id": "D",
                "setting": "rural",
            }
        ],
        "children": [
            {"child_id": name, "sex": "F", "birth_date": "2025-01-10", "centre_id": "A1"}
            for name in ("a", "b")
        ],
        "measurements": [
            {"child_id": name, "measured_on": "2026-07-15", "weight_kg": 8.0} for name in ("a", "b")
        ],
    } | tables
    found, quarantine = build(
        {name: pd.DataFrame(of) for name, of in rows.items()}, imported_on="2026-07-20"
    )
    assert not quarantine.rows
    return found


def test_only_counts_and_rations_known_by_the_day_asked_are_used():
    stocks = [
        {"centre_id": "A1", "counted_on": "2026-06-30", "item": "EDNF", "quantity": 40},
        {
            "centre_id": "A1",
            "counted_on": "2026-07-10",
            "item": "EDNF",
            "quantity": 5,
            "recorded_on": "2026-07-14",
        },
    ]
    rations = [
        {"child_id": "a", "issued_on": on, "item": "EDNF", "quantity": 14}
        for on in ("2026-07-03", "2026-07-11")
    ]
    episodes = [
        {"child_id": "a", "episode_id": "e", "programme": "VCDC", "admitted_on": "2026-06-20"}
    ]
    registry = one_centre(stocks=stocks, rations=rations, episodes=episodes)
    assert Clock(registry).stocks(day_number("2026-06-29")).rows == 0

    def told(on):
        found = resolution.of(registry, standard(), PLAN, day=day_number(on))
        (line,) = found.store_rooms.centres
        return line.counted, line.given_since, line.standing

    assert told("2026-07-02") == (40, 0, "counted")
    assert told("2026-07-13") == (40, 28, "counted"), "the count of the 10th is not known yet"
    assert told("2026-07-14") == (5, 14, "given_more")


def forecast(project, state=None, history=(), origin="2026-06", horizon=6):
    of = Publication(
        counted="admissions",
        level="sector",
        origin=origin,
        horizon=horizon,
        as_of=dt.date(2026, 6, 30),
        made_on=dt.date(2026, 7, 1),
        facts={},
    )

    def area(level, name, means):
        mean = np.array(means, float)
        # As wide as chance alone makes it: the level itself is taken for certain.
        half = np.sqrt(mean)[:, None] * 2.5631 / 2
        quantiles = mean[:, None] + half * np.array([-1.3, -1, -0.5, 0, 0.5, 1, 1.3])
        return AreaForecast(level, name, mean, quantiles, tuple(history))

    whole = area("state", "state", state) if state else None
    return AdmissionsForecast(of, {"P1": area("project", "P1", project)}, whole)


def flow_of(*rates, variance=0.01):
    nobody = np.zeros(0, int)
    return supply.Flow(len(rates), nobody, nobody, np.array(rates), np.full(len(rates), variance))


def seasonal(rates, means, today, *, place_of=None, share=1.0):
    """Centres of P1 with these rates of the last weeks; by place what is expected."""
    project_of = np.zeros(len(rates), int)
    place_of = np.arange(len(rates)) if place_of is None else np.array(place_of)
    return admissions_ahead.with_season(
        flow_of(*np.bincount(place_of[place_of >= 0], np.array(rates)[place_of >= 0])),
        forecast(means),
        Parts.of(flow_of(*rates), project_of),
        place_of=place_of,
        project_ids=np.array(["P1"], object),
        today=day_number(today),
        share=share,
    )


def test_admissions_follow_the_months_of_the_forecast():
    """31 in July and 62 in August: one a day until 31 July, then two a day."""
    found = seasonal([0.5], [31, 62, 30, 31, 30, 31], "2026-07-21")
    np.testing.assert_allclose(found.arriving(14)[0], [1.0] * 10 + [2.0] * 4)
    assert found.known_days == 10 + 31 + 30 + 31 + 30 + 31
    one_day = np.array([1.0] + [0.0] * 183)
    mean, low, high = supply.need_of_days(found, one_day, PLAN, days=14)
    assert mean[0] == pytest.approx(1.4 * 18), "one day's food for each of the 18 who come"
    assert found.admissions_variance[0] == pytest.approx(0, abs=1e-9), "its forecast is certain"


def test_a_centre_has_its_part_of_what_its_project_expects():
    means = [62, 62, 60, 62, 60, 62]
    found = seasonal([0.25, 0.75], means, "2026-06-30", share=0.5)
    np.testing.assert_allclose(found.arriving(3), [[0.25] * 3, [0.75] * 3])
    assert (found.admissions_variance > 0).all(), "which part is theirs is not certain"
    one = seasonal([0.25, 0.75], means, "2026-06-30", place_of=[0, -1], share=0.5)
    np.testing.assert_allclose(one.arriving(3), [[0.25] * 3])
    whole = seasonal([0.25, 0.75], means, "2026-06-30", place_of=[0, 0], share=0.5)
    np.testing.assert_allclose(whole.arriving(3), [[1.0] * 3])
    assert whole.admissions_variance[0] == pytest.approx(0, abs=1e-9)


def test_a_year_is_the_forecast_and_last_years_same_months_after_it():
    """From June: July to December as forecast, January to June as counted this year."""
    history = [99] * 30 + [10, 20, 30, 40, 50, 60]
    found = forecast([1] * 6, state=[100] * 6, history=history)
    mean, variance = admissions_ahead.admissions_of_year(found, share=1.0)
    assert mean == 600 + 210 and variance == pytest.approx(mean)
    gap = forecast([1] * 6, state=[100] * 6, history=[*history[:-1], WITHHELD])
    assert admissions_ahead.admissions_of_year(gap, share=1.0) is None


def test_a_forecast_that_ends_too_soon_gives_no_season():
    registry = one_centre()
    old = forecast([31] * 6, origin="2026-03")
    found = resolution.of(registry, standard(), PLAN, forecast=old)
    assert found.season is None and "2026-03" in found.no_season
    fresh = resolution.of(registry, standard(), PLAN, forecast=forecast([31] * 6))
    assert fresh.season.origin == "2026-06" and fresh.no_season == ""
    above = dataclasses.replace(forecast([31] * 6), projects={})
    high = resolution.of(registry, standard(), PLAN, forecast=above)
    assert high.season is None and "stops above projects" in high.no_season
    none = resolution.of(registry, standard(), PLAN)
    assert none.season is None and "--publish" in none.no_season
    (need, *_), (other, *_) = fresh.needs["project"], none.needs["project"]
    (own, *_) = fresh.needs["centre"]
    assert own.expected[0] == pytest.approx(need.expected[0])
    assert need.expected[0] > 10 * other.expected[0], "31 a month against none in twelve weeks"


def test_a_line_names_no_child():
    assert not {"child", "child_id"} & set(StockLine.__dataclass_fields__)
