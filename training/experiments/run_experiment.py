"""`sanket train --experiment`: the training that a file describes, once for each of its seeds.

A model that a bundle can hold is kept as any other and waits for `sanket promote`. One that none
can (somebody else's estimator, columns of one's own, another horizon) competes: it is judged here
by the report of `sanket evaluate`, beside the champion on the same rows, and is not kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from features.clock import Clock
from features.trajectory.context import Context
from models.bundle import Bundle
from models.champion import champion, models_folder
from models.targets import Target
from registry.contract.registry import Registry, day_date
from registry.privacy import identity_key
from registry.store.loading import family_texts
from registry.store.store import open_store
from training.commands.evaluate import FIGURES_TABLE as REPORT_TABLE
from training.commands.evaluate import flat, made_for, plain, reported
from training.commands.train import FIGURES_TABLE as TRAINING_TABLE
from training.commands.train import (
    AskedFor,
    as_known_before,
    as_used_figures,
    checked_and_judged,
    keep,
    learnt_until,
)
from training.evaluation.challenge import challenge, sentence
from training.evaluation.run_figures import compared_figures, figures, plots
from training.experiments.experiment_file import Experiment, read
from training.experiments.own_tables import FamilyCodes
from training.experiments.shorter_horizon import asked_within
from training.fitting.fit import Progress
from training.fitting.pipeline import Learned, learn
from training.metrics.compared import as_table, at_top
from training.report.one_model import tell
from training.report.report_page import assemble, draw
from training.rows.at_hand import AtHand
from training.tracking import mlflow_runs, told_of_training
from training.tracking.reachable import ask

EXPERIMENT_FILE = "experiment.toml"
"""The artifact of a run with the file that asked for it."""
COMPETED = "challengers"
"""In the models folder: the reports of models that only competed."""


def run_experiment(
    address: str,
    file: Path,
    *,
    tracked_at: str | None = None,
    said: Progress = lambda text: None,
) -> list[dict[str, Any]]:
    """One plain mapping a seed, as `training.commands.train.train` gives; besides `seed`,
    `experiment` and `benchmark_only` (why it may not answer; empty where it may), and of a model
    that competed `report` (a path), `beside_champion` (a sentence), and no `bundle`.

    `BadInput` TRN020 to TRN023 where the file or an estimator is at fault, TRN004 where `until`
    lies after all that is known.
    """
    models = models_folder(address)
    tracked = mlflow_runs.tracking_address(models, tracked_at)
    ask(tracked)
    said("reading the registry")
    registry, families = loaded(address)
    asked = read(Path(file), registry, families)
    until = learnt_until(registry, asked.until)
    models.mkdir(parents=True, exist_ok=True)
    registry = replace(registry, beside=asked.own)
    clock = Clock(as_known_before(address, registry, until))
    context, told = Context(clock), []
    with asked_within(asked.target, asked.horizon) as target:
        for seed in asked.seeds:
            learned = taught(clock, context, target, asked, until=until, seed=seed, said=said)
            found = (
                _compete(Clock(registry), clock, learned, asked, models, tracked, said)
                if asked.in_memory
                else _keep(clock, context, learned, asked, models, tracked, said)
            )
            told.append(found | {"experiment": asked.name, "seed": seed})
    return told


def taught(
    clock: Clock,
    context: Context,
    target: Target,
    asked: Experiment,
    *,
    until: int,
    seed: int,
    said: Progress,
) -> Learned:
    """The training of one seed of an experiment, before a day (number); its bundle knows the
    experiment, and why it may not answer."""
    learned = learn(
        clock,
        target,
        until=until,
        seed=seed,
        trials=asked.trials,
        said=said,
        context=context,
        plan=asked.plan_of(seed),
    )
    facts = learned.bundle.facts | {"experiment": asked.name}
    if asked.benchmark_only:
        facts["benchmark_only"] = list(asked.benchmark_only)
    return replace(learned, bundle=replace(learned.bundle, facts=facts))


def loaded(address: str) -> tuple[Registry, FamilyCodes]:
    """The whole registry of a store, and the positions of its families' codes."""
    store = open_store(address, must_exist=True)
    try:
        with store.reading() as bulk:
            codes = family_texts(bulk)
        return store.load(), FamilyCodes(codes, identity_key(store.url))
    finally:
        store.close()


