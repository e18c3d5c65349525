"""Figures that judge a model: against scikit-learn, against definitions by brute force, and by
hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score

from features.wilson import wilson
from training.fitting import sample_size
from training.metrics import calibration, compared, discrimination, usefulness


def cohort(seed: int, rows: int = 400, levels: int = 12):
    """Risks with ties, outcomes that follow them, and uneven weights, some of them zero."""
    random = np.random.default_rng(seed)
    risk = (random.integers(1, levels, rows) / levels).astype(float)
    happened = (random.random(rows) < risk).astype(float)
    weight = np.where(random.random(rows) < 0.2, 0.0, 1 + random.random(rows))
    return risk, happened, weight


def weights(*, outcome, days, competing=None, landmark=None, horizon=183):
    outcome = np.array(outcome, np.int8)
    rows = len(outcome)
    return discrimination.known_weights(
        outcome=outcome,
        days=np.array(days),
        competing=np.zeros(rows, bool) if competing is None else np.array(competing),
        landmark=np.zeros(rows, int) if landmark is None else np.array(landmark),
        horizon=np.full(rows, horizon),
    )


def test_a_child_lost_is_stood_for_by_those_known_later():
    assert weights(outcome=[1, -1, 1, 0], days=[5, 10, 20, 150]) == pytest.approx(
        [1, 0, 3 / 2, 3 / 2]
    )


def test_without_loss_every_child_counts_once():
    assert weights(outcome=[1, 0, 0, 1], days=[5, 150, 183, 90]) == pytest.approx([1, 1, 1, 1])


def test_a_death_is_known_on_its_day_and_a_well_child_at_the_horizon():
    found = weights(
        outcome=[0, 0, -1, 0], days=[8, 150, 10, 9], competing=[True, False, False, False]
    )
    assert found == pytest.approx([1, 1.5, 0, 1.5])


def test_a_loss_at_one_landmark_weighs_nothing_at_another():
    found = weights(
        outcome=[-1, 0, -1, 0, 0, 0],
        days=[5, 183, 5, 183, 183, 183],
        landmark=[0, 0, 0, 28, 28, 28],
    )
    assert found == pytest.approx([0, 3, 0, 1, 1, 1])


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_weights_make_up_for_those_lost(seed):
    """While someone is followed to the end, the known children's weights add up to all children."""
    random = np.random.default_rng(seed)
    outcome = random.choice([1, 0, 0, -1], 60).astype(np.int8)
    outcome[0] = 0
    days = np.where(outcome == 0, 183, random.permutation(np.arange(1, 61)))
    known = outcome != -1
    found = weights(outcome=outcome, days=days)
    assert (found[~known] == 0).all() and (found[known] >= 1).all()
    if found.max() < 19:
        assert found.sum() == pytest.approx(60)


@given(seed=st.integers(0, 10**6), levels=st.integers(2, 300))
@settings(max_examples=30, deadline=None)
def test_auc_and_brier_are_scikit_learns(seed, levels):
    risk, happened, weight = cohort(seed, levels=levels)
    known = weight > 0
    expected = roc_auc_score(happened[known], risk[known], sample_weight=weight[known])
    assert discrimination.auc(risk, happened, weight) == pytest.approx(expected, abs=1e-12)
    expected = brier_score_loss(happened[known], risk[known], sample_weight=weight[known])
    assert discrimination.brier(risk, happened, weight) == pytest.approx(expected, abs=1e-12)


@given(seed=st.integers(0, 10**6), levels=st.integers(2, 60))
@settings(max_examples=15, deadline=None)
def test_ranks_have_the_auc_of_their_risks(seed, levels):
    risk, happened, weight = cohort(seed, levels=levels)
    assert discrimination.auc(discrimination.ranked(risk), happened, weight) == discrimination.auc(
        risk, happened, weight
    )


def test_auc_of_all_ties_is_one_half_and_without_events_is_unknown():
    ones = np.ones(4)
    assert discrimination.auc(ones / 2, np.array([1.0, 0, 1, 0]), ones) == 0.5
    assert np.isnan(discrimination.auc(ones / 2, np.zeros(4), ones))
    assert np.isnan(discrimination.brier(ones, ones, np.zeros(4)))


