"""Fitting: a penalised logistic regression and a bag of forests with physiology's directions,
blended by out-of-fold log loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np

from features.trajectory.catalogue import CATALOGUE
from models.linear import Linear
from models.targets import Target
from training.fitting.examples import Examples, log_loss
from training.fitting.linear_half import fit_linear, fit_linears
from training.fitting.own_forest import OwnForest, Start, dataset, early_rows, offset_of
from training.fitting.root_split import with_constant
from training.fitting.transfer import LOAN, Donor, donor_forest, out_of_fold
from training.metrics.recalibration import FIXED_SLOPE, slope_and_intercept

Progress = Callable[[str], None]


@dataclass(frozen=True)
class HeldOut:
    """Out-of-fold predictions of the training rows, folds grouped by child: blended `log_odds`,
    `happened` and `weight`, each (n,)."""

    log_odds: np.ndarray
    happened: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class Choice:
    """What out-of-fold log loss chose: the forest's `settings` and number of `rounds`, the linear
    half's `penalty`, the forest's share in the blend of both halves (`trees`, 0 to 1), and the
    donor's share beside that blend (`lent`: 0 or `LOAN`; of rows that are not early the own forest
    has it). `level`: what the donor's log-odds lack where it speaks."""

    settings: dict[str, Any]
    rounds: int
    penalty: float
    trees: float
    lent: float = 0.0
    level: float = 0.0

    @property
    def parts(self) -> tuple[float, float, float]:
        """Shares of the own forest, the linear half and the donor; together 1."""
        return self.trees * (1 - self.lent), (1 - self.trees) * (1 - self.lent), self.lent


@dataclass(frozen=True)
class Fitted:
    """The two halves, the choice that they were fitted by, and the blend's out-of-fold
    predictions."""

    booster: str
    linear: Linear
    choice: Choice
    held_out: HeldOut
    offset: str | None = None
    start: float = 0.0

    @property
    def trees(self) -> float:
        """The share of `booster`, in which the donor's trees stand behind the own ones."""
        own, _, lent = self.choice.parts
        return own + lent

    def blended(self, rows: np.ndarray) -> np.ndarray:
        """Log-odds of the blend (n,), before calibration."""
        forest = _margin(self.booster, rows) + offset_of(rows, self.offset) + self.start
        found: np.ndarray = self.trees * forest + (1 - self.trees) * _linear_margin(
            self.linear, rows
        )
        return found

    def log_odds(self, rows: np.ndarray) -> np.ndarray:
        """Log-odds (n,) of the blend, recalibrated on the out-of-fold predictions."""
        of = self.held_out
        slope, intercept = slope_and_intercept(of.log_odds, of.happened, of.weight)
        return intercept + slope * self.blended(rows)


BASE_SETTINGS = {
    "objective": "binary",
    "learning_rate": 0.04,
    "num_leaves": 15,
    "max_depth": 6,
    "min_child_samples": 60,
    "feature_fraction": 0.35,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 20.0,
    "max_bin": 127,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
    "monotone_constraints_method": "basic",
}
"""Cautious: shallow trees, few features a tree (the columns repeat each other), strong shrinkage.
"""
MANY_ROWS, FASTER = 60_000, 0.08
"""From so many rows on, trees learn at this rate, about half as many, and the forest is one and not
several, whose mean varies less where events are few: a third to a half of the time for 0.0003
(onset) to 0.0011 (non-response) of AUC (docs/state.md)."""
PENALTIES = (0.0003, 0.003, 0.03)
"""Tried for the linear half."""
MOST_TREES = 800
PATIENCE = 40
FOLDS = 4
THREADS = 2


def directions(target: Target, columns: int = len(CATALOGUE)) -> list[int]:
    """The constrained direction of each column for a target, kept by both halves; of columns of
    one's own behind the catalogue's (up to `columns`), none."""
    told = [feature.direction(target.directions) for feature in CATALOGUE]
    return told + [0] * (columns - len(told))


def folds(child: np.ndarray, count: int, seed: int) -> np.ndarray:
    """The fold (0 to count - 1) of each row; a child is never in two."""
    ids, of = np.unique(child, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(ids))
    return (order % count)[of]


