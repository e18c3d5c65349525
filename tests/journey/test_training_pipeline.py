"""The pipeline's honesty and its refusals, on a small made-up registry: see
tests/support/tiny_registry.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_info

from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.catalogue import NAMES
from features.trajectory.smoother import DEFAULT_PRIORS
from models.bundle import load, save
from models.linear import standardised
from models.targets import HAPPENED, NON_RESPONSE, RELAPSE
from registry.contract.errors import BadInput
from registry.store.store import open_store
from sanket.app import main
from tests.support.registry_samples import folder
from tests.support.tiny_registry import tiny_registry
from training.cohorts.landmarks import cohort
from training.commands.backtest import backtest, feature_frame
from training.evaluation.run_figures import figures
from training.fitting import fit, linear_half, pipeline
from training.metrics.discrimination import auc
from training.rows import question
from training.tracking import mlflow_runs

RED = 2


@pytest.fixture(autouse=True, scope="module")
def few_trees():
    """Enough for these records, and quick."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "MOST_TREES", 20)
        yield


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock(tiny_registry(600, admitted_over=1_200))


def taught(clock: Clock, problem=RELAPSE, said=lambda text: None):
    return pipeline.learn(clock, problem, until=clock.registry.recorded_until + 1, said=said)


@pytest.fixture(scope="module")
def heard() -> list[str]:
    return []


@pytest.fixture(scope="module")
def learned(clock, heard):
    return taught(clock, said=heard.append)


@pytest.fixture(scope="module")
def kept(learned, tmp_path_factory):
    """(the bundle as saved, the folder of bundles)"""
    place = tmp_path_factory.mktemp("bundles")
    return save(learned.bundle, place), place


def test_what_can_be_learnt_is_learnt(learned):
    assert figures(learned)["auc"] > 0.75


def test_features_that_are_missing_for_everyone_do_no_harm(learned):
    missing = np.isnan(learned.features).all(axis=0)
    assert (
        missing.sum() > 20
        and missing[NAMES.index("birth_weight_kg")]
        and missing[NAMES.index("attendance_90")]
    )
    scores = learned.bundle.score(learned.features)
    assert np.isfinite(scores.risk).all() and np.all(scores.contributions[:, missing] == 0.0)


def test_too_few_events_for_the_parameters_spent_is_said(heard, learned):
    (said,) = [text for text in heard if "Riley's criteria ask for" in text]
    assert f"{learned.bundle.facts['effective_parameters']:.0f} parameters" in said


def test_shuffled_outcomes_cannot_be_learnt(clock, monkeypatch):
    def shuffled(clock, target, **settings):
        rows = cohort(clock, target, **settings)
        if target.name != RELAPSE.name:  # of a lent model's rows
            return rows
        places, of = np.unique(rows.index, return_inverse=True)
        first = np.searchsorted(rows.index, places)
        order = np.random.default_rng(3).permutation(len(places))
        return replace(rows, outcome=rows.outcome[first][order][of])

    monkeypatch.setattr(question, "cohort", shuffled)
    assert figures(taught(clock))["auc"] == pytest.approx(0.5, abs=0.14)


LEARN_IN_A_PROCESS = """
import sys
from features.clock import Clock
from models.bundle import save
from models.targets import RELAPSE
from tests.support.tiny_registry import tiny_registry
from threadpoolctl import threadpool_info
from training.fitting import fit, pipeline, uncertainty
fit.MOST_TREES, uncertainty.REFITS = 20, 2
clock = Clock(tiny_registry(600, admitted_over=1_200))
bundle = pipeline.learn(clock, RELAPSE, until=clock.registry.recorded_until + 1).bundle
blas = {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}
print(save(bundle, sys.argv[1]).version, max(blas))
"""


