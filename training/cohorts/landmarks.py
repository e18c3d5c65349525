"""Cohorts: which (child, day) a model is asked about, and what a split date leaves for training;
all counted."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from features.clock import Clock
from models.targets import CENSORED, DID_NOT_HAPPEN, HAPPENED, NON_RESPONSE, ONSET, RELAPSE, Problem
from registry.contract.registry import NEVER
from training.cohorts.lives import (
    COHORT_WORDS,
    CURED_UNVERIFIED,
    FAILED_DISCHARGE,
    IN_COHORT,
    NOT_THAT_AGE,
    SAM_LATELY,
    SAM_THEN,
    SAM_WAITS,
    TREATED_LATELY,
    Outcomes,
)
from training.cohorts.outcomes import outcomes

LEFT_OUT = {
    RELAPSE.target: (CURED_UNVERIFIED, FAILED_DISCHARGE),
    NON_RESPONSE.target: (),
    ONSET.target: (SAM_THEN, NOT_THAT_AGE, TREATED_LATELY, SAM_WAITS, SAM_LATELY),
}
"""Why indexes of a target can be left out of its cohort: counted in the attrition."""


@dataclass(frozen=True)
class Cohort:
    """Landmark rows of one problem: arrays of length m, and the attrition that led to them.

    `index`: position in `outcomes`; `child`, `day` (the day of prediction), `landmark` (days after
    the index); `outcome` (1, 0, -1); `time`: days from the landmark to the event, to the competing
    death, or as far as the child was followed; `remaining`: days left of the horizon. `weight`: for
    how many each row stands, where rows were drawn by lot (`training.cohorts.case_cohort`); None:
    censoring alone says (`training.cohorts.censoring`).
    """

    problem: Problem
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

    def take(self, rows: np.ndarray) -> Cohort:
        """Some of the rows, in their order."""
        columns = (
            self.index,
            self.child,
            self.day,
            self.landmark,
            self.outcome,
            self.time,
            self.remaining,
        )
        weight = None if self.weight is None else self.weight[rows]
        return Cohort(
            self.problem,
            self.outcomes,
            *(column[rows] for column in columns),
            self.attrition,
            weight,
        )


def cohort(clock: Clock, problem: Problem, *, cutoff: int) -> Cohort:
    """All landmark rows up to the cutoff, with what was known of their outcome by then."""
    found = outcomes(clock, problem, cutoff=cutoff)
    attrition = {"indexes": len(found.child)}
    for code in LEFT_OUT[problem.target]:
        attrition[COHORT_WORDS[code]] = int(np.sum(found.cohort == code))
    inside = np.flatnonzero(found.cohort == IN_COHORT)
    attrition["in_cohort"] = len(inside)
    if problem.target == RELAPSE.target:
        attrition["too_old_before_the_end"] = int(np.sum(found.room[inside] == 0))
    index = np.repeat(inside, len(problem.landmarks))
    landmark = np.tile(np.array(problem.landmarks, np.int32), len(inside))
    day = found.index_on[index] + landmark
    at_risk = asked(found, problem, index, day)
    attrition["landmarks"] = len(index)
    attrition["landmarks_after_outcome_or_leaving"] = int(np.sum(~at_risk & (day <= cutoff)))
    attrition["landmarks_after_the_records"] = int(np.sum(day > cutoff))
    rows = np.flatnonzero(at_risk & (day <= cutoff))
    attrition["landmark_rows"] = len(rows)
    index, landmark, day = index[rows], landmark[rows], day[rows].astype(np.int32)
    end = np.minimum(found.event_on[index], found.followed_until[index])
    time = np.maximum(end.astype(np.int64) - day, 0)
    remaining = problem.horizon - landmark
    outcome = found.outcome[index]
    # Nobody who was last seen before the landmark was followed from it, unless the outcome is known
    # all the same.
    return Cohort(
        problem,
        found,
        index,
        found.child[index],
        day,
        landmark,
        outcome,
        time,
        remaining,
        attrition,
    )


def asked(found: Outcomes, problem: Problem, index: np.ndarray, day: np.ndarray) -> np.ndarray:
    """At the landmark: no event known, not gone; and for non-response still in treatment."""
    open_question = found.gone_on[index] > day
    if problem.target != NON_RESPONSE.target:
        return open_question & ~(
            (found.outcome[index] == HAPPENED) & (found.known_on[index] <= day)
        )
    return open_question & (day < found.closed_on[index])


def before_split(rows: Cohort, split: int) -> np.ndarray:
    """Which rows a model may be trained on at a split (mask): all that their label could use lies
    before it.

    And the child stays under 1,827 days for the whole horizon: of one who does not, an event would
    be known and its absence never, so that age would tell the outcome. Example: discharged at 1,700
    days of age, the child is 1,827 days old on day 127: SAM on day 60 is known, a child without it
    is censored.
    """
    ends = rows.outcomes.index_on[rows.index].astype(np.int64) + rows.problem.label_days
    return (ends < split) & (rows.outcomes.room[rows.index] == 1)


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
