"""Spec: early rows have trees of their own under one root with the others; the forest stays one whose reasons are
exact, and a late row is answered as if there were no early one."""

from __future__ import annotations

from dataclasses import replace

import lightgbm
import numpy as np
import pytest

from features.trajectory.catalogue import NAMES
from models.forest.explain import Forest
from models.targets import NON_RESPONSE, RELAPSE
from training.fitting import fit
from training.fitting.bag import bagged
from training.fitting.examples import Examples
from training.fitting.own_forest import OwnForest, Start, early_rows, forest
from training.fitting.root_split import RootSplit, split_at_root, with_constant

DAYS, WHZ = NAMES.index("days_since_discharge"), NAMES.index("whz_last")
MARKS = np.array([0.0, 28.0, 56.0, 84.0, 112.0])


@pytest.fixture(scope="module")
def members():
    """(model texts: 12 trees, 20 trees, one leaf, each on other rows; 400 rows to ask about)"""
    draw = np.random.default_rng(4)
    rows = draw.normal(size=(900, 6))
    rows[draw.random(rows.shape) < 0.2] = np.nan
    settings = {"objective": "binary", "num_leaves": 7, "verbosity": -1, "num_threads": 1}
    texts = []
    for column, trees, more in ((1, 12, {}), (2, 20, {}), (3, 1, {"min_data_in_leaf": 800})):
        happened = np.nan_to_num(rows[:, column]) + draw.normal(size=900) > 0.3
        data = lightgbm.Dataset(rows, happened)
        texts.append(lightgbm.train(settings | more, data, trees).model_to_string())
    return texts, rows[:400]


def margin(text: str, rows: np.ndarray) -> np.ndarray:
    return lightgbm.Booster(model_str=text).predict(rows, raw_score=True)


