"""MLflow: runs, figures, models and aliases. The only module that knows it; the service reads
bundles instead.

No id and no value of a child is ever sent. Models go in as code plus the bundle's text and numbers,
never pickled: they load with MLFLOW_ALLOW_PICKLE_DESERIALIZATION=false.
"""

from __future__ import annotations

import base64
import os
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.tracking.local_store import KEPT_IN, artifacts_beside, bring_home, database_file
from training.tracking.reachable import answers, ask
from training.tracking.travelling_model import log_travelling_model

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities import Run

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# A server's run ends with two links on standard output, where `--json` has its one document.
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
EXPERIMENT = "sanket"
CHAMPION, CHALLENGER = "champion", "challenger"
DESCRIBED = "mlflow.note.content"
"""The tag that MLflow shows as a run's description."""


def registered_name(target: str) -> str:
    """The registered model of a target: `sanket-relapse`, `sanket-non_response`."""
    return f"sanket-{target}"


def tracking_address(models: Path, asked: str | None = None) -> str:
    """Where runs are kept: what was asked for, else MLFLOW_TRACKING_URI, else mlflow.db in the
    models folder."""
    return (
        asked
        or os.environ.get("MLFLOW_TRACKING_URI")
        or f"sqlite:///{(Path(models) / 'mlflow.db').resolve()}"
    )


@contextmanager
def run(
    address: str, models: Path, *, name: str, tags: Mapping[str, str], parent: str | None = None
) -> Iterator[str]:
    """An MLflow run in experiment `sanket`; yields its id. Artifacts of a local store lie beside
    its file.

    Under `mlflow run` the project has a run already, in its own experiment; ours names it in the
    tag `project_run`. `parent`: the id of the run under which MLflow shows this one.
    """
    import mlflow

    with _quiet(), _beside_the_project() as of_project:
        _open(address)
        if mlflow.get_experiment_by_name(EXPERIMENT) is None:
            file = database_file(address)
            mlflow.create_experiment(
                EXPERIMENT,
                artifact_location=artifacts_beside(file) if file else None,
                tags={KEPT_IN: str(file)} if file else {},
            )
        mlflow.set_experiment(EXPERIMENT)
        under = {} if parent is None else {"mlflow.parentRunId": parent}
        with mlflow.start_run(run_name=name, tags={**tags, **of_project, **under}) as started:
            yield started.info.run_id


def _open(address: str) -> None:
    """Make this address MLflow's, its artifacts' paths turned where the store was moved.

    MLflow also writes the address into the environment, where `tracking_address` would take it for
    what somebody asked for the next store.
    """
    import mlflow

    bring_home(address, EXPERIMENT)
    asked = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(address)
    if asked is None:
        os.environ.pop("MLFLOW_TRACKING_URI", None)
    else:
        os.environ["MLFLOW_TRACKING_URI"] = asked


@contextmanager
def _beside_the_project() -> Iterator[dict[str, str]]:
    """Hide the run that `mlflow run` opened, which MLflow would otherwise continue; yields the tag
    that names it."""
    project = os.environ.pop("MLFLOW_RUN_ID", None)
    try:
        yield {} if project is None else {"project_run": project}
    finally:
        if project is not None:
            os.environ["MLFLOW_RUN_ID"] = project


TRIAL = {"kind": "trial"}
BENCHMARK_ONLY = "benchmark_only"
"""The tag that says why the model of a run may not answer."""
NOT_IN_A_NAME = re.compile(r"[^\w\-. :/]", re.ASCII)


def log(
    parameters: Mapping[str, object], figures: Mapping[str, float], documents: Mapping[str, Any]
) -> None:
    """Parameters, figures (finite ones) and documents (`name.json` → mapping, `name.html`/`.txt` →
    text) of the run."""
    import mlflow

    mlflow.log_params({name: str(value)[:500] for name, value in parameters.items()})
    # MLflow refuses a whole batch for one name with, say, a comma.
    named = {
        NOT_IN_A_NAME.sub("", name): float(value)
        for name, value in figures.items()
        if np.isfinite(value)
    }
    mlflow.log_metrics(named)
    for name, document in documents.items():
        if isinstance(document, str):
            mlflow.log_text(document, name)
        else:
            mlflow.log_dict(document, name)


