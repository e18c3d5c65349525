"""How far a centre's records of a month can be trusted: eleven checks after Odisha's published
data-quality score.

The checks, their weights (3, 2, 1) and the colours (green above 80, amber from 65, red below)
follow Odisha's score; where its page gives no number (all but missing > 5 % and identical > 30 %)
the limits are ours, `verified: false`. A month's score uses that month and earlier ones only. It is
a measure of trust, never of a child's risk. The score is Odisha's; its colour is not: with any
check at 100 % it is never green, however light the check's weight.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.quality_counts import Pairs, QualityCounts, counts_of
from registry.checks.plausible import far_too_high, shares_beyond
from registry.contract.arrays import Flags, Floats, Ints, Texts
from registry.contract.registry import Registry
from registry.small_counts import SMALLEST_CELL, shown

AREAS = ("centre", "sector", "project", "district")
GREEN, AMBER = 80.0, 65.0
SAM_WINDOW, SAM_EXPECTED = 3, 4.0
"""No SAM at all within so many months is odd where so many cases would be expected."""
SAM_SHARE = 0.02
"""Share of children with severe wasting that is expected at least: NFHS-5 finds 7.7 %, registers
0.6 to 2 %."""


@dataclass(frozen=True)
class QualityCheck:
    """One check: its weight, and the share of rows at which a penalty begins and at which it is
    full."""

    name: str
    weight: int
    from_share: float
    full_share: float


CHECKS = (
    QualityCheck("missing_weight", 3, 0.05, 0.40),
    QualityCheck("missing_height", 3, 0.05, 0.60),
    QualityCheck("height_carried_forward", 2, 0.20, 0.70),
    QualityCheck("identical_to_last_month", 3, 0.30, 0.80),
    QualityCheck("mechanical_increments", 2, 0.30, 0.80),
    QualityCheck("implausible_z", 3, 0.01, 0.10),
    QualityCheck("implausible_transitions", 2, 0.05, 0.25),
    QualityCheck("bunched_at_cutoffs", 2, 0.15, 0.40),
    QualityCheck("digit_preference", 2, 0.35, 0.90),
    QualityCheck("no_growth", 1, 0.10, 0.50),
    QualityCheck("no_sam_at_all", 1, 0.0, 1.0),
)


@dataclass(frozen=True)
class QualityScores:
    """Scores by area (rows) and month (columns); NaN where fewer than `SMALLEST_CELL`
    children were measured.

    `full` masks, by check, where all of at least `SMALLEST_CELL` fail it. `cases` has (cases,
    judged) of oedema and of SAM; `warnings` are what all records together say that no place has
    been seen to have.
    """

    by: str
    areas: Texts
    months: Ints
    score: Floats
    shares: Mapping[str, Floats]
    measured: Floats
    full: Mapping[str, Flags]
    cases: Mapping[str, tuple[Floats, Floats]]
    warnings: tuple[str, ...]


def score(registry: Registry, *, by: str = "centre") -> QualityScores:
    """The score of every area and month."""
    return scored([counts_of(registry, by=by)])


def scored(parts: Sequence[QualityCounts]) -> QualityScores:
    """The scores from the counts of a registry's parts: one, or several without a child in
    common."""
    whole = _added(parts)
    flags = dict(whole.flags)
    sam, judged_for_sam = flags.pop("sam")
    shares = {name: _over(*pair) for name, pair in flags.items()}
    shares["missing_weight"] = 1 - _over(whole.measured, whole.enrolled)
    shares["missing_height"] = 1 - _over(whole.with_height, whole.enrolled)
    shares["no_sam_at_all"] = _without_sam(sam, judged_for_sam)
    total = sum(check.weight for check in CHECKS)
    penalty = sum(check.weight * _penalty(check, shares[check.name]) for check in CHECKS)
    points = np.where(whole.measured >= SMALLEST_CELL, 100 * (1 - penalty / total), np.nan)
    judged = {name: pair[1] for name, pair in flags.items()}
    full = {
        name: (shares[name] == 1) & (judged.get(name, whole.measured) >= SMALLEST_CELL)
        for name in shares
    }
    warnings = shares_beyond(
        {name: (pair[0].sum(), pair[1].sum()) for name, pair in whole.cases.items()}
    ) + far_too_high(whole.heavy)
    return QualityScores(
        whole.by,
        whole.areas,
        whole.months,
        points,
        {check.name: shares[check.name] for check in CHECKS},
        whole.measured,
        full,
        whole.cases,
        tuple(warnings),
    )


def _added(parts: Sequence[QualityCounts]) -> QualityCounts:
    """The parts' counts in one, over all areas and the months of all."""
    seen = [part for part in parts if len(part.months)]
    first = min((part.first for part in seen), default=0)
    months = max((int(part.months[-1]) + 1 for part in seen), default=first) - first
    areas = parts[0].areas

    def summed(cells: Iterable[Floats]) -> Floats:
        total = np.zeros((len(areas), months))
        for part, own in zip(parts, cells, strict=True):
            if own.shape[1]:
                start = part.first - first
                total[part.at, start : start + own.shape[1]] += own
        return total

    def pairs(of: Sequence[Pairs]) -> Pairs:
        return {
            name: (summed(one[name][0] for one in of), summed(one[name][1] for one in of))
            for name in of[0]
        }

    return QualityCounts(
        parts[0].by,
        areas,
        np.arange(len(areas)),
        first,
        measured=summed(part.measured for part in parts),
        with_height=summed(part.with_height for part in parts),
        enrolled=summed(part.enrolled for part in parts),
        flags=pairs([part.flags for part in parts]),
        cases=pairs([part.cases for part in parts]),
        heavy=np.sum([part.heavy for part in parts], axis=0),
    )


