"""What a feature is: a column's name and unit, what it means, the reason it stands for, and its
directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Feature:
    """One column of the feature matrix, declared beside the function that computes it.

    `reason`: what a person would give as the reason (`models.reasons` sums a score's parts by it).
    `directions`: by name, the direction that physiology gives a constrained model: +1 where more of
    the feature can only raise the risk, -1 where it can only lower it. A target says which name it
    goes by (`models.targets.Target.directions`): "relapse" outside of treatment, "non_response" in
    treatment.
    """

    name: str
    unit: str
    meaning: str
    reason: str
    directions: Mapping[str, int] = field(default_factory=dict, hash=False)

    def direction(self, name: str) -> int:
        """The direction of that name: -1, 0 or +1; 0 where neither is certain."""
        return self.directions.get(name, 0)
