"""A forecast of a panel: from every area's level and season through the learners to means that add
up, with bands."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from training.forecasting.counts_panel import Panel, row_means
from training.forecasting.forecast_columns import Rows, rows_at
from training.forecasting.learners import Learners, examples, fit
from training.forecasting.reconcile import reconciled
from training.forecasting.spread import LEVELS, Past, Spread, learn_spread

FIRST_ORIGIN = 5
"""A forecast needs half a year."""
HELD_BACK = 12
"""Months whose outcomes teach the band: their forecasts come from learners fitted before them."""


@dataclass
class Learnt:
    """A panel with what was worked out of it by origin; no part of it sees beyond its own
    origin."""

    panel: Panel
    horizons: int
    rows: dict[int, Rows] = field(default_factory=dict)
    fitted: dict[int, Learners] = field(default_factory=dict)

    def rows_until(self, origin: int) -> dict[int, Rows]:
        """The rows of every origin from the first that can be to this one."""
        for at in range(FIRST_ORIGIN, origin + 1):
            if at not in self.rows:
                self.rows[at] = rows_at(self.panel, at, self.horizons)
        return {at: self.rows[at] for at in range(FIRST_ORIGIN, origin + 1)}

    def learners(self, origin: int) -> Learners:
        """The learners fitted on what was known at an origin."""
        if origin not in self.fitted:
            self.fitted[origin] = fit(
                examples(self.rows_until(origin), self.panel.counts, until=origin)
            )
        return self.fitted[origin]

    def logs(self, origin: int, fitted_at: int) -> np.ndarray:
        """Forecasts from an origin in logs of 1 + count, (areas, horizons), by learners fitted at
        it or before."""
        rows = self.rows_until(origin)
        return self.learners(fitted_at).logs(rows[origin])

    def spread(self, origin: int, before: int) -> Spread:
        """What the outcomes of the months up to an origin say of the error of learners fitted
        `before` them."""
        return learn_spread(
            self._past(origin, before), areas=len(self.panel.areas), horizons=self.horizons
        )

    def _past(self, origin: int, before: int) -> Past:
        rows, learners = self.rows_until(origin), self.learners(before)
        found = [np.zeros((4, 0))]
        for at in range(before, origin):
            logs = learners.logs(rows[at])
            for step in range(min(origin - at, self.horizons)):
                outcome = self.panel.counts[:, at + step + 1]
                area = np.flatnonzero(np.isfinite(outcome) & np.isfinite(logs[:, step]))
                found.append(
                    np.stack([area, np.full(len(area), step), logs[area, step], outcome[area]])
                )
        area, step, logs, outcome = np.concatenate(found, axis=1)
        return Past(area.astype(np.int64), step.astype(np.int64), logs, outcome)


@dataclass(frozen=True)
class Forecast:
    """Of one level at one origin: mean float64 (areas, horizons), quantiles (areas, horizons,
    levels of `LEVELS`)."""

    panel: Panel
    origin: int
    mean: np.ndarray
    spread: Spread

    @property
    def quantiles(self) -> np.ndarray:
        return self.spread.quantiles(self.mean, LEVELS)


def levels_of(panel: Panel, horizons: int) -> list[Learnt]:
    """The panel and each of its parents' panels, the finest first."""
    return [
        Learnt(panel, horizons),
        *(Learnt(panel.summed(name), horizons) for name in panel.parents),
    ]


SPARSE = 10.0
"""Children a month: areas that usually count more bear their own season, and parents are their sums
(on the 89 open places the parents' own forecasts cost 0.003 of the error); smaller ones are drawn
to what their parents expect."""


def forecast_at(levels: list[Learnt], origin: int) -> list[Forecast]:
    """Forecasts of all levels from an origin, adding up from level to level."""
    return _forecasts(
        levels, origin, fitted_at=origin, before=max(origin - HELD_BACK, FIRST_ORIGIN)
    )


def forecast_before(levels: list[Learnt], origin: int) -> list[Forecast]:
    """Forecasts from the month before an origin, against which its own counts are held.

    By the learners of a year ago, which the origin's band needs anyway; nothing of the origin's
    month is in them.
    """
    before = max(origin - HELD_BACK, FIRST_ORIGIN)
    return _forecasts(levels, origin - 1, fitted_at=before, before=before)


def _forecasts(levels: list[Learnt], origin: int, *, fitted_at: int, before: int) -> list[Forecast]:
    spreads = [learnt.spread(origin, before) for learnt in levels]
    usual = row_means(levels[0].panel.until(origin).counts)
    sparse = np.median(usual[np.isfinite(usual)]) < SPARSE
    means = [
        spread.mean(learnt.logs(origin, fitted_at))
        if sparse or learnt is levels[0]
        else np.full((len(learnt.panel.areas), learnt.horizons), np.nan)
        for spread, learnt in zip(spreads, levels, strict=True)
    ]
    variances = [
        mean + spread.dispersion * mean**2 for spread, mean in zip(spreads, means, strict=True)
    ]
    adding_up = reconciled(means, variances, _above(levels))
    return [
        Forecast(learnt.panel, origin, mean, spread)
        for learnt, mean, spread in zip(levels, adding_up, spreads, strict=True)
    ]


def _above(levels: list[Learnt]) -> list[np.ndarray]:
    return [
        np.searchsorted(upper.panel.areas, lower.panel.parents[name])
        for lower, upper, name in zip(levels, levels[1:], levels[0].panel.parents, strict=False)
    ]
