"""Subgroups: whether children of each sex, age, setting and place are found alike. fairlearn counts
the gaps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from features.age_bands import BANDS_MONTHS, band_names, band_of, cuts_days
from registry.contract.codes import Setting
from registry.contract.errors import UsageError
from training.evaluation.scored_rows import Judged
from training.metrics.calibration import observed_over_expected
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


def age_groups(age_days: np.ndarray, months: tuple[int, ...] = BANDS_MONTHS) -> np.ndarray:
    """The age band of each age (object array, "" where unknown), parted at these months.

    Example: parted at 12 and 24, 500 days are `12 to 23 months`.
    """
    names = np.array([*band_names(months), ""], object)
    found: np.ndarray = names[band_of(age_days, cuts_days(months))]
    return found


def memberships(judged: Judged, age_bands: tuple[int, ...] = BANDS_MONTHS) -> dict[str, np.ndarray]:
    """Group names (object arrays of length n, "" where unknown) by what they group; `age_bands`:
    months at which age groups part."""
    female, age = judged.column("female"), judged.column("age_days")
    urban, tribal = judged.column("setting_urban"), judged.column("setting_tribal")
    setting = np.select(
        [urban == 1, tribal == 1, urban == 0],
        [Setting.URBAN.text, Setting.TRIBAL.text, Setting.RURAL.text],
        "",
    )
    return {
        "sex": np.select([female == 1, female == 0], ["girls", "boys"], ""),
        "age": age_groups(age, age_bands),
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


def calibration_gaps(
    judged: Judged, groups: dict[str, np.ndarray] | None = None
) -> list[CalibrationGap]:
    """Of every group with `LEAST_EVENTS` children with the event, observed over expected."""
    known = judged.take(judged.known)
    groups = groups or memberships(judged)
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
