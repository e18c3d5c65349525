"""Which landmark rows a training asks for, whoever holds the records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.clock import Clock
from models.targets import CONFIRMED_WITHIN, TARGETS, Target
from registry.contract.arrays import Flags
from training.cohorts.areas_and_days import EVERYBODY, Population
from training.cohorts.case_cohort import MOST_ROWS
from training.cohorts.landmarks import Cohort, before_split, cohort
from training.cohorts.visit_exposure import censored_at_visits, visited_in_time

MOST_LENT_ROWS = 60_000
"""Rows of another target's at most: they are one part of a blend (`training.fitting.transfer`)."""


@dataclass(frozen=True)
class RowsQuestion:
    """The rows that teach a `target` what was known before the day `until`, of labels that end
    before `labels_before`; `seed`: of their lot.

    `lent_to`: the target that these rows teach beside its own; what becomes of them is then asked
    over that one's horizon. `without_visits`: rows end at the first visit that a list asked for.
    """

    target: Target
    until: int
    labels_before: int
    seed: int
    population: Population = EVERYBODY
    without_visits: bool = False
    lent_to: Target | None = None

    @property
    def name(self) -> str:
        """As a file is called."""
        return f"{self.target.name}_for_{self.lent_to.name}" if self.lent_to else self.target.name

    @property
    def most(self) -> int:
        """How many rows are learnt from at most."""
        return MOST_LENT_ROWS if self.lent_to else MOST_ROWS

    def lent(self) -> RowsQuestion | None:
        """The question of the rows that another target lends to this one; None where no other
        does."""
        if self.target.taught_by is None:
            return None
        teacher = TARGETS[self.target.taught_by]
        return RowsQuestion(
            teacher,
            self.until,
            self.labels_before,
            self.seed,
            self.population,
            lent_to=self.target,
        )

    def learnable(self, clock: Clock) -> Cohort:
        """All rows that may be learnt from, before any lot."""
        if self.lent_to:
            return self._learnable_for_another(clock, self.lent_to)
        rows = cohort(clock, self.target, cutoff=self.until - 1)
        if self.without_visits and not self.target.indexes_repeat:
            rows = censored_at_visits(clock, rows, known_by=self.until - 1)
        mine = self.population.learnt(clock, rows)
        return rows.take(np.flatnonzero(before_split(rows, self.labels_before) & mine))

    def _learnable_for_another(self, clock: Clock, taught: Target) -> Cohort:
        rows = cohort(clock, self.target, cutoff=self.until - 1, horizon=taught.horizon)
        ends = rows.day.astype(np.int64) + taught.horizon + CONFIRMED_WITHIN
        whole = (ends < self.until) & (rows.outcomes.room[rows.index] == 1)
        return rows.take(np.flatnonzero(whole))

    def visited(self, clock: Clock, rows: Cohort) -> Flags:
        """Which rows (mask) a list's visit met in time."""
        if rows.visited is not None:
            found: Flags = rows.visited
            return found
        return visited_in_time(clock, rows, known_by=self.until - 1)[0]

    def within(self, clock: Clock, rows: Cohort) -> Flags:
        """Which rows (mask), once drawn, are of the population; of the target's own rows all
        are."""
        if not self.lent_to or self.population == EVERYBODY:
            return np.ones(len(rows.index), bool)
        inside = self.population.within(clock, rows.child, rows.day)
        since = self.population.since
        return inside if since is None else inside & (rows.day >= since)

    def __reduce__(self) -> tuple[Any, ...]:
        # A target holds read-only mappings, which do not pickle; every process knows it by name.
        lent_to = self.lent_to and self.lent_to.name
        told = self.until, self.labels_before, self.seed, self.population, self.without_visits
        return _question, (self.target.name, *told, lent_to)


def _question(name: str, *told: Any) -> RowsQuestion:
    *facts, lent_to = told
    return replace(RowsQuestion(TARGETS[name], *facts), lent_to=lent_to and TARGETS[lent_to])
