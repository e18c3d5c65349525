"""From a registry to a bundle: cohort, blocks in time, features, fit, calibration. Nothing at or
after the split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.catalogue import CONTEXT_NAMES, NAMES
from features.trajectory.context import Context
from models.bundle import Bundle
from models.targets import CENSORED, HAPPENED, Target
from registry.contract.arrays import Flags
from registry.contract.errors import BadInput
from registry.contract.registry import day_date
from training.cohorts import censoring
from training.cohorts.case_cohort import drawn
from training.cohorts.landmarks import Cohort, attrition_table, before_split, cohort
from training.fitting.calibrate import calibrate, with_interval
from training.fitting.examples import Examples
from training.fitting.fit import Fitted, Progress, fit, offset_of, refit
from training.fitting.priors import FIT_SHARE, population_priors, registry_priors
from training.fitting.reference_profile import profile
from training.fitting.sample_size import needed
from training.fitting.transfer import donor_of
from training.fitting.tune import tune
from training.fitting.uncertainty import REFITS

LEAST_EVENTS = 30
"""Under this no model is fitted at all; what Riley's criteria ask for is said beside it."""
PARAMETERS = 20
"""What so strongly penalised a model spends, as a rule of thumb, against Riley's sample-size
criteria."""
CONTEXT_MASKED = 0.15
"""The share of children whose context is hidden while fitting, since the API may leave it out."""


@dataclass(frozen=True)
class Learned:
    """A bundle with what it was made from: `rows` (the cohort), `earlier_on` and `later_on` (masks
    over it), `features` (the matrix of the rows), `fitted` (the halves of the bundle).

    The bundle learns from both blocks. Its `rehearsal` learnt from the earlier block only, in the
    same way: its figures on the later block are those of a temporal validation.
    """

    bundle: Bundle
    fitted: Fitted
    rows: Cohort
    used: np.ndarray
    earlier_on: np.ndarray
    later_on: np.ndarray
    features: np.ndarray

    @property
    def rehearsal(self) -> Bundle:
        """The bundle of the earlier block. Raises ValueError where none was made."""
        if self.bundle.rehearsal is None:
            raise ValueError("this training made no rehearsal")
        return self.bundle.rehearsal


def learn(
    clock: Clock,
    target: Target,
    *,
    until: int,
    seed: int = 1,
    trials: int = 0,
    said: Progress = lambda text: None,
    context: Context | None = None,
) -> Learned:
    """Train one target on what was known before `until` (a day number); `trials` Optuna trials, in
    the earlier block.

    Settings, number of trees, penalty and blend are chosen in the earlier block; both blocks are
    then fitted on. `BadInput` where there are no indexes, one outcome only, or fewer than 30
    events.
    """
    context = context or Context(clock)
    rows = cohort(clock, target, cutoff=until - 1)
    used = np.flatnonzero(before_split(rows, until))
    attrition = attrition_table(rows.take(used))
    kept, rows = drawn(rows.take(used), seed=seed)
    used = used[kept]
    earlier_on, later_on = blocks(rows)
    _ask_for_events(rows, earlier_on, later_on, target, said)
    said(
        f"{target.name}: {int(earlier_on.sum())} rows to choose on, "
        f"{int(later_on.sum())} later ones to judge on"
    )
    priors = (
        population_priors(clock, rows)
        if target.indexes_repeat
        else registry_priors(clock, until=until)
    )
    matrix = as_of(clock, rows.child, rows.day, priors=priors, context=context)
    said(f"{target.name}: {matrix.shape[1]} features of {matrix.shape[0]} rows")
    facts = _facts(clock, rows, until, seed, earlier_on, later_on) | {"attrition": attrition}
    which: dict[str, Any] = {"target": target, "seed": seed}
    donor = donor_of(clock, target, until=until, seed=seed, priors=priors, context=context)
    if donor is not None:
        events = int(donor.examples.happened.sum())
        said(f"{target.name}: {events} events of {target.taught_by} teach it")
    first = donor and donor.before(
        int(rows.day[later_on].min()), without=np.unique(rows.child[later_on])
    )
    earlier = without_context(examples(rows, matrix, earlier_on), seed)
    settings = tune(earlier, trials=trials, said=said, **which) if trials else {}
    rehearsed = fit(
        earlier, settings=settings, donor=first if first and first.teaches else None, **which
    )
    everything = without_context(examples(rows, matrix, np.ones(len(used), bool)), seed)
    fitted = refit(everything, choice=rehearsed.choice, donor=donor, **which)
    made = {
        "target": target.name,
        "priors": priors,
        "facts": facts | {"settings": settings},
        "reference": profile(matrix),
    }
    said(f"{target.name}: the interval of its risks, by {REFITS} refits on children drawn anew")
    calibrator = with_interval(fitted, everything, donor=donor, **which)
    rehearsal = _bundle(rehearsed, earlier, calibrator=calibrate(rehearsed.held_out), **made)
    bundle = _bundle(fitted, everything, calibrator=calibrator, rehearsal=rehearsal, **made)
    return Learned(bundle, fitted, rows, used, earlier_on, later_on, matrix)


