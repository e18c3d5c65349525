"""Challengers: models of others' making, by scikit-learn's interface, fitted and calibrated as ours
are and judged by the same report. They live as long as the command: nothing of them is kept."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from models.bundle import Bundle
from models.definition import definition
from models.linear import Linear
from registry.contract.arrays import Floats
from registry.contract.errors import BadInput
from training.experiments.faults import Faults
from training.fitting.calibrate import calibrate
from training.fitting.examples import Examples
from training.fitting.fit import FOLDS, HeldOut, folds

SMALLEST = 1e-6
"""Risks nearer to 0 or 1 have no log-odds that a calibration could move."""


@dataclass(frozen=True)
class Estimator:
    """Somebody's class by its import `path` (`sklearn.ensemble:HistGradientBoostingClassifier`),
    with `settings`; `impute`: medians for missing values, columns in standard deviations."""

    path: str
    kind: type
    settings: dict[str, Any]
    impute: bool

    def fitted(self, learning: Examples, seed: int) -> FittedEstimator:
        """One fitted on examples, weighed. `BadInput` TRN023 where it fails."""
        made = self.kind(**self.settings)
        if hasattr(made, "get_params") and made.get_params().get("random_state", 0) is None:
            made.set_params(random_state=seed)
        # A column without a value says nothing, and HistGradientBoosting stops at one.
        columns = np.flatnonzero(~np.isnan(learning.rows).all(axis=0))
        filling = Filling.of(learning.rows[:, columns]) if self.impute else None
        one = FittedEstimator(made, columns, filling)
        rows = one.seen(learning.rows)
        try:
            made.fit(rows, learning.happened, sample_weight=learning.weight)
        except Exception as error:
            # Its message could hold a child's values.
            raise BadInput(
                "TRN023",
                f"{self.path} could not be fitted ({type(error).__name__}) on {len(rows)} rows of "
                f"{rows.shape[1]} columns: mend its settings, or set impute = true if it cannot "
                "bear missing values",
            ) from error
        return one


@dataclass(frozen=True)
class Filling:
    """`middle` and `scale` (p,) of what was there while fitting."""

    middle: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, rows: Floats) -> Filling:
        """Medians and standard deviations of columns that each have a value."""
        scale = np.nanstd(rows, axis=0)
        return cls(np.nanmedian(rows, axis=0), np.where(scale > 0, scale, 1.0))

    def __call__(self, rows: Floats) -> Floats:
        """The rows without a gap, in standard deviations from the middle."""
        found: Floats = (np.where(np.isnan(rows), self.middle, rows) - self.middle) / self.scale
        return found


@dataclass(frozen=True)
class FittedEstimator:
    """A fitted estimator, which `columns` it has seen, and how their gaps are filled."""

    made: Any
    columns: np.ndarray
    filling: Filling | None

    def seen(self, rows: Floats) -> Floats:
        """Feature rows as it takes them."""
        some = rows[:, self.columns]
        return some if self.filling is None else self.filling(some)

    def log_odds(self, rows: Floats) -> Floats:
        """Uncalibrated log-odds (n,)."""
        if not len(rows):
            return np.zeros(0)
        risk = np.asarray(self.made.predict_proba(self.seen(rows)), np.float64)[:, 1]
        risk = np.clip(risk, SMALLEST, 1.0 - SMALLEST)
        found: Floats = np.log(risk / (1.0 - risk))
        return found


@dataclass(frozen=True)
class ForeignModel(Bundle):
    """A challenger as the report asks it: a bundle whose risks an estimator says."""

    explained: ClassVar[bool] = False
    estimator: FittedEstimator | None = None

    def __post_init__(self) -> None:
        if not self.definition:
            object.__setattr__(self, "definition", definition(self.target))

    def log_odds(self, rows: np.ndarray) -> np.ndarray:
        """Calibrated log-odds (n,) of feature rows (n, p)."""
        if self.estimator is None:
            raise ValueError("a challenger without its estimator")
        line = self.calibrator
        found: np.ndarray = line.intercept + line.slope * self.estimator.log_odds(rows)
        return found


@dataclass(frozen=True)
class ForeignFit:
    """Fits an estimator as `training.fitting.pipeline` fits ours: on examples that are weighed for
    the censored, calibrated on out-of-fold predictions grouped by child."""

    estimator: Estimator
    seed: int

    def __call__(self, learning: Examples, made: dict[str, Any]) -> tuple[Bundle, HeldOut]:
        """The model of some examples, and its out-of-fold predictions."""
        fold = folds(learning.child, FOLDS, self.seed)
        margin = np.empty(len(fold))
        for of in range(FOLDS):
            one = self.estimator.fitted(learning.take(fold != of), self.seed)
            margin[fold == of] = one.log_odds(learning.rows[fold == of])
        held_out = HeldOut(margin, learning.happened, learning.weight)
        nothing = np.zeros(learning.rows.shape[1])
        bundle = ForeignModel(
            booster="",
            linear=Linear(0.0, nothing, nothing + 1.0, *(nothing,) * 4),
            trees=0.0,
            calibrator=calibrate(held_out),
            estimator=self.estimator.fitted(learning, self.seed),
            **made,
        )
        return bundle, held_out


def found_estimator(
    path: str, settings: dict[str, Any], *, impute: bool, faults: Faults
) -> Estimator | None:
    """The class behind an import path; None where a fault was noted."""
    where = "estimator.kind"
    module, _, name = path.partition(":") if ":" in path else path.rpartition(".")
    try:
        kind = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        faults.add(where, f"{path} cannot be imported", "install it, or write module:Class")
        return None
    if not hasattr(kind, "predict_proba") or not hasattr(kind, "fit"):
        faults.add(where, f"{path} has no fit and predict_proba", "give a classifier that has both")
        return None
    if "sample_weight" not in inspect.signature(kind.fit).parameters:
        faults.add(
            where,
            f"{path} takes no sample_weight, by which rows stand for the censored",
            "give one that does",
        )
        return None
    try:
        made = kind(**settings)
    except (TypeError, ValueError) as error:
        faults.add("estimator.settings", f"{path} refuses them ({error})", "mend them")
        return None
    if not impute and not _bears_gaps(made):
        faults.add(where, f"{path} cannot bear missing values", "set estimator.impute = true")
        return None
    return Estimator(path, kind, settings, impute)


def _bears_gaps(made: Any) -> bool:
    """Whether an estimator takes NaN; one that does not say so is tried."""
    from sklearn.base import BaseEstimator
    from sklearn.utils import get_tags

    if not isinstance(made, BaseEstimator):
        return True
    bears: bool = get_tags(made).input_tags.allow_nan
    return bears
