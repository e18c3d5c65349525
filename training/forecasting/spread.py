"""From a forecast in logarithms to a distribution of counts: negative binomial, its spread and
levels by past error.

Three steps, each learnt from forecasts of past origins by learners that had not seen the outcome:
the mean (a forecast in logs lies below the mean count), how much more than by chance an area's
months vary, and how often the outcome fell below each level of such a distribution (conformal: the
level of q10 is the one below which a tenth of the past lay).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import nbinom

LEVELS = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
NAMES = ("q05", "q10", "q25", "q50", "q75", "q90", "q95")
ALARM = 0.97
"""An alarm asks for more than 19 in 20, so that three calm area-months in a hundred give one, and
at most five."""
EDGES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
RATIO_PRIOR = 5.0
"""Children: so many are taken to have come as forecast, before the past says otherwise."""
FAR = 1.8
"""A past month beyond this many times (forecast + 3) counts as so many in the mean: a shock stays
in the band, and out of the figure that one plans by (chosen)."""
AREA_PRIOR, DISPERSION_PRIOR, LEAST_DISPERSION, MOST_DISPERSION = 100.0, 0.3, 1e-4, 5.0
"""Past forecasts that an area's own dispersion is weighed against; what is assumed where there is
no past."""
LEVEL_PRIOR = 60.0


@dataclass(frozen=True)
class Past:
    """Forecasts of past origins and what came: area (row), step (horizon - 1), logs and outcome,
    each (n,)."""

    area: np.ndarray
    step: np.ndarray
    logs: np.ndarray
    outcome: np.ndarray


@dataclass(frozen=True)
class Spread:
    """What the past says of the forecasts' error.

    ratios: of outcome to forecast (horizons, bins of the forecast); dispersion: float64 (areas,
    horizons), the variance is mean + dispersion * mean²; fallen: past outcomes' places in their own
    distributions, sorted, by horizon.
    """

    ratios: np.ndarray
    dispersion: np.ndarray
    fallen: tuple[np.ndarray, ...]

    def mean(self, logs: np.ndarray) -> np.ndarray:
        """Expected counts (areas, horizons) of forecasts in logs."""
        return _mean(logs, np.arange(logs.shape[1])[None, :], self.ratios)

    def quantiles(self, mean: np.ndarray, levels: tuple[float, ...] = LEVELS) -> np.ndarray:
        """Counts (areas, horizons, levels) below or at which an outcome stays with each level's
        probability."""
        found = np.empty((*mean.shape, len(levels)))
        for step in range(mean.shape[1]):
            asked = placed_levels(self.fallen[step], levels)
            found[:, step] = quantiles_of(
                mean[:, step, None], self.dispersion[:, step, None], asked[None, :]
            )
        return found


def learn_spread(past: Past, *, areas: int, horizons: int) -> Spread:
    """The spread that the past forecasts teach; wide assumptions where there are none."""
    ratios = np.stack([_ratios(past, step) for step in range(horizons)])
    mean = _mean(past.logs, past.step, ratios)
    dispersion = _dispersion(past, mean, areas, horizons)
    place = _place(past.outcome, mean, dispersion[past.area, past.step])
    fallen = tuple(np.sort(place[past.step == step]) for step in range(horizons))
    return Spread(ratios, dispersion, fallen)


def _mean(logs: np.ndarray, step: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    """Mean counts: the ratio of its bin, drawn straight between the bins' middles (in logs)."""
    plain = np.expm1(logs)
    middles = np.log(
        np.concatenate(
            [[EDGES[0] / 2], np.sqrt(np.multiply(EDGES[1:], EDGES[:-1])), [EDGES[-1] * 2]]
        )
    )
    at = np.interp(np.log(np.maximum(plain, 1e-3)), middles, np.arange(len(middles)))
    low = np.minimum(np.nan_to_num(at).astype(np.int64), len(middles) - 2)
    share = at - low
    found: np.ndarray = plain * ((1 - share) * ratios[step, low] + share * ratios[step, low + 1])
    return found


def _ratios(past: Past, step: int) -> np.ndarray:
    """Outcome over forecast by bins of the forecast, each weighed against one of all bins."""
    rows = past.step == step
    plain = np.expm1(past.logs[rows])
    outcome = np.minimum(past.outcome[rows], FAR * (plain + 3))
    bins = np.digitize(plain, EDGES)
    said, came = (
        np.bincount(bins, amounts, minlength=len(EDGES) + 1) for amounts in (plain, outcome)
    )
    overall = (came.sum() + RATIO_PRIOR) / (said.sum() + RATIO_PRIOR)
    found: np.ndarray = (came + RATIO_PRIOR * overall) / (said + RATIO_PRIOR)
    return found


def _dispersion(past: Past, mean: np.ndarray, areas: int, horizons: int) -> np.ndarray:
    """By area and horizon: that of the horizon, times how restless the area is, shrunk to one."""
    drawn = np.minimum(past.outcome, 3 * (mean + 3))
    weight = mean / (1 + mean)
    extra = weight * ((drawn - mean) ** 2 - mean) / np.maximum(mean, 1e-9) ** 2
    used = weight > 0
    above, of = (
        np.bincount(past.step[used], amounts[used], minlength=horizons)
        for amounts in (extra, weight)
    )
    by_step = ((above + DISPERSION_PRIOR * 5) / (of + 5)).clip(LEAST_DISPERSION, MOST_DISPERSION)
    own = np.bincount(past.area[used], (extra / by_step[past.step])[used], minlength=areas)
    count = np.bincount(past.area[used], weight[used], minlength=areas)
    restless = np.maximum((own + AREA_PRIOR) / (count + AREA_PRIOR), 0.2)
    found: np.ndarray = (restless[:, None] * by_step).clip(LEAST_DISPERSION, MOST_DISPERSION)
    return found


def _place(outcome: np.ndarray, mean: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """Where each outcome fell in its distribution, 0 to 1; drawn evenly within the jump of a whole
    number."""
    size, chance = _shape(mean, dispersion)
    below = np.where(outcome > 0, nbinom.cdf(outcome - 1, size, chance), 0.0)
    upto = nbinom.cdf(outcome, size, chance)
    found: np.ndarray = below + np.random.default_rng(1).random(len(outcome)) * (upto - below)
    return found


def placed_levels(fallen: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """The levels to ask of the distribution so that the past would have held the levels named."""
    asked = np.array(levels)
    if not len(fallen):
        return asked
    # The highest of n outcomes stands for n / (n + 1): a band of few is wider, not narrower.
    rank = np.arange(1, len(fallen) + 1) / (len(fallen) + 1)
    seen = np.interp(asked, np.concatenate([[0], rank, [1]]), np.concatenate([[0], fallen, [1]]))
    found: np.ndarray = np.clip(
        (len(fallen) * seen + LEVEL_PRIOR * asked) / (len(fallen) + LEVEL_PRIOR), 1e-4, 1 - 1e-4
    )
    return found


def quantiles_of(mean: np.ndarray, dispersion: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Quantiles of negative binomials; NaN where the mean is, 0 where it is 0."""
    mean, dispersion, level = np.broadcast_arrays(mean, dispersion, level)
    found = np.where(np.isfinite(mean), 0.0, np.nan)
    rows = np.isfinite(mean) & (mean > 0)
    size, chance = _shape(mean[rows], dispersion[rows])
    found[rows] = nbinom.ppf(level[rows], size, chance)
    return found


def _shape(mean: np.ndarray, dispersion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return 1 / dispersion, 1 / (1 + dispersion * np.maximum(mean, 1e-9))
