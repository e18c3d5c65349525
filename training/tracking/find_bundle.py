"""Finding a bundle: by its version in the models folder, or by the MLflow run that made it."""

from __future__ import annotations

import json
from pathlib import Path

from models.champion import bundles_folder
from registry.contract.errors import BadInput, Refused
from training.tracking import mlflow_runs

RUNS = "runs.jsonl"
"""In the models folder: which bundle each run of this folder made, one line a run."""


def remember(models: Path, run_id: str, bundle: str) -> None:
    """Keep which bundle a run made, so that its id is known here wherever it was tracked."""
    with (Path(models) / RUNS).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"run": run_id, "bundle": bundle}) + "\n")


def remembered(models: Path, run_id: str) -> str | None:
    """The bundle that a run of this folder made; None where the run is of another."""
    try:
        lines = (Path(models) / RUNS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    made = {one["run"]: one["bundle"] for one in map(json.loads, lines)}
    found: str | None = made.get(run_id)
    return found


def find_bundle(models: Path, asked: str, *, tracked: str) -> Path:
    """The directory of a bundle: `asked` is a version, a directory, or an MLflow run id.

    A run of another machine keeps its bundle among MLflow's artifacts: it is fetched into the
    models folder, whole or not at all. `BadInput` (EVA001) where there is none; `Refused` (PRM007)
    where the run's model only competed and was not kept.
    """
    known = remembered(models, asked) or asked
    for place in (bundles_folder(models) / known, Path(asked)):
        if (place / "manifest.json").exists():
            return place
    version = mlflow_runs.bundle_of_run(tracked, asked)
    if version is None:
        if why := mlflow_runs.competes_only(tracked, asked):
            raise Refused("PRM007", competed(asked, why))
        raise BadInput(
            "EVA001",
            f"no bundle and no run is called {asked}: see {bundles_folder(models)} and {tracked}",
        )
    place = bundles_folder(models) / version
    if not (place / "manifest.json").exists():
        mlflow_runs.fetch_bundle(tracked, asked, place)
    return place


def competed(name: str, why: str) -> str:
    """Why a model may not answer, as a message."""
    return (
        f"{name} only competes: {why}. Nothing was changed (docs/data-scientist.md says what may "
        "answer)"
    )
