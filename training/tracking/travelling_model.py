"""A bundle as a model of MLflow that travels: with the code that it runs on, pinned requirements,
a signature and an example, so that it predicts where no checkout of ours is."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.trajectory.catalogue import CONTEXT_NAMES, NAMES
from models.bundle import Bundle, load

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from mlflow.models.model import ModelInfo

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("registry", "features", "models")
"""The rooms that `models.bundle` imports."""
REQUIRED = ("mlflow", "numba", "numpy", "pandas", "scipy")
"""What they import of others (scipy: for Numba's linear algebra)."""


def log_travelling_model(place: Path, *, registered_as: str, **kept: object) -> ModelInfo:
    """The bundle of a directory as a registered model of the present run; `kept`: what else
    `mlflow.pyfunc.log_model` takes."""
    import mlflow

    bundle = load(place)
    logged: ModelInfo = mlflow.pyfunc.log_model(
        name="bundle",
        python_model=str(Path(__file__).with_name("served_bundle.py")),
        artifacts={"bundle": str(place)},
        code_paths=[str(ROOT / room) for room in ROOMS],
        pip_requirements=[f"{name}=={metadata.version(name)}" for name in REQUIRED],
        signature=signature(bundle),
        input_example=(example(bundle), {"interval": False}),
        registered_model_name=registered_as,
        **kept,
    )
    return logged


def never_missing(bundle: Bundle) -> set[str]:
    """Columns that every training row had: without one of them a risk would be a guess. Family and
    centre are not among them, since the model was taught to do without."""
    seen = bundle.reference.get("features", {})
    return {name for name, of in seen.items() if not of["missing"]} - set(CONTEXT_NAMES)


def signature(bundle: Bundle) -> ModelSignature:
    """Columns of which those that training ever lacked may be left out; one risk a row; and
    whether the interval is asked for."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    needed = never_missing(bundle)
    columns = Schema([ColSpec(DataType.double, name, required=name in needed) for name in NAMES])
    interval = ParamSpec("interval", DataType.boolean, default=False)
    return ModelSignature(
        inputs=columns,
        outputs=Schema([ColSpec(DataType.double, "risk")]),
        params=ParamSchema([interval]),
    )


def example(bundle: Bundle) -> pd.DataFrame:
    """One row of nobody: the middle of what the model learnt from, column by column; columns that
    were always missing are left out."""
    middle = pd.Series(np.asarray(bundle.linear.middle, np.float64), index=list(bundle.columns))
    seen = bundle.reference.get("features", {})
    kept = [name for name in bundle.columns if seen.get(name, {"deciles": [0]})["deciles"]]
    return middle[kept].to_frame().T.reset_index(drop=True)
