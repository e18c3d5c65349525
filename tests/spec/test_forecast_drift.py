"""Whether published forecasts held, counted by hand."""

import datetime as dt

import numpy as np
import pytest

from care.programme import published_forecast as book
from care.programme.published_forecast import AreaForecast, Publication
from registry.store.store import open_store
from training.forecasting import forecast_drift
from training.forecasting.counts_panel import Panel, month_number

FIRST = month_number(dt.date(2025, 1, 1))
UNTIL = month_number(dt.date(2026, 4, 1))


@pytest.fixture
def engine(tmp_path):
    store = open_store(str(tmp_path / "x.db"))
    yield store.engine
    store.close()


def publish(engine, origin, mean, low, high):
    """Every month ahead the same in S1 and S2."""
    quantiles = np.tile([low - 1, low, low, mean, high, high, high + 1], (6, 1)).astype(float)
    areas = [AreaForecast("sector", name, np.full(6, mean), quantiles) for name in ("S1", "S2")]
    day = dt.date.fromisoformat(f"{origin}-28")
    new = Publication(
        counted="admissions",
        level="sector",
        origin=origin,
        horizon=6,
        as_of=day,
        made_on=day,
        facts={},
    )
    return book.publish(engine, new, areas)


def panel():
    """Ten a month through 2025; in January to April 2026 S1 counts 10 and S2 12, 12, 15, nothing
    reported."""
    counts = np.full((2, 16), 10.0)
    counts[1, 12:] = [12, 12, 15, np.nan]
    return Panel(np.array(["S1", "S2"]), FIRST, counts, {"district": np.array(["D", "D"])})


def drifts(engine, until=UNTIL):
    former = book.published(engine, "admissions")
    levels = {"sector": panel(), "district": panel().summed("district")}
    return list(forecast_drift._of_counted(engine, "admissions", former, levels, until))


def test_bands_and_errors_are_those_counted_by_hand(engine):
    publish(engine, "2025-12", 11.0, 9.0, 13.0)
    (found,) = drifts(engine)
    assert found.level == "sector" and found.forecasts == 7, "April of S2 is not reported"
    assert found.in_80 == pytest.approx(6 / 7), "all but the 15"
    assert found.error == pytest.approx((4 * 1 + 1 + 1 + 4) / 7)
    assert found.best_average.startswith("mean of") or found.best_average == "last year's month"
    assert found.ratio == pytest.approx((10 / 7) / ((2 + 2 + 5) / 7)), "an average says 10"
    assert found.reasons == (), "seven forecasts are too few to judge by"


def test_months_after_the_one_asked_for_and_older_than_a_year_are_left_out(engine):
    publish(engine, "2025-12", 11.0, 9.0, 13.0)
    (found,) = drifts(engine, until=UNTIL - 2)
    assert found.forecasts == 4
    assert drifts(engine, until=UNTIL + 30) == []


def test_what_no_longer_holds_is_named(engine):
    assert list(forecast_drift._reasons(30, 0.69, 1.01)) == [
        "the 80 % band held fewer than 70%",
        "a simple average would have erred less",
    ]
    assert list(forecast_drift._reasons(29, 0.1, 3.0)) == []
    assert list(forecast_drift._reasons(30, 0.70, 1.0)) == []


def test_a_line_says_it_all(engine):
    publish(engine, "2025-12", 11.0, 9.0, 13.0)
    (found,) = drifts(engine)
    assert found.line.startswith(
        "forecasts of admissions by sector, 12 months up to 2026-04: 80 % band held 0.86, error 1.43"
    )
    assert found.record()["drifted"] is False
