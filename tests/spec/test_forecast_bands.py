"""Bands that hold what they say, levels that add up, alarms that are rarely false and find a
doubling."""

import numpy as np
import pytest

from benchmarks.forecast import alarms, shocks_found, simulated
from training.forecasting.alerts import coming_peaks, no_sam_unlikely
from training.forecasting.counts_panel import Panel
from training.forecasting.forecast import Forecast, Learnt, forecast_at, levels_of
from training.forecasting.reconcile import reconciled
from training.forecasting.season import season_of
from training.forecasting.spread import Past, learn_spread, placed_levels, quantiles_of
from training.forecasting.yardsticks import interval_score, simple_averages


def test_adding_up_is_least_squares_over_the_tree():
    draw = np.random.default_rng(1)
    means = [
        draw.uniform(5, 20, (6, 1)),
        draw.uniform(20, 50, (2, 1)),
        draw.uniform(60, 90, (1, 1)),
    ]
    variances = [draw.uniform(1, 9, mean.shape) for mean in means]
    above = [np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0])]
    found = reconciled(means, variances, above)
    # By matrices: S holds which areas each place sums, and generalised least squares finds the
    # areas.
    sums = np.vstack([np.eye(6), [[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], np.ones((1, 6))])
    weight = np.diag(1 / np.concatenate(variances)[:, 0])
    finest = np.linalg.solve(sums.T @ weight @ sums, sums.T @ weight @ np.concatenate(means)[:, 0])
    assert np.concatenate(found)[:, 0] == pytest.approx(sums @ finest)


def test_no_part_falls_below_zero_and_parts_still_add_up():
    found = reconciled(
        [np.array([[0.1], [8.0]]), np.array([[2.0]])],
        [np.array([[4.0], [4.0]]), np.array([[0.01]])],
        [np.array([0, 0])],
    )
    assert (
        (found[0] >= 0).all()
        and found[0].sum() == pytest.approx(found[1][0, 0])
        and found[1][0, 0] < 2.1
    )


def test_an_area_without_a_forecast_stays_without_and_counts_nothing():
    found = reconciled(
        [np.array([[3.0], [np.nan]]), np.array([[np.nan]])],
        [np.ones((2, 1)), np.ones((1, 1))],
        [np.array([0, 0])],
    )
    assert np.isnan(found[0][1, 0]) and found[1][0, 0] == 3.0


def test_levels_are_moved_to_what_the_past_held():
    too_narrow = np.sort(
        np.concatenate([np.full(300, 0.01), np.full(300, 0.99), np.linspace(0.05, 0.95, 400)])
    )
    low, high = placed_levels(too_narrow, (0.10, 0.90))
    assert low < 0.03 and high > 0.97
    assert placed_levels(np.zeros(0), (0.10, 0.90)) == pytest.approx([0.10, 0.90])


def test_the_spread_finds_the_mean_and_the_variance_of_what_came():
    draw = np.random.default_rng(2)
    area = np.repeat(np.arange(40), 50)
    outcome = draw.poisson(12 * draw.gamma(4, 1 / 4, len(area))).astype(float)
    past = Past(area, np.zeros(len(area), np.int64), np.full(len(area), np.log1p(10.0)), outcome)
    spread = learn_spread(past, areas=40, horizons=1)
    mean = spread.mean(np.full((40, 1), np.log1p(10.0)))
    assert mean == pytest.approx(np.full((40, 1), 12.0), rel=0.08)
    bands = spread.quantiles(mean)[area, 0]
    held = ((outcome >= bands[:, 1]) & (outcome <= bands[:, 5])).mean()
    assert 0.77 <= held <= 0.86


def test_a_count_that_is_mostly_zero_has_a_band_of_whole_numbers():
    found = quantiles_of(np.array([[0.05]]), np.array([[0.3]]), np.array([[0.1, 0.5, 0.9, 0.99]]))[
        0
    ]
    assert found.tolist() == [0, 0, 0, 1]


def test_a_season_is_shrunk_towards_none_where_little_is_known():
    month = np.arange(48) % 12
    wave = 0.4 * np.cos(2 * np.pi * (month - 6) / 12)
    whole = season_of(np.tile(3 + wave, (30, 1)), month, np.zeros(30, np.int64))
    assert whole.own[0, 6] == pytest.approx(0.4, abs=0.06)
    short = season_of(np.tile(3 + wave[:7], (1, 1)), month[:7], np.zeros(1, np.int64))
    assert np.abs(short.own).max() < 0.25


def test_one_months_shock_becomes_no_season():
    logs = np.full((20, 48), 3.0)
    logs[:, 18] += 4
    season = season_of(logs, np.arange(48) % 12, np.zeros(20, np.int64))
    assert np.abs(season.own).max() < 0.25, "drawn in; as it stands it would be 1.2"


def test_forecasts_of_simulated_sectors_beat_simple_averages_and_their_bands_hold():
    panel, _ = simulated(sectors=120, months=43, seed=5)
    levels, error, simple, held = levels_of(panel, 3), [], [], []
    for origin in range(36, 40):
        forecast = forecast_at(levels, origin)[0]
        came = panel.counts[:, origin + 3]
        known = np.isfinite(came) & np.isfinite(forecast.mean[:, 2])
        bands = forecast.quantiles[known, 2]
        error.append(np.abs(came[known] - forecast.mean[known, 2]).mean())
        simple.append(
            [np.nanmean(np.abs(came - said)) for said in simple_averages(panel, origin, 3).values()]
        )
        held.append(((came[known] >= bands[:, 1]) & (came[known] <= bands[:, 5])).mean())
    assert np.mean(error) < 0.9 * np.mean(simple, axis=0).min()
    assert 0.74 <= np.mean(held) <= 0.90


def test_calm_areas_alarm_in_less_than_one_month_in_twenty():
    found = alarms(sectors=80, months=40, seed=2)
    assert found["calm_sector_months"] > 800 and 0 < found["alarm_share"] <= 0.05


def test_a_doubling_in_one_project_is_found_within_two_months_in_nine_of_ten():
    assert shocks_found(sectors=40, shocks=10) >= 0.9


def test_an_area_without_sam_is_told_only_where_its_neighbours_make_it_unlikely():
    draw = np.random.default_rng(4)
    counts = draw.poisson(6, (12, 24)).astype(float)
    counts[3] = 0
    counts[5] = np.nan
    counts[8:] = draw.poisson(0.02, (4, 24))
    panel = Panel(
        np.array([f"A{at}" for at in range(12)]),
        640,
        counts,
        {"project": np.array(["busy"] * 8 + ["calm"] * 4)},
    )
    assert [alert.area for alert in no_sam_unlikely(panel, "area")] == ["A3"]


def test_a_coming_peak_is_told_with_its_figures():
    panel = Panel(np.array(["A", "B"]), 640, np.full((2, 24), 10.0))
    spread = learn_spread(Past(*np.zeros((4, 0), np.int64)), areas=2, horizons=3)
    forecast = Forecast(panel, 23, np.array([[16.0, 16.0, 16.0], [12.0, 12.0, 12.0]]), spread)
    (alert,) = coming_peaks(forecast, "area")
    assert (alert.area, alert.figure, alert.expected) == (
        "A",
        48.0,
        30.0,
    ) and "2025-05" in alert.text


def test_a_parent_whose_areas_mostly_reported_nothing_is_missing():
    counts = np.full((5, 12), 10.0)
    counts[:2, -1] = np.nan
    counts[0, -3] = np.nan
    counts[4, 3:] = np.nan
    panel = Panel(np.array(list("abcde")), 640, counts, {"project": np.array(["P"] * 5)})
    total = panel.summed("project").counts[0]
    assert np.isnan(total[-1]), "two of four areas are silent"
    assert total[0] == 50 and total[3] == 50, "a silent fifth is made up in proportion"
    assert np.isnan(total[-3]) or total[-3] == 40
    assert total[-2] == 40, "an area that has been silent for half a year is no longer waited for"


def test_the_interval_score_of_a_certain_forecast_is_its_absolute_error():
    assert interval_score(np.array([7.0]), np.full((1, 7), 4.0)) == pytest.approx([3.0])
    sharp, wide = np.full((1, 7), 10.0), np.array([[0.0, 2, 6, 10, 14, 18, 20]])
    assert interval_score(np.array([10.0]), sharp) < interval_score(np.array([10.0]), wide)


def test_an_origin_sees_nothing_after_it():
    panel, _ = simulated(sectors=16, months=30, seed=6)
    changed = panel.counts.copy()
    changed[:, 25:] = 999
    other = Panel(panel.areas, panel.first, changed, panel.parents)
    for first, second in zip(
        *(forecast_at([Learnt(each, 2)], 24) for each in (panel, other)), strict=True
    ):
        assert np.array_equal(first.mean, second.mean, equal_nan=True)
        assert np.array_equal(first.quantiles, second.quantiles, equal_nan=True)
