"""The same risks against other outcomes: shorter horizons, slow or failing, one reading, and later
knowledge.

Secondary outcomes say what else a high risk stands for; sensitivity rows say how far the figures
hang on a choice of the contract. Nothing here is trained or chosen by.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from features.clock import Clock
from features.trajectory.context import Context
from models.bundle import Bundle
from models.targets import HAPPENED, TARGETS, Asked
from training.cohorts import censoring
from training.cohorts.known_until import known_until
from training.cohorts.landmarks import Cohort, at_risk, cohort
from training.cohorts.lives import IN_COHORT, Outcomes
from training.cohorts.outcomes import outcomes
from training.cohorts.response import FAILING, RESPONDED, SLOW, responses
from training.evaluation import probes
from training.evaluation.row_keys import told_apart
from training.evaluation.scored_rows import Judged, score_rows
from training.metrics.calibration import calibration
from training.metrics.discrimination import Estimate, auc, bootstrap, ranked
from training.rows.at_hand import AtHand
from training.rows.kept_rows import dates

REPEATS = 200
LATER_DAYS = 30
RELAPSE_HORIZONS = (30, 90)
TARGET, SECONDARY, SENSITIVITY = "target", "secondary", "sensitivity"


@dataclass(frozen=True)
class Question:
    """What the risks are compared with: its `kind`, a `name` for figures, and `words`."""

    kind: str
    name: str
    words: str


@dataclass(frozen=True)
class Against:
    """The risks against one question: `rows` with a known answer, `events` (indexes), their `share`
    by weight, `auc`; `slope` and `observed_over_expected` only where the risk claims to be of this
    outcome, else None."""

    question: Question
    rows: int
    events: int
    share: float
    auc: Estimate
    slope: float | None = None
    observed_over_expected: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; None for what is not known."""
        told = asdict(self.question) | {
            "rows": self.rows,
            "events": self.events,
            "share": self.share,
        }
        told |= {
            "auc": self.auc.value,
            "auc_low": self.auc.low,
            "auc_high": self.auc.high,
            "slope": self.slope,
            "observed_over_expected": self.observed_over_expected,
        }
        return {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in told.items()
        }


SINGLE_ONSET = Question(SENSITIVITY, "single_reading", "SAM by a single reading, or an admission")
SINGLE = Question(SENSITIVITY, "single_reading", "relapse by a single reading of SAM, or admission")
EARLIER = Question(
    SENSITIVITY,
    "known_earlier",
    (
        f"the target, had the records ended {LATER_DAYS} days earlier (without what was not "
        "known then)"
    ),
)
RESPONSES = (
    (
        Question(SECONDARY, "failing", "failing to gain, against those who responded"),
        FAILING,
        RESPONDED,
    ),
    (Question(SECONDARY, "slow", "gaining slowly, against those who responded"), SLOW, RESPONDED),
    (
        Question(SECONDARY, "failing_not_slow", "failing to gain, among those who did not respond"),
        FAILING,
        SLOW,
    ),
)


def against_others(clock: Clock, rows: Cohort, risk: np.ndarray, *, cutoff: int) -> list[Against]:
    """The risks (NaN where not scored) of landmark rows against every other outcome; `cutoff`: that
    of the rows."""
    scored = np.flatnonzero(~np.isnan(risk))
    rows, risk = rows.take(scored), risk[scored]
    found = [
        _judge(Question(TARGET, "target", "the target itself"), rows, risk),
        *SECONDARY_OF[rows.target.asked](clock, rows, risk, cutoff),
    ]
    earlier = outcomes(clock, rows.target, cutoff=cutoff - LATER_DAYS)
    before = rows.day <= cutoff - LATER_DAYS
    return [*found, _judge(EARLIER, *_with(earlier, rows, risk, rows.target.horizon, only=before))]


@dataclass(frozen=True)
class Later:
    """The rows scored as if every record with an assumed day of entry had come in 30 days later:
    the `clock` of that registry, its `judged` rows, and the share of records that `moved`."""

    clock: Clock
    judged: Judged
    moved: float


def judged_later(clock: Clock, bundle: Bundle, rows: Cohort) -> Later:
    """The rows scored from records that came in later; `bundle`: the one that says the risks."""
    registry, moved = probes.known_later(clock.registry, days=LATER_DAYS)
    later = Clock(registry)
    return Later(later, score_rows(later, bundle, rows, block="", context=Context(later)), moved)


def known_later(later: Later) -> Against:
    """The target, with every record whose day of entry was assumed entered 30 days later than its
    own day."""
    words = (
        f"the target, had the records with an assumed day of entry ({later.moved:.0%}) "
        f"come in {LATER_DAYS} days "
        f"later; {later.judged.not_scored} predictions could then not be made"
    )
    return _judge(Question(SENSITIVITY, "known_later", words), later.judged.rows, later.judged.risk)


def of_judged(clock: Clock, judged: Judged, later: Later, *, cutoff: int) -> list[Against]:
    """All of it for the judged rows, and for the same rows scored `later`."""
    return [*against_others(clock, judged.rows, judged.risk, cutoff=cutoff), known_later(later)]


def of_predictions(
    hand: AtHand, predictions: pd.DataFrame, bundles: Mapping[str, Bundle], *, split: int
) -> dict[str, list[dict[str, Any]]]:
    """All of it by target for those of a backtest's predictions whose records are at hand, as plain
    JSON values; `predictions`: of `training.commands.backtest`."""
    clock = hand.clock
    until, told = known_until(clock.registry), {}
    for target, bundle in bundles.items():
        rows = cohort(clock, TARGETS[target], cutoff=until)
        rows = hand.own(rows.take(np.flatnonzero(rows.day >= split)))
        risk = _risk_of(clock, predictions[predictions["target"] == target], rows)
        later = judged_later(clock, bundle, rows)
        found = [*against_others(clock, rows, risk, cutoff=until), known_later(later)]
        told[target] = [one.as_dict() for one in found]
    return told


