"""Of whom a model learns and is judged: some areas, and indexes from a day on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from features.clock import Clock
from registry.contract.arrays import Flags
from registry.contract.registry import day_date, day_number
from training.cohorts.landmarks import Cohort

AREAS = ("sector", "project", "district")
Areas = Mapping[str, tuple[str, ...]]
"""Ids of areas by kind (AREAS)."""


@dataclass(frozen=True)
class Population:
    """Children of areas to `include` (all where empty; of any of those named) and none of those to
    `exclude`; learnt from are only indexes on or after the day number `since`."""

    include: Areas = field(default_factory=dict)
    exclude: Areas = field(default_factory=dict)
    since: int | None = None

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Population:
        """That of a bundle; everybody where its facts name none."""
        told = facts.get("population") or {}
        include, exclude = (
            {kind: tuple(ids) for kind, ids in told.get(name, {}).items()}
            for name in ("include", "exclude")
        )
        since = told.get("since")
        return cls(include, exclude, None if since is None else day_number(since))

    def as_facts(self) -> dict[str, Any]:
        """The same as JSON values; empty for everybody."""
        told: dict[str, Any] = {
            name: {kind: list(ids) for kind, ids in areas.items()}
            for name, areas in (("include", self.include), ("exclude", self.exclude))
            if areas
        }
        return told if self.since is None else told | {"since": day_date(self.since).isoformat()}

    @property
    def of_some_areas(self) -> bool:
        """Whether there are areas of which it says nothing."""
        return bool(self.include or self.exclude)

    def within(self, clock: Clock, child: np.ndarray, day: np.ndarray) -> Flags:
        """Which children (mask) were known to belong to its areas on their days."""
        inside = np.full(len(child), not self.include)
        if self.of_some_areas:
            centre = clock.child_on(child, day)["centre"]
            for kind, ids in self.include.items():
                inside |= _within(clock, centre, kind, ids)
            for kind, ids in self.exclude.items():
                inside &= ~_within(clock, centre, kind, ids)
        return inside

    def judged(self, clock: Clock, rows: Cohort) -> Flags:
        """Which rows (mask) are of its areas."""
        return self.within(clock, rows.child, rows.day)

    def learnt(self, clock: Clock, rows: Cohort) -> Flags:
        """Which rows (mask) may be learnt from: those of its areas, with an index late enough."""
        inside = self.judged(clock, rows)
        if self.since is not None:
            inside &= rows.outcomes.index_on[rows.index] >= self.since
        return inside


EVERYBODY = Population()


def _within(clock: Clock, centre: np.ndarray, kind: str, ids: tuple[str, ...]) -> Flags:
    """Which centres (mask) lie in one of the areas."""
    texts = getattr(clock.registry, f"{kind}_ids").astype(str)
    area = clock.area_of(centre, kind)
    found: Flags = (area >= 0) & np.isin(texts, ids)[area]
    return found