def colour(points: float) -> str:
    """green above 80, amber from 65, red below; `none` where there is no score."""
    if np.isnan(points):
        return "none"
    return "green" if points > GREEN else "amber" if points >= AMBER else "red"


def rows_of(scored: QualityScores, *, month: str | None = None) -> list[dict[str, Any]]:
    """Rows to print: the last month, one month (`2026-03`) or `all`; counts of fewer than five
    children stay out."""
    wanted = range(len(scored.months)) if month == "all" else _month_places(scored, month)
    found = []
    for at in wanted:
        for place, area in enumerate(scored.areas):
            if scored.measured[place, at]:
                found.append(row_of(scored, place, area, at))
    return found


def row_of(scored: QualityScores, place: int, area: object, at: int) -> dict[str, Any]:
    """One area's month: colour, score, shares by check, what costs most and what all fail."""
    points = float(scored.score[place, at])
    scores = (
        {}
        if np.isnan(points)
        else {
            check.name: 0.0 if math.isnan(share) else round(share, 4)
            for check in CHECKS
            for share in (float(scored.shares[check.name][place, at]),)
        }
    )
    lost = [
        (check.weight * min(max(_beyond(check, scores[check.name]), 0.0), 1.0), check.name)
        for check in CHECKS
        if check.name in scores
    ]
    worst = sorted(lost, reverse=True)[:3]
    every = [name for name in scores if scored.full[name][place, at]]
    look = (
        []
        if np.isnan(points)
        else shares_beyond(
            {
                name: (some[place, at], judged[place, at])
                for name, (some, judged) in scored.cases.items()
            }
        )
    )
    shade = colour(points)
    return {
        scored.by: str(area),
        "month": _month_text(scored.months[at]),
        "colour": "amber" if shade == "green" and (every or look) else shade,
        "at_100_percent": every,
        "look": look,
        "score": None if np.isnan(points) else round(points, 1),
        "measured": shown(scored.measured[place, at : at + 1])[0],
        "checks": scores,
        "worst": [(name, scores[name]) for points, name in worst if points > 0],
    }


def _month_places(scored: QualityScores, month: str | None) -> list[int]:
    if not len(scored.months):
        return []
    if month is None:
        return [len(scored.months) - 1]
    return [at for at, number in enumerate(scored.months) if _month_text(number) == month]


def _month_text(number: int) -> str:
    return f"{number // 12}-{number % 12 + 1:02}"


def _over(part: Floats, whole: Floats) -> Floats:
    share: Floats = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return share


def _penalty(check: QualityCheck, share: Floats) -> Floats:
    return np.asarray(np.nan_to_num(np.clip(_beyond(check, share), 0, 1)), np.float64)


def _beyond(check: QualityCheck, share: Any) -> Any:
    return (share - check.from_share) / (check.full_share - check.from_share)


def _without_sam(sam: Floats, judged: Floats) -> Floats:
    """1 where the last months together show no SAM though at least `SAM_EXPECTED` cases would be
    expected."""
    cases, children = _running(sam), _running(judged)
    odd: Flags = (cases == 0) & (children * SAM_SHARE >= SAM_EXPECTED)
    return odd.astype(float)


def _running(counts: Floats) -> Floats:
    total = np.cumsum(counts, axis=1)
    total[:, SAM_WINDOW:] -= total[:, :-SAM_WINDOW].copy()
    return total
