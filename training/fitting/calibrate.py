"""Calibration on out-of-fold predictions, and the interval of the risk."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.bundle import Calibrator
from models.targets import Target
from training.fitting.age_levels import AgeLevel, age_levels, with_levels
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


def leveled(of: HeldOut, learning: Examples) -> tuple[Calibrator, list[AgeLevel]]:
    """The same with the levels of the age bands that were surely off; and what was found of each
    band. `learning`: the rows of the predictions."""
    line = calibrate(of)
    levels = age_levels(line.intercept + line.slope * of.log_odds, learning)
    return with_levels(line, levels), levels


def with_interval(
    fitted: Fitted, learning: Examples, *, target: Target, seed: int, donor: Donor | None
) -> tuple[Calibrator, dict[str, Any]]:
    """The same with the interval of the risk: nine in ten refits on children drawn anew lie
    inside (`training.fitting.uncertainty`); and what those refits draw (`instability`)."""
    plain = leveled(fitted.held_out, learning)[0]
    told = errors_of_refits(fitted, learning, target=target, seed=seed, donor=donor)
    spread = spread_of_refits(*told)
    made = Calibrator(plain.slope, plain.intercept, *spread, plain.age_cuts, plain.age_shifts)
    return made, instability(*told)
