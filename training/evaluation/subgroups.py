"""Subgroups: whether children of each sex, age, setting and place are found alike. fairlearn counts
the gaps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from models.level import memberships
from registry.contract.errors import UsageError
from training.evaluation.scored_rows import Judged
from training.fitting.age_levels import told_off
from training.metrics.calibration import observed_over_expected, surely_off
from training.metrics.discrimination import Estimate, bootstrap

VISITED_SHARE = 0.2
LEAST_EVENTS = 20
"""Children with the event that a group needs before its recall is compared (several rows of one
child count once)."""
REPEATS = 200


@dataclass(frozen=True)
class RecallGap:
    """`recalls` and children with the event (`events`) by group at one list of visits, and the
    widest `gap` between the groups with its interval."""

    by: str
    recalls: dict[str, float]
    events: dict[str, int]
    gap: Estimate


@dataclass(frozen=True)
class CalibrationGap:
    """A group's observed share over its mean risk (`ratio`, interval by child), from so many
    children with the event (`events`)."""

    by: str
    group: str
    events: int
    ratio: Estimate


def bands_of(text: str) -> tuple[int, ...]:
    """`6,12,24` as months. `UsageError` EVA013 where they are no rising whole months from 1 to
    59."""
    try:
        months = tuple(int(part) for part in text.split(","))
    except ValueError:
        months = ()
    if not months or not all(low < high for low, high in pairwise((0, *months, 60))):
        raise UsageError(
            "EVA013", "age bands are rising whole months from 1 to 59, such as 6,12,24"
        )
    return months


def visited(risk: np.ndarray, share: float = VISITED_SHARE) -> np.ndarray:
    """Mask of the share of rows with the highest risks (ties at the cut all in)."""
    return risk >= np.quantile(risk, 1.0 - share) if len(risk) else np.zeros(0, bool)


def recall_gaps(judged: Judged, groups: dict[str, np.ndarray] | None = None) -> list[RecallGap]:
    """The gaps of every grouping with two or more groups of `LEAST_EVENTS` children with the
    event."""
    known = judged.take(judged.known)
    groups = groups or memberships(judged.column)
    seen = visited(judged.risk)[judged.known]
    found = (_gap(by, names[judged.known], seen, known) for by, names in groups.items())
    return [gap for gap in found if gap]


def calibration_gaps(
    judged: Judged, groups: dict[str, np.ndarray] | None = None
) -> list[CalibrationGap]:
    """Of every group with `LEAST_EVENTS` children with the event, observed over expected."""
    known = judged.take(judged.known)
    groups = groups or memberships(judged.column)
    found = []
    for by, names in groups.items():
        inside = names[judged.known]
        for name in np.unique(inside[inside != ""].astype(str)):
            part = known.take(inside == name)
            events = len(np.unique(part.rows.child[part.happened == 1]))
            if events >= LEAST_EVENTS:
                columns = part.risk, part.happened, part.weight
                ratio = bootstrap(
                    observed_over_expected,
                    *columns,
                    cluster=part.rows.child,
                    repeats=REPEATS,
                )
                found.append(CalibrationGap(by, str(name), events, ratio))
    return found


def groups_off(judged: Judged, moved: frozenset[str]) -> list[dict[str, Any]]:
    """The groups whose risks were surely off, as a bundle's facts keep them; not those that were
    `moved` since (names of age bands)."""
    return [
        told_off(one.by, one.group, one.ratio)
        for one in calibration_gaps(judged)
        if surely_off(one.ratio) and one.group not in moved
    ]


def _gap(by: str, names: np.ndarray, seen: np.ndarray, known: Judged) -> RecallGap | None:
    groups, group = np.unique(names, return_inverse=True)
    case = known.happened == 1
    pairs = np.unique(np.column_stack([group[case], known.rows.child[case]]), axis=0)
    children = np.bincount(pairs[:, 0], minlength=len(groups))
    large = np.flatnonzero((groups != "") & (children >= LEAST_EVENTS))
    if len(large) < 2:
        return None
    cases = np.isin(group, large) & case
    place = np.searchsorted(large, group[cases])
    columns = (place, seen[cases].astype(float), known.weight[cases])
    gap = bootstrap(widest, *columns, cluster=known.rows.child[cases], repeats=REPEATS)
    names = groups[large].tolist()
    found = dict(zip(names, recalls(*columns).tolist(), strict=True))
    events = dict(zip(names, children[large].tolist(), strict=True))
    return RecallGap(by, found, events, gap)


def recalls(place: np.ndarray, seen: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted recall of each group, from rows with the event; `place` (int) is the group."""
    groups = int(place.max(initial=-1)) + 1
    with np.errstate(invalid="ignore"):
        return np.bincount(place, weights=seen * weight, minlength=groups) / np.bincount(
            place, weights=weight
        )


def widest(place: np.ndarray, seen: np.ndarray, weight: np.ndarray) -> float:
    """Largest recall less smallest."""
    found = recalls(place, seen, weight)
    return float(found.max() - found.min())
