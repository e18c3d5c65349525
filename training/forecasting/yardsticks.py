"""Baselines and scores of a forecast: simple averages, and the weighted interval score."""

from __future__ import annotations

import numpy as np

from training.forecasting.counts_panel import Panel, row_means
from training.forecasting.season import season_of
from training.forecasting.spread import LEVELS

AVERAGES = (
    "mean of 3 months",
    "mean of 12 months",
    "last year's month",
    "mean of 3 months with season",
)


def simple_averages(panel: Panel, origin: int, horizon: int) -> dict[str, np.ndarray]:
    """Each simple average's forecast (areas,), from nothing after the origin; the year's mean
    stands in for gaps."""
    past = panel.until(origin)
    year = row_means(past.counts[:, -12:])
    quarter = np.where(np.isfinite(near := row_means(past.counts[:, -3:])), near, year)
    ago = origin + horizon - 12
    last_year = past.counts[:, ago] if 0 <= ago <= origin else np.full(len(year), np.nan)
    months = np.asarray(past.month_of_year(np.arange(past.months)))
    everywhere = np.exp(
        season_of(np.log1p(past.counts), months, np.zeros(len(year), np.int64)).everywhere
    )
    factor = everywhere[past.month_of_year(origin + horizon)] / everywhere[months[-3:]].mean()
    return dict(
        zip(
            AVERAGES,
            (quarter, year, np.where(np.isfinite(last_year), last_year, year), quarter * factor),
            strict=True,
        )
    )


def interval_score(outcome: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """Weighted interval score (n,) of forecasts by quantiles (n, levels of `LEVELS`); Bracher et
    al., 2021.

    It is the mean of twice the quantile loss over the levels, and for a single median the absolute
    error.
    """
    off = outcome[:, None] - quantiles
    found: np.ndarray = np.mean(
        2 * np.maximum(np.multiply(LEVELS, off), np.multiply(np.subtract(LEVELS, 1), off)), axis=1
    )
    return found
