"""A forecast as a run of MLflow: what was asked, how it was made, how past origins did, its rows,
plots and alerts. Counts of areas; nothing of a child."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from training.forecasting import learners
from training.forecasting.forecast import HELD_BACK
from training.forecasting.forecast_page import plots
from training.forecasting.forecast_run import Result
from training.tracking import mlflow_runs, told_of_training

ASKED = ("origin", "level", "horizon", "counted", "areas")
OF_PAST = ("error", "ratio", "in_80", "interval_score")
METHOD = {
    "forests": learners.FORESTS,
    "forest": learners.FOREST,
    "ridges": learners.RIDGES,
    "months_held_back": HELD_BACK,
}
"""What the learners are set to, as parameters of the run."""
MOST_PLOTS = 10


@dataclass(frozen=True)
class ForecastArtifacts:
    """What a run keeps beside its figures: rows (with past origins where these were asked for), the
    report as a page, SVG plots by area."""

    rows: pd.DataFrame
    page: str
    plots: dict[str, str]

    @classmethod
    def of(cls, result: Result, page: str) -> ForecastArtifacts:
        """Of a forecast; plots of the areas of which most is expected."""
        return cls(result.rows, page, dict(plots(result, MOST_PLOTS)))


def track(
    told: dict[str, Any],
    address: str,
    asked: Mapping[str, object],
    kept: ForecastArtifacts | None = None,
) -> str:
    """One run of what `sanket forecast` tells, with what was `asked` besides; returns its id.

    Figures by months ahead: `error_1` (mean absolute error), `ratio_1` (over the best simple
    average's), `in_80_1` (share within the 80 % band), `interval_score_1`; none without past
    origins.
    """
    past = told["backtest"] or {}
    figures = {
        f"{name}_{months}": float(of[name])
        for months, of in past.items()
        for name in OF_PAST
        if of.get(name) is not None
    }
    figures["alerts"] = float(len(told["alerts"]))
    tags = {"kind": "forecast"} | told_of_training.commit()
    parameters = {name: told[name] for name in ASKED} | METHOD | dict(asked)
    name = f"forecast {told['counted']} by {told['level']} {told['origin']}"
    with mlflow_runs.run(address, Path("."), name=name, tags=tags) as run_id:
        documents = {"forecast.json": told} | ({"forecast.html": kept.page} if kept else {})
        mlflow_runs.log(parameters, figures, documents)
        if kept:
            mlflow_runs.log_table(run_id, "forecast_rows.json", kept.rows)
            for number, drawn in enumerate(kept.plots.values(), 1):
                mlflow_runs.log_drawn(f"area_{number:02d}", drawn)
    return run_id
