"""Levels that add up: least squares over the tree of areas, each forecast weighed by how uncertain
it is.

The exact solution for a tree whose forecasts err independently (MinT with a diagonal covariance)
needs no matrix: upwards each place's own forecast is averaged with the sum of its parts, by inverse
variance; downwards what then remains is shared out by the parts' variances.
"""

from __future__ import annotations

import numpy as np

from training.forecasting.counts_panel import sums_by


def reconciled(
    means: list[np.ndarray], variances: list[np.ndarray], above: list[np.ndarray]
) -> list[np.ndarray]:
    """Means that add up and are never negative.

    means, variances: by level, the finest first, each float64 (places, horizons), NaN where there
    is no forecast (such a place counts as nothing, and one above it is the sum of its parts).
    above: for each level but the last, each place's position in the next (-1: in none).
    """
    upward, spread = [np.nan_to_num(means[0])], [np.where(np.isfinite(means[0]), variances[0], 0.0)]
    for level, parent in enumerate(above, start=1):
        places = len(means[level])
        total, variance = _summed(upward[-1], parent, places), _summed(spread[-1], parent, places)
        own, free = means[level], np.where(np.isfinite(means[level]), variances[level], np.inf)
        share = np.where(np.isfinite(free), variance / np.maximum(variance + free, 1e-300), 0.0)
        upward.append(total + share * (np.nan_to_num(own) - total))
        spread.append(variance * (1 - share))
    final = [upward[-1]]
    for level in range(len(above) - 1, -1, -1):
        final.insert(0, _shared_out(upward[level], spread[level], above[level], final[0]))
    return [
        np.where(np.isfinite(mean) | (level > 0), found, np.nan)
        for level, (mean, found) in enumerate(zip(means, final, strict=True))
    ]


def _summed(table: np.ndarray, parent: np.ndarray, places: int) -> np.ndarray:
    known = parent >= 0
    return sums_by(parent[known], places, table[known])


def _shared_out(
    mean: np.ndarray, variance: np.ndarray, parent: np.ndarray, total: np.ndarray
) -> np.ndarray:
    """The parts of each place's total: their own means and, by variance, what these miss of it;
    none below zero."""
    known = parent >= 0
    found, at = mean.copy(), parent[known]
    missed = total - _summed(mean, parent, len(total))
    whole = _summed(variance, parent, len(total))
    share = np.divide(
        variance[known], whole[at], out=np.zeros_like(variance[known]), where=whole[at] > 0
    )
    found[known] = np.maximum(mean[known] + share * missed[at], 0.0)
    # What was below zero is taken from the other parts in proportion, so that they still add up.
    sums = _summed(found, parent, len(total))
    found[known] *= np.divide(total, sums, out=np.ones_like(total), where=sums > 0)[at]
    return found
