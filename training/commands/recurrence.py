"""Recurrence of wasting in records that know visits and no treatment,
cross-validated by child.

A row is a visit at which a child under five stands, for the second visit in a row or more, at WHZ
-2 or above, and after which it was seen on day 148 or later: whether or not the event came. (Were
an event asked for less room than its absence, then where following ends at a fixed age, age alone
would tell who is wasted again.) The event is WHZ under -2 at a later visit within 183 days.
Features and fit are those of the two targets.

    python -m training.commands.recurrence STORE [--json]
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import njit

from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.catalogue import NAMES
from features.trajectory.points import growth_points
from models.targets import DID_NOT_HAPPEN, FOLLOWED_FROM, HAPPENED, RELAPSE
from registry.contract.arrays import AnyArray, Floats
from registry.contract.days import LAST_DAY_UNDER_FIVE
from registry.contract.errors import BadInput
from registry.contract.registry import NEVER, Registry
from training.fitting.examples import Examples
from training.fitting.fit import Progress, fit, folds
from training.fitting.pipeline import LEAST_EVENTS
from training.fitting.priors import estimate_priors
from training.metrics.calibration import calibration
from training.metrics.discrimination import Estimate, auc, bootstrap

WELL_VISITS = 2
FOLDS = 5
WHZ = NAMES.index("whz_last")


@dataclass(frozen=True)
class WellVisits:
    """Visits at which a child is well again, arrays of length m: `child`, `day`; `after_wasting`:
    wasted earlier; `outcome` (1, 0)."""

    child: np.ndarray
    day: np.ndarray
    after_wasting: np.ndarray
    outcome: np.ndarray

    def take(self, rows: np.ndarray) -> WellVisits:
        """Some of the rows."""
        return WellVisits(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@njit(cache=True, nogil=True)
def _well(offsets: AnyArray, wasted: AnyArray, found: AnyArray) -> int:
    """Rows (first of `found`) with so many visits in a row that are not wasted, and whether an
    episode came before."""
    count = 0
    for i in range(len(offsets) - 1):
        run, before = 0, False
        for row in range(offsets[i], offsets[i + 1]):
            if np.isnan(wasted[row]):
                continue
            run = 0 if wasted[row] == 1.0 else run + 1
            before = before or wasted[row] == 1.0
            if run >= WELL_VISITS:
                found[0, count], found[1, count] = row, before
                count += 1
    return count


@njit(cache=True, nogil=True)
def _what_came(
    offsets: AnyArray, question: AnyArray, row: AnyArray, day: AnyArray, wasted: AnyArray
) -> tuple[AnyArray, AnyArray]:
    """(day of the next visit that is wasted, NEVER where none; day of the child's last visit) after
    each row."""
    event, last = np.full(len(row), NEVER, np.int32), np.empty(len(row), np.int32)
    for i in range(len(row)):
        last[i] = day[row[i]]
        for later in range(row[i] + 1, offsets[question[i] + 1]):
            if np.isnan(wasted[later]):
                continue
            last[i] = day[later]
            if wasted[later] == 1.0 and event[i] == NEVER:
                event[i] = day[later]
    return event, last


def well_visits(clock: Clock) -> WellVisits:
    """All rows, with what the whole registry knows of their outcome.

    Example: WHZ -2.3 on day 0, -1.5 on days 30 and 60, -2.2 on day 120, -1.8 on day 210: one row,
    day 60, after wasting, happened. Without the visit of day 210 the child was not followed for 148
    days: no row.
    """
    children = np.arange(len(clock.registry.child_ids), dtype=np.int32)
    known = clock.known_by(
        children, np.full(len(children), clock.registry.recorded_until, np.int32)
    )
    growth = growth_points(known)
    wasted, day = (
        np.where(growth["age_days"] < LAST_DAY_UNDER_FIVE, growth["wasted"], np.nan),
        growth["measured_on"],
    )
    found = np.empty((2, len(wasted)), np.int64)
    row, before = found[:, : _well(growth.offsets, wasted, found)]
    question = growth.question[row]
    event, last = _what_came(growth.offsets, question, row, day, wasted)
    happened = event.astype(np.int64) - day[row] <= RELAPSE.horizon
    rows = WellVisits(
        children[question],
        day[row],
        before == 1,
        np.where(happened, HAPPENED, DID_NOT_HAPPEN).astype(np.int8),
    )
    return rows.take(np.flatnonzero(last - day[row] >= FOLLOWED_FROM))


RECURRENCE = replace(RELAPSE, offset=None)
"""Fitted as relapse is; without stays no time at risk is known that the forest could start from."""


def cross_validated(
    clock: Clock, rows: WellVisits, *, seed: int, said: Progress = lambda text: None
) -> tuple[np.ndarray, np.ndarray]:
    """(risk, last WHZ) of each row: priors, features and fit from the children of the other folds
    only."""
    fold, weight = folds(rows.child, FOLDS, seed), np.ones(len(rows.child))
    risk, whz = np.full((2, len(rows.child)), np.nan)
    for of in range(FOLDS):
        inside = np.flatnonzero(fold != of)
        priors = estimate_priors(clock, rows.child[inside], clock.registry.recorded_until)
        matrix = as_of(clock, rows.child, rows.day, priors=priors)
        learning = Examples(
            matrix, rows.outcome, weight, rows.child, rows.day, np.zeros(len(weight), np.int32)
        )
        fitted = fit(learning.take(inside), target=RECURRENCE, settings={}, seed=seed)
        risk[fold == of] = 1.0 / (1.0 + np.exp(-fitted.log_odds(matrix[fold == of])))
        whz[fold == of] = matrix[fold == of, WHZ]
        said(f"fold {of + 1} of {FOLDS}")
    return risk, whz


def recurrence(
    registry: Registry, *, seed: int = 1, repeats: int = 500, said: Progress = lambda text: None
) -> dict[str, dict[str, Any]]:
    """Model beside last WHZ over all well visits, and over those after an earlier episode, as plain
    figures.

    Each figure of discrimination is [value, low, high], the interval by drawing children anew.
    `BadInput` where fewer than 30 children have the event.
    """
    clock = Clock(registry)
    rows = well_visits(clock)
    children = len(np.unique(rows.child[rows.outcome == HAPPENED]))
    if children < LEAST_EVENTS:
        raise BadInput(
            "TRN002",
            f"recurrence: {children} children with the event, at least {LEAST_EVENTS} are needed",
        )
    risk, whz = cross_validated(clock, rows, seed=seed, said=said)
    return {
        name: _compared(rows.take(chosen), risk[chosen], whz[chosen], repeats)
        for name, chosen in (
            ("all", np.arange(len(risk))),
            ("after_wasting", np.flatnonzero(rows.after_wasting)),
        )
    }


def _compared(rows: WellVisits, risk: Floats, whz: Floats, repeats: int) -> dict[str, object]:
    happened, weight = rows.outcome, np.ones(len(risk))

    def interval(figure: Callable[..., float], *columns: Floats) -> list[float]:
        found: Estimate = bootstrap(
            figure, *columns, happened, weight, cluster=rows.child, repeats=repeats
        )
        return [round(value, 4) for value in (found.value, found.low, found.high)]

    line = calibration(risk, happened, weight)
    return {
        "rows": len(risk),
        "children": len(np.unique(rows.child)),
        "rows_with_event": int(happened.sum()),
        "children_with_event": len(np.unique(rows.child[happened == 1])),
        "auc": interval(auc, risk),
        "auc_last_whz": interval(auc, -whz),
        "difference": interval(
            lambda ours, theirs, *known: auc(ours, *known) - auc(theirs, *known), risk, -whz
        ),
        "calibration_slope": round(line.slope, 3),
        "mean_risk": round(float(risk.mean()), 4),
        "observed": round(float(happened.mean()), 4),
    }


def main(arguments: list[str] | None = None) -> None:
    """Print the comparison, in words or as one JSON document."""
    import argparse
    import sys

    from training.commands.train import load_registry

    asked = argparse.ArgumentParser(
        prog="python -m training.commands.recurrence", description=recurrence.__doc__
    )
    asked.add_argument("store", help="a path ending in .db, or a postgresql:// address")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--json", action="store_true", help="one JSON document on standard output")
    wanted = asked.parse_args(arguments)
    told = recurrence(
        load_registry(wanted.store),
        seed=wanted.seed,
        said=lambda text: print(text, file=sys.stderr),
    )
    if wanted.json:
        print(json.dumps(told))
        return
    for name, of in told.items():
        print(
            f"{name.replace('_', ' ')}: {of['rows']} visits of {of['children']} children, "
            f"{of['children_with_event']} of them wasted again within {RELAPSE.horizon} days"
        )
        for key, words in (
            ("auc", "AUC"),
            ("auc_last_whz", "AUC of the last WHZ"),
            ("difference", "difference"),
        ):
            value, low, high = of[key]
            print(f"  {words} {value:.3f} ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main()
