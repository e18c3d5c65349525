"""The pipeline broken on purpose, each way caught by a numbered check; and what stands passes."""

from dataclasses import replace

import numpy as np
import pytest

from features.trajectory.as_of import as_of
from models.targets import CENSORED, NON_RESPONSE
from tests.support import trained_models as made
from training.card import model_card
from training.checks import golden, of_columns, of_figures, run_checks
from training.checks.evidence import Evidence
from training.checks.finding import CHECKS, OUTCOMES
from training.cohorts.landmarks import cohort
from training.evaluation.run_figures import figures, plots
from training.evaluation.scored_rows import LATER, of_matrix
from training.evaluation.subgroups import CalibrationGap, RecallGap, calibration_gaps
from training.fitting import fit
from training.fitting.calibrate import calibrate
from training.fitting.fit import HeldOut
from training.fitting.pipeline import examples
from training.metrics.discrimination import Estimate


def asked(code, learned):
    """What one check says of a training."""
    return CHECKS[code].find(Evidence(made.clock(), learned, made.context()))


def judged_on_all(change):
    """Evidence of which all training rows are judged, with risks as `change` makes them."""
    what = made.learned()
    evidence = Evidence(made.clock(), what, made.context())
    told = of_matrix(what.bundle, what.rows, what.features, block=LATER)
    evidence.judged = replace(told, risk=change(told))
    return evidence


def with_calibrator(learned, **changes):
    """The training with another calibrator, in its bundle and in the rehearsal that is judged."""
    rehearsal = learned.bundle.rehearsal
    rehearsal = replace(rehearsal, calibrator=replace(rehearsal.calibrator, **changes))
    calibrator = replace(learned.bundle.calibrator, **changes)
    return replace(
        learned, bundle=replace(learned.bundle, calibrator=calibrator, rehearsal=rehearsal)
    )


def test_an_honest_training_has_no_issue_but_for_its_size():
    findings = run_checks.run(made.learned(), clock=made.clock(), context=made.context())
    assert [finding.code for finding in findings] == [
        f"RISK{number:03d}" for number in range(1, 19)
    ]
    assert {finding.outcome for finding in findings} <= set(OUTCOMES)
    of_time_and_columns = {
        finding.code: finding.outcome
        for finding in findings
        if finding.code
        not in ("RISK009", "RISK010", "RISK011", "RISK012", "RISK014", "RISK017", "RISK018")
    }
    assert set(of_time_and_columns.values()) <= {"pass", "tip"}, findings


def test_1_a_future_row_leaked():
    what = made.learned()
    later = as_of(
        made.clock(),
        what.rows.child,
        what.rows.day + np.int32(30),
        priors=what.bundle.priors,
        context=made.context(),
    )
    leaked = made.changed(what, "whz_last", later[:, made.column("whz_last")])
    found = asked("RISK001", leaked)
    assert found.outcome == "issue" and "whz_last" in found.message


def test_1_a_future_row_leaked_through_the_centre():
    what = made.learned()
    later = as_of(
        made.clock(),
        what.rows.child,
        what.rows.day + np.int32(90),
        priors=what.bundle.priors,
        context=made.context(),
    )
    found = asked("RISK001", made.changed(what, "centre_whz", later[:, made.column("centre_whz")]))
    assert found.outcome == "issue" and "centre_whz" in found.message


def test_2_the_split_by_child_forgotten():
    what = made.learned()
    assert asked("RISK003", what).outcome == "pass"
    found = asked("RISK003", replace(what, later_on=~what.earlier_on))
    assert found.outcome == "issue"


def test_3_the_calibrator_fitted_on_the_test_block():
    what = made.learned()
    later = cohort(made.clock(), NON_RESPONSE, cutoff=made.clock().registry.recorded_until)
    later = later.take(np.flatnonzero(later.day >= made.UNTIL))
    matrix = as_of(
        made.clock(), later.child, later.day, priors=what.bundle.priors, context=made.context()
    )
    block = examples(later, matrix, np.ones(len(later.child), bool))
    seen = HeldOut(what.fitted.blended(block.rows), block.happened, block.weight)
    cheated = replace(what, bundle=replace(what.bundle, calibrator=calibrate(seen)))
    assert asked("RISK004", what).outcome == "pass"
    assert asked("RISK004", cheated).outcome == "issue"


def test_3_the_calibrator_fitted_on_children_that_the_halves_had_seen():
    what = made.learned()
    learning = examples(what.rows, what.features, np.ones(len(what.rows.child), bool))
    seen = HeldOut(what.fitted.blended(learning.rows), learning.happened, learning.weight)
    fitted = replace(what.fitted, held_out=seen)
    cheated = replace(what, fitted=fitted, bundle=replace(what.bundle, calibrator=calibrate(seen)))
    found = asked("RISK004", cheated)
    assert found.outcome == "issue" and "had seen" in found.message


