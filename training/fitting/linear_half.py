"""The linear half: penalised logistic regression whose weights keep physiology's directions, as the
forest does.

Columns repeat each other, and weights without bounds share one effect out as large ones of opposite
signs: a wider arm would then raise a risk by one column and lower it by another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

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
    return fit_linears(examples, penalties=(penalty,), directions=directions)[0]


def fit_linears(
    examples: Examples, *, penalties: Sequence[float], directions: np.ndarray
) -> list[Linear]:
    """`fit_linear` for each penalty: the columns are made once for all."""
    middle, scale = _standard(examples.rows)
    value, gap = standardised(examples.rows, middle, scale)
    design, p = _Design.of(value, gap), value.shape[1]
    low, high = np.full(2 * p + 1, -np.inf), np.full(2 * p + 1, np.inf)
    low[1 : p + 1][np.asarray(directions) > 0] = 0.0
    high[1 : p + 1][np.asarray(directions) < 0] = 0.0
    at = (
        np.average(value, axis=0, weights=examples.weight),
        np.average(gap, axis=0, weights=examples.weight),
    )
    linears = []
    for penalty in penalties:
        weight = penalty * examples.weight / examples.weight.mean()
        ridge = _Ridge(design.columns, examples.happened.astype(np.float64), weight)
        # One thread: the sums are then the same whatever the machine's settings, and a second
        # thread that waits for work took four times the processor's time beside other work.
        with threadpool_limits(limits=1, user_api="blas"):
            found = design.spread(ridge.least(low[design.first], high[design.first]))
        linears.append(
            Linear(float(found[0]), middle, scale, found[1 : p + 1], found[p + 1 :], *at)
        )
    return linears


@dataclass(frozen=True)
class _Design:
    """The columns of the regression that differ: `columns` (n, k) stand for `size` coefficients.

    The intercept, the values and the missingness make 2p + 1 coefficients, but where nobody was
    ever treated most of them say nothing, and columns of one record are missing together. A
    constant column is left out: beside a free intercept the ridge gives it 0. Of m equal ones one
    is kept, `root` (the square root of m) times as large: each then has its coefficient over
    `root`, which is the optimum of all m, exactly.
    """

    columns: np.ndarray
    first: np.ndarray
    stands_for: tuple[np.ndarray, ...]
    root: np.ndarray
    size: int

    @classmethod
    def of(cls, value: np.ndarray, gap: np.ndarray) -> _Design:
        """From standardised values and their missingness, both (n, p)."""
        p = value.shape[1]
        spread = value.min(axis=0) < value.max(axis=0)
        alike: dict[bytes, list[int]] = {}
        share = gap.mean(axis=0)
        for column in np.flatnonzero((share > RARELY_MISSING) & (share < 1.0)):
            key = np.packbits(gap[:, column] > 0).tobytes()
            alike.setdefault(key, []).append(int(column))
        gaps = [np.array(same) for same in alike.values()]
        root = np.sqrt([float(len(same)) for same in gaps])
        kept = [same[0] for same in gaps]
        columns = np.hstack(
            [np.ones((len(value), 1)), value[:, spread], gap[:, kept].reshape(len(gap), -1) * root]
        )
        stands_for = [np.zeros(1, np.int64)]
        stands_for += [np.array([of + 1]) for of in np.flatnonzero(spread)]
        stands_for += [same + p + 1 for same in gaps]
        roots = np.concatenate([np.ones(1 + int(spread.sum())), root])
        first = np.array([same[0] for same in stands_for])
        return cls(columns, first, tuple(stands_for), roots, 2 * p + 1)

    def spread(self, found: np.ndarray) -> np.ndarray:
        """All coefficients (`size`,) of those found (k,)."""
        every = np.zeros(self.size)
        for same, coefficient in zip(self.stands_for, found / self.root, strict=True):
            every[same] = coefficient
        return every


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
        # Both operands are one array, so that BLAS makes half of a symmetric product only.
        some = self.columns[:, free] * np.sqrt(self.weight * risk * (1.0 - risk))[:, None]
        curve = some.T @ some + np.diag(ridge[free] + 1e-9)
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
