"""How likely each landmark row was still followed when its outcome was known: loss to follow-up,
told from the child's own facts.

Who is lost differs from who is not: families who miss weighings, children long unseen. A pooled
logistic regression (periods of 28 days, Singer and Willett 1993) says from a row's features, as
known on its landmark, how likely it is lost in each period; the row's own child is never among
those it learnt from (folds by child). The end of the records is no loss: rows to whom it comes too
early are set aside by their own date (`training.cohorts.censoring`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from features.trajectory.catalogue import NAMES
from registry.contract.arrays import Flags, Floats, Ints

COLUMNS = (
    "age_days",
    "female",
    "setting_urban",
    "setting_tribal",
    "stays_before",
    "defaulted_before",
    "days_in_treatment",
    "whz_last",
    "whz_since_nadir",
    "muac_last",
    "haz_last",
    "gain_last_28",
    "sam_last",
    "days_since_weighed",
    "weighings_90",
    "weighings_missed",
    "weighings_out",
    "longest_gap_180",
    "heights_180",
    "visits_90",
    "away_90",
    "ill_14",
    "poor_appetite_30",
    "checks_30",
    "ednf_issues_missed",
    "thr_90",
    "thr_days",
    "attendance_last",
    "attendance_90",
    "attendance_180",
    "centre_weighed",
)
"""Features that speak of staying in touch: how often and when the child was seen, fed and visited,
how it fares, and how well its centre weighs."""
PERIOD_DAYS = 28
FOLDS = 4
LEAST_LOST = 100
"""Children lost that a model of loss needs; with fewer one curve a landmark tells it."""
PENALTY = 1.0
"""`C` of scikit-learn's logistic regression, on standardised columns."""


@dataclass(frozen=True)
class Followed:
    """`share` (n,): the probability that a row was still followed when its outcome was known, or
    when it was lost; `auc`: of the out-of-fold hazards, how well loss is told from the rows'
    facts."""

    share: Floats
    auc: float


@dataclass(frozen=True)
class _Periods:
    """Rows cut into the periods in which they could be lost: `row` and `period` (0: not seen on the
    landmark or after it), whether it was `lost` in it, and which part of it (0 to 1) it was at
    risk."""

    row: Ints
    period: Ints
    lost: Flags
    part: Floats

    @classmethod
    def of(cls, days: Ints, lost: Flags) -> _Periods:
        last = -(-days // PERIOD_DAYS)
        row = np.repeat(np.arange(len(days)), last + 1)
        begin = np.cumsum(last + 1) - (last + 1)
        period = np.arange(len(row)) - np.repeat(begin, last + 1)
        ends = period == last[row]
        inside = (days[row] - (period - 1) * PERIOD_DAYS) / PERIOD_DAYS
        # A row whose outcome was known within a period was at risk of loss up to that day only.
        part = np.where(ends & ~lost[row] & (period > 0), inside, 1.0)
        return cls(row, period, ends & lost[row], part)

    def take(self, chosen: Flags) -> _Periods:
        return _Periods(self.row[chosen], self.period[chosen], self.lost[chosen], self.part[chosen])


def followed(
    matrix: Floats, *, days: Ints, lost: Flags, landmark: Ints, child: Ints
) -> Followed | None:
    """The share still followed of rows with features `matrix` (n, features as in the catalogue);
    None where fewer than LEAST_LOST children were lost.

    `days`: from the landmark to the day on which the outcome was known, or to the last day seen
    where `lost`. Nothing after that day is read.
    """
    if len(np.unique(child[lost])) < LEAST_LOST:
        return None
    told = np.column_stack([matrix[:, [NAMES.index(name) for name in COLUMNS]], landmark])
    told = told[:, ~np.isnan(told).all(axis=0)]
    periods = _Periods.of(days, lost)
    hazard = np.empty(len(periods.row))
    folds = GroupKFold(FOLDS, shuffle=True, random_state=0).split(told, groups=child)
    # On one thread: the same weights on every machine, and threads that wait spin.
    with threadpool_limits(limits=1, user_api="blas"):
        for taught, _ in folds:
            learns = np.isin(np.arange(len(days)), taught)
            mine = ~learns[periods.row]
            hazard[mine] = _hazards(told, periods.take(~mine), periods.take(mine), taught)
    log_share = np.bincount(
        periods.row, weights=periods.part * np.log1p(-hazard), minlength=len(days)
    )
    return Followed(np.exp(log_share), float(roc_auc_score(periods.lost, hazard)))


def _hazards(told: Floats, taught: _Periods, asked: _Periods, rows: Ints) -> Floats:
    """Of each asked period, the probability to be lost in it, by what the taught ones say. Not to
    be seen from the landmark on is another matter than to be lost later: each has its own
    regression."""
    prepared = make_pipeline(
        # A fold may have no child with a value that a few have.
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
    ).fit(told[rows])
    columns, hazard = prepared.transform(told), np.empty(len(asked.row))
    for begins in (True, False):
        learn, answer = (of.take((of.period == 0) == begins) for of in (taught, asked))
        hazard[(asked.period == 0) == begins] = _one_hazard(columns, learn, answer)
    return hazard


def _one_hazard(columns: Floats, learn: _Periods, answer: _Periods) -> Floats:
    count = int(max(learn.period.max(initial=0), answer.period.max(initial=0))) + 1
    if learn.lost.all() or not learn.lost.any():
        return np.full(len(answer.row), learn.lost.mean() if len(learn.row) else 0.0)

    def design(of: _Periods) -> Floats:
        return np.column_stack([columns[of.row], np.eye(count)[of.period]])

    model = LogisticRegression(C=PENALTY, solver="newton-cholesky", tol=1e-6)
    model.fit(design(learn), learn.lost, sample_weight=learn.part)
    found: Floats = model.predict_proba(design(answer))[:, 1]
    return found
