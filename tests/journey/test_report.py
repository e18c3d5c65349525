"""The report, the card, drift, notebooks and mlproject: whole, self-contained, honest about what is
not known."""

import json
import os
import shlex
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import typer
import yaml

from models.champion import bundles_folder, models_folder, turn
from models.targets import NON_RESPONSE
from registry.contract.errors import BadInput, UsageError
from registry.contract.registry import day_date, day_number
from sanket.app import app, main
from tests.support import trained_models as made
from training.cohorts.landmarks import cohort
from training.commands import drift
from training.commands.evaluate import as_json, evaluate, flat, reported
from training.commands.recalibrate import recalibrated, save_updated
from training.evaluation import learning_curve
from training.evaluation.drift.drift_views import Views, ripe_rows
from training.evaluation.drift.month_views import timely
from training.evaluation.scored_rows import LATER, REHEARSAL, judged_cohort
from training.metrics.compared import COMPARED, COUNTED
from training.report.report_page import MOST_BYTES, first_line
from training.validation import by_day, left_out

ROOT = Path(__file__).parents[2]
NOTEBOOKS = {
    "look_at_a_registry": [],
    "explain_a_model": ["--target", "non_response"],
    "compare_two_runs": ["--one", "CHAMPION", "--other", "CHAMPION"],
}


@pytest.fixture(autouse=True, scope="module")
def a_short_learning_curve():
    """One refit on half of the children: the curve's other points cost as much and are made
    alike."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning_curve, "SHARES", (0.5,))
        patch.setattr(learning_curve, "MOST_REPEATS", 1)
        patch.setattr(learning_curve, "LEAST_EVENTS", 5)
        yield


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with a champion for non-response."""
    address = made.own_store(tmp_path_factory.mktemp("judged"))
    turn(models_folder(address), "non_response", made.kept(address, made.carded()))
    return address


@pytest.fixture(scope="module")
def report(store, tmp_path_factory):
    """(page, told) of the champion."""
    output = tmp_path_factory.mktemp("report") / "report.html"
    with pytest.MonkeyPatch.context() as patch:
        # What a refit without an area says is asked in tests/spec/test_left_out.py.
        said_by_all = made.learned().bundle.log_odds(made.learned().features)
        patch.setattr(
            left_out._Learner, "risk", lambda of, inside: 1 / (1 + np.exp(-said_by_all[inside]))
        )
        patch.setattr(by_day, "LEAST_ROWS", 30)
        told, updated = evaluate(store, output, without="setting")
    assert updated == []
    return output.read_text(encoding="utf-8"), told