def log_table(run_id: str, name: str, table: pd.DataFrame) -> None:
    """A table of the present run as an artifact that `mlflow.load_table` reads, in place of the one
    that had its name."""
    import mlflow

    if name in {one.path for one in mlflow.MlflowClient().list_artifacts(run_id)}:
        # MLflow itself would add the rows to those of the last time.
        mlflow.log_text(table.to_json(orient="split", index=False), name)
    else:
        mlflow.log_table(table, name)


def log_trials(tried: list[dict[str, float]], tags: Mapping[str, str]) -> None:
    """Each trial of the tuning as a child of the present run: its settings, and its held-out
    `log_loss`. Their kind is `trial`, so that lists of trainings can leave them out."""
    import mlflow

    of_target = {"target": tags["target"]}
    for number, one in enumerate(tried, 1):
        settings = {name: value for name, value in one.items() if name != "log_loss"}
        with mlflow.start_run(run_name=f"trial {number}", nested=True, tags=TRIAL | of_target):
            mlflow.log_params(settings)
            mlflow.log_metric("log_loss", one["log_loss"])


def log_inputs(run_id: str, datasets: list[dict[str, str]]) -> None:
    """The datasets of `told_of_training.as_entities` as inputs of a run."""
    from mlflow import MlflowClient
    from mlflow.entities import Dataset, DatasetInput, InputTag

    inputs = [
        DatasetInput(
            Dataset(one["name"], one["digest"], "code", one["source"], profile=one["profile"]),
            [InputTag("mlflow.data.context", one["context"])],
        )
        for one in datasets
    ]
    MlflowClient().log_inputs(run_id, inputs)


def log_plot(name: str, figure: object) -> None:
    """A matplotlib figure of the run, as `plots/<name>.png`."""
    import mlflow

    mlflow.log_figure(figure, f"plots/{name}.png")


def log_drawn(name: str, drawn: str) -> None:
    """A plot of the run as a page has it, inline SVG or an inline PNG: as `plots/<name>.svg` or
    `.png`."""
    import mlflow

    if drawn.startswith("<svg"):
        mlflow.log_text(drawn, f"plots/{name}.svg")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{name}.png")
        path.write_bytes(base64.b64decode(drawn.rpartition("base64,")[2].rstrip('">')))
        mlflow.log_artifact(str(path), "plots")


def log_model(bundle_folder: Path, target: str, *, described: str = "") -> str:
    """The bundle as a model that travels, registered and described; returns its version in the
    registry."""
    from mlflow import MlflowClient

    name = registered_name(target)
    with _quiet():
        logged = log_travelling_model(bundle_folder, registered_as=name)
        version = str(logged.registered_model_version)
        if described:
            client = MlflowClient()
            client.update_model_version(name, version, described)
            client.update_registered_model(
                name,
                f"Sanket's model of {target.replace('_', ' ')}. `{CHAMPION}` answers; "
                f"`{CHALLENGER}` is the newest that does not.",
            )
    return version


