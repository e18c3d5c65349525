"""`sanket train --again`: last month's model once more, from its run in MLflow alone, although the
store has had new imports since.

The run says what was asked for (target, day, seed, trials, the file of an experiment); the store,
what was known before that day. The bundle must come out the same, to the bit.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.clock import Clock
from features.trajectory.context import Context
from models.bundle import save
from models.champion import bundles_folder, models_folder
from models.definition import made_with
from registry.contract.errors import BadInput, Refused
from registry.contract.registry import day_number
from registry.store.store import open_store
from training.commands.train import (
    as_known_before,
    checked_and_judged,
    finished,
    gather,
    learnt_until,
    load_registry,
    until_of,
)
from training.experiments.experiment_file import read
from training.experiments.run_experiment import EXPERIMENT_FILE, taught
from training.fitting.fit import Progress
from training.fitting.pipeline import Learned, learn_from
from training.rows.at_hand import AtHand
from training.tracking import mlflow_runs, told_of_training
from training.tracking.find_bundle import remember
from training.tracking.reachable import ask


@dataclass(frozen=True)
class Recipe:
    """What a run was asked for: `until` a day number; `experiment`: the text of its file, None for
    the usual training; and the `bundle` that came of it, by the `commit` and `package` of then."""

    run_id: str
    target: str
    bundle: str
    store: str
    until: int
    seed: int
    trials: int
    without_visits: bool
    experiment: str | None
    commit: str
    package: str


def recipe(tracked: str, asked: str) -> Recipe:
    """The recipe of a run (its id, or the version of the bundle that it made). `BadInput` TRN025
    where there is no such run, or none that made a bundle."""
    run_id = mlflow_runs.run_of_bundle(tracked, asked) or asked
    told = mlflow_runs.told(tracked, run_id)
    if told is None:
        raise BadInput("TRN025", f"MLflow knows no run {asked}, and none that made such a bundle")
    tags, parameters = told["tags"], told["parameters"]
    missing = [name for name in ("until", "seed", "trials") if name not in parameters]
    if "bundle" not in tags or missing:
        raise BadInput(
            "TRN025",
            f"run {run_id} kept no bundle, so there is nothing to make again "
            f"({told['name']}): name the run of a training that did",
        )
    file = mlflow_runs.document(tracked, run_id, EXPERIMENT_FILE) if "experiment" in tags else None
    return Recipe(
        run_id,
        tags["target"],
        tags["bundle"],
        tags["store"],
        day_number(parameters["until"]),
        int(parameters["seed"]),
        int(parameters["trials"]),
        parameters.get("without_visits") == "True",
        file,
        tags.get("commit", "not known"),
        tags["package"],
    )


def train_again(
    address: str,
    asked: str,
    *,
    tracked_at: str | None = None,
    said: Progress = lambda text: None,
) -> dict[str, Any]:
    """Train what a run says, on what was known before its day, and compare the bundles: `target`,
    `run_id`, `bundle`. The bundle is kept beside the store; MLflow gets no second run.

    `BadInput` TRN025 where the run is not known or learnt from another store, TRN004 where its day
    lies after all that this one knows; `Refused` TRN026 where another bundle came out.
    """
    models = models_folder(address)
    tracked = mlflow_runs.tracking_address(models, tracked_at)
    ask(tracked)
    wanted = recipe(tracked, asked)
    said("reading the registry")
    with closing(open_store(address, must_exist=True)) as store:
        if store.facts()["registry_id"] != wanted.store:
            raise BadInput(
                "TRN025", f"run {wanted.run_id} learnt from another store than {address}"
            )
    learned, held = _learned(address, models, wanted, said)
    findings, judged = checked_and_judged(learned, held, said)
    bundle = save(finished(learned, findings, judged), bundles_folder(models))
    if bundle.version != wanted.bundle:
        raise Refused("TRN026", _differs(bundle.version, wanted))
    remember(models, wanted.run_id, bundle.version)
    return {"target": wanted.target, "run_id": wanted.run_id, "bundle": bundle.version}


def _learned(address: str, models: Path, wanted: Recipe, said: Progress) -> tuple[Learned, AtHand]:
    """The training of a run once more, and the records at hand after it."""
    if wanted.experiment is None:
        until = until_of(address, wanted.until)
        how: dict[str, Any] = {"seed": wanted.seed, "without_visits": wanted.without_visits}
        found = gather(address, models, [wanted.target], until=until, said=said, **how)
        learned = learn_from(found.records, found.questions[0], trials=wanted.trials, said=said)
        found.place.tidy()
        return learned, found.held
    registry = load_registry(address)
    clock = Clock(as_known_before(address, registry, learnt_until(registry, wanted.until)))
    context = Context(clock)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, EXPERIMENT_FILE)
        file.write_text(wanted.experiment, encoding="utf-8")
        asked = read(file, registry)
    learned = taught(
        clock, context, asked.target, asked, until=wanted.until, seed=wanted.seed, said=said
    )
    return learned, AtHand(clock, context)


def _differs(version: str, wanted: Recipe) -> str:
    """Why another bundle came out, as far as can be told."""
    now = told_of_training.commit().get("commit", "not known"), made_with()["package"]
    why = (
        f"the program is another: commit {now[0]}, package {now[1]}; then {wanted.commit}, "
        f"{wanted.package}"
        if now != (wanted.commit, wanted.package)
        else "of the same program: a child was forgotten, or an import of that very day came after"
    )
    return (
        f"bundle {version} came out and not {wanted.bundle} of run {wanted.run_id} ({why}). It is "
        "kept beside the store, and answers to nobody"
    )
