"""Fitting: a penalised logistic regression and a forest with physiology's directions, blended on held-out children."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from sklearn.linear_model import LogisticRegression

from features.catalogue import CATALOGUE, NAMES
from models.linear import Linear, standardised
from training.examples import Examples, log_loss
from training.straight import slope_and_intercept

Said = Callable[[str], None]


@dataclass(frozen=True)
class Fitted:
    """The two halves, the forest's share in the blend, and the blend's slope and intercept on held-out children."""

    booster: str
    linear: Linear
    trees: float
    slope: float
    intercept: float

    def blended(self, rows: np.ndarray) -> np.ndarray:
        """Log-odds of the blend (n,), before slope and intercept."""
        return self.trees * _margin(self.booster, rows) + (1 - self.trees) * _linear_margin(self.linear, rows)

    def log_odds(self, rows: np.ndarray) -> np.ndarray:
        """Log-odds (n,) as held-out children of the fitting block would have them."""
        return self.intercept + self.slope * self.blended(rows)


BASE_SETTINGS = {
    "objective": "binary", "learning_rate": 0.04, "num_leaves": 15, "max_depth": 6, "min_child_samples": 60,
    "feature_fraction": 0.35, "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 20.0, "max_bin": 127,
    "verbosity": -1, "deterministic": True, "force_row_wise": True, "monotone_constraints_method": "basic",
}
"""Cautious: shallow trees, few features a tree (the columns repeat each other), strong shrinkage."""
MOST_TREES = 800
PATIENCE = 40
FOLDS = 4
THREADS = 2


def directions(target: str) -> list[int]:
    """The constrained direction of each column for a target."""
    return [getattr(feature, target) for feature in CATALOGUE]


def folds(child: np.ndarray, count: int, seed: int) -> np.ndarray:
    """The fold (0 to count - 1) of each row; a child is never in two."""
    ids, of = np.unique(child, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(ids))
    return (order % count)[of]


def fit(examples: Examples, *, target: str, settings: dict, seed: int) -> Fitted:
    """Fit both halves on the examples; trees' number, penalty and blend are chosen on held-out children within."""
    fold = folds(examples.child, FOLDS, seed)
    trees, tree_margin = _tree_number(examples, fold, target, settings, seed)
    penalty, linear_margin = _best_penalty(examples, fold)
    share = _best_share(tree_margin, linear_margin, examples)
    held_out = share * tree_margin + (1 - share) * linear_margin
    booster = _boost(examples, target, settings, trees, seed).model_to_string()
    straight = slope_and_intercept(held_out, examples.happened, examples.weight)
    return Fitted(booster, fit_linear(examples, penalty=penalty), share, *straight)


def _settings(target: str, settings: dict, seed: int) -> dict:
    return BASE_SETTINGS | settings | {
        "monotone_constraints": directions(target), "seed": seed, "num_threads": THREADS
    }


def _dataset(examples: Examples, **more) -> lgb.Dataset:
    return lgb.Dataset(
        examples.rows, examples.happened, weight=examples.weight, feature_name=list(NAMES), free_raw_data=False, **more
    )


def _boost(examples: Examples, target: str, settings: dict, trees: int, seed: int) -> lgb.Booster:
    return lgb.train(_settings(target, settings, seed), _dataset(examples), num_boost_round=trees)


def _tree_number(examples, fold, target, settings, seed) -> tuple[int, np.ndarray]:
    """(number of trees, margin of each row by the folds' boosters that did not see its child)."""
    held_out = [_early_stopped(examples, fold, of, _settings(target, settings, seed)) for of in range(FOLDS)]
    trees = max(int(np.median([booster.best_iteration for booster in held_out])), 10)
    margin = np.empty(len(fold))
    for of, booster in enumerate(held_out):
        margin[fold == of] = booster.predict(
            examples.rows[fold == of], raw_score=True, num_iteration=trees, num_threads=THREADS
        )
    return int(trees * 1.1), margin


def held_out_loss(sample: Examples, fold: np.ndarray, target: str, settings: dict, seed: int) -> float:
    """Held-out log loss of the forest over two of the folds: settings are ranked by it, not judged."""
    losses = []
    for of in (0, 1):
        booster, outside = _early_stopped(sample, fold, of, _settings(target, settings, seed)), sample.take(fold == of)
        losses.append(log_loss(booster.predict(outside.rows, raw_score=True, num_threads=THREADS), outside))
    return float(np.mean(losses))


def _early_stopped(examples: Examples, fold: np.ndarray, of: int, settings: dict) -> lgb.Booster:
    """A booster on all folds but one, as many trees as serve that one best."""
    train = _dataset(examples.take(fold != of))
    outside = _dataset(examples.take(fold == of), reference=train)
    stop = lgb.early_stopping(PATIENCE, verbose=False)
    return lgb.train(settings, train, num_boost_round=MOST_TREES, valid_sets=[outside], callbacks=[stop])


def fit_linear(examples: Examples, *, penalty: float) -> Linear:
    """Penalised logistic regression on standardised columns and their missingness."""
    middle, scale = _standard(examples.rows)
    value, gap = standardised(examples.rows, middle, scale)
    gap = np.where(gap.mean(axis=0) > 0.002, gap, 0.0)
    # Many rows, few hundred columns: Newton's steps with a Cholesky factor need a fifth of L-BFGS's time.
    model = LogisticRegression(C=penalty, max_iter=100, tol=1e-4, solver="newton-cholesky")
    model.fit(np.hstack([value, gap]), examples.happened, sample_weight=examples.weight / examples.weight.mean())
    weight, gap_weight = np.split(model.coef_[0], 2)
    at = np.average(value, axis=0, weights=examples.weight), np.average(gap, axis=0, weights=examples.weight)
    return Linear(float(model.intercept_[0]), middle, scale, weight, gap_weight, *at)


def _standard(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    seen = ~np.isnan(rows)
    some = seen.any(axis=0)
    middle, scale = np.zeros(rows.shape[1]), np.ones(rows.shape[1])
    middle[some] = np.nanmedian(rows[:, some], axis=0)
    scale[some] = np.nanstd(rows[:, some], axis=0)
    return middle, np.where(scale > 1e-9, scale, 1.0)


def _best_penalty(examples: Examples, fold: np.ndarray) -> tuple[float, np.ndarray]:
    best = (np.inf, 0.0, None)
    for penalty in (0.0003, 0.003, 0.03):
        margin = np.empty(len(fold))
        for of in range(FOLDS):
            linear = fit_linear(examples.take(fold != of), penalty=penalty)
            margin[fold == of] = _linear_margin(linear, examples.rows[fold == of])
        best = min(best, (log_loss(margin, examples), penalty, margin), key=lambda tried: tried[0])
    return best[1], best[2]


def _best_share(tree_margin: np.ndarray, linear_margin: np.ndarray, examples: Examples) -> float:
    """The forest's share in the blend that loses least on held-out children (tenths)."""
    shares = np.arange(0, 11) / 10
    return float(min(shares, key=lambda share: log_loss(share * tree_margin + (1 - share) * linear_margin, examples)))


def _margin(booster: str, rows: np.ndarray) -> np.ndarray:
    return lgb.Booster(model_str=booster).predict(rows, raw_score=True, num_threads=THREADS)


def _linear_margin(linear: Linear, rows: np.ndarray) -> np.ndarray:
    parts, base = linear.contributions(rows)
    return base + parts.sum(axis=1)
