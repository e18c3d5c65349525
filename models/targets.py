"""The problems, as the registry contract defines them: index, landmarks, horizon, words.

Source: the registry contract, "Three targets, defined from these tables alone"; days are whole
days.
"""

from __future__ import annotations

from dataclasses import dataclass

HAPPENED, DID_NOT_HAPPEN, CENSORED = 1, 0, -1
OUTCOME_WORDS = {HAPPENED: "happened", DID_NOT_HAPPEN: "did_not_happen", CENSORED: "censored"}


@dataclass(frozen=True)
class Problem:
    """One target: predictions are made on `landmarks` days after the index; the event is one within
    `horizon` days.

    `label_days`: how long after the index a label can still use what is recorded; a training row
    needs all of it to lie before the split.
    """

    target: str
    landmarks: tuple[int, ...]
    horizon: int
    label_days: int
    direction: str
    offset: str | None = None
    """The feature (already a logarithm) that the forest starts from instead of learning it: time
    left for a hazard."""


RELAPSE = Problem(
    "relapse", (0, 28, 56, 84, 112, 140, 168), 183, 183 + 63, "relapse", "follow_up_left"
)
NON_RESPONSE = Problem("non_response", (0, 7, 14, 21, 28, 42, 56), 91, 91, "non_response")
ONSET = Problem("onset", (0,), 91, 91 + 63, "onset")
PROBLEMS: dict[str, Problem] = {problem.target: problem for problem in (RELAPSE, NON_RESPONSE)}
BACKTESTED: dict[str, Problem] = PROBLEMS | {ONSET.target: ONSET}
"""PROBLEMS are trained, judged and served; onset is only backtested so far."""
FAILED_DISCHARGE_BEFORE = 14
VERIFIED_WITHIN = 7
CONFIRMED_WITHIN = 63
FOLLOWED_FROM = 148
"""Relapse: an event counts from day 14; a cure is verified by a valid non-SAM reading within 7
days; a SAM reading is confirmed by the next one that answers it within 63 days; a valid reading on
day 148 or later follows to the end."""
UNTREATED_DAYS = 183
ONSET_AGES = (28, 1735)
ONSET_FOLLOWED_FROM = 56
"""Onset: out of every programme and without confirmed SAM for so many days; ages in days, so that
day 91 still lies under 1,827; a valid reading on day 56 or later follows to the end."""