def fit(
    examples: Examples,
    *,
    target: Target,
    settings: dict[str, Any],
    seed: int,
    donor: Donor | None = None,
    share: float | None = None,
) -> Fitted:
    """Fit both halves on the examples; the number of trees, the penalty and the blend of both
    (where its `share` of trees is not given) are chosen on out-of-fold predictions, folds grouped
    by child."""
    fold = folds(examples.child, FOLDS, seed)
    if len(examples.child) > MANY_ROWS:
        settings, target = {"learning_rate": FASTER} | settings, replace(target, forests=1)
    drawn = _settings(target, settings, seed, examples.rows.shape[1])
    begun = Start.of(examples, target.offset)
    rounds = _tree_number(examples, fold, drawn, begun)
    tree_margin = _held_out_margin(examples, fold, rounds, drawn, target)
    penalty, linear_margin = _best_penalty(examples, fold, target)
    margins = Margins(tree_margin, linear_margin, early_rows(examples.rows, target.early))
    share = _best_share(tree_margin, linear_margin, examples) if share is None else share
    lent = 0.0
    if donor is not None:
        margins, lent = margins.with_donor(donor, examples, fold, target, seed), LOAN
    choice = Choice(settings, rounds, penalty, share, lent, margins.level)
    held_out = HeldOut(margins.blended(choice), examples.happened, examples.weight)
    return fit_halves(examples, choice, held_out, target=target, seed=seed, donor=donor)


@dataclass(frozen=True)
class Margins:
    """Out-of-fold margins (n,) of the own forest, the linear half, and the donor where there is
    one, which counts in the rows of `soon` (mask). The donor knows another event's rate: `level`,
    already in its margin, is what its log-odds lack there."""

    trees: np.ndarray
    linear: np.ndarray
    soon: np.ndarray
    lent: np.ndarray | None = None
    level: float = 0.0

    def with_donor(
        self, donor: Donor, examples: Examples, fold: np.ndarray, target: Target, seed: int
    ) -> Margins:
        """The same with the donor's; it counts the time left as the own forest does."""
        settings = donor_settings(target, seed, examples.rows.shape[1])
        lent = out_of_fold(donor, examples, settings, fold=fold, threads=THREADS)
        lent += offset_of(examples.rows, target.offset)
        asked = np.flatnonzero(self.soon)
        level = slope_and_intercept(
            lent[asked], examples.happened[asked], examples.weight[asked], slopes=FIXED_SLOPE
        )[1]
        return Margins(self.trees, self.linear, self.soon, lent + level, level)

    def blended(self, choice: Choice) -> np.ndarray:
        """Log-odds (n,) of the blend, before calibration."""
        own, linear, lent = choice.parts
        third = self.trees if self.lent is None else np.where(self.soon, self.lent, self.trees)
        return own * self.trees + linear * self.linear + lent * third


def donor_settings(target: Target, seed: int, columns: int = len(CATALOGUE)) -> dict[str, Any]:
    """LightGBM's settings for the donor of a target: the base ones, with its directions."""
    return BASE_SETTINGS | {
        "monotone_constraints": directions(target, columns),
        "seed": seed,
        "num_threads": THREADS,
    }


def fit_halves(
    examples: Examples,
    choice: Choice,
    held_out: HeldOut,
    *,
    target: Target,
    seed: int,
    donor: Donor | None,
) -> Fitted:
    """Both halves fitted on all examples by a choice made before; `held_out`: the out-of-fold
    predictions beside them."""
    begun, columns = Start.of(examples, target.offset), examples.rows.shape[1]
    # A fold's forest saw three quarters of the children; with all of them a little more can be
    # learnt.
    forest = OwnForest.grown(
        examples,
        _settings(target, choice.settings, seed, columns),
        rounds=int(choice.rounds * 1.1),
        begun=begun,
        target=target,
    )
    lender, share = None, 0.0
    if donor is not None and choice.lent > 0:
        own, _, lent = choice.parts
        share = lent / (own + lent)
        lender = with_constant(
            donor_forest(donor.examples, donor_settings(target, seed, columns)),
            choice.level - begun.constant,
        )
    booster = forest.beside(lender, share)
    kept = np.array(directions(target, columns))
    linear = fit_linear(examples, penalty=choice.penalty, directions=kept)
    return Fitted(booster, linear, choice, held_out, target.offset, begun.constant)


