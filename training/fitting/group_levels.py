"""Groups of whom the risks were surely off, which no term of the model has put right: a score of a
child of such a group says so.

Ages are moved (`training.fitting.age_levels`), so that a band stands here only where that was not
enough. Sex and setting are not: one number a group would follow chance as soon as groups are many,
and a group whose level is off has most often other records, not other bodies.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from features.trajectory.catalogue import NAMES
from models.groups import memberships
from registry.contract.arrays import Flags, Floats
from training.fitting.age_levels import LEAST_EVENTS
from training.fitting.examples import Examples
from training.metrics.calibration import observed_over_expected, surely_off
from training.metrics.discrimination import Estimate, bootstrap


def told_off(by: str, group: str, ratio: Estimate) -> dict[str, Any]:
    """A group (of `sex`, `age` or `setting`) whose observed over expected was surely off, as a
    bundle's facts keep it (`models.level.group_off`)."""
    numbers = {name: round(float(getattr(ratio, name)), 4) for name in ("value", "low", "high")}
    return {"by": by, "group": group, "ratio": numbers.pop("value"), **numbers}


def groups_off(log_odds: Floats, learning: Examples) -> list[dict[str, Any]]:
    """The groups of 20 children with the event or more whose whole interval of observed over
    expected lies outside 0.8 to 1.25; `log_odds` (n,): calibrated, ages moved, out-of-fold."""
    found = []
    for by, names in memberships(lambda name: learning.rows[:, NAMES.index(name)]).items():
        for group in np.unique(names[names != ""].astype(str)).tolist():
            ratio = _ratio(log_odds, learning, names == group)
            if ratio is not None and surely_off(ratio):
                found.append(told_off(by, group, ratio))
    return found


def _ratio(log_odds: Floats, learning: Examples, inside: Flags) -> Estimate | None:
    """Observed over expected with its 95 % interval by child; None with too few events."""
    part = learning.take(np.flatnonzero(inside))
    if len(np.unique(part.child[part.happened == 1])) < LEAST_EVENTS:
        return None
    columns = expit(log_odds[inside]), part.happened, part.weight
    return bootstrap(observed_over_expected, *columns, cluster=part.child)
