"""How far a risk would have come out otherwise, had other children been recorded: the interval of
an estimate, by bootstrap over children.

It is the uncertainty of the estimate, not of the child: one who has a risk of 20 in 100, known
exactly, may still relapse or not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from models.targets import Target
from registry.contract.arrays import Floats
from training.fitting.examples import Examples
from training.fitting.fit import Fitted, fit_halves
from training.fitting.transfer import Donor
from training.metrics.recalibration import slope_and_intercept

REFITS = 10
GROUPS = 10
"""Into how many groups of equal size rows are cut by log-odds: each has its own bounds."""
COVERED = 0.90
PLOTTED = 150


def errors_of_refits(
    fitted: Fitted,
    learning: Examples,
    *,
    target: Target,
    seed: int,
    donor: Donor | None = None,
) -> tuple[Floats, Floats]:
    """(own, errors): the model's calibrated log-odds of the rows (n,), and how far those of each
    refit lie from them (refits, n).

    A refit is of children drawn with replacement, all rows of each, by the model's own choice
    (settings, rounds, penalty, shares), with one forest in place of the model's bag, whose chance
    is small beside that of the children; its calibration is of the same children's out-of-fold
    predictions. Source: Efron and Tibshirani 1993, chapter 13, by cluster (child).
    """
    own = fitted.log_odds(learning.rows)
    errors = np.stack(
        [
            _refit(fitted, learning, donor, target=target, seed=seed + 7_919 * (of + 1)) - own
            for of in range(REFITS)
        ]
    )
    return own, errors


def spread_of_refits(own: Floats, errors: Floats) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(knots, below, above), each (g,): by calibrated log-odds, how far below and above the model's
    own log-odds nine in ten refits lie; arguments of `errors_of_refits`."""
    order = np.argsort(own, kind="stable")
    parts = [part for part in np.array_split(order, GROUPS) if len(part)]
    tail = 100 * (1.0 - COVERED) / 2
    bounds = [np.percentile(errors[:, part], [tail, 100 - tail]) for part in parts]
    low, high = np.array(bounds).T
    knots = np.array([np.median(own[part]) for part in parts])
    return knots, np.maximum(-low, 0.0), np.maximum(high, 0.0)


def instability(own: Floats, errors: Floats) -> dict[str, Any]:
    """What an instability plot draws, of at most PLOTTED rows spread evenly over the model's risks:
    `risk` (m,) and `refits` (refits, m), and over all rows `mean_difference`: how far, on average,
    the risk of a row lies from that of a refit.

    Source: Riley and Collins 2023, Biometrical Journal 65:2200302 (prediction instability plot, and
    the mean absolute prediction error). Arguments of `errors_of_refits`; no row can be told.
    """
    risk, others = _risk(own), _risk(own + errors)
    order = np.argsort(own, kind="stable")
    some = order[np.linspace(0, len(order) - 1, min(len(order), PLOTTED)).astype(int)]
    return {
        "risk": np.round(risk[some], 4).tolist(),
        "refits": np.round(others[:, some], 4).tolist(),
        "mean_difference": round(float(np.abs(others - risk).mean()), 4),
    }


def _risk(log_odds: Floats) -> Floats:
    found: Floats = 1.0 / (1.0 + np.exp(-log_odds))
    return found


def _refit(
    fitted: Fitted, learning: Examples, donor: Donor | None, *, target: Target, seed: int
) -> Floats:
    """The calibrated log-odds (n,) of all rows, by a model of children drawn with replacement."""
    draw = np.random.default_rng(seed)
    taught, times = drawn_children(learning, draw)
    lender = (
        None if donor is None else Donor(drawn_children(donor.examples, draw)[0], donor.label_days)
    )
    of, alone = fitted.held_out, replace(target, forests=1)
    halves = fit_halves(taught, fitted.choice, of, target=alone, seed=seed, donor=lender)
    slope, intercept = slope_and_intercept(of.log_odds, of.happened, of.weight * times)
    found: Floats = intercept + slope * halves.blended(learning.rows)
    return found


def drawn_children(learning: Examples, draw: np.random.Generator) -> tuple[Examples, np.ndarray]:
    """The rows of as many children drawn with replacement, each weighed by how often its child
    was; and how often, of each row given (n,)."""
    children, of = np.unique(learning.child, return_inverse=True)
    often = np.bincount(draw.integers(0, len(children), len(children)), minlength=len(children))
    times = often[of].astype(np.float64)
    kept = np.flatnonzero(times > 0)
    taken = learning.take(kept)
    return (
        Examples(
            taken.rows,
            taken.happened,
            taken.weight * times[kept],
            taken.child,
            taken.day,
            taken.landmark,
        ),
        times,
    )
