"""Weights of rows that are followed until a visit: those like the visited stand for them.

Lists choose whom to visit, so that being visited tells of a high risk. How likely a visit is comes
from the row's own features, by a forest that has not seen its child; among rows of about the same
likelihood one curve says which share is still unvisited on a day, and a row whose outcome came
first stands for all of its share.
"""

from __future__ import annotations

from dataclasses import replace

import lightgbm as lgb
import numpy as np

from models.targets import CENSORED, DID_NOT_HAPPEN
from registry.contract.arrays import Floats, Ints
from training.cohorts.censoring import MOST_WEIGHT, asked_to_the_end
from training.cohorts.landmarks import Cohort
from training.fitting.fit import FOLDS, THREADS, folds
from training.metrics.discrimination import followed_before

ROUNDS = 60
SETTINGS = {
    "objective": "binary",
    "learning_rate": 0.06,
    "num_leaves": 8,
    "min_child_samples": 40,
    "feature_fraction": 0.5,
    "lambda_l2": 10.0,
    "max_bin": 63,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": THREADS,
}
ROWS_A_GROUP, MOST_GROUPS = 100, 10


def weighed(rows: Cohort, matrix: Floats, *, seed: int = 0) -> Cohort:
    """Rows that `training.cohorts.visit_exposure` censored at visits, with their weights: for loss
    (one curve a landmark) and for visits together, at most MOST_WEIGHT. Other rows come back as
    they are.

    `matrix`: their features (n, p).
    """
    if rows.visited is None or rows.weight is not None:
        return rows
    ended = (rows.outcome == DID_NOT_HAPPEN) & (rows.time < rows.remaining)
    whole = (rows.outcome == DID_NOT_HAPPEN) & ~ended
    time = np.where(whole, rows.remaining, np.minimum(rows.time, rows.remaining))
    lost = (rows.outcome == CENSORED) & ~rows.visited
    still = np.ones(len(time))
    for by, gone in ((rows.landmark, lost), (likely_visited(rows, matrix, seed), rows.visited)):
        for of in np.unique(by):
            here = by == of
            still[here] *= followed_before(time[here], gone[here])
    known = (rows.outcome != CENSORED) & asked_to_the_end(rows)
    weight = np.where(known, 1.0 / np.where(known, still, 1.0), 0.0)
    return replace(rows, weight=np.minimum(weight, MOST_WEIGHT))


def stood_for(rows: Cohort) -> float:
    """Of the rows that no visit lay behind, the share for which the weighed rows stand; 1 where
    some of every kind were left unvisited, and less where all like them were visited. NaN where
    visits end nothing."""
    if rows.visited is None or rows.weight is None:
        return float("nan")
    asked = asked_to_the_end(rows) & ~(rows.visited & (rows.time == 0))
    return float(min(rows.weight.sum() / max(asked.sum(), 1), 1.0))


def likely_visited(rows: Cohort, matrix: Floats, seed: int) -> Ints:
    """The group (from 0 on) of each row by how likely a visit was: of about equal size, one in all
    where nobody, or everybody, was visited."""
    visited = np.zeros(len(rows.index), bool) if rows.visited is None else rows.visited
    groups = min(MOST_GROUPS, len(visited) // ROWS_A_GROUP)
    if groups < 2 or visited.all() or not visited.any():
        return np.zeros(len(visited), np.int64)
    fold, likely = folds(rows.child, FOLDS, seed), np.zeros(len(visited))
    for of in range(FOLDS):
        inside = fold != of
        data = lgb.Dataset(matrix[inside], visited[inside].astype(np.int8))
        forest = lgb.train(SETTINGS | {"seed": seed}, data, num_boost_round=ROUNDS)
        likely[~inside] = forest.predict(matrix[~inside], num_threads=THREADS)
    place = np.argsort(np.argsort(likely, kind="stable"), kind="stable")
    return place * groups // len(place)
