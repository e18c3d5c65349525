"""The level of a model in another registry: refused under 20 known outcomes, fitted from 20 on, and
nothing else changed by it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.clock import Clock
from features.trajectory.smoother import DEFAULT_PRIORS
from models.bundle import load, save
from models.champion import bundles_folder, models_folder, pointer, turn
from models.level import ENOUGH_OUTCOMES, level_told
from models.targets import RELAPSE, TARGETS
from registry.contract.errors import Refused, UsageError
from tests.support.service_cases import bundle
from tests.support.stories import DAY_0, cured, registry
from tests.support.tiny_registry import tiny_registry
from training.cohorts.censoring import known_outcomes
from training.commands import recalibrate
from training.commands.recalibrate import fit_levels, level_fitted, save_updated
from training.evaluation import scored_rows
from training.evaluation.scored_rows import ELSEWHERE, judged_rows
from training.fitting.pipeline import learn
from training.metrics.recalibration import level_shift
from training.report.figures_told import updates_offered
from training.report.judge import WholeInMemory
from training.report.one_model import ModelReport

HERE, THERE = {"registry_id": "here", "synthetic": True}, {"registry_id": "there"}


def of(facts, **more):
    """A tiny registry with facts of its own."""
    return replace(tiny_registry(**more), facts=facts)


def learnt_there(target, **more):
    """A bundle of random trees that learnt in another registry."""
    return replace(bundle(target), priors=DEFAULT_PRIORS, facts=THERE | more)


def risks(log_odds):
    return 1 / (1 + np.exp(-log_odds))


def test_twenty_children_without_an_event_do_not_send_every_risk_to_0():
    log_odds = np.full(20, np.log(0.1 / 0.9))
    shift = level_shift(log_odds, np.zeros(20), np.ones(20), outcomes=20)
    assert shift == pytest.approx(-0.881, abs=0.001)
    assert risks(log_odds + shift)[0] == pytest.approx(0.044, abs=0.001)


def test_of_many_outcomes_the_mean_risk_is_what_was_observed():
    log_odds, happened = np.full(2000, np.log(0.1 / 0.9)), np.arange(2000) < 400
    shift = level_shift(log_odds, happened, np.ones(2000), outcomes=2000)
    assert risks(log_odds + shift).mean() == pytest.approx(0.2, abs=0.001)


@given(seed=st.integers(0, 10**6), copies=st.integers(2, 7))
@settings(max_examples=25, deadline=None)
def test_rows_of_one_outcome_are_no_news_of_each_other(seed, copies):
    draw = np.random.default_rng(seed)
    log_odds, happened = draw.normal(-2, 1, 40), (draw.random(40) < 0.2).astype(float)
    once = level_shift(log_odds, happened, np.ones(40), outcomes=40)
    often = level_shift(
        np.tile(log_odds, copies), np.tile(happened, copies), np.ones(40 * copies), outcomes=40
    )
    assert often == pytest.approx(once, abs=1e-9)


def test_outcomes_are_counted_by_index_as_known_by_the_day():
    follow = "0 well, 14 well, 60 well, 100 well, 160 clear, 190 well, 260 well"
    clock = Clock(registry(follow, episodes=[cured()], imported_on="2026-11-01"))
    assert known_outcomes(clock, RELAPSE, by=DAY_0 + 400) == 1
    # Until day 246 a reading could still confirm an event, and nothing its absence.
    assert known_outcomes(clock, RELAPSE, by=DAY_0 + 246) == 1
    assert known_outcomes(clock, RELAPSE, by=DAY_0 + 245) == 0
    assert known_outcomes(clock, RELAPSE, by=DAY_0 + 100) == 0
    lost = Clock(registry("0 well, 14 well", episodes=[cured()], imported_on="2026-11-01"))
    assert known_outcomes(lost, RELAPSE, by=DAY_0 + 400) == 0


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Registries by address, without a database: `place(name, registry, bundle)`."""
    known = {}
    monkeypatch.setattr(
        recalibrate, "judge_of", lambda address, **_: WholeInMemory(Clock(known[address]))
    )

    def put(found, made):
        address = str(tmp_path / f"{len(known)}.db")
        known[address] = found
        models = models_folder(address)
        turn(models, made.target, save(made, bundles_folder(models)).version)
        return address

    return put