def _settings(target: Target, settings: dict[str, Any], seed: int, columns: int) -> dict[str, Any]:
    return (
        BASE_SETTINGS
        | dict(target.forest_settings)
        | settings
        | {
            "monotone_constraints": directions(target, columns),
            "seed": seed,
            "num_threads": THREADS,
        }
    )


def _tree_number(
    examples: Examples, fold: np.ndarray, settings: dict[str, Any], begun: Start
) -> int:
    """The number of trees with the least out-of-fold log loss."""
    held_out = [_early_stopped(examples, fold, of, settings, begun) for of in range(FOLDS)]
    return max(int(np.median([booster.best_iteration for booster in held_out])), 10)


def _held_out_margin(
    examples: Examples, fold: np.ndarray, rounds: int, settings: dict[str, Any], target: Target
) -> np.ndarray:
    """The out-of-fold margin of each row (n,): by the forest of the folds without its child."""
    begun = Start.of(examples, target.offset)
    margin = begun.margin(examples.rows)
    for of in range(FOLDS):
        own = OwnForest.grown(
            examples.take(fold != of), settings, rounds=rounds, begun=begun, target=target
        )
        margin[fold == of] += _margin(own.beside(None, 0.0), examples.rows[fold == of])
    return margin


def held_out_loss(
    sample: Examples,
    fold: np.ndarray,
    target: Target,
    settings: dict[str, Any],
    *,
    seed: int,
) -> float:
    """Held-out log loss of the forest over two of the folds: settings are ranked by it, not
    judged."""
    losses, begun = [], Start.of(sample, target.offset)
    drawn = _settings(target, settings, seed, sample.rows.shape[1])
    for of in (0, 1):
        booster = _early_stopped(sample, fold, of, drawn, begun)
        outside = sample.take(fold == of)
        margin = booster.predict(outside.rows, raw_score=True, num_threads=THREADS) + begun.margin(
            outside.rows
        )
        losses.append(log_loss(margin, outside))
    return float(np.mean(losses))


def _early_stopped(
    examples: Examples, fold: np.ndarray, of: int, settings: dict[str, Any], begun: Start
) -> lgb.Booster:
    """A booster on all folds but one, as many trees as serve that one best."""
    train = dataset(examples.take(fold != of), begun)
    outside = dataset(examples.take(fold == of), begun, reference=train)
    stop = lgb.early_stopping(PATIENCE, verbose=False)
    return lgb.train(
        settings, train, num_boost_round=MOST_TREES, valid_sets=[outside], callbacks=[stop]
    )


def _best_penalty(examples: Examples, fold: np.ndarray, target: Target) -> tuple[float, np.ndarray]:
    kept = np.array(directions(target, examples.rows.shape[1]))
    margins = np.empty((len(PENALTIES), len(fold)))
    for of in range(FOLDS):
        taught, outside = examples.take(fold != of), examples.rows[fold == of]
        for at, linear in enumerate(fit_linears(taught, penalties=PENALTIES, directions=kept)):
            margins[at, fold == of] = _linear_margin(linear, outside)
    best = min(range(len(PENALTIES)), key=lambda at: log_loss(margins[at], examples))
    return PENALTIES[best], margins[best]


def _best_share(tree_margin: np.ndarray, linear_margin: np.ndarray, examples: Examples) -> float:
    """The forest's share in the blend (tenths) with the least out-of-fold log loss."""
    shares = np.arange(0, 11) / 10
    return float(
        min(
            shares,
            key=lambda share: log_loss(share * tree_margin + (1 - share) * linear_margin, examples),
        )
    )


def _margin(booster: str, rows: np.ndarray) -> np.ndarray:
    told = lgb.Booster(model_str=booster).predict(rows, raw_score=True, num_threads=THREADS)
    return np.asarray(told)


def _linear_margin(linear: Linear, rows: np.ndarray) -> np.ndarray:
    parts, base = linear.contributions(rows)
    found: np.ndarray = base + parts.sum(axis=1)
    return found
