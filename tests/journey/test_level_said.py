"""A champion of another registry: scoring says whether its level was fitted to this one, and so do
the officer's pages and the list."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from features.trajectory.smoother import DEFAULT_PRIORS
from models.bundle import save
from models.champion import bundles_folder, models_folder, turn
from registry.store.store import open_store
from sanket.app import main
from sanket.serving_verbs import _of_level
from serving.access.permissions import COOKIE
from serving.app import create_app
from serving.http.observe import Log
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.visits.from_store import listed_from_store
from serving.visits.paper.formats import render
from serving.visits.sheet_lines import level_notes
from tests.support.list_store import make_store, token
from tests.support.listed_children import AS_OF
from tests.support.service_cases import Client, bundle
from training.commands.recalibrate import recalibrated

ELSEWHERE = {"registry_id": "another", "synthetic": False}


def run(*arguments: str) -> int:
    try:
        main(list(arguments))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def promoted(address, made):
    models = models_folder(address)
    turn(models, made.target, save(made, bundles_folder(models)).version)


def of_another(target):
    return replace(bundle(target), priors=DEFAULT_PRIORS, facts=ELSEWHERE)


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A registry with two champions of another one: relapse as it came, non-response fitted to this
    one."""
    monkeypatch.setenv("SANKET_TODAY", AS_OF.isoformat())
    address = make_store(tmp_path, count=8)
    here = open_store(address).facts()["registry_id"]
    promoted(address, of_another("relapse"))
    promoted(address, recalibrated(of_another("non_response"), 1.0, 0.4, here, outcomes=57))
    return address


def scored(address, *more):
    return run("score", address, "--as-of", AS_OF.isoformat(), "--accept-foreign", *more)


def test_scoring_says_of_each_champion_whether_its_level_is_of_this_registry(store, capsys):
    assert scored(store) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "relapse: trained on another registry, and its level is not yet fitted to this one: "
        "0 of 20 outcomes known" in said
    )
    assert f"non-response: level re-fitted on {AS_OF.isoformat()} from 57 outcomes" in said
    assert scored(store, "--json") == 0
    levels = json.loads(capsys.readouterr().out)["levels"]
    assert levels["relapse"] == {
        "known": 0,
        "needed": 20,
        "fitted_on": None,
        "fitted_from": None,
    }
    assert levels["non_response"]["fitted_from"] == 57


@pytest.mark.parametrize(("known", "again"), [(113, False), (114, True)])
def test_a_level_of_few_outcomes_is_fitted_again_when_twice_as_many_are_known(known, again):
    told = {"known": known, "needed": 20, "fitted_on": "2026-03-01", "fitted_from": 57}
    assert ("`sanket recalibrate STORE` again" in _of_level(told)) is again


def test_a_champion_of_this_registry_has_no_level_to_speak_of(store, capsys):
    here = open_store(store).facts()["registry_id"]
    for target in ("relapse", "non_response"):
        promoted(store, replace(of_another(target), facts=ELSEWHERE | {"registry_id": here}))
    assert run("score", store, "--as-of", AS_OF.isoformat(), "--json") == 0
    assert json.loads(capsys.readouterr().out)["levels"] == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_officers_pages_and_the_list_say_it(store, language):
    assert scored(store) == 0
    say = words(language)
    listed = listed_from_store(store, sector="S0001", capacity=20)
    waits, fitted = level_notes(listed.facts, say)
    assert say.of_target("relapse", "name") in waits and "20" in waits
    assert say.of_target("non_response", "name") in fitted and "57" in fitted
    assert say.day(AS_OF) in fitted
    made = create_app(store, follow=False, log=Log(lambda line: None))
    cookie = f"{COOKIE}={token(store, role='officer', scope='state:*')}"
    for path in ("/areas/visits", "/sector?sector=S0001", "/visits?sector=S0001"):
        answer = Client(made).get(path, headers={"Accept-Language": language, "Cookie": cookie})
        assert answer.status_code == 200 and waits in answer.text and fitted in answer.text
    made.close()
    assert waits in " ".join(render(listed, say, form="txt").decode().split())


@pytest.mark.parametrize(
    ("known", "key"), [(3, "level_waits"), (19, "level_waits"), (20, "level_ready"), (None, "open")]
)
def test_a_note_for_each_number_of_known_outcomes(known, key):
    say = words("en")
    told = {"known": known, "needed": 20, "fitted_on": None, "fitted_from": None}
    note = level_notes({"levels": {"relapse": told}}, say)[0]
    if key == "level_waits":
        assert f"({'< 5' if known < 5 else known} of 20 outcomes known)" in note
    elif key == "level_ready":
        assert "though enough outcomes are known" in note
    else:
        assert "outcomes" not in note
    assert "not by the percentages" in note


def test_the_card_says_that_the_level_was_fitted(store):
    card = {"findings": [], "tripod_ai": [{"item": "24", "title": "Model updating", "answer": "x"}]}
    made = recalibrated(replace(of_another("relapse"), card=card), 1.0, 0.4, "here", outcomes=57)
    said = made.card["tripod_ai"][0]["answer"]
    assert "from 57 outcomes" in said and AS_OF.isoformat() in said and "0.400" in said


def test_the_verb_refuses_too_few_outcomes_and_a_champion_that_is_not_there(store, capsys):
    assert run("recalibrate", store) == 5
    said = " ".join(capsys.readouterr().err.split())
    assert "EVA011" in said and "relapse 0 of 20" in said
    assert run("recalibrate", store, "--target", "onset") == 2
    assert "EVA009" in capsys.readouterr().err
