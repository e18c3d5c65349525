"""MLflow: runs, figures, models and aliases. The only module that knows it; the service reads bundles instead.

No id and no value of a child is ever sent. Models go in as code plus the bundle's text and numbers, never pickled:
they load with MLFLOW_ALLOW_PICKLE_DESERIALIZATION=false.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from features.catalogue import NAMES

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
EXPERIMENT = "sanket"
CHAMPION = "champion"
REQUIREMENTS = ["numpy", "numba", "scipy", "lightgbm"]


def registered_name(target: str) -> str:
    """The registered model of a target: `sanket-relapse`, `sanket-non_response`."""
    return f"sanket-{target}"


def tracking_address(models: Path, asked: str | None = None) -> str:
    """Where runs are kept: what was asked for, else MLFLOW_TRACKING_URI, else mlflow.db in the models folder."""
    return asked or os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(Path(models) / 'mlflow.db').resolve()}"


@contextmanager
def run(address: str, models: Path, *, name: str, tags: Mapping[str, str]) -> Iterator[str]:
    """An MLflow run in experiment `sanket`; yields its id. Artifacts of a local store lie in the models folder."""
    import mlflow

    with _quiet():
        mlflow.set_tracking_uri(address)
        if mlflow.get_experiment_by_name(EXPERIMENT) is None:
            local = address.startswith("sqlite:")
            place = (Path(models) / "artifacts").resolve().as_uri() if local else None
            mlflow.create_experiment(EXPERIMENT, artifact_location=place)
        mlflow.set_experiment(EXPERIMENT)
        with mlflow.start_run(run_name=name, tags=dict(tags)) as started:
            yield started.info.run_id


def log(parameters: Mapping[str, object], figures: Mapping[str, float], documents: Mapping[str, object]) -> None:
    """Parameters, figures (finite ones) and documents (`name.json` → mapping, `name.html`/`.txt` → text) of the run."""
    import mlflow

    mlflow.log_params({name: str(value)[:500] for name, value in parameters.items()})
    mlflow.log_metrics({name: float(value) for name, value in figures.items() if np.isfinite(value)})
    for name, document in documents.items():
        (mlflow.log_text if isinstance(document, str) else mlflow.log_dict)(document, name)


def log_plot(name: str, figure: object) -> None:
    """A matplotlib figure of the run, as `plots/<name>.png`."""
    import mlflow

    mlflow.log_figure(figure, f"plots/{name}.png")


def log_model(bundle_folder: Path, target: str) -> str:
    """The bundle as a model with its signature, registered; returns its version in the registry."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    columns = Schema([ColSpec(DataType.double, name, required=False) for name in NAMES])
    answer = Schema([ColSpec(DataType.double, name) for name in ("risk", "risk_low", "risk_high")])
    with _quiet():
        logged = mlflow.pyfunc.log_model(
            name="bundle",
            python_model=str(Path(__file__).with_name("served_bundle.py")),
            artifacts={"bundle": str(bundle_folder)},
            signature=ModelSignature(inputs=columns, outputs=answer),
            pip_requirements=REQUIREMENTS,
            registered_model_name=registered_name(target),
        )
    return str(logged.registered_model_version)


def point_alias(address: str, target: str, model_version: str, alias: str = CHAMPION) -> None:
    """Let an alias of a target's registered model name this version."""
    from mlflow import MlflowClient

    with _quiet():
        MlflowClient(address).set_registered_model_alias(registered_name(target), alias, model_version)


@contextmanager
def _quiet() -> Iterator[None]:
    """MLflow's own deprecations and its talk on standard output are not our user's concern."""
    import logging

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