def _told_besides(asked: Experiment) -> AskedFor:
    tags = {"experiment": asked.name, "estimator": asked.kind}
    if asked.benchmark_only:
        tags[mlflow_runs.BENCHMARK_ONLY] = "; ".join(asked.benchmark_only)
    return AskedFor(tags, {EXPERIMENT_FILE: asked.text})


def _keep(
    clock: Clock,
    context: Context,
    learned: Learned,
    asked: Experiment,
    models: Path,
    tracked: str,
    said: Progress,
) -> dict[str, Any]:
    """A model that a bundle holds: checked, saved and recorded as any other."""
    findings, judged = checked_and_judged(learned, AtHand(clock, context), said)
    besides = _told_besides(asked)
    told = keep(learned, findings, judged, models, tracked, asked.trials, said, besides)
    return told | {"benchmark_only": list(asked.benchmark_only)}


def _compete(
    clock: Clock,
    known_then: Clock,
    learned: Learned,
    asked: Experiment,
    models: Path,
    tracked: str,
    said: Progress,
) -> dict[str, Any]:
    """A model that none holds: judged by the report on all records, beside the champion, and
    recorded; `known_then`: the records that it learnt from."""
    context = Context(clock)
    named = hashlib.sha256(f"{asked.text}{learned.bundle.facts}".encode()).hexdigest()[:16]
    bundle = replace(learned.bundle, version=named)
    report = tell(clock, bundle, context=context, said=said)
    page = assemble(
        [report],
        [draw(report)],
        registry_facts=clock.registry.facts,
        made_for=made_for(clock.registry, len(clock.registry.child_ids)),
        records_until=day_date(clock.registry.recorded_until).isoformat(),
    )
    place = models / COMPETED / named / "report.html"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(page, encoding="utf-8")
    beside, compared = _beside_champion(clock, context, bundle, asked.target, models)
    judged = figures(learned) | as_used_figures(known_then, learned, said)
    figures_of_report = flat(report.figures)
    documents = {
        "report.html": page,
        "attrition.json": bundle.facts["attrition"],
        "challenge.json": compared or {"not_compared": beside},
        "figures.json": plain(report.figures),
    }
    told = judged | compared_figures(learned)
    tables = {TRAINING_TABLE: as_table(told), REPORT_TABLE: as_table(figures_of_report)}
    run_id = _record(
        replace(learned, bundle=bundle),
        asked,
        models,
        tracked,
        at_top(told) | reported(figures_of_report),
        documents,
        tables,
    )
    return {
        "target": bundle.target,
        "run_id": run_id,
        "bundle": None,
        "champion": False,
        "not_rehearsed": learned.not_rehearsed,
        "figures": judged,
        "attrition": bundle.facts["attrition"],
        "learnt": told_of_training.learnt(learned),
        "findings": [],
        "benchmark_only": list(asked.benchmark_only),
        "report": str(place),
        "beside_champion": beside,
    }


def _beside_champion(
    clock: Clock, context: Context, bundle: Bundle, target: Target, models: Path
) -> tuple[str, dict[str, Any] | None]:
    """The comparison with the champion as a sentence and as JSON values; or why there is none."""
    if bundle.target != target.name:
        return "another horizon than the champion's: their figures are not of the same events", None
    other = champion(models, target.name, rehearsal=True)
    if other is None:
        return "there is no champion yet", None
    told = challenge(clock, bundle, other, context=context)
    return (told, None) if isinstance(told, str) else (sentence(told), told.as_dict())


def _record(
    learned: Learned,
    asked: Experiment,
    models: Path,
    tracked: str,
    judged: dict[str, float],
    documents: dict[str, Any],
    tables: dict[str, pd.DataFrame],
) -> str:
    """A run of a model that competed; returns its id."""
    besides, bundle = _told_besides(asked), learned.bundle
    tags = told_of_training.tags(bundle) | besides.tags | {"kind": "challenger"}
    del tags["bundle"]
    counted = told_of_training.counts(learned) | {"trials": asked.trials}
    name = f"challenger {bundle.target}: {asked.name}"
    with mlflow_runs.run(tracked, models, name=name, tags=tags) as run_id:
        mlflow_runs.log(counted, judged, documents | besides.documents)
        for table, told in tables.items():
            mlflow_runs.log_table(run_id, table, told)
        rows = told_of_training.datasets(learned)
        mlflow_runs.log_inputs(run_id, told_of_training.as_entities(rows))
        for plot, figure in plots(learned).items():
            mlflow_runs.log_plot(plot, figure)
        mlflow_runs.log_trials(bundle.facts.get("tried", []), tags)
    return run_id