def test_the_same_seed_gives_the_same_bundle_in_another_process_whatever_the_threads_of_blas(
    kept, tmp_path
):
    """In a process of its own, since a library counts its threads when it is loaded; with as many
    as this process has not."""
    here = max(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")
    threads = "2" if here == 1 else "1"
    done = subprocess.run(
        [sys.executable, "-c", LEARN_IN_A_PROCESS, str(tmp_path)],
        env=os.environ | {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == [kept[0].version, threads], done.stderr[-2_000:]
    mine, other = (place / kept[0].version / "booster.txt" for place in (kept[1], tmp_path))
    assert mine.read_bytes() == other.read_bytes()


def test_a_bundle_holds_text_and_numbers_and_scores_as_it_did(learned, kept):
    bundle, place = kept
    files = [file for file in sorted((place / bundle.version).rglob("*")) if file.is_file()]
    assert {file.suffix for file in files} <= {".json", ".txt"}
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert file.suffix == ".txt" or json.loads(text) is not None
    np.testing.assert_array_equal(
        load(place / bundle.version).score(learned.features).log_odds,
        learned.bundle.score(learned.features).log_odds,
    )


def test_the_linear_half_keeps_the_directions_and_loses_least_within_them(learned):
    linear = learned.fitted.linear
    ways = np.array(fit.directions(RELAPSE))
    assert np.all(linear.weight[ways > 0] >= 0) and np.all(linear.weight[ways < 0] <= 0)
    assert np.any(linear.weight[ways > 0] > 0) and np.any(linear.weight[ways < 0] < 0)
    learning = pipeline.examples(learned.rows, learned.features, learned.earlier_on)
    free = linear_half.fit_linear(learning, penalty=0.003, directions=np.zeros(len(ways)))
    sklearn = LogisticRegression(C=0.003, solver="newton-cholesky", tol=1e-8, max_iter=200)
    value, gap = standardised(learning.rows, free.middle, free.scale)
    gap = np.where(gap.mean(axis=0) > linear_half.RARELY_MISSING, gap, 0.0)
    sklearn.fit(
        np.hstack([value, gap]),
        learning.happened,
        sample_weight=learning.weight / learning.weight.mean(),
    )
    np.testing.assert_allclose(np.append(free.weight, free.gap_weight), sklearn.coef_[0], atol=2e-4)


def test_a_rehearsal_is_the_same_training_without_the_later_block(
    clock, learned, kept, monkeypatch
):
    bundle, place = kept
    again = load(place / bundle.version, rehearsal=True).rehearsal
    assert load(place / bundle.version).rehearsal is None
    own = {name: again.facts[name] for name in ("effective_parameters", "age_levels")}
    assert again.booster != bundle.booster and again.facts == bundle.facts | own
    assert np.isnan(again.calibrator.interval(np.zeros(1))).all(), "no refits of a rehearsal"
    turned = learned.rows.outcome.copy()
    turned[learned.later_on] = np.where(turned[learned.later_on] == HAPPENED, 0, HAPPENED)
    rows = replace(learned.rows, outcome=turned)
    monkeypatch.setattr(
        question,
        "cohort",
        lambda clock, target, **settings: (
            rows if target.name == RELAPSE.name else cohort(clock, target, **settings)
        ),
    )
    anew = taught(clock)
    assert anew.bundle.rehearsal.booster == again.booster and anew.bundle.booster != bundle.booster


def test_mlflow_loads_the_model_where_pickles_are_forbidden(learned, kept, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    bundle, place = kept
    address = mlflow_runs.tracking_address(tmp_path, None)
    with mlflow_runs.run(address, tmp_path, name="test", tags={"target": bundle.target}):
        mlflow_runs.log_model(place / bundle.version, bundle.target)
    with mlflow_runs._quiet():
        import mlflow

        served = mlflow.pyfunc.load_model(f"models:/{mlflow_runs.registered_name(bundle.target)}/1")
        answer = served.predict(feature_frame(learned.features[:20]))
    assert not [
        file.name for file in tmp_path.rglob("*") if file.suffix in (".pkl", ".pickle", ".joblib")
    ]
    np.testing.assert_allclose(answer, learned.bundle.score(learned.features[:20]).risk, rtol=1e-12)


def test_a_planted_future_cannot_be_used(clock):
    """Every discharge that will end in relapse is marked red a day late: that day tells all, the
    day itself nothing."""
    rows = cohort(clock, RELAPSE, cutoff=clock.registry.recorded_until)
    rows = rows.take(np.flatnonzero(rows.landmark == 0))
    happened = rows.outcome == HAPPENED
    measured = clock.registry.measurements
    told = np.full(len(clock.registry.child_ids), -1, np.int64)
    told[rows.child[happened]] = rows.day[happened] + 1
    late = measured["measured_on"] == told[measured["child"]] - 1
    planted = measured.having(
        reported_status=np.where(late, RED, measured["reported_status"]).astype(np.int8),
        known_from=np.where(late, measured["known_from"] + 1, measured["known_from"]).astype(
            np.int32
        ),
    )
    spoiled = Clock(replace(clock.registry, measurements=planted))
    red = NAMES.index("reported_red_180")

    def usable(day: np.ndarray) -> float:
        found = as_of(spoiled, rows.child, day, priors=DEFAULT_PRIORS)[:, red]
        return auc(np.nan_to_num(found), happened.astype(float), np.ones(len(happened)))

    assert late.sum() == happened.sum() > 30
    assert usable(rows.day) == 0.5
    assert usable(rows.day + np.int32(1)) == 1.0


def empty(*columns: str) -> dict[str, list]:
    return {column: [] for column in columns}


@pytest.mark.parametrize(
    ("case", "code", "word"),
    [
        ({"with_episodes": False}, "TRN001", "import episodes"),
        (
            {
                "with_episodes": False,
                "more": {"episodes": empty("episode_id", "child_id", "programme", "admitted_on")},
            },
            "TRN001",
            "import episodes",
        ),
        ({"cured": True, "relapse_share": 0.0}, "TRN002", "0 events"),
        ({"cured": True, "relapse_share": 20 / 120}, "TRN002", "20 events"),
        ({"cured": True, "relapse_share": 1.0}, "TRN003", "only one outcome"),
        ({"cured": False}, "TRN001", "no index"),
    ],
)
def test_records_that_cannot_teach_are_refused_in_a_clear_word(case, code, word):
    with pytest.raises(BadInput, match=word) as refused:
        taught(Clock(tiny_registry(120, **case)))
    assert refused.value.code == code and refused.value.exit_code == 3


def test_non_response_of_one_kind_only_is_refused():
    with pytest.raises(BadInput, match="only one outcome") as refused:
        taught(Clock(tiny_registry(120, cured=False)), NON_RESPONSE)
    assert refused.value.code == "TRN003"


@pytest.mark.parametrize(
    ("split", "code", "word"),
    [
        (lambda registry: registry.recorded_until + 1, "TRN004", "lies after the records"),
        (lambda registry: int(registry.measurements["measured_on"].min()), "TRN001", "no index"),
    ],
)
def test_a_split_outside_of_the_records_is_refused(clock, split, code, word):
    with pytest.raises(BadInput, match=word) as refused:
        backtest(clock, split=split(clock.registry))
    assert refused.value.code == code


@pytest.fixture(scope="module")
def store_without_episodes(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("bare")
    opened = open_store(place / "bare.db")
    opened.import_source(folder(place / "in"))
    opened.close()
    return place / "bare.db"


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (["train"], 3, "TRN001"),
        (["train", "--until", "2099-01-01"], 3, "TRN004"),
        (["train", "--target", "wasting"], 2, "TRN010"),
        (["backtest", "--split", "2099-01-01", "-o", "p.parquet"], 3, "TRN004"),
        (["backtest", "--split", "soon", "-o", "p.parquet"], 2, "TRN011"),
    ],
)
def test_the_command_says_so_and_ends_with_the_contracts_code(
    store_without_episodes, words, exit_code, message, monkeypatch, tmp_path, capsys
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main([words[0], str(store_without_episodes), *words[1:]])
    assert ended.value.code == exit_code and message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [], "nothing was written"
    assert not list(store_without_episodes.parent.rglob("champion-*"))


def test_a_store_that_does_not_exist_is_not_made(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["train", str(tmp_path / "none.db")])
    assert ended.value.code == 3 and not (tmp_path / "none.db").exists()
    assert "REG060" in capsys.readouterr().err
