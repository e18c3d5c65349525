"""Calibration on out-of-fold predictions, and the interval of the risk."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.bundle import Calibrator
from models.targets import Target
from training.fitting.examples import Examples
from training.fitting.fit import Fitted, HeldOut
from training.fitting.transfer import Donor
from training.fitting.uncertainty import errors_of_refits, instability, spread_of_refits
from training.metrics.recalibration import slope_and_intercept


def calibrate(of: HeldOut) -> Calibrator:
    """Slope and intercept of the blend, from its out-of-fold predictions, and no interval.

    All months of the training window take part. The last months alone would carry one season's rate
    into the whole year, and with their few events the slope would be uncertain.
    """
    nothing = np.zeros(0)
    return Calibrator(
        *slope_and_intercept(of.log_odds, of.happened, of.weight), nothing, nothing, nothing
    )


def with_interval(
    fitted: Fitted, learning: Examples, *, target: Target, seed: int, donor: Donor | None
) -> tuple[Calibrator, dict[str, Any]]:
    """The same with the interval of the risk: nine in ten refits on children drawn anew lie
    inside (`training.fitting.uncertainty`); and what those refits draw (`instability`)."""
    plain = calibrate(fitted.held_out)
    told = errors_of_refits(fitted, learning, target=target, seed=seed, donor=donor)
    interval = Calibrator(plain.slope, plain.intercept, *spread_of_refits(*told))
    return interval, instability(*told)
