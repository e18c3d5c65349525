"""How a training departs from the usual one: of whom it learns, without which columns, by which
halves, over which settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from features.trajectory.catalogue import NAMES
from models.bundle import Bundle
from models.targets import Target
from registry.contract.arrays import Floats
from training.cohorts.areas_and_days import EVERYBODY, Population
from training.fitting.examples import Examples

Space = Mapping[str, tuple[float, float]]
"""By setting of the forest, the least and the most that a trial may take."""

KEPT = ("share", "forests", "transfer", "scoring_days")
"""What a bundle's facts keep of a plan, besides the columns left out and the population."""


class Taught(Protocol):
    """A way of making a model that is not ours: from examples to a bundle whose risks are
    calibrated, with what it was fitted by."""

    def __call__(self, learning: Examples, made: dict[str, Any]) -> tuple[Bundle, Any]: ...


@dataclass(frozen=True)
class TrainingPlan:
    """`population`: of whom it learns and is judged. `left_out`: columns that it does not see.
    `share`: of the forest in the blend of both halves (0 to 1; None: chosen on held-out children).
    `forests`: how many (None: the target's). `transfer`: whether another target's events may teach
    it. `scoring_days`: whether it learns from the days on which scores are made too
    (`training.cohorts.scoring_days`). `space`: what trials choose from (empty: the usual).
    `foreign`: another way of fitting.
    """

    population: Population = EVERYBODY
    left_out: tuple[str, ...] = ()
    share: float | None = None
    forests: int | None = None
    transfer: bool = True
    scoring_days: bool = False
    space: Space = field(default_factory=dict)
    foreign: Taught | None = None

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> TrainingPlan:
        """The plan by which a bundle was fitted, as its facts keep it."""
        told: dict[str, Any] = facts.get("plan") or {}
        left_out = tuple(told.get("left_out", ()))
        kept = {name: told[name] for name in KEPT if name in told}
        return cls(Population.of_facts(facts), left_out, **kept)

    def as_facts(self) -> dict[str, Any]:
        """What departs from the usual, as JSON values for a bundle's facts; empty where nothing
        does, so that the usual training's bundle is the same with and without a plan."""
        told = {
            "left_out": list(self.left_out),
            "share": self.share,
            "forests": self.forests,
            "transfer": self.transfer,
            "scoring_days": self.scoring_days,
        }
        usual: dict[str, Any] = {"left_out": [], "share": None, "forests": None}
        usual |= {"transfer": True, "scoring_days": False}
        differs = {name: value for name, value in told.items() if value != usual[name]}
        found = {"plan": differs, "population": self.population.as_facts()}
        return {name: of for name, of in found.items() if of}

    def target(self, target: Target) -> Target:
        """The target as this plan fits it."""
        taught_by = target.taught_by if self.transfer else None
        return replace(target, forests=self.forests or target.forests, taught_by=taught_by)

    def seen(self, matrix: Floats) -> Floats:
        """The features (n, p) as the fit sees them: columns left out are missing in every row."""
        if not self.left_out:
            return matrix
        masked = matrix.copy()
        masked[:, [NAMES.index(name) for name in self.left_out]] = np.nan
        return masked


USUAL = TrainingPlan()
