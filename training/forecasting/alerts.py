"""What an officer should look at: a month above its band, no SAM where it is unlikely, a peak that
is coming.

Each names an area and its figures; never a child.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import nbinom

from training.forecasting.counts_panel import Panel, sums_by
from training.forecasting.forecast import FIRST_ORIGIN, Forecast, Learnt, forecast_before
from training.forecasting.spread import ALARM

PEAK_MONTHS, PEAK_RATIO, PEAK_LEAST = 3, 1.5, 3.0
"""The next three months over three months of the last year, by half (issue 21), and at least so
many children."""
YEAR, REPORTED_MONTHS, UNLIKELY = 12, 9, 0.01
"""An area that reported at least nine of the last twelve months and counted none, where of areas as
different as its neighbours fewer than one in a hundred would (chosen)."""
FEWEST_NEIGHBOURS = 3


@dataclass(frozen=True)
class Alert:
    """One line for an officer. kind: `above_band`, `no_sam_unlikely` or `peak_coming`; level:
    `area` or a parent's."""

    kind: str
    level: str
    area: str
    month: str
    figure: float
    expected: float
    text: str

    def record(self) -> dict[str, Any]:
        return asdict(self)


def alerts(levels: list[Learnt], forecasts: list[Forecast], names: list[str]) -> list[Alert]:
    """All alerts of the newest month, by level (`names`: how each is called); the farthest off
    first. A level with the same areas as the one below it (the state of one district) repeats
    none."""
    origin, found = forecasts[0].origin, []
    before = forecast_before(levels, origin) if origin > FIRST_ORIGIN else []
    for at, name in enumerate(names):
        if at and len(levels[at].panel.areas) == len(levels[at - 1].panel.areas):
            continue
        if before:
            found += above_band(before[at], name)
        found += no_sam_unlikely(levels[at].panel.until(origin), name)
        found += coming_peaks(forecasts[at], name)
    return sorted(found, key=lambda alert: -abs(alert.figure - alert.expected))


def above_band(before: Forecast, level: str) -> list[Alert]:
    """Areas whose newest month lies above the band that was forecast one month before it.

    Of calm area-months three in a hundred give an alarm, and no more than one in twenty.
    """
    panel, newest = before.panel, before.origin + 1
    limit = before.spread.quantiles(before.mean[:, :1], (ALARM,))[:, 0, 0]
    month = panel.month_name(newest)
    return [
        Alert(
            "above_band",
            level,
            str(panel.areas[at]),
            month,
            float(panel.counts[at, newest]),
            round(float(before.mean[at, 0]), 1),
            f"{panel.areas[at]}: {panel.counts[at, newest]:.0f} in {month}, where "
            f"{before.mean[at, 0]:.1f} were "
            f"expected and at most {limit[at]:.0f} in 97 months of 100",
        )
        for at in np.flatnonzero(panel.counts[:, newest] > limit)
    ]


def no_sam_unlikely(past: Panel, level: str) -> list[Alert]:
    """Areas that reported a year without one child, where their neighbours make that unlikely."""
    year = past.counts[:, -YEAR:]
    total, reported = np.nan_to_num(year).sum(axis=1), np.isfinite(year).sum(axis=1)
    group = past.groups()
    used = (reported >= REPORTED_MONTHS).astype(float)
    sums = sums_by(
        group, int(group.max()) + 1, np.column_stack([used, used * total, used * total**2])
    )[group]
    # The area itself counts nothing, so it is in none of the sums but the first.
    neighbours = np.maximum(sums[:, 0] - used, 1)
    mean = sums[:, 1] / neighbours
    variance = np.maximum(sums[:, 2] / neighbours - mean**2, mean)
    size = mean**2 / np.maximum(variance - mean, 1e-6)
    none = np.where(
        mean > 0, nbinom.pmf(0, np.maximum(size, 1e-6), size / np.maximum(size + mean, 1e-9)), 1.0
    )
    odd = (used > 0) & (total == 0) & (none < UNLIKELY) & (neighbours >= FEWEST_NEIGHBOURS)
    month = past.month_name(past.months - 1)
    return [
        Alert(
            "no_sam_unlikely",
            level,
            str(past.areas[at]),
            month,
            0.0,
            round(float(mean[at]), 1),
            f"{past.areas[at]}: none in {reported[at]} reported months up to {month}, "
            "where its neighbours counted "
            f"{mean[at]:.1f} on average; of areas like them {none[at]:.1%} would count none",
        )
        for at in np.flatnonzero(odd)
    ]


def coming_peaks(forecast: Forecast, level: str) -> list[Alert]:
    """Areas that expect in the next three months half more than in three months of the last
    year."""
    panel, origin = forecast.panel, forecast.origin
    if forecast.mean.shape[1] < PEAK_MONTHS:
        return []
    year = panel.counts[:, max(origin - YEAR + 1, 0) : origin + 1]
    known = np.isfinite(year).sum(axis=1)
    usual = PEAK_MONTHS * np.nan_to_num(year).sum(axis=1) / np.maximum(known, 1)
    ahead = forecast.mean[:, :PEAK_MONTHS].sum(axis=1)
    rising = (known >= REPORTED_MONTHS) & (ahead >= PEAK_RATIO * usual) & (ahead >= PEAK_LEAST)
    first, last = panel.month_name(origin + 1), panel.month_name(origin + PEAK_MONTHS)
    return [
        Alert(
            "peak_coming",
            level,
            str(panel.areas[at]),
            first,
            round(float(ahead[at]), 1),
            round(float(usual[at]), 1),
            f"{panel.areas[at]}: {ahead[at]:.1f} expected from {first} to {last}, where "
            "three months of the last "
            f"year counted {usual[at]:.1f}",
        )
        for at in np.flatnonzero(rising)
    ]
