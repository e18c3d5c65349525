"""Tuning inside the fitting block only: a few Optuna trials over the forest's shape, judged by
out-of-fold log loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.targets import Target
from training.fitting.examples import Examples
from training.fitting.fit import FOLDS, Progress, folds, held_out_loss

MOST_ROWS = 40_000
"""Trials see at most this many rows (whole children): enough to rank settings by."""


def tune(
    examples: Examples,
    *,
    target: Target,
    trials: int,
    seed: int,
    said: Progress,
) -> dict[str, Any]:
    """The best of `trials` settings by held-out log loss (the cautious base is the first tried)."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sample = _sample(examples, seed)
    fold = folds(sample.child, FOLDS, seed)
    study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.enqueue_trial(
        {
            "num_leaves": 15,
            "min_child_samples": 60,
            "feature_fraction": 0.35,
            "lambda_l2": 20.0,
            "learning_rate": 0.04,
        }
    )

    def cost(trial: optuna.Trial) -> float:
        settings = {
            "num_leaves": trial.suggest_int("num_leaves", 4, 40, log=True),
            "min_child_samples": trial.suggest_int("min_child_samples", 20, 400, log=True),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.1, 0.6),
            "lambda_l2": trial.suggest_float("lambda_l2", 1.0, 200.0, log=True),
            "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.06, log=True),
        }
        found = held_out_loss(sample, fold, target, settings, seed=seed)
        said(f"{target.name}: trial {trial.number + 1} of {trials}, held-out log loss {found:.5f}")
        return found

    study.optimize(cost, n_trials=trials)
    return dict(study.best_params)


def _sample(examples: Examples, seed: int) -> Examples:
    share = MOST_ROWS / max(len(examples.child), 1)
    if share >= 1:
        return examples
    children, of = np.unique(examples.child, return_inverse=True)
    return examples.take(
        np.flatnonzero((np.random.default_rng(seed).random(len(children)) < share)[of])
    )