def _risk_of(clock: Clock, predictions: pd.DataFrame, rows: Cohort) -> np.ndarray:
    """The risk that was predicted for each row."""
    index_on = dates(rows.outcomes.index_on[rows.index])
    asked = told_apart(clock.registry.child_ids[rows.child].astype(str), index_on, rows.landmark)
    said = told_apart(
        *(predictions[name].to_numpy() for name in ("child_id", "index_on", "landmark_day"))
    )
    at = said.get_indexer(asked)
    if (at < 0).any():
        raise RuntimeError(f"{(at < 0).sum()} of {len(at)} rows at hand have no prediction")
    found: np.ndarray = predictions["risk"].to_numpy(np.float64)[at]
    return found


def _relapses(clock: Clock, rows: Cohort, risk: np.ndarray, cutoff: int) -> Iterator[Against]:
    for days in RELAPSE_HORIZONS:
        found = outcomes(clock, rows.target, cutoff=cutoff, horizon=days)
        question = Question(
            SECONDARY, f"relapse_by_day_{days}", f"relapse by day {days} after discharge"
        )
        yield _judge(question, *_with(found, rows, risk, days))
    single = outcomes(clock, rows.target, cutoff=cutoff, confirmations=0)
    yield _judge(SINGLE, *_with(single, rows, risk, rows.target.horizon))


def _responses(clock: Clock, rows: Cohort, risk: np.ndarray, cutoff: int) -> Iterator[Against]:
    kind = responses(clock, rows.outcomes, cutoff=cutoff)[rows.index]
    weight = censoring.weights(rows)
    for question, event, other in RESPONSES:
        kept = (kind == event) | (kind == other)
        yield _figures(
            question, rows, risk, (kind == event).astype(np.int8), np.where(kept, weight, 0.0)
        )


def _by_single_reading(
    clock: Clock, rows: Cohort, risk: np.ndarray, cutoff: int
) -> Iterator[Against]:
    single = outcomes(clock, rows.target, cutoff=cutoff, confirmations=0)
    yield _judge(SINGLE_ONSET, *_with(single, rows, risk, rows.target.horizon))


SECONDARY_OF = {
    Asked.AFTER_CURE: _relapses,
    Asked.IN_TREATMENT: _responses,
    Asked.UNTREATED: _by_single_reading,
}
"""What else the risks are compared with, by whom the target's question is asked of."""


def _with(
    found: Outcomes, rows: Cohort, risk: np.ndarray, horizon: int, *, only: np.ndarray | bool = True
) -> tuple[Cohort, np.ndarray]:
    """The rows that are still a question by other outcomes (matched by the stay), with those, and
    their risks."""
    shorter = rows.target.horizon - horizon
    index = _same_stay(found, rows)
    target = replace(rows.target, horizon=horizon, label_days=rows.target.label_days - shorter)
    kept = np.flatnonzero((index >= 0) & only & (rows.landmark < horizon))
    kept = kept[
        (found.cohort[index[kept]] == IN_COHORT)
        & at_risk(found, target, index[kept], rows.day[kept])
    ]
    index, day, landmark = index[kept], rows.day[kept], rows.landmark[kept]
    end = np.minimum(found.event_on[index], found.followed_until[index]).astype(np.int64)
    return Cohort(
        target,
        found,
        index,
        rows.child[kept],
        day,
        landmark,
        found.outcome[index],
        np.maximum(end - day, 0),
        horizon - landmark,
        labels_until=rows.labels_until,
    ), risk[kept]


def _index_keys(found: Outcomes) -> np.ndarray:
    """What tells an index from every other (int64): its stay, or its child and day where it is no
    stay's."""
    of_day = (found.child.astype(np.int64) << 32) | found.index_on.astype(np.int64)
    return np.where(found.episode >= 0, found.episode.astype(np.int64), ~of_day)


def _same_stay(found: Outcomes, rows: Cohort) -> np.ndarray:
    """For each row the position of its index among other outcomes; -1 where it has none."""
    keys, of_rows = _index_keys(found), _index_keys(rows.outcomes)
    order = np.argsort(keys, kind="stable")
    sorted_stays, stay = keys[order], of_rows[rows.index]
    place = np.searchsorted(sorted_stays, stay)
    there = place < len(order)
    there[there] = sorted_stays[place[there]] == stay[there]
    index = np.full(len(stay), -1, np.int64)
    index[there] = order[place[there]]
    return index


def _judge(question: Question, rows: Cohort, risk: np.ndarray) -> Against:
    weight = censoring.weights(rows) if len(rows.index) else np.zeros(0)
    return _figures(question, rows, risk, (rows.outcome == HAPPENED).astype(np.int8), weight)


def _figures(
    question: Question, rows: Cohort, risk: np.ndarray, happened: np.ndarray, weight: np.ndarray
) -> Against:
    known = weight > 0
    happened, events = (
        np.where(known, happened, 0),
        len(np.unique(rows.index[known & (happened == 1)])),
    )
    if not known.any():
        return Against(question, 0, 0, float("nan"), Estimate(np.nan, np.nan, np.nan))
    apart = bootstrap(auc, ranked(risk), happened, weight, cluster=rows.child, repeats=REPEATS)
    share = float(np.average(happened, weights=weight))
    if question.kind == SECONDARY:
        return Against(question, int(known.sum()), events, share, apart)
    measured = calibration(risk, happened, weight)
    return Against(
        question,
        int(known.sum()),
        events,
        share,
        apart,
        measured.slope,
        measured.observed_over_expected,
    )
