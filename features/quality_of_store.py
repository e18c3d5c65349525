"""Data quality of a whole store, counted part by part."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from features.data_quality import QualityScores, scored
from features.quality_counts import QualityCounts, counts_of, present_children
from registry.engine import IN_THIS_PROCESS, Engine
from registry.store.partitions import StorePart, over_parts

UNASKED = ("episodes", "checks", "rations", "attendance", "visits")
"""Tables of children's events that no check looks at: half of a state's rows."""


def of_store(
    address: str,
    *,
    by: str = "centre",
    engine: Engine = IN_THIS_PROCESS,
    done: Callable[[int, int], None] = lambda children, of: None,
) -> QualityScores:
    """The scores of a whole store, counted part by part."""
    task = partial(_of_part, by=by)
    return scored(over_parts(address, task, engine, empty=UNASKED, done=done)[1])


def _of_part(part: StorePart, *, by: str) -> QualityCounts:
    """Every child in the part of its present centre."""
    centre = present_children(part.registry)["centre"]
    own = np.flatnonzero(part.owns(centre)).astype(np.int32)
    return counts_of(part.of_children(own), by=by)
