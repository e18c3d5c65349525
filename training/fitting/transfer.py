"""Transfer: what every first slide into SAM teaches a target that sees few.

Some hundreds of relapses cannot feed as many columns, but the same bodies slide into SAM ten times
as often outside of any follow-up. A forest is taught those slides (the donor: the outcome of
another target, over the horizon of the one taught), and its margin is a third part of the blend.
The donor's trees are appended to the forest's own, scaled by its share, so that a bundle holds one
forest and its reasons stay exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np

from features.clock import Clock
from features.trajectory.context import Context
from features.trajectory.smoother import Prior
from models.targets import CONFIRMED_WITHIN, HAPPENED, Target
from training.cohorts import censoring
from training.fitting.examples import Examples, column_names
from training.rows.question import RowsQuestion
from training.rows.whole_registry import Records, WholeRegistry

LEAST_DONOR_EVENTS = 100
"""With fewer slides the donor teaches less than it disturbs."""
ROUNDS = 240
SETTINGS = {"learning_rate": 0.05, "num_leaves": 15, "min_child_samples": 80}
"""Of the donor's forest, beside `training.fitting.fit.BASE_SETTINGS`: its events are many, and it
is no more than one part of a blend, so that nothing is tuned."""
LOAN = 0.3
"""The donor's share in the blend. Fixed: chosen on out-of-fold predictions it follows the chance of
some eighty events (0 and 0.2 came out where 0.2 to 0.4 were right). On four simulated registries of
60,000 children (AUC against the truth, loans of 0, 0.2, 0.3, 0.4, 0.6): plain 0.866 0.867 0.865
0.862 0.853 and 0.859 0.861 0.860 0.858 0.850; with children's own set points 0.831 0.836 0.836
0.836 0.832 and 0.838 0.841 0.840 0.838 0.829 (`benchmarks/transfer.py`)."""
PARTS = 2
"""Into how many parts children are cut for the donor's out-of-fold margins."""


@dataclass(frozen=True)
class Donor:
    """What the donor learns from: `examples` of the other target's indexes, and how many days after
    an index its label may use."""

    examples: Examples
    label_days: int

    def before(self, day: int, *, without: np.ndarray) -> Donor:
        """Only the rows whose label ends before a day, of other children than these."""
        kept = (self.examples.day.astype(np.int64) + self.label_days < day) & ~np.isin(
            self.examples.child, without
        )
        return Donor(self.examples.take(np.flatnonzero(kept)), self.label_days)

    def seeing(self, rows: np.ndarray) -> Donor:
        """The same slides with other features (n, p)."""
        return replace(self, examples=replace(self.examples, rows=rows))

    @property
    def teaches(self) -> bool:
        """Whether there are slides enough."""
        return int(self.examples.happened.sum()) >= LEAST_DONOR_EVENTS


def donor_of(
    clock: Clock,
    target: Target,
    *,
    until: int,
    seed: int,
    priors: dict[str, Prior],
    context: Context,
) -> Donor | None:
    """The donor of a target that another teaches (`Target.taught_by`), from what was known before
    `until`; None where no other does, or there are too few slides."""
    question = RowsQuestion(target, until, until, seed)
    return lent_to(WholeRegistry(clock, context), question, priors=priors)


def lent_to(
    records: Records, question: RowsQuestion, *, priors: Mapping[str, Prior]
) -> Donor | None:
    """The donor of a question's target, of the question's own population."""
    lent = question.lent()
    if lent is None:
        return None
    rows = records.drawn(lent).rows
    weight = censoring.weights(rows)
    kept = np.flatnonzero(weight > 0)
    if not len(kept):
        return None
    rows, weight = rows.take(kept), weight[kept]
    seen = records.seen(lent, rows, priors=priors)
    happened = (rows.outcome == HAPPENED).astype(np.int8)
    slides = Examples(seen.matrix, happened, weight, rows.child, rows.day, rows.landmark)
    donor = Donor(slides, question.target.horizon + CONFIRMED_WITHIN)
    if not donor.teaches or seen.within.all():
        return donor if donor.teaches else None
    some = Donor(slides.take(np.flatnonzero(seen.within)), donor.label_days)
    return some if some.teaches else None


def donor_forest(examples: Examples, settings: dict[str, Any]) -> str:
    """The donor's forest as a model text; `settings` are the taught target's, with its
    directions."""
    data = lgb.Dataset(
        examples.rows,
        examples.happened,
        weight=examples.weight,
        feature_name=column_names(examples.rows.shape[1]),
        free_raw_data=False,
    )
    return lgb.train(settings | SETTINGS, data, num_boost_round=ROUNDS).model_to_string()


def out_of_fold(
    donor: Donor, taught: Examples, settings: dict[str, Any], *, fold: np.ndarray, threads: int
) -> np.ndarray:
    """The donor's margin (n,) of the rows to be taught, each by a forest that saw no slide of its
    child; `fold`: of each row, grouped by child."""
    margin = np.empty(len(taught.child))
    for part in range(PARTS):
        inside = fold % PARTS == part
        others = np.flatnonzero(~np.isin(donor.examples.child, taught.child[inside]))
        forest = lgb.Booster(model_str=donor_forest(donor.examples.take(others), settings))
        margin[inside] = forest.predict(taught.rows[inside], raw_score=True, num_threads=threads)
    return margin