def test_scaled_brier_is_one_for_the_truth_and_zero_for_the_mean():
    happened, ones = np.array([1.0, 0, 0, 0]), np.ones(4)
    assert discrimination.scaled_brier(happened, happened, ones) == 1
    assert discrimination.scaled_brier(np.full(4, 0.25), happened, ones) == pytest.approx(0)
    assert np.isnan(discrimination.scaled_brier(happened, ones, ones))


def test_the_bootstrap_draws_children_not_rows():
    """One child repeated a hundred times is one child: her interval is as wide as without the
    repeats."""
    random = np.random.default_rng(1)
    risk = random.random(60)
    happened = (random.random(60) < risk).astype(float)
    once = discrimination.bootstrap(
        discrimination.auc, risk, happened, np.ones(60), cluster=np.arange(60)
    )
    many = (np.repeat(column, 100) for column in (risk, happened, np.ones(60)))
    often = discrimination.bootstrap(
        discrimination.auc, *many, cluster=np.repeat(np.arange(60), 100)
    )
    assert often.value == pytest.approx(once.value)
    assert (often.low, often.high) == pytest.approx((once.low, once.high))
    assert once.low < once.value < once.high and once.high - once.low > 0.1


def test_the_bootstraps_interval_holds_the_truth_as_often_as_it_says():
    """Mean of 50 normal draws: about 95 in 100 intervals hold 0 (percentile intervals: a little
    fewer)."""
    random, held = np.random.default_rng(2), 0
    for number in range(200):
        draw = random.normal(size=50)
        found = discrimination.bootstrap(
            np.mean, draw, cluster=np.arange(50), repeats=100, seed=number
        )
        held += found.low <= 0 <= found.high
    assert 175 <= held <= 198


def test_figures_of_one_draw_are_those_of_their_own():
    random = np.random.default_rng(4)
    draw, cluster = random.normal(size=80), np.arange(80) // 2
    both = discrimination.bootstraps(
        lambda x: (np.mean(x), np.max(x)), draw, cluster=cluster, repeats=50
    )
    assert both == [
        discrimination.bootstrap(figure, draw, cluster=cluster, repeats=50)
        for figure in (np.mean, np.max)
    ]


def test_a_figure_that_most_draws_cannot_have_has_no_interval():
    happened = np.zeros(30)
    found = discrimination.bootstrap(
        discrimination.auc, np.ones(30), happened, np.ones(30), cluster=np.arange(30)
    )
    assert np.isnan([found.value, found.low, found.high]).all()


def test_landmarks_are_judged_one_by_one():
    risk, happened, weight = cohort(3, rows=600)
    landmark, cluster = np.repeat([0, 28], 300), np.tile(np.arange(300), 2)
    found = discrimination.by_landmark(
        discrimination.auc, risk, happened, weight, landmark=landmark, cluster=cluster, repeats=20
    )
    late = slice(300, 600)
    assert set(found) == {0, 28}
    assert found[28].value == discrimination.auc(risk[late], happened[late], weight[late])


def test_calibration_is_that_of_an_unpenalised_logistic_regression():
    risk, happened, weight = cohort(5, rows=2_000, levels=40)
    stated = risk**2 / (risk**2 + (1 - risk) ** 2 * 0.5)
    found, known = calibration.calibration(stated, happened, weight), weight > 0
    log_odds = np.log(stated / (1 - stated))[:, None]
    peer = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1_000)
    peer.fit(log_odds[known], happened[known], sample_weight=weight[known])
    assert found.slope == pytest.approx(peer.coef_[0, 0], abs=1e-5)
    assert found.intercept == pytest.approx(peer.intercept_[0], abs=1e-5)
    shifted = 1 / (1 + np.exp(-(log_odds[:, 0] + found.in_the_large)))
    assert np.average(shifted, weights=weight) == pytest.approx(
        np.average(happened, weights=weight), abs=1e-9
    )


def test_true_risks_are_calibrated_and_doubled_log_odds_have_half_the_slope():
    random = np.random.default_rng(7)
    log_odds = random.normal(size=40_000) - 1
    happened = (random.random(40_000) < 1 / (1 + np.exp(-log_odds))).astype(float)
    true = calibration.calibration(1 / (1 + np.exp(-log_odds)), happened, np.ones(40_000))
    extreme = calibration.calibration(1 / (1 + np.exp(-2 * log_odds)), happened, np.ones(40_000))
    assert [true.in_the_large, true.slope, true.intercept] == pytest.approx([0, 1, 0], abs=0.06)
    assert true.observed_over_expected == pytest.approx(1, abs=0.03)
    assert extreme.slope == pytest.approx(true.slope / 2, abs=1e-6)


