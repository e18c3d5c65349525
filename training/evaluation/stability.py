"""How steady a list is, and how sane: its top between two months, and what one better record does
to a risk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.context import Context
from models.bundle import Bundle
from registry.contract.arrays import Floats
from registry.contract.registry import Registry, day_date
from training.cohorts.landmarks import Cohort
from training.evaluation.scored_rows import Judged, score_rows

TOP = 10
HEAVIER, WIDER_MM = 1.03, 4.0
"""A better record: a last weight 3 % heavier (300 g at 10 kg), a last MUAC 4 mm wider (its repeat
error)."""
SAMPLE = 1000
NOTED = 0.05
"""Log-odds; a risk of 20 % becomes 20.8 %."""


def top_between_months(
    clock: Clock, bundle: Bundle, rows: Cohort, *, context: Context
) -> dict[str, Any] | None:
    """Of the ten highest risks of each sector in one month, the share still there in the next,
    where still at risk.

    `rows`: of `training.evaluation.visit_lists.at_month_starts`; its last two months are compared.
    `by_chance`: the share that ten drawn blindly in the second month would keep (1 where no sector
    has more than ten). None without two months.
    """
    days = np.unique(rows.day)[-2:]
    if len(days) < 2:
        return None
    judged = score_rows(
        clock, bundle, rows.take(np.flatnonzero(np.isin(rows.day, days))), block="", context=context
    )
    (one, _), (other, blindly) = (_top(clock, judged, int(day)) for day in days)
    stayed_at_risk = one & blindly.keys()
    if not stayed_at_risk:
        return None
    return {
        "months": [day_date(day).isoformat() for day in days],
        "children": len(stayed_at_risk),
        "share": len(stayed_at_risk & other) / len(stayed_at_risk),
        "by_chance": float(np.mean([blindly[index] for index in stayed_at_risk])),
    }


def _top(clock: Clock, judged: Judged, day: int) -> tuple[set[int], dict[int, float]]:
    """(indexes among the TOP highest risks of their sector on a day, each index's chance to be
    there by lot)."""
    here = np.flatnonzero(judged.rows.day == day)
    sector = sectors(clock, judged.rows.take(here))
    by_risk = np.lexsort((-judged.risk[here], sector))
    order, of = judged.rows.index[here][by_risk], sector[by_risk]
    size = np.searchsorted(of, of, side="right") - np.searchsorted(of, of)
    place = np.arange(len(order)) - np.searchsorted(of, of)
    lot = np.minimum(1.0, TOP / size)
    return set(order[place < TOP].tolist()), dict(zip(order.tolist(), lot.tolist(), strict=True))


def sectors(clock: Clock, rows: Cohort) -> np.ndarray:
    """The sector (position, -1 where unknown) of each row's child on its day."""
    return of_centre(clock.registry, centres(clock, rows), "sector")


def centres(clock: Clock, rows: Cohort) -> np.ndarray:
    """The centre (position, -1 where unknown) of each row's child on its day."""
    return clock.child_on(rows.child, rows.day)["centre"]


def of_centre(registry: Registry, centre: np.ndarray, column: str) -> np.ndarray:
    """What the table of centres has in a column (a position or code, -1 where unknown) of each of
    some centres (positions)."""
    of = np.full(len(registry.centre_ids) + 1, -1, np.int64)
    of[registry.centres["centre"]] = registry.centres[column]
    found: np.ndarray = of[centre]
    return found


def better_records(
    clock: Clock, bundle: Bundle, judged: Judged, *, context: Context
) -> list[dict[str, Any]]:
    """How often one better record raises a risk: `record`, `children`, `raised` and `noted` (by
    over 0.05) as shares.

    The last weight (then the last MUAC) known by the day is bettered in the records themselves and
    the features are made anew, since one reading moves many columns. Asked of the bundle itself,
    whoever said the judged risks: no outcome plays a part. At most 1,000 of the judged children,
    each on its first judged day.
    """
    _, first = np.unique(judged.rows.child, return_index=True)
    some = judged.rows.take(np.random.default_rng(5).permutation(first)[:SAMPLE])
    return [
        _bettered(clock, bundle, some, context, column, words, change)
        for column, words, change in (
            ("weight_kg", "last weight 3 % heavier", lambda kg: kg * HEAVIER),
            ("muac_mm", "last MUAC 4 mm wider", lambda mm: mm + WIDER_MM),
        )
    ]


def _bettered(
    clock: Clock,
    bundle: Bundle,
    some: Cohort,
    context: Context,
    column: str,
    words: str,
    change: Callable[[Floats], Floats],
) -> dict[str, Any]:
    row = _last_rows(clock, some.child, some.day, column)
    had = row >= 0
    child, day = some.child[had], some.day[had]
    measurements = clock.registry.measurements
    values = measurements[column].copy()
    values[row[had]] = change(values[row[had]])
    changed = replace(clock.registry, measurements=measurements.having(**{column: values}))
    # The centre's context is the old one: one child's better record should move that child only.
    before, after = (
        as_of(of, child, day, priors=bundle.priors, context=context)
        for of in (clock, Clock(changed))
    )
    rise = bundle.log_odds(after) - bundle.log_odds(before)
    return {
        "record": words,
        "children": int(had.sum()),
        "raised": _share(rise > 1e-9),
        "noted": _share(rise > NOTED),
        "median_change": float(np.median(rise)) if len(rise) else np.nan,
    }


def _last_rows(clock: Clock, child: np.ndarray, day: np.ndarray, column: str) -> np.ndarray:
    """Position in the registry's measurements of the last value known by each day; -1 where there
    is none."""
    registry = clock.registry
    numbered = registry.measurements.having(position=np.arange(registry.measurements.rows))
    known = Clock(replace(registry, measurements=numbered)).known_by(child, day).measurements
    there = ~np.isnan(known[column])
    last = np.full(len(child), -1, np.int64)
    last[known.question[there]] = known["position"][there]
    return last


def _share(mask: np.ndarray) -> float:
    return float(mask.mean()) if len(mask) else float("nan")