def test_4_labels_shifted():
    what = made.learned()
    shifted = replace(what, rows=replace(what.rows, outcome=np.roll(what.rows.outcome, 1)))
    assert asked("RISK005", shifted).outcome == "issue"


def test_5_unknown_taken_for_no():
    what = made.learned()
    outcome = np.where(what.rows.outcome == CENSORED, 0, what.rows.outcome)
    assert (
        asked("RISK005", replace(what, rows=replace(what.rows, outcome=outcome))).outcome == "issue"
    )


def test_6_a_constant_feature():
    what = made.learned()
    found = asked("RISK006", made.changed(what, "whz_last", np.full(len(what.features), -1.0)))
    assert found.outcome == "issue" and "whz_last" in found.message


def test_7_a_flipped_sign_in_a_feature(monkeypatch):
    row = golden.golden_row()
    row[made.column("weight_since_discharge")] *= -1
    monkeypatch.setattr(golden, "golden_row", lambda: row)
    found = asked("RISK007", made.learned())
    assert found.outcome == "issue" and "weight_since_discharge" in found.message


def test_7_a_flipped_sign_in_the_directions(monkeypatch):
    right, what = fit.directions, made.learned()
    monkeypatch.setattr(
        fit, "directions", lambda *asked: [-direction for direction in right(*asked)]
    )
    learning = examples(what.rows, what.features, what.earlier_on)
    monkeypatch.setattr(fit, "MOST_TREES", 40)
    booster = fit.fit(
        learning, target=NON_RESPONSE, settings={"learning_rate": 0.1}, seed=1
    ).booster
    flipped = replace(what, bundle=replace(what.bundle, booster=booster, forest=None))
    honest = asked("RISK016", what)
    assert honest.outcome in ("pass", "tip") and "each column keeps its direction" in honest.message
    assert asked("RISK016", flipped).outcome == "issue"
    assert "goes against physiology" in asked("RISK016", flipped).message


def test_7_a_flipped_sign_in_the_linear_part():
    what = made.learned()
    linear = replace(what.bundle.linear, weight=-what.bundle.linear.weight)
    found = asked("RISK016", replace(what, bundle=replace(what.bundle, linear=linear)))
    assert found.outcome == "issue" and "goes against physiology" in found.message


# share of children whose risk a better record raises by over 0.05 log-odds | at all | what is said
BETTER = [
    (0.02, 0.3, "pass"),
    (0.02, 0.6, "tip"),
    (0.3, 0.6, "tip"),
    (0.6, 0.9, "issue"),
    (float("nan"), float("nan"), "pass"),
]


@pytest.mark.parametrize(("noted", "raised", "outcome"), BETTER)
def test_a_better_record_that_raises_risks_is_told(noted, raised, outcome):
    one = {
        "record": "last MUAC 4 mm wider",
        "children": 40,
        "noted": noted,
        "raised": raised,
        "median_change": 0.0,
    }
    found = of_columns._of_the_whole_model([one, one | {"noted": 0.0, "raised": 0.0}])
    assert found.outcome == outcome and "last MUAC 4 mm wider raises the risk of" in found.message


def test_assumed_days_of_entry_are_said_beside_the_check_of_time():
    found = asked("RISK001", made.learned())
    assert found.outcome == "pass" and "assumed day of entry" in found.message


@pytest.mark.parametrize(("high", "outcome"), [(0.18, "pass"), (0.25, "tip")])
def test_a_gap_that_may_be_wide_is_not_passed(monkeypatch, high, outcome):
    monkeypatch.setattr(
        of_figures,
        "recall_gaps",
        lambda judged: [
            RecallGap(
                "sex",
                {"boys": 0.4, "girls": 0.35},
                {"boys": 25, "girls": 24},
                Estimate(0.05, 0.0, high),
            )
        ],
    )
    monkeypatch.setattr(of_figures, "calibration_gaps", lambda judged: [])
    found = asked("RISK012", made.learned())
    assert found.outcome == outcome and "under 12 months" in found.message


