"""Cohorts: which (child, day) a model is asked about, and what a split date leaves for training;
all counted."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from features.clock import Clock
from models.targets import CENSORED, DID_NOT_HAPPEN, HAPPENED, Asked, Target
from registry.contract.registry import NEVER
from training.cohorts.lives import (
    COHORT_WORDS,
    IN_COHORT,
    Outcomes,
)
from training.cohorts.outcomes import OUTCOME_RULES, outcomes


@dataclass(frozen=True)
class Cohort:
    """Landmark rows of one target: arrays of length m, and the attrition that led to them.

    `index`: position in `outcomes`; `child`, `day` (the day of prediction), `landmark` (days after
    the index); `outcome` (1, 0, -1); `time`: days from the landmark to the event, to the competing
    death, or as far as the child was followed; `remaining`: days left of the horizon. `weight`: for
    how many each row stands, where rows were drawn by lot (`training.cohorts.case_cohort`); None:
    censoring alone says (`training.cohorts.censoring`). `labels_until`: the last day (number) whose
    records a label can have used; None: it does not matter. `visited`: mask of the rows that were
    followed until a visit only (`training.cohorts.visit_exposure`); None: visits end nothing.
    """

    target: Target
    outcomes: Outcomes
    index: np.ndarray
    child: np.ndarray
    day: np.ndarray
    landmark: np.ndarray
    outcome: np.ndarray
    time: np.ndarray
    remaining: np.ndarray
    attrition: dict[str, int] = field(default_factory=dict)
    weight: np.ndarray | None = None
    labels_until: int | None = None
    visited: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> Cohort:
        """Some of the rows, in their order."""
        weight, visited = (None if of is None else of[rows] for of in (self.weight, self.visited))
        return Cohort(
            self.target,
            self.outcomes,
            self.index[rows],
            self.child[rows],
            self.day[rows],
            self.landmark[rows],
            self.outcome[rows],
            self.time[rows],
            self.remaining[rows],
            self.attrition,
            weight,
            self.labels_until,
            visited,
        )


def cohort(
    clock: Clock,
    target: Target,
    *,
    cutoff: int,
    horizon: int | None = None,
    index_from: int | None = None,
) -> Cohort:
    """All landmark rows up to the cutoff, with what was known of their outcome by then; `horizon`:
    in days, where it is not the target's own; `index_from`: rows of earlier indexes (before this
    day) may be left out, and are then not in the attrition."""
    horizon = horizon or target.horizon
    found = outcomes(clock, target, cutoff=cutoff, horizon=horizon, index_from=index_from)
    attrition = {"indexes": len(found.child)}
    for code in OUTCOME_RULES[target.name].left_out:
        attrition[COHORT_WORDS[code]] = int(np.sum(found.cohort == code))
    inside = np.flatnonzero(found.cohort == IN_COHORT)
    attrition["in_cohort"] = len(inside)
    if target.asked is Asked.AFTER_CURE:
        attrition["too_old_before_the_end"] = int(np.sum(found.room[inside] == 0))
    index = np.repeat(inside, len(target.landmarks))
    landmark = np.tile(np.array(target.landmarks, np.int32), len(inside))
    day = found.index_on[index] + landmark
    here = at_risk(found, target, index, day)
    attrition["landmarks"] = len(index)
    attrition["landmarks_after_outcome_or_leaving"] = int(np.sum(~here & (day <= cutoff)))
    attrition["landmarks_after_the_records"] = int(np.sum(day > cutoff))
    rows = np.flatnonzero(here & (day <= cutoff))
    attrition["landmark_rows"] = len(rows)
    index, landmark, day = index[rows], landmark[rows], day[rows].astype(np.int32)
    end = np.minimum(found.event_on[index], found.followed_until[index])
    time = np.maximum(end.astype(np.int64) - day, 0)
    remaining = horizon - landmark
    outcome = found.outcome[index]
    # Nobody who was last seen before the landmark was followed from it, unless the outcome is known
    # all the same.
    return Cohort(
        target,
        found,
        index,
        found.child[index],
        day,
        landmark,
        outcome,
        time,
        remaining,
        attrition,
        labels_until=min(cutoff, clock.registry.recorded_until),
    )


def on_days(clock: Clock, target: Target, days: np.ndarray, *, cutoff: int) -> Cohort:
    """Everyone at risk on each of some days (numbers), with what was known of the outcome by the
    cutoff; `landmark` is the days since the index."""
    found = outcomes(clock, target, cutoff=cutoff)
    indexes, asked = [np.empty(0, np.int64)], [np.empty(0, np.int32)]
    for day in days.tolist():
        since = day - found.index_on.astype(np.int64)
        here = np.flatnonzero((found.cohort == IN_COHORT) & (since >= 0) & (since < target.horizon))
        here = here[at_risk(found, target, here, np.full(len(here), day))]
        indexes.append(here)
        asked.append(np.full(len(here), day, np.int32))
    index, day = np.concatenate(indexes), np.concatenate(asked)
    since = day - found.index_on[index]
    end = np.minimum(found.event_on[index], found.followed_until[index]).astype(np.int64)
    return Cohort(
        target,
        found,
        index,
        found.child[index],
        day,
        since,
        found.outcome[index],
        np.maximum(end - day, 0),
        target.horizon - since,
    )


def at_risk(found: Outcomes, target: Target, index: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Still event-free, and followed, at the landmark (mask); in treatment, where the question is
    asked of children in treatment."""
    open_question = found.gone_on[index] > day
    if target.asked is not Asked.IN_TREATMENT:
        event_free: np.ndarray = open_question & ~(
            (found.outcome[index] == HAPPENED) & (found.known_on[index] <= day)
        )
        return event_free
    in_treatment: np.ndarray = open_question & (day < found.closed_on[index])
    return in_treatment


def ripe(rows: Cohort) -> np.ndarray:
    """Rows all of whose label lies within the records (mask): what a later record could still tell
    of a row's event it could not tell of its absence."""
    if rows.labels_until is None:
        return np.ones(len(rows.index), bool)
    confirmed_within = rows.target.label_days - rows.target.horizon
    ends = rows.day.astype(np.int64) + rows.remaining + confirmed_within
    found: np.ndarray = ends <= rows.labels_until
    return found


def before_split(rows: Cohort, split: int) -> np.ndarray:
    """Which rows a model may be trained on at a split (mask): all that their label could use lies
    before it.

    And the child stays under 1,827 days for the whole horizon: of one who does not, an event would
    be known and its absence never, so that age would tell the outcome. Example: discharged at 1,700
    days of age, the child is 1,827 days old on day 127: SAM on day 60 is known, a child without it
    is censored.
    """
    ends = rows.outcomes.index_on[rows.index].astype(np.int64) + rows.target.label_days
    found: np.ndarray = (ends < split) & (rows.outcomes.room[rows.index] == 1)
    return found


def attrition_table(rows: Cohort) -> dict[str, int]:
    """The attrition with the outcomes of the rows."""
    words = {HAPPENED: "happened", DID_NOT_HAPPEN: "did_not_happen", CENSORED: "censored"}
    return (
        rows.attrition
        | {word: int(np.sum(rows.outcome == code)) for code, word in words.items()}
        | {
            "died": int(np.sum(rows.outcomes.competing[rows.index] == 1)),
            "never_closed": int(np.sum(rows.outcomes.closed_on[rows.index] == NEVER)),
        }
    )
