"""Every entry point of mlproject.yaml through a real `mlflow run`, tracked on a real `mlflow
server`. Soak only."""

import json
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from models.champion import models_folder, pointer
from models.targets import TARGETS
from registry.contract.errors import Refused
from registry.simulate.dials import Dials
from registry.simulate.write import simulate
from registry.store.store import open_store
from tests.support.mlflow_server import BINARIES, environment, mlflow_server
from training.commands.evaluate import FIGURES_TABLE
from training.commands.promote import history, promote
from training.metrics.compared import COMPARED, COUNTED
from training.tracking import mlflow_runs

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.soak, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A district of many relapses, so that both targets have events enough before and after a
    split."""
    folder = tmp_path_factory.mktemp("district")
    simulate(
        folder / "registry",
        children=6_000,
        months=42,
        seed=11,
        format="parquet",
        dials=Dials(truth_draws=0, relapse=4.0),
    )
    opened = open_store(str(folder / "x.db"))
    opened.import_source(str(folder / "registry"))
    opened.close()
    return str(folder / "x.db")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with mlflow_server(tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture(scope="module")
def run(store, server, tmp_path_factory):
    """Run an entry point with parameters; it must end well."""
    place = tmp_path_factory.mktemp("project")

    def entry(name, **parameters):
        asked = [
            word
            for key, value in ({"store": store} | parameters).items()
            for word in ("-P", f"{key}={value}")
        ]
        done = subprocess.run(
            [BINARIES / "mlflow", "run", str(ROOT), "--env-manager", "local", "-e", name, *asked],
            capture_output=True,
            text=True,
            timeout=1_500,
            cwd=place,
            env=environment(MLFLOW_TRACKING_URI=server, OMP_NUM_THREADS="1"),
        )
        assert done.returncode == 0, done.stderr[-3_000:]
        return done.stdout

    return entry


def runs_of(server, target):
    """(run, bundle) of a target's trainings, the newest first."""
    from mlflow import MlflowClient

    client = MlflowClient(server)
    experiment = client.get_experiment_by_name(mlflow_runs.EXPERIMENT).experiment_id
    found = client.search_runs(
        [experiment], f"tags.target = '{target}'", order_by=["start_time DESC"]
    )
    return [
        (one.info.run_id, one.data.tags["bundle"]) for one in found if "bundle" in one.data.tags
    ]


def test_the_whole_way_of_a_data_scientist(run, store, server, tmp_path):
    run("train", trials=0)
    assert all(len(runs_of(server, target)) == 1 for target in TARGETS)
    run("train_until", target="non_response", until="2025-06-01", trials=0)
    (newest, bundle), (_, first) = runs_of(server, "non_response")
    assert bundle != first

    run("again", run=newest)
    assert runs_of(server, "non_response")[0] == (newest, bundle), "no second run"

    report = tmp_path / "report.html"
    run("evaluate_run", run=newest, output=report)
    assert "Non-response" in report.read_text(encoding="utf-8")
    logged = figures(server, newest)
    assert {"report_auc", "report_calibration_slope_low", "report_rows_judged"} <= set(logged)
    assert len(logged) <= 2 * (3 * len(COMPARED) + len(COUNTED))
    rows = table(server, newest)["figure"].tolist()
    assert {"lists_the_rules_10_recall", "auc_against_slow"} <= set(rows) and len(rows) > 60

    issues = [
        found["code"] for found in card(store, bundle)["findings"] if found["outcome"] == "issue"
    ]
    # So few events may not show a model to work, or better than the champion: that is accepted.
    assert set(issues) <= {"RISK017"}, "an honest training on the simulator's own records"
    let_it_answer(str(store), newest, server)
    assert pointer(models_folder(store), "non_response")["bundle"] == bundle
    assert history(models_folder(store))[-1]["bundle"] == bundle
    assert mlflow_runs.bundle_of_run(server, newest) == bundle


def let_it_answer(store, run_id, server):
    """Promote a run, whatever is not shown of it accepted by name."""
    try:
        promote(store, run_id, tracked_at=server)
    except Refused as refused:
        accepted = dict.fromkeys(refused.facts["issues"], "a test")
        promote(store, run_id, accepted=accepted, tracked_at=server)


def figures(server, run_id):
    from mlflow import MlflowClient

    return MlflowClient(server).get_run(run_id).data.metrics


def table(server, run_id):
    import mlflow

    mlflow.set_tracking_uri(server)
    return mlflow.load_table(FIGURES_TABLE, run_ids=[run_id])


def card(store, bundle):
    return json.loads(
        (models_folder(store) / "bundles" / bundle / "card.json").read_text(encoding="utf-8")
    )


def test_backtest(run, tmp_path):
    output = tmp_path / "predictions.parquet"
    run("backtest", split="2025-12-01", output=output, trials=0)
    found = pd.read_parquet(output)
    assert set(found["target"]) == set(TARGETS) and (found["score_status"] == "scored").mean() > 0.9


def test_a_backtest_of_two_splits(run, server, tmp_path):
    output = tmp_path / "predictions.parquet"
    run("backtest", split="2025-12-01,2026-02-01", output=output, trials=0)
    found = pd.read_parquet(output)
    assert set(found["split"]) == {"2025-12-01", "2026-02-01"}
    assert set(found["target"]) == set(TARGETS)


def test_the_champions_are_validated_sector_by_sector(run, server, tmp_path):
    """After `train`: what was learnt without a sector is a child of the model's run."""
    from mlflow import MlflowClient

    output = tmp_path / "left_out.html"
    run("validate", leave_out="sector", output=output)
    assert "left out" in output.read_text(encoding="utf-8")
    client = MlflowClient(server)
    experiment = client.get_experiment_by_name(mlflow_runs.EXPERIMENT).experiment_id
    assert len(client.search_runs([experiment], "tags.kind = 'left_out'")) > 1


def test_features(run, tmp_path):
    output = tmp_path / "features.parquet"
    run("features", target="relapse", output=output)
    assert output.stat().st_size > 10_000


def test_the_report_of_the_champions(run, tmp_path):
    """After `train`, with no run named."""
    output = tmp_path / "report.html"
    run("evaluate", output=output)
    assert "SYNTHETIC DATA" in output.read_text(encoding="utf-8")
