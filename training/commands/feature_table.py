"""`sanket features`: the landmark rows of a target as pandas reads them, with the features that a
bundle sees and the part that each row played in its training and in its report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

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
from registry.contract.arrays import Days, Flags, Floats, Ints, Texts
from registry.contract.errors import BadInput
from registry.contract.registry import day_number
from training.cohorts import censoring
from training.cohorts.areas_and_days import EVERYBODY, Population
from training.cohorts.case_cohort import drawn
from training.cohorts.known_until import known_until
from training.cohorts.landmarks import Cohort, before_split, cohort
from training.commands.train import load_registry
from training.evaluation.challenge import is_home
from training.evaluation.row_keys import told_apart
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
from training.rows.kept_rows import dates, landmark_columns
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

LEARNT_BLOCKS = (EARLIER_BLOCK, LATER_BLOCK, LEARNT)
TODAY_SEED = 1
"""Of the lots and folds where no bundle says them."""


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
        until, registry = known_until(clock.registry) + 1, clock.registry
        labels_before = today_labels_before(until, registry.recorded_until)
        rows = today_rows(clock, target, until, labels_before)
        refuse_none(target, len(rows.index))
        priors = (
            population_priors(clock, rows)
            if target.indexes_repeat
            else registry_priors(clock, until=until)
        )
        return cls(
            target,
            priors,
            until,
            labels_before,
            first_later_day(rows.outcomes.index_on[rows.index]),
            TODAY_SEED,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # A target holds read-only mappings, which do not pickle; every process knows it by name.
        told = self.priors, self.until, self.labels_before, self.later_from, self.seed
        return _training, (self.target.name, *told, self.bundle, self.population)


def _training(name: str, *told: Any) -> Training:
    return Training(TARGETS[name], *told)


def today_labels_before(until: int, recorded_until: int) -> int:
    """Before which day (number) the labels of a training of today end, of all that is known before
    the day `until`."""
    return min(until, recorded_until + 1)


def today_rows(clock: Clock, target: Target, until: int, labels_before: int) -> Cohort:
    """The rows that a training of today learns from, before any lot."""
    rows = cohort(clock, target, cutoff=until - 1)
    return rows.take(np.flatnonzero(before_split(rows, labels_before)))


def refuse_none(target: Target, rows: int) -> None:
    """Raise BadInput TRN001 where there is nothing to learn from."""
    if not rows:
        raise BadInput("TRN001", f"{target.name}: no index has its whole label in the records")


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

    `bundle`: see `bundle_of`; where there is none the rows are cut, and the priors estimated, as a
    training of today would.
    """
    found = bundle_of(address, target, bundle, tracked_at)
    said("reading the registry")
    clock = Clock(load_registry(address))
    training = (
        Training.of_today(clock, TARGETS[target]) if found is None else Training.of_bundle(found)
    )
    return table_of(clock, training, said=said)


def bundle_of(
    address: str, target: str, bundle: str | None, tracked_at: str | None = None
) -> Bundle | None:
    """The bundle of a version or a run's id; the target's champion where none is named, None where
    there is none. `BadInput` EVA001 where there is no such bundle, BUN010 where it is another
    target's."""
    models = models_folder(address)
    if bundle is None:
        found = champion(models, target, rehearsal=True)
    else:
        tracked = tracking_address(models, tracked_at)
        found = load(find_bundle(models, bundle, tracked=tracked), rehearsal=True)
    if found is not None and found.target != target:
        raise BadInput("BUN010", f"bundle {found.version} is for {found.target}, not for {target}")
    return found


def table_of(
    clock: Clock, training: Training, *, said: Progress = lambda text: None
) -> pd.DataFrame:
    """The table of a training on a registry.

    Children are numbered anew (`child`), so that rows of one child can be kept together; no id
    leaves the store.
    """
    context = Context(clock)
    parts = cut(clock, training, until=known_until(clock.registry))
    said(f"{sum(len(rows.index) for rows, _ in parts)} rows")
    tables = []
    for rows, block in parts:
        table = asked_table(clock, training, rows, block, context)
        if len(at := np.flatnonzero(np.isin(block, LEARNT_BLOCKS))):
            features = table[list(NAMES)].to_numpy()[at]
            mark_fitted(table, at, in_fit(rows.take(at), features.__getitem__, training.seed))
        tables.append(table)
    bundle = training.bundle
    if bundle is not None and not not_judged(clock, bundle):
        said("the rows that the report judges")
        marks = JudgedMarks.of(judged_rows(clock, bundle, context=context))
        for table, (rows, _) in zip(tables, parts, strict=True):
            marks.write(table, rows.child)
    whole = pd.concat([table for table in tables if len(table)], ignore_index=True)
    whole["child"] = pd.factorize(whole["child"])[0]
    return whole


def cut(
    clock: Clock, training: Training, *, until: int, position: Days | None = None
) -> list[tuple[Cohort, Texts]]:
    """(rows, block of each): those that the bundle learnt from, with outcomes as known then, and
    all others, with outcomes as known by the end of the day `until`; `position`: of each child in
    the whole registry, where the records are a part's."""
    every = cohort(clock, training.target, cutoff=until)
    if training.bundle is not None and not is_home(clock, training.bundle):
        return [(every, np.full(len(every.index), NOT_USED, object))]
    learnt = _learnt(clock, training)
    placed = learnt if position is None else replace(learnt, child=position[learnt.child])
    earlier, later = blocks(placed, training.later_from)
    block = np.select([earlier, later], [EARLIER_BLOCK, LATER_BLOCK], LEARNT).astype(object)
    others = every.take(np.flatnonzero(~_keys(clock, every).isin(_keys(clock, learnt))))
    late = (others.day >= training.until) & training.population.judged(clock, others)
    after = np.where(late, AFTER, NOT_USED).astype(object)
    return [(learnt, block), (others, after)]


