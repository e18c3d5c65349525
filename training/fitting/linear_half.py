"""The linear half: penalised logistic regression whose weights keep physiology's directions, as the
forest does.

Columns repeat each other, and weights without bounds share one effect out as large ones of opposite
signs: a wider arm would then raise a risk by one column and lower it by another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.linear import Linear, standardised
from training.fitting.examples import Examples

RARELY_MISSING = 0.002
"""A column that is missing more seldom has no term for it: too few rows would decide it."""
MOST_STEPS, SETTLED, SHORTEST = 30, 1e-6, 1e-4


def fit_linear(examples: Examples, *, penalty: float, directions: np.ndarray) -> Linear:
    """Logistic regression on standardised columns and their missingness, with a ridge of 1 / (2
    `penalty`).

    `directions` (p,): +1 where a column's weight may not be under 0, -1 where not above, 0 where
    free; the weights of missingness and the intercept are free.
    """
    middle, scale = _standard(examples.rows)
    value, gap = standardised(examples.rows, middle, scale)
    gap = np.where(gap.mean(axis=0) > RARELY_MISSING, gap, 0.0)
    columns, p = np.hstack([np.ones((len(value), 1)), value, gap]), value.shape[1]
    low, high = np.full(columns.shape[1], -np.inf), np.full(columns.shape[1], np.inf)
    low[1 : p + 1][np.asarray(directions) > 0] = 0.0
    high[1 : p + 1][np.asarray(directions) < 0] = 0.0
    weight = penalty * examples.weight / examples.weight.mean()
    found = _Ridge(columns, examples.happened.astype(np.float64), weight).least(low, high)
    at = (
        np.average(value, axis=0, weights=examples.weight),
        np.average(gap, axis=0, weights=examples.weight),
    )
    return Linear(float(found[0]), middle, scale, found[1 : p + 1], found[p + 1 :], *at)


@dataclass(frozen=True)
class _Ridge:
    """Weighted logistic loss with a ridge of a half on all coefficients but the first."""

    columns: np.ndarray
    happened: np.ndarray
    weight: np.ndarray

    def least(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """The coefficients of least loss between bounds, by projected Newton steps (Bertsekas 1982,
        SIAM J. Control Optim. 20:221): a coefficient that a bound holds back rests, the others step
        together."""
        share = np.average(self.happened, weights=self.weight)
        now = np.zeros(self.columns.shape[1])
        now[0] = np.log(share / (1.0 - share))
        loss = self._loss(now)
        for _ in range(MOST_STEPS):
            toward = self._step(now, low, high)
            length, after, least = 1.0, now, loss
            while length > SHORTEST and not least < loss:
                after = np.clip(now + length * toward, low, high)
                least, length = self._loss(after), length / 2.0
            settled = not loss - least > SETTLED * abs(loss)
            if least < loss:
                now, loss = after, least
            if settled:
                break
        return now

    def _loss(self, at: np.ndarray) -> float:
        margin = self.columns @ at
        return float(
            self.weight @ (np.logaddexp(0.0, margin) - self.happened * margin)
            + 0.5 * (at[1:] @ at[1:])
        )

    def _step(self, at: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        risk = 1.0 / (1.0 + np.exp(-(self.columns @ at)))
        ridge = np.append(0.0, np.ones(len(at) - 1))
        slope = self.columns.T @ (self.weight * (risk - self.happened)) + ridge * at
        free = ~(((at <= low) & (slope > 0)) | ((at >= high) & (slope < 0)))
        some = self.columns[:, free]
        curve = (some * (self.weight * risk * (1.0 - risk))[:, None]).T @ some + np.diag(
            ridge[free] + 1e-9
        )
        step = np.zeros(len(at))
        step[free] = -np.linalg.solve(curve, slope[free])
        return step


def _standard(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(middle, scale) of each column (p,): median and standard deviation of what is there."""
    seen = ~np.isnan(rows)
    some = seen.any(axis=0)
    middle, scale = np.zeros(rows.shape[1]), np.ones(rows.shape[1])
    middle[some] = np.nanmedian(rows[:, some], axis=0)
    scale[some] = np.nanstd(rows[:, some], axis=0)
    return middle, np.where(scale > 1e-9, scale, 1.0)
