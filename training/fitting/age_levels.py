"""Levels by age: where out-of-fold risks of an age band were surely too low or too high, the band's
log-odds are moved.

Columns tell ages apart within a forest, but few events of the youngest are held back towards the
others' level. A band is moved only where the whole 99 % interval (by child) of observed over
expected lies on one side of 1, from 20 children with the event on, and then by less than what was
observed (`training.metrics.recalibration.level_shift`): with some fifty events chance alone moves a
ratio by a fifth, and a level that follows chance is worse than none (`benchmarks/age_levels.py`:
moving every band of non-response took its mean risk away from the truth). With fewer it stays, and
the list and the card say that the band's level is not known.

What no number put right is kept with the model, so that each score of such a child says so: groups
by sex, age and setting whose risks were surely off. Sex and setting are not moved: one number a
group would follow chance as soon as groups are many, and a group whose level is off has most often
other records, not other bodies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from features.age_bands import BANDS_MONTHS, band_names, band_of, cuts_days
from features.trajectory.catalogue import NAMES
from models.bundle import Calibrator
from models.level import memberships
from registry.contract.arrays import Flags, Floats
from training.fitting.examples import Examples
from training.metrics.calibration import observed_over_expected, surely_off
from training.metrics.discrimination import Estimate, bootstrap
from training.metrics.recalibration import level_shift

LEAST_EVENTS = 20
"""Children with the event that a band needs before anything is said of its level."""
SPREAD = 0.3
"""Standard deviation (log-odds) of how far a band's level may be off before any outcome is
known."""
SURELY = 2.576 / 1.960
"""How much wider a 99 % interval is than one of 95 %. Three bands a target are looked at: at 95 %
one training in seven would move a band that chance alone put off."""
REPEATS = 400
FEW, HOLDS, MOVED = "few", "holds", "moved"
AGE = NAMES.index("age_days")


@dataclass(frozen=True)
class AgeLevel:
    """One band: its `name`, children with the event, observed over expected of the out-of-fold
    risks with its 99 % interval (None with too few), what was `found` (`few`, `holds`, `moved`) and
    the `shift` of its log-odds."""

    name: str
    events: int
    ratio: float | None
    low: float | None
    high: float | None
    found: str
    shift: float


def age_levels(log_odds: Floats, learning: Examples) -> list[AgeLevel]:
    """The level of each band, youngest first; `log_odds` (n,): calibrated, out-of-fold."""
    band = band_of(learning.rows[:, AGE], cuts_days())
    return [
        _level(name, log_odds[band == at], learning.take(np.flatnonzero(band == at)))
        for at, name in enumerate(band_names(BANDS_MONTHS))
    ]


def _level(name: str, log_odds: Floats, part: Examples) -> AgeLevel:
    events = len(np.unique(part.child[part.happened == 1]))
    if events < LEAST_EVENTS:
        return AgeLevel(name, events, None, None, None, FEW, 0.0)
    columns = expit(log_odds), part.happened, part.weight
    told = _surely(bootstrap(observed_over_expected, *columns, cluster=part.child, repeats=REPEATS))
    ratio, low, high = (round(float(of), 4) for of in (told.value, told.low, told.high))
    if told.low <= 1.0 <= told.high:
        return AgeLevel(name, events, ratio, low, high, HOLDS, 0.0)
    shift = level_shift(
        log_odds,
        part.happened.astype(np.float64),
        part.weight,
        outcomes=len(np.unique(part.child)),
        spread=SPREAD,
    )
    return AgeLevel(name, events, ratio, low, high, MOVED, shift)


def _surely(of: Estimate) -> Estimate:
    """A ratio with its 99 % interval, from that of 95 % (normal on the logarithm)."""
    low, high = (of.value * (bound / of.value) ** SURELY for bound in (of.low, of.high))
    return Estimate(of.value, low, high)


def with_levels(calibrator: Calibrator, levels: list[AgeLevel]) -> Calibrator:
    """The calibrator with the shifts of the bands; as it is where none moves."""
    shifts = np.array([level.shift for level in levels])
    if not shifts.any():
        return calibrator
    one = calibrator
    return Calibrator(
        one.slope,
        one.intercept,
        one.knots,
        one.below,
        one.above,
        age_cuts=np.array(cuts_days(), np.float64),
        age_shifts=shifts,
    )


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
