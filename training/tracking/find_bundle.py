"""Finding a bundle: by its version in the models folder, or by the MLflow run that made it."""

from __future__ import annotations

from pathlib import Path

from models.champion import bundles_folder
from registry.contract.errors import BadInput
from training.tracking import mlflow_runs


def find_bundle(models: Path, asked: str, *, tracked: str) -> Path:
    """The directory of a bundle: `asked` is a version, a directory, or an MLflow run id.

    A run of another machine keeps its bundle among MLflow's artifacts: it is fetched into the
    models folder, whole or not at all. `BadInput` (EVA001) where there is none.
    """
    for place in (bundles_folder(models) / asked, Path(asked)):
        if (place / "manifest.json").exists():
            return place
    version = mlflow_runs.bundle_of_run(tracked, asked)
    if version is None:
        raise BadInput(
            "EVA001",
            f"no bundle and no run is called {asked}: see {bundles_folder(models)} and {tracked}",
        )
    place = bundles_folder(models) / version
    if not (place / "manifest.json").exists():
        mlflow_runs.fetch_bundle(tracked, asked, place)
    return place