@pytest.mark.parametrize(
    ("ratio", "low", "high", "outcome"),
    [
        (1.1, 0.9, 1.3, "pass"),
        (1.49, 1.1, 1.9, "tip"),
        (1.49, 1.3, 1.7, "issue"),
        (0.7, 0.5, 0.78, "issue"),
    ],
)
def test_a_group_whose_risks_do_not_come_true(monkeypatch, ratio, low, high, outcome):
    alike = RecallGap(
        "sex", {"boys": 0.4, "girls": 0.38}, {"boys": 25, "girls": 24}, Estimate(0.02, 0.0, 0.1)
    )
    off = [
        CalibrationGap("sex", "girls", 30, Estimate(1.02, 0.9, 1.2)),
        CalibrationGap("age", "under 12 months", 40, Estimate(ratio, low, high)),
    ]
    monkeypatch.setattr(of_figures, "recall_gaps", lambda judged: [alike])
    monkeypatch.setattr(of_figures, "calibration_gaps", lambda judged: off)
    found = asked("RISK012", made.learned())
    assert found.outcome == outcome and f"under 12 months: {ratio:.2f}" in found.message
    assert ("surely off: under 12 months" in found.message) == (outcome == "issue")
    # Without two groups to compare, the levels are looked at all the same.
    monkeypatch.setattr(of_figures, "recall_gaps", lambda judged: [])
    assert asked("RISK012", made.learned()).outcome == outcome


def test_observed_over_expected_of_each_group_with_events_enough():
    """Risks halved in one group only: its ratio doubles, the other's stays."""
    judged = judged_on_all(lambda told: 0.1 + 0.2 * told.happened).judged
    names = np.where(judged.rows.child % 2 == 0, "even", "odd")
    risk = np.where(names == "even", judged.risk / 2, judged.risk)
    before, after = (
        {one.group: one.ratio for one in calibration_gaps(of, {"number": names.astype(object)})}
        for of in (judged, replace(judged, risk=risk))
    )
    assert after["even"].value == pytest.approx(2 * before["even"].value)
    assert after["odd"] == before["odd"]
    assert before["odd"].low < before["odd"].value < before["odd"].high


def test_8_labels_that_end_after_the_split():
    what = made.learned()
    everything = cohort(made.clock(), NON_RESPONSE, cutoff=made.UNTIL - 1)
    found = asked("RISK002", replace(what, rows=everything))
    assert found.outcome == "issue" and found.figures["rows"] > 0


def test_9_the_outcome_itself_among_the_columns():
    what = made.learned()
    noise = np.random.default_rng(1).normal(0, 0.2, len(what.features))
    found = asked("RISK008", made.changed(what, "thr_90", what.rows.outcome + noise))
    assert found.outcome == "issue" and "thr_90" in found.message


def test_10_too_good_to_be_true():
    evidence = judged_on_all(lambda told: 0.1 + 0.8 * told.happened)
    assert CHECKS["RISK009"].find(evidence).outcome == "issue"


def test_11_other_priors_in_the_service_than_in_training():
    what = made.learned()
    priors = what.bundle.priors | {"whz": what.bundle.priors["whz"]._replace(mean=0.5)}
    assert asked("RISK015", what).outcome == "pass"
    assert (
        asked("RISK015", replace(what, bundle=replace(what.bundle, priors=priors))).outcome
        == "issue"
    )


def test_12_an_upside_down_model_is_worse_than_whz():
    calibrator = made.learned().bundle.calibrator
    found = asked("RISK010", with_calibrator(made.learned(), slope=-calibrator.slope))
    assert found.outcome == "issue"


@pytest.mark.parametrize("times", [4.0, 0.2])
def test_13_risks_too_extreme_or_too_timid(times):
    evidence = judged_on_all(lambda told: 1 / (1 + np.exp(-times * told.log_odds)))
    found = CHECKS["RISK011"].find(evidence)
    assert found.outcome == "issue", found
    assert not 0.8 <= found.figures["slope"] <= 1.25


def test_14_one_sex_never_found():
    evidence = judged_on_all(
        lambda told: np.where(
            told.column("female") == 1, 0.01 * told.risk, 0.5 + 0.5 * told.happened * told.risk
        )
    )
    found = CHECKS["RISK012"].find(evidence)
    assert found.outcome == "issue" and "sex" in found.message


def test_15_most_children_lost():
    what = made.learned()
    outcome = np.where(np.arange(len(what.rows.outcome)) % 4 > 0, CENSORED, what.rows.outcome)
    assert (
        asked("RISK013", replace(what, rows=replace(what.rows, outcome=outcome))).outcome == "issue"
    )


def test_16_events_are_counted_by_block_beside_rileys_criteria():
    what = made.learned()
    found = asked("RISK014", what)
    facts = what.bundle.facts
    assert found.figures["events"] == facts["events_fitted"]
    assert found.figures["events"] >= found.figures["earlier"] + found.figures["later"]
    assert 1 <= facts["effective_parameters"] == found.figures["effective_parameters"]
    assert (found.outcome == "tip") == (found.figures["events"] < found.figures["advised"])


