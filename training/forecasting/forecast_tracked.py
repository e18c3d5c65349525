"""A forecast as a run of MLflow: what was asked, how past origins did, and the alerts. Counts of
areas; nothing of a child."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.tracking import mlflow_runs, told_of_training

ASKED = ("origin", "level", "horizon", "counted", "areas")
OF_PAST = ("error", "ratio", "in_80", "interval_score")


def track(told: dict[str, Any], address: str, asked: Mapping[str, object]) -> str:
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
    parameters = {name: told[name] for name in ASKED} | dict(asked)
    name = f"forecast {told['counted']} by {told['level']} {told['origin']}"
    with mlflow_runs.run(address, Path("."), name=name, tags=tags) as run_id:
        mlflow_runs.log(parameters, figures, {"forecast.json": told})
    return run_id
