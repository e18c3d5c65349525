"""Judged as it will be used: on the days on which scores are made, from records that are known
late.

The other figures judge a model on each landmark's day, with records as their dates of entry say. In
use, scores are made after each import, of everyone who is then at risk, and the newest weeks of
records are not in yet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.clock import Clock
from features.trajectory.context import Context
from models.bundle import Bundle
from models.targets import TARGETS
from registry.contract.registry import day_number
from training.cohorts.areas_and_days import EVERYBODY, Population
from training.cohorts.entry_delay import EntryDelay, as_recorded
from training.cohorts.landmarks import Cohort
from training.evaluation.scored_rows import (
    ELSEWHERE,
    LATER,
    REHEARSAL,
    Judged,
    blocks_of,
    few_of,
    score_rows,
)
from training.evaluation.visit_lists import WEEKS_4, at_days, month_starts
from training.metrics.calibration import calibration
from training.metrics.discrimination import Estimate, auc, bootstrap, bootstraps

NAMES = ("auc", "slope", "observed_over_expected")
REPEATS = 100


@dataclass(frozen=True)
class AsUsed:
    """A model judged as scored after each import: the `delay`; predictions asked for (`asked`), not
    to be made (`not_scored`), with a `known` outcome, and indexes with the event (`events`); AUC,
    slope and observed over expected with intervals by child; and `timely`: the AUC on the same
    days, had every record come in at once."""

    delay: EntryDelay
    asked: int
    not_scored: int
    known: int
    events: int
    auc: Estimate
    slope: Estimate
    observed_over_expected: Estimate
    timely: Estimate

    @property
    def days(self) -> str:
        """How often scores are made, and how late records come, in words."""
        return (
            f"scored after each monthly import, records known late by {self.delay.median_days:.0f} "
            f"days in the middle ({self.delay.how})"
        )

    def as_figures(self) -> dict[str, float]:
        """Plain figures by name, for a run and the card."""
        return {
            "auc_as_used": self.auc.value,
            "auc_as_used_low": self.auc.low,
            "auc_as_used_high": self.auc.high,
            "auc_as_used_timely": self.timely.value,
            "calibration_slope_as_used": self.slope.value,
            "share_not_scored_as_used": self.not_scored / max(self.asked, 1),
            "entry_delay_days": self.delay.median_days,
        }


def as_used(
    clock: Clock,
    bundle: Bundle,
    block: str,
    learnt: Cohort | None,
    *,
    among: Population = EVERYBODY,
) -> AsUsed:
    """Judge the bundle that says a block's risks on the days on which scores are made; of very many
    rows those of children drawn by lot.

    `learnt`: the rows that the bundle (of a rehearsal: the bundle that it belongs to) learnt from;
    `among`: whose records the clock holds, where it does not hold all.
    """
    registry, delay = as_recorded(clock.registry)
    late = Clock(registry)
    first = first_day(clock, bundle, block)
    days = delay.days[delay.days >= first]
    every = asked_on(clock, bundle, block, days, learnt, among=among)
    rows = few_of(every, rows=len(every.index))
    rows = replace(rows, landmark=rows.landmark // WEEKS_4)
    judged, timely = (
        score_rows(of, bundle, rows, block=block, context=Context(of)) for of in (late, clock)
    )
    return AsUsed(
        delay,
        asked=len(rows.index),
        not_scored=judged.not_scored,
        known=int(judged.known.sum()),
        events=judged.events,
        timely=_auc(timely),
        **_estimates(judged),
    )


def _estimates(judged: Judged) -> dict[str, Estimate]:
    """The figures of NAMES by name, intervals by child."""

    def figures(risk: np.ndarray, happened: np.ndarray, weight: np.ndarray) -> list[float]:
        measured = calibration(risk, happened, weight)
        return [auc(risk, happened, weight), measured.slope, measured.observed_over_expected]

    columns = judged.risk, judged.happened, judged.weight
    found = bootstraps(figures, *columns, cluster=judged.rows.child, repeats=REPEATS)
    return dict(zip(NAMES, found, strict=True))


def _auc(judged: Judged) -> Estimate:
    """The AUC of `_estimates` alone: calibration takes most of the time."""
    columns = judged.risk, judged.happened, judged.weight
    return bootstrap(auc, *columns, cluster=judged.rows.child, repeats=REPEATS)


def first_day(clock: Clock, bundle: Bundle, block: str) -> int:
    """The first day (number) on which a block's predictions can be made."""
    if block == REHEARSAL:
        return day_number(bundle.facts["later_from"])
    if block == LATER:
        return day_number(bundle.facts["trained_until"])
    return int(clock.registry.episodes["admitted_on"].min(initial=clock.registry.recorded_until))


def asked_on(
    clock: Clock,
    bundle: Bundle,
    block: str,
    days: np.ndarray,
    learnt: Cohort | None,
    *,
    among: Population = EVERYBODY,
) -> Cohort:
    """Everyone at risk on these days, of the bundle's own areas and `among` some; of a rehearsal
    only children from whom it did not learn."""
    rows = at_days(clock, TARGETS[bundle.target], days)
    if among != EVERYBODY:
        rows = rows.take(np.flatnonzero(among.judged(clock, rows)))
    if block != ELSEWHERE:
        mine = Population.of_facts(bundle.facts).judged(clock, rows)
        rows = rows.take(np.flatnonzero(mine))
    if block != REHEARSAL:
        return rows
    if learnt is None:
        raise ValueError("a rehearsal is asked only with the rows that its bundle learnt from")
    seen = learnt.child[blocks_of(bundle, learnt)[0]]
    return rows.take(np.flatnonzero(~np.isin(rows.child, seen)))


def on_month_lists(
    clock: Clock,
    bundle: Bundle,
    judged: Judged,
    learnt: Cohort | None,
    *,
    among: Population = EVERYBODY,
) -> Cohort:
    """Everyone at risk at the start of each month from the first judged day on, as lists are
    made; `among`: see `asked_on`."""
    until = clock.registry.recorded_until
    first = int(judged.rows.day.min(initial=until))
    days = np.array(month_starts(first, until), np.int64)
    return asked_on(clock, bundle, judged.block, days, learnt, among=among)


def told(used: AsUsed) -> dict[str, Any]:
    """The same as a mapping for the report, with its words."""
    return {name: getattr(used, name) for name in used.__dataclass_fields__ if name != "delay"} | {
        "words": used.days,
        "how": used.delay.how,
        "median_days": used.delay.median_days,
    }
