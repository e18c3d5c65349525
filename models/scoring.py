"""Scores of children on a day: features as known by then, each target's risk where it applies, and the facts behind.

The one way to a score, for the batch, the API and the backtest alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit

from features import trajectory
from features.catalogue import NAMES
from features.clock import Clock, days_apart, days_between
from features.context import Context
from features.criteria import criteria
from features.episodes import CURED
from features.trace import Trace, trace
from models.bundle import Bundle
from models.problems import NON_RESPONSE, RELAPSE
from models.reasons import grouped
from registry.tables import NEVER, day_date

SCORED, NOT_SCORED = "scored", "not_scored"
WHY_NOT = (
    "", "not_in_treatment", "not_discharged_as_cured", "discharged_over_183_days_ago", "treated_over_91_days",
    "left", "too_old", "sex_or_birth_date_missing", "no_weight_in_a_year", "no_model", "back_in_treatment",
)
"""Why a child has no score, in the order of the checks' codes; the first is none: it is scored."""
LONGEST_WITHOUT_WEIGHT = 365
_AT = {name: position for position, name in enumerate(NAMES)}


@dataclass(frozen=True)
class TargetScores:
    """One target over n questions; risks are NaN where `why_not` (positions in WHY_NOT) is not 0.

    `index_on`: the admission or discharge counted from; `landmark_day`: days since (float64, NaN where none);
    `reasons` (n, len(models.reasons.KEYS)) and `contributions` (n, features) add up, with `base`, to `log_odds`.
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
    """Both targets, the view that they come from (for rules and pages), and the feature rows."""

    traced: Trace
    rows: np.ndarray
    targets: dict[str, TargetScores]

    @cached_property
    def ill_checks(self) -> np.ndarray:
        """Checks of the last 30 days that found diarrhoea, fever or cough (float64[n])."""
        checks = self.traced.known.checks
        signs = (checks[sign] for sign in ("checked_on", "diarrhoea", "fever", "cough"))
        return _ill_checks(checks.offsets, *signs, *self.traced.last(30))

    def facts(self, question: int) -> dict[str, object]:
        """What a sentence about one question may say (None where it is not known)."""
        return facts_of(self, question)


def score_children(
    clock: Clock, child: np.ndarray, day: np.ndarray, *, bundles: Mapping[str, Bundle], context: Context | None = None
) -> Scored:
    """Score each child (position in the registry) as of its day. A target without a bundle is `no_model`.

    The feature rows are made once for each bundle's priors; bundles trained together share them.
    """
    known = clock.known_by(child, day)
    beside = context.columns(known) if context else None
    made: dict[int, tuple[Trace, np.ndarray]] = {}

    def rows_for(bundle: Bundle | None) -> tuple[Trace, np.ndarray]:
        key = hash(tuple(bundle.priors.items())) if bundle else None
        if key not in made:
            traced = trace(clock, known, priors=bundle.priors) if bundle else trace(clock, known)
            made[key] = traced, trajectory.rows(traced, beside)
        return made[key]

    targets = {}
    for problem in (RELAPSE, NON_RESPONSE):
        bundle = bundles.get(problem.target)
        traced, rows = rows_for(bundle)
        targets[problem.target] = _target(problem.target, bundle, traced, rows)
    traced, rows = next(iter(made.values()))
    return Scored(traced, rows, targets)


def abstains(target: str, traced: Trace, rows: np.ndarray) -> np.ndarray:
    """Positions in WHY_NOT (int8, 0 where a score may be given): the question does not arise, or cannot be borne."""
    stays, child = traced.stays, traced.known.children
    return _abstains(
        target == NON_RESPONSE.target, rows, traced.day, child["left_on"], child["sex"], child["birth_date"],
        stays.admitted_on, stays.closed_on, stays.outcome, stays.facility_open,
    )


(_NOT_IN_TREATMENT, _NOT_CURED, _DISCHARGED_LONG_AGO, _TREATED_LONG, _LEFT, _TOO_OLD, _UNKNOWN_CHILD, _NO_WEIGHT,
 _BACK) = (WHY_NOT.index(why) for why in (
    "not_in_treatment", "not_discharged_as_cured", "discharged_over_183_days_ago", "treated_over_91_days", "left",
    "too_old", "sex_or_birth_date_missing", "no_weight_in_a_year", "back_in_treatment",
))
_AGE, _WEIGHED = _AT["age_days"], _AT["days_since_weighed"]
_LAST_DAY, _TREATED_DAYS, _DISCHARGED_DAYS = criteria().last_day, NON_RESPONSE.horizon, RELAPSE.horizon


@njit(cache=True, nogil=True)
def _abstains(treated, rows, day, left_on, sex, birth_date, admitted_on, closed_on, outcome, facility_open):
    """The first check that speaks against a score; `treated`: of a child in treatment, else of one discharged."""
    why = np.zeros(len(day), np.int8)
    for i in range(len(day)):
        if left_on[i] <= day[i]:
            why[i] = _LEFT
        elif sex[i] < 0 or birth_date[i] == NEVER:
            why[i] = _UNKNOWN_CHILD
        elif rows[i, _AGE] > _LAST_DAY:
            why[i] = _TOO_OLD
        elif treated and not (admitted_on[i] != NEVER and closed_on[i] == NEVER):
            why[i] = _NOT_IN_TREATMENT
        elif treated and days_apart(admitted_on[i], day[i]) > _TREATED_DAYS:
            why[i] = _TREATED_LONG
        elif not treated and outcome[i] != CURED:
            why[i] = _NOT_CURED
        elif not treated and facility_open[i] > 0:
            why[i] = _BACK
        elif not treated and days_apart(closed_on[i], day[i]) > _DISCHARGED_DAYS:
            why[i] = _DISCHARGED_LONG_AGO
        elif not rows[i, _WEIGHED] <= LONGEST_WITHOUT_WEIGHT:
            why[i] = _NO_WEIGHT
    return why


@njit(cache=True, nogil=True)
def _ill_checks(offsets, day, diarrhoea, fever, cough, since, until):
    """Checks of each question's window that found a sign (float64)."""
    count = np.zeros(len(offsets) - 1)
    for i in range(len(count)):
        for row in range(offsets[i], offsets[i + 1]):
            ill = diarrhoea[row] == 1.0 or fever[row] == 1.0 or cough[row] == 1.0
            if ill and since[i] <= day[row] <= until[i]:
                count[i] += 1.0
    return count


