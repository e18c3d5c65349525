"""What benchmarks/serving.py compares: one model behind Sanket, behind plain FastAPI, and behind
`mlflow models serve`.

`python benchmarks/_serving_parts.py floor|kernel FOLDER PORT` runs a plain FastAPI server over the
bundle in FOLDER.
"""

import datetime as dt
import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
AS_OF = dt.date(2026, 3, 14)
TARGETS = ("relapse", "non_response")


def child(number: int, measurements: int = 30) -> dict:
    """A made-up child, weighed every nine days, treated and discharged: a full record."""
    dice = random.Random(number)
    first = dt.date(2025, 6, 1)
    weighings = [
        {
            "measured_on": str(first + dt.timedelta(days=9 * at)),
            "weight_kg": round(6.5 + at / 20 + dice.random() / 3, 1),
            "height_cm": round(70 + at / 5, 1),
            "height_position": "lying",
            "muac_mm": 115 + at // 2,
            "oedema": 0,
        }
        for at in range(measurements)
    ]
    stay = {
        "episode_id": f"E{number}",
        "programme": "UCDC",
        "admitted_on": "2025-11-01",
        "appetite_test": "pass",
        "complications": False,
        "closed_on": "2026-01-10",
        "outcome": "cured",
    }
    checks = [
        {
            "checked_on": str(dt.date(2025, 11, 3) + dt.timedelta(days=4 * at)),
            "diarrhoea": at % 5 == 0,
            "fever": False,
        }
        for at in range(12)
    ]
    return {
        "child_id": f"C-{number}",
        "sex": "FM"[number % 2],
        "birth_date": "2024-06-01",
        "measurements": weighings,
        "episodes": [stay],
        "checks": checks,
    }


def make(folder: Path) -> np.ndarray:
    """A store with champions of 300 trees of 31 leaves, an MLflow model of the same booster; the
    child's features."""
    from models.bundle import save
    from models.champion import turn
    from registry.store.store import open_store

    open_store(folder / "x.db").close()
    for target in TARGETS:
        made = save(a_bundle(target), folder / "x.models" / "bundles")
        turn(folder / "x.models", target, made.version)
    (folder / "booster.txt").write_text(made.booster)
    (folder / "bundle").write_text(str(folder / "x.models" / "bundles" / made.version))
    rows = _features(folder)
    np.save(folder / "rows.npy", rows)
    _save_mlflow(folder, rows)
    return rows


def a_bundle(target: str):
    import lightgbm

    from features.trajectory.catalogue import NAMES
    from features.trajectory.smoother import DEFAULT_PRIORS
    from models.bundle import Bundle, Calibrator
    from models.linear import Linear

    rng = np.random.default_rng(1)
    rows = rng.normal(size=(6000, len(NAMES)))
    rows[rng.random(rows.shape) < 0.3] = np.nan
    happened = np.nan_to_num(rows[:, :20]).sum(axis=1) + rng.normal(size=len(rows)) * 3 > 0
    settings = {
        "objective": "binary",
        "num_leaves": 31,
        "max_depth": 8,
        "verbosity": -1,
        "num_threads": 1,
    }
    booster = lightgbm.train(
        settings, lightgbm.Dataset(rows, happened, feature_name=list(NAMES)), 300
    )
    none, knots = np.zeros(len(NAMES)), np.linspace(-4, 4, 9)
    linear = Linear(-1.0, none, none + 1, none + 0.01, none, none, none)
    calibrator = Calibrator(0.9, -0.2, knots, knots * 0 + 0.2, knots * 0 + 0.3)
    priors, facts = dict(DEFAULT_PRIORS), {"synthetic": True}
    return Bundle(target, booster.model_to_string(), linear, 0.7, calibrator, priors, facts=facts)


def _features(folder: Path) -> np.ndarray:
    from features.clock import Clock
    from models.champion import champions
    from models.scoring import score_children
    from registry.checks.table import build_records
    from registry.contract.registry import day_number

    registry, _ = build_records([child(number) for number in range(1000)])
    children = np.arange(1000, dtype=np.int32)
    day = np.full(1000, day_number(AS_OF), np.int32)
    return score_children(
        Clock(registry), children, day, bundles=champions(folder / "x.models")
    ).rows


MLFLOW_MODEL = """
import mlflow, numpy as np, lightgbm, pandas as pd
class Score(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.booster = lightgbm.Booster(model_file=context.artifacts["booster"])
    def predict(self, context, model_input, params=None):
        parts = self.booster.predict(model_input.to_numpy(np.float64), pred_contrib=True, num_threads=1)
        answer = pd.DataFrame(parts[:, :-1], columns=model_input.columns)
        answer["risk"] = 1 / (1 + np.exp(-parts.sum(axis=1)))
        return answer
mlflow.models.set_model(Score())
"""  # noqa: E501