@pytest.mark.parametrize(("first", "second"), [(0, 1), (1, 0), (2, 1), (0, 2), (2, 2)])
def test_a_row_gets_the_margin_of_its_side(members, first, second):
    """At the threshold and without a value: the first; above it: the second."""
    texts, rows = members
    rows = rows.copy()
    rows[:3, 0] = [0.25, np.nextafter(0.25, 1.0), np.nan]
    text = split_at_root(texts[first], texts[second], RootSplit(0, 0.25, (300, 600)))
    left = ~(rows[:, 0] > 0.25)
    assert left[:3].tolist() == [True, False, True]
    expected = np.where(left, margin(texts[first], rows), margin(texts[second], rows))
    np.testing.assert_allclose(margin(text, rows), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(Forest.from_text(text).margin(rows), expected, rtol=0, atol=1e-12)


def test_reasons_under_one_root_are_lightgbms_and_add_up(members):
    texts, rows = members
    mixed = bagged([texts[0], with_constant(texts[1], -0.7)], (0.6, 0.4))
    text = split_at_root(mixed, texts[1], RootSplit(0, 0.25, (300, 600)))
    forest_of_both = Forest.from_text(text)
    parts, base = forest_of_both.contributions(rows)
    expected = lightgbm.Booster(model_str=text).predict(rows, pred_contrib=True)
    np.testing.assert_allclose(parts, expected[:, :-1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(base, expected[0, -1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        base + parts.sum(axis=1), forest_of_both.margin(rows), rtol=0, atol=1e-12
    )


def test_the_base_is_the_mean_over_both_sides(members):
    """Of the rows a third passes on the first side: so is its share of the base."""
    texts, rows = members
    _, base = Forest.from_text(
        split_at_root(texts[0], texts[1], RootSplit(0, 0.25, (3_000_000, 6_000_000)))
    ).contributions(rows[:1])
    first, second = (Forest.from_text(text).contributions(rows[:1])[1] for text in texts[:2])
    assert base == pytest.approx(first / 3 + second * 2 / 3, abs=1e-6)


def test_a_constant_is_one_more_tree(members):
    texts, rows = members
    np.testing.assert_allclose(
        margin(with_constant(texts[0], 0.3), rows), margin(texts[0], rows) + 0.3, atol=1e-12
    )


def test_trees_on_categories_are_refused(members):
    texts, _ = members
    with pytest.raises(ValueError, match="categories"):
        split_at_root(
            texts[0].replace("num_cat=0", "num_cat=1"), texts[1], RootSplit(0, 0.0, (1, 1))
        )


def taught(*, seed: int = 1, children: int = 500) -> Examples:
    """Five landmarks a child. Early the event follows MUAC, later WHZ."""
    draw = np.random.default_rng(seed)
    child, mark = np.repeat(np.arange(children), len(MARKS)), np.tile(MARKS, children)
    rows = draw.normal(size=(len(child), len(NAMES)))
    rows[:, DAYS] = mark
    told = np.where(mark <= 56, rows[:, NAMES.index("muac_last")], rows[:, WHZ])
    happened = (told + draw.normal(size=len(child)) < -0.8).astype(np.int8)
    ones = np.ones(len(child))
    return Examples(rows, happened, ones, child, (20_000 + mark).astype(np.int32), mark)


def grown(examples: Examples, target=RELAPSE) -> OwnForest:
    settings = fit._settings(target, {"learning_rate": 0.1}, 1, len(NAMES))
    begun = Start.of(examples, target.offset)
    return OwnForest.grown(examples, settings, rounds=25, begun=begun, target=target)


def test_only_early_rows_teach_the_early_trees_and_all_teach_the_others():
    """Every late outcome is turned round: early answers must not notice; and the other way the
    late ones must."""
    examples = taught()
    soon = early_rows(examples.rows, RELAPSE.early)
    assert set(examples.landmark[soon]) == {0.0, 28.0, 56.0}
    before = grown(examples)

    def turned(which: np.ndarray) -> OwnForest:
        other = np.where(which, 1 - examples.happened, examples.happened).astype(np.int8)
        # The same start for both, which is of all rows.
        settings = fit._settings(RELAPSE, {"learning_rate": 0.1}, 1, len(NAMES))
        begun = Start.of(examples, RELAPSE.offset)
        changed = replace(examples, happened=other)
        return OwnForest.grown(changed, settings, rounds=25, begun=begun, target=RELAPSE)

    assert turned(~soon).early == before.early
    assert turned(soon).every != before.every
    settings = fit._settings(RELAPSE, {"learning_rate": 0.1}, 1, len(NAMES))
    alone = forest(examples, settings, 25, Start.of(examples, RELAPSE.offset), draws=3)
    assert before.every == alone


def test_early_rows_are_told_by_their_own_trees_late_ones_as_ever():
    examples, rows = taught(), taught(seed=2, children=60).rows
    own = grown(examples)
    found, soon = margin(own.beside(None, 0.0), rows), early_rows(rows, RELAPSE.early)
    np.testing.assert_allclose(found[~soon], margin(own.every, rows)[~soon], atol=1e-12)
    np.testing.assert_allclose(found[soon], margin(own.early, rows)[soon], atol=1e-12)


def test_a_target_without_early_rows_or_with_nothing_else_has_one_forest():
    examples = taught()
    assert grown(examples, NON_RESPONSE).split is None
    all_early = examples.take(np.flatnonzero(examples.landmark <= 56))
    own = grown(all_early)
    assert own.split is None and own.beside(None, 0.0) == own.every
    nothing_known = np.full((2, len(NAMES)), np.nan)
    assert early_rows(nothing_known, RELAPSE.early).all()


def test_early_rows_of_one_outcome_are_answered_by_all():
    examples = taught()
    none = np.where(examples.landmark <= 56, 0, examples.happened).astype(np.int8)
    own = grown(replace(examples, happened=none))
    assert own.early == own.every and own.split.passing == (1500, 1000)
