"""The linear half of a model: penalised logistic regression as plain numbers, with its own exact
reasons."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

REACH = 4.0
"""A standardised value counts no further than this: one wild reading must not decide a score."""


@dataclass(frozen=True)
class Linear:
    """Log-odds = intercept + sum of weight * value + gap_weight * missing, over standardised,
    clipped columns.

    Arrays of length p (features): `middle` and `scale` standardise (a missing value stands at the
    middle); `mean` and `gap_mean` are the training rows' means of value and missingness, from which
    reasons are measured.
    """

    intercept: float
    middle: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    gap_weight: np.ndarray
    mean: np.ndarray
    gap_mean: np.ndarray

    def contributions(self, rows: np.ndarray) -> tuple[np.ndarray, float]:
        """Each feature's part of the log-odds (n, p) and the base, with base + sum = log-odds.

        For a linear model this is the exact SHAP value against the training mean.
        """
        value, gap = standardised(rows, self.middle, self.scale)
        return (value - self.mean) * self.weight + (
            gap - self.gap_mean
        ) * self.gap_weight, self._base

    @cached_property
    def _base(self) -> float:
        return float(self.intercept + self.mean @ self.weight + self.gap_mean @ self.gap_weight)

    def as_json(self) -> dict[str, Any]:
        """Plain lists and numbers; inverse of `from_json`."""
        return {
            name: value.tolist() if name != "intercept" else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Linear:
        """The model that `as_json` wrote."""
        return cls(
            stored["intercept"],
            **{
                name: np.array(value, np.float64)
                for name, value in stored.items()
                if name != "intercept"
            },
        )


def standardised(
    rows: np.ndarray, middle: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(values, missingness), both (n, p): centred, scaled, clipped to `REACH`; missing at 0."""
    gap = np.isnan(rows)
    value = np.clip((rows - middle) / scale, -REACH, REACH)
    value[gap] = 0.0
    return value, gap.astype(np.float64)
