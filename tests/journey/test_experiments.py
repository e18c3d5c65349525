"""Trainings that an experiment file describes: of some areas, without some columns, with columns of
one's own, by somebody else's estimator; what only competes cannot be promoted."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import GaussianNB

from features.clock import Clock
from features.trajectory.catalogue import NAMES
from features.trajectory.context import Context
from models.bundle import save
from models.champion import bundles_folder, models_folder
from models.targets import RELAPSE, TARGETS
from registry.contract.errors import BadInput, Refused
from registry.contract.registry import NEVER, OwnTable, Table, day_number
from tests.support import trained_models as made
from tests.support.tiny_registry import tiny_registry
from training.cohorts.areas_and_days import Population
from training.cohorts.landmarks import cohort
from training.commands.promote import promote
from training.evaluation.scored_rows import learnt_from
from training.experiments.foreign_model import Estimator, ForeignFit
from training.experiments.run_experiment import run_experiment
from training.experiments.shorter_horizon import asked_within
from training.fitting.pipeline import learn
from training.fitting.plan import TrainingPlan

UNTIL = day_number("2026-11-01")
LEFT_OUT = ("centre_whz", "whz_last", "muac_last")


def own_column(registry, known_on):
    """A column that foretells: which children relapse, and noise; known from a day on."""
    found = cohort(Clock(registry), RELAPSE, cutoff=UNTIL - 1).outcomes
    child = np.arange(len(registry.child_ids), dtype=np.int32)
    happened = np.zeros(len(child))
    happened[found.child] = found.outcome == 1
    versions = {
        "key": child,
        "known_from": np.full(len(child), known_on, np.int32),
        "known_until": np.full(len(child), NEVER, np.int32),
        "told": happened + np.random.default_rng(1).normal(0.0, 0.3, len(child)),
    }
    return OwnTable("child", ("told",), Table(versions))


@pytest.fixture(scope="module")
def registry():
    return tiny_registry(420, relapse_share=0.5)


@pytest.fixture(scope="module")
def ours(registry):
    """(clock, training) of one sector, without some columns, with one of its own, two trials."""
    beside = (own_column(registry, day_number("2020-01-01")),)
    clock = Clock(replace(registry, beside=beside))
    plan = TrainingPlan(
        Population(include={"sector": ("S",)}, since=day_number("2024-03-15")),
        LEFT_OUT,
        share=0.5,
        forests=1,
        transfer=False,
        space={"num_leaves": (5, 5), "lambda_l2": (20, 40)},
    )
    context = Context(clock)
    return clock, learn(clock, RELAPSE, until=UNTIL, trials=2, context=context, plan=plan)


def test_it_learns_from_its_areas_and_days_alone(ours):
    clock, learned = ours
    rows = learned.rows
    centre = clock.child_on(rows.child, rows.day)["centre"]
    sectors = clock.registry.sector_ids[clock.area_of(centre, "sector")]
    assert set(sectors) == {"S"}
    assert rows.outcomes.index_on[rows.index].min() >= day_number("2024-03-15")
    again = learnt_from(clock, learned.bundle)
    assert np.array_equal(again.child, rows.child) and np.array_equal(again.day, rows.day)


def test_columns_left_out_play_no_part_and_others_do(ours):
    _, learned = ours
    moved = learned.features.copy()
    moved[:, [NAMES.index(name) for name in LEFT_OUT]] += 3.0
    assert np.array_equal(learned.bundle.log_odds(moved), learned.bundle.log_odds(learned.features))
    moved[:, -1] += 3.0
    assert (learned.bundle.log_odds(moved) > learned.bundle.log_odds(learned.features)).mean() > 0.5


def test_halves_settings_and_trials_are_those_asked_for(ours):
    _, learned = ours
    facts = learned.bundle.facts
    assert learned.bundle.trees == 0.5 and facts["settings"]["num_leaves"] == 5
    assert len(facts["tried"]) == 2
    assert all(20 <= one["lambda_l2"] <= 40 and one["log_loss"] > 0 for one in facts["tried"])
    kept = TrainingPlan.of_facts(facts)
    assert (kept.left_out, kept.share, kept.forests) == (LEFT_OUT, 0.5, 1)


def foreign(clock):
    estimator = Estimator("sklearn.naive_bayes:GaussianNB", GaussianNB, {}, True)
    plan = TrainingPlan(left_out=LEFT_OUT, foreign=ForeignFit(estimator, 1))
    return learn(clock, RELAPSE, until=UNTIL, context=Context(clock), plan=plan)


def held_out_auc(learned):
    """AUC of the out-of-fold predictions."""
    held_out = learned.fitted
    return roc_auc_score(held_out.happened, held_out.log_odds, sample_weight=held_out.weight)


def test_a_column_of_ones_own_tells_only_from_the_day_it_was_known(registry):
    """Known long before, it foretells; known after the last prediction, it might not be there."""
    early, late = (
        foreign(Clock(replace(registry, beside=(own_column(registry, day),))))
        for day in (day_number("2020-01-01"), UNTIL)
    )
    without = foreign(Clock(registry))
    assert held_out_auc(early) > held_out_auc(without) + 0.03
    assert np.isnan(late.features[:, -1]).all()
    assert held_out_auc(late) == held_out_auc(without)


def test_a_shorter_horizon_is_another_target_for_the_time_being():
    with asked_within(RELAPSE, 90) as shorter:
        assert TARGETS["relapse_90_days"] is shorter
        assert (shorter.landmarks, shorter.horizon) == ((0, 28, 56, 84), 90)
        assert shorter.label_days == RELAPSE.label_days - 93
    assert "relapse_90_days" not in TARGETS


def test_what_only_competes_is_refused(ours, tmp_path):
    _, learned = ours
    facts = learned.bundle.facts | {"benchmark_only": ["it learnt from some areas only"]}
    address = str(tmp_path / "x.db")
    kept = save(replace(learned.bundle, facts=facts), bundles_folder(models_folder(address)))
    with pytest.raises(Refused, match="some areas only") as refused:
        promote(address, kept.version)
    assert refused.value.code == "PRM007"


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")
def test_a_challenger_is_judged_by_the_report_and_not_kept(tmp_path):
    """Somebody else's estimator and a column of one's own, from the file to the refusal."""
    address = made.own_store(tmp_path)
    sectors = sorted(made.clock().registry.sector_ids.astype(str))
    rows = [f"{of},2024-01-01,{number}.5" for number, of in enumerate(sectors)]
    (tmp_path / "far.csv").write_text("\n".join(["sector_id,known_from,far_km", *rows]))
    (tmp_path / "e.toml").write_text(
        """
