"""What the learners see of an area at an origin: its own course beside its level, its neighbours',
the season ahead."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from training.forecasting.counts_panel import Panel, row_means, sums_by
from training.forecasting.season import State, by_season, state_of

WINDOWS = (2, 3, 6, 12, 24)
LAGS = 4
NEIGHBOURS = (1, 3, 6)
NEIGHBOUR_PRIOR, FARTHEST = 3.0, 1.0
FADING = 0.6
"""What the newest months say once more, fading by the month, for learners that are straight in
their columns."""


class Rows(NamedTuple):
    """At one origin, for each area and each horizon from 1: columns float64 (areas, horizons,
    columns), the level (areas,) and the forecast by level and season (areas, horizons), both in
    logs of 1 + count."""

    columns: np.ndarray
    level: np.ndarray
    by_season: np.ndarray


def rows_at(panel: Panel, origin: int, horizons: int) -> Rows:
    """The rows of an origin, from nothing after it. origin: a column of the panel."""
    past = panel.until(origin)
    state = state_of(past)
    off = state.plain - state.level[:, None]
    here = _here(past, state, off)
    ahead = np.column_stack(
        [by_season(state, int(past.month_of_year(origin + h)), h) for h in range(1, horizons + 1)]
    )
    newest = np.column_stack(
        [_month(off, origin), row_means(off[:, -3:]), *_neighbours(past, off)[:4]]
    )
    blocks = [
        np.column_stack(
            [
                here,
                _ahead(past, state, off, h),
                ahead[:, h - 1] - state.level,
                newest * FADING ** (h - 1),
            ]
        )
        for h in range(1, horizons + 1)
    ]
    return Rows(np.stack(blocks, axis=1), state.level, ahead)


def _here(past: Panel, state: State, off: np.ndarray) -> np.ndarray:
    """Columns that are the same for every horizon."""
    lags = [_month(off, off.shape[1] - 1 - back) for back in range(LAGS)]
    means = [row_means(off[:, -width:]) for width in WINDOWS]
    near = np.clip(off[:, -24:], -2, 2)
    spread = np.sqrt(np.maximum(row_means(near**2) - row_means(near) ** 2, 0))
    counted = [np.log1p(row_means(past.counts[:, -width:])) - state.level for width in (3, 12)]
    months_known = np.isfinite(past.counts).sum(axis=1)
    beside = [
        np.log1p(np.maximum(row_means(table[:, -1:]), 0))
        - np.log1p(np.maximum(row_means(table), 0))
        for table in past.covariates.values()
    ]
    return np.column_stack(
        [
            *lags,
            *means,
            spread,
            state.level,
            months_known,
            *_neighbours(past, off),
            *counted,
            *beside,
        ]
    )


def _neighbours(past: Panel, off: np.ndarray) -> list[np.ndarray]:
    """How far the group and all areas stand from their levels, over the newest months."""
    group = past.groups()
    found = []
    for width in NEIGHBOURS:
        newest = off[:, -width:]
        sums = np.clip(np.nan_to_num(newest), -FARTHEST, FARTHEST).sum(axis=1)
        counts = np.isfinite(newest).sum(axis=1).astype(float)
        total, count = sums_by(group, int(group.max()) + 1, np.column_stack([sums, counts])).T
        found.append((total / (count + NEIGHBOUR_PRIOR))[group])
        found.append(np.full(len(off), sums.sum() / (counts.sum() + NEIGHBOUR_PRIOR)))
    return found


def _ahead(past: Panel, state: State, off: np.ndarray, horizon: int) -> np.ndarray:
    """Columns about the month that is forecast: the same month in former years, and the season."""
    origin, season = past.months - 1, state.season
    month, now = int(past.month_of_year(origin + horizon)), int(past.month_of_year(origin))
    year_ago = origin + horizon - 12
    around = np.column_stack([_month(off, year_ago + step) for step in (-1, 0, 1)])
    count = len(off)
    return np.column_stack(
        [
            _month(off, year_ago),
            row_means(around),
            _month(off, year_ago - 12),
            _month(off, year_ago) + season.own[:, month],
            np.full(count, season.everywhere[month]),
            season.group[:, month],
            season.own[:, month],
            season.own[:, month] - season.own[:, now],
            np.full(count, np.sin(month * np.pi / 6)),
            np.full(count, np.cos(month * np.pi / 6)),
            np.full(count, float(horizon)),
        ]
    )


def _month(table: np.ndarray, column: int) -> np.ndarray:
    """One month's cells, NaN outside of the table."""
    return table[:, column] if 0 <= column < table.shape[1] else np.full(len(table), np.nan)
