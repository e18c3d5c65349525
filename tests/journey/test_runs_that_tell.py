"""What a run in MLflow tells of a training and a backtest: data, choices, counts, intervals,
descriptions and aliases."""

import json
import subprocess
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from models.champion import bundles_folder, models_folder
from models.targets import HAPPENED
from registry.contract.registry import day_number
from tests.support import trained_models as made
from training.checks import run_checks
from training.commands import backtest, rolling_backtest, train
from training.commands.rolling_backtest import Rolling
from training.evaluation.run_figures import figures
from training.forecasting.forecast_tracked import ForecastArtifacts, track
from training.metrics.compared import BOUNDS, COMPARED, COUNTED, MEASURED, as_table
from training.tracking import mlflow_runs, told_of_training

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def tracked(tmp_path_factory):
    """(client, models folder, what `sanket train` tells), of a training that is not promoted."""
    folder = tmp_path_factory.mktemp("tracked")
    models = models_folder(str(folder / "x.db"))
    models.mkdir()
    address = f"sqlite:///{models / 'mlflow.db'}"
    learned = made.learned()
    found = run_checks.run(learned, clock=made.clock(), context=made.context())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train.run_checks, "issues", lambda findings: ["one"])
        told = train.keep(
            learned, found, figures(learned), models, address, trials=3, said=lambda text: None
        )
    return MlflowClient(address), models, told


@pytest.fixture(scope="module")
def run(tracked):
    client, _, told = tracked
    return client.get_run(told["run_id"])


def test_the_rows_are_inputs_with_digest_size_dates_and_split(run):
    inputs = {one.tags[0].value: one.dataset for one in run.inputs.dataset_inputs}
    assert set(inputs) == {"training", "rehearsal", "validation"}
    assert len({one.digest for one in inputs.values()}) == 3
    learned, told = made.learned(), json.loads(inputs["validation"].profile)
    block = learned.later_on
    assert told["rows"] == block.sum() < json.loads(inputs["training"].profile)["rows"]
    children = np.unique(learned.rows.child[block & (learned.rows.outcome == HAPPENED)])
    assert told["children_with_event"] == len(children) <= told["events"]
    assert told["later_from"] <= told["first_day"] <= told["last_day"] < told["trained_until"]


def test_a_digest_is_of_the_rows(run):
    first = told_of_training.datasets(made.learned())
    assert first == told_of_training.datasets(made.learned())
    other = made.changed(made.learned(), "whz_last", made.learned().features[:, 0])
    assert first[0]["digest"] != told_of_training.datasets(other)[0]["digest"]


def test_tags_say_what_made_it(run):
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=told_of_training.ROOT, capture_output=True, text=True
    ).stdout.strip()
    tags, bundle = run.data.tags, made.learned().bundle
    assert tags["commit"].startswith(head)
    assert (tags["synthetic"], tags["target"]) == ("true", "non_response")
    assert tags["store"] == bundle.facts["registry_id"] and tags["package"] and tags["contract"]


def test_choices_and_counts_of_children_are_parameters(run):
    told, choice = run.data.params, made.learned().fitted.choice
    assert (told["trials"], told["rounds"], told["horizon_days"]) == ("3", str(choice.rounds), "91")
    assert float(told["penalty"]) == choice.penalty
    shares = [float(told[f"share_of_{half}"]) for half in ("trees", "linear", "donor")]
    assert sum(shares) == pytest.approx(1.0)
    assert int(told["children_with_event"]) <= int(told["events"]) < int(told["rows"])


def test_a_dozen_figures_are_metrics_each_with_its_interval(run):
    metrics = run.data.metrics
    bounded = [name for name in COMPARED if name in metrics]
    assert set(bounded) == set(MEASURED)  # `auc_as_used` is asked of a whole registry
    sides = {name + side for name in bounded for side in ("", *BOUNDS)}
    assert set(metrics) == sides | set(COUNTED)
    for name in bounded:
        assert metrics[f"{name}_low"] < metrics[name] < metrics[f"{name}_high"]
    learned = made.learned()
    plain = figures(learned)
    assert metrics["auc"] == plain["auc"]
    assert metrics["auc_more_than_whz"] == pytest.approx(plain["auc"] - plain["auc_whz"])
    assert metrics["calibration_slope"] == plain["calibration_slope"]


def test_every_other_figure_is_a_row_of_one_table(tracked, run):
    _, models, told = tracked
    mlflow.set_tracking_uri(f"sqlite:///{models / 'mlflow.db'}")
    rows = mlflow.load_table(train.FIGURES_TABLE, run_ids=[told["run_id"]]).set_index("figure")
    assert set(figures(made.learned())) <= set(rows.index)
    assert rows.value["brier"] == pytest.approx(figures(made.learned())["brier"])
    assert rows.low["auc"] == pytest.approx(run.data.metrics["auc_low"])


def test_a_table_that_is_told_again_takes_the_place_of_the_first(tracked):
    _, models, _ = tracked
    address = f"sqlite:///{models / 'mlflow.db'}"
    with mlflow_runs.run(address, models, name="judged twice", tags={"kind": "test"}) as run_id:
        mlflow_runs.log_table(
            run_id, "t.json", as_table({"auc": 0.7, "auc_low": 0.6, "auc_high": 0.8})
        )
        mlflow_runs.log_table(run_id, "t.json", as_table({"auc": 0.75, "events": 3.0}))
        found = mlflow.load_table("t.json", run_ids=[run_id])
    assert found["figure"].tolist() == ["auc", "events"]
    assert found["value"].tolist() == [0.75, 3.0] and found["low"].isna().all()


