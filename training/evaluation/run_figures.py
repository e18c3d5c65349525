"""Figures and plots of one training run: what its rehearsal, which learnt from the earlier block,
said of the later."""

from __future__ import annotations

import numpy as np

from features.trajectory.catalogue import NAMES
from models.targets import HAPPENED
from training.cohorts import censoring
from training.evaluation.scored_rows import Judged
from training.fitting.pipeline import Learned
from training.metrics.calibration import calibration, calibration_curve
from training.metrics.compared import compared
from training.metrics.discrimination import auc, brier, scaled_brier
from training.metrics.usefulness import at_capacity

WHZ, MUAC, WITHOUT_GAIN = (
    NAMES.index(name) for name in ("whz_last", "muac_last", "days_without_gain")
)


def later_block(learned: Learned) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(features, the rehearsal's risk, happened, weight) of the later block's rows, where there is
    a rehearsal."""
    block = learned.later_on
    rows = learned.rows.take(np.flatnonzero(block))
    matrix = learned.features[block]
    risk = 1.0 / (1.0 + np.exp(-learned.rehearsal.log_odds(matrix)))
    return matrix, risk, (rows.outcome == HAPPENED).astype(np.int8), censoring.weights(rows, matrix)


def figures(learned: Learned) -> dict[str, float]:
    """Plain figures of the later block by name, the one-measure rules beside the rehearsal; none
    where there were too few events to rehearse."""
    if learned.not_rehearsed:
        return {}
    matrix, risk, happened, weight = later_block(learned)
    landmark = learned.rows.landmark[learned.later_on]
    told = {
        "rows_judged": float((weight > 0).sum()),
        "events_judged": float(happened[weight > 0].sum()),
        "auc": auc(risk, happened, weight),
        "brier": brier(risk, happened, weight),
        "brier_scaled": scaled_brier(risk, happened, weight),
        "precision_at_top_tenth": at_capacity(
            risk, happened, weight, capacity=max(int(0.1 * (weight > 0).sum()), 1)
        ).precision,
    }
    for name, column, sign in (
        ("whz", WHZ, -1.0),
        ("muac", MUAC, -1.0),
        ("no_gain", WITHOUT_GAIN, 1.0),
    ):
        told[f"auc_{name}"] = auc(filled(sign * matrix[:, column]), happened, weight)
    measured = calibration(risk, happened, weight)
    told |= {"calibration_slope": measured.slope, "calibration_intercept": measured.intercept}
    for day in np.unique(landmark):
        of = landmark == day
        told[f"auc_day_{day}"] = auc(risk[of], happened[of], weight[of])
    return told


def compared_figures(learned: Learned) -> dict[str, float]:
    """The figures of the later block by which trainings are compared, with bounds by child
    (`training.metrics.compared`); none without a rehearsal."""
    if learned.not_rehearsed:
        return {}
    matrix, risk, happened, weight = later_block(learned)
    child = learned.rows.child[learned.later_on]
    return compared(risk, filled(-matrix[:, WHZ]), happened, weight, child=child)


_SINGLE = {"WHZ": (WHZ, -1.0), "MUAC": (MUAC, -1.0), "no gain": (WITHOUT_GAIN, 1.0)}


def single_orders(judged: Judged) -> dict[str, np.ndarray]:
    """The single measurements that the target's model must beat, as orders (highest first)."""
    return {
        name: filled(_SINGLE[name][1] * judged.matrix[:, _SINGLE[name][0]])
        for name in judged.rows.target.single_orders
    }


def filled(column: np.ndarray) -> np.ndarray:
    """A rule cannot order a child without the measure: it stands in the middle."""
    seen = column[~np.isnan(column)]
    return np.where(np.isnan(column), np.median(seen) if len(seen) else 0.0, column)


def plots(learned: Learned) -> dict[str, object]:
    """Matplotlib figures by name: the calibration curve of the later block; none where there was no
    rehearsal."""
    from matplotlib.figure import Figure

    if learned.not_rehearsed:
        return {}
    _, risk, happened, weight = later_block(learned)
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    points = calibration_curve(risk, happened, weight, child=learned.rows.child[learned.later_on])
    seen = np.array(
        [
            (point.expected, point.observed.low, point.observed.value, point.observed.high)
            for point in points
        ]
    )
    expected, low, value, high = seen.T
    # Wilson's bounds may cross a share of 0 or 1 by a rounding error.
    reach = np.maximum([value - low, high - value], 0.0)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.errorbar(expected, value, yerr=reach, capsize=3, marker="o", linestyle="")
    axes.set(
        xlabel="predicted risk",
        ylabel="observed share",
        xlim=(0, 1),
        ylim=(0, 1),
        title=f"{learned.bundle.target}: rehearsal, calibration on the later block",
    )
    return {"calibration": figure}
