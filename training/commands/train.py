"""`sanket train`: models trained, judged by their rehearsal, tracked, and the first one made
champion."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from features.clock import Clock
from models.bundle import Bundle, save
from models.champion import bundles_folder, models_folder, pointer, turn
from models.targets import TARGETS
from registry.contract.errors import BadInput
from registry.contract.registry import Registry, day_date
from registry.engine import IN_THIS_PROCESS, Engine
from registry.store.partitions import NOW, divide, late_rows
from registry.store.store import open_store
from training.card import model_card
from training.checks import run_checks
from training.checks.finding import Finding
from training.cohorts.areas_and_days import EVERYBODY, Population
from training.cohorts.known_before import KnownBefore
from training.cohorts.known_until import known_until, newest_day
from training.evaluation.as_used import as_used
from training.evaluation.run_figures import compared_figures, figures, plots
from training.evaluation.scored_rows import REHEARSAL, judging, of_learned
from training.evaluation.subgroups import groups_off
from training.fitting.age_levels import MOVED
from training.fitting.fit import Progress
from training.fitting.pipeline import Learned, learn_from, question_of
from training.fitting.reference_profile import of_risks
from training.metrics.compared import as_table, at_top
from training.rows.at_hand import AtHand, at_hand
from training.rows.question import RowsQuestion
from training.rows.rows_folder import RowsFolder
from training.rows.store_rows import StoreRows
from training.rows.whole_registry import Records, WholeRegistry
from training.tracking import mlflow_runs, told_of_training
from training.tracking.find_bundle import remember
from training.tracking.reachable import ask

FIGURES_TABLE = "figures_of_training.json"
"""The artifact with every figure of the later block, for `mlflow.load_table`."""


@dataclass(frozen=True)
class AskedFor:
    """What a run is told besides, of a training that a file describes: `tags` and `documents`."""

    tags: dict[str, str]
    documents: dict[str, str]


def load_registry(address: str) -> Registry:
    """The whole registry of a store that must exist."""
    store = open_store(address, must_exist=True)
    try:
        return store.load()
    finally:
        store.close()


def as_known_before(address: str, registry: Registry, until: int) -> Registry:
    """The registry of a store as it was known before a day (number): what later imports brought has
    no part in it, nor in the facts told of it."""
    with closing(open_store(address, must_exist=True)) as store:
        return KnownBefore.of(store, until).cut(registry)


def train(
    address: str,
    *,
    targets: tuple[str, ...] | None = None,
    until: int | None = None,
    tracked_at: str | None = None,
    trials: int = 8,
    seed: int = 1,
    without_visits: bool = False,
    engine: Engine = IN_THIS_PROCESS,
    said: Progress = lambda text: None,
) -> list[dict[str, Any]]:
    """Train the targets (all where none is named) on what was known before `until` (a day number;
    by default all, the newest import among it) and track each as a run.

    A target without a champion takes its model where no check finds an issue, so that a model that
    was not shown to work (RISK017) does not answer by itself; an optional one that cannot be learnt
    is left out, unless it is asked for. `without_visits`: see `training.fitting.pipeline.learn`.
    A store of several parts is read part by part, by the `engine`; the models are the same to the
    bit (`training.rows`). What they learnt from is kept beside the bundles.
    Returns one plain mapping a target: `target`, `run_id`,
    `bundle`, `champion` (whether it answers now), `figures` (empty where `not_rehearsed` says why),
    `attrition`, `learnt` (from how much), `findings`.
    """
    models = models_folder(address)
    tracked = mlflow_runs.tracking_address(models, tracked_at)
    ask(tracked)
    until = until_of(address, until)
    models.mkdir(parents=True, exist_ok=True)
    names = tuple(TARGETS) if targets is None else targets
    gathered = gather(
        address,
        models,
        names,
        until=until,
        seed=seed,
        without_visits=without_visits,
        engine=engine,
        said=said,
    )
    questions, records, held = gathered.questions, gathered.records, gathered.held
    told = []
    for question in questions:
        target = question.target.name
        said(f"{target}: finding the cohort")
        try:
            learned = learn_from(records, question, trials=trials, said=said)
        except BadInput as error:
            if targets is not None or not TARGETS[target].optional:
                raise
            said(f"{target} is left out: {error}")
            continue
        findings, judged = checked_and_judged(learned, held, said)
        if isinstance(records, WholeRegistry):
            gathered.place.keep(question, learned.rows, learned.features)
        told.append(keep(learned, findings, judged, models, tracked, trials, said))
    gathered.place.tidy()
    gathered.place.supersede(questions)
    return told


def checked_and_judged(
    learned: Learned, held: AtHand, said: Progress
) -> tuple[list[Finding], dict[str, float]]:
    """What the checks find of a training, and its figures on the later block."""
    said(f"{learned.bundle.target}: checking")
    findings = run_checks.run(
        learned, clock=held.clock, context=held.context, at_hand=held.of(learned.rows)
    )
    used = as_used_figures(held.clock, learned, said, of=held.population)
    return findings, figures(learned) | used


@dataclass(frozen=True)
class Gathered:
    """What a training asks (`questions`), of whom (`records`), where it is kept (`place`), and the
    records at hand for what comes after."""

    questions: list[RowsQuestion]
    records: Records
    place: RowsFolder
    held: AtHand


def gather(
    address: str,
    models: Path,
    targets: Sequence[str],
    *,
    until: int,
    seed: int,
    without_visits: bool = False,
    engine: Engine = IN_THIS_PROCESS,
    said: Progress = lambda text: None,
) -> Gathered:
    """The records of a store as known before `until`, for the usual training of some targets: all
    in memory where the store is of one part, else part by part."""
    with closing(open_store(address, must_exist=True)) as store:
        known, parts = KnownBefore.of(store, until), len(divide(store, NOW))
    asked: dict[str, Any] = {
        "until": until,
        "recorded_until": known.recorded_until,
        "seed": seed,
        "without_visits": without_visits,
    }
    questions = [question_of(TARGETS[target], **asked) for target in targets]
    place = RowsFolder.of(address, models, questions, known)
    if parts == 1 and engine.here:
        held = at_hand(address, known, seed=seed, most=None)
        return Gathered(questions, WholeRegistry(held.clock, held.context), place, held)
    records = StoreRows(place, questions, engine=engine, said=said)
    return Gathered(questions, records, place, at_hand(address, known, seed=seed))


def until_of(address: str, until: int | None) -> int:
    """`learnt_until` of a store, of which no row is read."""
    with closing(open_store(address, must_exist=True)) as store:
        newest = newest_day(late_rows(store), store.load(children=()).recorded_until)
    return until_known(newest, until)


def learnt_until(registry: Registry, until: int | None) -> int:
    """The day (number) before which everything is learnt: the one asked for, else all that is
    known. `BadInput` TRN004 where it lies after that."""
    return until_known(known_until(registry), until)


def until_known(newest: int, until: int | None) -> int:
    """The same, of records of which `newest` is the last day that is known."""
    if until is not None and until > newest + 1:
        raise BadInput(
            "TRN004",
            f"{day_date(until)} lies after all that is known, which ends on {day_date(newest)}",
        )
    return newest + 1 if until is None else until


def _held_out_risk(learned: Learned) -> np.ndarray:
    """The calibrated out-of-fold risk of each training row."""
    line = learned.bundle.calibrator
    return 1.0 / (1.0 + np.exp(-(line.intercept + line.slope * learned.fitted.held_out.log_odds)))


def _groups_off(learned: Learned) -> list[dict[str, Any]]:
    """Groups whose risks were surely off, out-of-fold or in the rehearsal's later block, and that
    were not moved."""
    facts = learned.bundle.facts
    found: list[dict[str, Any]] = list(facts["groups_off"])
    if learned.not_rehearsed:
        return found
    moved = frozenset(level["name"] for level in facts["age_levels"] if level["found"] == MOVED)
    known = {one["group"] for one in found}
    later = groups_off(of_learned(learned), moved)
    return found + [one for one in later if one["group"] not in known]


def as_used_figures(
    clock: Clock, learned: Learned, said: Progress, *, of: Population = EVERYBODY
) -> dict[str, float]:
    """The rehearsal's figures as scored monthly from records known late; none without one. `of`:
    whose records the clock holds, where it does not hold all."""
    if learned.not_rehearsed:
        return {}
    said(f"{learned.bundle.target}: the rehearsal as scored monthly, from records known late")
    used = as_used(clock, judging(learned.bundle, REHEARSAL), REHEARSAL, learned.rows, among=of)
    return used.as_figures()


def finished(learned: Learned, findings: list[Finding], judged: dict[str, float]) -> Bundle:
    """The bundle of a training with its card and the profile of its risks, as it is saved."""
    reference = learned.bundle.reference | {"risk_deciles": of_risks(_held_out_risk(learned))}
    told = model_card.write(learned, findings=findings, figures=judged)
    facts = learned.bundle.facts | {"groups_off": _groups_off(learned)}
    return replace(learned.bundle, card=told, reference=reference, facts=facts)


def keep(
    learned: Learned,
    findings: list[Finding],
    judged: dict[str, float],
    models: Path,
    address: str,
    trials: int,
    said: Progress,
    asked: AskedFor | None = None,
) -> dict[str, Any]:
    """Save the bundle with its card, record the run, and turn the pointer where there is no
    champion yet; the model of an experiment waits for `sanket promote`."""
    bundle = save(finished(learned, findings, judged), bundles_folder(models))
    target = bundle.target
    said(f"{target}: recording the run")
    learned = replace(learned, bundle=bundle)
    all_told = judged | compared_figures(learned)
    described = told_of_training.description(learned, judged)
    tags = told_of_training.tags(bundle) | {mlflow_runs.DESCRIBED: described}
    tags |= asked.tags if asked else {}
    with mlflow_runs.run(address, models, name=f"train {target}", tags=tags) as run_id:
        found = [finding.as_dict() for finding in findings]
        mlflow_runs.log(
            told_of_training.parameters(learned, trials=trials),
            at_top(all_told),
            {"attrition.json": bundle.facts["attrition"], "checks.json": found}
            | (asked.documents if asked else {}),
        )
        mlflow_runs.log_table(run_id, FIGURES_TABLE, as_table(all_told))
        rows = told_of_training.datasets(learned)
        mlflow_runs.log_inputs(run_id, told_of_training.as_entities(rows))
        for name, figure in plots(learned).items():
            mlflow_runs.log_plot(name, figure)
        mlflow_runs.log_trials(bundle.facts.get("tried", []), tags)
        model_version = mlflow_runs.log_model(
            bundles_folder(models) / bundle.version, target, described=described
        )
    remember(models, run_id, bundle.version)
    free = asked is None and pointer(models, target) is None
    first = free and not run_checks.issues(findings)
    if first:
        turn(models, target, bundle.version)
    alias = mlflow_runs.CHAMPION if first else mlflow_runs.CHALLENGER
    mlflow_runs.point_alias(address, target, model_version, alias)
    return {
        "target": target,
        "run_id": run_id,
        "bundle": bundle.version,
        "champion": first,
        "not_rehearsed": learned.not_rehearsed,
        "figures": judged,
        "attrition": bundle.facts["attrition"],
        "learnt": told_of_training.learnt(learned),
        "findings": found,
    }
