"""What a store's children did, by day: the events that a forecast counts by month."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from care.pathway.findings import judged
from features.clock import Clock, Known, month_number
from features.trajectory.points import growth_points
from models.targets import HAPPENED, RELAPSE
from registry.contract.arrays import AnyArray, Ints
from registry.contract.codes import RationItem
from registry.contract.registry import NEVER, Registry
from registry.machine.numba_kernels import njit
from training.cohorts.lives import IN_COHORT, Lives, first_confirmed, lives
from training.cohorts.outcomes import outcomes

SAM_ANEW = 183
"""Days after a confirmed SAM or an admission in which a further finding is the same illness
(registry contract: a first slide asks for 183 days without)."""
Events = tuple[AnyArray, AnyArray, AnyArray]
"""Day, child and amount of each event."""


@dataclass(frozen=True)
class CountingDay:
    """A registry as known by the end of a day (number `until`; one question a child), and the last
    month that is counted (months since January 1970)."""

    registry: Registry
    known: Known
    until: int
    last_month: int


def first_days(month: np.ndarray) -> Ints:
    """Day numbers of the first days of months since January 1970."""
    return month.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _confirmed_sam(at: CountingDay) -> Events:
    """New confirmed SAM, on the day that confirmed it."""
    life = lives(at.known)
    day, child = _confirmed(life, len(life.offsets) - 1)
    return day, child, np.ones(len(day))


def _admissions(at: CountingDay) -> Events:
    """Admissions to any programme."""
    episodes = at.known.episodes
    return episodes["admitted_on"], episodes.question, np.ones(len(episodes.question))


def _in_treatment(at: CountingDay) -> Events:
    """One event at each month's end at which a stay is open, a child once."""
    episodes = at.known.episodes
    admitted, closed, child = episodes["admitted_on"], episodes["closed_on"], episodes.question
    if not len(admitted):
        return admitted, child, np.zeros(0)
    start = month_number(admitted)
    end = np.where(
        closed == NEVER,
        at.last_month,
        np.minimum(month_number(np.minimum(closed, 2**30)) - 1, at.last_month),
    )
    count = np.maximum(end - start + 1, 0)
    row = np.repeat(np.arange(len(count)), count)
    month = start[row] + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    once = np.unique(np.stack([child[row], month]), axis=1)
    return first_days(once[1]), once[0], np.ones(once.shape[1])


def _ednf_sachets(at: CountingDay) -> Events:
    """Sachets of EDNF given out."""
    rations = at.known.rations
    rows = (rations["item"] == RationItem.EDNF) & np.isfinite(rations["quantity"])
    return rations["issued_on"][rows], rations.question[rows], rations["quantity"][rows]


def _mam(at: CountingDay) -> Events:
    """Children whose last measurement of the month that can be judged is MAM."""
    points = judged(at.known, growth_points(at.known))
    said = np.flatnonzero(points["moderate"] >= 0)
    day, child = points["measured_on"][said], points.question[said]
    month = month_number(day)
    last = np.append((child[1:] != child[:-1]) | (month[1:] != month[:-1]), True)[: len(said)]
    here = last & (points["moderate"][said] == 1)
    return day[here], child[here], np.ones(int(here.sum()))


def _relapse(at: CountingDay) -> Events:
    """Relapses by the registry contract: of a cured discharge the first event, on the day that made
    it known."""
    found = outcomes(Clock(at.registry), RELAPSE, cutoff=at.until)
    rows = (found.cohort == IN_COHORT) & (found.outcome == HAPPENED)
    return found.known_on[rows], found.child[rows], np.ones(int(rows.sum()))


EVENTS: dict[str, Callable[[CountingDay], Events]] = {
    "confirmed_sam": _confirmed_sam,
    "admissions": _admissions,
    "in_treatment": _in_treatment,
    "ednf_sachets": _ednf_sachets,
    "mam": _mam,
    "relapse": _relapse,
}
"""By what is counted (`--counted`): how its events are found."""


@njit(cache=True, nogil=True)
def _confirmed(life: Lives, children: int) -> tuple[Ints, Ints]:
    """Day of confirmation and child of each new confirmed SAM: the first, and those more than 183
    days after one."""
    days, who = [np.int64(0)], [np.int64(0)]
    for child in range(children):
        since = -(2**30)
        while True:
            day, known_from = first_confirmed(life, child, since, 2**30, 1)
            if day == NEVER:
                break
            days.append(np.int64(known_from))
            who.append(np.int64(child))
            since = day + SAM_ANEW
    return np.array(days[1:], np.int64), np.array(who[1:], np.int64)
