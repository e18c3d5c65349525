"""What the checks of data quality count: one row per child and month, and what fails among them, in
counts that add up over parts of a registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.who.growth import zscores
from registry.checks.plausible import cases_of, counted_by_z
from registry.contract.arrays import AnyArray, Days, Flags, Floats, Ints, Texts
from registry.contract.registry import NEVER, Registry, day_date, day_number

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