@pytest.mark.parametrize("target", TARGETS)
def test_one_outcome_too_few_is_refused_and_says_what_to_do(place, monkeypatch, target):
    """At 19 of 20 nothing is made; at 20 it is: of each target, with its own count as the bound."""
    made = learnt_there(target)
    found = of(HERE, children=60, with_episodes=target != "onset")
    clock = Clock(found)
    known = judged_rows(clock, made).outcomes_known
    assert known >= ENOUGH_OUTCOMES
    monkeypatch.setattr(recalibrate, "ENOUGH_OUTCOMES", known + 1)
    address = place(found, made)
    with pytest.raises(Refused, match=rf"{target} {known} of {known + 1}.*Import what has come in"):
        fit_levels(address)
    models = models_folder(address)
    assert len(list(bundles_folder(models).iterdir())) == 1
    monkeypatch.setattr(recalibrate, "ENOUGH_OUTCOMES", known)
    told = fit_levels(address)
    assert [one["outcomes"] for one in told] == [known]
    fitted = load(bundles_folder(models) / told[0]["bundle"])
    assert fitted.facts["recalibrated"]["outcomes"] == known
    assert pointer(models, target)["bundle"] != told[0]["bundle"], "a person promotes it"


@pytest.mark.parametrize(("children", "refused"), [(19, True), (20, False)])
def test_nineteen_discharges_are_too_few_and_twenty_are_enough(place, children, refused):
    found = of(HERE, children=children, cured=True)
    assert known_outcomes(Clock(found), RELAPSE, by=found.recorded_until) == children
    address = place(found, learnt_there("relapse"))
    if refused:
        with pytest.raises(Refused, match="relapse 19 of 20"):
            fit_levels(address)
    else:
        assert fit_levels(address)[0]["outcomes"] == 20


def test_its_own_registry_and_made_up_children_have_no_level_to_fit(place):
    found = of(HERE, children=30, cured=True)
    with pytest.raises(UsageError, match="EVA009"):
        fit_levels(place(found, replace(bundle("relapse"), facts=HERE)))
    real = replace(found, facts={"registry_id": "here", "synthetic": False})
    with pytest.raises(UsageError, match="EVA010"):
        fit_levels(place(real, learnt_there("relapse", synthetic=True)))


def test_order_and_reasons_stay_and_contributions_add_up_to_the_score():
    made = learnt_there("relapse")
    clock = Clock(of(HERE, children=60, cured=True))
    judged = judged_rows(clock, made)
    fitted, figures = level_fitted(made, judged, "here")
    before, after = made.score(judged.matrix), fitted.score(judged.matrix)
    assert abs(figures["shift"]) > 0.1
    assert np.array_equal(after.contributions, before.contributions)
    assert after.base + after.contributions.sum(axis=1) == pytest.approx(
        fitted.log_odds(judged.matrix), abs=1e-12
    )
    assert after.log_odds == pytest.approx(before.log_odds + figures["shift"], abs=1e-12)
    assert np.array_equal(
        np.argsort(after.risk, kind="stable"), np.argsort(before.risk, kind="stable")
    )
    assert (after.low <= after.risk).all() and (after.risk <= after.high).all()


def test_fitting_again_is_fitting_once_from_all_outcomes():
    made = learnt_there("relapse")
    few, all_ = (Clock(of(HERE, children=n, cured=True)) for n in (25, 80))
    once, _ = level_fitted(made, judged_rows(all_, made), "here")
    first, _ = level_fitted(made, judged_rows(few, made), "here")
    again, _ = level_fitted(first, judged_rows(all_, first), "here")
    assert again.calibrator.intercept == pytest.approx(once.calibrator.intercept, abs=1e-9)
    for name in ("shift", "error"):
        assert again.facts["recalibrated"][name] == pytest.approx(
            once.facts["recalibrated"][name], abs=1e-9
        )
    for side in ("knots", "below", "above"):
        assert getattr(again.calibrator, side) == pytest.approx(
            getattr(once.calibrator, side), abs=1e-9
        )


