"""`sanket features`: the landmark rows of a target as pandas reads them, with the features that a
bundle sees and the part that each row played in its training and in its report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.clock import Clock
from features.trajectory.as_of import as_of_traced
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from features.trajectory.smoother import Prior
from models.bundle import Bundle, load
from models.champion import champion, models_folder
from models.scoring import WHY_NOT, abstains
from models.targets import TARGETS, Target
from registry.contract.arrays import Floats
from registry.contract.errors import BadInput
from registry.contract.registry import day_number
from training.cohorts import censoring
from training.cohorts.areas_and_days import EVERYBODY, Population
from training.cohorts.case_cohort import drawn
from training.cohorts.known_until import known_until
from training.cohorts.landmarks import Cohort, before_split, cohort
from training.commands.train import load_registry
from training.evaluation.challenge import is_home
from training.evaluation.scored_rows import (
    LATER,
    REHEARSAL,
    Judged,
    judged_rows,
    learnt_from,
    not_judged,
)
from training.fitting.examples import context_hidden
from training.fitting.fit import FOLDS, Progress, folds
from training.fitting.pipeline import blocks, first_later_day
from training.fitting.visit_weights import weighed
from training.priors.priors import population_priors, registry_priors
from training.rows.kept_rows import landmark_columns
from training.tracking.find_bundle import find_bundle
from training.tracking.mlflow_runs import tracking_address

EARLIER_BLOCK, LATER_BLOCK, LEARNT, AFTER, NOT_USED = (
    "earlier",
    "later",
    "learnt",
    "after",
    "not_used",
)
"""Blocks: the rehearsal's two; rows that the model learnt from and its rehearsal did not use;
predictions on or after the day until which it learnt; and rows that neither learnt from (a label
that had not ended, a child who grows past 1,826 days, another area or registry)."""


@dataclass(frozen=True)
class Training:
    """What cut the rows: the day numbers `until`, `labels_before` and `later_from`, the `seed` of
    lots and folds, and the smoother's `priors`; of a `bundle`, or as a training of today would."""

    target: Target
    priors: dict[str, Prior]
    until: int
    labels_before: int
    later_from: int
    seed: int
    bundle: Bundle | None = None
    population: Population = EVERYBODY

    @classmethod
    def of_bundle(cls, bundle: Bundle) -> Training:
        """As the bundle's training cut them."""
        facts = bundle.facts
        until, labels_before, later_from = (
            day_number(facts[name]) for name in ("trained_until", "labels_before", "later_from")
        )
        return cls(
            TARGETS[bundle.target],
            bundle.priors,
            until,
            labels_before,
            later_from,
            facts["seed"],
            bundle,
            Population.of_facts(facts),
        )

    @classmethod
    def of_today(cls, clock: Clock, target: Target) -> Training:
        """As a training on all that is known would cut them; priors from the same records."""
        until = known_until(clock.registry) + 1
        labels_before = min(until, clock.registry.recorded_until + 1)
        rows = cohort(clock, target, cutoff=until - 1)
        rows = rows.take(np.flatnonzero(before_split(rows, labels_before)))
        if not len(rows.index):
            raise BadInput("TRN001", f"{target.name}: no index has its whole label in the records")
        priors = (
            population_priors(clock, rows)
            if target.indexes_repeat
            else registry_priors(clock, until=until)
        )
        return cls(target, priors, until, labels_before, first_later_day(rows), seed=1)


def feature_table(
    address: str,
    target: str,
    *,
    bundle: str | None = None,
    tracked_at: str | None = None,
    said: Progress = lambda text: None,
) -> pd.DataFrame:
    """One row for each landmark of a target up to the end of the records (columns:
    docs/data-scientist.md).

    `bundle`: a version or a run's id; the target's champion where it is left out, and where there
    is none the rows are cut, and the priors estimated, as a training of today would. `BadInput`
    EVA001 where there is no such bundle, BUN010 where it is another target's.
    """
    models = models_folder(address)
    if bundle is None:
        found = champion(models, target, rehearsal=True)
    else:
        tracked = tracking_address(models, tracked_at)
        found = load(find_bundle(models, bundle, tracked=tracked), rehearsal=True)
    if found is not None and found.target != target:
        raise BadInput("BUN010", f"bundle {found.version} is for {found.target}, not for {target}")
    said("reading the registry")
    clock = Clock(load_registry(address))
    training = (
        Training.of_today(clock, TARGETS[target]) if found is None else Training.of_bundle(found)
    )
    return table_of(clock, training, said=said)


def table_of(
    clock: Clock, training: Training, *, said: Progress = lambda text: None
) -> pd.DataFrame:
    """The table of a training on a registry.

    Children are numbered anew (`child`), so that rows of one child can be kept together; no id
    leaves the store.
    """
    context = Context(clock)
    parts = _parts(clock, training)
    said(f"{sum(len(rows.index) for rows, _ in parts)} rows")
    tables = [_rows(clock, training, rows, block, context) for rows, block in parts]
    bundle = training.bundle
    if bundle is not None and not not_judged(clock, bundle):
        said("the rows that the report judges")
        _mark_judged(clock, tables, parts, judged_rows(clock, bundle, context=context))
    whole = pd.concat([table for table in tables if len(table)], ignore_index=True)
    whole["child"] = pd.factorize(whole["child"])[0]
    return whole


