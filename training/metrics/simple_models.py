"""What one afternoon gives, as yardsticks: a LightGBM as it comes, and a logistic regression on a
few columns."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from registry.contract.arrays import Floats

UNTUNED = {
    "objective": "binary",
    "learning_rate": 0.05,
    "min_child_samples": 20,
    "num_threads": 2,
    "seed": 1,
    "deterministic": True,
    "verbosity": -1,
}
TREES = 200


def plain_forest(columns: Floats, happened: Floats, weight: Floats, asked: Floats) -> Floats:
    """Log-odds (n,) of rows `asked` (n, p) by 200 trees of LightGBM, untuned, on `columns`
    (m, p)."""
    booster = lgb.train(UNTUNED, lgb.Dataset(columns, happened, weight=weight), TREES)
    return np.asarray(booster.predict(asked, raw_score=True), np.float64)


def plain_logistic(columns: Floats, happened: Floats, weight: Floats, asked: Floats) -> Floats:
    """Log-odds (n,) of rows `asked` by scikit-learn's logistic regression as it comes, on
    standardised columns; a missing value stands at the median."""
    model = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(max_iter=1000),
    )
    model.fit(columns, happened, logisticregression__sample_weight=weight)
    return np.asarray(model.decision_function(asked), np.float64)