def _target(target: str, bundle: Bundle | None, traced: Trace, rows: np.ndarray) -> TargetScores:
    n, stays = len(rows), traced.stays
    why_not = abstains(target, traced, rows)
    if bundle is None:
        why_not = np.where(why_not == 0, WHY_NOT.index("no_model"), why_not).astype(np.int8)
    index_on = stays.admitted_on if target == NON_RESPONSE.target else stays.closed_on
    risk, low, high, log_odds = np.full((4, n), np.nan)
    parts, base, chosen = np.full((n, len(NAMES)), np.nan), np.nan, np.flatnonzero(why_not == 0)
    if bundle is not None and len(chosen):
        scores = bundle.score(rows[chosen])
        risk[chosen], low[chosen], high[chosen] = scores.risk, scores.low, scores.high
        log_odds[chosen], parts[chosen], base = scores.log_odds, scores.contributions, scores.base
    return TargetScores(
        target, bundle.version if bundle else "", why_not, index_on, days_between(index_on, traced.day),
        risk, low, high, log_odds, base, parts, grouped(parts),
    )


def facts_of(scored: Scored, question: int) -> dict[str, object]:
    """See `Scored.facts`: plain Python numbers and dates, rounded as a person would say them."""
    row, traced = scored.rows[question].tolist(), scored.traced

    def value(name: str, digits: int = 2) -> float | None:
        number = row[_AT[name]]
        return None if math.isnan(number) else round(number, digits)

    def whole(name: str) -> int | None:
        number = row[_AT[name]]
        return None if math.isnan(number) else int(number)

    stays = traced.stays
    return _last_weight(traced, question) | {
        "gain_g_kg_day": value("gain_stay_shrunken", 1),
        "whz": value("whz_last"), "haz": value("haz_level"), "muac_mm": _arm_of_now(row),
        "days_since_discharge": whole("days_since_discharge"),
        "days_in_treatment": whole("days_in_treatment") if stays.closed_on[question] == NEVER else None,
        "length_of_stay_days": whole("days_in_treatment") if stays.closed_on[question] != NEVER else None,
        "episodes_before": whole("stays_before"),
        "ill_checks": int(scored.ill_checks[question]), "checks": whole("checks_30"),
        "poor_appetite_checks": whole("poor_appetite_30"),
        "missed_weighings": _missed(row), "days_since_seen": whole("days_since_weighed"),
        "ednf_share": _other_share(value("ednf_issues_missed")),
        "attendance_share": value("attendance_last"),
        "age_months": None if math.isnan(row[_AT["age_days"]]) else int(row[_AT["age_days"]] / 30.4375),
        "birth_weight_kg": value("birth_weight_kg", 1),
    }


def _arm_of_now(row: list[float]) -> int | None:
    """The last MUAC; None where the child was weighed since: an arm of 113 mm in treatment says nothing of today."""
    muac_mm, days, weighed = row[_AT["muac_last"]], row[_AT["muac_last_days"]], row[_AT["days_since_weighed"]]
    return None if math.isnan(muac_mm) or days > weighed else int(muac_mm)


def _other_share(share: float | None) -> float | None:
    return None if share is None else round(1.0 - share, 2)


def _missed(row: list[float]) -> int | None:
    """Weekly weighings of the stay that are missing."""
    share, days = row[_AT["weighings_missed"]], row[_AT["days_in_treatment"]]
    return None if math.isnan(share) or math.isnan(days) else round(share * (math.floor(days / 7) + 1))


def _last_weight(traced: Trace, question: int) -> dict[str, object]:
    """The last weight with its date, and its change from a weight 14 to 60 days earlier (the latest such)."""
    growth = traced.growth
    rows = slice(growth.offsets[question], growth.offsets[question + 1])
    weight, day = growth["weight_kg"][rows].tolist(), growth["measured_on"][rows].tolist()
    seen = [row for row, kg in enumerate(weight) if not math.isnan(kg)]
    told = dict.fromkeys(("last_weight_kg", "last_weight_on", "weight_change_kg", "weight_change_days"))
    if len(seen):
        last = seen[-1]
        told |= {"last_weight_kg": round(weight[last], 2), "last_weight_on": day_date(day[last])}
        earlier = [row for row in seen if 14 <= day[last] - day[row] <= 60]
        if earlier:
            change = round(weight[last] - weight[earlier[-1]], 2)
            told |= {"weight_change_kg": change, "weight_change_days": day[last] - day[earlier[-1]]}
    return told
