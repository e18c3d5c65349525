"""A model logged to MLflow predicts in a process that has no checkout of ours, and a copied or moved
tracking store works without the first one."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.trajectory.catalogue import NAMES
from models.bundle import save
from tests.support.service_cases import bundle
from training.tracking import mlflow_runs
from training.tracking.find_bundle import find_bundle

pytestmark = pytest.mark.filterwarnings("ignore")
ALWAYS_THERE = ("age_days", "whz_last")

ELSEWHERE = """
import json, sys
import mlflow, pandas as pd
model = mlflow.pyfunc.load_model(sys.argv[1])
frame = pd.DataFrame(json.loads(sys.stdin.read()))
import models.bundle
told = {"code": models.bundle.__file__, "risk": list(model.predict(frame))}
told["columns"] = list(model.predict(frame, params={"interval": True}).columns)
told["example"] = list(model.predict(model.input_example))
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """(store's folder, run id, bundle): a bundle whose training never lacked two columns."""
    folder = tmp_path_factory.mktemp("first") / "x.models"
    columns = {
        name: {"missing": 0.0 if name in ALWAYS_THERE else 0.3, "deciles": [0.0] * 11}
        for name in NAMES
    }
    columns["birth_weight_kg"] = {"missing": 1.0, "deciles": []}
    made = replace(bundle("relapse"), reference={"rows": 9, "features": columns})
    made = save(made, folder / "bundles")
    address = mlflow_runs.tracking_address(folder)
    tags = {"target": "relapse", "bundle": made.version}
    with mlflow_runs.run(address, folder, name="train", tags=tags) as run_id:
        mlflow_runs.log_model(folder / "bundles" / made.version, "relapse")
    return folder, run_id, made


@pytest.fixture(scope="module")
def model(kept):
    return logged(kept[0])


def logged(folder: Path) -> Path:
    (found,) = (folder / "artifacts").rglob("MLmodel")
    return found.parent


@pytest.fixture
def rows():
    return pd.DataFrame(np.random.default_rng(1).normal(size=(12, len(NAMES))), columns=list(NAMES))


def test_it_predicts_where_our_checkout_is_not(model, rows, kept, tmp_path):
    frame = rows.drop(columns=["birth_weight_kg"])
    done = subprocess.run(
        [sys.executable, "-P", "-c", ELSEWHERE, str(shutil.copytree(model, tmp_path / "model"))],
        input=json.dumps(frame.to_dict("list")),
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        | {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert Path(told["code"]).is_relative_to(tmp_path / "model" / "code")
    expected = kept[2].score(frame.reindex(columns=list(NAMES)).to_numpy())
    np.testing.assert_allclose(told["risk"], expected.risk, rtol=1e-12)
    assert told["columns"] == ["risk", "risk_low", "risk_high"] and len(told["example"]) == 1


def test_its_requirements_are_pinned_and_it_holds_no_pickle_and_no_cache(model):
    required = (model / "requirements.txt").read_text(encoding="utf-8").split()
    assert {line.partition("==")[0] for line in required} >= {"mlflow", "numba", "numpy", "pandas"}
    assert all("==" in line for line in required)
    endings = {file.suffix for file in model.rglob("*") if file.is_file()}
    assert not endings & {".pkl", ".pickle", ".joblib"}


def test_optional_columns_may_be_left_out_and_others_may_not(model, rows):
    import mlflow

    served = mlflow.pyfunc.load_model(str(model))
    few = rows[[*ALWAYS_THERE, "muac_last"]]
    missing = rows.assign(**{name: np.nan for name in NAMES if name not in few})
    pd.testing.assert_series_equal(served.predict(few), served.predict(missing))
    with pytest.raises(mlflow.MlflowException, match="age_days"):
        served.predict(rows.drop(columns=["age_days"]))


@pytest.mark.soak
def test_mlflow_evaluates_it(model, rows, monkeypatch):
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{model.parents[3]}/mlflow.db")
    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    happened = (rows["whz_last"] < 0).astype(float)
    with mlflow_runs._quiet():
        told = mlflow.models.evaluate(
            str(model),
            rows.assign(happened=happened),
            targets="happened",
            model_type="regressor",
        )
        risk = mlflow.pyfunc.load_model(str(model)).predict(rows)
    assert told.metrics["mean_squared_error"] == pytest.approx(((risk - happened) ** 2).mean())


@pytest.mark.parametrize("how", ["copied", "moved"])
def test_a_copied_or_moved_store_works_and_leaves_the_first_alone(kept, how, tmp_path):
    import mlflow

    folder, run_id, made = kept
    first = shutil.copytree(folder, tmp_path / "first.models")
    assert mlflow_runs.bundle_of_run(mlflow_runs.tracking_address(first), run_id) == made.version
    second = tmp_path / "second.models"
    (shutil.move if how == "moved" else shutil.copytree)(first, second)
    before = listed(first)
    shutil.rmtree(second / "bundles")
    address = mlflow_runs.tracking_address(second)
    fetched = find_bundle(second, run_id, tracked=address)
    assert fetched == second / "bundles" / made.version
    with mlflow_runs.run(address, second, name="later", tags={}) as later:
        mlflow_runs.log({}, {"auc": 0.7}, {"attrition.json": {}})
    assert list((second / "artifacts").rglob(f"{later}/artifacts/attrition.json"))
    assert listed(first) == before
    with mlflow_runs._quiet():
        served = mlflow.pyfunc.load_model("models:/sanket-relapse/1")
        assert served.predict(served.input_example).shape == (1,)


def listed(folder: Path) -> set[Path]:
    return {file for file in folder.rglob("*") if "__pycache__" not in file.parts}
