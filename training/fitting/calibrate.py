"""Calibration on out-of-fold predictions: slope and intercept, and a Venn–Abers interval."""

from __future__ import annotations

import numpy as np
from sklearn.isotonic import IsotonicRegression

from models.bundle import Calibrator
from registry.contract.arrays import Floats
from training.fitting.fit import HeldOut
from training.metrics.recalibration import slope_and_intercept

KNOTS = 60
PARTS = 400


def calibrate(held_out: HeldOut) -> Calibrator:
    """Slope, intercept and interval of the blend, from its out-of-fold predictions.

    All months of the training window take part. The last months alone would carry one season's rate
    into the whole year, and with their few events the slope would be uncertain.
    """
    of = held_out
    slope, intercept = slope_and_intercept(of.log_odds, of.happened, of.weight)
    return Calibrator(
        slope, intercept, *_venn_abers(slope * of.log_odds + intercept, of.happened, of.weight)
    )


def _venn_abers(
    log_odds: Floats, happened: Floats, weight: Floats
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(knots, low, high): at each knot, what isotonic regression says if one more row there had
    not, or had, the event.

    The rows are first averaged into up to `PARTS` groups of equal size, so that the time does not
    grow with the rows.
    """
    known = weight > 0
    log_odds, happened, weight = log_odds[known], happened[known].astype(np.float64), weight[known]
    order = np.argsort(log_odds, kind="stable")
    parts = [part for part in np.array_split(order, PARTS) if len(part)]
    at = np.array([np.average(log_odds[part], weights=weight[part]) for part in parts])
    share = np.array([np.average(happened[part], weights=weight[part]) for part in parts])
    size = np.array([weight[part].sum() for part in parts])
    knots = np.unique(np.quantile(at, np.linspace(0.0, 1.0, KNOTS)))
    bounds = [
        [_isotonic_at(at, share, size, knot, imagined) for knot in knots] for imagined in (0.0, 1.0)
    ]
    return knots, np.array(bounds[0]), np.array(bounds[1])


def _isotonic_at(at: Floats, share: Floats, size: Floats, knot: float, imagined: float) -> float:
    model = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    model.fit(np.append(at, knot), np.append(share, imagined), sample_weight=np.append(size, 1.0))
    return float(model.predict([knot])[0])
