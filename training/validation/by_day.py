"""Risk by day 30, 60 and 90: of children told low, middle and high risks, how many had the event by
then, beside how many were told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.targets import CENSORED, HAPPENED
from registry.contract.arrays import Floats, Ints
from training.cohorts.landmarks import Cohort
from training.evaluation.scored_rows import Judged
from training.metrics.cumulative_incidence import EVENT, LOST, OTHER_END, cumulative_incidence
from training.metrics.discrimination import Estimate, bootstraps

DAYS = (30, 60, 90)
GROUPS = ("lowest third", "middle third", "highest third")
REPEATS = 200
LEAST_ROWS = 60
"""Indexes that thirds need: with fewer, twenty a third, a curve is a staircase of chance."""


@dataclass(frozen=True)
class ThirdByDay:
    """One third of the indexes by the risk of their first day: `children`, `events` (indexes);
    `observed` by each of the days (Aalen-Johansen, interval by child), `expected` by the same days;
    `curve`: the observed share by every day from 0 to the horizon."""

    group: str
    children: int
    events: int
    observed: tuple[Estimate, ...]
    expected: tuple[float, ...]
    curve: tuple[float, ...]


def by_day(judged: Judged, learnt: Cohort | None) -> dict[str, Any] | None:
    """`days` (the horizon last), `groups` (of `ThirdByDay`), of predictions on the index's own day;
    None where too few were made.

    A model tells one risk, for the whole horizon. How much of it falls before a day is taken from
    the indexes that it learnt from (`learnt`: the same share for all children); of another
    registry's model they are not at hand, and only the horizon has an expected share.
    """
    first = np.flatnonzero(judged.rows.landmark == 0)
    if len(first) < LEAST_ROWS:
        return None
    rows, risk = judged.rows.take(first), judged.risk[first]
    horizon = rows.target.horizon
    days = np.array([*(day for day in DAYS if day < horizon), horizon])
    share = shares_by(learnt, days)
    order = np.argsort(risk, kind="stable")
    groups = [
        _told(name, rows.take(part), risk[part], days, share)
        for name, part in zip(GROUPS, np.array_split(order, len(GROUPS)), strict=True)
    ]
    return {"days": days.tolist(), "groups": groups}


def _told(name: str, rows: Cohort, risk: Floats, days: Ints, share: Floats) -> ThirdByDay:
    time, ended = ends(rows)
    observed = bootstraps(
        lambda time, ended: cumulative_incidence(time, ended, days),
        time,
        ended,
        cluster=rows.child,
        repeats=REPEATS,
    )
    every = np.arange(int(days[-1]) + 1)
    return ThirdByDay(
        name,
        len(np.unique(rows.child)),
        int((ended == EVENT).sum()),
        tuple(observed),
        tuple(float(of) for of in share * risk.mean()),
        tuple(cumulative_incidence(time, ended, every).tolist()),
    )


def ends(rows: Cohort) -> tuple[Ints, Ints]:
    """(days followed, how it ended) of each row, as `cumulative_incidence` asks.

    Who was followed to the end without the event counts to the horizon's last day.
    """
    happened, lost = rows.outcome == HAPPENED, rows.outcome == CENSORED
    # As for the weights: a death, or a cure that ends the stay, answers on its own day.
    other = ~happened & ~lost & (rows.time < rows.remaining)
    time = np.where(happened | lost | other, np.minimum(rows.time, rows.remaining), rows.remaining)
    return time.astype(np.int64), np.select([happened, other], [EVENT, OTHER_END], LOST)


def shares_by(learnt: Cohort | None, days: Ints) -> Floats:
    """Of the events within the horizon (the last of `days`) the share by each day, among indexes
    learnt from; NaN but for the horizon where there are none."""
    if learnt is not None:
        first = learnt.take(np.flatnonzero(learnt.landmark == 0))
        found = cumulative_incidence(*ends(first), days)
        if len(first.index) and found[-1] > 0:
            share: Floats = found / found[-1]
            return share
    return np.where(days == days[-1], 1.0, np.nan)
