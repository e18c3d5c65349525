"""A bundle as MLflow serves it: feature rows in, one risk a row out. MLflow stores this file as
code, and the rooms that it imports beside it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel


class ServedBundle(PythonModel):
    """Loads the bundle among the model's artifacts and scores feature rows."""

    def load_context(self, context: Any) -> None:
        """Read and check the bundle."""
        from models.bundle import load

        self.bundle = load(Path(context.artifacts["bundle"]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: Any = None
    ) -> pd.Series | pd.DataFrame:
        """The risk of each row, for columns as in `features.trajectory.catalogue`; one left out is
        missing. With `params={"interval": True}` a table of `risk`, `risk_low` and `risk_high`."""
        rows = model_input.reindex(columns=list(self.bundle.columns)).to_numpy(np.float64)
        log_odds = self.bundle.log_odds(rows)
        risk = pd.Series(1.0 / (1.0 + np.exp(-log_odds)), model_input.index, name="risk")
        if not (params or {}).get("interval"):
            return risk
        low, high = self.bundle.calibrator.interval(log_odds)
        return pd.DataFrame({"risk": risk, "risk_low": low, "risk_high": high})


set_model(ServedBundle())
