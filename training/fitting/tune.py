"""Tuning inside the fitting block only: a few Optuna trials over the forest's shape, judged by
out-of-fold log loss."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from models.targets import Target
from training.fitting.examples import Examples
from training.fitting.fit import BASE_SETTINGS, FOLDS, Progress, folds, held_out_loss
from training.fitting.plan import Space

if TYPE_CHECKING:
    import optuna

MOST_ROWS = 40_000
"""Trials see at most this many rows (whole children): enough to rank settings by."""


USUAL_SPACE: dict[str, tuple[float, float]] = {
    "num_leaves": (4, 40),
    "min_child_samples": (20, 400),
    "feature_fraction": (0.1, 0.6),
    "lambda_l2": (1.0, 200.0),
    "learning_rate": (0.02, 0.06),
}
"""By setting, the least and the most that a trial takes; all but the fraction by their
logarithm."""
WHOLE = frozenset({"num_leaves", "min_child_samples"})
EVENLY = frozenset({"feature_fraction"})


@dataclass(frozen=True)
class Tuned:
    """The best `settings`, and every trial: its settings and its held-out `log_loss`."""

    settings: dict[str, Any] = field(default_factory=dict)
    trials: list[dict[str, float]] = field(default_factory=list)


def tune(
    examples: Examples,
    *,
    target: Target,
    trials: int,
    seed: int,
    said: Progress,
    space: Space | None = None,
) -> Tuned:
    """The best of `trials` settings by held-out log loss (the cautious base is the first tried).

    `space`: bounds of the settings to choose; one that it does not name stays the base's.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sample = _sample(examples, seed)
    fold = folds(sample.child, FOLDS, seed)
    study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=seed))
    bounds = space or USUAL_SPACE
    base = {name: _within(bounds[name], BASE_SETTINGS[name]) for name in bounds}
    study.enqueue_trial(base)

    def cost(trial: optuna.Trial) -> float:
        settings = {name: _suggested(trial, name, *of) for name, of in bounds.items()}
        found = held_out_loss(sample, fold, target, settings, seed=seed)
        said(f"{target.name}: trial {trial.number + 1} of {trials}, held-out log loss {found:.5f}")
        return found

    study.optimize(cost, n_trials=trials)
    tried = [
        {name: float(value) for name, value in one.params.items()} | {"log_loss": float(one.value)}
        for one in study.trials
        if one.value is not None
    ]
    return Tuned(dict(study.best_params), tried)


def _within(bounds: tuple[float, float], value: Any) -> float:
    """The value, or the bound that it lies beyond."""
    least, most = bounds
    return min(max(float(value), least), most)


def _suggested(trial: optuna.Trial, name: str, least: float, most: float) -> float:
    if name in WHOLE:
        return trial.suggest_int(name, int(least), int(most), log=True)
    return trial.suggest_float(name, least, most, log=name not in EVENLY)


def _sample(examples: Examples, seed: int) -> Examples:
    share = MOST_ROWS / max(len(examples.child), 1)
    if share >= 1:
        return examples
    children, of = np.unique(examples.child, return_inverse=True)
    return examples.take(
        np.flatnonzero((np.random.default_rng(seed).random(len(children)) < share)[of])
    )
