"""Learners over all areas together: what level and season alone miss, by a ridge and two small
forests, averaged.

Each predicts how far a month lies from the forecast by level and season, in logs of 1 + count; a
row weighs as much as its area counts, so that the error is one of children, not of percent. An
average of plain learners errs less than the best of them, and nothing is chosen on what it is
judged by.
"""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from sklearn.linear_model import Ridge

from training.forecasting.forecast_columns import Rows

FEWEST_ROWS = 400
"""Fewer past rows than this teach nothing beyond level and season (chosen)."""
MOST_ROWS = 60_000
"""More are drawn by lot: the learners are small."""
FOREST = {
    "learning_rate": 0.05,
    "num_leaves": 8,
    "min_child_samples": 60,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "verbosity": -1,
    "num_threads": 2,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "max_bin": 127,
}
FORESTS = (("l1", 80, 3.0), ("l2", 60, 1.5))
"""Loss, trees, and how far a month may lie off before it is drawn in."""
RIDGES = ((1000.0, 1.0), (4000.0, 0.7))
FARTHEST_COLUMN = 4.0


@dataclass(frozen=True)
class ForecastExamples:
    """Past rows with their outcome: columns (n, columns), off (n,) from level and season, weight
    (n,)."""

    columns: np.ndarray
    off: np.ndarray
    weight: np.ndarray


def examples(rows: dict[int, Rows], counts: np.ndarray, *, until: int) -> ForecastExamples:
    """The rows of every origin whose month was known by the end of column `until`."""
    columns, off, weight = [], [], []
    for origin, at in rows.items():
        for step in range(min(until - origin, at.by_season.shape[1])):
            outcome = counts[:, origin + step + 1]
            known = np.isfinite(outcome) & np.isfinite(at.level)
            columns.append(at.columns[known, step])
            off.append(np.log1p(outcome[known]) - at.by_season[known, step])
            weight.append(np.exp(at.level[known]))
    if not columns:
        return ForecastExamples(np.zeros((0, 1)), np.zeros(0), np.zeros(0))
    return _drawn(
        ForecastExamples(np.concatenate(columns), np.concatenate(off), np.concatenate(weight))
    )


def _drawn(found: ForecastExamples) -> ForecastExamples:
    if len(found.off) <= MOST_ROWS:
        return found
    keep = np.random.default_rng(1).choice(len(found.off), MOST_ROWS, replace=False)
    return ForecastExamples(found.columns[keep], found.off[keep], found.weight[keep])


@dataclass(frozen=True)
class Learners:
    """The fitted learners; none at all where the past is too short for any."""

    forests: tuple[lgb.Booster, ...] = ()
    ridges: tuple[Ridge, ...] = ()
    centre: np.ndarray | None = None
    spread: np.ndarray | None = None

    def logs(self, rows: Rows) -> np.ndarray:
        """Forecasts in logs of 1 + count, float64 (areas, horizons); NaN where an area has no
        level."""
        if not (self.forests or self.ridges):
            return rows.by_season
        areas, horizons, width = rows.columns.shape
        flat = rows.columns.reshape(-1, width)
        said = [forest.predict(flat) for forest in self.forests]
        said += [ridge.predict(self._scaled(flat)) for ridge in self.ridges]
        # Level and season alone is one more voice, which says "nothing to add".
        off = np.sum(said, axis=0) / (len(said) + 1)
        return np.where(
            np.isfinite(rows.by_season),
            np.maximum(rows.by_season + off.reshape(areas, horizons), 0.0),
            np.nan,
        )

    def _scaled(self, columns: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.clip(
            np.nan_to_num((columns - self.centre) / self.spread), -FARTHEST_COLUMN, FARTHEST_COLUMN
        )
        return found


def fit(found: ForecastExamples) -> Learners:
    """Fit all learners on the examples, or none where they are too few or all weigh nothing."""
    if len(found.off) < FEWEST_ROWS or not found.off.any():
        return Learners()
    known = np.isfinite(found.columns)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, found.columns, 0.0)
    centre = filled.sum(axis=0) / count
    spread = np.sqrt((np.where(known, found.columns - centre, 0.0) ** 2).sum(axis=0) / count) + 1e-9
    shell = Learners(centre=centre, spread=spread)
    weight = found.weight / found.weight.mean()
    scaled = shell._scaled(found.columns)
    ridges = [
        Ridge(penalty).fit(scaled, np.clip(found.off, -far, far), sample_weight=weight)
        for penalty, far in RIDGES
    ]
    forests = [
        lgb.train(
            FOREST | {"objective": loss},
            lgb.Dataset(found.columns, np.clip(found.off, -far, far), weight=weight),
            num_boost_round=trees,
        )
        for loss, trees, far in FORESTS
    ]
    return Learners(tuple(forests), tuple(ridges), centre, spread)
