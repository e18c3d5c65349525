"""`models.forest.explain` against LightGBM itself: the raw score bit for bit, `pred_contrib` within
1e-9."""

import subprocess
import sys
import threading

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.forest.cut import SPLIT, WHOLE
from models.forest.explain import FEW, Forest
from models.forest.kernels import BLOCK
from registry.contract.errors import BadInput

ODD_VALUES = np.array(
    [
        np.nan,
        0.0,
        -0.0,
        np.inf,
        -np.inf,
        1e-36,
        -1e-36,
        1e-34,
        5e-324,
        -1.0,
        -0.5,
        3.7,
        1e300,
        2.0**40,
    ]
)


def train(
    *,
    seed: int,
    columns: int,
    rows: int = 300,
    trees: int = 8,
    categorical: int = 0,
    objective: str = "binary",
    **params,
) -> lightgbm.Booster:
    """A small model on rows with missing values, zeros, ties and category codes."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, columns))
    x[:, ::2] = np.round(x[:, ::2], 1)
    x[random.random(x.shape) < 0.15] = np.nan
    x[random.random(x.shape) < 0.15] = 0.0
    x[:, :categorical] = random.integers(-1, 70, size=(rows, categorical))
    y = np.nan_to_num(x) @ random.normal(size=columns) + random.normal(size=rows)
    y = (y > np.median(y)).astype(float) if objective == "binary" else y
    settings = {
        "objective": objective,
        "verbosity": -1,
        "num_threads": 1,
        "seed": seed,
        "min_data_in_leaf": 3,
        "min_data_per_group": 5,
        "cat_smooth": 1.0,
        "deterministic": True,
        "force_col_wise": True,
        **params,
    }
    data = lightgbm.Dataset(
        x, y, categorical_feature=list(range(categorical)), weight=random.random(rows) + 0.5
    )
    return lightgbm.train(settings, data, trees)


def odd_rows(*, seed: int, columns: int, count: int = 40) -> np.ndarray:
    """Rows like the training rows, with every odd value that a column can hold sprinkled in."""
    random = np.random.default_rng(seed)
    rows = np.round(random.normal(size=(count, columns)) * 3, 1)
    rows[:, ::3] = random.integers(-2, 75, size=rows[:, ::3].shape)
    odd = random.random(rows.shape) < 0.3
    rows[odd] = random.choice(ODD_VALUES, size=int(odd.sum()))
    return rows


def assert_explains(
    booster: lightgbm.Booster, rows: np.ndarray, *, table_bytes: int = 1 << 24
) -> None:
    forest = Forest.from_text(booster.model_to_string(), table_bytes=table_bytes)
    expected = booster.predict(rows, pred_contrib=True)
    shares, base = forest.contributions(rows)
    np.testing.assert_array_equal(forest.margin(rows), booster.predict(rows, raw_score=True))
    np.testing.assert_allclose(shares, expected[:, :-1], rtol=0, atol=1e-9)
    assert base == pytest.approx(expected[0, -1], abs=1e-12)
    alone = np.vstack([forest.contributions(row[None, :])[0] for row in rows])
    np.testing.assert_array_equal(alone, shares)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    columns=st.integers(1, 12),
    leaves=st.integers(2, 31),
    depth=st.sampled_from([-1, 1, 2, 4]),
    categorical=st.integers(0, 3),
    missing=st.sampled_from([{}, {"use_missing": False}, {"zero_as_missing": True}]),
    learning=st.sampled_from(
        [
            {},
            {"bagging_fraction": 0.6, "bagging_freq": 1},
            {"boosting": "dart"},
            {"extra_trees": True},
        ]
    ),
    objective=st.sampled_from(["binary", "regression", "l1"]),
    table_bytes=st.sampled_from([0, 2_000, 1 << 24]),
)
def test_random_models_agree_with_lightgbm(
    seed, columns, leaves, depth, categorical, missing, learning, objective, table_bytes
):
    categorical = min(categorical, columns)
    booster = train(
        seed=seed,
        columns=columns,
        num_leaves=leaves,
        max_depth=depth,
        categorical=categorical,
        objective=objective,
        **missing,
        **learning,
    )
    assert_explains(booster, odd_rows(seed=seed + 1, columns=columns), table_bytes=table_bytes)


def test_every_kind_of_split_is_met_by_the_models_of_these_tests():
    """Else the agreement above says nothing of them. decision_type: category + 2 default left + 4
    missing type."""
    kinds = set()
    for settings_ in ({}, {"use_missing": False}, {"zero_as_missing": True}):
        text = train(seed=3, columns=6, categorical=2, num_leaves=31, **settings_).model_to_string()
        kinds |= {
            int(word)
            for line in text.splitlines()
            if line.startswith("decision_type=")
            for word in line[14:].split()
        }
    assert {kind >> 2 & 3 for kind in kinds if not kind & 1} == {0, 1, 2}
    assert {kind >> 1 & 1 for kind in kinds if not kind & 1} == {0, 1}
    assert any(kind & 1 for kind in kinds)


def test_long_paths_have_no_table_and_the_same_answer():
    booster = train(seed=5, columns=30, rows=2_000, num_leaves=120, min_data_in_leaf=1, trees=4)
    rows = odd_rows(seed=6, columns=30, count=BLOCK + 7)
    forest = Forest.from_text(booster.model_to_string())
    kinds = forest._tables().arguments[2][1]
    assert set(kinds) == {WHOLE, SPLIT}, "no path with more than ten distinct features was met"
    assert_explains(booster, rows)


def test_a_cap_on_memory_changes_no_answer_beyond_rounding():
    booster = train(seed=9, columns=12, rows=1_000, num_leaves=40)
    rows, text = odd_rows(seed=10, columns=12), booster.model_to_string()
    free, tight = Forest.from_text(text), Forest.from_text(text, table_bytes=3_000)
    assert tight._tables().arguments[0].nbytes <= 3_000 < free._tables().arguments[0].nbytes
    np.testing.assert_allclose(
        tight.contributions(rows)[0], free.contributions(rows)[0], rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("count", [0, 1, FEW, FEW + 1, BLOCK, BLOCK + 1, 2 * BLOCK + 3])
def test_a_row_alone_has_the_same_bits_as_in_a_crowd(count):
    booster = train(seed=11, columns=14, rows=800, num_leaves=63, categorical=1)
    forest, rows = (
        Forest.from_text(booster.model_to_string()),
        odd_rows(seed=12, columns=14, count=count),
    )
    shares, _ = forest.contributions(rows)
    assert shares.shape == (count, 14)
    for number in range(0, count, 37):
        np.testing.assert_array_equal(
            shares[number], forest.contributions(rows[number : number + 1])[0][0]
        )


def test_shares_and_base_add_up_to_the_score():
    booster = train(seed=13, columns=10, trees=60)
    forest, rows = Forest.from_text(booster.model_to_string()), odd_rows(seed=14, columns=10)
    shares, base = forest.contributions(rows)
    np.testing.assert_allclose(base + shares.sum(axis=1), forest.margin(rows), rtol=0, atol=1e-12)


def test_a_model_that_learnt_nothing_has_only_a_base():
    booster = lightgbm.train(
        {"objective": "binary", "verbosity": -1, "num_threads": 1},
        lightgbm.Dataset(np.zeros((30, 2)), np.arange(30) % 3 == 0),
        3,
    )
    forest, rows = Forest.from_text(booster.model_to_string()), np.array([[1.0, np.nan]])
    shares, base = forest.contributions(rows)
    assert (shares == 0).all()
    assert base == forest.margin(rows)[0] == booster.predict(rows, raw_score=True)[0]


def test_a_stump_by_hand():
    """30 of 100 rows pass x <= 0 (value 2), 70 do not (value -1): the mean is -0.1, passing is
    worth +2.1."""
    text = train(seed=1, columns=1, trees=1, num_leaves=2, objective="regression").model_to_string()
    lines = {
        "split_feature": "0",
        "threshold": "0",
        "decision_type": "0",
        "leaf_value": "2 -1",
        "leaf_count": "30 70",
        "internal_count": "100",
        "left_child": "-1",
        "right_child": "-2",
    }
    changed = [
        f"{key}={lines[key]}" if (key := line.partition("=")[0]) in lines else line
        for line in text.splitlines()
    ]
    shares, base = Forest.from_text("\n".join(changed)).contributions(
        np.array([[-5.0], [5.0], [np.nan]])
    )
    assert base == pytest.approx(-0.1)
    assert shares[:, 0] == pytest.approx([2.1, -0.9, 2.1])


def test_threads_may_share_one_forest_before_its_tables_are_made():
    booster = train(seed=17, columns=9, num_leaves=31)
    forest, rows = (
        Forest.from_text(booster.model_to_string()),
        odd_rows(seed=18, columns=9, count=50),
    )
    answers = [None] * 6

    def ask(number: int) -> None:
        answers[number] = forest.contributions(rows)[0]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(forest._made) == 1
    assert all(np.array_equal(answer, answers[0]) for answer in answers)


def test_explaining_does_not_import_lightgbm():
    """The service must not pay for its import, its OpenMP threads and its memory."""
    code = "import sys, models.forest.explain; sys.exit('lightgbm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_feature_names_are_the_models_own():
    booster = train(seed=19, columns=3)
    assert Forest.from_text(booster.model_to_string()).feature_names == tuple(
        booster.feature_name()
    )


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"objective": "regression", "linear_tree": True}, "linear"),
        ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "averages"),
    ],
)
def test_kinds_that_are_not_explained_are_refused(params, words):
    text = train(seed=21, columns=4, rows=400, **params).model_to_string()
    with pytest.raises(BadInput, match=words) as caught:
        Forest.from_text(text)
    assert caught.value.code == "TREE002"


def test_several_classes_are_refused():
    random = np.random.default_rng(0)
    data = lightgbm.Dataset(random.normal(size=(200, 3)), random.integers(0, 3, 200))
    booster = lightgbm.train(
        {"objective": "multiclass", "num_class": 3, "verbosity": -1, "num_threads": 1}, data, 2
    )
    with pytest.raises(BadInput, match="several classes"):
        Forest.from_text(booster.model_to_string())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: "pickle",
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("Tree=1\n", "Three=1\n"),
        lambda text: text.replace("leaf_count=", "leaf_counts="),
        lambda text: text.replace("left_child=", "left_child=0 "),
        lambda text: text.replace("split_feature=", "split_feature=9"),
        lambda text: text.replace("max_feature_idx=3", "max_feature_idx=4"),
        lambda text: text.replace("threshold=", "threshold=x"),
    ],
)
def test_a_spoilt_text_is_refused(spoil):
    text = train(seed=23, columns=4, trees=3).model_to_string()
    Forest.from_text(text)
    with pytest.raises(BadInput) as caught:
        Forest.from_text(spoil(text))
    assert caught.value.code == "TREE001"


def test_rows_of_another_width_are_refused():
    forest = Forest.from_text(train(seed=25, columns=4).model_to_string())
    for rows in (np.zeros((2, 5)), np.zeros(4)):
        with pytest.raises(BadInput, match="4 columns"):
            forest.contributions(rows)
        with pytest.raises(BadInput, match="4 columns"):
            forest.margin(rows)