def _save_mlflow(folder: Path, rows: np.ndarray) -> None:
    import mlflow
    import pandas

    from features.trajectory.catalogue import NAMES

    code = folder / "mlflow_model.py"
    code.write_text(MLFLOW_MODEL)
    frame = pandas.DataFrame(rows[:5], columns=list(NAMES))
    mlflow.pyfunc.save_model(
        folder / "mlflow",
        python_model=str(code),
        artifacts={"booster": str(folder / "booster.txt")},
        signature=mlflow.models.infer_signature(frame),
        pip_requirements=["lightgbm"],
    )


def start(kind: str, folder: Path, port: int) -> subprocess.Popen:
    """Start a server of a kind (sanket, floor, kernel, mlflow) on one core; its process."""
    binaries = ROOT / ".venv" / "bin"
    commands = {
        "sanket": [
            sys.executable,
            "-m",
            "sanket.app",
            "serve",
            str(folder / "x.db"),
            "--port",
            str(port),
        ],
        "mlflow": [
            sys.executable,
            "-m",
            "mlflow",
            "models",
            "serve",
            "-m",
            str(folder / "mlflow"),
            "--env-manager",
            "local",
            "--port",
            str(port),
        ],
    }
    command = commands.get(kind) or [sys.executable, __file__, kind, str(folder), str(port)]
    quiet = {
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "passive",
        "PYTHONPATH": str(ROOT),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "SANKET_LAG_SECONDS": "30",
    }
    with (folder / f"{kind}.log").open("w") as log:
        server = subprocess.Popen(
            command,
            env=os.environ | quiet,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=folder,
        )
    if len(cores := sorted(os.sched_getaffinity(0))) > 1:
        os.sched_setaffinity(server.pid, cores[:1])
    return server


def question(
    kind: str, folder: Path, rows: np.ndarray, count: int
) -> tuple[str, bytes, dict[str, str]]:
    """Path, body and headers of a request for so many children."""
    headers = {"Content-Type": "application/json"}
    if kind == "sanket":
        from serving.access.permissions import issue, local_key

        token = issue(
            key=local_key(str(folder / "x.db")),
            role="dashboard",
            scopes=["state:*"],
            name="benchmark",
        )
        body = {"as_of": str(AS_OF), "children": [child(number) for number in range(count)]}
        return (
            "/v1/score",
            json.dumps(body).encode(),
            headers | {"Authorization": f"Bearer {token}"},
        )
    values = [[None if value != value else value for value in row] for row in rows[:count].tolist()]
    if kind == "mlflow":
        from features.trajectory.catalogue import NAMES

        # MLflow's signature takes no null for a double: the floor of what it must be sent.
        filled = [[0.0 if value is None else value for value in row] for row in values]
        body = {"dataframe_split": {"columns": list(NAMES), "data": filled}}
        return "/invocations", json.dumps(body).encode(), headers
    return "/score", json.dumps({"rows": values}).encode(), headers


def serve_floor(kind: str, folder: Path, port: int) -> None:
    """Plain FastAPI: one booster, features already computed, each feature's share in the score."""
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel

    from features.trajectory.catalogue import NAMES

    class Rows(BaseModel):
        rows: list[list[float | None]]

    explain = _explainer(kind, folder)
    app = FastAPI()

    @app.post("/score")
    async def score(asked: Rows) -> dict:
        parts, base = explain(np.array(asked.rows, np.float64))
        risk = 1 / (1 + np.exp(-(parts.sum(axis=1) + base)))
        best = np.argsort(-np.abs(parts), axis=1)[:, :5].tolist()
        return {
            "children": [
                {
                    "risk": float(risk[i]),
                    "reasons": {NAMES[at]: float(parts[i, at]) for at in best[i]},
                }
                for i in range(len(parts))
            ]
        }

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


def _explainer(kind: str, folder: Path):
    if kind == "kernel":
        from models.bundle import load

        return replace(load(Path((folder / "bundle").read_text()))).prepare().forest.contributions
    import lightgbm

    booster = lightgbm.Booster(model_file=folder / "booster.txt")

    def explain(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        parts = booster.predict(rows, pred_contrib=True, num_threads=1)
        return parts[:, :-1], parts[:, -1]

    return explain


if __name__ == "__main__":
    sys.path[0] = str(ROOT)
    serve_floor(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