def test_the_interval_of_a_risk_grows_the_more_the_fewer_outcomes_fitted_the_level():
    made = learnt_there("relapse")
    assert len(made.calibrator.below)
    before, few, many = (
        made.calibrator.below,
        *(
            level_fitted(made, judged_rows(Clock(of(HERE, children=n, cured=True)), made), "here")[
                0
            ]
            for n in (20, 200)
        ),
    )
    assert (few.calibrator.below > many.calibrator.below).all()
    assert (many.calibrator.below > before).all()
    error = few.facts["recalibrated"]["error"]
    assert 0 < error < 1
    assert few.calibrator.below == pytest.approx(np.hypot(before, 1.645 * error), abs=1e-3)


@pytest.mark.soak
def test_leave_one_registry_out_the_mean_risk_nears_what_is_observed():
    """Learnt where 15 % relapse, told where 45 % do: the order is good, the level is not until it
    is fitted; of another draw of that place it is then right too."""
    here = of(HERE, children=420, seed=2, cured=True, relapse_share=0.15)
    there = [
        Clock(of(THERE, children=220, seed=seed, cured=True, relapse_share=0.45)) for seed in (3, 4)
    ]
    clock = Clock(here)
    learned = learn(clock, replace(RELAPSE, taught_by=None), until=here.recorded_until, seed=1)
    learnt_from = replace(learned.bundle, facts=learned.bundle.facts | HERE)
    fitting, judging = (judged_rows(one, learnt_from) for one in there)
    assert fitting.block == judging.block == ELSEWHERE
    fitted, _ = level_fitted(learnt_from, fitting, "there")

    def ratio(made):
        known = judging.known
        columns = {"weights": judging.weight[known]}
        risk = risks(made.log_odds(judging.matrix[known]))
        return np.average(risk, **columns) / np.average(judging.happened[known], **columns)

    assert ratio(learnt_from) < 0.6
    assert ratio(fitted) == pytest.approx(1, abs=0.12)


def test_what_is_said_of_a_level():
    made = learnt_there("relapse")
    assert level_told(made, "there", 12) is None
    waits = {"known": 12, "needed": 20, "fitted_on": None, "fitted_from": None}
    assert level_told(made, "here", 12) == waits
    clock = Clock(of(HERE, children=30, cured=True))
    fitted, _ = level_fitted(made, judged_rows(clock, made), "here")
    told = level_told(fitted, "here", 31)
    assert told["fitted_from"] == 30 and told["fitted_on"] is not None
    assert level_told(fitted, "elsewhere", 12) == waits, "fitted to another place than this"


@pytest.mark.parametrize(
    ("how", "children", "relapse_share", "made"),
    [
        ("large", 19, 0.4, False),
        ("large", 20, 0.4, True),
        # A level can be fitted where nobody relapsed; a slope cannot.
        ("large", 25, 0.0, True),
        ("slope", 25, 0.0, False),
        ("slope", 60, 0.4, True),
    ],
)
def test_the_reports_updates_ask_for_as_many_outcomes(tmp_path, how, children, relapse_share, made):
    model = learnt_there("relapse")
    found = of(HERE, children=children, cured=True, relapse_share=relapse_share)
    judged = judged_rows(Clock(found), model)
    told = ModelReport(model, judged, {"updates": updates_offered(judged)}, {})
    if not made:
        with pytest.raises(UsageError, match=f"EVA007.*{children} outcomes are"):
            save_updated(told, how, tmp_path, found)
        return
    saved = save_updated(told, how, tmp_path, found)
    assert saved.facts["recalibrated"]["outcomes"] == children
    assert (saved.facts["recalibrated"]["slope"] == 1.0) is (how == "large")


def test_of_very_many_rows_whole_children_drawn_by_lot_tell_the_level(place, monkeypatch):
    found, made = of(HERE, children=60, cured=True, relapse_share=0.2), learnt_there("relapse")
    everybody = judged_rows(Clock(found), made)
    monkeypatch.setattr(scored_rows, "MOST_JUDGED_ROWS", len(everybody.risk) // 2)
    some = judged_rows(Clock(found), made)
    children = [np.unique(judged.rows.child, return_counts=True) for judged in (everybody, some)]
    kept = np.isin(children[0][0], children[1][0])
    assert 20 < kept.sum() < 45
    np.testing.assert_array_equal(children[0][1][kept], children[1][1])
    told = fit_levels(place(found, made))[0]
    # Told are those whose outcomes the level was fitted to, so that its error is theirs.
    assert told["outcomes"] == some.outcomes_known == kept.sum()
    assert told["shift"] == level_fitted(made, some, "here")[1]["shift"]