def test_calibration_says_nothing_where_nothing_can_be_said():
    ones = np.ones(6)
    assert np.isnan(calibration.calibration(ones / 3, np.zeros(6), ones).slope)
    constant = calibration.calibration(ones / 3, np.array([1.0, 0, 0, 1, 1, 0]), ones)
    assert np.isnan(constant.slope) and constant.in_the_large == pytest.approx(np.log(2))
    separated = calibration.calibration(
        np.array([0.1, 0.2, 0.3, 0.7, 0.8, 0.9]), np.array([0.0, 0, 0, 1, 1, 1]), ones
    )
    assert np.isnan(separated.slope)


def test_the_calibration_curve_keeps_equal_risks_together():
    risk, happened, weight = cohort(9, rows=1_000, levels=7)
    curve = calibration.calibration_curve(risk, happened, weight, child=np.arange(1_000), groups=10)
    assert len(curve) == 6
    for point, level in zip(curve, np.unique(risk), strict=True):
        of = (risk == level) & (weight > 0)
        assert point.children == of.sum()
        assert point.expected == pytest.approx(level)
        assert point.observed.value == pytest.approx(np.average(happened[of], weights=weight[of]))
        assert point.observed.low < point.observed.value < point.observed.high


def test_a_group_of_the_curve_counts_children_not_rows():
    """Three rows alike of each child say no more than one."""
    risk, happened, weight = cohort(9, rows=600, levels=7)
    child = np.arange(600)
    once = calibration.calibration_curve(risk, happened, weight, child=child)
    thrice = calibration.calibration_curve(
        *(np.repeat(column, 3) for column in (risk, happened, weight)), child=np.repeat(child, 3)
    )
    for one, three in zip(once, thrice, strict=True):
        assert three.children == one.children
        assert (three.observed.low, three.observed.high) == pytest.approx(
            (one.observed.low, one.observed.high), rel=0.01
        )


def test_the_interval_by_cluster_holds_the_truth_as_often_as_it_says():
    """Children whose rows share an outcome at 10 %, one to seven rows each: 95 of 100 intervals hold
    it; of rows taken for children far fewer do."""
    random, held, held_by_row = np.random.default_rng(4), 0, 0
    for _ in range(400):
        rows = random.integers(1, 8, 150)
        child = np.repeat(np.arange(150), rows)
        happened = (random.random(150) < 0.1)[child].astype(float)
        found = calibration.share_by_cluster(happened, np.ones(len(child)), child)
        held += found.low <= 0.1 <= found.high
        low, high = wilson(happened.mean(), len(child))
        held_by_row += low <= 0.1 <= high
    assert held / 400 == pytest.approx(0.95, abs=0.03) and held_by_row / 400 < 0.75


def test_without_an_event_each_child_counts_as_one():
    child = np.repeat(np.arange(20), 5)
    found = calibration.share_by_cluster(np.zeros(100), np.ones(100), child)
    assert (found.value, found.low) == (0.0, 0.0) and found.high == pytest.approx(0.1611, abs=1e-4)


def logistic_margins(random, child, columns, C):
    """(seen, unseen log-odds, happened) of a logistic regression on so many columns, rows as
    children have them; out-of-fold by four folds of children."""
    children = int(child.max()) + 1
    behind = random.normal(size=(children, 4))
    own = behind[:, np.arange(columns) % 4] + 0.2 * random.normal(size=(children, columns))
    outcome = (random.random(children) < 1 / (1 + np.exp(-(own[:, 0] - 0.5)))).astype(int)
    rows, happened, fold = own[child], outcome[child], (np.arange(children) % 4)[child]
    weight = 1.0 / np.bincount(child)[child]

    def fitted(inside):
        model = LogisticRegression(C=C, max_iter=500)
        return model.fit(rows[inside], happened[inside], sample_weight=weight[inside])

    unseen = np.empty(len(child))
    for of in range(4):
        unseen[fold == of] = fitted(fold != of).decision_function(rows[fold == of])
    return fitted(np.ones(len(child), bool)).decision_function(rows), unseen, happened