def _bundle(fitted: Fitted, learning: Examples, **made: Any) -> Bundle:
    """The bundle of two fitted halves."""
    return Bundle(
        booster=fitted.booster,
        linear=fitted.linear,
        trees=fitted.trees,
        offset=fitted.offset,
        start=fitted.start,
        offset_mean=float(offset_of(learning.rows, fitted.offset).mean()),
        **made,
    )


def blocks(rows: Cohort) -> tuple[np.ndarray, np.ndarray]:
    """(earlier, later): masks over the rows by the date of the index; no child is in both.

    Where nearly every child has indexes on both sides (`Target.indexes_repeat`) the later ones are
    of some children drawn by lot, and the earlier ones of the others.
    """
    index_on = rows.outcomes.index_on[rows.index]
    if not len(index_on):
        return np.zeros(0, bool), np.zeros(0, bool)
    cut = np.quantile(index_on, FIT_SHARE, method="higher")
    earlier = index_on < cut
    if rows.target.indexes_repeat:
        children, of = np.unique(rows.child, return_inverse=True)
        aside = np.random.default_rng(0).random(len(children))[of] >= FIT_SHARE
        return earlier & ~aside, ~earlier & aside
    return earlier, ~earlier & ~np.isin(rows.child, rows.child[earlier])


def _ask_for_events(
    rows: Cohort, earlier_on: Flags, later_on: Flags, target: Target, said: Progress
) -> None:
    if not len(rows.index):
        raise BadInput(
            "TRN001",
            f"{target.name}: no index has its whole label before the split: import episodes, "
            f"or choose a later date (a label needs {target.label_days} days)",
        )
    happened, known = rows.outcome == HAPPENED, rows.outcome != CENSORED
    events = len(np.unique(rows.index[happened]))
    if events < LEAST_EVENTS:
        raise BadInput(
            "TRN002",
            f"{target.name}: {events} events, at least {LEAST_EVENTS} are needed: "
            "a larger registry or a longer time",
        )
    for name, block in (("earlier", earlier_on), ("later", later_on)):
        if len(np.unique(happened[block & known])) < 2:
            raise BadInput(
                "TRN003",
                f"{target.name}: only one outcome in the {name} block: nothing to learn",
            )
    advised = needed(prevalence=float(np.mean(happened[known])), parameters=PARAMETERS).events
    if events < advised:
        said(
            f"{target.name}: {events} events; Riley's criteria ask for {advised} with "
            f"{PARAMETERS} parameters: "
            "expect wide intervals"
        )


def examples(rows: Cohort, matrix: np.ndarray, block: np.ndarray) -> Examples:
    """The block's rows with a known outcome, weighed for the others."""
    inside = rows.take(np.flatnonzero(block))
    weight = censoring.weights(inside)
    kept = np.flatnonzero(weight > 0)
    return Examples(
        matrix[block][kept],
        (inside.outcome[kept] == HAPPENED).astype(np.int8),
        weight[kept],
        inside.child[kept],
        inside.day[kept],
        inside.landmark[kept],
    )


def without_context(learning: Examples, seed: int) -> Examples:
    """The same examples with the context of some children hidden."""
    children, of = np.unique(learning.child, return_inverse=True)
    hide = np.random.default_rng(seed).random(len(children)) < CONTEXT_MASKED
    matrix = learning.rows.copy()
    columns = np.array([NAMES.index(name) for name in CONTEXT_NAMES])
    matrix[np.ix_(hide[of], columns)] = np.nan
    return Examples(
        matrix, *(getattr(learning, name) for name in list(learning.__dataclass_fields__)[1:])
    )


def _facts(
    clock: Clock, rows: Cohort, until: int, seed: int, earlier_on: Flags, later_on: Flags
) -> dict[str, Any]:
    registry = clock.registry.facts
    events = [
        len(np.unique(rows.index[block & (rows.outcome == HAPPENED)]))
        for block in (earlier_on, later_on)
    ]
    return {
        "trained_until": day_date(until).isoformat(),
        "seed": seed,
        "rows_fitted": len(rows.index),
        "rows_earlier": int(earlier_on.sum()),
        "rows_later": int(later_on.sum()),
        "events_fitted": len(np.unique(rows.index[rows.outcome == HAPPENED])),
        "events_earlier": events[0],
        "events_later": events[1],
        "registry_id": registry.get("registry_id"),
        "synthetic": bool(registry.get("synthetic", False)),
        "share_assumed_dates": registry.get("share_assumed_dates"),
    }