def _parts(clock: Clock, training: Training) -> list[tuple[Cohort, np.ndarray]]:
    """(rows, block of each): those that the bundle learnt from, with outcomes as known then, and
    all others, with outcomes as known now."""
    every = cohort(clock, training.target, cutoff=known_until(clock.registry))
    if training.bundle is not None and not is_home(clock, training.bundle):
        return [(every, np.full(len(every.index), NOT_USED))]
    learnt = _learnt(clock, training)
    earlier, later = blocks(learnt, training.later_from)
    block = np.select([earlier, later], [EARLIER_BLOCK, LATER_BLOCK], LEARNT)
    others = every.take(np.flatnonzero(~_keys(clock, every).isin(_keys(clock, learnt))))
    late = (others.day >= training.until) & training.population.judged(clock, others)
    after = np.where(late, AFTER, NOT_USED)
    return [(learnt, block), (others, after)]


def _learnt(clock: Clock, training: Training) -> Cohort:
    """The rows of the fit, before any lot."""
    if training.bundle is not None:
        return learnt_from(clock, training.bundle)
    rows = cohort(clock, training.target, cutoff=training.until - 1)
    return rows.take(np.flatnonzero(before_split(rows, training.labels_before)))


def _keys(clock: Clock, rows: Cohort) -> pd.MultiIndex:
    """Child, stay, index and landmark of each row: the same row has the same key at any cutoff."""
    found, of = rows.outcomes, rows.index
    stay = clock.registry.episodes["episode"][found.episode[of]]
    stay = np.where(found.episode[of] < 0, -1, stay) if len(stay) else found.episode[of]
    return pd.MultiIndex.from_arrays([rows.child, stay, found.index_on[of], rows.landmark])


def _rows(
    clock: Clock, training: Training, rows: Cohort, block: np.ndarray, context: Context
) -> pd.DataFrame:
    """The table of some rows, without what the report says of them."""
    of, bundle = rows.index, training.bundle
    matrices, why = [np.empty((0, len(NAMES)))], [np.zeros(0, np.int8)]
    for traced, matrix in as_of_traced(
        clock, rows.child, rows.day, priors=training.priors, context=context
    ):
        matrices.append(matrix)
        why.append(abstains(training.target, traced, matrix))
    features, abstained = np.concatenate(matrices), np.concatenate(why)
    risk = np.full(len(of), np.nan)
    if bundle is not None:
        asked = np.flatnonzero(abstained == 0)
        risk[asked] = 1.0 / (1.0 + np.exp(-bundle.log_odds(features[asked])))
    head = {
        "child": rows.child,
        **landmark_columns(rows),
        "block": block,
        **_part_in_fitting(rows, features, block, training),
        "why_not": np.array(WHY_NOT, object)[abstained],
        "risk": risk,
        "judged": np.zeros(len(of), bool),
        "judged_weight": np.full(len(of), np.nan),
        "judged_risk": np.full(len(of), np.nan),
    }
    return pd.DataFrame(head | dict(zip(NAMES, features.T, strict=True)))


def _part_in_fitting(
    rows: Cohort, features: Floats, block: np.ndarray, training: Training
) -> dict[str, np.ndarray]:
    """`weight`, `fold` (-1: none) and `context_hidden` of each row, as the fit had them."""
    weight, fold = np.zeros(len(rows.index)), np.full(len(rows.index), -1)
    hidden = np.zeros(len(rows.index), bool)
    at = np.flatnonzero(np.isin(block, (EARLIER_BLOCK, LATER_BLOCK, LEARNT)))
    if len(at):
        kept, of_fit = drawn(rows.take(at), seed=training.seed)
        seen = features[at[kept]]
        weight[at[kept]] = censoring.weights(weighed(of_fit, seen, seed=training.seed), seen)
        taught = np.flatnonzero(weight > 0)
        fold[taught] = folds(rows.child[taught], FOLDS, training.seed)
        hidden[taught] = context_hidden(rows.child[taught], training.seed)
    return {"weight": weight, "fold": fold, "context_hidden": hidden}


def _mark_judged(
    clock: Clock,
    tables: list[pd.DataFrame],
    parts: list[tuple[Cohort, np.ndarray]],
    judged: Judged,
) -> None:
    """Write into the tables which rows the report judges, with its weights, and the risks as said
    by whom it judges (the bundle, or its rehearsal)."""
    theirs = _keys(clock, judged.rows)
    judged_block = {LATER: AFTER, REHEARSAL: LATER_BLOCK}.get(judged.block, NOT_USED)
    for table, (rows, block) in zip(tables, parts, strict=True):
        at = theirs.get_indexer(_keys(clock, rows))
        here = (block == judged_block) & (at >= 0)
        table["judged"] = here
        table.loc[here, "judged_weight"] = judged.weight[at[here]]
        table.loc[here, "judged_risk"] = judged.risk[at[here]]
