"""Subgroups: whether children of each sex, age, setting and place are found alike. fairlearn counts
the gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from registry.contract.codes import Setting
from training.evaluation.scored_rows import Judged
from training.metrics.discrimination import Estimate, bootstrap

VISITED_SHARE = 0.2
LEAST_EVENTS = 20
"""Children with the event that a group needs before its recall is compared (several rows of one
child count once)."""
REPEATS = 200
TWO_YEARS = 731


@dataclass(frozen=True)
class RecallGap:
    """`recalls` and children with the event (`events`) by group at one list of visits, and the
    widest `gap` between the groups with its interval."""

    by: str
    recalls: dict[str, float]
    events: dict[str, int]
    gap: Estimate


def memberships(judged: Judged) -> dict[str, np.ndarray]:
    """Group names (object arrays of length n, "" where unknown) by what they group."""
    female, age = judged.column("female"), judged.column("age_days")
    urban, tribal = judged.column("setting_urban"), judged.column("setting_tribal")
    setting = np.select(
        [urban == 1, tribal == 1, urban == 0],
        [Setting.URBAN.text, Setting.TRIBAL.text, Setting.RURAL.text],
        "",
    )
    return {
        "sex": np.select([female == 1, female == 0], ["girls", "boys"], ""),
        "age": np.select(
            [age < TWO_YEARS, age >= TWO_YEARS], ["under 24 months", "24 months and over"], ""
        ),
        "setting": setting,
    }


def visited(risk: np.ndarray, share: float = VISITED_SHARE) -> np.ndarray:
    """Mask of the share of rows with the highest risks (ties at the cut all in)."""
    return risk >= np.quantile(risk, 1.0 - share) if len(risk) else np.zeros(0, bool)


def recall_gaps(judged: Judged, groups: dict[str, np.ndarray] | None = None) -> list[RecallGap]:
    """The gaps of every grouping with two or more groups of `LEAST_EVENTS` children with the
    event."""
    known = judged.take(judged.known)
    groups = groups or memberships(judged)
    seen = visited(judged.risk)[judged.known]
    found = (_gap(by, names[judged.known], seen, known) for by, names in groups.items())
    return [gap for gap in found if gap]


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