def test_descriptions_and_aliases(tracked, run):
    client, models, told = tracked
    name = mlflow_runs.registered_name("non_response")
    model = client.get_registered_model(name)
    assert model.aliases == {"challenger": 1} or model.aliases == {"challenger": "1"}
    described = run.data.tags[mlflow_runs.DESCRIBED]
    assert "within 91 days" in described and "synthetic" in described
    assert client.get_model_version(name, "1").description == described and model.description
    address = f"sqlite:///{models / 'mlflow.db'}"
    assert mlflow_runs.follow(address, "non_response", told["bundle"], {})
    assert set(client.get_registered_model(name).aliases) == {"champion"}
    assert (bundles_folder(models) / told["bundle"]).is_dir()


def test_a_backtest_is_a_run_without_a_childs_id(tracked):
    client, models, _ = tracked
    of = {"rows": 9, "scored": 1.0, "mean_risk": 0.2, "auc": 0.7, "auc_low": 0.6, "auc_high": 0.8}
    told = {"targets": {"relapse": of | {"outcomes": {"happened": 4}, "bundle": None}}}
    address = f"sqlite:///{models / 'mlflow.db'}"
    backtest.track(told, models, address, {"split": "2026-01-01", "trials": 0, "seed": 1})
    experiment = client.get_experiment_by_name(mlflow_runs.EXPERIMENT).experiment_id
    (found,) = client.search_runs([experiment], "tags.kind = 'backtest'")
    assert found.data.metrics["auc_low"] == 0.6 and found.data.metrics["outcome_happened"] == 4
    assert found.data.params["split"] == "2026-01-01"
    assert [one.path for one in client.list_artifacts(found.info.run_id)] == ["backtest.json"]


def test_each_trial_of_the_tuning_is_a_child_of_its_run(tracked):
    client, models, _ = tracked
    address = f"sqlite:///{models / 'mlflow.db'}"
    tried = [{"num_leaves": 15.0, "log_loss": 0.41}, {"num_leaves": 9.0, "log_loss": 0.4}]
    with mlflow_runs.run(address, models, name="tuned", tags={"target": "onset"}) as parent:
        mlflow_runs.log_trials(tried, {"target": "onset", "bundle": "b"})
    experiment = client.get_experiment_by_name(mlflow_runs.EXPERIMENT).experiment_id
    found = client.search_runs([experiment], f"tags.mlflow.parentRunId = '{parent}'")
    assert sorted(one.data.metrics["log_loss"] for one in found) == [0.4, 0.41]
    assert {one.data.params["num_leaves"] for one in found} == {"15.0", "9.0"}
    # A trial must not be taken for the run that made the bundle, nor for a training.
    assert all("bundle" not in one.data.tags for one in found)
    assert [one["run_id"] for one in mlflow_runs.trainings(address, "onset")] == [parent]


def test_a_forecast_is_a_run(tracked):
    client, models, _ = tracked
    address = f"sqlite:///{models / 'mlflow.db'}"
    past = {"1": {"error": 2.0, "ratio": 0.9, "in_80": 0.8, "interval_score": 3.0}}
    told = {"origin": "2026-05", "level": "sector", "horizon": 6, "counted": "admissions"}
    told |= {"areas": 4, "alerts": [], "backtest": past}
    rows = pd.DataFrame({"area": ["S1"], "origin": ["2026-05"], "mean": [2.5], "count": [3.0]})
    kept = ForecastArtifacts(rows, "<p>Areas</p>", {"S1": "<svg/>"})
    found = client.get_run(track(told, address, {"as_of": "2026-06-30"}, kept))
    assert found.data.metrics == {
        "error_1": 2.0,
        "ratio_1": 0.9,
        "in_80_1": 0.8,
        "interval_score_1": 3.0,
        "alerts": 0.0,
    }
    assert found.data.params["as_of"] == "2026-06-30" and found.data.tags["kind"] == "forecast"
    assert "num_leaves" in found.data.params["forest"]
    run_id = found.info.run_id
    assert mlflow_runs.document(address, run_id, "forecast.html") == "<p>Areas</p>"
    assert mlflow_runs.document(address, run_id, "plots/area_01.svg") == "<svg/>"
    told_rows = json.loads(mlflow_runs.document(address, run_id, "forecast_rows.json"))
    assert told_rows["data"] == [["S1", "2026-05", 2.5, 3.0]]


def test_a_rolling_backtest_is_a_run_with_a_child_for_each_split(tracked):
    client, models, _ = tracked
    address = f"sqlite:///{models / 'mlflow.db'}"
    days = tuple(map(day_number, ("2025-09-01", "2026-01-01")))
    many = np.arange(40)
    frame = pd.DataFrame(
        dict.fromkeys(backtest.COLUMNS)
        | {
            "target": "relapse",
            "child_id": [f"secret-{of}" for of in many],
            "index_on": "2025-08-01",
            "risk": 0.1 + 0.02 * (many % 20),
            "score_status": "scored",
            "outcome": np.where(many % 3 == 0, "happened", "did_not_happen"),
            "split": np.where(many < 20, "2025-09-01", "2026-01-01"),
            "weight": 1.0,
        }
    )
    rolling_backtest.track_all(frame, Rolling(days, ("relapse",), 0, 1), models, address)
    experiment = client.get_experiment_by_name(mlflow_runs.EXPERIMENT).experiment_id
    (parent,) = client.search_runs([experiment], "tags.kind = 'rolling_backtest'")
    under = f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    children = client.search_runs([experiment], under)
    assert {of.data.params["split"] for of in children} == {"2025-09-01", "2026-01-01"}
    assert parent.data.metrics["events"] == 14 and parent.data.metrics["rows"] == 40
    written = Path(client.download_artifacts(parent.info.run_id, "splits.csv")).read_text()
    assert "2026-01-01" in written and ",all," in written and "secret" not in written
