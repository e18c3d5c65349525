"""The few figures by which trainings are compared, each with its interval by child. In MLflow they
are a run's metrics; every other figure is a row of a table beside them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from registry.contract.arrays import Floats, Ints
from training.metrics.calibration import calibration
from training.metrics.discrimination import auc, bootstraps, ranked
from training.metrics.usefulness import at_capacity, standardised_net_benefit

MEASURED = (
    "auc",
    "auc_more_than_whz",
    "calibration_slope",
    "observed_over_expected",
    "standardised_net_benefit",
    "precision_at_top_tenth",
)
COMPARED = (*MEASURED, "auc_as_used")
COUNTED = ("rows_judged", "events_judged", "children_with_event_judged")
BOUNDS = ("_low", "_high")
REPEATS = 100


def compared(
    risk: Floats, whz: Floats, happened: Ints | Floats, weight: Floats, *, child: Ints
) -> dict[str, float]:
    """The figures of MEASURED by name, their 95 % bounds by child as `<name>_low` and
    `<name>_high`, and the counts of COUNTED; NaN where one cannot be had.

    `whz`: the order by the last WHZ (highest first) that the model's AUC is set beside. Net benefit
    is told at the share with the event of these rows, where visiting everybody gains nothing.
    """
    known = weight > 0
    share = float(np.average(happened, weights=weight)) if known.any() else float("nan")
    top = max(int(0.1 * known.sum()), 1)

    def measured(*drawn: np.ndarray) -> list[float]:
        rank, rank_of_whz, risk, happened, weight = drawn
        columns = risk, happened, weight
        level = calibration(*columns)
        own = auc(rank, happened, weight)
        return [
            own,
            own - auc(rank_of_whz, happened, weight),
            level.slope,
            level.observed_over_expected,
            standardised_net_benefit(*columns, threshold=share),
            at_capacity(*columns, capacity=top).precision,
        ]

    columns = ranked(risk), ranked(whz), risk, happened.astype(np.float64), weight
    found = bootstraps(measured, *columns, cluster=child, repeats=REPEATS)
    told: dict[str, float] = {}
    for name, estimate in zip(MEASURED, found, strict=True):
        told |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    with_event = known & (happened > 0)
    return told | {
        "rows_judged": float(known.sum()),
        "events_judged": float(with_event.sum()),
        "children_with_event_judged": float(len(np.unique(child[with_event]))),
    }


def at_top(figures: Mapping[str, float]) -> dict[str, float]:
    """Of figures by name those of COMPARED with their bounds, and of COUNTED."""
    names = [*(name + side for name in COMPARED for side in ("", *BOUNDS)), *COUNTED]
    return {name: figures[name] for name in names if name in figures}


def as_table(figures: Mapping[str, float]) -> pd.DataFrame:
    """All figures, a row each: `figure`, `value`, and `low` and `high` where it has an interval."""
    names = dict.fromkeys(_without_side(name) for name in figures)
    return pd.DataFrame(
        [
            {
                "figure": name,
                "value": figures.get(name, np.nan),
                "low": figures.get(f"{name}_low", np.nan),
                "high": figures.get(f"{name}_high", np.nan),
            }
            for name in names
        ],
        columns=["figure", "value", "low", "high"],
    )


def _without_side(name: str) -> str:
    for side in BOUNDS:
        name = name.removesuffix(side)
    return name
