"""Sensitivity of the figures to late data entry, where the day of entry was not recorded."""

from __future__ import annotations

from typing import Any

from training.evaluation.rules_order import by_rules
from training.evaluation.secondary import LATER_DAYS, Later
from training.metrics.discrimination import bootstraps
from training.report.figures_told import CALIBRATION, apart, calibration_figures


def delayed(later: Later) -> dict[str, Any]:
    """The model and every simple order under the same delay, on the same rows.

    `days` late, the share of records `moved`; `not_scored` and `known` predictions; `overall` and
    `more_than` (AUC, as in `figures_told.apart`); `slope` and `observed_over_expected` with
    intervals.
    """
    judged = later.judged
    told: dict[str, Any] = {
        "days": LATER_DAYS,
        "moved": later.moved,
        "not_scored": judged.not_scored,
        "known": int(judged.known.sum()),
    }
    told |= apart(judged, by_rules(later.clock, judged.rows.child, judged.rows.day))
    columns = judged.risk, judged.happened, judged.weight
    lines = dict(
        zip(
            CALIBRATION,
            bootstraps(calibration_figures, *columns, cluster=judged.rows.child, repeats=100),
            strict=True,
        )
    )
    return told | {name: lines[name] for name in ("slope", "observed_over_expected")}