def test_17_a_label_of_the_rehearsals_earlier_block_that_reaches_into_the_later():
    what = made.learned()
    assert asked("RISK002", what).outcome == "pass"
    found = asked("RISK002", replace(what, earlier_on=~what.later_on))
    assert found.outcome == "issue" and "earlier block" in found.message


def unrehearsed():
    """The training as if there had been too few events to rehearse."""
    what = made.learned()
    facts = what.bundle.facts | {"not_rehearsed": "too few events to rehearse: 12 whose labels end"}
    return replace(what, bundle=replace(what.bundle, rehearsal=None, facts=facts))


def test_18_too_few_events_to_rehearse_is_said_in_place_of_every_figure():
    what = unrehearsed()
    outcomes = {code: asked(code, what) for code in CHECKS}
    for code in ("RISK009", "RISK010", "RISK011", "RISK012"):
        assert outcomes[code].outcome == "skipped", outcomes[code]
    assert outcomes["RISK003"].outcome == "not_applicable"
    assert outcomes["RISK017"].outcome == "issue"
    for code in ("RISK003", "RISK009", "RISK010", "RISK011", "RISK012", "RISK017"):
        assert "too few events to rehearse" in outcomes[code].message
    assert not {
        code for code, one in outcomes.items() if one.outcome == "issue" and code != "RISK017"
    }
    assert figures(what) == {} == plots(what)
    card = model_card.write(what, findings=list(outcomes.values()), figures={})
    told = {row["title"]: row["answer"] for row in card["tripod_ai"]}
    for title in ("Abstract", "Model performance", "Model development"):
        assert "too few events to rehearse" in told[title] and "AUC" not in told[title]


def test_19_a_model_no_better_than_one_measurement_is_not_shown_to_work():
    shown = judged_on_all(lambda told: 0.1 + 0.8 * told.happened)
    assert CHECKS["RISK017"].find(shown).outcome == "pass"
    same = judged_on_all(lambda told: told.risk)
    same.judged = replace(same.judged, risk=of_figures.single_orders(same.judged)["WHZ"])
    found = CHECKS["RISK017"].find(same)
    assert found.outcome == "issue" and "WHZ" in found.message


def test_20_a_model_judged_by_few_events_is_not_shown_to_work():
    evidence = of_few(12)
    assert CHECKS["RISK017"].find(evidence).outcome == "issue"


# children with the event | whether the whole interval lies beyond the bound | what a figure beyond
# it is
FEW = [
    (7, True, "tip"),
    (19, True, "tip"),
    (20, False, "tip"),
    (20, True, "issue"),
    (500, False, "tip"),
    (500, True, "issue"),
]


@pytest.mark.parametrize(("events", "surely", "outcome"), FEW)
def test_a_figure_beyond_its_bound_is_an_issue_when_chance_cannot_do_it(events, surely, outcome):
    assert of_figures.beyond(events, surely=surely)("…").outcome == outcome


def of_few(events):
    """Evidence of so many indexes with the event (and 60 without), with the risks of the training's
    own rows."""
    evidence = judged_on_all(lambda told: told.risk)
    rows, told = evidence.judged.rows, evidence.judged
    early = rows.landmark == 0
    with_it, without = (
        np.flatnonzero(early & told.known & (told.happened == outcome)) for outcome in (1, 0)
    )
    evidence.judged = told.take(np.concatenate([with_it[:events], without[:60]]))
    return evidence


@pytest.mark.parametrize("code", ["RISK009", "RISK011", "RISK012"])
def test_too_few_events_are_skipped_with_their_number(code):
    evidence = of_few(12)
    evidence.judged = replace(
        evidence.judged,
        risk=np.full(len(evidence.judged.risk), 0.5)
        + 0.01 * np.sin(np.arange(len(evidence.judged.risk))),
    )
    found = CHECKS[code].find(evidence)
    assert (
        found.outcome in (("skipped",) if code != "RISK011" else ("skipped", "tip"))
        and "12" in found.message
    )


def test_a_perfect_order_of_thirty_events_is_a_leak_and_of_twelve_a_tip():
    for events, outcome in ((12, "tip"), (30, "issue")):
        evidence = of_few(events)
        evidence.judged = replace(evidence.judged, risk=0.1 + 0.8 * evidence.judged.happened)
        assert CHECKS["RISK009"].find(evidence).outcome == outcome


def test_every_check_has_its_page_made_from_the_code():
    folder = made.Path(__file__).parents[2] / "docs" / "checks"
    for code, check in CHECKS.items():
        assert (folder / f"{code}.md").read_text(encoding="utf-8") == run_checks.page(check)
    assert (folder / "README.md").read_text(encoding="utf-8") == run_checks.list_of_checks()