class Links(HTMLParser):
    """What a page would fetch."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        self.found += [told[name] for name in ("src", "href", "xlink:href") if told.get(name)]


def test_the_page_is_whole_small_and_needs_nothing_else(report):
    page, _ = report
    assert len(page.encode()) < MOST_BYTES
    links = Links()
    links.feed(page)
    assert all(link.startswith(("#", "data:")) for link in links.found) and "<script" not in page
    for words in (
        "May never be used",
        "Calibration curve",
        "Decision curve",
        "Is it fair?",
        "TRIPOD+AI",
        "PROBAST+AI",
        "RISK018",
        "as scored monthly, records known late",
        "on the landmark's day",
        "beeswarm",
        "Whom does it miss?",
        "Words used here",
        "the rules",
        "failing to gain",
        "30 days later",
        "Learning curve",
        "Steadiness",
        "Model less this, then",
        "danger first, then this model",
        "nothing follows for real children",
        "What must have happened before",
        "with the event, in",
        "Internal–external validation",
        "Aalen–Johansen",
        "Instability",
    ):
        assert words.lower() in page.lower(), words


def test_the_learning_curve_ends_at_the_judged_model_itself(report):
    _, (told,) = report
    half, whole = told.figures["learning"]
    assert (half.share, whole.share) == (0.5, 1.0) and half.events < whole.events
    assert whole.auc == told.figures["discrimination"]["overall"]["model"].value


def test_risks_by_day_grow_to_the_horizons_risk(report):
    _, (told,) = report
    found = told.figures["by_day"]
    horizon = NON_RESPONSE.horizon
    assert found["days"] == [*(day for day in (30, 60, 90) if day < horizon), horizon]
    for one in found["groups"]:
        assert list(one.expected) == sorted(one.expected)
        assert [of.value for of in one.observed] == sorted(of.value for of in one.observed)
    lowest, _, highest = found["groups"]
    assert lowest.expected[-1] < highest.expected[-1]


def test_the_instability_plot_has_the_refits_of_the_interval(report):
    _, (told,) = report
    found = told.figures["instability"]
    assert found["risk"] == sorted(found["risk"]) and len(found["refits"]) == 2
    assert 0 < found["mean_difference"] < 0.2


def test_mlflow_is_told_of_every_order_and_question(report):
    _, (told,) = report
    found = flat(told.figures)
    assert {"left_out_auc", "left_out_slope_next_low", "mean_difference_of_refits"} <= set(found)
    assert {
        f"lists_{order}_{visits}_recall"
        for order in ("our_risk", "the_rules", "lowest_WHZ", "chance")
        for visits in (10, 20, 30)
    } <= set(found)
    assert {
        "auc_against_failing",
        "auc_against_slow",
        "auc_against_known_later",
        "auc_rules",
        "auc_later_WHZ",
    } <= set(found)
    at_top = reported(found)
    apart, level = told.figures["discrimination"], told.figures["true_risks"]
    for name, of in {
        "auc": apart["overall"]["model"],
        "auc_more_than_whz": apart["more_than"]["WHZ"],
        "calibration_slope": level["slope"],
        "observed_over_expected": level["observed_over_expected"],
        "auc_as_used": told.figures["as_used"]["auc"],
    }.items():
        sides = [at_top[f"report_{name}{side}"] for side in ("", "_low", "_high")]
        assert sides == [of.value, of.low, of.high], name
    assert len(at_top) == 3 * len(COMPARED) + len(COUNTED)


def test_a_model_that_could_not_be_rehearsed_has_no_figure_on_its_page(tmp_path):
    """Too few events later and too few to rehearse: the page says so, in place of every figure."""
    address = made.own_store(tmp_path)
    why = "too few events to rehearse: 12 whose labels end before the later block (30 are needed)"
    end = day_date(made.clock().registry.recorded_until).isoformat()
    sound = made.judging(made.carded())
    facts = sound.facts | {"not_rehearsed": why, "trained_until": end}
    version = made.kept(address, replace(sound, facts=facts, rehearsal=None))
    (told,), _ = evaluate(address, tmp_path / "r.html", run=version)
    with pytest.raises(UsageError, match="EVA005"):
        evaluate(address, tmp_path / "again.html", run=version, update="slope")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert told.judged is None and why in page and "not shown to work" in page.lower()
    for word in ("AUC (IPCW)", "Calibration curve", "Decision curve", "Steadiness"):
        assert word not in page
    json.loads(as_json([told], []))


def test_its_first_line_says_whose_data(report):
    page, _ = report
    assert page.index("SYNTHETIC DATA") < page.index("<h1>")
    assert "Real records" in first_line({"synthetic": False, "share_assumed_dates": 0.25})
    assert "25%" in first_line({"synthetic": False, "share_assumed_dates": 0.25})
    assert "not known" in first_line({"synthetic": True})


def test_no_child_is_named(report):
    page, told = report
    assert not [
        child for child in made.clock().registry.child_ids[:500].astype(str) if f"{child}<" in page
    ]
    assert json.loads(as_json(told, []))["models"][0]["target"] == "non_response"


def test_rows_after_the_training_judge_where_there_are_enough():
    bundle = made.carded()
    early = replace(bundle, facts=bundle.facts | {"trained_until": "2025-09-01"})
    block, rows = judged_cohort(made.clock(), early)
    assert block == LATER and rows.day.min() >= day_number("2025-09-01")
    end = made.clock().registry.recorded_until
    late = replace(bundle, facts=bundle.facts | {"trained_until": day_date(end).isoformat()})
    assert judged_cohort(made.clock(), late)[0] == REHEARSAL


def test_the_card_answers_all_27_items_and_invents_nothing():
    card = made.carded().card
    assert [row["item"] for row in card["tripod_ai"]] == [str(number) for number in range(1, 28)]
    assert all(
        row["answer"] and "{" not in row["answer"] for row in card["tripod_ai"] + card["probast_ai"]
    )
    ethics = next(row["answer"] for row in card["tripod_ai"] if row["title"] == "Ethical approval")
    assert ethics.startswith("Not known, because")
    json.dumps(card, allow_nan=False)


def test_without_a_champion_there_is_nothing_to_judge(tmp_path):
    with pytest.raises(BadInput, match="EVA002"):
        evaluate(str(tmp_path / "x.db"), tmp_path / "r.html")


def test_a_model_of_this_registry_is_not_updated_but_trained_again(report, tmp_path):
    (told,) = report[1]
    assert told.judged is not None
    with pytest.raises(UsageError, match="EVA005"):
        save_updated(told, "slope", tmp_path, made.clock().registry)
    assert not list(tmp_path.iterdir())


def test_elsewhere_updates_are_offered_and_made_only_when_asked(tmp_path):
    address = made.own_store(tmp_path)
    here = made.clock().registry.facts["registry_id"]
    foreign = replace(made.carded(), facts=made.carded().facts | {"registry_id": "another"})
    version = made.kept(address, recalibrated(foreign, 1.0, 0.0, here, outcomes=57))
    told, updated = evaluate(address, tmp_path / "r.html", run=version)
    offered = told[0].figures["updates"]
    assert offered["brier_slope"] <= offered["brier_now"] + 1e-9 and updated == []
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Updates offered" in page and "fitted to 57 outcomes of this very registry" in page
    assert len(list(bundles_folder(models_folder(address)).iterdir())) == 1


def test_a_recalibrated_bundle_says_what_it_is():
    bundle = made.carded()
    matrix = made.learned().features[:50]
    moved = recalibrated(bundle, 0.8, 0.3, "there", outcomes=57)
    assert moved.log_odds(matrix) == pytest.approx(0.8 * bundle.log_odds(matrix) + 0.3)
    outcomes = {found["code"]: found["outcome"] for found in moved.card["findings"]}
    assert (
        outcomes["RISK004"] == "not_applicable"
        and moved.facts["recalibrated"]["of"] == bundle.version
    )


def fullest_month():
    """The month after the training in which most predictions fall (2026-06)."""
    rows = cohort(made.clock(), NON_RESPONSE, cutoff=made.clock().registry.recorded_until)
    months, counts = np.unique(
        [f"{day_date(int(day)):%Y-%m}" for day in rows.day if day >= made.UNTIL], return_counts=True
    )
    return str(months[counts.argmax()])


def test_a_month_that_is_not_over_in_the_records_tells_nothing(store):
    registry = timely(made.clock().registry)
    bundle = made.carded()
    month = f"{day_date(registry.recorded_until + 40):%Y-%m}"
    told = drift.of_month(bundle, month, Views.of(registry, bundle))
    assert told.rows == 0 and not told.reasons and "is not over" in told.notes[0]


def test_outcomes_are_judged_when_ripe(store):
    """Rows since the training whose whole label lies behind, and no others."""
    registry, bundle = timely(made.clock().registry), made.carded()
    last = registry.recorded_until
    judged = ripe_rows(registry, bundle, last).judged
    index_on = judged.rows.outcomes.index_on[judged.rows.index]
    assert len(judged.risk) and judged.rows.day.min() >= made.UNTIL
    assert (index_on + NON_RESPONSE.label_days).max() <= last
    # The latest prediction of a stay is on its day 56: before that day's label has ended nothing
    # that was predicted after the training is ripe.
    first = made.UNTIL + NON_RESPONSE.label_days - max(NON_RESPONSE.landmarks)
    assert not len(ripe_rows(registry, bundle, first - 1).judged.risk)


def test_drift_of_a_month_and_its_verb(store, tmp_path, capsys):
    month = fullest_month()
    (told,) = drift.drift(store, month)
    assert told.rows > 50 and "records_quality" in told.figures
    assert told.figures["months_before"] >= 1 and "ripe_events" in told.figures
    with pytest.raises(UsageError, match="DRF002"):
        drift.drift(store, "March")
    with pytest.raises(SystemExit) as ended:
        main(["drift", store, "--month", month, "--json", "-o", str(tmp_path / "d.html")])
    answer = json.loads(capsys.readouterr().out)["targets"][0]
    assert int(ended.value.code or 0) == (5 if answer["drifted"] else 0)
    assert f"Drift in {month}" in (tmp_path / "d.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "notebook",
    [
        pytest.param(name, marks=() if name == "explain_a_model" else pytest.mark.soak)
        for name in NOTEBOOKS
    ],
)
def test_a_notebook_runs(notebook, store):
    champion = json.loads((models_folder(store) / "champion-non_response.json").read_text())[
        "bundle"
    ]
    asked = [champion if word == "CHAMPION" else word for word in NOTEBOOKS[notebook]]
    command = [
        sys.executable,
        ROOT / "notebooks" / f"{notebook}.py",
        "--",
        "--store",
        store,
        *asked,
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=200,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(done.stdout.splitlines()) >= 1, "what it found is printed"


def test_mlproject_is_a_link_with_every_entry_point():
    link = ROOT / "MLproject"
    assert link.is_symlink() and os.readlink(link) == "mlproject.yaml"
    entries = yaml.safe_load(link.read_text(encoding="utf-8"))["entry_points"]
    assert {"features", "train", "evaluate", "backtest", "promote", "drift", "forecast"} | {
        "validate",
        "validate_run",
        "experiment",
        "again",
    } <= set(entries)
    for entry in entries.values():
        assert all(f"{{{name}}}" in entry["command"] for name in entry["parameters"])
        assert all("type" in told for told in entry["parameters"].values())
        verb_takes(entry["command"].format(**dict.fromkeys(entry["parameters"], "7")))


def verb_takes(command):
    """The words of a command are those that `sanket` knows; typer raises where one is not."""
    name, verb, *words = shlex.split(command)
    assert name == "sanket"
    typer.main.get_command(app).commands[verb].make_context(verb, words)


def test_a_word_that_the_verb_does_not_know_is_noticed():
    with pytest.raises(Exception, match="No such option: --leave-aside"):
        verb_takes("sanket evaluate x.db --leave-aside sector -o r.html")