@pytest.mark.parametrize("rows_a_child", [1, 3])
def test_a_plain_regression_spends_its_coefficients_and_a_penalised_one_fewer(rows_a_child):
    """Twenty columns that say four things, and an intercept; a child's rows together count as
    one."""
    random, child, spent = np.random.default_rng(6), np.repeat(np.arange(3_000), rows_a_child), {}
    for name, C in (("plain", 1e6), ("penalised", 0.001)):
        each = []
        for _ in range(6):
            seen, unseen, happened = logistic_margins(random, child, 20, C)
            each.append(
                sample_size.effective_parameters(
                    seen,
                    unseen,
                    happened=happened,
                    weight=np.ones(len(child)),
                    child=child,
                    folds=4,
                )
            )
        spent[name] = np.mean(each)
    assert spent["plain"] == pytest.approx(20, rel=0.25)
    assert 1 <= spent["penalised"] < 0.6 * spent["plain"]


@pytest.mark.parametrize(
    ("events", "children", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_is_newcombes(events, children, low, high):
    """Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method
    3."""
    found = wilson(events / children, children)
    assert tuple(round(bound, 4) for bound in found) == (low, high)


def test_the_interval_of_no_children_is_unknown():
    assert np.isnan(wilson(0.5, 0)).all()


def test_net_benefit_over_the_share_with_the_event_by_hand():
    """10 of 100 children have the event; half of them, and 18 of the others, reach the threshold."""
    happened = np.repeat([1.0, 0.0], [10, 90])
    risk = np.concatenate([np.repeat([0.5, 0.01], 5), np.repeat([0.2, 0.01], [18, 72])])
    found = usefulness.standardised_net_benefit(risk, happened, np.ones(100), threshold=0.1)
    assert found == pytest.approx(0.3)
    everybody = usefulness.standardised_net_benefit(
        np.ones(100), happened, np.ones(100), threshold=0.1
    )
    assert everybody == pytest.approx(0.0)
    assert np.isnan(
        usefulness.standardised_net_benefit(risk, np.zeros(100), np.ones(100), threshold=0.1)
    )


def test_what_trainings_are_compared_by_is_what_each_figure_says_alone():
    risk, happened, weight = cohort(3)
    whz, child = np.random.default_rng(4).normal(size=len(risk)), np.arange(len(risk)) // 2
    told = compared.compared(risk, whz, happened, weight, child=child)
    level = calibration.calibration(risk, happened, weight)
    own = discrimination.auc(risk, happened, weight)
    assert told["auc"] == own and told["calibration_slope"] == level.slope
    assert told["auc_more_than_whz"] == own - discrimination.auc(whz, happened, weight)
    assert told["observed_over_expected"] == level.observed_over_expected
    share = np.average(happened, weights=weight)
    plain = usefulness.net_benefit(risk, happened, weight, thresholds=np.array([share]))
    assert told["standardised_net_benefit"] == pytest.approx(plain["model"][0] / share)
    case = (happened == 1) & (weight > 0)
    assert told["events_judged"] == case.sum()
    assert told["children_with_event_judged"] == len(np.unique(child[case])) < case.sum()
    for name in compared.MEASURED:
        assert told[f"{name}_low"] <= told[name] <= told[f"{name}_high"], name


def test_figures_at_the_top_and_all_figures_in_the_table():
    figures = {"auc": 0.7, "auc_low": 0.6, "auc_high": 0.8, "brier": 0.1, "next_low": 0.5}
    assert compared.at_top(figures) == {"auc": 0.7, "auc_low": 0.6, "auc_high": 0.8}
    table = compared.as_table(figures).set_index("figure")
    assert table.index.tolist() == ["auc", "brier", "next"]
    assert table.loc["auc"].tolist() == [0.7, 0.6, 0.8] and np.isnan(table.value["next"])


def test_net_benefit_by_hand():
    """Of 10, risks 0.8 (3 children, 2 cases) and 0.1 (7, 1 case); at 0.2 one false alarm costs a
    quarter of a case."""
    risk = np.array([0.8] * 3 + [0.1] * 7)
    happened = np.array([1.0, 1, 0, 1, 0, 0, 0, 0, 0, 0])
    found = usefulness.net_benefit(
        risk, happened, np.ones(10), thresholds=np.array([0.1, 0.2, 0.8, 0.9])
    )
    assert found["model"] == pytest.approx([0.3 - 0.7 / 9, 0.2 - 0.1 / 4, 0.2 - 0.1 * 4, 0])
    assert found["visit_all"] == pytest.approx(
        [0.3 - 0.7 / 9, 0.3 - 0.7 / 4, 0.3 - 0.7 * 4, 0.3 - 0.7 * 9]
    )
    assert (found["visit_none"] == 0).all()


def test_capacity_tells_the_luck_of_ties():
    risk, happened = np.array([0.9, 0.5, 0.5, 0.1]), np.array([0.0, 1, 0, 0])
    found = usefulness.at_capacity(risk, happened, np.ones(4), capacity=2)
    assert (found.precision_worst, found.precision, found.precision_best) == (0, 0.25, 0.5)
    assert (found.recall_worst, found.recall, found.recall_best) == (0, 0.5, 1)


@given(seed=st.integers(0, 10**6), capacity=st.integers(1, 40))
@settings(max_examples=25, deadline=None)
def test_capacity_is_what_drawing_the_ties_gives(seed, capacity):
    risk, happened, _ = cohort(seed, rows=30, levels=5)
    found = usefulness.at_capacity(risk, happened, np.ones(30), capacity=capacity)
    random, visits, draws = np.random.default_rng(seed), min(capacity, 30), []
    for _ in range(400):
        first = np.lexsort((random.random(30), -risk))[:visits]
        draws.append(happened[first].sum() / visits)
    assert (
        found.precision_worst - 1e-12 <= min(draws) and max(draws) <= found.precision_best + 1e-12
    )
    six_errors = 6 * 0.5 / np.sqrt(400 * visits)
    assert np.mean(draws) == pytest.approx(found.precision, abs=six_errors)
    if happened.any():
        assert found.recall == pytest.approx(found.precision * visits / happened.sum())


def test_capacity_without_known_children_is_unknown():
    found = usefulness.at_capacity(np.ones(3), np.ones(3), np.zeros(3), capacity=2)
    assert np.isnan(found.precision) and np.isnan(found.recall_best)


def test_sample_size_by_hand():
    """Half have the event, R² 0.15 of at most 0.75: 0.1125; 10 parameters: 10 / (0.1 x 0.13353) =
    749 (rounded up)."""
    found = sample_size.needed(prevalence=0.5, parameters=10)
    assert sample_size.cox_snell_limit(0.5) == pytest.approx(0.75)
    assert found.for_shrinkage == int(np.ceil(10 / (-0.1 * np.log(1 - 0.1125 / 0.9))))
    assert found.for_overall_risk == 385
    assert found.children == max(found.for_shrinkage, found.for_optimism, 385)
    assert found.events == np.ceil(found.children / 2)


@pytest.mark.parametrize(
    ("prevalence", "limit"),
    [(0.5, 0.75), (0.4, 0.74), (0.3, 0.71), (0.2, 0.63), (0.1, 0.48), (0.05, 0.33), (0.01, 0.11)],
)
def test_the_greatest_r2_is_the_papers(prevalence, limit):
    """The values that Riley et al. 2020 state beside their criteria, to two decimals."""
    assert round(sample_size.cox_snell_limit(prevalence), 2) == limit


def test_the_papers_pre_eclampsia_example():
    """30 parameters, prevalence 0.05, Cox-Snell R² 0.05: 5,249 children by the shrinkage
    criterion."""
    found = sample_size.needed(
        prevalence=0.05, parameters=30, nagelkerke=0.05 / sample_size.cox_snell_limit(0.05)
    )
    assert found.for_shrinkage == 5_249
    assert found.events == 263


def test_more_parameters_or_a_weaker_signal_need_more_children():
    base = sample_size.needed(prevalence=0.2, parameters=20).children
    assert sample_size.needed(prevalence=0.2, parameters=40).children > base
    assert sample_size.needed(prevalence=0.2, parameters=20, nagelkerke=0.05).children > base


@pytest.mark.parametrize(
    "wrong", [{"prevalence": 0.0}, {"prevalence": 1.0}, {"parameters": 0}, {"nagelkerke": 1.0}]
)
def test_an_impossible_question_is_refused(wrong):
    with pytest.raises(ValueError, match="between 0 and 1"):
        sample_size.needed(**({"prevalence": 0.2, "parameters": 5} | wrong))
