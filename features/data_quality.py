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

from features.who.growth import zscores
from registry.checks.plausible import cases_of, counted_by_z, far_too_high, shares_beyond
from registry.contract.arrays import AnyArray, Days, Flags, Floats, Ints, Texts
from registry.contract.registry import NEVER, Registry, day_date, day_number
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


Pairs = Mapping[str, tuple[Floats, Floats]]


@dataclass(frozen=True)
class QualityCounts:
    """What `scored` needs, in counts that add up over parts of a registry: float64 (areas that have
    a child, months), `flags` by check of the rows that fail and those that it can judge, `cases` as
    in `QualityScores`; `at` are these areas' positions in `areas`, `first` is the first month's
    number, `heavy` is `counted_by_z` of all."""

    by: str
    areas: Texts
    at: Ints
    first: int
    measured: Floats
    with_height: Floats
    enrolled: Floats
    flags: Pairs
    cases: Pairs
    heavy: Ints

    @property
    def months(self) -> Ints:
        """The numbers of the months."""
        return np.arange(self.first, self.first + self.measured.shape[1])


def score(registry: Registry, *, by: str = "centre") -> QualityScores:
    """The score of every area and month."""
    return scored([counts_of(registry, by=by)])


def counts_of(registry: Registry, *, by: str = "centre") -> QualityCounts:
    """The counts of a registry's children, each in the area of its present centre."""
    rows = _monthly(registry)
    area_of, areas = _areas(registry, by)
    at = np.unique(area_of[area_of >= 0]).astype(np.int64)
    area_of = np.where(area_of < 0, -1, np.searchsorted(at, area_of))
    months = (
        np.arange(rows["month"].min(), rows["month"].max() + 1)
        if len(rows["month"])
        else np.empty(0, np.int64)
    )
    shape = len(at), len(months)
    cell = area_of[rows["child"]].astype(np.int64) * max(shape[1], 1) + (
        rows["month"] - months[0] if shape[1] else 0
    )
    z = zscores(
        sex=rows["sex"].astype(np.int8),
        age_days=rows["age"].astype(np.float64),
        weight_kg=rows["weight"],
        height_cm=rows["height"],
        height_position=rows["position"].astype(np.int8),
        muac_mm=rows["muac"],
        oedema=rows["oedema"],
    )

    def counted(pairs: Mapping[str, tuple[Flags, Flags]]) -> Pairs:
        return {
            name: (_count(cell, some & judged, shape), _count(cell, judged, shape))
            for name, (some, judged) in pairs.items()
        }

    found = cases_of(rows["muac"], rows["oedema"], z | {"age": rows["age"].astype(np.float64)})
    return QualityCounts(
        by,
        areas,
        at,
        int(months[0]) if shape[1] else 0,
        measured=_count(cell, np.isfinite(rows["weight"]), shape),
        with_height=_count(cell, np.isfinite(rows["height"]), shape),
        enrolled=_enrolled(registry, area_of, months, shape),
        flags=counted(_flags(rows, z)),
        cases=counted(found),
        heavy=counted_by_z(z),
    )


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


def _monthly(registry: Registry) -> dict[str, AnyArray]:
    """One row per child and month (its last measurement), sorted, with the row of the month before
    where there is one.

    Present versions only: the score judges what the registers say now of that month.
    """
    table = registry.measurements
    table = table.take(np.flatnonzero(table["known_until"] == NEVER))
    date = (
        table["measured_on"].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        + 1970 * 12
    )
    last = np.append((table["child"][1:] != table["child"][:-1]) | (date[1:] != date[:-1]), True)[
        : table.rows
    ]
    keep = np.flatnonzero(last)
    child, month = table["child"][keep], date[keep]
    before = np.append(False, (child[1:] == child[:-1]) & (month[1:] == month[:-1] + 1))[
        : len(child)
    ]
    person = present_children(registry)
    return {
        "child": child,
        "month": month,
        "before": before,
        "day": table["measured_on"][keep],
        "weight": table["weight_kg"][keep],
        "height": table["height_cm"][keep],
        "oedema": table["oedema"][keep],
        "position": table["height_position"][keep],
        "muac": table["muac_mm"][keep],
        "sex": person["sex"][child],
        "age": table["measured_on"][keep] - person["birth_date"][child],
    }


