"""Calibration on rows that the model was not fitted on: slope and intercept, and a Venn–Abers interval."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from sklearn.isotonic import IsotonicRegression

from models.bundle import Calibrator
from training.examples import Examples
from training.fit import Fitted
from training.straight import slope_and_intercept

KNOTS = 60
PARTS = 400


def calibrate(fitted: Fitted, later: Examples) -> Calibrator:
    """A calibrator of the blend: slope, intercept and interval, from a later block and the held-out children together.

    The later block alone is a few months long: it would carry one season's rate into the whole year, and its few
    events would bend the slope. The children of the fitting block, each judged by a model that did not see it,
    bring the other months: row by row for the slope, and as much as the later block (no more: it is the older) for
    the level.
    """
    held_out = fitted.held_out
    log_odds = np.concatenate([held_out.log_odds, fitted.blended(later.rows)])
    happened = np.concatenate([held_out.happened, later.happened])
    weight = np.concatenate([held_out.weight, later.weight])
    slope, _ = slope_and_intercept(log_odds, happened, weight)
    level = np.concatenate([_of_one(held_out.weight), _of_one(later.weight)])
    intercept = _intercept(slope * log_odds, happened, level)
    return Calibrator(slope, intercept, *_venn_abers(slope * log_odds + intercept, happened, weight))


def _of_one(weight: np.ndarray) -> np.ndarray:
    """Weights that sum to 1 (or to 0 where there are none)."""
    return weight / max(weight.sum(), 1e-12)


def _intercept(log_odds: np.ndarray, happened: np.ndarray, weight: np.ndarray) -> float:
    """What must be added to log-odds so that the mean risk is the share that happened (weighted)."""

    def excess(added: float) -> float:
        return float(np.average(1.0 / (1.0 + np.exp(-(log_odds + added))) - happened, weights=weight))

    return float(brentq(excess, -15.0, 15.0))


def _venn_abers(log_odds, happened, weight) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(knots, low, high): at each knot, what isotonic regression says if one more row there had not, or had, the event.

    The block is first drawn together into parts of equal size, so that it is quick however many rows there are.
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


def _isotonic_at(at, share, size, knot: float, imagined: float) -> float:
    model = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    model.fit(np.append(at, knot), np.append(share, imagined), sample_weight=np.append(size, 1.0))
    return float(model.predict([knot])[0])