name = "naive Bayes with the distance"
target = "non_response"
until = 2026-02-01
[estimator]
kind = "sklearn.naive_bayes:GaussianNB"
impute = true
[[own]]
file = "far.csv"
by = "sector_id"
columns = ["far_km"]
"""
    )
    (told,) = run_experiment(address, tmp_path / "e.toml")
    page = (tmp_path / told["report"]).read_text(encoding="utf-8")
    assert "never checked" in page and told["bundle"] is None
    assert 0.4 < told["figures"]["auc"] < 1.0 and "auc_as_used" in told["figures"]
    with pytest.raises(Refused, match="PRM007|only competes"):
        promote(address, told["run_id"])
    with pytest.raises(BadInput, match="EVA001"):
        promote(address, "no-such-run")


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")
def test_ninety_days_are_learnt_and_judged(tmp_path):
    """The report's sections hold for another horizon too."""
    address = made.own_store(tmp_path)
    (tmp_path / "e.toml").write_text(
        'name = "onset in 60 days"\ntarget = "onset"\nhorizon_days = 60\n'
        '[estimator]\nkind = "linear"\n[search]\ntrials = 0\n'
    )
    (told,) = run_experiment(address, tmp_path / "e.toml")
    assert told["target"] == "onset_60_days" and told["attrition"]["landmark_rows"] > 0
    assert "60 days" in (tmp_path / told["report"]).read_text(encoding="utf-8")
