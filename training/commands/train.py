"""`sanket train`: models trained, judged by their rehearsal, tracked, and the first one made
champion."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from features.clock import Clock
from features.trajectory.context import Context
from models.bundle import Bundle, save
from models.champion import bundles_folder, models_folder, pointer, turn
from models.targets import TARGETS
from registry.contract.errors import BadInput
from registry.contract.registry import Registry, day_date
from registry.store.loading import share_assumed_dates
from registry.store.store import open_store
from training.card import model_card
from training.checks import run_checks
from training.checks.finding import Finding
from training.cohorts.known_until import known_until
from training.evaluation.as_used import as_used
from training.evaluation.probes import known_before
from training.evaluation.run_figures import compared_figures, figures, plots
from training.evaluation.scored_rows import REHEARSAL, judging, of_learned
from training.evaluation.subgroups import groups_off
from training.fitting.age_levels import MOVED
from training.fitting.fit import Progress
from training.fitting.pipeline import Learned, learn
from training.fitting.reference_profile import of_risks
from training.metrics.compared import as_table, at_top
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
    store = open_store(address, must_exist=True)
    try:
        with store.bulk() as bulk:
            share = share_assumed_dates(bulk, known_before=until)
    finally:
        store.close()
    facts = registry.facts | {"share_assumed_dates": share}
    return known_before(replace(registry, facts=facts), until)


def train(
    address: str,
    *,
    targets: tuple[str, ...] | None = None,
    until: int | None = None,
    tracked_at: str | None = None,
    trials: int = 8,
    seed: int = 1,
    without_visits: bool = False,
    said: Progress = lambda text: None,
) -> list[dict[str, Any]]:
    """Train the targets (all where none is named) on what was known before `until` (a day number;
    by default all, the newest import among it) and track each as a run.

    A target without a champion takes its model where no check finds an issue, so that a model that
    was not shown to work (RISK017) does not answer by itself; an optional one that cannot be learnt
    is left out, unless it is asked for. `without_visits`: see `training.fitting.pipeline.learn`.
    Returns one plain mapping a target: `target`, `run_id`,
    `bundle`, `champion` (whether it answers now), `figures` (empty where `not_rehearsed` says why),
    `attrition`, `learnt` (from how much), `findings`.
    """
    models = models_folder(address)
    tracked = mlflow_runs.tracking_address(models, tracked_at)
    ask(tracked)
    registry = load_registry(address)
    until = learnt_until(registry, until)
    models.mkdir(parents=True, exist_ok=True)
    clock = Clock(as_known_before(address, registry, until))
    context = Context(clock)
    told = []
    for target in tuple(TARGETS) if targets is None else targets:
        said(f"{target}: finding the cohort")
        try:
            learned = learn(
                clock,
                TARGETS[target],
                until=until,
                seed=seed,
                trials=trials,
                said=said,
                context=context,
                without_visits=without_visits,
            )
        except BadInput as error:
            if targets is not None or not TARGETS[target].optional:
                raise
            said(f"{target} is left out: {error}")
            continue
        findings, judged = checked_and_judged(learned, clock, context, said)
        told.append(keep(learned, findings, judged, models, tracked, trials, said))
    return told


def checked_and_judged(
    learned: Learned, clock: Clock, context: Context, said: Progress
) -> tuple[list[Finding], dict[str, float]]:
    """What the checks find of a training, and its figures on the later block."""
    said(f"{learned.bundle.target}: checking")
    findings = run_checks.run(learned, clock=clock, context=context)
    return findings, figures(learned) | as_used_figures(clock, learned, said)


def learnt_until(registry: Registry, until: int | None) -> int:
    """The day (number) before which everything is learnt: the one asked for, else all that is
    known. `BadInput` TRN004 where it lies after that."""
    newest = known_until(registry)
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


def as_used_figures(clock: Clock, learned: Learned, said: Progress) -> dict[str, float]:
    """The rehearsal's figures as scored monthly from records known late; none without one."""
    if learned.not_rehearsed:
        return {}
    said(f"{learned.bundle.target}: the rehearsal as scored monthly, from records known late")
    bundle = judging(learned.bundle, REHEARSAL)
    used = as_used(clock, bundle, REHEARSAL, learned.rows)
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
