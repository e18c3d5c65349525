"""Scores of children on a day: features as known by then, each target's risk where it applies, and
the facts behind.

The one way to a score, for the batch, the API and the backtest alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.clock import Clock, days_apart, days_between
from features.trajectory import kernel
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from features.trajectory.smoother import DEFAULT_PRIORS
from features.trajectory.trace import Trace, trace
from models import onset_question, relapse_question
from models.bundle import Bundle
from models.child_facts import PlainRecords, facts_of
from models.reasons import grouped
from models.targets import TARGETS, Asked, Target
from registry.contract.arrays import AnyArray, Flags
from registry.contract.codes import StayOutcome
from registry.contract.registry import NEVER
from registry.machine.numba_kernels import njit

SCORED, NOT_SCORED = "scored", "not_scored"
WHY_NOT = (
    "",
    "not_in_treatment",
    "not_discharged_as_cured",
    "discharged_over_183_days_ago",
    "treated_over_91_days",
    "left",
    "too_old",
    "sex_or_birth_date_missing",
    "no_weight_in_a_year",
    "no_model",
    "back_in_treatment",
    *onset_question.WHY[1:],
    *relapse_question.WHY[1:],
)
"""Why a child has no score, in the order of the checks' codes; the first is none: it is scored."""
OTHER_QUESTIONS = frozenset(
    {
        "not_in_treatment",
        "not_discharged_as_cured",
        "back_in_treatment",
        "no_model",
        "in_a_programme",
        "treated_within_183_days",
    }
)
"""Of these a target that is not asked of a child says nothing about the child."""
LONGEST_WITHOUT_WEIGHT = 365
_AT = {name: position for position, name in enumerate(NAMES)}


@dataclass(frozen=True)
class TargetScores:
    """One target over n questions; risks are NaN where `why_not` (positions in WHY_NOT) is not 0.

    `index_on`: the admission or discharge counted from; `landmark_day`: days since (float64, NaN
    where none); `reasons` (n, len(models.reasons.KEYS)) and `contributions` (n, features) add up,
    with `base`, to `log_odds`.
    """

    target: str
    version: str
    why_not: np.ndarray
    index_on: np.ndarray
    landmark_day: np.ndarray
    risk: np.ndarray
    low: np.ndarray
    high: np.ndarray
    log_odds: np.ndarray
    base: float
    contributions: np.ndarray
    reasons: np.ndarray


@dataclass(frozen=True)
class Scored:
    """Every target, the view that they come from (for rules and pages), and the feature rows."""

    traced: Trace
    rows: np.ndarray
    targets: dict[str, TargetScores]

    def facts(self, question: int) -> dict[str, object]:
        """What a sentence about one question may say (None where it is not known)."""
        siblings = float(self.rows[question, _SIBLINGS])
        return facts_of(self._records, question, siblings_treated=siblings)

    @cached_property
    def _records(self) -> PlainRecords:
        return PlainRecords(self.traced)


def score_children(
    clock: Clock,
    child: np.ndarray,
    day: np.ndarray,
    *,
    bundles: Mapping[str, Bundle],
    context: Context | None = None,
) -> Scored:
    """Score each child (position in the registry) as of its day. A target without a bundle is
    `no_model`.

    The feature rows are made once for each bundle's priors; bundles trained together share them,
    and a target without a bundle goes by the first one's: what it abstains for hangs on no prior.
    """
    questions = Questions(clock, child, day, context=context)
    first = next((bundles[name] for name in TARGETS if name in bundles), None)
    targets = {}
    for name, target in TARGETS.items():
        bundle, like = bundles.get(name), bundles.get(name, first)
        targets[name] = _target(target, bundle, questions.traced(like), questions.rows(like))
    return Scored(questions.traced(first), questions.rows(first), targets)