def _learnt(clock: Clock, training: Training) -> Cohort:
    """The rows of the fit, before any lot."""
    if training.bundle is not None:
        return learnt_from(clock, training.bundle)
    return today_rows(clock, training.target, training.until, training.labels_before)


def _keys(clock: Clock, rows: Cohort) -> pd.MultiIndex:
    """Child, stay, index and landmark of each row: the same row has the same key at any cutoff."""
    found, of = rows.outcomes, rows.index
    stays, at = clock.registry.episodes["episode"], found.episode[of]
    # Who was never treated can waste: some records have no stay at all.
    stay = np.where(at < 0, -1, stays[at]) if len(stays) else np.full(len(at), -1)
    return pd.MultiIndex.from_arrays([rows.child, stay, found.index_on[of], rows.landmark])


def asked_table(
    clock: Clock, training: Training, rows: Cohort, block: Texts, context: Context
) -> pd.DataFrame:
    """The table of some rows, as if they had no part in the fit and the report."""
    bundle, many = training.bundle, len(rows.index)
    matrices, why = [np.empty((0, len(NAMES)))], [np.zeros(0, np.int8)]
    for traced, matrix in as_of_traced(
        clock, rows.child, rows.day, priors=training.priors, context=context
    ):
        matrices.append(matrix)
        why.append(abstains(training.target, traced, matrix))
    features, abstained = np.concatenate(matrices), np.concatenate(why)
    risk = np.full(many, np.nan)
    if bundle is not None:
        asked = np.flatnonzero(abstained == 0)
        risk[asked] = 1.0 / (1.0 + np.exp(-bundle.log_odds(features[asked])))
    head = {
        "child": rows.child,
        **landmark_columns(rows),
        "block": block,
        "weight": np.zeros(many),
        "fold": np.full(many, -1),
        "context_hidden": np.zeros(many, bool),
        "why_not": np.array(WHY_NOT, object)[abstained],
        "risk": risk,
        "judged": np.zeros(many, bool),
        "judged_weight": np.full(many, np.nan),
        "judged_risk": np.full(many, np.nan),
    }
    return pd.DataFrame(head | dict(zip(NAMES, features.T, strict=True)))


class InFit(NamedTuple):
    """Of the rows of a fit (n,): each one's `weight`, `fold` (-1: none) and `context_hidden`."""

    weight: Floats
    fold: Ints
    context_hidden: Flags

    def some(self, first: int, before: int) -> InFit:
        """Of the rows from one position up to another."""
        of = slice(first, before)
        return InFit(self.weight[of], self.fold[of], self.context_hidden[of])


def in_fit(learnt: Cohort, features: Callable[[Ints], Floats], seed: int) -> InFit:
    """As the fit had the rows that were learnt from; `features` of some of them (positions)."""
    many = len(learnt.index)
    weight, fold, hidden = np.zeros(many), np.full(many, -1), np.zeros(many, bool)
    kept, of_fit = drawn(learnt, seed=seed)
    seen = features(kept)
    weight[kept] = censoring.weights(weighed(of_fit, seen, seed=seed), seen)
    taught = np.flatnonzero(weight > 0)
    fold[taught] = folds(learnt.child[taught], FOLDS, seed)
    hidden[taught] = context_hidden(learnt.child[taught], seed)
    return InFit(weight, fold, hidden)


def mark_fitted(table: pd.DataFrame, at: Ints, found: InFit) -> None:
    """Write into a table what the fit had of its rows at these positions."""
    for name, values in found._asdict().items():
        column = table[name].to_numpy(copy=True)
        column[at] = values
        table[name] = column


@dataclass(frozen=True)
class JudgedMarks:
    """The rows that a report judges, by `keys`: which block of the table they are of, with the
    report's weights, and the risks as said by whom it judges (the bundle, or its rehearsal)."""

    block: str
    keys: pd.MultiIndex
    weight: Floats
    risk: Floats

    @classmethod
    def of(cls, judged: Judged) -> JudgedMarks:
        """Of judged rows."""
        rows = judged.rows
        index_on = dates(rows.outcomes.index_on[rows.index])
        block = {LATER: AFTER, REHEARSAL: LATER_BLOCK}.get(judged.block, NOT_USED)
        keys = told_apart(rows.child, index_on, rows.landmark)
        return cls(block, keys, judged.weight, judged.risk)

    def write(self, table: pd.DataFrame, child: Days) -> None:
        """Write them into a table, all of whose rows of one child and block are there; `child`:
        position of each row's in the whole registry."""
        of_block = np.flatnonzero(table["block"] == self.block)
        some = table.iloc[of_block]
        keys = told_apart(
            child[of_block], some["index_on"].to_numpy(), some["landmark_day"].to_numpy()
        )
        at = self.keys.get_indexer(keys)
        here, at = of_block[at >= 0], at[at >= 0]
        for name, values in (("judged", True), ("judged_weight", self.weight[at])):
            column = table[name].to_numpy(copy=True)
            column[here] = values
            table[name] = column
        risk = table["judged_risk"].to_numpy(copy=True)
        risk[here] = self.risk[at]
        table["judged_risk"] = risk