def present_children(registry: Registry) -> dict[str, Days]:
    """Present facts by child position."""
    table = registry.children.take(np.flatnonzero(registry.children["known_until"] == NEVER))
    facts = {}
    for name in ("sex", "birth_date", "centre", "left_on", "registered_on"):
        facts[name] = np.full(
            len(registry.child_ids), -1 if name in ("sex", "centre") else NEVER, np.int32
        )
        facts[name][table["child"]] = table[name]
    return facts


def _areas(registry: Registry, by: str) -> tuple[Days, Texts]:
    """The area of each child, and the areas' ids."""
    centre = present_children(registry)["centre"]
    if by == "centre":
        return centre, registry.centre_ids
    table = registry.centres.take(np.flatnonzero(registry.centres["known_until"] == NEVER))
    area = np.full(len(registry.centre_ids) + 1, -1, np.int32)
    area[table["centre"]] = table[by]
    return area[centre], getattr(registry, f"{by}_ids")


def _flags(
    rows: Mapping[str, AnyArray], z: Mapping[str, AnyArray]
) -> dict[str, tuple[Flags, Flags]]:
    """For each check the rows that fail it and the rows that it can judge."""
    weight, height, whz, haz = rows["weight"], rows["height"], z["whz"], z["haz"]
    has_weight, has_height, has_whz = np.isfinite(weight), np.isfinite(height), np.isfinite(whz)
    gain, growth, shift = (_change(values, rows["before"]) for values in (weight, height, whz))
    again = _change(gain, rows["before"])
    flat = np.isfinite(growth) & (growth <= 0)
    grams = np.round(weight * 1000)
    return {
        "height_carried_forward": (growth == 0, np.isfinite(growth) & (rows["age"] < 731)),
        "identical_to_last_month": (
            (gain == 0) & (growth == 0),
            np.isfinite(gain) & np.isfinite(growth),
        ),
        "mechanical_increments": (
            (np.abs(again) < 1e-6) & (np.abs(gain) > 1e-6),
            np.isfinite(again),
        ),
        "implausible_z": ((np.abs(whz) > 5) | (np.abs(haz) > 6), has_whz | np.isfinite(haz)),
        "implausible_transitions": (np.abs(shift) > 2, np.isfinite(shift)),
        "bunched_at_cutoffs": (
            has_whz & (_just_above(whz, -3) | _just_above(whz, -2)),
            has_whz & (whz < -1),
        ),
        "digit_preference": (
            has_weight & (grams % 500 == 0) & (~has_height | (height % 1 == 0)),
            has_weight,
        ),
        "no_growth": (_twice(flat, rows["before"]), np.isfinite(growth) & (rows["age"] < 1096)),
        "sam": (has_whz & (whz < -3), has_whz),
    }


def _just_above(whz: Floats, cut: float) -> Flags:
    return (whz >= cut) & (whz < cut + 0.1)


def _change(values: Floats, before: Flags) -> Floats:
    """Change from the month before, NaN where there is none."""
    change = np.append(np.nan, np.diff(values))[: len(values)]
    return np.where(before, np.round(change, 6), np.nan)


def _twice(flat: Flags, before: Flags) -> Flags:
    """Three equal readings in three months running."""
    again: Flags = np.append(False, flat[:-1])[: len(flat)]
    return flat & before & again


def _count(cell: Ints, mask: Flags, shape: tuple[int, int]) -> Floats:
    good = mask & (cell >= 0)
    return (
        np.bincount(cell[good], minlength=shape[0] * shape[1])[: shape[0] * shape[1]]
        .reshape(shape)
        .astype(float)
    )


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


def _enrolled(registry: Registry, area_of: Days, months: Ints, shape: tuple[int, int]) -> Floats:
    """Children under six on the month's last day, born and not left, by area and month."""
    people = present_children(registry)
    counts = np.zeros(shape)
    for at, month in enumerate(months):
        end = day_number(
            day_date(day_number(f"{(month + 1) // 12}-{(month + 1) % 12 + 1:02}-01") - 1)
        )
        entered = np.where(
            people["registered_on"] == NEVER, people["birth_date"], people["registered_on"]
        )
        here = (entered <= end) & (end - people["birth_date"] < 2192) & (people["left_on"] > end)
        counts[:, at] = np.bincount(area_of[here & (area_of >= 0)], minlength=shape[0])[: shape[0]]
    return counts