class Questions:
    """Children as of their days, made ready for any bundle: a view, its trace and its feature rows,
    each made when first asked for and once for each bundle's priors."""

    def __init__(
        self, clock: Clock, child: np.ndarray, day: np.ndarray, *, context: Context | None = None
    ):
        self.known = clock.known_by(child, day)
        self._clock, self._context = clock, context
        self._traced: dict[int | None, Trace] = {}
        self._rows: dict[int | None, np.ndarray] = {}

    def traced(self, bundle: Bundle | None) -> Trace:
        """The trace under a bundle's priors; under the default ones without a bundle."""
        key = _priors_key(bundle)
        if key not in self._traced:
            priors = bundle.priors if bundle else DEFAULT_PRIORS
            self._traced[key] = trace(self._clock, self.known, priors=priors)
        return self._traced[key]

    def rows(self, bundle: Bundle | None) -> np.ndarray:
        """The feature rows (n, p) under a bundle's priors."""
        key = _priors_key(bundle)
        if key not in self._rows:
            self._rows[key] = kernel.rows(self.traced(bundle), self._beside)
        return self._rows[key]

    @cached_property
    def _beside(self) -> Mapping[str, AnyArray] | None:
        """What family and centre say; it hangs on no prior."""
        return self._context.columns(self.known) if self._context else None

    def risk(self, target: Target, bundle: Bundle) -> tuple[AnyArray, AnyArray, AnyArray]:
        """(risk, low, high) of each question as `score_children` gives them, without reasons; NaN
        where the target is not asked or cannot be scored."""
        found = np.full((3, len(self.known.day)), np.nan)
        # Feature rows cost most, and half of a registry's children have left or are too old.
        asked = np.flatnonzero(_may_be_asked(target, self.traced(bundle)))
        some = self._of(asked)
        rows = some.rows(bundle)
        scored = np.flatnonzero(abstains(target, some.traced(bundle), rows) == 0)
        log_odds = bundle.log_odds(rows[scored])
        found[0, asked[scored]] = 1.0 / (1.0 + np.exp(-log_odds))
        found[1:, asked[scored]] = bundle.calibrator.interval(log_odds)
        return found[0], found[1], found[2]

    def _of(self, some: AnyArray) -> Questions:
        """Some of the questions (positions) alone."""
        known = self.known
        if len(some) == len(known.day):
            return self
        return Questions(self._clock, known.child[some], known.day[some], context=self._context)


def _priors_key(bundle: Bundle | None) -> int | None:
    return hash(tuple(bundle.priors.items())) if bundle else None


def abstains(target: Target, traced: Trace, rows: np.ndarray) -> np.ndarray:
    """Positions in WHY_NOT (int8, 0 where a score may be given): the question does not arise, or
    cannot be borne. Who is left out of a target's training for what is known of the index has no
    score either.
    """
    stays, child = traced.stays, traced.known.children
    not_asked = _not_asked(target, traced)
    why = _abstains(
        # A plain number: to find the type of an enum takes Numba longer than the work.
        int(target.asked),
        target.horizon,
        target.oldest_age_days,
        rows,
        traced.day,
        child["left_on"],
        child["sex"],
        child["birth_date"],
        stays.admitted_on,
        stays.closed_on,
        stays.outcome,
        stays.facility_open,
    )
    return np.where(why > 0, why, not_asked).astype(np.int8)


def _may_be_asked(target: Target, traced: Trace) -> Flags:
    """Whether the question may arise (n,), as far as no feature row is needed to say so."""
    child, day = traced.known.children, traced.day
    too_old = days_between(child["birth_date"], day) > target.oldest_age_days
    out_of_reach = too_old | (child["left_on"] <= day)
    asked: Flags = ~out_of_reach & (_not_asked(target, traced) == 0)
    return asked


def _not_asked(target: Target, traced: Trace) -> AnyArray:
    """Positions in WHY_NOT (n,): what is known of the child's index puts it outside the
    target's cohort."""
    if target.asked is Asked.UNTREATED:
        found, first = onset_question.why_not_asked(traced), _FIRST_UNTREATED
    elif target.asked is Asked.AFTER_CURE:
        found, first = relapse_question.why_not_asked(traced), _FIRST_CURED
    else:
        return np.zeros(len(traced.day), np.int8)
    return np.where(found > 0, found + first - 1, 0)


