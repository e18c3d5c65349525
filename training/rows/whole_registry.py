"""Who holds the records that a training asks: a registry in memory, or a store that is read part by
part (`training.rows.store_rows`). Both give the same rows and the same features, to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from features.trajectory.smoother import Prior
from registry.contract.arrays import Flags, Floats
from training.cohorts.case_cohort import drawn
from training.cohorts.landmarks import Cohort, attrition_table
from training.priors.priors import Said, population_priors, registry_priors
from training.rows.question import RowsQuestion


class Drawn(NamedTuple):
    """Rows to learn from (`child`: position in the whole registry), and the attrition that led to
    those among which a lot was drawn."""

    rows: Cohort
    attrition: dict[str, int]


class Seen(NamedTuple):
    """Of rows: their feature `matrix` (n, columns), which of them a list's visit met in time
    (`visited`), and which are of the question's population (`within`)."""

    matrix: Floats
    visited: Flags
    within: Flags


class Records(Protocol):
    """What a training asks. `facts`: of the registry; `columns`: of its feature matrix."""

    @property
    def facts(self) -> Mapping[str, object]: ...

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def recorded_until(self) -> int: ...

    def drawn(self, question: RowsQuestion) -> Drawn: ...

    def priors(self, question: RowsQuestion, rows: Cohort, *, said: Said) -> dict[str, Prior]: ...

    def seen(
        self, question: RowsQuestion, rows: Cohort, *, priors: Mapping[str, Prior]
    ) -> Seen: ...


@dataclass(frozen=True)
class WholeRegistry:
    """All records in memory."""

    clock: Clock
    context: Context | None

    @property
    def facts(self) -> Mapping[str, object]:
        """Of the registry."""
        return self.clock.registry.facts

    @property
    def columns(self) -> tuple[str, ...]:
        """The catalogue's, then those of tables of one's own."""
        return (*NAMES, *(name for own in self.clock.registry.beside for name in own.names))

    @property
    def recorded_until(self) -> int:
        """The last day (number) that the records speak of."""
        return self.clock.registry.recorded_until

    def drawn(self, question: RowsQuestion) -> Drawn:
        """The rows of a question, after the lot."""
        rows = question.learnable(self.clock)
        _, few = drawn(rows, seed=question.seed, most=question.most)
        return Drawn(few, attrition_table(rows))

    def priors(self, question: RowsQuestion, rows: Cohort, *, said: Said) -> dict[str, Prior]:
        """The smoother's priors for a question's rows."""
        if question.target.indexes_repeat:
            return population_priors(self.clock, rows, said=said)
        return registry_priors(self.clock, until=question.until, said=said)

    def seen(self, question: RowsQuestion, rows: Cohort, *, priors: Mapping[str, Prior]) -> Seen:
        """The features of rows, and what else their records say of them."""
        return seen(self.clock, self.context, question, rows, priors)


def seen(
    clock: Clock,
    context: Context | None,
    question: RowsQuestion,
    rows: Cohort,
    priors: Mapping[str, Prior],
) -> Seen:
    """What the records in memory say of rows (`child`: position in them)."""
    matrix = as_of(clock, rows.child, rows.day, priors=priors, context=context)
    return Seen(matrix, question.visited(clock, rows), question.within(clock, rows))
