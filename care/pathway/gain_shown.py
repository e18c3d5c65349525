"""The gain in treatment as a reader can make it again: the first and the last weight of the weeks
from which the rules read a rate, and the days between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from care.pathway import weights
from features.clock import Ragged
from registry.contract.arrays import AnyArray
from registry.contract.registry import NEVER

_BELIEVABLE = getattr(weights.believable, "py_func", weights.believable)
"""Plain Python: for one child's weights a compiled call costs more."""
_COLUMNS = ("measured_on", "weight_kg", "waz", "low_waz", "age_days")


@dataclass(frozen=True)
class GainShown:
    """Two weights of a stay (kg, day numbers) and how many there are from the one to the other."""

    first_on: int
    first_kg: float
    last_on: int
    last_kg: float
    weights: int

    @property
    def rate_g_kg_day(self) -> float:
        """1000 x gain / (first weight x days), g/kg/day."""
        days = self.last_on - self.first_on
        return 1000.0 * (self.last_kg - self.first_kg) / (self.first_kg * days)


def gain_of(points: Ragged, admitted_on: int, over_days: int) -> GainShown | None:
    """The gain of the only question of a view over the days from which `care.pathway.weights` reads
    `rate_g_kg_day`; None for fewer than two days with a weight that may be believed."""
    on, kg = weights_of_stay(points, 0, admitted_on)
    within = on >= on[-1] - over_days if len(on) else np.zeros(0, bool)
    on, kg = on[within], kg[within]
    if len(on) < 2:
        return None
    return GainShown(int(on[0]), float(kg[0]), int(on[-1]), float(kg[-1]), len(on))


def weights_of_stay(points: Ragged, question: int, admitted_on: int) -> tuple[AnyArray, AnyArray]:
    """Days and weights (kg) of an open stay that may be believed, as the rules take them; none
    without a stay."""
    day, kg = _weighed(points, question)
    kept = np.empty(len(kg), np.int64)
    count = _BELIEVABLE(np.arange(len(kg)), len(kg), day, kg, kept)
    on, believed = day[kept[:count]], kg[kept[:count]]
    inside = (on >= admitted_on) & (admitted_on != int(NEVER))
    return on[inside], believed[inside]


def _weighed(points: Ragged, question: int) -> tuple[AnyArray, AnyArray]:
    """Days and weights as `care.pathway.weights.weight_facts` takes them: one a day, of two the one
    that hides no loss; none whose WAZ is too high to believe."""
    rows = slice(int(points.offsets[question]), int(points.offsets[question + 1]))
    own = {name: points[name][rows] for name in _COLUMNS}
    plausible = np.isfinite(own["waz"]) | (own["low_waz"] == 1)
    plausible |= own["age_days"] > weights.LAST_DAY
    some = (own["weight_kg"] > 0) & plausible
    newest = own["measured_on"][-1] if len(some) else NEVER
    taken: dict[int, float] = {}
    days, kilograms = (own[name][some].tolist() for name in ("measured_on", "weight_kg"))
    for on, kg in zip(days, kilograms, strict=True):
        # Of two weights of one day the newest day's lower and an earlier day's higher one.
        keep = min if on == newest else max
        taken[on] = kg if on not in taken else keep(kg, taken[on])
    return np.array(list(taken), np.int32), np.array(list(taken.values()), np.float64)