(
    _NOT_IN_TREATMENT,
    _NOT_CURED,
    _DISCHARGED_LONG_AGO,
    _TREATED_LONG,
    _LEFT,
    _TOO_OLD,
    _UNKNOWN_CHILD,
    _NO_WEIGHT,
    _BACK,
) = (
    WHY_NOT.index(why)
    for why in (
        "not_in_treatment",
        "not_discharged_as_cured",
        "discharged_over_183_days_ago",
        "treated_over_91_days",
        "left",
        "too_old",
        "sex_or_birth_date_missing",
        "no_weight_in_a_year",
        "back_in_treatment",
    )
)
_AGE, _WEIGHED, _SIBLINGS = (
    _AT[name] for name in ("age_days", "days_since_weighed", "siblings_sam_365")
)
_FIRST_UNTREATED, _FIRST_CURED = (
    WHY_NOT.index(question.WHY[1]) for question in (onset_question, relapse_question)
)
_IN_TREATMENT, _AFTER_CURE = int(Asked.IN_TREATMENT), int(Asked.AFTER_CURE)


@njit(cache=True, nogil=True)
def _abstains(
    asked: int,
    longest_days: int,
    oldest_age_days: int,
    rows: AnyArray,
    day: AnyArray,
    left_on: AnyArray,
    sex: AnyArray,
    birth_date: AnyArray,
    admitted_on: AnyArray,
    closed_on: AnyArray,
    outcome: AnyArray,
    facility_open: AnyArray,
) -> AnyArray:
    """The first check that speaks against a score; `asked`: of whom the question is asked,
    `longest_days`: how long after its index."""
    treated, discharged = asked == _IN_TREATMENT, asked == _AFTER_CURE
    why = np.zeros(len(day), np.int8)
    for i in range(len(day)):
        if left_on[i] <= day[i]:
            why[i] = _LEFT
        elif sex[i] < 0 or birth_date[i] == NEVER:
            why[i] = _UNKNOWN_CHILD
        elif rows[i, _AGE] > oldest_age_days:
            why[i] = _TOO_OLD
        elif treated and not (admitted_on[i] != NEVER and closed_on[i] == NEVER):
            why[i] = _NOT_IN_TREATMENT
        elif treated and days_apart(admitted_on[i], day[i]) > longest_days:
            why[i] = _TREATED_LONG
        elif discharged and outcome[i] != StayOutcome.CURED:
            why[i] = _NOT_CURED
        elif discharged and facility_open[i] > 0:
            why[i] = _BACK
        elif discharged and days_apart(closed_on[i], day[i]) > longest_days:
            why[i] = _DISCHARGED_LONG_AGO
        elif not rows[i, _WEIGHED] <= LONGEST_WITHOUT_WEIGHT:
            why[i] = _NO_WEIGHT
    return why


def _target(target: Target, bundle: Bundle | None, traced: Trace, rows: np.ndarray) -> TargetScores:
    n, stays = len(rows), traced.stays
    why_not = abstains(target, traced, rows)
    if bundle is None:
        why_not = np.where(why_not == 0, WHY_NOT.index("no_model"), why_not).astype(np.int8)
    index_on = {
        Asked.IN_TREATMENT: stays.admitted_on,
        Asked.AFTER_CURE: stays.closed_on,
        Asked.UNTREATED: traced.day,
    }[target.asked]
    risk, low, high, log_odds = np.full((4, n), np.nan)
    parts, base, chosen = np.full((n, len(NAMES)), np.nan), np.nan, np.flatnonzero(why_not == 0)
    if bundle is not None and len(chosen):
        scores = bundle.score(rows[chosen])
        risk[chosen], low[chosen], high[chosen] = scores.risk, scores.low, scores.high
        log_odds[chosen], parts[chosen], base = scores.log_odds, scores.contributions, scores.base
    return TargetScores(
        target.name,
        bundle.version if bundle else "",
        why_not,
        index_on,
        days_between(index_on, traced.day),
        risk,
        low,
        high,
        log_odds,
        base,
        parts,
        grouped(parts),
    )
