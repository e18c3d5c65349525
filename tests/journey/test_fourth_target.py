"""A target declared in a module of somebody else's is trained, judged, scored, served and shown,
and no other file of the house is touched."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json

import pytest

from models import targets
from models.champion import models_folder, turn
from registry.contract.registry import day_date
from registry.store.store import open_store
from sanket.app import main
from serving.access.permissions import Scope
from serving.app import create_app
from serving.book.reader import Reader as BookReader
from serving.http.observe import Log
from tests.browser.test_pages import browser
from tests.support import trained_models as made
from training.cohorts import outcomes
from training.cohorts.landmarks import cohort
from training.evaluation import learning_curve
from training.fitting import fit

MODULE = """
from dataclasses import replace

import numpy as np

from models.targets import HAPPENED, NON_RESPONSE, ReportWords, declare
from training.cohorts.outcomes import OUTCOME_RULES, OutcomeRule, non_responses

WORDS = {
    "name": "{0}: no cure", "risk": "{0}: risk of no cure", "may": "{0}: may", "such": "{{risk}}",
    "expected": "{0}: expected", "such_certain": "{0}: certain",
}
TARGET = declare(replace(
    NON_RESPONSE, name="no_cure", landmarks=(0, 14), month_share=lambda day: 0.5,
    words={of: {key: text.format(of) for key, text in WORDS.items()} for of in ("en", "hi", "mr")},
    report=ReportWords(
        question="will it die or not be cured?", index="admission", event="death or no cure",
        index_places="admissions", indexes="stays", since="admission", came="ended without a cure",
        came_one="ended without a cure", happened="died or were not cured",
    ),
))


def no_cures(clock, **asked):
    found = non_responses(clock, **asked)
    died = found.competing == 1
    return found._replace(
        outcome=np.where(died, HAPPENED, found.outcome).astype(np.int8),
        event_on=np.where(died, found.known_on, found.event_on).astype(np.int32),
        competing=np.zeros_like(found.competing),
    )


OUTCOME_RULES["no_cure"] = OutcomeRule(no_cures)
"""


@pytest.fixture(scope="module")
def fourth(tmp_path_factory):
    """The module with the target, loaded from a file of its own; undeclared again afterwards."""
    path = tmp_path_factory.mktemp("elsewhere") / "no_cure.py"
    path.write_text(MODULE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("no_cure", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "MOST_TREES", 20)
        patch.setattr(learning_curve, "SHARES", (0.5,))
        patch.setattr(learning_curve, "MOST_REPEATS", 1)
        yield module.TARGET
    del targets.TARGETS["no_cure"], outcomes.OUTCOME_RULES["no_cure"]


@pytest.fixture(scope="module")
def store(fourth, tmp_path_factory):
    """A store that has a trained model of the target as its champion, and is scored by it."""
    address = made.own_store(tmp_path_factory.mktemp("fourth"))
    assert run("train", address, "--target", "no_cure", "--trials", "0") == 0
    turn(models_folder(address), "no_cure", newest(address))
    assert run("score", address, "--as-of", last_day(address).isoformat()) == 0
    return address


def run(*words: str) -> int:
    try:
        main(list(words))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def newest(address: str) -> str:
    """The bundle that was trained last."""
    folders = (models_folder(address) / "bundles").iterdir()
    return max(folders, key=lambda folder: folder.stat().st_mtime).name


def last_day(address: str) -> dt.date:
    return day_date(open_store(address).load().recorded_until)


def test_its_cohort_is_found_by_its_own_rule(fourth):
    clock = made.clock()
    rows = cohort(clock, fourth, cutoff=clock.registry.recorded_until)
    other = cohort(clock, targets.NON_RESPONSE, cutoff=clock.registry.recorded_until)
    died = other.outcomes.competing == 1
    assert set(rows.landmark) == {0, 14} and died.sum() > 0
    assert (rows.outcomes.outcome[died] == 1).all() and (other.outcomes.outcome[died] == 0).all()


def test_its_report_asks_its_question(store, tmp_path):
    page = tmp_path / "report.html"
    assert run("evaluate", store, "-o", str(page)) == 0
    said = page.read_text(encoding="utf-8")
    assert "will it die or not be cured?" in said and "died or were not cured" in said


def test_it_is_predicted_in_a_backtest(store, tmp_path, capsys):
    split = (last_day(store) - dt.timedelta(days=150)).isoformat()
    output = str(tmp_path / "predictions.parquet")
    words = ("backtest", store, "--split", split, "--target", "no_cure", "-o", output, "--json")
    assert run(*words) == 0
    assert json.loads(capsys.readouterr().out)["targets"]["no_cure"]["scored"] > 0.9


def test_the_api_and_a_childs_page_tell_it(store, monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", last_day(store).isoformat())
    app = create_app(store, follow=False, log=Log(lambda line: None))
    try:
        child = json.dumps(app.api.openapi()["components"])
        assert '"no_cure"' in child and '"relapse"' in child
        scope = Scope.of(["state:*"])
        book = BookReader(open_store(store).engine, scope)
        scored = [row for row in book.rows(book.run()) if of(row) is not None]
        assert len(scored) > 3
        reader = browser(app, store, language="mr", scope="state:*")
        page = reader.get(f"/children/{scored[0].candidate.child_id}").text
        assert "mr: risk of no cure" in page and "mr: no cure" in page
        sectors = browser(app, store, language="hi", scope="state:*", role="officer")
        assert "hi: expected" in sectors.get("/areas/visits").text
    finally:
        app.close()


def of(row) -> float | None:
    """The row's risk of no cure."""
    return row.scores["no_cure"].risk if "no_cure" in row.scores else None
