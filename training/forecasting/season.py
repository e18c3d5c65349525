"""The season and the present level of each area, borrowed from its neighbours as far as its own
months are few.

In logarithms of 1 + count, so that a season is a factor. An area's season = that of all areas,
month by month, plus its group's deviation (two waves a year) plus its own (one wave), each shrunk
by how many months it rests on. Months far from their surroundings are drawn in first, so that one
mass screening does not become a season.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from training.forecasting.counts_panel import Panel, row_means, sums_by

ALL_PRIOR, GROUP_PRIOR, OWN_PRIOR = 4.0, 5.0, 3.0
"""Observations that a month's deviation is weighed against, towards none (chosen by backtest of the
open places)."""
GROUP_WAVES, OWN_WAVES = 2, 1
FARTHEST_SEASON, FARTHEST_LEVEL = 0.5, 1.0
"""How far a month may lie from its surroundings, in logarithms, before it is drawn in."""
PASSES = 2
SMALLEST_WINDOW = 6
LEVEL_MONTHS, LEVEL_DECAY = 24, 0.95
NEWEST_MONTHS, NEWEST_DECAY, NEWEST_PRIOR, FADING = 6, 0.5, 1.5, 0.9
"""The newest months' deviation from the level, weighed against so many months of none; it fades by
the month."""


class Season(NamedTuple):
    """Deviations by month of the year in logarithms: of all areas (12,), of each area's group and
    own (areas, 12)."""

    everywhere: np.ndarray
    group: np.ndarray
    own: np.ndarray


def season_of(logs: np.ndarray, month: np.ndarray, group: np.ndarray) -> Season:
    """The season learnt from logs of 1 + count, float64 (areas, months), and each column's month of
    the year."""
    own = np.zeros((len(logs), 12))
    for _ in range(PASSES):
        plain = logs - own[:, month]
        off = (
            np.clip(plain - _surroundings(plain), -FARTHEST_SEASON, FARTHEST_SEASON) + own[:, month]
        )
        sums, counts = (
            _by_month(np.nan_to_num(off), month),
            _by_month(np.isfinite(off).astype(float), month),
        )
        everywhere = sums.sum(axis=0) / (counts.sum(axis=0) + ALL_PRIOR)
        everywhere -= everywhere.mean()
        of_group = everywhere + _group_deviation(sums, counts, everywhere, group)
        own = of_group + ((sums - counts * of_group) / (counts + OWN_PRIOR)) @ _waves(OWN_WAVES)
    return Season(everywhere, of_group, own)


def _group_deviation(
    sums: np.ndarray, counts: np.ndarray, everywhere: np.ndarray, group: np.ndarray
) -> np.ndarray:
    groups = int(group.max()) + 1
    if groups == 1:
        return np.zeros_like(sums)
    total, count = sums_by(group, groups, sums), sums_by(group, groups, counts)
    found: np.ndarray = (
        ((total - count * everywhere) / (count + GROUP_PRIOR)) @ _waves(GROUP_WAVES)
    )[group]
    return found


def _surroundings(logs: np.ndarray) -> np.ndarray:
    """Mean of the half year on both sides of each month, NaN where fewer than six months of it are
    known."""
    reach = 6
    padded = np.pad(logs, ((0, 0), (reach + 1, reach)), constant_values=np.nan)
    total, count = np.nan_to_num(padded).cumsum(axis=1), np.isfinite(padded).cumsum(axis=1)
    width = 2 * reach + 1
    total, count = total[:, width:] - total[:, :-width], count[:, width:] - count[:, :-width]
    return np.where(
        count >= min(SMALLEST_WINDOW, logs.shape[1]), total / np.maximum(count, 1), np.nan
    )


def _by_month(table: np.ndarray, month: np.ndarray) -> np.ndarray:
    sums = np.zeros((12, len(table)))
    np.add.at(sums, month, table.T)
    return sums.T


def _waves(count: int) -> np.ndarray:
    """The projection (12, 12) of a year onto its first so many waves."""
    angle = np.arange(12)[:, None] * 2 * np.pi / 12 * np.arange(1, count + 1)
    waves = np.hstack([np.cos(angle), np.sin(angle)])
    return waves @ np.linalg.pinv(waves)


class State(NamedTuple):
    """Where each area stands at an origin: its season, level and months without the season (in
    logarithms)."""

    season: Season
    level: np.ndarray
    plain: np.ndarray
    newest: np.ndarray


def state_of(panel: Panel) -> State:
    """What a panel's last month says of each area; level NaN where nothing was reported in two
    years."""
    logs = np.log1p(panel.counts)
    month = np.asarray(panel.month_of_year(np.arange(panel.months)))
    season = season_of(logs, month, panel.groups())
    plain = logs - season.own[:, month]
    back = plain[:, ::-1][:, :LEVEL_MONTHS]
    weight = LEVEL_DECAY ** np.arange(back.shape[1])
    level = row_means(back, weight)
    drawn_in = level[:, None] + np.clip(back - level[:, None], -FARTHEST_LEVEL, FARTHEST_LEVEL)
    level = row_means(drawn_in, weight)
    off = (drawn_in - level[:, None])[:, :NEWEST_MONTHS]
    weight = NEWEST_DECAY ** np.arange(off.shape[1])
    newest = (np.nan_to_num(off) * weight).sum(axis=1) / (
        (np.isfinite(off) * weight).sum(axis=1) + NEWEST_PRIOR
    )
    return State(season, level, plain, newest)


def by_season(state: State, month: int, horizon: int) -> np.ndarray:
    """The forecast by level and season alone, logs of 1 + count (areas,), for a month of the year
    so far ahead."""
    found: np.ndarray = np.maximum(
        state.level + state.season.own[:, month] + state.newest * FADING**horizon, 0.0
    )
    return found
