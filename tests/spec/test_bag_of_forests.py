"""A bag is one longer forest: margins and reasons are the mean of its members', for LightGBM and
for our kernels."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from models.forest.explain import Forest
from training.fitting.bag import bagged


@pytest.fixture(scope="module")
def members():
    """(boosters of other draws on the same rows, one of them a single leaf; the rows)"""
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(900, 12))
    rows[rng.random(rows.shape) < 0.2] = np.nan
    happened = np.nan_to_num(rows[:, 0]) + rng.normal(size=900) > 0.4
    settings = {
        "objective": "binary",
        "num_leaves": 9,
        "verbosity": -1,
        "num_threads": 1,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "seed": 1,
    }
    grown = [
        lightgbm.train(
            settings | {"bagging_seed": seed, "feature_fraction_seed": seed},
            lightgbm.Dataset(rows, happened),
            trees,
        )
        for seed, trees in ((1, 20), (2, 20), (3, 31))
    ]
    leaf = lightgbm.train(settings | {"min_data_in_leaf": 800}, lightgbm.Dataset(rows, happened), 2)
    return [*grown, leaf], rows


def test_lightgbm_reads_a_bag_as_the_mean_of_its_members(members):
    boosters, rows = members
    bag = lightgbm.Booster(model_str=bagged([booster.model_to_string() for booster in boosters]))
    assert bag.num_trees() == sum(booster.num_trees() for booster in boosters)
    for how in ({"raw_score": True}, {"pred_contrib": True}):
        mean = np.mean([booster.predict(rows, **how) for booster in boosters], axis=0)
        np.testing.assert_allclose(bag.predict(rows, **how), mean, rtol=0, atol=1e-12)


def test_the_reasons_of_a_bag_are_exact(members):
    boosters, rows = members
    text = bagged([booster.model_to_string() for booster in boosters])
    forest, bag = Forest.from_text(text), lightgbm.Booster(model_str=text)
    parts, base = forest.contributions(rows)
    expected = bag.predict(rows, pred_contrib=True)
    np.testing.assert_allclose(parts, expected[:, :-1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(base + parts.sum(axis=1), forest.margin(rows), rtol=0, atol=1e-12)


def test_one_forest_is_its_own_bag(members):
    text = members[0][0].model_to_string()
    assert bagged([text]) == text


def test_what_lightgbm_writes_of_a_bag_reads_as_the_bag(members):
    boosters, rows = members
    text = bagged([booster.model_to_string() for booster in boosters])
    again = lightgbm.Booster(model_str=text).model_to_string()
    np.testing.assert_array_equal(
        Forest.from_text(again).margin(rows), Forest.from_text(text).margin(rows)
    )