def point_alias(address: str, target: str, model_version: str, alias: str = CHAMPION) -> None:
    """Let an alias of a target's registered model name this version."""
    from mlflow import MlflowClient

    with _quiet():
        MlflowClient(address).set_registered_model_alias(
            registered_name(target), alias, model_version
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """MLflow's own deprecations and its talk on standard output are not our user's concern."""
    import logging

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def bundle_of_run(address: str, run_id: str) -> str | None:
    """The version of the bundle that a run made; None where the run is not known or made none."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    ask(address)
    with _quiet():
        try:
            return MlflowClient(address).get_run(run_id).data.tags.get("bundle")
        except MlflowException:
            return None


def trainings(address: str, target: str) -> list[dict[str, Any]]:
    """Every finished training of a target, the newest first: `run_id`, `name`, and `tags`,
    `parameters` and `figures` by name. Trials, backtests and forecasts are left out."""
    from mlflow import MlflowClient

    ask(address)
    with _quiet():
        client = MlflowClient(address)
        experiment = client.get_experiment_by_name(EXPERIMENT)
        if experiment is None:
            return []
        found = client.search_runs(
            [experiment.experiment_id],
            f"tags.target = '{target}' AND attributes.status = 'FINISHED'",
            order_by=["attributes.start_time DESC"],
        )
    return [_told(one) for one in found if one.data.tags.get("kind") in (None, "challenger")]


def _told(one: Run) -> dict[str, Any]:
    return {
        "run_id": one.info.run_id,
        "name": one.info.run_name,
        "tags": dict(one.data.tags),
        "parameters": dict(one.data.params),
        "figures": dict(one.data.metrics),
    }


def told(address: str, run_id: str) -> dict[str, Any] | None:
    """What a run tells, in the form of `trainings`; None where it is not known."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    with _quiet():
        try:
            return _told(MlflowClient(address).get_run(run_id))
        except MlflowException:
            return None


def document(address: str, run_id: str, name: str) -> str:
    """A text among the artifacts of a run."""
    import mlflow

    with _quiet():
        _open(address)
        text: str = mlflow.artifacts.load_text(f"runs:/{run_id}/{name}")
    return text


def competes_only(address: str, run_id: str) -> str | None:
    """Why the model of a run may only compete, in words; None where the run is not known or says
    nothing of it."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    with _quiet():
        try:
            return MlflowClient(address).get_run(run_id).data.tags.get(BENCHMARK_ONLY)
        except MlflowException:
            return None


def fetch_bundle(address: str, run_id: str, place: Path) -> None:
    """Copy the bundle of a run from MLflow's artifacts to `place`, whole or not at all."""
    import shutil
    import tempfile

    import mlflow

    with _quiet(), tempfile.TemporaryDirectory() as folder:
        _open(address)
        mlflow.artifacts.download_artifacts(
            artifact_uri=f"runs:/{run_id}/bundle/artifacts", dst_path=folder
        )
        fetched = next(Path(folder).rglob("manifest.json")).parent
        place.parent.mkdir(parents=True, exist_ok=True)
        half = place.with_name(f".{place.name}.{os.getpid()}")
        shutil.copytree(fetched, half)
        half.rename(place)


def follow(address: str, target: str, bundle: str, tags: Mapping[str, str]) -> bool:
    """Point the champion's alias at the model version of a bundle, with tags; False where MLflow
    cannot."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    if not answers(address):
        return False
    with _quiet():
        client, name = MlflowClient(address), registered_name(target)
        try:
            version = _model_version(client, name, bundle)
            if version is None:
                return False
            for key, value in tags.items():
                client.set_model_version_tag(name, version, key, value[:500])
            client.set_registered_model_alias(name, CHAMPION, version)
            challenger = client.get_registered_model(name).aliases.get(CHALLENGER)
            if str(challenger) == str(version):
                client.delete_registered_model_alias(name, CHALLENGER)
        except MlflowException:
            return False
    return True


def _model_version(client: Any, name: str, bundle: str) -> str | None:
    """The newest model version whose run made this bundle."""
    found = client.search_model_versions(f"name = '{name}'", order_by=["version_number DESC"])
    made = (
        one.version for one in found if client.get_run(one.run_id).data.tags.get("bundle") == bundle
    )
    return next(made, None)


@contextmanager
def reopened(address: str, run_id: str) -> Iterator[None]:
    """A finished run, to which a report adds its figures and plots."""
    import mlflow

    with _quiet():
        _open(address)
        with mlflow.start_run(run_id=run_id):
            yield


def run_of_bundle(address: str, bundle: str) -> str | None:
    """The newest run that made a bundle."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    with _quiet():
        client = MlflowClient(address)
        try:
            experiment = client.get_experiment_by_name(EXPERIMENT)
            if experiment is None:
                return None
            found = client.search_runs(
                [experiment.experiment_id], f"tags.bundle = '{bundle}'", max_results=1
            )
        except MlflowException:
            return None
    return found[0].info.run_id if found else None
