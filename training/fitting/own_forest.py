"""The forest that a target's own rows teach, and the trees that its early rows have to themselves.

Soon after the index little is known and much can still happen; later a child's own course tells
most. One forest over all landmarks learns the later ones, where its splits gain most, at the early
ones' cost. So the early rows (`models.targets.Early`) teach a second forest, which answers for them
alone; the forest of all rows answers for the others, to which the early rows are of use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from features.trajectory.catalogue import NAMES
from models.targets import Early, Target
from registry.contract.arrays import Flags
from training.fitting.bag import bagged
from training.fitting.examples import Examples, column_names
from training.fitting.root_split import RootSplit, split_at_root

DRAWS = ("bagging_seed", "feature_fraction_seed", "extra_seed")


@dataclass(frozen=True)
class Start:
    """Where the forest starts: a feature's column (or none) and a constant, so that the trees begin
    at the mean."""

    offset: str | None
    constant: float

    @classmethod
    def of(cls, examples: Examples, offset: str | None) -> Start:
        """Without an offset LightGBM finds the mean itself; with one it is the constant that fits
        best beside it."""
        if offset is None:
            return cls(None, 0.0)
        beside = offset_of(examples.rows, offset)
        ratio = np.average(examples.happened, weights=examples.weight) / np.average(
            np.exp(beside), weights=examples.weight
        )
        return cls(offset, float(np.log(ratio)))

    def margin(self, rows: np.ndarray) -> np.ndarray:
        """Log-odds of each row before any tree (n,)."""
        return offset_of(rows, self.offset) + self.constant


@dataclass(frozen=True)
class OwnForest:
    """Model texts of one target's own rows: the forest that `every` row taught, and that which
    answers for the rows on the `early` side of the `split` (all, where there is none)."""

    every: str
    early: str
    split: RootSplit | None

    @classmethod
    def grown(
        cls,
        examples: Examples,
        settings: dict[str, Any],
        *,
        rounds: int,
        begun: Start,
        target: Target,
    ) -> OwnForest:
        """Both, of `rounds` trees for each of the target's draws."""
        every = forest(examples, settings, rounds, begun, draws=target.forests)
        soon = early_rows(examples.rows, target.early)
        if target.early is None or soon.all():
            return cls(every, every, None)
        early, passing = every, (int(soon.sum()), int((~soon).sum()))
        if len(np.unique(examples.happened[soon])) == 2:
            few = examples.take(np.flatnonzero(soon))
            early = forest(few, settings, rounds, begun, draws=target.forests)
        column = NAMES.index(target.early.column)
        return cls(every, early, RootSplit(column, target.early.until, passing))

    def beside(self, lender: str | None, share: float) -> str:
        """The text of one forest: own trees, and on the early side the donor's with its share among
        the trees."""
        soon = self.early
        if lender is not None:
            soon = bagged([soon, lender], (1.0 - share, share)) if share < 1.0 else lender
        return soon if self.split is None else split_at_root(soon, self.every, self.split)


def early_rows(rows: np.ndarray, early: Early | None) -> Flags:
    """Which rows are early ones (mask); all, where a target makes no difference."""
    if early is None:
        return np.ones(len(rows), bool)
    found: Flags = ~(rows[:, NAMES.index(early.column)] > early.until)
    return found


def offset_of(rows: np.ndarray, offset: str | None) -> np.ndarray:
    """What the forest starts from in each row (n,): the offset's column (0, all time left, where
    missing), or 0."""
    return (
        np.zeros(len(rows))
        if offset is None
        else np.nan_to_num(rows[:, NAMES.index(offset)], nan=0.0)
    )


def dataset(examples: Examples, begun: Start, **more: Any) -> lgb.Dataset:
    """The examples as LightGBM takes them, with where the forest starts."""
    return lgb.Dataset(
        examples.rows,
        examples.happened,
        weight=examples.weight,
        feature_name=column_names(examples.rows.shape[1]),
        free_raw_data=False,
        init_score=None if begun.offset is None else begun.margin(examples.rows),
        **more,
    )


def forest(
    examples: Examples, settings: dict[str, Any], rounds: int, begun: Start, *, draws: int
) -> str:
    """A bag of so many forests on the examples, of `rounds` trees each, as one model text."""
    data = dataset(examples, begun)
    seeds = [dict.fromkeys(DRAWS, settings["seed"] + 1000 * of) for of in range(draws)]
    return bagged(
        [
            lgb.train(settings | drawn, data, num_boost_round=rounds).model_to_string()
            for drawn in seeds
        ]
    )
