"""Rows on the days on which scores are really made, from records as they really come in, to learn
from beside the landmarks.

A model is asked about a child after each import, on any day since its admission or discharge, and
knows what has come in by then (`training.cohorts.entry_delay`). Taught on the landmarks' own days
alone, from records taken as known at once, it has not seen such a question.

Worked example. A stay begins on 2026-03-10; weighings come in on each month's first. Landmarks ask
on 10, 17, 24 and 31 March and on 7 April, each with that day's weighing. Scores are made on 1
April, day 22, with the weighings of March, and on 1 May, day 52, with those of April: two rows.
A weighing of 30 March that came in on 1 May plays no part in the first of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from features.clock import Clock
from features.trajectory.as_of import as_of_traced
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from features.trajectory.smoother import Prior
from models.scoring import abstains
from models.targets import Target
from registry.contract.arrays import Flags, Floats
from training.cohorts.entry_delay import EntryDelay, as_recorded
from training.cohorts.landmarks import Cohort, before_split, on_days
from training.cohorts.visit_exposure import censored_at_visits

WEEKS_4 = 28


@dataclass(frozen=True)
class ScoringDays:
    """`rows` (their `landmark` counts blocks of four weeks since the index, each with a curve of
    being followed of its own), their `matrix` (n, p), and how late records come in."""

    rows: Cohort
    matrix: Floats
    delay: EntryDelay

    def take(self, chosen: Flags) -> ScoringDays:
        """Some of the rows (mask)."""
        at = np.flatnonzero(chosen)
        return replace(self, rows=self.rows.take(at), matrix=self.matrix[at])


def scoring_days(
    clock: Clock,
    target: Target,
    *,
    until: int,
    labels_before: int,
    priors: dict[str, Prior],
    without_visits: bool = False,
) -> ScoringDays:
    """Everyone at risk on each day before `until` (a day number) on which scores were made, or
    would have been, whose label ends before `labels_before`; those of whom the model would abstain
    are left out. Only what was known before `until` plays a part. `without_visits`: followed until
    the first visit that a list asked for (`training.cohorts.visit_exposure`)."""
    registry, delay = as_recorded(clock.registry, before=until)
    late, beside = Clock(registry), sum(len(own.names) for own in registry.beside)
    asked = on_days(clock, target, delay.days[delay.days < until], cutoff=until - 1)
    asked = asked.take(np.flatnonzero(before_split(asked, labels_before)))
    asked = replace(asked, landmark=asked.landmark // WEEKS_4)
    if without_visits:
        asked = censored_at_visits(clock, asked, known_by=until - 1)
    scored, matrices = [np.zeros(0, bool)], [np.empty((0, len(NAMES) + beside))]
    for traced, matrix in as_of_traced(
        late, asked.child, asked.day, priors=priors, context=Context(late)
    ):
        scored.append(abstains(target, traced, matrix) == 0)
        matrices.append(matrix[scored[-1]])
    rows = asked.take(np.flatnonzero(np.concatenate(scored)))
    return ScoringDays(rows, np.concatenate(matrices), delay)
