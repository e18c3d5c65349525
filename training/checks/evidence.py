"""What the checks read: a training as it happened, beside the registry that it came from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.clock import Clock
from features.trajectory.context import Context
from models.targets import HAPPENED, TARGETS, Target
from registry.contract.registry import day_number
from training.evaluation.scored_rows import (
    LATER,
    Judged,
    events_of,
    judged_cohort,
    of_learned,
    of_matrix,
    score_rows,
)
from training.fitting.pipeline import Learned

PROBED = 300
"""Rows of as many different children that the probes look at; a leak in a column shows in the first
few."""


@dataclass
class Evidence:
    """A training, its registry and seed; what costs time is made once, when first asked for.

    `at_hand`: positions of the training rows whose records the clock holds; None: of all.
    """

    clock: Clock
    learned: Learned
    context: Context | None = None
    at_hand: np.ndarray | None = None

    @cached_property
    def here(self) -> Learned:
        """The training with the rows whose records are at hand: for what asks the registry."""
        return self.learned if self.at_hand is None else self.learned.take(self.at_hand)

    @property
    def target(self) -> Target:
        """What the model predicts."""
        return TARGETS[self.learned.bundle.target]

    @property
    def until(self) -> int:
        """The day (number) until which the model learnt; nothing known on or after it may play a
        part."""
        return day_number(self.learned.bundle.facts["trained_until"])

    @cached_property
    def of_centres(self) -> Context:
        """The context of families and centres."""
        return self.context or Context(self.clock)

    @cached_property
    def judged(self) -> Judged | None:
        """Later rows where there are enough, else the rehearsal's later block; None where there was
        no rehearsal either (`Learned.not_rehearsed` says why)."""
        block, rows = judged_cohort(self.clock, self.learned.bundle)
        if block == LATER:
            return score_rows(
                self.clock, self.learned.bundle, rows, block=block, context=self.of_centres
            )
        return None if self.learned.not_rehearsed else of_learned(self.learned)

    @property
    def looked_at(self) -> Judged:
        """The judged rows at hand, or all training rows there where none are: for what asks no
        outcome."""
        here, judged = self.here, self.judged
        if judged is not None:
            return judged if here is self.learned or judged.block == LATER else of_learned(here)
        return of_matrix(here.bundle, here.rows, here.features, block="training rows")

    @cached_property
    def probed(self) -> np.ndarray:
        """Positions (among those at hand) of up to PROBED training rows, each of another child,
        spread over time."""
        rows = self.here.rows
        order = np.random.default_rng(17).permutation(len(rows.child))
        _, first = np.unique(rows.child[order], return_index=True)
        return np.sort(order[first])[:: max(1, len(first) // PROBED)][:PROBED]

    def index_on(self) -> np.ndarray:
        """The index day of each training row."""
        rows = self.learned.rows
        found: np.ndarray = rows.outcomes.index_on[rows.index]
        return found

    def events(self, block: np.ndarray) -> int:
        """Indexes with the event in a block (mask over the training rows)."""
        return events_of(self.learned.rows.take(np.flatnonzero(block)))

    def happened(self) -> np.ndarray:
        """Mask of the training rows with the event."""
        found: np.ndarray = self.learned.rows.outcome == HAPPENED
        return found
